/* SPDX-License-Identifier: MIT */
/*
 * Blocking, since there is nothing else to do meanwhile.
 */
#include "cli/ask.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sysexits.h>
#include <unistd.h>

#include "cli/say.h"
#include "conf/conf.h"
#include "control/json.h"

enum {
	READ_SIZE = 64 << 10,
	LINE_MOST = 64 << 10,            /* of any answer */
	BODY_MOST = 2 * CONF_MAX_STORED, /* in base64, with what is said of it */
};

const char ask_usual_socket[] = "/run/hl7noted/control";

/* A descriptor, or a negative errno. */
static int
open_socket(const char *path, unsigned seconds)
{
	const struct timeval patience = { (time_t)seconds, 0 };
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd, error;

	if (strlen(path) >= sizeof(a.sun_path))
		return -ENAMETOOLONG;
	memcpy(a.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0)
		return fd;
	error = errno;
	close(fd);
	return -error;
}

/* What a daemon that does not answer may mean. */
int
ask_unavailable(const struct ask *a, int error)
{
	const char *mend = "is hl7noted running, and does it have this control socket?";

	if (error == -EACCES)
		mend = "only root and the daemon's user and group may ask";
	else if (error == -ENAMETOOLONG)
		mend = "the path of a socket has 107 bytes at most";
	else if (error == -ECONNRESET)
		mend = "hl7noted stopped, has too many to answer, or waited too long for more";
	else if (error == -ETIMEDOUT || error == -EAGAIN)
		mend = "hl7noted is there and does not answer: is it, or the machine, stopped or "
		       "overloaded?";
	else if (error == -EMSGSIZE)
		mend = "what answers there is no hl7noted";

	say_error("cannot ask %s: %s; %s", a->path, strerror(-error), mend);
	return EX_UNAVAILABLE;
}

int
ask_begin(struct ask *a, const char *path, const struct control_request *r, unsigned patience)
{
	struct buffer line;

	*a = (struct ask){ .path = path,
		.fd = open_socket(path, patience),
		.most = r->payload || r->verb == CONTROL_EXPORT ? BODY_MOST : LINE_MOST };
	buffer_init(&a->in, 0);
	if (a->fd < 0)
		return ask_unavailable(a, a->fd);
	buffer_init(&line, 0);
	control_request_write(r, &line);
	ask_send(a, buffer_span(&line));
	buffer_finish(&line);
	return EX_OK;
}

void
ask_send(struct ask *a, struct span bytes)
{
	while (bytes.len) {
		ssize_t n = send(a->fd, bytes.ptr, bytes.len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return;
		bytes = span_tail(bytes, (size_t)n);
	}
}

/* 1, 0 at the end, or a negative errno. */
static int
read_more(struct ask *a)
{
	char *room = buffer_reserve(&a->in, READ_SIZE);
	ssize_t n;

	if (!room)
		return -ENOMEM;
	do
		n = recv(a->fd, room, READ_SIZE, 0);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == EAGAIN ? -ETIMEDOUT : -errno;
	buffer_filled(&a->in, (size_t)n);
	return n > 0;
}

int
ask_bytes(struct ask *a, struct span *ret)
{
	int got;

	buffer_clear(&a->in);
	got = read_more(a);
	*ret = buffer_span(&a->in);
	return got;
}

int
ask_line(struct ask *a, struct span *ret)
{
	size_t searched = 0;
	int got = 1;

	while (got > 0) {
		struct span all = buffer_span(&a->in);
		const char *end = all.len > searched
				      ? memchr(all.ptr + searched, '\n', all.len - searched)
				      : NULL;

		if (end) {
			*ret = span_of(all.ptr, (size_t)(end - all.ptr));
			/* the bytes stay where they are until more is read */
			buffer_consume(&a->in, ret->len + 1);
			return 1;
		}
		if (all.len > a->most)
			return -EMSGSIZE;
		searched = all.len;
		got = read_more(a);
	}
	return got;
}

bool
ask_is_refused(struct span line)
{
	struct json_value v;
	struct buffer text;

	if (!json_find(line, "error", &v) || v.kind != JSON_TEXT)
		return false;
	buffer_init(&text, 0);
	json_unescape(v.text, &text);
	buffer_append_char(&text, '\0');
	say_error("%s", text.data ? text.data : "out of memory");
	buffer_finish(&text);
	return true;
}

void
ask_end(struct ask *a)
{
	if (a->fd >= 0)
		close(a->fd);
	buffer_finish(&a->in);
}
