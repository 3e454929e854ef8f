/* SPDX-License-Identifier: MIT */
#include "fragment.h"

#include <criterion/criterion.h>

/* clang-format off */
/* Two observations, of which one is plausible from 0.1 to 200, and a rule for both. */
#define TWO(plausible, observations, limits) \
	"<mapping xmlns=\"urn:hl7note:mapping:1\" id=\"t\" version=\"1.0\" status=\"draft\">\n" \
	"<about><title>A test</title></about>\n" \
	"<quantity id=\"q\" unit=\"g\"><unit name=\"g\" factor=\"1\"/></quantity>\n" \
	"<observation id=\"x\" label=\"X\" unit=\"g\"><codes quantity=\"q\"><code>1</code></codes>" \
	"<plausible min=\"0.1\" max=\"200\"/></observation>\n" \
	"<observation id=\"y\" label=\"Y\" unit=\"g\"><codes quantity=\"q\"><code>2</code></codes>" \
	"<plausible " plausible "/></observation>\n" \
	"<rules for=\"" observations "\"><group id=\"g\" pick=\"first\">\n" \
	"<rule id=\"r\"><when><value " limits "/></when></rule></group></rules>\n</mapping>\n"

/* An observation with a unit and codes of two spellings, and rules for it. */
#define MEASURED(of_codes, rules) \
	"<mapping xmlns=\"urn:hl7note:mapping:1\" id=\"t\" version=\"1.0\" status=\"draft\">\n" \
	"<about><title>A test</title></about>\n" \
	"<quantity id=\"q\" unit=\"g\"><unit name=\"g\" factor=\"1\"/></quantity>\n" \
	"<observation id=\"x\" label=\"X\" unit=\"g\"><codes " of_codes "><code>glu</code><code>GLU</code></codes>" \
	"<interval low=\"1\"/></observation><rules for=\"x\"><group id=\"g\" pick=\"all\">\n" \
	rules "</group></rules>\n</mapping>\n"

/* A gate that asks for the value of a preliminary result, which is interpreted. */
#define INTERPRETED(limit) \
	"<mapping xmlns=\"urn:hl7note:mapping:1\" id=\"t\" version=\"1.0\" status=\"draft\">\n" \
	"<about><title>A test</title></about>\n" \
	"<results interpret-preliminary=\"yes\"/>\n" \
	"<quantity id=\"q\" unit=\"g\"><unit name=\"g\" factor=\"1\"/></quantity>\n" \
	"<observation id=\"x\" label=\"X\" unit=\"g\"><codes quantity=\"q\"><code>1</code></codes>\n" \
	"<plausible max=\"200\"/></observation>\n" \
	"<rules for=\"x\">\n" \
	"<gate id=\"a\" skip=\"preliminary\"><when><value " limit "/></when><note>x</note></gate>\n" \
	"</rules>\n</mapping>\n"

