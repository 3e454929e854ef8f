/* SPDX-License-Identifier: MIT */
/*
 * OpenSSL reads from a span and writes to a buffer, so it never waits for anything
 * but more bytes, and every read of the socket is one system call whatever the
 * size of its records.
 *
 * It takes errors that others left in its queue for those of the call at hand.  So none are left
 * there: what fails clears them, and so do contexts, checks and handshakes, which may leave some
 * though all is well.  Looking there before each record would cost more than the record's buffer.
 */
#include "net/tls_session.h"

#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

#include "net/tls_context.h"

enum {
	ROUND_MOST = 64 << 10,  /* bytes that a peer may make us say by saying nothing */
	VAIN_MOST = 64 << 10,   /* bytes that say nothing: new keys, tickets, pleas to begin anew */
	VAIN_PART = 256,        /* of them, what a byte of text pays for */
	PIECE_SMALL = 4 << 10,  /* pieces up to it are put together */
	RECORD_MOST = 16 << 10, /* of plain text */
	RECORD_OVERHEAD = 64,
	FIRST_HANDSHAKE = 0x16, /* types of records */
	FIRST_ALERT = 0x15,
	RECORD_HEADER = 5, /* OpenSSL asks for it, and then for the rest of the record */
};

struct net_tls_session {
	struct net_tls *tls;
	SSL *ssl;
	struct span in;     /* while OpenSSL is at work */
	struct buffer *out; /* the same */
	enum net_tls_state state;
	enum net_tls_reason reason;
	const char *error;
	struct net_tls_identity *identity;
	struct span chain; /* packed certificates of the peer */
	size_t record;     /* bytes of the one under way, or of the last */
	size_t vain;       /* bytes that came for nothing, but what was said since pays for */
	bool done;         /* the peer is known */
	bool heard;        /* it has said something */
	bool proved;       /* and lets us in */
};

/* ---- between OpenSSL and the bytes -------------------------------------------------------- */

static int
bio_read(BIO *b, char *to, size_t size, size_t *ret_len)
{
	struct net_tls_session *s = BIO_get_data(b);
	struct span part = span_head(s->in, size);

	BIO_clear_retry_flags(b);
	if (!part.len) {
		BIO_set_retry_read(b);
		return 0;
	}
	memcpy(to, part.ptr, part.len);
	s->in = span_tail(s->in, part.len);
	s->record = part.len + (size == RECORD_HEADER ? 0 : s->record);
	*ret_len = part.len;
	return 1;
}

static int
bio_write(BIO *b, const char *from, size_t len, size_t *ret_len)
{
	struct net_tls_session *s = BIO_get_data(b);

	BIO_clear_retry_flags(b);
	if (s->out)
		buffer_append(s->out, span_of(from, len));
	if (!s->out || s->out->failed)
		return 0;
	*ret_len = len;
	return 1;
}

static long
bio_control(BIO *b, int command, long number, void *ptr)
{
	(void)b, (void)number, (void)ptr;
	return command == BIO_CTRL_FLUSH;
}

BIO_METHOD *
net_tls_session_bio(void)
{
	BIO_METHOD *m = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "span and buffer");

	if (m && BIO_meth_set_read_ex(m, bio_read) && BIO_meth_set_write_ex(m, bio_write) &&
	    BIO_meth_set_ctrl(m, bio_control))
		return m;
	BIO_meth_free(m);
	return NULL;
}

/* ---- who the peer is ---------------------------------------------------------------------- */

/* Asked for each certificate of the chain, the peer's own last. */
int
net_tls_session_verify(int good, X509_STORE_CTX *c)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(c, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct net_tls_session *s = SSL_get_app_data(ssl);
	X509 *leaf = X509_STORE_CTX_get0_cert(c);

	/* also of one that is refused: whoever has to renew it must know which it is */
	if (!s->identity)
		s->identity = net_tls_identity_create(leaf);
	if (!good) {
		s->reason = net_tls_reason_of_verify(X509_STORE_CTX_get_error(c));
		s->error = X509_verify_cert_error_string(X509_STORE_CTX_get_error(c));
		return 0;
	}
	if (X509_STORE_CTX_get_error_depth(c) > 0)
		return 1;
	s->reason = net_tls_check_rules(s->tls, leaf, s->identity);
	if (!s->reason)
		return 1;
	X509_STORE_CTX_set_error(c, X509_V_ERR_APPLICATION_VERIFICATION);
	return 0;
}

