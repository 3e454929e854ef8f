/* SPDX-License-Identifier: MIT */
/*
 * The thread and a ring, one so small that every line is near its end or its beginning.
 */
#define _GNU_SOURCE /* memfd_create */
#include "log/writer.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "log/ring.h"

enum {
	RING = 4096,
	LARGE_RING = 16 << 20,
	KEPT = 512,
	LINES = 200000,
	LINE_ROOM = 128,
};

/* A line of its own length: its number and as many dots. */
static struct span
numbered(char ret[LINE_ROOM], unsigned long number)
{
	int len = snprintf(ret, LINE_ROOM, "%lu %.*s\n", number, (int)(number % 97),
	    "................................................"
	    "................................................");

	return span_of(ret, (size_t)len);
}

static struct span
note(void *ctx, bool journal, uint64_t dropped)
{
	(void)journal;
	return span_of(
	    ctx, (size_t)snprintf(ctx, LINE_ROOM, "dropped %llu\n", (unsigned long long)dropped));
}

/* Every number stands there in its order, or a note says that it was dropped. */
static void
check_numbers(FILE *file, unsigned long count, bool may_drop)
{
	char line[LINE_ROOM], wanted[LINE_ROOM];
	unsigned long next = 0, dropped;

	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "dropped %lu", &dropped) == 1) {
			cr_assert(may_drop);
			next += dropped;
			continue;
		}
		(void)numbered(wanted, next++);
		cr_assert(eq(str, line, wanted));
	}
	cr_assert(eq(ulong, next, count));
}

static void
pause_for(long ns)
{
	const struct timespec time = { .tv_nsec = ns };

	(void)nanosleep(&time, NULL);
}

static struct log_writer *
writer_to(int fd, size_t ring, char *room)
{
	const struct log_target target = { .kind = LOG_TO_FILE, .fd = dup(fd) };

	return log_writer_create(ring, KEPT, target, note, room);
}

TestSuite(writer, .timeout = 60);

/* The one who puts pauses now and then, so that the ring is full, empty and all between. */
Test(writer, keeps_the_order_whether_the_ring_runs_empty_or_over)
{
	char room[LINE_ROOM], line[LINE_ROOM];
	int fd = memfd_create("log", MFD_CLOEXEC);
	struct log_writer *w = writer_to(fd, RING, room);
	FILE *file;

	for (unsigned long i = 0; i < LINES; i++) {
		log_writer_put(w, numbered(line, i), i % 7 == 0);
		if (i % 31 == 0)
			pause_for((long)(i % 1000) * 50);
	}
	log_writer_destroy(w);
	file = fdopen(fd, "r");
	rewind(file);
	check_numbers(file, LINES, true);
	fclose(file);
}

static size_t
memory_in_use(void)
{
	FILE *file = fopen("/proc/self/statm", "r");
	unsigned long all = 0, resident = 0, shared = 0;

	cr_assert(file != NULL);
	cr_assert(eq(int, fscanf(file, "%lu %lu %lu", &all, &resident, &shared), 3));
	fclose(file);
	return (resident - shared) * (size_t)sysconf(_SC_PAGESIZE);
}

/* More than the ring goes through it, but never much at a time. */
Test(writer, touches_little_of_its_ring_while_it_keeps_up)
{
	char room[LINE_ROOM], line[LINE_ROOM];
	int fd = memfd_create("log", MFD_CLOEXEC);
	struct log_writer *w = writer_to(fd, LARGE_RING, room);
	size_t before = memory_in_use();
	off_t put = 0;

	for (unsigned long i = 0; put < 2 * LARGE_RING; i++) {
		struct stat st = { 0 };
		struct span text = numbered(line, i);

		put += (off_t)text.len;
		log_writer_put(w, text, i % 5000 == 4999);
		while (i % 5000 == 4999 && !fstat(fd, &st) && st.st_size < put)
			pause_for(100000);
	}
	cr_assert(lt(sz, memory_in_use() - before, LARGE_RING / 4));
	log_writer_destroy(w);
	close(fd);
}

static size_t
size_of(int fd)
{
	struct stat st = { 0 };

	cr_assert(eq(int, fstat(fd, &st), 0));
	return (size_t)st.st_size;
}

static bool
grows_to(int fd, size_t size)
{
	for (unsigned i = 0; i < 10000 && size_of(fd) < size; i++)
		pause_for(1000000);
	return size_of(fd) == size;
}

