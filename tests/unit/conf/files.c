/* SPDX-License-Identifier: MIT */
/*
 * Configuration files, tests/conf/good and tests/conf/bad.  NAME.expected is all
 * that is said of NAME.xml; the first word of a bad name tells who must refuse it:
 *
 *	xml        the reader, before there is a tree
 *	shape      the schema alone would, as well as the loader's clearer words
 *	limits     the loader alone, by values; the schema finds nothing
 *	meaning    the loader alone, by values held against each other
 */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "conf/conf.h"
#include "conf/schema.h"
#include "conf/shape.h"
#include "support/files.h"
#include "xml/xml.h"

static const char *
base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static const char *
in_tree(const char *path)
{
	static char full[4096];
	const char *top = getenv("HL7_TOP");

	snprintf(full, sizeof(full), "%s/%s", top ? top : ".", path);
	return full;
}

static struct buffer
read_bytes(const char *path)
{
	struct buffer b;

	buffer_init(&b, 0);
	cr_assert(file_read(path, &b), "%s", path);
	return b;
}

static struct conf *
load(const char *path, struct faults *faults)
{
	struct buffer b = read_bytes(path);
	struct conf *c;

	faults_init(faults, base_name(path));
	c = conf_create(buffer_span(&b), path, faults);
	faults_sort(faults);
	buffer_finish(&b);
	return c;
}

/* ---- good ---- */

static bool
expect_good(const char *path, void *ctx)
{
	struct faults faults;
	struct conf *c = load(path, &faults);

	(void)ctx;
	faults_print(&faults, stderr);
	cr_expect(c, "%s is refused", path);
	conf_destroy(c);
	faults_finish(&faults);
	return true;
}

Test(conf_files, accepts_what_is_good)
{
	cr_expect_geq(files_below(in_tree("tests/conf/good"), expect_good, NULL), 3);
}

static struct conf *
load_good(const char *name)
{
	struct faults faults;
	struct conf *c = load(in_tree(name), &faults);

	cr_assert(c);
	cr_assert_eq(faults.total, 0);
	return c;
}

static bool
ends_with(const char *s, const char *end)
{
	return strlen(s) >= strlen(end) && strcmp(s + strlen(s) - strlen(end), end) == 0;
}

Test(conf_files, reads_what_is_for_the_whole_daemon)
{
	struct conf *c = load_good("tests/conf/good/full.xml");

	cr_expect_str_eq(c->file, in_tree("tests/conf/good/full.xml"));
	cr_expect(c->log_format == CONF_LOG_LOGFMT && c->log_level == CONF_DEBUG);
	cr_expect(ends_with(c->log_file, "tests/conf/good/../log/hl7noted.log"), "%s", c->log_file);
	cr_expect_str_eq(c->metrics_address, "::1");
	cr_expect_str_eq(c->metrics_port, "9575");
	cr_expect(ends_with(c->control_socket, "tests/conf/good/control"));
	cr_expect_eq(c->max_connections, 65536);
	cr_expect_eq(c->max_in_flight, (uint64_t)64 << 30);
	cr_expect_eq(c->drain_timeout, 0);
	cr_expect_eq(c->feed_count, 2);
	conf_destroy(c);
}

Test(conf_files, reads_feeds_in_their_order)
{
	struct conf *c = load_good("tests/conf/good/full.xml");
	const struct conf_feed *f = &c->feeds[0], *g = &c->feeds[1];

	cr_expect_str_eq(f->name, "Lab-1.to_ehr");
	cr_expect(f->mode == CONF_RELAY && f->annotate == CONF_SHADOW);
	cr_expect(f->on_failure == CONF_REJECT && f->require_approved);
	cr_expect(f->max_frame == 1 << 20 && f->max_unsent == 8 << 10);
	cr_expect(f->frame_deadline == 10000 && f->idle_timeout == 3600000 && f->keepalive == 120);
	cr_expect(f->at.line == 4 && f->at.column == 3);
	cr_expect_str_eq(f->forward.host, "2001:db8::7");
	cr_expect(f->forward.connect_timeout == 5000 && f->forward.ack_timeout == 1500);
	cr_expect(f->forward.backoff_least == 100 && f->forward.backoff_most == 300000);
	cr_expect(f->forward.in_flight == 256 && f->forward.at.line == 8);
	cr_expect_str_eq(g->name, "second");
	cr_expect(g->annotate == CONF_OFF && g->keepalive == 0 && g->idle_timeout == 0);
	cr_expect_str_eq(g->forward.port, "02575");
	cr_expect_eq(g->forward.ack_timeout, CONF_ACK_TIMEOUT);
	cr_expect_eq(g->mapping_count, 0);
	conf_destroy(c);
}

