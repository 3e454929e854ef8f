/* SPDX-License-Identifier: MIT */
/*
 * conf/meaning.c - each check is one mistake an operator can make
 */
#include "conf/meaning.h"

#include <stdio.h>

#include "conf/endpoint.h"
#include "conf/places.h"
#include "conf/spelling.h"
#include "conf/trust.h"

/* Comparing all with all stays quick up to here. */
enum { FEEDS_MOST = 1024, LISTENS_MOST = 4096, MAPPINGS_MOST = 8192 };

/* ", line 12", or nothing for settings from flags. */
static const char *
since(struct fault_place at, char buf[CONF_LIMIT_TEXT])
{
	buf[0] = '\0';
	if (at.line)
		snprintf(buf, CONF_LIMIT_TEXT, ", line %u", at.line);
	return buf;
}

/* ---- the daemon ---- */

void
conf_meaning_log(const struct conf *conf, struct fault_place at, struct faults *faults)
{
	if (conf->log_format == CONF_LOG_JOURNAL && conf->log_file)
		faults_add(faults, at, "leave out one of them",
		    "the journal takes no file, and a file no journal format");
}

static struct conf_endpoint
listen_endpoint(const struct conf_listen *l)
{
	return (struct conf_endpoint){ l->address, l->port };
}

void
conf_meaning_metrics(const struct conf *conf, struct fault_place at, struct faults *faults)
{
	const struct conf_endpoint metrics = { conf->metrics_address, conf->metrics_port };
	char line[CONF_LIMIT_TEXT];

	for (unsigned i = 0; i < conf->feed_count; i++) {
		const struct conf_feed *f = &conf->feeds[i];

		for (unsigned k = 0; k < f->listen_count; k++)
			if (conf_endpoints_clash(metrics, listen_endpoint(&f->listens[k])))
				faults_add(faults, at, "give one of them another port or address",
				    "port %s is taken by a <listen> of feed \"%s\"%s", metrics.port,
				    f->name ? f->name : "", since(f->listens[k].at, line));
	}
}

static void
check_room(const struct conf *conf, const struct xml_element *root, struct faults *faults)
{
	char frame[CONF_LIMIT_TEXT], room[CONF_LIMIT_TEXT];
	const struct xml_element *e = conf_first(root, "feed");

	for (unsigned i = 0; i < conf->feed_count; i++) {
		const struct conf_feed *f = &conf->feeds[i];

		if (f->max_frame > conf->max_in_flight)
			faults_add(faults, conf_place(e, "max-frame"),
			    "lower max-frame, or raise in-flight-bytes of <limits>",
			    "a frame of %s would not fit into the %s of all feeds",
			    conf_size_text(f->max_frame, frame),
			    conf_size_text(conf->max_in_flight, room));
		else if (f->mode == CONF_STORE && f->max_frame > CONF_MAX_STORED)
			faults_add(faults, conf_place(e, "max-frame"), "lower max-frame",
			    "a frame of %s would not fit into the queue, which takes %s",
			    conf_size_text(f->max_frame, frame),
			    conf_size_text(CONF_MAX_STORED, room));
		e = conf_next(e);
	}
}

void
conf_meaning_store(const struct conf *conf, const struct xml_element *root, struct faults *faults)
{
	const struct xml_element *e = conf_first(root, "feed"), *store = conf_first(root, "store");
	const bool given = store || conf->store.directory;
	bool wanted = false;

	for (unsigned i = 0; i < conf->feed_count; i++) {
		const struct conf_feed *f = &conf->feeds[i];

		wanted |= f->mode == CONF_STORE;
		if (f->mode == CONF_STORE && !given)
			faults_add(faults, conf_place(e, "mode"),
			    root ? "add <store directory=\"/var/lib/hl7noted\"/>"
				 : "add --store DIRECTORY",
			    "feed \"%s\" keeps its messages, and there is no %s",
			    f->name ? f->name : "", root ? "<store>" : "directory for them");
		e = conf_next(e);
	}
	/* a file may keep it for what still waits there; of a flag the other was forgotten */
	if (!root && given && !wanted)
		faults_add(faults, conf->store.at,
		    "add --mode store, leave --store out, or use a file, whose <store> may stay",
		    "no feed keeps its messages: nothing would be stored");
}

