/* SPDX-License-Identifier: MIT */
/*
 * Tokens are the numbers of questions, made odd, so that one whose question is gone
 * meets nobody.
 */
#include "daemon/question.h"

#include <errno.h>
#include <stdlib.h>

#include "control/body.h"
#include "control/json.h"
#include "daemon/feed.h"
#include "daemon/line.h"
#include "daemon/observe_custody.h"

enum {
	OUTSTANDING_MOST = 1 << 20, /* bytes of an import without a verdict */
};
static const double reading_patience = 600.; /* people look at long lists */

struct question {
	struct queue *queue;
	struct question *next, **link;
	struct net_client *client; /* NULL: gone */
	uint64_t number;
	uid_t uid;
	struct control_request request;
	struct store_filter filter;
	bool asking; /* an answer of the store is awaited */
	bool more;   /* pages behind the last one */
	uint64_t count;

	/* import */
	uint64_t outstanding, new, already;
	bool ended;
	const char *broken; /* why it ended early */
};

struct questions {
	struct queue *queue;
	struct question *list;
	uint64_t numbers;
};

/* ---- life ---- */

struct questions *
questions_create(struct queue *q)
{
	struct questions *all = calloc(1, sizeof(*all));

	if (all)
		all->queue = q;
	return all;
}

static void
destroy(struct question *k)
{
	if (k->client)
		k->client->own = NULL;
	*k->link = k->next;
	if (k->next)
		k->next->link = k->link;
	free(k);
}

void
questions_destroy(struct questions *all)
{
	while (all && all->list)
		destroy(all->list);
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

static uint64_t
token_of(const struct question *k)
{
	return k->number << 1 | 1;
}

bool
question_is_token(uint64_t token)
{
	return token & 1;
}

static struct question *
find(struct queue *q, uint64_t token)
{
	struct question *k = q->questions->list;

	while (k && token_of(k) != token)
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

/* Changes, and every message whose bytes were shown. */
static bool
is_audited(const struct control_request *r)
{
	return r->verb != CONTROL_LIST && (r->verb != CONTROL_SHOW || r->payload);
}

static void
audit(const struct question *k, const char *outcome)
{
	if (is_audited(&k->request))
		observe_admin(k->queue->daemon, k->uid, &k->request, k->count, outcome);
}

static void
fail(struct question *k, const char *sentence)
{
	audit(k, "failed");
	if (k->client)
		question_refuse(k->client, sentence);
	destroy(k);
}

static void
begin_end(struct question *k)
{
	json_begin(&k->client->out);
	json_truth(&k->client->out, "done", true);
	json_number(&k->client->out, "count", k->count);
}

static void
end(struct question *k)
{
	json_end(&k->client->out);
	net_client_finish(k->client);
}

/* ---- rows ---- */

static const char *
state_word(enum store_state state)
{
	switch (state) {
	case STORE_ASIDE:
		return "aside";
	case STORE_DELIVERED:
		return "delivered";
	case STORE_DROPPED:
		return "dropped";
	default:
		return "waiting";
	}
}

static void
write_row(struct question *k, const struct store_row *row)
{
	struct buffer *out = &k->client->out;
	uint64_t now = queue_wall_ms();

	json_begin(out);
	json_number(out, "seq", row->seq);
	json_str(out, "feed", store_feed_name(k->queue->store, row->feed));
	json_str(out, "state", state_word(row->state));
	json_time(out, "received", row->received);
	json_number(out, "age_ms", now > row->received ? now - row->received : 0);
	json_number(out, "attempts", row->attempts);
	json_str(out, "why", row->word[0] ? row->word : NULL);
	json_str(out, "control_id", row->control_id);
	json_str(out, "type", row->type);
	json_number(out, "bytes", row->size);
	if (row->bytes.ptr) {
		buffer_append(out, SPAN(",\"body\":\""));
		body_base64(out, row->bytes);
		buffer_append_char(out, '"');
	}
	json_end(out);
}

static bool
wants_bytes(const struct control_request *r)
{
	return r->verb == CONTROL_EXPORT || r->payload;
}

static unsigned
rows_wanted(const struct question *k)
{
	uint64_t left = k->request.limit ? k->request.limit - k->count : STORE_PAGE_MOST;

	return left < STORE_PAGE_MOST ? (unsigned)left : STORE_PAGE_MOST;
}

static void
ask_page(struct question *k)
{
	k->asking = true;
	if (store_list(k->queue->store, &k->filter, rows_wanted(k), wants_bytes(&k->request),
		token_of(k)) != 0)
		fail(k, "out of memory");
}

static void
end_rows(struct question *k)
{
	if (k->request.verb == CONTROL_SHOW && !k->count) {
		fail(k, "there is no such message in the queue");
		return;
	}
	audit(k, "done");
	begin_end(k);
	json_truth(&k->client->out, "more", k->more);
	if (k->more)
		json_number(&k->client->out, "next", k->filter.after);
	end(k);
	destroy(k);
}

static void
take_page(struct question *k, const struct store_answer *a)
{
	for (unsigned i = 0; i < a->count; i++)
		write_row(k, &a->rows[i]);
	k->count += a->count;
	k->more = a->more;
	k->filter.after = a->next;
	net_client_answer(k->client);
	if (!k->more || (k->request.limit && k->count >= k->request.limit))
		end_rows(k);
	else if (k->client->out.end - k->client->out.start < NET_CLIENT_LOW)
		ask_page(k);
}

void
question_more_output(struct net_client *c)
{
	struct question *k = c->own;

	if (k && k->more && !k->asking)
		ask_page(k);
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
		resumed += f->line->machine.stopped;
		line_resume(f->line);
	}
	return resumed;
}

static void
take_change(struct question *k, const struct store_answer *a)
{
	unsigned resumed = resume_lines(k);

	k->count = a->changed;
	audit(k, "done");
	if (k->client) {
		begin_end(k);
		if (k->request.verb == CONTROL_RETRY)
			json_number(&k->client->out, "resumed", resumed);
		end(k);
	}
	destroy(k);
}

void
question_answered(struct queue *q, uint64_t token, const struct store_answer *a)
{
	struct question *k = find(q, token);
	bool rows;

	if (!k)
		return;
	k->asking = false;
	rows = k->request.verb == CONTROL_LIST || k->request.verb == CONTROL_SHOW ||
	       k->request.verb == CONTROL_EXPORT;
	if (a->error)
		fail(k, a->text ? a->text : "the queue cannot be read");
	else if (!rows)
		take_change(k, a);
	else if (k->client)
		take_page(k, a);
	else {
		audit(k, "left");
		destroy(k);
	}
}

static void
change(struct question *k)
{
	struct store *s = k->queue->store;
	int error;

	k->asking = true;
	if (k->request.verb == CONTROL_RETRY)
		error = store_retry(s, &k->filter, token_of(k));
	else if (k->request.verb == CONTROL_DROP)
		error = store_drop(s, &k->filter, token_of(k));
	else
		error = store_backup(s, k->request.path, token_of(k));
	if (error)
		fail(k, "out of memory");
}

/* ---- import ---- */

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
		fail(k, k->broken);
		return;
	}
	audit(k, "done");
	if (k->client) {
		begin_end(k);
		json_number(&k->client->out, "already", k->already);
		end(k);
	}
	destroy(k);
}

