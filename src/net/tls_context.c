/* SPDX-License-Identifier: MIT */
/*
 * Files are read one by one, so that what is wrong can be said of the one that is
 * wrong.  The settings of TLS itself are those of BCP 195, and nobody may change
 * them: what would be gained is a weaker connection.
 */
#include "net/tls_context.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { DEPTH_MOST = 8 };

/* ---- faults ------------------------------------------------------------------------------- */

/* OpenSSL's words for its last error are fixed sentences. */
static const char *
last_error(void)
{
	const char *text = ERR_reason_error_string(ERR_peek_last_error());

	return text ? text : "no reason given";
}

__attribute__((format(printf, 4, 5))) static bool
fault(struct net_tls_fault *f, const char *attribute, const char *mend, const char *what, ...)
{
	va_list ap;

	f->attribute = attribute;
	f->mend = mend;
	va_start(ap, what);
	vsnprintf(f->what, sizeof(f->what), what, ap);
	va_end(ap);
	ERR_clear_error();
	return false;
}

static bool
no_memory(struct net_tls_fault *f)
{
	return fault(f, "", "", "TLS could not be set up: %s", last_error());
}

/* Opening or reading a pipe would wait for somebody who writes. */
static BIO *
open_regular(const char *path)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	struct stat st;
	BIO *file;

	if (fd < 0)
		return NULL;
	errno = EINVAL;
	file = !fstat(fd, &st) && S_ISREG(st.st_mode) ? BIO_new_file(path, "r") : NULL;
	close(fd);
	return file;
}

static BIO *
open_file(const char *attribute, const char *path, struct net_tls_fault *f)
{
	BIO *file = open_regular(path);
	int error = errno;

	if (!file)
		fault(f, attribute, "name a PEM file that can be read", "cannot read %s: %s", path,
		    error == EINVAL ? "it is no file" : strerror(error));
	return file;
}

/* ---- time --------------------------------------------------------------------------------- */

static int64_t
seconds(const ASN1_TIME *t)
{
	struct tm tm;

	return t && ASN1_TIME_to_tm(t, &tm) == 1 ? (int64_t)timegm(&tm) : 0;
}

static void
earliest(int64_t *end, const ASN1_TIME *t)
{
	int64_t s = seconds(t);

	if (s && (!*end || s < *end))
		*end = s;
}

/* ---- our own certificate ------------------------------------------------------------------ */

/* Nobody is there to be asked for a passphrase. */
static int
no_passphrase(char *buf, int size, int writing, void *ctx)
{
	(void)buf, (void)size, (void)writing, (void)ctx;
	return -1;
}

static bool
load_certificate(struct net_tls *t, const char *path, struct net_tls_fault *f)
{
	STACK_OF(X509) *chain = NULL;
	BIO *file = open_file("certificate", path, f);

	if (!file)
		return false;
	BIO_free(file);
	if (SSL_CTX_use_certificate_chain_file(t->ctx, path) != 1)
		return fault(f, "certificate", "name a PEM file: the certificate, then its issuers",
		    "%s holds no certificate that can be used: %s", path, last_error());
	earliest(&t->ends.certificate, X509_get0_notAfter(SSL_CTX_get0_certificate(t->ctx)));
	SSL_CTX_get0_chain_certs(t->ctx, &chain);
	for (int i = 0; i < sk_X509_num(chain); i++)
		earliest(&t->ends.certificate, X509_get0_notAfter(sk_X509_value(chain, i)));
	return true;
}

