/* SPDX-License-Identifier: MIT */
/* Large frames, which stay where they are read. */
#include "world.h"

/* As a stream does it: into the room there is, or elsewhere. */
static void
read_into_room(struct world *w, struct span bytes)
{
	size_t size;
	char *room = relay_room(&w->s, &size);

	if (!room || size < bytes.len) {
		relay_from_sender(&w->s, bytes, w->now);
		return;
	}
	memcpy(room, bytes.ptr, bytes.len);
	relay_from_sender(&w->s, span_of(room, bytes.len), w->now);
}

/* A message of about a megabyte, and the beginning of the next. */
static void
write_large(struct buffer *wire)
{
	buffer_append(wire, SPAN("\x0bMSH|^~\\&|a|b|c|d|||ORU^R01|1|P|2.5\rOBX|1|ED|"));
	for (unsigned i = 0; i < 200000; i++)
		buffer_printf(wire, "%05u", i % 100000);
	buffer_append(wire, SPAN("\r\x1c\r\x0bMSH|"));
}

/* Sends one in pieces of that size; the rest of the next message stays out. */
static void
send_large(struct world *w, struct buffer *wire, size_t piece)
{
	struct span rest = buffer_span(wire);

	for (; rest.len; rest = span_tail(rest, piece))
		read_into_room(w, span_head(rest, piece));
	cr_assert_eq(w->told.end, wire->end - strlen("\x0bMSH|\r\r\r") + strlen("down:"));
	buffer_clear(&w->told);
	from_down(w, ACK("AA", "1"));
	expect(w, "up:" SHOWN_ACK("AA", "1") " answered:AA");
	read_into_room(w, SPAN("^~\\&|a|b|c|d|||ORU^R01|1|P|2.5\r\x1c\r"));
	expect(w, "down:" SHOWN("1"));
	from_down(w, ACK("AA", "1"));
	expect(w, "up:" SHOWN_ACK("AA", "1") " answered:AA");
}

Test(relay_session, reads_large_frames_where_they_stay)
{
	static const size_t pieces[] = { 1000, 70000, 262144, 2000000 };
	struct buffer wire;
	struct world w;

	buffer_init(&wire, 0);
	write_large(&wire);
	for (size_t i = 0; i < sizeof(pieces) / sizeof(*pieces); i++) {
		begin(&w);
		w.set.max_frame = 2000000;
		relay_session_init(&w.s, &w.set, &ops, &w, w.now);
		connected(&w);
		from_down(&w, ACK("AA", "1"));
		buffer_clear(&w.told);
		send_large(&w, &wire, pieces[i]);
		send_large(&w, &wire, pieces[i]);
		cr_expect_eq(relay_kept(&w.s) + w.s.flights, 0);
		end(&w);
	}
	buffer_finish(&wire);
}

Test(relay_session, keeps_the_room_of_large_frames_for_the_next_and_not_for_long)
{
	struct buffer wire;
	struct world w;
	const char *data;

	buffer_init(&wire, 0);
	write_large(&wire);
	begin(&w);
	w.set.max_frame = 2000000;
	relay_session_init(&w.s, &w.set, &ops, &w, w.now);
	connected(&w);
	from_down(&w, ACK("AA", "1"));
	buffer_clear(&w.told);
	send_large(&w, &wire, 100000);
	cr_assert_eq(w.work.rooms.count, 1);
	data = w.work.rooms.list[0].data;
	relay_rooms_trim(&w.work.rooms);
	send_large(&w, &wire, 100000);
	cr_assert_eq(w.work.rooms.count, 1);
	cr_expect_eq(w.work.rooms.list[0].data, data);
	relay_rooms_trim(&w.work.rooms);
	cr_expect_eq(w.work.rooms.count, 1, "it was needed since the last time");
	relay_rooms_trim(&w.work.rooms);
	cr_expect_eq(w.work.rooms.count, 0);
	end(&w);
	buffer_finish(&wire);
}

Test(relay_rooms, are_kept_so_many_and_no_more)
{
	struct relay_rooms r = { 0 };
	struct buffer b;

	for (unsigned i = 0; i <= RELAY_ROOMS; i++) {
		buffer_init(&b, 0);
		buffer_append_char(&b, 'x');
		relay_rooms_give(&r, &b);
		cr_expect_null(b.data);
	}
	cr_expect_eq(r.count, RELAY_ROOMS);
	relay_rooms_finish(&r);
}
