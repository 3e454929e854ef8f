/* SPDX-License-Identifier: MIT */
/*
 * conf/shape.c - every element, attribute, limit and default there is
 */
#include "conf/shape.h"

static const char *const formats[] = { "json", "logfmt", "journal", NULL };
static const char *const levels[] = { "error", "warning", "info", "debug", NULL };
static const char *const modes[] = { "relay", "store", NULL };
static const char *const annotates[] = { "live", "shadow", "off", NULL };
static const char *const on_failures[] = { "close", "reject", NULL };
static const char *const on_strangers[] = { "reject", "close", NULL };
static const char *const clients[] = { "required", "none", NULL };
static const char *const automatic[] = { "auto", NULL };
static const char *const policies[] = { "set-aside", "retry", "stop", "deliver", NULL };
/* silence is no delivery */
static const char *const silences[] = { "set-aside", "retry", "stop", NULL };

#define SECOND 1000ull
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define KIB (1ull << 10)
#define MIB (1ull << 20)
#define GIB (1ull << 30)

/* ---- for the whole daemon ---- */

#define AT(member) .offset = offsetof(struct conf, member)

static const struct conf_attribute log_attributes[] = {
	{ "format", CONF_WORD, AT(log_format), .words = formats },
	{ "level", CONF_WORD, AT(log_level), .words = levels },
	{ "file", CONF_FILE, AT(log_file) },
	{ 0 },
};

static const struct conf_attribute metrics_attributes[] = {
	{ "listen", CONF_ENDPOINT, AT(metrics_address), offsetof(struct conf, metrics_port),
	    .zero = "127.0.0.1", .required = true },
	{ 0 },
};

static const struct conf_attribute control_attributes[] = {
	{ "socket", CONF_SOCKET, AT(control_socket), .required = true },
	{ 0 },
};

static const struct conf_attribute limits_attributes[] = {
	{ "connections", CONF_COUNT, AT(max_connections), .least = 1, .most = 65536 },
	{ "in-flight-bytes", CONF_SIZE, AT(max_in_flight), .least = MIB, .most = 64 * GIB },
	{ "drain-timeout", CONF_DURATION, AT(drain_timeout), .least = 1, .most = HOUR,
	    .zero = "no waiting" },
	{ "handshakes", CONF_COUNT, AT(handshakes), .least = 1, .most = 65536 },
	{ "handshake-timeout", CONF_DURATION, AT(handshake_timeout), .least = 1, .most = HOUR },
	{ 0 },
};

static const struct conf_attribute store_attributes[] = {
	{ "directory", CONF_FILE, AT(store.directory), .required = true },
	{ "free-space", CONF_SIZE, AT(store.free_space), .least = MIB, .most = 1024 * GIB,
	    .words = automatic },
	{ "quota", CONF_SIZE, AT(store.quota), .least = MIB, .most = 1024 * GIB, .zero = "none" },
	{ "ballast", CONF_SIZE, AT(store.ballast), .least = MIB, .most = GIB, .zero = "none" },
	{ "keep-age", CONF_DURATION, AT(store.keep_age), .least = 1, .most = 1000 * HOUR,
	    .zero = "no keeping" },
	{ "keep-size", CONF_SIZE, AT(store.keep_size), .least = MIB, .most = 1024 * GIB,
	    .zero = "no limit" },
	{ "resend-window", CONF_DURATION, AT(store.resend_window), .least = 1, .most = 1000 * HOUR,
	    .zero = "none" },
	{ 0 },
};

/* These fill parts of struct conf itself. */
static const struct conf_element log_element = { "log", log_attributes, NULL, 0, NULL,
	offsetof(struct conf, log_at) };
static const struct conf_element metrics_element = { "metrics", metrics_attributes, NULL, 0, NULL,
	offsetof(struct conf, metrics_at) };
static const struct conf_element control_element = { "control", control_attributes, NULL, 0, NULL,
	offsetof(struct conf, control_at) };
static const struct conf_element limits_element = { "limits", limits_attributes, NULL, 0, NULL,
	CONF_NO_PLACE };
