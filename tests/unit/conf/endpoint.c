/* SPDX-License-Identifier: MIT */
#include "conf/endpoint.h"

#include <criterion/criterion.h>

/* clang-format off */
static const struct {
	struct conf_endpoint a, b;
	bool clash;
} pairs[] = {
	{ { "10.0.0.1", "2575" }, { "10.0.0.1", "2575" }, true },
	{ { "10.0.0.1", "2575" }, { "10.0.0.1", "02575" }, true },
	{ { "10.0.0.1", "2575" }, { "10.0.0.1", "2576" }, false },
	{ { "10.0.0.1", "hl7" }, { "10.0.0.1", "hl7" }, true },
	{ { "10.0.0.1", NULL }, { "10.0.0.1", NULL }, false },
	{ { "10.0.0.1", "2575" }, { "10.0.0.2", "2575" }, false },
	{ { "::1", "2575" }, { "0:0::1", "2575" }, true },
	{ { "Ehr", "2575" }, { "eHR", "2575" }, true },
	{ { "ehr", "2575" }, { "lab", "2575" }, false },
	{ { "", "2575" }, { "10.0.0.1", "2575" }, true },
	{ { "*", "2575" }, { "ehr", "2575" }, true },
	{ { "0.0.0.0", "2575" }, { "10.0.0.1", "2575" }, true },
	{ { "0.0.0.0", "2575" }, { "::1", "2575" }, false },
	{ { "::", "2575" }, { "fd00::1", "2575" }, true },
	{ { "::", "2575" }, { "10.0.0.1", "2575" }, false },
};

static const struct {
	struct conf_endpoint to, listener;
	bool reached;
} ways[] = {
	{ { "127.0.0.1", "2575" }, { "127.0.0.1", "2575" }, true },
	{ { "127.0.0.1", "2575" }, { "127.0.0.1", "2576" }, false },
	{ { "127.0.0.1", "2575" }, { "127.0.0.2", "2575" }, false },
	{ { "127.0.0.1", "2575" }, { "", "2575" }, true },
	{ { "127.0.0.2", "2575" }, { "", "2575" }, true },
	{ { "127.0.0.1", "2575" }, { "0.0.0.0", "2575" }, true },
	{ { "127.0.0.1", "2575" }, { "::", "2575" }, false },
	{ { "::1", "2575" }, { "::", "2575" }, true },
	{ { "::1", "2575" }, { "0.0.0.0", "2575" }, false },
	{ { "localhost", "2575" }, { "0.0.0.0", "2575" }, true },
	{ { "localhost", "2575" }, { "::", "2575" }, true },
	{ { "localhost", "2575" }, { "127.0.0.1", "2575" }, true },
	{ { "::1", "2575" }, { "localhost", "2575" }, true },
	{ { "::1", "2575" }, { "10.0.0.1", "2575" }, false },
	{ { "0.0.0.0", "2575" }, { "", "2575" }, true },
	{ { "0.0.0.0", "2575" }, { "0.0.0.0", "2575" }, true },
	{ { "0.0.0.0", "2575" }, { "127.0.0.1", "2575" }, true },
	{ { "0.0.0.0", "2575" }, { "10.0.0.1", "2575" }, false },
	{ { "::", "2575" }, { "::1", "2575" }, true },
	{ { "::", "2575" }, { "127.0.0.1", "2575" }, false },
	{ { "::ffff:127.0.0.1", "2575" }, { "127.0.0.1", "2575" }, true },
	{ { "::ffff:7f00:1", "2575" }, { "0.0.0.0", "2575" }, true },
	{ { "127.0.0.1", "2575" }, { "::ffff:127.0.0.1", "2575" }, true },
	{ { "::ffff:127.0.0.2", "2575" }, { "127.0.0.1", "2575" }, false },
	{ { "::ffff:127.0.0.1", "2575" }, { "::1", "2575" }, false },
	/* it may be another machine's */
	{ { "10.0.0.1", "2575" }, { "", "2575" }, false },
	{ { "ehr", "2575" }, { "0.0.0.0", "2575" }, false },
	{ { "ehr", "2575" }, { "EHR", "2575" }, true },
};
/* clang-format on */

Test(conf_endpoint, clashes_where_both_cannot_be_listened_on)
{
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		cr_expect_eq(
		    conf_endpoints_clash(pairs[i].a, pairs[i].b), pairs[i].clash, "row %zu", i);
		cr_expect_eq(conf_endpoints_clash(pairs[i].b, pairs[i].a), pairs[i].clash,
		    "row %zu, swapped", i);
	}
}

Test(conf_endpoint, reaches_a_listener_on_this_machine)
{
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		cr_expect_eq(conf_endpoint_reaches(ways[i].to, ways[i].listener), ways[i].reached,
		    "row %zu", i);
}

Test(conf_endpoint, is_written_as_flags_read_it)
{
	static const struct {
		struct conf_endpoint e;
		const char *want;
	} texts[] = { { { "127.0.0.1", "2575" }, "127.0.0.1:2575" }, { { "*", "hl7" }, "*:hl7" },
		{ { "ehr.example", "1" }, "ehr.example:1" }, { { "::1", "2575" }, "[::1]:2575" } };
	char buf[CONF_ENDPOINT_TEXT];

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		cr_expect_str_eq(conf_endpoint_text(texts[i].e, buf), texts[i].want);
}
