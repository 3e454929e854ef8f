/* SPDX-License-Identifier: MIT */
#include "fragment.h"

#include <criterion/criterion.h>

/* clang-format off */
/* 128 bytes */
#define LONG_NAME \
	"urn:0123456789012345678901234567890123456789012345678901234567890" \
	"123456789012345678901234567890123456789012345678901234567890123"

static const struct fragment_case cases[] = {
	{ IN_FILE,
	  "<maping xmlns=\"urn:hl7note:mapping:1\"/>",
	  "1:1: the root is <maping>; a mapping file begins with <mapping>\n" },
	{ IN_FILE,
	  "<mapping xmlns=\"urn:hl7note:mapping:1\"/>",
	  "1:1: <mapping> lacks <about>; add it\n"
	  "1:1: <mapping> lacks the attribute \"id\"; add it\n"
	  "1:1: <mapping> lacks the attribute \"status\"; add it\n"
	  "1:1: <mapping> lacks the attribute \"version\"; add it\n" },
	{ IN_FILE,
	  "<mapping xmlns=\"urn:hl7note:mapping:1\" id=\"t\" version=\"1\" status=\"draft\" max-lines=\"1\">\n"
	  "<about><title>T</title></about><system id=\"L\"/>\n"
	  "<quantity id=\"q\" unit=\"g/L\"><unit name=\"g/L\" factor=\"1\"/></quantity>\n"
	  "<observation id=\"o\" label=\"O\" unit=\"g/L\">"
	  "<codes quantity=\"q\" system=\"L\"><code>1</code></codes></observation>\n"
	  "<rules for=\"o\"><group id=\"g\" pick=\"all\"><rule id=\"r\">\n"
	  "<note>One.</note></rule></group></rules></mapping>",
	  "6:1: the note has 1 line, so it never fits into max-lines=\"1\"; shorten it, or raise max-lines; the trailer takes one line\n" },
	{ IN_ROOT,
	  "<mapping xmlns=\"urn:hl7note:mapping:1\" id=\"1t\" version=\"1 0\" status=\"drfat\" charset=\"latin\" max-lines=\"100\" default-intervals=\"yes\" statsu=\"draft\">",
	  "1:40: id: \"1t\" is no id; an id is a letter, then letters, digits, \".\", \"_\" and \"-\", 64 at most\n"
	  "1:48: version: \"1 0\" is no version; a version is letters, digits, \".\", \"_\", \"+\" and \"-\", 64 at most\n"
	  "1:62: status: \"drfat\" is not a word known here; write draft, approved or retired; did you mean \"draft\"?\n"
	  "1:77: charset: \"latin\" is not a word known here; write ASCII, 8859/1, 8859/2, 8859/3, 8859/4, 8859/5, 8859/6, 8859/7, 8859/8, 8859/9, 8859/15 or UNICODE UTF-8\n"
	  "1:93: max-lines must be from 1 to 99; correct it, or leave it out for 12\n"
	  "1:109: default-intervals: \"yes\" is not a word known here; write on or off\n"
	  "1:133: <mapping> has no attribute \"statsu\"; did you mean \"status\"?\n" },
	{ IN_ROOT,
	  "<mapping xmlns=\"urn:hl7note:mapping:1\" id=\"t\" version=\"1.0\" status=\"draft\" max-lines=\"0\">",
	  "1:76: max-lines must be from 1 to 99; correct it, or leave it out for 12\n" },
	{ IN_ROOT,
	  "<mapping xmlns=\"urn:hl7note:mapping:1\" id=\"t\" version=\"1.0\" status=\"approved\">",
	  "1:61: the mapping says that it is approved, but not by whom; add <approval on=\"DATE\">NAME</approval> to <about>\n" },
	{ IN_ABOUT,
	  "<autor>A</autor><author on=\"2026-02-30\">B</author><effective from=\"2026-02-01\" to=\"2026-01-31\"/><title>again</title>",
	  "1:1: <about> takes no <autor>; did you mean <author>?\n"
	  "1:25: on: \"2026-02-30\" is no date; write the date as 2026-01-31\n"
	  "1:80: the mapping would end before it begins; correct one of the dates\n"
	  "1:97: <about> has a second <title>; keep one of them\n"
	  "1:97: <title> comes too late; move it before <author>\n" },
	{ IN_ABOUT,
	  "<molar-mass unit=\"g/mol\">-1</molar-mass><source/><approval>Nobody</approval><loinc version=\"\"/>",
	  "1:1: <molar-mass>: \"-1\" is no number above 0; write it as 0.001, with at most 18 digits and without exponent\n"
	  "1:41: <source> is empty; write something, or leave it out\n"
	  "1:50: <approval> lacks the attribute \"on\"; add it\n"
	  "1:84: version is empty; write something, or leave it out\n" },
	{ IN_ABOUT,
	  "text <remark>of <b>all</b> kinds</remark>",
	  "1:1: text in <about>, which takes none; move it into an element, or into a comment\n"
	  "1:17: <remark> takes no <b>; remove it\n" },
	{ IN_SETTINGS,
	  "<laboratories><performing/></laboratories><results final=\"F C\" corrected=\"C\"/>",
	  "1:15: <performing> names no laboratory; give a name or an id\n"
	  "1:43: <results> comes too late; move it before <laboratories>\n"
	  "1:64: \"C\" is in both final and corrected; a status belongs to one list only\n" },
	{ IN_SETTINGS,
	  "<results status-missing=\"F C\"/>",
	  "1:10: \"F C\" is in none of final, corrected and preliminary; name one of their words, or leave it out\n" },
	{ IN_SETTINGS,
	  "<results status-missing=\" \"/>",
	  "1:10: status-missing is empty; write something, or leave it out\n" },
	{ IN_SETTINGS,
	  "<senders only=\"yes\"/>",
	  "1:1: no sender is listed, so no result would be interpreted; name the senders, or leave only=\"yes\" out\n" },
	{ IN_SETTINGS,
	  "<senders only=\"ja\"><sender decimal=\"commas\"/></senders>",
	  "1:10: only: \"ja\" is not a word known here; write yes or no\n"
	  "1:28: decimal: \"commas\" is not a word known here; write point or comma; did you mean \"comma\"?\n" },
	{ IN_SYSTEMS,
	  "<system id=\"loinc\"/><system id=\"L\"><alias>LOCAL</alias><alias>l</alias></system>",
	  "1:9: code system \"loinc\" is named already in line 6; a name belongs to one system, whatever its case\n"
	  "1:56: code system \"l\" is named already in line 7; a name belongs to one system, whatever its case\n" },
	{ IN_SYSTEMS,
	  "<system id=\"" LONG_NAME "\"/><system id=\"" LONG_NAME "x\"/>",
	  "1:152: the name of a code system has more than 128 bytes; shorten it\n" },
	{ IN_SPECIMENS,
	  "<specimen id=\"serum\" label=\"Again\"/><specimen id=\"csf\"/>",
	  "1:11: specimen \"serum\" exists already, since line 7; give each an id of its own\n"
	  "1:37: <specimen> lacks the attribute \"label\"; add it\n" },
	{ IN_QUANTITIES,
	  "<quantity id=\"q\" unit=\"g/L\" unit-missing=\"oz\">\n"
	  "<unit name=\"mg/L\" factor=\"0.001\"><spelling>MG/L</spelling></unit>\n"
	  "<unit name=\"mg / l\" factor=\"0\"/>\n"
	  "<unit name=\"ug/L\" factor=\"1e-6\" near=\"100%\"/>\n"
	  "<unit name=\"ng/L\" factor=\"0.000000001\" near=\"1.125%\"/>\n"
	  "</quantity>",
	  "1:29: the quantity has no unit \"oz\"; name one of its units\n"
	  "2:34: \"MG/L\" is in quantity \"q\" already, as unit \"mg/L\"; blanks and the case of letters do not count\n"
	  "3:7: \"mg / l\" is in quantity \"q\" already, as unit \"mg/L\"; blanks and the case of letters do not count\n"
	  "3:21: factor: \"0\" is no number above 0; write it as 0.001, with at most 18 digits and without exponent\n"
	  "4:19: factor: \"1e-6\" is no number above 0; write it as 0.001, with at most 18 digits and without exponent\n"
	  "4:33: near: \"100%\" is no share; write a percentage below 100 with at most two decimals, as in 1.5%\n"
	  "5:40: near: \"1.125%\" is no share; write a percentage below 100 with at most two decimals, as in 1.5%\n" },
	{ IN_QUANTITIES,
	  "<quantity id=\"mass\" unit=\"g/L\"><unit name=\"g/L\" factor=\"1000\"/></quantity>",
	  "1:11: quantity \"mass\" exists already, since line 9; give each an id of its own\n"
	  "1:21: the quantity's own unit \"g/L\" has another factor; its factor is 1 by definition\n" },
	{ IN_QUANTITIES,
	  "<quantity id=\"q\" unit=\"g/L\"><unit name=\"g/L\" factor=\"1\"><spelling>&#xb5;g/L</spelling><spelling>mcg/L</spelling></unit><unit name=\"x\" factor=\"1\"><spelling>&#x3bc;G/L</spelling><spelling enabled=\"no\">mcg/l</spelling></unit></quantity>",
	  "1:146: \"μG/L\" is in quantity \"q\" already, as unit \"g/L\"; blanks and the case of letters do not count\n" },
	{ IN_QUANTITIES,
	  "<quantity id=\"q\" unit=\"g/L\"><unit name=\"0123456789012345678901234567890123456789012345678901234567890123456789\" factor=\"1\"/><unit name=\"g/L\" factor=\"1\"/></quantity>",
	  "1:35: a unit of more than 64 bytes; shorten it\n" },
	{ IN_OBSERVATIONS,
	  "<observation id=\"x\" label=\"X\" unit=\"mg/L\" specimen=\"serum serm\"><codes quantity=\"mass\" system=\"LOINK\"><code>1-1</code></codes></observation>",
	  "1:43: there is no specimen \"serm\"; did you mean \"serum\"?\n"
	  "1:88: there is no code system \"LOINK\"; did you mean \"loinc\"?\n" },
	{ IN_OBSERVATIONS,
	  "<observation id=\"x\" label=\"X\" unit=\"mg/L\"><codes quantity=\"rate\" system=\"loinc\"><code>1-1</code></codes></observation>",
	  "1:50: quantity \"rate\" is in \"mL/min\", the observation in \"mg/L\"; all quantities of an observation are converted to the observation's unit\n" },
	{ IN_OBSERVATIONS,
	  "<observation id=\"x\" label=\"X\"><codes quantity=\"mass\"><code>1-1</code></codes></observation>",
	  "1:38: the observation has no unit, but a quantity in \"mg/L\"; give the observation a unit\n" },
	{ IN_OBSERVATIONS,
	  "<observation id=\"x\" label=\"X\"><codes system=\"LOINC\"><code>1-1</code>\n"
	  "<code>1952-1</code><code>1-1</code></codes><codes enabled=\"no\" system=\"LN\"><code>1952-1</code></codes><codes><code>1952-1</code></codes></observation>",
	  "2:1: code \"1952-1\" is claimed already by \"b2m\", in line 11; a code belongs to one observation only\n"
	  "2:20: code \"1-1\" is claimed already by \"x\", in line 15; a code belongs to one observation only\n" },
	{ IN_OBSERVATIONS,
	  "<observation id=\"egfr\" label=\"X\" colour=\"red\"><codes priority=\"0\"><code/></codes></observation>",
	  "1:14: observation \"egfr\" exists already, since line 13; give each an id of its own\n"
	  "1:34: <observation> has no attribute \"colour\"; remove it\n"
	  "1:54: priorities count from 1; 1 goes first\n"
	  "1:67: <code> is empty; write something, or leave it out\n" },
	{ IN_OBSERVATIONS,
	  "<observation id=\"x\" label=\"X\" unit=\"mg/L\" same-result-within=\"5\"><codes quantity=\"mass\"><code>1-1</code></codes><plausible min=\"1\" above=\"2\" max=\"0.5\"/></observation>",
	  "1:43: same-result-within: \"5\" is no share; write a percentage below 100 with at most two decimals, as in 1.5%\n"
	  "1:113: no number lies between the limits; the lower limit must be below the upper one\n"
	  "1:132: both min and above are given; keep one of them\n" },
	{ IN_OBSERVATIONS,
	  "<observation id=\"x\" label=\"X\" unit=\"mg/L\"><codes quantity=\"mass\" from-age=\"18 years\"><code>1-1</code></codes><plausible/><plausible/><interval/><interval from=\"message\" low=\"1\"/><interval low=\"1\" unreadable=\"next\"/><interval low=\"2\" high=\"1\"/><interval low=\"1\" high=\"1\" above=\"1\" sex=\"m\"/></observation>",
	  "1:66: from-age: \"18 years\" is no age; write it as 18y, 6m or 28d, 1000 years at most\n"
	  "1:110: <plausible> has no limits; give min, max, above or below\n"
	  "1:122: <observation> has a second <plausible>; keep one of them\n"
	  "1:134: <interval> has no limits; give low, high, above or below, or from=\"message\"\n"
	  "1:170: low has no meaning here: the message brings the limits; leave it out\n"
	  "1:197: unreadable has no meaning here: nothing is read from the message; leave it out\n"
	  "1:216: no number lies between the limits; the lower limit must be below the upper one\n"
	  "1:244: no number lies between the limits; the lower limit must be below the upper one\n"
	  "1:271: both low and above are given; keep one of them\n"
	  "1:281: sex: \"m\" is not a word known here; write F or M; did you mean \"M\"?\n" },
	{ IN_OBSERVATIONS,
	  "<observation id=\"x\" label=\"X\" unit=\"mg/L\"><codes quantity=\"mass\"><code>1-1</code></codes><interval from=\"message\" min=\"3\" max=\"2\" sex=\"F\"/><interval from=\"message\" min=\"x\"/><interval low=\"1\" max=\"9\"/></observation>",
	  "1:90: no number lies between the limits; the lower limit must be below the upper one\n"
	  "1:165: min: \"x\" is no number; write it as 1.8, with at most 18 digits and without exponent\n"
	  "1:192: max has no meaning here: nothing is read from the message; leave it out\n" },
	{ IN_OBSERVATIONS,
	  "<observation id=\"x\" label=\"X\"><codes><code>1-1</code></codes><interval from=\"message\" max=\"1\"/></observation>",
	  "1:62: limits of an observation that has no unit; give the observation a unit\n" },
	{ IN_OBSERVATIONS,
	  "<observation id=\"x\" label=\"X\"><codes><code>1-1</code></codes><plausible min=\"1\"/><interval low=\"1\"/></observation>",
	  "1:62: limits of an observation that has no unit; give the observation a unit\n"
	  "1:82: limits of an observation that has no unit; give the observation a unit\n" },
	{ IN_OBSERVATIONS,
	  "<observation id=\"x\" label=\"X\" unit=\"mg/L\"><codes quantity=\"mass\"><code>1-1</code></codes><plausible min=\"0.1\" max=\"200\"/><interval low=\"200\" high=\"1800\" sex=\"F\"/><interval low=\"700\" high=\"1800\" default=\"yes\"/><interval below=\"0.1\"/></observation>",
	  "1:163: no plausible value lies in this <interval>; give the limits in the observation's unit, or correct <plausible>\n"
	  "1:210: no plausible value lies in this <interval>; give the limits in the observation's unit, or correct <plausible>\n" },
	{ IN_OBSERVATIONS,
	  "<observation id=\"x\" label=\"X\"/>",
	  "1:1: <observation> lacks <codes>; add it\n" },
	{ IN_CONDITIONS,
	  "<condition id=\"ckd\"><value below=\"1\"/></condition><condition id=\"b\"/><condition id=\"c\"><is condition=\"d\"/></condition><condition id=\"d\"><is condition=\"d\"/></condition>",
	  "1:12: condition \"ckd\" exists already, since line 15; give each an id of its own\n"
	  "1:51: <condition> is empty; fill it, or leave it out\n"
	  "1:92: there is no condition \"d\" before this place; correct the name, or declare it\n"
	  "1:141: there is no condition \"d\" before this place; correct the name, or declare it\n" },
	{ IN_CONDITIONS, "<condition id=\"c\"><above-interval unless-flagged=\"N\"/></condition>",
	  "1:35: unless-flagged goes with of only; name the observations with of, or ask with <flagged>\n" },
	{ IN_CONDITIONS,
	  "<condition id=\"c\"><value/></condition><condition id=\"d\"><value below=\"1\" at-most=\"2\"/></condition><condition id=\"e\"><value at-least=\"1\" above=\"2\" below=\"x\"/></condition>",
	  "1:19: <value> compares with nothing; give below, at-most, at-least or above\n"
	  "1:57: <value> has two upper limits; keep one of them\n"
	  "1:117: <value> has two lower limits; keep one of them\n"
	  "1:147: below: \"x\" is no number; write it as 1.8, with at most 18 digits and without exponent\n" },
	{ IN_CONDITIONS,
	  "<condition id=\"c\"><value of=\"egrf\" below=\"1\"/><value of=\"text\" below=\"1\"/><in-interval of=\"text alb\"/></condition>",
	  "1:26: there is no observation \"egrf\"; correct the name, or declare it\n"
	  "1:54: observation \"text\" has no unit, so it has no number to compare; use <text>, <flagged> or <present>\n"
	  "1:88: observation \"text\" has no unit, so it has no number to compare; use <text>, <flagged> or <present>\n" },
	{ IN_CONDITIONS,
	  "<condition id=\"c\"><age/><age at-least=\"18\" under=\"20\"/><sender/><sex is=\"F X\"/><status is=\"finl\"/><text any-of=\"\"/><laboratory any-of=\"a||b\"/></condition>",
	  "1:19: <age> has no limit; give at-least or under\n"
	  "1:25: <age> has two limits; give at-least or under\n"
	  "1:56: <sender> names nobody; give application, facility, or both\n"
	  "1:70: is: \"F X\" is not all words known here; write F, M, O, U, A or N\n"
	  "1:88: is: \"finl\" is not all words known here; write final, corrected or preliminary; did you mean \"final\"?\n"
	  "1:105: any-of is empty; write one or more items with \"|\" between them\n"
	  "1:128: any-of: \"a||b\" is no list; write one or more items with \"|\" between them\n" },
	{ IN_CONDITIONS,
	  "<condition id=\"c\"><code is=\"1952-1 1952-2\"/><specimen is=\"serun\"/><order code=\"A\" system=\"SNM\"/><diagnosis/><flagged/><present/></condition>",
	  "1:25: there is no code \"1952-2\"; did you mean \"1952-1\"?\n"
	  "1:55: there is no specimen \"serun\"; did you mean \"serum\"?\n"
	  "1:83: there is no code system \"SNM\"; correct the name, or declare it\n"
	  "1:97: <diagnosis> lacks the attribute \"code\"; add it\n"
	  "1:109: <flagged> lacks the attribute \"as\"; add it\n"
	  "1:119: <present> lacks the attribute \"of\"; add it\n" },
	{ IN_CONDITIONS,
	  "<condition id=\"c\"><fired rule=\"A\"/><undecided group=\"g\"/></condition>",
	  "1:19: a <condition> comes before all rules, so it cannot ask about them; ask in the rule itself\n"
	  "1:36: a <condition> comes before all rules, so it cannot ask about them; ask in the rule itself\n" },
	{ IN_CONDITIONS,
	  "<condition id=\"c\"><not/><any/><all/><unsure/><value below=\"1\">x</value><censored of=\"b2m\"/><near-limit><all/></near-limit></condition>",
	  "1:19: <not> is empty; fill it, or leave it out\n"
	  "1:25: <any> is empty; fill it, or leave it out\n"
	  "1:31: <all> is empty; fill it, or leave it out\n"
	  "1:37: <unsure> is empty; fill it, or leave it out\n"
	  "1:63: text in <value>, which takes none; move it into an element, or into a comment\n"
	  "1:82: <censored> has no attribute \"of\"; remove it\n"
	  "1:104: <near-limit> takes no <all>; <all> belongs in <condition>\n" },
	{ IN_CONDITIONS,
	  "<condition id=\"c\"><rule id=\"x\"/><valu below=\"1\"/></condition>",
	  "1:19: <condition> takes no <rule>; <rule> belongs in <group>\n"
	  "1:33: <condition> takes no <valu>; did you mean <value>?\n" },
	{ IN_BLOCKS,
	  "<rules for=\"b2n\"><group id=\"g\" pick=\"all\"><rule id=\"a\"><flag>H</flag></rule></group></rules>",
	  "1:8: there is no observation \"b2n\"; did you mean \"b2m\"?\n" },
	{ IN_BLOCKS,
	  "<rules for=\"b2m b2m alb\"/>",
	  "1:1: <rules> is empty; fill it, or leave it out\n"
	  "1:8: observation \"b2m\" is named twice; name it once\n" },
	{ IN_RULES,
	  "<group id=\"g\" pick=\"last\" gaps=\"none\"/>",
	  "1:1: <group> lacks <rule>; add it\n"
	  "1:15: pick: \"last\" is not a word known here; write first or all\n"
	  "1:27: gaps: \"none\" is not a word known here; write proved or allowed\n" },
	{ IN_RULES,
	  "<group id=\"g\" pick=\"all\" gaps=\"proved\"><rule id=\"a\"/></group><group id=\"g\" pick=\"all\"><rule id=\"a\"/></group>",
	  "1:26: gaps has no meaning in a group with pick=\"all\"; leave it out\n"
	  "1:69: group \"g\" exists already, since line 18; give each an id of its own\n"
	  "1:93: rule \"a\" exists already, since line 18; give each an id of its own\n" },
	{ IN_RULES,
	  "<group id=\"g\" pick=\"all\"><rule id=\"a\"><flag if=\"cdk\" overwrite=\"on\">H L</flag></rule></group><gate id=\"a\" skip=\"unit_unknown\"><note>x</note></gate>",
	  "1:32: rule \"a\" exists already, since line 18; give each an id of its own\n"
	  "1:39: <flag>: \"H L\" is no flag; write a code for OBX-8, such as H\n"
	  "1:45: there is no condition \"cdk\"; correct the name, or declare it\n"
	  "1:54: overwrite: \"on\" is not a word known here; write yes or no\n"
	  "1:94: <gate> comes too late; move it before <group>\n" },
	{ IN_RULES,
	  "<gate id=\"a\" skip=\"unit_unknwon\"><note>x</note></gate><gate id=\"b\" skip=\"not_oru value_missing no_slot\"><note>y</note></gate><gate id=\"c\" skip=\"implausible\"/>",
	  "1:14: there is no skip word \"unit_unknwon\"; did you mean \"unit_unknown\"?\n"
	  "1:68: where the reason is \"no_slot\" no note can be written; leave it out\n"
	  "1:68: where the reason is \"not_oru\" no note can be written; leave it out\n"
	  "1:126: <gate> lacks <note>; add it\n" },
	{ IN_RULES,
	  "<group id=\"g\" pick=\"all\"><rule id=\"a\"><when><fired rule=\"b a\"/><undecided group=\"g\"/></when></rule><rule id=\"b\"><when><fired rule=\"a\"/></when></rule></group><group id=\"h\" pick=\"all\"><rule id=\"c\"><when><undecided group=\"g h\"/></when></rule></group>",
	  "1:52: there is no rule \"a\" before this place; correct the name, or declare it\n"
	  "1:52: there is no rule \"b\" before this place; correct the name, or declare it\n"
	  "1:75: there is no group \"g\" before this place; correct the name, or declare it\n"
	  "1:213: group \"g\" has pick=\"all\", so it is never undecided; ask <unsure> about its conditions\n"
	  "1:213: there is no group \"h\" before this place; correct the name, or declare it\n" },
	{ IN_BLOCKS,
	  "<rules for=\"b2m\"><group id=\"g\" pick=\"all\"><rule id=\"a\"/></group></rules><rules for=\"alb\"><group id=\"h\" pick=\"all\"><rule id=\"b\"><when><fired rule=\"a\"/></when></rule></group></rules>",
	  "1:141: rule \"a\" is for other observations; only rules for the same observation are asked before\n" },
	{ IN_BLOCKS,
	  "<rules for=\"b2m\"><group id=\"g\" pick=\"first\"><rule id=\"a\"/></group></rules><rules for=\"alb egfr\"><group id=\"h\" pick=\"all\"><rule id=\"b\"><when><undecided group=\"g\"/></when></rule></group></rules>",
	  "1:152: group \"g\" is for other observations; only groups for the same observation are asked before\n" },
	{ IN_RULES,
	  "<gate id=\"a\" skip=\"unit_missing status\"><note>x</note></gate>\n"
	  "<gate id=\"b\" skip=\"status\"><when><fired rule=\"a\"/></when><note>x</note></gate>\n"
	  "<gate id=\"c\" skip=\"preliminary\"><when><fired rule=\"a\"/></when><note>x</note></gate>\n"
	  "<gate id=\"d\" skip=\"statu\"><when><fired rule=\"a\"/></when><note>x</note></gate>\n"
	  "<group id=\"g\" pick=\"first\" gaps=\"allowed\"><rule id=\"e\"><when><fired rule=\"a c d\"/></when></rule></group>\n"
	  "</rules><rules for=\"b2m\">\n"
	  "<gate id=\"f\" skip=\"preliminary\"><when><any><fired rule=\"e\"/><undecided group=\"g\"/></any></when><note>x</note></gate>",
	  "3:46: rule \"a\" cannot have fired when this is asked; gates speak before all groups, each for its own reasons only\n"
	  "4:14: there is no skip word \"statu\"; did you mean \"status\"?\n"
	  "5:69: rule \"a\" cannot have fired when this is asked; gates speak before all groups, each for its own reasons only\n"
	  "5:69: rule \"c\" cannot have fired when this is asked; gates speak before all groups, each for its own reasons only\n"
	  "5:69: rule \"d\" cannot have fired when this is asked; gates speak before all groups, each for its own reasons only\n"
	  "7:51: rule \"e\" cannot have fired when this is asked; gates speak before all groups, each for its own reasons only\n"
	  "7:61: gates speak before all groups, so none is undecided yet; ask <unsure> about its conditions\n" },
	{ IN_ALL,
	  "<rule id=\"a\"><note>\n"
	  "  A | B\n"
	  "  tab\ttab &amp; amp\n"
	  "  caf&#xe9; ~ x^y\n"
	  "  back\\slash &#x7f; &#x85;\n"
	  "</note></rule>",
	  "2:5: the note holds \"|\", which is a delimiter of HL7 messages; write it in other words\n"
	  "3:6: the note holds a control character (byte 09); write it in other words\n"
	  "3:11: the note holds \"&\", which is a delimiter of HL7 messages; write it in other words\n"
	  "4:6: the note holds \"é\", which is not in the mapping's charset; write it in other words, or name a charset of <mapping> that has it\n"
	  "4:8: the note holds \"~\", which is a delimiter of HL7 messages; write it in other words\n"
	  "4:11: the note holds \"^\", which is a delimiter of HL7 messages; write it in other words\n"
	  "5:7: the note holds \"\\\", which is a delimiter of HL7 messages; write it in other words\n"
	  "5:14: the note holds a control character (byte 7f); write it in other words\n"
	  "5:16: the note holds a control character (byte c2); write it in other words\n" },
	{ IN_ALL,
	  "<rule id=\"a\"><note>1\n"
	  "2\n"
	  "3\n"
	  "4\n"
	  "5\n"
	  "6\n"
	  "7\n"
	  "8\n"
	  "9\n"
	  "10\n"
	  "11\n"
	  "12</note></rule>",
	  "1:14: the note has 12 lines, so it never fits into max-lines=\"12\"; shorten it, or raise max-lines; the trailer takes one line\n" },
	{ IN_ALL,
	  "<rule id=\"a\"><note>\n"
	  "01234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789x\n"
	  "</note></rule>",
	  "2:1: a line of more than 200 characters; break it in two\n" },
	{ IN_ALL,
	  "<rule id=\"a\" enabled=\"maybe\" priority=\"high\" version=\"1;2\"><note> </note><flag>|</flag><when><censored/></when></rule>",
	  "1:14: enabled: \"maybe\" is not a word known here; write on, off or shadow\n"
	  "1:30: priority: \"high\" is no whole number; write it as 5 or -5, with at most 5 digits\n"
	  "1:46: version: \"1;2\" is no version; a version is letters, digits, \".\", \"_\", \"+\" and \"-\", 64 at most\n"
	  "1:60: <note> is empty; write something, or leave it out\n"
	  "1:74: <flag> comes too late; move it before <note>\n"
	  "1:74: <flag>: \"|\" is no flag; write a code for OBX-8, such as H\n"
	  "1:88: <when> comes too late; move it before <note>\n" },
	{ IN_ALL,
	  "<rule id=\"off\" enabled=\"off\"><when><value below=\"x\"/></when><note>~</note></rule>",
	  "1:43: below: \"x\" is no number; write it as 1.8, with at most 18 digits and without exponent\n"
	  "1:61: the note holds \"~\", which is a delimiter of HL7 messages; write it in other words\n" },
	{ IN_EXAMPLES,
	  "<example name=\"x\"><obx code=\"1952-1\" at=\"soon\"/><expect obx=\"2\"/><expect rules=\"S1\" skip=\"no_rules\"/><expect obx=\"0\"/></example>",
	  "1:38: at: \"soon\" is no whole number; write it as 5 or -5, with at most 5 digits\n"
	  "1:57: the example has no <obx> number 2; they count from 1\n"
	  "1:74: there is no rule \"S1\"; correct the name, or declare it\n"
	  "1:85: there is no skip word \"no_rules\"; did you mean \"no_rule\"?\n"
	  "1:110: the example has no <obx> number 0; they count from 1\n" },
	{ IN_EXAMPLES,
	  "<example name=\"\"><expect/><patient age=\"old\" sex=\"W\"/></example><example name=\"y\"><obx code=\"1\"/><obx code=\"2\"/></example>",
	  "1:1: <example> lacks <obx>; add it\n"
	  "1:10: name is empty; write something, or leave it out\n"
	  "1:27: <patient> comes too late; move it before <expect>\n"
	  "1:36: age: \"old\" is no age; write it as 18y, 6m or 28d, 1000 years at most\n"
	  "1:46: sex: \"W\" is not a word known here; write F, M, O, U, A or N\n"
	  "1:65: <example> lacks <expect>; add it\n" },
	{ IN_EXAMPLES,
	  "<example name=\"x\"><obx code=\"1952-1\"/><expect/><expect obx=\"1\"/></example>",
	  "1:48: <obx> number 1 has an <expect> already, in line 18; give obx=\"2\" and so on\n" },
	{ IN_EXAMPLES,
	  "<rules for=\"b2m\"><group id=\"g\" pick=\"all\"><rule id=\"a\"/></group></rules><example name=\"x\"><obx code=\"1\"/><expect/></example><rules for=\"b2m\"><group id=\"h\" pick=\"all\"><rule id=\"b\"/></group></rules>",
	  "1:125: <rules> comes too late; move it before <example>\n" },
	{ IN_OBSERVATIONS,
	  "<observation id=\"x\" label=\"X\" unit=\"mg/L\"><codes quantity=\"mass\" from-age=\"18y\" under-age=\"216m\"><code>1-1</code></codes><interval low=\"1\" from-age=\"1m\" under-age=\"28d\"/></observation>",
	  "1:81: nobody is that old and under that age; correct one of the ages\n"
	  "1:154: nobody is that old and under that age; correct one of the ages\n" },
	{ IN_OBSERVATIONS,
	  "<observation id=\"x\" label=\"X\" unit=\"mg/L\"><codes quantity=\"mass\"><code>1-1</code></codes>\n"
	  "<interval low=\"1\"/>\n"
	  "<interval high=\"2\" sex=\"F\"/>\n"
	  "<interval from=\"message\" from-age=\"18y\"/></observation>",
	  "3:1: this <interval> is never used: the one of line 16 applies before it to all its patients; move it before that one, or leave it out\n"
	  "4:1: this <interval> is never used: the one of line 16 applies before it to all its patients; move it before that one, or leave it out\n" },
	{ IN_OBSERVATIONS,
	  "<observation id=\"x\" label=\"X\" unit=\"mg/L\"><codes quantity=\"mass\"><code>1-1</code></codes>\n"
	  "<interval low=\"1\" from-age=\"18y\" default=\"yes\"/>\n"
	  "<interval low=\"2\" from-age=\"216m\"/>\n"
	  "<interval low=\"3\" from-age=\"17y\"/>\n"
	  "<interval low=\"4\" sex=\"M\"/></observation>",
	  "3:1: this <interval> is never used: the default one of line 16 applies before it to all its patients; move it before that one, or leave it out\n" },
	{ IN_OBSERVATIONS,
	  "<observation id=\"x\" label=\"X\" unit=\"mg/L\"><codes quantity=\"mass\"><code>1-1</code></codes>\n"
	  "<interval from=\"message\" sex=\"F\"/>\n"
	  "<interval from=\"message\" unreadable=\"next\"/>\n"
	  "<interval from=\"message\" sex=\"M\"/></observation>",
	  "4:1: the <interval> of line 17 reads the message for all these patients already; leave it out\n" },
	{ IN_OBSERVATIONS,
	  "<observation id=\"x\" label=\"X\" unit=\"mg/L\"><codes quantity=\"mass\"><code>1-1</code></codes>\n"
	  "<interval low=\"1\" under-age=\"30d\"/>\n"
	  "<interval low=\"2\" under-age=\"28d\"/>\n"
	  "<interval low=\"3\" from-age=\"1d\" under-age=\"1m\"/>\n"
	  "<interval low=\"4\" under-age=\"24d\" sex=\"M\"/></observation>",
	  "3:1: this <interval> is never used: the one of line 16 applies before it to all its patients; move it before that one, or leave it out\n"
	  "5:1: this <interval> is never used: the one of line 16 applies before it to all its patients; move it before that one, or leave it out\n" },
	{ IN_OBSERVATIONS,
	  "<observation id=\"x\" label=\"X\"><codes><code>a|b</code><code>a\\b</code></codes><codes enabled=\"no\"><code>a^1</code><code>a\tb</code><code>caf&#xe9;</code></codes></observation>",
	  "1:38: code \"a|b\" holds \"|\", a delimiter of HL7 messages, which no message can carry there; write what stands in one component of the message\n"
	  "1:54: code \"a\\b\" holds \"\\\", a delimiter of HL7 messages, which no message can carry there; write what stands in one component of the message\n"
	  "1:98: code \"a^1\" holds \"^\", a delimiter of HL7 messages, which no message can carry there; write what stands in one component of the message\n"
	  "1:114: code \"a\tb\" holds a control character (byte 09), which no message can carry there; leave it out\n" },
	{ IN_SYSTEMS,
	  "<system id=\"L^1\"/><system id=\"99X\"><alias>a&amp;b</alias><alias>x~y</alias></system>",
	  "1:9: code system \"L^1\" holds \"^\", a delimiter of HL7 messages, which no message can carry there; write what stands in one component of the message\n"
	  "1:36: code system \"a&b\" holds \"&\", a delimiter of HL7 messages, which no message can carry there; write what stands in one component of the message\n"
	  "1:58: code system \"x~y\" holds \"~\", a delimiter of HL7 messages, which no message can carry there; write what stands in one component of the message\n" },
	{ IN_SPECIMENS,
	  "<specimen id=\"csf\" label=\"CSF\"><code system=\"A|B\">CSF^x</code></specimen>",
	  "1:32: specimen code \"CSF^x\" holds \"^\", a delimiter of HL7 messages, which no message can carry there; write what stands in one component of the message\n"
	  "1:38: code system \"A|B\" holds \"|\", a delimiter of HL7 messages, which no message can carry there; write what stands in one component of the message\n" },
	{ IN_CONDITIONS,
	  "<condition id=\"c\"><order code=\"1.2 a^b\"/><diagnosis code=\"C90~C91\" match=\"prefix\"/></condition>",
	  "1:26: order code \"a^b\" holds \"^\", a delimiter of HL7 messages, which no message can carry there; write what stands in one component of the message\n"
	  "1:53: diagnosis code \"C90~C91\" holds \"~\", a delimiter of HL7 messages, which no message can carry there; write what stands in one component of the message\n" },
	{ IN_BLOCKS,
	  "<rules for=\"alb text\"><gate id=\"g\" skip=\"unit_unknown implausible\"><note>x</note></gate></rules><rules for=\"alb b2m\"><gate id=\"h\" skip=\"implausible\"><note>x</note></gate></rules>",
	  "1:36: no observation of these <rules> has <plausible>, so no result is \"implausible\"; give one of them <plausible>, or leave the word out\n" },
	{ IN_ALL,
	  "<rule id=\"a\"><flag>hh</flag></rule><rule id=\"b\"><flag>xyz</flag></rule><rule id=\"c\"><flag>B</flag></rule><rule id=\"d\"><flag>W</flag></rule><rule id=\"e\"><flag>HHH</flag></rule><rule id=\"f\"><flag>null</flag></rule><rule id=\"h\"><flag>Z</flag></rule><rule id=\"i\"><flag>Syn-S</flag></rule>",
	  "1:14: <flag>: \"hh\" has small letters, the codes of HL7 table 0078 have none; write HH\n"
	  "1:49: <flag>: \"xyz\" has small letters, the codes of HL7 table 0078 have none; write one of its codes, such as H\n"
	  "1:85: <flag>: \"B\" judges a change, and a rule sees one report only; write a code for the value itself, such as H\n"
	  "1:119: <flag>: \"W\" judges a change, and a rule sees one report only; write a code for the value itself, such as H\n"
	  "1:153: <flag>: \"HHH\" is no code of HL7 table 0078; did you mean \"HH\"?\n"
	  "1:189: <flag>: \"null\" has small letters, the codes of HL7 table 0078 have none; write one of its codes, such as H\n"
	  "1:226: <flag>: \"Z\" is no code of HL7 table 0078; write one of its codes, such as H\n"
	  "1:260: <flag>: \"Syn-S\" has small letters, the codes of HL7 table 0078 have none; write SYN-S\n" },
	{ IN_ALL,
	  "<rule id=\"a\"><note>Auto-comment t 1.0: a\n"
	  "  Auto-comments are fine.\n"
	  "  This is no Auto-comment at all.\n"
	  "  Auto-comment by us</note></rule>",
	  "1:14: a line that begins with \"Auto-comment\" would be taken for the trailer of our notes; begin it with another word\n"
	  "4:3: a line that begins with \"Auto-comment\" would be taken for the trailer of our notes; begin it with another word\n" },
	{ IN_EXAMPLES,
	  "<example name=\"x\">\n"
	  "<order code=\"A|B\" diagnosis=\"x&#13;DG1\"/>\n"
	  "<obx code=\"1952-1\" value=\"^1^-^2\" unit=\"mg/L^^UCUM\" range=\"1|2\" flag=\"H~A\" status=\"F&#10;\" specimen=\"a&#10;b\" laboratory=\"|\"/>\n"
	  "<expect/></example>",
	  "2:8: code holds \"|\", which begins the next field; write \\F\\ for it\n"
	  "2:19: diagnosis holds a line break, which ends the segment; leave it out\n"
	  "3:53: range holds \"|\", which begins the next field; write \\F\\ for it\n"
	  "3:92: specimen holds a line break, which ends the segment; leave it out\n"
	  "3:111: laboratory holds \"|\", which begins the next field; write \\F\\ for it\n" },
	{ IN_EXAMPLES,
	  "<example name=\"x\"><obx code=\"1952-2\"/><obx code=\"1952-1\" system=\"L\"/><obx code=\"zzz\" flag=\"A\"/><obx code=\"zzz\"/>\n"
	  "<expect rules=\"S1\"/><expect obx=\"2\" skip=\"unit_unknown\"/><expect obx=\"3\"/><expect obx=\"4\"/></example>",
	  "1:19: no observation claims code \"1952-2\" of system \"LN\", so nothing can come of it; did you mean \"1952-1\"?\n"
	  "1:39: no observation claims code \"1952-1\" of system \"L\", so nothing can come of it; switch it on, or name its system\n"
	  "1:70: no observation claims code \"zzz\" of system \"LN\", so nothing can come of it; correct the code, or let an <observation> claim it\n"
	  "2:9: there is no rule \"S1\"; correct the name, or declare it\n" },
};
/* clang-format on */

