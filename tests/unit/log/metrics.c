/* SPDX-License-Identifier: MIT */
#include "log/metrics.h"

#include <criterion/criterion.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>

static struct metrics *m;
static struct buffer out;

static void
begin(void)
{
	m = metrics_create();
	buffer_init(&out, 0);
}

static void
end(void)
{
	metrics_destroy(m);
	buffer_finish(&out);
}

TestSuite(metrics, .init = begin, .fini = end);

static const char *
text(void)
{
	buffer_clear(&out);
	metrics_write(m, &out);
	buffer_append_char(&out, '\0');
	cr_assert_not(out.failed);
	return buffer_span(&out).ptr;
}

Test(metrics, are_written_in_order_whatever_the_order_they_were_made_in)
{
	metrics_series(m, METRIC_GAUGE, "b", "B.", NULL)->value = -2;
	metrics_series(m, METRIC_COUNTER, "a_total", "A.", "feed", "west", NULL)->value = 2;
	metrics_series(m, METRIC_COUNTER, "a_total", "A.", "feed", "east", "code", "AA", NULL)
	    ->value++;
	metrics_series(m, METRIC_COUNTER, "a_total", "A.", "feed", "east", "code", "AA", NULL)
	    ->value++;
	cr_expect_str_eq(text(), "# HELP a_total A.\n"
				 "# TYPE a_total counter\n"
				 "a_total{feed=\"east\",code=\"AA\"} 2\n"
				 "a_total{feed=\"west\"} 2\n"
				 "# HELP b B.\n"
				 "# TYPE b gauge\n"
				 "b -2\n");
}

Test(metrics, escape_labels_and_help)
{
	metrics_series(m, METRIC_GAUGE, "g", "a\\b\n\"c\"", "x", "a\\b\n\"c\"", NULL);
	cr_expect_str_eq(text(), "# HELP g a\\\\b\\n\"c\"\n"
				 "# TYPE g gauge\n"
				 "g{x=\"a\\\\b\\n\\\"c\\\"\"} 0\n");
}

Test(metrics, write_numbers_as_they_are)
{
	static const struct {
		double value;
		const char *text;
	} rows[] = {
		{ 0, "0" },
		{ 0.5, "0.5" },
		{ -0.25, "-0.25" },
		{ 1e6, "1000000" },
		{ 123456789012345, "123456789012345" },
		{ 1e300, "1e+300" },
		{ INFINITY, "+Inf" },
		{ -INFINITY, "-Inf" },
		{ NAN, "NaN" },
	};
	struct metric *g = metrics_series(m, METRIC_GAUGE, "g", "G.", NULL);

	setlocale(LC_ALL, "de_DE.UTF-8"); /* if there is one: commas */
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char want[128];

		g->value = rows[i].value;
		snprintf(want, sizeof(want), "# HELP g G.\n# TYPE g gauge\ng %s\n", rows[i].text);
		cr_expect_str_eq(text(), want);
	}
}

Test(metrics, count_into_buckets_up_to_and_with_their_ends)
{
	struct metric *h = metrics_series(
	    m, METRIC_HISTOGRAM, "h_seconds", "H.", "feed", "e", NULL);

	metric_observe(h, 0);
	metric_observe(h, 50);
	metric_observe(h, 51);
	metric_observe(h, 10000000);
	metric_observe(h, 10000001);
	cr_expect(strstr(text(), "h_seconds_bucket{feed=\"e\",le=\"0.00005\"} 2\n"
				 "h_seconds_bucket{feed=\"e\",le=\"0.0001\"} 3\n"));
	cr_expect(strstr(text(), "h_seconds_bucket{feed=\"e\",le=\"10\"} 4\n"
				 "h_seconds_bucket{feed=\"e\",le=\"+Inf\"} 5\n"
				 "h_seconds_sum{feed=\"e\"} 20.000102\n"
				 "h_seconds_count{feed=\"e\"} 5\n"));
}