static bool
load_key(struct net_tls *t, const struct net_tls_settings *s, struct net_tls_fault *f)
{
	const char *path = s->key ? s->key : s->certificate;
	BIO *file = open_file("key", path, f);
	EVP_PKEY *key;
	bool good;

	if (!file)
		return false;
	key = PEM_read_bio_PrivateKey(file, NULL, no_passphrase, NULL);
	BIO_free(file);
	if (!key && ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_BAD_PASSWORD_READ)
		return fault(f, "key", "store it without a passphrase, for its reader alone",
		    "the key in %s is encrypted", path);
	if (!key)
		return fault(f, "key", "name a PEM file with a private key",
		    "%s holds no private key: %s", path, last_error());
	good = X509_check_private_key(SSL_CTX_get0_certificate(t->ctx), key) == 1;
	if (!good)
		fault(f, "key", "name the key the certificate was made for",
		    "the key in %s is not that of the certificate in %s", path, s->certificate);
	else if (SSL_CTX_use_PrivateKey(t->ctx, key) != 1)
		good = fault(f, "key", "", "the key in %s cannot be used: %s", path, last_error());
	EVP_PKEY_free(key);
	return good;
}

/* ---- whom to believe ---------------------------------------------------------------------- */

/* All of the file; a part that cannot be read is a fault, not an end. */
static bool
load_ca(struct net_tls *t, const char *path, struct net_tls_fault *f)
{
	X509_STORE *store = SSL_CTX_get_cert_store(t->ctx);
	BIO *file = open_file("ca", path, f);
	unsigned count = 0, roots = 0;
	bool good = true;
	X509 *x;

	if (!file)
		return false;
	while (good && (x = PEM_read_bio_X509(file, NULL, no_passphrase, NULL))) {
		earliest(&t->ends.ca, X509_get0_notAfter(x));
		roots += X509_self_signed(x, 0) == 1;
		good = X509_STORE_add_cert(store, x) == 1;
		if (good && t->accepts) /* tells clients which of their certificates to show */
			good = SSL_CTX_add_client_CA(t->ctx, x) == 1;
		X509_free(x);
		count++;
	}
	good = good && ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
	BIO_free(file);
	if (count && good)
		ERR_clear_error();
	else
		good = fault(f, "ca", "name a PEM file with the certificates of CAs to believe",
		    count ? "%s cannot be read to its end: %s" : "%s holds no certificate: %s",
		    path, last_error());
	/* every chain is followed up to a root; a file without one would let nobody in */
	if (good && !roots)
		good = fault(f, "ca", "add the root CA that signed itself",
		    "%s holds no root CA: an intermediate alone is not believed", path);
	return good;
}

static bool
is_same_extension(const X509_CRL *a, const X509_CRL *b, int nid)
{
	X509_EXTENSION *x = X509_CRL_get_ext(a, X509_CRL_get_ext_by_NID(a, nid, -1));
	X509_EXTENSION *y = X509_CRL_get_ext(b, X509_CRL_get_ext_by_NID(b, nid, -1));

	if (!x || !y)
		return !x && !y;
	return ASN1_OCTET_STRING_cmp(X509_EXTENSION_get_data(x), X509_EXTENSION_get_data(y)) == 0;
}

/* Is `b` of the same CA and key, about the same certificates, and good for longer? */
static bool
is_outlived(const X509_CRL *a, const X509_CRL *b)
{
	const ASN1_TIME *end = X509_CRL_get0_nextUpdate(a), *other = X509_CRL_get0_nextUpdate(b);

	return end && (!other || ASN1_TIME_compare(other, end) > 0) && X509_CRL_cmp(a, b) == 0 &&
	       is_same_extension(a, b, NID_authority_key_identifier) &&
	       is_same_extension(a, b, NID_issuing_distribution_point);
}

/* Of a CA's old list and its new one the new one counts. */
static int64_t
end_of_lists(const X509_STORE *store)
{
	const STACK_OF(X509_OBJECT) *all = X509_STORE_get0_objects(store);
	int64_t end = 0;

	for (int i = 0; i < sk_X509_OBJECT_num(all); i++) {
		const X509_CRL *a = X509_OBJECT_get0_X509_CRL(sk_X509_OBJECT_value(all, i)), *b;
		bool outlived = false;

		for (int j = 0; a && j < sk_X509_OBJECT_num(all); j++) {
			b = X509_OBJECT_get0_X509_CRL(sk_X509_OBJECT_value(all, j));
			outlived |= b && is_outlived(a, b);
		}
		if (a && !outlived)
			earliest(&end, X509_CRL_get0_nextUpdate(a));
	}
	return end;
}

