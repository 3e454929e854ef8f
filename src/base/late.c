/* SPDX-License-Identifier: MIT */
#include "base/late.h"

bool
late_passes_over(struct late *l, uint64_t now)
{
	l->passed_over = now > l->last + LATE_MS && !l->passed_over;
	l->last = now;
	return l->passed_over;
}
