/* SPDX-License-Identifier: MIT */
/*
 * Messages that an operator puts into the queue, a few ahead of their verdicts.
 */
#include "daemon/question_parts.h"

#include "control/body.h"
#include "control/json.h"

enum {
	OUTSTANDING_MOST = 1 << 20, /* bytes without a verdict */
};

/* What the queue wants to know of a message. */
static struct store_message
read_message(struct hl7_message *m, unsigned feed, struct span body)
{
	struct store_message s = { .feed = feed, .received = queue_wall_ms(), .bytes = body };
	enum hl7_piece piece;
	size_t used;

	if (hl7_message_read(m, body, &piece, &used) || piece != HL7_PIECE_MESSAGE || !m->count)
		return s;
	s.application = hl7_field(m, &m->segments[0], 3);
	s.facility = hl7_field(m, &m->segments[0], 4);
	s.type = hl7_field(m, &m->segments[0], 9);
	s.control_id = hl7_field(m, &m->segments[0], 10);
	return s;
}

static void
end_import(struct question *k)
{
	if (k->outstanding || !(k->ended || k->broken))
		return;
	k->count = k->new;
	if (k->broken) {
		question_fail(k, k->broken);
		return;
	}
	question_audit(k, "done");
	if (k->client) {
		question_begin_end(k);
		json_number(&k->client->out, "already", k->already);
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
import_one(struct question *k, struct span body)
{
	const struct feed *f = question_import_feed(k);
	struct store_message m;

	if (!f) {
		k->broken = "no feed of that name takes custody";
		return false;
	}
	m = read_message(&k->queue->message, f->number, body);
	m.always = k->request.all;
	if (store_append(k->queue->store, &m, question_token(k)) != 0) {
		k->broken = "out of memory";
		return false;
	}
	k->outstanding++;
	return true;
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
		if (result == BODY_BROKEN)
			k->broken = "no message where one was announced";
		else if (result == BODY_MORE && c->ended)
			k->broken = "the messages ended before their end";
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
	k->new += verdict == STORE_NEW || verdict == STORE_SAME_ID;
	k->already += verdict == STORE_RESEND;
	if (verdict == STORE_FULL)
		k->broken = "the queue takes no messages: no space";
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
	k->broken = k->ended ? k->broken : "the client left";
	end_import(k);
}
