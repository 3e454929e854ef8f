/* SPDX-License-Identifier: MIT */
/*
 * conf/value.h - one value: how it is spelt, within which limits, where it goes
 *
 * An attribute of the file and an option of the command line that mean the same
 * are the same row of a table, so both are read, refused and explained alike.
 */
#ifndef CONF_VALUE_H
#define CONF_VALUE_H

#include "conf/conf.h"

enum conf_kind {
	CONF_WORD,     /* one of `words`; its number goes to an enum */
	CONF_YES_NO,   /* bool */
	CONF_NAME,     /* letters, digits and . _ -, 64 at most */
	CONF_COUNT,    /* unsigned */
	CONF_DURATION, /* uint32_t, milliseconds */
	CONF_SECONDS,  /* uint32_t, a duration of whole seconds */
	CONF_SIZE,     /* uint64_t */
	CONF_HOST,     /* a name or an address */
	CONF_ADDRESS,  /* the same, or "" or "*" for all */
	CONF_DNS_NAME, /* of a certificate */
	CONF_PORT,     /* a number or the name of a service */
	CONF_ENDPOINT, /* "[ADDRESS:]PORT", into two strings: `offset` and `second` */
	CONF_FILE,     /* joined to the folder of the configuration file */
	CONF_SOCKET,   /* the same, and short enough for the name of a UNIX socket */
	CONF_ASCII,    /* printable ASCII, 64 at most */
	CONF_PIN,      /* "sha256//" and base64, of which the base64 is kept */
	CONF_PEER,     /* a DNS name into `offset`, or a pin into `second` */
	CONF_NETWORK,  /* struct network */
};

struct conf_attribute {
	const char *name; /* NULL ends a list */
	enum conf_kind kind;
	size_t offset, second;    /* in the structure of the element */
	uint64_t least, most;     /* of numbers, durations and sizes */
	const char *zero;         /* what 0 means when it is below `least`, NULL: refused; of an
				     endpoint the address when there is none */
	const char *const *words; /* ends in NULL; of a size, one word for 0 */
	bool required;
};

/* Where values are read to, and what is said on the way. */
struct conf_reader {
	struct arena *arena;
	struct faults *faults;
	struct span folder; /* of the configuration file, with its last slash */
	bool no_memory;
};

/* Read `text` into the structure `into`, or add one fault that begins with `owner`. */
void conf_value_read(struct conf_reader *r, const struct conf_attribute *a, struct span text,
    const char *owner, struct fault_place at, void *into);
/* A copy that ends in NUL; NULL, and no_memory, when there is none. */
const char *conf_text(struct conf_reader *r, struct span text);

/* The parts of faults that quote a file are cut to this. */
enum { CONF_SHOWN = 60, CONF_MEND = 240 };
#define CONF_SHOW(s) (int)((s).len < CONF_SHOWN ? (s).len : CONF_SHOWN), (s).ptr

#endif
