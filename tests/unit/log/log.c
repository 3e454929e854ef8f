/* SPDX-License-Identifier: MIT */
/*
 * The log against targets that take nothing, little, or no more: every line logged
 * must be found whole and in order, or be in the count of a line that says so.
 */
#define _GNU_SOURCE /* memmem */
#include "log/log.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/buffer.h"
#include "log/target.h"

static char folder[64], path[96], other[96];
static struct buffer piped; /* a line of which only the beginning came */

static void
begin(void)
{
	snprintf(folder, sizeof(folder), "/tmp/hl7log.XXXXXX");
	cr_assert(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/log", folder);
	snprintf(other, sizeof(other), "%s/other", folder);
}

static void
end(void)
{
	buffer_finish(&piped);
	unlink(path);
	unlink(other);
	rmdir(folder);
}

TestSuite(log, .init = begin, .fini = end, .timeout = 60);

static double
seconds(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
wait_ms(long ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&t, NULL);
}

static void
put(struct log *log, uint64_t from, uint64_t to)
{
	for (uint64_t i = from; i < to; i++) {
		if (!log_begin(log, LOG_MSG_ACKED))
			continue;
		log_number(log, LOG_CORR, i);
		log_str(log, LOG_FEED, "lab-to-ehr");
		log_str(log, LOG_PEER, "[2001:db8::1]:40000");
		log_str(log, LOG_CTL_ID, "Q\r\n\"123\"\x1b[2J\xe2\x80\xa8");
		log_str(log, LOG_RULES, "S03 S13 S20 S21 S30");
		log_end(log);
	}
}

/* ---- reading it back -------------------------------------------------------------------- */

struct tally {
	uint64_t lines, next, dropped, notes;
};

static void
read_line(struct tally *t, struct span l)
{
	char text[1024];
	const char *at;

	cr_assert_lt(l.len, sizeof(text));
	memcpy(text, l.ptr, l.len);
	text[l.len] = '\0';
	cr_assert_eq(strncmp(text, "{\"ts\":\"2", 8), 0, "torn: %s", text);
	cr_assert_eq(text[l.len - 1], '}', "torn: %s", text);
	at = strstr(text, "\"count\":");
	if (strstr(text, "\"log.dropped\"") && at) {
		uint64_t count = strtoull(at + 8, NULL, 10);

		cr_assert_gt(count, 0);
		t->dropped += count;
		t->next += count;
		t->notes++;
		return;
	}
	at = strstr(text, "\"corr\":");
	cr_assert(at, "%s", text);
	cr_assert_eq(
	    strtoull(at + 7, NULL, 10), t->next, "%" PRIu64 " expected: %s", t->next, text);
	t->next++;
	t->lines++;
}

/* All whole lines of `b`. */
static void
read_lines(struct tally *t, struct buffer *b)
{
	struct span rest = buffer_span(b);
	const char *mark;

	while (rest.len && (mark = memchr(rest.ptr, '\n', rest.len))) {
		size_t len = (size_t)(mark - rest.ptr);

		read_line(t, span_of(rest.ptr, len));
		rest = span_tail(rest, len + 1);
		buffer_consume(b, len + 1);
	}
}

static void
read_file(struct tally *t, const char *name)
{
	FILE *f = fopen(name, "r");
	struct buffer b;
	size_t n;

	cr_assert(f, "%s", name);
	buffer_init(&b, 0);
	do {
		n = fread(buffer_reserve(&b, 1 << 16), 1, 1 << 16, f);
		buffer_filled(&b, n);
		read_lines(t, &b);
	} while (n);
	cr_expect_eq(buffer_span(&b).len, 0, "a torn last line");
	buffer_finish(&b);
	fclose(f);
}

/* Read a pipe until `until` lines came or were told dropped, or half a minute without any. */
static void
read_pipe(struct tally *t, int fd, uint64_t until)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	while (t->next < until && poll(&p, 1, 30000) > 0) {
		ssize_t n = read(fd, buffer_reserve(&piped, 4096), 4096);

		if (n <= 0)
			break;
		buffer_filled(&piped, (size_t)n);
		read_lines(t, &piped);
	}
}

