/* SPDX-License-Identifier: MIT */
/*
 * Random edits of random bytes: what the writer makes is compared with the same
 * thing made one byte at a time, and proved; then every byte of it is changed in
 * turn, and the proof must fail.
 */
#include "hl7/edits.h"

#include <criterion/criterion.h>

#include "corpus.h"

enum { LONG = 120, EDITS = 6, ROOM = LONG + EDITS * LONG };

struct edited {
	char original[LONG], added[LONG], wanted[ROOM];
	struct span in;
	size_t len; /* of wanted */
	struct hl7_edits edits;
};

/* Bytes of few kinds, so that an edit often puts in what stands there already. */
static void
fill(uint32_t *seed, char *to, size_t len)
{
	for (size_t i = 0; i < len; i++)
		to[i] = "ab\r|"[corpus_random(seed) % 4];
}

static void
make(struct edited *m, uint32_t *seed)
{
	size_t len = corpus_random(seed) % LONG, at = 0, from = 0;

	fill(seed, m->original, len);
	fill(seed, m->added, LONG);
	m->in = span_of(m->original, len);
	m->len = 0;
	hl7_edits_clear(&m->edits);
	for (unsigned i = corpus_random(seed) % (EDITS + 1); i > 0; i--) {
		struct span removed, added;

		at += corpus_random(seed) % (len - at + 1) / (corpus_random(seed) % 4 + 1);
		removed = span_head(
		    span_tail(m->in, at), corpus_random(seed) % 2 ? corpus_random(seed) % 9 : 0);
		added = span_of(m->added, corpus_random(seed) % 3 ? corpus_random(seed) % 40 : 0);
		hl7_edits_add(&m->edits, at, removed, added);

		while (from < at)
			m->wanted[m->len++] = m->original[from++];
		for (size_t k = 0; k < added.len; k++)
			m->wanted[m->len++] = added.ptr[k];
		from = at += removed.len;
	}
	while (from < len)
		m->wanted[m->len++] = m->original[from++];
	cr_assert_not(m->edits.failed);
}

static void
expect_written(struct edited *m)
{
	struct iovec iov[2 * EDITS + 1];
	size_t count = hl7_edits_iovec(&m->edits, m->in, iov), at = 0;
	char out[ROOM];

	cr_assert_eq(hl7_edits_length(&m->edits, m->in), m->len);
	hl7_edits_apply(&m->edits, m->in, out);
	cr_assert(span_eq(span_of(out, m->len), span_of(m->wanted, m->len)));
	cr_assert_leq(count, 2 * m->edits.count + 1);
	for (size_t i = 0; i < count; i++) {
		cr_assert_neq(iov[i].iov_len, 0);
		cr_assert_eq(memcmp(m->wanted + at, iov[i].iov_base, iov[i].iov_len), 0);
		at += iov[i].iov_len;
	}
	cr_assert_eq(at, m->len);
	cr_assert(hl7_edits_prove(&m->edits, m->in, iov, count));
	if (count && m->edits.count)
		cr_assert_not(hl7_edits_prove(&m->edits, m->in, iov, count - 1));
}

/* The edited message in two entries, cut at `cut`. */
static bool
proved(const struct edited *m, size_t len, size_t cut)
{
	const struct iovec iov[] = { { (char *)m->wanted, cut },
		{ (char *)m->wanted + cut, len - cut } };

	return hl7_edits_prove(&m->edits, m->in, iov + (cut == 0), 2 - (cut == 0) - (cut == len));
}

static void
expect_every_byte_to_matter(struct edited *m)
{
	for (size_t i = 0; i < m->len; i++) {
		cr_assert(proved(m, m->len, i));
		m->wanted[i] ^= 1;
		cr_assert_not(proved(m, m->len, m->len - i), "byte %zu", i);
		m->wanted[i] ^= 1;
		cr_assert_not(proved(m, i, i), "cut off at %zu", i);
	}
	m->wanted[m->len] = 'x';
	cr_assert_not(proved(m, m->len + 1, 0));
}

Test(hl7_edits, are_made_and_proved)
{
	static struct edited m;
	uint32_t seed = 7;

	hl7_edits_init(&m.edits);
	for (unsigned i = 0; i < 3000; i++) {
		make(&m, &seed);
		expect_written(&m);
		expect_every_byte_to_matter(&m);
	}
	hl7_edits_finish(&m.edits);
}

