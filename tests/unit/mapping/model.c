/* SPDX-License-Identifier: MIT */
#include "mapping/mapping.h"

#include <criterion/criterion.h>

#include "fragment.h"
#include "mapping/describe.h"
#include "mapping/example.h"

static bool
is(struct span s, const char *text)
{
	return span_eq(s, span_str(text));
}

static const struct observation *
observation(const struct mapping *m, const char *id)
{
	for (unsigned i = 0; i < m->observation_count; i++)
		if (is(m->observations[i].id, id))
			return &m->observations[i];
	cr_assert(false, "no observation %s", id);
	return NULL;
}

static const struct rule *
rule(const struct mapping *m, const char *id)
{
	for (unsigned i = 0; i < m->rule_count; i++)
		if (is(m->rules[i]->id, id))
			return m->rules[i];
	cr_assert(false, "no rule %s", id);
	return NULL;
}

static bool
equals(struct decimal d, long coefficient, int exponent)
{
	return decimal_compare(d, (struct decimal){ coefficient, exponent }) == 0;
}

/* ---- settings ---- */

Test(mapping_model, has_defaults_for_what_is_not_said)
{
	struct mapping *m = fragment_good(IN_SETTINGS, "");

	cr_expect(is(m->id, "t") && is(m->version, "1.0"));
	cr_expect_eq(m->status, MAPPING_DRAFT);
	cr_expect(!m->default_intervals && !m->interpret_preliminary && !m->only_senders);
	cr_expect_eq(m->max_lines, 12);
	cr_expect(is(m->final, "F B V") && is(m->corrected, "C A") && is(m->preliminary, "P S"));
	cr_expect(is(m->cancelled_orders, "X") && !m->status_missing.len);
	cr_expect_eq(m->sender_count + m->laboratory_count + m->rule_count + m->group_count, 0);
	mapping_destroy(m);
}

Test(mapping_model, keeps_what_is_said_of_the_file)
{
	struct mapping *m = fragment_good(IN_ROOT,
	    "<mapping xmlns='urn:hl7note:mapping:1' id='t' version='1.0' status='retired' "
	    "default-intervals='on' max-lines='99' charset='8859/1'>");

	cr_expect_eq(m->status, MAPPING_RETIRED);
	cr_expect(m->default_intervals);
	cr_expect_eq(m->max_lines, 99);
	mapping_destroy(m);
}

Test(mapping_model, keeps_senders_laboratories_and_status_words)
{
	struct mapping *m = fragment_good(IN_SETTINGS,
	    "<results final='F' corrected='' interpret-preliminary='yes' status-missing=' P '"
	    " cancelled-orders='X Y'/>"
	    "<senders only='yes'><sender application=' LAB ' decimal='comma'/>"
	    "<sender facility='EAST'/></senders>"
	    "<laboratories><performing name='Our laboratory'/><performing "
	    "id='05D'/></laboratories>");

	cr_expect(is(m->final, "F") && !m->corrected.len && is(m->preliminary, "P S"));
	cr_expect(m->interpret_preliminary && m->only_senders);
	cr_expect(is(m->cancelled_orders, "X Y") && is(m->status_missing, "P"));
	cr_assert_eq(m->sender_count, 2);
	cr_expect(is(m->senders[0].application, "LAB") && !m->senders[0].facility.len);
	cr_expect_eq(m->senders[0].point, ',');
	cr_expect_eq(m->senders[1].point, '.');
	cr_assert_eq(m->laboratory_count, 2);
	cr_expect(is(m->laboratories[0].name, "Our laboratory") && !m->laboratories[0].id.len);
	cr_expect(is(m->laboratories[1].id, "05D"));
	mapping_destroy(m);
}

Test(mapping_model, knows_by_whom_it_is_approved_and_since_when)
{
	struct mapping *m = fragment_good(IN_ABOUT,
	    "<approval on='2026-01-31' role='director'> Ada \n Lab </approval>"
	    "<effective from='2026-02-01'/><source ref='003'>A page</source>");

	cr_expect(is(m->approved_by, "Ada \n Lab"));
	cr_expect(is(m->effective_from, "2026-02-01") && !m->effective_to.len);
	mapping_destroy(m);
	m = fragment_good(IN_ABOUT, "<effective from='2026-02-01' to='2026-02-01'/>");
	cr_expect(is(m->effective_to, "2026-02-01"), "it may be one day");
	mapping_destroy(m);
}