/* ---- files ------------------------------------------------------------------------------ */

Test(log, writes_every_line_in_order)
{
	struct log *log = log_create(LOG_JSON, LOG_INFO_, path);
	struct tally t = { 0 };

	put(log, 0, 1000);
	log_destroy(log);
	read_file(&t, path);
	cr_expect_eq(t.lines, 1000);
	cr_expect_eq(t.dropped, 0);
}

Test(log, leaves_out_what_is_below_its_level)
{
	struct log *log = log_create(LOG_JSON, LOG_WARNING_, path);
	struct tally t = { 0 };

	cr_expect_not(log_begin(log, LOG_CONN_OPEN));
	cr_expect_not(log_begin_at(log, LOG_MSG_UNPROVED, LOG_INFO_));
	put(log, 0, 10);
	log_set(log, LOG_JSON, LOG_INFO_, NULL);
	put(log, 0, 2);
	log_destroy(log);
	read_file(&t, path);
	cr_expect_eq(t.lines, 2);
}

Test(log, says_why_a_file_cannot_be_opened)
{
	struct log *log;

	cr_expect_null(log_create(LOG_JSON, LOG_INFO_, "/nowhere/log"));
	cr_expect_eq(errno, ENOENT);
	log = log_create(LOG_JSON, LOG_INFO_, path);
	cr_expect_not(log_reopen(log, "/nowhere/log"));
	cr_expect_eq(errno, ENOENT);
	put(log, 0, 1);
	log_destroy(log);
	log_destroy(NULL);
	cr_expect_eq(access(path, F_OK), 0);
}

Test(log, writes_soon_without_being_asked)
{
	struct log *log = log_create(LOG_JSON, LOG_INFO_, path);
	struct stat st = { 0 };

	put(log, 0, 1);
	for (unsigned i = 0; i < 3000 && st.st_size == 0; i++) {
		wait_ms(10);
		cr_assert_eq(stat(path, &st), 0);
	}
	cr_expect_gt(st.st_size, 0);
	log_destroy(log);
}

Test(log, takes_a_hundred_thousand_lines_without_taking_time)
{
	struct log *log = log_create(LOG_JSON, LOG_INFO_, path);
	struct tally t = { 0 };
	double before = seconds(CLOCK_THREAD_CPUTIME_ID), spent;

	put(log, 0, 100000);
	spent = seconds(CLOCK_THREAD_CPUTIME_ID) - before;
	/* of a fast machine a hundredth of it, unless under a sanitizer */
	cr_expect_lt(spent, 20, "%g s", spent);
	log_destroy(log);
	read_file(&t, path);
	cr_expect_eq(t.lines + t.dropped, 100000);
}

Test(log, loses_nothing_when_files_are_rotated)
{
	struct log *log = log_create(LOG_JSON, LOG_INFO_, path);
	struct tally t = { 0 };
	char name[128];

	for (unsigned i = 0; i < 20; i++) {
		put(log, i * 100, (i + 1) * 100);
		if (i % 3 == 0)
			wait_ms(8);
		snprintf(name, sizeof(name), "%s.%u", path, i);
		cr_assert_eq(rename(path, name), 0);
		cr_assert(log_reopen(log, path));
	}
	put(log, 2000, 2001);
	log_destroy(log);
	for (unsigned i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "%s.%u", path, i);
		read_file(&t, name);
		unlink(name);
	}
	read_file(&t, path);
	cr_expect_eq(t.lines, 2001);
}

Test(log, knows_whether_its_file_was_renamed)
{
	struct log *log = log_create(LOG_JSON, LOG_INFO_, path);

	cr_expect(log_is_at(log, path));
	cr_expect_not(log_is_at(log, other), "no such file");
	cr_assert_eq(rename(path, other), 0);
	cr_expect_not(log_is_at(log, path));
	cr_expect(log_is_at(log, other));
	cr_assert(log_reopen(log, path));
	cr_expect(log_is_at(log, path));
	cr_expect_not(log_is_at(log, other), "another file of the same file system");
	log_destroy(log);
}

