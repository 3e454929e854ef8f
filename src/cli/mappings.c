/* SPDX-License-Identifier: MIT */
/*
 * cli/mappings.c - read, compile, complain
 */
#include "cli/mappings.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "annotate/annotate.h"
#include "annotate/examples.h"
#include "base/buffer.h"
#include "base/faults.h"
#include "cli/say.h"
#include "mapping/mapping.h"
#include "xml/xml.h"

/* The one that the installed configuration names: what is tried is what the daemon does. */
#define SITE_MAPPING SYSCONFDIR "/hl7noted/mappings/b2m.xml"

int
mappings_add(struct mappings *ms, const char *path)
{
	if (ms->path_count == MAPPINGS_MOST) {
		say_error("more than %d mappings", MAPPINGS_MOST);
		return EX_USAGE;
	}
	ms->paths[ms->path_count++] = path;
	return EX_OK;
}

/* One byte over the cap is enough for the XML reader to refuse it with its own words. */
static int
read_all(int fd, struct buffer *b)
{
	while (b->end - b->start <= XML_MOST_BYTES) {
		char *room = buffer_reserve(b, 64 << 10);
		const ssize_t n = room ? read(fd, room, 64 << 10) : -1;

		if (n == 0)
			return 0;
		if (n > 0)
			buffer_filled(b, (size_t)n);
		else if (!room || errno != EINTR)
			return room ? -errno : -ENOMEM;
	}
	return 0;
}

int
mappings_bytes(const char *path, struct buffer *b)
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	int error;

	if (fd < 0)
		return -errno;
	error = read_all(fd, b);
	close(fd);
	return error;
}

struct mapping *
mappings_compile(const char *path, struct span bytes, size_t most_faults, int *ret_status)
{
	struct faults faults;
	struct mapping *m;

	faults_init(&faults, path);
	m = mapping_create(bytes, &faults);
	if (m && !examples_run(m, &faults)) {
		mapping_destroy(m);
		m = NULL;
	}
	*ret_status = m ? EX_OK : faults.no_memory ? EX_OSERR : EX_CONFIG;
	faults_sort(&faults);
	faults_print_first(&faults, most_faults, stderr);
	faults_finish(&faults);
	return m;
}

static struct mapping *
read_mapping(const char *path, int *ret_status)
{
	struct mapping *m = NULL;
	struct buffer bytes;
	int error;

	buffer_init(&bytes, 0);
	error = mappings_bytes(path, &bytes);
	if (error)
		*ret_status = say_unreadable(path, -error);
	else
		m = mappings_compile(path, buffer_span(&bytes), MAPPINGS_FAULTS, ret_status);
	buffer_finish(&bytes);
	return m;
}

/* Nobody named a mapping: the environment may, else the one of the site is used. */
static int
choose(struct mappings *ms)
{
	const char *named = getenv("HL7NOTE_MAPPING");

	if (ms->path_count > 0)
		return EX_OK;
	if (named && *named)
		return mappings_add(ms, named);
	if (access(SITE_MAPPING, R_OK) == 0)
		return mappings_add(ms, SITE_MAPPING);
	say_error("no mapping: name one with -m FILE or in $HL7NOTE_MAPPING (there is none in "
		  "%s: %s)",
	    SITE_MAPPING, strerror(errno));
	return EX_NOINPUT;
}

/* What a user should know before trusting the output. */
static void
note_status(const struct mapping *m)
{
	const char *warning = NULL;

	if (m->status == MAPPING_DRAFT)
		warning = "is a draft: no laboratory has approved its rules and texts";
	else if (m->status == MAPPING_RETIRED)
		warning = "is retired: ask its laboratory for the one in force";
	if (warning)
		say_note("mapping %.*s %.*s %s", (int)m->id.len, m->id.ptr, (int)m->version.len,
		    m->version.ptr, warning);
}

/* They are all used, whatever the day. */
static int
refuse_clashes(const struct mappings *ms)
{
	int status = EX_OK;

	for (size_t i = 0; i < ms->count; i++) {
		for (size_t k = i + 1; k < ms->count; k++) {
			const struct span code = annotator_clash(ms->list[i], ms->list[k]);

			if (!code.len)
				continue;
			say_error("two mappings, %s and %s, have rules for code %.*s; name only "
				  "one of them",
			    ms->paths[i], ms->paths[k], (int)code.len, code.ptr);
			status = EX_CONFIG;
		}
	}
	return status;
}

static int
make_annotator(struct mappings *ms)
{
	ms->annotator = annotator_create((const struct mapping *const *)ms->list, ms->count);
	if (ms->annotator)
		return EX_OK;
	say_error("out of memory");
	return EX_OSERR;
}

int
mappings_annotator(struct mappings *ms)
{
	int status = choose(ms);

	for (size_t i = 0; i < ms->path_count; i++) {
		int this_status;
		struct mapping *m = read_mapping(ms->paths[i], &this_status);

		if (m)
			ms->list[ms->count++] = m;
		else if (status == EX_OK)
			status = this_status;
	}
	if (status != EX_OK)
		return status;
	for (size_t i = 0; i < ms->count; i++)
		note_status(ms->list[i]);
	status = refuse_clashes(ms);
	return status == EX_OK ? make_annotator(ms) : status;
}

void
mappings_finish(struct mappings *ms)
{
	annotator_destroy(ms->annotator);
	for (size_t i = 0; i < ms->count; i++)
		mapping_destroy(ms->list[i]);
	*ms = (struct mappings){ 0 };
}
