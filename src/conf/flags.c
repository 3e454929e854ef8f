/* SPDX-License-Identifier: MIT */
/*
 * conf/flags.c - one feed from the command line, and settings over those of a file
 *
 * A flag is read by the row of the table that reads the attribute it stands for.
 */
#include <stdio.h>

#include "conf/load.h"
#include "conf/meaning.h"
#include "conf/spelling.h"
#include "conf/walk.h"

static const struct fault_place nowhere;

/* ---- rows of the table ---- */

struct path {
	const char *elements[3]; /* below the root, outermost first */
	const char *attribute;
};

static const struct conf_element *
find_element(const struct path *path)
{
	const struct conf_element *e = &conf_root;

	for (const char *const *name = path->elements; *name; name++) {
		const struct conf_child *c = e->children;

		while (strcmp(c->element->name, *name) != 0)
			c++;
		e = c->element;
	}
	return e;
}

static const struct conf_attribute *
find_row(const struct path *path)
{
	const struct conf_attribute *a = find_element(path)->attributes;

	while (strcmp(a->name, path->attribute) != 0)
		a++;
	return a;
}

/* ---- one feed ---- */

static const struct path listen_path = { { "feed", "listen" }, NULL };
static const struct path feed_path = { { "feed" }, NULL };
static const struct path mapping_path = { { "feed", "mapping" }, NULL };
static const struct path host_path = { { "feed", "forward" }, "host" };
static const struct path port_path = { { "feed", "forward" }, "port" };

static void
read_listen(struct conf_reader *r, const char *text, struct conf_feed *feed)
{
	static const struct conf_attribute row = { .name = "listen",
		.kind = CONF_ENDPOINT,
		.offset = offsetof(struct conf_listen, address),
		.second = offsetof(struct conf_listen, port) };
	struct conf_listen *listen = conf_array(r, find_element(&listen_path), 1);

	if (!listen)
		return;
	feed->listens = listen;
	feed->listen_count = 1;
	if (text)
		conf_value_read(r, &row, span_str(text), "--listen", nowhere, listen);
	else
		faults_add(r->faults, nowhere, "add --listen [ADDRESS:]PORT",
		    "there is nothing to listen on");
}

static void
read_forward(struct conf_reader *r, const char *text, struct conf_feed *feed)
{
	struct span host, port;

	if (!text) {
		faults_add(
		    r->faults, nowhere, "add --forward HOST:PORT", "there is nobody to forward to");
		return;
	}
	if (!conf_host_port(span_str(text), &host, &port) || !host.len) {
		faults_add(r->faults, nowhere, "write HOST:PORT, or [IPV6]:PORT",
		    "--forward: \"%.*s\" is no host with a port", CONF_SHOWN, text);
		return;
	}
	conf_value_read(r, find_row(&host_path), host, "--forward", nowhere, &feed->forward);
	conf_value_read(r, find_row(&port_path), port, "--forward", nowhere, &feed->forward);
}

static void
read_mappings(
    struct conf_reader *r, const char *const *files, unsigned count, struct conf_feed *feed)
{
	const struct conf_element *element = find_element(&mapping_path);
	struct conf_mapping *list = count ? conf_array(r, element, count) : NULL;

	if (!list)
		return;
	feed->mappings = list;
	feed->mapping_count = count;
	for (unsigned i = 0; i < count; i++)
		conf_value_read(
		    r, element->attributes, span_str(files[i]), "--mapping", nowhere, &list[i]);
}

struct conf *
conf_from_flags(const char *listen, const char *forward, const char *const *mappings,
    unsigned mapping_count, struct faults *faults)
{
	const size_t before = faults->total;
	struct conf *conf = conf_empty();
	struct conf_reader r = { .faults = faults };
	struct conf_feed *feed;

	if (!conf)
		return conf_finish(conf, true, before, faults);
	r.arena = &conf->arena;
	feed = conf_array(&r, find_element(&feed_path), 1);
	if (feed) {
		feed->name = "default";
		conf->feeds = feed;
		conf->feed_count = 1;
		read_listen(&r, listen, feed);
		read_forward(&r, forward, feed);
		read_mappings(&r, mappings, mapping_count, feed);
	}
	if (!r.no_memory)
		conf_meaning(conf, NULL, faults->total == before, faults);
	return conf_finish(conf, r.no_memory, before, faults);
}

/* ---- single settings ---- */

/* clang-format off */
static const struct flag {
	const char *name;
	struct path path;
	bool alone; /* not beside a file */
} flags[] = {
	{ "log-format",  { { "log" },             "format" },      false },
	{ "log-level",   { { "log" },             "level" },       false },
	{ "log-file",    { { "log" },             "file" },        false },
	{ "metrics",     { { "metrics" },         "listen" },      false },
	{ "control",     { { "control" },         "socket" },      false },
	{ "store",       { { "store" },           "directory" },   true },
	{ "mode",        { { "feed" },            "mode" },        true },
	{ "on-failure",  { { "feed" },            "on-failure" },  true },
	{ "annotate",    { { "feed" },            "annotate" },    true },
	{ "in-flight",   { { "feed", "forward" }, "in-flight" },   true },
	{ "ack-timeout", { { "feed", "forward" }, "ack-timeout" }, true },
};
/* clang-format on */

static const struct flag *
find_flag(const char *name)
{
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (strcmp(flags[i].name, name) == 0)
			return &flags[i];
	return NULL;
}

static void
refuse_beside_file(const struct flag *flag, struct faults *faults)
{
	const unsigned depth = flag->path.elements[1] != NULL;
	char mend[CONF_MEND];

	snprintf(mend, sizeof(mend), "set %s of <%s> in the file", flag->path.attribute,
	    flag->path.elements[depth]);
	faults_add(faults, nowhere, mend, "--%s is not for feeds from a file", flag->name);
}

/* The structure a row belongs to; ours until the caller begins to use the configuration. */
static void *
target(struct conf *conf, const struct flag *flag)
{
	struct conf_feed *feed = (struct conf_feed *)conf->feeds;

	if (strcmp(flag->path.elements[0], "feed") != 0)
		return conf;
	return flag->path.elements[1] ? (void *)&feed->forward : feed;
}

bool
conf_flag(struct conf *conf, const char *name, const char *value, struct faults *faults)
{
	const struct flag *flag = find_flag(name);
	const size_t before = faults->total;
	struct conf_reader r = { .arena = &conf->arena, .faults = faults };
	const struct conf_element *element;
	char owner[CONF_SHOWN];

	if (!flag)
		return false;
	if (flag->alone && conf->file) {
		refuse_beside_file(flag, faults);
		return false;
	}
	snprintf(owner, sizeof(owner), "--%s", name);
	conf_value_read(
	    &r, find_row(&flag->path), span_str(value), owner, nowhere, target(conf, flag));
	/* what the file says there is overridden, and not to blame */
	element = find_element(&flag->path);
	if (element->at != CONF_NO_PLACE)
		memcpy((char *)target(conf, flag) + element->at, &nowhere, sizeof(nowhere));
	if (r.no_memory)
		faults_add_no_memory(faults);
	return faults->total == before;
}

bool
conf_flags_done(const struct conf *conf, struct faults *faults)
{
	const size_t before = faults->total;

	conf_meaning_log(conf, nowhere, faults);
	conf_meaning_metrics(conf, nowhere, faults);
	if (!conf->file)
		conf_meaning_store(conf, NULL, faults);
	return faults->total == before;
}
