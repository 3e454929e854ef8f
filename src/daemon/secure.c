/* SPDX-License-Identifier: MIT */
/*
 * The layer below knows files; here they are given the places where they are named.
 */
#include "daemon/secure.h"

#include <stdlib.h>

static struct net_tls *
make(struct net_tls_settings *s, const struct conf_tls *c, struct faults *faults)
{
	struct net_tls_peer *peers = calloc(c->peer_count + 1, sizeof(*peers));
	struct net_tls_fault wrong = { .what = "out of memory", .mend = "" };
	struct net_tls *tls;

	for (unsigned i = 0; peers && i < c->peer_count; i++)
		peers[i] = (struct net_tls_peer){ c->peers[i].name, c->peers[i].pin };
	s->certificate = c->certificate;
	s->key = c->key;
	s->ca = c->ca;
	s->crl = c->crl;
	s->peers = peers;
	s->peer_count = c->peer_count;
	tls = peers ? net_tls_create(s, &wrong) : NULL;
	if (!tls)
		faults_add(faults, c->at, wrong.mend, "%s", wrong.what);
	free(peers);
	return tls;
}

static void
make_all(struct secure *s, const struct conf_feed *feed, struct faults *faults)
{
	const struct conf_forward *to = &feed->forward;

	s->listens = calloc(feed->listen_count + 1, sizeof(*s->listens));
	if (!s->listens)
		faults_add_no_memory(faults);
	for (unsigned i = 0; s->listens && i < feed->listen_count; i++, s->count++) {
		const struct conf_tls *c = feed->listens[i].tls;
		struct net_tls_settings in = { .accepts = true };

		in.anonymous = c && c->client == CONF_CLIENT_NONE;
		s->listens[i] = c ? make(&in, c, faults) : NULL;
	}
	if (to->tls) {
		struct net_tls_settings out = { .name = to->tls->name ? to->tls->name : to->host };

		s->forward = make(&out, to->tls, faults);
	}
}

bool
secure_load(struct secure *ret, const struct conf_feed *feed, const struct teller *t)
{
	struct faults faults;

	*ret = (struct secure){ 0 };
	faults_init(&faults, t->conf_file);
	make_all(ret, feed, &faults);
	if (teller_tell(t, LOG_CONFIG_REJECTED, &faults))
		return true;
	secure_drop(ret);
	return false;
}

void
secure_drop(struct secure *s)
{
	for (unsigned i = 0; i < s->count; i++)
		net_tls_release(s->listens[i]);
	free((void *)s->listens);
	net_tls_release(s->forward);
	*s = (struct secure){ 0 };
}
