/* SPDX-License-Identifier: MIT */
/*
 * The half of a stream that writes.  Writes that are gathered come in a row: a peer that
 * serves several of them is woken once, and waking is most of what a small write costs.
 */
#define _GNU_SOURCE /* IOV_MAX */
#include "net/stream_parts.h"

#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>

#include "net/stream_tls.h"

enum {
	SMALL_MOST = 32 << 10, /* above it, copying costs more than it spares */
	GATHER_MOST = 256 << 10,
	ALONE_MOST = 16 << 10, /* gathered while nobody else is served */
	SPARE_MOST = 64 << 10, /* larger buffers are not kept */
};

/* ---- what is kept ---- */

struct buffer
net_buffer_take(struct net *net)
{
	struct buffer none = { 0 };

	return net->spare_count ? net->spare[--net->spare_count] : none;
}

void
net_buffer_give(struct net *net, struct buffer *b)
{
	if (!b->data || b->size > SPARE_MOST || net->spare_count == NET_GATHERED) {
		buffer_finish(b);
		return;
	}
	buffer_clear(b);
	net->spare[net->spare_count++] = *b;
	buffer_init(b, 0);
}

/* Bytes are missing, and none may follow them: reading will tell that it is over, and what
 * happened. A peer that took no more (EPIPE) may have something left to be read. */
static void
lose(struct net_stream *s, int error)
{
	if (!s->failure || s->failure == EPIPE)
		s->failure = error;
	if (error != EPIPE)
		(void)shutdown(s->readable.fd, SHUT_RDWR);
}

/* As much as the socket takes. */
static void
write_unsent(struct net_stream *s)
{
	struct span rest = buffer_span(&s->unsent);
	ssize_t n = send(s->writable.fd, rest.ptr, rest.len, MSG_NOSIGNAL);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0) {
		lose(s, errno);
		n = (ssize_t)rest.len;
	}
	buffer_consume(&s->unsent, (size_t)n);
	if (s->unsent.start != s->unsent.end)
		return;
	net_buffer_give(s->net, &s->unsent);
	if (ev_is_active(&s->writable))
		ev_io_stop(s->net->loop, &s->writable);
}

static void
await_room(struct net_stream *s)
{
	if (s->unsent.start != s->unsent.end)
		ev_io_start(s->net->loop, &s->writable);
}

void
net_stream_write(struct net_stream *s)
{
	write_unsent(s);
	await_room(s);
}

/* Keep all of iov but its first `sent` bytes. */
static void
keep(struct net_stream *s, const struct iovec *iov, size_t count, size_t sent)
{
	for (size_t i = 0; i < count; i++) {
		struct span part = span_of(iov[i].iov_base, iov[i].iov_len);

		if (sent >= part.len) {
			sent -= part.len;
			continue;
		}
		buffer_append(&s->unsent, span_tail(part, sent));
		sent = 0;
	}
	if (s->unsent.failed)
		lose(s, ENOMEM);
}

static size_t
total(const struct iovec *iov, size_t count)
{
	size_t size = 0;

	for (size_t i = 0; i < count; i++)
		size += iov[i].iov_len;
	return size;
}

/* As much as the socket takes; the rest is kept. */
static void
write_now(struct net_stream *s, const struct iovec *iov, size_t count)
{
	struct msghdr message = { .msg_iov = (struct iovec *)(uintptr_t)iov };
	size_t wanted;
	ssize_t n;

	while (count) {
		size_t few = count < IOV_MAX ? count : IOV_MAX;

		wanted = total(message.msg_iov, few);
		message.msg_iovlen = few;
		n = sendmsg(s->readable.fd, &message, MSG_NOSIGNAL);
		if (n < 0 && errno != EAGAIN && errno != EINTR) {
			lose(s, errno);
			return;
		}
		if (n < 0 || (size_t)n < wanted) {
			keep(s, message.msg_iov, count, n < 0 ? 0 : (size_t)n);
			return;
		}
		message.msg_iov += few;
		count -= few;
	}
}

