/* SPDX-License-Identifier: MIT */
/*
 * The facts are copied out of a certificate once; rules are compared with the copy.
 * A name with a wildcard in it stands for itself only: who may send is said in full.
 */
#include "net/tls_context.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "base/span.h"

static const char pin_prefix[] = "sha256//";

/* ---- words -------------------------------------------------------------------------------- */

/* clang-format off */
static const struct {
	const char *word, *sentence;
} words[NET_TLS_REASONS] = {
	[NET_TLS_FINE]              = { "fine",              "all is well" },
	[NET_TLS_EXPIRED]           = { "expired",           "the certificate has expired" },
	[NET_TLS_NOT_YET_VALID]     = { "not_yet_valid",     "the certificate is not valid yet" },
	[NET_TLS_UNKNOWN_CA]        = { "unknown_ca",        "the certificate is of no CA that is named" },
	[NET_TLS_REVOKED]           = { "revoked",           "the certificate is revoked" },
	[NET_TLS_CRL_EXPIRED]       = { "crl_expired",       "a CA's list of revoked ones is out of date" },
	[NET_TLS_CRL_MISSING]       = { "crl_missing",       "a CA has no list of revoked ones" },
	[NET_TLS_NAME]              = { "name",              "the certificate is of another name" },
	[NET_TLS_PIN]               = { "pin",               "the certificate is of another key" },
	[NET_TLS_NO_CERTIFICATE]    = { "no_certificate",    "the peer showed no certificate" },
	[NET_TLS_KEY_USAGE]         = { "key_usage",         "the certificate is for another purpose" },
	[NET_TLS_WEAK]              = { "weak",              "the certificate's key or digest is too short" },
	[NET_TLS_MALFORMED]         = { "malformed",         "the certificate is malformed" },
	[NET_TLS_PROTOCOL]          = { "protocol",          "no version or cipher in common" },
	[NET_TLS_PLAIN_TEXT]        = { "plain_text",        "the peer does not speak TLS" },
	[NET_TLS_PEER_ALERT]        = { "peer_alert",        "the peer refused us" },
	[NET_TLS_CUT]               = { "cut",               "the peer left in the middle of the handshake" },
	[NET_TLS_HANDSHAKE_TIMEOUT] = { "handshake_timeout", "the handshake took too long" },
	[NET_TLS_HANDSHAKE_CAP]     = { "handshake_cap",     "it gave way to another handshake" },
	[NET_TLS_NO_MEMORY]         = { "no_memory",         "no memory was left for it" },
	[NET_TLS_OTHER]             = { "other",             "it failed" },
};
/* clang-format on */

const char *
net_tls_word(enum net_tls_reason reason)
{
	return words[reason].word;
}

const char *
net_tls_sentence(enum net_tls_reason reason)
{
	return words[reason].sentence;
}

struct verdict {
	int error;
	enum net_tls_reason reason;
};

