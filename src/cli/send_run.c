/* SPDX-License-Identifier: MIT */
/*
 * cli/send_run.c - the loop of the sender
 *
 * One timer looks for what took too long (precise enough for timeouts, and no timer
 * for each message), one paces, one tells the progress.
 */
#include "cli/send.h"

#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/descriptors.h"
#include "cli/say.h"
#include "net/resolver.h"

enum { TURN_MS = 20 };

uint64_t
send_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

/* ---- the end ------------------------------------------------------------------------------ */

void
send_stop(struct send_run *r, int status)
{
	r->stopping = true;
	if (r->status == EX_OK)
		r->status = status;
	send_fail_again(r);
}

void
send_out_of_memory(struct send_run *r)
{
	say_error("out of memory");
	send_stop(r, EX_OSERR);
}

void
send_check_end(struct send_run *r)
{
	const bool left = !r->stopping && (r->issued < r->total || r->again_count > 0);

	if (r->finished || left || r->in_flight > 0)
		return;
	if (!r->stopping && !send_lines_written(r))
		return;
	r->finished = true;
	r->tally.end = send_now();
	if (r->unawaited && !r->interrupted)
		ev_timer_start(r->loop, &r->linger);
	else
		ev_break(r->loop, EVBREAK_ALL);
}

/* Closing at once could take messages away from a peer that has not read them, and a refusal may
 * come of one whose acceptance is not told. */
static void
on_linger(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct send_run *r = w->data;

	(void)revents;
	if (!send_lines_shut(r) || ++r->lingered > SEND_LINGER_MS / TURN_MS)
		ev_break(loop, EVBREAK_ALL);
}

static void
on_signal(struct ev_loop *loop, ev_signal *w, int revents)
{
	struct send_run *r = w->data;

	(void)revents;
	if (r->interrupted)
		ev_break(loop, EVBREAK_ALL);
	r->interrupted = true;
	send_stop(r, EX_OK);
	send_check_end(r);
}

/* ---- timers ------------------------------------------------------------------------------- */

static void
on_sweep(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct send_run *r = w->data;
	const uint64_t now = send_now();

	(void)loop, (void)revents;
	if (late_passes_over(&r->late, now / SEND_MILLISECOND))
		return;
	send_lines_sweep(r, now);
	send_check_end(r);
}

/* The next time is when a message is due, whatever made this one late. */
static void
on_pace(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct send_run *r = w->data;
	uint64_t now, due;

	(void)revents;
	send_lines_pace(r);
	now = send_now();
	due = send_work_due(r, now);
	w->repeat = due > now + SEND_MILLISECOND ? (double)(due - now) / 1e9 : 0.001;
	ev_timer_again(loop, w);
}

static void
on_idle(struct ev_loop *loop, ev_idle *w, int revents)
{
	struct send_run *r = w->data;

	(void)revents;
	if (!send_lines_idle(r))
		ev_idle_stop(loop, w);
	send_check_end(r);
}

static void
on_progress(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct send_run *r = w->data;
	const struct send_tally *t = &r->tally;
	const uint64_t done = t->sent - r->in_flight - r->again_count;
	/* a message that asks for no answer is done when it is given, and not when that was lost */
	const uint64_t more = done > r->shown ? done - r->shown : 0;
	const bool terminal = isatty(STDERR_FILENO);

	(void)loop, (void)revents;
	fprintf(stderr, "%s%llu of %llu done, %llu/s, %llu failed%s", terminal ? "\r" : "",
	    (unsigned long long)done, (unsigned long long)r->total, (unsigned long long)more,
	    (unsigned long long)t->failed, terminal ? "\033[K" : "\n");
	r->shown = done;
}

static double
sweep_interval(const struct send_options *o)
{
	const double eighth = (double)o->timeout / 8e9;

	return eighth < 0.005 ? 0.005 : eighth > 0.1 ? 0.1 : eighth;
}

