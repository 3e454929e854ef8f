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
#include "base/network.h"

enum conf_mode { CONF_RELAY, CONF_STORE };
enum conf_annotate { CONF_LIVE, CONF_SHADOW, CONF_OFF };
enum conf_on_failure { CONF_CLOSE, CONF_REJECT };
enum conf_log_format { CONF_LOG_JSON, CONF_LOG_LOGFMT, CONF_LOG_JOURNAL };
enum conf_log_level { CONF_ERROR, CONF_WARNING, CONF_INFO, CONF_DEBUG };

enum conf_on_stranger { CONF_STRANGER_REJECT, CONF_STRANGER_CLOSE };
enum conf_client { CONF_CLIENT_REQUIRED, CONF_CLIENT_NONE };
/* What becomes of a message after an answer of one kind; acceptance always delivers it. */
enum conf_policy { CONF_SET_ASIDE, CONF_RETRY, CONF_STOP, CONF_DELIVER };

struct conf_peer {
	const char *name; /* a DNS name among the certificate's; NULL: the pin */
	const char *pin;  /* base64 of the SHA-256 of its public key; NULL: the name */
	struct fault_place at;
};

struct conf_tls {
	const char *certificate, *key; /* files; with <forward> both or neither NULL */
	const char *ca;          /* with <listen> NULL when no client certificate is asked for */
	const char *crl;         /* NULL: none */
	enum conf_client client; /* <listen> only */
	const char *name;        /* <forward> only; NULL: its host */
	const struct conf_peer *peers; /* none: any certificate of the CA */
	unsigned peer_count;
	struct fault_place at;
};

struct conf_allow {
	struct network network;
	struct fault_place at;
};

struct conf_listen {
	const char *address, *port; /* address "" or "*": all, IPv6 and IPv4 */
	const char *socket; /* name of a socket handed over by systemd; NULL: bind ourselves */
	unsigned max_connections, max_per_address;
	const struct conf_tls *tls;      /* NULL: plain TCP */
	const struct conf_allow *allows; /* none: all addresses */
	unsigned allow_count;
	struct fault_place at;
};

struct conf_forward {
	const char *host, *port;
	uint32_t connect_timeout, ack_timeout;
	uint32_t backoff_least, backoff_most;
	unsigned in_flight;         /* messages outstanding on one connection */
	const struct conf_tls *tls; /* NULL: plain TCP */
	struct fault_place at;
};

/* Whose messages a feed takes; what is NULL is not looked at. */
struct conf_sender {
	const char *application, *facility; /* first components of MSH-3 and MSH-4 */
	struct conf_peer peer;
};

struct conf_answer {
	enum conf_policy policy;
	unsigned retries; /* of CONF_RETRY, then it is set aside; 0: without limit */
};

struct conf_answers {
	struct conf_answer error, reject, other, none;
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
	enum conf_on_stranger on_stranger;
	bool require_approved;
	const struct conf_listen *listens;
	unsigned listen_count;
	struct conf_forward forward;
	const struct conf_mapping *mappings;
	unsigned mapping_count;
	const struct conf_sender *senders; /* none: all */
	unsigned sender_count;
	struct conf_answers answers; /* CONF_STORE only */
	uint64_t max_frame;
	uint32_t frame_deadline; /* first byte to end of frame */
	uint32_t idle_timeout;   /* 0: off */
	uint64_t max_unsent;     /* bytes waiting in user space for a peer that does not read */
	uint32_t keepalive;      /* seconds; 0: off */
	struct fault_place at;
};

struct conf_store {
	const char *directory;  /* NULL: no feed has CONF_STORE */
	uint64_t free_space;    /* CONF_AUTO, or bytes that must stay free */
	uint64_t quota;         /* bytes of the queue; 0: none */
	uint64_t ballast;       /* 0: none */
	uint32_t keep_age;      /* of what is delivered; 0: as long as resends are looked for */
	uint64_t keep_size;     /* the same, all of it; 0: without limit */
	uint32_t resend_window; /* 0: resends are not looked for */
	struct fault_place at;
};

struct conf {
	const char *file; /* NULL: made from flags */
	enum conf_log_format log_format;
	enum conf_log_level log_level;
	const char *log_file; /* NULL: stderr */
	struct fault_place log_at;
	const char *metrics_address, *metrics_port; /* NULL: none */
	struct fault_place metrics_at;
	const char *control_socket; /* NULL: none */
	struct fault_place control_at;
	unsigned max_connections; /* of all feeds */
	uint64_t max_in_flight;   /* bytes of frames held, of all feeds */
	uint32_t drain_timeout;
	unsigned handshakes; /* of TLS, at one time, of all feeds */
	uint32_t handshake_timeout;
	struct conf_store store;
	const struct conf_feed *feeds;
	unsigned feed_count;
	struct conf *older; /* for whoever keeps several */
	struct arena arena;
};

/* Defaults, and limits that no setting may go beyond. */
enum {
	CONF_MAX_FRAME = 16 << 20,
	CONF_MAX_STORED = 128 << 20, /* of a message in the queue */
	CONF_FEED_CONNECTIONS = 256,
	CONF_PER_ADDRESS = 32,
	CONF_ALL_CONNECTIONS = 512,
	CONF_FRAME_DEADLINE = 30 * 1000,
	CONF_IDLE_TIMEOUT = 0,
	CONF_CONNECT_TIMEOUT = 10 * 1000,
	CONF_ACK_TIMEOUT = 30 * 1000,
	CONF_BACKOFF_LEAST = 1000,
	CONF_BACKOFF_MOST = 60 * 1000,
	CONF_KEEPALIVE = 15, /* a silent peer is gone after 30 s */
	CONF_IN_FLIGHT = 1,
	CONF_MAX_UNSENT = 64 << 10,
	CONF_ALL_IN_FLIGHT = 64 << 20,
	CONF_DRAIN_TIMEOUT = 30 * 1000,
	CONF_HANDSHAKES = 64,
	CONF_HANDSHAKE_TIMEOUT = 10 * 1000,
	CONF_BALLAST = 64 << 20,
	CONF_KEEP_AGE = 24 * 3600 * 1000,
	CONF_KEEP_SIZE = 1 << 30,
	CONF_RESEND_WINDOW = 24 * 3600 * 1000,
	CONF_RETRIES = 10,
	CONF_IN_FLIGHT_MOST = 256,
	CONF_SENDERS_MOST = 64,  /* of a feed */
	CONF_ALLOWS_MOST = 1024, /* of a listener */
};

/* The larger of 1 GiB and 5 % of the file system. */
#define CONF_AUTO ((uint64_t)0)

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
 * is used: log-format log-level log-file metrics control store, and for the feed of
 * conf_from_flags() mode on-failure annotate in-flight ack-timeout.  False with a fault
 * when the value is wrong; without one when there is no such flag.
 */
bool conf_flag(struct conf *conf, const char *name, const char *value, struct faults *faults);
/* Behind the last flag: do they go together? */
bool conf_flags_done(const struct conf *conf, struct faults *faults);
void conf_destroy(struct conf *conf);
/* Its root is <hl7noted>, or in CONF_NAMESPACE: meant as a configuration, not as a mapping. */
bool conf_is_configuration(struct span bytes);

#endif