static const struct verdict verdicts[] = {
	{ X509_V_OK, NET_TLS_FINE },
	{ X509_V_ERR_CERT_HAS_EXPIRED, NET_TLS_EXPIRED },
	{ X509_V_ERR_CERT_NOT_YET_VALID, NET_TLS_NOT_YET_VALID },
	{ X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, NET_TLS_UNKNOWN_CA },
	{ X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, NET_TLS_UNKNOWN_CA },
	{ X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, NET_TLS_UNKNOWN_CA },
	{ X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, NET_TLS_UNKNOWN_CA },
	{ X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, NET_TLS_UNKNOWN_CA },
	{ X509_V_ERR_CERT_SIGNATURE_FAILURE, NET_TLS_UNKNOWN_CA },
	{ X509_V_ERR_CERT_UNTRUSTED, NET_TLS_UNKNOWN_CA },
	{ X509_V_ERR_CERT_CHAIN_TOO_LONG, NET_TLS_UNKNOWN_CA },
	{ X509_V_ERR_AKID_SKID_MISMATCH, NET_TLS_UNKNOWN_CA },
	{ X509_V_ERR_AKID_ISSUER_SERIAL_MISMATCH, NET_TLS_UNKNOWN_CA },
	{ X509_V_ERR_SUBJECT_ISSUER_MISMATCH, NET_TLS_UNKNOWN_CA },
	{ X509_V_ERR_PATH_LENGTH_EXCEEDED, NET_TLS_KEY_USAGE },
	{ X509_V_ERR_INVALID_CA, NET_TLS_KEY_USAGE },
	{ X509_V_ERR_INVALID_PURPOSE, NET_TLS_KEY_USAGE },
	{ X509_V_ERR_KEYUSAGE_NO_CERTSIGN, NET_TLS_KEY_USAGE },
	{ X509_V_ERR_KEYUSAGE_NO_CRL_SIGN, NET_TLS_KEY_USAGE },
	{ X509_V_ERR_CERT_REVOKED, NET_TLS_REVOKED },
	{ X509_V_ERR_CRL_HAS_EXPIRED, NET_TLS_CRL_EXPIRED },
	{ X509_V_ERR_CRL_NOT_YET_VALID, NET_TLS_CRL_EXPIRED },
	{ X509_V_ERR_UNABLE_TO_GET_CRL, NET_TLS_CRL_MISSING },
	{ X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER, NET_TLS_CRL_MISSING },
	{ X509_V_ERR_CRL_SIGNATURE_FAILURE, NET_TLS_CRL_MISSING },
	{ X509_V_ERR_UNABLE_TO_DECRYPT_CRL_SIGNATURE, NET_TLS_CRL_MISSING },
	{ X509_V_ERR_UNHANDLED_CRITICAL_CRL_EXTENSION, NET_TLS_CRL_MISSING },
	{ X509_V_ERR_ERROR_IN_CRL_LAST_UPDATE_FIELD, NET_TLS_CRL_MISSING },
	{ X509_V_ERR_ERROR_IN_CRL_NEXT_UPDATE_FIELD, NET_TLS_CRL_MISSING },
	{ X509_V_ERR_DIFFERENT_CRL_SCOPE, NET_TLS_CRL_MISSING },
	{ X509_V_ERR_EE_KEY_TOO_SMALL, NET_TLS_WEAK },
	{ X509_V_ERR_CA_KEY_TOO_SMALL, NET_TLS_WEAK },
	{ X509_V_ERR_CA_MD_TOO_WEAK, NET_TLS_WEAK },
	{ X509_V_ERR_MISSING_AUTHORITY_KEY_IDENTIFIER, NET_TLS_MALFORMED },
	{ X509_V_ERR_MISSING_SUBJECT_KEY_IDENTIFIER, NET_TLS_MALFORMED },
	{ X509_V_ERR_PATHLEN_INVALID_FOR_NON_CA, NET_TLS_MALFORMED },
	{ X509_V_ERR_PATHLEN_WITHOUT_KU_KEY_CERT_SIGN, NET_TLS_MALFORMED },
	{ X509_V_ERR_KU_KEY_CERT_SIGN_INVALID_FOR_NON_CA, NET_TLS_MALFORMED },
	{ X509_V_ERR_CA_BCONS_NOT_CRITICAL, NET_TLS_MALFORMED },
	{ X509_V_ERR_CA_CERT_MISSING_KEY_USAGE, NET_TLS_MALFORMED },
	{ X509_V_ERR_EXTENSIONS_REQUIRE_VERSION_3, NET_TLS_MALFORMED },
	{ X509_V_ERR_ISSUER_NAME_EMPTY, NET_TLS_MALFORMED },
	{ X509_V_ERR_SUBJECT_NAME_EMPTY, NET_TLS_MALFORMED },
	{ X509_V_ERR_EMPTY_SUBJECT_SAN_NOT_CRITICAL, NET_TLS_MALFORMED },
	{ X509_V_ERR_EMPTY_SUBJECT_ALT_NAME, NET_TLS_MALFORMED },
	{ X509_V_ERR_SIGNATURE_ALGORITHM_INCONSISTENCY, NET_TLS_MALFORMED },
	{ X509_V_ERR_INVALID_EXTENSION, NET_TLS_MALFORMED },
	{ X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION, NET_TLS_MALFORMED },
	{ X509_V_ERR_ERROR_IN_CERT_NOT_BEFORE_FIELD, NET_TLS_MALFORMED },
	{ X509_V_ERR_ERROR_IN_CERT_NOT_AFTER_FIELD, NET_TLS_MALFORMED },
	{ X509_V_ERR_HOSTNAME_MISMATCH, NET_TLS_NAME },
	{ X509_V_ERR_IP_ADDRESS_MISMATCH, NET_TLS_NAME },
	{ X509_V_ERR_PERMITTED_VIOLATION, NET_TLS_NAME },
	{ X509_V_ERR_EXCLUDED_VIOLATION, NET_TLS_NAME },
	{ X509_V_ERR_OUT_OF_MEM, NET_TLS_NO_MEMORY },
};

