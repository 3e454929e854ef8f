/* SPDX-License-Identifier: MIT */
/*
 * What annotating costs, as ratios that hold on any machine.
 *
 * Panels in cache against memchr looking for CR in the same bytes, and against
 * copying them; allocations in the steady state; growth with the length of a
 * message; and growth with the number of codes a mapping claims.
 *
 *	make bench
 *	bench [panels|growth|codes]
 */
#include <stdio.h>
#include <stdlib.h>

#include "annotate/annotate.h"
#include "base/faults.h"
#include "bench/measure.h"
#include "bench/streams.h"
#include "support/files.h"

enum {
	STREAM_BYTES = 200 << 10, /* stays in a second-level cache */
	PANEL_RESULTS = 20,
	CODES = 100000,
};

/* A stream and all that is done with it. */
struct task {
	struct buffer stream;
	char *copy;
	unsigned long messages;
	struct annotator *annotator;
	struct hl7_message message;
	size_t out; /* bytes the last run handed out */
};

/* The compiler must not leave out what nobody reads. */
static volatile size_t keep;

/* ---- works ----------------------------------------------------------------------- */

static void
run_memchr(void *ctx)
{
	const struct task *t = ctx;
	const char *at = t->stream.data, *end = at + t->stream.end;
	size_t segments = 0;

	while (at < end && (at = memchr(at, '\r', (size_t)(end - at)))) {
		segments++;
		at++;
	}
	keep = segments;
}

static void
run_memcpy(void *ctx)
{
	struct task *t = ctx;

	memcpy(t->copy, t->stream.data, t->stream.end);
	keep = (unsigned char)t->copy[t->stream.end / 2];
}

static bool
next_message(struct task *t, struct span *rest)
{
	enum hl7_piece kind;
	size_t used;

	if (hl7_message_read(&t->message, *rest, &kind, &used) != 0 || kind != HL7_PIECE_MESSAGE)
		return false;
	*rest = span_tail(*rest, used);
	return true;
}

static void
run_index(void *ctx)
{
	struct task *t = ctx;
	struct span rest = buffer_span(&t->stream);

	while (next_message(t, &rest))
		keep = t->message.count;
}

static void
run_annotate(void *ctx)
{
	struct task *t = ctx;
	struct span rest = buffer_span(&t->stream);

	t->out = 0;
	t->messages = 0;
	while (next_message(t, &rest)) {
		struct annotation a;

		annotate(t->annotator, &t->message, &a);
		for (size_t i = 0; i < a.iov_count; i++)
			t->out += a.iov[i].iov_len;
		t->messages++;
	}
	keep = t->out;
}

/* ---- tasks ----------------------------------------------------------------------- */

static void
task_begin(struct task *t, const struct mapping *mapping)
{

	*t = (struct task){ .annotator = annotator_create(&mapping, 1) };
	buffer_init(&t->stream, 0);
	hl7_message_init(&t->message);
	if (!t->annotator)
		abort();
}

static void
task_end(struct task *t)
{
	annotator_destroy(t->annotator);
	hl7_message_finish(&t->message);
	buffer_finish(&t->stream);
	free(t->copy);
}

static void
task_begin_panels(struct task *t, const struct mapping *mapping, enum panel panel)
{
	task_begin(t, mapping);
	for (unsigned seed = 1; t->stream.end < STREAM_BYTES; seed++)
		stream_panel(&t->stream, panel, PANEL_RESULTS, seed);
	t->copy = calloc(t->stream.end, 1);
	if (!t->copy || t->stream.failed)
		abort();
}

/* ---- tables ---------------------------------------------------------------------- */

static const char *
verdict(double ratio, double aim)
{
	return ratio >= aim ? "reached" : "MISSED";
}

static void
panels(const char *name, const struct mapping *mapping, enum panel panel, double aim)
{
	struct task t;
	unsigned long before;
	double bytes, ratio;

	task_begin_panels(&t, mapping, panel);
	struct work works[] = { { .run = run_memchr, .ctx = &t }, { .run = run_memcpy, .ctx = &t },
		{ .run = run_index, .ctx = &t }, { .run = run_annotate, .ctx = &t } };
	measure(works, sizeof(works) / sizeof(*works), 400, 4);

	bytes = (double)t.stream.end;
	ratio = works[0].median / works[3].median;
	printf("%s: %lu messages of %.0f bytes, %+.1f %% bytes added\n", name, t.messages,
	    bytes / (double)t.messages, 100 * ((double)t.out - bytes) / bytes);
	static const char *const names[] = { "memchr for CR", "memcpy", "index", "annotate" };
	for (size_t i = 0; i < 4; i++)
		printf("    %-14s %8.3f GB/s %10.0f ns/message   %6.3f of memchr %6.3f of memcpy\n",
		    names[i], bytes / works[i].median / 1e9,
		    works[i].median / (double)t.messages * 1e9, works[0].median / works[i].median,
		    works[1].median / works[i].median);
	printf(
	    "    aim: annotate at %.2f of memchr: %s with %.3f\n", aim, verdict(ratio, aim), ratio);

	before = measure_allocations();
	run_annotate(&t);
	printf(
	    "    allocations in %lu messages: %lu\n\n", t.messages, measure_allocations() - before);
	task_end(&t);
}

