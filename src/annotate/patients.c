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

/* Where the fields of a PID are. */
struct fields {
	unsigned count;
	uint32_t places[LAST_FIELD + 2];
};

static struct fields
find_fields(const struct annotator *a, long pid)
{
	struct fields f;

	f.count = hl7_places(a->m, &a->m->segments[pid], f.places, LAST_FIELD);
	return f;
}

static struct span
field(const struct annotator *a, const struct fields *f, unsigned n)
{
	return hl7_place_field(a->m, f->places, f->count, n);
}

/* Of the fields that have to be the same; 0: nobody can be recognised by them. */
static uint64_t
hash_fields(const struct annotator *a, const struct patient *p)
{
	const struct fields f = find_fields(a, p->pid);
	struct span id = hl7_component(&a->m->delims, field(a, &f, 3), 1);
	uint64_t hash = 1;

	if (!p->has_birth || !span_trim(id).len || hl7_is_delete(id))
		return 0;
	for (size_t i = 0; i < SAME; i++)
		hash = hash_text(hash, field(a, &f, same[i]));
	return hash ? hash : 1;
}

/* In most messages there is one patient, and nobody asks. */
static uint64_t
hash_of(const struct annotator *a, struct patient *p)
{
	if (!p->hashed)
		p->hash = p->pid != NO_SEGMENT ? hash_fields(a, p) : 0;
	p->hashed = true;
	return p->hash;
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
	struct fields of_x, of_y;

	if (!hash_of(a, y) || hash_of(a, x) != y->hash ||
	    !work_read(a, length(a, x) + length(a, y)))
		return false;
	of_x = find_fields(a, x->pid);
	of_y = find_fields(a, y->pid);
	for (size_t i = 0; i < SAME; i++) {
		if (!span_eq(field(a, &of_x, same[i]), field(a, &of_y, same[i])))
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

/* Room behind those there are, for one who may be one of them; NULL when there is none. */
static struct patient *
begin_patient(struct annotator *a, long pid)
{
	struct patient *list, *p;

	list = work_grow(a, a->patients, &a->patient_size, a->patient_count, sizeof(*list));
	if (!list)
		return NULL;
	a->patients = list;
	p = &list[a->patient_count];
	p->pid = pid;
	p->hashed = p->has_birth = false;
	p->first_diagnosis = p->first_class = NO_INDEX;
	p->sex = 0;
	return p;
}

static long
keep(struct annotator *a)
{
	return (long)a->patient_count++;
}

long
patients_add(struct annotator *a)
{
	return begin_patient(a, NO_SEGMENT) ? keep(a) : -1;
}

/* Of table 0001 until 2.8; 0 when it is none of these. */
static char
sex_of(struct span text)
{
	const char sex = text.len == 1 ? (char)(text.ptr[0] & ~0x20) : 0;

	switch (sex) {
	case 'F':
	case 'M':
	case 'O':
	case 'U':
	case 'A':
	case 'N':
		return sex;
	default:
		return 0;
	}
}

static void
read_patient(const struct annotator *a, struct patient *p)
{
	const struct hl7_delims *d = &a->m->delims;
	const struct fields f = find_fields(a, p->pid);

	p->has_birth = hl7_time_parse(span_trim(hl7_component(d, field(a, &f, 7), 1)), &p->birth);
	p->sex = sex_of(span_trim(hl7_component(d, field(a, &f, 8), 1)));
}

/* Each is compared with the one before it, however long the first is. */
static long
come_back(struct annotator *a, long i, const struct patient *p)
{
	a->patients[i].pid = p->pid;
	return i;
}

/* One who may have been there before. */
static __attribute__((noinline)) long
find_among(struct annotator *a, long current, struct patient *p)
{
	uint32_t *place;

	if (is_same(a, &a->patients[current], p))
		return come_back(a, current, p);
	if (!p->hash)
		return keep(a);
	if (!a->patients_placed && !make_places(a))
		return -1;
	a->patients_placed = true;
	place = &a->patient_places.list[find_place(a, p)];
	if (*place)
		return come_back(a, (long)*place - 1, p);
	*place = (uint32_t)a->patient_count + 1;
	return keep(a);
}

long
patients_find(struct annotator *a, long current, long pid)
{
	struct patient *p = begin_patient(a, pid);

	if (!p)
		return -1;
	read_patient(a, p);
	return current < 0 ? keep(a) : find_among(a, current, p);
}
