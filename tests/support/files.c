/* SPDX-License-Identifier: MIT */
/*
 * Plain reading of files and folders.  Folders are walked in order of name, so
 * that a run says the same on every machine.
 */
#include "support/files.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/faults.h"
#include "mapping/mapping.h"

bool
file_read(const char *path, struct buffer *out)
{
	FILE *f = fopen(path, "rb");
	char *room;
	size_t len = 1;

	if (!f) {
		perror(path);
		return false;
	}
	while (len && (room = buffer_reserve(out, 1 << 16))) {
		len = fread(room, 1, 1 << 16, f);
		buffer_filled(out, len);
	}
	if (ferror(f) || out->failed) {
		fprintf(stderr, "%s: cannot be read\n", path);
		fclose(f);
		return false;
	}
	fclose(f);
	return true;
}

struct mapping *
mapping_load(const char *path)
{
	const char *top = getenv("HL7_TOP");
	char full[4096];
	struct mapping *m = NULL;
	struct faults faults;
	struct buffer bytes;

	snprintf(full, sizeof(full), "%s/%s", top ? top : ".", path);
	faults_init(&faults, full);
	buffer_init(&bytes, 0);
	if (file_read(full, &bytes)) {
		m = mapping_create(buffer_span(&bytes), &faults);
		if (!m)
			faults_print(&faults, stderr);
	}
	buffer_finish(&bytes);
	faults_finish(&faults);
	return m;
}

static int
not_hidden(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static bool
walk(const char *path, file_visit *each, void *ctx, long *count)
{
	struct stat st;
	struct dirent **list;
	bool more = true;
	int n;

	if (stat(path, &st) != 0)
		return true;
	if (!S_ISDIR(st.st_mode)) {
		++*count;
		return each(path, ctx);
	}
	n = scandir(path, &list, not_hidden, alphasort);
	for (int i = 0; i < n; i++) {
		char inner[4096];

		snprintf(inner, sizeof(inner), "%s/%s", path, list[i]->d_name);
		more = more && walk(inner, each, ctx, count);
		free(list[i]);
	}
	if (n >= 0)
		free(list);
	return more;
}

long
files_below(const char *folder, file_visit *each, void *ctx)
{
	struct stat st;
	long count = 0;

	if (stat(folder, &st) != 0 || !S_ISDIR(st.st_mode))
		return -1;
	walk(folder, each, ctx, &count);
	return count;
}