Test(mapping_faults, are_all_told_with_place_and_remedy)
{
	fragment_check(cases, sizeof(cases) / sizeof(cases[0]));
}

/* clang-format off */
static const struct {
	enum fragment_place place;
	const char *fragment;
} sound[] = {
	/* sex and age may be unknown, so two that cover everybody leave some to a third */
	{ IN_OBSERVATIONS,
	  "<observation id='x' label='X' unit='mg/L'><codes quantity='mass'><code>1-1</code></codes>"
	  "<interval from='message' sex='F' unreadable='stop'/><interval from='message' unreadable='next'/>"
	  "<interval low='1' sex='F'/><interval low='2' sex='M'/>"
	  "<interval low='3' under-age='18y'/><interval low='4' from-age='18y'/>"
	  "<interval low='5' default='yes'/></observation>" },
	/* a site's own stands before the default ones, which stay for those who take it out */
	{ IN_OBSERVATIONS,
	  "<observation id='x' label='X' unit='mg/L'><codes quantity='mass'><code>1-1</code></codes>"
	  "<interval low='1'/><interval low='2' default='yes' sex='F'/></observation>" },
	/* 30 days may be more or less than a month */
	{ IN_OBSERVATIONS,
	  "<observation id='x' label='X' unit='mg/L'><codes quantity='mass'><code>1-1</code></codes>"
	  "<interval low='1' from-age='30d'/><interval low='2' from-age='1m'/></observation>" },
	{ IN_ALL, "<rule id='a'><flag>N</flag></rule><rule id='b'><flag>&lt;</flag></rule>"
	  "<rule id='c'><flag>H&gt;</flag></rule><rule id='d'><flag>SYN-R</flag></rule>"
	  "<rule id='e'><flag>U</flag></rule><rule id='f'><flag>POS</flag></rule>" },
	{ IN_ALL, "<rule id='a'><when><flagged as='b W xyz'/></when></rule>" },
	/* what nobody uses does no harm */
	{ IN_QUANTITIES, "<quantity id='idle' unit='g/L'><unit name='g/L' factor='1'/></quantity>" },
	{ IN_CONDITIONS, "<condition id='idle'><value below='1'/></condition>" },
	{ IN_EXAMPLES, "<example name='x'><obx code='9-9' flag='A'/><expect flag='A'/></example>" },
};
/* clang-format on */

