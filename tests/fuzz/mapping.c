/* SPDX-License-Identifier: MIT */
/*
 * A mapping file of any bytes: it is refused with a fault, or it can be used.
 */
#include "mapping/mapping.h"

#include "annotate/annotate.h"
#include "annotate/examples.h"
#include "fuzz/target.h"

static const struct span report = SPAN("MSH|^~\\&|LAB|SITE|EHR|HOSP|20260102||ORU^R01|1|P|2.5.1\r"
				       "PID|1||1||A^B||19600101|F\r"
				       "OBR|1|||1952-1^B2M^LN\r"
				       "OBX|1|NM|1952-1^B2M^LN||4.2|mg/L|0.7-1.8||||F\r"
				       "OBX|2|NM|1^x^LN||45|mg/L|||||F\r");

static void
use(const struct mapping *mapping)
{
	struct annotator *a;
	struct hl7_message m;
	struct annotation done;
	enum hl7_piece kind;
	size_t used;

	a = annotator_create(&mapping, 1);
	MUST(a);
	hl7_message_init(&m);
	MUST(hl7_message_read(&m, report, &kind, &used) == 0);
	annotate(a, &m, &done);
	MUST(done.skip != SKIP_PROOF_FAILED);
	hl7_message_finish(&m);
	annotator_destroy(a);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct faults faults;
	struct mapping *m;

	faults_init(&faults, "input");
	m = mapping_create(span_of((const char *)data, size), &faults);
	MUST(m ? faults.total == 0 : faults.total > 0);
	if (m) {
		examples_run(m, &faults);
		use(m);
	}
	mapping_destroy(m);
	faults_sort(&faults);
	faults_finish(&faults);
	return 0;
}