/* ---- life --------------------------------------------------------------------------------- */

static bool
fill(struct net_tls_session *s)
{
	const struct net_tls *t = s->tls;
	BIO *bio;

	s->ssl = SSL_new(t->ctx);
	bio = s->ssl ? BIO_new(t->bio) : NULL;
	if (!bio)
		return false;
	BIO_set_data(bio, s);
	BIO_set_init(bio, 1);
	SSL_set_bio(s->ssl, bio, bio);
	SSL_set_app_data(s->ssl, s);
	if (t->accepts)
		SSL_set_accept_state(s->ssl);
	else
		SSL_set_connect_state(s->ssl);
	return t->accepts || t->name_is_address || SSL_set_tlsext_host_name(s->ssl, t->name) == 1;
}

struct net_tls_session *
net_tls_session_create(struct net_tls *tls)
{
	struct net_tls_session *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->tls = net_tls_hold(tls);
	if (fill(s))
		return s;
	ERR_clear_error();
	net_tls_session_destroy(s);
	return NULL;
}

void
net_tls_session_destroy(struct net_tls_session *s)
{
	if (!s)
		return;
	SSL_free(s->ssl);
	if (s->done)
		net_tls_release_done(s->tls);
	else
		net_tls_release(s->tls);
	free(s->identity);
	free((void *)(uintptr_t)s->chain.ptr);
	free(s);
}

/* ---- failing ------------------------------------------------------------------------------ */

enum net_tls_state
net_tls_session_fail(struct net_tls_session *s, enum net_tls_reason reason)
{
	if (s->state != NET_TLS_FAILED) {
		s->state = NET_TLS_FAILED;
		s->reason = reason;
	}
	return s->state;
}

/* A fatal alert of the peer's: OpenSSL adds its number to 1000. */
static bool
is_alert(int reason)
{
	return reason > SSL_AD_REASON_OFFSET && reason < SSL_AD_REASON_OFFSET + 256;
}

static enum net_tls_reason
reason_of_library(unsigned long error)
{
	const int reason = ERR_GET_REASON(error);

	if (!error)
		return NET_TLS_OTHER;
	if (ERR_GET_LIB(error) != ERR_LIB_SSL)
		return NET_TLS_PROTOCOL;
	if (reason == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE)
		return NET_TLS_NO_CERTIFICATE;
	return is_alert(reason) ? NET_TLS_PEER_ALERT : NET_TLS_PROTOCOL;
}

/* What a verification found is known already; the first error of the queue is its cause. */
static enum net_tls_state
fail_by_library(struct net_tls_session *s)
{
	const unsigned long error = ERR_peek_error();
	enum net_tls_reason why = s->reason;

	if (!why) {
		s->error = ERR_reason_error_string(error);
		why = reason_of_library(error);
	}
	if (net_tls_memory_was_short() || (s->out && s->out->failed)) {
		s->error = NULL;
		why = NET_TLS_NO_MEMORY;
	}
	ERR_clear_error();
	return net_tls_session_fail(s, why);
}

/* ---- receiving ---------------------------------------------------------------------------- */

/* TLS begins with a handshake, or for one who connects perhaps with an alert. */
static bool
is_tls(const struct net_tls_session *s, struct span wire)
{
	return wire.ptr[0] == FIRST_HANDSHAKE || (!s->tls->accepts && wire.ptr[0] == FIRST_ALERT);
}

/* True when there is nothing to be done but wait. */
static bool
waits(struct net_tls_session *s, int result)
{
	return SSL_get_error(s->ssl, result) == SSL_ERROR_WANT_READ;
}