/* ---- observations ---- */

Test(mapping_model, keeps_intervals_in_their_order)
{
	struct mapping *m = fragment_good(IN_OBSERVATIONS,
	    "<observation id='x' label='X' unit='mg/L' specimen='urine serum' "
	    "same-result-within='5%'><codes quantity='mass'><code>X</code></codes>"
	    "<plausible above='0' max='9'/><interval from='message' from-age='18'/>"
	    "<interval from='message' unreadable='next' min='0.5' max='10'/>"
	    "<interval low='1' below='2' sex='F' from-age='28d' under-age='6m' source='us'/>"
	    "<interval high='3' default='yes'/></observation>");
	const struct observation *o = observation(m, "x");
	const struct interval_choice *c = o->intervals;

	cr_expect(o->comment_once && equals(o->same_within, 5, -2));
	cr_expect_eq(o->specimen_count, 2);
	cr_expect(is(o->specimens[0]->id, "urine"));
	cr_expect(o->plausible.low.open && o->plausible.high.bounded && !o->plausible.high.open);
	cr_assert_eq(o->interval_count, 4);
	cr_expect(c[0].stop_if_unreadable && c[0].ages.has_from && !c[0].ages.has_under);
	cr_expect(
	    c[1].source == INTERVAL_MESSAGE && !c[1].stop_if_unreadable && !c[1].ages.has_from);
	cr_expect(!c[0].limits.low.bounded && equals(c[1].limits.low.at, 5, -1) &&
		  c[1].limits.high.bounded && !c[1].limits.high.open);
	cr_expect(c[2].source == INTERVAL_SITE && c[2].sex == 'F');
	cr_expect(c[2].ages.from.unit == HL7_AGE_DAYS && c[2].ages.under.unit == HL7_AGE_MONTHS);
	cr_expect(c[2].limits.low.bounded && !c[2].limits.low.open && c[2].limits.high.open);
	cr_expect(c[3].source == INTERVAL_DEFAULT && !c[3].limits.low.bounded);
	mapping_destroy(m);
}

/* ---- conditions ---- */

static const char equal_conditions[] =
    "<rule id='a'><when><value at-least='3.5'/></when></rule>"
    "<rule id='b'><when><all><value at-least='3.50'/></all></when></rule>"
    "<rule id='c'><when><value at-least='3.5' below='5'/></when></rule>"
    "<rule id='d'><when><all><value below='5.0'/><value at-least='3.5'/></all></when></rule>"
    "<rule id='e'><when><is condition='ckd'/></when></rule>"
    "<rule id='f'><when><value of=' egfr  egfr' below='60'/></when></rule>"
    "<rule id='g'><when><value of='alb' below='60'/></when></rule>"
    "<rule id='h'><when><text any-of='a b| c'/></when></rule>"
    "<rule id='i'><when><text any-of='a b|c'/></when></rule>"
    "<rule id='j'><when><text any-of='c|a b'/></when></rule>"
    "<rule id='k'><when><not><censored/><near-limit/></not></when></rule>"
    "<rule id='l'><when><not><all><censored/><near-limit/></all></not></when></rule>"
    "<rule id='m'><when><order code='A' match='prefix'/></when></rule>"
    "<rule id='n'><when><order code='A'/></when></rule>"
    "<rule id='o'><when><order code='A' system='loinc'/></when></rule>"
    "<rule id='p'><when><order code='A' system='LN' match='exact'/></when></rule>"
    "<rule id='q'><when><above-interval/></when></rule>"
    "<rule id='r'><when><above-interval from='message'/></when></rule>"
    "<rule id='u'><when><value of='alb' below='60' at-least='30'/></when></rule>"
    "<rule id='v'><when><value of='alb' at-least='30.0' below='60'/></when></rule>"
    "<rule id='w'><when><value of='egfr' at-least='30' below='60'/></when></rule>"
    "<rule id='s'><when><fired rule='a'/></when></rule>"
    "<rule id='t'><when><fired rule='b'/></when></rule>";

