/* SPDX-License-Identifier: MIT */
/* Senders whose messages are not taken. */
#include <stdlib.h>

#include "world.h"

static const struct relay_sender lab = { .application = { "a", 1 }, .facility = { "b", 1 } };

/* What the index of a message is made with. */
static bool no_memory;

void *
reallocarray(void *old, size_t count, size_t size)
{
	return no_memory ? NULL : realloc(old, count * size);
}

#define STRANGER(id, more) "\x0bMSH|^~\\&|x|b|c|d|||ORU^R01|" id "|P|2.5" more "\r\x1c\r"
#define UNTAKEN "messages of this sender are not taken here"
#define SHOWN_AR(id)                                                      \
	"<MSH|^~\\&|c|d|x|b|T||ACK^R01^ACK|N|P|2.5MSA|AR|" id "|" UNTAKEN \
	"ERR||MSH^1^3|204^Unknown key identifier^HL70357|E||||" UNTAKEN ">"

Test(relay_session, answers_strangers_without_asking_the_receiver)
{
	struct world w;

	begin(&w);
	w.set.senders = (struct relay_senders){ &lab, 1 };
	relay_admit(&w.s, 1);
	from_sender(&w, STRANGER("1", "") STRANGER("2", "|||NE|NE") MSG("3"));
	expect(&w, "refused:1 up:" SHOWN_AR("1") " refused:2 connect");
	cr_expect_eq(w.bytes_in, strlen(STRANGER("2", "|||NE|NE")) - strlen("\x0b\x1c\r"));
	relay_connected(&w.s, w.now);
	expect(&w, "down:" SHOWN("3"));
	end(&w);
}

Test(relay_session, takes_nobody_for_a_stranger_without_memory_to_see)
{
	struct world w;

	begin(&w);
	w.set.senders = (struct relay_senders){ &lab, 1 };
	relay_admit(&w.s, 1);
	no_memory = true;
	from_sender(&w, MSG("1"));
	expect(&w, "close:no_memory");
	no_memory = false;
	end(&w);
}

Test(relay_session, passes_no_answer_on_that_it_has_no_memory_to_read)
{
	static const struct span begins[] = { SPAN("\x0b"), SPAN("\x0b"
								 "BHS|^~\\&\r") };

	for (size_t i = 0; i < sizeof(begins) / sizeof(begins[0]); i++) {
		struct buffer answer;
		struct world w;

		buffer_init(&answer, 0);
		buffer_append(&answer, begins[i]);
		buffer_append(&answer, SPAN("MSH|^~\\&|x\rMSA|AA|1\r"));
		for (unsigned n = 0; n < 200; n++)
			buffer_append(&answer, SPAN("ERR|\r"));
		buffer_append(&answer, SPAN("\x1c\r"));
		begin(&w);
		w.set.max_frame = 2000;
		connected(&w);
		from_sender(&w, MSG("1"));
		buffer_clear(&w.told);
		no_memory = true;
		relay_from_down(&w.s, buffer_span(&answer), w.now);
		expect(&w, "failed:no_memory unsent:1:no_memory close:no_memory");
		no_memory = false;
		end(&w);
		buffer_finish(&answer);
	}
}

Test(relay_session, names_a_strangers_message_behind_other_lines)
{
	struct world w;

	begin(&w);
	w.set.senders = (struct relay_senders){ &lab, 1 };
	relay_admit(&w.s, 1);
	from_sender(&w, "\x0b\rBHS|^~\\&|x|b\rMSH|^~\\&|x|b|c|d|||ORU^R01|1|P|2.5\r\x1c\r");
	expect(&w, "refused:1 up:" SHOWN_AR("1"));
	end(&w);
}

Test(relay_session, answers_strangers_behind_what_was_sent_before_them)
{
	struct world w;

	begin(&w);
	w.set.in_flight = 4;
	w.set.senders = (struct relay_senders){ &lab, 1 };
	relay_admit(&w.s, 1);
	connected(&w);
	from_sender(&w, STRANGER("2", "") MSG("3"));
	expect(&w, "");
	cr_expect(!relay_wants_more(&w.s));
	from_down(&w, ACK("AA", "1"));
	expect(&w, "up:" SHOWN_ACK("AA", "1") " answered:AA refused:2 up:" SHOWN_AR(
		       "2") " down:" SHOWN("3"));
	end(&w);
}

Test(relay_session, decides_anew_of_what_waits_when_the_rules_change)
{
	struct world w;

	begin(&w);
	w.set.senders = (struct relay_senders){ &lab, 1 };
	relay_admit(&w.s, 1);
	connected(&w);
	from_sender(&w, MSG("2")); /* one may be in flight, so it waits */
	relay_admit(&w.s, 0);
	from_down(&w, ACK("AA", "1"));
	buffer_append_char(&w.told, '\0');
	cr_expect(strstr(buffer_span(&w.told).ptr, " refused:2 "));
	buffer_clear(&w.told);
	relay_admit(&w.s, 1);
	from_sender(&w, MSG("3"));
	expect(&w, "down:" SHOWN("3"));
	from_sender(&w, STRANGER("4", ""));
	w.set.senders.count = 0;
	relay_admit(&w.s, 1);
	from_down(&w, ACK("AA", "3"));
	buffer_append_char(&w.told, '\0');
	cr_expect(strstr(buffer_span(&w.told).ptr, "down:"));
	cr_expect_not(strstr(buffer_span(&w.told).ptr, "refused"));
	end(&w);
}

Test(relay_session, closes_on_strangers_where_the_feed_says_so)
{
	struct world w;

	begin(&w);
	w.set.senders = (struct relay_senders){ &lab, 1 };
	w.set.shut_strangers = true;
	from_sender(&w, MSG("1") MSG("2")); /* the rule is not open to this connection */
	expect(&w, "refused:1 refused:2 close:not_allowed");
	end(&w);

	begin(&w);
	w.set.senders = (struct relay_senders){ &lab, 1 };
	w.set.shut_strangers = true;
	relay_admit(&w.s, 1);
	from_sender(&w, STRANGER("1", "") MSG("2") STRANGER("3", ""));
	expect(&w, "refused:1 unsent:2:not_allowed refused:3 close:not_allowed");
	end(&w);
}
