/* SPDX-License-Identifier: MIT */
/*
 * A process that is killed in the middle, again and again, and a log whose end was
 * torn off: what was acknowledged is delivered, in order, and at most one message
 * twice for each kill.
 */
#define _GNU_SOURCE /* F_SETPIPE_SZ */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/buffer.h"
#include "queue.h"
#include "store/progress.h"
#include "support/files.h"
#include "support/random.h"
#include "vfs.h"

enum { KILLS = 25, SENDERS = 20 };

/* What the outside world saw: a sender its acknowledgements, a receiver its messages. */
struct event {
	uint32_t kind; /* 'A' acknowledged, 'R' received, 'O' open */
	uint32_t number;
};

struct child {
	struct store *store;
	int out;
	uint32_t next;
};

static void
report(struct child *c, char kind, uint32_t number)
{
	const struct event e = { (unsigned char)kind, number };

	if (write(c->out, &e, sizeof(e)) != sizeof(e))
		_exit(1);
}

static void
send_next(struct child *c)
{
	char text[64], id[16];
	struct store_message m = { .feed = 1, .received = (uint64_t)time(NULL) * 1000 };

	snprintf(text, sizeof(text), "number %u", c->next);
	snprintf(id, sizeof(id), "M%u", c->next);
	m.bytes = span_str(text);
	m.control_id = span_str(id);
	if (store_append(c->store, &m, c->next++))
		_exit(2);
}

static void
child_appended(void *ctx, uint64_t token, enum store_verdict verdict, uint64_t seq)
{
	struct child *c = ctx;

	(void)seq;
	if (verdict > STORE_RESEND)
		_exit(3);
	report(c, 'A', (uint32_t)token);
	send_next(c);
}

static uint32_t
number_of(const struct store_item *item)
{
	char text[64];

	snprintf(text, sizeof(text), "%.*s", (int)item->bytes.len, item->bytes.ptr);
	return (uint32_t)atoi(text + strlen("number "));
}

/* One in flight: received, and at once delivered. */
static void
child_forward(struct child *c)
{
	struct store_item item;

	while (store_fetch(c->store, 1, &item) == 1) {
		report(c, 'R', number_of(&item));
		store_delivered(c->store, 1, item.seq);
		store_release(&item);
	}
}

static void
child_fetchable(void *ctx, unsigned feed)
{
	(void)feed;
	child_forward(ctx);
}

static void
child_seq(void *ctx, unsigned feed, uint64_t seq)
{
	(void)ctx, (void)feed, (void)seq;
}

static void
child_answered(void *ctx, uint64_t token, const struct store_answer *answer)
{
	(void)ctx, (void)token, (void)answer;
}

static void
child_committed(void *ctx, uint64_t us, unsigned messages)
{
	(void)ctx, (void)us, (void)messages;
}

static void
child_trouble(void *ctx, enum store_trouble what, int error, const char *sentence)
{
	(void)ctx, (void)what, (void)error;
	fprintf(stderr, "%s\n", sentence);
	_exit(4);
}

static const struct store_ops child_ops = { child_appended, child_fetchable, child_seq, child_seq,
	child_answered, child_committed, child_trouble };

static bool
is_behind(const struct store *s)
{
	struct store_stats stats;

	store_stats(s, 1, &stats);
	return stats.waiting > 0;
}

/* Goes on with message `first` (the first not acknowledged); with `send` false until all is sent.
 */
