/* SPDX-License-Identifier: MIT */
/*
 * The daemon's state as one JSON document.
 */
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "config.h"
#include "daemon/observe_custody.h"
#include "daemon/queue_watch.h"
#include "daemon/status.h"

/* Names come from checked files and flags; what JSON does not take is left out all the same. */
static void
put_text(struct buffer *out, const char *text)
{
	buffer_append_char(out, '"');
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			buffer_append_char(out, '\\');
		if ((unsigned char)*text >= 0x20)
			buffer_append_char(out, *text);
	}
	buffer_append_char(out, '"');
}

static void
put_member(struct buffer *out, const char *name, const char *text)
{
	put_text(out, name);
	buffer_append_char(out, ':');
	if (text)
		put_text(out, text);
	else
		buffer_append(out, SPAN("null"));
}

static void
put_time(struct buffer *out, const char *name, uint64_t when)
{
	char text[32];
	time_t t = (time_t)when;
	struct tm tm;

	gmtime_r(&t, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	put_member(out, name, when ? text : NULL);
}

static void
put_mapping(struct buffer *out, const struct rules_mapping *r)
{
	static const char *const statuses[] = { "draft", "approved", "retired" };

	buffer_printf(out, "{\"id\":\"%.*s\",\"version\":\"%.*s\",", (int)r->mapping->id.len,
	    r->mapping->id.ptr, (int)r->mapping->version.len, r->mapping->version.ptr);
	put_member(out, "status", statuses[r->mapping->status]);
	buffer_append_char(out, ',');
	put_member(out, "sha256", r->sha256);
	buffer_append_char(out, ',');
	put_member(out, "file", r->file);
	buffer_append(out, SPAN(",\"approved_by\":"));
	put_text(out, r->mapping->approved_by.len ? r->mapping->approved_by.ptr : "");
	buffer_append_char(out, '}');
}

static void
put_counts(struct buffer *out, const struct feed *f)
{
	const struct feed_metrics *m = &f->metrics;

	buffer_printf(out,
	    "\"connections\":%u,\"messages\":{\"acked\":%.0f,\"nacked\":%.0f,\"unawaited\":%.0f,"
	    "\"failed\":%.0f,\"rejected\":%.0f,\"stray_acks\":%.0f},"
	    "\"annotations\":{\"annotated\":%.0f,\"unchanged\":%.0f,\"shadowed\":%.0f,"
	    "\"unproved\":%.0f},\"refused\":%.0f,\"latency_us\":{\"p50\":%llu,\"p99\":%llu},",
	    f->link_count, m->acked->value, m->nacked->value, m->unawaited->value, m->failed->value,
	    m->rejected->value, m->stray->value, m->annotated->value, m->unchanged->value,
	    m->shadowed->value, m->unproved->value, m->refused->value,
	    (unsigned long long)metric_quantile(m->duration, 0.5),
	    (unsigned long long)metric_quantile(m->duration, 0.99));
}

static void
put_custody(struct buffer *out, const struct feed *f)
{
	const struct feed_metrics *m = &f->metrics;
	const struct line *l = f->line;
	struct store_stats s;

	store_stats(f->daemon->queue->store, f->number, &s);
	buffer_printf(out,
	    "\"queue\":{\"waiting\":%llu,\"waiting_bytes\":%llu,\"oldest_age_ms\":%llu,"
	    "\"aside\":%llu,\"kept\":%llu,\"queued\":%.0f,\"duplicates\":%.0f,"
	    "\"delivered\":%.0f,\"deadletters\":%.0f},",
	    (unsigned long long)s.waiting, (unsigned long long)s.waiting_bytes,
	    (unsigned long long)observe_age_of(&s), (unsigned long long)s.aside,
	    (unsigned long long)s.kept, m->queued->value, m->duplicate->value, m->delivered->value,
	    m->deadletter->value);
	buffer_append(out, SPAN("\"line\":{"));
	put_member(out, "state", line_state(l));
	buffer_append_char(out, ',');
	put_member(out, "stopped_by", l->machine.stopped ? l->stopped_by : NULL);
	buffer_printf(out, ",\"wait_s\":%.1f,", line_wait(l));
	put_member(out, "last_answer", l->last_code[0] ? l->last_code : NULL);
	buffer_append_char(out, ',');
	put_time(out, "last_answer_at", l->last_answer);
	buffer_append(out, SPAN("},"));
}

/* What waits for feeds that take custody no more. */
static void
put_left(struct buffer *out, const struct queue *q)
{
	struct store_stats s;
	const char *comma = "";

	buffer_append(out, SPAN(",\"left\":["));
	for (unsigned i = 1; (i = queue_left_feed(q, i, &s)) != 0; i++) {
		buffer_printf(out, "%s{", comma);
		put_member(out, "name", store_feed_name(q->store, i));
		buffer_printf(out, ",\"waiting\":%llu,\"aside\":%llu}",
		    (unsigned long long)s.waiting, (unsigned long long)s.aside);
		comma = ",";
	}
	buffer_append_char(out, ']');
}

static void
put_store(struct buffer *out, const struct hl7noted *d)
{
	struct store_health h;

	if (!d->queue) {
		buffer_append(out, SPAN("\"store\":null,"));
		return;
	}
	store_health(d->queue->store, &h);
	buffer_append(out, SPAN("\"store\":{"));
	put_member(out, "directory", d->queue->directory);
	buffer_printf(out,
	    ",\"takes\":%s,\"ready\":%s,\"free_bytes\":%llu,\"file_bytes\":%llu,"
	    "\"last_sync_us\":%llu,",
	    h.takes ? "true" : "false", h.ready ? "true" : "false",
	    (unsigned long long)h.free_bytes, (unsigned long long)h.file_bytes,
	    (unsigned long long)h.last_sync_us);
	put_member(out, "trouble", d->queue->trouble);
	put_left(out, d->queue);
	buffer_append(out, SPAN("},"));
}

static void
put_feed(struct buffer *out, const struct feed *f)
{
	static const char *const modes[] = { "live", "shadow", "off" };

	buffer_append_char(out, '{');
	put_member(out, "name", f->name);
	buffer_append_char(out, ',');
	put_member(out, "mode", f->line ? "store" : "relay");
	buffer_append_char(out, ',');
	put_member(out, "annotate", modes[f->conf->annotate]);
	buffer_append(out, SPAN(",\"listen\":["));
	for (const struct feed_listener *l = f->listeners; l; l = l->next) {
		char text[300];

		snprintf(text, sizeof(text), "%s:%u",
		    l->conf->socket ? l->conf->socket : l->conf->address,
		    net_listener_port(l->listener));
		put_text(out, text);
		buffer_append(out, l->next ? SPAN(",") : SPAN(""));
	}
	buffer_append(out, SPAN("],\"forward\":"));
	buffer_printf(out, "\"%s:%s\",", f->conf->forward.host, f->conf->forward.port);
	put_counts(out, f);
	if (f->line)
		put_custody(out, f);
	buffer_printf(out, "\"backoff_s\":%.1f,", f->backoff / 1000.0);
	put_time(out, "last_message", f->last_message);
	buffer_append_char(out, ',');
	put_time(out, "last_error_at", f->last_error);
	buffer_append_char(out, ',');
	put_member(out, "last_error", f->last_error_word);
	buffer_append(out, SPAN(",\"mappings\":["));
	for (unsigned i = 0; i < f->rules->count; i++) {
		put_mapping(out, &f->rules->list[i]);
		buffer_append(out, i + 1 < f->rules->count ? SPAN(",") : SPAN(""));
	}
	buffer_append(out, SPAN("]}"));
}

void
status_write(const struct hl7noted *d, struct buffer *out)
{
	buffer_append_char(out, '{');
	put_member(out, "program", "hl7noted");
	buffer_append_char(out, ',');
	put_member(out, "version", PACKAGE_VERSION);
	buffer_printf(out, ",\"pid\":%ld,", (long)getpid());
	put_time(out, "started", d->started);
	buffer_printf(out,
	    ",\"state\":\"%s\",\"connections\":%u,\"held_bytes\":%llu,\"log_dropped\":%llu,",
	    d->draining ? "draining" : "running", d->connections, (unsigned long long)d->held,
	    (unsigned long long)log_dropped(d->log));
	put_member(out, "config", d->conf_file);
	buffer_printf(
	    out, ",\"last_reload_good\":%s,", d->reload_good->value > 0 ? "true" : "false");
	buffer_printf(out, "\"log_in_place\":%s,",
	    d->conf->log_file && !log_is_at(d->log, d->conf->log_file) ? "false" : "true");
	put_store(out, d);
	buffer_append(out, SPAN("\"feeds\":["));
	for (const struct feed *f = d->feeds; f; f = f->next) {
		put_feed(out, f);
		buffer_append(out, f->next ? SPAN(",") : SPAN(""));
	}
	buffer_append(out, SPAN("]}\n"));
}
