/* SPDX-License-Identifier: MIT */
/*
 * cli/send_report.c - the summary, for people and for machines
 */
#include "cli/send.h"

#include <inttypes.h>
#include <sysexits.h>
#include <unistd.h>

#include "cli/output.h"

static const char *const codes[SEND_CODES] = {
	[SEND_AA] = "AA",
	[SEND_AE] = "AE",
	[SEND_AR] = "AR",
	[SEND_CA] = "CA",
	[SEND_CE] = "CE",
	[SEND_CR] = "CR",
	[SEND_OTHER] = "other",
};

static const struct {
	unsigned thousandths;
	const char *word, *member;
} points[] = {
	{ 500, "p50", "p50" },
	{ 900, "p90", "p90" },
	{ 990, "p99", "p99" },
	{ 999, "p99.9", "p99_9" },
	{ 1000, "max", "max" },
};
enum { POINTS = sizeof(points) / sizeof(points[0]) };

static uint64_t
microseconds(const struct send_tally *t)
{
	return (t->end - t->begin) / 1000;
}

static uint64_t
per_second(const struct send_tally *t)
{
	const uint64_t us = microseconds(t);

	return us ? (uint64_t)((unsigned __int128)t->sent * 1000000 / us) : 0;
}

/* ---- for people --------------------------------------------------------------------------- */

static void
put_latency(struct output *o, const char *what, const struct histogram *h)
{
	if (h->count == 0)
		return;
	output_text(o, what);
	for (size_t i = 0; i < POINTS; i++) {
		const uint64_t us = histogram_at(h, points[i].thousandths) / 1000;

		output_printf(o, "%s %s %" PRIu64 ".%03u ms", i ? "," : "", points[i].word,
		    us / 1000, (unsigned)(us % 1000));
	}
	output_text(o, "\n");
}

static void
report_text(struct output *o, const struct send_tally *t)
{
	const uint64_t ms = microseconds(t) / 1000;
	const struct output_count troubles[] = {
		{ "wrong control ID", t->wrong_id },
		{ "unreadable answer", t->unreadable },
		{ "timed out", t->timed_out },
		{ "connection lost", t->lost },
		{ "answer to nothing in flight", t->unasked },
		{ "connect error", t->connect_errors },
	};
	const struct output_count others[] = {
		{ "sent again", t->resent },
		{ "asked for no answer", t->not_awaited },
	};
	struct output_count answers[SEND_CODES];

	for (size_t i = 0; i < SEND_CODES; i++)
		answers[i] = (struct output_count){ codes[i], t->answered[i] };
	output_printf(o,
	    "sent %" PRIu64 " message%s, %" PRIu64 " byte%s, on %" PRIu64
	    " connection%s in %" PRIu64 ".%03u s, %" PRIu64 "/s\n",
	    t->sent, plural(t->sent), t->bytes, plural(t->bytes), t->connections,
	    plural(t->connections), ms / 1000, (unsigned)(ms % 1000), per_second(t));
	output_counts(o, "answered", answers, SEND_CODES);
	output_counts(o, "trouble:", troubles, sizeof(troubles) / sizeof(troubles[0]));
	output_counts(o, "of them:", others, sizeof(others) / sizeof(others[0]));
	put_latency(o, "latency", &t->latency);
	put_latency(o, "since due", &t->since_due);
}

/* ---- for machines ------------------------------------------------------------------------- */

static void
put_members(struct output *o, const struct send_tally *t)
{
	const struct output_count members[] = {
		{ "wrong_id", t->wrong_id },
		{ "unreadable", t->unreadable },
		{ "timed_out", t->timed_out },
		{ "lost", t->lost },
		{ "not_awaited", t->not_awaited },
		{ "unasked", t->unasked },
		{ "resent", t->resent },
		{ "connect_errors", t->connect_errors },
		{ "failed", t->failed },
	};

	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		output_printf(o, ",\"%s\":%" PRIu64, members[i].word, members[i].count);
}

static void
put_points(struct output *o, const char *name, const struct histogram *h)
{
	output_printf(o, ",\"%s\":{", name);
	for (size_t i = 0; i < POINTS; i++) {
		const uint64_t ns = histogram_at(h, points[i].thousandths);

		output_printf(o, "%s\"%s\":%" PRIu64 ".%03u", i ? "," : "", points[i].member,
		    ns / 1000, (unsigned)(ns % 1000));
	}
	output_text(o, "}");
}

static void
report_json(struct output *o, const struct send_tally *t, bool paced)
{
	const uint64_t us = microseconds(t);

	output_printf(o,
	    "{\"sent\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"connections\":%" PRIu64
	    ",\"seconds\":%" PRIu64 ".%06u,\"per_second\":%" PRIu64 ",\"answered\":{",
	    t->sent, t->bytes, t->connections, us / 1000000, (unsigned)(us % 1000000),
	    per_second(t));
	for (size_t i = 0; i < SEND_CODES; i++)
		output_printf(o, "%s\"%s\":%" PRIu64, i ? "," : "", codes[i], t->answered[i]);
	output_text(o, "}");
	put_members(o, t);
	put_points(o, "latency_us", &t->latency);
	if (paced)
		put_points(o, "since_due_us", &t->since_due);
	else
		output_text(o, ",\"since_due_us\":null");
	output_text(o, "}\n");
}

int
send_report(const struct send_run *r, int status)
{
	static struct output out;

	if (r->options->quiet && !r->options->json && status == EX_OK)
		return status;
	output_init(&out, STDOUT_FILENO, "standard output");
	if (r->options->json)
		report_json(&out, &r->tally, r->options->rate > 0);
	else
		report_text(&out, &r->tally);
	return output_finish(&out) == EX_OK ? status : EX_IOERR;
}
