/* SPDX-License-Identifier: MIT */
/* Each message in flight, and each that waits, has its fate told before the session ends. */
#include "relay/ending.h"

#include <stdlib.h>

#include "relay/flights.h"
#include "relay/forward.h"
#include "relay/reject.h"

enum { LINGER_MS = 1000 }; /* for the other answers to a batch, when all else is done */

static void
tell_unsent(struct relay_session *s, enum relay_why why)
{
	struct span body;

	while (relay_inlet_take_left(&s->in, &body)) {
		relay_look_at_sender(s, body);
		relay_tell_unsent(s, body, why);
	}
}

void
relay_close(struct relay_session *s, enum relay_why why, const struct diag *diag)
{
	if (s->closed)
		return;
	s->closed = true;
	while (s->flights) {
		s->ops->failed(s->ctx, &s->flight[0], why);
		relay_flight_remove(s, 0);
	}
	tell_unsent(s, why);
	s->ops->close(s->ctx, why, diag);
}

void
relay_reject_flights(struct relay_session *s, enum relay_why why)
{
	while (s->flights) {
		struct relay_flight f = s->flight[0];

		if (!f.header) { /* it was sent when the feed still said close */
			relay_close(s, why, NULL);
			return;
		}
		s->flight[0].header = NULL;
		relay_flight_remove(s, 0);
		s->ops->failed(s->ctx, &f, why);
		relay_reject(s, span_of(f.header, f.header_len), why);
		free(f.header);
	}
}

/* May more answers to a batch come, one by one? */
static bool
lingers(const struct relay_session *s, uint64_t now_us)
{
	return s->late.open && s->down == RELAY_DOWN_UP &&
	       now_us / RELAY_MS < s->active + LINGER_MS;
}

void
relay_close_when_done(struct relay_session *s, uint64_t now_us)
{
	if (s->closed || s->flights || lingers(s, now_us))
		return;
	if (s->draining) /* what was not sent was not acknowledged: it will come again */
		relay_close(s, RELAY_DRAINED, NULL);
	else if (s->sender_ended && !relay_inlet_is_ready(&s->in))
		relay_close(
		    s, relay_inlet_is_inside(&s->in) ? RELAY_SENDER_CUT : RELAY_SENDER_LEFT, NULL);
}
