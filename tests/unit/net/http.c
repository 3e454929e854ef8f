/* SPDX-License-Identifier: MIT */
/*
 * A server on a loop that is turned by hand, and clients that are raw sockets: all
 * in one thread, so that nothing depends on who is first.
 */
#include "net/http.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/resolver.h"

enum { LARGE = 8 << 20, CLIENTS_MOST = 16 };

static struct ev_loop *loop;
static struct net_http *http;
static char asked[256];
static unsigned times, gave_way, sent_away;

static int
answer(void *ctx, struct span path, struct buffer *body, const char **type)
{
	(void)ctx;
	times++;
	snprintf(asked, sizeof(asked), "%.*s", (int)path.len, path.ptr);
	if (span_eq(path, SPAN("/large"))) {
		char *room = buffer_reserve(body, LARGE);

		cr_assert(room);
		memset(room, 'x', LARGE);
		buffer_filled(body, LARGE);
		return 200;
	}
	if (span_eq(path, SPAN("/short")))
		body->limit = 4; /* as if memory ran out */
	else if (!span_eq(path, SPAN("/metrics")))
		return 404;
	*type = "text/plain; version=0.0.4";
	buffer_append(body, SPAN("up 1\n"));
	return 200;
}

static void
crowded(void *ctx, bool way)
{
	(void)ctx;
	*(way ? &gave_way : &sent_away) += 1;
}

static void
begin(void)
{
	const char *step = "";
	struct addrinfo *addresses;

	gave_way = sent_away = 0;

	signal(SIGPIPE, SIG_DFL);
	loop = ev_loop_new(EVFLAG_AUTO);
	cr_assert_eq(net_look_up("127.0.0.1", "0", AI_NUMERICHOST, &addresses), 0);
	http = net_http_create(loop, addresses, answer, crowded, NULL, &step);
	cr_assert(http, "%s: %s", step, strerror(errno));
	freeaddrinfo(addresses);
	times = 0;
}

static void
end(void)
{
	net_http_destroy(http);
	ev_loop_destroy(loop);
}

TestSuite(net_http, .init = begin, .fini = end, .timeout = 60);

/* ---- a client --------------------------------------------------------------------------- */

static void
turn(void)
{
	for (unsigned i = 0; i < 4; i++)
		ev_run(loop, EVRUN_NOWAIT);
}

static int
dial(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)net_http_port(http)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	cr_assert_eq(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	turn();
	return fd;
}

static void
say(int fd, struct span text, size_t piece)
{
	while (text.len) {
		struct span now = span_head(text, piece);

		if (send(fd, now.ptr, now.len, MSG_NOSIGNAL) < 0)
			return;
		text = span_tail(text, piece);
		turn();
	}
}

/* Until the server ends it: 0; -1 when it was reset, or went on too long. */
static int
hear(int fd, struct buffer *out, size_t piece, double patience)
{
	ev_tstamp until = ev_time() + patience;

	while (ev_time() < until) {
		ssize_t n = recv(fd, buffer_reserve(out, piece), piece, 0);

		if (n == 0)
			return 0;
		if (n < 0 && errno != EAGAIN)
			return -1;
		if (n > 0)
			buffer_filled(out, (size_t)n);
		turn();
	}
	return -1;
}

/* The whole answer as a string; freed with the next one. */
static const char *
ask(struct span request, size_t piece)
{
	static struct buffer out;
	int fd = dial();

	buffer_clear(&out);
	say(fd, request, piece);
	cr_expect_eq(hear(fd, &out, 4096, 30), 0, "no proper end");
	close(fd);
	turn();
	buffer_append_char(&out, '\0');
	return buffer_span(&out).ptr;
}

/* ---- requests --------------------------------------------------------------------------- */

static const char good[] = "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\n"
			   "Content-Length: 5\r\nConnection: close\r\n\r\n";

