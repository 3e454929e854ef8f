/* SPDX-License-Identifier: MIT */
/*
 * Questions go to the threads in a list, answers come back in another; one lock
 * guards both, and nobody holds it while a name is looked up.  A thread is added when a
 * question comes and all are busy.
 */
#define _GNU_SOURCE /* strerrorname_np, base/thread.h */
#include "net/resolver.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/thread.h"

/* ---- one lookup ---- */

int
net_look_up(const char *host, const char *port, int flags, struct addrinfo **ret)
{
	const bool all = (flags & AI_PASSIVE) && (!host[0] || strcmp(host, "*") == 0);
	struct addrinfo hints = {
		.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = flags
	};
	const int error = getaddrinfo(all ? NULL : host, port, &hints, ret);

	return error == EAI_SYSTEM && errno ? errno : error;
}

const char *
net_look_up_text(int error)
{
	return error < 0 ? gai_strerror(error) : strerror(error);
}

const char *
net_look_up_word(int error)
{
	switch (error) {
	case EAI_NONAME:
		return "EAI_NONAME";
	case EAI_NODATA:
		return "EAI_NODATA";
	case EAI_ADDRFAMILY:
		return "EAI_ADDRFAMILY";
	case EAI_AGAIN:
		return "EAI_AGAIN";
	case EAI_FAIL:
		return "EAI_FAIL";
	case EAI_SERVICE:
		return "EAI_SERVICE";
	case EAI_MEMORY:
		return "EAI_MEMORY";
	default:
		return error < 0 ? "EAI_SYSTEM" : strerrorname_np(error);
	}
}

/* ---- many ---- */

struct question {
	struct question *next;
	char *host, *port;
	net_resolved *done;
	void *ctx;
	struct addrinfo *addresses;
	int error;
};

enum { WORKERS_MOST = 8 };

struct worker {
	struct net_resolver *resolver;
	pthread_t thread;
	struct question *asking;
};

struct net_resolver {
	struct ev_loop *loop;
	ev_async answered;
	pthread_mutex_t lock;
	pthread_cond_t asked;
	struct question *questions, *answers;
	struct worker workers[WORKERS_MOST];
	unsigned count, at_work; /* of the workers; those that have not ended */
	bool stop;
	bool left; /* to the threads; the last gives it back when its name is looked up */
};

static void
free_question(struct question *q)
{
	if (q->addresses)
		freeaddrinfo(q->addresses);
	free(q->host);
	free(q->port);
	free(q);
}

static void
push(struct question **list, struct question *q)
{
	while (*list)
		list = &(*list)->next;
	q->next = NULL;
	*list = q;
}

static struct question *
pop(struct question **list)
{
	struct question *q = *list;

	if (q)
		*list = q->next;
	return q;
}

static void
free_resolver(struct net_resolver *r)
{
	struct question *q;

	while ((q = pop(&r->questions)) || (q = pop(&r->answers)))
		free_question(q);
	pthread_cond_destroy(&r->asked);
	pthread_mutex_destroy(&r->lock);
	free(r);
}

/* The next that anybody still wants to know, or NULL. */
static struct question *
next_question(struct net_resolver *r)
{
	struct question *q;

	while ((q = pop(&r->questions)) && !q->done)
		free_question(q);
	return q;
}

static void *
work(void *arg)
{
	struct worker *w = arg;
	struct net_resolver *r = w->resolver;
	bool last;

	pthread_mutex_lock(&r->lock);
	while (!r->stop) {
		struct question *q = w->asking = next_question(r);

		if (!q) {
			pthread_cond_wait(&r->asked, &r->lock);
			continue;
		}
		pthread_mutex_unlock(&r->lock);
		q->error = net_look_up(q->host, q->port, 0, &q->addresses);
		pthread_mutex_lock(&r->lock);
		w->asking = NULL;
		push(&r->answers, q);
		if (!r->stop)
			ev_async_send(r->loop, &r->answered);
	}
	last = !--r->at_work && r->left;
	pthread_mutex_unlock(&r->lock);
	if (last)
		free_resolver(r);
	return NULL;
}

static bool
is_busy(const struct net_resolver *r)
{
	for (unsigned i = 0; i < r->count; i++) {
		if (!r->workers[i].asking)
			return false;
	}
	return true;
}