static _Noreturn void
child_run(const char *folder, uint32_t first, int out, bool send)
{
	const struct store_settings set = {
		.directory = folder, .free_space = 1, .keep_age = 3600000, .resend_window = 3600000
	};
	struct child c = { .out = out, .next = first };
	struct store_error error;
	struct pollfd p = { .events = POLLIN };

	c.store = store_open(&set, &child_ops, &c, &error);
	if (!c.store || store_feed(c.store, SPAN("east")) != 1) {
		fprintf(stderr, "%s\n", error.text);
		_exit(5);
	}
	p.fd = store_fd(c.store);
	if (!send)
		report(&c, 'O', 0);
	for (unsigned i = 0; send && i < SENDERS; i++)
		send_next(&c);
	child_forward(&c);
	while (send || is_behind(c.store)) {
		store_flush(c.store);
		(void)poll(&p, 1, 100);
		store_turn(c.store);
		child_forward(&c);
	}
	store_close(c.store);
	_exit(0);
}

/* All that was seen, in order. */
struct seen {
	uint32_t acknowledged; /* messages below are */
	uint32_t last;         /* received, + 1 */
	unsigned twice, received;
	bool *got;
	uint32_t room;
};

static void
see(struct seen *s, const struct event *e)
{
	if (e->kind == 'A') {
		/* a resend may be told before those after it */
		if (e->number + 1 > s->acknowledged)
			s->acknowledged = e->number + 1;
		return;
	}
	if (e->kind == 'O')
		return;
	while (e->number >= s->room) {
		uint32_t room = s->room ? 2 * s->room : 4096;

		s->got = realloc(s->got, room);
		memset(s->got + s->room, 0, room - s->room);
		s->room = room;
	}
	s->received++;
	if (s->got[e->number])
		s->twice++;
	else
		cr_assert_eq(e->number, s->last, "out of order: %u after %u", e->number, s->last);
	s->got[e->number] = true;
	s->last = e->number + 1;
}

static void
watch(struct seen *s, int in)
{
	struct event e[512];
	ssize_t n;

	while ((n = read(in, e, sizeof(e))) > 0)
		for (size_t i = 0; i < (size_t)n / sizeof(*e); i++)
			see(s, &e[i]);
}

/* Let it run so long, 0: to its end; then see what it told.  Without `send`, which it does until
 * it is killed, the time begins when the queue is open. */
static void
live(struct seen *s, const char *folder, unsigned us, bool send)
{
	struct event open;

	int pipe_[2], status;
	pid_t pid;

	cr_assert_eq(pipe(pipe_), 0);
	(void)fcntl(pipe_[1], F_SETPIPE_SZ, 1 << 20);
	pid = fork();
	if (!pid)
		child_run(folder, s->acknowledged, pipe_[1], send);
	close(pipe_[1]);
	if (us && !send)
		cr_assert_eq(read(pipe_[0], &open, sizeof(open)), sizeof(open));
	if (us) {
		usleep(us);
		kill(pid, SIGKILL);
	}
	watch(s, pipe_[0]);
	close(pipe_[0]);
	waitpid(pid, &status, 0);
	/* on a busy machine one that is not to go on for ever may end before its time is up */
	cr_assert((us && WIFSIGNALED(status)) ||
		      (!(us && send) && WIFEXITED(status) && !WEXITSTATUS(status)),
	    "%x", status);
}

Test(crash, delivers_all_it_acknowledged_in_order_and_one_twice_at_most, .timeout = 300)
{
	struct seen s = { .last = 0 };
	struct random r = { 42 };
	char folder[64];

	folder_make(folder);
	for (unsigned kill_ = 0; kill_ < KILLS; kill_++) {
		unsigned twice = s.twice;

		/* some while it opens, most at work */
		live(&s, folder,
		    random_percent(&r, 20) ? 1000 + random_below(&r, 10000)
					   : 20000 + random_below(&r, 100000),
		    true);
		cr_expect_leq(s.twice, twice + 1, "kill %u: %u twice", kill_, s.twice - twice);
	}
	live(&s, folder, 0, false);
	cr_expect_geq(s.acknowledged, 100);
	cr_expect_geq(s.last, s.acknowledged, "received up to %u of %u", s.last, s.acknowledged);
	cr_expect_leq(s.twice, KILLS);
	free(s.got);
	folder_remove(folder);
}