Test(mapping_model, holds_equal_conditions_once)
{
	struct mapping *m = fragment_good(IN_ALL, equal_conditions);

	cr_expect_eq(rule(m, "a")->when, rule(m, "b")->when);
	cr_expect_eq(rule(m, "a")->when, rule(m, "c")->when->kids[1]);
	cr_expect_eq(rule(m, "c")->when, rule(m, "d")->when);
	cr_expect_eq(rule(m, "e")->when, rule(m, "f")->when);
	cr_expect_neq(rule(m, "f")->when, rule(m, "g")->when);
	cr_expect_eq(rule(m, "h")->when, rule(m, "i")->when);
	cr_expect_neq(rule(m, "i")->when, rule(m, "j")->when);
	cr_expect_eq(rule(m, "k")->when, rule(m, "l")->when);
	cr_expect_neq(rule(m, "m")->when, rule(m, "n")->when);
	cr_expect_neq(rule(m, "n")->when, rule(m, "o")->when);
	cr_expect_eq(rule(m, "o")->when, rule(m, "p")->when);
	cr_expect_neq(rule(m, "q")->when, rule(m, "r")->when);
	cr_expect_eq(rule(m, "u")->when, rule(m, "v")->when);
	cr_expect_neq(rule(m, "v")->when, rule(m, "w")->when);
	cr_expect_neq(rule(m, "s")->when, rule(m, "t")->when);
	cr_expect_eq(rule(m, "s")->when->rules[0], rule(m, "a"));
	mapping_destroy(m);
}

static void
mark_ids(const struct expr *e, const struct expr **seen)
{
	cr_assert(!seen[e->id] || seen[e->id] == e);
	seen[e->id] = e;
	for (unsigned i = 0; i < e->kid_count; i++)
		mark_ids(e->kids[i], seen);
}

Test(mapping_model, numbers_conditions_without_holes)
{
	struct mapping *m = fragment_good(IN_ALL, equal_conditions);
	const struct expr *seen[64] = { 0 };

	cr_assert_lt(m->expr_count, 64);
	for (unsigned i = 0; i < m->rule_count; i++)
		mark_ids(m->rules[i]->when, seen);
	for (unsigned i = 0; i < m->expr_count; i++)
		cr_expect(seen[i], "%u", i);
	mapping_destroy(m);
}

/* clang-format off */
static const struct {
	const char *condition, *words;
} descriptions[] = {
	{ "<value below='5'/>", "value below 5" },
	{ "<value of='egfr alb' at-least='5' at-most='60.50'/>",
	  "alb or egfr at most 60.5 and at least 5" },
	{ "<value at-least='5' below='60'/>", "all of (value below 60, value at least 5)" },
	{ "<above-interval of='alb' from='message'/>", "alb above its interval of the message" },
	{ "<in-interval from='default'/>", "value in its interval by default" },
	{ "<flagged as='H HH'/>", "result flagged H or HH" },
	{ "<not><present of='alb'/></not>", "not (alb present)" },
	{ "<unsure><any><value above='1'/><in-interval/></any></unsure>",
	  "unsure of (any of (value above 1, value in its interval))" },
	{ "<any><censored/><near-limit/></any>", "any of (value censored, value near a limit)" },
	{ "<code is='1952-1'/>", "code 1952-1" },
	{ "<status is='corrected final'/>", "status final corrected" },
	{ "<text any-of='a b|c'/>", "text a b or c" },
	{ "<specimen is='serum'/>", "specimen serum" },
	{ "<laboratory any-of='Ours'/>", "laboratory Ours" },
	{ "<diagnosis code='C90' match='prefix'/>", "diagnosis C90..." },
	{ "<age under='6m'/>", "age under 6m" },
	{ "<sex is='F'/>", "sex F" },
	{ "<sender application='A' facility='B'/>", "sender A at B" },
};
/* clang-format on */

