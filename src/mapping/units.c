/* SPDX-License-Identifier: MIT */
/*
 * mapping/units.c - normalise, then look up
 *
 * The micro sign is where units break: it is written in two Unicode characters,
 * in UTF-8 and in Latin-1, in the code pages of DOS, read with the wrong charset
 * and encoded again, as a hex escape under another escape character, and as the
 * entity of a web page.  A lost one ("?g/mL") stays unknown.
 */
#include "mapping/units.h"

#include "base/ascii.h"
#include "base/utf8.h"
#include "mapping/names.h"

struct fold {
	const char *from, *to;
};

/*
 * Longest first.  Letters in `from` match in any case.  The single bytes at the
 * end are Latin-1 and code page 437; they are tried last, and only where the byte
 * is no part of a UTF-8 character.
 */
static const struct fold folds[] = {
	{ "\\XC2B5\\", "u" },
	{ "\\XCEBC\\", "u" },
	{ "&micro;", "u" },
	{ "\\XB5\\", "u" },
	{ "\xc3\x82\xc2\xb5", "u" }, /* U+00B5 in UTF-8, taken for Latin-1, in UTF-8 again */
	{ "\xc3\x8e\xc2\xbc", "u" }, /* U+03BC, the same way */
	{ "\xc3\x82\xc2\xb2", "2" },
	{ "\xc2\xb5", "u" },
	{ "\xce\xbc", "u" },
	{ "\xc2\xb2", "2" },
	{ "\xc2\xa0", "" },
	{ " ", "" },
	{ "\t", "" },
};
static const struct fold bytes[] = {
	{ "\xb5", "u" },
	{ "\xe6", "u" },
	{ "\xb2", "2" },
	{ "\xa0", "" },
};

static const struct fold *
fold_find(const struct fold *list, size_t count, struct span text)
{
	for (size_t i = 0; i < count; i++) {
		struct span from = span_str(list[i].from);

		if (text.len >= from.len && span_eq_nocase(span_head(text, from.len), from))
			return &list[i];
	}
	return NULL;
}

/* Is there anything to fold but the case of letters? */
static bool
is_plain(char c)
{
	return c > ' ' && c < 0x7f && c != '&' && c != '\\';
}

/* How many bytes of the text become *ret_to; *ret_to is NULL when they stay as they are. */
static size_t
fold_next(struct span text, const char **ret_to)
{
	const struct fold *fold = fold_find(folds, sizeof(folds) / sizeof(folds[0]), text);
	size_t len = 1;

	if (!fold) {
		len = utf8_length(text);
		if (len == 0) {
			fold = fold_find(bytes, sizeof(bytes) / sizeof(bytes[0]), text);
			len = 1;
		}
	}
	*ret_to = fold ? fold->to : NULL;
	return fold ? strlen(fold->from) : len;
}

size_t
unit_normalise(struct span text, char *out)
{
	size_t used = 0;

	while (text.len) {
		const char *to = NULL;
		size_t len = is_plain(text.ptr[0]) ? 1 : fold_next(text, &to);
		struct span put = to ? span_str(to) : span_head(text, len);

		if (used + put.len > UNIT_MOST)
			return 0;
		for (size_t i = 0; i < put.len; i++)
			out[used++] = ascii_lower(put.ptr[i]);
		text = span_tail(text, len);
	}
	return used;
}

/* ---- the table ---- */

struct unit_table {
	unsigned mask;
	struct unit_slot {
		struct span normal; /* ptr NULL: free */
		const struct unit *unit;
	} slots[];
};

struct unit_table *
unit_table_create(struct arena *arena, unsigned count)
{
	struct unit_table *t;
	unsigned size = 4;

	while (size < count * 2)
		size *= 2;
	t = arena_zalloc(arena, 1, sizeof(*t) + size * sizeof(t->slots[0]));
	if (t)
		t->mask = size - 1;
	return t;
}

/* The slot that holds a form, or the free one where it belongs. */
static struct unit_slot *
unit_slot(struct unit_table *t, struct span normal)
{
	unsigned i = (unsigned)names_hash(normal) & t->mask;

	while (t->slots[i].normal.ptr && !span_eq(t->slots[i].normal, normal))
		i = (i + 1) & t->mask;
	return &t->slots[i];
}

const struct unit *
unit_table_add(struct unit_table *t, struct span normal, const struct unit *unit)
{
	struct unit_slot *slot = unit_slot(t, normal);

	if (slot->normal.ptr)
		return slot->unit;
	*slot = (struct unit_slot){ normal, unit };
	return NULL;
}

const struct unit *
quantity_unit(const struct quantity *q, struct span text)
{
	char form[UNIT_MOST];
	size_t len;

	/* mostly it is written as the mapping writes it */
	for (unsigned i = 0; i < q->unit_count; i++) {
		if (span_eq(q->units[i].name, text))
			return &q->units[i];
	}
	len = unit_normalise(text, form);
	return len ? unit_slot(q->spellings, span_of(form, len))->unit : NULL;
}
