/* SPDX-License-Identifier: MIT */
/*
 * All of it is one walk over the edits in order of place, with a cursor in the
 * original:
 *
 *   original  |----------|xxxx|-----|--------|
 *              kept       removed    kept
 *   edited    |----------|yyyyyyyy|-----|zzz|--------|
 *              kept       added    kept  added
 *
 * Edits that cannot be right are not made in part: the message stays as it is.
 */
#include "hl7/edits.h"

#include <stdint.h>
#include <stdlib.h>

enum { FIRST_ROOM = 16 };

void
hl7_edits_init(struct hl7_edits *e)
{
	*e = (struct hl7_edits){ 0 };
}

void
hl7_edits_finish(struct hl7_edits *e)
{
	free(e->list);
	hl7_edits_init(e);
}

void
hl7_edits_clear(struct hl7_edits *e)
{
	e->count = 0;
	e->failed = false;
}

/* Where the last edit stops in the original. */
static size_t
edits_end(const struct hl7_edits *e)
{
	const struct hl7_edit *last;

	if (e->count == 0)
		return 0;
	last = &e->list[e->count - 1];
	return last->at + last->removed.len;
}

static bool
edits_grow(struct hl7_edits *e)
{
	size_t size = e->size ? 2 * e->size : FIRST_ROOM;
	struct hl7_edit *list = reallocarray(e->list, size, sizeof(*list));

	if (!list)
		return false;
	e->list = list;
	e->size = size;
	return true;
}

void
hl7_edits_add(struct hl7_edits *e, size_t at, struct span removed, struct span added)
{
	if (e->failed || (removed.len == 0 && added.len == 0))
		return;
	if (at < edits_end(e) || removed.len > SIZE_MAX - at ||
	    (e->count == e->size && !edits_grow(e))) {
		e->failed = true;
		return;
	}
	e->list[e->count++] = (struct hl7_edit){ at, removed, added };
}

/* Edits to make: none when they failed or belong to a longer message. */
static size_t
edits_to_make(const struct hl7_edits *e, struct span original)
{
	return e->failed || edits_end(e) > original.len ? 0 : e->count;
}

size_t
hl7_edits_length(const struct hl7_edits *e, struct span original)
{
	size_t count = edits_to_make(e, original), len = original.len;

	for (size_t i = 0; i < count; i++)
		len = len - e->list[i].removed.len + e->list[i].added.len;
	return len;
}

static size_t
iovec_put(struct iovec *iov, size_t n, struct span bytes)
{
	if (bytes.len == 0)
		return n;
	iov[n] = (struct iovec){ (void *)bytes.ptr, bytes.len };
	return n + 1;
}

size_t
hl7_edits_iovec(const struct hl7_edits *e, struct span original, struct iovec *ret)
{
	size_t count = edits_to_make(e, original), from = 0, n = 0;

	for (size_t i = 0; i < count; i++) {
		const struct hl7_edit *edit = &e->list[i];

		n = iovec_put(ret, n, span_of(original.ptr + from, edit->at - from));
		n = iovec_put(ret, n, edit->added);
		from = edit->at + edit->removed.len;
	}
	return iovec_put(ret, n, span_tail(original, from));
}

static char *
put(char *out, struct span bytes)
{
	if (bytes.len)
		memcpy(out, bytes.ptr, bytes.len);
	return out + bytes.len;
}

void
hl7_edits_apply(const struct hl7_edits *e, struct span original, char *out)
{
	size_t count = edits_to_make(e, original), from = 0;

	for (size_t i = 0; i < count; i++) {
		const struct hl7_edit *edit = &e->list[i];

		out = put(out, span_of(original.ptr + from, edit->at - from));
		out = put(out, edit->added);
		from = edit->at + edit->removed.len;
	}
	put(out, span_tail(original, from));
}

/* ---- the proof -------------------------------------------------------------- */

/* What is left of the bytes an iovec hands out. */
struct stream {
	const struct iovec *iov, *end;
	size_t used; /* of *iov */
};

/* Takes bytes that must be these.  The very same place in memory needs no second look. */
static bool
stream_take_anew(struct stream *s, struct span bytes)
{
	while (bytes.len) {
		const char *here;
		size_t len;

		if (s->iov == s->end)
			return false;
		here = (const char *)s->iov->iov_base + s->used;
		len = s->iov->iov_len - s->used;
		if (len > bytes.len)
			len = bytes.len;
		if (here != bytes.ptr && memcmp(here, bytes.ptr, len) != 0)
			return false;
		bytes = span_tail(bytes, len);
		s->used += len;
		if (s->used == s->iov->iov_len) {
			s->iov++;
			s->used = 0;
		}
	}
	return true;
}

/* Mostly they are all of the next entry, in the same place. */
static inline bool
stream_take(struct stream *s, struct span bytes)
{
	if (s->iov == s->end || s->used || s->iov->iov_base != bytes.ptr ||
	    s->iov->iov_len != bytes.len)
		return stream_take_anew(s, bytes);
	s->iov++;
	return true;
}

bool
hl7_edits_prove(
    const struct hl7_edits *e, struct span original, const struct iovec *iov, size_t count)
{
	struct stream s = { iov, iov + count, 0 };
	struct span rest = original;
	size_t from = 0;

	if (e->failed)
		return false;
	for (size_t i = 0; i < e->count; i++) {
		const struct hl7_edit *edit = &e->list[i];
		struct span kept = span_head(rest, edit->at - from);

		if (kept.len < edit->at - from || !stream_take(&s, kept) ||
		    !stream_take(&s, edit->added))
			return false;
		rest = span_tail(rest, kept.len);
		if (!span_eq(span_head(rest, edit->removed.len), edit->removed))
			return false;
		rest = span_tail(rest, edit->removed.len);
		from = edit->at + edit->removed.len;
	}
	return stream_take(&s, rest) && s.iov == s.end;
}
