/* SPDX-License-Identifier: MIT */
/*
 * The laws over files of messages: the samples, and the corpus of real messages
 * when there is one.  The Makefile builds this once for each and says with
 * FOLDER_FROM which variable names the folder.
 *
 *	messages [FOLDER]
 */
#include <stdio.h>
#include <stdlib.h>

#include "property/laws.h"
#include "property/plant.h"
#include "support/files.h"

enum {
	SKIP = 77, /* to Automake: the test did not run */
	CUTS = 200,
};

struct run {
	struct laws *laws;
	unsigned bad;
};

static bool
is_message(const char *path)
{
	struct span p = span_str(path);

	return p.len > 4 && (span_eq(span_tail(p, p.len - 4), SPAN(".hl7")) ||
				span_eq(span_tail(p, p.len - 5), SPAN(".mllp")));
}

/* The file as it is, and with some or all results turned into ones that the mappings know. */
static bool
hold_all(struct run *run, const char *path, struct span stream)
{
	static const unsigned every[] = { 1, 3 };
	bool hold = laws_hold(run->laws, path, stream);

	for (size_t i = 0; i < sizeof(every) / sizeof(*every); i++) {
		struct buffer planted;
		char name[4200];

		snprintf(name, sizeof(name), "%s, planted in every result %u", path, every[i]);
		buffer_init(&planted, 0);
		plant(stream, every[i], &planted);
		hold = laws_hold(run->laws, name, buffer_span(&planted)) && hold;
		buffer_finish(&planted);
	}
	return hold;
}

static bool
hold_file(const char *path, void *ctx)
{
	struct run *run = ctx;
	struct buffer bytes;

	if (!is_message(path))
		return true;
	buffer_init(&bytes, 0);
	if (!file_read(path, &bytes) || !hold_all(run, path, buffer_span(&bytes)))
		run->bad++;
	buffer_finish(&bytes);
	return true;
}

static const char *
folder_named(int argc, char **argv, char *buf, size_t size)
{
	const char *from = getenv(FOLDER_FROM);

	if (argc > 1)
		return argv[1];
	if (!from)
		return NULL;
	snprintf(buf, size, "%s%s", from, FOLDER_BELOW);
	return buf;
}

/* Files read; -1 when there is no such folder. */
static long
hold_folder(const struct laws_set *set, const char *folder, unsigned *bad)
{
	struct run run = { .laws = laws_create(set, CUTS) };
	const struct laws_counts *n;
	long files;

	if (!run.laws) {
		++*bad;
		return 0;
	}
	files = files_below(folder, hold_file, &run);
	n = laws_count(run.laws);
	printf(
	    "%s, %s: %lu streams, %lu messages, %lu findings, %lu messages changed, %u files bad\n",
	    folder, set->name, n->streams, n->messages, n->findings, n->changed, run.bad);
	laws_destroy(run.laws);
	*bad += run.bad;
	return files;
}

int
main(int argc, char **argv)
{
	char buf[4096];
	const char *folder = folder_named(argc, argv, buf, sizeof(buf));
	unsigned bad = 0;
	long files = folder ? 0 : -1;

	for (size_t i = 0; i < LAWS_SETS && files >= 0; i++)
		files = hold_folder(&laws_sets[i], folder, &bad);
	if (files < 0) {
		printf("skipped: there are no messages here\n");
		return SKIP;
	}
	return bad ? EXIT_FAILURE : EXIT_SUCCESS;
}
