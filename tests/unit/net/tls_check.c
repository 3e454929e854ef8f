/* SPDX-License-Identifier: MIT */
#include "net/tls.h"

#include <criterion/criterion.h>
#include <openssl/x509_vfy.h>
#include <stdlib.h>
#include <string.h>

#include "net/tls_context.h"

/* The SHA-256 of nothing, and of the letter a. */
static const char nothing[] = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
static const char letter_a[] = "ypeBEsobvcr6wjGzmiPcTaeG7/gUfE5yuYB3ha/uSLs=";

/* DNS names that end in NUL each, and a common name behind them. */
static struct net_tls_identity *
identity(const char *names, size_t len, const char *common)
{
	struct net_tls_identity *id = malloc(sizeof(*id) + len + strlen(common) + 1);

	cr_assert(id && net_tls_pin_parse(nothing, id->pin));
	memcpy(id->names, names, len);
	strcpy(id->names + len, common);
	id->dns_len = len;
	return id;
}

#define IDENTITY(names, common) identity(names, sizeof(names) - 1, common)

Test(net_tls, knows_a_peer_by_its_names)
{
	static const struct {
		const char *rule;
		bool is;
	} rows[] = {
		{ "lab.example", true },
		{ "LAB.Example", true },
		{ "second.example", true },
		{ "lab.example.", false },
		{ "lab.exampl", false },
		{ "lab.example.org", false },
		{ "other.lab.example", false },
		{ "ab.example", false },
		{ "*.wild.example", true }, /* itself */
		{ "a.wild.example", false },
		{ "wild.example", false },
		{ "*.example", false },
		{ "Common", false }, /* the common name is for people */
		{ "", false },
	};
	struct net_tls_identity *id = IDENTITY(
	    "lab.example\0second.example\0*.wild.example\0", "Common");

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct net_tls_peer rule = { .name = rows[i].rule };

		cr_expect_eq(net_tls_identity_is(id, &rule), rows[i].is, "%s", rows[i].rule);
	}
	cr_expect_str_eq(net_tls_identity_name(id), "lab.example");
	free(id);
}

Test(net_tls, knows_a_peer_by_its_key)
{
	struct net_tls_identity *id = IDENTITY("", "Only a name");
	const struct net_tls_peer same = { .pin = nothing }, other = { .pin = letter_a },
				  none = { .pin = "no pin" };
	char text[64] = "sha256//";

	cr_expect(net_tls_identity_is(id, &same));
	cr_expect_not(net_tls_identity_is(id, &other));
	cr_expect_not(net_tls_identity_is(id, &none));
	strcat(text, nothing);
	cr_expect(net_tls_identity_is(id, &(struct net_tls_peer){ .pin = text }));
	cr_expect_not(net_tls_identity_is(id, &(struct net_tls_peer){ .name = text }));
	cr_expect_not(net_tls_identity_is(id, &(struct net_tls_peer){ .name = "Only a name" }));
	cr_expect_str_eq(net_tls_identity_name(id), "Only a name");
	free(id);
}

Test(net_tls, takes_no_name_for_a_pin)
{
	struct net_tls_identity *id = IDENTITY(
	    "sha256//ypeBEsobvcr6wjGzmiPcTaeG7/gUfE5yuYB3ha/uSLs=\0", "");
	const struct net_tls_peer rule = { .pin = letter_a };

	cr_expect_not(net_tls_identity_is(id, &rule));
	free(id);
}

Test(net_tls, reads_pins_in_one_spelling)
{
	static const struct {
		const char *text;
		bool good;
	} rows[] = {
		{ nothing, true },
		{ "sha256//47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", true },
		{ "SHA256//47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", false },
		{ "sha1//47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", false },
		{ "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU", false },
		{ "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuF==", false },
		/* bits behind the last byte */
		{ "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFV=", false },
		{ "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU=", false },
		{ " 47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", false },
		{ "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU= ", false },
		{ "47DEQpj8HBSa=/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", false },
		{ "sha256//", false },
		{ "", false },
		{ "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", false },
	};
	unsigned char digest[NET_TLS_DIGEST];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		cr_expect_eq(
		    net_tls_pin_parse(rows[i].text, digest), rows[i].good, "%s", rows[i].text);
}

Test(net_tls, has_a_word_for_every_reason)
{
	for (int a = 0; a < NET_TLS_REASONS; a++) {
		cr_assert(net_tls_word((enum net_tls_reason)a), "reason %d", a);
		for (int b = 0; b < a; b++)
			cr_expect_str_neq(net_tls_word((enum net_tls_reason)a),
			    net_tls_word((enum net_tls_reason)b));
	}
}

Test(net_tls, names_what_a_verification_found)
{
	static const struct {
		int error;
		const char *word;
	} rows[] = {
		{ X509_V_OK, "fine" },
		{ X509_V_ERR_CERT_HAS_EXPIRED, "expired" },
		{ X509_V_ERR_CERT_NOT_YET_VALID, "not_yet_valid" },
		{ X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, "unknown_ca" },
		{ X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, "unknown_ca" },
		{ X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, "unknown_ca" },
		{ X509_V_ERR_CERT_REVOKED, "revoked" },
		{ X509_V_ERR_CRL_HAS_EXPIRED, "crl_expired" },
		{ X509_V_ERR_UNABLE_TO_GET_CRL, "crl_missing" },
		{ X509_V_ERR_INVALID_PURPOSE, "key_usage" },
		{ X509_V_ERR_EE_KEY_TOO_SMALL, "weak" },
		{ X509_V_ERR_HOSTNAME_MISMATCH, "name" },
		{ X509_V_ERR_PERMITTED_VIOLATION, "name" },
		{ X509_V_ERR_EXCLUDED_VIOLATION, "name" },
		{ X509_V_ERR_UNHANDLED_CRITICAL_CRL_EXTENSION, "crl_missing" },
		{ X509_V_ERR_OUT_OF_MEM, "no_memory" },
		{ 12345, "other" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		cr_expect_str_eq(
		    net_tls_word(net_tls_reason_of_verify(rows[i].error)), rows[i].word);
	/* nothing but success is fine */
	for (int error = 1; error < 200; error++)
		cr_expect_neq(net_tls_reason_of_verify(error), NET_TLS_FINE);
}
