/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <stdio.h>

#include "conf/conf.h"

static struct faults faults;

static const char *
said(void)
{
	static char all[4096];
	FILE *f = fmemopen(all, sizeof(all), "w");

	faults_print(&faults, f);
	fclose(f);
	return all;
}

static void
begin(void)
{
	faults_init(&faults, "command line");
}

static void
end(void)
{
	faults_finish(&faults);
}

TestSuite(conf_flags, .init = begin, .fini = end);

Test(conf_flags, make_one_feed_with_every_default)
{
	static const char *const mappings[] = { "b2m.xml", "/etc/site.xml" };
	struct conf *c = conf_from_flags("127.0.0.1:2575", "[::1]:6661", mappings, 2, &faults);
	const struct conf_feed *f;

	cr_assert(c, "%s", said());
	f = &c->feeds[0];
	cr_expect_null(c->file);
	cr_expect_null(c->log_file);
	cr_expect_null(c->metrics_port);
	cr_expect_null(c->control_socket);
	cr_expect_eq(c->log_format, CONF_LOG_JSON);
	cr_expect_eq(c->log_level, CONF_INFO);
	cr_expect_eq(c->max_connections, CONF_ALL_CONNECTIONS);
	cr_expect_eq(c->max_in_flight, CONF_ALL_IN_FLIGHT);
	cr_expect_eq(c->drain_timeout, CONF_DRAIN_TIMEOUT);
	cr_expect_eq(c->feed_count, 1);
	cr_expect_str_eq(f->name, "default");
	cr_expect(f->mode == CONF_RELAY && f->annotate == CONF_LIVE && f->on_failure == CONF_CLOSE);
	cr_expect_not(f->require_approved);
	cr_expect_eq(f->listen_count, 1);
	cr_expect_str_eq(f->listens[0].address, "127.0.0.1");
	cr_expect_str_eq(f->listens[0].port, "2575");
	cr_expect_null(f->listens[0].socket);
	cr_expect_eq(f->listens[0].max_connections, CONF_FEED_CONNECTIONS);
	cr_expect_eq(f->listens[0].max_per_address, CONF_PER_ADDRESS);
	cr_expect_str_eq(f->forward.host, "::1");
	cr_expect_str_eq(f->forward.port, "6661");
	cr_expect_eq(f->forward.connect_timeout, CONF_CONNECT_TIMEOUT);
	cr_expect_eq(f->forward.ack_timeout, CONF_ACK_TIMEOUT);
	cr_expect_eq(f->forward.backoff_least, CONF_BACKOFF_LEAST);
	cr_expect_eq(f->forward.backoff_most, CONF_BACKOFF_MOST);
	cr_expect_eq(f->forward.in_flight, CONF_IN_FLIGHT);
	cr_expect_eq(f->mapping_count, 2);
	cr_expect_str_eq(f->mappings[0].file, "b2m.xml");
	cr_expect_str_eq(f->mappings[1].file, "/etc/site.xml");
	cr_expect_eq(f->max_frame, CONF_MAX_FRAME);
	cr_expect_eq(f->frame_deadline, CONF_FRAME_DEADLINE);
	cr_expect_eq(f->idle_timeout, CONF_IDLE_TIMEOUT);
	cr_expect_eq(f->max_unsent, CONF_MAX_UNSENT);
	cr_expect_eq(f->keepalive, CONF_KEEPALIVE);
	conf_destroy(c);
}

Test(conf_flags, listen_on_all_addresses_when_only_a_port_is_given)
{
	struct conf *c = conf_from_flags("2575", "engine:hl7", NULL, 0, &faults);

	cr_assert(c, "%s", said());
	cr_expect_str_eq(c->feeds[0].listens[0].address, "");
	cr_expect_eq(c->feeds[0].mapping_count, 0);
	conf_destroy(c);
}

