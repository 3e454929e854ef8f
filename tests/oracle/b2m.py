# SPDX-License-Identifier: MIT
"""The oracle: what the shipped mapping must make of an ORU^R01 message.

A second, slow and separate reading of the rules, in exact decimals.  It knows
nothing of mapping files: the rules stand here as code, one function for each kind of
result, so that a mistake made in the mapping or the engine is not made here as well.

    python3 b2m.py FILE             the annotated bytes
    python3 b2m.py --findings FILE  one line for each mapped result
"""

import re
import sys
from decimal import Decimal as D

import facts
import wire
from wire import k_all, k_any, k_not

NAME, VERSION = "b2m", "1.0.0"
DAY = 86400
FINAL, CORRECTED, PRELIMINARY = ("F", "B", "V"), ("C", "A"), ("P", "S")
# what leaves a result normal, or says nothing of that; any other flag may mean abnormal
HARMLESS = {"", '""', "N", "null", "U", "D", "B", "W", "<", ">", "AC", "QCF", "IE", "NEG", "ND", "NR"}
HIGH = {"H", "HH", "HU", "H>"}
ABNORMAL = HIGH | {"A", "AA"}
GRAVE = ABNORMAL | {"LL", "LU", "L<"}
TABLE_0078 = set(
    "N A AA H HH HU H> L LL LU L< U D B W < > AC IE QCF TOX S I R MS VS NS SDD SYN-R SYN-S "
    'POS NEG DET ND IND RR WR NR HM OBX NULL ""'.split()
)
# nobody reads on where an addendum goes on with one of these
READ_WHOLE = (b"MSH", b"PID", b"DG1", b"OBR", b"SPM")
NOTE_SLOT_ENDS = (b"SPM", b"FT1", b"CTI", b"ORC", b"PID", b"DSC", b"DEV")


def text_of(data):
    return data.decode("latin-1").strip(" \t")


# ---- the message as results ------------------------------------------------------------


