#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Thousands of reports, annotated by the program in one go and by the oracle.

Three parts: every code with every unit at every limit; every combination of what the
rules ask about the kidney, the stage, the urine and the patient; and reports put
together by chance from a fixed seed.  All travel as MLLP frames in one file, so that delimiters
and terminators can differ from message to message.

    grid.py            compare
    grid.py --dump N   print message N

With HL7_EVERY=N it is every Nth of them.
"""

import datetime
import itertools
import os
import random
import sys
from decimal import Decimal as D
from decimal import localcontext

sys.dont_write_bytecode = True
import b2m  # noqa: E402
import facts  # noqa: E402
import program  # noqa: E402

SEED = int(os.environ.get("HL7_SEED", "20260312"))
CHANCES = int(os.environ.get("HL7_CHANCES", "4000"))
EVERY = int(os.environ.get("HL7_EVERY", "1"))
FIRST_DAY = datetime.datetime(2026, 1, 5, 8, 0)
EGFR = "mL/min/{1.73_m2}"

# values to try, in the unit of each kind: at, just below and just above every limit
TARGETS = {
    "serum": "0.0999 0.1 0.69 0.7 0.71 1.2 1.7999 1.8 1.8001 2.6 3.4999 3.5 3.52 5.4999 5.5 "
    "5.53 20 200 200.1",
    "urine": "0.01 0.299 0.3 0.301 0.302 4 499 500 501",
    "rate": "12 369.9 370 370.1 372 5000",
    "collected": "0.1 0.5 6",
    "ratio": "20 299.9 300 300.1 302 900",
    "csf": "0.5 0.69 0.7 1.2 1.8 1.81 1.9 100 101",
    "fluid": "0.2 2 30",
}
FOREIGN = ("", "mg/24h", "nmol/L", "mg/L", "ug/g{creat}", "IU/L", "mg", "ug/mmol")


# ---- writing messages ---------------------------------------------------------------------


class Style:
    """How one message is written."""

    def __init__(self, delimiters="|^~\\&", terminator="\r", last=True):
        self.delimiters, self.terminator, self.last = delimiters, terminator, last

    def message(self, segments):
        """Segments are lists of fields; '^' and '&' stand for the message's own."""
        d = self.delimiters
        component = d[1]
        subcomponent = d[4] if len(d) > 4 else "&"
        out = []
        for fields in segments:
            if fields[0] == "MSH":
                body = ["MSH", d[1:]] + [f.replace("^", component) for f in fields[2:]]
            else:
                body = [f.replace("^", component).replace("&", subcomponent) for f in fields]
            out.append(d[0].join(body))
        return (self.terminator.join(out) + (self.terminator if self.last else "")).encode(
            "latin-1"
        )


def msh(number, time="20260312143005", kind="ORU^R01", charset=""):
    fields = ["MSH", "", "LABSYS", "LAB", "EHR", "SITE", time, "", kind, "GRID%d" % number]
    fields += ["T", "2.5.1"] + ([""] * 5 + [charset] if charset else [])
    return fields


def pid(born="19600214", sex="F", number=1):
    return ["PID", str(number), "", "TEST%d" % number, "", "SAMPLE^ANNA", "", born, sex]


def obr(number, when, cancelled="", source="", diagnosis=""):
    fields = ["OBR", str(number), "", "", "1952-1^B2M^LN", "", "", when] + [""] * 17
    fields[15] = source
    fields.append(cancelled)
    if diagnosis:
        fields += [""] * 5 + [diagnosis]
    return fields


def obx(number, code, value, unit, kind="NM", limits="", flag="", status="F", at=""):
    fields = ["OBX", str(number), kind, "%s^x^LN" % code, "", value, unit, limits, flag]
    fields += ["", "", status] + (["", "", at] if at else [])
    return fields


def stamp(hours):
    return (FIRST_DAY + datetime.timedelta(hours=hours)).strftime("%Y%m%d%H%M%S")


# ---- every code, every unit, every limit ----------------------------------------------------


