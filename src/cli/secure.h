/* SPDX-License-Identifier: MIT */
/*
 * cli/secure.h - the options of TLS, which sending and receiving share
 */
#ifndef CLI_SECURE_H
#define CLI_SECURE_H

#include <stdbool.h>

struct command;
struct net_tls;

/* Letters of the options; a command that has them keeps its own below. */
enum secure_option {
	SECURE_TLS = 300,
	SECURE_CA,
	SECURE_CERT,
	SECURE_KEY,
	SECURE_CRL,
	SECURE_NAME,
	SECURE_PIN,
	SECURE_OPTIONS
};

struct secure {
	bool asked; /* for TLS, by any of the options */
	const char *ca, *cert, *key, *crl, *name, *pin;
};

/* True when it was one of them. */
bool secure_option(struct secure *s, int letter, const char *text);
/*
 * What the options ask for: EX_OK with *ret NULL for plain TCP, or what was said on
 * standard error.  `host` is the one we connect to; NULL: others connect to us.
 */
int secure_context(
    const struct secure *s, const struct command *c, const char *host, struct net_tls **ret);

#endif