/* ---- listeners ---- */

struct taken {
	const struct conf_feed *feed;
	const struct conf_listen *listen;
};

static bool
is_taken(const struct conf_listen *a, const struct conf_listen *b)
{
	if (a->socket && b->socket)
		return strcmp(a->socket, b->socket) == 0;
	return conf_endpoints_clash(listen_endpoint(a), listen_endpoint(b));
}

/* The first listener before `mine` that has the same port; false when there is none. */
static bool
find_taken(const struct conf *conf, const struct conf_listen *mine, struct taken *ret)
{
	for (unsigned i = 0; i < conf->feed_count; i++) {
		const struct conf_feed *f = &conf->feeds[i];

		for (unsigned k = 0; k < f->listen_count; k++) {
			if (&f->listens[k] == mine)
				return false;
			if (is_taken(&f->listens[k], mine)) {
				*ret = (struct taken){ f, &f->listens[k] };
				return true;
			}
		}
	}
	return false;
}

static void
check_taken(const struct conf *conf, const struct conf_listen *l, struct faults *faults)
{
	char line[CONF_LIMIT_TEXT];
	struct taken taken;

	if (!find_taken(conf, l, &taken))
		return;
	faults_add(faults, l->at,
	    l->socket ? "give each listener a socket of its own"
		      : "give one of them another port or address",
	    "%s %s is taken by feed \"%s\"%s", l->socket ? "socket" : "port",
	    l->socket ? l->socket : l->port, taken.feed->name ? taken.feed->name : "",
	    since(taken.listen->at, line));
}

static void
check_listen_words(const struct xml_element *e, struct faults *faults)
{
	const bool port = xml_attribute(e, "port"), socket = xml_attribute(e, "socket");

	if (!port && !socket)
		faults_add(faults, e->at,
		    "add port=\"2575\", or the socket that systemd hands over",
		    "<listen> has neither port nor socket");
	else if (socket && (port || xml_attribute(e, "address")))
		faults_add(faults, conf_place(e, port ? "port" : "address"),
		    "leave it out: the socket has its own, in its socket unit",
		    "a <listen> with a socket takes no %s", port ? "port" : "address");
}

static void
check_listens(const struct conf *conf, const struct conf_feed *f, const struct xml_element *feed,
    struct faults *faults)
{
	const struct xml_element *e = conf_first(feed, "listen");

	for (unsigned i = 0; i < f->listen_count; i++) {
		if (e)
			check_listen_words(e, faults);
		check_taken(conf, &f->listens[i], faults);
		e = conf_next(e);
	}
}

/* ---- a feed ---- */

static void
check_name(const struct conf *conf, const struct conf_feed *f, const struct xml_element *e,
    struct faults *faults)
{
	for (const struct conf_feed *other = conf->feeds; f->name && other != f; other++)
		if (other->name && strcmp(other->name, f->name) == 0) {
			faults_add(faults, conf_place(e, "name"),
			    "give each feed a name of its own",
			    "feed \"%s\" exists already, since line %u", f->name, other->at.line);
			return;
		}
}

static void
check_answers(const struct conf_feed *f, const struct xml_element *feed, struct faults *faults)
{
	static const char *const retries[] = { "error-retries", "reject-retries", "other-retries",
		"none-retries" };
	const struct conf_answer *const answers[] = { &f->answers.error, &f->answers.reject,
		&f->answers.other, &f->answers.none };
	const struct xml_element *e = conf_first(feed, "answers");

	if (e && f->mode != CONF_STORE)
		faults_add(faults, e->at, "say mode=\"store\" of the feed, or leave it out",
		    "<answers> is for feeds that keep their messages");
	for (size_t i = 0; i < sizeof(retries) / sizeof(retries[0]); i++)
		if (conf_has(e, retries[i]) && answers[i]->policy != CONF_RETRY)
			faults_add(faults, conf_place(e, retries[i]),
			    "leave it out, or ask for \"retry\"",
			    "%s is for answers after which the message is sent again", retries[i]);
}