Test(conf_files, reads_listeners_and_mappings_of_a_feed)
{
	struct conf *c = load_good("tests/conf/good/full.xml");
	const struct conf_feed *f = &c->feeds[0], *g = &c->feeds[1];

	cr_assert_eq(f->listen_count, 2);
	cr_expect_str_eq(f->listens[0].address, "::1");
	cr_expect_str_eq(f->listens[0].port, "2575");
	cr_expect(f->listens[0].max_connections == 12 && f->listens[0].max_per_address == 3);
	cr_expect_eq(f->listens[0].at.line, 14);
	cr_expect_str_eq(f->listens[1].socket, "lab");
	cr_expect_null(f->listens[1].port);
	cr_expect_eq(f->listens[1].max_connections, CONF_FEED_CONNECTIONS);
	cr_assert_eq(f->mapping_count, 2);
	cr_expect_str_eq(f->mappings[0].file, "/usr/share/hl7noted/mappings/b2m.xml");
	cr_expect(ends_with(f->mappings[1].file, "tests/conf/good/mappings/site.xml"));
	cr_expect_eq(f->mappings[1].at.line, 25);
	cr_assert_eq(g->listen_count, 2);
	cr_expect_str_eq(g->listens[0].port, "2575", "blanks are dropped");
	cr_expect_str_eq(g->listens[1].address, "*");
	cr_expect_str_eq(g->listens[1].port, "hl7");
	conf_destroy(c);
}

Test(conf_files, reads_what_a_feed_keeps)
{
	struct conf *c = load_good("tests/conf/good/full.xml");
	const struct conf_answers *none = &c->feeds[0].answers, *a = &c->feeds[1].answers;

	cr_expect(ends_with(c->store.directory, "tests/conf/good/queue"));
	cr_expect_eq(c->store.free_space, (uint64_t)2 << 30);
	cr_expect(c->store.quota == (uint64_t)10 << 30 && c->store.ballast == 1 << 20);
	cr_expect(c->store.keep_age == 3600000000 && c->store.keep_size == 0);
	cr_expect(c->store.resend_window == 1800000 && c->store.at.line > 0);
	cr_expect(c->feeds[0].mode == CONF_RELAY && c->feeds[1].mode == CONF_STORE);
	cr_expect(a->error.policy == CONF_RETRY && a->error.retries == 1);
	cr_expect(a->reject.policy == CONF_RETRY && a->reject.retries == 3);
	cr_expect(a->other.policy == CONF_RETRY && a->other.retries == 0);
	cr_expect(a->none.policy == CONF_RETRY && a->none.retries == 1000000);
	cr_expect(none->error.policy == CONF_SET_ASIDE && none->other.policy == CONF_SET_ASIDE);
	cr_expect(none->reject.policy == CONF_RETRY && none->reject.retries == CONF_RETRIES);
	cr_expect(none->none.policy == CONF_RETRY && none->none.retries == 0);
	conf_destroy(c);
}

