/* SPDX-License-Identifier: MIT */
/* Those who wait for the queue's thread should not wait for others that have more to do. */
#define _GNU_SOURCE
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "queue.h"

struct turns { /* the kernel's sched_attr */
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
};

static struct turns
turns_of(pid_t thread)
{
	struct turns t = { .size = 0 };

	cr_assert_eq(syscall(SYS_sched_getattr, thread, &t, sizeof(t), 0), 0);
	return t;
}

static bool
is_called(const char *thread, const char *name)
{
	char path[300], text[32] = "";
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/task/%s/comm", thread);
	f = fopen(path, "r");
	if (f) {
		(void)!fgets(text, sizeof(text), f);
		fclose(f);
	}
	return strncmp(text, name, strlen(name)) == 0;
}

static pid_t
find_thread(const char *name)
{
	DIR *threads = opendir("/proc/self/task");
	struct dirent *e;
	pid_t found = 0;

	cr_assert(threads);
	while ((e = readdir(threads)))
		if (is_called(e->d_name, name))
			found = (pid_t)atoi(e->d_name);
	closedir(threads);
	return found;
}

/* A kernel that knows turns of one length only says nothing of them, and a sandbox may refuse. */
static bool
may_ask(const struct turns *own)
{
	return own->runtime && !syscall(SYS_sched_setattr, 0, own, 0);
}

Test(turns, of_the_thread_are_short)
{
	const struct turns before = turns_of(0);
	struct queue *q = queue_open(1, NULL);
	struct turns ours, its;

	store_feed(q->store, SPAN("east"));
	queue_put(q, 1, "A1", "it runs, and has a name");
	ours = turns_of(0);
	its = turns_of(find_thread("store"));
	cr_expect_eq(ours.runtime, before.runtime);
	cr_expect_eq(its.policy, ours.policy);
	cr_expect_eq(its.nice, ours.nice);
	if (may_ask(&ours))
		cr_expect_eq(its.runtime, 100000);
	queue_close(q);
}
