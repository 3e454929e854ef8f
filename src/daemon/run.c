/* SPDX-License-Identifier: MIT */
/*
 * The loop and the signals; everything else hangs on them.
 */
#include "daemon/run.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "config.h"
#include "daemon/descriptors.h"
#include "daemon/doors.h"
#include "daemon/feed.h"
#include "daemon/memory.h"
#include "daemon/notify.h"
#include "daemon/observe.h"
#include "daemon/pages.h"
#include "daemon/queue.h"
#include "daemon/queue_watch.h"
#include "daemon/reload.h"
#include "daemon/secure.h"
#include "daemon/settings.h"
#include "daemon/shell.h"
#include "daemon/threads.h"
#include "daemon/tick.h"

struct run {
	struct hl7noted d;
	const struct options *options;
	ev_signal hup, term, interrupt, usr1;
	ev_timer watchdog, drain_deadline;
	bool hasty;        /* asked twice to stop */
	bool promised;     /* room in the log for the line that it has stopped */
	struct conf *next; /* waits for the addresses of names; NULL: none does */
	struct tick tick;
	struct doors doors;
};

uint64_t
now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* ---- reload ---- */

static void
log_reload(struct hl7noted *d, enum log_event event)
{
	if (!log_begin(d->log, event))
		return;
	log_str(d->log, LOG_FILE, d->conf_file);
	log_end(d->log);
}

/* All of a configuration, or nothing of it.  All of it is tried, so that all faults are told. */
static bool
bring_into_force(struct run *r, struct conf *conf)
{
	struct hl7noted *d = &r->d;
	struct doors_plan plan;
	bool had_queue = d->queue, queue = queue_open(d, conf);
	bool doors = doors_plan(&plan, d, conf, &r->doors);

	if (reload(d, conf, queue && doors)) {
		doors_carry_out(&plan, d, &r->doors);
		queue_change(d);
		return true;
	}
	doors_drop(&plan);
	if (!had_queue)
		queue_close(d);
	return false;
}

/* A configuration that waits for names is not wanted any more. */
static void
forget_next(struct run *r)
{
	names_forget(&r->d.names);
	conf_destroy(r->next);
	r->next = NULL;
}

/* `conf` NULL: it could not be read. */
static void
reload_with(struct run *r, struct conf *conf)
{
	struct hl7noted *d = &r->d;
	const bool good = conf && bring_into_force(r, conf);

	if (!good)
		conf_destroy(conf);
	names_forget(&d->names);
	d->reload_good->value = good;
	log_reload(d, good ? LOG_CONFIG_LOADED : LOG_CONFIG_REJECTED);
	notify(good ? "READY=1\nSTATUS=running"
		    : "READY=1\nSTATUS=running; the last reload was rejected");
}

static void
on_names_known(void *ctx)
{
	struct run *r = ctx;
	struct conf *conf = r->next;

	if (!conf) { /* it is that of the start */
		ev_break(r->d.loop, EVBREAK_ALL);
		return;
	}
	r->next = NULL;
	reload_with(r, conf);
}

static void
on_hup(struct ev_loop *loop, ev_signal *w, int revents)
{
	struct run *r = w->data;
	struct hl7noted *d = &r->d;
	struct conf *conf;
	char state[64];

	(void)loop, (void)revents;
	if (d->draining)
		return;
	forget_next(r);
	snprintf(
	    state, sizeof(state), "RELOADING=1\nMONOTONIC_USEC=%llu", (unsigned long long)now_us());
	notify(state);
	conf = settings_read(r->options, d->log, NULL);
	if (conf && names_ask(&d->names, conf))
		r->next = conf;
	else
		reload_with(r, conf);
}

static void
on_usr1(struct ev_loop *loop, ev_signal *w, int revents)
{
	struct run *r = w->data;

	(void)loop, (void)revents;
	if (r->d.conf->log_file && !log_reopen(r->d.log, r->d.conf->log_file))
		observe_no_log(&r->d, r->d.conf, errno);
}

/* ---- stopping ---- */

static void
on_drain_deadline(struct ev_loop *loop, ev_timer *w, int revents)
{
	(void)w, (void)revents;
	ev_break(loop, EVBREAK_ALL);
}

