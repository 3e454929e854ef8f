/* SPDX-License-Identifier: MIT */
/*
 * Tokens are the numbers of questions, made odd, so that one whose question is gone
 * meets nobody.
 */
#include "daemon/question_parts.h"

#include <stdio.h>
#include <stdlib.h>

#include "control/json.h"
#include "daemon/line.h"
#include "daemon/observe_custody.h"
#include "daemon/queue_watch.h"

static const double reading_patience = 600.; /* people look at long lists */

struct questions {
	struct question *list;
	uint64_t numbers;
};

/* ---- life ---- */

struct questions *
questions_create(void)
{
	return calloc(1, sizeof(struct questions));
}

void
question_destroy(struct question *k)
{
	if (k->client)
		k->client->own = NULL;
	*k->link = k->next;
	if (k->next)
		k->next->link = k->link;
	free(k);
}

void
questions_leave(struct questions *all)
{
	for (struct question *k = all ? all->list : NULL; k; k = k->next)
		question_audit(k, "unknown");
}

void
questions_destroy(struct questions *all)
{
	questions_leave(all);
	while (all && all->list)
		question_destroy(all->list);
	free(all);
}

static struct question *
create(struct queue *q, struct net_client *c, const struct control_request *r, uid_t uid)
{
	struct questions *all = q->questions;
	struct question *k = calloc(1, sizeof(*k));

	if (!k)
		return NULL;
	*k = (struct question){
		.queue = q, .client = c, .number = ++all->numbers, .uid = uid, .request = *r
	};
	k->next = all->list;
	k->link = &all->list;
	if (k->next)
		k->next->link = &k->next;
	all->list = k;
	c->own = k;
	return k;
}

uint64_t
question_token(const struct question *k)
{
	return k->number << 1 | 1;
}

bool
question_is_token(uint64_t token)
{
	return token & 1;
}

struct question *
question_find(struct queue *q, uint64_t token)
{
	struct question *k = q->questions->list;

	while (k && question_token(k) != token)
		k = k->next;
	return k;
}

/* ---- ends ---- */

void
question_refuse(struct net_client *c, const char *sentence)
{
	json_begin(&c->out);
	json_str(&c->out, "error", sentence);
	json_end(&c->out);
	net_client_finish(c);
}

void
question_audit(struct question *k, const char *outcome)
{
	if (k->promised)
		observe_admin(k->queue->daemon, k->uid, &k->request, k->count, outcome);
	k->promised = false;
}

void
question_fail(struct question *k, const char *sentence)
{
	question_audit(k, "failed");
	if (k->client)
		question_refuse(k->client, sentence);
	question_destroy(k);
}

void
question_fail_half_done(struct question *k, const char *why)
{
	char text[600];

	(void)snprintf(text, sizeof(text), "%s; before that, it was done for %llu message%s", why,
	    (unsigned long long)k->count, k->count == 1 ? "" : "s");
	question_fail(k, k->count ? text : why);
}

void
question_begin_end(struct question *k)
{
	json_begin(&k->client->out);
	json_truth(&k->client->out, "done", true);
	json_number(&k->client->out, "count", k->count);
}

void
question_tell_unserved(struct question *k)
{
	json_number(&k->client->out, "unserved", queue_count_unserved(k->queue, k->filter.feed));
}

void
question_end(struct question *k)
{
	json_end(&k->client->out);
	net_client_finish(k->client);
	question_destroy(k);
}

/* ---- changes ---- */

/* "Send it again" is meant for a line that stopped, or waits for its receiver, too. */
static unsigned
resume_lines(struct question *k)
{
	const struct control_request *r = &k->request;
	unsigned resumed = 0;

	if (r->verb != CONTROL_RETRY || r->seq || r->id[0])
		return 0;
	for (struct feed *f = k->queue->daemon->feeds; f; f = f->next) {
		if (!f->line || (k->filter.feed && f->number != k->filter.feed))
			continue;
		resumed += f->line->machine.stopped || line_wait(f->line) > 0;
		line_resume(f->line);
	}
	return resumed;
}

/* A backup changes no message; what it counts are pages of the file. */
static uint64_t
messages_changed(const struct question *k, const struct store_answer *a)
{
	return k->request.verb == CONTROL_BACKUP ? 0 : a->changed;
}

static void
take_change(struct question *k, const struct store_answer *a)
{
	unsigned resumed = resume_lines(k);

	k->count = messages_changed(k, a);
	question_audit(k, "done");
	if (k->client) {
		question_begin_end(k);
		if (k->request.verb == CONTROL_RETRY) {
			json_number(&k->client->out, "resumed", resumed);
			question_tell_unserved(k);
		}
		question_end(k);
	} else {
		question_destroy(k);
	}
}

