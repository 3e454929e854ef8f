/* SPDX-License-Identifier: MIT */
/*
 * mapping/decided.c - conditions about what was decided before
 *
 * Rules and groups get their names when they have been read, so what is found by
 * name stands before.
 */
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

static const struct rule *
refer_rule(struct load *ld, const struct xml_element *e, struct span word)
{
	struct fault_place at = field_place(e, "rule");
	const struct rule_place *place = load_refer_back(ld, &ld->rules, "rule", word, at);

	if (!place)
		return NULL;
	if (shares_observation(ld->block, place->block))
		return place->rule;
	faults_add(ld->faults, at, "only rules for the same observation are asked before",
	    "rule \"%.*s\" is for other observations", (int)word.len, word.ptr);
	return NULL;
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

static const struct group *
refer_group(struct load *ld, const struct xml_element *e, struct span word)
{
	struct fault_place at = field_place(e, "group");
	const struct group *group = load_refer_back(ld, &ld->groups, "group", word, at);

	if (group && !group->first) {
		faults_add(ld->faults, at, "ask <unsure> about its conditions",
		    "group \"%.*s\" has pick=\"all\", so it is never undecided", (int)word.len,
		    word.ptr);
		return NULL;
	}
	return group;
}

const struct expr *
load_undecided(struct load *ld, const struct xml_element *e, struct expr *draft)
{
	struct span words = field(e, "group"), word;
	const struct group **groups = load_scratch(
	    ld, value_word_count(words), sizeof(struct group *));
	bool sound = in_rules(ld, e) && groups;

	if (!sound)
		return NULL;
	while (value_next_word(&words, &word)) {
		groups[draft->group_count] = refer_group(ld, e, word);
		sound &= groups[draft->group_count++] != NULL;
	}
	draft->groups = groups;
	return sound ? load_expr(ld, e, draft) : NULL;
}
