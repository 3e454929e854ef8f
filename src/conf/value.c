/* SPDX-License-Identifier: MIT */
/*
 * conf/value.c - a row for each kind: read, what to call it, how to mend it
 */
#include "conf/value.h"

#include <stdio.h>
#include <sys/un.h>

#include "base/ascii.h"
#include "base/nearest.h"
#include "conf/spelling.h"
#include "xml/bytes.h"

_Static_assert(sizeof(enum conf_mode) == sizeof(unsigned), "words are stored as unsigned");

static const char *const yes_no[] = { "no", "yes", NULL };

const char *
conf_text(struct conf_reader *r, struct span text)
{
	struct span copy = arena_copy(r->arena, text.ptr ? text : SPAN(""));

	if (!copy.ptr)
		r->no_memory = true;
	return copy.ptr;
}

/* ---- readers: false when it is not spelt so, or over a limit ---- */

typedef bool read_kind(
    struct conf_reader *r, const struct conf_attribute *a, struct span text, char *to);

static bool
store_text(struct conf_reader *r, struct span text, char *to)
{
	const char *copy = conf_text(r, text);

	memcpy(to, &copy, sizeof(copy));
	return true;
}

static const char *const *
words_of(const struct conf_attribute *a)
{
	return a->kind == CONF_YES_NO ? yes_no : a->words;
}

static bool
find_word(const struct conf_attribute *a, struct span text, unsigned *ret)
{
	const char *const *words = words_of(a);

	for (unsigned i = 0; words[i]; i++)
		if (span_eq(text, span_str(words[i]))) {
			*ret = i;
			return true;
		}
	return false;
}

static bool
read_word(struct conf_reader *r, const struct conf_attribute *a, struct span text, char *to)
{
	unsigned n;

	(void)r;
	if (!find_word(a, text, &n))
		return false;
	memcpy(to, &n, sizeof(n));
	return true;
}

static bool
read_yes_no(struct conf_reader *r, const struct conf_attribute *a, struct span text, char *to)
{
	unsigned n;
	bool yes;

	(void)r;
	if (!find_word(a, text, &n))
		return false;
	yes = n == 1;
	memcpy(to, &yes, sizeof(yes));
	return true;
}

static bool
within(const struct conf_attribute *a, uint64_t n)
{
	return (n >= a->least && n <= a->most) || (n == 0 && a->zero);
}

static bool
read_count(struct conf_reader *r, const struct conf_attribute *a, struct span text, char *to)
{
	uint64_t n;
	unsigned count;

	(void)r;
	if (!ascii_number(text, &n) || !within(a, n))
		return false;
	count = (unsigned)n;
	memcpy(to, &count, sizeof(count));
	return true;
}

static bool
read_duration(struct conf_reader *r, const struct conf_attribute *a, struct span text, char *to)
{
	uint32_t ms;

	(void)r;
	if (!conf_duration(text, &ms) || !within(a, ms))
		return false;
	memcpy(to, &ms, sizeof(ms));
	return true;
}

static bool
read_seconds(struct conf_reader *r, const struct conf_attribute *a, struct span text, char *to)
{
	uint32_t ms, seconds;

	(void)r;
	if (!conf_duration(text, &ms) || !within(a, ms) || ms % 1000)
		return false;
	seconds = ms / 1000;
	memcpy(to, &seconds, sizeof(seconds));
	return true;
}

static bool
read_size(struct conf_reader *r, const struct conf_attribute *a, struct span text, char *to)
{
	uint64_t bytes = 0;

	(void)r;
	if (!(a->words && span_eq(text, span_str(a->words[0]))) &&
	    (!conf_size(text, &bytes) || !within(a, bytes)))
		return false;
	memcpy(to, &bytes, sizeof(bytes));
	return true;
}

static bool
read_name(struct conf_reader *r, const struct conf_attribute *a, struct span text, char *to)
{
	(void)a;
	return conf_is_name(text) && store_text(r, text, to);
}

/* The brackets of [::1] are there to set a port off, which stands elsewhere here. */
static struct span
without_brackets(struct span s)
{
	if (s.len > 2 && s.ptr[0] == '[' && s.ptr[s.len - 1] == ']')
		return span_of(s.ptr + 1, s.len - 2);
	return s;
}

static bool
read_host(struct conf_reader *r, const struct conf_attribute *a, struct span text, char *to)
{
	(void)a;
	text = without_brackets(text);
	return conf_is_host(text) && store_text(r, text, to);
}

static bool
read_dns_name(struct conf_reader *r, const struct conf_attribute *a, struct span text, char *to)
{
	(void)a;
	return conf_is_dns_name(text) && store_text(r, text, to);
}

static bool
is_all(struct span address)
{
	return !address.len || span_eq(address, SPAN("*"));
}

