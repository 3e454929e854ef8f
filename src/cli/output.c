/* SPDX-License-Identifier: MIT */
/*
 * cli/output.c - gather, write, remember the first failure
 */
#include "cli/output.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <sysexits.h>
#include <unistd.h>

#include "cli/say.h"

/* A piece of at least this length is written from where it lies. */
enum { WORTH_A_CALL = OUTPUT_BLOCK / 4 };

void
output_init(struct output *o, int fd, const char *name)
{
	o->fd = fd;
	o->name = name;
	o->error = 0;
	o->len = 0;
}

/* Somebody may have made our standard output non-blocking: wait as if it were not. */
static bool
may_retry(int fd, int error)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };

	if (error == EINTR)
		return true;
	if (error != EAGAIN && error != EWOULDBLOCK)
		return false;
	return poll(&p, 1, -1) >= 0 || errno == EINTR;
}

/* Drop `len` bytes from the front of two pieces. */
static void
advance(struct iovec iov[2], size_t len)
{
	for (int i = 0; i < 2; i++) {
		size_t here = len < iov[i].iov_len ? len : iov[i].iov_len;

		iov[i].iov_base = (char *)iov[i].iov_base + here;
		iov[i].iov_len -= here;
		len -= here;
	}
}

/* Write the block and `s` behind it. */
static void
send_with(struct output *o, struct span s)
{
	struct iovec iov[2] = { { o->block, o->len }, { (void *)s.ptr, s.len } };

	while (!o->error && iov[0].iov_len + iov[1].iov_len > 0) {
		const bool both = iov[0].iov_len > 0;
		const ssize_t n = writev(o->fd, both ? iov : iov + 1, both && s.len ? 2 : 1);

		if (n >= 0)
			advance(iov, (size_t)n);
		else if (!may_retry(o->fd, errno))
			o->error = -errno;
	}
	o->len = 0;
}

void
output_write(struct output *o, struct span s)
{
	if (o->error || s.len == 0)
		return;
	if (s.len >= WORTH_A_CALL) {
		send_with(o, s);
		return;
	}
	if (s.len > OUTPUT_BLOCK - o->len)
		send_with(o, SPAN(""));
	memcpy(o->block + o->len, s.ptr, s.len);
	o->len += s.len;
}

void
output_iovec(struct output *o, const struct iovec *iov, size_t count)
{
	for (size_t i = 0; i < count; i++)
		output_write(o, span_of(iov[i].iov_base, iov[i].iov_len));
}

void
output_text(struct output *o, const char *text)
{
	output_write(o, span_str(text));
}

void
output_printf(struct output *o, const char *format, ...)
{
	va_list ap, again;
	int n;

	va_start(ap, format);
	va_copy(again, ap);
	n = vsnprintf(o->block + o->len, OUTPUT_BLOCK - o->len, format, ap);
	if (n >= 0 && (size_t)n >= OUTPUT_BLOCK - o->len && o->len > 0) {
		send_with(o, SPAN(""));
		n = vsnprintf(o->block, OUTPUT_BLOCK, format, again);
	}
	if (n < 0 || (size_t)n >= OUTPUT_BLOCK - o->len)
		o->error = o->error ? o->error : -EOVERFLOW;
	else
		o->len += (size_t)n;
	va_end(again);
	va_end(ap);
}

void
output_counts(struct output *o, const char *title, const struct output_count *list, size_t count)
{
	const char *before = title;

	for (size_t i = 0; i < count; i++) {
		if (list[i].count == 0)
			continue;
		output_printf(o, "%s %s %" PRIu64, before, list[i].word, list[i].count);
		before = ",";
	}
	if (before != title)
		output_text(o, "\n");
}

int
output_flush(struct output *o)
{
	if (!o->error && o->len > 0)
		send_with(o, SPAN(""));
	return o->error;
}

int
output_finish(struct output *o)
{
	const int error = output_flush(o);

	if (error == 0)
		return EX_OK;
	if (error != -EPIPE)
		say_error("cannot write %s: %s", o->name, strerror(-error));
	return EX_IOERR;
}
