/* SPDX-License-Identifier: MIT */
/*
 * mapping/proof.h - do the rules of each group fit together?
 *
 * In a pick="first" group no two rules may be true at once, and unless the group
 * says gaps="allowed" one of them must be true for every possible result.  Every
 * rule that is not off must be able to fire.
 */
#ifndef MAPPING_PROOF_H
#define MAPPING_PROOF_H

struct load;

/* One fault for each finding, with a counterexample. */
void proof_run(struct load *ld);

#endif
