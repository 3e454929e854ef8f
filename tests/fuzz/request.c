/* SPDX-License-Identifier: MIT */
/*
 * control/: a request is refused with a reason, or it can be written and read again;
 * lines of JSON and messages to be imported are found within their bytes, whatever
 * these are.
 */
#include "control/request.h"

#include <errno.h>

#include "control/body.h"
#include "control/json.h"
#include "fuzz/target.h"

static void
try_request(struct span line)
{
	struct control_request r, again;
	struct diag diag = { 0 };
	struct buffer out;
	struct span rest;
	int error = control_request_read(line, &r, &diag);

	if (error) {
		MUST(error == -EINVAL && diag.what && diag.offset <= line.len);
		return;
	}
	buffer_init(&out, 0);
	control_request_write(&r, &out);
	MUST(control_request_read(span_cut(buffer_span(&out), '\n', &rest), &again, &diag) == 0);
	MUST(memcmp(&r, &again, sizeof(r)) == 0);
	buffer_finish(&out);
}

static void
try_json(struct span line)
{
	struct json_value v;
	struct buffer out;

	buffer_init(&out, 0);
	if (json_find(line, "body", &v) && v.kind == JSON_TEXT) {
		json_unescape(v.text, &out);
		(void)body_from_base64(v.text, &out);
	}
	buffer_finish(&out);
}

static void
try_bodies(struct span in)
{
	struct span message;
	size_t used;

	while (body_read(in, 1000, &message, &used) == BODY_MESSAGE) {
		MUST(used <= in.len && message.len <= 1000);
		in = span_tail(in, used);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span all = span_of((const char *)data, size);

	try_request(all);
	try_json(all);
	try_bodies(all);
	return 0;
}
