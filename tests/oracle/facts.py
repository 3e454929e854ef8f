# SPDX-License-Identifier: MIT
"""Codes, units, limits and wording of beta-2-microglobulin, as the fact sheet has them."""

import re
from decimal import Decimal as D

# ---- which code is what: (kind of result, quantity) --------------------------------

CODES = {}


def _codes(kind, quantity, words):
    for word in words.split():
        CODES[word] = (kind, quantity)


_codes("serum", "mass", "1952-1 83078-6 56786-7")
_codes("serum", "mole", "14626-6 76484-5")
_codes("serum", "mass", "87708-4")
_codes("urine", "mass", "1953-9 83077-8")
_codes("urine", "mole", "32302-2")
_codes("rate", "mass rate", "10873-8")
_codes("rate", "mole rate", "56662-0")
_codes("collected", "mass", "54356-1")
_codes("collected", "mole", "50824-2")
_codes("ratio", "mass ratio", "13485-8 44303-6")
_codes("ratio", "mass per mole", "59177-6 93729-2")
_codes("ratio", "mole ratio", "39773-7")
_codes("csf", "mass", "1951-3")
_codes("csf", "mole", "32301-4")
_codes("fluid", "mass", "48166-3 59218-8 59217-0 49081-3 88711-7")
_codes("fluid", "mole", "39458-5")
_codes("urine word", None, "83079-4 43819-2")
_codes("word", None, "83076-0 43818-4 43919-0")

# other proteins, and amyloid in tissue: never B2M
NOT_B2M = "10467-9 31151-4 46723-3 48413-9 48414-7 48415-4 50385-4 77163-4".split()

# what leaves a result normal, or says nothing of that; any other flag may mean abnormal
HARMLESS = {"", '""', "N", "null", "U", "D", "B", "W", "<", ">", "AC", "QCF", "IE", "NEG", "ND", "NR"}

POST_DIALYSIS = "87708-4"
# two codes of one fluid
SAME_FLUID = {"39458-5": "48166-3", "88711-7": "49081-3"}
# results that only a patient on dialysis has
OF_DIALYSIS = (POST_DIALYSIS, "49081-3", "88711-7")
SYSTEMS = ("ln", "loinc", "http://loinc.org", "2.16.840.1.113883.6.1")

# companion: name -> codes with (tier, quantity)
COMPANIONS = {}


def _companion(name, tier, quantity, words):
    for word in words.split():
        COMPANIONS[word] = (name, tier, quantity)


_companion("albumin", 1, "albumin", "1751-7 61151-7 61152-5")
_companion("albumin", 2, "albumin", "77148-5 76631-1")
_companion("albumin", 3, "albumin", "2862-1")
_companion(
    "creatinine", 1, "creatinine", "2160-0 14682-9 77140-2 38483-4 59826-8 21232-4 35203-9"
)
_companion(
    "egfr",
    1,
    "egfr",
    "98979-8 98980-6 94677-2 62238-1 33914-3 77147-7 76633-7 50044-7 70969-1 69405-9 50210-4",
)
_companion("egfr", 2, "egfr", "88294-4 88293-6 48642-3 48643-1")
_companion("egfr", 1, "egfr", "50384-7")
CHILD_ONLY = ("50384-7",)
_companion("cystatin", 1, "cystatin", "33863-2")
_companion("urine creatinine", 1, "urine creatinine", "2161-8 14683-7 20624-3 25886-3 35674-1")
_companion("ph", 1, "ph", "2756-5 5803-2 27378-9 50897-8")

# ---- units: normalised spelling -> factor to the kind's own unit --------------------
# One row, one unit: "1" and "1.0" are two units with the same factor.

MASS = {
    "1": "mg/l mgl-1 mg.l-1 milligram/liter milligram/litre mg/liter mg/litre mgperl",
    "1.0": "ug/ml mcg/ml microg/ml mcgm/ml ugm/ml microgram/milliliter",
    "0.001": "ug/l mcg/l microg/l",
    "0.0010": "ng/ml nanogram/milliliter",
    "10": "mg/dl mg/100ml",
    "0.01": "ug/dl mcg/dl ug/100ml",
    "0.00001": "ng/dl",
    "1000": "g/l",
}
MOLE = {"0.011731": "nmol/l", "11.731": "umol/l mcmol/l"}


def _day(unit):
    tails = "24h 24hr 24hrs 24hour 24hours d day (24.h) 24.h".split()
    return " ".join("%s%s%s" % (unit, over, tail) for tail in tails for over in ("/", "per"))


MASS_RATE = {
    "1": _day("ug") + " " + _day("mcg"),
    "1000": "mg/24h mg/24hr mg/24hrs mg/d mg/day mg/(24.h)",
    "1000000": "g/24h",
    "1440": "ug/min",
}
MOLE_RATE = {"11.731": "nmol/(24.h) nmol/24h nmol/24hr nmol/24hrs nmol/d nmol/day"}


