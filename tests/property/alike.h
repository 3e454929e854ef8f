/* SPDX-License-Identifier: MIT */
/*
 * property/alike.h - what must become of a message that says the same in another way
 *
 * With other delimiters, patient by patient, mapping by mapping, or asked by the
 * trees of the conditions where annotate asks by plans.
 */
#ifndef PROPERTY_ALIKE_H
#define PROPERTY_ALIKE_H

#include <stddef.h>

struct alike;
struct hl7_message;
struct mapping;

/* With one mapping or two, which live longer; NULL when there is no memory. */
struct alike *alike_create(struct mapping *const *mappings, size_t count);
void alike_destroy(struct alike *a);

/* The law that a message breaks; NULL when it holds them all. */
const char *alike_broken(struct alike *a, const struct hl7_message *m);

#endif
