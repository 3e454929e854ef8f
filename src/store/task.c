/* SPDX-License-Identifier: MIT */
/* What a task holds, by its kind, given back in one place. */
#include "store/task.h"

#include <stdlib.h>

struct store_task *
store_task_create(enum store_task_kind kind)
{
	struct store_task *t = calloc(1, sizeof(*t));

	if (t)
		t->kind = kind;
	return t;
}

static void
clear_read(struct store_read_task *r)
{
	for (unsigned i = 0; i < r->count; i++)
		store_body_drop(r->items[i].body);
	free(r->items);
	r->items = NULL;
	r->count = 0;
}

static void
clear_ask(struct store_ask_task *a)
{
	for (unsigned i = 0; a->bodies && i < a->count; i++)
		store_body_drop(a->bodies[i]);
	free(a->bodies);
	free(a->rows);
	free(a->changes);
	a->bodies = NULL;
	a->rows = NULL;
	a->changes = NULL;
	a->count = a->change_count = 0;
}

void
store_task_clear(struct store_task *t)
{
	switch (t->kind) {
	case TASK_READ:
		clear_read(&t->read);
		return;
	case TASK_LIST:
	case TASK_RETRY:
	case TASK_DROP:
	case TASK_COPY:
		clear_ask(&t->ask);
		return;
	default:
		return;
	}
}

void
store_task_destroy(struct store_task *t)
{
	if (!t)
		return;
	store_task_clear(t);
	if (t->kind == TASK_APPEND)
		store_body_drop(t->append.body);
	else if (t->kind == TASK_FEED)
		free(t->name);
	else if (t->kind == TASK_COPY)
		free(t->ask.path);
	free(t);
}