class Result:
    """One OBX with what it inherits from its order and patient."""

    def __init__(self, message, place, ordinal, order, patient, slot, specimen):
        self.message, self.place, self.ordinal = message, place, ordinal
        self.segment = message.segments[place]
        self.order, self.patient, self.slot = order, patient, slot
        self.specimen = specimen  # the SPM in front of it, where it tells of that
        self.follower = None  # a line of text that belongs to it
        self.skip, self.fired, self.flag, self.outcome = None, [], "", ""

    def field(self, number):
        return self.segment.get(number)

    def text(self, number, component=1):
        return text_of(self.message.piece(self.field(number), component))

    def codes(self):
        parts = [text_of(p) for p in self.message.components(self.field(3))]
        parts += [""] * (12 - len(parts))
        return [(parts[i], parts[i + 2].lower()) for i in (0, 3, 9) if parts[i]]

    def loinc(self, table):
        for code, system in self.codes():
            if system in facts.SYSTEMS and code in table:
                return code
        return None

    def status(self):
        status = self.text(11)
        if status in FINAL:
            return "final"
        if status in CORRECTED:
            return "corrected"
        return "preliminary" if status in PRELIMINARY else None

    def flags(self):
        """The codes of all repetitions: components 1, 4 and 10, or the words where there is no code."""
        found = []
        for repetition in self.message.repetitions(self.field(8)):
            parts = [text_of(p) for p in self.message.components(repetition)] + [""] * 9
            codes = [parts[i] for i in (0, 3, 9) if parts[i]]
            found += codes or ["".join(parts)]
        return found

    def flagged(self, words):
        """Does the laboratory say so?  None where nobody told us what its own code means."""
        if words & {f.upper() for f in self.flags()}:
            return True
        return None if self.flag_unknown() else False

    def flag_unknown(self):
        """Is there a flag of which HL7 does not say what it means?"""
        return any(f and f.upper() not in TABLE_0078 for f in self.flags())

    def stamp(self):
        """When the specimen was taken: the first text that is a time."""
        sources = [(self.segment, 14), (self.specimen, 17), (self.order.specimen, 17), (self.order.segment, 7)]
        for segment, number in sources:
            text = self.message.piece(segment.get(number), 1) if segment else b""
            if wire.time(text_of(text)):
                return text
        return b""

    def time(self):
        return wire.time(text_of(self.stamp()))

    def collection(self):
        """What tells one collection from another: the moment in UTC, or the order."""
        time, sent = self.time(), self.message.sent()
        if time is None:
            return (self.order,)
        zone = sent.zone if time.zone is None and sent else time.zone
        moment = (time.first - (zone or 0) * 60, time.last - (zone or 0) * 60, zone is None)
        return (self.order, moment) if time.last - time.first >= DAY else (moment,)

    def own_value(self):
        return wire.value(self.message, self.field(2), self.field(5))

    def unit_name(self):
        message = self.message
        parts = message.components(message.repetitions(self.field(6))[0])
        names = [parts[i] for i in (0, 3) if i < len(parts)]
        names = [message.unescape(n).strip(b" \t") for n in names]
        return [facts.normal_unit(n) for n in names if n and n != b'""']

    def factor(self, quantity):
        for name in self.unit_name():
            if name in facts.TABLE[quantity]:
                return facts.TABLE[quantity][name]
        return None

    def reading(self, quantity):
        """(interval in the kind's unit, None) or (None, skip)."""
        value, skip = self.own_value()
        if skip:
            return None, skip
        # OBX-8 may say that the scale ended here
        value = value.opened("<" in self.flags(), ">" in self.flags())
        unit = self.message.components(self.message.repetitions(self.field(6))[0])
        if all(p.strip() in (b"", b'""') for p in unit):
            return None, "unit_missing"
        factor = self.factor(quantity)
        if factor is None:
            return None, "unit_unknown"
        return value.scaled(factor), None

    def own_reference(self, quantity, kind):
        """OBX-7 in the kind's unit, or None; also where its upper end can be of no such unit."""
        limits = self.read_reference(quantity)
        if limits and kind in facts.LIMIT_SPANS:
            least, most = facts.LIMIT_SPANS[kind]
            end = limits.low if limits.high is None else limits.high
            if not least <= end <= most:
                return None
        return limits

    def read_reference(self, quantity):
        field = self.message.repetitions(self.field(7))[0]
        parts = self.message.components(field)
        if re.search(rb"[A-Za-z\x80-\xff]", b"".join(parts[1:])):
            return None
        read = wire.reference(text_of(self.message.unescape(parts[0])))
        if not read:
            return None
        limits, unit = read
        if limits.is_point():  # 0-0 fills the field and says nothing
            return None
        factor = self.factor(quantity)
        if unit:
            name = facts.normal_unit(unit.encode("latin-1"))
            if not self._same_unit(name, quantity):
                return None
        return limits.scaled(factor)

    def unread_reference(self):
        """Are there numbers in OBX-7?  Where they say nothing, the shipped interval may not either."""
        return any(chr(c).isdigit() for c in self.field(7) if c < 128)

    def _same_unit(self, name, quantity):
        mine = [n for n in self.unit_name() if n in facts.TABLE[quantity]][:1]
        rows = (row.split() for row in facts.UNITS[quantity].values())
        return any(name in row and mine[0] in row for row in rows if mine)


class Order:
    def __init__(self, segment):
        self.segment, self.specimen = segment, None

    def cancelled(self):
        if not self.segment:
            return False
        return text_of(self.segment.message.piece(self.segment.get(25), 1)) == "X"


class Patient:
    def __init__(self, segment):
        self.segment, self.diagnoses = segment, []

    def repeated_by(self, pid):
        """The same identifiers, name, birth and sex, to the letter?"""
        identifier = pid.message.piece(pid.get(3), 1).strip(b" \t")
        if not self.birth() or identifier in (b"", b'""'):
            return False
        return all(self.segment.get(n) == pid.get(n) for n in (3, 5, 7, 8))

    def sex(self):
        if not self.segment:
            return ""
        return text_of(self.segment.message.piece(self.segment.get(8), 1))

    def birth(self):
        if not self.segment:
            return None
        return wire.time(text_of(self.segment.message.piece(self.segment.get(7), 1)))


