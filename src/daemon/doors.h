/* SPDX-License-Identifier: MIT */
/*
 * daemon/doors.h - what is open beside the listeners of the feeds
 *
 * The target of the log, the address of the metrics, the control socket.  What a
 * new configuration wants elsewhere is opened first, beside what is in force; it
 * comes into force with the rest of the configuration or is closed again.
 */
#ifndef DAEMON_DOORS_H
#define DAEMON_DOORS_H

#include "daemon/hl7noted.h"
#include "log/target.h"

struct net_http;
struct control;

/* In force. */
struct doors {
	struct net_http *metrics;
	struct control *control;
};

/* What a configuration would have otherwise. */
struct doors_plan {
	const struct conf *conf;
	bool log, metrics, control; /* is it another one, or none? */
	struct log_target target;   /* no descriptor: none */
	struct doors doors;
};

/* Are metrics answered already where `conf` wants them, or nowhere if it does not? */
bool doors_keep_metrics(const struct hl7noted *d, const struct conf *conf);
/* Open what differs from d->conf, or, without one, all but the log.  False when something cannot
 * be opened; it is told, and nothing is left open.  A control socket whose name was removed is
 * made again where it can be. */
bool doors_plan(struct doors_plan *p, struct hl7noted *d, const struct conf *conf,
    const struct doors *in_force);
/* Cannot fail.  The log ends where it was, and goes on elsewhere, with config.loaded. */
void doors_carry_out(struct doors_plan *p, struct hl7noted *d, struct doors *doors);
void doors_drop(struct doors_plan *p);
void doors_close(struct doors *doors);

#endif
