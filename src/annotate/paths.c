/* SPDX-License-Identifier: MIT */
/*
 * One tree for each beginning, all in one list.  Nothing is taken out: a list
 * that is full begins anew, which the next results fill in a few steps each.
 */
#include "annotate/paths.h"

#include "base/hash.h"

enum { MOST_STARTS = PATH_STARTS * 3 / 4, MOST_RULES = 64 };

/* Its place, or the free one where it belongs. */
static size_t
place_of(const struct paths *p, const struct plan *plan, const struct known *known)
{
	uint64_t hash = hash_mix(hash_mix((uintptr_t)plan, known->yes), known->no);
	size_t at = hash % PATH_STARTS;

	for (; p->starts[at].plan; at = (at + 1) % PATH_STARTS) {
		const struct path_start *s = &p->starts[at];

		if (s->plan == plan && s->yes == known->yes && s->no == known->no)
			break;
	}
	return at;
}

const struct path *
paths_begin(const struct paths *p, const struct plan *plan, const struct known *known)
{
	const struct path_start *start = &p->starts[place_of(p, plan, known)];

	return start->next ? &p->list[start->next] : NULL;
}

static void
forget_all(struct paths *p)
{
	memset(p->starts, 0, sizeof(p->starts));
	p->start_count = p->rule_count = 0;
	p->count = 1;
}

static uint16_t
add(struct paths *p, struct path path)
{
	p->list[p->count] = path;
	return (uint16_t)p->count++;
}

static struct path_start *
find_start(struct paths *p, const struct plan *plan, const struct known *known)
{
	struct path_start *start = &p->starts[place_of(p, plan, known)];

	if (!start->plan) {
		*start = (struct path_start){ plan, known->yes, known->no, 0 };
		p->start_count++;
	}
	return start;
}

const struct rule **
paths_add(struct paths *p, const struct plan *plan, const struct known *known,
    const struct path_step *steps, unsigned step_count, unsigned rule_count)
{
	uint16_t *next;
	const struct rule **rules;

	if (rule_count > MOST_RULES)
		return NULL;
	if (!p->count || p->start_count == MOST_STARTS || step_count + 1 > PATH_ROOM - p->count ||
	    rule_count > PATH_RULES - p->rule_count)
		forget_all(p);
	next = &find_start(p, plan, known)->next;
	for (unsigned i = 0; i < step_count; i++) {
		if (!*next)
			*next = add(p, (struct path){ .fact = steps[i].fact });
		next = &p->list[*next].next[steps[i].answer];
	}
	*next = add(p, (struct path){ .fact = PATH_END,
			   .rule_count = (unsigned char)rule_count,
			   .first_rule = (uint16_t)p->rule_count });
	rules = &p->rules[p->rule_count];
	p->rule_count += rule_count;
	return rules;
}
