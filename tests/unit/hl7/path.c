/* SPDX-License-Identifier: MIT */
#include "hl7/path.h"

#include <criterion/criterion.h>
#include <errno.h>

#include "base/diag.h"

static const char *const good[] = { "OBX", "ZP1", "OBX[2]", "OBX-5", "OBX[2]-5", "OBX-5[3]",
	"OBX-5.1", "OBX-5.1.2", "OBX[2]-5[1].1.2", "OBX[999999]-999999[999999].999999.999999" };

Test(hl7_path, reads_what_it_writes)
{
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		struct hl7_path path;
		struct diag diag;
		char text[HL7_PATH_TEXT];

		cr_assert_eq(hl7_path_parse(span_str(good[i]), &path, &diag), 0, "%s", good[i]);
		cr_expect_str_eq(hl7_path_format(&path, text), good[i]);
	}
}

Test(hl7_path, has_six_parts)
{
	struct hl7_path p;
	struct diag diag;

	cr_assert_eq(hl7_path_parse(SPAN("OBX[2]-3[4].5.6"), &p, &diag), 0);
	cr_expect_eq(p.id, HL7_ID('O', 'B', 'X'));
	cr_expect(p.occurrence == 2 && p.field == 3 && p.repetition == 4);
	cr_expect(p.component == 5 && p.subcomponent == 6);
	cr_assert_eq(hl7_path_parse(SPAN("OBX-3"), &p, &diag), 0);
	cr_expect(p.occurrence == 0 && p.repetition == 0 && p.component == 0);
}

struct bad_path {
	const char *text;
	size_t offset;
};

static const struct bad_path bad[] = {
	{ "", 0 },
	{ "OB", 2 },
	{ "obx", 0 },
	{ "1BX", 0 },
	{ "OBx-1", 2 },
	{ "OBXX", 3 },
	{ "OBX.1", 3 },
	{ "OBX-", 4 },
	{ "OBX-0", 4 },
	{ "OBX-5.", 6 },
	{ "OBX-5.1.", 8 },
	{ "OBX-5.1.2.3", 9 },
	{ "OBX-5.0.1", 6 },
	{ "OBX-a", 4 },
	{ "OBX-+5", 4 },
	{ "OBX[]-5", 4 },
	{ "OBX[0]", 4 },
	{ "OBX[1", 5 },
	{ "OBX[1-5", 5 },
	{ "OBX-5[2", 7 },
	{ "OBX-5[x].1", 6 },
	{ "OBX-5 ", 5 },
	{ "OBX-1000000", 4 },
	{ "OBX-99999999999999999999", 4 },
	{ "OBX-5[1][2]", 8 },
};

Test(hl7_path, says_where_it_is_wrong)
{
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct hl7_path path;
		struct diag diag = { 0 };

		cr_expect_eq(hl7_path_parse(span_str(bad[i].text), &path, &diag), -EINVAL, "%s",
		    bad[i].text);
		cr_expect_eq(diag.offset, bad[i].offset, "%s: at %zu", bad[i].text, diag.offset);
		cr_expect_not_null(diag.what);
	}
	{
		struct hl7_path path;
		struct diag diag;

		cr_expect_eq(hl7_path_parse(SPAN("OBX\0-5"), &path, &diag), -EINVAL);
	}
}

Test(hl7_path, says_what_is_wrong)
{
	static const struct {
		const char *text, *what;
	} rows[] = {
		{ "OB", "a path begins with a segment's ID, as OBX or ZP1" },
		{ "OBX-", "a number must stand here" },
		{ "OBX-0", "counts start at 1" },
		{ "OBX-1000000", "this number is too large" },
		{ "OBX[1", "a ] must stand here" },
		{ "OBX-5 ", "a path ends before this" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct hl7_path path;
		struct diag diag = { 0 };

		cr_assert_eq(hl7_path_parse(span_str(rows[i].text), &path, &diag), -EINVAL);
		cr_expect_str_eq(diag.what, rows[i].what);
	}
}

struct get_case {
	const char *path, *want; /* NULL: absent */
};

static const struct get_case gets[] = {
	{ "PID", "PID|1||12^^^LAB&1.2&ISO~13" },
	{ "PID-1", "1" },
	{ "PID-2", "" },
	{ "PID-2.1", "" },
	{ "PID-2.2", NULL },
	{ "PID-3", "12^^^LAB&1.2&ISO~13" },
	{ "PID-3[1]", "12^^^LAB&1.2&ISO" },
	{ "PID-3[2]", "13" },
	{ "PID-3[3]", NULL },
	{ "PID-3.1", "12" },
	{ "PID-3.2", "" },
	{ "PID-3.4", "LAB&1.2&ISO" },
	{ "PID-3.4.2", "1.2" },
	{ "PID-3.4.4", NULL },
	{ "PID-3[2].1.1", "13" },
	{ "PID-4", NULL },
	{ "PID[2]", NULL },
	{ "OBX[2]-1", "2" },
	{ "OBX-1", "1" },
	{ "OBX[3]-1", NULL },
	{ "NTE-1", NULL },
	{ "MSH-1", "|" },
	{ "MSH-1.1", "|" },
	{ "MSH-2", "^~\\&" },
	{ "MSH-2[1].1.1", "^~\\&" },
	{ "MSH-2[2]", NULL },
	{ "MSH-2.2", NULL },
	{ "MSH-2.1.2", NULL },
	{ "MSH-3", "A^B" },
	{ "MSH-3.2", "B" },
};

Test(hl7_path, finds_its_place)
{
	struct hl7_message m;
	enum hl7_piece piece;
	size_t used;

	hl7_message_init(&m);
	cr_assert_eq(
	    hl7_message_read(&m, SPAN("MSH|^~\\&|A^B\rPID|1||12^^^LAB&1.2&ISO~13\rOBX|1\rOBX|2\r"),
		&piece, &used),
	    0);
	for (size_t i = 0; i < sizeof(gets) / sizeof(*gets); i++) {
		struct hl7_path path;
		struct diag diag;
		struct span got;

		cr_assert_eq(hl7_path_parse(span_str(gets[i].path), &path, &diag), 0);
		got = hl7_path_get(&m, &path);
		cr_expect_eq(got.ptr == NULL, gets[i].want == NULL, "%s", gets[i].path);
		if (gets[i].want)
			cr_expect(span_eq(got, span_str(gets[i].want)), "%s", gets[i].path);
	}
	hl7_message_finish(&m);
}