Test(log, puts_lines_of_before_into_the_file_of_before)
{
	struct log *log = log_create(LOG_JSON, LOG_INFO_, path);
	struct tally t = { 0 };

	put(log, 0, 500);
	cr_assert(log_reopen(log, other));
	put(log, 500, 700);
	log_destroy(log);
	read_file(&t, path);
	cr_expect_eq(t.lines, 500);
	read_file(&t, other);
	cr_expect_eq(t.lines, 700);
}

Test(log, changes_its_format_between_two_lines)
{
	struct log *log = log_create(LOG_LOGFMT, LOG_INFO_, path);
	char text[64] = "";
	FILE *f;

	put(log, 0, 1);
	log_set(log, LOG_JSON, LOG_INFO_, NULL);
	put(log, 1, 2);
	log_destroy(log);
	f = fopen(path, "r");
	cr_assert(fscanf(f, "%3s%*[^\n]%*c", text) == 1);
	cr_expect_str_eq(text, "ts=");
	cr_assert(fscanf(f, "%3s", text) == 1);
	cr_expect_str_eq(text, "{\"t");
	fclose(f);
}

/* ---- targets that fail ------------------------------------------------------------------ */

Test(log, keeps_lines_while_a_disk_is_full)
{
	struct log *log = log_create(LOG_JSON, LOG_INFO_, path);
	struct rlimit limit = { 1000, RLIM_INFINITY };
	struct tally t = { 0 };
	struct stat st;

	/* SIGXFSZ would end us if it came */
	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	put(log, 0, 100);
	wait_ms(100);
	cr_assert_eq(stat(path, &st), 0);
	cr_expect_leq(st.st_size, 1000);
	limit.rlim_cur = RLIM_INFINITY;
	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	wait_ms(1500);
	log_destroy(log);
	read_file(&t, path);
	cr_expect_eq(t.lines, 100);
}

Test(log, puts_a_line_that_a_full_disk_cut_whole_into_the_next_file)
{
	struct log *log = log_create(LOG_JSON, LOG_INFO_, path);
	struct rlimit limit = { 1000, RLIM_INFINITY };
	struct tally t = { 0 };
	struct stat st = { 0 };
	char kept[1000];
	FILE *f;

	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	put(log, 0, 100);
	for (unsigned i = 0; i < 3000 && st.st_size < 1000; i++) {
		wait_ms(10);
		cr_assert_eq(stat(path, &st), 0);
	}
	limit.rlim_cur = RLIM_INFINITY;
	cr_assert(log_reopen(log, other));
	st.st_size = 0;
	for (unsigned i = 0; i < 3000 && st.st_size == 0; i++) {
		wait_ms(10);
		cr_assert_eq(stat(other, &st), 0);
	}
	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	log_destroy(log);
	f = fopen(path, "r");
	cr_assert_eq(fread(kept, 1, sizeof(kept), f), sizeof(kept));
	fclose(f);
	for (size_t i = 0; i < sizeof(kept); i++)
		t.next += kept[i] == '\n';
	read_file(&t, other);
	cr_expect_eq(t.next, 100);
	cr_expect_eq(t.dropped, 0);
}

Test(log, counts_what_a_full_disk_did_not_take)
{
	struct log *log = log_create(LOG_JSON, LOG_INFO_, "/dev/full");
	struct tally t = { 0 };
	double before = seconds(CLOCK_MONOTONIC);

	put(log, 0, 20000);
	cr_expect_lt(seconds(CLOCK_MONOTONIC) - before, 30);
	cr_expect_gt(log_dropped(log), 10000);
	cr_assert(log_reopen(log, path)); /* to where there is room: the lines kept go there */
	wait_ms(200);
	put(log, 20000, 20001);
	log_destroy(log);
	read_file(&t, path);
	cr_expect_eq(t.next, 20001);
	cr_expect_gt(t.lines, 1000);
	cr_expect_eq(t.notes, 1);
}

