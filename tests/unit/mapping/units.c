/* SPDX-License-Identifier: MIT */
#include "mapping/units.h"

#include <criterion/criterion.h>

#include "fragment.h"

#define ROW(literal)                            \
	{                                       \
		"" literal, sizeof(literal) - 1 \
	}

/* clang-format off */
static const struct {
	struct span text;
	const char *want;
} cases[] = {
	{ ROW("mg/L"), "mg/l" },
	{ ROW(" MG / L\t"), "mg/l" },
	{ ROW("mL/min/{1.73_m2}"), "ml/min/{1.73_m2}" },
	{ ROW("\xc2\xb5g/mL"), "ug/ml" },                 /* U+00B5 */
	{ ROW("\xce\xbcg/mL"), "ug/ml" },                 /* U+03BC */
	{ ROW("\xb5g/mL"), "ug/ml" },                     /* Latin-1 */
	{ ROW("\xc3\x82\xc2\xb5g/mL"), "ug/ml" },         /* U+00B5 encoded twice */
	{ ROW("\xc3\x8e\xc2\xbcg/mL"), "ug/ml" },         /* U+03BC encoded twice */
	{ ROW("\xe6g/mL"), "ug/ml" },                     /* code pages 437 and 850 */
	{ ROW("\\XB5\\g/mL"), "ug/ml" },
	{ ROW("\\xb5\\g/mL"), "ug/ml" },
	{ ROW("\\XC2B5\\g/mL"), "ug/ml" },
	{ ROW("\\XCEBC\\g/mL"), "ug/ml" },
	{ ROW("&micro;g/mL"), "ug/ml" },
	{ ROW("&MICRO;mol/L"), "umol/l" },
	{ ROW("nmol/\xb5mol"), "nmol/umol" },
	{ ROW("ug/24h\xb5"), "ug/24hu" },
	{ ROW("mL/min/1.73m\xc2\xb2"), "ml/min/1.73m2" }, /* U+00B2 */
	{ ROW("mL/min/1.73m\xb2"), "ml/min/1.73m2" },     /* Latin-1 */
	{ ROW("mL/min/1.73m\xc3\x82\xc2\xb2"), "ml/min/1.73m2" },
	{ ROW("ml/min/1.73m^2"), "ml/min/1.73m^2" },
	{ ROW("mg\xc2\xa0/\xa0L"), "mg/l" },              /* no-break blanks */
	{ ROW("?g/mL"), "?g/ml" },                        /* a lost micro sign is not guessed */
	{ ROW("\xc3\xb5g"), "\xc3\xb5g" },                /* o with tilde: its second byte is B5 */
	{ ROW("\xe6\xb5\xb7"), "\xe6\xb5\xb7" },          /* a character that begins with E6 */
	{ ROW("\xf0\x9f\x98\x80"), "\xf0\x9f\x98\x80" },
	{ ROW("\xc3"), "\xc3" },
	{ ROW("mg%"), "mg%" },
	{ ROW("&"), "&" },
	{ ROW("\\"), "\\" },
	{ ROW(""), "" },
	{ ROW("   "), "" },
	{ ROW("mg\r"), "mg\r" },
};
/* clang-format on */

Test(mapping_units, are_brought_to_one_form)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char out[UNIT_MOST];
		size_t len = unit_normalise(cases[i].text, out);

		cr_expect(span_eq(span_of(out, len), span_str(cases[i].want)), "%zu: %.*s", i,
		    (int)len, out);
	}
}

Test(mapping_units, that_are_too_long_name_none)
{
	char text[UNIT_MOST + 1], out[UNIT_MOST];

	memset(text, 'x', sizeof(text));
	cr_expect_eq(unit_normalise(span_of(text, UNIT_MOST), out), UNIT_MOST);
	cr_expect_eq(unit_normalise(span_of(text, UNIT_MOST + 1), out), 0);
	memset(text, ' ', 10);
	cr_expect_eq(unit_normalise(span_of(text, UNIT_MOST + 1), out), UNIT_MOST - 9);
}

static const char quantities[] =
    "<quantity id='q' unit='mg/L'><unit name='mg/L' factor='1'/>"
    "<unit name='ug/L' factor='0.001'><spelling>mcg/L</spelling>"
    "<spelling enabled='no'>gamma/l</spelling></unit>"
    "<unit name='nmol/L' factor='0.011731' near='1%'/><unit name='g/L' factor='1000.0'/></quantity>"
    "<observation id='x' label='X' unit='mg/L'><codes quantity='q'><code>X</code></codes>"
    "</observation>";

Test(mapping_units, are_found_by_name_and_spelling)
{
	struct mapping *m = fragment_good(IN_QUANTITIES, quantities);
	const struct quantity *q = mapping_code(m, SPAN("X"), SPAN(""))->quantity;
	const struct unit *milli = quantity_unit(q, SPAN("MG/l"));
	const struct unit *micro = quantity_unit(q, SPAN("\xb5g/L"));
	const struct unit *molar = quantity_unit(q, SPAN(" nmol/L "));

	cr_assert(milli && micro && molar);
	cr_expect(span_eq(micro->name, SPAN("ug/L")));
	cr_expect_eq(quantity_unit(q, SPAN("mcg / L")), micro);
	cr_expect(!milli->converted);
	cr_expect(micro->converted && molar->converted);
	cr_expect_eq(decimal_compare(molar->near, (struct decimal){ 1, -2 }), 0);
	cr_expect_eq(decimal_compare(molar->factor, (struct decimal){ 11731, -6 }), 0);
	cr_expect_null(quantity_unit(q, SPAN("gamma/l")), "a spelling that is switched off");
	cr_expect_null(quantity_unit(q, SPAN("ng/L")));
	cr_expect_null(quantity_unit(q, SPAN("")));
	cr_expect_null(quantity_unit(q, (struct span){ 0 }));
	mapping_destroy(m);
}

Test(mapping_units, convert_only_when_they_differ)
{
	struct mapping *m = fragment_good(IN_QUANTITIES,
	    "<quantity id='q' unit='mg/L'><unit name='mg/L' factor='1.0'/>"
	    "<unit name='ug/mL' factor='1'/><unit name='mcg/mL' factor='1' near='0.5%'/></quantity>"
	    "<observation id='x' label='X' unit='mg/L'><codes quantity='q'><code>X</code></codes>"
	    "</observation>");
	const struct quantity *q = mapping_code(m, SPAN("X"), SPAN(""))->quantity;

	cr_expect(!quantity_unit(q, SPAN("mg/L"))->converted);
	cr_expect(!quantity_unit(q, SPAN("ug/mL"))->converted);
	cr_expect(quantity_unit(q, SPAN("mcg/mL"))->converted, "near makes it count as converted");
	mapping_destroy(m);
}