/* Each le of the text is the end that metric_observe() counts to. */
Test(metrics, name_the_ends_they_count_to)
{
	struct metric *h = metrics_series(m, METRIC_HISTOGRAM, "h", "H.", NULL);
	const char *at = text();
	double before = 0;

	for (unsigned i = 0; i < METRIC_BUCKETS; i++) {
		double le;

		at = strstr(at, "h_bucket{le=\"");
		cr_assert(at && sscanf(at++, "h_bucket{le=\"%lf\"} 0", &le) == 1);
		cr_expect_gt(le, before);
		metric_observe(h, (uint64_t)llround(le * 1e6));
		cr_expect_eq(h->bucket[i], 1, "bucket %u", i);
		metric_observe(h, (uint64_t)llround(le * 1e6) + 1);
		cr_expect_eq(h->bucket[i + 1], 1, "bucket %u", i + 1);
		h->bucket[i + 1] = 0;
		before = le;
	}
}

Test(metrics, estimate_quantiles)
{
	struct metric h = { 0 };

	cr_expect_eq(metric_quantile(&h, 0.5), 0);
	for (unsigned i = 0; i < 100; i++)
		metric_observe(&h, 75);
	cr_expect_eq(metric_quantile(&h, 0.5), 75);
	cr_expect_eq(metric_quantile(&h, 1), 100);
	cr_expect_eq(metric_quantile(&h, 0), 50);
	for (unsigned i = 0; i < 100; i++)
		metric_observe(&h, 20000000);
	cr_expect_eq(metric_quantile(&h, 0.99), 20000000, "beyond the buckets, the most");
}

Test(metrics, are_hidden_by_a_label_until_they_are_asked_for_again)
{
	metrics_series(m, METRIC_COUNTER, "a_total", "A.", "feed", "x", "code", "AA", NULL)
	    ->value = 3;
	metrics_series(m, METRIC_COUNTER, "a_total", "A.", "feed", "xy", "code", "AA", NULL);
	metrics_series(m, METRIC_COUNTER, "a_total", "A.", "feed", "z,feed=\"x\"", NULL);
	metrics_series(m, METRIC_HISTOGRAM, "b_seconds", "B.", "feed", "x", NULL);
	metrics_hide(m, "b_seconds", "feed", "x");
	cr_expect_not(strstr(text(), "b_seconds_count"));
	cr_expect(strstr(text(), "a_total{feed=\"x\",code=\"AA\"} 3\n"));
	metrics_hide(m, NULL, "feed", "x");
	cr_expect_not(strstr(text(), "a_total{feed=\"x\""));
	cr_expect(strstr(text(), "a_total{feed=\"xy\",code=\"AA\"} 0\n"));
	cr_expect(strstr(text(), "a_total{feed=\"z,feed=\\\"x\\\"\"} 0\n"));
	metrics_series(m, METRIC_COUNTER, "a_total", "A.", "feed", "x", "code", "AA", NULL);
	cr_expect(strstr(text(), "a_total{feed=\"x\",code=\"AA\"} 3\n"));
}

Test(metrics, never_move_and_never_fail)
{
	struct metric *made[500];
	char label[5000] = "";

	for (unsigned i = 0; i < 500; i++) {
		snprintf(label, sizeof(label), "r%u", i * 7919 % 500);
		made[i] = metrics_series(
		    m, METRIC_COUNTER, "rules_total", "R.", "rule", label, NULL);
		made[i]->value = i;
	}
	for (unsigned i = 0; i < 500; i++) {
		snprintf(label, sizeof(label), "r%u", i * 7919 % 500);
		cr_assert_eq(
		    metrics_series(m, METRIC_COUNTER, "rules_total", "R.", "rule", label, NULL),
		    made[i]);
	}
	memset(label, 'x', sizeof(label) - 1);
	cr_expect(metrics_series(m, METRIC_COUNTER, "rules_total", "R.", "rule", label, NULL));
	cr_expect(metrics_series(m, METRIC_GAUGE, "rules_total", "other kind", NULL));
	cr_expect_not(strstr(text(), "xxx"));
	cr_expect_not(strstr(text(), "rules_total 0"));
}
