/* SPDX-License-Identifier: MIT */
/*
 * A certificate in OpenSSL's structures takes 4 KiB and more, and a connection keeps
 * its peer's with all issuers that came along until it ends.  We need them again only
 * when settings change, and the bytes they came in are a tenth of that.  So the bytes
 * are kept, and the structures, which cannot be taken from the session, are emptied:
 * nothing looks into them after a handshake that is the last.
 */
#include <openssl/x509v3.h>
#include <stdlib.h>

#include "net/tls_context.h"

/* ---- as bytes ----------------------------------------------------------------------------- */

/* A CA's new key, signed by its old one, has the CA's name as issuer too, and is no root. */
static bool
is_root(X509 *x)
{
	return X509_self_signed(x, 0) == 1;
}

/* Its length, and its bytes where `to` is not NULL. */
static size_t
put(unsigned char **to, X509 *x)
{
	int len = i2d_X509(x, to);

	return len > 0 ? (size_t)len : 0;
}

/* The peer's own first; roots are ours to know. */
static size_t
put_all(unsigned char **to, X509 *leaf, STACK_OF(X509) * issuers)
{
	size_t len = put(to, leaf);

	for (int i = 0; i < sk_X509_num(issuers); i++) {
		X509 *x = sk_X509_value(issuers, i);

		if (X509_cmp(x, leaf) != 0 && !is_root(x))
			len += put(to, x);
	}
	return len;
}

struct span
net_tls_chain_pack(X509 *leaf, STACK_OF(X509) * issuers)
{
	unsigned char *bytes, *to;
	size_t len = put_all(NULL, leaf, issuers);

	bytes = to = malloc(len + 1);
	if (!bytes)
		return (struct span){ 0 };
	(void)put_all(&to, leaf, issuers);
	return span_of((const char *)bytes, len);
}

STACK_OF(X509) * net_tls_chain_unpack(struct span packed)
{
	const unsigned char *at = (const unsigned char *)packed.ptr, *end = at + packed.len;
	STACK_OF(X509) *chain = sk_X509_new_null();

	while (chain && at < end) {
		X509 *x = d2i_X509(NULL, &at, (long)(end - at));

		if (x && sk_X509_push(chain, x))
			continue;
		X509_free(x);
		sk_X509_pop_free(chain, X509_free);
		return NULL;
	}
	return chain;
}

/* ---- emptied ------------------------------------------------------------------------------ */

/* RSA of the modulus 1.  To OpenSSL that is a key of its old kind, which is put into a certificate
 * as it is; one of the new kind would be written out and read again, at a third of what the whole
 * handshake costs. */
EVP_PKEY *
net_tls_chain_nobody(void)
{
	static const unsigned char key[] = { 0x30, 6, 0x02, 1, 1, 0x02, 1, 3 };
	const unsigned char *at = key;

	return d2i_PublicKey(EVP_PKEY_RSA, NULL, &at, sizeof(key));
}

static void
clear(STACK_OF(X509) * chain)
{
	X509 *x;

	while (chain && (x = sk_X509_pop(chain)))
		X509_free(x);
}

void
net_tls_chain_empty(SSL *ssl, EVP_PKEY *nobodys)
{
	X509 *leaf = SSL_get0_peer_certificate(ssl);
	STACK_OF(X509) *proved = SSL_get0_verified_chain(ssl);
	X509 *top = proved ? sk_X509_value(proved, sk_X509_num(proved) - 1) : NULL;
	X509_NAME *nobody = X509_NAME_new();

	if (nobody && leaf && top && top != leaf) {
		X509_set_subject_name(leaf, nobody);
		X509_set_issuer_name(leaf, nobody);
		X509_set_pubkey(leaf, nobodys);
		while (X509_get_ext_count(leaf) > 0)
			X509_EXTENSION_free(X509_delete_ext(leaf, 0));
		clear(SSL_get_peer_cert_chain(ssl));
		clear(proved);
	}
	X509_NAME_free(nobody);
}
