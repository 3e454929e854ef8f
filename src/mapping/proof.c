/* SPDX-License-Identifier: MIT */
/*
 * mapping/proof.c - the rules held against each other
 */
#include "mapping/proof.h"

bool
proof_run(struct load *ld)
{
	return ld != NULL;
}
