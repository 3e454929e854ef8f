/* SPDX-License-Identifier: MIT */
/*
 * net/tls_context.h - the inside of a context, for those who speak OpenSSL
 */
#ifndef NET_TLS_CONTEXT_H
#define NET_TLS_CONTEXT_H

#include <openssl/ssl.h>

#include "base/span.h"
#include "net/tls.h"

struct net_tls_rule {
	char *name; /* NULL: the pin */
	unsigned char pin[NET_TLS_DIGEST];
};

struct net_tls {
	unsigned holds, done; /* done: of those who have no more peer to ask about with it */
	SSL_CTX *ctx;
	BIO_METHOD *bio;    /* between a session and the bytes it is given */
	bool accepts, asks; /* asks: for the peer's certificate */
	char *name;         /* of the host we connect to */
	bool name_is_address;
	struct net_tls_rule *rules;
	unsigned rule_count;
	struct net_tls_ends ends;
	EVP_PKEY *nobodys; /* key of certificates that were emptied */
};

struct net_tls *net_tls_hold(struct net_tls *tls);
/* One who holds it knows its peer, and lets go in the end by net_tls_release_done().  When all do,
 * the CAs and the lists of revoked ones are given back: of those that reloads have replaced, one
 * for each live connection might be there otherwise. */
void net_tls_done(struct net_tls *tls);
void net_tls_release_done(struct net_tls *tls);

/* Is this certificate, already vouched for, of one who is allowed? */
enum net_tls_reason net_tls_check_rules(
    const struct net_tls *tls, X509 *leaf, const struct net_tls_identity *id);
/* The whole question once more: chain, revocation, name, rules.  Without certificates, `packed` has
 * no bytes. */
enum net_tls_reason net_tls_check_again(
    const struct net_tls *tls, struct span packed, const struct net_tls_identity *id);
enum net_tls_reason net_tls_reason_of_verify(long error); /* X509_V_ERR_... */
/* NULL when there is no memory. */
struct net_tls_identity *net_tls_identity_create(X509 *leaf);

/* The certificates a peer showed, its own first, as bytes that are the caller's to free; ptr NULL:
 * no memory.  And back, as many as there are; NULL: no memory. */
struct span net_tls_chain_pack(X509 *leaf, STACK_OF(X509) * issuers);
STACK_OF(X509) * net_tls_chain_unpack(struct span packed);
/* What the session keeps of them is of no use any more. */
void net_tls_chain_empty(SSL *ssl, EVP_PKEY *nobodys);
EVP_PKEY *net_tls_chain_nobody(void); /* NULL: no memory */

/* Before the first of all contexts: keep the blocks that come and go. */
void net_tls_memory_keep(void);
/* Has OpenSSL found none since this was last asked?  It may take that for a fault of the peer's
 * certificate, or of its own. */
bool net_tls_memory_was_short(void);
/* What a context needs of sessions. */
BIO_METHOD *net_tls_session_bio(void);
int net_tls_session_verify(int good, X509_STORE_CTX *c);

#endif