static void
timer(struct send_run *r, ev_timer *w, void (*on)(struct ev_loop *, ev_timer *, int), double each)
{
	ev_timer_init(w, on, each, each);
	w->data = r;
}

static void
watch(struct send_run *r)
{
	const struct send_options *o = r->options;

	timer(r, &r->sweep, on_sweep, sweep_interval(o));
	/* of one turn, what came goes before what is due */
	ev_set_priority(&r->sweep, EV_MINPRI);
	r->late.last = send_now() / SEND_MILLISECOND;
	timer(r, &r->pace, on_pace, 0.001);
	timer(r, &r->progress, on_progress, 1);
	timer(r, &r->linger, on_linger, TURN_MS / 1e3);
	ev_idle_init(&r->idle, on_idle);
	r->idle.data = r;
	ends_watch(&r->ends, r->loop, on_signal, r);
	ev_timer_start(r->loop, &r->sweep);
	if (o->rate)
		ev_timer_start(r->loop, &r->pace);
	if (o->progress)
		ev_timer_start(r->loop, &r->progress);
}

/* ---- the run ------------------------------------------------------------------------------ */

/* Ten characters that no other run has: the moment, the process, and what mixes them. */
static void
make_id(struct send_run *r)
{
	static const char letters[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
	struct timespec ts;
	struct dice dice;
	uint64_t mixed;

	clock_gettime(CLOCK_REALTIME, &ts);
	dice = dice_of((uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec, (uint64_t)getpid());
	mixed = dice_roll(&dice);
	for (unsigned i = 0; i < SEND_ID / 2; i++, mixed /= 32)
		r->id[i] = letters[mixed % 32];
}

static int
resolve(struct send_run *r)
{
	const struct arguments_peer *p = &r->options->peer;
	const int error = net_look_up(p->host, p->port, 0, &r->addresses);

	if (error == EAI_SERVICE) {
		say_error("no service is called %s here; write the number of the port", p->port);
		return EX_UNAVAILABLE;
	}
	if (error) {
		say_error("cannot find %s port %s: %s", p->host, p->port, net_look_up_text(error));
		return EX_UNAVAILABLE;
	}
	r->address = r->addresses;
	return EX_OK;
}

static void
run_loop(struct send_run *r)
{
	watch(r);
	r->tally.begin = r->alive = send_now();
	send_lines_sweep(r, r->tally.begin); /* connects them all */
	send_check_end(r);
	if (!r->finished)
		ev_run(r->loop, 0);
	send_lines_abandon(r);
	if (!r->tally.end)
		r->tally.end = send_now();
	if (r->options->progress && isatty(STDERR_FILENO))
		fputs("\r\033[K", stderr);
	ends_forget(&r->ends, r->loop);
}

static int
run_resolved(struct send_run *r)
{
	const uint64_t n = r->options->connections;
	const size_t count = (size_t)(n < r->total ? n : r->total);

	descriptors_raise();
	r->loop = ev_loop_new(EVFLAG_AUTO);
	if (!r->loop || !net_init(&r->net, r->loop) || !send_lines_create(r, count)) {
		say_error("out of memory");
		return EX_OSERR;
	}
	/* from our own side, a handshake is over with the time to connect */
	r->net.handshakes.timeout = UINT32_MAX;
	run_loop(r);
	if (r->status != EX_OK)
		return r->status;
	return r->tally.failed > 0 || r->interrupted ? EX_DIFFERENT : EX_OK;
}

int
send_run(struct send_run *r)
{
	int status = resolve(r);

	if (status != EX_OK)
		return status;
	hl7_message_init(&r->answer);
	buffer_init(&r->wire, 0);
	make_id(r);
	r->dice = dice_of(r->options->seed, 0);
	status = run_resolved(r);
	send_lines_destroy(r);
	net_finish(&r->net);
	if (r->loop)
		ev_loop_destroy(r->loop);
	buffer_finish(&r->wire);
	hl7_message_finish(&r->answer);
	free(r->again);
	freeaddrinfo(r->addresses);
	return status;
}
