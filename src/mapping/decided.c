/* SPDX-License-Identifier: MIT */
/*
 * mapping/decided.c - conditions about what was decided before
 *
 * Rules and groups get their names when they have been read, so what is found by
 * name stands before.  Of one observation, all gates are asked before its groups.
 */
#include <stdio.h>

#include "mapping/fields.h"
#include "mapping/load.h"

static bool
in_rules(struct load *ld, const struct xml_element *e)
{
	if (!ld->block)
		faults_add(ld->faults, e->at, "ask in the rule itself",
		    "a <condition> comes before all rules, so it cannot ask about them");
	return ld->block;
}

/* Has the earlier block an observation of the one being read? */
static bool
shares_observation(const struct block *now, const struct block *earlier)
{
	for (unsigned i = 0; i < earlier->observation_count; i++)
		if (now->seen[earlier->observations[i]->index] == now->number)
			return true;
	return false;
}

/* Otherwise nothing of it was decided for the same result. */
static bool
check_block(struct load *ld, const struct block *earlier, const char *kind, struct span word,
    struct fault_place at)
{
	char mend[LOAD_MEND];

	if (shares_observation(ld->block, earlier))
		return true;
	snprintf(mend, sizeof(mend), "only %ss for the same observation are asked before", kind);
	faults_add(ld->faults, at, mend, "%s \"%.*s\" is for other observations", kind,
	    (int)word.len, word.ptr);
	return false;
}

/* Reasons to leave a result alone that it may have when the gate speaks, or when the rules of
 * groups are asked.  Those of a gate without any have been reported. */
static uint64_t
reasons(const struct load *ld, const struct gate *gate)
{
	if (gate)
		return gate->skips ? gate->skips : UINT64_MAX;
	return ld->m->interpret_preliminary ? (uint64_t)1 << SKIP_PRELIMINARY : 0;
}

/* Can it have fired when what is being read is asked? */
static bool
can_have_fired(const struct load *ld, const struct rule_place *place)
{
	return place->gate ? reasons(ld, place->gate) & reasons(ld, ld->gate) : !ld->gate;
}

static const struct rule *
refer_rule(struct load *ld, const struct xml_element *e, struct span word)
{
	struct fault_place at = field_place(e, "rule");
	const struct rule_place *place = load_refer_back(ld, &ld->rules, "rule", word, at);

	if (!place)
		return NULL;
	if (!check_block(ld, place->block, "rule", word, at))
		return NULL;
	if (!can_have_fired(ld, place)) {
		faults_add(ld->faults, at,
		    "gates speak before all groups, each for its own reasons only",
		    "rule \"%.*s\" cannot have fired when this is asked", (int)word.len, word.ptr);
		return NULL;
	}
	return place->rule;
}

const struct expr *
load_fired(struct load *ld, const struct xml_element *e, struct expr *draft)
{
	struct span words = field(e, "rule"), word;
	const struct rule **rules = load_scratch(
	    ld, value_word_count(words), sizeof(struct rule *));
	bool sound = in_rules(ld, e) && rules;

	if (!sound)
		return NULL;
	while (value_next_word(&words, &word)) {
		rules[draft->rule_count] = refer_rule(ld, e, word);
		sound &= rules[draft->rule_count++] != NULL;
	}
	draft->rules = rules;
	return sound ? load_expr(ld, e, draft) : NULL;
}

static bool
in_group(struct load *ld, const struct xml_element *e)
{
	if (ld->gate)
		faults_add(ld->faults, e->at, "ask <unsure> about its conditions",
		    "gates speak before all groups, so none is undecided yet");
	return !ld->gate;
}

static const struct group *
refer_group(struct load *ld, const struct xml_element *e, struct span word)
{
	struct fault_place at = field_place(e, "group");
	const struct group_place *place = load_refer_back(ld, &ld->groups, "group", word, at);

	if (!place || !check_block(ld, place->block, "group", word, at))
		return NULL;
	if (!place->group->first) {
		faults_add(ld->faults, at, "ask <unsure> about its conditions",
		    "group \"%.*s\" has pick=\"all\", so it is never undecided", (int)word.len,
		    word.ptr);
		return NULL;
	}
	return place->group;
}

const struct expr *
load_undecided(struct load *ld, const struct xml_element *e, struct expr *draft)
{
	struct span words = field(e, "group"), word;
	const struct group **groups = load_scratch(
	    ld, value_word_count(words), sizeof(struct group *));
	bool sound = in_rules(ld, e) && in_group(ld, e) && groups;

	if (!sound)
		return NULL;
	while (value_next_word(&words, &word)) {
		groups[draft->group_count] = refer_group(ld, e, word);
		sound &= groups[draft->group_count++] != NULL;
	}
	draft->groups = groups;
	return sound ? load_expr(ld, e, draft) : NULL;
}
