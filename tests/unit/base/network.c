/* SPDX-License-Identifier: MIT */
#include "base/network.h"

#include <criterion/criterion.h>

static struct network
address(const char *text)
{
	struct network n;

	cr_assert_eq(network_parse(span_str(text), &n), NETWORK_FINE, "%s", text);
	cr_assert_eq(n.bits, 128, "%s", text);
	return n;
}

Test(network, holds_the_addresses_with_the_same_first_bits)
{
	static const struct {
		const char *network, *address;
		bool holds;
	} rows[] = {
		{ "10.0.0.0/8", "10.255.255.255", true },
		{ "10.0.0.0/8", "11.0.0.0", false },
		{ "10.0.0.0/8", "9.255.255.255", false },
		{ "10.1.2.128/25", "10.1.2.128", true },
		{ "10.1.2.128/25", "10.1.2.127", false },
		{ "10.1.2.2/31", "10.1.2.3", true },
		{ "10.1.2.2/31", "10.1.2.4", false },
		{ "10.1.2.3", "10.1.2.3", true },
		{ "10.1.2.3", "10.1.2.2", false },
		{ "10.1.2.3/32", "10.1.2.3", true },
		{ "0.0.0.0/0", "255.255.255.255", true },
		{ "0.0.0.0/0", "::1", false },
		{ "0.0.0.0/1", "128.0.0.0", false },
		{ "::/0", "10.1.2.3", true },
		{ "::/0", "2001:db8::1", true },
		{ "::1", "::1", true },
		{ "::1", "127.0.0.1", false },
		{ "2001:db8::/32", "2001:db8:ffff::", true },
		{ "2001:db8::/32", "2001:db9::", false },
		{ "2001:db8::/33", "2001:db8:8000::", false },
		{ "2001:db8::/33", "2001:db8:7fff:ffff::", true },
		{ "fe80::/10", "febf::1", true },
		{ "fe80::/10", "fec0::1", false },
		/* what a socket of both families says of an IPv4 peer */
		{ "10.0.0.0/8", "::ffff:10.1.2.3", true },
		{ "::ffff:10.0.0.0/104", "10.1.2.3", true },
		{ "::ffff:10.0.0.0/104", "11.1.2.3", false },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct network peer = address(rows[i].address);
		struct network n;

		cr_assert_eq(network_parse(span_str(rows[i].network), &n), NETWORK_FINE, "%s",
		    rows[i].network);
		cr_expect_eq(network_holds(&n, &peer), rows[i].holds, "%s in %s", rows[i].address,
		    rows[i].network);
	}
}

Test(network, is_refused_when_it_could_mean_something_else)
{
	static const struct {
		const char *text;
		enum network_verdict verdict;
	} rows[] = {
		{ "", NETWORK_NO_ADDRESS },
		{ "/8", NETWORK_NO_ADDRESS },
		{ "lab.example", NETWORK_NO_ADDRESS },
		{ "10.0.0", NETWORK_NO_ADDRESS },
		{ "10/8", NETWORK_NO_ADDRESS },
		{ "010.0.0.1", NETWORK_NO_ADDRESS },
		{ "10.0.0.256", NETWORK_NO_ADDRESS },
		{ "10.0.0.1 ", NETWORK_NO_ADDRESS },
		{ "[::1]", NETWORK_NO_ADDRESS },
		{ "fe80::1%eth0", NETWORK_NO_ADDRESS },
		{ "1:2:3:4:5:6:7:8:9:1:2:3:4:5:6:7:8:9:1:2:3:4:5:6:7:8:9", NETWORK_NO_ADDRESS },
		{ "10.0.0.0/", NETWORK_NO_LENGTH },
		{ "10.0.0.0/33", NETWORK_NO_LENGTH },
		{ "10.0.0.0/08", NETWORK_NO_LENGTH },
		{ "10.0.0.0/-1", NETWORK_NO_LENGTH },
		{ "10.0.0.0/8/8", NETWORK_NO_LENGTH },
		{ "10.0.0.0/255.0.0.0", NETWORK_NO_LENGTH },
		{ "::/129", NETWORK_NO_LENGTH },
		{ "::/4294967296", NETWORK_NO_LENGTH },
		{ "10.1.2.3/8", NETWORK_HOST_BITS },
		{ "10.0.0.1/31", NETWORK_HOST_BITS },
		{ "0.0.0.1/0", NETWORK_HOST_BITS },
		{ "2001:db8::1/32", NETWORK_HOST_BITS },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct network n;

		cr_expect_eq(
		    network_parse(span_str(rows[i].text), &n), rows[i].verdict, "%s", rows[i].text);
	}
	cr_expect_eq(network_parse(SPAN("10.0.0.1\0"), &(struct network){ 0 }), NETWORK_NO_ADDRESS);
}

Test(network, of_a_network_is_a_part_of_it)
{
	struct network wide, narrow;

	cr_assert_eq(network_parse(SPAN("10.0.0.0/8"), &wide), NETWORK_FINE);
	cr_assert_eq(network_parse(SPAN("10.1.0.0/16"), &narrow), NETWORK_FINE);
	cr_expect(network_holds(&wide, &narrow));
	cr_expect_not(network_holds(&narrow, &wide));
}

Test(network, of_bytes_is_that_of_their_text)
{
	static const uint8_t v4[] = { 10, 1, 2, 3 }, v6[16] = { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 };
	struct network a = network_of(v4, sizeof(v4)), b = network_of(v6, sizeof(v6));
	const struct network x = address("10.1.2.3"), y = address("2001:db8::1");

	cr_expect_arr_eq(a.address, x.address, NETWORK_BYTES);
	cr_expect_arr_eq(b.address, y.address, NETWORK_BYTES);
	cr_expect(a.bits == 128 && b.bits == 128);
}
