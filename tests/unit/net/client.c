/* SPDX-License-Identifier: MIT */
/*
 * One client on a socket pair, on a loop that is turned by hand; its owner answers as
 * the test says.
 */
#include "net/client.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

enum { REQUEST_MOST = 100, LONG = 4 << 20, PIECE = 1000 };

static struct ev_loop *loop;
static struct net_clients all;
static unsigned gone, gave_way, sent_away;
static size_t most_out, written; /* by the owner */
static bool takes;               /* what is asked; else it is left where it is */
static int other;                /* the client's end */

static void
write_some(struct net_client *c)
{
	while (written < LONG && c->out.end - c->out.start < NET_CLIENT_LOW) {
		char *room = buffer_reserve(&c->out, PIECE);

		cr_assert(room);
		memset(room, 'x', PIECE);
		buffer_filled(&c->out, PIECE);
		written += PIECE;
	}
	if (c->out.end - c->out.start > most_out)
		most_out = c->out.end - c->out.start;
	if (written >= LONG)
		net_client_finish(c);
	else
		net_client_answer(c);
}

static void
asked(struct net_client *c)
{
	struct span in = buffer_span(&c->in);

	if (c->ended && !in.len)
		net_client_finish(c);
	if (span_eq(in, SPAN("long"))) {
		net_client_used(c, in.len);
		net_client_rest(c, true);
		write_some(c);
	} else if (span_eq(in, SPAN("wait"))) {
		net_client_used(c, in.len);
		net_client_rest(c, true); /* the owner has something to do first */
	} else if (takes) {
		buffer_append(&c->out, SPAN("ok"));
		net_client_used(c, in.len);
		net_client_finish(c);
	}
}

static void
on_gone(struct net_client *c)
{
	(void)c;
	gone++;
}

static void
crowded(struct net_clients *a, bool way)
{
	(void)a;
	*(way ? &gave_way : &sent_away) += 1;
}

static const struct net_client_ops ops = {
	.asked = asked,
	.wants_more = write_some,
	.gone = on_gone,
	.crowded = crowded,
};

static void
begin(void)
{
	signal(SIGPIPE, SIG_DFL);
	loop = ev_loop_new(EVFLAG_AUTO);
	all = (struct net_clients){ .loop = loop,
		.ops = &ops,
		.most = 2,
		.most_request = REQUEST_MOST,
		.patience = 0.3,
		.renewed = true };
	gone = gave_way = sent_away = 0;
	most_out = written = 0;
	takes = true;
}

static void
end(void)
{
	net_clients_drop(&all);
	ev_loop_destroy(loop);
}

TestSuite(net_client, .init = begin, .fini = end, .timeout = 60);

static void
turn(void)
{
	for (unsigned i = 0; i < 4; i++)
		ev_run(loop, EVRUN_NOWAIT);
}

static void
turn_for(double seconds)
{
	ev_tstamp until = ev_time() + seconds;

	while (ev_time() < until) {
		turn();
		usleep(5000);
	}
	turn(); /* what was due by then is done, however long this process stood still */
}

/* Somebody connects; NULL when they are sent away. */
static struct net_client *
dial(void)
{
	const union net_address nobody = { 0 };
	const struct net_client *newest = all.list;
	struct net_client *c;
	int pair[2];

	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
	other = pair[1];
	net_clients_ops.accepted(&all, pair[0], &nobody);
	c = all.list != newest ? all.list : NULL;
	turn();
	return c;
}

