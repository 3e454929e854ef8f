/* SPDX-License-Identifier: MIT */
/*
 * hl7noted: a hop between two HL7 v2 systems that annotates what passes.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "daemon/descriptors.h"
#include "daemon/options.h"
#include "daemon/run.h"
#include "daemon/settings.h"

/* Help, version and the verdict of a check: whoever keeps them must hear that they are lost. */
static int
finish_stdout(void)
{
	if (fflush(stdout) == 0)
		return EX_OK;
	if (errno != EPIPE)
		fprintf(stderr, "hl7noted: cannot write standard output: %s\n", strerror(errno));
	return EX_IOERR;
}

int
main(int argc, char **argv)
{
	struct options o;
	int status;

	descriptors_hold_standard();
	status = options_read(&o, argc, argv);
	if (status < 0)
		status = o.check ? settings_check(&o) : run(&o);
	return status == EX_OK ? finish_stdout() : status;
}
