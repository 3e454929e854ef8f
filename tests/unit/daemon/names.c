/* SPDX-License-Identifier: MIT */
/*
 * What names wait for, with a resolver that answers when the test says so, and the daemon's other
 * parts counting what they are told.
 */
#include "daemon/names.h"

#include <criterion/criterion.h>
#include <time.h>

#include "daemon/doors.h"
#include "daemon/hl7noted.h"
#include "daemon/notify.h"
#include "daemon/observe.h"
#include "daemon/reload.h"

/* ---- the others ---- */

static struct {
	unsigned waiting; /* told so often */
	unsigned count;   /* that they wait for */
	unsigned known;
} told;

void
observe_names_awaited(struct hl7noted *d, const char *name, unsigned count)
{
	(void)d, (void)name;
	told.waiting++;
	told.count = count;
}

void
notify(const char *state)
{
	(void)state;
}

bool
reload_keeps(struct hl7noted *d, const struct conf_listen *conf)
{
	(void)d, (void)conf;
	return false;
}

bool
doors_keep_metrics(const struct hl7noted *d, const struct conf *conf)
{
	(void)d, (void)conf;
	return false;
}

/* ---- the resolver ---- */

static struct {
	net_resolved *done;
	void *ctx;
} questions[4];
static unsigned question_count, forgotten;

int
net_look_up(const char *host, const char *port, int flags, struct addrinfo **ret)
{
	(void)host, (void)port, (void)flags, (void)ret;
	return EAI_NONAME;
}

struct net_resolver *
net_resolver_create(struct ev_loop *loop)
{
	return (struct net_resolver *)loop;
}

void
net_resolver_destroy(struct net_resolver *r)
{
	(void)r;
}

void
net_resolve(
    struct net_resolver *r, const char *host, const char *port, net_resolved *done, void *ctx)
{
	(void)r, (void)host, (void)port;
	questions[question_count].done = done;
	questions[question_count++].ctx = ctx;
}

void
net_resolver_forget(struct net_resolver *r, void *ctx)
{
	(void)r, (void)ctx;
	forgotten++;
}

static void
answer(unsigned i)
{
	questions[i].done(questions[i].ctx, NULL, EAI_AGAIN);
}

/* ---- one configuration ---- */

static const struct conf_listen listens[] = {
	{ .address = "one.test", .port = "2575" },
	{ .address = "two.test", .port = "2575" },
};
static const struct conf_feed feed = { .listens = listens, .listen_count = 2 };
static const struct conf conf = { .feeds = &feed, .feed_count = 1 };
static struct hl7noted d;
static ev_async answered;

static void
note_known(void *ctx)
{
	(void)ctx;
	told.known++;
}

static void
on_answered(struct ev_loop *loop, ev_async *w, int revents)
{
	(void)loop, (void)w, (void)revents;
	answer(1);
}

static void
set_up(void)
{
	d.loop = ev_default_loop(0);
	ev_async_init(&answered, on_answered);
	ev_async_start(d.loop, &answered);
	names_begin(&d.names, &d, note_known, NULL);
	cr_assert(names_ask(&d.names, &conf));
	cr_assert_eq(question_count, 2);
}

static void
tear_down(void)
{
	names_end(&d.names);
}

TestSuite(names, .init = set_up, .fini = tear_down);

Test(names, are_known_with_the_last_answer)
{
	answer(1);
	cr_expect_eq(told.known, 0);
	answer(0);
	cr_expect_eq(told.known, 1);
	cr_expect_eq(told.waiting, 0);
}

Test(names, are_told_of_after_a_second_and_awaited_on)
{
	answer(0);
	while (!told.waiting)
		ev_run(d.loop, EVRUN_ONCE);
	cr_expect_eq(told.count, 1);
	cr_expect_eq(told.known, 0);
	answer(1);
	cr_expect_eq(told.known, 1);
}

/* As where the name server gives up after just as long. */
Test(names, are_known_where_the_last_answer_and_the_second_end_in_one_turn)
{
	const struct timespec second = { .tv_sec = 1, .tv_nsec = 100000000 };

	answer(0);
	nanosleep(&second, NULL);
	ev_async_send(d.loop, &answered);
	ev_run(d.loop, EVRUN_ONCE);
	cr_expect_eq(told.known, 1);
	ev_run(d.loop, EVRUN_NOWAIT);
	cr_expect_eq(told.known, 1);
}

Test(names, that_nobody_waits_for_are_not_told_of)
{
	names_forget(&d.names);
	cr_expect_eq(forgotten, 2);
	cr_assert_not(d.names.awaited);
	cr_expect_not(ev_is_active(&d.names.patience));
}