static bool
read_address(struct conf_reader *r, const struct conf_attribute *a, struct span text, char *to)
{
	return is_all(text) ? store_text(r, text, to) : read_host(r, a, text, to);
}

static bool
read_port(struct conf_reader *r, const struct conf_attribute *a, struct span text, char *to)
{
	(void)a;
	return conf_is_port(text) && store_text(r, text, to);
}

static bool
read_endpoint(struct conf_reader *r, const struct conf_attribute *a, struct span text, char *to)
{
	struct span host, port;

	if (!conf_host_port(text, &host, &port) || !conf_is_port(port) ||
	    !(is_all(host) || conf_is_host(host)))
		return false;
	if (!host.len && a->zero)
		host = span_str(a->zero);
	return store_text(r, host, to) && store_text(r, port, to - a->offset + a->second);
}

static bool
read_file(struct conf_reader *r, const struct conf_attribute *a, struct span text, char *to)
{
	const bool absolute = text.len && text.ptr[0] == '/';
	const size_t folder = absolute ? 0 : r->folder.len;
	char *joined;

	if (!text.len)
		return false;
	if (a->kind == CONF_SOCKET &&
	    folder + text.len >= sizeof(((struct sockaddr_un *)0)->sun_path))
		return false;
	joined = arena_alloc(r->arena, folder + text.len + 1);
	if (!joined) {
		r->no_memory = true;
		return true;
	}
	if (folder)
		memcpy(joined, r->folder.ptr, folder);
	memcpy(joined + folder, text.ptr, text.len);
	joined[folder + text.len] = '\0';
	memcpy(to, &joined, sizeof(joined));
	return true;
}

static bool
read_ascii(struct conf_reader *r, const struct conf_attribute *a, struct span text, char *to)
{
	(void)a;
	return conf_is_ascii(text) && store_text(r, text, to);
}

static bool
read_pin(struct conf_reader *r, const struct conf_attribute *a, struct span text, char *to)
{
	(void)a;
	return conf_is_pin(text) && store_text(r, span_tail(text, sizeof(CONF_PIN_MARK) - 1), to);
}

static bool
read_peer(struct conf_reader *r, const struct conf_attribute *a, struct span text, char *to)
{
	if (conf_is_pin(text))
		return read_pin(r, a, text, to - a->offset + a->second);
	return read_dns_name(r, a, text, to);
}

static bool
read_network(struct conf_reader *r, const struct conf_attribute *a, struct span text, char *to)
{
	struct network n;

	(void)r, (void)a;
	if (network_parse(text, &n) != NETWORK_FINE)
		return false;
	memcpy(to, &n, sizeof(n));
	return true;
}

/* clang-format off */
static const struct {
	read_kind *read;
	const char *what;
	const char *mend; /* NULL: the words are known */
} kinds[] = {
	[CONF_WORD]     = { read_word,     "not a word known here", NULL },
	[CONF_YES_NO]   = { read_yes_no,   "neither yes nor no", NULL },
	[CONF_NAME]     = { read_name,     "no name",
		"a name is letters, digits, \".\", \"_\" and \"-\", 64 at most" },
	[CONF_COUNT]    = { read_count,    "no number within the limits",
		"write a whole number" },
	[CONF_DURATION] = { read_duration, "no duration within the limits",
		"write a number with ms, s, min or h" },
	[CONF_SECONDS]  = { read_seconds,  "no duration within the limits",
		"write whole seconds, or a number with s, min or h," },
	[CONF_SIZE]     = { read_size,     "no size within the limits",
		"write a number of bytes, or with KiB, MiB or GiB," },
	[CONF_HOST]     = { read_host,     "no host",
		"write a host name, or an address without a port or leading zeros" },
	[CONF_ADDRESS]  = { read_address,  "no address",
		"write a host name, or an address without a port or leading zeros, or * for all addresses" },
	[CONF_DNS_NAME] = { read_dns_name, "no DNS name",
		"write a name as the certificate has it: no address, no wildcard, no dot at the end" },
	[CONF_PORT]     = { read_port,     "no port",
		"write a number from 1 to 65535, or the name of a service" },
	[CONF_ENDPOINT] = { read_endpoint, "no address and port",
		"write a port, or ADDRESS:PORT, or [IPV6]:PORT; a port is a number from 1 to 65535, "
		"or the name of a service" },
	[CONF_FILE]     = { read_file,     "no file name",
		"write the name of a file" },
	[CONF_SOCKET]   = { read_file,     "too long for a socket",
		"its path may have 107 bytes, that of the configuration file's folder included" },
	[CONF_ASCII]    = { read_ascii,    "not plain ASCII, or too long",
		"write at most 64 printable characters of ASCII" },
	[CONF_PIN]      = { read_pin,      "no pin",
		"write sha256// and the SHA-256 of the public key in base64, 44 characters with the last =" },
	[CONF_PEER]     = { read_peer,     "neither a DNS name nor a pin",
		"write a DNS name of the certificate, or its pin as in <peer>" },
	[CONF_NETWORK]  = { read_network,  "no network",
		"write an address, or a network as in 10.0.0.0/8 or 2001:db8::/32" },
};
/* clang-format on */

