/* SPDX-License-Identifier: MIT */
/*
 * net/stream_parts.h - the inside of a stream, for its parts
 */
#ifndef NET_STREAM_PARTS_H
#define NET_STREAM_PARTS_H

#include <stddef.h>

#include "net/stream.h"

#define container_of(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

/* ---- stream_read.c ---- */

void net_arrivals_init(struct net *net);
void net_arrivals_finish(struct net *net);
void net_stream_on_readable(struct ev_loop *loop, ev_io *w, int revents);
/* It is closed: what arrived is for nobody. */
void net_arrival_forget(struct net_stream *s);
void net_stream_tell_end(struct net_stream *s, int error);
/* What is left of the room that all share; never less than some KiB. */
char *net_room(struct net *net, size_t *ret_size);

/* ---- stream_write.c ---- */

/* As much as the socket takes; the rest waits for room in it. */
void net_stream_write(struct net_stream *s);
/* All that was gathered, of all streams. */
void net_flush_gathered(struct net *net);
/* Take a buffer for `unsent`, give one back. */
struct buffer net_buffer_take(struct net *net);
void net_buffer_give(struct net *net, struct buffer *b);

#endif
