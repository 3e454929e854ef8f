/* SPDX-License-Identifier: MIT */
/*
 * net/tls_session.h on both ends of a wire that the input spoils: bytes are held back,
 * flipped, dropped, doubled or put in.  What comes out at the other end is what went
 * in, or nothing more; and a side that failed has a reason.
 */
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include "fuzz/script.h"
#include "net/tls_session.h"

enum { ROOM = 256 << 10, MOST_OUT = 1 << 20 };

struct side {
	struct net_tls_session *session;
	struct buffer wire; /* sent, and not yet handed to the other */
	struct buffer plain, got;
	enum net_tls_state state;
};

static struct net_tls *contexts[2];

/* ---- a certificate of our own, for as long as the process ---- */

static void
write_files(char certificate[32], char key[32])
{
	EVP_PKEY *pair = EVP_EC_gen("P-256");
	X509 *x = X509_new();
	X509_NAME *name = X509_get_subject_name(x);
	FILE *f;

	MUST(pair && x);
	X509_set_version(x, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
	X509_gmtime_adj(X509_getm_notBefore(x), -1000);
	X509_gmtime_adj(X509_getm_notAfter(x), 100000000);
	X509_NAME_add_entry_by_txt(
	    name, "CN", MBSTRING_ASC, (const unsigned char *)"fuzz.example", -1, -1, 0);
	X509_set_issuer_name(x, name);
	X509_set_pubkey(x, pair);
	MUST(X509_sign(x, pair, EVP_sha256()));
	f = fdopen(mkstemp(certificate), "w");
	MUST(f && PEM_write_X509(f, x) && fclose(f) == 0);
	f = fdopen(mkstemp(key), "w");
	MUST(f && PEM_write_PrivateKey(f, pair, NULL, NULL, 0, NULL, NULL) && fclose(f) == 0);
	X509_free(x);
	EVP_PKEY_free(pair);
}

static void
make_contexts(void)
{
	char certificate[32] = "/tmp/hl7-fuzz-c-XXXXXX", key[32] = "/tmp/hl7-fuzz-k-XXXXXX";
	struct net_tls_settings in = { .accepts = true, .anonymous = true }, out = { 0 };
	struct net_tls_fault fault;

	write_files(certificate, key);
	in.certificate = certificate;
	in.key = key;
	out.ca = certificate;
	out.name = "fuzz.example";
	contexts[0] = net_tls_create(&in, &fault);
	contexts[1] = net_tls_create(&out, &fault);
	unlink(certificate);
	unlink(key);
	MUST(contexts[0] && contexts[1]);
}

/* ---- the wire ---- */

static void
receive(struct side *to, struct span wire)
{
	static char room[ROOM];
	size_t len = 0;

	if (to->state == NET_TLS_FAILED)
		return;
	MUST(wire.len + (32 << 10) <= sizeof(room));
	to->state = net_tls_session_receive(to->session, wire, room, sizeof(room), &len, &to->wire);
	MUST(len <= wire.len + (32 << 10) && to->wire.end - to->wire.start < MOST_OUT);
	MUST(to->state == net_tls_session_state(to->session));
	buffer_append(&to->got, span_of(room, len));
	if (to->state == NET_TLS_FAILED)
		MUST(net_tls_word(net_tls_session_reason(to->session)));
}

static void
pass(struct side *from, struct side *to, size_t most)
{
	struct span all = buffer_span(&from->wire), part;
	struct buffer copy;

	part = span_head(all, most < 60000 ? most : 60000);
	buffer_init(&copy, 0);
	buffer_append(&copy, part);
	buffer_consume(&from->wire, part.len);
	receive(to, buffer_span(&copy));
	buffer_finish(&copy);
}

static void
say(struct side *from, struct span text)
{
	const struct iovec iov = { (void *)(uintptr_t)text.ptr, text.len };

	if (from->state != NET_TLS_OPEN)
		return;
	if (net_tls_session_seal(from->session, &iov, 1, &from->wire))
		buffer_append(&from->plain, text);
}

static void
step(struct side *a, struct side *b, struct fuzz_script *s)
{
	const unsigned what = fuzz_byte(s), n = fuzz_byte(s);
	struct span wire = buffer_span(&a->wire);

	switch (what / 2 % 9) {
	case 0:
		pass(a, b, n);
		break;
	case 1:
		if (wire.len)
			a->wire.data[a->wire.start + n % wire.len] ^= (char)(1 +
									     fuzz_byte(s) % 255);
		break;
	case 2:
		buffer_consume(&a->wire, n < wire.len ? n : wire.len);
		break;
	case 3:
		receive(b, fuzz_bytes(s));
		break;
	case 4:
		say(a, fuzz_bytes(s));
		break;
	case 5:
		if (n == 0 && a->state != NET_TLS_FAILED)
			net_tls_session_end(a->session, &a->wire);
		break;
	case 6:
		if (n == 0 && a->state != NET_TLS_FAILED)
			a->state = net_tls_session_cut(a->session);
		break;
	default:
		pass(a, b, SIZE_MAX);
		break;
	}
}

static void
side_init(struct side *s, struct net_tls *tls)
{
	*s = (struct side){ .session = net_tls_session_create(tls), .state = NET_TLS_SHAKING };
	MUST(s->session);
	buffer_init(&s->wire, 0);
	buffer_init(&s->plain, 0);
	buffer_init(&s->got, 0);
}

static void
side_finish(struct side *s)
{
	net_tls_session_destroy(s->session);
	buffer_finish(&s->wire);
	buffer_finish(&s->plain);
	buffer_finish(&s->got);
}

/* No byte that the other side did not say, in that order. */
static void
must_be_said(const struct side *by, const struct side *at)
{
	const struct span said = buffer_span(&by->plain), got = buffer_span(&at->got);

	MUST(got.len <= said.len && span_eq(got, span_head(said, got.len)));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_script s = { data, data + size };
	struct side sides[2];

	if (!contexts[0])
		make_contexts();
	side_init(&sides[0], contexts[0]);
	side_init(&sides[1], contexts[1]);
	net_tls_session_begin(sides[1].session, &sides[1].wire);
	while (fuzz_more(&s)) {
		const unsigned from = *s.at & 1;

		step(&sides[from], &sides[!from], &s);
	}
	must_be_said(&sides[0], &sides[1]);
	must_be_said(&sides[1], &sides[0]);
	side_finish(&sides[0]);
	side_finish(&sides[1]);
	return 0;
}
