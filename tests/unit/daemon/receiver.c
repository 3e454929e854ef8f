/* SPDX-License-Identifier: MIT */
/*
 * How long the addresses of a receiver are waited for, with a resolver that answers when the test
 * says so, and a clock that goes by what it says.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "daemon/feed.h"
#include "daemon/line.h"
#include "daemon/link.h"
#include "daemon/observe.h"

/* ---- the others ---- */

static uint64_t seconds = 1000;
static unsigned failed, gone_on; /* who waited */
static unsigned told;            /* that the name server failed */

uint64_t
now_us(void)
{
	return seconds * 1000000;
}

void
link_resolved(struct link *l, bool was_failed)
{
	(void)l;
	failed += was_failed;
	gone_on += !was_failed;
}

void
line_resolved(struct line *l, bool was_failed)
{
	(void)l, (void)was_failed;
}

void
dial_forget_addresses(struct dial *d)
{
	(void)d;
}

void
observe_dns_failed(struct feed *f, int error)
{
	(void)f, (void)error;
	told++;
}

void
observe_connect_failed(struct feed *f, int error, enum net_tls_reason denied)
{
	(void)f, (void)error, (void)denied;
}

/* ---- the resolver ---- */

static net_resolved *asker;
static unsigned asked, forgotten;
static bool burdened;

void
net_resolve(
    struct net_resolver *r, const char *host, const char *port, net_resolved *done, void *ctx)
{
	(void)r, (void)host, (void)port, (void)ctx;
	asker = done;
	asked++;
}

void
net_resolver_forget(struct net_resolver *r, void *ctx)
{
	(void)r, (void)ctx;
	forgotten++;
}

bool
net_resolver_is_burdened(struct net_resolver *r)
{
	(void)r;
	return burdened;
}

/* ---- one feed ---- */

static const struct conf_feed conf = { .forward = { .host = "lab.test",
					   .port = "2575",
					   .backoff_least = 1000,
					   .backoff_most = 60000 } };
static struct hl7noted d;
static struct link links[2] = { { .next = &links[1] } };
static struct metric backoff;
static struct feed f = { .daemon = &d, .conf = &conf, .links = links, .metrics.backoff = &backoff };

static void
pass(uint64_t s)
{
	seconds += s;
	feed_tick(&f, now_ms());
}

static void
answer(const char *address)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST };
	struct addrinfo *addresses;

	cr_assert_eq(getaddrinfo(address, "2575", &hints, &addresses), 0);
	asker(&f, addresses, 0);
}

static void
ask(void)
{
	cr_assert_not(feed_resolve(&f));
}

static void
tear_down(void)
{
	feed_forget_receiver(&f);
}

TestSuite(receiver, .fini = tear_down);

Test(receiver, fails_all_who_wait_where_its_name_server_takes_half_a_minute)
{
	ask();
	pass(29);
	cr_expect_eq(failed, 0);
	pass(1);
	cr_expect_eq(failed, 2);
	cr_expect_eq(told, 1);
	cr_expect_gt(feed_wait(&f), 0);
	pass(100);
	cr_expect_eq(failed, 2);
	cr_expect_eq(told, 1);
}

Test(receiver, is_found_by_an_answer_that_comes_late)
{
	ask();
	pass(30);
	answer("127.0.0.1");
	cr_expect(feed_resolve(&f));
	cr_expect_eq(asked, 1);
}

Test(receiver, is_not_asked_for_twice_while_the_answer_is_late)
{
	ask();
	pass(30);
	pass(60);
	ask();
	cr_expect_eq(asked, 1);
	pass(29);
	cr_expect_eq(told, 1);
	answer("127.0.0.1");
	cr_expect_eq(gone_on, 2);
	cr_expect(feed_resolve(&f));
}

Test(receiver, is_asked_for_anew_where_the_answer_never_comes)
{
	for (unsigned n = 0; n < 5; n++) {
		ask();
		cr_expect_eq(asked, 1);
		pass(30);
	}
	cr_expect_eq(forgotten, 0);
	ask();
	cr_expect_eq(forgotten, 1);
	cr_expect_eq(asked, 2);
	pass(30);
	ask();
	cr_expect_eq(asked, 2);
}

Test(receiver, is_not_asked_for_anew_where_that_would_keep_others_from_asking)
{
	burdened = true;
	for (unsigned n = 0; n < 20; n++) {
		ask();
		pass(30);
	}
	cr_expect_eq(asked, 1);
	burdened = false;
	ask();
	cr_expect_eq(asked, 2);
}

Test(receiver, keeps_the_addresses_it_had)
{
	ask();
	answer("127.0.0.1");
	pass(61);
	ask();
	pass(1);
	cr_expect(feed_resolve(&f), "after a second the old ones have to do");
	pass(29);
	cr_expect_eq(told, 1);
	cr_expect_eq(failed, 0);
	cr_expect(feed_resolve(&f), "for a minute without a wait");
	answer("127.0.0.2");
	cr_expect(feed_resolve(&f));
	cr_expect_eq(asked, 2);
}
