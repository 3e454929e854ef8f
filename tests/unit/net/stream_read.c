/* SPDX-License-Identifier: MIT */
/*
 * Streams on socket pairs, on a loop that is turned by hand: several are ready in one
 * turn, and what the first owner does with the others is what the cases are about.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/stream.h"

enum { MOST = 40, LONG = 100 << 10, ALL_ROOM = NET_READ_SIZE + LONG };

struct owner {
	struct net_stream stream;
	int other;         /* the peer's end */
	struct buffer got; /* all that was told */
	unsigned tells, ends;
	int error;
	unsigned place; /* in the order of telling, from 1; 0: was not told */
	unsigned spoke; /* so many others had before it */
	char *room;     /* of its own, LONG bytes; or NULL */
	bool roomy;     /* it was told in that */
	uint64_t turn;  /* of the network, when it was told */
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
	o->turn = net.turn;
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
	const int size = 2 * ALL_ROOM;
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
	cr_assert_eq(send(owners[i].other, bytes.ptr, bytes.len, MSG_NOSIGNAL), (ssize_t)bytes.len);
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

/* Nobody is overtaken, however many there are, but by those that lead. */
Test(stream_read, who_spoke_first_is_told_first)
{
	begin(MOST);
	owners[7].stream.leads = owners[30].stream.leads = true;
	turn(); /* the loop watches them from now on */
	for (unsigned k = 0; k < MOST; k++) {
		unsigned i = 7 * k % MOST;

		say(i, SPAN("x"));
		owners[i].spoke = k;
	}
	turn();
	cr_assert_eq(told, MOST);
	cr_expect_eq(owners[7].place, 1);
	cr_expect_eq(owners[30].place, 2);
	for (unsigned i = 0; i < MOST; i++) {
		unsigned led = (owners[i].spoke < owners[7].spoke) +
			       (owners[i].spoke < owners[30].spoke);

		if (!owners[i].stream.leads)
			cr_expect_eq(owners[i].place, owners[i].spoke + 1 + led, "stream %u: %u", i,
			    owners[i].place);
	}
	end();
}