/* Messages that were delivered, and that an operator wants sent again. */
static void
make_again(char folder[64], unsigned messages)
{
	const struct store_filter delivered = { .states = STORE_DELIVERED };
	struct queue *q = queue_open(1, NULL);
	uint64_t seq;

	store_feed(q->store, SPAN("east"));
	for (unsigned i = 0; i < messages; i++) {
		char id[16], text[32];

		snprintf(id, sizeof(id), "M%u", i);
		snprintf(text, sizeof(text), "number %u", i);
		queue_send(q, 1, id, text);
	}
	queue_await(q, &q->told_count, messages);
	for (unsigned i = 0; i < messages; i++) {
		cr_assert(queue_get(q, 1, &seq));
		store_delivered(q->store, 1, seq);
	}
	cr_assert_eq(store_retry(q->store, &delivered, 1), 0);
	queue_await(q, &q->answers, 1);
	cr_assert_eq(q->changed, messages);
	queue_stop(q);
	memcpy(folder, q->folder, 64);
	free(q);
}

/* How often it was killed until all was sent. */
static unsigned
sends_again_many(struct random *dice)
{
	enum { AGAIN = 3000 };
	struct seen s = { .last = 0 };
	char folder[64];
	unsigned kills = 0;

	make_again(folder, AGAIN);
	for (; kills < KILLS && s.last < AGAIN; kills++) {
		unsigned twice = s.twice;

		live(&s, folder, 100 + random_below(dice, 3000), false);
		cr_expect_leq(s.twice, twice + 1, "kill %u: %u twice", kills, s.twice - twice);
	}
	live(&s, folder, 0, false);
	cr_expect_eq(s.last, AGAIN);
	cr_expect_eq(s.received, AGAIN + s.twice);
	free(s.got);
	folder_remove(folder);
	return kills;
}

Test(crash, sends_again_many_with_a_commit_and_one_twice_at_most, .timeout = 300)
{
	struct random r = { 7 };
	unsigned kills = 0;

	/* once more where this process stood still, so that it came too late to kill */
	for (unsigned i = 0; i < 10 && kills < 3; i++)
		kills = sends_again_many(&r);
	cr_expect_geq(kills, 3, "it was too quick to be killed");
}

/* ---- the progress page ---------------------------------------------------------------------- */

Test(crash, reads_back_progress_whatever_word_was_written_last)
{
	char folder[64];
	const unsigned char token[PROGRESS_TOKEN] = "this run", other[PROGRESS_TOKEN] = "another";
	struct store_progress p;

	folder_make(folder);
	cr_assert_eq(store_progress_open(&p, folder_file(folder, "progress")), 0);
	cr_expect_not(store_progress_is_of(&p, token), "a new page is nobody's");
	store_progress_begin(&p, token);
	for (uint64_t n = 1; n < 100; n++)
		store_progress_set(&p, 3, n);
	store_progress_close(&p);

	cr_assert_eq(store_progress_open(&p, folder_file(folder, "progress")), 0);
	cr_expect(store_progress_is_of(&p, token));
	cr_expect_not(store_progress_is_of(&p, other));
	cr_expect_eq(store_progress_get(&p, 3), 99);
	cr_expect_eq(store_progress_get(&p, 2), 0);
	/* killed between the two words of a half: the other half holds */
	p.page->slot[2].half[0].cursor = 12345;
	cr_expect_eq(store_progress_get(&p, 3), 98);
	p.page->slot[2].half[1].check++;
	cr_expect_eq(store_progress_get(&p, 3), 0);
	/* another feed's words are not believed */
	store_progress_set(&p, 5, 70);
	p.page->slot[6] = p.page->slot[4];
	cr_expect_eq(store_progress_get(&p, 5), 70);
	cr_expect_eq(store_progress_get(&p, 7), 0);
	store_progress_close(&p);
	folder_remove(folder);
}

