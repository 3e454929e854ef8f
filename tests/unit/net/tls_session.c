/* SPDX-License-Identifier: MIT */
/*
 * Two sessions talk to each other in memory, in pieces of any size.  Certificates
 * are those of scripts/testca, made once into a folder of the test.
 */
#include "net/tls_session.h"

#include <criterion/criterion.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "net/tls_context.h"

enum { ROOM = 512 << 10 };

static char folder[] = "/tmp/hl7-tls-XXXXXX";
static char room[ROOM];

static void
make_ca(void)
{
	char command[512];

	cr_assert(mkdtemp(folder));
	snprintf(command, sizeof(command), "sh '%s/scripts/testca' %s >/dev/null",
	    getenv("HL7_TOP"), folder);
	cr_assert_eq(system(command), 0);
}

static void
remove_ca(void)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -r %s", folder);
	cr_expect_eq(system(command), 0);
}

TestSuite(net_tls_session, .init = make_ca, .fini = remove_ca, .timeout = 60);

/* Whoever calls OpenSSL next would take them for its own. */
static void
expect_no_errors_left(void)
{
	const unsigned long error = ERR_peek_error();

	cr_expect_eq(error, 0, "%s", error ? ERR_reason_error_string(error) : "");
}

/* ---- settings ----------------------------------------------------------------------------- */

/* "client" is the file client.pem and its key; NULL: none. */
struct side {
	const char *own, *ca, *crl, *name, *peer, *pin;
};

static const char *
file(const char *name, const char *suffix)
{
	static char paths[16][96];
	static unsigned turn;
	char *path = paths[turn++ % 16];

	if (!name)
		return NULL;
	snprintf(path, sizeof(paths[0]), "%s/%s.%s", folder, name, suffix);
	return path;
}

static struct net_tls *
context(bool accepts, struct side s, struct net_tls_fault *fault)
{
	const struct net_tls_peer peer = { .name = s.peer, .pin = s.peer ? NULL : s.pin };
	const struct net_tls_settings settings = { .accepts = accepts,
		.certificate = file(s.own, "pem"),
		.key = file(s.own, "key"),
		.ca = file(s.ca, "pem"),
		.crl = file(s.crl, "pem"),
		.anonymous = accepts && !s.ca,
		.name = accepts  ? NULL
			: s.name ? s.name
				 : "localhost",
		.peers = &peer,
		.peer_count = s.peer || s.pin };
	struct net_tls *tls = net_tls_create(&settings, fault);

	expect_no_errors_left();
	return tls;
}

static struct net_tls *
good_context(bool accepts, struct side s)
{
	struct net_tls_fault fault;
	struct net_tls *tls = context(accepts, s, &fault);

	cr_assert(tls, "%s", fault.what);
	return tls;
}

/* ---- a pair ------------------------------------------------------------------------------- */

struct pair {
	struct net_tls_session *in, *out; /* who was connected to, and who connected */
	struct buffer to_in, to_out;      /* on the wire */
	struct buffer got_in, got_out;    /* opened */
};

static void
pair_begin(struct pair *p, struct side in, struct side out)
{
	struct net_tls *a = good_context(true, in), *b = good_context(false, out);

	*p = (struct pair){ 0 };
	p->in = net_tls_session_create(a);
	p->out = net_tls_session_create(b);
	cr_assert(p->in && p->out);
	net_tls_release(a); /* sessions have a hold of their own */
	net_tls_release(b);
	net_tls_session_begin(p->out, &p->to_in);
	expect_no_errors_left();
}

static void
pair_end(struct pair *p)
{
	net_tls_session_destroy(p->in);
	net_tls_session_destroy(p->out);
	expect_no_errors_left();
	buffer_finish(&p->to_in);
	buffer_finish(&p->to_out);
	buffer_finish(&p->got_in);
	buffer_finish(&p->got_out);
}

static bool
carry(struct net_tls_session *s, struct buffer *wire, size_t piece, struct buffer *got,
    struct buffer *out)
{
	struct span part = span_head(buffer_span(wire), piece);
	size_t len;

	if (!part.len)
		return false;
	net_tls_session_receive(s, part, room, part.len + (32 << 10), &len, out);
	expect_no_errors_left();
	buffer_append(got, span_of(room, len));
	buffer_consume(wire, part.len);
	return true;
}

/* Until nothing is on the wire. */
static void
talk(struct pair *p, size_t piece)
{
	bool more = true;

	while (more) {
		more = carry(p->in, &p->to_in, piece, &p->got_in, &p->to_out);
		more |= carry(p->out, &p->to_out, piece, &p->got_out, &p->to_in);
	}
}

