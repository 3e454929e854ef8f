/* SPDX-License-Identifier: MIT */
/*
 * conf/spelling.h - how names, hosts, ports and limits are written
 */
#ifndef CONF_SPELLING_H
#define CONF_SPELLING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

bool conf_is_name(struct span text);
bool conf_is_host(struct span text);
/* A link-local address without the interface behind it, or another one with such. */
bool conf_zone_is_amiss(struct span host);
/* As a certificate has it: no address, and no dot at the end. */
bool conf_is_dns_name(struct span text);
/* 1 to 65535, or the name of a service. */
bool conf_is_port(struct span text);
/* Printable, 64 at most. */
bool conf_is_ascii(struct span text);
/* "sha256//" and 32 bytes in base64, as curl and openssl write them. */
#define CONF_PIN_MARK "sha256//"
bool conf_is_pin(struct span text);

/* "30s", "500ms", "2min", "1h", or a plain number of seconds. */
bool conf_duration(struct span text, uint32_t *ret_ms);
/* "16MiB", "64KiB", "4096". */
bool conf_size(struct span text, uint64_t *ret);
/* "host:port", "[::1]:port", "port" (host then empty). */
bool conf_host_port(struct span text, struct span *ret_host, struct span *ret_port);

enum { CONF_LIMIT_TEXT = 32 };
/* In the largest unit that leaves no rest: "30s", "16MiB"; both return buf. */
const char *conf_duration_text(uint64_t ms, char buf[CONF_LIMIT_TEXT]);
const char *conf_size_text(uint64_t bytes, char buf[CONF_LIMIT_TEXT]);

#endif