/* The feed may be gone by now. */
static struct feed *
import_feed(const struct question *k)
{
	struct feed *f = k->queue->daemon->feeds;

	while (f && (!f->line || strcmp(f->name, k->request.feed) != 0))
		f = f->next;
	return f;
}

static bool
import_one(struct question *k, struct span body)
{
	const struct feed *f = import_feed(k);
	struct store_message m;

	if (!f) {
		k->broken = "no feed of that name takes custody";
		return false;
	}
	m = read_message(&k->queue->message, f->number, body);
	m.always = k->request.all;
	if (store_append(k->queue->store, &m, token_of(k)) != 0) {
		k->broken = "out of memory";
		return false;
	}
	k->outstanding++;
	return true;
}

static void
import_some(struct question *k)
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
		import_some(k);
}

void
question_appended(struct queue *q, uint64_t token, enum store_verdict verdict, uint64_t seq)
{
	struct question *k = find(q, token);

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
		import_some(k);
	else
		end_import(k);
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
		k->broken = k->ended ? k->broken : "the client left";
		end_import(k);
	} else if (!k->asking) {
		audit(k, "left");
		destroy(k);
	}
}

/* ---- asking ---- */

static int
feed_number(struct store *s, const char *name)
{
	for (unsigned i = 1; i <= store_feed_count(s); i++) {
		if (strcmp(store_feed_name(s, i), name) == 0)
			return (int)i;
	}
	return 0;
}

static uint64_t
ms_before_now(uint64_t ms)
{
	uint64_t now = queue_wall_ms();

	return ms < now ? now - ms : 1;
}

static void
make_filter(struct question *k)
{
	static const unsigned states[CONTROL_STATES] = { 0, STORE_WAITING, STORE_ASIDE,
		STORE_DELIVERED, STORE_DROPPED };
	const struct control_request *r = &k->request;

	k->filter = (struct store_filter){
		.states = states[r->state],
		.seq = r->seq,
		.after = r->after,
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
		return import_feed(k) ? NULL : "no feed of that name takes custody";
	k->filter.feed = (unsigned)feed_number(k->queue->store, r->feed);
	return k->filter.feed ? NULL : "the queue knows no feed of that name";
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
	c->timer.repeat = reading_patience;
	make_filter(k);
	wrong = find_feed(k);
	if (wrong) {
		fail(k, wrong);
		return;
	}
	if (r->verb == CONTROL_IMPORT) {
		c->most = q->daemon->conf->max_in_flight + CONTROL_LINE;
		import_some(k);
		return;
	}
	net_client_rest(c, true);
	if (r->verb == CONTROL_LIST || r->verb == CONTROL_SHOW || r->verb == CONTROL_EXPORT)
		ask_page(k);
	else
		change(k);
}
