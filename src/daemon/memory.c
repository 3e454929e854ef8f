/* SPDX-License-Identifier: MIT */
/*
 * A reserve would only put off the end, and a daemon without memory serves nobody.
 */
#include "daemon/memory.h"

#include <ev.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "xml/xml.h"

/* libev's allocator takes no context. */
static struct log *last_words;

_Noreturn static void
leave(void)
{
	static const char sentence[] =
	    "hl7noted: no memory for the event loop or for reading a file; "
	    "raise MemoryMax, or lower the limits\n";

	ssize_t n = write(STDERR_FILENO, sentence, strlen(sentence));

	(void)n; /* nobody else could be told */
	if (!last_words)
		_exit(EX_OSERR);
	if (log_begin_at(last_words, LOG_SVC_STOPPED, LOG_ERROR_)) {
		log_str(last_words, LOG_ERR_CODE, "ENOMEM");
		log_end(last_words);
	}
	log_destroy(last_words);
	_exit(EX_OSERR);
}

static void *
allocate(void *ptr, long size)
{
	void *p;

	if (size == 0) {
		free(ptr);
		return NULL;
	}
	p = realloc(ptr, (size_t)size);
	if (!p)
		leave();
	return p;
}

void
memory_for_loop(struct log *log)
{
	last_words = log;
	ev_set_allocator(allocate);
}

/* ---- files ---- */

static void *
allocate_xml(size_t size)
{
	void *p = malloc(size ? size : 1);

	if (!p)
		leave();
	return p;
}

static void *
reallocate_xml(void *old, size_t size)
{
	void *p = realloc(old, size ? size : 1);

	if (!p)
		leave();
	return p;
}

static char *
duplicate_xml(const char *string)
{
	char *p = strdup(string);

	if (!p)
		leave();
	return p;
}

/* In a signal, so without the log, which may be what was interrupted. */
_Noreturn static void
on_bus(int number)
{
	static const char sentence[] =
	    "hl7noted: the queue's progress file was cut short or cannot be read (bus error); "
	    "nothing acknowledged is lost, start again\n";
	ssize_t n = write(STDERR_FILENO, sentence, sizeof(sentence) - 1);

	(void)n, (void)number;
	_exit(EX_IOERR);
}

void
memory_for_files(void)
{
	const struct sigaction end = { .sa_handler = on_bus };

	(void)sigaction(SIGBUS, &end, NULL);
	xml_allocate_with(allocate_xml, reallocate_xml, duplicate_xml);
}