def results_of(message):
    results, order, patient, inside, seen = [], Order(None), Patient(None), False, False
    specimen, patients = None, []
    for place, segment in enumerate(message.segments):
        name = segment.name
        if name == b"PID":
            order, specimen = Order(None), None
            known = [p for p in patients if p.repeated_by(segment)]
            patient = known[0] if known else Patient(segment)
            patients.append(patient)
        elif name == b"OBR":
            order, inside, seen, specimen = Order(segment), True, False, None
        elif name == b"ORC":
            order, specimen = Order(None), None
        elif name == b"DG1":
            patient.diagnoses.append(segment)
        elif name == b"SPM":
            specimen = segment
            order.specimen = order.specimen or segment
        elif name == b"OBX":
            ordinal = sum(s.name == b"OBX" for s in message.segments[: place + 1])
            results.append(Result(message, place, ordinal, order, patient, inside, specimen))
            seen = True
        if name in NOTE_SLOT_ENDS:
            before = [s.name for s in message.segments[:place] if s.name[:1] != b"Z" and s.name not in (b"ADD", b"DEV")]
            if not (name == b"DEV" and before[-1:] == [b"PRT"] and not seen):
                inside = False
    _join(message, results)
    return results


def _join(message, results):
    """A line of text with the same OBX-3 and OBX-4 belongs to the result before it."""
    whole = []
    for result in results:
        before = whole[-1] if whole else None
        same = (
            before
            and before.order is result.order
            and before.slot == result.slot
            and (before.field(3), before.field(4)) == (result.field(3), result.field(4))
        )
        if same and not result.field(6) and not result.field(7) and result.own_value()[1]:
            before.follower = result
        else:
            whole.append(result)
    results[:] = whole


# ---- what a rule may ask -------------------------------------------------------------------


