/* SPDX-License-Identifier: MIT */
#include "control/json.h"

#include <criterion/criterion.h>

TestSuite(control_json, .timeout = 60);

static struct buffer out;

static const char *
text_of(struct buffer *b)
{
	buffer_append_char(b, '\0');
	return b->data;
}

static const char *
escaped(struct span text)
{
	buffer_finish(&out);
	buffer_init(&out, 0);
	json_text(&out, NULL, text);
	return text_of(&out);
}

Test(control_json, strings_are_sound_whatever_was_in_them)
{
	cr_expect_str_eq(escaped(SPAN("a\"b\\c\n\x7f")), "\"a\\\"b\\\\c\\u000a\\u007f\"");
	cr_expect_str_eq(escaped(SPAN("Gr\xc3\xbc\xc3\x9f")), "\"Gr\xc3\xbc\xc3\x9f\"");
	cr_expect_str_eq(escaped(SPAN("\xc2\x9b\xc2\xa0")), "\"\\u009b\xc2\xa0\"");
	cr_expect_str_eq(escaped(SPAN("\xe2\x80\xa8\xe2\x80\xae")), "\"\\u2028\\u202e\"");
	cr_expect_str_eq(escaped(SPAN("\xfc")), "\"\\ufffd\"");
	cr_expect_str_eq(escaped(SPAN("\xc0\xaf")), "\"\\ufffd\\ufffd\"");
	cr_expect_str_eq(escaped(SPAN("\xed\xa0\x80")), "\"\\ufffd\\ufffd\\ufffd\"");
	cr_expect_str_eq(escaped(SPAN("\xf0\x9f\x98\x80")), "\"\xf0\x9f\x98\x80\"");
	cr_expect_str_eq(escaped(SPAN("\xe2\x82")), "\"\\ufffd\\ufffd\"");
	cr_expect_str_eq(escaped(span_of("\0", 1)), "\"\\u0000\"");
}

Test(control_json, an_object_is_read_as_it_was_written)
{
	struct json_value v;
	struct buffer line, back;
	uint64_t n;

	buffer_init(&line, 0);
	buffer_init(&back, 0);
	json_begin(&line);
	json_number(&line, "seq", 12345678901234);
	json_text(&line, "id", SPAN("a,\"b\"}\\\r"));
	json_str(&line, "reason", NULL);
	json_truth(&line, "more", true);
	json_time(&line, "received", 1700000000123);
	json_end(&line);
	cr_expect(json_is_object(buffer_span(&line)));
	cr_assert(json_find(buffer_span(&line), "seq", &v));
	cr_expect(json_count(&v, &n) && n == 12345678901234);
	cr_assert(json_find(buffer_span(&line), "id", &v));
	json_unescape(v.text, &back);
	cr_expect(span_eq(buffer_span(&back), SPAN("a,\"b\"}\\\r")));
	cr_assert(json_find(buffer_span(&line), "reason", &v));
	cr_expect_eq(v.kind, JSON_NULL);
	cr_assert(json_find(buffer_span(&line), "more", &v));
	cr_expect_eq(v.kind, JSON_TRUE);
	cr_assert(json_find(buffer_span(&line), "received", &v));
	cr_expect(span_eq(v.text, SPAN("2023-11-14T22:13:20.123Z")));
	cr_assert(json_find(buffer_span(&line), "nothing", &v));
	cr_expect_eq(v.kind, JSON_NONE);
	buffer_finish(&line);
	buffer_finish(&back);
}

Test(control_json, objects_and_lists_stand_within_others)
{
	struct buffer line;

	buffer_init(&line, 0);
	json_begin(&line);
	json_open(&line, "feeds", '[');
	json_open(&line, NULL, '{');
	json_tenths(&line, "wait", 1.25);
	json_open(&line, "listen", '[');
	json_close(&line, ']');
	json_str(&line, "file", "\xff\"");
	json_close(&line, '}');
	json_str(&line, NULL, "b");
	json_close(&line, ']');
	json_number(&line, "pid", 7);
	json_end(&line);
	cr_expect_str_eq(text_of(&line),
	    "{\"feeds\":[{\"wait\":1.2,\"listen\":[],\"file\":\"\\ufffd\\\"\"},\"b\"],"
	    "\"pid\":7}\n");
	buffer_finish(&line);
}

Test(control_json, escapes_of_others_are_undone)
{
	struct buffer back;

	buffer_init(&back, 0);
	json_unescape(SPAN("\\u00fc\\u0800\\u20ac\\ue000\\/\\t\\ud800\\u12\\"), &back);
	cr_expect(span_eq(buffer_span(&back),
	    SPAN("\xc3\xbc\xe0\xa0\x80\xe2\x82\xac\xee\x80\x80/\t\xef\xbf\xbd\xef\xbf\xbd")));
	buffer_finish(&back);
}

Test(control_json, refuses_what_is_no_flat_object)
{
	static const char *const rows[] = { "", "{", "[]", "{\"a\"}", "{\"a\":}", "{\"a\":1",
		"{\"a\":1,}", "{\"a\":{}}", "{\"a\":[1]}", "{\"a\":\"\\\"}", "{\"a\":1} x", "{a:1}",
		"{\"a\":nul}" };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		cr_expect_not(json_is_object(span_str(rows[i])), "%s", rows[i]);
	cr_expect(json_is_object(SPAN("{}")));
	cr_expect(json_is_object(SPAN(" { \"a\" : -1.5e3 , \"b\" : false } \r\n")));
}

Test(control_json, numbers_that_are_not_whole_are_not_counted)
{
	static const char *const rows[] = { "{\"n\":-1}", "{\"n\":1.5}", "{\"n\":\"1\"}",
		"{\"n\":1234567890123456789}", "{\"n\":null}" };
	struct json_value v;
	uint64_t n;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		cr_assert(json_find(span_str(rows[i]), "n", &v));
		cr_expect_not(json_count(&v, &n), "%s", rows[i]);
	}
}