static void
on_term(struct ev_loop *loop, ev_signal *w, int revents)
{
	struct run *r = w->data;
	struct hl7noted *d = &r->d;

	(void)revents;
	if (d->draining) { /* asked twice: at once */
		r->hasty = true;
		ev_break(loop, EVBREAK_ALL);
		return;
	}
	d->draining = true;
	forget_next(r);
	notify("STOPPING=1");
	if (log_begin(d->log, LOG_SVC_STOPPING)) {
		log_number(d->log, LOG_COUNT_, d->connections);
		log_end(d->log);
		r->promised = log_promise(d->log);
	}
	for (struct feed *f = d->feeds; f; f = f->next)
		feed_retire(f);
	ev_timer_set(&r->drain_deadline, d->conf->drain_timeout / 1000.0, 0.);
	ev_timer_start(loop, &r->drain_deadline);
}

/* ---- time ---- */

static void
on_watchdog(struct ev_loop *loop, ev_timer *w, int revents)
{
	(void)loop, (void)w, (void)revents;
	notify("WATCHDOG=1");
}

/* ---- metrics ---- */

static void
make_series(struct hl7noted *d)
{
	struct metrics *m = d->metrics;

	metrics_series(m, METRIC_GAUGE, "hl7noted_build_info", "The program.", "version",
	    PACKAGE_VERSION, NULL)
	    ->value = 1;
	d->held_bytes = metrics_series(
	    m, METRIC_GAUGE, "hl7noted_held_bytes", "Bytes of frames held in memory.", NULL);
	d->reload_good = metrics_series(m, METRIC_GAUGE, "hl7noted_config_last_reload_successful",
	    "1 when the last reload came into force.", NULL);
	d->reload_good->value = 1;
}

/* ---- life ---- */

static void
watch_signal(
    struct run *r, ev_signal *w, int number, void (*on)(struct ev_loop *, ev_signal *, int))
{
	ev_signal_init(w, on, number);
	w->data = r;
	ev_signal_start(r->d.loop, w);
	ev_unref(r->d.loop);
}

/* What is asked while we start is asked of the daemon that will run, and must not end it.  All else
 * is heard, whatever those who start us had blocked for themselves. */
static void
mask_requests(int how)
{
	sigset_t requests;

	sigemptyset(&requests);
	sigaddset(&requests, SIGHUP);
	sigaddset(&requests, SIGUSR1);
	pthread_sigmask(how, &requests, NULL);
}

/* Nobody cancels a thread of ours.  Each recv() and send() would make itself a point where that can
 * happen, and undo it, unless the thread says that it is one everywhere. */
static void
never_be_cancelled(void)
{
	(void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
	(void)pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
}

static void
watch_time(struct run *r)
{
	double alive = (double)notify_watchdog() / 2e6;

	ev_timer_init(&r->watchdog, on_watchdog, 0., alive);
	ev_timer_init(&r->drain_deadline, on_drain_deadline, 0., 0.);
	tick_start(&r->tick, &r->d);
	if (alive > 0)
		ev_timer_start(r->d.loop, &r->watchdog);
}

/* Other than at every other start, also of another daemon in the same second. */
static uint64_t
draw_seed(void)
{
	uint64_t seed;

	if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) != sizeof(seed)) /* soon after boot */
		seed = ((uint64_t)time(NULL) << 32 | (uint64_t)getpid()) * 0x9e3779b97f4a7c15;
	return seed;
}

static bool
make_parts(struct run *r)
{
	struct hl7noted *d = &r->d;

	memory_for_loop(d->log);
	/* LIBEV_FLAGS might ask for io_uring, which the filter forbids */
	d->loop = ev_default_loop(EVFLAG_NOENV);
	/* As process 1 of a container we get its orphans.  libev would wait for them, and the
	 * filter forbids it. */
	signal(SIGCHLD, SIG_IGN);
	d->metrics = metrics_create();
	d->resolver = d->loop ? net_resolver_create(d->loop) : NULL;
	relay_work_init(&d->work);
	if (!d->loop || !d->metrics || !d->resolver || !net_init(&d->net, d->loop))
		return false;
	d->net.kept = DESCRIPTORS_OPERATING;
	names_begin(&d->names, d, on_names_known, r);
	floor_begin(d);
	make_series(d);
	d->ids.seed = draw_seed();
	srandom((unsigned)d->ids.seed);
	d->started = (uint64_t)time(NULL);
	d->began = now_us();
	return true;
}

static void
log_started(struct hl7noted *d)
{
	if (!log_begin(d->log, LOG_SVC_STARTED))
		return;
	log_str(d->log, LOG_VERSION, PACKAGE_VERSION);
	log_number(d->log, LOG_COUNT_, d->conf->feed_count);
	log_end(d->log);
}