Test(net_http, answers_wherever_the_request_was_cut)
{
	const struct span request = SPAN("GET /metrics?x=1 HTTP/1.1\r\nHost: here\r\n\r\n");
	char want[256];

	snprintf(want, sizeof(want), "%sup 1\n", good);
	for (size_t piece = 1; piece <= request.len; piece++) {
		cr_expect_str_eq(ask(request, piece), want, "pieces of %zu", piece);
		cr_expect_str_eq(asked, "/metrics");
	}
}

Test(net_http, gives_no_part_of_an_answer)
{
	cr_expect_str_eq(ask(SPAN("GET /short HTTP/1.1\r\n\r\n"), 64),
	    "HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain\r\nContent-Length: 20"
	    "\r\nConnection: close\r\n\r\nService Unavailable\n");
}

Test(net_http, answers_head_without_a_body)
{
	cr_expect_str_eq(ask(SPAN("HEAD /metrics HTTP/1.0\n\n"), 100), good);
}

Test(net_http, refuses_what_it_does_not_know)
{
	static const struct {
		struct span request;
		const char *status;
	} rows[] = {
		{ { "GET /nowhere HTTP/1.1\r\n\r\n", 25 }, "404" },
		{ { "POST /metrics HTTP/1.1\r\n\r\n", 26 }, "405" },
		{ { "get /metrics HTTP/1.1\r\n\r\n", 25 }, "405" },
		{ { "GET /metrics\r\n\r\n", 16 }, "400" },
		{ { "GET  /metrics HTTP/1.1\r\n\r\n", 26 }, "400" },
		{ { "GET  HTTP/1.1\r\n\r\n", 17 }, "400" },
		{ { "GET /metrics HTTP/2\r\n\r\n", 23 }, "400" },
		{ { "GET /metrics HTTP/1.1\0\r\n\r\n", 26 }, "200" },
		{ { "\r\n\r\n", 4 }, "400" },
		{ { "MSH|^~\\&|LAB\r\n\r\n", 16 }, "400" },
		{ { "\x16\x03\x01\n\n", 5 }, "400" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		cr_expect_eq(strncmp(ask(rows[i].request, 100) + 9, rows[i].status, 3), 0,
		    "row %zu: %s", i, ask(rows[i].request, 100));
	cr_expect(strstr(ask(SPAN("PUT / HTTP/1.1\r\n\r\n"), 100), "\r\nAllow: GET, HEAD\r\n"));
}

Test(net_http, takes_four_kibibytes_and_no_more)
{
	char request[10000];
	int head = snprintf(request, sizeof(request), "GET /metrics HTTP/1.1\r\nX: ");

	memset(request + head, 'x', sizeof(request) - (size_t)head);
	memcpy(request + 4092, "\r\n\r\n", 4);
	cr_expect_eq(strncmp(ask(span_of(request, 4096), 4096), "HTTP/1.1 200", 12), 0);
	memcpy(request + 4092, "xx\r\n\r\n", 6);
	cr_expect_eq(strncmp(ask(span_of(request, 4098), 4098), "HTTP/1.1 413", 12), 0);
	/* all of it comes before the answer is read, and the answer is there all the same */
	cr_expect_eq(strncmp(ask(span_of(request, sizeof(request)), 5000), "HTTP/1.1 413", 12), 0);
}

Test(net_http, reads_away_what_follows_a_request)
{
	cr_expect_eq(
	    strncmp(ask(SPAN("GET /metrics HTTP/1.1\r\n\r\nGET /metrics HTTP/1.1\r\n\r\n"), 100),
		good, sizeof(good) - 1),
	    0);
	cr_expect_eq(times, 1);
}

/* ---- clients that are slow, many, or gone ----------------------------------------------- */

Test(net_http, writes_a_large_answer_as_it_is_read)
{
	struct buffer out;
	int fd = dial();

	buffer_init(&out, 0);
	say(fd, SPAN("GET /large HTTP/1.1\r\n\r\n"), 100);
	cr_expect_eq(hear(fd, &out, 5000, 30), 0);
	cr_expect_gt(buffer_span(&out).len, LARGE);
	cr_expect_lt(buffer_span(&out).len, LARGE + 200);
	buffer_finish(&out);
	close(fd);
}

/* One byte now and then, or an answer that nobody reads: over after five seconds. */
Test(net_http, has_no_patience_for_slow_clients)
{
	ev_tstamp began = ev_time();
	int talks = dial(), listens = dial();
	struct buffer out;
	char c;

	buffer_init(&out, 0);
	say(listens, SPAN("GET /large HTTP/1.1\r\n\r\n"), 100);
	while (recv(talks, &c, 1, 0) < 0 && errno == EAGAIN && ev_time() < began + 40) {
		say(talks, SPAN("G"), 1);
		usleep(50000);
	}
	cr_expect_gt(ev_time(), began + 4.9);
	cr_expect_lt(ev_time(), began + 40);
	turn();
	(void)hear(listens, &out, 1 << 16, 1);
	cr_expect_lt(buffer_span(&out).len, LARGE);
	buffer_finish(&out);
	close(talks);
	close(listens);
}

/* Of two who have asked for more than a socket takes, and fourteen who have not asked. */
Test(net_http, lets_one_more_than_sixteen_in_for_the_oldest_that_has_not_asked)
{
	int fds[CLIENTS_MOST];
	char c;

	for (unsigned i = 0; i < CLIENTS_MOST; i++) {
		fds[i] = dial();
		say(fds[i], i < 2 ? SPAN("GET /large HTTP/1.1\r\n\r\n") : SPAN("GET"), 100);
	}
	cr_expect_eq(
	    strncmp(ask(SPAN("GET /metrics HTTP/1.1\r\n\r\n"), 100), "HTTP/1.1 200", 12), 0);
	cr_expect_eq(gave_way, 1);
	for (unsigned i = 0; i < CLIENTS_MOST; i++) {
		if (i == 2)
			cr_expect_eq(recv(fds[i], &c, 1, 0), 0);
		else
			cr_expect(recv(fds[i], &c, 1, 0) == 1 || errno == EAGAIN, "%u", i);
		close(fds[i]);
	}
	cr_expect_eq(sent_away, 0);
}

Test(net_http, ends_with_a_client_that_ends_before_its_request_does)
{
	struct buffer out;
	int fd = dial();

	buffer_init(&out, 0);
	say(fd, SPAN("GET /metrics HTTP/1.1\r\n"), 100);
	shutdown(fd, SHUT_WR);
	cr_expect_eq(hear(fd, &out, 100, 30), 0);
	cr_expect_eq(buffer_span(&out).len, 0);
	buffer_finish(&out);
	close(fd);
}

/* What is open then is closed with it; the sanitizer would tell otherwise. */
Test(net_http, bears_clients_that_go_at_any_moment)
{
	const struct span request = SPAN("GET /large HTTP/1.1\r\n\r\n");
	const struct linger reset = { 1, 0 };

	for (size_t len = 0; len <= request.len; len++) {
		int fd = dial();

		say(fd, span_head(request, len), 100);
		if (len % 2)
			setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
		close(fd);
		turn();
	}
	say(dial(), request, 100);
	dial();
}

Test(net_http, says_what_failed)
{
	struct addrinfo *addresses;
	const char *step = NULL;
	char port[16];

	snprintf(port, sizeof(port), "%u", net_http_port(http));
	cr_assert_eq(net_look_up("127.0.0.1", port, AI_NUMERICHOST, &addresses), 0);
	cr_expect_null(net_http_create(loop, addresses, answer, crowded, NULL, &step));
	cr_expect_eq(errno, EADDRINUSE);
	cr_expect_str_eq(step, "bind");
	freeaddrinfo(addresses);
	net_http_destroy(NULL);
}
