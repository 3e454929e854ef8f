/* SPDX-License-Identifier: MIT */
/*
 * The laws over generated messages.
 *
 *	generated [SEED [COUNT]]
 *
 * A broken law names the seed of its stream; `generated SEED 1` makes it again.
 */
#include <stdio.h>
#include <stdlib.h>

#include "property/generate.h"
#include "property/laws.h"

enum { STREAMS = 4000, MOST_BROKEN = 5, CUTS = 400 };

static bool
hold_one(struct laws *l, unsigned long seed)
{
	struct random r = { .state = seed };
	struct buffer stream;
	char name[40];
	bool hold;

	buffer_init(&stream, 0);
	generate_stream(&r, &stream);
	snprintf(name, sizeof(name), "seed %lu", seed);
	hold = !stream.failed && laws_hold(l, name, buffer_span(&stream));
	buffer_finish(&stream);
	return hold;
}

int
main(int argc, char **argv)
{
	unsigned long seed = argc > 1 ? strtoul(argv[1], NULL, 0) : 1;
	unsigned long count = argc > 2 ? strtoul(argv[2], NULL, 0) : STREAMS;
	struct laws *l = laws_create("mappings/b2m.xml", CUTS);
	const struct laws_counts *n;
	unsigned bad = 0;

	if (!l)
		return EXIT_FAILURE;
	for (unsigned long i = 0; i < count && bad < MOST_BROKEN; i++)
		bad += !hold_one(l, seed + i);
	n = laws_count(l);
	printf("%lu streams, %lu messages, %lu findings, %lu messages changed, %u streams bad\n",
	    n->streams, n->messages, n->findings, n->changed, bad);
	if (count == STREAMS && n->changed < n->messages / 20) {
		printf("too few messages are changed for this to be a test\n");
		bad++;
	}
	laws_destroy(l);
	return bad ? EXIT_FAILURE : EXIT_SUCCESS;
}
