/* SPDX-License-Identifier: MIT */
/*
 * Requests are one short line, answers one document; a client that does neither
 * send nor read is closed after a few seconds.
 */
#define _GNU_SOURCE /* accept4 */
#include "daemon/status.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { MOST_REQUEST = 64, MOST_CLIENTS = 8 };
static const double patience = 5.;

struct client {
	struct status *status;
	struct client *next, **link;
	ev_io io;
	ev_timer timer;
	char request[MOST_REQUEST];
	size_t len;
	struct buffer answer;
};

struct status {
	struct hl7noted *daemon;
	ev_io io;
	char *path;
	struct client *clients;
	unsigned client_count;
};

/* ---- clients ---- */

static void
client_destroy(struct client *c)
{
	struct ev_loop *loop = c->status->daemon->loop;

	ev_io_stop(loop, &c->io);
	ev_timer_stop(loop, &c->timer);
	close(c->io.fd);
	*c->link = c->next;
	if (c->next)
		c->next->link = c->link;
	c->status->client_count--;
	buffer_finish(&c->answer);
	free(c);
}

static void
on_patience(struct ev_loop *loop, ev_timer *w, int revents)
{
	(void)loop, (void)revents;
	client_destroy(w->data);
}

static void
write_answer(struct client *c)
{
	struct span rest = buffer_span(&c->answer);
	ssize_t n = send(c->io.fd, rest.ptr, rest.len, MSG_NOSIGNAL);

	if (n < 0 && errno != EAGAIN && errno != EINTR) {
		client_destroy(c);
		return;
	}
	if (n > 0)
		buffer_consume(&c->answer, (size_t)n);
	if (c->answer.start == c->answer.end)
		client_destroy(c);
}

static void
answer(struct client *c)
{
	struct ev_loop *loop = c->status->daemon->loop;
	struct span line = span_of(c->request, c->len), rest;

	line = span_trim(span_cut(line, '\n', &rest));
	if (span_eq(line, SPAN("status")))
		status_write(c->status->daemon, &c->answer);
	else if (span_eq(line, SPAN("status text")))
		status_write_text(c->status->daemon, &c->answer);
	else
		buffer_append(&c->answer, SPAN("{\"error\":\"unknown request\"}\n"));
	ev_io_stop(loop, &c->io);
	ev_io_set(&c->io, c->io.fd, EV_WRITE);
	ev_io_start(loop, &c->io);
}

static void
on_client(struct ev_loop *loop, ev_io *w, int revents)
{
	struct client *c = w->data;
	ssize_t n;

	(void)loop;
	if (revents & EV_WRITE) {
		write_answer(c);
		return;
	}
	n = recv(w->fd, c->request + c->len, sizeof(c->request) - c->len, 0);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0 || (c->len += (size_t)n) == sizeof(c->request)) {
		client_destroy(c);
		return;
	}
	if (memchr(c->request, '\n', c->len))
		answer(c);
}

static void
on_connection(struct ev_loop *loop, ev_io *w, int revents)
{
	struct status *s = w->data;
	int fd = accept4(w->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct client *c = fd >= 0 && s->client_count < MOST_CLIENTS ? calloc(1, sizeof(*c)) : NULL;

	(void)revents;
	if (!c) {
		if (fd >= 0)
			close(fd);
		return;
	}
	c->status = s;
	c->next = s->clients;
	c->link = &s->clients;
	if (c->next)
		c->next->link = &c->next;
	s->clients = c;
	s->client_count++;
	buffer_init(&c->answer, 0);
	ev_io_init(&c->io, on_client, fd, EV_READ);
	ev_timer_init(&c->timer, on_patience, patience, 0.);
	c->io.data = c->timer.data = c;
	ev_io_start(loop, &c->io);
	ev_timer_start(loop, &c->timer);
}

/* ---- life ---- */

/* A socket that nobody answers on is left over from a daemon that was killed. */
static bool
is_left_over(const struct sockaddr_un *a)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool refused = fd >= 0 && connect(fd, (const struct sockaddr *)a, sizeof(*a)) < 0 &&
		       errno == ECONNREFUSED;

	if (fd >= 0)
		close(fd);
	return refused;
}

static int
bind_path(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd;

	if (strlen(path) >= sizeof(a.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(a.sun_path, path, strlen(path) + 1);
	if (is_left_over(&a))
		unlink(path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd >= 0 && bind(fd, (struct sockaddr *)&a, sizeof(a)) == 0 && chmod(path, 0660) == 0 &&
	    listen(fd, MOST_CLIENTS) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

struct status *
status_create(struct hl7noted *d, const char *path)
{
	struct status *s = calloc(1, sizeof(*s));
	int fd = s ? bind_path(path) : -1;

	if (fd < 0) {
		if (log_begin(d->log, LOG_CONFIG_REJECTED)) {
			log_str(d->log, LOG_FILE, path);
			log_str(d->log, LOG_ERR_CODE, strerrorname_np(errno));
			log_end(d->log);
		}
		free(s);
		return NULL;
	}
	s->daemon = d;
	s->path = strdup(path);
	ev_io_init(&s->io, on_connection, fd, EV_READ);
	s->io.data = s;
	ev_io_start(d->loop, &s->io);
	return s;
}

void
status_destroy(struct status *s)
{
	if (!s)
		return;
	while (s->clients)
		client_destroy(s->clients);
	ev_io_stop(s->daemon->loop, &s->io);
	close(s->io.fd);
	if (s->path)
		unlink(s->path);
	free(s->path);
	free(s);
}