class Case:
    """One result of a known kind, and the report around it."""

    def __init__(self, result, results, code):
        self.result, self.results, self.code = result, results, code
        self.kind, self.quantity = facts.CODES[code]
        self.message = result.message
        self.value = self.limits = None
        self.near_by = []
        self.rules, self.wanted = [], []
        self.undecided = False
        self.specimen, self.told = [], False  # all results of it; has this one been commented on?

    def fire(self, rule, flag=""):
        self.rules.append(rule)
        if flag:
            self.wanted.append((rule, flag))

    # -- the patient --

    def adult_of(self, result):
        moment = result.time() or self.message.sent()
        return wire.age_reached(result.patient.birth(), moment, 18)

    def adult(self):
        return self.adult_of(self.result)

    def diagnosed(self, *prefixes):
        found = []
        for segment in self.result.patient.diagnoses:
            found += self.message.repetitions(segment.get(3))
        if self.result.order.segment:
            found += self.message.repetitions(self.result.order.segment.get(31))
        for one in found:
            parts = [text_of(p).replace(".", "").upper() for p in self.message.components(one)]
            for code in parts[0:1] + parts[3:4]:
                if any(code.startswith(p.replace(".", "")) for p in prefixes):
                    return True
        return False

    def dialysis(self):
        return (
            self.code == facts.POST_DIALYSIS
            or self.diagnosed("Z99.2", "Z49")
            or any(self.of_dialysis(other) for other in self.results)
        )

    def of_dialysis(self, other):
        """A usable result that only a patient on dialysis has."""
        code = other.loinc(facts.OF_DIALYSIS)
        if not code or other is self.result:
            return False
        kind, quantity = facts.CODES[code]
        reading = self.usable(other, quantity, facts.made_from(code))
        return bool(reading) and not implausible(kind, reading)

    # -- companions --

    def paired(self, other):
        mine, theirs = self.result, other
        if theirs.patient is not mine.patient:
            return False
        one, two = mine.time(), theirs.time()
        if mine.collection() == theirs.collection():
            return True
        if one is None or two is None:
            return False
        zone = self.message.sent()
        return wire.within(one, two, zone.zone if zone else None, DAY) is True

    def usable(self, other, quantity, expected):
        """What a companion reads, or None: final, numeric, of its specimen, of this one's time."""
        if other.status() not in ("final", "corrected") or other.order.cancelled():
            return None
        if specimen_conflict(other, expected) or not self.paired(other):
            return None
        return other.reading(quantity)[0]

    def companions(self, name):
        """Usable ones of the best tier: (result, reading, quantity)."""
        found = []
        for other in self.results:
            code = other.loinc(facts.COMPANIONS)
            if not code or facts.COMPANIONS[code][0] != name or other is self.result:
                continue
            _, tier, quantity = facts.COMPANIONS[code]
            if code in facts.CHILD_ONLY and self.adult_of(other) is not False:
                continue
            expected = "urine" if name in ("urine creatinine", "ph") else "blood"
            reading = self.usable(other, quantity, expected)
            if reading and not implausible(name, reading):
                found.append((tier, other, reading, quantity))
        best = min((f[0] for f in found), default=None)
        return [f[1:] for f in found if f[0] == best]

    def readings(self, name):
        return [reading for _, reading, _ in self.companions(name)]

    def creatinine_high(self, other, reading, quantity):
        if HIGH & set(other.flags()):
            return True
        unknown = None if other.flag_unknown() else False
        above = self.above_own(other, reading, quantity, "creatinine")
        if above is not None:
            return k_any(unknown, above)
        if other.own_reference(quantity, "creatinine") or other.unread_reference():
            return None
        if self.adult_of(other) is True and other.patient.sex() in facts.CREATININE:
            return k_any(unknown, reading.above(facts.CREATININE[other.patient.sex()]))
        return None

    def above_own(self, other, reading, quantity, name):
        """Above the interval that its laboratory sent, or, as far as that does not say, normal in
        its own words?"""
        limits = other.own_reference(quantity, name)
        above = reading.above_reference(limits) if limits else None
        return False if above is None and "N" in other.flags() else above

    def cystatin_high(self, other, reading, quantity):
        if HIGH & set(other.flags()):
            return True
        unknown = None if other.flag_unknown() else False
        return k_any(unknown, self.above_own(other, reading, quantity, "cystatin"))

    def kidney_reduced(self):
        answers = [r.below(D(60)) for r in self.readings("egfr")]
        answers += [self.creatinine_high(*c) for c in self.companions("creatinine")]
        answers += [self.cystatin_high(*c) for c in self.companions("cystatin")]
        return k_any(*answers)

    def kidney_known(self):
        return any(self.companions(n) for n in ("egfr", "creatinine", "cystatin"))

    def kidney_steady(self):
        strange = [c[0] for n in ("egfr", "creatinine", "cystatin") for c in self.companions(n)]
        flags = [set(c[0].flags()) for n in ("creatinine", "cystatin") for c in self.companions(n)]
        abnormal = any({"A", "AA"} & f for f in flags)
        low = {"A", "AA", "L", "LL", "LU", "L<"}
        abnormal |= any(low & set(c[0].flags()) for c in self.companions("egfr"))
        abnormal |= any(r.below(facts.MISCALLED) is True for r in self.readings("creatinine"))
        return k_all(self.kidney_known(), k_not(self.kidney_reduced()), not abnormal, None if any(r.flag_unknown() for r in strange) else True)

    def acid(self):
        return k_any(*(r.below(D(6)) for r in self.readings("ph")))

    def sour_free(self):
        """Is a pH of 6 or more reported?"""
        return k_any(*(r.at_least(D(6)) for r in self.readings("ph")))

    # -- the value --

    def limits_for(self, result, kind, quantity):
        """(limits, are they shipped ones?)"""
        own = result.own_reference(quantity, kind)
        if own and implausible(kind, own):  # written for another unit
            own = None
        if own or result.unread_reference():
            return own, False
        if kind in facts.SHIPPED and self.adult_of(result) is True:
            low, high, high_open = facts.SHIPPED[kind]
            return wire.Interval(low, high, False, high_open), True
        return None, False

    def above(self):
        return self.value.above_reference(self.limits) if self.limits else None

    def below(self):
        return self.value.below_reference(self.limits) if self.limits else None

    def inside(self):
        if not self.limits:
            return None
        return k_all(k_not(self.above()), k_not(self.below()))

    def near_limit(self):
        if self.quantity not in facts.MOLAR_QUANTITIES or not self.value.is_point():
            return False
        value = self.value.low
        return any(abs(value - cut) <= cut / 100 for cut in self.near_by)

    def pick_first(self, *rows):
        """Rows of (answer, rule, flag): the first that is true fires."""
        for answer, rule, flag in rows:
            if answer is None:
                self.undecided = True
                return
            if answer:
                self.fire(rule, flag)
                return