static void
expect_open(struct pair *p)
{
	cr_expect_eq(net_tls_session_state(p->in), NET_TLS_OPEN);
	cr_expect_eq(net_tls_session_state(p->out), NET_TLS_OPEN);
}

static void
say(struct net_tls_session *s, struct span text, struct buffer *wire)
{
	const struct iovec iov = { (void *)(uintptr_t)text.ptr, text.len };

	cr_expect(net_tls_session_seal(s, &iov, 1, wire));
}

static const struct side server = { .own = "server", .ca = "ca" };
static const struct side client = { .own = "client", .ca = "ca" };

/* ---- talking ------------------------------------------------------------------------------ */

Test(net_tls_session, carries_bytes_wherever_the_wire_was_cut)
{
	static const size_t pieces[] = { 1, 2, 3, 5, 7, 64, 1000, 100000 };

	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		struct pair p;

		pair_begin(&p, server, client);
		talk(&p, pieces[i]);
		expect_open(&p);
		say(p.out, SPAN("to the receiver"), &p.to_in);
		say(p.in, SPAN("and back"), &p.to_out);
		talk(&p, pieces[i]);
		cr_expect(span_eq(buffer_span(&p.got_in), SPAN("to the receiver")));
		cr_expect(span_eq(buffer_span(&p.got_out), SPAN("and back")));
		cr_expect_str_eq(
		    net_tls_identity_name(net_tls_session_identity(p.in)), "lab.example");
		cr_expect_str_eq(
		    net_tls_identity_name(net_tls_session_identity(p.out)), "localhost");
		pair_end(&p);
	}
}

Test(net_tls_session, carries_many_pieces_and_large_ones)
{
	static char large[100000];
	struct iovec iov[300];
	struct buffer want;
	struct pair p;

	for (size_t i = 0; i < sizeof(large); i++)
		large[i] = (char)(i * 7);
	buffer_init(&want, 0);
	for (size_t i = 0; i < 300; i++) {
		const size_t len = i % 50 == 49 ? 80000 : i % 11 ? i * 13 : 0;

		iov[i] = (struct iovec){ large + i, len };
		buffer_append(&want, span_of(large + i, len));
	}
	pair_begin(&p, server, client);
	talk(&p, 4096);
	cr_expect(net_tls_session_seal(p.out, iov, 300, &p.to_in));
	/* small pieces share records */
	cr_expect_lt(p.to_in.end - p.to_in.start, want.end + want.end / 100 + 4000);
	talk(&p, 256 << 10);
	cr_expect(span_eq(buffer_span(&p.got_in), buffer_span(&want)));
	buffer_finish(&want);
	pair_end(&p);
}

Test(net_tls_session, goes_on_sending_to_one_who_has_ended)
{
	struct pair p;

	pair_begin(&p, server, client);
	talk(&p, 4096);
	say(p.out, SPAN("last"), &p.to_in);
	net_tls_session_end(p.out, &p.to_in);
	talk(&p, 4096);
	cr_expect(span_eq(buffer_span(&p.got_in), SPAN("last")));
	cr_expect_eq(net_tls_session_state(p.in), NET_TLS_ENDED);
	cr_expect_eq(net_tls_session_reason(p.in), NET_TLS_FINE);
	say(p.in, SPAN("answer"), &p.to_out);
	talk(&p, 4096);
	cr_expect(span_eq(buffer_span(&p.got_out), SPAN("answer")));
	pair_end(&p);
}

Test(net_tls_session, ends_with_the_socket)
{
	struct pair p;

	pair_begin(&p, server, client);
	cr_expect_eq(net_tls_session_cut(p.in), NET_TLS_FAILED);
	cr_expect_eq(net_tls_session_reason(p.in), NET_TLS_FINE, "it had said nothing");
	pair_end(&p);

	pair_begin(&p, server, client);
	carry(p.in, &p.to_in, 10, &p.got_in, &p.to_out);
	cr_expect_eq(net_tls_session_cut(p.in), NET_TLS_FAILED);
	cr_expect_eq(net_tls_session_reason(p.in), NET_TLS_CUT);
	pair_end(&p);

	pair_begin(&p, server, client);
	talk(&p, 4096);
	cr_expect_eq(net_tls_session_cut(p.in), NET_TLS_ENDED);
	pair_end(&p);
}

