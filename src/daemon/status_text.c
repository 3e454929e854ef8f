/* SPDX-License-Identifier: MIT */
/*
 * The daemon's state as an operator reads it.
 */
#define _GNU_SOURCE /* strerrordesc_np */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "config.h"
#include "daemon/line.h"
#include "daemon/queue_watch.h"
#include "daemon/status.h"

/* Where a row goes on below itself. */
#define NEXT_ROW "\n               "

static void
put_when(struct buffer *out, const char *label, uint64_t when, const char *word)
{
	char text[32] = "never";
	time_t t = (time_t)when;
	struct tm tm;

	localtime_r(&t, &tm);
	if (when)
		strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm);
	buffer_printf(out, "  %-12s %s%s%s", label, text, word ? " " : "", word ? word : "");
}

/* On one line, however it stands in the file. */
static void
put_words(struct buffer *out, struct span text)
{
	bool blank = false;

	for (size_t i = 0; i < text.len; i++) {
		bool is_blank = strchr(" \t\r\n", text.ptr[i]) != NULL;

		if (!is_blank && blank)
			buffer_append_char(out, ' ');
		if (!is_blank)
			buffer_append_char(out, text.ptr[i]);
		blank = is_blank;
	}
}

static void
put_mapping(struct buffer *out, const struct rules_mapping *r)
{
	static const char *const statuses[] = { "DRAFT", "approved", "RETIRED" };
	const struct mapping *m = r->mapping;

	buffer_printf(out, "  %-12s %.*s %.*s, %s", "mapping", (int)m->id.len, m->id.ptr,
	    (int)m->version.len, m->version.ptr, statuses[m->status]);
	if (m->approved_by.len) {
		buffer_append(
		    out, span_str(m->status == MAPPING_APPROVED ? " by " : ", approval by "));
		put_words(out, m->approved_by);
	}
	buffer_printf(out, "%s" NEXT_ROW "sha256 %.16s..., %s\n",
	    r->dormant ? ", NOT IN EFFECT" : "", r->sha256, r->file);
}

/* What ends the noun that is counted. */
static const char *
plural(uint64_t count)
{
	return count == 1 ? "" : "s";
}

/* A count that is mostly 0, and then not worth a word; `before` is for the next. */
static void
put_any(struct buffer *out, const char **before, const struct metric *m, const char *word)
{
	if (m->value < 1)
		return;
	buffer_printf(out, "%s%.0f %s", *before, m->value, word);
	*before = ", ";
}

static void
put_relayed(struct buffer *out, const struct feed *f)
{
	const struct feed_metrics *m = &f->metrics;
	const char *before = NEXT_ROW;

	buffer_printf(out, "  %-12s %.0f answered positively, %.0f negatively, %u in flight",
	    "messages", m->acked->value, m->nacked->value, feed_in_flight(f));
	put_any(out, &before, m->unawaited, "unawaited");
	put_any(out, &before, m->failed, "failed");
	put_any(out, &before, m->rejected, "rejected");
	put_any(out, &before, m->strangers, "refused");
	buffer_append_char(out, '\n');
}

static void
put_counts(struct buffer *out, const struct feed *f)
{
	static const char *const modes[] = { "live", "SHADOW", "OFF" };
	const struct feed_metrics *m = &f->metrics;
	const char *before = ", ";

	buffer_printf(out, "  %-12s %s: %.0f annotated, %.0f unchanged", "annotation",
	    modes[f->conf->annotate], m->annotated->value, m->unchanged->value);
	put_any(out, &before, m->shadowed, "in shadow");
	put_any(out, &before, m->unproved, "unproved");
	buffer_append_char(out, '\n');
	if (!m->duration->count)
		return;
	buffer_printf(out, "  %-12s half within %.2f ms, 99 %% within %.2f ms\n", "answers",
	    (double)metric_quantile(m->duration, 0.5) / 1000,
	    (double)metric_quantile(m->duration, 0.99) / 1000);
}

