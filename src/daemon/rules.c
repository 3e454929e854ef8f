/* SPDX-License-Identifier: MIT */
#include "daemon/rules.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- one mapping ---- */

static bool
is_taken(const struct conf_feed *feed, const struct rules_mapping *r, const struct teller *t)
{
	struct faults faults;

	faults_init(&faults, r->file);
	if (feed->require_approved && r->mapping->status == MAPPING_DRAFT)
		faults_add(&faults, (struct fault_place){ 1, 1 },
		    "have it approved, or drop require-approved from the feed",
		    "feed %s takes approved mappings only, and this one is a draft", feed->name);
	return teller_tell(t, LOG_MAPPING_REJECTED, &faults);
}

static bool
load_one(struct rules_mapping *r, const struct conf_feed *feed, const struct conf_mapping *m,
    struct source **sources, const struct teller *t)
{
	r->file = m->file;
	r->source = source_of(sources, m, t);
	if (!r->source || !r->source->mapping)
		return false;
	r->mapping = r->source->mapping;
	r->sha256 = r->source->sha256;
	r->fired = calloc(r->mapping->rule_count + 1, sizeof(struct metric *));
	if (!r->fired)
		teller_tell_no_memory(t, LOG_MAPPING_REJECTED, r->file);
	return is_taken(feed, r, t) && r->source->sound && r->fired;
}

/* ---- all of a feed ---- */

/* Is another one, for the same codes, in effect? */
static bool
has_stand_in(const struct rules *r, const struct rules_mapping *m)
{
	for (unsigned i = 0; i < r->count; i++) {
		const struct rules_mapping *other = &r->list[i];

		if (!other->dormant && annotator_clash(m->mapping, other->mapping).len)
			return true;
	}
	return false;
}

static bool
begin_line(const struct rules *r, const struct rules_mapping *m, struct log *log)
{
	if (m->dormant && has_stand_in(r, m))
		return log_begin_at(log, LOG_MAPPING_DORMANT, LOG_INFO_);
	return log_begin(log, m->dormant                            ? LOG_MAPPING_DORMANT
			      : m->mapping->status == MAPPING_DRAFT ? LOG_MAPPING_DRAFT
								    : LOG_MAPPING_LOADED);
}

void
rules_tell(const struct rules *r, const struct conf_feed *feed, struct log *log)
{
	for (unsigned i = 0; i < r->count; i++) {
		const struct rules_mapping *m = &r->list[i];

		if (!begin_line(r, m, log))
			continue;
		log_str(log, LOG_FEED, feed->name);
		log_str(log, LOG_FILE, m->file);
		log_text(log, LOG_MAPPING, m->mapping->id);
		log_text(log, LOG_VERSION, m->mapping->version);
		log_str(log, LOG_SHA256, m->sha256);
		log_str(log, LOG_STATUS, mapping_status_word(m->mapping->status));
		log_end(log);
	}
}

/* As many as there is room for. */
static void
name_all(struct rules *r)
{
	size_t at = 0;

	r->text[0] = '\0';
	for (unsigned i = 0; i < r->count && at < sizeof(r->text); i++) {
		const struct mapping *m = r->list[i].mapping;

		if (r->list[i].dormant)
			continue;
		at += (size_t)snprintf(r->text + at, sizeof(r->text) - at, "%s%.*s %.*s %.12s",
		    at ? ", " : "", (int)m->id.len, m->id.ptr, (int)m->version.len, m->version.ptr,
		    r->list[i].sha256);
	}
}

bool
rules_are_same(const struct rules *a, const struct rules *b)
{
	bool same = a->count == b->count;

	for (unsigned i = 0; i < a->count && same; i++)
		same = strcmp(a->list[i].sha256, b->list[i].sha256) == 0 &&
		       a->list[i].dormant == b->list[i].dormant;
	return same;
}

/* ---- by date ---- */

enum { DATE = 10 }; /* bytes of 2026-01-31: dates are ordered as their bytes are */

static bool
is_in_effect(const struct mapping *m, const char *today)
{
	return (!m->effective_from.len || memcmp(m->effective_from.ptr, today, DATE) <= 0) &&
	       (!m->effective_to.len || memcmp(m->effective_to.ptr, today, DATE) >= 0);
}

static bool
ends_before(const struct mapping *a, const struct mapping *b)
{
	return a->effective_to.len && b->effective_from.len &&
	       memcmp(a->effective_to.ptr, b->effective_from.ptr, DATE) < 0;
}

static void
add_clash(struct faults *faults, const struct conf_mapping *a, const struct conf_mapping *b,
    struct span code)
{
	char place[32] = "";

