/* SPDX-License-Identifier: MIT */
#include "report.h"

#include <criterion/criterion.h>

#include "../mapping/fragment.h"

static void
swap(struct buffer *b, char from, char to)
{
	for (size_t i = b->start; i < b->end; i++) {
		if (b->data[i] == from)
			b->data[i] = to;
	}
}

void
report_begin(struct report *r, struct mapping *const *mappings, size_t count)
{

	*r = (struct report){ .head = SPAN(HEAD) };
	for (size_t i = 0; i < count; i++)
		r->mappings[i] = mappings[i];
	r->annotator = annotator_create((const struct mapping *const *)r->mappings, count);
	cr_assert(r->annotator);
	hl7_message_init(&r->message);
	buffer_init(&r->in, 0);
	buffer_init(&r->out, 0);
}

void
report_begin_rules(struct report *r, const char *rules)
{
	struct mapping *m = fragment_good(IN_ALL, rules);

	report_begin(r, &m, 1);
}

void
report_end(struct report *r)
{
	annotator_destroy(r->annotator);
	for (size_t i = 0; i < sizeof(r->mappings) / sizeof(r->mappings[0]); i++)
		mapping_destroy(r->mappings[i]);
	hl7_message_finish(&r->message);
	buffer_finish(&r->in);
	buffer_finish(&r->out);
}

const char *
report_annotate(struct report *r, const char *text)
{
	enum hl7_piece piece;
	size_t used;

	buffer_clear(&r->in);
	buffer_append(&r->in, r->head);
	buffer_append(&r->in, span_str(text));
	swap(&r->in, '\n', '\r');
	cr_assert_eq(
	    hl7_message_read(&r->message, buffer_span(&r->in), &piece, &used), 0, "%s", text);
	annotate(r->annotator, &r->message, &r->annotation);

	buffer_clear(&r->out);
	for (size_t i = 0; i < r->annotation.iov_count; i++)
		buffer_append(
		    &r->out, span_of(r->annotation.iov[i].iov_base, r->annotation.iov[i].iov_len));
	swap(&r->out, '\r', '\n');
	buffer_append_char(&r->out, '\0');
	cr_assert_eq(strncmp(r->out.data, r->head.ptr, r->head.len), 0);
	return r->out.data + r->head.len;
}

const struct finding *
report_finding(const struct report *r)
{
	cr_assert_eq(r->annotation.finding_count, 1);
	return &r->annotation.findings[0];
}

void
report_expect(struct report *r, const char *name, const char *text, const char *want)
{
	char *once;

	cr_expect_str_eq(report_annotate(r, text), want, "%s", name);
	once = strdup(r->out.data + r->head.len);
	cr_expect_str_eq(report_annotate(r, once), once, "%s, a second time", name);
	free(once);
}