static unsigned fails_in; /* of allocations, ours and OpenSSL's; 0: none does */

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_realloc(void *old, size_t size);

void *
__wrap_malloc(size_t size)
{
	return fails_in && !--fails_in ? NULL : __real_malloc(size);
}

void *
__wrap_realloc(void *old, size_t size)
{
	return fails_in && !--fails_in ? NULL : __real_realloc(old, size);
}

/* Before libraries of the test's use OpenSSL, which would stay with the heap then. */
__attribute__((constructor)) static void
keep_memory(void)
{
	net_tls_memory_keep();
}

/* A handshake in which the n-th allocation of one side fails; false: it had fewer. */
static bool
shake_without(struct pair *p, struct net_tls_session *side, unsigned n)
{
	unsigned left = n;

	for (bool more = true; more;) {
		fails_in = side == p->in ? left : 0;
		more = carry(p->in, &p->to_in, 4096, &p->got_in, &p->to_out);
		left = side == p->in ? fails_in : left;
		fails_in = side == p->out ? left : 0;
		more |= carry(p->out, &p->to_out, 4096, &p->got_out, &p->to_in);
		left = side == p->out ? fails_in : left;
		fails_in = 0;
	}
	return !left;
}

/* A side that connects may show no certificate for want of memory, and is refused for that. */
static bool
is_excused(const struct net_tls_session *s)
{
	const enum net_tls_reason reason = net_tls_session_reason(s);

	return reason == NET_TLS_NO_MEMORY ||
	       (reason == NET_TLS_PEER_ALERT && !net_tls_session_accepts(s));
}

Test(net_tls_session, blames_no_peer_for_want_of_memory)
{
	enum { STEP = 17 };

	for (int accepts = 0; accepts < 2; accepts++) {
		bool failed = true;
		unsigned n = 1;

		for (; failed; n += STEP) {
			struct pair p;
			struct net_tls_session *side;

			pair_begin(&p, server, client);
			side = accepts ? p.in : p.out;
			failed = shake_without(&p, side, n);
			if (net_tls_session_state(side) == NET_TLS_FAILED)
				cr_expect(is_excused(side), "allocation %u: %s", n,
				    net_tls_word(net_tls_session_reason(side)));
			pair_end(&p);
		}
		cr_expect_gt(n, 500);
	}
}

Test(net_tls_session, refuses_what_was_changed_on_the_way)
{
	struct pair p;

	pair_begin(&p, server, client);
	talk(&p, 4096);
	say(p.out, SPAN("result"), &p.to_in);
	p.to_in.data[p.to_in.end - 1] ^= 1;
	talk(&p, 4096);
	cr_expect_eq(p.got_in.end, 0);
	cr_expect_eq(net_tls_session_state(p.in), NET_TLS_FAILED);
	cr_expect_eq(net_tls_session_reason(p.in), NET_TLS_PROTOCOL);
	pair_end(&p);
}

/* A client that has OpenSSL do what no session of ours does. */
struct stranger {
	SSL_CTX *context;
	SSL *ssl;
	struct net_tls_session *in;
	struct buffer answer;
};

/* What it has written goes to the session, and what that says to it. */
static void
pass(struct stranger *s)
{
	char wire[4096];
	size_t len;
	int n;

	while ((n = BIO_read(SSL_get_wbio(s->ssl), wire, sizeof(wire))) > 0)
		net_tls_session_receive(
		    s->in, span_of(wire, (size_t)n), room, sizeof(room), &len, &s->answer);
	BIO_write(
	    SSL_get_rbio(s->ssl), buffer_span(&s->answer).ptr, (int)buffer_span(&s->answer).len);
	buffer_clear(&s->answer);
}