# ---- the rules, one function for each kind of result ---------------------------------------


def corrected_first(case):
    if case.result.status() == "corrected":
        case.fire("G03")


def children_next(case):
    if case.adult() is not True:
        case.fire("G11")


def doubts_last(case):
    if case.undecided and not case.value.is_point():
        case.fire("G06")
    if case.near_limit():
        case.fire("G06b")


def serum(case):
    corrected_first(case)
    if case.code == facts.POST_DIALYSIS:
        case.fire("S24")
        return
    children_next(case)
    dialysis = case.dialysis()
    if dialysis:
        case.fire("S24")
    else:
        case.pick_first(
            (case.inside(), "S01", "N"),
            (k_all(case.below(), k_not(case.result.flagged(GRAVE))), "S02", ""),
            (case.above(), "S03", "H"),
        )
        if case.adult() is True:
            case.near_by += facts.STAGE
            stage_bands(case)
        kidney(case)
    if case.above() is True:
        case.fire("S30")
        if case.kidney_steady() is True:
            case.fire("S31")
    if not dialysis:
        cross(case)
        doubts_last(case)


def stage_bands(case):
    low, high = facts.STAGE
    context = case.diagnosed("C90.0")
    albumin = case.readings("albumin")
    enough = k_any(*(a.at_least(low) for a in albumin))
    lacking = k_any(*(a.below(low) for a in albumin))
    young = k_all(context, case.value.below(low))
    case.pick_first(
        (k_all(young, enough, lacking), "S15", ""),
        (k_all(young, enough, k_not(case.kidney_reduced()), k_not(lacking)), "S10", ""),
        (k_all(young, lacking, k_not(enough)), "S11", ""),
        (k_all(young, not albumin), "S14", ""),
        (k_all(case.value.at_least(low), case.value.below(high)), "S12", "H"),
        (case.value.at_least(high), "S13", "H"),
    )


def kidney(case):
    reduced, steady = case.kidney_reduced(), case.kidney_steady()
    if k_all(case.above(), reduced):
        case.fire("S20")
    if {"S12", "S13"} & set(case.rules) and reduced:
        case.fire("S21")
    if k_all(case.above(), not case.kidney_known()):
        case.fire("S22")
    if k_all(case.above(), steady):
        case.fire("S23")


def cross(case):
    raised, urines, unflagged = case.above(), [], True
    for other in case.results:
        code = other.loinc(facts.CODES)
        if not code or facts.CODES[code][0] != "urine":
            continue
        quantity = facts.CODES[code][1]
        reading = case.usable(other, quantity, "urine")
        if not reading or implausible("urine", reading):
            continue
        limits, _ = case.limits_for(other, "urine", quantity)
        urines.append(reading.above_reference(limits) if limits else None)
        unflagged = k_all(unflagged, k_not(other.flagged(ABNORMAL)))
    if not urines or raised is None:
        return
    if any(urine != urines[0] for urine in urines):
        return  # they disagree: nothing can be said
    spilled = urines[0]
    if spilled and raised:
        case.fire("X02")
    elif spilled:
        if case.result.flagged(ABNORMAL) is False:
            case.fire("X03")
    elif spilled is False and raised and unflagged:
        case.fire("X01" if k_all(case.sour_free(), k_not(case.acid())) else "X04")


def urine(case):
    corrected_first(case)
    children_next(case)
    too_young(case)
    within = k_not(case.above())
    reported = bool(case.readings("ph"))
    case.pick_first(
        (case.above(), "U03", "H"),
        (k_all(within, not reported), "U02", "N"),
        (k_all(within, case.sour_free(), k_not(case.acid())), "U01", "N"),
    )
    urine_quality(case)
    doubts_last(case)


def too_young(case):
    """Silent where the laboratory has an interval for the child."""
    if case.adult() is False and not case.limits:
        case.fire("U09")


def urine_quality(case):
    if case.acid():
        case.fire("U04")
    if k_any(*(r.below(facts.DILUTE) for r in case.readings("urine creatinine"))):
        case.fire("U07")


