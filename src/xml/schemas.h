/* SPDX-License-Identifier: MIT */
/*
 * xml/schemas.h - the schemas the programs carry
 *
 * The build makes them from the files that are shipped for editors, so the two
 * cannot differ.
 */
#ifndef XML_SCHEMAS_H
#define XML_SCHEMAS_H

#include "base/span.h"

extern const struct span mapping_relaxng; /* mappings/mapping.rng */

#endif
