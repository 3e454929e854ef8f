/* SPDX-License-Identifier: MIT */
/*
 * One place a set of rules.  A place that serves the message at hand is not given
 * to another block before the message has gone.
 */
#include "annotate/blocks.h"

#include <stdlib.h>

#include "base/hash.h"

void
blocks_finish(struct blocks *b)
{
	for (size_t i = 0; i < BLOCKS; i++)
		free(b->list[i].text);
}

static void
forget_all(struct blocks *b)
{
	for (size_t i = 0; i < BLOCKS; i++)
		b->list[i].len = 0;
}

void
blocks_begin(struct blocks *b, const struct hl7_delims *delims, enum hl7_charset charset)
{
	b->message++;
	if (memcmp(&b->delims, delims, sizeof(*delims)) == 0 && b->charset == charset)
		return;
	b->delims = *delims;
	b->charset = charset;
	forget_all(b);
}

static struct block *
place_of(struct blocks *b, const struct finding *f)
{
	uint64_t hash = 0;

	for (unsigned i = 0; i < f->fired_count; i++)
		hash = (hash + f->fired[i].rule->index + 1) * HASH_SPREAD;
	return &b->list[(hash >> 32) % BLOCKS]; /* the upper half depends on all of them */
}

static bool
is_same(const struct block *block, const struct finding *f, bool flag, struct span end)
{
	if (!block->len || block->mapping != f->mapping || block->fired_count != f->fired_count ||
	    block->flag_rule != (flag ? f->flag_rule : NULL) ||
	    !span_eq(span_of(block->end, block->end_len), end))
		return false;
	for (unsigned i = 0; i < f->fired_count; i++) {
		if (block->fired[i].rule != f->fired[i].rule ||
		    block->fired[i].how != f->fired[i].how)
			return false;
	}
	return true;
}

struct span
blocks_find(
    struct blocks *b, const struct finding *f, bool flag, struct span end, unsigned *ret_lines)
{
	struct block *block = place_of(b, f);

	if (!is_same(block, f, flag, end))
		return (struct span){ 0 };
	block->used = b->message;
	*ret_lines = block->lines;
	return span_of(block->text, block->len);
}

static bool
make_room(struct block *block, size_t len)
{
	char *text;

	if (len <= block->size)
		return true;
	text = realloc(block->text, len);
	if (!text)
		return false;
	block->text = text;
	block->size = len;
	return true;
}

void
blocks_add(struct blocks *b, const struct finding *f, bool flag, struct span end, struct span text,
    unsigned lines)
{
	struct block *block = place_of(b, f);

	if (block->used == b->message || f->fired_count > BLOCK_RULES || text.len > BLOCK_MOST ||
	    end.len > sizeof(block->end) || !make_room(block, text.len))
		return;
	block->mapping = f->mapping;
	block->flag_rule = flag ? f->flag_rule : NULL;
	block->fired_count = f->fired_count;
	memcpy(block->fired, f->fired, f->fired_count * sizeof(*f->fired));
	block->end_len = (unsigned char)end.len;
	memcpy(block->end, end.ptr, end.len);
	block->lines = lines;
	memcpy(block->text, text.ptr, text.len);
	block->len = text.len;
}