/* With the lock held. */
static bool
add_worker(struct net_resolver *r)
{
	struct worker *w = &r->workers[r->count];

	w->resolver = r;
	if (thread_begin(&w->thread, "names", work, w) != 0)
		return false;
	r->count++;
	r->at_work++;
	return true;
}

static void
on_answered(struct ev_loop *loop, ev_async *w, int revents)
{
	struct net_resolver *r = w->data;
	struct question *q;

	(void)loop, (void)revents;
	for (;;) {
		struct addrinfo *addresses;

		pthread_mutex_lock(&r->lock);
		q = pop(&r->answers);
		pthread_mutex_unlock(&r->lock);
		if (!q)
			return;
		addresses = q->addresses;
		q->addresses = NULL;
		if (q->done)
			q->done(q->ctx, addresses, q->error);
		else if (addresses)
			freeaddrinfo(addresses);
		free_question(q);
	}
}

struct net_resolver *
net_resolver_create(struct ev_loop *loop)
{
	struct net_resolver *r = calloc(1, sizeof(*r));
	bool added;

	if (!r)
		return NULL;
	r->loop = loop;
	pthread_mutex_init(&r->lock, NULL);
	pthread_cond_init(&r->asked, NULL);
	pthread_mutex_lock(&r->lock);
	added = add_worker(r);
	pthread_mutex_unlock(&r->lock);
	if (!added) {
		free_resolver(r);
		return NULL;
	}
	ev_async_init(&r->answered, on_answered);
	r->answered.data = r;
	ev_async_start(loop, &r->answered);
	ev_unref(loop);
	return r;
}

/* A name server may take longer than anybody wants to wait for an end. */
void
net_resolver_destroy(struct net_resolver *r)
{
	pthread_t threads[WORKERS_MOST];
	unsigned count;
	bool left = false;

	if (!r)
		return;
	pthread_mutex_lock(&r->lock);
	ev_ref(r->loop);
	ev_async_stop(r->loop, &r->answered);
	count = r->count;
	for (unsigned i = 0; i < count; i++) {
		threads[i] = r->workers[i].thread;
		left |= r->workers[i].asking != NULL;
	}
	r->stop = true;
	r->left = left;
	pthread_cond_broadcast(&r->asked);
	pthread_mutex_unlock(&r->lock);
	for (unsigned i = 0; i < count; i++) {
		if (left)
			pthread_detach(threads[i]);
		else
			pthread_join(threads[i], NULL);
	}
	if (!left)
		free_resolver(r);
}

void
net_resolve(
    struct net_resolver *r, const char *host, const char *port, net_resolved *done, void *ctx)
{
	struct addrinfo *addresses;
	struct question *q;

	if (net_look_up(host, port, AI_NUMERICHOST, &addresses) == 0) {
		done(ctx, addresses, 0);
		return;
	}
	q = calloc(1, sizeof(*q));
	if (q) {
		*q = (struct question){
			.host = strdup(host), .port = strdup(port), .done = done, .ctx = ctx
		};
	}
	if (!q || !q->host || !q->port) {
		if (q)
			free_question(q);
		done(ctx, NULL, EAI_MEMORY);
		return;
	}
	pthread_mutex_lock(&r->lock);
	push(&r->questions, q);
	if (r->count < WORKERS_MOST && (r->questions != q || is_busy(r)))
		(void)add_worker(r); /* without one more, it waits its turn */
	pthread_cond_signal(&r->asked);
	pthread_mutex_unlock(&r->lock);
}

static void
forget_one(struct question *q, const void *ctx)
{
	if (q->ctx == ctx)
		q->done = NULL;
}

static void
forget(struct question *q, const void *ctx)
{
	for (; q; q = q->next)
		forget_one(q, ctx);
}

void
net_resolver_forget(struct net_resolver *r, void *ctx)
{
	pthread_mutex_lock(&r->lock);
	forget(r->questions, ctx);
	forget(r->answers, ctx);
	for (unsigned i = 0; i < r->count; i++) {
		if (r->workers[i].asking)
			forget_one(r->workers[i].asking, ctx);
	}
	pthread_mutex_unlock(&r->lock);
}

bool
net_resolver_is_burdened(struct net_resolver *r)
{
	unsigned vain = 0;

	pthread_mutex_lock(&r->lock);
	for (unsigned i = 0; i < r->count; i++) {
		if (r->workers[i].asking && !r->workers[i].asking->done)
			vain++;
	}
	pthread_mutex_unlock(&r->lock);
	return vain >= WORKERS_MOST / 2;
}