/* A peer that cannot be asked about again is not let in. */
static void
keep_chain(struct net_tls_session *s)
{
	X509 *leaf = SSL_get0_peer_certificate(s->ssl);

	if (!leaf || !s->tls->asks)
		return;
	s->chain = net_tls_chain_pack(leaf, SSL_get_peer_cert_chain(s->ssl));
	if (!s->chain.len)
		net_tls_session_fail(s, NET_TLS_NO_MEMORY);
	net_tls_chain_empty(s->ssl, s->tls->nobodys);
}

static void
shake(struct net_tls_session *s)
{
	int result;

	ERR_clear_error();
	result = SSL_do_handshake(s->ssl);
	if (result == 1) {
		s->state = NET_TLS_OPEN;
		s->done = true;
		net_tls_done(s->tls);
		s->proved = s->tls->accepts || SSL_version(s->ssl) < TLS1_3_VERSION;
		keep_chain(s);
		ERR_clear_error();
	} else if (!waits(s, result)) {
		fail_by_library(s);
	}
}

/* Of a record with text nothing came in vain: it may be filled up to 16 KiB, and hold but one short
 * answer. */
static void
pay_for_record(struct net_tls_session *s)
{
	s->vain -= s->vain < s->record ? s->vain : s->record;
	s->record = 0;
}

/* All that is there. */
static size_t
open_records(struct net_tls_session *s, char *room, size_t size)
{
	size_t len = 0, n;

	/* with nothing left to open, asking again would only say so */
	while (len < size && (s->in.len || SSL_pending(s->ssl))) {
		int result = SSL_read_ex(s->ssl, room + len, size - len, &n);

		if (result == 1) {
			len += n;
			pay_for_record(s);
			continue;
		}
		if (SSL_get_error(s->ssl, result) == SSL_ERROR_ZERO_RETURN)
			s->state = NET_TLS_ENDED;
		else if (!waits(s, result))
			fail_by_library(s);
		break;
	}
	return len;
}

/* A ticket is for one who was let in. */
static bool
is_welcome(const struct net_tls_session *s, size_t said)
{
	return s->state == NET_TLS_OPEN || said || SSL_SESSION_has_ticket(SSL_get_session(s->ssl));
}

/* New keys cost us more than a record of text, and are worth as much to nobody. */
static bool
is_vain(struct net_tls_session *s, size_t said)
{
	const size_t paid = VAIN_PART * said;

	s->vain -= s->vain < paid ? s->vain : paid;
	return s->vain > VAIN_MOST;
}

enum net_tls_state
net_tls_session_receive(struct net_tls_session *s, struct span wire, char *room, size_t size,
    size_t *ret_len, struct buffer *out)
{
	const size_t before = out->end - out->start;
	const bool was_open = s->state == NET_TLS_OPEN;

	*ret_len = 0;
	if (s->state >= NET_TLS_ENDED || !wire.len)
		return s->state;
	if (!s->heard && !is_tls(s, wire))
		return net_tls_session_fail(s, NET_TLS_PLAIN_TEXT);
	s->heard = true;
	(void)net_tls_memory_was_short();
	s->in = wire;
	s->out = out;
	if (s->state == NET_TLS_SHAKING)
		shake(s);
	s->vain += was_open ? wire.len : 0;
	if (s->state == NET_TLS_OPEN)
		*ret_len = open_records(s, room, size);
	s->in = SPAN("");
	s->out = NULL;
	s->proved |= was_open && is_welcome(s, *ret_len);
	if ((!*ret_len && out->end - out->start > before + ROUND_MOST) ||
	    (was_open && is_vain(s, *ret_len)))
		net_tls_session_fail(s, NET_TLS_PROTOCOL);
	return s->state;
}

enum net_tls_state
net_tls_session_cut(struct net_tls_session *s)
{
	if (s->state == NET_TLS_SHAKING)
		return net_tls_session_fail(s, s->heard ? NET_TLS_CUT : NET_TLS_FINE);
	if (s->state == NET_TLS_OPEN)
		s->state = NET_TLS_ENDED;
	return s->state;
}