/* The one who puts is held up for so long between a line and the look whether anybody sleeps. */
static long held_up;
bool __real_log_ring_is_filling(const struct log_ring *r);
bool __wrap_log_ring_is_filling(const struct log_ring *r);

bool
__wrap_log_ring_is_filling(const struct log_ring *r)
{
	if (held_up)
		pause_for(held_up);
	return __real_log_ring_is_filling(r);
}

/* The writer has written the line and gone to sleep when it is woken for it. */
Test(writer, sleeps_lightly_after_it_was_woken_for_nothing)
{
	char room[LINE_ROOM];
	int fd = memfd_create("log", MFD_CLOEXEC);
	struct log_writer *w = writer_to(fd, RING, room);

	for (unsigned i = 0; i < 10; i++) {
		log_writer_put(w, span_of("1\n", 2), false);
		pause_for(5000000);
		held_up = 24000000 + i * 4000000L;
		log_writer_put(w, span_of("2\n", 2), false);
		held_up = 0;
		pause_for(60000000);
		log_writer_put(w, span_of("3\n", 2), false);
		cr_assert(grows_to(fd, 6 * (i + 1)), "the third line of round %u", i);
		pause_for(60000000);
	}
	log_writer_destroy(w);
	close(fd);
}

/* A pipe for which one waits in write(), as for a disk that has stopped; it is full. */
static void
full_pipe(int ret_fds[2])
{
	static const char dots[4096] = ".";

	cr_assert(eq(int, pipe2(ret_fds, O_CLOEXEC), 0));
	cr_assert(eq(int, fcntl(ret_fds[1], F_SETFL, O_NONBLOCK), 0));
	while (write(ret_fds[1], dots, sizeof(dots)) > 0)
		;
	cr_assert(eq(int, fcntl(ret_fds[1], F_SETFL, 0), 0));
}

Test(writer, is_turning_until_the_target_before_has_what_is_its_own)
{
	char room[LINE_ROOM], away[4096];
	int fds[2], fd = memfd_create("log", MFD_CLOEXEC);
	struct log_writer *w;

	full_pipe(fds);
	w = writer_to(fds[1], RING, room);
	close(fds[1]);
	cr_assert(not(log_writer_is_turning(w)));
	log_writer_put(w, SPAN("1\n"), true);
	pause_for(100000000);
	log_writer_turn(w, (struct log_target){ .kind = LOG_TO_FILE, .fd = dup(fd) });
	log_writer_put(w, SPAN("2\n"), true);
	pause_for(100000000);
	cr_assert(log_writer_is_turning(w));
	while (log_writer_is_turning(w))
		cr_assert(ge(long, read(fds[0], away, sizeof(away)), 0));
	cr_assert(grows_to(fd, 2));
	log_writer_destroy(w);
	close(fds[0]);
	close(fd);
}

/* The lines before it fill what room there was. */
Test(writer, tells_the_next_target_of_a_gap_that_the_one_before_was_not_told_of)
{
	char room[LINE_ROOM], text[32] = "", page[4096];
	const struct span line = SPAN(
	    "a line as long as others of which sixty-four fill a page, right\n");
	int fds[2], fd = memfd_create("log", MFD_CLOEXEC), held = 0, full;
	struct log_target target = { .kind = LOG_TO_FILE };
	struct log_writer *w;

	full_pipe(fds);
	cr_assert(eq(int, fcntl(fds[1], F_SETFL, O_NONBLOCK), 0));
	cr_assert(eq(int, ioctl(fds[0], FIONREAD, &full), 0));
	target.fd = fds[1];
	w = log_writer_create(8192, 4096, target, note, room);
	for (unsigned i = 0; i < 64 + 3; i++)
		log_writer_put(w, line, true);
	cr_assert(eq(ulong, log_writer_dropped(w), 3));
	cr_assert(eq(long, read(fds[0], page, sizeof(page)), sizeof(page)));
	while (held < full) {
		pause_for(1000000);
		cr_assert(eq(int, ioctl(fds[0], FIONREAD, &held), 0));
	}
	pause_for(20000000);
	log_writer_turn(w, (struct log_target){ .kind = LOG_TO_FILE, .fd = dup(fd) });
	log_writer_destroy(w);
	cr_assert(ge(long, pread(fd, text, sizeof(text) - 1, 0), 0));
	cr_assert(not(strcmp(text, "dropped 3\n")));
	close(fds[0]);
	close(fd);
}