Test(conf_flags, tell_all_that_is_wrong_at_once)
{
	static const char *const mappings[] = { "a.xml", "", "a.xml" };

	cr_expect_null(conf_from_flags("0", "engine", mappings, 3, &faults));
	cr_expect_str_eq(said(),
	    "command line: --listen: \"0\" is no address and port; write a port, or ADDRESS:PORT, "
	    "or [IPV6]:PORT; a port is a number from 1 to 65535, or the name of a service\n"
	    "command line: --forward: \"engine\" is no host with a port; write HOST:PORT, or "
	    "[IPV6]:PORT\n"
	    "command line: --mapping is empty; write the name of a file\n"
	    "command line: the feed has the mapping a.xml already; name it once\n");
}

Test(conf_flags, refuse_to_forward_to_themselves)
{
	cr_expect_null(conf_from_flags("2575", "localhost:2575", NULL, 0, &faults));
	cr_expect(strstr(said(), "forward to itself"), "%s", said());
}

Test(conf_flags, say_what_is_wrong_with_an_address_of_one_link)
{
	const char *mend = "behind a link-local address, and no other, stands its interface, as in "
			   "fe80::1%eth0\n";
	char wanted[500];

	snprintf(wanted, sizeof(wanted),
	    "command line: --listen: \"[fe80::1]:2575\" is no address and port; %s"
	    "command line: --forward: \"fe80::7\" is no host; %s",
	    mend, mend);
	cr_expect_null(conf_from_flags("[fe80::1]:2575", "[fe80::7]:6661", NULL, 0, &faults));
	cr_expect_str_eq(said(), wanted);
}

Test(conf_flags, want_both_ends)
{
	cr_expect_null(conf_from_flags(NULL, NULL, NULL, 0, &faults));
	cr_expect_str_eq(said(),
	    "command line: there is nothing to listen on; add --listen [ADDRESS:]PORT\n"
	    "command line: there is nobody to forward to; add --forward HOST:PORT\n");
}

/* ---- single flags ---- */

Test(conf_flags, are_put_over_the_defaults_one_by_one)
{
	static const struct {
		const char *name, *value;
	} rows[] = { { "log-format", "logfmt" }, { "log-level", "debug" }, { "log-file", "log" },
		{ "metrics", "9575" }, { "control", "/run/hl7noted" }, { "on-failure", "reject" },
		{ "annotate", "shadow" }, { "mode", "store" }, { "store", "/var/q" },
		{ "in-flight", "8" }, { "ack-timeout", "5s" } };
	struct conf *c = conf_from_flags("2575", "engine:6661", NULL, 0, &faults);
	const struct conf_feed *f;

	cr_assert(c);
	f = &c->feeds[0];
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		cr_expect(conf_flag(c, rows[i].name, rows[i].value, &faults), "%s", rows[i].name);
	cr_expect_eq(faults.total, 0, "%s", said());
	cr_expect(c->log_format == CONF_LOG_LOGFMT && c->log_level == CONF_DEBUG);
	cr_expect_str_eq(c->log_file, "log");
	cr_expect_str_eq(c->metrics_address, "127.0.0.1");
	cr_expect_str_eq(c->metrics_port, "9575");
	cr_expect_str_eq(c->control_socket, "/run/hl7noted");
	cr_expect(f->on_failure == CONF_REJECT && f->annotate == CONF_SHADOW);
	cr_expect(f->mode == CONF_STORE && conf_flags_done(c, &faults));
	cr_expect_str_eq(c->store.directory, "/var/q");
	cr_expect(f->forward.in_flight == 8 && f->forward.ack_timeout == 5000);
	conf_destroy(c);
}

Test(conf_flags, name_sockets_of_107_bytes_at_most)
{
	char path[108 + 1];
	struct conf *c = conf_from_flags("2575", "engine:6661", NULL, 0, &faults);

	cr_assert(c);
	memset(path, 'x', 108);
	path[0] = '/';
	path[108] = '\0';
	cr_expect_not(conf_flag(c, "control", path, &faults));
	path[107] = '\0';
	cr_expect(conf_flag(c, "control", path, &faults));
	cr_expect_str_eq(c->control_socket, path);
	conf_destroy(c);
}

