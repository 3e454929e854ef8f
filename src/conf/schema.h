/* SPDX-License-Identifier: MIT */
/*
 * conf/schema.h - the schema of the configuration, as the build embeds it
 */
#ifndef CONF_SCHEMA_H
#define CONF_SCHEMA_H

#include "base/span.h"

extern const struct span conf_relaxng; /* src/conf/hl7noted.rng */

#endif
