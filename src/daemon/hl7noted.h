/* SPDX-License-Identifier: MIT */
/*
 * daemon/hl7noted.h - what there is one of
 *
 * The daemon owns the loop, the settings, the queue and the feeds; a feed owns its
 * listeners, its rules and what carries its messages (see feed.h): links where it
 * relays, intakes and a line where it takes custody.
 */
#ifndef DAEMON_HL7NOTED_H
#define DAEMON_HL7NOTED_H

#include <ev.h>
#include <stdio.h>

#include "conf/conf.h"
#include "daemon/floor.h"
#include "daemon/names.h"
#include "hl7/id.h"
#include "log/log.h"
#include "log/metrics.h"
#include "net/resolver.h"
#include "net/stream.h"
#include "relay/session.h"

struct feed;
struct secure_end;
struct queue;

struct hl7noted {
	struct ev_loop *loop;
	struct net net;
	struct conf *conf;
	struct conf *older;    /* that retired feeds still use */
	const char *conf_file; /* NULL: from flags, nothing to reload but mappings */
	struct log *log;
	FILE *tell; /* faults in sentences, too, for whoever started us; NULL once we run */
	struct metrics *metrics;
	struct net_resolver *resolver; /* of receivers */
	struct names names;            /* of listeners */
	struct relay_work work;
	struct queue *queue;     /* NULL: no feed takes custody */
	struct feed *feeds;      /* in force */
	struct feed *retired;    /* gone from the configuration, not done yet */
	unsigned connections;    /* of all feeds */
	uint64_t swept;          /* when those that are over were last looked for, ms */
	unsigned parted;         /* how many listeners have left their feeds so far */
	uint64_t held;           /* bytes, of all connections */
	uint64_t owed;           /* of them, those that leave without another byte of a sender's */
	struct floor floor;      /* which of them reads on at their limit */
	uint64_t messages;       /* numbered so far */
	struct hl7_ids ids;      /* of answers of ours */
	uint64_t turn, moment;   /* of the network; when what it tells had come, see link.c */
	time_t stamped;          /* the second that is written in stamp */
	char stamp[32];          /* local time as HL7 has it, for answers of ours */
	uint64_t started;        /* wall clock, seconds */
	uint64_t began;          /* the same moment, microseconds of now_us() */
	struct secure_end *ends; /* of certificates and lists */
	bool draining;
	struct metric *held_bytes, *reload_good;
	struct metric *skips[SKIP_COUNT]; /* made when first needed */
};

/* Monotonic time. */
uint64_t now_us(void);

static inline uint64_t
now_ms(void)
{
	return now_us() / 1000;
}

#endif