/* Many messages may have failed just now, with a line each. */
static void
log_stopped(struct run *r)
{
	struct log *log = r->d.log;

	if (r->promised)
		log_begin_promised(log, LOG_SVC_STOPPED);
	else if (!log_begin(log, LOG_SVC_STOPPED))
		return;
	log_number(log, LOG_COUNT_, r->d.connections);
	log_end(log);
}

static int
go(struct run *r, struct conf *conf)
{
	struct hl7noted *d = &r->d;

	if (!make_parts(r)) {
		fprintf(stderr, "hl7noted: cannot set up the event loop: %s\n", strerror(errno));
		conf_destroy(conf);
		return EX_OSERR;
	}
	d->tell = stderr;
	if (names_ask(&d->names, conf))
		ev_run(d->loop, 0);
	if (!bring_into_force(r, conf)) {
		conf_destroy(conf);
		return EX_CONFIG;
	}
	names_forget(&d->names);
	d->tell = NULL;
	watch_signal(r, &r->hup, SIGHUP, on_hup);
	watch_signal(r, &r->term, SIGTERM, on_term);
	watch_signal(r, &r->interrupt, SIGINT, on_term);
	watch_signal(r, &r->usr1, SIGUSR1, on_usr1);
	mask_requests(SIG_UNBLOCK);
	watch_time(r);
	shell_calls(r->options->debuggable, d->log);
	pages_give_back();
	log_started(d);
	notify("READY=1\nSTATUS=running");
	ev_run(d->loop, 0);
	for (struct feed *f = d->feeds; f; f = f->next)
		feed_end_links(f);
	for (struct feed *f = d->retired; f; f = f->next)
		feed_end_links(f);
	log_stopped(r);
	return EX_OK;
}

/* Lines first, for they hold messages of the store; connections last, for its last verdicts are
 * theirs. */
static void
take_down_queue(struct hl7noted *d)
{
	for (struct feed *f = d->retired; f; f = f->next)
		feed_end_line(f);
	for (struct feed *f = d->feeds; f; f = f->next)
		feed_end_line(f);
	queue_finish(d); /* what was delivered just now waits no more */
	for (struct feed *f = d->feeds; f; f = f->next)
		queue_tell_waiting(f, "stopping");
	queue_close(d);
}

/* A signal handler takes no context. */
static struct log *log_to_settle;

/* The lines of messages that were passed on are still to be written. */
static void
leave_at_once(int number)
{
	(void)number;
	log_settle(log_to_settle);
	_exit(EX_OK);
}

static void
destroy_feeds(struct feed **list)
{
	while (*list) {
		struct feed *f = *list;

		*list = f->next;
		feed_destroy(f);
	}
}

static void
take_down(struct run *r)
{
	struct hl7noted *d = &r->d;

	doors_close(&r->doors);
	/* closing the queue waits for the disk, and nobody who asks twice wants to */
	if (r->hasty && d->queue)
		queue_leave(d->queue, EX_OK);
	log_to_settle = d->log;
	signal(SIGTERM, leave_at_once);
	signal(SIGINT, leave_at_once);
	take_down_queue(d);
	destroy_feeds(&d->feeds);
	destroy_feeds(&d->retired);
	floor_end(d);
	names_end(&d->names);
	net_resolver_destroy(d->resolver);
	relay_work_finish(&d->work);
	secure_forget_ends(d);
	metrics_destroy(d->metrics);
	net_finish(&d->net);
	conf_destroy(d->conf);
	reload_forget_older(d);
	if (d->loop)
		ev_loop_destroy(d->loop);
}

int
run(const struct options *o)
{
	struct run r = { .options = o };
	struct conf *conf;
	int status;

	if (!descriptors_suffice())
		return EX_OSERR;
	mask_requests(SIG_SETMASK);
	never_be_cancelled();
	memory_for_files();
	conf = settings_read(o, NULL, stderr);
	if (!conf)
		return EX_CONFIG;
	shell_privileges(conf, o->debuggable);
	if (!threads_suffice()) {
		conf_destroy(conf);
		return EX_OSERR;
	}
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	r.d.conf_file = o->config;
	r.d.log = log_create(
	    (enum log_format)conf->log_format, (enum log_level)conf->log_level, conf->log_file);
	if (!r.d.log) {
		r.d.tell = stderr;
		observe_no_log(&r.d, conf, errno);
		conf_destroy(conf);
		return EX_CANTCREAT;
	}
	settings_tell_doubts(conf);
	status = go(&r, conf);
	take_down(&r);
	/* what is left ends by itself, and soon */
	signal(SIGTERM, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	log_destroy(r.d.log);
	return status;
}
