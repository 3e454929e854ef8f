/* SPDX-License-Identifier: MIT */
#include "daemon/guard.h"

_Static_assert((int)RELAY_SENDERS_MOST == (int)CONF_SENDERS_MOST, "one bit for each");

static bool
network_of_peer(const union net_address *peer, struct network *ret)
{
	if (peer->family == AF_INET)
		*ret = network_of(&peer->four.sin_addr, sizeof(peer->four.sin_addr));
	else if (peer->family == AF_INET6)
		*ret = network_of(&peer->six.sin6_addr, sizeof(peer->six.sin6_addr));
	return peer->family == AF_INET || peer->family == AF_INET6;
}

bool
guard_allows(const struct conf_listen *listen, const union net_address *peer)
{
	struct network address;

	if (!listen->allow_count)
		return true;
	if (!network_of_peer(peer, &address))
		return false;
	for (unsigned i = 0; i < listen->allow_count; i++)
		if (network_holds(&listen->allows[i].network, &address))
			return true;
	return false;
}

void
guard_senders(struct guard_senders *g, const struct conf_feed *feed)
{
	g->count = feed->sender_count;
	for (unsigned i = 0; i < g->count; i++)
		g->list[i] = (struct relay_sender){ span_str(feed->senders[i].application),
			span_str(feed->senders[i].facility) };
}

uint64_t
guard_open(const struct conf_feed *feed, const struct net_tls_identity *id)
{
	uint64_t open = 0;

	for (unsigned i = 0; i < feed->sender_count; i++) {
		const struct conf_peer *peer = &feed->senders[i].peer;
		const struct net_tls_peer rule = { peer->name, peer->pin };

		if ((!rule.name && !rule.pin) || (id && net_tls_identity_is(id, &rule)))
			open |= UINT64_C(1) << i;
	}
	return open;
}
