/* SPDX-License-Identifier: MIT */
/*
 * Each door is one word to compare and one call to open.
 */
#include "daemon/doors.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "daemon/answers.h"
#include "daemon/control.h"
#include "daemon/observe.h"
#include "net/http.h"

/* Formats and levels of a configuration are cast to those of the log, here and in run.c. */
_Static_assert((int)CONF_LOG_JSON == (int)LOG_JSON && (int)CONF_LOG_LOGFMT == (int)LOG_LOGFMT &&
		   (int)CONF_LOG_JOURNAL == (int)LOG_JOURNAL,
    "both have the same formats");
_Static_assert((int)CONF_ERROR == (int)LOG_ERROR_ && (int)CONF_WARNING == (int)LOG_WARNING_ &&
		   (int)CONF_INFO == (int)LOG_INFO_ && (int)CONF_DEBUG == (int)LOG_DEBUG_,
    "both have the same levels");

/* Also when there is none of either. */
static bool
is_same(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

/* ---- the log ---- */

static bool
is_same_log(const struct conf *a, const struct conf *b)
{
	return (a->log_format == CONF_LOG_JOURNAL) == (b->log_format == CONF_LOG_JOURNAL) &&
	       is_same(a->log_file, b->log_file);
}

static bool
plan_log(struct doors_plan *p, struct hl7noted *d)
{
	const enum log_format format = (enum log_format)p->conf->log_format;

	p->log = d->conf && !is_same_log(d->conf, p->conf);
	if (!p->log)
		return true;
	if (!log_may_turn(d->log, format))
		observe_no_log(d, p->conf, EBUSY);
	else if (log_target_open(&p->target, format, p->conf->log_file))
		return true;
	else
		observe_no_log(d, p->conf, errno);
	return false;
}

/* ---- metrics ---- */

bool
doors_keep_metrics(const struct hl7noted *d, const struct conf *conf)
{
	return d->conf && is_same(d->conf->metrics_port, conf->metrics_port) &&
	       is_same(d->conf->metrics_address, conf->metrics_address);
}

static void
crowded(void *ctx, bool gave_way)
{
	observe_crowded(ctx, "metrics", gave_way);
}

static bool
plan_metrics(struct doors_plan *p, struct hl7noted *d)
{
	const struct conf *conf = p->conf;
	const char *step = "address";
	struct addrinfo *addresses;
	int error;

	p->metrics = !doors_keep_metrics(d, conf);
	if (!p->metrics || !conf->metrics_port)
		return true;
	error = names_take(&d->names, conf->metrics_address, conf->metrics_port, &addresses);
	if (!error) {
		p->doors.metrics = net_http_create(
		    d->loop, addresses, answers_give, crowded, d, &step);
		error = errno;
		freeaddrinfo(addresses);
	}
	if (!p->doors.metrics)
		observe_no_metrics(d, conf, step, error);
	return p->doors.metrics != NULL;
}

/* ---- control ---- */

static bool
plan_control(struct doors_plan *p, struct hl7noted *d, const struct control *in_force)
{
	const char *path = p->conf->control_socket;
	const bool same = d->conf && is_same(d->conf->control_socket, path);

	p->control = !same || (in_force && control_is_gone(in_force));
	if (!p->control || !path)
		return true;
	p->doors.control = control_create(d, path);
	if (!p->doors.control)
		observe_no_control(d, p->conf, errno);
	if (same && !p->doors.control) {
		p->control = false;
		return true;
	}
	return p->doors.control != NULL;
}

/* ---- all of them ---- */

bool
doors_plan(
    struct doors_plan *p, struct hl7noted *d, const struct conf *conf, const struct doors *in_force)
{
	bool log, metrics, control;

	*p = (struct doors_plan){ .conf = conf, .target = { .fd = -1 } };
	log = plan_log(p, d);
	metrics = plan_metrics(p, d);
	control = plan_control(p, d, in_force->control);
	if (log && metrics && control)
		return true;
	doors_drop(p);
	return false;
}

static void
set_log(struct doors_plan *p, struct hl7noted *d)
{
	const struct conf *conf = p->conf;

	if (p->log && log_begin(d->log, LOG_CONFIG_LOADED)) {
		log_str(d->log, LOG_FILE, d->conf_file);
		log_str(d->log, LOG_OUTCOME, "log_moved");
		log_end(d->log);
	}
	log_set(d->log, (enum log_format)conf->log_format, (enum log_level)conf->log_level,
	    p->log ? &p->target : NULL);
}

void
doors_carry_out(struct doors_plan *p, struct hl7noted *d, struct doors *doors)
{
	set_log(p, d);
	if (p->metrics) {
		net_http_destroy(doors->metrics);
		doors->metrics = p->doors.metrics;
	}
	if (p->control) {
		control_destroy(doors->control);
		doors->control = p->doors.control;
	}
}

void
doors_drop(struct doors_plan *p)
{
	log_target_close(&p->target);
	doors_close(&p->doors);
}

void
doors_close(struct doors *doors)
{
	net_http_destroy(doors->metrics);
	control_destroy(doors->control);
	*doors = (struct doors){ 0 };
}
