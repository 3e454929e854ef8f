/* SPDX-License-Identifier: MIT */
#include "net/listener.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <netinet/in.h>

static union net_address
four(const char *host, unsigned port)
{
	union net_address a = { 0 };

	a.four.sin_family = AF_INET;
	a.four.sin_port = htons((uint16_t)port);
	cr_assert_eq(inet_pton(AF_INET, host, &a.four.sin_addr), 1);
	return a;
}

static union net_address
six(const char *host, unsigned port)
{
	union net_address a = { 0 };

	a.six.sin6_family = AF_INET6;
	a.six.sin6_port = htons((uint16_t)port);
	cr_assert_eq(inet_pton(AF_INET6, host, &a.six.sin6_addr), 1);
	return a;
}

static void
expect_text(union net_address a, const char *want)
{
	char buf[NET_ADDRESS_TEXT];

	cr_expect_str_eq(net_address_text(&a, buf), want);
}

Test(net_address, is_written_as_people_write_it)
{
	union net_address local = { .family = AF_UNIX };

	expect_text(four("192.0.2.1", 40000), "192.0.2.1:40000");
	expect_text(six("2001:db8::1", 1), "[2001:db8::1]:1");
	expect_text(six("::ffff:192.0.2.1", 65535), "192.0.2.1:65535");
	expect_text(six("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 65535),
	    "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535");
	expect_text(local, "unix");
}

Test(net_address, is_the_same_host_whatever_the_port)
{
	union net_address a = four("192.0.2.1", 1), b = four("192.0.2.1", 2),
			  c = six("::ffff:192.0.2.1", 3), d = four("192.0.2.2", 1),
			  e = six("2001:db8::1", 1), f = six("2001:db8::2", 1);

	cr_expect(net_same_host(&a, &b));
	cr_expect(net_same_host(&a, &c));
	cr_expect(net_same_host(&c, &a));
	cr_expect_not(net_same_host(&a, &d));
	cr_expect_not(net_same_host(&a, &e));
	cr_expect(net_same_host(&e, &e));
	cr_expect_not(net_same_host(&e, &f));
}