Test(mapping_model, describes_conditions_in_words)
{
	for (size_t i = 0; i < sizeof(descriptions) / sizeof(descriptions[0]); i++) {
		struct buffer text, words;
		struct mapping *m;

		buffer_init(&text, 0);
		buffer_init(&words, 0);
		buffer_printf(
		    &text, "<rule id='a'><when>%s</when></rule>%c", descriptions[i].condition, 0);
		m = fragment_good(IN_ALL, text.data + text.start);
		expr_describe(rule(m, "a")->when, &words);
		cr_expect(is(buffer_span(&words), descriptions[i].words), "%.*s",
		    (int)buffer_span(&words).len, buffer_span(&words).ptr);
		mapping_destroy(m);
		buffer_finish(&text);
		buffer_finish(&words);
	}
}

/* ---- rules ---- */

static const char blocks[] =
    "<rules for='b2m alb'><gate id='G1' skip='unit_unknown unit_missing'><note>n</note></gate>"
    "<gate id='G2' enabled='off' skip='implausible'><note>n</note></gate>"
    "<group id='g' pick='first' gaps='allowed'><when><value below='100'/></when>"
    "<rule id='a' enabled='off'><when><value below='1'/></when></rule>"
    "<rule id='b' version='2' priority='-5'><when><value at-least='5'/></when>"
    "<flag if='ckd' overwrite='yes'>H</flag><note>\n  One, two.\n\n\tthree  \n</note>"
    "<basis>003</basis></rule>"
    "<rule id='c' enabled='shadow'><when><value below='2.0'/></when></rule></group></rules>"
    "<rules for='b2m'><group id='h' pick='all'>"
    "<rule id='d'><when><not><value above='2'/></not><value of='egfr' below='7'/></when></rule>"
    "<rule id='e'><when><value below='30'/></when></rule></group></rules>";

Test(mapping_model, hands_groups_to_their_observations_in_document_order)
{
	struct mapping *m = fragment_good(IN_BLOCKS, blocks);
	const struct observation *b2m = observation(m, "b2m"), *alb = observation(m, "alb");

	cr_assert_eq(b2m->group_count, 2);
	cr_expect(is(b2m->groups[0]->id, "g") && is(b2m->groups[1]->id, "h"));
	cr_assert_eq(alb->group_count, 1);
	cr_expect_eq(alb->groups[0], b2m->groups[0]);
	cr_expect_eq(observation(m, "egfr")->group_count, 0);
	cr_assert_eq(b2m->gate_count, 1);
	cr_expect(is(b2m->gates[0]->rule.id, "G1"));
	cr_expect_eq(b2m->gates[0]->skips,
	    (uint64_t)1 << SKIP_UNIT_UNKNOWN | (uint64_t)1 << SKIP_UNIT_MISSING);
	cr_expect_eq(m->group_count, 2);
	cr_expect_eq(b2m->groups[1]->index, 1);
	mapping_destroy(m);
}

Test(mapping_model, lists_all_rules_but_evaluates_none_that_is_off)
{
	static const char *const order[] = { "G1", "G2", "a", "b", "c", "d", "e" };
	struct mapping *m = fragment_good(IN_BLOCKS, blocks);
	const struct group *g = observation(m, "b2m")->groups[0];

	cr_assert_eq(m->rule_count, 7);
	for (unsigned i = 0; i < m->rule_count; i++) {
		cr_expect(is(m->rules[i]->id, order[i]), "%u", i);
		cr_expect_eq(m->rules[i]->index, i);
	}
	cr_expect_eq(rule(m, "a")->state, RULE_OFF);
	cr_assert_eq(g->rule_count, 2);
	cr_expect(g->first && g->gaps && g->when);
	cr_expect_eq(&g->rules[0], rule(m, "b"));
	cr_expect_eq(&g->rules[1], rule(m, "c"));
	cr_expect_eq(g->rules[1].state, RULE_SHADOW);
	mapping_destroy(m);
}

Test(mapping_model, keeps_a_rule_with_its_note_line_by_line)
{
	struct mapping *m = fragment_good(IN_BLOCKS, blocks);
	const struct rule *b = rule(m, "b");

	cr_assert_eq(b->line_count, 2);
	cr_expect(is(b->lines[0], "One, two.") && is(b->lines[1], "three"));
	cr_expect(is(b->version, "2") && is(b->flag, "H"));
	cr_expect_eq(b->priority, -5);
	cr_expect(b->overwrite && b->flag_when);
	for (int c = 0; c < 256; c++) {
		bool in = c && strchr("One, two.threeH", c);

		cr_expect_eq(b->bytes[c / 64] >> c % 64 & 1, in, "%d", c);
	}
	mapping_destroy(m);
}