Test(mapping_faults, are_not_seen_where_there_are_none)
{
	for (size_t i = 0; i < sizeof(sound) / sizeof(sound[0]); i++)
		mapping_destroy(fragment_good(sound[i].place, sound[i].fragment));
}

/* ---- what there may not be more of ---- */

static void
put(struct buffer *out, const char *text)
{
	buffer_append(out, span_str(text));
}

/* Conditions that name one another, each deeper by one than the one before it. */
static void
put_conditions(struct buffer *out, unsigned depth)
{
	put(out, "<condition id='c1'><value above='2'/></condition>\n");
	for (unsigned i = 2; i <= depth; i++)
		buffer_printf(out,
		    "<condition id='c%u'><any><sex is='F'/><is condition='c%u'/></any>"
		    "</condition>\n",
		    i, i - 1);
}

/* For ages that begin one behind the other, so that none hides another. */
static void
put_intervals(struct buffer *out, unsigned count)
{
	put(out, "<observation id='x' label='X' unit='mg/L'>\n");
	put(out, "<codes quantity='mass'><code>1-1</code></codes>\n");
	for (unsigned i = count; i > 0; i--)
		buffer_printf(out, "<interval low='1' from-age='%ud'/>\n", i);
	put(out, "</observation>");
}

static void
put_specimens(struct buffer *out, unsigned count)
{
	for (unsigned i = 2; i < count; i++) /* there are two already */
		buffer_printf(
		    out, "<specimen id='s%u' label='S'><code>%u</code></specimen>\n", i, i);
}

