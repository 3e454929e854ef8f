/* SPDX-License-Identifier: MIT */
/*
 * Families are a list in order of their names, the series of a family an array in
 * order of their labels as they are printed.  Sorting happens when a series is
 * made, so that printing is walking.  A series is an allocation of its own, and
 * never moves.
 */
#include "log/metrics.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { LABELS_MOST = 2048 }; /* bytes of all labels of a series, escaped */

static const uint64_t ends[METRIC_BUCKETS] = { 50, 100, 250, 500, 1000, 2500, 5000, 10000, 25000,
	50000, 100000, 250000, 500000, 1000000, 2500000, 5000000, 10000000 };
static const char *const ends_in_seconds[METRIC_BUCKETS + 1] = { "0.00005", "0.0001", "0.00025",
	"0.0005", "0.001", "0.0025", "0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1",
	"2.5", "5", "10", "+Inf" };

struct series {
	struct metric metric;
	bool hidden;
	char labels[]; /* name="value",name="value" */
};

struct family {
	struct family *next;
	enum metric_kind kind;
	char *name, *help;
	struct series **series;
	size_t count, room;
};

struct metrics {
	struct family *families;
	struct metric nowhere; /* counted, and not shown */
};

/* ---- labels ------------------------------------------------------------------------------- */

struct labels {
	char text[LABELS_MOST];
	size_t len;
	bool failed;
};

static void
label_char(struct labels *l, char c)
{
	if (l->len + 1 < sizeof(l->text))
		l->text[l->len++] = c;
	else
		l->failed = true;
}

static void
label_name(struct labels *l, const char *name)
{
	while (*name)
		label_char(l, *name++);
}

static void
label_value(struct labels *l, const char *value)
{
	for (; *value; value++) {
		if (*value == '"' || *value == '\\' || *value == '\n')
			label_char(l, '\\');
		label_char(l, *value == '\n' ? 'n' : *value);
	}
}

static void
labels_compose(struct labels *l, va_list pairs)
{
	const char *name;

	l->len = 0;
	l->failed = false;
	while ((name = va_arg(pairs, const char *))) {
		const char *value = va_arg(pairs, const char *);

		if (l->len)
			label_char(l, ',');
		label_name(l, name);
		label_name(l, "=\"");
		label_value(l, value ? value : "");
		label_char(l, '"');
	}
	l->text[l->len] = '\0';
}

/* ---- series ------------------------------------------------------------------------------- */

