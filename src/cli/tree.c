/* SPDX-License-Identifier: MIT */
/*
 * cli/tree.c - one walk over segments, fields, repetitions, components
 *
 * Only values that are not empty are visited; what to do with one is the
 * printer's affair.
 */
#include "cli/tree.h"

#include <errno.h>
#include <stdlib.h>

#include "cli/names.h"
#include "cli/text.h"
#include "hl7/path.h"

struct printer {
	struct output *out;
	bool json;
	unsigned values;  /* printed so far of this segment */
	const char *name; /* of the field, "" when not known */
};

/* An ID is a letter and two letters or digits. */
enum { IDS = 26 * 36 * 36 };

static unsigned
digit_of(unsigned char c)
{
	return c >= 'A' ? c - 'A' + 10u : c - 0u - '0';
}

static unsigned *
seen_of(struct tree *t, uint32_t id)
{
	const unsigned first = (id & 0xff) - 'A';
	const unsigned at = (first * 36 + digit_of(id >> 8 & 0xff)) * 36 +
			    digit_of(id >> 16 & 0xff);

	return &t->seen[at < IDS ? at : 0];
}

int
tree_init(struct tree *t)
{
	*t = (struct tree){ .seen = calloc(IDS, sizeof(*t->seen)) };
	return t->seen ? 0 : -ENOMEM;
}

void
tree_finish(struct tree *t)
{
	free(t->fields);
	free(t->seen);
	*t = (struct tree){ 0 };
}

static void
print_value(struct printer *p, const struct hl7_path *path, struct span value)
{
	char text[HL7_PATH_TEXT];

	hl7_path_format(path, text);
	if (p->json) {
		output_printf(p->out, "%s\"%s\":", p->values ? "," : "", text);
		text_json(p->out, value, TEXT_LATIN1);
	} else {
		output_printf(p->out, "  %-16s %-26s ", text, p->name);
		text_show(p->out, value);
		output_text(p->out, "\n");
		p->name = "";
	}
	p->values++;
}

/* The next piece of *rest; without a separator there is only one. */
static struct span
cut(struct span *rest, char sep)
{
	const struct span all = *rest;

	if (sep)
		return span_cut(all, sep, rest);
	*rest = (struct span){ NULL, 0 };
	return all;
}

static bool
holds(struct span s, char sep)
{
	return sep && s.len && memchr(s.ptr, sep, s.len);
}

static void
visit_component(
    struct printer *p, const struct hl7_delims *d, struct hl7_path path, struct span component)
{
	if (!holds(component, d->subcomponent)) {
		if (component.len > 0)
			print_value(p, &path, component);
		return;
	}
	for (path.subcomponent = 1; component.ptr; path.subcomponent++) {
		const struct span one = cut(&component, d->subcomponent);

		if (one.len > 0)
			print_value(p, &path, one);
	}
}

static void
visit_repetition(
    struct printer *p, const struct hl7_delims *d, struct hl7_path path, struct span repetition)
{
	if (!holds(repetition, d->component) && !holds(repetition, d->subcomponent)) {
		visit_component(p, d, path, repetition);
		return;
	}
	for (path.component = 1; repetition.ptr; path.component++)
		visit_component(p, d, path, cut(&repetition, d->component));
}

/* The delimiters themselves are not to be split. */
static bool
declares_delimiters(const struct hl7_path *path)
{
	return path->id == HL7_ID('M', 'S', 'H') && path->field <= 2;
}

static void
visit_field(struct printer *p, const struct hl7_delims *d, struct hl7_path path, struct span field)
{
	bool repeats;

	p->name = names_field(path.id, path.field);
	if (declares_delimiters(&path)) {
		print_value(p, &path, field);
		return;
	}
	/* without a number the path is that of the whole field */
	repeats = holds(field, d->repetition);
	for (unsigned n = 1; field.ptr; n++) {
		path.repetition = repeats ? n : 0;
		visit_repetition(p, d, path, cut(&field, d->repetition));
	}
}

static int
make_room(struct tree *t, unsigned most)
{
	struct span *bigger;

	if (most <= t->size)
		return 0;
	bigger = realloc(t->fields, most * sizeof(*bigger));
	if (!bigger)
		return -ENOMEM;
	t->fields = bigger;
	t->size = most;
	return 0;
}

static unsigned
most_fields(const struct hl7_message *m, const struct hl7_segment *s)
{
	const struct span text = hl7_segment_text(m, s);
	unsigned n = 2;

	for (size_t i = 0; i < text.len; i++)
		n += text.ptr[i] == m->delims.field;
	return n;
}

static int
visit_segment(struct tree *t, struct printer *p, const struct hl7_message *m, size_t i)
{
	const struct hl7_segment *s = &m->segments[i];
	const unsigned occurrence = ++*seen_of(t, s->id);
	const unsigned most = most_fields(m, s);
	struct hl7_path path = { .id = s->id, .occurrence = occurrence > 1 ? occurrence : 0 };
	char text[HL7_PATH_TEXT];
	unsigned count;

	if (make_room(t, most) != 0)
		return -ENOMEM;
	hl7_path_format(&path, text);
	output_printf(p->out, p->json ? "%s{\"path\":\"%s\",\"values\":{" : "%s%s\n",
	    p->json && i > 0 ? "," : "", text);
	count = hl7_fields(m, s, t->fields, most);
	p->values = 0;
	for (path.field = 1; path.field <= count; path.field++)
		visit_field(p, &m->delims, path, t->fields[path.field - 1]);
	output_text(p->out, p->json ? "}}" : "");
	return 0;
}

static int
visit_message(struct tree *t, struct printer *p, const struct hl7_message *m)
{
	int error = 0;

	memset(t->seen, 0, IDS * sizeof(*t->seen));
	for (size_t i = 0; i < m->count && !error; i++)
		error = visit_segment(t, p, m, i);
	return error;
}

int
tree_text(struct tree *t, struct output *o, const struct hl7_message *m)
{
	struct printer p = { .out = o, .json = false };

	return visit_message(t, &p, m);
}

int
tree_json(struct tree *t, struct output *o, const struct hl7_message *m)
{
	struct printer p = { .out = o, .json = true };
	int error;

	output_text(o, "[");
	error = visit_message(t, &p, m);
	output_text(o, "]");
	return error;
}
