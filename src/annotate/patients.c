/* SPDX-License-Identifier: MIT */
/*
 * Whose results these are.  Some senders repeat the patient for each order, or send the orders of
 * several patients by turns.  The same identifiers, name, birth and sex, to the letter, are the
 * same patient; anything less may be another.
 */
#include "annotate/work.h"

#include "base/hash.h"

enum { SAME = 4, LAST_FIELD = 8 };

static const unsigned char same[SAME] = { 3, 5, 7, 8 };

/* Of all its bytes: those of two patients are mostly alike at both ends. */
static uint64_t
hash_text(uint64_t hash, struct span text)
{
	for (; text.len >= 8; text = span_tail(text, 8))
		hash = hash_mix(hash, hash_load(text.ptr, 8));
	return hash_mix(hash, text.len ? hash_load(text.ptr, text.len) : 0);
}

/* Of the fields that have to be the same; 0: nobody can be recognised by them. */
static uint64_t
hash_fields(const struct annotator *a, const struct patient *p, const struct span fields[SAME])
{
	struct span id = hl7_component(&a->m->delims, fields[0], 1);
	uint64_t hash = 1;

	if (!p->has_birth || !span_trim(id).len || hl7_is_delete(id))
		return 0;
	for (size_t i = 0; i < SAME; i++)
		hash = hash_text(hash, fields[i]);
	return hash ? hash : 1;
}

static void
read_fields(const struct annotator *a, long pid, struct span ret[SAME])
{
	uint32_t places[LAST_FIELD + 2];
	unsigned count = hl7_places(a->m, &a->m->segments[pid], places, LAST_FIELD);

	for (size_t i = 0; i < SAME; i++)
		ret[i] = hl7_place_field(a->m, places, count, same[i]);
}

/* In most messages there is one patient, and nobody asks. */
static uint64_t
hash_of(const struct annotator *a, struct patient *p)
{
	struct span fields[SAME];

	if (!p->hashed && p->pid != NO_SEGMENT) {
		read_fields(a, p->pid, fields);
		p->hash = hash_fields(a, p, fields);
	}
	p->hashed = true;
	return p->hash;
}

static struct patient
read_patient(const struct annotator *a, long pid)
{
	struct patient p = { .pid = pid, .first_diagnosis = NO_INDEX, .first_class = NO_INDEX };
	const struct hl7_delims *d = &a->m->delims;
	struct span fields[SAME], sex;

	read_fields(a, pid, fields);
	p.has_birth = hl7_time_parse(span_trim(hl7_component(d, fields[2], 1)), &p.birth);
	sex = span_trim(hl7_component(d, fields[3], 1));
	if (sex.len == 1 && strchr("FfMmOoUuAaNn", sex.ptr[0]))
		p.sex = (char)(sex.ptr[0] & ~0x20);
	return p;
}

static size_t
length(const struct annotator *a, const struct patient *p)
{
	const struct hl7_segment *pid = &a->m->segments[p->pid];

	return pid->end - pid->start;
}

static bool
is_same(struct annotator *a, struct patient *x, struct patient *y)
{
	struct span of_x[SAME], of_y[SAME];

	if (!hash_of(a, y) || hash_of(a, x) != y->hash ||
	    !work_read(a, length(a, x) + length(a, y)))
		return false;
	read_fields(a, x->pid, of_x);
	read_fields(a, y->pid, of_y);
	for (size_t i = 0; i < SAME; i++) {
		if (!span_eq(of_x[i], of_y[i]))
			return false;
	}
	return true;
}

/* Where it is, or would be. */
static size_t
find_place(struct annotator *a, struct patient *p)
{
	const struct places *places = &a->patient_places;
	size_t at = hash_of(a, p) & places->mask;

	for (; places->list[at]; at = (at + 1) & places->mask) {
		if (is_same(a, &a->patients[places->list[at] - 1], p) || !work_step(a))
			break;
	}
	return at;
}

/* The patients so far, and room for all that follow. */
static bool
make_places(struct annotator *a)
{
	size_t count = a->patient_count;

	for (unsigned i = 1; i < a->m->count; i++)
		count += a->m->segments[i].id == HL7_ID('P', 'I', 'D');
	if (!places_clear(&a->patient_places, count))
		return false;
	for (size_t i = 0; i < a->patient_count; i++) {
		if (hash_of(a, &a->patients[i]))
			a->patient_places.list[find_place(a, &a->patients[i])] = (uint32_t)i + 1;
	}
	return true;
}

static long
add(struct annotator *a, struct patient p)
{
	struct patient *list;

	list = work_grow(a, a->patients, &a->patient_size, a->patient_count, sizeof(*list));
	if (!list)
		return -1;
	a->patients = list;
	list[a->patient_count] = p;
	return (long)a->patient_count++;
}

/* Each is compared with the one before it, however long the first is. */
static long
come_back(struct annotator *a, long i, const struct patient *p)
{
	a->patients[i].pid = p->pid;
	return i;
}

long
patients_add(struct annotator *a)
{
	return add(
	    a, (struct patient){
		   .pid = NO_SEGMENT, .first_diagnosis = NO_INDEX, .first_class = NO_INDEX });
}

long
patients_find(struct annotator *a, long current, long pid)
{
	struct patient p = read_patient(a, pid);
	uint32_t *place;

	if (current < 0)
		return add(a, p);
	if (is_same(a, &a->patients[current], &p))
		return come_back(a, current, &p);
	if (!p.hash)
		return add(a, p);
	if (!a->patients_placed && !make_places(a))
		return -1;
	a->patients_placed = true;
	place = &a->patient_places.list[find_place(a, &p)];
	if (*place)
		return come_back(a, (long)*place - 1, &p);
	*place = (uint32_t)a->patient_count + 1;
	return add(a, p);
}