Test(conf_files, reads_tls_of_either_end)
{
	struct conf *c = load_good("tests/conf/good/full.xml");
	const struct conf_tls *in = c->feeds[0].listens[0].tls, *out = c->feeds[0].forward.tls;

	cr_expect(c->handshakes == 7 && c->handshake_timeout == 3000);
	cr_assert(in && out);
	cr_expect(ends_with(in->certificate, "tests/conf/good/tls/us.pem"));
	cr_expect(ends_with(in->key, "/us.key") && ends_with(in->ca, "/ca.pem"));
	cr_expect(ends_with(in->crl, "/crl.pem") && in->client == CONF_CLIENT_REQUIRED);
	cr_assert_eq(in->peer_count, 2);
	cr_expect_str_eq(in->peers[0].name, "lab.example");
	cr_expect_null(in->peers[0].pin);
	cr_expect_str_eq(in->peers[1].pin, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
	cr_expect(in->at.line == 16 && in->peers[1].at.line == 18);
	cr_expect_str_eq(out->key, "/etc/tls/us.key");
	cr_expect_str_eq(out->name, "ehr.example");
	cr_expect(out->peer_count == 1 && !out->peers[0].name);
	cr_expect(!c->feeds[0].listens[1].tls && !c->feeds[1].forward.tls);
	cr_assert(c->feeds[1].listens[1].tls);
	cr_expect(c->feeds[1].listens[1].tls->client == CONF_CLIENT_NONE);
	cr_expect_null(c->feeds[1].listens[1].tls->ca);
	conf_destroy(c);
}

Test(conf_files, reads_who_may_send)
{
	struct conf *c = load_good("tests/conf/good/full.xml");
	const struct conf_feed *f = &c->feeds[0];
	const struct conf_listen *l = &f->listens[0];

	cr_assert(l->allow_count == 2 && f->listens[1].allow_count == 0);
	cr_expect(l->allows[0].network.bits == 96 + 8 && l->allows[0].network.address[12] == 10);
	cr_expect(l->allows[1].network.bits == 128 && l->allows[1].network.address[15] == 7);
	cr_expect_eq(f->on_stranger, CONF_STRANGER_CLOSE);
	cr_expect_eq(c->feeds[1].on_stranger, CONF_STRANGER_REJECT);
	cr_assert(f->sender_count == 3 && c->feeds[1].sender_count == 0);
	cr_expect_str_eq(f->senders[0].application, "LAB");
	cr_expect_str_eq(f->senders[0].facility, "MAIN");
	cr_expect_str_eq(f->senders[0].peer.name, "lab.example");
	cr_expect_str_eq(f->senders[1].application, "LAB 2");
	cr_expect(!f->senders[1].facility && !f->senders[1].peer.name && !f->senders[1].peer.pin);
	cr_expect_null(f->senders[2].peer.name);
	cr_expect_str_eq(f->senders[2].peer.pin, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
	conf_destroy(c);
}

/* ---- bad ---- */

static void
expect_listing(const char *path, struct faults *faults)
{
	struct buffer expected;
	char beside[4096], *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);

	snprintf(beside, sizeof(beside), "%.*s.expected", (int)strlen(path) - 4, path);
	expected = read_bytes(beside);
	cr_assert(f);
	faults_print(faults, f);
	fclose(f);
	cr_expect(span_eq(span_of(text, size), buffer_span(&expected)), "%s: now says\n%.*s", path,
	    (int)size, text);
	free(text);
	buffer_finish(&expected);
}

static bool
is_valid(const struct xml_document *doc)
{
	struct faults faults;
	struct xml_schema *schema;
	bool valid;

	faults_init(&faults, "");
	schema = xml_schema_create(conf_relaxng, &faults);
	cr_assert(schema);
	valid = xml_document_validate(doc, schema, &faults);
	xml_schema_destroy(schema);
	faults_finish(&faults);
	return valid;
}

/* What the schema, all by itself, thinks of a file. */
static void
expect_of_schema(const char *path)
{
	struct buffer b = read_bytes(path);
	struct faults faults;
	struct arena arena;
	struct xml_document *doc;
	const bool reads = strncmp(base_name(path), "xml-", 4) != 0 &&
			   strcmp(base_name(path), "shape-namespace.xml") != 0;

	faults_init(&faults, path);
	arena_init(&arena, 0);
	doc = xml_document_create(buffer_span(&b), SPAN(CONF_NAMESPACE), &arena, &faults);
	cr_expect_eq(doc != NULL, reads, "%s", path);
	if (doc)
		cr_expect_eq(is_valid(doc), strncmp(base_name(path), "shape-", 6) != 0, "%s", path);
	xml_document_destroy(doc);
	arena_finish(&arena);
	faults_finish(&faults);
	buffer_finish(&b);
}

static bool
expect_bad(const char *path, void *ctx)
{
	struct faults faults;
	struct conf *c;

	(void)ctx;
	if (!ends_with(path, ".xml"))
		return true;
	c = load(path, &faults);
	cr_expect_null(c, "%s is accepted", path);
	conf_destroy(c);
	expect_listing(path, &faults);
	expect_of_schema(path);
	faults_finish(&faults);
	return true;
}

Test(conf_files, says_all_that_is_wrong_with_what_is_bad)
{
	cr_expect_geq(files_below(in_tree("tests/conf/bad"), expect_bad, NULL), 30);
}

static void
expect_fault(const char *xml, const char *fault)
{
	struct faults faults;

	faults_init(&faults, "");
	cr_expect_null(conf_create(span_str(xml), "", &faults));
	cr_expect(faults.count && strstr(faults.list[0].what, fault), "%s",
	    faults.count ? faults.list[0].what : "no fault");
	faults_finish(&faults);
}

Test(conf_files, refuses_what_is_no_xml)
{
	expect_fault("", "");
	expect_fault("listen: 2575", "");
	expect_fault("<hl7noted/>", "not in the namespace");
}

#define FEED "<feed name='f'><listen port='1'"
#define TO "<forward host='h' port='2'/>"

struct many {
	const char *before, *each, *behind, *fault;
	unsigned most;
};

static bool
is_refused(const struct many *m, unsigned count)
{
	struct buffer b;
	struct faults faults;
	bool refused;

	buffer_init(&b, 0);
	buffer_printf(&b, "<hl7noted xmlns='urn:hl7note:config:1'>%s", m->before);
	for (unsigned n = 0; n < count; n++)
		buffer_append(&b, span_str(m->each));
	buffer_printf(&b, "%s</hl7noted>", m->behind);
	faults_init(&faults, "");
	conf_destroy(conf_create(buffer_span(&b), "", &faults));
	/* and nothing else, which would take long to find */
	refused = faults.total == 1 && strstr(faults.list[0].what, m->fault);
	faults_finish(&faults);
	buffer_finish(&b);
	return refused;
}

Test(conf_files, refuse_more_than_can_be_looked_through_quickly)
{
	static const struct many rows[] = {
		{ "", FEED "/>" TO "</feed>", "", " feeds, and 1024 may be", 1024 },
		{ "<feed name='f'>", "<listen port='1'/>", TO "</feed>",
		    " listeners, and 4096 may be", 4096 },
		{ FEED "/>" TO, "<mapping file='x.xml'/>", "</feed>", " mappings, and 8192 may be",
		    8192 },
		{ FEED "/>" TO, "<sender application='LAB'/>", "</feed>", " senders, and 64 may be",
		    64 },
		{ FEED ">", "<allow address='::1'/>", "</listen>" TO "</feed>",
		    " networks, and 1024 may be", 1024 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		cr_expect(is_refused(&rows[i], rows[i].most + 1), "%s", rows[i].fault);
		cr_expect_not(is_refused(&rows[i], rows[i].most), "%s", rows[i].fault);
	}
}

/* ---- which kind of file ---- */

Test(conf_files, are_known_by_their_root)
{
	static const struct {
		const char *text;
		bool is;
	} rows[] = { { "<hl7noted>", true }, { "<hl7noted/>", true }, { "<hl7noted", true },
		{ "\xef\xbb\xbf<?xml version='1.0'?>\n<!-- <mapping> -->\n<hl7noted a='>'", true },
		{ "<hl7note xmlns='urn:hl7note:config:1'>", true },
		{ "<mapping xmlns='urn:hl7note:mapping:1'><!-- urn:hl7note:config:1 -->", false },
		{ "<!-- <hl7noted> --><mapping>", false }, { "<hl7noted2>", false },
		{ "<!-- <hl7noted>", false }, { "<?x", false }, { "hl7noted", false },
		{ "", false } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		cr_expect_eq(
		    conf_is_configuration(span_str(rows[i].text)), rows[i].is, "%s", rows[i].text);
}

/* ---- nothing is forgotten ---- */

static void
expect_all_used(const struct conf_element *kind, const char *file)
{
	char text[64];

	snprintf(text, sizeof(text), "<%s", kind->name);
	cr_expect(strstr(file, text), "%s", text);
	for (const struct conf_attribute *a = kind->attributes; a && a->name; a++) {
		snprintf(text, sizeof(text), " %s=", a->name);
		cr_expect(strstr(file, text), "%s of %s", a->name, kind->name);
	}
	for (const struct conf_child *c = kind->children; c && c->element; c++)
		expect_all_used(c->element, file);
}

Test(conf_files, hold_every_word_in_one_that_is_valid)
{
	struct buffer b = read_bytes(in_tree("tests/conf/good/full.xml"));

	buffer_append_char(&b, '\0');
	expect_all_used(&conf_root, buffer_span(&b).ptr);
	buffer_finish(&b);
}
