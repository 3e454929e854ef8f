/* SPDX-License-Identifier: MIT */
/*
 * Options override what the file says.
 */
#include "daemon/settings.h"

#include <errno.h>
#include <netdb.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/ascii.h"
#include "daemon/file.h"
#include "daemon/notify.h"
#include "daemon/rules.h"
#include "daemon/secure.h"
#include "net/listener.h"

/* ---- reading ---- */

static struct conf *
read_file(const char *path, struct faults *faults)
{
	struct conf *conf = NULL;
	struct span bytes;

	if (!file_read(path, &bytes, faults))
		return NULL;
	conf = conf_create(bytes, path, faults);
	free((void *)(uintptr_t)bytes.ptr);
	return conf;
}

/* A name that stands for no port would be looked for in vain, and for ever. */
static void
look_up_port(const char *port, struct fault_place at, struct faults *faults)
{
	uint64_t number;

	if (port && !ascii_number(span_str(port), &number) && !getservbyname(port, "tcp"))
		faults_add(
		    faults, at, "write its number", "no service is called \"%s\" here", port);
}

static void
look_up_ports(const struct conf *conf, struct faults *faults)
{
	for (unsigned i = 0; i < conf->feed_count; i++) {
		const struct conf_feed *f = &conf->feeds[i];

		for (unsigned k = 0; k < f->listen_count; k++)
			look_up_port(f->listens[k].port, f->listens[k].at, faults);
		look_up_port(f->forward.port, f->forward.at, faults);
	}
	look_up_port(conf->metrics_port, conf->metrics_at, faults);
}

struct conf *
settings_read(const struct options *o, struct log *log, FILE *out)
{
	const struct teller t = teller_of(o->config, log, out);
	struct faults faults;
	struct conf *conf;

	faults_init(&faults, t.conf_file);
	if (o->config)
		conf = read_file(o->config, &faults);
	else
		conf = conf_from_flags(
		    o->listen, o->forward, o->mappings, o->mapping_count, &faults);
	for (unsigned i = 0; conf && i < o->flag_count; i++)
		(void)conf_flag(conf, o->flags[i].name, o->flags[i].value, &faults);
	if (conf && !faults.total)
		(void)conf_flags_done(conf, &faults);
	if (conf && !faults.total)
		look_up_ports(conf, &faults);
	if (teller_tell(&t, LOG_CONFIG_REJECTED, &faults))
		return conf;
	conf_destroy(conf);
	return NULL;
}

/* ---- doubts ---- */

/* Lines wait in memory for a journal that is not there yet: whoever is looking should know. */
static void
tell_no_journal(const struct conf *conf)
{
	if (conf->log_format == CONF_LOG_JOURNAL && access(LOG_JOURNAL_SOCKET, F_OK) < 0)
		fprintf(stderr,
		    "hl7noted: no journal at %s: %s; the log waits for it: start one, or choose "
		    "another log format\n",
		    LOG_JOURNAL_SOCKET, strerror(errno));
}

static bool
takes_socket(const struct conf *conf, struct span name)
{
	for (unsigned i = 0; i < conf->feed_count; i++) {
		const struct conf_feed *f = &conf->feeds[i];

		for (unsigned k = 0; k < f->listen_count; k++) {
			if (f->listens[k].socket && span_eq(name, span_str(f->listens[k].socket)))
				return true;
		}
	}
	return false;
}

/* How many of that name stand before it? */
static unsigned
sockets_before(struct span name, unsigned index)
{
	struct span other;
	unsigned n = 0;

	for (unsigned i = 0; i < index && notify_socket_name(i, &other); i++)
		n += span_eq(other, name);
	return n;
}

/* A port that is open, and nobody is behind it: senders connect, and nothing else is ever seen.
 * Each name is told once. */
static void
tell_idle_sockets(const struct conf *conf)
{
	struct span name;

	for (unsigned i = 0; notify_socket_name(i, &name); i++) {
		const unsigned before = sockets_before(name, i);

		if (before == 0 && !takes_socket(conf, name))
			fprintf(stderr,
			    "hl7noted: no <listen> takes the socket \"%.*s\" that is handed over, "
			    "and who connects to it waits in vain: add <listen "
			    "socket=\"%.*s\"/>, or stop its socket unit\n",
			    (int)name.len, name.ptr, (int)name.len, name.ptr);
		if (before == NET_LISTENER_MOST && takes_socket(conf, name))
			fprintf(stderr,
			    "hl7noted: more than %d sockets \"%.*s\" are handed over, and who "
			    "connects to those behind waits in vain: give them another name in "
			    "their unit, and a <listen> of their own\n",
			    NET_LISTENER_MOST, (int)name.len, name.ptr);
	}
}

void
settings_tell_doubts(const struct conf *conf)
{
	tell_no_journal(conf);
	tell_idle_sockets(conf);
}

/* ---- checking ---- */

static bool
takes_custody(const struct conf *conf)
{
	for (unsigned i = 0; i < conf->feed_count; i++) {
		if (conf->feeds[i].mode == CONF_STORE)
			return true;
	}
	return false;
}

int
settings_check(const struct options *o)
{
	const struct teller t = teller_of(o->config, NULL, stderr);
	struct conf *conf = settings_read(o, NULL, stderr);
	struct source *sources = NULL;
	bool good = conf != NULL;

	for (unsigned i = 0; conf && i < conf->feed_count; i++) {
		struct rules *rules = rules_load(&conf->feeds[i], &sources, &t);
		struct secure secure;

		good &= rules != NULL;
		if (rules)
			rules_tell_doubts(rules, &t);
		good &= secure_load(&secure, &conf->feeds[i], &t);
		secure_tell_doubts(&secure, &conf->feeds[i], &t);
		rules_destroy(rules);
		secure_drop(&secure);
	}
	sources_finish(sources);
	if (good)
		printf("%s: %u feed%s, all good%s\n", t.conf_file, conf->feed_count,
		    conf->feed_count == 1 ? "" : "s",
		    conf->store.directory && !takes_custody(conf)
			? "; no feed takes custody, so nothing is added to the queue"
			: "");
	conf_destroy(conf);
	return good ? EX_OK : EX_CONFIG;
}