static const struct conf_element store_element = { "store", store_attributes, NULL, 0, NULL,
	offsetof(struct conf, store.at) };

/* ---- TLS, which either end of a feed may have ---- */

#undef AT
#define AT(member) .offset = offsetof(struct conf_peer, member)

static const struct conf_attribute peer_attributes[] = {
	{ "name", CONF_DNS_NAME, AT(name) },
	{ "pin", CONF_PIN, AT(pin) },
	{ 0 },
};

static const struct conf_peer peer_defaults = { .name = NULL };

static const struct conf_element peer_element = { "peer", peer_attributes, NULL,
	sizeof(struct conf_peer), &peer_defaults, offsetof(struct conf_peer, at) };

static const struct conf_child tls_children[] = {
	{ &peer_element, offsetof(struct conf_tls, peers), CONF_MANY, false,
	    offsetof(struct conf_tls, peer_count) },
	{ 0 },
};

static const struct conf_tls tls_defaults = { .client = CONF_CLIENT_REQUIRED };

#undef AT
#define AT(member) .offset = offsetof(struct conf_tls, member)

static const struct conf_attribute tls_inbound_attributes[] = {
	{ "certificate", CONF_FILE, AT(certificate), .required = true },
	{ "key", CONF_FILE, AT(key), .required = true },
	{ "ca", CONF_FILE, AT(ca) },
	{ "crl", CONF_FILE, AT(crl) },
	{ "client", CONF_WORD, AT(client), .words = clients },
	{ 0 },
};

static const struct conf_element tls_inbound_element = { "tls", tls_inbound_attributes,
	tls_children, sizeof(struct conf_tls), &tls_defaults, offsetof(struct conf_tls, at) };

static const struct conf_attribute tls_outbound_attributes[] = {
	{ "ca", CONF_FILE, AT(ca), .required = true },
	{ "certificate", CONF_FILE, AT(certificate) },
	{ "key", CONF_FILE, AT(key) },
	{ "crl", CONF_FILE, AT(crl) },
	{ "name", CONF_HOST, AT(name) },
	{ 0 },
};

static const struct conf_element tls_outbound_element = { "tls", tls_outbound_attributes,
	tls_children, sizeof(struct conf_tls), &tls_defaults, offsetof(struct conf_tls, at) };

/* ---- in a feed ---- */

static const struct conf_attribute allow_attributes[] = {
	{ "address", CONF_NETWORK, .offset = offsetof(struct conf_allow, network),
	    .required = true },
	{ 0 },
};

static const struct conf_allow allow_defaults = { .at = { 0 } };

static const struct conf_element allow_element = { "allow", allow_attributes, NULL,
	sizeof(struct conf_allow), &allow_defaults, offsetof(struct conf_allow, at) };

#undef AT
#define AT(member) .offset = offsetof(struct conf_listen, member)

static const struct conf_attribute listen_attributes[] = {
	{ "address", CONF_ADDRESS, AT(address) },
	{ "port", CONF_PORT, AT(port) },
	{ "socket", CONF_NAME, AT(socket) },
	{ "max-connections", CONF_COUNT, AT(max_connections), .least = 1, .most = 65536 },
	{ "max-per-address", CONF_COUNT, AT(max_per_address), .least = 1, .most = 65536 },
	{ 0 },
};

static const struct conf_listen listen_defaults = {
	.address = "",
	.max_connections = CONF_FEED_CONNECTIONS,
	.max_per_address = CONF_PER_ADDRESS,
};

static const struct conf_child listen_children[] = {
	{ &tls_inbound_element, offsetof(struct conf_listen, tls), CONF_MAYBE, false, 0 },
	{ &allow_element, offsetof(struct conf_listen, allows), CONF_MANY, false,
	    offsetof(struct conf_listen, allow_count) },
	{ 0 },
};

static const struct conf_element listen_element = { "listen", listen_attributes, listen_children,
	sizeof(struct conf_listen), &listen_defaults, offsetof(struct conf_listen, at) };

