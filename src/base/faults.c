/* SPDX-License-Identifier: MIT */
/*
 * A list that grows by doubling, and how it is told to people.
 */
#include "base/faults.h"

#include <stdarg.h>
#include <stdlib.h>

#include "base/utf8.h"

void
faults_init(struct faults *f, const char *file)
{
	*f = (struct faults){ .file = file };
}

void
faults_finish(struct faults *f)
{
	for (size_t i = 0; i < f->count; i++) {
		free(f->list[i].what);
		free(f->list[i].mend);
	}
	free(f->list);
	*f = (struct faults){ .file = f->file };
}

static char *
format_text(const char *format, va_list args)
{
	va_list again;
	char *text;
	int len;

	va_copy(again, args);
	len = vsnprintf(NULL, 0, format, again);
	va_end(again);
	text = len < 0 ? NULL : malloc((size_t)len + 1);
	if (text)
		vsnprintf(text, (size_t)len + 1, format, args);
	return text;
}

bool
faults_are_kept(const struct faults *f)
{
	return f->count < FAULTS_MOST;
}

/* Room for one more; the list grows by doubling, that is whenever count is a power of two. */
static struct fault *
next_fault(struct faults *f)
{
	if (!faults_are_kept(f))
		return NULL;
	if ((f->count & (f->count - 1)) == 0) {
		size_t size = f->count ? 2 * f->count : 1;
		struct fault *list = realloc(f->list, size * sizeof(*list));

		if (!list) {
			f->no_memory = true;
			return NULL;
		}
		f->list = list;
	}
	return &f->list[f->count];
}

void
faults_add(struct faults *f, struct fault_place at, const char *mend, const char *what, ...)
{
	struct fault *fault = next_fault(f);
	va_list args;

	f->total++;
	if (!fault)
		return;
	va_start(args, what);
	fault->at = at;
	fault->what = format_text(what, args);
	fault->mend = strdup(mend ? mend : "");
	va_end(args);
	if (fault->what && fault->mend) {
		f->count++;
		return;
	}
	f->no_memory = true;
	free(fault->what);
	free(fault->mend);
}

void
faults_add_no_memory(struct faults *f)
{
	f->no_memory = true;
	f->total++;
}

/* Faults at one place stand in the order of their words, so that a listing is always the same. */
static int
by_place(const void *x, const void *y)
{
	const struct fault *a = x, *b = y;

	if (a->at.line != b->at.line)
		return a->at.line < b->at.line ? -1 : 1;
	if (a->at.column != b->at.column)
		return a->at.column < b->at.column ? -1 : 1;
	return strcmp(a->what, b->what);
}

void
faults_sort(struct faults *f)
{
	if (f->count)
		qsort(f->list, f->count, sizeof(*f->list), by_place);
}

/* A fault may quote the file, which must not reach a terminal as commands or lines. */
static void
print_text(const char *text, FILE *out)
{
	for (struct span s = span_str(text); s.len;) {
		uint32_t character = 0;
		const size_t len = utf8_read(s, &character);

		if (len && !utf8_is_control(character))
			fwrite(s.ptr, 1, len, out);
		else
			fputc('?', out);
		s = span_tail(s, len ? len : 1);
	}
}

static void
print_one(const struct faults *f, const struct fault *fault, FILE *out)
{
	fprintf(out, "%s:", f->file);
	if (fault->at.line)
		fprintf(out, "%u:", fault->at.line);
	if (fault->at.line && fault->at.column)
		fprintf(out, "%u:", fault->at.column);
	fputc(' ', out);
	print_text(fault->what, out);
	fputs(fault->mend[0] ? "; " : "", out);
	print_text(fault->mend, out);
	fputc('\n', out);
}

void
faults_print_first(const struct faults *f, size_t most, FILE *out)
{
	const size_t shown = f->count < most ? f->count : most, more = f->total - shown;

	if (f->no_memory)
		fprintf(out, "%s: out of memory\n", f->file);
	for (size_t i = 0; i < shown; i++)
		print_one(f, &f->list[i], out);
	if (more && !f->no_memory)
		fprintf(out, "%s: and %zu more fault%s\n", f->file, more, more == 1 ? "" : "s");
}

void
faults_print(const struct faults *f, FILE *out)
{
	faults_print_first(f, FAULTS_MOST, out);
}
