/* SPDX-License-Identifier: MIT */
/*
 * mapping/describe.c - the words of the mapping file, without its brackets
 */
#include "mapping/describe.h"

static void
put(struct buffer *out, const char *text)
{
	buffer_append(out, span_str(text));
}

static void
put_words(struct buffer *out, const struct span *words, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		put(out, i ? " or " : "");
		buffer_append(out, words[i]);
	}
}

/* Whose fact it is: a companion's, or that of the result at hand. */
static void
put_of(struct buffer *out, const struct expr *e, const char *own)
{
	for (unsigned i = 0; i < e->of_count; i++) {
		put(out, i ? " or " : "");
		buffer_append(out, e->of[i]->id);
	}
	put(out, e->of_count ? "" : own);
}

static void
put_kids(struct buffer *out, const struct expr *e, const char *head)
{
	put(out, head);
	for (unsigned i = 0; i < e->kid_count; i++) {
		put(out, i ? ", " : "");
		expr_describe(e->kids[i], out);
	}
	put(out, ")");
}

static void
put_limit(struct buffer *out, const struct expr *e)
{
	static const char *const words[] = {
		[COMPARE_BELOW] = " below ",
		[COMPARE_AT_MOST] = " at most ",
		[COMPARE_AT_LEAST] = " at least ",
		[COMPARE_ABOVE] = " above ",
	};
	char number[DECIMAL_TEXT];

	put(out, words[e->compare]);
	put(out, decimal_format(e->limit, number));
}

static void
put_value(struct buffer *out, const struct expr *e)
{
	put_of(out, e, "value");
	put_limit(out, e);
}

static void
put_within(struct buffer *out, const struct expr *e)
{
	put_of(out, e, "");
	for (unsigned i = 0; i < e->kid_count; i++) {
		put(out, i ? " and" : "");
		put_limit(out, e->kids[i]);
	}
}

static void
put_interval(struct buffer *out, const struct expr *e)
{
	static const char *const sources[] = {
		[INTERVAL_NONE] = "",
		[INTERVAL_MESSAGE] = " of the message",
		[INTERVAL_SITE] = " of the site",
		[INTERVAL_DEFAULT] = " by default",
	};

	put_of(out, e, "value");
	put(out, e->op == EXPR_BELOW_INTERVAL ? " below"
		 : e->op == EXPR_IN_INTERVAL  ? " in"
					      : " above");
	put(out, " its interval");
	put(out, sources[e->source]);
	put(out, e->word_count ? " and not flagged " : "");
	put_words(out, e->words, e->word_count);
}

static void
put_age(struct buffer *out, const struct expr *e)
{
	static const char units[] = {
		[HL7_AGE_YEARS] = 'y', [HL7_AGE_MONTHS] = 'm', [HL7_AGE_DAYS] = 'd'
	};

	buffer_printf(out, "age %s %u%c", e->compare == COMPARE_AT_LEAST ? "at least" : "under",
	    e->age.count, units[e->age.unit]);
}

static void
put_coded(struct buffer *out, const struct expr *e)
{
	put(out, e->op == EXPR_ORDER ? "order " : "diagnosis ");
	put_words(out, e->words, e->word_count);
	put(out, e->prefix ? "..." : "");
}

static void
put_status(struct buffer *out, const struct expr *e)
{
	static const char *const words[] = { " final", " corrected", " preliminary" };

	put(out, "status");
	for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		put(out, e->statuses >> i & 1 ? words[i] : "");
}

static void
put_sender(struct buffer *out, const struct expr *e)
{
	put(out, "sender ");
	buffer_append(out, e->words[0]);
	put(out, e->words[0].len && e->words[1].len ? " at " : "");
	buffer_append(out, e->words[1]);
}

static void
put_decided(struct buffer *out, const struct expr *e)
{
	bool fired = e->op == EXPR_FIRED;
	unsigned count = fired ? e->rule_count : e->group_count;

	put(out, fired ? "fired " : "undecided ");
	for (unsigned i = 0; i < count; i++) {
		put(out, i ? " or " : "");
		buffer_append(out, fired ? e->rules[i]->id : e->groups[i]->id);
	}
}

/* Conditions that only compare with words. */
static const char *
word_fact(enum expr_op op)
{
	switch (op) {
	case EXPR_CODE:
		return "code ";
	case EXPR_TEXT:
		return "text ";
	case EXPR_SPECIMEN:
		return "specimen ";
	case EXPR_LABORATORY:
		return "laboratory ";
	case EXPR_SEX:
		return "sex ";
	default:
		return "";
	}
}

static void
put_flagged(struct buffer *out, const struct expr *e)
{
	put_of(out, e, "result");
	put(out, " flagged ");
	put_words(out, e->words, e->word_count);
}

static void
put_present(struct buffer *out, const struct expr *e)
{
	put_of(out, e, "");
	put(out, " present");
}

void
expr_describe(const struct expr *e, struct buffer *out)
{
	static const char *const heads[] = {
		[EXPR_ALL] = "all of (",
		[EXPR_ANY] = "any of (",
		[EXPR_NOT] = "not (",
		[EXPR_UNSURE] = "unsure of (",
	};

	switch (e->op) {
	case EXPR_ALL:
	case EXPR_ANY:
	case EXPR_NOT:
	case EXPR_UNSURE:
		put_kids(out, e, heads[e->op]);
		return;
	case EXPR_VALUE:
		put_value(out, e);
		return;
	case EXPR_BELOW_INTERVAL:
	case EXPR_IN_INTERVAL:
	case EXPR_ABOVE_INTERVAL:
		put_interval(out, e);
		return;
	case EXPR_FLAGGED:
		put_flagged(out, e);
		return;
	case EXPR_WITHIN:
		put_within(out, e);
		return;
	case EXPR_PRESENT:
		put_present(out, e);
		return;
	case EXPR_STATUS:
		put_status(out, e);
		return;
	case EXPR_CENSORED:
		put(out, "value censored");
		return;
	case EXPR_NEAR_LIMIT:
		put(out, "value near a limit");
		return;
	case EXPR_ORDER:
	case EXPR_DIAGNOSIS:
		put_coded(out, e);
		return;
	case EXPR_AGE:
		put_age(out, e);
		return;
	case EXPR_SENDER:
		put_sender(out, e);
		return;
	case EXPR_FIRED:
	case EXPR_UNDECIDED:
		put_decided(out, e);
		return;
	default:
		put(out, word_fact(e->op));
		put_words(out, e->words, e->word_count);
	}
}
