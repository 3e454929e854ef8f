/* SPDX-License-Identifier: MIT */
/*
 * A place in words.
 */
#include "base/diag.h"

#include <stdio.h>

const char *
diag_place(const struct diag *d, char *buf, size_t size)
{
	int used;

	buf[0] = '\0';
	if (!d->at.segment[0])
		return buf;
	used = snprintf(buf, size, "%.3s", d->at.segment);
	if (d->at.sequence)
		used += snprintf(buf + used, size - (size_t)used, "[%u]", d->at.sequence);
	if (!d->at.field)
		return buf;
	used += snprintf(buf + used, size - (size_t)used, "-%u", d->at.field);
	if (d->at.repetition > 1)
		used += snprintf(buf + used, size - (size_t)used, "[%u]", d->at.repetition);
	if (d->at.component)
		used += snprintf(buf + used, size - (size_t)used, ".%u", d->at.component);
	if (d->at.component && d->at.subcomponent)
		snprintf(buf + used, size - (size_t)used, ".%u", d->at.subcomponent);
	return buf;
}