def rate(case):
    corrected_first(case)
    children_next(case)
    too_young(case)
    case.fire("U05", "H" if case.above() else "")
    case.pick_first((k_all(k_not(case.above()), k_not(case.acid())), "U05n", "N"))
    case.undecided = case.undecided or case.above() is None
    urine_quality(case)
    doubts_last(case)


def collected(case):
    corrected_first(case)
    case.limits = None  # none is known for it
    too_young(case)
    case.fire("U05")
    urine_quality(case)


def ratio(case):
    corrected_first(case)
    children_next(case)
    too_young(case)
    case.pick_first((case.above(), "U06", "H"))
    urine_quality(case)
    doubts_last(case)


def csf(case):
    corrected_first(case)
    children_next(case)
    case.pick_first(
        (case.inside(), "C01", "N"),
        (k_all(case.below(), k_not(case.result.flagged(GRAVE))), "C04", ""),
        (case.above(), "C02", "H"),
    )
    doubts_last(case)


def fluid(case):
    corrected_first(case)
    case.fire("O01")


def words(case):
    corrected_first(case)
    message = case.message
    said = [
        text_of(message.unescape(one)).lower()
        for one in message.repetitions(case.result.field(5))
        if any(c.strip(b" ") not in (b"", b'""') for c in message.components(one))
    ]
    case.fire(
        "U10" if case.kind == "urine word" else "O02",
        "A" if said in (["positive"], ["present"]) else "",
    )


RULES = {
    "serum": serum,
    "urine": urine,
    "rate": rate,
    "collected": collected,
    "ratio": ratio,
    "csf": csf,
    "fluid": fluid,
    "urine word": words,
    "word": words,
}


# ---- gates ----------------------------------------------------------------------------------


def specimen_conflict(result, expected):
    """Does SPM-4 or OBR-15 name only other specimens?"""
    message, sources = result.message, []
    if result.order.specimen:
        parts = message.components(message.repetitions(result.order.specimen.get(4))[0])
        sources.append(parts[:2] + parts[3:5])
    if result.order.segment:
        first = message.components(message.repetitions(result.order.segment.get(15))[0])[0]
        sources.append(message.split(first, message.subcomponent))
    for names in sources:
        names = [text_of(n).lower() for n in names]
        named = {s for s, known in facts.SPECIMENS.items() for n in names if n in known}
        if named and expected not in named:
            return True
    return False


def gate(case):
    """Skip word, or None when the rules may be asked."""
    result = case.result
    if not result.slot:
        return "no_slot"
    if result.order.cancelled():
        return "order_cancelled"
    status = result.status()
    if status is None:
        return "status"
    if status == "preliminary":
        case.fire("G02")
        return "preliminary"
    if specimen_conflict(result, facts.made_from(case.code)):
        return "specimen_conflict"
    if case.quantity is None:
        m = case.message
        parts = [p.strip() for r in m.repetitions(result.field(5)) for p in m.components(r)]
        return None if any(p not in (b"", b'""') for p in parts) else "value_missing"
    case.value, skip = result.reading(case.quantity)
    if skip:
        if skip.startswith("unit"):
            case.fire("G05")
        return skip
    if implausible(case.kind, case.value):
        case.fire("G07")
        return "implausible"
    return None


def implausible(kind, value):
    low, high = facts.PLAUSIBLE.get(kind, (None, None))
    if k_not(value.above(D(0))) or (low is not None and value.below(low)):
        return True
    return high is not None and bool(value.above(high))


# ---- one message -----------------------------------------------------------------------------

UNSAFE = ("BIG-5", "GB 18030", "ISO IR", "UTF-16", "UTF-32", "KS X", "CNS ")


def message_skip(message):
    msh = message.segments[0]
    if not message.delimiters_usable():
        return "delimiters"
    kind = [text_of(p) for p in message.components(message.repetitions(msh.get(9))[0])]
    if kind[:2] != ["ORU", "R01"]:
        return "not_oru"
    named = any(r.loinc(facts.CODES) for r in results_of(message))
    names = [s.name for s in message.segments]
    read_on = any((name, b"ADD") in zip(names, names[1:]) for name in READ_WHOLE)
    if named and (message.valued(msh.get(14)) or b"DSC" in names or read_on):
        return "fragment"
    charsets = [text_of(r).upper() for r in message.repetitions(msh.get(18))]
    if any(u in c for u in UNSAFE for c in charsets) or b"\x1b" in message.data:
        return "charset"
    return None