static const struct fragment_case unsound[] = {
	{ IN_FIRST,
	  "<rule id=\"a\"><when><value at-most=\"3.5\"/></when></rule>\n"
	  "<rule id=\"b\"><when><value at-least=\"3.5\" below=\"5.5\"/></when></rule>\n"
	  "<rule id=\"c\"><when><value above=\"5.5\"/></when></rule>",
	  "0:18: no rule of group \"g\" is true: value 5.5; add a rule for it, or write gaps=\"allowed\"\n"
	  "2:1: rules \"a\" and \"b\" can both be true: value 3.5; make their conditions exclude each other\n" },
	{ IN_FIRST,
	  "<rule id=\"a\"><when><value below=\"3.5\"/></when></rule>\n"
	  "<rule id=\"b\"><when><value above=\"3.5\"/></when></rule>",
	  "0:18: no rule of group \"g\" is true: value 3.5; add a rule for it, or write gaps=\"allowed\"\n" },
	{ IN_FIRST,
	  "<rule id=\"a\"><when><value below=\"3\"/></when></rule>\n"
	  "<rule id=\"b\"><when><value at-least=\"4\"/></when></rule>",
	  "0:18: no rule of group \"g\" is true: value 3; add a rule for it, or write gaps=\"allowed\"\n" },
	{ IN_FIRST,
	  "<rule id=\"a\"><when><value below=\"0.1\"/></when></rule>\n"
	  "<rule id=\"b\"><when><value at-least=\"0.1\" at-most=\"200\"/></when></rule>\n"
	  "<rule id=\"c\"><when><value above=\"200\"/></when></rule>",
	  "1:1: rule \"a\" can never fire: no result meets its condition; mend its condition, or switch it off\n"
	  "3:1: rule \"c\" can never fire: no result meets its condition; mend its condition, or switch it off\n" },
	{ IN_FIRST,
	  "<rule id=\"a\"/>\n"
	  "<rule id=\"b\"/>",
	  "2:1: rules \"a\" and \"b\" can both be true: every result; make their conditions exclude each other\n" },
	{ IN_FIRST,
	  "<rule id=\"a\"><when><above-interval from=\"message\"/></when></rule>\n"
	  "<rule id=\"b\"><when><above-interval/></when></rule>\n"
	  "<rule id=\"c\"><when><in-interval/></when></rule>",
	  "0:18: no rule of group \"g\" is true: value above its interval of the message false, value above its interval false, value in its interval false; add a rule for it, or write gaps=\"allowed\"\n"
	  "2:1: rules \"a\" and \"b\" can both be true: value above its interval of the message true, value above its interval true, value in its interval false; make their conditions exclude each other\n" },
	{ IN_FIRST,
	  "<rule id=\"S10\"><when><value below=\"3.5\"/><value of=\"alb\" at-least=\"3.5\"/></when></rule>\n"
	  "<rule id=\"S11\"><when><value below=\"3.5\"/><value of=\"alb\" below=\"3.5\"/></when></rule>\n"
	  "<rule id=\"S12\"><when><value at-least=\"3.5\"/></when></rule>",
	  "0:18: no rule of group \"g\" is true: value 0.1 with alb at least 3.5 false, alb below 3.5 false; add a rule for it, or write gaps=\"allowed\"\n"
	  "2:1: rules \"S10\" and \"S11\" can both be true: value 0.1 with alb at least 3.5 true, alb below 3.5 true; make their conditions exclude each other\n" },
	{ IN_FIRST,
	  "<rule id=\"a\"><when><code is=\"1952-1\"/></when></rule>",
	  "0:18: no rule of group \"g\" is true: code 1952-1 false; add a rule for it, or write gaps=\"allowed\"\n" },
	{ IN_FIRST,
	  "<rule id=\"a\"><when><sex is=\"F\"/></when></rule>\n"
	  "<rule id=\"b\"><when><sex is=\"M O U A\"/></when></rule>",
	  "0:18: no rule of group \"g\" is true: sex F false, sex M or O or U or A false; add a rule for it, or write gaps=\"allowed\"\n" },
	{ IN_FIRST,
	  "<rule id=\"a\"><when><age under=\"6m\"/></when></rule>\n"
	  "<rule id=\"b\"><when><age at-least=\"7m\"/></when></rule>",
	  "0:18: no rule of group \"g\" is true: age under 6m false, age at least 7m false; add a rule for it, or write gaps=\"allowed\"\n" },
	{ IN_FIRST,
	  "<rule id=\"a\"><when><status is=\"final\"/></when></rule>",
	  "0:18: no rule of group \"g\" is true: status final false; add a rule for it, or write gaps=\"allowed\"\n" },
	{ IN_FIRST,
	  "<rule id=\"a\"><when><sender application=\"LAB\" facility=\"EAST\"/></when></rule>\n"
	  "<rule id=\"b\"><when><sender application=\"LAB\"/></when></rule>\n"
	  "<rule id=\"c\"><when><not><sender application=\"LAB\"/></not></when></rule>",
	  "2:1: rules \"a\" and \"b\" can both be true: sender LAB at EAST true, sender LAB true; make their conditions exclude each other\n" },
	{ IN_FIRST,
	  "<rule id=\"a\"><when><flagged of=\"alb\" as=\"H HH\"/></when></rule>\n"
	  "<rule id=\"b\"><when><flagged of=\"alb\" as=\"hh L\"/></when></rule>\n"
	  "<rule id=\"c\"><when><not><flagged of=\"alb\" as=\"H HH L\"/></not></when></rule>",
	  "2:1: rules \"a\" and \"b\" can both be true: alb flagged H or HH true, alb flagged hh or L true, alb flagged H or HH or L true; make their conditions exclude each other\n" },
	{ IN_FIRST,
	  "<rule id=\"b\"><when><value at-least=\"3.5\"/></when></rule>\n"
	  "<rule id=\"c\"><when><value below=\"3.5\"/></when></rule>\n"
	  "<rule id=\"a\"><when><unsure><value below=\"3.5\"/></unsure></when></rule>",
	  "3:1: rule \"a\" can never fire: its group and the rules before it leave no result for it; mend its condition, or switch it off\n" },
	{ IN_FIRST,
	  "<rule id=\"a\"><when><unsure><value below=\"3.5\"/></unsure></when></rule>\n"
	  "<rule id=\"b\"><when><value at-least=\"2\"/></when></rule>\n"
	  "<rule id=\"c\"><when><value below=\"2\"/></when></rule>",
	  "2:1: rules \"a\" and \"b\" can both be true: value not known to be below or above 3.5; make their conditions exclude each other\n" },
	/* such as 25, 70 and <50 */
	{ IN_RULES,
	  "<group id=\"h\" pick=\"first\" gaps=\"allowed\">"
	  "<rule id=\"a\"><when><unsure><value of=\"egfr\" at-least=\"30\" below=\"60\"/></unsure></when></rule>\n"
	  "<rule id=\"b\"><when><value of=\"egfr\" below=\"30\"/><value of=\"egfr\" at-least=\"60\"/></when></rule></group>",
	  "2:1: rules \"a\" and \"b\" can both be true: egfr below 60 and at least 30 unknown, egfr below 30 true, egfr at least 60 true; make their conditions exclude each other\n" },
	{ IN_ALL,
	  "<rule id=\"a\"><when><value below=\"3.5\"/><value above=\"4\"/></when></rule>\n"
	  "<rule id=\"b\"><when><value below=\"0.1\"/></when></rule>\n"
	  "<rule id=\"c\"><when><above-interval/><in-interval/></when></rule>\n"
	  "<rule id=\"d\"><when><above-interval from=\"site\"/></when></rule>\n"
	  "<rule id=\"e\"><when><above-interval of=\"egfr\"/></when></rule>\n"
	  "<rule id=\"f\"><when><code is=\"1751-7\"/></when></rule>\n"
	  "<rule id=\"g\"><when><code is=\"1952-1\"/><code is=\"56786-7\"/></when></rule>\n"
	  "<rule id=\"h\"><when><status is=\"preliminary\"/></when></rule>\n"
	  "<rule id=\"i\"><when><sex is=\"F\"/><sex is=\"M\"/></when></rule>\n"
	  "<rule id=\"j\"><when><age at-least=\"2y\"/><age under=\"23m\"/></when></rule>\n"
	  "<rule id=\"k\"><when><sender application=\"A\"/><sender application=\"B\"/></when></rule>\n"
	  "<rule id=\"l\"><when><value of=\"egfr\" below=\"45\"/><not><value of=\"egfr\" below=\"60\"/></not></when></rule>\n"
	  "<rule id=\"m\"><when><value of=\"egfr\" at-least=\"60\"/><not><present of=\"egfr\"/></not></when></rule>\n"
	  "<rule id=\"n\"><when><present of=\"alb\"/><not><below-interval of=\"alb\"/></not><not><in-interval of=\"alb\"/></not><not><above-interval of=\"alb\"/></not></when></rule>\n"
	  "<rule id=\"o\"><when><flagged of=\"alb\" as=\"H\"/><not><present of=\"alb\"/></not></when></rule>\n"
	  "<rule id=\"p\"><when><unsure><present of=\"alb\"/></unsure></when></rule>\n"
	  "<rule id=\"q\"><when><unsure><value below=\"5\"/></unsure><value at-least=\"5\"/></when></rule>\n"
	  "<rule id=\"r\"><when><order code=\"A\"/><not><order code=\"a\"/></not></when></rule>",
	  "1:1: rule \"a\" can never fire: no result meets its condition; mend its condition, or switch it off\n"
	  "2:1: rule \"b\" can never fire: no result meets its condition; mend its condition, or switch it off\n"
	  "3:1: rule \"c\" can never fire: no result meets its condition; mend its condition, or switch it off\n"
	  "4:1: rule \"d\" can never fire: no result meets its condition; mend its condition, or switch it off\n"
	  "5:1: rule \"e\" can never fire: no result meets its condition; mend its condition, or switch it off\n"
	  "6:1: rule \"f\" can never fire: no result meets its condition; mend its condition, or switch it off\n"
	  "7:1: rule \"g\" can never fire: no result meets its condition; mend its condition, or switch it off\n"
	  "8:1: rule \"h\" can never fire: no result meets its condition; mend its condition, or switch it off\n"
	  "9:1: rule \"i\" can never fire: no result meets its condition; mend its condition, or switch it off\n"
	  "10:1: rule \"j\" can never fire: no result meets its condition; mend its condition, or switch it off\n"
	  "11:1: rule \"k\" can never fire: no result meets its condition; mend its condition, or switch it off\n"
	  "12:1: rule \"l\" can never fire: no result meets its condition; mend its condition, or switch it off\n"
	  "13:1: rule \"m\" can never fire: no result meets its condition; mend its condition, or switch it off\n"
	  "14:1: rule \"n\" can never fire: no result meets its condition; mend its condition, or switch it off\n"
	  "15:1: rule \"o\" can never fire: no result meets its condition; mend its condition, or switch it off\n"
	  "16:1: rule \"p\" can never fire: no result meets its condition; mend its condition, or switch it off\n"
	  "17:1: rule \"q\" can never fire: no result meets its condition; mend its condition, or switch it off\n"
	  "18:1: rule \"r\" can never fire: no result meets its condition; mend its condition, or switch it off\n" },
	{ IN_ALL,
	  "<rule id=\"off\" enabled=\"off\"><when><value below=\"3.5\"/><value above=\"4\"/></when></rule>\n"
	  "<rule id=\"a\"><when><fired rule=\"off\"/></when></rule>\n"
	  "<rule id=\"b\"><when><not><fired rule=\"off\"/></not></when></rule>",
	  "2:1: rule \"a\" can never fire: no result meets its condition; mend its condition, or switch it off\n" },
	{ IN_RULES,
	  "<group id=\"g\" pick=\"all\"><when><value below=\"1\"/><value above=\"2\"/></when><rule id=\"a\"/><rule id=\"b\"/></group>\n"
	  "<group id=\"h\" pick=\"all\"><when><value below=\"1\"/></when><rule id=\"c\"><when><value above=\"2\"/></when></rule><rule id=\"d\"/></group>",
	  "1:1: group \"g\" can never apply; mend its condition, or switch its rules off\n"
	  "2:57: rule \"c\" can never fire: its group and the rules before it leave no result for it; mend its condition, or switch it off\n" },
	{ IN_RULES,
	  "<group id=\"g\" pick=\"first\"><when><in-interval/></when><rule id=\"a\"><when><value below=\"1\"/></when></rule></group>",
	  "1:1: no rule of group \"g\" is true: value 1 with value in its interval true; add a rule for it, or write gaps=\"allowed\"\n" },
	{ IN_RULES,
	  "<gate id=\"a\" skip=\"unit_unknown\"><when><sex is=\"F\"/><sex is=\"M\"/></when><note>x</note></gate>\n"
	  "<gate id=\"b\" skip=\"preliminary\"><when><status is=\"preliminary\"/></when><note>x</note></gate>",
	  "1:1: rule \"a\" can never fire: no result meets its condition; mend its condition, or switch it off\n" },
	/* left alone before its value is read, and never with one that is not plausible */
	{ IN_RULES,
	  "<gate id=\"a\" skip=\"preliminary unit_unknown\"><when><value above=\"1\"/></when><note>x</note></gate>\n"
	  "<gate id=\"b\" skip=\"unit_missing\"><when><in-interval/></when><note>x</note></gate>\n"
	  "<gate id=\"c\" skip=\"value_not_numeric\"><when><censored/></when><note>x</note></gate>\n"
	  "<gate id=\"d\" skip=\"status\"><when><unsure><value above=\"1\"/></unsure></when><note>x</note></gate>",
	  "1:1: rule \"a\" can never fire: no result meets its condition; mend its condition, or switch it off\n"
	  "2:1: rule \"b\" can never fire: no result meets its condition; mend its condition, or switch it off\n"
	  "3:1: rule \"c\" can never fire: no result meets its condition; mend its condition, or switch it off\n" },
	{ IN_FILE, INTERPRETED("above=\"200\""),
	  "8:1: rule \"a\" can never fire: no result meets its condition; mend its condition, or switch it off\n" },
	{ IN_BLOCKS,
	  "<rules for=\"text\"><group id=\"g\" pick=\"all\"><rule id=\"a\"><when><value below=\"1\"/></when></rule><rule id=\"b\"><when><in-interval/></when></rule><rule id=\"c\"><when><text any-of=\"positive\"/></when></rule><rule id=\"d\"><when><censored/></when></rule></group></rules>",
	  "1:44: rule \"a\" can never fire: no result meets its condition; mend its condition, or switch it off\n"
	  "1:95: rule \"b\" can never fire: no result meets its condition; mend its condition, or switch it off\n"
	  "1:200: rule \"d\" can never fire: no result meets its condition; mend its condition, or switch it off\n" },
	/* a sex that is none of these is unknown; no unit says what is near; companions are plausible */
	{ IN_ALL,
	  "<rule id=\"a\"><when><not><sex is=\"F M O U A N\"/></not></when></rule>\n"
	  "<rule id=\"b\"><when><near-limit/></when></rule>\n"
	  "<rule id=\"c\"><when><value of=\"b2m\" above=\"200\"/></when></rule>\n"
	  "<rule id=\"d\"><when><value of=\"b2m\" above=\"100\"/><not><value of=\"b2m\" above=\"100\" at-most=\"200\"/></not></when></rule>",
	  "1:1: rule \"a\" can never fire: no result meets its condition; mend its condition, or switch it off\n"
	  "2:1: rule \"b\" can never fire: no result meets its condition; mend its condition, or switch it off\n"
	  "3:1: rule \"c\" can never fire: no result meets its condition; mend its condition, or switch it off\n"
	  "4:1: rule \"d\" can never fire: no result meets its condition; mend its condition, or switch it off\n" },
	/* its codes have no quantity, so none of its results is a number */
	{ IN_FILE, MEASURED("", "<rule id=\"a\"><when><value above=\"1\"/></when></rule>\n"
	  "<rule id=\"b\"><when><value of=\"x\" above=\"1\"/></when></rule>\n"
	  "<rule id=\"c\"><when><not><value of=\"x\" above=\"1\" below=\"2\"/></not><present of=\"x\"/></when></rule>\n"
	  "<rule id=\"d\"><when><in-interval of=\"x\"/></when></rule>\n"
	  "<rule id=\"e\"><when><unsure><value above=\"1\"/></unsure></when></rule>"),
	  "5:1: rule \"a\" can never fire: no result meets its condition; mend its condition, or switch it off\n"
	  "6:1: rule \"b\" can never fire: no result meets its condition; mend its condition, or switch it off\n"
	  "7:1: rule \"c\" can never fire: no result meets its condition; mend its condition, or switch it off\n"
	  "8:1: rule \"d\" can never fire: no result meets its condition; mend its condition, or switch it off\n" },
	{ IN_FIRST,
	  "<rule id=\"a\"><when><any><order code=\"A\"/><order code=\"B\"/></any></when></rule>\n"
	  "<rule id=\"b\"><when><not><order code=\"A\"/></not><not><order code=\"B\"/></not><present of=\"alb\"/></when></rule>",
	  "0:18: no rule of group \"g\" is true: order A false, order B false, alb present false; add a rule for it, or write gaps=\"allowed\"\n" },
	{ IN_RULES,
	  "<group id=\"g\" pick=\"first\" gaps=\"allowed\"><rule id=\"x\"><when><age at-least=\"18y\"/></when></rule></group>\n"
	  "<group id=\"h\" pick=\"all\"><when><value below=\"50\"/></when><rule id=\"a\"><when><value above=\"20\"/><not><value of=\"egfr\" below=\"60\"/></not></when><flag if=\"ckd\">H</flag></rule></group>",
	  "2:58: the flag of rule \"a\" can never be set: its condition is never true together with the rule's; mend the condition of the flag\n" },
	{ IN_FIRST,
	  "<rule id=\"a\"><when><present of=\"egfr\"/></when><flag if=\"ckd\">H</flag></rule>\n"
	  "<rule id=\"b\"><when><not><present of=\"egfr\"/></not></when><flag if=\"ckd\" overwrite=\"yes\">L</flag></rule>",
	  "2:1: the flag of rule \"b\" can never be set: its condition is never true together with the rule's; mend the condition of the flag\n" },
	/* what is plausible is so of any of the observations */
	{ IN_FILE, TWO("min=\"0.5\" max=\"300\"", "x y", "at-least=\"0.5\" at-most=\"300\""),
	  "6:18: no rule of group \"g\" is true: value 0.1; add a rule for it, or write gaps=\"allowed\"\n" },
	{ IN_FILE, TWO("min=\"0.5\" max=\"300\"", "y x", "at-least=\"0.5\" at-most=\"300\""),
	  "6:18: no rule of group \"g\" is true: value 0.1; add a rule for it, or write gaps=\"allowed\"\n" },
	{ IN_FILE, TWO("min=\"0.5\" max=\"150\"", "x y", "at-least=\"0.1\" at-most=\"150\""),
	  "6:18: no rule of group \"g\" is true: value 200; add a rule for it, or write gaps=\"allowed\"\n" },
	{ IN_FILE, TWO("min=\"0.5\" max=\"150\"", "y x", "at-least=\"0.1\" at-most=\"150\""),
	  "6:18: no rule of group \"g\" is true: value 200; add a rule for it, or write gaps=\"allowed\"\n" },
	{ IN_FILE, TWO("min=\"0.5\"", "x y", "at-least=\"0.1\" at-most=\"200\""),
	  "6:18: no rule of group \"g\" is true: value above 200; add a rule for it, or write gaps=\"allowed\"\n" },
	{ IN_FILE, TWO("max=\"150\"", "y x", "at-least=\"0.1\" at-most=\"200\""),
	  "6:18: no rule of group \"g\" is true: value below 0.1; add a rule for it, or write gaps=\"allowed\"\n" },
	{ IN_FILE, TWO("above=\"0.1\" max=\"200\"", "x y", "above=\"0.1\" at-most=\"200\""),
	  "6:18: no rule of group \"g\" is true: value 0.1; add a rule for it, or write gaps=\"allowed\"\n" },
	{ IN_FILE, TWO("above=\"0.1\" max=\"200\"", "y x", "above=\"0.1\" at-most=\"200\""),
	  "6:18: no rule of group \"g\" is true: value 0.1; add a rule for it, or write gaps=\"allowed\"\n" },
	{ IN_FILE, TWO("min=\"0.1\" below=\"200\"", "x y", "at-least=\"0.1\" below=\"200\""),
	  "6:18: no rule of group \"g\" is true: value 200; add a rule for it, or write gaps=\"allowed\"\n" },
	{ IN_FILE, TWO("min=\"0.1\" below=\"200\"", "y x", "at-least=\"0.1\" below=\"200\""),
	  "6:18: no rule of group \"g\" is true: value 200; add a rule for it, or write gaps=\"allowed\"\n" },
	/* these are never unknown */
	{ IN_ALL,
	  "<rule id=\"z\"/>\n"
	  "<rule id=\"a\"><when><unsure><censored/></unsure></when></rule>\n"
	  "<rule id=\"b\"><when><unsure><near-limit/></unsure></when></rule>\n"
	  "<rule id=\"c\"><when><unsure><status is=\"corrected\"/></unsure></when></rule>\n"
	  "<rule id=\"d\"><when><unsure><code is=\"1952-1\"/></unsure></when></rule>\n"
	  "<rule id=\"e\"><when><unsure><laboratory any-of=\"X\"/></unsure></when></rule>\n"
	  "<rule id=\"f\"><when><unsure><order code=\"X\"/></unsure></when></rule>\n"
	  "<rule id=\"g\"><when><unsure><diagnosis code=\"X\"/></unsure></when></rule>\n"
	  "<rule id=\"h\"><when><unsure><sender facility=\"X\"/></unsure></when></rule>\n"
	  "<rule id=\"i\"><when><unsure><text any-of=\"X\"/></unsure></when></rule>\n"
	  "<rule id=\"j\"><when><unsure><fired rule=\"z\"/></unsure></when></rule>\n",
	  "2:1: rule \"a\" can never fire: no result meets its condition; mend its condition, or switch it off\n"
	  "3:1: rule \"b\" can never fire: no result meets its condition; mend its condition, or switch it off\n"
	  "4:1: rule \"c\" can never fire: no result meets its condition; mend its condition, or switch it off\n"
	  "5:1: rule \"d\" can never fire: no result meets its condition; mend its condition, or switch it off\n"
	  "6:1: rule \"e\" can never fire: no result meets its condition; mend its condition, or switch it off\n"
	  "7:1: rule \"f\" can never fire: no result meets its condition; mend its condition, or switch it off\n"
	  "8:1: rule \"g\" can never fire: no result meets its condition; mend its condition, or switch it off\n"
	  "9:1: rule \"h\" can never fire: no result meets its condition; mend its condition, or switch it off\n"
	  "10:1: rule \"i\" can never fire: no result meets its condition; mend its condition, or switch it off\n"
	  "11:1: rule \"j\" can never fire: no result meets its condition; mend its condition, or switch it off\n" },
};

