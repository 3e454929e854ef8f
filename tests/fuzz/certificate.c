/* SPDX-License-Identifier: MIT */
/*
 * Who a peer is: names and key of any certificate, in DER, against any rule.  The first
 * bytes up to a newline are the rule.
 */
#include <openssl/x509.h>

#include "fuzz/target.h"
#include "net/tls_context.h"

/* A rule is a pin or it is not, whatever is asked of it. */
static void
read_pin(const char *rule)
{
	unsigned char digest[NET_TLS_DIGEST];

	if (net_tls_pin_parse(rule, digest))
		MUST(strlen(rule) == 44 || strlen(rule) == 52);
}

static void
identify(X509 *leaf, const char *rule)
{
	struct net_tls_identity *id = net_tls_identity_create(leaf);

	if (!id)
		return;
	MUST(net_tls_identity_name(id));
	MUST(!net_tls_identity_is(id, &(struct net_tls_peer){ .name = "" }));
	if (net_tls_identity_is(id, &(struct net_tls_peer){ .name = rule }))
		MUST(rule[0]);
	free(id);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *newline = size ? memchr(data, '\n', size) : NULL;
	const size_t len = newline ? (size_t)(newline - data) : 0;
	const unsigned char *der = newline ? newline + 1 : data;
	char rule[300];
	X509 *leaf;

	snprintf(rule, sizeof(rule), "%.*s", (int)len, (const char *)data);
	read_pin(rule);
	leaf = d2i_X509(NULL, &der, (long)(data + size - der));
	if (leaf)
		identify(leaf, rule);
	X509_free(leaf);
	return 0;
}
