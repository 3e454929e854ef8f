/* SPDX-License-Identifier: MIT */
#include "cli/ends.h"

#include <signal.h>

static const int numbers[] = { SIGINT, SIGTERM };
enum { COUNT = sizeof(numbers) / sizeof(numbers[0]) };

void
ends_watch(struct ends *e, struct ev_loop *loop, void (*on)(struct ev_loop *, ev_signal *, int),
    void *data)
{
	for (int i = 0; i < COUNT; i++) {
		ev_signal_init(&e->signals[i], on, numbers[i]);
		e->signals[i].data = data;
		ev_signal_start(loop, &e->signals[i]);
	}
}

void
ends_forget(struct ends *e, struct ev_loop *loop)
{
	sigset_t set;

	/* libev gives them back what they do by themselves */
	sigemptyset(&set);
	for (int i = 0; i < COUNT; i++)
		sigaddset(&set, numbers[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
	for (int i = 0; i < COUNT; i++)
		ev_signal_stop(loop, &e->signals[i]);
}