static const struct fragment_case sound[] = {
	{ IN_FIRST,
	  "<rule id=\"a\"><when><sex is=\"F\"/></when></rule>\n"
	  "<rule id=\"b\"><when><sex is=\"M O U A N\"/></when></rule>",
	  "" },
	{ IN_FIRST,
	  "<rule id=\"a\"><when><value of=\"b2m\" at-least=\"0.1\" at-most=\"200\"/></when></rule>\n"
	  "<rule id=\"b\"><when><not><present of=\"b2m\"/></not></when></rule>",
	  "" },
	{ IN_ALL,
	  "<rule id=\"a\"><when><value of=\"b2m\" at-least=\"200\"/></when></rule>\n"
	  "<rule id=\"b\"><when><value of=\"b2m\" at-most=\"0.1\"/></when></rule>\n"
	  "<rule id=\"c\"><when><unsure><value of=\"b2m\" above=\"200\"/></unsure></when></rule>",
	  "" },
	{ IN_FILE, MEASURED("quantity=\"q\"", "<rule id=\"a\"><when><code is=\"glu\"/><not><code is=\"GLU\"/></not></when></rule>\n"
	  "<rule id=\"b\"><when><value above=\"1\"/><in-interval of=\"x\"/></when></rule>"),
	  "" },
	/* a gate may speak of what is not plausible */
	{ IN_RULES,
	  "<gate id=\"a\" skip=\"implausible\"><when><value above=\"200\"/></when><note>x</note></gate>\n"
	  "<gate id=\"b\" skip=\"implausible\"><when><value below=\"0.1\"/></when><note>y</note></gate>",
	  "" },
	{ IN_RULES,
	  "<gate id=\"a\" skip=\"sender_unlisted\"><when><value above=\"200\"/></when><note>x</note></gate>\n"
	  "<gate id=\"b\" skip=\"laboratory_unlisted\"><when><value below=\"0.1\"/></when><note>y</note></gate>",
	  "" },
	{ IN_FILE, INTERPRETED("at-least=\"200\""), "" },
	/* switched off with all its codes */
	{ IN_FILE, MEASURED("quantity=\"q\" enabled=\"no\"", "<rule id=\"a\"><when><value above=\"1\"/></when></rule>"),
	  "" },
	{ IN_FIRST,
	  "<rule id=\"a\"><when><value below=\"3.5\"/></when></rule><rule id=\"b\"><when><value at-least=\"3.5\" below=\"5.5\"/></when></rule><rule id=\"c\"><when><value at-least=\"5.50\"/></when></rule>",
	  "" },
	{ IN_FIRST,
	  "<rule id=\"a\"><when><above-interval/></when></rule><rule id=\"b\"><when><in-interval/></when></rule><rule id=\"c\"><when><below-interval/></when></rule>",
	  "" },
	{ IN_FIRST,
	  "<rule id=\"a\"><when><value at-least=\"0.1\" at-most=\"200\"/></when></rule>",
	  "" },
	{ IN_RULES,
	  "<group id=\"g\" pick=\"first\" gaps=\"allowed\"><rule id=\"a\"><when><value above=\"5.5\"/></when></rule></group>",
	  "" },
	{ IN_RULES,
	  "<group id=\"g\" pick=\"first\"><when><value below=\"5\"/></when><rule id=\"a\"><when><value below=\"3\"/></when></rule><rule id=\"b\"><when><value at-least=\"3\" at-most=\"5\"/></when></rule></group>",
	  "" },
	/* a result within narrower limits is within wider ones, and one within these is in one half */
	{ IN_FIRST,
	  "<rule id=\"a\"><when><value of=\"egfr\" at-least=\"30\" below=\"60\"/></when></rule>\n"
	  "<rule id=\"b\"><when><not><value of=\"egfr\" at-least=\"30\" below=\"45\"/></not>"
	  "<not><value of=\"egfr\" at-least=\"45\" below=\"60\"/></not></when></rule>",
	  "" },
	{ IN_FIRST,
	  "<rule id=\"S15\"><when><value below=\"3.5\"/><value of=\"alb\" below=\"3.5\"/><value of=\"alb\" at-least=\"3.5\"/></when></rule>\n"
	  "<rule id=\"S10\"><when><value below=\"3.5\"/><value of=\"alb\" at-least=\"3.5\"/><not><value of=\"alb\" below=\"3.5\"/></not></when></rule>\n"
	  "<rule id=\"S11\"><when><value below=\"3.5\"/><value of=\"alb\" below=\"3.5\"/><not><value of=\"alb\" at-least=\"3.5\"/></not></when></rule>\n"
	  "<rule id=\"S14\"><when><value below=\"3.5\"/><not><present of=\"alb\"/></not></when></rule>\n"
	  "<rule id=\"S12\"><when><value at-least=\"3.5\"/></when></rule>",
	  "" },
	{ IN_FIRST,
	  "<rule id=\"a\"><when><code is=\"1952-1\"/></when></rule><rule id=\"b\"><when><code is=\"56786-7\"/></when></rule>",
	  "" },
	{ IN_FIRST,
	  "<rule id=\"a\"><when><status is=\"final\"/></when></rule><rule id=\"b\"><when><status is=\"corrected\"/></when></rule>",
	  "" },
	{ IN_FIRST,
	  "<rule id=\"a\"><when><age under=\"2y\"/></when></rule><rule id=\"b\"><when><age at-least=\"24m\"/><age under=\"18\"/></when></rule><rule id=\"c\"><when><age at-least=\"18y\"/></when></rule>",
	  "" },
	{ IN_FIRST,
	  "<rule id=\"a\"><when><unsure><value below=\"3.5\"/></unsure></when></rule><rule id=\"b\"><when><value at-least=\"3.5\"/></when></rule><rule id=\"c\"><when><value below=\"3.5\"/></when></rule>",
	  "" },
	{ IN_FIRST,
	  "<rule id=\"a\"><when><unsure><in-interval/></unsure></when></rule><rule id=\"b\"><when><in-interval/></when></rule><rule id=\"c\"><when><not><in-interval/></not></when></rule>",
	  "" },
	{ IN_FIRST,
	  "<rule id=\"a\"><when><above-interval of=\"alb\"/></when></rule><rule id=\"b\"><when><present of=\"alb\"/><not><above-interval of=\"alb\"/></not></when></rule><rule id=\"c\"><when><not><present of=\"alb\"/></not></when></rule>",
	  "" },
	{ IN_ALL,
	  "<rule id=\"a\"><when><value of=\"egfr\" below=\"60\"/><value of=\"egfr\" at-least=\"60\"/></when></rule>\n"
	  "<rule id=\"b\"><when><above-interval from=\"default\"/></when></rule>\n"
	  "<rule id=\"c\"><when><unsure><value below=\"5\"/></unsure><value at-least=\"4\"/></when></rule>\n"
	  "<rule id=\"d\"><when><unsure><value of=\"egfr\" below=\"5\"/></unsure><present of=\"egfr\"/></when></rule>\n"
	  "<rule id=\"e\"><when><unsure><above-interval/></unsure></when></rule>\n"
	  "<rule id=\"f\"><when><fired rule=\"a\"/><not><fired rule=\"b c\"/></not></when></rule>\n"
	  "<rule id=\"g\"><when><text any-of=\"see comment|none\"/></when></rule>\n"
	  "<rule id=\"h\"><when><unsure><specimen is=\"serum\"/></unsure></when></rule>\n"
	  "<rule id=\"u\"><when><unsure><flagged as=\"H\"/></unsure></when></rule>\n"
	  "<rule id=\"v\"><when><unsure><flagged of=\"alb\" as=\"H L\"/></unsure></when></rule>\n"
	  "<rule id=\"i\"><when><flagged as=\"H\"/><flagged as=\"L\"/></when></rule>",
	  "" },
	{ IN_RULES,
	  "<group id=\"g\" pick=\"first\" gaps=\"allowed\"><rule id=\"a\"><when><value above=\"5\"/></when></rule></group>\n"
	  "<group id=\"h\" pick=\"all\"><rule id=\"b\"><when><undecided group=\"g\"/></when></rule><rule id=\"c\"><when><is condition=\"ckd\"/></when><flag if=\"ckd\">H</flag></rule></group>",
	  "" },
	{ IN_RULES,
	  "<group id=\"g\" pick=\"first\"><rule id=\"a\" enabled=\"off\"><when><value below=\"1\"/></when></rule><rule id=\"b\" enabled=\"shadow\"/></group>",
	  "" },
	{ IN_ALL,
	  "<rule id=\"x\" enabled=\"off\"><when><value below=\"1\"/><value above=\"2\"/></when></rule>",
	  "" },
};
/* clang-format on */

Test(mapping_proofs, show_overlaps_gaps_and_rules_that_cannot_fire)
{
	fragment_check(unsound, sizeof(unsound) / sizeof(unsound[0]));
}

Test(mapping_proofs, accept_rules_that_fit_together)
{
	fragment_check(sound, sizeof(sound) / sizeof(sound[0]));
}
