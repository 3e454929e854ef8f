/* SPDX-License-Identifier: MIT */
/*
 * base/thread.h - a thread beside the loop
 *
 * Signals are the loop's, so a thread gets none; SIGPIPE and SIGXFSZ come as errors.  The core,
 * which has no threads, does not use this.
 */
#ifndef BASE_THREAD_H
#define BASE_THREAD_H

#include <pthread.h>
#include <signal.h>

/* `name` is what `ps` and debuggers show, 15 characters at most.  0, or an errno code. */
static inline int
thread_begin(pthread_t *ret, const char *name, void *(*run)(void *arg), void *arg)
{
	sigset_t all, before;
	int error;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(ret, NULL, run, arg);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (!error)
		(void)pthread_setname_np(*ret, name);
	return error;
}

#endif
