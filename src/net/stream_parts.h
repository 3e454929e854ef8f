/* SPDX-License-Identifier: MIT */
/*
 * net/stream_parts.h - the inside of a stream, for its parts
 */
#ifndef NET_STREAM_PARTS_H
#define NET_STREAM_PARTS_H

#include "net/stream.h"

/* ---- stream.c ---- */

void net_stream_tell_end(struct net_stream *s, int error);

/* ---- stream_write.c ---- */

/* As much as the socket takes; the rest waits for room in it. */
void net_stream_write(struct net_stream *s);
/* All that was gathered, of all streams. */
void net_flush_gathered(struct net *net);
/* Take a buffer for `unsent`, give one back. */
struct buffer net_buffer_take(struct net *net);
void net_buffer_give(struct net *net, struct buffer *b);

#endif