static void
stranger_begin(struct stranger *s)
{
	const struct side anyone = { .own = "server" };
	struct net_tls *tls = good_context(true, anyone);

	*s = (struct stranger){ .in = net_tls_session_create(tls) };
	net_tls_release(tls);
	s->context = SSL_CTX_new(TLS_client_method());
	s->ssl = SSL_new(s->context);
	SSL_set_bio(s->ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
	for (unsigned i = 0; i < 4 && SSL_connect(s->ssl) != 1; i++)
		pass(s);
	pass(s);
	cr_assert_eq(net_tls_session_state(s->in), NET_TLS_OPEN);
}

static void
stranger_end(struct stranger *s)
{
	SSL_free(s->ssl);
	SSL_CTX_free(s->context);
	net_tls_session_destroy(s->in);
	buffer_finish(&s->answer);
}

/* So many new keys, each before a text of so many bytes. */
static enum net_tls_state
change_keys(unsigned count, size_t text)
{
	struct stranger s;
	enum net_tls_state state;
	size_t n;

	stranger_begin(&s);
	for (unsigned i = 0; i < count; i++) {
		cr_assert_eq(SSL_key_update(s.ssl, SSL_KEY_UPDATE_NOT_REQUESTED), 1);
		cr_assert_eq(SSL_do_handshake(s.ssl), 1);
		if (text)
			cr_assert_eq(SSL_write_ex(s.ssl, room, text, &n), 1);
		pass(&s);
	}
	state = net_tls_session_state(s.in);
	cr_expect(state != NET_TLS_FAILED || net_tls_session_reason(s.in) == NET_TLS_PROTOCOL);
	stranger_end(&s);
	return state;
}

Test(net_tls_session, ends_one_who_does_nothing_but_change_keys)
{
	cr_expect_eq(change_keys(1000, 0), NET_TLS_OPEN);
	cr_expect_eq(change_keys(5000, 0), NET_TLS_FAILED);
	cr_expect_eq(change_keys(5000, 2), NET_TLS_OPEN);
}

Test(net_tls_session, takes_records_that_are_filled_up)
{
	static const size_t sizes[] = { 1, 40, 65, 1000 };
	struct stranger s;
	size_t n;

	for (size_t k = 0; k < sizeof(sizes) / sizeof(sizes[0]); k++) {
		stranger_begin(&s);
		cr_assert_eq(SSL_set_block_padding(s.ssl, 16384), 1);
		for (unsigned i = 0; i < 1000; i++) {
			cr_assert_eq(SSL_write_ex(s.ssl, room, sizes[k], &n), 1);
			pass(&s);
		}
		cr_expect_eq(net_tls_session_state(s.in), NET_TLS_OPEN, "%zu", sizes[k]);
		stranger_end(&s);
	}
}

Test(net_tls_session, knows_plain_text)
{
	static const char *const said[] = { "\x0bMSH|^~\\&|", "GET / HTTP/1.1\r\n", "\r\n",
		"\x80" };

	for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++) {
		struct pair p;

		pair_begin(&p, server, client);
		buffer_clear(&p.to_in);
		buffer_append(&p.to_in, span_str(said[i]));
		buffer_append(&p.to_out, span_str(said[i]));
		talk(&p, 4096);
		cr_expect_eq(net_tls_session_reason(p.in), NET_TLS_PLAIN_TEXT);
		cr_expect_eq(net_tls_session_reason(p.out), NET_TLS_PLAIN_TEXT);
		pair_end(&p);
	}
}

/* ---- who may ------------------------------------------------------------------------------ */

static char *
pin_of(const char *name)
{
	static char pin[64];
	char command[512];
	FILE *f;

	snprintf(command, sizeof(command), "sh '%s/scripts/testca' %s pin %s", getenv("HL7_TOP"),
	    folder, name);
	f = popen(command, "r");
	cr_assert(f && fgets(pin, sizeof(pin), f));
	pclose(f);
	pin[strcspn(pin, "\n")] = '\0';
	return pin;
}

