/* SPDX-License-Identifier: MIT */
/*
 * store/ahead.h - what fills the windows of feeds (private to store)
 *
 * Messages just committed, as long as nothing older is missing; else what the thread
 * reads, in order.  A window takes its feed's share of memory and no more than all
 * windows may; the first message of an empty one always has room.
 */
#ifndef STORE_AHEAD_H
#define STORE_AHEAD_H

struct store;
struct store_feed;
struct store_task;

/* Ask for what is missing, if there is room for it; later, when there is no memory to ask. */
void store_ahead_read(struct store *s, struct store_feed *f);
/* What could not be asked before. */
void store_ahead_owed(struct store *s);
/* What the thread read. */
void store_ahead_came(struct store *s, struct store_task *t);
/* What it committed, or refused; whoever asked for it is told. */
void store_ahead_appended(struct store *s, struct store_task *t);

#endif
