/* SPDX-License-Identifier: MIT */
#include "base/arena.h"

#include <criterion/criterion.h>
#include <stdalign.h>
#include <stdint.h>

Test(arena, gives_aligned_memory_that_does_not_overlap)
{
	enum { COUNT = 500 };
	unsigned char *at[COUNT];
	struct arena a;

	arena_init(&a, 0);
	for (size_t i = 0; i < COUNT; i++) {
		at[i] = arena_alloc(&a, i);
		cr_assert_not_null(at[i]);
		cr_assert_eq((uintptr_t)at[i] % alignof(max_align_t), 0);
		memset(at[i], (int)(i & 0xff), i);
	}
	for (size_t i = 0; i < COUNT; i++) {
		for (size_t j = 0; j < i; j++)
			cr_assert_eq(at[i][j], i & 0xff);
	}
	arena_finish(&a);
}

Test(arena, clears_when_asked_and_refuses_to_overflow)
{
	struct arena a;
	char *p;

	arena_init(&a, 0);
	memset(arena_alloc(&a, 64), 0xff, 64);
	arena_reset(&a, SIZE_MAX);
	p = arena_zalloc(&a, 8, 8);
	for (size_t i = 0; i < 64; i++)
		cr_assert_eq(p[i], 0);
	cr_expect_null(arena_zalloc(&a, SIZE_MAX / 2, 4));
	cr_expect_null(arena_alloc(&a, SIZE_MAX));
	cr_expect_null(arena_alloc(&a, SIZE_MAX - 8));
	cr_expect_not_null(arena_alloc(&a, 8), "a refusal leaves it usable");
	arena_finish(&a);
}

Test(arena, copies_with_a_nul_behind)
{
	struct arena a;
	struct span s;

	arena_init(&a, 0);
	s = arena_copy(&a, SPAN("a\0b"));
	cr_expect(span_eq(s, SPAN("a\0b")));
	cr_expect_eq(s.ptr[3], '\0');
	s = arena_copy(&a, (struct span){ NULL, 0 });
	cr_assert_not_null(s.ptr);
	cr_expect(s.len == 0 && s.ptr[0] == '\0');
	arena_finish(&a);
}

Test(arena, keeps_its_memory_over_a_reset)
{
	struct arena a;
	size_t held;

	arena_init(&a, 0);
	for (int i = 0; i < 100; i++)
		arena_alloc(&a, 1000);
	held = a.total;
	for (int round = 0; round < 10; round++) {
		arena_reset(&a, held);
		cr_expect_eq(a.total, held);
		for (int i = 0; i < 100; i++)
			arena_alloc(&a, 1000);
		cr_expect_eq(a.total, held);
	}
	arena_reset(&a, held - 1);
	cr_expect_lt(a.total, held);
	cr_expect_gt(a.total, 0);
	arena_finish(&a);
	cr_expect_eq(a.total, 0);
}

Test(arena, holds_no_more_than_its_limit)
{
	enum { LIMIT = 20000 };
	struct arena a;
	size_t got = 0;

	arena_init(&a, LIMIT);
	while (arena_alloc(&a, 16))
		got += 16;
	cr_expect(a.failed);
	cr_expect_leq(a.total, LIMIT);
	cr_expect_gt(got, LIMIT * 3 / 4, "most of the limit can be had, not %zu", got);
	arena_reset(&a, 0);
	cr_expect_not_null(arena_alloc(&a, LIMIT));
	cr_expect_not(a.failed);
	cr_expect_null(arena_alloc(&a, 16));
	arena_finish(&a);
	cr_expect_null(arena_alloc(&a, LIMIT + 1));
	arena_finish(&a);
}