Test(net_tls_session, lets_in_whom_the_settings_name)
{
	const char *pin = pin_of("client");
	const struct {
		struct side in, out;
		enum net_tls_reason in_says, out_says;
	} rows[] = {
		{ { .own = "server", .ca = "ca", .crl = "crl" },
		    { .own = "client", .ca = "ca", .crl = "crl" }, 0, 0 },
		{ { .own = "server" }, { .ca = "ca" }, 0, 0 },
		{ { .own = "server", .ca = "ca" }, { .own = "rsa", .ca = "ca" }, 0, 0 },
		{ { .own = "server", .ca = "ca", .peer = "lab.example" }, client, 0, 0 },
		{ { .own = "server", .ca = "ca", .pin = pin }, client, 0, 0 },
		{ server, { .own = "client", .ca = "ca", .name = "127.0.0.1" }, 0, 0 },
		{ server, { .own = "client", .ca = "ca", .name = "EHR.example" }, 0, 0 },
		{ server, { .own = "expired", .ca = "ca" }, NET_TLS_EXPIRED, NET_TLS_PEER_ALERT },
		{ server, { .own = "other", .ca = "ca" }, NET_TLS_UNKNOWN_CA, NET_TLS_PEER_ALERT },
		{ server, { .own = "revoked", .ca = "ca" }, 0, 0 }, /* nobody told */
		{ { .own = "server", .ca = "ca", .crl = "crl" }, { .own = "revoked", .ca = "ca" },
		    NET_TLS_REVOKED, NET_TLS_PEER_ALERT },
		{ server, { .own = "server", .ca = "ca" }, NET_TLS_KEY_USAGE, NET_TLS_PEER_ALERT },
		{ server, { .ca = "ca" }, NET_TLS_NO_CERTIFICATE, NET_TLS_PEER_ALERT },
		{ { .own = "server", .ca = "ca", .peer = "other.example" }, client, NET_TLS_NAME,
		    NET_TLS_PEER_ALERT },
		{ { .own = "server", .ca = "ca", .pin = pin }, { .own = "rsa", .ca = "ca" },
		    NET_TLS_PIN, NET_TLS_PEER_ALERT },
		{ server, { .own = "client", .ca = "other-ca" }, NET_TLS_PEER_ALERT,
		    NET_TLS_UNKNOWN_CA },
		{ server, { .own = "client", .ca = "ca", .name = "elsewhere" }, NET_TLS_PEER_ALERT,
		    NET_TLS_NAME },
		{ server, { .own = "client", .ca = "ca", .name = "127.0.0.2" }, NET_TLS_PEER_ALERT,
		    NET_TLS_NAME },
		{ server, { .own = "client", .ca = "ca", .pin = pin }, NET_TLS_PEER_ALERT,
		    NET_TLS_PIN },
		{ { .own = "client", .ca = "ca" }, client, NET_TLS_PEER_ALERT, NET_TLS_KEY_USAGE },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pair p;

		pair_begin(&p, rows[i].in, rows[i].out);
		talk(&p, 4096);
		cr_expect_str_eq(net_tls_word(net_tls_session_reason(p.in)),
		    net_tls_word(rows[i].in_says), "row %zu", i);
		cr_expect_str_eq(net_tls_word(net_tls_session_reason(p.out)),
		    net_tls_word(rows[i].out_says), "row %zu", i);
		cr_expect_eq(net_tls_session_state(p.in),
		    rows[i].in_says ? NET_TLS_FAILED : NET_TLS_OPEN, "row %zu", i);
		pair_end(&p);
	}
}

Test(net_tls_session, asks_again_with_newer_settings)
{
	static const struct {
		struct side now;
		enum net_tls_reason says;
	} rows[] = {
		{ { .own = "server", .ca = "ca" }, 0 },
		{ { .own = "both", .ca = "ca", .crl = "crl" }, NET_TLS_REVOKED },
		{ { .own = "server", .ca = "other-ca" }, NET_TLS_UNKNOWN_CA },
		{ { .own = "server", .ca = "ca", .peer = "lab.example" }, 0 },
		{ { .own = "server", .ca = "ca", .peer = "other.example" }, NET_TLS_NAME },
		{ { .own = "server" }, 0 },
	};
	struct pair p;

	pair_begin(&p, server, (struct side){ .own = "revoked", .ca = "ca" });
	talk(&p, 4096);
	expect_open(&p);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct net_tls *now = good_context(true, rows[i].now);

		cr_expect_str_eq(net_tls_word(net_tls_session_check(p.in, now)),
		    net_tls_word(rows[i].says), "row %zu", i);
		net_tls_release(now);
	}
	pair_end(&p);

	/* one who was not asked for a certificate has none to be asked about */
	pair_begin(&p, (struct side){ .own = "server" }, client);
	talk(&p, 4096);
	cr_expect_null(net_tls_session_identity(p.in));
	{
		struct net_tls *now = good_context(true, server);

		cr_expect_eq(net_tls_session_check(p.in, now), NET_TLS_NO_CERTIFICATE);
		net_tls_release(now);
	}
	pair_end(&p);
}

/* Of those that reloads have replaced there may be as many as live connections. */
Test(net_tls_session, keeps_no_list_of_an_older_context_for_one_who_is_known)
{
	struct pair p, later;
	struct net_tls *old = good_context(true, (struct side){ "server", "ca", .crl = "crl" });

	pair_begin(&p, server, client);
	net_tls_session_destroy(p.in);
	p.in = net_tls_session_create(old);
	pair_begin(&later, server, client);
	net_tls_session_destroy(later.in);
	later.in = net_tls_session_create(old);
	talk(&p, 4096);
	expect_open(&p);
	cr_expect(SSL_CTX_get_cert_store(old->ctx), "still in force");
	net_tls_release(old);
	cr_expect(SSL_CTX_get_cert_store(old->ctx), "one peer is not known yet");
	talk(&later, 4096);
	expect_open(&later);
	cr_expect_null(SSL_CTX_get_cert_store(old->ctx));
	say(p.out, SPAN("goes on"), &p.to_in);
	talk(&p, 4096);
	cr_expect(span_eq(buffer_span(&p.got_in), SPAN("goes on")));
	pair_end(&later);
	pair_end(&p);
}

