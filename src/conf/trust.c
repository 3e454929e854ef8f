/* SPDX-License-Identifier: MIT */
/*
 * conf/trust.c - a wall with a hole in it is worse than none that anyone relies on
 *
 * So whatever would let everybody in, or nobody, although it reads as if it chose,
 * is a fault.
 */
#include "conf/trust.h"

#include "conf/places.h"

/* ---- TLS ---- */

static void
check_peers(const struct xml_element *tls, struct faults *faults)
{
	const struct xml_element *e = conf_first(tls, "peer");

	for (; e; e = conf_next(e)) {
		const bool name = conf_has(e, "name"), pin = conf_has(e, "pin");

		if (!name && !pin)
			faults_add(
			    faults, e->at, "add one of them", "<peer> has neither name nor pin");
		else if (name && pin)
			faults_add(faults, conf_place(e, "pin"), "give it a <peer> of its own",
			    "a <peer> has a name or a pin, not both");
	}
}

static void
check_nobody_asked(const struct xml_element *tls, struct faults *faults)
{
	static const char *const words[] = { "ca", "crl" };
	const struct xml_element *peer = conf_first(tls, "peer");
	const char *mend = "leave it out, or say client=\"required\"";

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (conf_has(tls, words[i]))
			faults_add(faults, conf_place(tls, words[i]), mend,
			    "%s is for certificates of senders, and client=\"none\" asks for none",
			    words[i]);
	if (peer)
		faults_add(faults, peer->at, mend,
		    "<peer> is for certificates of senders, and client=\"none\" asks for none");
}

static void
check_inbound(const struct conf_tls *tls, const struct xml_element *e, struct faults *faults)
{
	check_peers(e, faults);
	if (tls->client == CONF_CLIENT_NONE)
		check_nobody_asked(e, faults);
	else if (!conf_has(e, "ca"))
		faults_add(faults, e->at,
		    "name the CA of the senders' certificates, or say client=\"none\"",
		    "<tls> of a <listen> lacks ca");
}

static void
check_outbound(const struct xml_element *e, struct faults *faults)
{
	const bool certificate = conf_has(e, "certificate"), key = conf_has(e, "key");

	check_peers(e, faults);
	if (certificate != key)
		faults_add(faults, conf_place(e, certificate ? "certificate" : "key"),
		    "name both, or neither", "%s is there without %s",
		    certificate ? "a certificate" : "a key",
		    certificate ? "its key" : "its certificate");
}

/* ---- senders ---- */

/* Does any listener know who is calling? */
static bool
asks_for_certificates(const struct conf_feed *f)
{
	for (unsigned i = 0; i < f->listen_count; i++)
		if (f->listens[i].tls && f->listens[i].tls->client == CONF_CLIENT_REQUIRED)
			return true;
	return false;
}

static void
check_senders(const struct conf_feed *f, const struct xml_element *feed, struct faults *faults)
{
	const struct xml_element *e = conf_first(feed, "sender");

	if (!e && conf_has(feed, "on-stranger"))
		faults_add(faults, conf_place(feed, "on-stranger"),
		    "add a <sender>, or leave it out", "without <sender> nobody is a stranger");
	if (f->sender_count > CONF_SENDERS_MOST)
		faults_add(faults, e->at, "split the feed", "%u senders, and %d may be",
		    f->sender_count, CONF_SENDERS_MOST);
	for (; e; e = conf_next(e)) {
		if (!e->attribute_count)
			faults_add(faults, e->at, "name an application, a facility or a peer",
			    "<sender> would be everybody");
		if (conf_has(e, "peer") && !asks_for_certificates(f))
			faults_add(faults, conf_place(e, "peer"),
			    "add a <tls> with client=\"required\" to a <listen>",
			    "nobody could be this peer: no <listen> of the feed asks for "
			    "certificates");
	}
}

void
conf_trust(const struct conf_feed *f, const struct xml_element *feed, struct faults *faults)
{
	const struct xml_element *listen = conf_first(feed, "listen");
	const struct xml_element *out = conf_first(conf_first(feed, "forward"), "tls");

	for (unsigned i = 0; i < f->listen_count; i++) {
		if (f->listens[i].allow_count > CONF_ALLOWS_MOST)
			faults_add(faults, listen->at, "write them as fewer and wider networks",
			    "%u networks, and %d may be", f->listens[i].allow_count,
			    CONF_ALLOWS_MOST);
		if (f->listens[i].tls)
			check_inbound(f->listens[i].tls, conf_first(listen, "tls"), faults);
		listen = conf_next(listen);
	}
	if (out)
		check_outbound(out, faults);
	check_senders(f, feed, faults);
}
