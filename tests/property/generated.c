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

static unsigned
hold_all(const struct laws_set *set, unsigned long seed, unsigned long count)
{
	struct laws *l = laws_create(set, CUTS);
	const struct laws_counts *n;
	unsigned bad = 0;

	if (!l)
		return 1;
	for (unsigned long i = 0; i < count && bad < MOST_BROKEN; i++)
		bad += !hold_one(l, seed + i);
	n = laws_count(l);
	printf(
	    "%s: %lu streams, %lu messages, %lu findings, %lu messages changed, %u streams bad\n",
	    set->name, n->streams, n->messages, n->findings, n->changed, bad);
	if (count == STREAMS && n->changed < n->messages / 20) {
		printf("too few messages are changed for this to be a test\n");
		bad++;
	}
	laws_destroy(l);
	return bad;
}

int
main(int argc, char **argv)
{
	unsigned long seed = argc > 1 ? strtoul(argv[1], NULL, 0) : 1;
	unsigned long count = argc > 2 ? strtoul(argv[2], NULL, 0) : STREAMS;
	unsigned bad = 0;

	for (size_t i = 0; i < LAWS_SETS; i++)
		bad += hold_all(&laws_sets[i], seed, count);
	return bad ? EXIT_FAILURE : EXIT_SUCCESS;
}
