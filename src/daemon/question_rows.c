/* SPDX-License-Identifier: MIT */
/*
 * Pages of rows: the next one is asked for when the client has taken most of the last.
 */
#include "daemon/question_parts.h"

#include <stdio.h>

#include "control/body.h"
#include "control/json.h"

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

void
question_ask_page(struct question *k)
{
	k->asking = true;
	if (store_list(k->queue->store, &k->filter, rows_wanted(k), wants_bytes(&k->request),
		question_token(k)) != 0)
		question_fail(k, "out of memory");
}

/* The one that was named: `row` is it, but the options leave it out; NULL: there is none. */
static void
fail_missing(struct question *k, const struct store_row *row)
{
	const unsigned long long seq = k->request.seq;
	char text[200];

	if (row)
		(void)snprintf(text, sizeof(text),
		    "message %llu is not one of those asked for: its state is %s, its feed %s", seq,
		    state_word(row->state), store_feed_name(k->queue->store, row->feed));
	else
		(void)snprintf(
		    text, sizeof(text), "there is no such message in the queue: %llu", seq);
	question_fail(k, text);
}

/* Is it there, whatever the options say? */
static void
ask_anyhow(struct question *k)
{
	k->anyhow = true;
	k->filter = (struct store_filter){
		.states = STORE_ANY, .seq = k->request.seq, .upto = k->filter.upto
	};
	question_ask_page(k);
}

static void
end_rows(struct question *k)
{
	if (k->request.seq && !k->count) {
		ask_anyhow(k);
		return;
	}
	question_audit(k, "done");
	question_begin_end(k);
	json_truth(&k->client->out, "more", k->more);
	if (k->more)
		json_number(&k->client->out, "next", k->filter.after);
	if (k->request.verb == CONTROL_LIST)
		question_tell_unserved(k);
	question_end(k);
}

void
question_take_page(struct question *k, const struct store_answer *a)
{
	if (k->anyhow) {
		fail_missing(k, a->count ? a->rows : NULL);
		return;
	}
	for (unsigned i = 0; i < a->count; i++)
		write_row(k, &a->rows[i]);
	k->count += a->count;
	k->more = a->more;
	k->filter.after = a->next;
	net_client_answer(k->client);
	if (!k->more || (k->request.limit && k->count >= k->request.limit))
		end_rows(k);
	else if (k->client->out.end - k->client->out.start < NET_CLIENT_LOW)
		question_ask_page(k);
}

void
question_more_output(struct net_client *c)
{
	struct question *k = c->own;

	if (k && k->more && !k->asking)
		question_ask_page(k);
}