Test(mapping_model, collects_the_thresholds_of_rules_in_force_each_once)
{
	struct mapping *m = fragment_good(IN_BLOCKS, blocks);
	const struct observation *b2m = observation(m, "b2m"), *alb = observation(m, "alb");

	cr_assert_eq(b2m->cutoff_count, 4);
	cr_expect(equals(b2m->cutoffs[0], 2, 0) && equals(b2m->cutoffs[1], 5, 0));
	cr_expect(equals(b2m->cutoffs[2], 30, 0) && equals(b2m->cutoffs[3], 100, 0));
	cr_expect_eq(alb->cutoff_count, 3);
	cr_expect_eq(observation(m, "egfr")->cutoff_count, 0);
	mapping_destroy(m);
}

Test(mapping_model, keeps_every_threshold_of_many)
{
	struct buffer rules;
	struct mapping *m;
	const struct observation *b2m;

	buffer_init(&rules, 0);
	for (int i = 1; i <= 40; i++)
		buffer_printf(
		    &rules, "<rule id='r%d'><when><value above='%d'/></when></rule>\n", i, i);
	buffer_append_char(&rules, '\0');
	m = fragment_good(IN_ALL, rules.data + rules.start);
	b2m = observation(m, "b2m");
	cr_assert_eq(b2m->cutoff_count, 40);
	for (int i = 1; i <= 40; i++)
		cr_expect(equals(b2m->cutoffs[i - 1], i, 0), "%d", i);
	mapping_destroy(m);
	buffer_finish(&rules);
}

/* ---- examples ---- */

Test(mapping_model, keeps_examples)
{
	struct mapping *m = fragment_good(IN_EXAMPLES,
	    "<example name='one'><patient age='60y' sex='F'/>"
	    "<order code='1952-1' system='LN' diagnosis='C90.0'/>"
	    "<obx code='1952-1' value='5.5' unit='mg/L'/>"
	    "<obx code='1751-7' system='LOINC' status='P' at='-3'/>"
	    "<expect obx='2' skip='no_rule'/><expect flag='H'/></example>");
	const struct example *x = m->examples;

	cr_assert_eq(m->example_count, 1);
	cr_expect(is(x->name, "one") && is(x->age, "60y") && is(x->sex, "F"));
	cr_expect(is(x->order, "1952-1") && is(x->order_system, "LN") && is(x->diagnosis, "C90.0"));
	cr_assert_eq(x->obx_count, 2);
	cr_expect(is(x->obx[0].system, "LN") && is(x->obx[0].status, "F"));
	cr_expect_eq(x->obx[0].at_hours, 0);
	cr_expect(is(x->obx[1].system, "LOINC") && is(x->obx[1].status, "P"));
	cr_expect_eq(x->obx[1].at_hours, -3);
	cr_assert_eq(x->expect_count, 2);
	cr_expect_eq(x->expect[0].obx, 2);
	cr_expect(is(x->expect[0].skip, "no_rule"));
	cr_expect_eq(x->expect[1].obx, 1);
	mapping_destroy(m);
}

/* ---- words ---- */

Test(mapping_words, are_found_in_lists)
{
	cr_expect(word_in(SPAN("F B V"), SPAN("B")));
	cr_expect(word_in(SPAN("  F\tB"), SPAN("B")));
	cr_expect(!word_in(SPAN("F BB"), SPAN("B")));
	cr_expect(!word_in(SPAN("F B"), SPAN("b")));
	cr_expect(!word_in(SPAN(""), SPAN("B")));
	cr_expect(!word_in((struct span){ 0 }, SPAN("B")));
}

Test(mapping_words, for_skips_are_their_own_inverse)
{
	enum skip skip;

	for (int i = 0; i < SKIP_COUNT; i++) {
		cr_assert(skip_word((enum skip)i));
		cr_assert(skip_find(span_str(skip_word((enum skip)i)), &skip));
		cr_expect_eq(skip, (enum skip)i);
	}
	cr_expect(!skip_find(SPAN("unit"), &skip));
	cr_expect(!skip_find(SPAN(""), &skip));
}
