/* SPDX-License-Identifier: MIT */
/*
 * Both ends in one thread, so that every order of their steps can be chosen.
 */
#include "log/ring.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

enum { SIZE = 64, KEPT = 16 };

static struct log_ring ring;

static void
begin(void)
{
	cr_assert(log_ring_init(&ring, SIZE, KEPT));
}

static void
end(void)
{
	log_ring_finish(&ring);
}

TestSuite(ring, .init = begin, .fini = end);

/* What can be taken now, as a string; of it `n` bytes are taken, all when there are fewer. */
static const char *
taken(size_t n)
{
	static char text[SIZE + 1];
	struct iovec iov[2] = { { 0 } };
	size_t len;

	if (!log_ring_look(&ring, iov))
		return "";
	memcpy(text, iov[0].iov_base, iov[0].iov_len);
	memcpy(text + iov[0].iov_len, iov[1].iov_base, iov[1].iov_len);
	len = iov[0].iov_len + iov[1].iov_len;
	text[len < n ? len : n] = '\0';
	log_ring_take(&ring, len < n ? len : n, '\n');
	return text;
}

static void
expect_taken(size_t n, const char *wanted)
{
	const char *got = taken(n);

	cr_assert(zero(int, strcmp(got, wanted)), "\"%s\" instead of \"%s\"", got, wanted);
}

/* Lines of eight bytes. */
static unsigned
put_until_full(void)
{
	unsigned count = 0;

	while (log_ring_put(&ring, SPAN("1234567\n")))
		count++;
	return count;
}

Test(ring, gives_lines_in_pieces_of_any_length)
{
	for (unsigned i = 0; i < SIZE; i++) { /* so that lines lie across the end, too */
		cr_assert(log_ring_put(&ring, SPAN("first\n")));
		cr_assert(log_ring_put(&ring, SPAN("second\n")));
		expect_taken(4, "firs");
		expect_taken(4, "t\nse");
		log_ring_again(&ring);
		expect_taken(7, "second\n");
		cr_assert(log_ring_put(&ring, SPAN("x\n")));
		expect_taken(SIZE, "x\n");
		cr_assert(not(log_ring_has_work(&ring)));
	}
}

Test(ring, drops_until_it_is_empty_and_the_gap_was_told)
{
	cr_assert(eq(uint, put_until_full(), (SIZE - KEPT) / 8));
	cr_assert(eq(ulong, log_ring_take_gap(&ring), 0), "the gap is further on");
	(void)taken(8);
	cr_assert(not(log_ring_put(&ring, SPAN("short\n"))), "there is room, but behind a gap");
	(void)taken(SIZE);
	cr_assert(not(log_ring_put(&ring, SPAN("short\n"))), "nobody was told");
	cr_assert(eq(ulong, log_ring_take_gap(&ring), 3));
	cr_assert(eq(ulong, log_ring_take_gap(&ring), 0));
	log_ring_untake_gap(&ring, 3);
	cr_assert(eq(ulong, log_ring_take_gap(&ring), 3));
	cr_assert(log_ring_put(&ring, SPAN("short\n")));
	cr_assert(eq(ulong, log_ring_dropped(&ring), 3));
}

Test(ring, keeps_a_place_for_what_was_promised_one)
{
	cr_assert(log_ring_promise(&ring, KEPT));
	cr_assert(not(log_ring_promise(&ring, 1)));
	(void)put_until_full();
	log_ring_put_promised(&ring, SPAN("promised\n"), KEPT);
	cr_assert(not(log_ring_promise(&ring, KEPT)), "its place is taken");
	while (*taken(SIZE))
		(void)log_ring_take_gap(&ring);
	cr_assert(log_ring_promise(&ring, KEPT));
}

Test(ring, stops_at_a_gap_and_goes_on_behind_it)
{
	(void)put_until_full();
	cr_assert(log_ring_promise(&ring, KEPT));
	log_ring_put_promised(&ring, SPAN("promised\n"), KEPT);
	cr_assert(eq(sz, strlen(taken(SIZE)), SIZE - KEPT));
	expect_taken(SIZE, "");
	cr_assert(eq(ulong, log_ring_take_gap(&ring), 1));
	expect_taken(SIZE, "promised\n");
}

Test(ring, stops_at_a_border_until_it_is_opened)
{
	cr_assert(log_ring_put(&ring, SPAN("old\n")));
	log_ring_set_border(&ring);
	cr_assert(log_ring_put(&ring, SPAN("new\n")));
	cr_assert(not(log_ring_is_at_border(&ring)));
	expect_taken(SIZE, "old\n");
	cr_assert(log_ring_is_at_border(&ring));
	expect_taken(SIZE, "");
	cr_assert(log_ring_has_work(&ring));
	log_ring_open_border(&ring);
	expect_taken(SIZE, "new\n");
}

Test(ring, counts_the_lines_that_the_taker_drops)
{
	for (unsigned i = 0; i < 4; i++)
		cr_assert(log_ring_put(&ring, SPAN("line\n")));
	(void)taken(2);
	log_ring_drop_line(&ring, '\n');
	cr_assert(eq(ulong, log_ring_take_gap(&ring), 1), "the one begun, whole");
	log_ring_set_border(&ring);
	cr_assert(log_ring_put(&ring, SPAN("line\n")));
	log_ring_drop_to_border(&ring, '\n');
	cr_assert(eq(ulong, log_ring_take_gap(&ring), 3));
	log_ring_drop_all(&ring, '\n');
	cr_assert(eq(ulong, log_ring_dropped(&ring), 5));
}