def annotate_message(data):
    """(bytes, [finding lines]) of one message."""
    message = wire.Message(data)
    if not message.segments or message.segments[0].name != b"MSH":
        return data, []
    skip = message_skip(message)
    if skip:
        return data, ["message skip=" + skip]
    results = results_of(message)
    cases = []
    for result in results:
        code = result.loinc(facts.CODES)
        if code:
            cases.append(decide(Case(result, results, code)))
    if not cases:
        return data, ["message skip=no_observation"]
    repeat(cases)
    edits = []
    for case in cases:
        edits += write(case)
    return spliced(data, edits), [finding(c) for c in cases]


def decide(case):
    result = case.result
    result.skip = gate(case)
    if result.skip is None:
        if case.quantity:
            case.limits, shipped = case.limits_for(result, case.kind, case.quantity)
            if shipped:
                case.near_by += [e for e in (case.limits.low, case.limits.high) if e is not None]
        RULES[case.kind](case)
        if not case.rules:
            result.skip = "no_rule"
    result.fired = [[rule, "added"] for rule in case.rules]
    if is_abnormal(case):
        soften(case)
    return case


def is_abnormal(case):
    return bool(set(case.result.flags()) - HARMLESS)


def soften(case):
    """Never call normal what the laboratory flagged."""
    for rule, flag in case.wanted:
        if flag == "N":
            mark(case, rule, "softened")


def mark(case, rule, how):
    for entry in case.result.fired:
        if entry[0] == rule:
            entry[1] = how


def repeat(cases):
    """Where the results of one specimen disagree none is commented on, otherwise one, the first."""
    groups = {}
    for case in cases:
        if case.result.skip not in (None, "no_rule") or not case.value:
            continue
        alone = case.kind == "fluid" or case.code == facts.POST_DIALYSIS
        kind = facts.SAME_FLUID.get(case.code, case.code) if alone else case.kind
        key = (kind, case.result.patient, case.result.collection())
        case.specimen = groups.setdefault(key, [])
        case.specimen.append(case)
    for group in groups.values():
        if any(map(is_abnormal, group)):
            for case in group:
                soften(case)
        if any(differ(a.value, b.value) for a in group for b in group):
            for case in group:
                withhold(case, "disagreed")


def withhold(case, why):
    for entry in case.result.fired:
        if entry[1] == "added":
            entry[1] = why


def differ(one, two):
    if one.is_point() and two.is_point():
        return abs(one.low - two.low) > D("0.05") * min(one.low, two.low)
    # beyond a limit of the method: they differ when they have no number in common
    return beyond(one, two) or beyond(two, one)


def beyond(one, two):
    """Is all of one greater than all of two?"""
    if one.low is None or two.high is None:
        return False
    return one.low > two.high or (one.low == two.high and (one.low_open or two.high_open))


# ---- writing ------------------------------------------------------------------------------------


def write(case):
    """Edits for one result: (place, bytes)."""
    result, message = case.result, case.message
    if any(other.told for other in case.specimen):
        withhold(case, "repeated")
    says = any(how == "added" and facts.TEXTS[rule] for rule, how in result.fired)
    place, notes = insertion(case)
    held = [text_of(message.unescape(n.get(3))) for n in notes]
    for entry in result.fired:
        if entry[1] == "added" and holds(held, facts.TEXTS[entry[0]]):
            entry[1] = "present"
    setter = set_flag(case)
    lines = chosen(result, setter)
    if not lines:
        case.told = says
        return []
    own = [message.escaped(line) for line in lines]
    if any(line is None for line in own):
        result.skip, result.fired, result.flag, result.outcome = "text_unwritable", [], "", ""
        return []
    case.told = says
    edits = []
    if setter:
        at = result.segment.spans()[8][0]
        edits.append((at, result.flag.encode()))
    numbers = [text_of(n.get(1)) for n in notes]
    first = max([int(n) for n in numbers if n.isdigit()], default=0) + 1
    sep = message.field
    segments = [
        sep.join([b"NTE", b"%d" % (first + i), b"O", line]) for i, line in enumerate(own)
    ]
    last = place
    ending = last.terminator()
    if ending:
        added = b"".join(s + ending for s in segments)
    else:
        ending = message.segments[0].terminator()
        added = b"".join(ending + s for s in segments)
    edits.append((last.next, added))
    return edits