static struct log *
log_to_pipe(int *ret_reader)
{
	cr_assert_eq(mkfifo(path, 0600), 0);
	*ret_reader = open(path, O_RDONLY | O_NONBLOCK);
	cr_assert_geq(*ret_reader, 0);
	return log_create(LOG_JSON, LOG_INFO_, path);
}

Test(log, never_waits_for_a_blocked_pipe_and_counts_its_drops)
{
	int reader;
	struct log *log = log_to_pipe(&reader);
	struct tally t = { 0 };
	double before = seconds(CLOCK_MONOTONIC);
	uint64_t dropped;

	put(log, 0, 50000);
	cr_expect_lt(seconds(CLOCK_MONOTONIC) - before, 30);
	dropped = log_dropped(log);
	cr_expect_gt(dropped, 40000);
	read_pipe(&t, reader, 50000);
	put(log, 50000, 50010);
	read_pipe(&t, reader, 50010);
	cr_expect_eq(t.next, 50010);
	cr_expect_eq(t.dropped, dropped);
	cr_expect_eq(t.notes, 1);
	log_destroy(log);
	close(reader);
}

Test(log, tells_of_every_gap_when_a_reader_is_slow)
{
	int reader;
	struct log *log = log_to_pipe(&reader);
	struct tally t = { 0 };

	for (uint64_t i = 0; i < 30; i++) {
		put(log, i * 3000, (i + 1) * 3000);
		read_pipe(&t, reader, t.next + i * 100);
	}
	read_pipe(&t, reader, 90000);
	cr_expect_eq(t.next, 90000);
	cr_expect_eq(t.dropped, log_dropped(log));
	cr_expect_gt(t.dropped, 0);
	cr_expect_gt(t.lines, 0);
	log_destroy(log);
	close(reader);
}

Test(log, ends_after_a_second_when_nobody_reads)
{
	int reader;
	struct log *log = log_to_pipe(&reader);
	double before = seconds(CLOCK_MONOTONIC);

	put(log, 0, 5000);
	log_destroy(log);
	cr_expect_lt(seconds(CLOCK_MONOTONIC) - before, 20);
	close(reader);
}

/* A process of its own, which can stand still: in the middle of its last second. */
static pid_t
ending_in_a_child(void)
{
	int began[2];
	char c;
	pid_t pid;

	cr_assert_eq(pipe(began), 0);
	pid = fork();
	if (!pid) {
		struct log *log = log_create(LOG_JSON, LOG_INFO_, path);
		int full = open(path, O_WRONLY | O_NONBLOCK);

		while (write(full, "\n", 1) == 1)
			;
		put(log, 0, 20);
		if (write(began[1], "", 1) == 1)
			log_destroy(log);
		_exit(0);
	}
	cr_assert_eq(read(began[0], &c, 1), 1);
	wait_ms(200);
	kill(pid, SIGSTOP);
	close(began[0]);
	close(began[1]);
	return pid;
}

Test(log, loses_nothing_by_standing_still_while_it_ends)
{
	struct tally t = { 0 };
	char newlines[4096];
	int reader, status;
	pid_t pid;

	cr_assert_eq(mkfifo(path, 0600), 0);
	reader = open(path, O_RDONLY | O_NONBLOCK);
	do { /* unless it ended before it could be stopped, as this process stood still itself */
		pid = ending_in_a_child();
		cr_assert_eq(waitpid(pid, &status, WUNTRACED), pid);
		while (read(reader, newlines, sizeof(newlines)) > 0)
			;
	} while (!WIFSTOPPED(status));
	wait_ms(1200);
	kill(pid, SIGCONT);
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	read_pipe(&t, reader, 20);
	cr_expect_eq(t.lines, 20);
	close(reader);
}

Test(log, outlives_its_reader_and_goes_on_with_the_next)
{
	int reader;
	struct log *log = log_to_pipe(&reader);
	struct tally t = { 0 };

	put(log, 0, 10);
	read_pipe(&t, reader, 10);
	close(reader);
	put(log, 10, 20);
	wait_ms(100);
	reader = open(path, O_RDONLY | O_NONBLOCK);
	read_pipe(&t, reader, 20);
	cr_expect_eq(t.lines, 20);
	log_destroy(log);
	close(reader);
}

