/* SPDX-License-Identifier: MIT */
/*
 * A place as people write it: parts that are not known are left out, as is all
 * that would stand below them.
 */
#include "base/diag.h"

#include <stdbool.h>
#include <stdio.h>

const char *
diag_place(const struct diag *d, char *buf, size_t size)
{
	const struct {
		const char *before;
		unsigned n;
		const char *behind;
		bool shown;
	} parts[] = {
		{ "[", d->at.sequence, "]", d->at.sequence > 0 },
		{ "-", d->at.field, "", d->at.field > 0 },
		{ "[", d->at.repetition, "]", d->at.field && d->at.repetition > 1 },
		{ ".", d->at.component, "", d->at.field && d->at.component },
		{ ".", d->at.subcomponent, "",
		    d->at.field && d->at.component && d->at.subcomponent },
	};
	size_t used = (size_t)snprintf(buf, size, "%.3s", d->at.segment);

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]) && used && used < size; i++) {
		if (parts[i].shown)
			used += (size_t)snprintf(buf + used, size - used, "%s%u%s", parts[i].before,
			    parts[i].n, parts[i].behind);
	}
	return buf;
}
