/* SPDX-License-Identifier: MIT */
/*
 * The daemon's state as one JSON document.
 */
#define _GNU_SOURCE /* strerrorname_np */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "config.h"
#include "control/json.h"
#include "daemon/line.h"
#include "daemon/queue_watch.h"
#include "daemon/status.h"

static void
put_time(struct buffer *out, const char *name, uint64_t when)
{
	char text[32];
	time_t t = (time_t)when;
	struct tm tm;

	gmtime_r(&t, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	json_str(out, name, when ? text : NULL);
}

static void
put_count(struct buffer *out, const char *name, const struct metric *m)
{
	json_number(out, name, (uint64_t)m->value);
}

static void
put_mapping(struct buffer *out, const struct rules_mapping *r)
{
	const struct mapping *m = r->mapping;

	json_open(out, NULL, '{');
	json_text(out, "id", m->id);
	json_text(out, "version", m->version);
	json_str(out, "status", mapping_status_word(m->status));
	json_str(out, "sha256", r->sha256);
	json_str(out, "file", r->file);
	json_text(out, "approved_by", m->approved_by);
	json_truth(out, "in_effect", !r->dormant);
	json_close(out, '}');
}

static void
put_messages(struct buffer *out, const struct feed_metrics *m)
{
	json_open(out, "messages", '{');
	put_count(out, "acked", m->acked);
	put_count(out, "nacked", m->nacked);
	put_count(out, "unawaited", m->unawaited);
	put_count(out, "failed", m->failed);
	put_count(out, "rejected", m->rejected);
	put_count(out, "refused", m->strangers);
	put_count(out, "stray_acks", m->stray);
	json_close(out, '}');
	json_open(out, "annotations", '{');
	put_count(out, "annotated", m->annotated);
	put_count(out, "unchanged", m->unchanged);
	put_count(out, "shadowed", m->shadowed);
	put_count(out, "unproved", m->unproved);
	json_close(out, '}');
	put_count(out, "refused", m->refused);
	json_open(out, "latency_us", '{');
	json_number(out, "p50", metric_quantile(m->duration, 0.5));
	json_number(out, "p99", metric_quantile(m->duration, 0.99));
	json_close(out, '}');
}

static void
put_queue(struct buffer *out, const struct feed *f)
{
	const struct feed_metrics *m = &f->metrics;
	struct store_stats s;

	store_stats(f->daemon->queue->store, f->number, &s);
	json_open(out, "queue", '{');
	json_number(out, "waiting", s.waiting);
	json_number(out, "waiting_bytes", s.waiting_bytes);
	json_number(out, "oldest_age_ms", queue_age(&s));
	json_number(out, "aside", s.aside);
	json_number(out, "kept", s.kept);
	put_count(out, "queued", m->queued);
	put_count(out, "duplicates", m->duplicate);
	put_count(out, "delivered", m->delivered);
	put_count(out, "deadletters", m->deadletter);
	json_close(out, '}');
}

static void
put_line(struct buffer *out, const struct line *l)
{
	json_open(out, "line", '{');
	json_str(out, "state", line_state(l));
	json_str(out, "stopped_by", l->machine.stopped ? l->stopped_by : NULL);
	json_tenths(out, "wait_s", line_wait(l));
	json_str(out, "last_answer", l->last_code[0] ? l->last_code : NULL);
	put_time(out, "last_answer_at", l->last_answer);
	json_close(out, '}');
}

/* What waits for feeds that take custody no more. */
static void
put_unserved(struct buffer *out, const struct queue *q)
{
	struct store_stats s;

	json_open(out, "left", '[');
	for (unsigned i = 1; (i = queue_unserved_feed(q, i, &s)) != 0; i++) {
		json_open(out, NULL, '{');
		json_str(out, "name", store_feed_name(q->store, i));
		json_number(out, "waiting", s.waiting);
		json_number(out, "aside", s.aside);
		json_close(out, '}');
	}
	json_close(out, ']');
}

static void
put_store(struct buffer *out, const struct queue *q)
{
	struct store_health h;

	store_health(q->store, &h);
	json_open(out, "store", '{');
	json_str(out, "directory", q->directory);
	json_truth(out, "takes", h.takes);
	json_truth(out, "ready", h.ready);
	json_number(out, "free_bytes", h.free_bytes);
	json_number(out, "file_bytes", h.file_bytes);
	json_number(out, "last_sync_us", h.last_sync_us);
	json_str(out, "trouble", q->trouble);
	put_unserved(out, q);
	json_close(out, '}');
}

static void
put_listeners(struct buffer *out, const struct feed *f)
{
	json_open(out, "listen", '[');
	for (const struct feed_listener *l = f->listeners; l; l = l->next) {
		char text[CONF_ENDPOINT_TEXT];

		json_str(out, NULL, feed_listener_text(l, text));
	}
	json_close(out, ']');
}

static void
put_feed(struct buffer *out, const struct feed *f)
{
	static const char *const modes[] = { "live", "shadow", "off" };
	static const char *const sides[] = { NULL, "sender", "receiver" };
	const struct conf_endpoint to = { f->conf->forward.host, f->conf->forward.port };
	char receiver[CONF_ENDPOINT_TEXT];

	json_open(out, NULL, '{');
	json_str(out, "name", f->name);
	json_str(out, "mode", f->line ? "store" : "relay");
	json_str(out, "annotate", modes[f->conf->annotate]);
	put_listeners(out, f);
	json_str(out, "forward", conf_endpoint_text(to, receiver));
	json_number(out, "connections", f->connections);
	put_messages(out, &f->metrics);
	json_number(out, "last_minute", (uint64_t)rate_of_last_minute(&f->rate, feed_messages(f)));
	if (f->line) {
		put_queue(out, f);
		put_line(out, f->line);
	} else {
		json_str(out, "queue", NULL);
		json_str(out, "line", NULL);
	}
	json_number(out, "in_flight", feed_in_flight(f));
	json_tenths(out, "backoff_s", f->line ? line_wait(f->line) : f->backoff / 1000.0);
	put_time(out, "last_message", f->last_message);
	json_str(out, "last_outcome", f->last_outcome);
	put_time(out, "last_error_at", f->last_error);
	json_str(out, "last_error", f->last_error_word);
	json_str(out, "last_error_side", sides[f->last_error_side]);
	json_open(out, "mappings", '[');
	for (unsigned i = 0; i < f->rules->count; i++)
		put_mapping(out, &f->rules->list[i]);
	json_close(out, ']');
	json_close(out, '}');
}

void
status_write(const struct hl7noted *d, struct buffer *out)
{
	const int error = log_error(d->log);

	json_begin(out);
	json_str(out, "program", "hl7noted");
	json_str(out, "version", PACKAGE_VERSION);
	json_number(out, "pid", (uint64_t)getpid());
	put_time(out, "started", d->started);
	json_str(out, "state", d->draining ? "draining" : "running");
	json_number(out, "connections", d->connections);
	json_number(out, "held_bytes", d->held);
	json_number(out, "log_dropped", log_dropped(d->log));
	json_str(out, "config", d->conf_file);
	json_truth(out, "last_reload_good", d->reload_good->value > 0);
	json_truth(out, "log_in_place", !d->conf->log_file || log_is_at(d->log, d->conf->log_file));
	json_str(out, "log_error", error ? strerrorname_np(error) : NULL);
	if (d->queue)
		put_store(out, d->queue);
	else
		json_str(out, "store", NULL);
	json_open(out, "feeds", '[');
	for (const struct feed *f = d->feeds; f; f = f->next)
		put_feed(out, f);
	json_close(out, ']');
	json_end(out);
}
