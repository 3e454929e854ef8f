/* SPDX-License-Identifier: MIT */
/*
 * base/network.h - which addresses belong to a network
 *
 * IPv4 is kept as the part of IPv6 it is mapped to, so that a peer is the same on
 * a socket of either family.
 */
#ifndef BASE_NETWORK_H
#define BASE_NETWORK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

enum { NETWORK_BYTES = 16 };

struct network {
	uint8_t address[NETWORK_BYTES]; /* behind the first `bits` all zero */
	unsigned bits;                  /* 0 to 128; those of IPv4 have 96 more */
};

enum network_verdict {
	NETWORK_FINE,
	NETWORK_NO_ADDRESS, /* neither IPv4 nor IPv6 */
	NETWORK_NO_LENGTH,  /* what stands behind the "/" is no length of such an address */
	NETWORK_HOST_BITS,  /* bits are set behind the length: 10.1.2.3/8 */
};

/* "10.0.0.0/8", "2001:db8::/32", or an address by itself. */
enum network_verdict network_parse(struct span text, struct network *ret);
/* The same for an address of 4 or 16 bytes, in the order of the network. */
struct network network_of(const void *address, size_t len);
bool network_holds(const struct network *network, const struct network *address);

#endif