Test(hl7_edits, prove_what_they_removed)
{
	static struct edited m;
	uint32_t seed = 8;

	hl7_edits_init(&m.edits);
	for (unsigned i = 0; i < 1000; i++) {
		make(&m, &seed);
		for (size_t k = 0; k < m.edits.count; k++) {
			struct hl7_edit *edit = &m.edits.list[k];
			char other[16];

			if (edit->removed.len == 0)
				continue;
			memcpy(other, edit->removed.ptr, edit->removed.len);
			edit->removed.ptr = other;
			cr_assert(proved(&m, m.len, 0));
			other[corpus_random(&seed) % edit->removed.len] ^= 1;
			cr_assert_not(proved(&m, m.len, 0));
			break;
		}
	}
	hl7_edits_finish(&m.edits);
}

Test(hl7_edits, at_one_place_stay_in_order)
{
	const struct span in = SPAN("OBX\r");
	struct hl7_edits e;
	char out[8];

	hl7_edits_init(&e);
	hl7_edits_add(&e, 4, SPAN(""), SPAN("1\r"));
	hl7_edits_add(&e, 4, SPAN(""), SPAN("2\r"));
	cr_assert_eq(hl7_edits_length(&e, in), 8);
	hl7_edits_apply(&e, in, out);
	cr_expect(span_eq(span_of(out, 8), SPAN("OBX\r1\r2\r")));
	hl7_edits_finish(&e);
}

/* Edits that cannot be right leave the message alone, and the proof says so. */
static void
expect_none_made(const struct hl7_edits *e, struct span in)
{
	struct iovec iov[8];
	char out[16];

	cr_expect_eq(hl7_edits_length(e, in), in.len);
	cr_expect_eq(hl7_edits_iovec(e, in, iov), 1);
	cr_expect(iov[0].iov_base == in.ptr && iov[0].iov_len == in.len);
	hl7_edits_apply(e, in, out);
	cr_expect(span_eq(span_of(out, in.len), in));
	cr_expect_not(hl7_edits_prove(e, in, iov, 1));
}

Test(hl7_edits, that_cannot_be_right_are_not_made)
{
	const struct span in = SPAN("abcdef");
	struct hl7_edits e;

	hl7_edits_init(&e);
	hl7_edits_add(&e, 3, SPAN(""), SPAN("x"));
	hl7_edits_add(&e, 2, SPAN(""), SPAN("y"));
	cr_expect(e.failed, "out of order");
	expect_none_made(&e, in);

	hl7_edits_clear(&e);
	hl7_edits_add(&e, 1, SPAN("bcd"), SPAN("x"));
	hl7_edits_add(&e, 3, SPAN(""), SPAN("y"));
	cr_expect(e.failed, "overlapping");
	hl7_edits_add(&e, 5, SPAN(""), SPAN("z"));
	expect_none_made(&e, in);

	hl7_edits_clear(&e);
	hl7_edits_add(&e, 5, SPAN("fg"), SPAN("x"));
	expect_none_made(&e, in);
	hl7_edits_clear(&e);
	hl7_edits_add(&e, 7, SPAN(""), SPAN("x"));
	expect_none_made(&e, in);
	hl7_edits_finish(&e);
}

Test(hl7_edits, behind_the_end_are_not_proved)
{
	struct iovec iov[] = { { (char *)"abcdef", 6 }, { (char *)"x", 1 } };
	struct hl7_edits e;

	hl7_edits_init(&e);
	hl7_edits_add(&e, 7, SPAN(""), SPAN("x"));
	cr_expect_not(hl7_edits_prove(&e, SPAN("abcdef"), iov, 2));
	hl7_edits_finish(&e);
}

Test(hl7_edits, without_any_hand_out_the_original)
{
	const struct span in = SPAN("abcdef");
	struct hl7_edits e;
	struct iovec iov[1];

	hl7_edits_init(&e);
	hl7_edits_add(&e, 3, SPAN(""), SPAN(""));
	cr_expect_eq(e.count, 0);
	cr_expect_eq(hl7_edits_iovec(&e, in, iov), 1);
	cr_expect(hl7_edits_prove(&e, in, iov, 1));
	cr_expect_eq(hl7_edits_iovec(&e, SPAN(""), iov), 0);
	cr_expect(hl7_edits_prove(&e, SPAN(""), iov, 0));
	cr_expect_not(hl7_edits_prove(&e, in, iov, 0));
	hl7_edits_finish(&e);
}
