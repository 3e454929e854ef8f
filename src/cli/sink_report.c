/* SPDX-License-Identifier: MIT */
/*
 * cli/sink_report.c - what was received, and how it was answered
 */
#include "cli/sink.h"

#include <inttypes.h>
#include <sysexits.h>
#include <unistd.h>

/* From the first message to the last. */
static uint64_t
milliseconds(const struct sink_tally *t)
{
	return t->last - t->first;
}

/* Messages a second, rounded down; 0 when the time is too short to tell. */
static uint64_t
per_second(const struct sink_tally *t)
{
	const uint64_t ms = milliseconds(t);

	return ms ? t->messages * 1000 / ms : 0;
}

static void
report_json(struct output *o, const struct sink_tally *t)
{
	const uint64_t ms = milliseconds(t);

	output_printf(o,
	    "{\"received\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"connections\":%" PRIu64
	    ",\"seconds\":%" PRIu64 ".%03u,\"per_second\":%" PRIu64,
	    t->messages, t->bytes, t->connections, ms / 1000, (unsigned)(ms % 1000), per_second(t));
	output_text(o, ",\"answered\":{");
	for (int i = 0; i < SINK_CODES; i++)
		output_printf(o, "%s\"%s\":%" PRIu64, i ? "," : "",
		    sink_code_word((enum sink_code)i), t->answers[i]);
	output_text(o, "},\"faults\":{");
	for (int i = 0; i < SINK_FAULTS; i++)
		output_printf(o, "%s\"%s\":%" PRIu64, i ? "," : "",
		    sink_fault_word((enum sink_fault)i), t->faults[i]);
	output_printf(o,
	    "},\"foreign\":%" PRIu64 ",\"broken\":%" PRIu64 ",\"junk_bytes\":%" PRIu64 "}\n",
	    t->foreign, t->broken, t->junk);
}

static void
report_text(struct output *o, const struct sink_tally *t)
{
	const uint64_t ms = milliseconds(t);
	struct output_count answers[SINK_CODES], faults[SINK_FAULTS];

	for (int i = 0; i < SINK_CODES; i++)
		answers[i] = (struct output_count){ sink_code_word((enum sink_code)i),
			t->answers[i] };
	for (int i = 0; i < SINK_FAULTS; i++)
		faults[i] = (struct output_count){ sink_fault_word((enum sink_fault)i),
			t->faults[i] };
	output_printf(o,
	    "received %" PRIu64 " message%s, %" PRIu64 " byte%s, on %" PRIu64
	    " connection%s in %" PRIu64 ".%03u s, %" PRIu64 "/s\n",
	    t->messages, plural(t->messages), t->bytes, plural(t->bytes), t->connections,
	    plural(t->connections), ms / 1000, (unsigned)(ms % 1000), per_second(t));
	output_counts(o, "answered", answers, SINK_CODES);
	output_counts(o, "faults", faults, SINK_FAULTS);
	if (t->foreign)
		output_printf(
		    o, "%" PRIu64 " frame%s held no message\n", t->foreign, plural(t->foreign));
	if (t->broken)
		output_printf(o, "%" PRIu64 " frame%s cut off or too long\n", t->broken,
		    t->broken == 1 ? " was" : "s were");
	if (t->junk)
		output_printf(o, "%" PRIu64 " byte%s between frames\n", t->junk, plural(t->junk));
}

int
sink_report(struct sink *s)
{
	static struct output out;

	if (s->options->quiet && !s->options->json)
		return s->status;
	output_init(&out, STDOUT_FILENO, "standard output");
	if (s->options->json)
		report_json(&out, &s->tally);
	else
		report_text(&out, &s->tally);
	return output_finish(&out) == EX_OK ? s->status : EX_IOERR;
}
