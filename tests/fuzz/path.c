/* SPDX-License-Identifier: MIT */
/*
 * hl7/path.h: a text is refused with a reason, or it is a path that can be
 * written and read again.
 */
#include "hl7/path.h"

#include <errno.h>
#include <string.h>

#include "base/diag.h"
#include "fuzz/target.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hl7_path path, again;
	struct diag diag = { 0 };
	char text[HL7_PATH_TEXT], text_again[HL7_PATH_TEXT];
	int error = hl7_path_parse(span_of((const char *)data, size), &path, &diag);

	if (error) {
		MUST(error == -EINVAL && diag.what && diag.offset <= size);
		return 0;
	}
	hl7_path_format(&path, text);
	MUST(hl7_path_parse(span_str(text), &again, &diag) == 0);
	MUST(strcmp(text, hl7_path_format(&again, text_again)) == 0);
	return 0;
}