/* Every message would come back, and again. */
static void
check_loop(const struct conf_feed *f, struct faults *faults)
{
	const struct conf_endpoint to = { f->forward.host, f->forward.port };
	char line[CONF_LIMIT_TEXT];

	for (unsigned i = 0; to.address && i < f->listen_count; i++)
		if (conf_endpoint_reaches(to, listen_endpoint(&f->listens[i])))
			faults_add(faults, f->forward.at, "name the receiver's host and port",
			    "the feed would forward to itself, port %s%s", to.port,
			    since(f->listens[i].at, line));
}

static void
check_backoff(const struct conf_forward *f, const struct xml_element *feed, struct faults *faults)
{
	const struct xml_element *e = conf_first(feed, "forward");
	char least[CONF_LIMIT_TEXT], most[CONF_LIMIT_TEXT];

	if (f->backoff_least > f->backoff_most)
		faults_add(faults,
		    conf_place(e, xml_attribute(e, "backoff-min") ? "backoff-min" : "backoff-max"),
		    "lower backoff-min, or raise backoff-max",
		    "backoff-min %s is above backoff-max %s",
		    conf_duration_text(f->backoff_least, least),
		    conf_duration_text(f->backoff_most, most));
}

static void
mapping_again(
    const struct conf_mapping *first, const struct conf_mapping *again, struct faults *faults)
{
	if (first->at.line)
		faults_add(faults, again->at, "name it once",
		    "the feed has this mapping already, line %u", first->at.line);
	else
		faults_add(faults, again->at, "name it once", "the feed has the mapping %s already",
		    again->file);
}

static void
check_mappings(const struct conf_feed *f, struct faults *faults)
{
	for (unsigned i = 0; i < f->mapping_count; i++)
		for (unsigned k = 0; k < i; k++)
			if (strcmp(f->mappings[i].file, f->mappings[k].file) == 0) {
				mapping_again(&f->mappings[k], &f->mappings[i], faults);
				break;
			}
}

/* Each is compared with all others of its kind. */
static bool
is_too_large(const struct conf *conf, const struct xml_element *root, struct faults *faults)
{
	struct {
		const char *what;
		unsigned most, count;
	} kinds[] = { { "feeds", FEEDS_MOST, conf->feed_count }, { "listeners", LISTENS_MOST, 0 },
		{ "mappings", MAPPINGS_MOST, 0 } };
	bool too_large = false;

	for (unsigned i = 0; i < conf->feed_count; i++) {
		kinds[1].count += conf->feeds[i].listen_count;
		kinds[2].count += conf->feeds[i].mapping_count;
	}
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (kinds[i].count <= kinds[i].most)
			continue;
		faults_add(faults, conf_place(root, ""), "let several daemons share the work",
		    "%u %s, and %u may be", kinds[i].count, kinds[i].what, kinds[i].most);
		too_large = true;
	}
	return too_large;
}

void
conf_meaning(
    const struct conf *conf, const struct xml_element *root, bool sound, struct faults *faults)
{
	const struct xml_element *e = conf_first(root, "feed");

	if (is_too_large(conf, root, faults))
		return;
	conf_meaning_log(conf, conf_place(conf_first(root, "log"), "file"), faults);
	conf_meaning_metrics(conf, conf_place(conf_first(root, "metrics"), "listen"), faults);
	if (root)
		conf_meaning_store(conf, root, faults);
	if (sound)
		check_room(conf, root, faults);
	for (unsigned i = 0; i < conf->feed_count; i++) {
		const struct conf_feed *f = &conf->feeds[i];

		check_name(conf, f, e, faults);
		check_answers(f, e, faults);
		check_listens(conf, f, e, faults);
		check_loop(f, faults);
		if (sound && e)
			check_backoff(&f->forward, e, faults);
		check_mappings(f, faults);
		if (e)
			conf_trust(f, e, faults);
		e = conf_next(e);
	}
}