def _creatinine(*units):
    names = "{creat} creat cr crt crea creatinine".split()
    return " ".join(unit + name for unit in units for name in names + [""])


MASS_RATIO = {
    "1": _creatinine("ug/g", "mcg/g"),
    "1.0": _creatinine("ng/mg"),
    "1000": _creatinine("mg/g"),
    "1000.0": _creatinine("ug/mg", "mcg/mg"),
}
MASS_PER_MOLE = {
    "8.840": _creatinine("ug/mmol", "mcg/mmol"),
    "8.8400": _creatinine("mg/mol"),
    "8840": _creatinine("mg/mmol"),
}
MOLE_RATIO = {"103.7": _creatinine("nmol/mmol")}

UNITS = {
    "mass": MASS,
    "mole": MOLE,
    "mass rate": MASS_RATE,
    "mole rate": MOLE_RATE,
    "mass ratio": MASS_RATIO,
    "mass per mole": MASS_PER_MOLE,
    "mole ratio": MOLE_RATIO,
    # companions: g/dL; umol/L; mmol/L (so that 88.4 need not be divided by)
    "albumin": {"1": "g/dl gm/dl gms/dl", "0.1": "g/l gm/l"},
    "creatinine": {"88.4": "mg/dl mgs/dl", "1": "umol/l mcmol/l"},
    "urine creatinine": {"0.0884": "mg/dl mgs/dl", "1": "mmol/l", "0.001": "umol/l mcmol/l", "8.84": "g/l"},
    "cystatin": {"1": "mg/l"},
    "ph": {"1": "[ph] ph {ph} phunit phunits"},
    "egfr": {
        "1": "ml/min/1.73m2 ml/min/1.73m^2 ml/min/1.73sqm ml/min/1.73m(2) ml/min/1.73 "
        "ml/min/{1.73_m2} ml/min/{1.73m2} ml/min/(1.73) ml/min/bsa ml/min/1.73msq "
        "ml/mn/1.73m2 ml/min/1.73m*2 ml/min/1.73_m2 ml/min/1,73m2 ml/min"
    },
}
MOLAR_QUANTITIES = ("mole", "mole rate", "mole ratio")

TABLE = {
    quantity: {spelling: D(factor) for factor, words in rows.items() for spelling in words.split()}
    for quantity, rows in UNITS.items()
}


def normal_unit(raw):
    """Spelling as the table has it; bytes in, text out."""
    for micro in (b"\xc3\x82\xc2\xb5", b"\xc2\xb5", b"\xce\xbc", b"&micro;", b"\xb5", b"\xe6"):
        raw = raw.replace(micro, b"u")
    raw = raw.replace(b"\xc2\xb2", b"2").replace(b"\xb2", b"2")
    return re.sub(r"[ \t]", "", raw.decode("latin-1")).lower()


# ---- limits ---------------------------------------------------------------------------
# the shipped intervals: (low, high, high itself is outside)

SHIPPED = {
    "serum": (D("0.7"), D("1.8"), False),
    "urine": (None, D("0.3"), False),
    "rate": (None, D("370"), True),
    "ratio": (None, D("300"), False),
    "csf": (D("0.7"), D("1.8"), False),
}
PLAUSIBLE = {
    "serum": (D("0.1"), D("200")),
    "urine": (None, D("500")),
    "csf": (None, D("100")),
    "albumin": (D("0.5"), D("10")),
}
# where the upper limit of a laboratory's own interval may lie; elsewhere it is of another unit
LIMIT_SPANS = {
    "serum": (D("0.5"), D("10")),
    "urine": (D("0.05"), D("20")),
    "rate": (D("30"), D("20000")),
    "ratio": (D("30"), D("20000")),
    "csf": (D("0.5"), D("10")),
    "creatinine": (D("15"), D("300")),
    "cystatin": (D("0.3"), D("5")),
}
STAGE = (D("3.5"), D("5.5"))
CREATININE = {"M": D("1.35") * D("88.4"), "F": D("1.04") * D("88.4")}
DILUTE = D("1.768")
MISCALLED = D("5")  # umol/L of creatinine: below, it was mg/dL

SPECIMENS = {
    "blood": ("ser", "serum", "plas", "plasma"),
    "urine": ("ur", "urine"),
    "csf": ("csf",),
    "none of these": ("amn", "snv", "cbld", "tiss"),
}
MADE_FROM = {
    "serum": "blood",
    "urine": "urine",
    "rate": "urine",
    "collected": "urine",
    "ratio": "urine",
    "urine word": "urine",
    "csf": "csf",
    "fluid": "fluid",
    "word": "blood",
}


def made_from(code):
    return "csf" if code == "43919-0" else MADE_FROM[CODES[code][0]]