enum net_tls_reason
net_tls_reason_of_verify(long error)
{
	for (size_t i = 0; i < sizeof(verdicts) / sizeof(verdicts[0]); i++) {
		if (verdicts[i].error == error)
			return verdicts[i].reason;
	}
	return NET_TLS_OTHER;
}

/* ---- pins --------------------------------------------------------------------------------- */

bool
net_tls_pin_parse(const char *text, unsigned char ret_digest[NET_TLS_DIGEST])
{
	/* 44 characters are 33 bytes, the last of them for the padding */
	unsigned char bytes[NET_TLS_DIGEST + 1], again[44 + 1];

	if (strncmp(text, pin_prefix, sizeof(pin_prefix) - 1) == 0)
		text += sizeof(pin_prefix) - 1;
	if (strlen(text) != 44 || text[43] != '=' ||
	    EVP_DecodeBlock(bytes, (const unsigned char *)text, 44) != NET_TLS_DIGEST + 1)
		return false;
	/* blanks, padding elsewhere, and bits that are not used have another spelling */
	EVP_EncodeBlock(again, bytes, NET_TLS_DIGEST);
	if (memcmp(again, text, 44) != 0)
		return false;
	memcpy(ret_digest, bytes, NET_TLS_DIGEST);
	return true;
}

static bool
digest_key(X509 *leaf, unsigned char digest[NET_TLS_DIGEST])
{
	unsigned char *der = NULL;
	int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(leaf), &der);
	bool good = len > 0 && EVP_Digest(der, (size_t)len, digest, NULL, EVP_sha256(), NULL) == 1;

	OPENSSL_free(der);
	return good;
}

/* ---- identities --------------------------------------------------------------------------- */

/* Text that a rule or a log could hold; a NUL inside would end it early for one who looks. */
static struct span
name_text(const ASN1_STRING *s)
{
	struct span text = s ? span_of((const char *)ASN1_STRING_get0_data(s),
				   (size_t)ASN1_STRING_length(s))
			     : SPAN("");

	for (size_t i = 0; i < text.len; i++) {
		if ((unsigned char)text.ptr[i] <= ' ' || text.ptr[i] == 0x7f)
			return SPAN("");
	}
	return text;
}

static struct span
common_name(X509 *leaf)
{
	X509_NAME *subject = X509_get_subject_name(leaf);
	int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);

	return at < 0 ? SPAN("")
		      : name_text(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
}

static struct span
dns_name(const GENERAL_NAMES *names, int i)
{
	const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);

	return name->type == GEN_DNS ? name_text(name->d.dNSName) : SPAN("");
}

static char *
put(char *to, struct span text)
{
	if (text.len)
		memcpy(to, text.ptr, text.len);
	to[text.len] = '\0';
	return to + text.len + 1;
}

static struct net_tls_identity *
new_identity(const GENERAL_NAMES *names, struct span common)
{
	struct net_tls_identity *id;
	size_t len = 0;
	char *to;

	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++)
		len += dns_name(names, i).len ? dns_name(names, i).len + 1 : 0;
	id = malloc(sizeof(*id) + len + common.len + 1);
	if (!id)
		return NULL;
	id->dns_len = len;
	to = id->names;
	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		if (dns_name(names, i).len)
			to = put(to, dns_name(names, i));
	}
	put(to, common);
	return id;
}

struct net_tls_identity *
net_tls_identity_create(X509 *leaf)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(leaf, NID_subject_alt_name, NULL, NULL);
	struct net_tls_identity *id = new_identity(names, common_name(leaf));

	GENERAL_NAMES_free(names);
	if (id && !digest_key(leaf, id->pin)) {
		free(id);
		return NULL;
	}
	return id;
}

