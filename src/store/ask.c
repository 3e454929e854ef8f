/* SPDX-License-Identifier: MIT */
/* Questions of operators: typed tasks out, pages of answers in. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "store/queue.h"

static struct store_task *
create(enum store_task_kind kind, const struct store_filter *filter, uint64_t token)
{
	struct store_task *t = store_task_create(kind);
	struct span id = span_head(filter->control_id, STORE_ID_MOST);

	if (!t)
		return NULL;
	t->token = token;
	t->ask.filter = *filter;
	if (id.ptr) {
		if (id.len)
			memcpy(t->ask.control_id, id.ptr, id.len);
		t->ask.filter.control_id = span_of(t->ask.control_id, id.len);
	}
	return t;
}

int
store_list(struct store *s, const struct store_filter *filter, unsigned limit, bool with_bytes,
    uint64_t token)
{
	struct store_task *t = create(TASK_LIST, filter, token);

	if (!t)
		return -ENOMEM;
	t->ask.limit = limit;
	t->ask.with_bytes = with_bytes;
	store_hand_over(s, t);
	return 0;
}

static int
ask_change(struct store *s, enum store_task_kind kind, const struct store_filter *filter,
    unsigned states, uint64_t token)
{
	struct store_task *t = create(kind, filter, token);

	if (!t)
		return -ENOMEM;
	if (!t->ask.filter.states)
		t->ask.filter.states = states;
	if (kind == TASK_RETRY)
		store_again_retry(s, t);
	else
		store_hand_over(s, t);
	return 0;
}

int
store_retry(struct store *s, const struct store_filter *filter, uint64_t token)
{
	return ask_change(s, TASK_RETRY, filter, STORE_ASIDE, token);
}

int
store_drop(struct store *s, const struct store_filter *filter, uint64_t token)
{
	return ask_change(s, TASK_DROP, filter, STORE_WAITING | STORE_ASIDE, token);
}

int
store_backup(struct store *s, const char *path, uint64_t token)
{
	const struct store_filter none = { .feed = 0 };
	struct store_task *t = create(TASK_COPY, &none, token);

	if (t)
		t->ask.path = strdup(path);
	if (!t || !t->ask.path) {
		store_task_destroy(t);
		return -ENOMEM;
	}
	store_hand_over(s, t);
	return 0;
}

/* ---- answers -------------------------------------------------------------------------------- */

static const char *
sentence(struct store *s, const struct store_task *t)
{
	if (!t->error)
		return NULL;
	switch (t->error) {
	case -EBUSY:
		return "another backup is being made";
	case -ECANCELED:
		return "the queue is being closed";
	case -ENOTSUP:
		return "a queue in memory has no backup";
	}
	if (t->kind == TASK_COPY && t->error == -EREMOTEIO)
		return "a part of the queue could not be read, so there is no backup; look at its "
		       "disk";
	if (t->kind == TASK_COPY)
		(void)snprintf(s->text, sizeof(s->text),
		    "cannot write %s: %s; name a new file, where the daemon may make one",
		    t->ask.path, strerror(-t->error));
	else
		(void)snprintf(s->text, sizeof(s->text), "the queue: %s", strerror(-t->error));
	return s->text;
}

static bool
is_change(const struct store_task *t)
{
	return t->kind == TASK_RETRY || t->kind == TASK_DROP;
}

void
store_ask_done(struct store *s, struct store_task *t)
{
	struct store_ask_task *a = &t->ask;
	struct store_answer answer;

	if (is_change(t) && !t->error) {
		a->changed += a->change_count;
		store_out_changed(s, t);
		if (a->more && !s->closing) {
			a->filter.after = a->next;
			if (t->kind == TASK_RETRY)
				store_again_retry(s, t);
			else
				store_hand_over(s, t);
			return;
		}
		t->error = a->more ? -ECANCELED : 0;
	}
	answer = (struct store_answer){ t->error, sentence(s, t), a->rows, a->count,
		t->kind == TASK_LIST && a->more, a->next, a->changed };
	s->ops->answered(s->ctx, t->token, &answer);
	store_task_destroy(t);
}