/* clang-format off */
static const struct {
	enum fragment_place place;
	void (*put)(struct buffer *out, unsigned n);
	unsigned most;
	const char *fault; /* when there is one more */
} limits[] = {
	{ IN_CONDITIONS, put_conditions, 64,
	  "65:21: conditions are nested more than 64 deep; let fewer of them ask one another\n" },
	{ IN_OBSERVATIONS, put_intervals, 1000,
	  "1:1: observation \"x\" has more than 1000 intervals; merge some of them\n" },
	{ IN_SPECIMENS, put_specimens, 64,
	  "63:1: more than 64 specimens; merge some of them\n" },
};
/* clang-format on */

static void
expect_faults(enum fragment_place place, void (*fill)(struct buffer *, unsigned), unsigned n,
    const char *want)
{
	struct buffer text, got;
	struct mapping *m;

	buffer_init(&text, 0);
	buffer_init(&got, 0);
	fill(&text, n);
	buffer_append_char(&text, '\0');
	m = fragment_load(place, text.data + text.start, &got);
	buffer_append_char(&got, '\0');
	cr_expect_str_eq(got.data + got.start, want, "%u", n);
	cr_expect_eq(m == NULL, want[0] != '\0');
	mapping_destroy(m);
	buffer_finish(&text);
	buffer_finish(&got);
}

