/* SPDX-License-Identifier: MIT */
/*
 * mapping/rules.c - <rules>: groups and their rules
 *
 * A rule gets its name only after its own conditions have been read, so that
 * conditions can ask about earlier rules and no others.  Rules that are off are
 * kept apart from their group, for lists and counters; nothing evaluates them.
 */
#include "mapping/fields.h"
#include "mapping/load.h"

static enum rule_state
read_state(const struct xml_element *e)
{
	if (field_is(e, "enabled", "off"))
		return RULE_OFF;
	return field_is(e, "enabled", "shadow") ? RULE_SHADOW : RULE_ON;
}

/* ---- one rule ---- */

void
load_rule(struct load *ld, struct rule *rule, const struct xml_element *e)
{
	const struct xml_element *when = load_child(e, "when");

	rule->id = load_text(ld, field(e, "id"));
	rule->version = load_text(ld, field(e, "version"));
	rule->index = ld->m->rule_count++;
	rule->state = read_state(e);
	rule->at = e->at;
	value_signed(field(e, "priority"), &rule->priority);
	if (when)
		rule->when = load_condition(ld, when);
	load_flag(ld, rule, e);
	load_note(ld, rule, e);
	ld->rule_list[rule->index] = rule;
}

void
load_rule_name(
    struct load *ld, const struct rule *rule, const struct gate *gate, const struct xml_element *e)
{
	struct rule_place *place = load_scratch(ld, 1, sizeof(*place));

	if (!place)
		return;
	*place = (struct rule_place){ rule, gate, ld->block };
	load_name(ld, &ld->rules, "rule", xml_attribute(e, "id"), place);
}

/* ---- groups ---- */

static unsigned
count_off(const struct xml_element *e)
{
	unsigned n = 0;

	LOAD_EACH(rule, e, "rule")
	n += read_state(rule) == RULE_OFF;
	return n;
}

static void
load_group_rules(struct load *ld, struct group *group, const struct xml_element *e)
{
	unsigned off_count = count_off(e);
	struct rule *off = load_room(ld, off_count, sizeof(*off));
	struct rule *on = load_room(ld, load_count(e, "rule") - off_count, sizeof(*on));

	if (ld->no_memory)
		return;
	group->rules = on;
	LOAD_EACH(kid, e, "rule")
	{
		struct rule *rule = read_state(kid) == RULE_OFF ? off++ : &on[group->rule_count++];

		load_rule(ld, rule, kid);
		load_rule_name(ld, rule, NULL, kid);
	}
}

static void
load_group_name(struct load *ld, const struct group *group, const struct xml_element *e)
{
	struct group_place *place = load_scratch(ld, 1, sizeof(*place));

	if (!place)
		return;
	*place = (struct group_place){ group, ld->block };
	load_name(ld, &ld->groups, "group", xml_attribute(e, "id"), place);
}

static void
load_group(struct load *ld, struct group *group, const struct xml_element *e)
{
	const struct xml_element *when = load_child(e, "when");

	group->id = load_text(ld, field(e, "id"));
	group->index = ld->m->group_count++;
	group->first = !field_is(e, "pick", "all");
	group->gaps = field_is(e, "gaps", "allowed");
	group->at = e->at;
	if (!group->first && xml_attribute(e, "gaps"))
		faults_add(ld->faults, field_place(e, "gaps"), "leave it out",
		    "gaps has no meaning in a group with pick=\"all\"");
	if (when)
		group->when = load_condition(ld, when);
	load_group_rules(ld, group, e);
	load_group_name(ld, group, e);
}

static void
load_groups(struct load *ld, struct block *block)
{
	unsigned count = load_count(block->element, "group");
	struct group *group = load_room(ld, count, sizeof(*group));

	block->groups = load_room(ld, count, sizeof(struct group *));
	if (!group || !block->groups)
		return;
	LOAD_EACH(e, block->element, "group")
	{
		load_group(ld, group, e);
		block->groups[block->group_count++] = group++;
	}
}

/* ---- blocks ---- */

static bool
has_observation(const struct block *block, const struct observation *o)
{
	return block->seen[o->index] == block->number;
}

static void
load_for(struct load *ld, struct block *block)
{
	struct span words = field(block->element, "for"), word;
	struct fault_place at = field_place(block->element, "for");

	block->observations = load_scratch(
	    ld, value_word_count(words), sizeof(struct observation *));
	while (block->observations && value_next_word(&words, &word)) {
		const struct observation *o = load_refer(
		    ld, &ld->observations, "observation", word, at);

		if (!o)
			continue;
		if (has_observation(block, o))
			faults_add(ld->faults, at, "name it once",
			    "observation \"%.*s\" is named twice", (int)word.len, word.ptr);
		else
			block->observations[block->observation_count++] =
			    &ld->observation_list[o->index];
		block->seen[o->index] = block->number;
	}
}

static unsigned
count_rules(const struct xml_element *root)
{
	unsigned n = 0;

	LOAD_EACH(rules, root, "rules")
	{
		n += load_count(rules, "gate");
		LOAD_EACH(group, rules, "group")
		n += load_count(group, "rule");
	}
	return n;
}

void
load_rules(struct load *ld, const struct xml_element *root)
{
	unsigned count = load_count(root, "rules");
	unsigned *seen = load_scratch(ld, ld->m->observation_count + 1, sizeof(*seen));

	ld->rule_list = load_room(ld, count_rules(root), sizeof(struct rule *));
	ld->blocks = load_scratch(ld, count, sizeof(*ld->blocks));
	if (ld->no_memory)
		return;
	LOAD_EACH(e, root, "rules")
	{
		struct block *block = &ld->blocks[ld->block_count++];

		*block = (struct block){ .element = e, .seen = seen, .number = ld->block_count };
		ld->block = block;
		load_for(ld, block);
		load_gates(ld, block);
		load_groups(ld, block);
	}
	ld->block = NULL;
	ld->m->rules = ld->rule_list;
	if (!ld->no_memory)
		load_attach(ld);
}