/* Only what has changed since another list; to OpenSSL it would be a whole one, and whom the other
 * list names would be let in. */
static bool
is_delta(const X509_CRL *crl)
{
	return X509_CRL_get_ext_by_NID(crl, NID_delta_crl, -1) >= 0;
}

static bool
load_crl(struct net_tls *t, const char *path, struct net_tls_fault *f)
{
	X509_STORE *store = SSL_CTX_get_cert_store(t->ctx);
	BIO *file = open_file("crl", path, f);
	unsigned count = 0;
	bool good = true, delta = false;
	X509_CRL *crl;

	if (!file)
		return false;
	while (good && (crl = PEM_read_bio_X509_CRL(file, NULL, no_passphrase, NULL))) {
		good = X509_STORE_add_crl(store, crl) == 1;
		delta |= is_delta(crl);
		X509_CRL_free(crl);
		count++;
	}
	good = good && ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
	BIO_free(file);
	if (!count || !good)
		return fault(f, "crl", "name a PEM file with a list of each CA",
		    count ? "%s cannot be read to its end: %s"
			  : "%s holds no certificate revocation list: %s",
		    path, last_error());
	if (delta)
		return fault(f, "crl", "leave it out, and take the newest whole list of each CA",
		    "%s holds a delta list, which says only what changed since another", path);
	ERR_clear_error();
	t->ends.crl = end_of_lists(store);
	X509_VERIFY_PARAM_set_flags(
	    SSL_CTX_get0_param(t->ctx), X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
	return true;
}

/* ---- rules -------------------------------------------------------------------------------- */

static bool
copy_rules(struct net_tls *t, const struct net_tls_settings *s, struct net_tls_fault *f)
{
	t->rules = calloc(s->peer_count + 1, sizeof(*t->rules));
	if (!t->rules)
		return no_memory(f);
	for (unsigned i = 0; i < s->peer_count; i++) {
		const struct net_tls_peer *p = &s->peers[i];
		struct net_tls_rule *r = &t->rules[t->rule_count++];

		if (p->name && !(r->name = strdup(p->name)))
			return no_memory(f);
		if (!p->name && !net_tls_pin_parse(p->pin, r->pin))
			return fault(f, "pin",
			    "write sha256// and the SHA-256 of its public key in base64",
			    "%.60s is no pin", p->pin);
	}
	return true;
}

static bool
copy_name(struct net_tls *t, const char *name, struct net_tls_fault *f)
{
	unsigned char address[sizeof(struct in6_addr)];

	if (!name || !name[0])
		return fault(f, "name", "name the host the certificate is to be of",
		    "there is no name to compare with the receiver's certificate");
	/* to OpenSSL that is all hosts below it */
	if (name[0] == '.')
		return fault(f, "name", "write the whole name", "%.60s is no name of a host", name);
	t->name = strdup(name);
	if (!t->name)
		return no_memory(f);
	/* "ehr.example." is a whole name to a resolver; certificates and SNI write no such dot */
	if (name[strlen(name) - 1] == '.')
		t->name[strlen(name) - 1] = '\0';
	t->name_is_address = inet_pton(AF_INET, name, address) == 1 ||
			     inet_pton(AF_INET6, name, address) == 1;
	return true;
}

/* ---- the context -------------------------------------------------------------------------- */

static const uint64_t options = SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET |
				SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_IGNORE_UNEXPECTED_EOF |
				SSL_OP_SINGLE_ECDH_USE;

static bool
set_protocol(struct net_tls *t)
{
	SSL_CTX *c = t->ctx;

	SSL_CTX_set_security_level(c, 2);
	SSL_CTX_set_options(c, options);
	/* buffers of idle connections are given back; issuers to be shown stand in the file, and
	 * are not looked for with every handshake */
	SSL_CTX_set_mode(c, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_NO_AUTO_CHAIN);
	SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_num_tickets(c, 0);
	SSL_CTX_set_max_early_data(c, 0);
	SSL_CTX_set_verify_depth(c, DEPTH_MOST);
	X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(c), X509_V_FLAG_X509_STRICT);
	return SSL_CTX_set_min_proto_version(c, TLS1_2_VERSION) == 1 &&
	       SSL_CTX_set_max_proto_version(c, 0) == 1 &&
	       SSL_CTX_set_cipher_list(c, "ECDHE+AESGCM:ECDHE+CHACHA20") == 1 &&
	       SSL_CTX_set1_groups_list(c, "X25519:P-256:P-384") == 1;
}

