/* SPDX-License-Identifier: MIT */
/*
 * Values and identifiers vary with the seed, the shape does not: a message has
 * the same number of segments each time, and no two are the same bytes.
 */
#include "bench/streams.h"

#include "support/random.h"

struct analyte {
	const char *code, *name, *unit, *range;
	unsigned low, high; /* of the values made up, in tenths */
};

static const struct analyte b2m = { "1952-1", "Beta-2-Microglobulin", "mg/L", "0.7-1.8", 8, 60 };
static const struct analyte creatinine = { "2160-0", "Creatinine", "mg/dL", "0.6-1.3", 6, 25 };
static const struct analyte albumin = { "1751-7", "Albumin", "g/dL", "3.5-5.0", 28, 50 };

static const struct analyte others[] = {
	{ "2951-2", "Sodium", "mmol/L", "136-145", 1300, 1500 },
	{ "2823-3", "Potassium", "mmol/L", "3.5-5.1", 30, 60 },
	{ "2075-0", "Chloride", "mmol/L", "98-107", 950, 1100 },
	{ "2028-9", "Carbon dioxide, total", "mmol/L", "22-29", 180, 320 },
	{ "3094-0", "Urea nitrogen", "mg/dL", "6-20", 50, 400 },
	{ "2345-7", "Glucose", "mg/dL", "70-99", 600, 2000 },
	{ "17861-6", "Calcium", "mg/dL", "8.6-10.2", 80, 110 },
	{ "2885-2", "Protein, total", "g/dL", "6.4-8.3", 55, 90 },
	{ "1975-2", "Bilirubin, total", "mg/dL", "0.2-1.2", 2, 30 },
	{ "6768-6", "Alkaline phosphatase", "U/L", "40-129", 300, 2000 },
	{ "1920-8", "Aspartate aminotransferase", "U/L", "10-40", 80, 900 },
	{ "1742-6", "Alanine aminotransferase", "U/L", "10-41", 80, 900 },
	{ "2777-1", "Phosphate", "mg/dL", "2.5-4.5", 15, 60 },
	{ "19123-9", "Magnesium", "mg/dL", "1.6-2.6", 12, 32 },
	{ "6690-2", "Leukocytes", "10*3/uL", "4.5-11.0", 20, 200 },
	{ "789-8", "Erythrocytes", "10*6/uL", "4.2-5.9", 30, 65 },
	{ "718-7", "Hemoglobin", "g/dL", "12.0-17.5", 70, 190 },
	{ "4544-3", "Hematocrit", "%", "36-50", 250, 550 },
	{ "777-3", "Platelets", "10*3/uL", "150-400", 800, 6000 },
	{ "1988-5", "C reactive protein", "mg/L", "0.0-5.0", 0, 1500 },
};

enum { OTHERS = sizeof(others) / sizeof(*others) };

static void
put_head(struct buffer *out, struct random *r)
{
	unsigned id = random_below(r, 90000000) + 10000000;

	buffer_printf(out,
	    "MSH|^~\\&|ANALYSER|NORTH|RECORDS|NORTH|20260301%06u||ORU^R01^ORU_R01|%u|P|2.5.1\r",
	    random_below(r, 240000), id);
	buffer_printf(out,
	    "PID|1||%u^^^NORTH^MR||HOLT^ANNE%u||19%02u0412|%c|||12 MILL LANE^^LEEDS\r", id / 3,
	    id % 977, 20 + random_below(r, 70), random_percent(r, 50) ? 'F' : 'M');
	buffer_printf(out, "PV1|1|O|WARD%u^^^NORTH||||7781^OKAFOR^N\r", random_below(r, 40));
	buffer_printf(out, "ORC|RE|%u|%u\r", id / 5, id / 7);
	buffer_printf(out,
	    "OBR|1|%u|%u|24323-8^Comprehensive metabolic panel^LN|||20260301080000"
	    "||||||||||7781^OKAFOR^N||||||20260301093000||CH|F\r",
	    id / 5, id / 7);
}

static void
put_result(struct buffer *out, struct random *r, unsigned set, const struct analyte *a)
{
	unsigned tenths = a->low + random_below(r, a->high - a->low);

	buffer_printf(out,
	    "OBX|%u|NM|%s^%s^LN||%u.%u|%s|%s||||F|||20260301080000||7781^OKAFOR^N||C702\r", set,
	    a->code, a->name, tenths / 10, tenths % 10, a->unit, a->range);
}

/* B2M stands at a third of the panel, its companions in the fifth and the second half. */
static const struct analyte *
choose(enum panel panel, unsigned at, unsigned results)
{
	if (panel == PANEL_ALL_B2M || (panel == PANEL_B2M && at == results / 3))
		return &b2m;
	if (panel == PANEL_B2M && at == results / 5)
		return &creatinine;
	if (panel == PANEL_B2M && at == results / 2)
		return &albumin;
	return &others[at % OTHERS];
}

void
stream_panel(struct buffer *out, enum panel panel, unsigned results, unsigned seed)
{
	struct random r = { .state = seed };

	put_head(out, &r);
	for (unsigned i = 0; i < results; i++)
		put_result(out, &r, i + 1, choose(panel, i, results));
}

void
stream_document(struct buffer *out, size_t bytes)
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	struct random r = { .state = bytes };

	put_head(out, &r);
	put_result(out, &r, 1, &b2m);
	buffer_append(out, SPAN("OBX|2|ED|11502-2^Laboratory report^LN||^AP^PDF^Base64^"));
	while (bytes-- > 0)
		buffer_append_char(out, digits[random_below(&r, 64)]);
	buffer_append(out, SPAN("||||||F\r"));
}