#undef AT
#define AT(member) .offset = offsetof(struct conf_forward, member)

static const struct conf_attribute forward_attributes[] = {
	{ "host", CONF_HOST, AT(host), .required = true },
	{ "port", CONF_PORT, AT(port), .required = true },
	{ "connect-timeout", CONF_DURATION, AT(connect_timeout), .least = 1, .most = HOUR },
	{ "ack-timeout", CONF_DURATION, AT(ack_timeout), .least = 1, .most = HOUR },
	{ "backoff-min", CONF_DURATION, AT(backoff_least), .least = 1, .most = HOUR },
	{ "backoff-max", CONF_DURATION, AT(backoff_most), .least = 1, .most = HOUR },
	{ "in-flight", CONF_COUNT, AT(in_flight), .least = 1, .most = CONF_IN_FLIGHT_MOST },
	{ 0 },
};

static const struct conf_child forward_children[] = {
	{ &tls_outbound_element, offsetof(struct conf_forward, tls), CONF_MAYBE, false, 0 },
	{ 0 },
};

static const struct conf_element forward_element = { "forward", forward_attributes,
	forward_children, sizeof(struct conf_forward), NULL, offsetof(struct conf_forward, at) };

static const struct conf_attribute mapping_attributes[] = {
	{ "file", CONF_FILE, .offset = offsetof(struct conf_mapping, file), .required = true },
	{ 0 },
};

static const struct conf_mapping mapping_defaults = { .file = "" };

static const struct conf_element mapping_element = { "mapping", mapping_attributes, NULL,
	sizeof(struct conf_mapping), &mapping_defaults, offsetof(struct conf_mapping, at) };

#undef AT
#define AT(member) .offset = offsetof(struct conf_sender, member)

static const struct conf_attribute sender_attributes[] = {
	{ "application", CONF_ASCII, AT(application) },
	{ "facility", CONF_ASCII, AT(facility) },
	{ "peer", CONF_PEER, AT(peer.name), offsetof(struct conf_sender, peer.pin) },
	{ 0 },
};

static const struct conf_sender sender_defaults = { .application = NULL };

static const struct conf_element sender_element = { "sender", sender_attributes, NULL,
	sizeof(struct conf_sender), &sender_defaults, offsetof(struct conf_sender, peer.at) };

#undef AT
#define AT(member) .offset = offsetof(struct conf_answers, member)

static const struct conf_attribute answers_attributes[] = {
	{ "error", CONF_WORD, AT(error.policy), .words = policies },
	{ "error-retries", CONF_COUNT, AT(error.retries), .least = 1, .most = 1000000,
	    .zero = "no limit" },
	{ "reject", CONF_WORD, AT(reject.policy), .words = policies },
	{ "reject-retries", CONF_COUNT, AT(reject.retries), .least = 1, .most = 1000000,
	    .zero = "no limit" },
	{ "other", CONF_WORD, AT(other.policy), .words = policies },
	{ "other-retries", CONF_COUNT, AT(other.retries), .least = 1, .most = 1000000,
	    .zero = "no limit" },
	{ "none", CONF_WORD, AT(none.policy), .words = silences },
	{ "none-retries", CONF_COUNT, AT(none.retries), .least = 1, .most = 1000000,
	    .zero = "no limit" },
	{ 0 },
};

static const struct conf_element answers_element = { "answers", answers_attributes, NULL, 0, NULL,
	CONF_NO_PLACE };

#undef AT
#define AT(member) .offset = offsetof(struct conf_feed, member)

