/* SPDX-License-Identifier: MIT */
/*
 * Two watchers and a timer: each is on only while there is something to wait for, and
 * watch() is the one place that knows when that is.
 */
#include "net/client.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { READ_SIZE = 4096, READ_MOST = 64 << 10 };

static size_t
left(const struct buffer *b)
{
	return b->end - b->start;
}

static bool
wants_bytes(const struct net_client *c)
{
	if (c->leaving)
		return true;
	return !c->ended && !c->finished && !c->resting && left(&c->in) < c->most;
}

static void
set(struct ev_loop *loop, ev_io *w, bool on)
{
	if (on)
		ev_io_start(loop, w);
	else
		ev_io_stop(loop, w);
}

static void
set_patience(struct net_client *c, bool waits)
{
	struct ev_loop *loop = c->all->loop;

	if (!waits)
		ev_timer_stop(loop, &c->timer);
	else if (!ev_is_active(&c->timer))
		ev_timer_again(loop, &c->timer);
}

void
net_client_wait(struct net_client *c, double seconds)
{
	c->timer.repeat = seconds;
	if (ev_is_active(&c->timer)) /* it counts the old one */
		ev_timer_again(c->all->loop, &c->timer);
}

static void
watch(struct net_client *c)
{
	/* with nothing left to write, the end is still to be told, from the loop: whoever finishes
	 * a client may look at it once more */
	bool reads = wants_bytes(c), writes = left(&c->out) > 0 || (c->finished && !c->leaving);

	set(c->all->loop, &c->readable, reads);
	set(c->all->loop, &c->writable, writes);
	set_patience(c, reads || writes);
}

/* ---- life ---- */

static void
drop(struct net_client *c)
{
	struct net_clients *all = c->all;

	if (all->ops->gone)
		all->ops->gone(c);
	ev_io_stop(all->loop, &c->readable);
	ev_io_stop(all->loop, &c->writable);
	ev_timer_stop(all->loop, &c->timer);
	close(c->readable.fd);
	*c->link = c->next;
	if (c->next)
		c->next->link = c->link;
	all->count--;
	buffer_finish(&c->in);
	buffer_finish(&c->out);
	free(c);
}

void
net_clients_drop(struct net_clients *all)
{
	while (all->list)
		drop(all->list);
}

static void
on_patience(struct ev_loop *loop, ev_timer *w, int revents)
{
	(void)loop, (void)revents;
	drop(w->data);
}

/* ---- writing ---- */

static void
leave(struct net_client *c)
{
	(void)shutdown(c->writable.fd, SHUT_WR);
	c->leaving = true;
	buffer_finish(&c->in);
	if (c->ended)
		drop(c);
	else
		watch(c);
}

static void
on_writable(struct ev_loop *loop, ev_io *w, int revents)
{
	struct net_client *c = w->data;
	struct span rest = buffer_span(&c->out);
	ssize_t n = rest.len ? send(w->fd, rest.ptr, rest.len, MSG_NOSIGNAL) : 0;

	(void)revents;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0) {
		drop(c);
		return;
	}
	buffer_consume(&c->out, (size_t)n);
	if (c->all->renewed)
		ev_timer_again(loop, &c->timer);
	if (c->finished && !left(&c->out)) {
		leave(c);
		return;
	}
	watch(c);
	if (!c->finished && left(&c->out) < NET_CLIENT_LOW && c->all->ops->wants_more)
		c->all->ops->wants_more(c);
}

void
net_client_answer(struct net_client *c)
{
	watch(c);
}

void
net_client_finish(struct net_client *c)
{
	c->finished = true;
	watch(c);
}

/* ---- reading ---- */

static void
read_away(struct net_client *c)
{
	char bytes[READ_SIZE];
	ssize_t n = recv(c->readable.fd, bytes, sizeof(bytes), 0);

	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		drop(c);
}

static void
on_readable(struct ev_loop *loop, ev_io *w, int revents)
{
	struct net_client *c = w->data;
	size_t most = c->leaving ? 0 : c->most - left(&c->in);
	char *room;
	ssize_t n;

	(void)revents;
	if (c->leaving) {
		read_away(c);
		return;
	}
	most = most < READ_MOST ? most : READ_MOST;
	room = buffer_reserve(&c->in, most);
	n = room ? recv(w->fd, room, most, 0) : -1;
	if (room && n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0) {
		drop(c);
		return;
	}
	c->ended = n == 0;
	buffer_filled(&c->in, (size_t)n);
	if (c->all->renewed)
		ev_timer_again(loop, &c->timer);
	c->all->ops->asked(c);
	watch(c);
}

void
net_client_used(struct net_client *c, size_t len)
{
	buffer_consume(&c->in, len);
	watch(c);
}

void
net_client_rest(struct net_client *c, bool rest)
{
	c->resting = rest;
	watch(c);
}

/* ---- those who connect ---- */

/* Has it asked nothing yet, or heard all? */
static bool
is_idle(const struct net_client *c)
{
	return c->finished ? c->leaving : !c->own;
}

/* One who connects and says nothing must not keep out another who has something to ask. */
static bool
make_place(struct net_clients *all)
{
	struct net_client *oldest = NULL;
	bool gave_way;

	if (all->count < all->most)
		return true;
	for (struct net_client *c = all->list; c; c = c->next) {
		if (is_idle(c))
			oldest = c;
	}
	gave_way = oldest != NULL;
	if (gave_way)
		drop(oldest);
	if (all->ops->crowded)
		all->ops->crowded(all, gave_way);
	return gave_way;
}

static void
on_accepted(void *ctx, int fd, const union net_address *peer)
{
	struct net_clients *all = ctx;
	struct net_client *c = make_place(all) ? calloc(1, sizeof(*c)) : NULL;

	(void)peer;
	if (!c) {
		close(fd);
		return;
	}
	c->all = all;
	c->next = all->list;
	c->link = &all->list;
	if (c->next)
		c->next->link = &c->next;
	all->list = c;
	all->count++;
	buffer_init(&c->in, 0);
	buffer_init(&c->out, 0);
	ev_io_init(&c->readable, on_readable, fd, EV_READ);
	ev_io_init(&c->writable, on_writable, fd, EV_WRITE);
	ev_init(&c->timer, on_patience);
	c->timer.repeat = all->patience;
	c->most = all->most_request;
	c->readable.data = c->writable.data = c->timer.data = c;
	watch(c);
}

static void
on_paused(void *ctx, int error)
{
	(void)ctx, (void)error;
}

const struct net_listener_ops net_clients_ops = {
	.accepted = on_accepted,
	.paused = on_paused,
};