static void
fail_change(struct question *k, const struct store_answer *a)
{
	k->count = messages_changed(k, a);
	question_fail_half_done(k, a->text ? a->text : "the queue cannot be written");
}

/* Is it for messages, rather than a change? */
static bool
is_for_rows(const struct control_request *r)
{
	return r->verb == CONTROL_LIST || r->verb == CONTROL_SHOW || r->verb == CONTROL_EXPORT;
}

void
question_answered(struct queue *q, uint64_t token, const struct store_answer *a)
{
	struct question *k = question_find(q, token);

	if (!k)
		return;
	k->asking = false;
	if (a->error && is_for_rows(&k->request))
		question_fail(k, a->text ? a->text : "the queue cannot be read");
	else if (a->error)
		fail_change(k, a);
	else if (!is_for_rows(&k->request))
		take_change(k, a);
	else if (k->client)
		question_take_page(k, a);
	else {
		question_audit(k, "left");
		question_destroy(k);
	}
}

static void
change(struct question *k)
{
	struct store *s = k->queue->store;
	int error;

	k->asking = true;
	if (k->request.verb == CONTROL_RETRY)
		error = store_retry(s, &k->filter, question_token(k));
	else if (k->request.verb == CONTROL_DROP)
		error = store_drop(s, &k->filter, question_token(k));
	else
		error = store_backup(s, k->request.path, question_token(k));
	if (error)
		question_fail(k, "out of memory");
}

void
question_client_gone(struct net_client *c)
{
	struct question *k = c->own;

	if (!k)
		return;
	k->client = NULL;
	c->own = NULL;
	if (k->request.verb == CONTROL_IMPORT) {
		question_import_left(k);
	} else if (!k->asking) {
		question_audit(k, "left");
		question_destroy(k);
	}
}

/* ---- asking ---- */

static uint64_t
ms_before_now(uint64_t ms)
{
	uint64_t now = queue_wall_ms();

	return ms < now ? now - ms : 1;
}

static void
make_filter(struct question *k)
{
	static const unsigned states[CONTROL_STATES] = {
		[CONTROL_WAITING] = STORE_WAITING,
		[CONTROL_ASIDE] = STORE_ASIDE,
		[CONTROL_DELIVERED] = STORE_DELIVERED,
		[CONTROL_DROPPED] = STORE_DROPPED,
		[CONTROL_ANY] = STORE_ANY,
	};
	const struct control_request *r = &k->request;
	bool looks = r->verb == CONTROL_LIST || r->verb == CONTROL_EXPORT;

	k->filter = (struct store_filter){
		/* what was delivered is history, and there is much of it, unless it is named */
		.states = looks && !r->state && !r->seq ? STORE_WAITING | STORE_ASIDE
							: states[r->state],
		.seq = r->seq,
		.after = r->after,
		/* what comes while it is worked on was not meant, and could go on for ever */
		.upto = store_newest(k->queue->store),
		.received_from = r->newer_than ? ms_before_now(r->newer_than) : 0,
		.received_before = r->older_than ? ms_before_now(r->older_than) : 0,
	};
	if (r->id[0])
		k->filter.control_id = span_str(k->request.id);
}

static const char *
find_feed(struct question *k)
{
	const struct control_request *r = &k->request;

	if (!r->feed[0])
		return NULL;
	if (r->verb == CONTROL_IMPORT)
		return question_import_feed(k) ? NULL : "no feed of that name takes custody";
	k->filter.feed = queue_find_feed(k->queue, r->feed);
	return k->filter.feed ? NULL : "the queue knows no feed of that name";
}

/* Changes, and every message whose bytes were shown. */
static bool
is_audited(const struct control_request *r)
{
	return r->verb != CONTROL_LIST && (r->verb != CONTROL_SHOW || r->payload);
}

/* Nothing is done that the log might not be able to tell. */
static bool
promise_audit(struct question *k)
{
	if (!is_audited(&k->request))
		return true;
	k->promised = log_promise(k->queue->daemon->log);
	return k->promised;
}

void
question_ask(struct queue *q, struct net_client *c, const struct control_request *r, uid_t uid)
{
	struct question *k = create(q, c, r, uid);
	const char *wrong;

	if (!k) {
		question_refuse(c, "out of memory");
		return;
	}
	if (!promise_audit(k)) {
		question_fail(k, "the log cannot take the audit line now; try again");
		return;
	}
	net_client_wait(c, reading_patience);
	make_filter(k);
	wrong = find_feed(k);
	if (wrong) {
		question_fail(k, wrong);
		return;
	}
	if (r->verb == CONTROL_IMPORT) {
		c->most = q->daemon->conf->max_in_flight + CONTROL_LINE;
		question_import(k);
		return;
	}
	net_client_rest(c, true);
	if (is_for_rows(r))
		question_ask_page(k);
	else
		change(k);
}