static const struct conf_attribute feed_attributes[] = {
	{ "name", CONF_NAME, AT(name), .required = true },
	{ "mode", CONF_WORD, AT(mode), .words = modes },
	{ "annotate", CONF_WORD, AT(annotate), .words = annotates },
	{ "on-failure", CONF_WORD, AT(on_failure), .words = on_failures },
	{ "on-stranger", CONF_WORD, AT(on_stranger), .words = on_strangers },
	{ "require-approved", CONF_YES_NO, AT(require_approved) },
	{ "max-frame", CONF_SIZE, AT(max_frame), .least = KIB, .most = GIB },
	{ "frame-deadline", CONF_DURATION, AT(frame_deadline), .least = 1, .most = HOUR },
	{ "idle-timeout", CONF_DURATION, AT(idle_timeout), .least = 1, .most = 24 * HOUR,
	    .zero = "none" },
	{ "max-unsent", CONF_SIZE, AT(max_unsent), .least = 4 * KIB, .most = GIB },
	{ "keepalive", CONF_SECONDS, AT(keepalive), .least = SECOND, .most = 2 * HOUR,
	    .zero = "none" },
	{ 0 },
};

static const struct conf_child feed_children[] = {
	{ &listen_element, offsetof(struct conf_feed, listens), CONF_MANY, true,
	    offsetof(struct conf_feed, listen_count) },
	{ &forward_element, offsetof(struct conf_feed, forward), CONF_ONCE, true, 0 },
	{ &mapping_element, offsetof(struct conf_feed, mappings), CONF_MANY, false,
	    offsetof(struct conf_feed, mapping_count) },
	{ &sender_element, offsetof(struct conf_feed, senders), CONF_MANY, false,
	    offsetof(struct conf_feed, sender_count) },
	{ &answers_element, offsetof(struct conf_feed, answers), CONF_ONCE, false, 0 },
	{ 0 },
};

static const struct conf_feed feed_defaults = {
	.mode = CONF_RELAY,
	.annotate = CONF_LIVE,
	.on_failure = CONF_CLOSE,
	.forward = {
		.connect_timeout = CONF_CONNECT_TIMEOUT,
		.ack_timeout = CONF_ACK_TIMEOUT,
		.backoff_least = CONF_BACKOFF_LEAST,
		.backoff_most = CONF_BACKOFF_MOST,
		.in_flight = CONF_IN_FLIGHT,
	},
	.max_frame = CONF_MAX_FRAME,
	.frame_deadline = CONF_FRAME_DEADLINE,
	.idle_timeout = CONF_IDLE_TIMEOUT,
	.max_unsent = CONF_MAX_UNSENT,
	.keepalive = CONF_KEEPALIVE,
	.answers = {
		.error = { CONF_SET_ASIDE, CONF_RETRIES },
		.reject = { CONF_RETRY, CONF_RETRIES },
		.other = { CONF_SET_ASIDE, CONF_RETRIES },
		.none = { CONF_RETRY, 0 },
	},
};

static const struct conf_element feed_element = { "feed", feed_attributes, feed_children,
	sizeof(struct conf_feed), &feed_defaults, offsetof(struct conf_feed, at) };

/* ---- the root ---- */

static const struct conf_child root_children[] = {
	{ &log_element, 0, CONF_ONCE, false, 0 },
	{ &metrics_element, 0, CONF_ONCE, false, 0 },
	{ &control_element, 0, CONF_ONCE, false, 0 },
	{ &limits_element, 0, CONF_ONCE, false, 0 },
	{ &store_element, 0, CONF_ONCE, false, 0 },
	{ &feed_element, offsetof(struct conf, feeds), CONF_MANY, true,
	    offsetof(struct conf, feed_count) },
	{ 0 },
};

const struct conf_element conf_root = { "hl7noted", NULL, root_children, sizeof(struct conf), NULL,
	CONF_NO_PLACE };

const struct conf conf_defaults = {
	.log_format = CONF_LOG_JSON,
	.log_level = CONF_INFO,
	.max_connections = CONF_ALL_CONNECTIONS,
	.max_in_flight = CONF_ALL_IN_FLIGHT,
	.drain_timeout = CONF_DRAIN_TIMEOUT,
	.handshakes = CONF_HANDSHAKES,
	.handshake_timeout = CONF_HANDSHAKE_TIMEOUT,
	.store = {
		.free_space = CONF_AUTO,
		.ballast = CONF_BALLAST,
		.keep_age = CONF_KEEP_AGE,
		.keep_size = CONF_KEEP_SIZE,
		.resend_window = CONF_RESEND_WINDOW,
	},
};