def plain(amount):
    text = format(amount, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def sent(target, factor):
    """The number that comes to `target`, exactly or a hair beside it."""
    with localcontext() as short:
        short.prec = 7
        return plain(D(target) / factor)


def systematic():
    rows = []
    for code, (kind, quantity) in facts.CODES.items():
        if quantity is None:
            words = ("Positive", "present", "NEGATIVE", "12", "positive seen", '""', "", '""^""', "^~", '~""^""')
            words += ('Positive~""', '""^""~present', "Positive~", "~Positive~^", "Positive~Negative", "Present~present")
            rows += [(code, word, "", "ST") for word in words]
            continue
        for unit, factor in facts.TABLE[quantity].items():
            rows += [(code, sent(t, factor), unit, "NM") for t in TARGETS[kind].split()]
        rows += [(code, "1.5", u, "NM") for u in FOREIGN if u not in facts.TABLE[quantity]]
        rows += [(code, v, next(iter(facts.TABLE[quantity])), "NM") for v in ("0", "-1", "abc")]
    for start in range(0, len(rows), 25):
        segments = [msh(start), pid()]
        for number, (code, value, unit, kind) in enumerate(rows[start : start + 25], 1):
            segments.append(obr(number, stamp(48 * number)))
            segments.append(obx(1, code, value, unit.replace("^", " "), kind))
        yield Style().message(segments)


# ---- every combination of what the rules ask ---------------------------------------------------

AGES = ("19600214", "20160101", "")


def serum_reports():
    """The kidney, the stage, the age."""
    values = "1.2 1.8 1.9 3.4999 3.5 5.4999 5.5 >20 <3".split()
    albumins = ((), ("34.9",), ("35",), ("36", "34"))
    for value, kidney, albumin, diagnosis, born in itertools.product(
        values,
        ("", "45", "60", ">60", ">50"),
        albumins,
        ("", "C90.01", "Z99.2"),
        AGES,
    ):
        segments = [pid(born)]
        if diagnosis:
            segments.append(["DG1", "1", "", diagnosis + "^x^I10"])
        segments += [obr(1, stamp(0)), obx(1, "1952-1", value, "mg/L", "ST")]
        if kidney:
            segments.append(obx(2, "98979-8", kidney, EGFR, "ST"))
        segments += [obx(3, "1751-7", a, "g/L") for a in albumin]
        yield segments


def urine_reports():
    """Acid, thin, with and without serum beside it."""
    for serum, value, acid, thin, born, limits in itertools.product(
        ("", "1.2", "2.6"),
        ("0.1", "0.3", "0.9", "<0.2", ">0.2"),
        ("", "5.9", "6.0", "<6", ">6"),
        ("", "19.9", "25"),
        AGES,
        ("", "<=0.5"),
    ):
        segments = [pid(born), obr(1, stamp(0))]
        if serum:
            segments.append(obx(1, "1952-1", serum, "mg/L"))
        segments.append(obx(2, "1953-9", value, "mg/L", "ST", limits))
        if acid:
            segments.append(obx(3, "2756-5", acid, "[pH]", "ST"))
        if thin:
            segments.append(obx(4, "2161-8", thin, "mg/dL"))
        yield segments


def flagged_reports():
    """What the laboratory says of serum, urine and spinal fluid, beside what the limits say."""
    flags = ("", "N", "L", "LL", "H", "A", "null", "HI", "N~H>")
    for serum, urine, flag, other, acid in itertools.product(
        ("0.6", "<0.6", "1.2", "2.6"), ("", "0.2", "0.9"), flags, flags, ("", "6.5", "5.5")
    ):
        segments = [pid(), obr(1, stamp(0)), obx(1, "1952-1", serum, "mg/L", "ST", flag=flag)]
        if urine:
            segments.append(obx(2, "1953-9", urine, "mg/L", flag=other))
        else:
            segments.append(obx(2, "1951-3", serum, "mg/L", "ST", flag=other))
        if acid:
            segments.append(obx(3, "2756-5", acid, "[pH]"))
        yield segments


def lined_reports():
    """What a line of text says that goes on with a result, or with the eGFR beside it."""
    for value, status, flag, said, other, number in itertools.product(
        ("0.6", "1.2", "2.6"), ("F", "P"), ("", '""', "~", "N", "H"), ("", "F", "P", "W"), ("", "N", "HH", "<"), (1, 2)
    ):
        rows = [obx(1, "1952-1", value, "mg/L", flag=flag, status=status), obx(2, "98979-8", "45", EGFR)]
        code = rows[number - 1][3].split("^")[0]
        rows.insert(number, obx(3, code, "See below.", "", "TX", flag=other, status=said))
        yield [pid(), obr(1, stamp(0)), *rows]


def patient_reports():
    """The patient again before the second order, to the letter or nearly so."""
    first = ["PID", "1", "", "4711^^^LAB^MR", "", "SAMPLE^ANNA", "", "19600214", "F"]
    changes = ((), (1, "2"), (3, "4712"), (3, ""), (3, '""'), (3, "^^^LAB"), (5, "SAMPLE^EVA"))
    changes += ((7, "19600215"), (7, ""), (8, "M"), (8, ""), (11, "ELM STREET 1"))
    other = [pid("19600214"), obr(1, stamp(0)), obx(1, "2160-0", "0.7", "mg/dL")]
    for change, both, diagnosis, between in itertools.product(
        changes, (False, True), ("", "Z99.2", "C90.0"), (0, 1, 3)
    ):
        one, two = list(first) + [""] * 3, list(first) + [""] * 3
        if change:
            two[change[0]] = change[1]
        if both:
            one[1:] = two[1:]
        segments = [one] + ([["DG1", "1", "", diagnosis]] if diagnosis else [])
        segments += [obr(1, stamp(0)), obx(1, "98979-8", "45", EGFR)]
        segments += other[:between]
        yield segments + [two, obr(2, stamp(1)), obx(1, "1952-1", "6.5", "mg/L")]


def dialysis_reports():
    """Before and after dialysis, and its fluid."""
    for code, value, hours, status, limits in itertools.product(
        ("87708-4", "49081-3", "88711-7", "48166-3"),
        ("9", "0", "<5", "QNS"),
        (0, 4, 25),
        ("F", "P"),
        ("", "0.5-2.0", "see note", "<1"),
    ):
        yield [pid(), obr(1, stamp(0)), obx(1, "1952-1", "25", "mg/L"), obr(2, stamp(hours))] + [
            obx(1, code, value, "mg/L", "ST", limits, status=status)
        ]


TIMES = (
    "",
    "20260105",
    "20260106",
    "202601050800",
    "20260106075959",
    "20260106080001",
    "202601",
    "20260105080000+0100",
    "20260106080000+0100",
    "20260106080000-0500",
    "20261305",
    "yesterday",
)


def time_reports():
    """Is the eGFR of the same collection?"""
    for ours, theirs, where, zone in itertools.product(
        TIMES, TIMES, ("OBR", "OBX", "SPM", "one OBR"), ("", "+0100")
    ):
        at = "" if where in ("OBR", "SPM", "one OBR") else "x"
        segments = [["MSH", zone], pid("19600214")]
        results = (
            obx(1, "98979-8", "45", EGFR, at=at and theirs),
            obx(2, "1952-1", "2.9", "mg/L", at=at and ours),
        )
        if where in ("OBX", "one OBR"):
            shared = "" if where == "OBX" else ours
            segments += [obr(1, shared), *results]
        elif where == "OBR":
            segments += [obr(1, theirs), results[0], obr(2, ours), results[1]]
        else:
            drawn = [["SPM", "1", "", "", "SER^Serum"] + [""] * 12 + [t] for t in (theirs, ours)]
            segments += [obr(1, ""), results[0], drawn[0], obr(2, "2026"), results[1], drawn[1]]
        yield segments


ALIKE = ("1.9", "1.95", "2.5", "<2", "<=1.9", "<1.9", ">1.9", ">=1.9", ">2.4", "1.8^-^2")


def sibling_reports():
    """Three results of one specimen: do they agree?"""
    for values in itertools.product(ALIKE, ALIKE, ALIKE):
        segments = [pid("19600214"), obr(1, stamp(0))]
        for n, value in enumerate(values, 1):
            kind = "SN" if "^" in value else "ST" if value[0] in "<>" else "NM"
            segments.append(obx(n, "1952-1", "^" + value if kind == "SN" else value, "mg/L", kind))
        yield segments


MOMENTS = ("20260105090000", "20260105090000+0100", "20260105080000+0000", "202601050800", "20260105", "2026", "")


def repeated_reports():
    """Two results of one moment, or of two: are they of one specimen?"""
    for ours, theirs, zone, one_order, value in itertools.product(
        MOMENTS, MOMENTS, ("", "+0000", "+0100"), (False, True), ("2.5", "2.9")
    ):
        first = obx(1, "1952-1", "2.5", "mg/L", at=ours)
        second = obx(2, "56786-7", value, "mg/L", at=theirs)
        between = [] if one_order else [obr(2, "")]
        yield [["MSH", zone], pid("19600214"), obr(1, ""), first, *between, second]


def _reports():
    return itertools.chain(
        serum_reports(),
        urine_reports(),
        sibling_reports(),
        flagged_reports(),
        lined_reports(),
        patient_reports(),
        dialysis_reports(),
    )


def combined():
    for number, segments in enumerate(itertools.chain(time_reports(), repeated_reports())):
        zone = segments.pop(0)[1]
        yield Style().message([msh(number, "20260312143005" + zone)] + segments)
    for number, segments in enumerate(_reports()):
        yield Style().message([msh(number)] + segments)


# ---- reports by chance ------------------------------------------------------------------------

BORN = ("19600214", "19600214", "19850101", "20160101", "20080105", "20080120", "2008", "", "1960") + ("20560214", "19000101")
DIAGNOSES = ("", "", "", "C90.00", "C9001", "C90.10", "Z99.2", "Z49.01", "D47.2")
STATUSES = ("F",) * 12 + ("C", "C", "A", "B", "V", "P", "S", "X", "I", "")
FLAGS = ("",) * 12 + ("H", "N", "L", "HH", "A", ">", "<", '""', "U", "H~A") + (
    "^High",
    "HI^High^L^H^High^HL70078",
    "HI",
    "N^Normal^L",
    "^^^L",
)
STYLES = [
    Style(),
    Style(),
    Style(),
    Style(),
    Style(last=False),
    Style(terminator="\n"),
    Style(terminator="\r\n"),
    Style(terminator="\n", last=False),
    Style("|^~"),
    Style("|^~\\"),
    Style("|^~\\&#"),
    Style("#!*?%"),
    Style("|;~\\&"),
    Style("|,~\\&"),
    Style("|^~\\&."),
    Style(",^~\\&", terminator="\r\n"),
    Style("|;~"),
]
COMMON = ("1952-1",) * 6 + ("76484-5",) * 3 + ("1953-9",) * 4 + ("10873-8", "13485-8", "1951-3", "87708-4", "59218-8")
LIMITS = {
    "serum": ("", "", "", "", "0.8-2.2", "0.9 - 1.7", "<2.7", "<=2.4", "see note", "(1.1-2.4)")
    + ("0.8-4.0", "1 - 6.5", ">0.7", "0-1800", "<180", "0-0.18"),
    "urine": ("", "", "", "<0.25", "<=0.2", "0.04-0.22", "0 - 0.3", "<300", "<0.0003"),
    "rate": ("", "", "<350", "30-370", "0.03-0.37"),
    "ratio": ("", "", "<= 250", "<0.3"),
    "csf": ("", "", "0.0-2.4", "0.7 to 1.8", "0-1800"),
    "fluid": ("", "", "0.5-2.0", "<3", "see note"),
}
WILD = ("QNS", "1,8", "1.8 H", "See comment", '""', "", "1.8e0", "1.8.", ".8", "0", "-2", "1.2~1.3")


class Chance:
    """One report put together by a generator of chances."""

    def __init__(self, number, luck):
        self.luck, self.number = luck, number
        self.segments, self.kinds, self.hours = [], set(), 0

    def pick(self, rows):
        return self.luck.choice(rows)

    def message(self):
        luck = self.luck
        charset = self.pick(("",) * 9 + ("8859/1", "UNICODE UTF-8"))
        self.segments.append(msh(self.number, charset=charset))
        self.timeless = luck.random() < 0.05
        for patient in range(1, 2 + (luck.random() < 0.1)):
            self.patient(patient)
        return self.pick(STYLES).message(self.segments)

    def patient(self, number):
        self.kinds = set()
        if self.luck.random() < 0.97:
            self.segments.append(pid(self.pick(BORN), self.pick(("F", "M", "U", "")), number))
        diagnosis = self.pick(DIAGNOSES)
        in_order = self.luck.random() < 0.3
        if diagnosis and not in_order:
            self.segments.append(["DG1", "1", "", diagnosis + "^x^I10"])
        for order in range(1, 2 + self.luck.randrange(3)):
            self.order(order, diagnosis + "^x^I10" if diagnosis and in_order else "")

    def order(self, number, diagnosis):
        self.hours += self.pick((1, 5, 23, 25, 30, 72))
        when = "" if self.timeless else stamp(self.hours)
        cancelled = "X" if self.luck.random() < 0.02 else self.pick(("", "F"))
        self.segments.append(obr(number, when, cancelled, diagnosis=diagnosis))
        rows = [self.result(self.pick(COMMON))] if self.luck.random() < 0.9 else []
        if rows and self.luck.random() < 0.1:
            rows += self.replicate(rows[0])
        if self.luck.random() < 0.02:
            rows.append(self.result(self.pick(list(facts.CODES))))
        rows += self.companions()
        self.luck.shuffle(rows)
        for place, (fields, around) in enumerate(rows, 1):
            fields[1] = str(place)
            self.segments.append(fields)
            self.segments += around
        if self.luck.random() < 0.05:
            self.segments.append(["SPM", "1", "", "", self.pick(("SER", "UR", "CSF", "AMN", "CBLD", "TISS")) + "^x^HL70487"])

    def value(self, kind, factor):
        luck = self.luck
        if luck.random() < 0.05:
            return self.pick(WILD), "ST"
        low = D(self.pick(TARGETS[kind].split()))
        if luck.random() < 0.5:
            low *= D(luck.randrange(60, 160)) / 100
        text = sent(low, factor)
        chance = luck.random()
        if chance < 0.08:
            # never at a limit itself: the sheet does not say whether ">x" holds x
            text = sent(D(luck.randrange(1, 999)) / 1000 * low + D("0.00037"), factor)
            return self.pick(("<", ">", "<=", ">=", "> ")) + text, self.pick(("NM", "ST", "TX"))
        if chance < 0.12:
            return self.pick(("", "=", ">", "<")) + "^" + text, "SN"
        if chance < 0.14:
            return "^%s^-^%s" % (text, sent(low * 2, factor)), "SN"
        return text, self.pick(("NM", "NM", "NM", "ST", ""))

    def result(self, code):
        kind, quantity = facts.CODES[code]
        if quantity is None:
            return obx(0, code, self.pick(("Positive", "negative")), "", "ST"), self.around()
        self.kinds.add(kind)
        unit, factor = self.pick(list(facts.TABLE[quantity].items()))
        value, type_ = self.value(kind, factor)
        limits = self.pick(LIMITS.get(kind, ("",)))
        if limits and factor != 1:
            limits = ""
        if limits and self.luck.random() < 0.1:
            limits += " " + self.pick((unit, "nmol/L"))
        if self.luck.random() < 0.04:
            unit = self.pick(FOREIGN)
        written = self.pick((unit, unit, unit.upper(), unit + "^x^UCUM", "zz^x^L^" + unit))
        fields = obx(0, code, value, written, type_, limits, self.pick(FLAGS), self.pick(STATUSES))
        return fields, self.around()

    def replicate(self, row):
        fields, _ = row
        code, value = fields[3].split("^")[0], fields[5]
        try:
            factor = self.pick((1, D("1.02"), D("1.5")))
            again = plain(D(value) * factor)
        except ArithmeticError:
            return []
        if fields[8] in ("<", ">") or D(value) <= 0:
            return []
        return [(obx(0, code, again, fields[6], "NM", fields[7], "", fields[11]), [])]

    def around(self):
        extra = []
        if self.luck.random() < 0.1:
            extra.append(["PRT", "1", "AD", "", "RO"])
        for number in range(self.pick((0, 0, 0, 0, 1, 2))):
            first = self.pick((str(number + 1), "", "4", "x"))
            extra.append(["NTE", first, "L", "A note of the laboratory"])
        if self.luck.random() < 0.1:
            extra.append(["ZLB", "1", "site data"])
        return extra

    def companions(self):
        rows, luck = [], self.luck

        def add(share, *fields, **more):
            if luck.random() < share:
                more.setdefault("status", self.pick(("F",) * 8 + ("P", "C", "X")))
                rows.append((obx(0, *fields, **more), []))

        egfr_unit = self.pick((EGFR, "mL/min/1.73m2", "ml/min/1.73 m(2)", "mL/min", "mL/min/BSA"))
        add(0.3, "98979-8", self.pick(("45", "59.9", "60", "75", ">60", "<15", ">50", ">90")), egfr_unit)
        add(0.05, "88294-4", self.pick(("55", "65")), egfr_unit)
        add(0.05, "88293-6", self.pick(("58", "70")), egfr_unit)
        creatinine = self.pick(
            (("0.9", "mg/dL"), ("1.04", "mg/dL"), ("1.05", "mg/dL"), ("1.36", "mg/dl"), ("80", "umol/L"))
            + (("119.34", "umol/l"), ("119.35", "umol/L"), ("140", "mcmol/L"), ("1.2", "furlong"))
            + (("1.2", "umol/L"), ("4.9", "umol/L"), ("5", "umol/L"), ("90", "mg/dL"), ("56", "mg/dL"))
        )
        add(
            0.25,
            self.pick(("2160-0", "14682-9", "77140-2")),
            *creatinine,
            limits="60-110" if creatinine[1] == "umol/L" and luck.random() < 0.6 else "",
            flag=self.pick(("", "", "", "", "H", "HH", "N", "L", "HI", "HI^x^L^H", "^High")),
        )
        add(0.05, "33863-2", "1.1", "mg/L", flag=self.pick(("H", "HH", "H")))
        add(0.25, "1751-7", *self.pick((("35", "g/L"), ("34.9", "g/L"), ("3.5", "g/dL"), ("3.4", "gm/dL"), ("3.5", "g/L"), ("5", "g/L"))))
        add(0.08, "61151-7", *self.pick((("36", "g/L"), ("3.4", "g/dL"))))
        add(0.05, "2862-1", *self.pick((("31", "g/L"), ("4.1", "g/dL"))))
        add(0.3, "2756-5", self.pick(("5.0", "5.9", "6", "6.0", "7.5")), self.pick(("[pH]", "pH")))
        add(0.15, "2161-8", *self.pick((("19.9", "mg/dL"), ("20", "mg/dL"), ("1.7", "mmol/L"), ("9", "mmol/L"))))
        return rows


def by_chance():
    luck = random.Random(SEED)
    for number in range(CHANCES):
        yield Chance(number, luck).message()


# ---- comparing ------------------------------------------------------------------------------------


def frames(data):
    return [f.partition(b"\x0b")[2] for f in data.split(b"\x1c\r")[:-1]]


def compare(name, messages):
    report = program.Report(name)
    given = b"".join(b"\x0b" + m + b"\x1c\r" for m in messages)
    expected = [b2m.annotate(m) for m in messages]
    annotated, complaint = program.annotate(given)
    if complaint:
        report.wrong(complaint)
    outs = frames(annotated)
    findings = {}
    for line in program.findings(given):
        number, _, rest = line.partition(" ")
        findings.setdefault(int(number), []).append(rest)
    if len(outs) != len(messages):
        report.wrong("%d messages went in, %d came out" % (len(messages), len(outs)))
    for number, (message, (oracle, lines), out) in enumerate(zip(messages, expected, outs), 1):
        if report.same("message %d" % number, message, oracle, out):
            lines = [line.partition(" ")[2] for line in lines]
            report.same("findings of message %d" % number, message, lines, findings.get(number, []))
    plain = [
        (m, oracle) for m, (oracle, _) in zip(messages, expected)
        if m.startswith(b"MSH|^~\\&|") and m.endswith(b"\r")
    ]
    stream, oracles = (b"".join(part) for part in zip(*plain))
    report.same("all messages without frames", b"", oracles, program.annotate(stream)[0])
    if program.verify(given, annotated):
        report.wrong(program.verify(given, annotated))
    again, _ = program.annotate(annotated)
    for number, (out, second) in enumerate(zip(outs, frames(again)), 1):
        report.same("message %d, annotated again" % number, out, out, second)
    return report


def main(words):
    messages = [*systematic(), *combined(), *by_chance()]
    if words[:1] == ["--dump"]:
        sys.stdout.buffer.write(messages[int(words[1]) - 1].replace(b"\r", b"\n"))
        return
    compare("grid", messages[::EVERY]).end()


if __name__ == "__main__":
    main(sys.argv[1:])