Test(mapping_faults, begin_behind_each_limit)
{
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		expect_faults(limits[i].place, limits[i].put, limits[i].most, "");
		expect_faults(limits[i].place, limits[i].put, limits[i].most + 1, limits[i].fault);
	}
}

Test(mapping_faults, never_outlive_the_file)
{
	static const char *const broken[] = { "", "<", "<mapping", "text", "<a/>", "<mapping/>",
		"<mapping xmlns='urn:hl7note:mapping:2'/>",
		"<!DOCTYPE mapping><mapping xmlns='urn:hl7note:mapping:1'/>" };

	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		struct buffer got;

		buffer_init(&got, 0);
		cr_expect_null(fragment_load(IN_FILE, broken[i], &got), "%s", broken[i]);
		cr_expect(buffer_span(&got).len, "%s", broken[i]);
		buffer_finish(&got);
	}
}

Test(mapping_faults, of_another_file_do_not_refuse_this_one)
{
	static const char whole[] =
	    "<mapping xmlns='urn:hl7note:mapping:1' id='t' version='1' status='draft'>"
	    "<about><title>T</title></about></mapping>";
	struct faults faults;
	struct mapping *m;

	faults_init(&faults, "both");
	cr_expect_null(mapping_create(SPAN("no mapping"), &faults));
	m = mapping_create(span_str(whole), &faults);
	cr_expect(m);
	mapping_destroy(m);
	faults_finish(&faults);
}