static void
copy_file(const char *from, const char *to, size_t most)
{
	struct buffer b;
	struct span bytes;
	FILE *f = fopen(to, "wb");

	buffer_init(&b, 0);
	cr_assert(f && file_read(from, &b));
	bytes = span_head(buffer_span(&b), most);
	cr_assert_eq(fwrite(bytes.ptr, 1, bytes.len, f), bytes.len);
	fclose(f);
	buffer_finish(&b);
}

Test(crash, does_not_believe_a_page_of_another_queue)
{
	struct queue *q = queue_open(1, NULL);
	char page[128];
	uint64_t seq;

	store_feed(q->store, SPAN("east"));
	queue_put(q, 1, "A1", "one");
	queue_put(q, 1, "A2", "two");
	queue_get(q, 1, &seq);
	store_delivered(q->store, 1, seq);
	queue_get(q, 1, &seq);
	store_delivered(q->store, 1, seq);
	snprintf(page, sizeof(page), "%s.page", q->folder);
	queue_stop(q);
	copy_file(folder_file(q->folder, "progress"), page, SIZE_MAX);
	folder_remove(q->folder);
	free(q);

	q = queue_open(1, NULL);
	store_feed(q->store, SPAN("east"));
	queue_put(q, 1, "B1", "other one");
	queue_put(q, 1, "B2", "other two");
	queue_stop(q);
	copy_file(page, folder_file(q->folder, "progress"), SIZE_MAX);
	queue_start(q, NULL);
	cr_expect_str_eq(queue_get(q, 1, NULL), "other one");
	unlink(page);
	queue_close(q);
}

/* Delivered, and on its way once more. */
static struct queue *
send_again(uint64_t *ret_seq)
{
	const struct store_filter delivered = { .states = STORE_DELIVERED };
	struct queue *q = queue_open(1, NULL);

	store_feed(q->store, SPAN("east"));
	queue_put(q, 1, "A1", "one");
	queue_get(q, 1, ret_seq);
	store_delivered(q->store, 1, *ret_seq);
	cr_assert_eq(store_retry(q->store, &delivered, 1), 0);
	queue_await(q, &q->answers, 1);
	cr_assert_str_eq(queue_get(q, 1, ret_seq), "one");
	return q;
}

/* What a kill would leave now; not open yet. */
static struct queue *
killed_now(const struct queue *q)
{
	static const char *const names[] = { "queue.db", "queue.db-wal", "progress" };
	struct queue *killed = calloc(1, sizeof(*killed));

	folder_make(killed->folder);
	for (unsigned i = 0; i < 3; i++)
		copy_file(folder_file(q->folder, names[i]), folder_file(killed->folder, names[i]),
		    SIZE_MAX);
	return killed;
}

/* Killed when the queue knows of a change and its owner was not told: the text is sent once more.
 */
static void
expect_again_after_a_kill(struct queue *q, const char *text)
{
	const unsigned answers = q->answers + 1;
	struct queue *killed;

	store_flush(q->store);
	cr_assert_eq(poll(&(struct pollfd){ store_fd(q->store), POLLIN, 0 }, 1, 20000), 1);
	usleep(300000);
	killed = killed_now(q);
	queue_await(q, &q->answers, answers);
	cr_expect_eq(q->changed, 1);
	queue_close(q);
	queue_start(killed, NULL);
	cr_expect_str_eq(queue_get(killed, 1, NULL), text);
	queue_close(killed);
}

/* Five were taken and three delivered, which the page alone knew. */
static bool
survives_two_kills(enum vfs_call call, unsigned n)
{
	struct queue *q = queue_open(1, NULL), *killed;
	uint64_t seq;
	bool met;

	store_feed(q->store, SPAN("east"));
	queue_fill(q, 1, 5);
	for (unsigned i = 0; i < 3; i++) {
		cr_assert(queue_get(q, 1, &seq));
		store_delivered(q->store, 1, seq);
	}
	killed = killed_now(q);
	queue_close(q);
	met = queue_kill_start(killed, call, n);
	queue_start(killed, NULL);
	cr_expect_not_null(queue_get(killed, 1, &seq));
	cr_expect_eq(seq, 4, "killed at call %u of %d: %d", n, (int)call, (int)seq);
	queue_close(killed);
	return met;
}

