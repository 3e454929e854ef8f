/* SPDX-License-Identifier: MIT */
/*
 * Streams on socket pairs, on a loop that is turned by hand: several are ready in one
 * turn, and what the first owner does with the others is what the cases are about.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/stream.h"

enum { MOST = 40, LONG = 100 << 10 };

struct owner {
	struct net_stream stream;
	int other;         /* the peer's end */
	struct buffer got; /* all that was told */
	unsigned tells, ends;
	int error;
	unsigned place; /* in the order of telling, from 1; 0: was not told */
	char *room;     /* of its own, LONG bytes; or NULL */
	bool roomy;     /* it was told in that */
};

static struct ev_loop *loop;
static struct net net;
static struct owner owners[MOST];
static unsigned count, told;
static void (*at_first)(void); /* what the first owner does when it is told */

static void
note(struct owner *o)
{
	o->place = ++told;
	if (told == 1 && at_first)
		at_first();
}

static void
on_bytes(void *ctx, struct span bytes)
{
	struct owner *o = ctx;

	cr_assert_eq(o->ends, 0, "bytes after the end");
	o->tells++;
	o->roomy = bytes.ptr == o->room;
	buffer_append(&o->got, bytes);
	note(o);
}

static void
on_ended(void *ctx, int error)
{
	struct owner *o = ctx;

	o->ends++;
	o->error = error;
	note(o);
}

static char *
own_room(void *ctx, size_t *ret_size)
{
	struct owner *o = ctx;

	*ret_size = LONG;
	return o->room;
}

static const struct net_stream_ops ops = { .bytes = on_bytes, .room = own_room, .ended = on_ended };