def insertion(case):
    """The segment behind which our notes go, and the notes that stand there."""
    segments = case.message.segments
    result = case.result.follower or case.result
    place, notes = result.place, []
    while place + 1 < len(segments) and segments[place + 1].name in (b"ADD", b"PRT"):
        place += 1
    while place + 1 < len(segments) and segments[place + 1].name in (b"NTE", b"ADD"):
        place += 1
        if segments[place].name == b"NTE":
            notes.append(segments[place])
    return segments[place], notes


def holds(held, lines):
    return lines != [] and any(held[i : i + len(lines)] == lines for i in range(len(held)))


def set_flag(case):
    """The rule whose flag goes into an empty OBX-8, or None.

    Where rules disagree, an abnormal flag outranks a normal one: the other way
    round a stage band would stand beside N.
    """
    result = case.result
    if not case.wanted:
        return None
    rule, flag = min(case.wanted, key=lambda w: w[1] == "N")
    result.flag = flag
    if result.field(8) == b"":
        result.outcome = "set"
        return rule
    result.outcome = "present" if flag in result.flags() else "differs"
    return None


def chosen(result, setter):
    """The lines to add, trailer last, within the limit."""
    added = [e for e in result.fired if e[1] == "added"]
    while sum(len(facts.TEXTS[e[0]]) for e in added) + 1 > facts.MOST_LINES:
        least = min(facts.PRIORITY.get(e[0], 0) for e in added)
        drop = [e for e in added if facts.PRIORITY.get(e[0], 0) == least][-1]
        drop[1] = "omitted"
        added.remove(drop)
    named = [e[0] for e in result.fired if e[0] == setter or (e in added and facts.TEXTS[e[0]])]
    if not named:
        return []
    lines = [line for e in added for line in facts.TEXTS[e[0]]]
    trailer = "Auto-comment %s %s: %s" % (NAME, VERSION, " ".join(named))
    return lines + [trailer + ("; flag " + result.flag if setter else "")]


def spliced(data, edits):
    out, place = [], 0
    for at, added in sorted(edits, key=lambda e: e[0]):
        out += [data[place:at], added]
        place = at
    return b"".join(out) + data[place:]


def finding(case):
    result = case.result
    words = [r if how == "added" else r + ":" + how for r, how in result.fired]
    line = "OBX[%d] %s" % (result.ordinal, case.code)
    if result.skip:
        line += " skip=" + result.skip
    if words:
        line += " rules=" + ",".join(words)
    if result.flag:
        line += " flag=%s:%s" % (result.flag, result.outcome)
    return line


# ---- a whole input ---------------------------------------------------------------------------------


def annotate(data):
    """(bytes, findings): any mixture of frames, batches and messages."""
    if data.lstrip(b"\r\n").startswith(b"\x0b"):
        return framed(data)
    return body(data, [0])


def framed(data):
    out, findings, place, count = [], [], 0, [0]
    while True:
        start = data.find(b"\x0b", place)
        end = data.find(b"\x1c\r", start) if start >= 0 else -1
        if end < 0:
            return b"".join(out) + data[place:], findings
        annotated, found = body(data[start + 1 : end], count)
        out += [data[place : start + 1], annotated, b"\x1c\r"]
        findings += found
        place = end + 2


def body(data, count):
    out, findings = [], []
    for kind, piece in wire.pieces_of(data):
        if kind == "message":
            count[0] += 1
            piece, lines = annotate_message(piece)
            findings += ["%d %s" % (count[0], line) for line in lines]
        out.append(piece)
    return b"".join(out), findings


def main(words):
    with open(words[-1], "rb") as file:
        out, findings = annotate(file.read())
    if words[0] == "--findings":
        print("\n".join(findings))
    else:
        sys.stdout.buffer.write(out)


if __name__ == "__main__":
    main(sys.argv[1:])
