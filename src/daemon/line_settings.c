/* SPDX-License-Identifier: MIT */
/*
 * What a feed's configuration asks of its line, and which mappings were in force when.
 */
#include "daemon/line.h"

#include <stdlib.h>
#include <string.h>

static enum custody_action
action_of(enum conf_policy p)
{
	static const enum custody_action actions[] = {
		[CONF_SET_ASIDE] = CUSTODY_SET_ASIDE,
		[CONF_RETRY] = CUSTODY_RETRY,
		[CONF_DELIVER] = CUSTODY_DELIVER,
		[CONF_STOP] = CUSTODY_STOP,
	};

	return actions[p];
}

static struct custody_rule
rule_of(const struct conf_answer *a)
{
	return (struct custody_rule){ action_of(a->policy), a->retries };
}

static struct custody_policy
policy_of(const struct conf_answers *a)
{
	struct custody_policy p = { 0 };

	p.rule[CUSTODY_ACCEPT] = (struct custody_rule){ CUSTODY_DELIVER, 0 };
	p.rule[CUSTODY_ERROR] = rule_of(&a->error);
	p.rule[CUSTODY_REJECT] = rule_of(&a->reject);
	p.rule[CUSTODY_OTHER] = rule_of(&a->other);
	p.rule[CUSTODY_NONE] = rule_of(&a->none);
	return p;
}

static void
name_mappings(struct line *l)
{
	const bool off = l->settings.annotate == RELAY_OFF;
	const char *text = off ? "" : l->feed->rules->text;
	struct line_mappings *m = malloc(sizeof(*m) + strlen(text) + 1);

	if (!m)
		return;
	m->older = l->mappings;
	m->since = now_us();
	memcpy(m->text, text, strlen(text) + 1);
	l->mappings = m;
}

void
line_forget_mappings(struct line_mappings *m)
{
	while (m) {
		struct line_mappings *older = m->older;

		free(m);
		m = older;
	}
}

const char *
line_mappings_at(const struct line *l, uint64_t us)
{
	const struct line_mappings *m = l->mappings;

	while (m && m->since > us && m->older)
		m = m->older;
	return m ? m->text : NULL;
}

void
line_apply(struct line *l)
{
	const struct feed *f = l->feed;
	const struct conf_forward *c = &f->conf->forward;

	l->settings = (struct custody_line_settings){
		.max_frame = f->conf->max_frame,
		.in_flight = c->in_flight,
		.most_bytes = l->settings.most_bytes,
		.ack_timeout = c->ack_timeout,
		.backoff_least = c->backoff_least,
		.backoff_most = c->backoff_most,
		.policy = policy_of(&f->conf->answers),
		.annotate = f->settings.annotate,
		.annotator = f->rules->annotator,
		.work = &f->daemon->work,
	};
	name_mappings(l);
}
