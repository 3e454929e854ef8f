/* SPDX-License-Identifier: MIT */
/*
 * Numbers that others keep are fetched when they are asked for.
 */
#include "daemon/answers.h"

#include "daemon/feed.h"
#include "daemon/line.h"
#include "daemon/queue_watch.h"

/* A receiver that is away is what custody is for; a line that stopped goes on by nobody's doing.
 * When the wait for a receiver is over, only a message can find out whether it is back: a sender
 * that waits for us to be ready would never hear of it. */
static bool
is_feed_ready(const struct feed *f)
{
	return f->line ? !f->line->machine.stopped : !feed_wait(f);
}

/* Ready: every feed can forward, and messages can be taken. */
static bool
is_ready(const struct hl7noted *d)
{
	for (const struct feed *f = d->feeds; f; f = f->next) {
		if (!is_feed_ready(f))
			return false;
	}
	return !d->draining && queue_is_ready(d);
}

int
answers_give(void *ctx, struct span path, struct buffer *body, const char **type)
{
	struct hl7noted *d = ctx;
	bool ready = is_ready(d);

	*type = "text/plain; charset=utf-8";
	if (span_eq(path, SPAN("/metrics"))) {
		*type = "text/plain; version=0.0.4; charset=utf-8";
		metrics_series(d->metrics, METRIC_COUNTER, "hl7noted_log_dropped_total",
		    "Log lines dropped because nobody took them.", NULL)
		    ->value = (double)log_dropped(d->log);
		queue_measure(d);
		metrics_write(d->metrics, body);
		return 200;
	}
	if (span_eq(path, SPAN("/healthz"))) {
		buffer_append(body, SPAN("ok\n"));
		return 200;
	}
	if (!span_eq(path, SPAN("/readyz"))) {
		buffer_append(body, SPAN("try /metrics, /healthz or /readyz\n"));
		return 404;
	}
	buffer_append(body, ready ? SPAN("ready\n") : SPAN("not ready\n"));
	return ready ? 200 : 503;
}
