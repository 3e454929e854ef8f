/* SPDX-License-Identifier: MIT */
/*
 * conf/conf.h - what the daemon is told to do
 *
 * One immutable structure, made from a file or from flags, in one arena.  Every
 * limit has its default here and nowhere else.  Times are milliseconds, sizes
 * bytes; all text ends in NUL and lives as long as the configuration.
 */
#ifndef CONF_CONF_H
#define CONF_CONF_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/faults.h"

enum conf_mode { CONF_RELAY, CONF_STORE };
enum conf_annotate { CONF_LIVE, CONF_SHADOW, CONF_OFF };
enum conf_on_failure { CONF_CLOSE, CONF_REJECT };
enum conf_log_format { CONF_LOG_JSON, CONF_LOG_LOGFMT, CONF_LOG_JOURNAL };
enum conf_log_level { CONF_ERROR, CONF_WARNING, CONF_INFO, CONF_DEBUG };

struct conf_listen {
	const char *address, *port; /* address "" or "*": all, IPv6 and IPv4 */
	const char *socket; /* name of a socket handed over by systemd; NULL: bind ourselves */
	unsigned max_connections, max_per_address;
	struct fault_place at;
};

struct conf_forward {
	const char *host, *port;
	uint32_t connect_timeout, ack_timeout;
	uint32_t backoff_least, backoff_most;
	unsigned in_flight; /* messages outstanding on one connection */
	struct fault_place at;
};

struct conf_mapping {
	const char *file; /* as named, behind the configuration file's folder when relative */
	struct fault_place at;
};

struct conf_feed {
	const char *name;
	enum conf_mode mode;
	enum conf_annotate annotate;
	enum conf_on_failure on_failure;
	bool require_approved;
	const struct conf_listen *listens;
	unsigned listen_count;
	struct conf_forward forward;
	const struct conf_mapping *mappings;
	unsigned mapping_count;
	uint64_t max_frame;
	uint32_t frame_deadline; /* first byte to end of frame */
	uint32_t idle_timeout;   /* 0: off */
	uint64_t max_unsent;     /* bytes waiting in user space for a peer that does not read */
	uint32_t keepalive;      /* seconds; 0: off */
	struct fault_place at;
};

struct conf {
	const char *file; /* NULL: made from flags */
	enum conf_log_format log_format;
	enum conf_log_level log_level;
	const char *log_file;                       /* NULL: stderr */
	const char *metrics_address, *metrics_port; /* NULL: none */
	const char *control_socket;                 /* NULL: none */
	unsigned max_connections;                   /* of all feeds */
	uint64_t max_in_flight;                     /* bytes of frames held, of all feeds */
	uint32_t drain_timeout;
	const struct conf_feed *feeds;
	unsigned feed_count;
	struct conf *older; /* for whoever keeps several */
	struct arena arena;
};

/* Defaults, design section 4 first and the reliability sheet second. */
enum {
	CONF_MAX_FRAME = 16 << 20,
	CONF_FEED_CONNECTIONS = 256,
	CONF_PER_ADDRESS = 32,
	CONF_ALL_CONNECTIONS = 512,
	CONF_FRAME_DEADLINE = 30 * 1000,
	CONF_IDLE_TIMEOUT = 0,
	CONF_CONNECT_TIMEOUT = 10 * 1000,
	CONF_ACK_TIMEOUT = 30 * 1000,
	CONF_BACKOFF_LEAST = 1000,
	CONF_BACKOFF_MOST = 60 * 1000,
	CONF_KEEPALIVE = 60,
	CONF_IN_FLIGHT = 1,
	CONF_MAX_UNSENT = 64 << 10,
	CONF_ALL_IN_FLIGHT = 64 << 20,
	CONF_DRAIN_TIMEOUT = 30 * 1000,
};

#define CONF_NAMESPACE "urn:hl7note:config:1"

/*
 * From the bytes of a file; NULL with at least one fault when anything is wrong.
 * Mapping files are named, not read; reading them is the caller's.
 */
struct conf *conf_create(struct span bytes, const char *file, struct faults *faults);
/* For one feed from flags: "2575" or "address:2575", "host:6661", mapping files. */
struct conf *conf_from_flags(const char *listen, const char *forward, const char *const *mappings,
    unsigned mapping_count, struct faults *faults);
/*
 * One more flag, over what the file or the defaults say, before the configuration
 * is used: log-format log-level log-file metrics control, and for the feed of
 * conf_from_flags() on-failure annotate in-flight ack-timeout.  False with a fault
 * when the value is wrong; without one when there is no such flag.
 */
bool conf_flag(struct conf *conf, const char *name, const char *value, struct faults *faults);
void conf_destroy(struct conf *conf);
/* Its root is <hl7noted>, or in CONF_NAMESPACE: meant as a configuration, not as a mapping. */
bool conf_is_configuration(struct span bytes);

/* "30s", "500ms", "2min", "1h", or a plain number of seconds. */
bool conf_duration(struct span text, uint32_t *ret_ms);
/* "16MiB", "64KiB", "4096". */
bool conf_size(struct span text, uint64_t *ret);
/* "host:port", "[::1]:port", "port" (host then empty). */
bool conf_host_port(struct span text, struct span *ret_host, struct span *ret_port);

#endif