static const char *
age_text(uint64_t ms, char buf[32])
{
	if (ms < 120000)
		snprintf(buf, 32, "%.0f s", (double)ms / 1000);
	else if (ms < 7200000)
		snprintf(buf, 32, "%.0f minutes", (double)ms / 60000);
	else if (ms < 172800000)
		snprintf(buf, 32, "%.1f hours", (double)ms / 3600000);
	else
		snprintf(buf, 32, "%.1f days", (double)ms / 86400000);
	return buf;
}

/* Also when an answer asks for a pause, while it is connected. */
static bool
is_waiting(const struct line *l)
{
	return !l->machine.stopped &&
	       (line_wait(l) > 0 || strcmp(line_state(l), "backing_off") == 0);
}

static void
put_line(struct buffer *out, const struct line *l)
{
	buffer_printf(out, "  %-12s ", "forwarding");
	if (l->machine.stopped)
		buffer_printf(out, "STOPPED by policy on an answer of kind \"%s\"",
		    l->stopped_by ? l->stopped_by : "?");
	else if (is_waiting(l))
		buffer_printf(out, "WAITING %.1f s for the next attempt", line_wait(l));
	else
		buffer_printf(out, "%s, %u in flight", line_state(l), feed_in_flight(l->feed));
	if (l->last_code[0])
		buffer_printf(out, "; last answer %s", l->last_code);
	if (l->machine.stopped)
		buffer_printf(out, NEXT_ROW "hl7note queue retry --feed %s", l->feed->name);
	buffer_append_char(out, '\n');
}

static void
put_custody(struct buffer *out, const struct hl7noted *d, const struct feed *f)
{
	const struct feed_metrics *m = &f->metrics;
	const char *before = NEXT_ROW;
	struct store_stats s;
	char age[32];

	store_stats(d->queue->store, f->number, &s);
	buffer_printf(out, "  %-12s %.0f taken, %.0f resend%s, %.0f delivered", "custody",
	    m->queued->value, m->duplicate->value, plural((uint64_t)m->duplicate->value),
	    m->delivered->value);
	put_any(out, &before, m->rejected, "rejected");
	put_any(out, &before, m->strangers, "refused");
	buffer_append_char(out, '\n');
	buffer_printf(out, "  %-12s %llu waiting", "queue", (unsigned long long)s.waiting);
	if (s.waiting)
		buffer_printf(out, " (%.1f MiB), oldest for %s",
		    (double)s.waiting_bytes / (1 << 20), age_text(queue_age(&s), age));
	buffer_printf(out, s.aside ? "; %llu SET ASIDE\n" : "; %llu set aside\n",
	    (unsigned long long)s.aside);
	put_line(out, f->line);
}

static void
put_store(struct buffer *out, const struct hl7noted *d)
{
	struct store_health h;

	store_health(d->queue->store, &h);
	buffer_printf(out, "queue in %s: %.1f MiB, %.1f MiB free; last commit %.1f ms\n",
	    d->queue->directory, (double)h.file_bytes / (1 << 20), (double)h.free_bytes / (1 << 20),
	    (double)h.last_sync_us / 1000);
	if (!h.takes && queue_is_fed(d))
		buffer_printf(out, "INTAKE IS STOPPED: %s; the log says more\n",
		    d->queue->trouble ? d->queue->trouble : "disk");
}

