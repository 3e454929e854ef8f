/* SPDX-License-Identifier: MIT */
/*
 * cli/sink_run.c - the loop, its beginning and its end
 *
 * The end comes in turns of a short timer: answers that are due are given, peers are
 * told by the end of our stream, and after a moment for them to read it (closing at
 * once, with bytes unread, would take the last answers away from them) the loop is
 * left.  A second signal leaves it at once.
 */
#include "cli/sink.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "cli/descriptors.h"
#include "cli/say.h"
#include "net/resolver.h"

enum { TURNS_FOR_READING = 25, TURNS_FOR_WRITING = 250 };
static const double turn = 0.02;

/* ---- the end ------------------------------------------------------------------------------ */

void
sink_finish(struct sink *s)
{
	if (s->finishing)
		return;
	s->finishing = true;
	ev_timer_set(&s->linger, 0, turn);
	ev_timer_start(s->loop, &s->linger);
}

static void
on_linger(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct sink *s = w->data;
	bool working;
	const unsigned due = sink_visitors_dismiss(s, &working);

	(void)revents;
	net_listener_destroy(s->listener);
	s->listener = NULL;
	s->waited += !working;
	if (!s->visitors || (!due && (s->interrupted || s->waited > TURNS_FOR_READING)) ||
	    s->waited > TURNS_FOR_WRITING)
		ev_break(loop, EVBREAK_ALL);
}

static void
on_signal(struct ev_loop *loop, ev_signal *w, int revents)
{
	struct sink *s = w->data;

	(void)revents;
	if (s->interrupted)
		ev_break(loop, EVBREAK_ALL);
	s->interrupted = true;
	sink_finish(s);
}

/* ---- the beginning ------------------------------------------------------------------------ */

static void
on_accepted(void *ctx, int fd, const union net_address *peer)
{
	(void)peer;
	sink_visit(ctx, fd);
}

static void
on_paused(void *ctx, int error)
{
	(void)ctx;
	say_note("accepting rests for a moment: %s", strerror(error));
}

static bool
write_number(const char *path, unsigned number)
{
	FILE *f = fopen(path, "we");
	bool done = f && fprintf(f, "%u\n", number) > 0;

	if (f && fclose(f) != 0)
		done = false;
	return done;
}

/* Under another name until it is whole: whoever waits for the file may read it at once.  A pipe or
 * a device, such as /dev/stdout, is written to, and not replaced. */
static int
write_port(const char *path, unsigned port)
{
	char unfinished[4096];
	struct stat st;
	bool done;

	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode)) {
		done = write_number(path, port);
	} else {
		snprintf(unfinished, sizeof(unfinished), "%s.unfinished", path);
		done = write_number(unfinished, port) && rename(unfinished, path) == 0;
	}
	if (done)
		return EX_OK;
	say_error("cannot write %s: %s", path, strerror(errno));
	return EX_CANTCREAT;
}

static int
tell_no_listener(const struct sink_options *o, int error)
{
	say_error("cannot listen on %s port %s: %s", o->listen, o->port, net_look_up_text(error));
	return EX_UNAVAILABLE;
}

/* Takes the addresses. */
static int
listen_there(struct sink *s, struct addrinfo *addresses)
{
	static const struct net_listener_ops ops = { on_accepted, on_paused };
	const struct sink_options *o = s->options;
	const char *step;
	int error;

	s->listener = net_listener_create(s->loop, addresses, &ops, s, &step);
	error = errno;
	freeaddrinfo(addresses);
	if (!s->listener)
		return tell_no_listener(o, error);
	say_note("listening on %s port %u", o->listen, net_listener_port(s->listener));
	return o->port_file ? write_port(o->port_file, net_listener_port(s->listener)) : EX_OK;
}

static void
watch(struct sink *s)
{
	ends_watch(&s->ends, s->loop, on_signal, s);
	ev_timer_init(&s->linger, on_linger, 0, turn);
	s->linger.data = s;
}

static void
unwatch(struct sink *s)
{
	ends_forget(&s->ends, s->loop);
	ev_timer_stop(s->loop, &s->linger);
}

static int
run_loop(struct sink *s)
{
	const struct sink_options *o = s->options;
	struct addrinfo *addresses;
	int status = net_look_up(o->listen, o->port, AI_PASSIVE, &addresses);

	if (status)
		return tell_no_listener(o, status);
	/* not before: a name server may be silent for ever, and signals end that by themselves */
	watch(s);
	status = listen_there(s, addresses);
	if (status == EX_OK)
		ev_run(s->loop, 0);
	sink_visitors_close(s);
	net_listener_destroy(s->listener);
	unwatch(s);
	return status == EX_OK ? sink_report(s) : status;
}

int
sink_run(struct sink *s)
{
	int status = EX_OSERR;

	descriptors_raise();
	hl7_message_init(&s->message);
	hl7_message_init(&s->answer);
	buffer_init(&s->answers, 0);
	/* answers of two runs should not look the same */
	s->ids = (uint64_t)time(NULL) % 1000000 * 1000000;
	s->loop = ev_loop_new(EVFLAG_AUTO);
	if (s->loop && net_init(&s->net, s->loop))
		status = run_loop(s);
	else
		say_error("out of memory");
	net_finish(&s->net);
	if (s->loop)
		ev_loop_destroy(s->loop);
	buffer_finish(&s->answers);
	hl7_message_finish(&s->answer);
	hl7_message_finish(&s->message);
	return status;
}