static void
say(const char *text)
{
	cr_assert_eq(send(other, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
	turn();
}

/* Bytes until the end, or until nothing more comes. */
static size_t
hear(bool *ret_end)
{
	size_t total = 0;
	char piece[4096];
	ssize_t n;

	*ret_end = false;
	for (unsigned idle = 0; idle < 100 && !*ret_end; idle++) {
		while ((n = recv(other, piece, sizeof(piece), 0)) > 0) {
			total += (size_t)n;
			idle = 0;
			turn();
		}
		*ret_end = n == 0;
		turn();
	}
	return total;
}

Test(net_client, an_answer_of_any_length_needs_little_memory)
{
	bool ended;

	dial();
	say("long");
	cr_expect_geq(hear(&ended), (size_t)LONG);
	cr_expect(ended);
	cr_expect_lt(most_out, (size_t)NET_CLIENT_LOW + PIECE);
	close(other);
	turn();
	cr_expect_eq(gone, 1);
}

Test(net_client, one_that_does_not_read_loses_our_patience)
{
	dial();
	say("long");
	turn_for(0.6);
	cr_expect_eq(gone, 1);
	cr_expect_lt(written, (size_t)LONG);
	close(other);
}

Test(net_client, one_that_asks_by_and_by_is_waited_for_while_it_goes_on)
{
	ev_tstamp before = 0;

	takes = false;
	do { /* again where this process stood still, so that there was nobody who went on */
		gone = 0;
		dial();
		for (unsigned i = 0; i < 8 && !gone; i++) {
			before = ev_time();
			say("x");
			turn_for(0.1);
		}
		if (gone)
			close(other);
	} while (gone && ev_time() - before > 0.25);
	cr_expect_eq(gone, 0);
	turn_for(0.6);
	cr_expect_eq(gone, 1);
	close(other);
}

Test(net_client, one_that_reads_by_and_by_is_waited_for_while_it_goes_on)
{
	static char bytes[LONG / 16];
	ev_tstamp before = 0;
	struct net_client *c;

	do { /* again where this process stood still, so that there was nobody who went on */
		gone = 0;
		c = dial();
		say("wait");
		cr_assert(buffer_reserve(&c->out, LONG));
		buffer_filled(&c->out, LONG);
		net_client_finish(c);
		turn();
		for (unsigned i = 0; i < 8 && !gone; i++) {
			before = ev_time();
			(void)recv(other, bytes, sizeof(bytes), 0);
			turn_for(0.1);
		}
		if (gone)
			close(other);
	} while (gone && ev_time() - before > 0.25);
	cr_expect_eq(gone, 0);
	close(other);
}

Test(net_client, one_that_waits_for_us_has_no_patience_to_lose)
{
	struct net_client *c = dial();
	bool ended;

	say("wait");
	turn_for(0.8);
	cr_expect_eq(gone, 0);
	buffer_append(&c->out, SPAN("done"));
	net_client_finish(c);
	cr_expect_eq(hear(&ended), 4);
	cr_expect(ended);
	close(other);
}

Test(net_client, no_more_is_read_than_a_request_may_have)
{
	struct net_client *c;
	char bytes[4 * REQUEST_MOST];

	takes = false;
	c = dial();
	memset(bytes, 'y', sizeof(bytes));
	cr_assert_eq(send(other, bytes, sizeof(bytes), MSG_NOSIGNAL), (ssize_t)sizeof(bytes));
	turn();
	cr_expect_eq(c->in.end - c->in.start, (size_t)REQUEST_MOST);
	net_client_used(c, 10);
	turn();
	cr_expect_eq(c->in.end - c->in.start, (size_t)REQUEST_MOST);
	close(other);
}

Test(net_client, what_comes_after_the_answer_is_read_away)
{
	bool ended;

	dial();
	say("hello");
	say("and more");
	cr_expect_eq(hear(&ended), 2);
	cr_expect(ended);
	say("and more");
	cr_expect_eq(gone, 0);
	close(other);
	turn();
	cr_expect_eq(gone, 1);
}

Test(net_client, only_so_many_at_one_time)
{
	char c;

	for (unsigned i = 0; i < 2; i++)
		dial()->own = &all; /* somebody is at work for it */
	cr_expect_not(dial());
	cr_expect_eq(recv(other, &c, 1, 0), 0);
	cr_expect_eq(all.count, 2);
	cr_expect_eq(gone, 0);
	cr_expect_eq(sent_away, 1);
}

Test(net_client, the_oldest_that_has_not_asked_gives_way)
{
	int first;
	char c;

	dial()->own = &all;
	dial();
	first = other;
	cr_expect(dial());
	cr_expect_eq(recv(first, &c, 1, 0), 0);
	cr_expect_eq(gave_way, 1);
	say("asked, and answered, and stays");
	first = other;
	cr_expect(dial());
	cr_expect_eq(recv(first, &c, 1, 0), 1);
	cr_expect_eq(gave_way, 2);
	cr_expect_eq(sent_away, 0);
	cr_expect_eq(all.count, 2);
}
