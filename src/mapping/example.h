/* SPDX-License-Identifier: MIT */
/*
 * mapping/example.h - the examples a mapping carries to prove itself
 *
 * An <example> is a small report and what must come of it.  Compiled here;
 * annotate/examples.h writes the message, annotates it and compares.
 */
#ifndef MAPPING_EXAMPLE_H
#define MAPPING_EXAMPLE_H

#include "mapping/mapping.h"

struct example_obx {
	struct span code, system, type, value, unit, range, flag, status, specimen, laboratory;
	int at_hours; /* collected so many hours after the first */
	struct fault_place at;
};

struct example_expect {
	unsigned obx;      /* from 1 */
	struct span flag;  /* what OBX-8 holds in the end; empty: nothing */
	struct span rules; /* ids in order, blank-separated; empty: none */
	struct span skip;  /* a skip word, or empty */
	struct fault_place at;
};

struct example {
	struct span name;
	/* empty: not in the message */
	struct span age, sex, diagnosis, order, order_system;
	const struct example_obx *obx;
	unsigned obx_count;
	const struct example_expect *expect;
	unsigned expect_count;
	struct fault_place at;
};

#endif
