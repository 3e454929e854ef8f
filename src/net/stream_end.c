/* SPDX-License-Identifier: MIT */
/*
 * How a stream ends.  Who sends to a socket that was closed is answered with a reset, and its
 * program may lose by that what it has not read yet.  Linux resets a connection that is closed with
 * bytes unread, too, and throws away what it has not sent.  So what comes is read away, and the
 * peer, which was told the end, keeps its socket for as long as it is likely to send:
 *
 *	the peer                                   its socket is closed
 *
 *	has ended its side, or all of it           at once
 *	is at rest                                 when it has taken all
 *	is sending: the owner says so, or a        and has been silent for a second
 *	record of TLS has begun
 *	had to wait: something was unread, or      and a second after that was read away
 *	read in this turn and told to nobody
 *
 * All this begins when nothing is unsent; what comes until then is read away, too, or one that
 * sends without reading would never come to read.  How long any of it may take is for the owner to
 * say.
 */
#define _GNU_SOURCE /* POLLRDHUP */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <unistd.h>

#include "net/stream_parts.h"
#include "net/stream_tls.h"

enum {
	READ_AWAY = 16 << 10, /* so often at most */
	READS_AWAY = 16,
	PAUSE_MS = 1000, /* of one who is sending: a segment that was lost comes again sooner */
};

/* ---- what the peer does ---- */

bool
net_stream_is_left(const struct net_stream *s)
{
	struct pollfd end = { .fd = s->readable.fd, .events = POLLRDHUP };

	return net_stream_is_open(s) && poll(&end, 1, 0) > 0;
}

/* The kernel knows better than the reader: a part of a TLS record tells nobody anything. */
bool
net_stream_is_silent(const struct net_stream *s, uint64_t ms)
{
	struct tcp_info info = { 0 };
	socklen_t len = sizeof(info);
	char byte;

	if (!net_stream_is_open(s) || s->arrived ||
	    recv(s->readable.fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0)
		return false;
	return getsockopt(s->readable.fd, IPPROTO_TCP, TCP_INFO, &info, &len) < 0 ||
	       info.tcpi_last_data_recv >= ms;
}

/* What has come of it tells its owner nothing yet. */
static bool
is_inside_record(const struct net_stream *s)
{
	return s->tls && net_tls_session_is_inside(s->tls->session);
}

/* ---- the end ---- */

void
net_stream_finish(struct net_stream *s)
{
	if (!net_stream_is_open(s))
		return;
	net_stream_flush(s);
	if (s->tls)
		net_stream_tls_end(s);
	(void)shutdown(s->readable.fd, SHUT_WR);
}

/* True when there was anything. */
static bool
read_away(int fd)
{
	char away[READ_AWAY];
	unsigned reads = 0;

	while (reads < READS_AWAY && recv(fd, away, sizeof(away), MSG_DONTWAIT) > 0)
		reads++;
	return reads;
}

/* What was read already, and is still to be told, counts as unread. */
static void
empty(struct net_stream *s)
{
	if (read_away(s->readable.fd) || s->arrived)
		s->emptied = net_now_ms();
}

/* One whose bytes were unread hears only after a while that there is room again. */
static bool
may_send_more(const struct net_stream *s, bool sending)
{
	if (net_now_ms() < s->emptied + PAUSE_MS)
		return true;
	return (sending || is_inside_record(s)) && !net_stream_is_silent(s, PAUSE_MS);
}

void
net_stream_part(struct net_stream *s, bool sending)
{
	net_stream_flush(s);
	if (!net_stream_is_open(s))
		return;
	if (net_stream_unsent(s)) { /* an owner that reads is still told what comes */
		if (!ev_is_active(&s->readable))
			empty(s);
		return;
	}
	if (s->connecting || net_stream_is_left(s)) {
		net_stream_close(s);
		return;
	}
	/* what is read away is missing from what TLS would make of the rest */
	ev_io_stop(s->net->loop, &s->readable);
	empty(s);
	if (may_send_more(s, sending) || net_stream_untaken(s))
		net_stream_finish(s);
	else
		net_stream_close(s);
}

void
net_stream_close(struct net_stream *s)
{
	if (!net_stream_is_open(s))
		return;
	net_stream_flush(s);
	net_arrival_forget(s);
	if (s->net->telling == s)
		s->net->telling = NULL;
	if (s->tls)
		net_stream_tls_close(s);
	ev_io_stop(s->net->loop, &s->readable);
	ev_io_stop(s->net->loop, &s->writable);
	(void)shutdown(s->readable.fd, SHUT_WR);
	while (read_away(s->readable.fd) && net_stream_is_left(s)) /* no more comes of that one */
		continue;
	close(s->readable.fd);
	ev_io_set(&s->readable, -1, EV_READ);
	ev_io_set(&s->writable, -1, EV_WRITE);
	buffer_finish(&s->unsent);
	s->connecting = s->secured = false;
	s->near_port = 0;
	s->ended = true;
}
