/* SPDX-License-Identifier: MIT */
/*
 * daemon/circle.h - lines that arrive at feeds of our own
 *
 * A message that came back to a feed in custody would pass for a resend of itself, and for
 * delivered, and be nowhere.  So a connection of a line that would close a circle of feeds
 * is refused.  Names may stand for any address, so where a line leads is known by the
 * connections that arrive, and stays known until a receiver that is none of ours answers, or
 * the feed is given another.  Feeds that relay are passed through: a link carries the line
 * whose connection it took.
 *
 * After a start, or when the circle was mended at another place, a message may come back all
 * the same.  It is told from a resend by its seq: it was here before it was where it comes from.
 */
#ifndef DAEMON_CIRCLE_H
#define DAEMON_CIRCLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

struct feed;
struct hl7noted;
struct line;
struct link;
union net_address;

/* The line whose connection, or that of the link that carries it, has this socket as its other end;
 * NULL: none has. */
struct line *circle_line(const struct hl7noted *d, int fd, const union net_address *peer);
/* It arrives at a feed in custody: would it close a circle?  Notes where it leads if not. */
bool circle_closes(struct line *l, const struct feed *f);
/* The seq of a message where the line of that feed (by its number) has it in flight; 0: none has.
 */
uint64_t circle_seq(const struct hl7noted *d, unsigned number, struct span control_id);
/* Listeners left their feeds: where lines led may be elsewhere, and they find out anew. */
void circle_forget(struct hl7noted *d);
/* It arrives at a feed that relays, and goes on by this link. */
void circle_carry(struct line *l, struct link *by);
/* No link carries it any more; the line, or the link, is about to end, or connects anew. */
void circle_part(struct line *l);

#endif
