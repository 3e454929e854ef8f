/* SPDX-License-Identifier: MIT */
/*
 * Tried rather than computed from a limit, since there is one for the user, one for the service and
 * one for the machine.
 */
#define _GNU_SOURCE /* base/thread.h */
#include "daemon/threads.h"

#include <stdio.h>
#include <string.h>

#include "base/thread.h"

/* For the log, names to connect to, names to listen on, and the queue. */
enum { NEEDED = 4 };

static void *
pass(void *arg)
{
	pthread_mutex_t *gate = arg;

	pthread_mutex_lock(gate);
	pthread_mutex_unlock(gate);
	return NULL;
}

bool
threads_suffice(void)
{
	pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
	pthread_t threads[NEEDED];
	unsigned n = 0;
	int error = 0;

	pthread_mutex_lock(&gate);
	while (n < NEEDED && !(error = thread_begin(&threads[n], "trial", pass, &gate)))
		n++;
	pthread_mutex_unlock(&gate);
	if (error)
		fprintf(stderr,
		    "hl7noted: %u threads can be begun, and %u are needed at least: %s; "
		    "raise TasksMax, or ulimit -u\n",
		    n, (unsigned)NEEDED, strerror(error));
	while (n)
		pthread_join(threads[--n], NULL);
	pthread_mutex_destroy(&gate);
	return !error;
}