Test(crash, forgets_no_delivery_wherever_the_next_start_is_killed)
{
	static const enum vfs_call calls[] = { VFS_WRITE, VFS_SYNC, VFS_READ };

	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++) {
		unsigned n = 1;

		while (survives_two_kills(calls[i], n))
			n++;
		cr_expect_gt(n, 1, "no such call was made");
	}
}

Test(crash, sends_again_what_was_delivered_while_it_was_asked_for_once_more)
{
	const struct store_filter delivered = { .states = STORE_DELIVERED };
	struct queue *q;
	uint64_t seq;

	q = send_again(&seq);
	cr_assert_eq(store_retry(q->store, &delivered, 2), 0);
	store_delivered(q->store, 1, seq);
	expect_again_after_a_kill(q, "one");
}

Test(crash, sends_once_what_was_delivered_before_an_older_one_on_a_full_disk)
{
	struct queue *q;
	uint64_t seq[3];

	vfs_install();
	q = queue_open(1, NULL);
	store_feed(q->store, SPAN("east"));
	queue_put(q, 1, "A1", "one");
	queue_put(q, 1, "A2", "two");
	queue_put(q, 1, "A3", "three");
	for (unsigned i = 0; i < 3; i++)
		queue_get(q, 1, &seq[i]);
	vfs_fail(VFS_WRITE, 1, SQLITE_FULL, ENOSPC, true);
	store_delivered(q->store, 1, seq[1]);
	for (unsigned i = 0; i < 400 && !vfs_failed(); i++)
		queue_run(q, 100);
	cr_assert(vfs_failed());
	queue_stop(q);
	vfs_heal();
	queue_start(q, NULL);
	cr_expect_str_eq(queue_get(q, 1, &seq[0]), "one");
	cr_expect_str_eq(queue_get(q, 1, &seq[2]), "three");
	store_delivered(q->store, 1, seq[0]);
	store_delivered(q->store, 1, seq[2]);
	cr_expect_null(queue_get(q, 1, NULL));
	cr_expect_eq(queue_stats(q, 1).waiting, 0);
	queue_close(q);
}

/* What an operator wants sent once more is, although the page says that it was delivered early. */
Test(crash, sends_again_what_was_delivered_before_an_older_one)
{
	const struct store_filter second = { .feed = 1, .seq = 2, .states = STORE_ANY };
	struct queue *q = queue_open(1, NULL);
	uint64_t seq[2];

	store_feed(q->store, SPAN("east"));
	queue_put(q, 1, "A1", "one");
	queue_put(q, 1, "A2", "two");
	for (unsigned i = 0; i < 2; i++)
		queue_get(q, 1, &seq[i]);
	cr_assert_eq(seq[1], 2);
	store_delivered(q->store, 1, 2);
	cr_assert_eq(store_retry(q->store, &second, 1), 0);
	expect_again_after_a_kill(q, "two");
}

Test(crash, sends_again_after_a_start_without_room_for_what_was_delivered)
{
	const struct store_filter delivered = { .states = STORE_DELIVERED };
	struct queue *q, *killed;
	uint64_t seq;

	vfs_install();
	q = send_again(&seq);
	store_delivered(q->store, 1, seq);
	killed = killed_now(q);
	queue_close(q);
	vfs_fail(VFS_WRITE, 1, SQLITE_FULL, ENOSPC, true);
	queue_start(killed, NULL);
	cr_assert(vfs_failed());
	vfs_heal();
	cr_expect_str_eq(queue_get(killed, 1, &seq), "one");
	store_delivered(killed->store, 1, seq);
	queue_run(killed, 100);
	cr_assert_eq(store_retry(killed->store, &delivered, 1), 0);
	queue_await(killed, &killed->answers, 1);
	cr_expect_eq(killed->changed, 1);
	queue_reopen(killed, NULL);
	cr_expect_str_eq(queue_get(killed, 1, NULL), "one");
	queue_close(killed);
}

