/* SPDX-License-Identifier: MIT */
/*
 * cli/names.h - what common fields are called
 *
 * Only the fields that a laboratory report turns on; a name is a help to the
 * reader, never a reason to treat a field in another way.
 */
#ifndef CLI_NAMES_H
#define CLI_NAMES_H

#include <stdint.h>

/* "" when it has no name here. */
const char *names_field(uint32_t id, unsigned field);

#endif