/* Where `labels` stand, or would stand. */
static bool
find_series(const struct family *f, const char *labels, size_t *ret_at)
{
	size_t low = 0, high = f->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(f->series[middle]->labels, labels);

		if (order == 0) {
			*ret_at = middle;
			return true;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*ret_at = low;
	return false;
}

static bool
make_room(struct family *f)
{
	size_t room = f->room ? f->room * 2 : 4;
	struct series **series;

	if (f->count < f->room)
		return true;
	series = realloc(f->series, room * sizeof(*series));
	if (!series)
		return false;
	f->series = series;
	f->room = room;
	return true;
}

static struct metric *
add_series(struct family *f, size_t at, const struct labels *labels)
{
	struct series *s = make_room(f) ? calloc(1, sizeof(*s) + labels->len + 1) : NULL;

	if (!s)
		return NULL;
	memcpy(s->labels, labels->text, labels->len + 1);
	memmove(f->series + at + 1, f->series + at, (f->count - at) * sizeof(*f->series));
	f->series[at] = s;
	f->count++;
	return &s->metric;
}

static void
family_destroy(struct family *f)
{
	for (size_t i = 0; i < f->count; i++)
		free(f->series[i]);
	free(f->series);
	free(f->name);
	free(f->help);
	free(f);
}

static struct family *
add_family(struct family **at, enum metric_kind kind, const char *name, const char *help)
{
	struct family *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	f->kind = kind;
	f->name = strdup(name);
	f->help = strdup(help);
	if (!f->name || !f->help) {
		family_destroy(f);
		return NULL;
	}
	f->next = *at;
	*at = f;
	return f;
}

static struct family *
get_family(struct metrics *m, enum metric_kind kind, const char *name, const char *help)
{
	struct family **at = &m->families;
	int order = 1;

	while (*at && (order = strcmp((*at)->name, name)) < 0)
		at = &(*at)->next;
	if (!*at || order != 0)
		return add_family(at, kind, name, help);
	return (*at)->kind == kind ? *at : NULL;
}

struct metric *
metrics_series(struct metrics *m, enum metric_kind kind, const char *name, const char *help, ...)
{
	struct family *f = get_family(m, kind, name, help);
	struct metric *made = NULL;
	struct labels labels;
	va_list pairs;
	size_t at;

	va_start(pairs, help);
	labels_compose(&labels, pairs);
	va_end(pairs);
	if (!f || labels.failed)
		return &m->nowhere;
	if (find_series(f, labels.text, &at)) {
		f->series[at]->hidden = false;
		return &f->series[at]->metric;
	}
	made = add_series(f, at, &labels);
	return made ? made : &m->nowhere;
}

/* Quotes inside of values are escaped, so what looks like a label is one. */
static bool
has_label(const struct series *s, const struct labels *label)
{
	for (const char *at = s->labels; (at = strstr(at, label->text)); at++) {
		const char after = at[label->len];

		if ((at == s->labels || at[-1] == ',') && (after == ',' || after == '\0'))
			return true;
	}
	return false;
}

static void
compose_one(struct labels *l, ...)
{
	va_list pairs;

	va_start(pairs, l);
	labels_compose(l, pairs);
	va_end(pairs);
}

void
metrics_hide(struct metrics *m, const char *family, const char *label, const char *value)
{
	struct labels one;

	compose_one(&one, label, value, NULL);
	for (struct family *f = m->families; f && !one.failed; f = f->next) {
		for (size_t i = 0; (!family || strcmp(f->name, family) == 0) && i < f->count; i++)
			f->series[i]->hidden |= has_label(f->series[i], &one);
	}
}

struct metrics *
metrics_create(void)
{
	return calloc(1, sizeof(struct metrics));
}

void
metrics_destroy(struct metrics *m)
{
	if (!m)
		return;
	for (struct family *f = m->families, *next; f; f = next) {
		next = f->next;
		family_destroy(f);
	}
	free(m);
}

/* ---- histograms --------------------------------------------------------------------------- */

void
metric_observe(struct metric *h, uint64_t microseconds)
{
	unsigned i = 0;

	while (i < METRIC_BUCKETS && microseconds > ends[i])
		i++;
	h->bucket[i]++;
	h->count++;
	h->sum += (double)microseconds / 1e6;
	if (h->most < microseconds)
		h->most = microseconds;
}

/* Within a bucket values are taken to lie evenly. */
uint64_t
metric_quantile(const struct metric *h, double q)
{
	double rank = q * (double)h->count, before = 0;

	if (!h->count)
		return 0;
	for (unsigned i = 0; i < METRIC_BUCKETS; i++) {
		double here = (double)h->bucket[i], low = i ? (double)ends[i - 1] : 0;

		if (here > 0 && before + here >= rank)
			return (uint64_t)(low + ((double)ends[i] - low) *
						    (rank > before ? (rank - before) / here : 0));
		before += here;
	}
	return h->most;
}

/* ---- text --------------------------------------------------------------------------------- */

/* Whatever the locale, and whole numbers without a fraction. */
static void
write_value(struct buffer *out, double value)
{
	size_t from = buffer_span(out).len;
	struct span made;
	char *comma;

	if (isnan(value))
		buffer_append(out, SPAN("NaN"));
	else if (isinf(value))
		buffer_append(out, value > 0 ? SPAN("+Inf") : SPAN("-Inf"));
	else if (value > -1e15 && value < 1e15 && value == (double)(int64_t)value)
		buffer_printf(out, "%.0f", value);
	else
		buffer_printf(out, "%.15g", value);
	made = span_tail(buffer_span(out), from);
	comma = made.len ? memchr(made.ptr, ',', made.len) : NULL;
	if (comma)
		*comma = '.';
}

/* name_suffix{labels,le="..."} value */
static void
write_sample(struct buffer *out, const struct family *f, const struct series *s, const char *suffix,
    const char *le, double value)
{
	buffer_append(out, span_str(f->name));
	buffer_append(out, span_str(suffix));
	if (s->labels[0] || le) {
		buffer_append_char(out, '{');
		buffer_append(out, span_str(s->labels));
		if (le)
			buffer_printf(out, "%sle=\"%s\"", s->labels[0] ? "," : "", le);
		buffer_append_char(out, '}');
	}
	buffer_append_char(out, ' ');
	write_value(out, value);
	buffer_append_char(out, '\n');
}

static void
write_histogram(struct buffer *out, const struct family *f, const struct series *s)
{
	uint64_t so_far = 0;

	for (unsigned i = 0; i <= METRIC_BUCKETS; i++) {
		so_far += s->metric.bucket[i];
		write_sample(out, f, s, "_bucket", ends_in_seconds[i], (double)so_far);
	}
	write_sample(out, f, s, "_sum", NULL, s->metric.sum);
	write_sample(out, f, s, "_count", NULL, (double)s->metric.count);
}

static void
write_help(struct buffer *out, const struct family *f)
{
	static const char *const kinds[] = { "counter", "gauge", "histogram" };

	buffer_printf(out, "# HELP %s ", f->name);
	for (const char *c = f->help; *c; c++) {
		if (*c == '\\' || *c == '\n')
			buffer_append_char(out, '\\');
		buffer_append_char(out, *c == '\n' ? 'n' : *c);
	}
	buffer_printf(out, "\n# TYPE %s %s\n", f->name, kinds[f->kind]);
}

void
metrics_write(const struct metrics *m, struct buffer *out)
{
	for (const struct family *f = m->families; f; f = f->next) {
		write_help(out, f);
		for (size_t i = 0; i < f->count; i++) {
			if (f->series[i]->hidden)
				continue;
			if (f->kind == METRIC_HISTOGRAM)
				write_histogram(out, f, f->series[i]);
			else
				write_sample(
				    out, f, f->series[i], "", NULL, f->series[i]->metric.value);
		}
	}
}
