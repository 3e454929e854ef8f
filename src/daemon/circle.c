/* SPDX-License-Identifier: MIT */
/*
 * Each line leads to one feed at most, so a walk from feed to feed meets all that are behind
 * the first; and it ends, since no circle is ever closed.
 */
#include "daemon/circle.h"

#include "daemon/line.h"
#include "daemon/link.h"

static struct line *
find_line(const struct feed *f, int fd, const union net_address *peer)
{
	for (; f; f = f->next) {
		struct line *l = f->line;

		if (l && net_stream_joins(l->carrier ? &l->carrier->down : &l->down, fd, peer))
			return l;
	}
	return NULL;
}

/* One of a feed that is taken away may still deliver what it has in flight. */
struct line *
circle_line(const struct hl7noted *d, int fd, const union net_address *peer)
{
	struct line *l = find_line(d->feeds, fd, peer);

	return l ? l : find_line(d->retired, fd, peer);
}

/* That has a line, or NULL. */
static const struct feed *
feed_of(const struct hl7noted *d, unsigned number)
{
	const struct feed *f = number ? d->feeds : NULL;

	while (f && !(f->line && f->number == number))
		f = f->next;
	return f;
}

bool
circle_closes(struct line *l, const struct feed *f)
{
	for (const struct feed *at = f; at;
	     at = at->line ? feed_of(at->daemon, at->line->leads_to) : NULL) {
		if (at == l->feed)
			return true;
	}
	l->leads_to = f->number;
	l->arrived = true;
	return false;
}

void
circle_forget(struct hl7noted *d)
{
	for (struct feed *f = d->feeds; f; f = f->next) {
		if (f->line && f->line->leads_to)
			line_change(f->line, true, false);
	}
}

/* A feed that is taken away, and one that has its name since, have the same number. */
static uint64_t
find_seq(const struct feed *f, unsigned number, struct span control_id)
{
	uint64_t seq = 0;

	for (; f && !seq; f = f->next) {
		if (f->line && f->number == number)
			seq = custody_line_seq(&f->line->machine, control_id);
	}
	return seq;
}

uint64_t
circle_seq(const struct hl7noted *d, unsigned number, struct span control_id)
{
	uint64_t seq = number ? find_seq(d->feeds, number, control_id) : 0;

	return seq || !number ? seq : find_seq(d->retired, number, control_id);
}

void
circle_carry(struct line *l, struct link *by)
{
	circle_part(l);
	l->carrier = by;
	by->carried = l;
}

void
circle_part(struct line *l)
{
	if (l->carrier)
		l->carrier->carried = NULL;
	l->carrier = NULL;
}
