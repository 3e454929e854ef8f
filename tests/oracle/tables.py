#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Each code, unit, word and limit of the fact sheet in a report of its own, written down by
hand: which rules fire, of those that it decides.  And the rules that are off, switched on."""

import sys
import tempfile

sys.dont_write_bytecode = True
import program  # noqa: E402

EGFR = "mL/min/{1.73_m2}"
MYELOMA = ("C90.00",)
KIDNEY, ISS, CROSS = "S20 S22 S23", "S10 S11 S14 S15", "X01 X02 X03 X04"
SERUM = ("1952-1", "2.5", "mg/L")


def order_of(code, source, spm, results):
    obr = ["OBR", "1", "", "", "%s^x^L" % code, "", "", "20260312101500"] + [""] * 7 + [source]
    segments = ["|".join(obr)]
    for place, result in enumerate(results, 1):
        code, value, unit, limits, flag, status, at = result + ("", "", "F", "")[len(result) - 3 :]
        fields = (place, code, value, unit.replace("^", "\\S\\"), limits, flag, status, at)
        segments.append("OBX|%d|ST|%s^x^LN||%s|%s|%s|%s|||%s|||%s" % fields)
    return segments + (["SPM|1|||" + spm] if spm else [])


class Table:
    """Reports, all annotated in one run, and what is asked of the first B2M result in each."""

    def __init__(self):
        self.rows = []

    def row(
        self, want, asked, *results, born="19600214", sex="F", dg1=(), order="", spm="", source="",
        beside=(),
    ):
        """`asked`: rules, of which `want` fire.  A result is code, value, unit, and then range,
        flag, status, time.  `beside`: a specimen, and results in an order of their own."""
        number = len(self.rows) + 1
        segments = ["MSH|^~\\&|LABSYS|LAB|EHR|SITE|20260312143005||ORU^R01|TAB%d|T|2.5.1" % number]
        segments.append("PID|1||TEST0001||SAMPLE^ANNA||%s|%s" % (born, sex))
        segments += ["DG1|1||%s^x^I10" % code for code in dg1]
        segments += order_of(order, source, spm, results)
        if beside:
            segments += order_of("", "", beside[0], beside[1:])
        self.rows.append(("\r".join(segments + [""]).encode(), want, asked))

    def end(self, report, name):
        given = b"".join(b"\x0b" + row[0] + b"\x1c\r" for row in self.rows)
        found = {}
        for line in program.findings(given):
            number, _, rest = line.partition(" ")
            found.setdefault(int(number), rest)
        for number, (message, want, asked) in enumerate(self.rows, 1):
            parts = dict(p.partition("=")[::2] for p in found.get(number, "").split() if "=" in p)
            fired = parts.get("rules", "").split(",")
            fired.append("skip=" + parts.get("skip", ""))
            fired.append("flag=" + parts.get("flag", "").partition(":")[0])
            fired = [f for f in fired if f.partition(":")[0].partition("=")[0] in asked.split()]
            report.same("%s %d" % (name, number), message, want.split(), fired)


# ---- specimens --------------------------------------------------------------------------

# what it fits; what it does not; its words
SPECIMENS = (
    (SERUM, "1951-3", "SER|Serum|Serum specimen|119364003|PLAS|Plasma|Plasma specimen|119361006"),
    (SERUM, "1953-9", "PPP|PRP|SERPLAS|Serum/Plasma|Ser/Plas|Serum or Plasma|BLD|WB|Blood"),
    (SERUM, "1953-9", "Whole blood|Blood specimen|119297000|BLDV|Venous blood|Blood venous"),
    (SERUM, "48166-3", "122555007|BLDA|Arterial blood|Blood arterial|BLDC|Capillary blood"),
    (SERUM, "59218-8", "Blood capillary"),
    ("1953-9", "1952-1", "UR|URC|URT|UR24H|U24|Urine|Urine specimen|122575003|Random urine"),
    ("10873-8", "1951-3", "Urine random|Urine, random|Spot urine|Urine, spot|Midstream urine"),
    ("13485-8", "1952-1", "Urine clean catch|Urine, clean catch|24 hour urine|24h urine"),
    ("54356-1", "1952-1", "24 hr urine|Urine 24 hour|Urine, 24 hour|276833005"),
    ("1951-3", "1952-1", "CSF|Cerebral spinal fluid|Cerebrospinal fluid|Spinal fluid|258450006"),
    ("48166-3", "1952-1", "FLU|FLD|Body fluid|Body fluid, unsp"),
    ("59218-8", "59217-0", "PLR|Pleural fluid|Pleural fluid (thoracentesis fluid)"),
    ("59217-0", "59218-8", "PRT|Peritoneal fluid|Peritoneal fluid /ascites|Ascites"),
    ("49081-3", "48166-3", "DIAF|Dialysis fluid|Peritoneal dialysis fluid"),
    (None, "1952-1", "CBLD|BLDCO|Cord blood|Blood cord|Umbilical cord blood"),
    ("48166-3", "1952-1", "AMN|Amniotic fluid|SNV|Synovial fluid|Joint fluid|SAL|Saliva|TEAR|Tears"),
    ("48166-3", "1953-9", "BIFL|Bile fluid|Bile|DUFL|Duodenal fluid|GAST|Gastric fluid|PAFL"),
    ("48166-3", "1951-3", "Pancreatic fluid|SEM|Seminal fluid|VITF|Vitreous fluid|CYST|Cyst|SWT"),
    ("48166-3", "1952-1", "Sweat|MILK|Breast milk"),
    (None, "48166-3", "TISS|Tissue|MAR|Marrow|Bone marrow|BON|Bone|SKN|Skin|HAR|Hair|NAIL|PLC"),
    (None, "1952-1", "Placenta|STL|Stool|Feces|MEC|Meconium|SPT|Sputum|PUS|WND|Wound|CALC|STON"),
    (None, "1952-1", "Calculus|Stone"),
    ("59218-8", "1951-3", "FLU"),
    ("59217-0", "1951-3", "FLU"),
    ("49081-3", "1951-3", "FLU"),
    ("88711-7", "1952-1", "DIAF"),
    ("48166-3", "49081-3", "PLR|PRT"),
)
AMOUNT = {"10873-8": ("401", "ug/24h"), "13485-8": ("401", "ug/g")}


def a_result(code):
    return code if isinstance(code, tuple) else (code, *AMOUNT.get(code, ("1.2", "mg/L")))


def specimens():
    table = Table()
    for fits, not_this, words in SPECIMENS:
        for word in words.split("|"):
            if fits:
                table.row("skip=", "skip", a_result(fits), spm=word)
                table.row("skip=", "skip", a_result(fits), spm="^" + word)
            table.row("skip=specimen_conflict", "skip", a_result(not_this), spm=word)
            table.row("skip=specimen_conflict", "skip", a_result(not_this), source=word)
    others = (("54356-1", "SER"), ("43819-2", "SER"), ("43919-0", "SER"), ("43818-4", "UR"))
    for code, word in others:
        table.row("skip=specimen_conflict", "skip", (code, "1.2", "mg/L"), spm=word)
    for role in "B C E F L O Q V Q^Control^HL70369 P~Q".split():
        table.row("skip=specimen_conflict", "skip", a_result("1952-1"), spm="SER|||||||" + role)
        table.row("skip=specimen_conflict", "skip", a_result("1953-9"), spm="|||||||" + role)
    for role in ("", "P", "P^Patient^HL70369", "G", "R", "QC", "X^Q", "P~"):
        table.row("skip=", "skip", a_result("1952-1"), spm="SER|||||||" + role)
    # of another specimen a companion is none
    serum, urine_b2m = ("1952-1", "3.2", "mg/L"), ("1953-9", "0.25", "mg/L")
    for asked, subject, companion, right, wrong, where in (
        (ISS, serum, ("1751-7", "34", "g/L"), "S11", "S14", "SER UR"),
        (KIDNEY, serum, ("98979-8", "45", EGFR), "S20", "S22", "SER UR"),
        (KIDNEY, serum, ("2160-0", "2", "mg/dL"), "S20", "S22", "SER UR"),
        (KIDNEY, serum, ("33863-2", "2", "mg/L", "0.5-1"), "S20", "S22", "SER UR"),
        ("U07", urine_b2m, ("2161-8", "19", "mg/dL"), "U07", "", "UR SER"),
        ("U04", urine_b2m, ("2756-5", "5", ""), "U04", "", "UR SER"),
        ("U04", urine_b2m, ("27378-9", "5", ""), "U04", "", "UR SER"),
    ):
        for word, want in zip(where.split(), (right, wrong)):
            table.row(want, asked, subject, dg1=MYELOMA, beside=(word, companion))
    return table


# ---- companions -------------------------------------------------------------------------


def albumin():
    """3.2 mg/L of a report about myeloma: which band does this albumin give?"""
    table, serum = Table(), ("1952-1", "3.2", "mg/L")

    def band(want, *companions):
        table.row(want, ISS, serum, *companions, dg1=MYELOMA)

    for code in "1751-7 61151-7 61152-5 77148-5 76631-1 2862-1".split():
        band("S10", (code, "3.5", "g/dL"))
        band("S11", (code, "34", "g/L"))
        band("S14", (code, "35", "g/dL"))
    for code in "54347-0 62235-7 62234-0 1746-7 2861-3 1754-1 14957-5 43712-9".split():
        band("S14", (code, "34", "g/L"))
        band("S14", (code, "520", "umol/L"))
    for unit in "g/dL gm/dL gms/dL G/DL".split():
        band("S10", ("1751-7", "3.5", unit))
        band("S11", ("1751-7", "3.499", unit))
    for unit in "g/L gm/L".split():
        band("S10", ("1751-7", "35", unit))
        band("S11", ("1751-7", "34.99", unit))
    for unit in ("gm%", "g%", "mg/L", ""):
        band("S14", ("1751-7", "3.5", unit))
    for value, want in (("0.5", "S11"), ("0.49", "S14"), ("10", "S10"), ("10.01", "S14")):
        band(want, ("1751-7", value, "g/dL"))
    # the first of these that is there decides
    tiers = "1751-7 61151-7", "77148-5 76631-1", "2862-1"
    for first, second in ((0, 1), (0, 2), (1, 2)):
        for one in tiers[first].split():
            for two in tiers[second].split():
                band("S10", (two, "34", "g/L"), (one, "36", "g/L"))
                band("S11", (one, "34", "g/L"), (two, "36", "g/L"))
    band("S15", ("1751-7", "36", "g/L"), ("61151-7", "34", "g/L"))
    band("S15", ("77148-5", "36", "g/L"), ("76631-1", "34", "g/L"))
    return table


def kidney():
    """2.5 mg/L: is the kidney reduced (S20), steady (S23), unknown (S22) or in doubt (none)?"""
    table = Table()

    def says(want, *companions, serum=SERUM, **patient):
        table.row(want, KIDNEY, serum, *companions, **patient)

    for code in "98979-8 98980-6 94677-2 62238-1 33914-3 77147-7 76633-7 50044-7 70969-1".split():
        says("S20", (code, "59.9", EGFR))
        says("S23", (code, "60", EGFR))
    for code in "69405-9 50210-4 88294-4 88293-6 48642-3 48643-1".split():
        says("S20", (code, "59.9", EGFR))
        says("S23", (code, "60", EGFR))
    for code in "102097-3 96591-3 96592-1 78006-4 50383-9".split():
        says("S22", (code, "45", EGFR))
        says("S22", (code, "45", "mL/min"))
    for older in "88294-4 88293-6 48642-3 48643-1".split():
        says("S23", (older, "55", EGFR), ("98979-8", "65", EGFR))
        says("S20", (older, "65", EGFR), ("69405-9", "55", EGFR))
    says("S20", ("88294-4", "58", EGFR), ("88293-6", "65", EGFR))
    child, grown = "20080313", "20080312"
    own = SERUM + ("0.7-1.8",)
    says("S20", ("50384-7", "45", EGFR), serum=own, born=child)
    says("S22", ("50384-7", "45", EGFR), serum=own, born=grown)
    units = (
        "mL/min/{1.73_m2} mL/min/{1.73m2} ml/min/1.73m2 ml/min/1.73m^2 ml/min/1.73sqm "
        "ml/min/1.73m(2) ml/min/1.73msq ml/min/1.73 ml/min/(1.73) ml/min/bsa ml/mn/1.73m2 "
        "ml/min ml/min/1.73m\\XB2\\ ml/min/1.73\\XB2\\ ml/min/1.73m*2 ml/min/1.73_m2 "
        "ml/min/1,73m2 ml/min/1,73m\\XB2\\"
    )
    for unit in units.split():
        says("S20", ("98979-8", "45", unit))
    says("S22", ("98979-8", "45", "mL"))
    for value, want in ((">60", "S23"), (">=60", "S23"), (">90", "S23"), ("<15", "S20"), ("<60", "S20")):
        says(want, ("98979-8", value, EGFR))
    says("S22", ("98979-8", "0", EGFR))
    says("S20", ("98979-8", "0.5", EGFR))
    for flag in "A AA L LL LU L<".split():
        says("", ("98979-8", "75", EGFR, "", flag))
    says("S23", ("98979-8", "75", EGFR, "", "N"))

    for code in "2160-0 14682-9 77140-2 38483-4 59826-8 21232-4 35203-9".split():
        says("S20", (code, "1.05", "mg/dL"))
        says("S23", (code, "91.936", "umol/L"))
    for unit in ("mg/dL", "mgs/dL"):
        says("S20", ("2160-0", "1.0401", unit))
        says("S23", ("2160-0", "1.04", unit))
        says("S20", ("2160-0", "1.3501", unit), sex="M")
        says("S23", ("2160-0", "1.35", unit), sex="M")
    for unit in ("umol/L", "mcmol/L", "\\XB5\\mol/L"):
        says("S20", ("14682-9", "91.9361", unit))
        says("S20", ("14682-9", "119.3401", unit), sex="M")
        says("S23", ("14682-9", "119.34", unit), sex="M")
    says("S22", ("14682-9", "0", "umol/L"))
    says("S20", ("14682-9", "0.5", "umol/L", "", "H"))
    for value in ("5", "5.5", "<10"):
        says("S23", ("14682-9", value, "umol/L"))
    for value in ("4.9", "4.5", "<4.5"):
        says("", ("14682-9", value, "umol/L"))
    # the adult limits of a creatinine are for adults
    for sex in "FM":
        says("S23", ("14682-9", "60", "umol/L"), serum=own, born=grown, sex=sex)
        says("", ("14682-9", "60", "umol/L"), serum=own, born=child, sex=sex)
    says("", ("14682-9", "60", "umol/L"), sex="U")
    # its own interval goes first, if it can be one of creatinine
    ranges = "60-80=S20 10-15=S20 10-14= 50-300=S23 50-301="
    for limits, want in (word.split("=") for word in ranges.split()):
        says(want, ("14682-9", "85", "umol/L", limits))
    says("S20", ("14682-9", "92", "umol/L", "see report"))
    says("S20", ("33863-2", "1.1", "mg/L", "0.5-1.0"))
    says("S23", ("33863-2", "1.0", "mg/L", "0.5-1.0"))
    says("", ("33863-2", "1.0", "mg/L"))
    for limits, want in (("0.1-0.3", "S20"), ("0.1-0.29", ""), ("0.5-5", "S23"), ("0.5-5.1", "")):
        says(want, ("33863-2", "1.1", "mg/L", limits))
    for kind in (("2160-0", "0.7", "mg/dL"), ("33863-2", "0.9", "mg/L", "0.5-1.0")):
        plain = (kind + ("",))[:4]
        for flag in "H HH HU H>".split():
            says("S20", plain + (flag,))
        for flag in "A AA".split():
            says("", plain + (flag,))
    # usable, and collected within a day
    for status, want in (("F", "S20"), ("C", "S20"), ("P", "S22"), ("X", "S22"), ("", "S22")):
        says(want, ("98979-8", "45", EGFR, "", "", status))
    for at, want in (("20260313101500", "S20"), ("20260313101501", "S22"), ("20260311101500", "S20")):
        says(want, ("98979-8", "45", EGFR, "", "", "F", at))
    says("S22", ("98979-8", "45", EGFR, "", "", "F", "20260311101459"))
    return table


def urine():
    """0.25 mg/L in urine: which of U01, U02, U04 and U07?"""
    table, sample = Table(), ("1953-9", "0.25", "mg/L")
    asked = "U01 U02 U04 U07 flag"
    for unit in ("[pH]", "pH", "{pH}", "pH unit", "pH units", ""):
        table.row("U01 flag=N", asked, sample, ("2756-5", "6", unit))
        table.row("U04 flag=", asked, sample, ("5803-2", "5.99", unit))
    table.row("U02 flag=N", asked, sample, ("2756-5", "6", "mg/L"))
    for code in ("27378-9", "50897-8"):
        table.row("U04 flag=", asked, sample, (code, "5.9", "[pH]"))
        table.row("U02 flag=N", asked, sample, (code, "6.5", "[pH]"))
    for value, want in (("14", "U01"), ("14.1", "U02"), ("0", "U02"), ("0.5", "U04")):
        table.row(want, "U01 U02 U04", sample, ("2756-5", value, "[pH]"))
    for value, want in (("14", ""), ("5", "U04"), ("0.5", "U04"), ("0", "")):
        table.row(want, "U04", sample, ("27378-9", value, "[pH]"))
    for code in "2161-8 14683-7 35674-1 20624-3 25886-3".split():
        for unit in ("mg/dL", "mgs/dL"):
            table.row("U07", "U07", sample, (code, "19.99", unit))
            table.row("", "U07", sample, (code, "20", unit))
        table.row("U07", "U07", sample, (code, "1.767", "mmol/L"))
        table.row("", "U07", sample, (code, "1.768", "mmol/L"))
        table.row("U07", "U07", sample, (code, "0.1999", "g/L"))
        table.row("", "U07", sample, (code, "0.2", "g/L"))
        for unit in ("umol/L", "mcmol/L"):
            table.row("U07", "U07", sample, (code, "1767", unit))
            table.row("", "U07", sample, (code, "1768", unit))
        table.row("", "U07", sample, (code, "0", "mmol/L"))
        table.row("U07", "U07", sample, (code, "0.5", "mmol/L"))
    both = ("2756-5", "5.5", "[pH]"), ("2161-8", "19", "mg/dL")
    table.row("U04 U07 flag=", asked, sample, *both)
    for code in ("2162-6", "14684-5"):  # a rate says nothing of dilution
        table.row("", "U07", sample, (code, "0.1", "mmol/24h"))
    return table


# ---- one specimen measured twice, intervals, plausible values ------------------------------

# a code, another one of the same observation, a unit, what comes of 400 and of 420 of it
TWICE = (
    ("1952-1", "1952-1", "ug/L", "S02"),
    ("1952-1", "56786-7", "ug/L", "S02"),
    ("87708-4", "87708-4", "ug/L", "S24"),
    ("1953-9", "83077-8", "ug/L", "U03"),
    ("10873-8", "10873-8", "ug/24h", "U05"),
    ("54356-1", "54356-1", "ug/L", "U05"),
    ("13485-8", "44303-6", "ug/g", "U06"),
    ("1951-3", "1951-3", "ug/L", "C04"),
    ("48166-3", "48166-3", "ug/L", "O01"),
    ("59218-8", "59218-8", "ug/L", "O01"),
    ("59217-0", "59217-0", "ug/L", "O01"),
    ("49081-3", "88711-7", "ug/L", "O01"),
)


def twice():
    """Within 5 % they are commented on once, on the first; else not at all."""
    table = Table()
    for code, other, unit, rule in TWICE:
        table.row(rule, rule, (code, "400", unit), (other, "420", unit))
        table.row(rule + ":disagreed", rule, (code, "400", unit), (other, "420.1", unit))
    return table


def intervals():
    """OBX-7 is believed where its upper end may be one of this unit."""
    table = Table()
    for code, unit, value, want, low, high in (
        ("1952-1", "mg/L", "30", "S03", ("0.5", "0.49"), ("10", "10.1")),
        ("1953-9", "mg/L", "30", "U03", ("0.05", "0.049"), ("20", "20.1")),
        ("10873-8", "ug/24h", "30000", "flag=H", ("30", "29.9"), ("20000", "20000.1")),
        ("13485-8", "ug/g", "30000", "U06", ("30", "29.9"), ("20000", "20000.1")),
        ("1951-3", "mg/L", "30", "C02", ("0.5", "0.49"), ("10", "10.1")),
    ):
        asked = want.partition("=")[0]
        for good, bad in (low, high):
            table.row(want, asked, (code, value, unit, "<=" + good))
            table.row("flag=" if asked == "flag" else "", asked, (code, value, unit, "<=" + bad))
        table.row(want, asked, (code, value, unit, "see report"))
    return table


def plausible():
    table = Table()
    for code, unit, rows in (
        ("1952-1", "mg/L", "0.1= 0.09=implausible 200= 200.1=implausible"),
        ("87708-4", "mg/L", "0.1= 0.09=implausible 200= 200.1=implausible"),
        ("1953-9", "mg/L", "0=implausible 0.5= 0.001= 500= 500.1=implausible"),
        ("54356-1", "mg/L", "0=implausible 0.5= 0.001= 500= 500.1=implausible"),
        ("10873-8", "ug/24h", "0=implausible -1=implausible 0.5= 900000="),
        ("13485-8", "ug/g", "0=implausible -1=implausible 301="),
        ("1951-3", "mg/L", "0=implausible 0.5= 100= 100.1=implausible"),
        ("48166-3", "mg/L", "0=implausible 0.5= 600="),
        ("59218-8", "mg/L", "0=implausible 0.5="),
        ("59217-0", "mg/L", "0=implausible 0.5="),
        ("49081-3", "mg/L", "0=implausible 0.5="),
    ):
        for row in rows.split():
            value, _, skip = row.partition("=")
            want = "G07 skip=implausible" if skip else "skip="
            table.row(want, "G07 skip", (code, value, unit))
    return table


def near():
    """Within 1 % of a limit, after a conversion from moles."""
    table = Table()
    for code, value, unit, want in (
        ("76484-5", "302", "nmol/L", ""),  # 3.543 mg/L: 3.465 to 3.535 are near 3.5
        ("76484-5", "301", "nmol/L", "G06b"),
        ("76484-5", "295", "nmol/L", ""),
        ("76484-5", "296", "nmol/L", "G06b"),
        ("56662-0", "31.8", "nmol/(24.h)", "G06b"),
        ("56662-0", "32", "nmol/(24.h)", ""),
        ("39773-7", "2.92", "nmol/mmol", "G06b"),
        ("39773-7", "2.93", "nmol/mmol", ""),
        ("1952-1", "3.5", "mg/L", ""),
    ):
        table.row(want, "G06b", (code, value, unit))
    return table


# ---- words ------------------------------------------------------------------------------


def flags():
    """What the laboratory says of a result that ours would call harmless."""
    table = Table()
    for flag in "A AA H HH HU H>".split():
        table.row("", CROSS, ("1952-1", "1.2", "mg/L", "", flag), ("1953-9", "0.5", "mg/L"))
        table.row("", CROSS, SERUM, ("1953-9", "0.2", "mg/L", "", flag))
    for flag in "A AA H HH HU H> LL LU L<".split():
        table.row("", "S02", ("1952-1", "0.5", "mg/L", "", flag))
        table.row("", "C04", ("1951-3", "0.5", "mg/L", "", flag))
    for flag in ("", "L", "N"):
        table.row("S02", "S02", ("1952-1", "0.5", "mg/L", "", flag))
    # two of the urine on either side of its interval
    table.row("", CROSS, SERUM, ("1953-9", "0.05", "mg/L", "0.1-0.3"), ("83077-8", "0.5", "mg/L", "0.1-0.3"))
    table.row("X02", CROSS, SERUM, ("1953-9", "0.5", "mg/L", "0.1-0.3"))
    return table


GATED = (
    "1952-1 87708-4 1953-9 10873-8=ug/24h 54356-1 13485-8=ug/g 1951-3 48166-3 59218-8 59217-0 "
    "49081-3 83076-0= 43818-4= 83079-4= 43819-2= 43919-0="
)


def gates():
    table = Table()
    for word in GATED.split():
        code, sign, unit = word.partition("=")
        unit = unit if sign else "mg/L"
        value = "1.2" if unit else "negative"
        for status in "CA":
            table.row("G03", "G03 G02", (code, value, unit, "", "", status))
        for status in "PS":
            table.row("G02 skip=preliminary", "G03 G02 skip", (code, value, unit, "", "", status))
        for status in ("X", "D", "W", "N", "O", "I", "R", "U", ""):
            table.row("skip=status", "G02 G03 G05 G07 skip", (code, value, unit, "", "", status))
        for status in "FBV":
            table.row("", "G02 G03", (code, value, unit, "", "", status))
        if unit:
            table.row("G05 skip=unit_unknown", "G05 skip", (code, value, "furlong"))
            table.row("G05 skip=unit_missing", "G05 skip", (code, value, ""))
    for spelling in ("mg%", "?g/mL"):
        table.row("G05 skip=unit_unknown", "G05 skip", ("1952-1", "1.2", spelling))
    table.row("G05 skip=unit_unknown", "G05 skip", ("10873-8", "1.2", "mg/tvol"))
    for unit in ("ug/24h(s)", "ugper24h(s)", "mcg/24h(s)", "mcgper24h(s)", "ug per 24 h"):
        table.row("flag=H", "flag", ("10873-8", "371", unit))
    for unit in ("nmol/24h", "nmol/24hr", "nmol/24hrs", "nmol/d", "nmol/day"):
        table.row("flag=H", "flag", ("56662-0", "32", unit))
    for code, value, units in (
        ("13485-8", "300.1", "ug/g mcg/g ng/mg"),
        ("13485-8", "0.3001", "mg/g ug/mg mcg/mg"),
        ("59177-6", "34", "ug/mmol mcg/mmol mg/mol"),
        ("59177-6", "0.034", "mg/mmol"),
        ("39773-7", "2.93", "nmol/mmol"),
    ):
        for unit in units.split():
            for creatinine in ("", "{creat}", " creat", " Cr", " CRT", " crea", " creatinine"):
                table.row("flag=H", "flag", (code, value, unit + creatinine))
    return table


def room():
    """More than twelve lines: S31 goes first, then the X rule, and S30 after it."""
    table, cross = Table(), (("1953-9", "0.5", "mg/L"), ("98979-8", "90", EGFR))
    asked = "S03 S13 S23 S30 S31 X01 X02 X04 G03"
    high, corrected = ("1952-1", "6", "mg/L"), ("1952-1", "6", "mg/L", "", "", "C")
    urines = (("X02", ("1953-9", "0.5", "mg/L")), ("X04", ("1953-9", "0.2", "mg/L")))
    table.row("S03 S13 S23 S30 S31", asked, high, cross[1])
    for rule, sample in urines:
        table.row("S03 S13 S23 S30 S31:omitted " + rule, asked, high, sample, cross[1])
        want = "G03 S03 S13 S23 S30 S31:omitted %s:omitted" % rule
        table.row(want, asked, corrected, sample, cross[1])
    acid = (("1953-9", "0.2", "mg/L"), ("2756-5", "6.5", "[pH]"), cross[1])
    table.row("S03 S13 S23 S30 S31:omitted X01", asked, high, *acid)
    table.row("G03 S03 S13 S23 S30 S31:omitted X01:omitted", asked, corrected, *acid)
    return table


# ---- what is off --------------------------------------------------------------------------

OFF = {
    "S32": "After transplantation a rising B2M may have several causes, including|"
    "rejection and reduced kidney function; correlate clinically.",
    "S33": "An immunoglobulin in this report is outside its interval; read the|results together.",
    "S34": "LDH in this report is above its interval. Revised staging also needs|"
    "cytogenetic results and is not calculated here.",
    "S35": "Some medicines (e.g. interferon alfa, lithium, ciclosporin) can raise|serum B2M.",
    "S36": "Results from different methods or laboratories may not be|comparable.",
    "U08": "Above the occupational review level for urine B2M per creatinine;|"
    "see the applicable exposure-monitoring rules.",
    "C03": "CSF/serum ratio above 1 suggests production within the nervous|system.",
    "G04": "Result is not numeric; automated interpretation not performed.",
}


def off(table_of):
    """Each of them both ways: as it is shipped, and switched on."""
    for rule in OFF:
        table_of.setdefault(rule, Table())
    low = ("1952-1", "1.2", "mg/L")
    for rule, order in (("S32", "SITE-TRANSPLANT-ORDER"), ("S35", "SITE-MEDICINE-ORDER")):
        table_of[rule].row(rule, rule, SERUM, order=order)
        table_of[rule].row("", rule, low, order=order)
        table_of[rule].row("", rule, SERUM)
    table_of["S36"].row("S36", "S36", low, order="SITE-METHOD-CHANGE-ORDER")
    table_of["S36"].row("", "S36", low)
    proteins = [(c, u, v) for c in ("2458-8", "2465-3", "2472-9") for u, v in (("g/L", 1), ("mg/dL", 100))]
    proteins += [(c, u, 1) for c in ("76487-8", "77177-4", "76491-0") for u in ("umol/L", "mcmol/L")]
    for code, unit, one in proteins:
        limits = "%d-%d" % (2 * one, 4 * one)
        for times, want in ((1, "S33"), (2, ""), (4, ""), (5, "S33")):
            companion = (code, str(times * one), unit, limits)
            table_of["S33"].row(want, "S33", SERUM, companion)
            table_of["S33"].row("", "S33", low, companion)
        table_of["S33"].row("", "S33", SERUM, (code, "0", unit, limits))
        table_of["S33"].row("", "S33", SERUM, beside=("UR", (code, str(5 * one), unit, limits)))
        table_of["S33"].row("S33", "S33", SERUM, (code, "0.5", unit, limits))
    for code in ("2532-0", "14804-9", "14805-6"):
        for value, unit, limits, want in (
            ("250", "U/L", "100-240", "S34"),
            ("240", "IU/L", "100-240", ""),
            ("241", "IU/L", "100-240", "S34"),
            ("4.1", "ukat/L", "1.7-4", "S34"),
            ("4", "ukat/L", "1.7-4", ""),
            ("0.5", "U/L", "<0.4", "S34"),
            ("250", "U/L", "", ""),
        ):
            for value_of, context in (("5.5", MYELOMA), ("5.4", MYELOMA), ("5.5", ())):
                fires = want if value_of == "5.5" and context else ""
                serum = ("1952-1", value_of, "mg/L")
                companion = (code, value, unit, limits)
                table_of["S34"].row(fires, "S34", serum, companion, dg1=context)
                table_of["S34"].row("", "S34", serum, dg1=context, beside=("UR", companion))
    for code, unit, value in (("13485-8", "ug/g", "300"), ("44303-6", "ug/g", "300")):
        panel = "SITE-CADMIUM-PANEL"
        table_of["U08"].row("", "U08", (code, value, unit), order=panel)
        table_of["U08"].row("U08 flag=H", "U08 flag", (code, "300.1", unit), order=panel)
        table_of["U08"].row("U08 flag=H", "U08 flag", (code, "300.1", unit, "<=500"), order=panel)
        table_of["U08"].row("", "U08", (code, "301", unit))
    for value, unit, want in (
        ("1.01", "", "C03 flag=H"),
        ("1", "{ratio}", "flag="),
        ("101", "%", "C03 flag=H"),
        ("100", "percent", "flag="),
        ("101", "percent", "C03 flag=H"),
        ("0", "", "flag="),
    ):
        table_of["C03"].row(want, "C03 flag", ("54355-3", value, unit))
    table_of["C03"].row("skip=no_rule", "skip", ("54355-3", "0.5", "{ratio}"))
    two, more = ("54355-3", "2", ""), ("54355-3", "2.101", "")
    table_of["C03"].row("C03", "C03", two, ("54355-3", "2.1", ""))
    table_of["C03"].row("C03:disagreed", "C03", two, more)
    for spm, skip in (("CSF", ""), ("SER", ""), ("UR", "specimen_conflict")):
        table_of["C03"].row("skip=" + (skip or ""), "skip", ("54355-3", "1.01", ""), spm=spm)
    table_of["C03"].row("skip=implausible", "skip", ("54355-3", "0", ""))
    for value, skip in (
        ("See comment", "value_not_numeric"),
        ("1.8 H", "value_not_numeric"),
        ("QNS", "value_not_numeric"),
        ('""', "value_missing"),
        ("", "value_missing"),
        ("1.2~1.3", "value_repeats"),
    ):
        table_of["G04"].row("G04 skip=" + skip, "G04 skip", ("1952-1", value, "mg/L"))


def without_examples(text):
    """They say what comes of the mapping as it is shipped."""
    return text[: text.index("<example ")] + text[text.rindex("</example>") + len("</example>") :]


def annotated_by(text, ask):
    """What `ask` answers while this is the mapping."""
    shipped = program.MAPPING
    with tempfile.NamedTemporaryFile("w", suffix=".xml", encoding="utf-8") as file:
        file.write(without_examples(text))
        file.flush()
        program.MAPPING = file.name
        try:
            return ask()
        finally:
            program.MAPPING = shipped


def switched_on(report, text, rule, table):
    """The mapping as a site would have it; and its comment, word for word."""
    tag = text.index(' id="%s"' % rule)
    end = text.index(">", tag)
    changed = text[:tag] + text[tag:end].replace(' enabled="off"', "") + text[end:]
    report.same("%s is off" % rule, b"", False, changed == text)
    first = next(message for message, want, _ in table.rows if want.startswith(rule))
    annotated_by(changed, lambda: table.end(report, rule))
    annotated, _ = annotated_by(changed, lambda: program.annotate(first))
    said = [s.split(b"|")[3].decode() for s in annotated.split(b"\r") if s[:4] == b"NTE|"]
    found = [line for line in said if line in OFF[rule].split("|")]
    report.same("the words of " + rule, first, OFF[rule].split("|"), found)
    for number, (message, want, asked) in enumerate(table.rows, 1):
        fired = [line for line in program.findings(message) if rule in line] if want.startswith(rule) else []
        report.same("%s %d, as shipped" % (rule, number), message, [], fired)


def preliminary(report, text):
    """A site may have these interpreted: their notice first, no stage."""
    changed, table = text.replace('interpret-preliminary="no"', 'interpret-preliminary="yes"'), Table()
    for status, want in (("P", "G02 S03"), ("S", "G02 S03"), ("F", "S03 S13")):
        table.row(want, "G02 S03 S12 S13", ("1952-1", "6", "mg/L", "", "", status))
    for status, want in (("P", "S22"), ("F", "S20")):
        table.row(want, KIDNEY, SERUM, ("98979-8", "45", EGFR, "", "", status))
    annotated_by(changed, lambda: table.end(report, "preliminary"))


def without_defaults(report, text):
    """A site may do without the shipped intervals: then the laboratory's own are all there are."""
    changed, table = text.replace('default-intervals="on"', 'default-intervals="off"'), Table()
    for code, value, unit, rule in (
        ("1952-1", "2.5", "mg/L", "S03"),
        ("1953-9", "2.5", "mg/L", "U03"),
        ("13485-8", "400", "ug/g", "U06"),
        ("1951-3", "2.5", "mg/L", "C02"),
    ):
        table.row("", rule, (code, value, unit))
        table.row(rule, rule, (code, value, unit, "<=" + ("2" if value == "2.5" else "300")))
    table.row("U05 flag=", "U05 flag", ("10873-8", "400", "ug/24h"))
    table.row("U05 flag=H", "U05 flag", ("10873-8", "400", "ug/24h", "<370"))
    own = SERUM + ("0.7-1.8",)
    for sex in "FM":
        table.row("", KIDNEY, own, ("14682-9", "200", "umol/L"), sex=sex)
        table.row("S20", KIDNEY, own, ("14682-9", "200", "umol/L", "60-110"), sex=sex)
    annotated_by(changed, lambda: table.end(report, "without defaults"))


def main():
    report = program.Report("tables")
    tables = (specimens, albumin, kidney, urine, twice, intervals, plausible, near, flags, gates, room)
    for table in tables:
        table().end(report, table.__name__)
    with open(program.MAPPING, encoding="utf-8") as file:
        text = file.read()
    table_of = {}
    off(table_of)
    for rule, table in table_of.items():
        switched_on(report, text, rule, table)
    preliminary(report, text)
    without_defaults(report, text)
    report.end()


if __name__ == "__main__":
    main()
