/* SPDX-License-Identifier: MIT */
#include "conf/spelling.h"

#include <criterion/criterion.h>

static const uint64_t refused = UINT64_MAX;

Test(conf_spelling, reads_durations_with_units_and_plain_seconds)
{
	static const struct {
		const char *text;
		uint64_t ms;
	} rows[] = { { "30s", 30000 }, { "30", 30000 }, { "500ms", 500 }, { "2min", 120000 },
		{ "1h", 3600000 }, { "0", 0 }, { "007s", 7000 }, { "4294967295ms", 4294967295 },
		{ "4294967296ms", refused }, { "99999999999999999h", refused }, { "", refused },
		{ "s", refused }, { "30 s", refused }, { "-1s", refused }, { "1.5s", refused },
		{ "2m", refused }, { "30S", refused }, { "30sec", refused }, { "1h30min", refused },
		{ "0x10", refused } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint32_t ms = 1;
		bool good = conf_duration(span_str(rows[i].text), &ms);

		cr_expect_eq(good ? ms : refused, rows[i].ms, "%s", rows[i].text);
		cr_expect(good || ms == 1, "%s is written to", rows[i].text);
	}
}

Test(conf_spelling, reads_sizes_with_units_and_plain_bytes)
{
	static const struct {
		const char *text;
		uint64_t bytes;
	} rows[] = { { "16MiB", 16 << 20 }, { "64KiB", 64 << 10 }, { "4096", 4096 }, { "0", 0 },
		{ "64GiB", (uint64_t)64 << 30 },
		{ "8589934591GiB", ((uint64_t)1 << 63) - (1 << 30) }, { "8589934592GiB", refused },
		{ "16MB", refused }, { "16M", refused }, { "16mib", refused },
		{ "16 MiB", refused }, { "MiB", refused }, { "", refused },
		{ "1000000000000000000", refused } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t bytes = 1;

		if (!conf_size(span_str(rows[i].text), &bytes))
			bytes = refused;
		cr_expect_eq(bytes, rows[i].bytes, "%s", rows[i].text);
	}
}

Test(conf_spelling, tells_host_from_port)
{
	static const struct {
		const char *text, *host, *port; /* port NULL: refused */
	} rows[] = { { "2575", "", "2575" }, { "engine:6661", "engine", "6661" },
		{ "127.0.0.1:80", "127.0.0.1", "80" }, { "[::1]:80", "::1", "80" },
		{ "*:80", "*", "80" }, { ":80", "", "80" }, { "hl7", "", "hl7" },
		{ "[fe80::1%eth0]:x", "fe80::1%eth0", "x" }, { "::1:80", NULL, NULL },
		{ "::1", NULL, NULL }, { "engine:", NULL, NULL }, { "[::1]", NULL, NULL },
		{ "[::1]80", NULL, NULL }, { "[::1]:", NULL, NULL }, { "[::1:80", NULL, NULL },
		{ "", NULL, NULL }, { ":", NULL, NULL }, { "[", NULL, NULL } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct span host, port;
		bool good = conf_host_port(span_str(rows[i].text), &host, &port);

		cr_assert_eq(good, rows[i].port != NULL, "%s", rows[i].text);
		cr_expect(!good || span_eq(host, span_str(rows[i].host)), "%s", rows[i].text);
		cr_expect(!good || span_eq(port, span_str(rows[i].port)), "%s", rows[i].text);
	}
}

Test(conf_spelling, writes_limits_in_the_largest_unit_without_a_rest)
{
	char buf[CONF_LIMIT_TEXT];

	cr_expect_str_eq(conf_duration_text(1, buf), "1ms");
	cr_expect_str_eq(conf_duration_text(1500, buf), "1500ms");
	cr_expect_str_eq(conf_duration_text(60000, buf), "1min");
	cr_expect_str_eq(conf_duration_text(90000, buf), "90s");
	cr_expect_str_eq(conf_duration_text(24 * 3600000, buf), "24h");
	cr_expect_str_eq(conf_size_text(1023, buf), "1023");
	cr_expect_str_eq(conf_size_text(64 << 10, buf), "64KiB");
	cr_expect_str_eq(conf_size_text((uint64_t)3 << 30, buf), "3GiB");
}

