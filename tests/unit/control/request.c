/* SPDX-License-Identifier: MIT */
#include "control/request.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>

TestSuite(control_request, .timeout = 60);

static struct control_request
read_good(const char *line)
{
	struct control_request r = { 0 };
	struct diag diag = { 0 };

	cr_assert_eq(control_request_read(span_str(line), &r, &diag), 0, "%s: %s", line, diag.what);
	return r;
}

Test(control_request, reads_each_word)
{
	struct control_request r = read_good("queue list feed=lab state=aside id=A%20b%25 limit=10 "
					     "after=5 older=1000 newer=2000 seq=7");

	cr_expect_eq(r.verb, CONTROL_LIST);
	cr_expect_str_eq(r.feed, "lab");
	cr_expect_eq(r.state, CONTROL_ASIDE);
	cr_expect_str_eq(r.id, "A b%");
	cr_expect(r.limit == 10 && r.after == 5 && r.older_than == 1000 && r.newer_than == 2000);
	cr_expect_eq(r.seq, 7);
	cr_expect(read_good("status text").text);
	cr_expect_not(read_good(" status ").text);
	cr_expect(read_good("queue show payload seq=1").payload);
	cr_expect(read_good("queue drop all").all);
	cr_expect_str_eq(read_good("queue backup path=/var/x%20y").path, "/var/x y");
	cr_expect_eq(read_good("queue import feed=a").verb, CONTROL_IMPORT);
}

Test(control_request, writes_what_it_reads)
{
	static const char *const rows[] = { "status", "status text", "queue list",
		"queue list limit=5 feed=a id=%c3%bc%20%3d state=delivered",
		"queue show payload seq=1", "queue retry all", "queue drop seq=9",
		"queue drop older=5 feed=x state=aside", "queue drop newer=5",
		"queue export after=3", "queue import feed=x", "queue backup path=/a",
		"queue list id=%09%0a%7f%25" };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct control_request r = read_good(rows[i]), again;
		struct buffer out;
		struct span rest;

		buffer_init(&out, 0);
		control_request_write(&r, &out);
		(void)span_cut(buffer_span(&out), '\n', &rest);
		cr_expect(rest.ptr && !rest.len, "one line: %s", rows[i]);
		out.data[out.end - 1] = '\0';
		again = read_good(out.data);
		cr_expect_eq(memcmp(&r, &again, sizeof(r)), 0, "%s: %s", rows[i], out.data);
		buffer_finish(&out);
	}
}

Test(control_request, refuses_what_it_does_not_know)
{
	static const char *const rows[] = { "", "stat", "statuses", "status foo", "status seq=1",
		"queue", "queue lis", "queue listen", "queue list payload", "queue list state=gone",
		"queue list state=", "queue list limit=0", "queue list limit=-1",
		"queue list limit=12345678901234567890", "queue list feed=", "queue list feed=%00",
		"queue list feed=%zz", "queue list feed=%4", "queue list feed=\xfc",
		"queue list feed=a feed=b", "queue list seq", "status text=1", "queue show",
		"queue import", "queue backup", "queue backup path=x", "queue list path=/x" };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct control_request r;
		struct diag diag = { 0 };

		cr_expect_eq(
		    control_request_read(span_str(rows[i]), &r, &diag), -EINVAL, "%s", rows[i]);
		cr_expect(diag.what && diag.offset <= strlen(rows[i]), "%s", rows[i]);
	}
}

/* A filter forgotten must not drop everything. */
Test(control_request, changes_nothing_without_a_filter)
{
	static const char *const rows[] = { "queue drop", "queue retry", "queue drop state=any" };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct control_request r;
		struct diag diag = { 0 };

		cr_expect_eq(
		    control_request_read(span_str(rows[i]), &r, &diag), -EINVAL, "%s", rows[i]);
	}
}

Test(control_request, takes_values_up_to_their_size_and_no_longer)
{
	char line[CONTROL_LINE];
	struct control_request r;
	struct diag diag;

	snprintf(line, sizeof(line), "queue list feed=%0*d", CONTROL_NAME, 1);
	cr_expect_eq(control_request_read(span_str(line), &r, &diag), 0);
	cr_expect_eq(strlen(r.feed), (size_t)CONTROL_NAME);
	snprintf(line, sizeof(line), "queue list feed=%0*d", CONTROL_NAME + 1, 1);
	cr_expect_eq(control_request_read(span_str(line), &r, &diag), -EINVAL);
}
