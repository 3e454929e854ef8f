/* SPDX-License-Identifier: MIT */
/*
 * Where notes go: behind what belongs to the result, and before anything else.
 */
#include <criterion/criterion.h>

#include "report.h"

#define OURS(first, second) \
	"NTE|" first "|O|Raised.\nNTE|" second "|O|Auto-comment t 1.0: R; flag H\n"
#define TIMED "|||20260301080000\n"
#define TEXT "OBX|2|TX|1952-1^B2M^LN||see below||||||F\n"
#define OTHER "OBX|3|NM|2951-2^Sodium^LN||140|mmol/L|136-145||||F\n"

/* clang-format off */
static const struct {
	const char *name, *text, *want;
} cases[] = {
	{ "alone", B2M("2.2", ""), B2M("2.2", "H") OURS("1", "2") },
	{ "another result behind it", B2M("2.2", "") OTHER, B2M("2.2", "H") OURS("1", "2") OTHER },
	{ "behind notes, counting on", B2M("2.2", "") "NTE|1|L|a\nNTE|7|L|b\nNTE||L|c\n",
	    B2M("2.2", "H") "NTE|1|L|a\nNTE|7|L|b\nNTE||L|c\n" OURS("8", "9") },
	{ "behind an addendum", B2M_LIKE("2.2", "", TIMED) "ADD|more\n",
	    B2M_LIKE("2.2", "H", TIMED) "ADD|more\n" OURS("1", "2") },
	{ "behind the addendum of a note", B2M("2.2", "") "NTE|1|L|a\nADD|more\n",
	    B2M("2.2", "H") "NTE|1|L|a\nADD|more\n" OURS("2", "3") },
	{ "behind participants", B2M("2.2", "") "PRT|1||AD\nPRT|2||AD\n",
	    B2M("2.2", "H") "PRT|1||AD\nPRT|2||AD\n" OURS("1", "2") },
	{ "before a local segment", B2M("2.2", "") "ZBX|1\n", B2M("2.2", "H") OURS("1", "2") "ZBX|1\n" },
	{ "notes behind a local segment are not its own", B2M("2.2", "") "ZBX|1\nNTE|1|L|a\n",
	    B2M("2.2", "H") OURS("1", "2") "ZBX|1\nNTE|1|L|a\n" },
	{ "before a specimen", B2M("2.2", "") "SPM|1|||SER\n", B2M("2.2", "H") OURS("1", "2") "SPM|1|||SER\n" },

	{ "behind text that goes on with it", B2M("2.2", "") TEXT, B2M("2.2", "H") TEXT OURS("1", "2") },
	{ "behind all of that text", B2M("2.2", "") "NTE|1|L|a\n" TEXT TEXT "NTE|4|L|b\n" OTHER,
	    B2M("2.2", "H") "NTE|1|L|a\n" TEXT TEXT "NTE|4|L|b\n" OURS("5", "6") OTHER },
	{ "text of another sub-ID is a result", B2M("2.2", "") "OBX|2|TX|1952-1^B2M^LN|2|text||||||F\n",
	    B2M("2.2", "H") OURS("1", "2") "OBX|2|TX|1952-1^B2M^LN|2|text||||||F\n" },
	{ "text that is spelt otherwise is a result", B2M("2.2", "") "OBX|2|TX|1952-1^b2m^LN||text||||||F\n",
	    B2M("2.2", "H") OURS("1", "2") "OBX|2|TX|1952-1^b2m^LN||text||||||F\n" },
	{ "a number is a result", B2M("2.2", "") B2M("2.3", ""),
	    B2M("2.2", "H") OURS("1", "2") B2M("2.3", "H") OURS("1", "2") },

	{ "no terminator at the end", B2M_LIKE("2.2", "", ""),
	    B2M_LIKE("2.2", "H", "") "\nNTE|1|O|Raised.\nNTE|2|O|Auto-comment t 1.0: R; flag H" },
	{ "no terminator behind a note", B2M("2.2", "") "NTE|1|L|a",
	    B2M("2.2", "H") "NTE|1|L|a\nNTE|2|O|Raised.\nNTE|3|O|Auto-comment t 1.0: R; flag H" },
	{ "nothing behind a last 0x1C, where a CR would end the frame", B2M_LIKE("2.2", "", "|\x1c"),
	    B2M_LIKE("2.2", "", "|\x1c") },
	{ "nor behind one in a note", B2M("2.2", "") "NTE|1|L|\x1c", B2M("2.2", "") "NTE|1|L|\x1c" },
	{ "blank lines stay behind", B2M("2.2", "") "\n\n", B2M("2.2", "H") OURS("1", "2") "\n\n" },

	{ "OBX-11 may go on in an addendum", B2M("2.2", "") "ADD|more\n", B2M("2.2", "") "ADD|more\n" },
	{ "an order may be cancelled in its addendum", "OBR|1|||X|\nADD|||||||||||||||||||||X\n" B2M("2.2", ""),
	    "OBR|1|||X|\nADD|||||||||||||||||||||X\n" B2M("2.2", "") },
	{ "a specimen may be of something else in its addendum", B2M("2.2", "") "SPM|1|||\nADD|UR\n",
	    B2M("2.2", "") "SPM|1|||\nADD|UR\n" },
	{ "of a local segment an addendum says nothing", "ZBR|1\nADD|more\n" B2M("2.2", ""),
	    "ZBR|1\nADD|more\n" B2M("2.2", "H") OURS("1", "2") },
	{ "of a specimen there is no place", "SPM|1|||SER\n" B2M("2.2", ""), "SPM|1|||SER\n" B2M("2.2", "") },
	{ "of an order not begun there is no place", "ORC|RE\n" B2M("2.2", ""), "ORC|RE\n" B2M("2.2", "") },
	{ "of a device of the order there is", "PRT|1\nDEV|1\n" B2M("2.2", ""),
	    "PRT|1\nDEV|1\n" B2M("2.2", "H") OURS("1", "2") },
	{ "of a device of the order there is, whatever stands between", "PRT|1\nADD|more\nZPR|1\nDEV|1\n" B2M("2.2", ""),
	    "PRT|1\nADD|more\nZPR|1\nDEV|1\n" B2M("2.2", "H") OURS("1", "2") },
	{ "a code in the second triplet", "OBX|1|NM|X^b^L^1952-1^B2M^LN||2.2|mg/L|0.7-1.8||||F\n",
	    "OBX|1|NM|X^b^L^1952-1^B2M^LN||2.2|mg/L|0.7-1.8|H|||F\n" OURS("1", "2") },
	{ "a code in the third triplet, far behind",
	    "OBX|1|NM|X^a text so long that the code stands beyond the bytes looked at first^L^^^^^^^1952-1^B^LN||2.2|mg/L|0.7-1.8||||F\n",
	    "OBX|1|NM|X^a text so long that the code stands beyond the bytes looked at first^L^^^^^^^1952-1^B^LN||2.2|mg/L|0.7-1.8|H|||F\n"
	    OURS("1", "2") },
	{ "no code in components 7 to 9", "OBX|1|NM|X^a^L^^^^1952-1^B^LN||2.2|mg/L|0.7-1.8||||F\n",
	    "OBX|1|NM|X^a^L^^^^1952-1^B^LN||2.2|mg/L|0.7-1.8||||F\n" },
	{ "blanks around the code", "OBX|1|NM| 1952-1 ^B2M^ LN ||2.2|mg/L|0.7-1.8||||F\n",
	    "OBX|1|NM| 1952-1 ^B2M^ LN ||2.2|mg/L|0.7-1.8|H|||F\n" OURS("1", "2") },
};
/* clang-format on */

Test(annotate_placement, is_where_the_grammar_has_room)
{
	struct report r;

	report_begin_rules(&r, PLAIN_RULES);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		report_expect(&r, cases[i].name, cases[i].text, cases[i].want);
	report_end(&r);
}
