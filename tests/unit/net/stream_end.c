/* SPDX-License-Identifier: MIT */
/*
 * Streams that nobody needs any more, on connections of TCP: which keep their socket, and until
 * when.
 */
#define _GNU_SOURCE /* accept4, POLLRDHUP */
#include <stdlib.h>
#include <sys/ioctl.h>

#include "connection.h"

enum { MUCH = 32 << 20 };

static void
say(void)
{
	struct pollfd came = { .fd = stream.readable.fd, .events = POLLIN };

	cr_assert_eq(send(peer, "x", 1, 0), 1);
	cr_assert_eq(poll(&came, 1, 10000), 1);
}

static void
be_heard(void)
{
	say();
	ev_run(loop, EVRUN_ONCE);
}

static void
be_at_rest(void)
{
}

static void
end_its_side(void)
{
	be_heard();
	shutdown(peer, SHUT_WR);
	await_end();
}

static void
be_gone(void)
{
	be_heard();
	reset();
	await_end();
}

static void
leave_much(size_t len)
{
	char *much = calloc(1, len);
	const struct iovec iov = { much, len };

	net_stream_send(&stream, &iov, 1);
	free(much);
}

/* No more than the kernel holds, and so much that it is not on its way. */
static void
leave_untaken(void)
{
	while (net_stream_untaken(&stream) < 65536) {
		leave_much(4096);
		cr_assert_eq(net_stream_unsent(&stream), 0);
	}
}

static void
leave_unsent(void)
{
	leave_much(MUCH);
	cr_assert_neq(net_stream_unsent(&stream), 0);
}

static bool
parts(bool sending)
{
	net_stream_part(&stream, sending);
	return !net_stream_is_open(&stream);
}

/* The peer has it all, and is told the end, not a failure. */
static bool
is_told_the_end(void)
{
	struct pollfd ready = { .fd = peer, .events = POLLIN };
	char got[65536];
	ssize_t n;

	do {
		cr_assert_eq(poll(&ready, 1, 10000), 1);
		n = recv(peer, got, sizeof(got), 0);
	} while (n > 0);
	return n == 0;
}

/* Seconds until it is closed. */
static double
part(bool sending)
{
	const uint64_t began = net_now_ms();

	while (!parts(sending) && net_now_ms() < began + 30000)
		(void)poll(NULL, 0, 10);
	return (double)(net_now_ms() - began) / 1000;
}

TestSuite(net_stream_end, .timeout = 60);

Test(net_stream_end, keeps_the_socket_where_a_reset_might_hurt)
{
	static const struct {
		const char *what;
		void (*come_to)(void);
		bool sending, stays;
	} rows[] = {
		{ "it is at rest", be_at_rest, false, false },
		{ "it has spoken", be_heard, false, false },
		{ "it was sending", be_heard, true, true },
		{ "it had to wait", say, false, true },
		{ "it has ended its side", end_its_side, true, false },
		{ "it is gone", be_gone, true, false },
		{ "it has not taken all", leave_untaken, false, true },
		{ "it was not sent all", leave_unsent, false, true },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		begin();
		rows[i].come_to();
		cr_expect_eq(parts(rows[i].sending), !rows[i].stays, "%s", rows[i].what);
		end();
	}
}

Test(net_stream_end, leaves_it_when_the_peer_was_silent_for_a_second)
{
	static void (*const peers[])(void) = { be_heard, say };

	for (unsigned i = 0; i < 2; i++) {
		begin();
		peers[i]();
		cr_expect_gt(part(true), 0.9);
		cr_expect(is_told_the_end());
		end();
	}
}

Test(net_stream_end, leaves_it_when_the_peer_has_ended_its_side)
{
	begin();
	say();
	cr_expect_not(parts(true));
	cr_expect(is_told_the_end());
	shutdown(peer, SHUT_WR);
	await_end();
	cr_expect(parts(true));
	end();
}

static void
on_first(void *ctx, struct span bytes)
{
	(void)ctx, (void)bytes;
	net_stream_part(&stream, false);
}

Test(net_stream_end, counts_as_waiting_what_was_read_in_its_turn_and_told_to_nobody)
{
	static const struct net_stream_ops first_ops = { .bytes = on_first, .ended = on_ended };
	struct net_stream first;
	int fds[2];

	begin();
	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	net_stream_init(&first, &net, &first_ops, NULL);
	first.leads = true;
	net_stream_open(&first, fds[0], (struct net_keepalive){ 0 });
	cr_assert_eq(send(fds[1], "x", 1, 0), 1);
	say();
	ev_run(loop, EVRUN_ONCE);
	cr_expect(net_stream_is_open(&stream));
	cr_expect_gt(part(false), 0.9);
	cr_expect(is_told_the_end());
	net_stream_close(&first);
	close(fds[1]);
	end();
}

Test(net_stream_end, reads_away_what_comes_before_all_was_sent_unless_its_owner_reads)
{
	for (int reads = 0; reads < 2; reads++) {
		int unread = -1;

		begin();
		leave_unsent();
		say();
		net_stream_read(&stream, reads);
		cr_expect_not(parts(true));
		cr_assert_eq(ioctl(stream.readable.fd, FIONREAD, &unread), 0);
		cr_expect_eq(unread, reads);
		end();
	}
}
