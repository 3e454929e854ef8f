#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The golden values of the fact sheet, written down by hand: no oracle is asked here."""

import sys

sys.dont_write_bytecode = True
import program  # noqa: E402

EGFR = "mL/min/{1.73_m2}"
MYELOMA = "DG1|1||C90.00^Multiple myeloma^I10"

# results: (code, value, unit[, system[, flag]]); what the first B2M finding must be
GOLDEN = [
    ("in range", [("1952-1", "1.8", "mg/L")], "1 OBX[1] 1952-1 rules=S01 flag=N:set"),
    (
        "raised, no kidney results",
        [("1952-1", "1.81", "mg/L")],
        "1 OBX[1] 1952-1 rules=S03,S22,S30 flag=H:set",
    ),
    (
        "0.35 mg/dL is 3.5 mg/L",
        [("1952-1", "0.35", "mg/dL")],
        "1 OBX[1] 1952-1 rules=S03,S12,S22,S30 flag=H:set",
    ),
    (
        "3499 ng/mL is 3.499 mg/L",
        [("1952-1", "3499", "ng/mL")],
        "1 OBX[1] 1952-1 rules=S03,S22,S30 flag=H:set",
    ),
    (
        "298 nmol/L is 3.496 mg/L",
        [("76484-5", "298", "nmol/L")],
        "1 OBX[1] 76484-5 rules=S03,S22,S30,G06b flag=H:set",
    ),
    (
        "469 nmol/L is 5.502 mg/L",
        [("76484-5", "469", "nmol/L")],
        "1 OBX[1] 76484-5 rules=S03,S13,S22,S30,G06b flag=H:set",
    ),
    (
        "5500 ug/L is 5.5 mg/L",
        [("1952-1", "5500", "ug/L")],
        "1 OBX[1] 1952-1 rules=S03,S13,S22,S30 flag=H:set",
    ),
    (
        "reduced kidney function",
        [("1952-1", "5.5", "mg/L"), ("98979-8", "45", EGFR)],
        "1 OBX[1] 1952-1 rules=S03,S13,S20,S21,S30 flag=H:set",
    ),
    (
        "stage I",
        [MYELOMA, ("1952-1", "3.2", "mg/L"), ("1751-7", "35", "g/L"), ("98979-8", ">60", EGFR)],
        "1 OBX[1] 1952-1 rules=S03,S10,S23,S30,S31 flag=H:set",
    ),
    (
        "stage II by albumin",
        [MYELOMA, ("1952-1", "3.2", "mg/L"), ("1751-7", "34", "g/L")],
        "1 OBX[1] 1952-1 rules=S03,S11,S22,S30 flag=H:set",
    ),
    (
        "3500 mg/L",
        [("1952-1", "3500", "mg/L")],
        "1 OBX[1] 1952-1 skip=implausible rules=G07",
    ),
    ("3.5 g/L", [("1952-1", "3.5", "g/L")], "1 OBX[1] 1952-1 skip=implausible rules=G07"),
    (
        "urine at the limit",
        [("1953-9", "300", "ug/L"), ("2756-5", "6.5", "[pH]")],
        "1 OBX[1] 1953-9 rules=U01 flag=N:set",
    ),
    (
        "acid urine",
        [("1953-9", "0.25", "mg/L"), ("2756-5", "5.0", "[pH]")],
        "1 OBX[1] 1953-9 rules=U04",
    ),
    (
        "24 h rate",
        [("10873-8", "0.5", "mg/24hr")],
        "1 OBX[1] 10873-8 rules=U05 flag=H:set",
    ),
    (
        "per mole of creatinine",
        [("59177-6", "35", "ug/mmol")],
        "1 OBX[1] 59177-6 rules=U06 flag=H:set",
    ),
    (
        "the same unit with a mass ratio",
        [("13485-8", "35", "ug/mmol")],
        "1 OBX[1] 13485-8 skip=unit_unknown rules=G05",
    ),
    ("CSF", [("1951-3", "1.9", "mg/L")], "1 OBX[1] 1951-3 rules=C02 flag=H:set"),
    (
        "a place, not a code",
        [("1952-1", "2.5", "mg/L", "CDCREC")],
        "1 message skip=no_observation",
    ),
    ("no system", [("1952-1", "2.5", "mg/L", "")], "1 message skip=no_observation"),
    (
        "the laboratory's flag stays",
        [("1952-1", "2.5", "mg/L", "LN", "N")],
        "1 OBX[1] 1952-1 rules=S03,S22,S30 flag=H:differs",
    ),
]


def message(rows):
    segments = [
        "MSH|^~\\&|LABSYS|LAB|EHR|SITE|20260312143005||ORU^R01|GOLD1|T|2.5.1",
        "PID|1||TEST0001||SAMPLE^ANNA||19600214|F",
    ]
    segments += [r for r in rows if isinstance(r, str)]
    segments.append("OBR|1|||1952-1^B2M^LN|||20260312101500")
    for number, row in enumerate((r for r in rows if not isinstance(r, str)), 1):
        code, value, unit, system, flag = row + ("LN", "")[len(row) - 3 :]
        segments.append(
            "OBX|%d|ST|%s^x^%s||%s|%s||%s|||F" % (number, code, system, value, unit, flag)
        )
    return ("\r".join(segments) + "\r").encode()


def main():
    report = program.Report("golden values")
    for name, rows, expected in GOLDEN:
        given = message(rows)
        report.same(name, given, [expected], program.findings(given))
        annotated, complaint = program.annotate(given)
        if complaint:
            report.wrong("%s: %s" % (name, complaint))
        flag = expected.partition(" flag=")[2].partition(":")
        filled = annotated.split(b"OBX|1|")[1].split(b"\r")[0].split(b"|")[6].decode()
        wanted = flag[0] if flag[2] == "set" else (rows[0][4] if len(rows[0]) == 5 else "")
        report.same(name + ", OBX-8", given, [wanted], [filled])
    report.end()


if __name__ == "__main__":
    main()
