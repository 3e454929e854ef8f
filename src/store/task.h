/* SPDX-License-Identifier: MIT */
/*
 * store/task.h - one thing the loop asks of the thread
 *
 * The loop makes it, the thread works on it and fills in what became of it, and the
 * same memory travels back: so an answer never fails for want of memory.
 */
#ifndef STORE_TASK_H
#define STORE_TASK_H

#include "store/backend.h"

enum store_task_kind {
	TASK_FEED, /* a feed is new */
	TASK_APPEND,
	TASK_MARK, /* a record changes its state */
	TASK_READ, /* waiting messages, ahead of the line */
	TASK_LIST,
	TASK_RETRY,
	TASK_DROP,
	TASK_COPY,
	TASK_CHANGE, /* settings */
};

enum {
	/* What one step may hold up a commit for: a millisecond or two. */
	STEP_ROWS = 256,      /* rows changed */
	STEP_LOOKED = 1024,   /* rows looked at */
	STEP_BYTES = 1 << 20, /* bodies read */
};

/*
 * `refusals` keeps order: what was appended before its sender could hear that one of its own was
 * refused is refused, too.  Otherwise a sender of many messages at once, whose first was refused
 * for want of room and whose second found some, would send the first again, behind the second.
 */
struct store_append_task {
	struct store_record record;
	struct store_body *body;
	bool always;
	uint64_t behind;
	struct store_sender *sender; /* NULL: none of its before it waits for a verdict */
	unsigned refusals;           /* those it had heard of; and back: those there were */
	enum store_verdict verdict;
};

struct store_mark_task {
	uint64_t seq;
	int state;     /* RECORD_ANY: as it is */
	bool once;     /* told of it in its turn: when it is to be sent again by now, that stands */
	unsigned slot; /* of the progress page that knows it so long; 0: none */
	struct store_tries tries;
	char word[STORE_WORD_MOST + 1];
};

struct store_read_task {
	uint64_t after;
	bool again;    /* those an operator sent again */
	unsigned turn; /* of the feed's rewinding: answers of an earlier one are dropped */
	size_t bytes;  /* about so many */
	struct store_item *items;
	unsigned count;
	bool all; /* there were no more */
};

/* What a step of a question changed; in `rows`, so that the loop can follow. */
struct store_change_row {
	uint64_t seq;
	unsigned feed;
	bool waited; /* in its turn, before */
};

struct store_ask_task {
	struct store_filter filter;
	char control_id[STORE_ID_MOST];
	unsigned limit;
	bool with_bytes;
	bool sync; /* the progress page first */
	char *path;
	struct store_row *rows;
	struct store_body **bodies; /* of these rows; NULL: none */
	struct store_change_row *changes;
	unsigned count, change_count;
	bool more; /* another step is needed, or for a list another page */
	uint64_t next;
	uint64_t changed; /* by all steps */
};

struct store_task {
	struct store_task *next;
	enum store_task_kind kind;
	unsigned feed;
	int error;
	uint64_t token;
	union {
		struct store_append_task append;
		struct store_mark_task mark;
		struct store_read_task read;
		struct store_ask_task ask;
		struct store_settings set;
		char *name;
	};
};

/* First in, first out. */
struct store_tasks {
	struct store_task *first, *last;
};

static inline void
store_tasks_put(struct store_tasks *l, struct store_task *t)
{
	t->next = NULL;
	if (l->last)
		l->last->next = t;
	else
		l->first = t;
	l->last = t;
}

static inline struct store_task *
store_tasks_take(struct store_tasks *l)
{
	struct store_task *t = l->first;

	if (!t)
		return NULL;
	l->first = t->next;
	if (!l->first)
		l->last = NULL;
	return t;
}

/* All of `from` behind all of `to`. */
static inline void
store_tasks_move(struct store_tasks *to, struct store_tasks *from)
{
	if (!from->first)
		return;
	if (to->last)
		to->last->next = from->first;
	else
		to->first = from->first;
	to->last = from->last;
	*from = (struct store_tasks){ NULL, NULL };
}

struct store_task *store_task_create(enum store_task_kind kind);
/* With all it still holds. */
void store_task_destroy(struct store_task *t);
/* What a step found, before the next. */
void store_task_clear(struct store_task *t);

#endif
