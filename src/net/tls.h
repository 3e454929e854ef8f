/* SPDX-License-Identifier: MIT */
/*
 * net/tls.h - what one side of TLS is told, and what it knows
 *
 * A context is made from files, whole or not at all, and never changed: a reload
 * makes another one.  Connections hold on to the one they began with, so it is
 * counted; whoever made it gives its own hold back.
 *
 * Who a peer is, is decided here: by the chain of its certificate, the lists of
 * revoked ones, and the names and keys that are allowed.  The same decision can be
 * asked for again later, with newer settings, of a connection that is in use.
 */
#ifndef NET_TLS_H
#define NET_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Why a peer was refused, or a connection ended. */
enum net_tls_reason {
	NET_TLS_FINE,
	NET_TLS_EXPIRED,
	NET_TLS_NOT_YET_VALID,
	NET_TLS_UNKNOWN_CA,
	NET_TLS_REVOKED,
	NET_TLS_CRL_EXPIRED,
	NET_TLS_CRL_MISSING, /* of a CA in the chain */
	NET_TLS_NAME,
	NET_TLS_PIN,
	NET_TLS_NO_CERTIFICATE,
	NET_TLS_KEY_USAGE,
	NET_TLS_WEAK,      /* a key too short, a digest too old */
	NET_TLS_MALFORMED, /* not as RFC 5280 wants it */
	NET_TLS_PROTOCOL,
	NET_TLS_PLAIN_TEXT,
	NET_TLS_PEER_ALERT, /* it was the peer who refused us */
	NET_TLS_CUT,        /* the peer left in the handshake */
	NET_TLS_HANDSHAKE_TIMEOUT,
	NET_TLS_HANDSHAKE_CAP,
	NET_TLS_NO_MEMORY,
	NET_TLS_OTHER,
	NET_TLS_REASONS
};

const char *net_tls_word(enum net_tls_reason reason); /* "unknown_ca" */
const char *net_tls_sentence(enum net_tls_reason reason);

enum { NET_TLS_DIGEST = 32 };

/* One that is allowed: a name, or a key by the SHA-256 of its SubjectPublicKeyInfo in base64, with
 * "sha256//" in front of it or without. */
struct net_tls_peer {
	const char *name, *pin; /* one of them */
};

struct net_tls_settings {
	bool accepts;                  /* connections, or else makes them */
	const char *certificate, *key; /* PEM; key NULL: in the same file; both NULL: none */
	const char *ca, *crl;          /* PEM; NULL: none */
	bool anonymous;                /* with `accepts`: peers are not asked for a certificate */
	const char *name; /* without `accepts`: the host name or address the peer must have */
	const struct net_tls_peer *peers; /* none: any that the CA vouches for */
	unsigned peer_count;
};

/* What is wrong with the settings. */
struct net_tls_fault {
	const char *attribute; /* "certificate", "key", "ca", "crl", "name", "pin", "" */
	char what[300];        /* a sentence of ours; names the file */
	const char *mend;
};

struct net_tls;

/* NULL, and *reterr says why.  Strings of the settings are copied. */
struct net_tls *net_tls_create(const struct net_tls_settings *s, struct net_tls_fault *reterr);
void net_tls_release(struct net_tls *tls);
/* Hold `tls` in the place of what was held there; each may be NULL. */
void net_tls_exchange(struct net_tls **held, struct net_tls *tls);

/* When what it was made of ends, in seconds since 1970; 0: there is none. */
struct net_tls_ends {
	int64_t certificate, ca, crl; /* the earliest of each file */
};
struct net_tls_ends net_tls_ends(const struct net_tls *tls);
/* Is its own certificate, if it has one, for this side?  Peers refuse one that is not. */
bool net_tls_is_fit(const struct net_tls *tls);

/* "sha256//..." or the same without; false when it is none. */
bool net_tls_pin_parse(const char *text, unsigned char ret_digest[NET_TLS_DIGEST]);

/* ---- who somebody is --------------------------------------------------------------------- */

/* The facts of a certificate that rules ask for; taken once, when a connection begins. */
struct net_tls_identity {
	unsigned char pin[NET_TLS_DIGEST];
	size_t dns_len;
	char names[]; /* DNS names, dns_len bytes, then the common name; each ends in NUL */
};

/* The first DNS name, or else the common name; "" when there is neither. */
const char *net_tls_identity_name(const struct net_tls_identity *id);
/* Is `rule` the pin of its key or, whatever the case of letters, one of its DNS names? */
bool net_tls_identity_is(const struct net_tls_identity *id, const struct net_tls_peer *rule);

#endif
