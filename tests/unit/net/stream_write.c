/* SPDX-License-Identifier: MIT */
/*
 * Streams on connections of TCP, whose peer reads, stays, leaves or is gone: what counts as
 * written.
 */
#define _GNU_SOURCE /* accept4, POLLRDHUP */
#include <criterion/criterion.h>
#include <errno.h>

#include "connection.h"

enum { MUCH = 32 << 20 };

static int wrong; /* with the next write */

ssize_t __real_send(int fd, const void *bytes, size_t len, int flags);
ssize_t __wrap_send(int fd, const void *bytes, size_t len, int flags);
ssize_t __real_sendmsg(int fd, const struct msghdr *message, int flags);
ssize_t __wrap_sendmsg(int fd, const struct msghdr *message, int flags);

static bool
goes_wrong(void)
{
	errno = wrong;
	wrong = 0;
	return errno != 0;
}

ssize_t
__wrap_send(int fd, const void *bytes, size_t len, int flags)
{
	return goes_wrong() ? -1 : __real_send(fd, bytes, len, flags);
}

ssize_t
__wrap_sendmsg(int fd, const struct msghdr *message, int flags)
{
	return goes_wrong() ? -1 : __real_sendmsg(fd, message, flags);
}

static void
await_reset(void)
{
	struct pollfd gone = { .fd = stream.readable.fd };

	cr_assert_eq(poll(&gone, 1, 10000), 1);
	cr_assert(gone.revents & POLLERR);
}

TestSuite(net_stream, .timeout = 60);

Test(net_stream, has_written_what_the_kernel_has)
{
	begin();
	cr_expect(net_stream_is_written(&stream), "nothing was sent");
	send_text("x");
	cr_expect(net_stream_is_written(&stream));
	stream.gathers = true;
	send_text("y");
	cr_expect_not(net_stream_is_written(&stream));
	cr_expect_eq(net_stream_unsent(&stream), 0, "it is not the socket that holds it up");
	net_stream_flush(&stream);
	cr_expect(net_stream_is_written(&stream));
	end();
	cr_expect_not(net_stream_is_written(&stream), "there is no connection");
}

Test(net_stream, has_not_written_what_its_peer_leaves_no_room_for)
{
	char *much = calloc(1, MUCH), away[65536];
	const struct iovec iov = { much, MUCH };
	size_t got = 0;
	ssize_t n;

	begin();
	net_stream_send(&stream, &iov, 1);
	cr_expect_not(net_stream_is_written(&stream));
	cr_expect_gt(net_stream_unsent(&stream), 0);
	while (got < MUCH) {
		struct pollfd ready = { .fd = peer, .events = POLLIN };

		ev_run(loop, EVRUN_NOWAIT);
		cr_assert_eq(poll(&ready, 1, 10000), 1);
		n = recv(peer, away, sizeof(away), 0);
		cr_assert_gt(n, 0);
		got += (size_t)n;
	}
	cr_expect(net_stream_is_written(&stream));
	end();
	free(much);
}

/* One that ended in order has taken it; into one that was reset anything can be written. */
Test(net_stream, has_written_to_one_who_ended_and_not_to_one_who_is_gone)
{
	begin();
	shutdown(peer, SHUT_WR);
	await_end();
	send_text("x");
	cr_expect(net_stream_is_written(&stream));
	end();

	begin();
	reset();
	await_end();
	send_text("x");
	cr_expect_eq(net_stream_unsent(&stream), 0);
	cr_expect_not(net_stream_is_written(&stream));
	end();
}

static void
read_to_the_end(void)
{
	net_stream_read(&stream, true);
	for (unsigned i = 0; i < 1000 && ended < 0; i++)
		ev_run(loop, EVRUN_ONCE);
}

/* The kernel tells of a reset once, and that may be where something was written. */
Test(net_stream, knows_a_reset_from_an_end_when_it_writes_before_it_reads)
{
	for (int gathers = 0; gathers < 2; gathers++) {
		for (int in_order = 0; in_order < 2; in_order++) {
			begin();
			stream.gathers = gathers;
			cr_expect_eq(send(peer, "unread", 6, 0), 6);
			if (in_order) {
				shutdown(peer, SHUT_WR);
				await_end();
			}
			net_stream_read(&stream, false);
			reset();
			await_reset();
			cr_expect_not(net_stream_is_failed(&stream));
			send_text("x");
			net_stream_flush(&stream);
			cr_expect(net_stream_is_failed(&stream));
			read_to_the_end();
			cr_expect_eq(ended, in_order ? 0 : ECONNRESET);
			end();
		}
	}
}

/* The connection itself is sound, so nothing else would ever end it. */
Test(net_stream, ends_where_bytes_are_missing_and_sends_none_behind_them)
{
	char got[8];

	for (int gathers = 0; gathers < 2; gathers++) {
		begin();
		stream.gathers = gathers;
		wrong = ENOBUFS;
		send_text("x");
		net_stream_flush(&stream);
		cr_expect_eq(wrong, 0);
		send_text("y");
		net_stream_flush(&stream);
		read_to_the_end();
		cr_expect_eq(ended, ENOBUFS);
		cr_assert_eq(
		    poll(&(struct pollfd){ .fd = peer, .events = POLLRDHUP }, 1, 10000), 1);
		cr_expect_eq(recv(peer, got, sizeof(got), 0), 0);
		end();
	}
}

Test(net_stream, says_what_was_gathered_before_it_ends)
{
	char got[8];

	for (unsigned closes = 0; closes < 2; closes++) {
		struct pollfd ready;

		begin();
		stream.gathers = true;
		send_text("x");
		if (closes)
			net_stream_close(&stream);
		else
			net_stream_finish(&stream);
		ready = (struct pollfd){ .fd = peer, .events = POLLRDHUP };
		cr_assert_eq(poll(&ready, 1, 10000), 1);
		cr_expect_eq(recv(peer, got, sizeof(got), 0), 1);
		cr_expect_eq(recv(peer, got, sizeof(got), 0), 0);
		end();
	}
}

Test(net_stream, is_silent_when_nothing_came_and_nothing_is_unread)
{
	begin();
	cr_expect(net_stream_is_silent(&stream, 0));
	cr_expect_eq(send(peer, "x", 1, 0), 1);
	for (unsigned i = 0; i < 1000 && net_stream_is_silent(&stream, 0); i++)
		(void)poll(NULL, 0, 10);
	cr_expect_not(net_stream_is_silent(&stream, 0), "it is unread");
	ev_run(loop, EVRUN_ONCE);
	cr_expect(net_stream_is_silent(&stream, 0));
	cr_expect_not(net_stream_is_silent(&stream, 3600000), "it came within the hour");
	end();
	cr_expect_not(net_stream_is_silent(&stream, 0));
}
