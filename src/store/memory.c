/* SPDX-License-Identifier: MIT */
/*
 * The twin for tests: an array in order of seq.  What a transaction changed is kept
 * beside it until the commit, newest last, and put back from there on a rollback.
 */
#include "store/backend.h"

#include <errno.h>
#include <stdlib.h>

struct row {
	struct store_record r;
	struct store_body *body; /* NULL: taken away */
};

struct feed {
	char *name;
	size_t name_len;
	uint64_t cursor;
};

/* How a thing was before. */
struct undo {
	enum { UNDO_FEED, UNDO_CURSOR, UNDO_PUT, UNDO_ROW } kind;
	unsigned feed;
	uint64_t cursor;
	struct row row; /* holds its body */
};

struct memory {
	struct store_backend base;
	struct row *row;
	size_t rows, row_room;
	struct feed *feed; /* by number - 1 */
	size_t feeds;
	struct undo *undo;
	size_t undos, undo_room;
};

static struct memory *
memory_of(struct store_backend *b)
{
	return (struct memory *)b;
}

/* ---- rows ----------------------------------------------------------------------------------- */

/* The first row with a greater seq. */
static size_t
row_after(const struct memory *m, uint64_t seq)
{
	size_t low = 0, high = m->rows;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (m->row[mid].r.seq > seq)
			high = mid;
		else
			low = mid + 1;
	}
	return low;
}

static struct row *
row_find(const struct memory *m, uint64_t seq)
{
	size_t at = row_after(m, seq);

	return at && m->row[at - 1].r.seq == seq && m->row[at - 1].body ? &m->row[at - 1] : NULL;
}

/* The list, with room for one more; NULL without memory: it stays as it is then. */
static void *
room_for(void *list, size_t *room, size_t count, size_t each)
{
	size_t more = *room ? 2 * *room : 64;
	void *moved;

	if (count < *room)
		return list;
	moved = reallocarray(list, more, each);
	if (moved)
		*room = more;
	return moved;
}

static int
remember(struct memory *m, const struct undo *u)
{
	struct undo *list = room_for(m->undo, &m->undo_room, m->undos, sizeof(*list));

	if (!list)
		return -ENOMEM;
	m->undo = list;
	list[m->undos++] = *u;
	return 0;
}

static int
remember_row(struct memory *m, const struct row *row)
{
	struct undo u = { .kind = UNDO_ROW, .row = *row };
	int error = remember(m, &u);

	if (!error)
		store_body_hold(row->body);
	return error;
}

/* ---- transactions --------------------------------------------------------------------------- */

static int
begin(struct store_backend *b)
{
	(void)b;
	return 0;
}

static int
commit(struct store_backend *b)
{
	struct memory *m = memory_of(b);

	while (m->undos)
		store_body_drop(m->undo[--m->undos].row.body);
	return 0;
}

static void
put_back(struct memory *m, struct undo *u)
{
	struct row *row;

	switch (u->kind) {
	case UNDO_FEED:
		free(m->feed[--m->feeds].name);
		return;
	case UNDO_CURSOR:
		m->feed[u->feed - 1].cursor = u->cursor;
		return;
	case UNDO_PUT:
		store_body_drop(m->row[--m->rows].body);
		return;
	case UNDO_ROW:
		row = &m->row[row_after(m, u->row.r.seq) - 1];
		store_body_drop(row->body);
		*row = u->row;
	}
}

static void
rollback(struct store_backend *b)
{
	struct memory *m = memory_of(b);

	while (m->undos)
		put_back(m, &m->undo[--m->undos]);
}

/* ---- writing -------------------------------------------------------------------------------- */

static int
add_feed(struct store_backend *b, unsigned feed, struct span name)
{
	struct memory *m = memory_of(b);
	const struct undo u = { .kind = UNDO_FEED };
	struct feed *list;
	char *copy;

	if (feed != m->feeds + 1)
		return -EINVAL;
	list = reallocarray(m->feed, m->feeds + 1, sizeof(*list));
	if (!list)
		return -ENOMEM;
	m->feed = list;
	copy = malloc(name.len + 1);
	if (!copy || remember(m, &u)) {
		free(copy);
		return -ENOMEM;
	}
	memcpy(copy, name.ptr, name.len);
	m->feed[m->feeds++] = (struct feed){ copy, name.len, 0 };
	return 0;
}

static int
set_cursor(struct store_backend *b, unsigned feed, uint64_t seq)
{
	struct memory *m = memory_of(b);
	const struct undo u = { UNDO_CURSOR, feed, m->feed[feed - 1].cursor, { .body = NULL } };
	int error = remember(m, &u);

	if (!error)
		m->feed[feed - 1].cursor = seq;
	return error;
}

