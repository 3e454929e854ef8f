/* SPDX-License-Identifier: MIT */
/*
 * Files are read whole and closed before anything is made of them; a file that is
 * exchanged by rename is either the old one or the new one.
 */
#include "daemon/source.h"

#include <sha256.h>
#include <stdlib.h>
#include <string.h>

#include "annotate/examples.h"
#include "daemon/file.h"

/* A file that is not there has no place; the one that names it has. */
static bool
read_file(const struct conf_mapping *m, const struct teller *t, struct span *ret)
{
	struct faults unread, faults;
	bool good;

	faults_init(&unread, m->file);
	faults_init(&faults, t->conf_file);
	good = file_read(m->file, ret, &unread);
	for (size_t i = 0; i < unread.count; i++)
		faults_add(
		    &faults, m->at, unread.list[i].mend, "%s: %s", m->file, unread.list[i].what);
	if (unread.no_memory)
		faults_add_no_memory(&faults);
	teller_tell(t, LOG_MAPPING_REJECTED, &faults);
	faults_finish(&unread);
	return good;
}

static void
compile(struct source *s, struct span bytes, const struct teller *t)
{
	struct faults faults;

	faults_init(&faults, s->file);
	SHA256Data((const uint8_t *)bytes.ptr, bytes.len, s->sha256);
	s->mapping = mapping_create(bytes, &faults);
	if (s->mapping) {
		examples_run(s->mapping, &faults);
		if (s->mapping->status == MAPPING_RETIRED)
			faults_add(&faults, (struct fault_place){ 1, 1 },
			    "use the mapping that replaced it", "the mapping is retired");
	}
	s->sound = teller_tell(t, LOG_MAPPING_REJECTED, &faults) && s->mapping;
}

static struct source *
read_new(const struct conf_mapping *m, const struct teller *t)
{
	struct source *s = calloc(1, sizeof(*s));
	struct span bytes;

	if (s) {
		s->users = 1;
		s->file = strdup(m->file);
	}
	if (!s || !s->file)
		teller_tell_no_memory(t, LOG_MAPPING_REJECTED, m->file);
	if (!s || !s->file || !read_file(m, t, &bytes)) {
		source_release(s);
		return NULL;
	}
	compile(s, bytes, t);
	free((void *)(uintptr_t)bytes.ptr);
	return s;
}

struct source *
source_of(struct source **list, const struct conf_mapping *m, const struct teller *t)
{
	struct source *s = *list;

	while (s && strcmp(s->file, m->file) != 0)
		s = s->next;
	if (!s) {
		s = read_new(m, t);
		if (!s)
			return NULL;
		s->next = *list;
		*list = s;
	}
	s->users++;
	return s;
}

void
source_release(struct source *s)
{
	if (!s || --s->users)
		return;
	mapping_destroy(s->mapping);
	free(s->file);
	free(s);
}

void
sources_finish(struct source *list)
{
	while (list) {
		struct source *next = list->next;

		source_release(list);
		list = next;
	}
}