static double
growth_row(const struct mapping *mapping, const char *name, enum panel panel, unsigned results,
    size_t document, double reference)
{
	struct task t;
	double each;

	task_begin(&t, mapping);
	if (document)
		stream_document(&t.stream, document);
	else
		stream_panel(&t.stream, panel, results, 1);
	struct work work = { .run = run_annotate, .ctx = &t };
	measure(&work, 1, 200, 1);
	each = work.median / (double)t.stream.end * 1e9;
	printf("    %-34s %10zu bytes %12.3f ms %8.3f ns/byte", name, t.stream.end,
	    work.median * 1e3, each);
	if (reference > 0)
		printf("   %5.2f times the first", each / reference);
	printf("\n");
	task_end(&t);
	return each;
}

static void
growth(const struct mapping *mapping)
{
	double first;

	printf("growth with the message (linear: about as many ns/byte as the first row)\n");
	first = growth_row(mapping, "500 OBX, one B2M", PANEL_B2M, 500, 0, 0);
	growth_row(mapping, "10,000 OBX, one B2M", PANEL_B2M, 10000, 0, first);
	growth_row(mapping, "100,000 OBX, one B2M", PANEL_B2M, 100000, 0, first);
	growth_row(mapping, "a document of 5 MB", PANEL_B2M, 0, 5000000, first);
	first = growth_row(mapping, "500 OBX, all B2M", PANEL_ALL_B2M, 500, 0, 0);
	growth_row(mapping, "10,000 OBX, all B2M", PANEL_ALL_B2M, 10000, 0, first);
	growth_row(mapping, "100,000 OBX, all B2M", PANEL_ALL_B2M, 100000, 0, first);
	printf("\n");
}

/* The shipped mapping with one observation more, which claims very many codes. */
static void
write_large_mapping(struct buffer *out)
{
	const char *top = getenv("HL7_TOP");
	struct buffer shipped;
	struct span rest;
	char path[4096], *at;

	snprintf(path, sizeof(path), "%s/mappings/b2m.xml", top ? top : ".");
	buffer_init(&shipped, 0);
	if (!file_read(path, &shipped))
		exit(EXIT_FAILURE);
	buffer_append_char(&shipped, '\0');
	at = strstr(shipped.data, "<observation ");
	if (!at)
		abort();
	rest = span_of(at, (size_t)(shipped.data + shipped.end - 1 - at));
	buffer_append(out, span_of(shipped.data, (size_t)(at - shipped.data)));
	buffer_append(out, SPAN("<quantity id='bench' unit='mg/L'><unit name='mg/L' factor='1'/>"
				"</quantity>\n<observation id='bench' label='bench' unit='mg/L'>"
				"<codes quantity='bench' system='LN'>\n"));
	for (unsigned i = 0; i < CODES; i++)
		buffer_printf(out, "<code>%u-%u</code>\n", 800000 + i, i % 10);
	buffer_append(out, SPAN("</codes></observation>\n"));
	buffer_append(out, rest);
	buffer_finish(&shipped);
}

static struct mapping *
load_large(void)
{
	struct faults faults;
	struct buffer bytes;
	struct mapping *m;
	double from;

	buffer_init(&bytes, 0);
	faults_init(&faults, "generated");
	write_large_mapping(&bytes);
	from = measure_now();
	m = mapping_create(buffer_span(&bytes), &faults);
	printf("    a mapping with %d codes more (%zu bytes) loads in %.0f ms\n", CODES, bytes.end,
	    (measure_now() - from) * 1e3);
	if (!m)
		faults_print(&faults, stderr);
	faults_finish(&faults);
	buffer_finish(&bytes);
	return m;
}

static void
codes_row(
    const char *name, const struct mapping *shipped, const struct mapping *large, enum panel panel)
{
	struct task few, many;

	task_begin_panels(&few, shipped, panel);
	task_begin_panels(&many, large, panel);
	struct work works[] = { { .run = run_annotate, .ctx = &few },
		{ .run = run_annotate, .ctx = &many } };
	measure(works, 2, 400, 2);
	printf("    %-28s %8.0f ns/message shipped, %8.0f with more codes: %5.2f times\n", name,
	    works[0].median / (double)few.messages * 1e9,
	    works[1].median / (double)many.messages * 1e9, works[1].median / works[0].median);
	task_end(&few);
	task_end(&many);
}

static void
codes(const struct mapping *shipped)
{
	struct mapping *large;

	printf("growth with the number of mapped codes (none: about once the time)\n");
	large = load_large();
	if (!large)
		return;
	codes_row("panels with B2M", shipped, large, PANEL_B2M);
	codes_row("panels without", shipped, large, PANEL_OTHERS);
	mapping_destroy(large);
}

static bool
asked_for(int argc, char **argv, const char *what)
{
	return argc < 2 || strcmp(argv[1], what) == 0;
}

int
main(int argc, char **argv)
{
	struct mapping *shipped = mapping_load("mappings/b2m.xml");

	if (!shipped)
		return EXIT_FAILURE;
	measure_pin();
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (asked_for(argc, argv, "panels")) {
		panels("panels of 20 with one B2M", shipped, PANEL_B2M, 0.15);
		panels("panels of 20 without B2M", shipped, PANEL_OTHERS, 0.30);
	}
	if (asked_for(argc, argv, "growth"))
		growth(shipped);
	if (asked_for(argc, argv, "codes"))
		codes(shipped);
	mapping_destroy(shipped);
	return EXIT_SUCCESS;
}