static int
put(struct store_backend *b, const struct store_record *r, struct span body)
{
	struct memory *m = memory_of(b);
	const struct undo u = { .kind = UNDO_PUT };
	struct store_body *copy = store_body_create(body.ptr, body.len);
	struct row *list = room_for(m->row, &m->row_room, m->rows, sizeof(*list));

	if (list)
		m->row = list;
	if (!copy || !list || remember(m, &u)) {
		store_body_drop(copy);
		return -ENOMEM;
	}
	list[m->rows++] = (struct row){ *r, copy };
	return 0;
}

static int
mark(struct store_backend *b, uint64_t seq, int state, const struct store_tries *tries,
    const char *word)
{
	struct row *row = row_find(memory_of(b), seq);
	int error = row ? remember_row(memory_of(b), row) : -ENOENT;

	if (error)
		return error;
	row->r.state = state;
	row->r.tries = *tries;
	for (size_t i = 0; word && i < sizeof(row->r.word); i++) {
		row->r.word[i] = word[i];
		if (!word[i])
			break;
	}
	return 0;
}

static int
take(struct store_backend *b, uint64_t seq)
{
	struct row *row = row_find(memory_of(b), seq);
	int error = row ? remember_row(memory_of(b), row) : -ENOENT;

	if (error)
		return error;
	store_body_drop(row->body);
	row->body = NULL;
	return 0;
}

/* ---- reading -------------------------------------------------------------------------------- */

static int
find(struct store_backend *b, uint64_t seq, struct store_record *ret)
{
	const struct row *row = row_find(memory_of(b), seq);

	if (row)
		*ret = row->r;
	return row != NULL;
}

static int
body_of(struct store_backend *b, uint64_t seq, struct store_body **ret)
{
	const struct row *row = row_find(memory_of(b), seq);

	if (!row)
		return -ENOENT;
	*ret = store_body_hold(row->body);
	return 0;
}

static int
scan(struct store_backend *b, const struct store_range *range, store_visit *visit, void *ctx)
{
	const struct memory *m = memory_of(b);

	for (size_t i = row_after(m, range->after); i < m->rows; i++) {
		const struct row *row = &m->row[i];

		if (row->r.seq > range->upto)
			break;
		if (!row->body || (range->feed && row->r.feed != range->feed) ||
		    (range->state != RECORD_ANY && row->r.state != range->state))
			continue;
		if (!visit(ctx, &row->r))
			break;
	}
	return 0;
}

static int
feeds(struct store_backend *b, store_visit_feed *visit, void *ctx)
{
	const struct memory *m = memory_of(b);

	for (size_t i = 0; i < m->feeds; i++)
		visit(ctx, (unsigned)i + 1, span_of(m->feed[i].name, m->feed[i].name_len),
		    m->feed[i].cursor);
	return 0;
}

struct sum {
	uint64_t count, bytes;
};

static bool
sum_plain(void *ctx, const struct store_record *r)
{
	struct sum *sum = ctx;

	if (r->state == RECORD_PLAIN) {
		sum->count++;
		sum->bytes += r->size;
	}
	return true;
}

static int
tally(struct store_backend *b, const struct store_range *range, uint64_t *ret_count,
    uint64_t *ret_bytes)
{
	struct sum sum = { 0, 0 };

	scan(b, range, sum_plain, &sum);
	*ret_count = sum.count;
	*ret_bytes = sum.bytes;
	return 0;
}

/* ---- house ---------------------------------------------------------------------------------- */

/* Rows taken away are let go of when nothing refers to their place. */
static int
tidy(struct store_backend *b, bool idle)
{
	struct memory *m = memory_of(b);
	size_t kept = 0;

	if (!idle || m->undos)
		return 0;
	for (size_t i = 0; i < m->rows; i++)
		if (m->row[i].body)
			m->row[kept++] = m->row[i];
	m->rows = kept;
	return 0;
}

static int
present(struct store_backend *b)
{
	(void)b;
	return 0;
}

static int
room(struct store_backend *b, struct store_room *ret)
{
	const struct memory *m = memory_of(b);

	*ret = (struct store_room){ 0, 0 };
	for (size_t i = 0; i < m->rows; i++)
		ret->used += m->row[i].body ? m->row[i].r.size : 0;
	return 0;
}

static int
copy(struct store_backend *b, const char *path, uint64_t *pages)
{
	(void)b, (void)path, (void)pages;
	return -ENOTSUP;
}

static void
copy_end(struct store_backend *b)
{
	(void)b;
}

static void
close_memory(struct store_backend *b)
{
	struct memory *m = memory_of(b);

	rollback(b);
	for (size_t i = 0; i < m->rows; i++)
		store_body_drop(m->row[i].body);
	for (size_t i = 0; i < m->feeds; i++)
		free(m->feed[i].name);
	free(m->row);
	free(m->feed);
	free(m->undo);
	free(m);
}

static const struct store_backend_ops memory_ops = { begin, commit, rollback, add_feed, set_cursor,
	put, mark, take, find, body_of, scan, feeds, tally, tidy, present, room, copy, copy_end,
	close_memory };

struct store_backend *
store_memory_create(void)
{
	struct memory *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	m->base.ops = &memory_ops;
	return &m->base;
}
