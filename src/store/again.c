/* SPDX-License-Identifier: MIT */
/*
 * The page is ours while messages are delivered, and the queue's while it works on a
 * retry; where the queue is in trouble an operator is answered without it.
 */
#include "store/again.h"

#include "store/queue.h"

/* Half of the slots: the rest is for those with lines by then. */
bool
store_again_may_send(const struct store *s, const struct store_feed *f)
{
	return f->again.count && s->again.done < PROGRESS_AGAINS / 2 && !s->again.asked.first;
}

/* 0: all are taken. */
static unsigned
take_slot(struct store *s, enum store_again_slot what, uint64_t value)
{
	struct store_again *a = &s->again;

	if (a->count == PROGRESS_AGAINS)
		return 0;
	a->count++;
	while (a->slot[a->next])
		a->next = (a->next + 1) % PROGRESS_AGAINS;
	a->slot[a->next] = what;
	store_progress_put(&s->progress, PROGRESS_AGAIN + a->next, value);
	return PROGRESS_AGAIN + a->next;
}

void
store_again_leave(struct store *s, unsigned slot)
{
	if (!slot)
		return;
	store_progress_put(&s->progress, slot, 0);
	s->again.slot[slot - PROGRESS_AGAIN] = SLOT_FREE;
	s->again.count--;
}

/* Without a slot a killed process sends it once more; so it may, where the queue works on a retry
 * that may want that. */
void
store_again_done(struct store *s, struct store_out *o)
{
	struct store_again *a = &s->again;

	o->fate = FATE_AGAIN_DONE;
	a->done++;
	if (a->under_way)
		return;
	o->slot = take_slot(s, SLOT_AGAIN, o->seq);
	a->used = true;
}

unsigned
store_again_early(struct store *s, uint64_t seq)
{
	return take_slot(s, SLOT_EARLY, seq | PROGRESS_EARLY);
}

static void
empty_page(struct store *s)
{
	for (unsigned i = 0; i < PROGRESS_AGAINS; i++)
		if (s->again.slot[i] == SLOT_AGAIN)
			store_progress_put(&s->progress, PROGRESS_AGAIN + i, 0);
}

/* In trouble the queue may never know what was delivered, and the operator is to be told. */
static bool
may_retry(struct store *s)
{
	struct store_health h;

	if (!s->again.done)
		return true;
	store_health(s, &h);
	if (h.trouble < 0)
		return false;
	empty_page(s);
	return true;
}

static void
retry_asked(struct store *s)
{
	while (s->again.asked.first && !s->closing && may_retry(s)) {
		struct store_task *t = store_tasks_take(&s->again.asked);

		t->ask.sync = s->again.used;
		s->again.used = false;
		s->again.under_way++;
		store_hand_over(s, t);
	}
}

void
store_again_troubled(struct store *s)
{
	retry_asked(s);
}

void
store_again_retried(struct store *s)
{
	s->again.under_way--;
}

void
store_again_retry(struct store *s, struct store_task *t)
{
	store_tasks_put(&s->again.asked, t);
	retry_asked(s);
}

void
store_again_forget(struct store *s, struct store_out *o)
{
	store_again_leave(s, o->slot);
	o->slot = 0;
	s->again.done--;
	retry_asked(s);
}