/* ---- how to mend it ---- */

/* "write a, b or c", and the nearest of them when there is one. */
static void
mend_words(const struct conf_attribute *a, struct span text, char *mend)
{
	const char *const *words = words_of(a);
	const char *nearest;
	unsigned count = 0;
	size_t used;

	while (words[count])
		count++;
	used = (size_t)snprintf(mend, CONF_MEND, "write ");
	for (unsigned i = 0; i < count && used < CONF_MEND; i++)
		used += (size_t)snprintf(mend + used, CONF_MEND - used, "%s%s",
		    i == 0          ? ""
		    : i + 1 < count ? ", "
				    : " or ",
		    words[i]);
	nearest = a->kind == CONF_WORD ? nearest_word(text, words, count) : NULL;
	if (nearest && used < CONF_MEND)
		snprintf(mend + used, CONF_MEND - used, "; did you mean \"%s\"?", nearest);
}

static const char *
limit(const struct conf_attribute *a, uint64_t n, char buf[CONF_LIMIT_TEXT])
{
	if (a->kind == CONF_SIZE)
		return conf_size_text(n, buf);
	if (a->kind != CONF_COUNT)
		return conf_duration_text(n, buf);
	snprintf(buf, CONF_LIMIT_TEXT, "%llu", (unsigned long long)n);
	return buf;
}

static void
mend_limits(const struct conf_attribute *a, const char *how, char *mend)
{
	char least[CONF_LIMIT_TEXT], most[CONF_LIMIT_TEXT];

	snprintf(mend, CONF_MEND, "%s from %s to %s%s%s%s%s", how, limit(a, a->least, least),
	    limit(a, a->most, most), a->zero ? ", or 0 for " : "", a->zero ? a->zero : "",
	    a->words ? ", or " : "", a->words ? a->words[0] : "");
}

/* What is known of the fault says more than what all networks look like. */
static const char *
mend_of_network(struct span text)
{
	struct network n;

	switch (network_parse(text, &n)) {
	case NETWORK_NO_LENGTH:
		return "behind the / stands how many bits count, 0 to 32, or to 128 for IPv6";
	case NETWORK_HOST_BITS:
		return "bits are set behind the length: write the network's first address, or "
		       "leave out the / for a single one";
	case NETWORK_NO_ADDRESS:
	case NETWORK_FINE:
		break;
	}
	return kinds[CONF_NETWORK].mend;
}

static bool
is_zone_amiss(const struct conf_attribute *a, struct span text)
{
	struct span host = without_brackets(text), port;

	if (a->kind == CONF_ENDPOINT && !conf_host_port(text, &host, &port))
		return false;
	return conf_zone_is_amiss(host);
}

static const char *
mend_of_host(const struct conf_attribute *a, struct span text)
{
	if (is_zone_amiss(a, text))
		return "behind a link-local address, and no other, stands its interface, as in "
		       "fe80::1%eth0";
	return kinds[a->kind].mend;
}

static void
mend_value(const struct conf_attribute *a, struct span text, char *mend)
{
	const char *how = kinds[a->kind].mend;

	switch (a->kind) {
	case CONF_WORD:
	case CONF_YES_NO:
		mend_words(a, text, mend);
		break;
	case CONF_COUNT:
	case CONF_DURATION:
	case CONF_SECONDS:
	case CONF_SIZE:
		mend_limits(a, how, mend);
		break;
	case CONF_NETWORK:
		snprintf(mend, CONF_MEND, "%s", mend_of_network(text));
		break;
	case CONF_HOST:
	case CONF_ADDRESS:
	case CONF_ENDPOINT:
		snprintf(mend, CONF_MEND, "%s", mend_of_host(a, text));
		break;
	default:
		snprintf(mend, CONF_MEND, "%s", how);
	}
}

void
conf_value_read(struct conf_reader *r, const struct conf_attribute *a, struct span text,
    const char *owner, struct fault_place at, void *into)
{
	char mend[CONF_MEND] = "";

	text = xml_trim(text);
	if (kinds[a->kind].read(r, a, text, (char *)into + a->offset))
		return;
	if (faults_are_kept(r->faults))
		mend_value(a, text, mend);
	if (text.len)
		faults_add(r->faults, at, mend, "%s: \"%.*s\" is %s", owner, CONF_SHOW(text),
		    kinds[a->kind].what);
	else
		faults_add(r->faults, at, mend, "%s is empty", owner);
}