const char *
net_tls_identity_name(const struct net_tls_identity *id)
{
	return id->names; /* without DNS names the common name is the first */
}

static bool
has_name(const struct net_tls_identity *id, const char *name)
{
	struct span want = span_str(name);

	for (const char *at = id->names; at < id->names + id->dns_len; at += strlen(at) + 1) {
		if (want.len && span_eq_nocase(span_str(at), want))
			return true;
	}
	return false;
}

bool
net_tls_identity_is(const struct net_tls_identity *id, const struct net_tls_peer *rule)
{
	unsigned char pin[NET_TLS_DIGEST];

	if (rule->name)
		return has_name(id, rule->name);
	return net_tls_pin_parse(rule->pin, pin) && memcmp(pin, id->pin, sizeof(pin)) == 0;
}

/* ---- decisions ---------------------------------------------------------------------------- */

static bool
is_host(const struct net_tls *tls, X509 *leaf)
{
	const unsigned flags = X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS |
			       X509_CHECK_FLAG_NEVER_CHECK_SUBJECT;

	if (tls->name_is_address)
		return X509_check_ip_asc(leaf, tls->name, flags) == 1;
	return X509_check_host(leaf, tls->name, strlen(tls->name), flags, NULL) == 1;
}

enum net_tls_reason
net_tls_check_rules(const struct net_tls *tls, X509 *leaf, const struct net_tls_identity *id)
{
	bool names = false;

	if (!id)
		return NET_TLS_NO_MEMORY;
	if (tls->name && !is_host(tls, leaf))
		return NET_TLS_NAME;
	for (unsigned i = 0; i < tls->rule_count; i++) {
		const struct net_tls_rule *r = &tls->rules[i];

		if (r->name ? has_name(id, r->name) : memcmp(r->pin, id->pin, NET_TLS_DIGEST) == 0)
			return NET_TLS_FINE;
		names |= r->name != NULL;
	}
	if (!tls->rule_count)
		return NET_TLS_FINE;
	return names ? NET_TLS_NAME : NET_TLS_PIN;
}

/* As libssl asks it in a handshake. */
static enum net_tls_reason
check_chain(const struct net_tls *tls, X509 *leaf, STACK_OF(X509) * chain)
{
	X509_STORE_CTX *c = X509_STORE_CTX_new();
	enum net_tls_reason reason = NET_TLS_NO_MEMORY;

	if (c && X509_STORE_CTX_init(c, SSL_CTX_get_cert_store(tls->ctx), leaf, chain)) {
		X509_STORE_CTX_set_default(c, tls->accepts ? "ssl_client" : "ssl_server");
		X509_VERIFY_PARAM_set1(X509_STORE_CTX_get0_param(c), SSL_CTX_get0_param(tls->ctx));
		X509_VERIFY_PARAM_set_auth_level(
		    X509_STORE_CTX_get0_param(c), SSL_CTX_get_security_level(tls->ctx));
		reason = X509_verify_cert(c) == 1
			     ? NET_TLS_FINE
			     : net_tls_reason_of_verify(X509_STORE_CTX_get_error(c));
	}
	X509_STORE_CTX_free(c);
	return reason;
}

enum net_tls_reason
net_tls_check_again(
    const struct net_tls *tls, struct span packed, const struct net_tls_identity *id)
{
	enum net_tls_reason reason = NET_TLS_NO_MEMORY;
	STACK_OF(X509) * chain;

	if (!tls->asks)
		return NET_TLS_FINE;
	if (!packed.len)
		return NET_TLS_NO_CERTIFICATE;
	(void)net_tls_memory_was_short();
	chain = net_tls_chain_unpack(packed);
	if (chain)
		reason = check_chain(tls, sk_X509_value(chain, 0), chain);
	if (chain && !reason)
		reason = net_tls_check_rules(tls, sk_X509_value(chain, 0), id);
	sk_X509_pop_free(chain, X509_free);
	ERR_clear_error();
	return reason && net_tls_memory_was_short() ? NET_TLS_NO_MEMORY : reason;
}