static void
put_feed(struct buffer *out, const struct hl7noted *d, const struct feed *f)
{
	static const char *const sides[] = { "", " (sender)", " (receiver)" };
	const struct conf_endpoint to = { f->conf->forward.host, f->conf->forward.port };
	char text[CONF_ENDPOINT_TEXT];

	buffer_printf(out, "\nfeed %s: %s to %s\n", f->name,
	    f->line ? "custody, forwarded" : "relay", conf_endpoint_text(to, text));
	for (const struct feed_listener *l = f->listeners; l; l = l->next)
		buffer_printf(out, "  %-12s %s, %u connected\n", "listens on",
		    feed_listener_text(l, text), l->connections);
	if (f->metrics.refused->value > 0)
		buffer_printf(out, "  %-12s %.0f connection%s\n", "refused",
		    f->metrics.refused->value, plural((uint64_t)f->metrics.refused->value));
	if (f->line)
		put_custody(out, d, f);
	else
		put_relayed(out, f);
	put_counts(out, f);
	put_when(out, "last message", f->last_message, f->last_outcome);
	buffer_printf(
	    out, "; %.0f in the last minute\n", rate_of_last_minute(&f->rate, feed_messages(f)));
	put_when(out, "last error", f->last_error, f->last_error_word);
	buffer_printf(out, "%s\n", sides[f->last_error_side]);
	if (feed_wait(f))
		buffer_printf(out,
		    "  %-12s the receiver was not reached; not tried again for %.1f s\n", "WAITING",
		    (double)feed_wait(f) / 1000.);
	else if (f->backoff)
		buffer_printf(out,
		    "  %-12s the receiver was not reached; tried again with the next message\n",
		    "WAITING");
	for (unsigned i = 0; i < f->rules->count; i++)
		put_mapping(out, &f->rules->list[i]);
}

/* What waits for a feed that takes custody no more. */
static void
put_unserved(struct buffer *out, const struct queue *q)
{
	struct store_stats s;

	for (unsigned i = 1; (i = queue_unserved_feed(q, i, &s)) != 0; i++) {
		const char *name = store_feed_name(q->store, i);

		buffer_printf(out,
		    "\nfeed %s: %s\n"
		    "  %-12s %llu waiting; %llu set aside; hl7note queue list --feed %s\n",
		    name,
		    feed_find(q->daemon->feeds, name) ? "RELAYS, AND LEFT IN THE QUEUE"
						      : "NOT IN THE CONFIGURATION",
		    "queue", (unsigned long long)s.waiting, (unsigned long long)s.aside, name);
	}
}

/* Of many, those to look at: they may be screens apart. */
static void
put_worst(struct buffer *out, const struct hl7noted *d)
{
	struct store_stats s;

	for (const struct feed *f = d->feeds; f; f = f->next) {
		if (f->line && f->line->machine.stopped)
			buffer_printf(out, "feed %s is STOPPED\n", f->name);
		else if (f->backoff || (f->line && is_waiting(f->line)))
			buffer_printf(out, "feed %s is WAITING for its receiver\n", f->name);
		if (!f->line)
			continue;
		store_stats(d->queue->store, f->number, &s);
		if (s.aside)
			buffer_printf(out, "feed %s has messages SET ASIDE\n", f->name);
	}
}

void
status_write_text(const struct hl7noted *d, struct buffer *out)
{
	unsigned long long held = d->held, dropped = log_dropped(d->log);
	const int error = log_error(d->log);
	char age[32];

	buffer_printf(out, "hl7noted %s, process %ld, %s %s\n", PACKAGE_VERSION, (long)getpid(),
	    d->draining ? "DRAINING after" : "running for",
	    age_text((now_us() - d->began) / 1000, age));
	buffer_printf(out, "%u connection%s, %llu byte%s held\n", d->connections,
	    plural(d->connections), held, plural(held));
	if (d->reload_good->value < 1)
		buffer_append(out, SPAN("the last reload was REJECTED; the log says why\n"));
	if (d->conf->log_file && !log_is_at(d->log, d->conf->log_file))
		buffer_printf(out,
		    "THE LOG is not in %s: that was renamed or removed;\n"
		    "  SIGUSR1 opens it again, where the daemon may write it\n",
		    d->conf->log_file);
	if (error)
		buffer_printf(out,
		    "THE LOG cannot be written: %s;\n"
		    "  lines wait in memory, which a restart empties\n",
		    strerrordesc_np(error));
	if (dropped)
		buffer_printf(
		    out, "%llu log line%s DROPPED\n", dropped, dropped == 1 ? " was" : "s were");
	if (d->queue)
		put_store(out, d);
	if (d->feeds && d->feeds->next)
		put_worst(out, d);
	for (const struct feed *f = d->feeds; f; f = f->next)
		put_feed(out, d, f);
	if (d->queue)
		put_unserved(out, d->queue);
}