static bool
fill(struct net_tls *t, const struct net_tls_settings *s, struct net_tls_fault *f)
{
	t->accepts = s->accepts;
	t->asks = !s->accepts || !s->anonymous;
	t->ctx = SSL_CTX_new(s->accepts ? TLS_server_method() : TLS_client_method());
	t->bio = net_tls_session_bio();
	t->nobodys = net_tls_chain_nobody();
	if (!t->ctx || !t->bio || !t->nobodys || !set_protocol(t))
		return no_memory(f);
	SSL_CTX_set_verify(t->ctx,
	    t->asks ? SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT : SSL_VERIFY_NONE,
	    net_tls_session_verify);
	if (s->accepts && !s->certificate)
		return fault(f, "certificate", "name a PEM file", "there is no certificate");
	if (t->asks && !s->ca)
		return fault(f, "ca", "name a PEM file with the certificates of CAs to believe",
		    "there is no CA to believe");
	if (!s->accepts && !copy_name(t, s->name, f))
		return false;
	return (!s->certificate || (load_certificate(t, s->certificate, f) && load_key(t, s, f))) &&
	       (!s->ca || load_ca(t, s->ca, f)) && (!s->crl || load_crl(t, s->crl, f)) &&
	       copy_rules(t, s, f);
}

struct net_tls *
net_tls_create(const struct net_tls_settings *s, struct net_tls_fault *reterr)
{
	struct net_tls *t = calloc(1, sizeof(*t));

	net_tls_memory_keep();
	ERR_clear_error();
	if (!t) {
		no_memory(reterr);
		return NULL;
	}
	t->holds = 1;
	if (!fill(t, s, reterr)) {
		net_tls_release(t);
		t = NULL;
	}
	ERR_clear_error(); /* sessions find none in the queue but their own */
	return t;
}

struct net_tls *
net_tls_hold(struct net_tls *t)
{
	t->holds++;
	return t;
}

static void
shed(struct net_tls *t)
{
	if (t->holds == t->done)
		SSL_CTX_set_cert_store(t->ctx, NULL);
}

void
net_tls_done(struct net_tls *t)
{
	t->done++;
	shed(t);
}

void
net_tls_release_done(struct net_tls *t)
{
	t->done--;
	net_tls_release(t);
}

void
net_tls_release(struct net_tls *t)
{
	if (!t)
		return;
	if (--t->holds) {
		shed(t);
		return;
	}
	for (unsigned i = 0; i < t->rule_count; i++)
		free(t->rules[i].name);
	free(t->rules);
	free(t->name);
	SSL_CTX_free(t->ctx);
	BIO_meth_free(t->bio);
	EVP_PKEY_free(t->nobodys);
	free(t);
}

struct net_tls_ends
net_tls_ends(const struct net_tls *t)
{
	return t->ends;
}

/* -1 is of one that cannot be read, and tells nothing of what it is for. */
bool
net_tls_is_fit(const struct net_tls *t)
{
	X509 *own = SSL_CTX_get0_certificate(t->ctx);
	const int purpose = t->accepts ? X509_PURPOSE_SSL_SERVER : X509_PURPOSE_SSL_CLIENT;

	return !own || X509_check_purpose(own, purpose, 0) != 0;
}

void
net_tls_exchange(struct net_tls **held, struct net_tls *t)
{
	struct net_tls *before = *held;

	*held = t ? net_tls_hold(t) : NULL;
	net_tls_release(before);
}
