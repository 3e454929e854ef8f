/* SPDX-License-Identifier: MIT */
/* The memory of resends against a list that is searched from end to end. */
#include "store/resend.h"

#include <criterion/criterion.h>

#include "store/hash.h"
#include "support/random.h"

enum { STEPS = 20000, MOST = 300 };

static struct store_seen list[STEPS];
static size_t begin, end;

static const struct store_seen *
naive_find(uint64_t key, uint64_t bytes)
{
	for (size_t i = end; i > begin; i--)
		if (list[i - 1].key == key && list[i - 1].bytes == bytes)
			return &list[i - 1];
	return NULL;
}

static bool
naive_knows(uint64_t key)
{
	for (size_t i = end; i > begin; i--)
		if (list[i - 1].key == key)
			return true;
	return false;
}

static void
compare(const struct store_resend *r, uint64_t key, uint64_t bytes)
{
	const struct store_seen *a = store_resend_find(r, key, bytes), *b = naive_find(key, bytes);

	cr_assert_eq(a == NULL, b == NULL, "key %lu, bytes %lu", (long)key, (long)bytes);
	cr_assert(!a || a->seq == b->seq);
	cr_assert_eq(store_resend_knows(r, key, 0), naive_knows(key));
}

Test(resend, finds_what_a_list_would_find)
{
	/* few keys, few bytes: much that is alike; many: much that is driven out */
	static const unsigned kinds[] = { 3, 40, 5000 };

	for (size_t k = 0; k < sizeof(kinds) / sizeof(*kinds); k++) {
		struct random random = { k };
		struct store_resend r;

		store_resend_init(&r, MOST, 99 + k);
		begin = end = 0;
		for (unsigned i = 0; i < STEPS; i++) {
			uint64_t key = 1 + random_below(&random, kinds[k]);
			uint64_t bytes = random_below(&random, kinds[k]);

			compare(&r, key, bytes);
			if (naive_find(key, bytes))
				continue; /* as the store does: a resend is not queued */
			list[end] = (struct store_seen){ key, bytes, i + 1, i };
			store_resend_add(&r, &list[end++]);
			if (end - begin > MOST)
				begin = end - MOST;
		}
		store_resend_finish(&r);
	}
}

Test(resend, forgets_what_was_not_written)
{
	struct store_resend r;
	uint64_t kept;

	store_resend_init(&r, MOST, 1);
	for (uint64_t i = 1; i <= 100; i++)
		store_resend_add(&r, &(struct store_seen){ i, i, i, i });
	kept = r.end;
	for (uint64_t i = 101; i <= 150; i++)
		store_resend_add(&r, &(struct store_seen){ i, i, i, i });
	/* they took the places of two that were */
	store_resend_add(&r, &(struct store_seen){ 7, 7, 151, 151 });
	store_resend_add(&r, &(struct store_seen){ 8, 1000, 152, 152 });
	store_resend_undo(&r, kept);
	for (uint64_t i = 1; i <= 150; i++)
		cr_expect_eq(store_resend_find(&r, i, i) != NULL, i <= 100, "%lu", (long)i);
	cr_expect(store_resend_knows(&r, 50, 50));
	cr_expect_not(store_resend_knows(&r, 50, 51));
	cr_assert_not_null(store_resend_find(&r, 7, 7));
	cr_expect_eq(store_resend_find(&r, 7, 7)->seq, 7);
	cr_expect(store_resend_knows(&r, 8, 8));
	cr_expect_not(store_resend_knows(&r, 8, 9));
	store_resend_finish(&r);
}

Test(resend, tells_bytes_apart_by_any_bit_and_length)
{
	char bytes[70] = { 0 };

	for (size_t len = 0; len <= sizeof(bytes); len++) {
		uint64_t hash = store_hash(0, span_of(bytes, len));

		if (len)
			cr_expect_neq(hash, store_hash(0, span_of(bytes, len - 1)), "%zu", len);
		for (size_t bit = 0; bit < len * 8; bit++) {
			bytes[bit / 8] ^= (char)(1 << bit % 8);
			cr_expect_neq(
			    hash, store_hash(0, span_of(bytes, len)), "%zu: %zu", len, bit);
			bytes[bit / 8] ^= (char)(1 << bit % 8);
		}
	}
	cr_expect_neq(store_hash(0, SPAN("a")), store_hash(1, SPAN("a")));
}