	if (a->at.line)
		snprintf(place, sizeof(place), ", line %u,", a->at.line);
	faults_add(faults, b->at, "give each code to one, or keep their <effective> dates apart",
	    "%s has rules for code %.*s, as %s%s has on the same days", b->file, (int)code.len,
	    code.ptr, a->file, place);
}

/* On no day may two mappings have rules for one code. */
static bool
refuse_clashes(const struct rules *r, const struct conf_feed *feed, const struct teller *t)
{
	struct faults faults;

	faults_init(&faults, t->conf_file);
	for (unsigned i = 0; i < r->count; i++) {
		for (unsigned k = i + 1; k < r->count; k++) {
			const struct mapping *a = r->list[i].mapping, *b = r->list[k].mapping;
			struct span code = annotator_clash(a, b);

			if (code.len && !ends_before(a, b) && !ends_before(b, a))
				add_clash(&faults, &feed->mappings[i], &feed->mappings[k], code);
		}
	}
	return teller_tell(t, LOG_MAPPING_REJECTED, &faults);
}

/* Which are in effect today?  True when they are others than before. */
static bool
find_dormant(struct rules *r)
{
	const time_t now = time(NULL);
	bool changed = false;
	char today[DATE + 1];
	struct tm tm;

	/* on no known day: what begins on one has not begun */
	if (!localtime_r(&now, &tm) || strftime(today, sizeof(today), "%Y-%m-%d", &tm) != DATE)
		memset(today, 0, sizeof(today));
	for (unsigned i = 0; i < r->count; i++) {
		bool dormant = !is_in_effect(r->list[i].mapping, today);

		changed |= r->list[i].dormant != dormant;
		r->list[i].dormant = dormant;
	}
	return changed;
}

/* Without memory none is used: an old procedure is not followed for that. */
static bool
use_those_in_effect(struct rules *r)
{
	size_t count = 0;

	for (unsigned i = 0; i < r->count; i++) {
		if (!r->list[i].dormant)
			r->mappings[count++] = r->list[i].mapping;
	}
	annotator_destroy(r->annotator);
	r->annotator = count ? annotator_create(r->mappings, count) : NULL;
	name_all(r);
	return !count || r->annotator;
}

bool
rules_follow_date(struct rules *r, const struct conf_feed *feed, const struct teller *t)
{
	if (!find_dormant(r))
		return false;
	if (!use_those_in_effect(r))
		teller_tell_no_memory(t, LOG_MAPPING_REJECTED, t->conf_file);
	rules_tell(r, feed, t->log);
	return true;
}

void
rules_tell_doubts(const struct rules *r, const struct teller *t)
{
	for (unsigned i = 0; i < r->count; i++) {
		const struct rules_mapping *m = &r->list[i];
		struct faults faults;

		if (!m->dormant || has_stand_in(r, m))
			continue;
		faults_init(&faults, m->file);
		faults_add(&faults, (struct fault_place){ 1, 1 },
		    "have its dates in <effective> renewed",
		    "warning: the mapping is not in effect today, and results pass unchanged");
		teller_tell(t, LOG_MAPPING_REJECTED, &faults);
	}
}

/* Room for as many as the feed has. */
static struct rules *
create(const struct conf_feed *feed)
{
	struct rules *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->list = calloc(feed->mapping_count + 1, sizeof(*r->list));
	r->mappings = calloc(feed->mapping_count + 1, sizeof(struct mapping *));
	if (r->list && r->mappings)
		return r;
	rules_destroy(r);
	return NULL;
}

struct rules *
rules_load(const struct conf_feed *feed, struct source **sources, const struct teller *t)
{
	struct rules *r = create(feed);
	bool good = true, room = r != NULL;

	/* all are read, so that all faults are told */
	for (unsigned i = 0; r && i < feed->mapping_count; i++, r->count++)
		good &= load_one(&r->list[i], feed, &feed->mappings[i], sources, t);
	good = good && room && refuse_clashes(r, feed, t);
	if (good) {
		find_dormant(r);
		good = room = use_those_in_effect(r);
	}
	if (!room)
		teller_tell_no_memory(t, LOG_MAPPING_REJECTED, t->conf_file);
	if (good)
		return r;
	rules_destroy(r);
	return NULL;
}

void
rules_destroy(struct rules *r)
{
	if (!r)
		return;
	annotator_destroy(r->annotator);
	for (unsigned i = 0; i < r->count; i++) {
		source_release(r->list[i].source);
		free((void *)r->list[i].fired);
	}
	free(r->list);
	free((void *)r->mappings);
	free(r);
}

struct metric **
rules_series(struct rules *r, const struct mapping *m)
{
	unsigned i = 0;

	while (r->list[i].mapping != m)
		i++;
	return r->list[i].fired;
}