/* ---- gathering ---- */

static void
write_gathered(struct net_stream *s)
{
	s->gathered = false;
	if (s->secured)
		net_stream_tls_seal_gathered(s);
	net_stream_write(s);
}

void
net_flush_gathered(struct net *net)
{
	for (unsigned i = 0; i < net->gathered_count; i++) {
		struct net_stream *s = net->gathered[i];

		if (!s)
			continue;
		write_gathered(s);
	}
	net->gathered_count = 0;
}

/* Takes its place among those that write soon; the last place there is calls for writing. */
static void
line_up(struct net_stream *s)
{
	struct net *net = s->net;

	if (s->gathered)
		return;
	s->gathered = true;
	net->gathered[net->gathered_count++] = s;
	if (net->gathered_count == NET_GATHERED)
		net_flush_gathered(net);
}

void
net_stream_flush(struct net_stream *s)
{
	struct net *net = s->net;

	if (!s->gathered)
		return;
	for (unsigned i = 0; i < net->gathered_count; i++) {
		if (net->gathered[i] == s)
			net->gathered[i] = NULL;
	}
	write_gathered(s);
}

/* Copy it for later, unless it is too much for that. */
static bool
gather(struct net_stream *s, const struct iovec *iov, size_t count)
{
	size_t size = total(iov, count);
	char *to;

	if (size > SMALL_MOST || s->unsent.end - s->unsent.start + size > GATHER_MOST)
		return false;
	if (!s->unsent.data)
		s->unsent = net_buffer_take(s->net);
	to = buffer_reserve(&s->unsent, size);
	if (!to) {
		lose(s, ENOMEM);
		return true;
	}
	for (const struct iovec *part = iov; part != iov + count; part++) {
		if (part->iov_len)
			memcpy(to, part->iov_base, part->iov_len);
		to += part->iov_len;
	}
	buffer_filled(&s->unsent, size);
	line_up(s);
	if (s->net->alone >= NET_ALONE && s->unsent.end - s->unsent.start >= ALONE_MOST)
		net_stream_flush(s);
	return true;
}

/* What cannot be gathered. */
static __attribute__((noinline)) void
send_at_once(struct net_stream *s, const struct iovec *iov, size_t count)
{
	net_stream_flush(s);
	if (s->secured)
		net_stream_tls_send(s, iov, count);
	else if (s->connecting || s->unsent.start != s->unsent.end)
		keep(s, iov, count, 0);
	else
		write_now(s, iov, count);
	await_room(s);
}

void
net_stream_send(struct net_stream *s, const struct iovec *iov, size_t count)
{
	if (!net_stream_is_open(s) || (s->secured && !net_stream_tls_may_send(s)))
		return;
	if (!s->gathers || s->connecting || net_stream_unsent(s) || !gather(s, iov, count))
		send_at_once(s, iov, count);
}

size_t
net_stream_untaken(const struct net_stream *s)
{
	int held = 0;

	if (net_stream_is_open(s) && ioctl(s->writable.fd, TIOCOUTQ, &held) < 0)
		held = 0;
	return s->unsent.end - s->unsent.start + (size_t)held;
}

/* What is written into a connection that was reset counts as taken, too. */
bool
net_stream_is_written(const struct net_stream *s)
{
	struct tcp_info info;
	socklen_t len = sizeof(info);

	if (s->secured && !net_stream_tls_is_heard(s))
		return false;
	if (!net_stream_is_open(s) || s->gathered || net_stream_unsent(s) ||
	    getsockopt(s->writable.fd, IPPROTO_TCP, TCP_INFO, &info, &len) < 0)
		return false;
	return info.tcpi_state == TCP_ESTABLISHED || info.tcpi_state == TCP_CLOSE_WAIT;
}