Test(conf_spelling, knows_names_hosts_and_ports)
{
	char name[66];

	memset(name, 'x', sizeof(name));
	cr_expect(conf_is_name(span_of(name, 64)));
	cr_expect_not(conf_is_name(span_of(name, 65)));
	cr_expect_not(conf_is_name(SPAN("")));
	cr_expect_not(conf_is_name(SPAN("a\0b")));
	cr_expect(conf_is_host(SPAN("ehr.example")));
	cr_expect(conf_is_host(SPAN("2001:db8::7")) && conf_is_host(SPAN("fe80::1%eth0")));
	cr_expect_not(conf_is_host(SPAN("-ehr")));
	cr_expect_not(conf_is_host(SPAN("ehr:6661")) || conf_is_host(SPAN("10.0.0.1:6661")));
	cr_expect(conf_is_host(SPAN("febf::1%2")) && conf_is_host(SPAN("fec0::1")));
	cr_expect_not(conf_is_host(SPAN("fe80::1")) || conf_is_host(SPAN("febf::1")));
	cr_expect_not(conf_is_host(SPAN("2001:db8::7%eth0")) || conf_is_host(SPAN("::1%lo")));
	cr_expect_not(conf_is_host(SPAN("fe80::1%")) || conf_is_host(SPAN("ehr%eth0")));
	cr_expect_not(conf_is_host(SPAN("fd00::/8")) || conf_is_host(SPAN("::/0%eth0")));
	cr_expect(conf_is_host(SPAN("10.1.2.3")) && conf_is_host(SPAN("ehr.1a")));
	cr_expect(conf_is_host(SPAN("3com.example")) && conf_is_host(SPAN("ehr.example.")));
	cr_expect_not(conf_is_host(SPAN("7")));
	cr_expect_not(conf_is_host(SPAN("010.001.002.003")) || conf_is_host(SPAN("10.1")));
	cr_expect_not(conf_is_host(SPAN("10.1.2.256")) || conf_is_host(SPAN("ehr.5")));
	cr_expect_not(conf_is_host(SPAN("0x0a010203")) || conf_is_host(SPAN("10.1.2.0x3")));
	cr_expect_not(conf_is_host(SPAN(".example"))); /* would be all hosts below it */
	cr_expect(conf_is_dns_name(SPAN("lab.example")) && conf_is_dns_name(SPAN("3com")));
	cr_expect_not(conf_is_dns_name(SPAN("10.1.2.3")) || conf_is_dns_name(SPAN("fd00::7")));
	cr_expect_not(conf_is_dns_name(SPAN("lab.example.")) || conf_is_dns_name(SPAN("*.lab")));
	cr_expect(conf_is_port(SPAN("1")) && conf_is_port(SPAN("65535")));
	cr_expect_not(conf_is_port(SPAN("0")));
	cr_expect_not(conf_is_port(SPAN("65536")));
	cr_expect(conf_is_port(SPAN("hl7")));
	cr_expect_not(conf_is_port(SPAN("7hl")));
	cr_expect(conf_is_port(SPAN("fifteen-letters")));
	cr_expect_not(conf_is_port(SPAN("sixteen-letters-")));
}

Test(conf_spelling, knows_pins)
{
	static const struct {
		const char *text;
		bool is;
	} rows[] = { { "sha256//47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", true },
		{ "sha256////////////////////////////////////////////8=", true },
		{ "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", false },
		{ "SHA256//47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", false },
		{ "sha256//47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFV=", false },
		{ "sha256//47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU", false },
		{ "sha256//47DEQpj8HBSa+_TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", false },
		{ "sha256//47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU==", false },
		{ "sha256//", false }, { "sha256/", false }, { "", false } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		cr_expect_eq(conf_is_pin(span_str(rows[i].text)), rows[i].is, "%s", rows[i].text);
}

Test(conf_spelling, knows_printable_ascii)
{
	cr_expect(conf_is_ascii(SPAN("LAB 2^~")));
	cr_expect_not(conf_is_ascii(SPAN("")));
	cr_expect_not(conf_is_ascii(SPAN("LAB\x7f")));
	cr_expect_not(conf_is_ascii(SPAN("LAB\r")));
	cr_expect_not(conf_is_ascii(SPAN("L\xc3\xa4")));
}
