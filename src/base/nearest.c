/* SPDX-License-Identifier: MIT */
/*
 * Edit distance by one row of its table; words that are long are no slips of another.
 */
#include "base/nearest.h"

#include <stdio.h>

#include "base/ascii.h"

enum { MOST_WORD = 64, NEAR = 2 };

static size_t
least(size_t a, size_t b, size_t c)
{
	size_t m = a < b ? a : b;

	return m < c ? m : c;
}

/* Letters to insert, remove or replace to make one word of the other, in any case. */
static size_t
distance(struct span a, struct span b)
{
	size_t row[MOST_WORD + 1];

	for (size_t j = 0; j <= b.len; j++)
		row[j] = j;
	for (size_t i = 1; i <= a.len; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= b.len; j++) {
			size_t above = row[j];

			row[j] = least(above + 1, row[j - 1] + 1,
			    diagonal + (ascii_lower(a.ptr[i - 1]) != ascii_lower(b.ptr[j - 1])));
			diagonal = above;
		}
	}
	return row[b.len];
}

const char *
nearest_word(struct span word, const char *const *known, size_t count)
{
	const char *best = NULL;
	size_t nearest = NEAR + 1;

	if (word.len > MOST_WORD)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		struct span k = span_str(known[i]);
		size_t d = k.len > MOST_WORD ? nearest : distance(word, k);

		if (d < nearest && 2 * d < (k.len > word.len ? k.len : word.len)) {
			nearest = d;
			best = known[i];
		}
	}
	return best;
}

size_t
nearest_begun(struct span word, const char *const *known, size_t count, char *text, size_t size)
{
	size_t found = 0, used = 0;

	for (size_t i = 0; i < count; i++) {
		if (!span_eq(span_head(span_str(known[i]), word.len), word))
			continue;
		if (used < size)
			used += (size_t)snprintf(
			    text + used, size - used, "%s--%s", found ? ", " : "", known[i]);
		found++;
	}
	return found;
}