/* By that an owner knows for how many one moment is good enough. */
Test(stream_read, those_that_were_read_before_any_was_told_have_one_turn)
{
	uint64_t before;

	begin(4);
	owners[2].room = malloc(LONG);
	owners[3].room = malloc(LONG);
	say_to_all();
	turn();
	cr_assert_eq(told, 4);
	cr_expect_eq(owners[0].turn, owners[1].turn);
	cr_expect_neq(owners[2].turn, owners[3].turn, "each is read when it is told");
	before = net.turn;
	say_to_all();
	turn();
	cr_assert_eq(told, 8);
	for (unsigned i = 0; i < count; i++)
		cr_expect_gt(owners[i].turn, before);
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

static struct owner *
last(void)
{
	return &owners[count - 1];
}

static void
make_last_wait(void)
{
	net_stream_read(&last()->stream, false);
}

static void
close_last(void)
{
	net_stream_close(&last()->stream);
}

static void
open_last_anew(void)
{
	close_last();
	close(last()->other);
	open_pair(last());
}

/* The last of many is not read yet when the first is told. */
Test(stream_read, who_is_not_read_yet_may_be_made_to_wait_or_closed)
{
	static void (*const ways[])(void) = { make_last_wait, close_last, open_last_anew };

	for (unsigned way = 0; way < 3; way++) {
		begin(MOST);
		at_first = ways[way];
		turn();
		say_to_all();
		turn();
		cr_assert_eq(told, MOST - 1);
		cr_assert_eq(last()->tells + last()->ends, 0);
		net_stream_read(&last()->stream, true);
		if (way == 2)
			say(MOST - 1, SPAN("new"));
		turn();
		turn();
		if (way == 0)
			expect(MOST - 1, SPAN("h"));
		else
			expect(MOST - 1, way == 2 ? SPAN("new") : SPAN(""));
		end();
	}
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

/* Of one turn, the first in the list is read first: whom the loop calls last. */
static void
line_them_up(void)
{
	for (unsigned i = 0; i < count; i++) {
		ev_io *w = &owners[i].stream.readable;

		ev_io_stop(loop, w);
		ev_set_priority(w, (int)i);
		ev_io_start(loop, w);
	}
}

static void
take_room_from_second(void)
{
	free(owners[1].room);
	owners[1].room = NULL;
}

/* One who is read in its turn finds room where another has read all there was. */
Test(stream_read, much_leaves_room_for_those_before_it)
{
	char *bytes = malloc(ALL_ROOM);

	begin(3);
	line_them_up();
	owners[1].room = malloc(LONG);
	at_first = take_room_from_second;
	memset(bytes, 'c', ALL_ROOM);
	say(0, SPAN("a"));
	say(1, span_of(bytes, LONG));
	say(2, span_of(bytes, ALL_ROOM));
	for (unsigned turns = 0; turns < 50; turns++)
		turn();
	cr_assert_eq(owners[1].ends, 0);
	expect(0, SPAN("a"));
	expect(1, span_of(bytes, LONG));
	expect(2, span_of(bytes, ALL_ROOM));
	free(bytes);
	end();
}

enum { PIECE = 4 << 10, PIECES = 6 };

static size_t early; /* bytes that had come out of the second stream when the first was at it */

static size_t
take_away(unsigned i)
{
	char bytes[PIECE * PIECES];
	ssize_t n = recv(owners[i].other, bytes, sizeof(bytes), 0);

	return n < 0 ? 0 : (size_t)n;
}

static void
pass_on(void)
{
	char piece[PIECE] = { 0 };
	const struct iovec iov = { piece, sizeof(piece) };

	for (unsigned i = 0; i < PIECES; i++)
		net_stream_send(&owners[1].stream, &iov, 1);
	early = take_away(1);
}

/* The first speaks, and the third if it shall. */
static void
pass_on_in_a_turn(bool crowd)
{
	told = 0;
	say(0, SPAN("x"));
	if (crowd)
		say(2, SPAN("x"));
	turn();
	turn(); /* what was gathered goes out before it waits */
	cr_assert_eq(early + take_away(1), PIECE * PIECES);
}

/* One message a turn is all that many connections have; there it would only be more calls. */
Test(stream_read, who_is_alone_for_long_is_written_for_while_it_is_told)
{
	begin(3);
	owners[1].stream.gathers = true;
	at_first = pass_on;
	for (unsigned round = 0; round < 2; round++) {
		for (unsigned turns = 1; turns < 3 * NET_ALONE; turns++) {
			pass_on_in_a_turn(false);
			cr_expect_eq(
			    early, turns < NET_ALONE ? 0 : 16 << 10, "turn %u: %zu", turns, early);
		}
		pass_on_in_a_turn(true);
		cr_expect_eq(early, 0);
	}
	end();
}

static struct net_tls *
make_tls(void)
{
	char folder[] = "/tmp/hl7-stream-XXXXXX", command[512], pem[64], key[64];
	const struct net_tls_settings settings = {
		.accepts = true, .certificate = pem, .key = key, .anonymous = true
	};
	struct net_tls_fault fault;
	struct net_tls *tls;

	cr_assert(mkdtemp(folder));
	snprintf(command, sizeof(command), "sh '%s/scripts/testca' %s >/dev/null",
	    getenv("HL7_TOP"), folder);
	cr_assert_eq(system(command), 0);
	snprintf(pem, sizeof(pem), "%s/server.pem", folder);
	snprintf(key, sizeof(key), "%s/server.key", folder);
	tls = net_tls_create(&settings, &fault);
	cr_assert(tls, "%s", fault.what);
	snprintf(command, sizeof(command), "rm -r %s", folder);
	cr_expect_eq(system(command), 0);
	return tls;
}

/* So does a handshake, which a watched build would see write beyond it. */
Test(stream_read, much_leaves_room_for_a_handshake)
{
	struct net_tls *tls = make_tls();
	char *bytes = malloc(ALL_ROOM);

	begin(2);
	net_stream_close(&owners[0].stream);
	close(owners[0].other);
	net_stream_secure(&owners[0].stream, tls);
	net_tls_release(tls);
	open_pair(&owners[0]);
	line_them_up();
	memset(bytes, 'c', ALL_ROOM);
	say(0, span_of(bytes, LONG));
	say(1, span_of(bytes, ALL_ROOM));
	for (unsigned turns = 0; turns < 50; turns++)
		turn();
	cr_assert_eq(owners[0].ends, 1);
	expect(1, span_of(bytes, ALL_ROOM));
	net_stream_secure(&owners[0].stream, NULL);
	free(bytes);
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
