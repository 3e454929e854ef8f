/* SPDX-License-Identifier: MIT */
/*
 * What follows a request on the control socket, and what an exported queue holds:
 * messages with their lengths, JSON lines, base64.
 */
#include "control/body.h"
#include "control/json.h"

#include "fuzz/target.h"

enum { LIMIT = 1000 };

static void
must_be_inside(struct span all, struct span part)
{
	MUST(!part.len || (part.ptr >= all.ptr && part.ptr + part.len <= all.ptr + all.len));
}

/* Messages are the same wherever a read ends. */
static void
read_bodies(struct span in)
{
	struct span rest = in, message = SPAN("");
	size_t used = 0;

	while (body_read(rest, LIMIT, &message, &used) == BODY_MESSAGE) {
		struct span part = SPAN("");
		size_t cut = used / 2, unused = 0;

		MUST(used && used <= rest.len && message.len && message.len <= LIMIT);
		must_be_inside(span_head(rest, used), message);
		MUST(body_read(span_head(rest, cut), LIMIT, &part, &unused) == BODY_MORE);
		rest = span_tail(rest, used);
	}
}

static void
read_json(struct span line)
{
	static const char *const names[] = { "seq", "feed", "body", "state", "" };
	const bool whole = json_is_object(line);
	struct buffer text;

	buffer_init(&text, 0);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct json_value v;
		uint64_t n;
		const bool found = json_find(line, names[i], &v);

		MUST(found || !whole);
		if (!found || v.kind == JSON_NONE)
			continue;
		must_be_inside(line, v.text);
		(void)json_count(&v, &n);
		if (v.kind == JSON_TEXT)
			json_unescape(v.text, &text);
		MUST(text.end - text.start <= 3 * line.len * (i + 1));
	}
	buffer_finish(&text);
}

/* What is written is read again. */
static void
write_and_read(struct span in)
{
	struct buffer line, again;
	struct json_value v;

	buffer_init(&line, 0);
	buffer_init(&again, 0);
	body_base64(&again, in);
	json_begin(&line);
	json_text(&line, "raw", in);
	json_text(&line, "body", buffer_span(&again));
	json_end(&line);
	MUST(json_is_object(span_head(buffer_span(&line), line.end - line.start - 1)));
	MUST(json_find(buffer_span(&line), "body", &v) && v.kind == JSON_TEXT);
	buffer_clear(&again);
	MUST(body_from_base64(v.text, &again));
	MUST(span_eq(buffer_span(&again), in));
	buffer_finish(&line);
	buffer_finish(&again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = span_of((const char *)data, size);
	struct buffer out;

	read_bodies(in);
	read_json(in);
	if (in.len)
		write_and_read(in);
	buffer_init(&out, 0);
	(void)body_from_base64(in, &out);
	MUST(out.end - out.start <= in.len);
	buffer_finish(&out);
	return 0;
}