Test(crash, sends_once_what_was_delivered_after_a_start_without_room)
{
	struct queue *q, *killed;
	uint64_t seq;

	vfs_install();
	q = queue_open(1, NULL);
	store_feed(q->store, SPAN("east"));
	queue_put(q, 1, "A1", "one");
	queue_put(q, 1, "A2", "two");
	queue_put(q, 1, "A3", "three");
	queue_get(q, 1, &seq);
	store_delivered(q->store, 1, seq);
	queue_stop(q);
	vfs_fail(VFS_WRITE, 1, SQLITE_FULL, ENOSPC, true);
	queue_start(q, NULL);
	cr_assert(vfs_failed());
	cr_expect_str_eq(queue_get(q, 1, &seq), "two");
	store_delivered(q->store, 1, seq);
	queue_run(q, 300);
	killed = killed_now(q);
	vfs_heal();
	queue_close(q);
	queue_start(killed, NULL);
	cr_expect_str_eq(queue_get(killed, 1, NULL), "three");
	queue_close(killed);
}

/* ---- a torn log ----------------------------------------------------------------------------- */

/* The queue as a power cut would leave it: the file, and a log of so many bytes. */
static unsigned
count_after_cut(const struct queue *q, size_t log, bool flip)
{
	const struct store_filter all = { .feed = 0 };
	struct queue *copy = calloc(1, sizeof(*copy));
	unsigned count;

	folder_make(copy->folder);
	copy_file(
	    folder_file(q->folder, "queue.db"), folder_file(copy->folder, "queue.db"), SIZE_MAX);
	copy_file(folder_file(q->folder, "queue.db-wal"), folder_file(copy->folder, "queue.db-wal"),
	    log + flip);
	if (flip) {
		int fd = open(folder_file(copy->folder, "queue.db-wal"), O_WRONLY);

		cr_assert_eq(pwrite(fd, "\xa5", 1, (off_t)log), 1);
		close(fd);
	}
	queue_start(copy, NULL);
	count = queue_list(copy, &all, true);
	for (unsigned i = 0; i < count; i++) {
		char id[16];

		snprintf(id, sizeof(id), "M%u", i);
		cr_expect_str_eq(copy->row[i].control_id, id);
	}
	queue_close(copy);
	return count;
}

Test(crash, keeps_what_stands_before_a_tear_in_the_log)
{
	enum { MESSAGES = 12 };
	struct queue *q = queue_open(1, NULL);
	size_t end[MESSAGES];
	char id[16];
	struct stat st;

	store_feed(q->store, SPAN("east"));
	for (unsigned i = 0; i < MESSAGES; i++) {
		snprintf(id, sizeof(id), "M%u", i);
		cr_assert_eq(queue_put(q, 1, id, "a message").verdict, STORE_NEW);
		cr_assert_eq(stat(folder_file(q->folder, "queue.db-wal"), &st), 0);
		end[i] = (size_t)st.st_size;
	}
	for (unsigned i = 0; i < MESSAGES; i++) {
		if (i && end[i] <= end[i - 1])
			continue; /* the log was begun anew: a checkpoint came between */
		cr_expect_geq(count_after_cut(q, end[i], false), i + 1);
		cr_expect_geq(count_after_cut(q, end[i], true), i + 1);
		cr_expect_geq(count_after_cut(q, end[i] - 1, false), i);
		cr_expect_geq(count_after_cut(q, end[i] - 5000, false), i);
		cr_expect_geq(count_after_cut(q, end[i] - 100, true), i);
	}
	queue_close(q);
}
