/* SPDX-License-Identifier: MIT */
/*
 * Configurations: one is made or there is a fault, never both; what is made keeps the
 * limits that the daemon relies on; and every spelling is read the same wherever it
 * stands.
 */
#include "conf/conf.h"

#include "conf/spelling.h"
#include "fuzz/target.h"

static void
must_end(const char *text)
{
	MUST(text && strlen(text) < 1 << 20);
}

static void
must_be_tls(const struct conf_tls *tls, bool inbound)
{
	if (!tls)
		return;
	MUST(!tls->certificate == !tls->key);
	MUST(inbound ? tls->certificate && (tls->ca || tls->client == CONF_CLIENT_NONE)
		     : tls->ca != NULL);
	for (unsigned i = 0; i < tls->peer_count; i++)
		MUST(!tls->peers[i].name != !tls->peers[i].pin);
}

static void
must_be_feed(const struct conf *c, const struct conf_feed *f)
{
	must_end(f->name);
	MUST(f->listen_count && f->max_frame && f->max_frame <= c->max_in_flight);
	MUST(f->forward.in_flight && f->forward.backoff_least <= f->forward.backoff_most);
	MUST(f->sender_count <= CONF_SENDERS_MOST);
	MUST(f->mode == CONF_RELAY || c->store.directory);
	must_end(f->forward.host);
	must_end(f->forward.port);
	must_be_tls(f->forward.tls, false);
	for (unsigned i = 0; i < f->listen_count; i++) {
		MUST(!f->listens[i].port != !f->listens[i].socket);
		must_be_tls(f->listens[i].tls, true);
		for (unsigned k = 0; k < f->listens[i].allow_count; k++)
			MUST(f->listens[i].allows[k].network.bits <= 128);
	}
	for (unsigned i = 0; i < f->mapping_count; i++)
		must_end(f->mappings[i].file);
}

static void
read_file(struct span in)
{
	struct faults faults;
	struct conf *c;

	faults_init(&faults, "input");
	c = conf_create(in, "folder/input", &faults);
	MUST(c ? faults.total == 0 : faults.total > 0);
	MUST(!c || conf_is_configuration(in));
	for (unsigned i = 0; c && i < c->feed_count; i++)
		must_be_feed(c, &c->feeds[i]);
	conf_destroy(c);
	faults_sort(&faults);
	faults_finish(&faults);
}

static void
read_spellings(struct span in)
{
	struct span host = SPAN(""), port = SPAN("");
	char text[CONF_LIMIT_TEXT];
	struct network n;
	uint32_t ms, again;
	uint64_t bytes, same;

	if (conf_duration(in, &ms))
		MUST(conf_duration(span_str(conf_duration_text(ms, text)), &again) && again == ms);
	if (conf_size(in, &bytes))
		MUST(conf_size(span_str(conf_size_text(bytes, text)), &same) && same == bytes);
	if (conf_host_port(in, &host, &port))
		MUST(port.len && host.len + port.len <= in.len);
	if (network_parse(in, &n) == NETWORK_FINE)
		MUST(n.bits <= 128 && network_holds(&n, &n));
	if (conf_is_pin(in))
		MUST(in.len == 52 && conf_is_ascii(in));
}

static void
read_flag(struct span name, struct span value)
{
	char words[2][256];
	struct faults faults;
	struct conf *c;

	faults_init(&faults, "command line");
	c = conf_from_flags("2575", "engine:6661", NULL, 0, &faults);
	MUST(c);
	snprintf(words[0], sizeof(words[0]), "%.*s", (int)name.len, name.ptr);
	snprintf(words[1], sizeof(words[1]), "%.*s", (int)value.len, value.ptr);
	if (conf_flag(c, words[0], words[1], &faults))
		MUST(faults.total == 0);
	(void)conf_flags_done(c, &faults);
	conf_destroy(c);
	faults_finish(&faults);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = span_of((const char *)data, size), value;

	if (size < 200) {
		const struct span name = span_cut(in, '=', &value);

		read_spellings(in);
		if (value.ptr)
			read_flag(name, value);
	}
	read_file(in);
	return 0;
}
