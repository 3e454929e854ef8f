/* SPDX-License-Identifier: MIT */
/*
 * Messages that an operator puts into the queue, a few ahead of their verdicts.
 */
#include "daemon/question_parts.h"

#include <errno.h>

#include "control/body.h"
#include "control/json.h"
#include "custody/survey.h"
#include "mllp/encoder.h"

enum {
	OUTSTANDING_MOST = 1 << 20, /* bytes without a verdict */
};

static const char cut_off[] = "the messages ended before their end";

/* One that no sender could have brought here would block its feed: no answer could name it. */
static bool
is_deliverable(const struct custody_survey *s, struct span body)
{
	return s->readable && s->asks.control_id.len && mllp_can_frame(body);
}

static void
end_import(struct question *k)
{
	if (k->outstanding || !(k->ended || k->broken))
		return;
	if (k->broken) {
		if (k->broken == cut_off)
			question_audit(k, "left");
		question_fail_half_done(k, k->broken);
		return;
	}
	question_audit(k, "done");
	if (k->client) {
		question_begin_end(k);
		json_number(&k->client->out, "already", k->already);
		json_number(&k->client->out, "unfit", k->unfit);
		question_end(k);
	} else {
		question_destroy(k);
	}
}

/* The feed may be gone by now. */
struct feed *
question_import_feed(const struct question *k)
{
	struct feed *f = k->queue->daemon->feeds;

	while (f && (!f->line || strcmp(f->name, k->request.feed) != 0))
		f = f->next;
	return f;
}

static bool
run_out(struct question *k)
{
	k->broken = "out of memory";
	return false;
}

static bool
import_one(struct question *k, struct span body)
{
	const struct feed *f = question_import_feed(k);
	struct custody_survey s;
	struct store_message m;

	if (!f) {
		k->broken = "no feed of that name takes custody";
		return false;
	}
	if (!custody_survey(&k->queue->message, body, NULL, NULL, &s))
		return run_out(k);
	if (!is_deliverable(&s, body)) {
		k->unfit++;
		return true;
	}
	m = (struct store_message){ .feed = f->number,
		.received = queue_wall_ms(),
		.bytes = body,
		.application = s.application,
		.facility = s.facility,
		.control_id = s.asks.control_id,
		.type = span_str(s.summary.type),
		.sender = &k->sender,
		.always = k->request.all };
	switch (store_append(k->queue->store, &m, question_token(k))) {
	case 0:
		k->outstanding++;
		return true;
	case -EMSGSIZE:
		k->unfit++;
		return true;
	default:
		return run_out(k);
	}
}

void
question_import(struct question *k)
{
	struct net_client *c = k->client;
	enum body_result result = BODY_MESSAGE;
	struct span message;
	size_t used, limit = k->queue->daemon->conf->max_in_flight;

	while (!k->broken && !k->ended && result == BODY_MESSAGE &&
	       !(k->outstanding && store_pending(k->queue->store) >= OUTSTANDING_MOST)) {
		result = body_read(buffer_span(&c->in), limit, &message, &used);
		if (result == BODY_MESSAGE && !import_one(k, message))
			break;
		if (result == BODY_MESSAGE || result == BODY_END)
			net_client_used(c, used);
		k->ended = result == BODY_END;
		if (result == BODY_LARGE)
			k->broken = "a message is larger than in-flight-bytes of <limits>";
		else if (result == BODY_BROKEN)
			k->broken = "no message stood where one was announced";
		else if (result == BODY_MORE && c->ended)
			k->broken = cut_off;
	}
	net_client_rest(c, k->ended || k->broken || result == BODY_MESSAGE);
	end_import(k);
}

void
question_more_input(struct net_client *c)
{
	struct question *k = c->own;

	if (k && k->request.verb == CONTROL_IMPORT && !k->ended && !k->broken)
		question_import(k);
}

void
question_appended(struct queue *q, uint64_t token, enum store_verdict verdict, uint64_t seq)
{
	struct question *k = question_find(q, token);

	(void)seq;
	if (!k)
		return;
	k->outstanding--;
	k->count += verdict == STORE_NEW || verdict == STORE_SAME_ID;
	k->already += verdict == STORE_RESEND;
	if (verdict == STORE_FULL)
		k->broken = "the queue takes no messages: no space";
	else if (verdict == STORE_NO_ROOM)
		k->broken = "the queue has no space for a message so large";
	else if (verdict == STORE_FAILED)
		k->broken = "the queue cannot be written";
	if (k->client && !k->ended && !k->broken)
		question_import(k);
	else
		end_import(k);
}

void
question_import_left(struct question *k)
{
	if (!k->ended && !k->broken)
		k->broken = cut_off;
	end_import(k);
}
