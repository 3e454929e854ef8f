/* SPDX-License-Identifier: MIT */
/*
 * Stands in for the fuzzer: calls the target once for each file named, or for
 * each of its corpus.  The program's own name is the target's.
 */
#include <string.h>

#include "fuzz/target.h"
#include "support/files.h"

static bool
feed(const char *path, void *ctx)
{
	bool *ok = ctx;
	struct buffer bytes;
	uint8_t *exact;

	buffer_init(&bytes, 0);
	*ok = file_read(path, &bytes) && *ok;
	/* exactly as long as the input, for a sanitizer to see reads beyond it */
	exact = calloc(bytes.end ? bytes.end : 1, 1);
	MUST(exact);
	if (bytes.end)
		memcpy(exact, bytes.data, bytes.end);
	LLVMFuzzerTestOneInput(exact, bytes.end);
	free(exact);
	buffer_finish(&bytes);
	return true;
}

static long
feed_corpus(const char *program, bool *ok)
{
	const char *slash = strrchr(program, '/'), *top = getenv("HL7_TOP");
	char folder[4096];

	snprintf(folder, sizeof(folder), "%s/tests/fuzz/corpus/%s", top ? top : ".",
	    slash ? slash + 1 : program);
	return files_below(folder, feed, ok);
}

int
main(int argc, char **argv)
{
	bool ok = true;
	long count = argc > 1 ? argc - 1 : feed_corpus(argv[0], &ok);

	for (int i = 1; i < argc; i++)
		feed(argv[i], &ok);
	printf("%ld inputs\n", count);
	return ok && count > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