# ---- wording ------------------------------------------------------------------------------

WORDING = """
S01: Beta-2-microglobulin is within the reference interval. It can serve as
S01: a baseline; a value in range does not by itself exclude disease.
S02: Low beta-2-microglobulin has no recognised clinical significance.
S03: Raised beta-2-microglobulin. It rises with faster cell turnover or
S03: immune activation and with slower kidney clearance; the value alone
S03: cannot tell these apart.
S10: In newly diagnosed myeloma: B2M below 3.5 mg/L with albumin 3.5 g/dL
S10: or more falls in the ISS stage I band.
S11: In newly diagnosed myeloma: B2M below 3.5 mg/L with albumin below
S11: 3.5 g/dL falls in the ISS stage II band.
S12: In newly diagnosed myeloma: B2M from 3.5 to below 5.5 mg/L falls in
S12: the ISS stage II band. Reduced kidney filtration alone can give this.
S13: In newly diagnosed myeloma: B2M of 5.5 mg/L or more falls in the ISS
S13: stage III band. Poor kidney clearance alone can reach this level.
S14: In newly diagnosed myeloma: B2M below 3.5 mg/L; serum albumin is
S14: needed to place the ISS band (I or II).
S15: Albumin results in this report disagree; no ISS band is suggested.
S20: Kidney function in this report is reduced. Slower clearance may explain
S20: part or all of the raised B2M; read it with creatinine and eGFR.
S21: Stage bands assume normal kidney clearance. If kidney function is
S21: impaired, reassess the stage after it has recovered.
S22: No creatinine, eGFR or cystatin C accompanies this result. Check
S22: kidney function before reading a raised B2M as a disease signal.
S23: Kidney results in this report are not reduced, so slower clearance is
S23: a less likely explanation of the raised B2M.
S24: Values on dialysis are expected to be high; routine intervals and
S24: staging cut-offs do not apply.
S30: Not diagnostic on its own. Interpret with clinical findings and other
S30: tests.
S31: Non-malignant causes include viral infection, autoimmune or
S31: inflammatory disease and liver disease.
U01: Urine beta-2-microglobulin is within the expected limit.
U02: Urine B2M is within the expected limit. Urine pH is not reported; B2M
U02: breaks down in acid urine, so a falsely low value is possible.
U03: Raised urine B2M is consistent with reduced tubular reabsorption.
U03: It does not identify the cause; correlate clinically.
U04: Urine pH is below 6. B2M degrades in acid urine and the result may be
U04: falsely low; consider a fresh, pH-adjusted specimen.
U05: 24-hour result: depends on a complete timed collection kept cold.
U06: Raised urine B2M per creatinine is consistent with reduced tubular
U06: reabsorption.
U07: Urine creatinine is below 20 mg/dL (very dilute); consider repeating
U07: the collection.
U09: No established interval for this age; adult limits not applied.
U10: Qualitative or arbitrary-unit result; numeric limits do not apply.
C01: CSF beta-2-microglobulin is within the reference interval.
C02: Raised CSF B2M is a non-specific sign of immune or cellular activity
C02: in the nervous system (infection, inflammation or neoplasm).
C02: Not diagnostic on its own; interpret with cytology and imaging.
C04: Low CSF beta-2-microglobulin has no recognised significance.
O01: No reference interval is available for this specimen type.
O02: Qualitative or arbitrary-unit result; numeric limits do not apply.
X01: Serum B2M is raised while urine is not: this favours increased
X01: production or reduced glomerular filtration over tubular loss.
X02: Serum and urine B2M are both raised: tubular damage is possible;
X02: reduced filtration or high production may contribute.
X03: Urine B2M is raised while serum is not: this points to the kidney
X03: tubules rather than to cell turnover.
X04: Serum and urine cannot be compared safely: urine pH is low or unknown
X04: and urine B2M may be falsely low.
G02: Preliminary result; interpretation deferred to the final report.
G03: Corrected result. Comments refer to the corrected value; disregard
G03: comments issued with the earlier value.
G05: Unit missing or not recognised; automated interpretation not
G05: performed.
G06: Result is outside the measuring range; interpretation is limited.
G06b: Result lies close to a decision limit after unit conversion.
G07: Value is implausible for the stated unit; automated interpretation
G07: not performed. Please verify.
G11: Patient age is under 18 or unknown; adult intervals not applied.
"""

TEXTS = {}
for _line in WORDING.strip().splitlines():
    _rule, _, _text = _line.partition(": ")
    TEXTS.setdefault(_rule, []).append(_text)

TEXTS["U05n"] = []  # U05 within its limit: a flag without a second text

# what is left out first when there are too many lines
PRIORITY = {"S31": -2, "X01": -1, "X02": -1, "X03": -1, "X04": -1, "S30": -1}
MOST_LINES = 12
