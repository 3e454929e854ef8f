/* SPDX-License-Identifier: MIT */
/*
 * A session that is over leaves last bytes behind: an answer the sender waits for, a message the
 * receiver has begun to get.  Both sides may take them, as long as they go on reading.
 */
#include "daemon/link_parts.h"

#include <stdlib.h>

#include "daemon/circle.h"
#include "daemon/floor.h"
#include "daemon/observe.h"

void
link_destroy(struct link *l)
{
	struct feed *f = l->feed;

	f->awake -= l->awake;
	floor_leave(f->daemon, &l->guest);
	if (l->carried)
		circle_part(l->carried);
	net_stream_close(&l->up);
	net_stream_close(&l->down);
	net_stream_secure(&l->up, NULL);
	net_stream_secure(&l->down, NULL);
	relay_session_finish(&l->session);
	free(l->stem);
	link_count_held(l);
	*l->link = l->next;
	if (l->next)
		l->next->link = l->link;
	feed_uncount_connection(f, l->listener);
	free(l);
}

void
link_let_go(struct link *l)
{
	/* who looks for no answers hears of the end by a reset alone, and loses all until then */
	if (l->session.in.heedless && !net_stream_untaken(&l->up))
		net_stream_close(&l->up);
	net_stream_part(&l->up, relay_inlet_is_ahead(&l->session.in));
	net_stream_part(&l->down, false);
	if (net_stream_is_open(&l->up) || net_stream_is_open(&l->down))
		link_count_awake(l);
	else
		link_destroy(l);
}

/* The sender may be waiting for what it was sent last, and so may the receiver, when nobody waits
 * for its answer. */
void
link_finish(struct link *l)
{
	if (!l->delivers)
		dial_stop(&l->dial);
	net_stream_read(&l->up, false);
	floor_leave(l->feed->daemon, &l->guest);
	l->closing = now_ms();
	link_let_go(l);
}

/* How long a side that is sent its last bytes may leave them unread. */
static uint64_t
patience(const struct link *l)
{
	const uint64_t receivers = l->feed->conf->forward.ack_timeout;

	return net_stream_unsent(&l->down) && receivers > LINK_LINGER_MS ? receivers
									 : LINK_LINGER_MS;
}

/* A peer that was sent its last bytes did not read them. */
static void
give_up(struct link *l)
{
	if (net_stream_unsent(&l->down))
		observe_receiver_left(&l->dial, RELAY_UNREAD);
	link_destroy(l);
}

void
link_wait_for_readers(struct link *l, uint64_t now)
{
	const size_t unread = net_stream_untaken(&l->up) + net_stream_untaken(&l->down);

	if (unread < l->unread)
		l->closing = now;
	l->unread = unread;
	link_count_held(l);
	if (now >= l->closing + patience(l))
		give_up(l);
	else
		link_let_go(l);
}