static void
open_pair(struct owner *o)
{
	const int size = 4 * LONG;
	int fds[2];

	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	(void)setsockopt(fds[1], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	o->other = fds[1];
	net_stream_open(&o->stream, fds[0], (struct net_keepalive){ 0 });
}

static void
begin(unsigned streams)
{
	loop = ev_loop_new(EVFLAG_AUTO);
	cr_assert(net_init(&net, loop));
	count = streams;
	told = 0;
	at_first = NULL;
	for (unsigned i = 0; i < count; i++) {
		owners[i] = (struct owner){ .other = -1 };
		net_stream_init(&owners[i].stream, &net, &ops, &owners[i]);
		open_pair(&owners[i]);
	}
}

static void
turn(void)
{
	ev_run(loop, EVRUN_NOWAIT);
}

static void
end(void)
{
	for (unsigned i = 0; i < count; i++) {
		net_stream_close(&owners[i].stream);
		close(owners[i].other);
		buffer_finish(&owners[i].got);
		free(owners[i].room);
	}
	net_finish(&net);
	ev_loop_destroy(loop);
}

static void
say(unsigned i, struct span bytes)
{
	cr_assert_eq(send(owners[i].other, bytes.ptr, bytes.len, MSG_NOSIGNAL), bytes.len);
}

static void
say_to_all(void)
{
	for (unsigned i = 0; i < count; i++) {
		const char byte = (char)('A' + i);

		say(i, span_of(&byte, 1));
	}
}

static void
expect(unsigned i, struct span bytes)
{
	cr_assert(span_eq(buffer_span(&owners[i].got), bytes), "stream %u was told %zu bytes", i,
	    buffer_span(&owners[i].got).len);
}

/* The one that is told first, and another that is not told yet. */
static struct owner *
first(void)
{
	for (unsigned i = 0; i < count; i++) {
		if (owners[i].place == 1)
			return &owners[i];
	}
	return NULL;
}

static struct owner *
another(void)
{
	return first() == &owners[0] ? &owners[1] : &owners[0];
}

Test(stream_read, every_stream_is_told_once_a_turn)
{
	begin(MOST);
	for (unsigned turns = 1; turns <= 3; turns++) {
		say_to_all();
		turn();
		cr_assert_eq(told, turns * MOST);
	}
	for (unsigned i = 0; i < MOST; i++) {
		const char bytes[] = { (char)('A' + i), (char)('A' + i), (char)('A' + i) };

		cr_assert_eq(owners[i].tells, 3);
		expect(i, span_of(bytes, sizeof(bytes)));
	}
	end();
}

/* More than the room that all share can hold. */
Test(stream_read, much_comes_whole)
{
	char *bytes = malloc(LONG);

	begin(20);
	for (unsigned i = 0; i < count; i++) {
		memset(bytes, 'a' + (int)i, LONG);
		say(i, span_of(bytes, LONG));
	}
	for (unsigned turns = 0; turns < 50 && told < 1000; turns++)
		turn();
	for (unsigned i = 0; i < count; i++) {
		memset(bytes, 'a' + (int)i, LONG);
		expect(i, span_of(bytes, LONG));
	}
	free(bytes);
	end();
}

static void
close_another(void)
{
	net_stream_close(&another()->stream);
}

Test(stream_read, who_was_closed_is_told_nothing)
{
	begin(2);
	at_first = close_another;
	say_to_all();
	turn();
	turn();
	cr_assert_eq(told, 1);
	cr_assert_eq(another()->place, 0);
	end();
}

static void
open_another_anew(void)
{
	struct owner *o = another();

	net_stream_close(&o->stream);
	close(o->other);
	open_pair(o);
}

Test(stream_read, a_new_connection_is_not_told_of_the_old)
{
	begin(2);
	at_first = open_another_anew;
	say_to_all();
	turn();
	cr_assert_eq(told, 1);
	cr_assert_eq(send(another()->other, "new", 3, MSG_NOSIGNAL), 3);
	turn();
	cr_assert_eq(another()->tells, 1);
	cr_assert(span_eq(buffer_span(&another()->got), SPAN("new")));
	end();
}

static void
make_another_wait(void)
{
	net_stream_read(&another()->stream, false);
}

Test(stream_read, who_is_made_to_wait_is_told_what_was_read)
{
	unsigned i;

	begin(2);
	at_first = make_another_wait;
	say_to_all();
	turn();
	cr_assert_eq(told, 2, "what left the kernel would be lost");
	i = (unsigned)(another() - owners);
	say(i, SPAN("later"));
	turn();
	cr_assert_eq(told, 2);
	net_stream_read(&owners[i].stream, true);
	turn();
	expect(i, i ? SPAN("Blater") : SPAN("Alater"));
	end();
}

/* Nothing has left the kernel where the owner has room of its own. */
Test(stream_read, who_has_room_of_its_own_is_read_when_its_turn_comes)
{
	unsigned i;

	begin(2);
	owners[0].room = malloc(LONG);
	owners[1].room = malloc(LONG);
	at_first = make_another_wait;
	say_to_all();
	turn();
	cr_assert_eq(told, 1);
	cr_assert(first()->roomy);
	i = (unsigned)(another() - owners);
	net_stream_read(&owners[i].stream, true);
	turn();
	cr_assert_eq(told, 2);
	cr_assert(owners[i].roomy);
	expect(i, i ? SPAN("B") : SPAN("A"));
	end();
}

Test(stream_read, the_end_comes_once_and_behind_the_bytes)
{
	begin(3);
	say_to_all();
	for (unsigned i = 0; i < count; i++)
		cr_assert_eq(shutdown(owners[i].other, SHUT_WR), 0);
	for (unsigned turns = 0; turns < 3; turns++)
		turn();
	for (unsigned i = 0; i < count; i++) {
		cr_assert_eq(owners[i].tells, 1);
		cr_assert_eq(owners[i].ends, 1);
		cr_assert_eq(owners[i].error, 0);
	}
	end();
}

static void
destroy_all(void)
{
	for (unsigned i = 0; i < count; i++) {
		net_stream_close(&owners[i].stream);
		buffer_finish(&owners[i].got);
	}
	memset(&owners[1], 0xff, sizeof(owners[1]) * (MOST - 1)); /* their memory is another's */
}

Test(stream_read, all_may_be_gone_when_one_was_told)
{
	int others[MOST];

	begin(MOST);
	say(0, SPAN("x"));
	turn(); /* the first in the list, and nobody else */
	told = 0;
	at_first = destroy_all;
	for (unsigned i = 0; i < count; i++)
		others[i] = owners[i].other;
	say_to_all();
	turn();
	turn();
	cr_assert_eq(told, 1);
	for (unsigned i = 0; i < count; i++)
		close(others[i]);
	count = 0;
	end();
}