Test(log, writes_to_stderr_and_leaves_its_flags_alone)
{
	struct tally t = { 0 };
	struct log *log;
	int ends[2];

	cr_assert_eq(pipe(ends), 0);
	dup2(ends[1], STDERR_FILENO);
	log = log_create(LOG_JSON, LOG_INFO_, NULL);
	put(log, 0, 20000);
	cr_expect_gt(log_dropped(log), 0);
	cr_expect_not(fcntl(STDERR_FILENO, F_GETFL) & O_NONBLOCK);
	read_pipe(&t, ends[0], 20000);
	cr_expect_eq(t.next, 20000);
	log_destroy(log);
}

/* ---- the journal ------------------------------------------------------------------------ */

static int
open_journal(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct timeval patience = { 30, 0 };
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	cr_assert_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	return fd;
}

static void
expect_record(int fd, uint64_t corr)
{
	char record[4096], want[32];
	ssize_t n;

	do /* a wait with an end is interrupted where this process is stopped and goes on */
		n = recv(fd, record, sizeof(record) - 1, 0);
	while (n < 0 && errno == EINTR);
	cr_assert_gt(n, 0, "%s", strerror(errno));
	record[n] = '\0';
	snprintf(want, sizeof(want), "\nCORR=%" PRIu64 "\n", corr);
	cr_expect_eq(strncmp(record, "PRIORITY=6\n", 11), 0, "%s", record);
	cr_expect(strstr(record, want), "%s", record);
	cr_expect(strstr(record, "\nMESSAGE=message answered corr="), "%s", record);
	cr_expect(strstr(record, "\nCTL_ID=Q??\"123\"?[2J?\n"), "%s", record);
	cr_expect_eq(record[n - 1], '\n');
}

/* More records than the socket holds, and over the end of the ring. */
Test(log, sends_the_journal_one_record_a_datagram)
{
	int fd = open_journal();
	struct log *log = log_create(LOG_JOURNAL, LOG_INFO_, path);

	for (uint64_t i = 0; i < 9000; i += 300) {
		put(log, i, i + 300);
		for (uint64_t k = i; k < i + 300; k++)
			expect_record(fd, k);
	}
	cr_expect_eq(log_dropped(log), 0);
	log_destroy(log);
	close(fd);
}

Test(log, keeps_records_until_the_journal_is_there)
{
	struct log *log = log_create(LOG_JOURNAL, LOG_INFO_, path);
	int fd;

	put(log, 0, 5);
	wait_ms(50);
	fd = open_journal();
	for (uint64_t k = 0; k < 5; k++)
		expect_record(fd, k);
	log_destroy(log);
	close(fd);
}

Test(log, sends_no_record_of_another_format_to_the_journal)
{
	int fd = open_journal();
	struct log *log = log_create(LOG_JSON, LOG_INFO_, "/dev/full");
	struct log_target journal;

	put(log, 0, 10);
	cr_assert(log_target_open(&journal, LOG_JOURNAL, path));
	log_set(log, LOG_JOURNAL, LOG_INFO_, &journal);
	put(log, 10, 11);
	for (unsigned i = 0; i < 3000 && log_dropped(log) < 10; i++)
		wait_ms(10);
	cr_expect_eq(log_dropped(log), 10);
	log_destroy(log);
	close(fd);
}

