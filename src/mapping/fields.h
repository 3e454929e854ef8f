/* SPDX-License-Identifier: MIT */
/*
 * mapping/fields.h - what is written in attributes and text
 *
 * The readers answer false (or an absent span) both when the attribute is not
 * there and when it cannot be read; the second has been reported by shape.h with
 * the very same readers.
 */
#ifndef MAPPING_FIELDS_H
#define MAPPING_FIELDS_H

#include "base/decimal.h"
#include "hl7/time.h"
#include "xml/xml.h"

/* ---- spellings of values ---- */

bool value_is_id(struct span s);
bool value_is_version(struct span s);
bool value_is_date(struct span s);                       /* 2026-01-31 */
bool value_is_flag(struct span s);                       /* a code for OBX-8 */
bool value_share(struct span s, struct decimal *ret);    /* "1%" is 0.01; below 100% */
bool value_positive(struct span s, struct decimal *ret); /* decimal > 0 */
bool value_count(struct span s, unsigned *ret);          /* 0 to 99999 */
bool value_signed(struct span s, int *ret);              /* -99999 to 99999 */

/* Does it begin with a control character, in UTF-8, or with a usual delimiter of messages? */
bool value_begins_control(struct span s);
bool value_begins_delimiter(struct span s);

/* Take the next blank-separated word off a list; false at its end, where *ret stays as it is. */
bool value_next_word(struct span *list, struct span *ret);
/* Take the next item off a list with | between items; items are trimmed, empty ones too. */
bool value_next_item(struct span *list, struct span *ret);
unsigned value_word_count(struct span list);

/* An age as a number that grows with it, for comparing ages. */
struct decimal value_age(struct hl7_age age);

/* ---- attributes ---- */

/* As it stands in the tree, blanks around it aside; ptr NULL when absent. */
struct span field(const struct xml_element *e, const char *name);
struct fault_place field_place(const struct xml_element *e, const char *name);
bool field_is(const struct xml_element *e, const char *name, const char *value);
bool field_decimal(const struct xml_element *e, const char *name, struct decimal *ret);
bool field_share(const struct xml_element *e, const char *name, struct decimal *ret);
bool field_count(const struct xml_element *e, const char *name, unsigned *ret);
bool field_age(const struct xml_element *e, const char *name, struct hl7_age *ret);
/* Blanks and line breaks around the text of an element aside. */
struct span field_text(const struct xml_element *e);

#endif