/* ---- files -------------------------------------------------------------------------------- */

static void
expect_fault(bool accepts, struct net_tls_settings s, const char *attribute, const char *part)
{
	struct net_tls_fault fault = { 0 };

	s.accepts = accepts;
	cr_expect_null(net_tls_create(&s, &fault));
	cr_expect_str_eq(fault.attribute, attribute, "%s", fault.what);
	cr_expect(strstr(fault.what, part), "%s", fault.what);
}

Test(net_tls_session, says_which_file_is_wrong)
{
	const char *own = file("server", "pem"), *key = file("server", "key"),
		   *ca = file("ca", "pem"), *crl = file("crl", "pem");
	const struct net_tls_peer bad = { .pin = "sha256//short" };
	char command[512];

	snprintf(command, sizeof(command),
	    "openssl pkey -aes128 -passout pass:x -in %s -out %s/locked.key && : >%s/empty.pem &&"
	    " { cat %s; head -3 %s; } >%s/half.pem",
	    key, folder, folder, ca, ca, folder);
	cr_assert_eq(system(command), 0);
	expect_fault(true, (struct net_tls_settings){ .ca = ca }, "certificate", "no certificate");
	expect_fault(true, (struct net_tls_settings){ .certificate = own, .key = key }, "ca",
	    "no CA to believe");
	expect_fault(false, (struct net_tls_settings){ .name = "x" }, "ca", "no CA to believe");
	expect_fault(false, (struct net_tls_settings){ .ca = ca }, "name", "no name");
	expect_fault(false, (struct net_tls_settings){ .ca = ca, .name = ".example" }, "name",
	    ".example is no name of a host");
	expect_fault(true, (struct net_tls_settings){ .certificate = "/nowhere.pem", .ca = ca },
	    "certificate", "/nowhere.pem: No such file");
	expect_fault(true, (struct net_tls_settings){ .certificate = key, .ca = ca }, "certificate",
	    "holds no certificate");
	expect_fault(true, (struct net_tls_settings){ .certificate = own, .ca = ca }, "key",
	    "holds no private key");
	expect_fault(true,
	    (struct net_tls_settings){ .certificate = own, .key = file("client", "key"), .ca = ca },
	    "key", "not that of the certificate");
	expect_fault(true,
	    (struct net_tls_settings){ .certificate = own, .key = file("locked", "key"), .ca = ca },
	    "key", "is encrypted");
	expect_fault(false, (struct net_tls_settings){ .name = "x", .ca = file("empty", "pem") },
	    "ca", "holds no certificate");
	expect_fault(
	    false, (struct net_tls_settings){ .name = "x", .ca = own }, "ca", "holds no root CA");
	expect_fault(false, (struct net_tls_settings){ .name = "x", .ca = file("half", "pem") },
	    "ca", "to its end");
	expect_fault(false, (struct net_tls_settings){ .name = "x", .ca = ca, .crl = ca }, "crl",
	    "holds no certificate revocation list");
	expect_fault(false,
	    (struct net_tls_settings){
		.name = "x", .ca = ca, .crl = crl, .peers = &bad, .peer_count = 1 },
	    "pin", "no pin");
}

Test(net_tls_session, knows_when_its_files_end)
{
	struct net_tls *tls = good_context(
	    true, (struct side){ .own = "server", .ca = "ca", .crl = "crl" });
	struct net_tls_ends ends = net_tls_ends(tls);
	const int64_t now = (int64_t)time(NULL), day = 24 * 3600;

	cr_expect(ends.certificate > now + 364 * day && ends.certificate < now + 366 * day);
	cr_expect(ends.ca > now + 3649 * day && ends.ca < now + 3651 * day);
	cr_expect(ends.crl > now + 29 * day && ends.crl < now + 31 * day);
	net_tls_release(tls);
	tls = good_context(false, (struct side){ .ca = "ca" });
	ends = net_tls_ends(tls);
	cr_expect(!ends.certificate && !ends.crl && ends.ca);
	net_tls_release(tls);
	net_tls_release(NULL);
}
