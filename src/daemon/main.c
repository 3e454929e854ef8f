/* SPDX-License-Identifier: MIT */
/*
 * hl7noted: a hop between two HL7 v2 systems that annotates what passes.
 */
#include "daemon/options.h"
#include "daemon/run.h"

int
main(int argc, char **argv)
{
	struct options o;
	int status = options_read(&o, argc, argv);

	if (status >= 0)
		return status;
	return o.check ? run_check(&o) : run(&o);
}
