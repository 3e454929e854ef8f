/* SPDX-License-Identifier: MIT */
/*
 * mapping/gates.c - notes that say why a result was not interpreted
 */
#include "base/nearest.h"
#include "mapping/fields.h"
#include "mapping/load.h"

/* A message that passes whole gets no notes, nor does a result where the grammar has no NTE. */
static bool
can_be_said(enum skip skip)
{
	return skip >= SKIP_SENDER_UNLISTED && skip < SKIP_NO_RULE && skip != SKIP_NO_SLOT;
}

const char *
load_nearest_skip(struct span word)
{
	const char *words[SKIP_COUNT];

	for (int i = 0; i < SKIP_COUNT; i++)
		words[i] = skip_word((enum skip)i);
	return nearest_word(word, words, SKIP_COUNT);
}

static bool
has_limits(const struct observation *o)
{
	return o->plausible.low.bounded || o->plausible.high.bounded;
}

static void
check_implausible(struct load *ld, struct fault_place at)
{
	const struct block *block = ld->block;

	for (unsigned i = 0; i < block->observation_count; i++)
		if (has_limits(block->observations[i]))
			return;
	if (block->observation_count)
		faults_add(ld->faults, at, "give one of them <plausible>, or leave the word out",
		    "no observation of these <rules> has <plausible>, so no result is "
		    "\"implausible\"");
}

static void
load_skips(struct load *ld, struct gate *gate, const struct xml_element *e)
{
	struct span words = field(e, "skip"), word;
	struct fault_place at = field_place(e, "skip");
	enum skip skip;

	while (value_next_word(&words, &word)) {
		if (!skip_find(word, &skip)) {
			char mend[LOAD_MEND];

			load_did_you_mean(load_nearest_skip(word), LOAD_SKIPS, mend);
			faults_add(ld->faults, at, mend, "there is no skip word \"%.*s\"",
			    (int)word.len, word.ptr);
		} else if (!can_be_said(skip)) {
			faults_add(ld->faults, at, "leave it out",
			    "where the reason is \"%s\" no note can be written", skip_word(skip));
		} else {
			gate->skips |= (uint64_t)1 << skip;
			if (skip == SKIP_IMPLAUSIBLE)
				check_implausible(ld, at);
		}
	}
}

void
load_gates(struct load *ld, struct block *block)
{
	unsigned count = load_count(block->element, "gate");
	struct gate *gate = load_room(ld, count, sizeof(*gate));

	block->gates = load_room(ld, count, sizeof(struct gate *));
	if (!gate || !block->gates)
		return;
	LOAD_EACH(e, block->element, "gate")
	{
		load_skips(ld, gate, e);
		ld->gate = gate;
		load_rule(ld, &gate->rule, e);
		ld->gate = NULL;
		load_rule_name(ld, &gate->rule, gate, e);
		if (gate->rule.state != RULE_OFF)
			block->gates[block->gate_count++] = gate;
		gate++;
	}
}