Test(log, goes_over_to_another_kind_only_when_it_is_done_with_the_last)
{
	static char dots[4096];
	int fds[2], fd = open_journal();
	struct log *log = log_create(LOG_JSON, LOG_INFO_, "/dev/null");
	struct log_target stuck = { .kind = LOG_TO_FILE }, journal;

	/* one waits for it in write(), as for a disk that has stopped */
	cr_assert_eq(pipe2(fds, O_CLOEXEC), 0);
	while (poll(&(struct pollfd){ .fd = fds[1], .events = POLLOUT }, 1, 0) > 0)
		cr_assert_gt(write(fds[1], dots, sizeof(dots)), 0);
	stuck.fd = fds[1];
	log_set(log, LOG_JSON, LOG_INFO_, &stuck);
	while (!log_may_turn(log, LOG_JOURNAL))
		wait_ms(1);
	put(log, 0, 1);
	cr_assert(log_target_open(&journal, LOG_JOURNAL, path));
	log_set(log, LOG_JOURNAL, LOG_INFO_, &journal);
	cr_expect(log_may_turn(log, LOG_JOURNAL));
	cr_expect_not(log_may_turn(log, LOG_JSON));
	while (!log_may_turn(log, LOG_JSON))
		cr_assert_geq(read(fds[0], dots, sizeof(dots)), 0);
	log_destroy(log);
	close(fds[0]);
	close(fd);
}

/* ---- promises ----------------------------------------------------------------------------- */

static void
put_promised(struct log *log)
{
	log_begin_promised(log, LOG_AUDIT_ADMIN);
	log_number(log, LOG_UID, 4711);
	log_end(log);
}

/* Of whole lines those of audits; what is left is the beginning of one. */
static uint64_t
take_audits(struct buffer *b)
{
	const struct span mark = SPAN("\"uid\":4711}");
	struct span rest = buffer_span(b);
	uint64_t count = 0;
	const char *end;

	while (rest.len && (end = memchr(rest.ptr, '\n', rest.len))) {
		size_t len = (size_t)(end - rest.ptr);

		count += memmem(rest.ptr, len, mark.ptr, mark.len) != NULL;
		rest = span_tail(rest, len + 1);
		buffer_consume(b, len + 1);
	}
	return count;
}

/* How many audit lines come: `wanted` are waited for, and then for more that should not. */
static uint64_t
audits_read(int fd, uint64_t wanted)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	struct buffer b;
	uint64_t count = 0;

	buffer_init(&b, 0);
	while (poll(&p, 1, count < wanted ? 30000 : 500) > 0) {
		ssize_t n = read(fd, buffer_reserve(&b, 4096), 4096);

		if (n <= 0)
			break;
		buffer_filled(&b, (size_t)n);
		count += take_audits(&b);
	}
	buffer_finish(&b);
	return count;
}

Test(log, keeps_every_promise_when_the_pipe_is_blocked)
{
	int reader;
	struct log *log = log_to_pipe(&reader);
	uint64_t promised = 0, dropped;

	put(log, 0, 20000);
	dropped = log_dropped(log);
	cr_assert_gt(dropped, 0);
	while (log_promise(log)) {
		put_promised(log);
		put(log, 0, 1); /* and gets no room of a promised line */
		promised++;
	}
	cr_expect_gt(promised, 100);
	cr_expect_eq(log_dropped(log), dropped + promised);
	cr_expect_eq(audits_read(reader, promised), promised);
	cr_expect(log_promise(log), "there is room again");
	put_promised(log);
	cr_expect_eq(audits_read(reader, 1), 1);
	log_destroy(log);
	close(reader);
}

Test(log, promises_no_more_than_it_can_keep)
{
	int reader;
	struct log *log = log_to_pipe(&reader);
	uint64_t promised = 0;

	while (log_promise(log))
		promised++;
	cr_expect(promised > 2 && promised < 100, "%" PRIu64, promised);
	put(log, 0, 20000);
	for (uint64_t i = 0; i < promised; i++)
		put_promised(log);
	cr_expect(log_promise(log));
	put_promised(log);
	cr_expect_eq(audits_read(reader, promised + 1), promised + 1);
	log_destroy(log);
	close(reader);
}

Test(log, keeps_promises_below_its_level)
{
	struct log *log = log_create(LOG_JSON, LOG_ERROR_, path);
	struct stat st;

	cr_assert(log_promise(log));
	put_promised(log);
	log_destroy(log);
	cr_assert_eq(stat(path, &st), 0);
	cr_expect_gt(st.st_size, 0);
}