/* ---- sending ------------------------------------------------------------------------------ */

void
net_tls_session_begin(struct net_tls_session *s, struct buffer *out)
{
	if (s->tls->accepts || s->state != NET_TLS_SHAKING)
		return;
	(void)net_tls_memory_was_short();
	s->out = out;
	shake(s);
	s->out = NULL;
}

static bool
seal_bytes(struct net_tls_session *s, const char *bytes, size_t len)
{
	size_t n;

	if (!len || SSL_write_ex(s->ssl, bytes, len, &n) == 1)
		return true;
	fail_by_library(s);
	return false;
}

/* Small pieces share a record, large ones are not copied first. */
static bool
seal_pieces(struct net_tls_session *s, const struct iovec *iov, size_t count)
{
	char record[RECORD_MOST];
	size_t len = 0;

	for (size_t i = 0; i < count; i++) {
		const bool small = iov[i].iov_len <= PIECE_SMALL;

		if (!small || len + iov[i].iov_len > sizeof(record)) {
			if (!seal_bytes(s, record, len))
				return false;
			len = 0;
		}
		if (!small) {
			if (!seal_bytes(s, iov[i].iov_base, iov[i].iov_len))
				return false;
			continue;
		}
		memcpy(record + len, iov[i].iov_base, iov[i].iov_len);
		len += iov[i].iov_len;
	}
	return seal_bytes(s, record, len);
}

static size_t
sealed_size(const struct iovec *iov, size_t count)
{
	size_t size = 0;

	for (size_t i = 0; i < count; i++)
		size += iov[i].iov_len;
	return size + (size / PIECE_SMALL + 2) * RECORD_OVERHEAD;
}

bool
net_tls_session_seal(
    struct net_tls_session *s, const struct iovec *iov, size_t count, struct buffer *out)
{
	bool good;

	if (s->state != NET_TLS_OPEN && s->state != NET_TLS_ENDED)
		return false;
	(void)net_tls_memory_was_short();
	(void)buffer_reserve(out, sealed_size(iov, count));
	s->out = out;
	good = count == 1 ? seal_bytes(s, iov[0].iov_base, iov[0].iov_len)
			  : seal_pieces(s, iov, count);
	s->out = NULL;
	return good;
}

void
net_tls_session_end(struct net_tls_session *s, struct buffer *out)
{
	if (s->state != NET_TLS_OPEN && s->state != NET_TLS_ENDED)
		return;
	s->out = out;
	(void)SSL_shutdown(s->ssl);
	ERR_clear_error();
	s->out = NULL;
}

/* ---- what is known ------------------------------------------------------------------------ */

enum net_tls_state
net_tls_session_state(const struct net_tls_session *s)
{
	return s->state;
}

enum net_tls_reason
net_tls_session_reason(const struct net_tls_session *s)
{
	return s->reason;
}

const char *
net_tls_session_error(const struct net_tls_session *s)
{
	return s->error;
}

bool
net_tls_session_is_proved(const struct net_tls_session *s)
{
	return s->proved;
}

const struct net_tls_identity *
net_tls_session_identity(const struct net_tls_session *s)
{
	return s->state == NET_TLS_SHAKING ? NULL : s->identity;
}

bool
net_tls_session_accepts(const struct net_tls_session *s)
{
	return s->tls->accepts;
}

bool
net_tls_session_is_inside(const struct net_tls_session *s)
{
	return s->state == NET_TLS_OPEN && SSL_has_pending(s->ssl) == 1;
}

enum net_tls_reason
net_tls_session_check(const struct net_tls_session *s, const struct net_tls *tls)
{
	if (s->state == NET_TLS_SHAKING)
		return NET_TLS_FINE; /* asked again when the peer is known */
	return net_tls_check_again(tls, s->chain, s->identity);
}

enum net_tls_reason
net_tls_session_check_changed(const struct net_tls_session *s, const struct net_tls *tls)
{
	return tls == s->tls ? NET_TLS_FINE : net_tls_session_check(s, tls);
}