Test(conf_flags, are_refused_in_the_words_of_the_file)
{
	static const struct {
		const char *name, *value, *fault;
	} rows[] = { { "log-format", "jsn", "did you mean \"json\"?" },
		{ "in-flight", "257",
		    "--in-flight: \"257\" is no number within the limits; write a "
		    "whole number from 1 to 256" },
		{ "ack-timeout", "0", "from 1ms to 1h" }, { "colour", "blue", "" } };
	struct conf *c = conf_from_flags("2575", "engine:6661", NULL, 0, &faults);

	cr_assert(c);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		cr_expect_not(conf_flag(c, rows[i].name, rows[i].value, &faults));
		cr_expect(strstr(said(), rows[i].fault), "%s", rows[i].name);
	}
	cr_expect_eq(faults.total, 3);
	conf_destroy(c);
}

Test(conf_flags, are_held_against_each_other_behind_the_last)
{
	static const char bytes[] =
	    "<hl7noted xmlns='urn:hl7note:config:1'><log format='journal'/><feed name='f'>"
	    "<listen port='2575'/><forward host='h' port='1'/></feed></hl7noted>";
	static const struct {
		const char *name, *value, *fault;
	} rows[] = { { "log-file", "log", "the journal takes no file" },
		{ "log-format", "json", NULL },
		{ "metrics", "*:2575", "port 2575 is taken by a <listen> of feed \"f\"" },
		{ "metrics", "9575", NULL } };
	struct conf *c = conf_create(span_str(bytes), "file.xml", &faults);

	cr_assert(c, "%s", said());
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		cr_expect(conf_flag(c, rows[i].name, rows[i].value, &faults));
		cr_expect_eq(conf_flags_done(c, &faults), !rows[i].fault, "%s", rows[i].value);
		cr_expect(strstr(said(), rows[i].fault ? rows[i].fault : ""), "%s", said());
	}
	conf_destroy(c);
}

Test(conf_flags, of_custody_want_a_directory)
{
	struct conf *c = conf_from_flags("2575", "engine:6661", NULL, 0, &faults);

	cr_assert(c);
	cr_expect(conf_flags_done(c, &faults));
	cr_expect(conf_flag(c, "mode", "store", &faults));
	cr_expect_not(conf_flags_done(c, &faults));
	cr_expect(strstr(said(), "add --store DIRECTORY"), "%s", said());
	conf_destroy(c);
}

/* A forgotten mode would be noticed only when the receiver is away. */
Test(conf_flags, a_directory_wants_custody)
{
	struct conf *c = conf_from_flags("2575", "engine:6661", NULL, 0, &faults);

	cr_assert(c);
	cr_expect(conf_flag(c, "store", "/var/q", &faults));
	cr_expect_not(conf_flags_done(c, &faults));
	cr_expect(strstr(said(), "add --mode store, leave --store out"), "%s", said());
	conf_destroy(c);
}

Test(conf_flags, of_a_feed_do_not_go_with_a_file)
{
	static const char bytes[] =
	    "<hl7noted xmlns='urn:hl7note:config:1'><feed name='f'>"
	    "<listen port='1'/><forward host='h' port='1'/></feed></hl7noted>";
	static const struct {
		const char *name, *value, *refused; /* NULL: it goes with one */
	} rows[] = { { "log-format", "json", NULL }, { "log-level", "error", NULL },
		{ "log-file", "log", NULL }, { "metrics", "9575", NULL },
		{ "control", "/run/c", NULL }, { "store", "/var/q", "directory of <store>" },
		{ "mode", "store", "mode of <feed>" },
		{ "on-failure", "reject", "on-failure of <feed>" },
		{ "annotate", "off", "annotate of <feed>" },
		{ "in-flight", "8", "in-flight of <forward>" },
		{ "ack-timeout", "5s", "ack-timeout of <forward>" } };
	struct conf *c = conf_create(span_str(bytes), "file.xml", &faults);
	char want[128];

	cr_assert(c, "%s", said());
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		cr_expect_eq(conf_flag(c, rows[i].name, rows[i].value, &faults), !rows[i].refused,
		    "%s", rows[i].name);
		if (!rows[i].refused)
			continue;
		snprintf(want, sizeof(want),
		    "--%s is not for feeds from a file; set %s in the file\n", rows[i].name,
		    rows[i].refused);
		cr_expect(strstr(said(), want), "%s", said());
	}
	cr_expect_eq(c->log_level, CONF_ERROR);
	conf_destroy(c);
}
