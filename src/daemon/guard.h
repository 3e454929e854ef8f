/* SPDX-License-Identifier: MIT */
/*
 * daemon/guard.h - the allow lists of a configuration, as those who ask need them
 */
#ifndef DAEMON_GUARD_H
#define DAEMON_GUARD_H

#include "conf/conf.h"
#include "net/listener.h"
#include "net/tls.h"
#include "relay/senders.h"

/* May this address connect?  Where there is a list, one that has no address may not. */
bool guard_allows(const struct conf_listen *listen, const union net_address *peer);

/* The rules of a feed; they point into its configuration. */
struct guard_senders {
	struct relay_sender list[RELAY_SENDERS_MOST];
	unsigned count;
};

void guard_senders(struct guard_senders *g, const struct conf_feed *feed);
/* Those that are open to a connection of whom this certificate is; NULL: it showed none. */
uint64_t guard_open(const struct conf_feed *feed, const struct net_tls_identity *id);

#endif
