# SPDX-License-Identifier: MIT
"""What a rule may ask of a result, of its patient and of the results beside it."""

from decimal import Decimal as D

import facts
import wire
from results import DAY, text_of
from wire import k_all, k_any, k_not

HIGH = {"H", "HH", "HU", "H>"}
NO_PATIENTS = {bytes([c]) for c in b"BCEFLOQV"}  # of SPM-11: controls, calibrators, pools


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

    def withhold(self, why):
        for entry in self.result.fired:
            if entry[1] == "added":
                entry[1] = why

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
        if other.status() not in ("final", "corrected") or other.denied() or other.order.cancelled():
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


def specimen_conflict(result, expected):
    """Does SPM-4 or OBR-15 name only other specimens, or SPM-11 no patient's?"""
    message, sources = result.message, []
    if result.order.specimen:
        roles = message.repetitions(result.order.specimen.get(11))
        if any(message.components(role)[0].strip() in NO_PATIENTS for role in roles):
            return True
        parts = message.components(message.repetitions(result.order.specimen.get(4))[0])
        sources.append(parts[:2] + parts[3:5] + parts[9:11])
    if result.order.segment:
        first = message.components(message.repetitions(result.order.segment.get(15))[0])[0]
        sources.append(message.split(first, message.subcomponent))
    for names in sources:
        names = [text_of(n).lower() for n in names]
        named = {s for s, known in facts.SPECIMENS.items() for n in names if n in known}
        if named and expected not in named:
            return True
    return False


def implausible(kind, value):
    low, high = facts.PLAUSIBLE.get(kind, (None, None))
    if k_not(value.above(D(0))) or (low is not None and value.below(low)):
        return True
    return high is not None and bool(value.above(high))
