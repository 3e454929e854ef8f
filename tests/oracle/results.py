# SPDX-License-Identifier: MIT
"""The results of a message: each OBX with its order, its patient and its specimen."""

import re

import facts
import wire

DAY = 86400
FINAL, CORRECTED, PRELIMINARY = ("F", "B", "V"), ("C", "A"), ("P", "S")
TABLE_0078 = set(
    "N A AA H HH HU H> L LL LU L< U D B W < > AC IE QCF TOX S I R MS VS NS SDD SYN-R SYN-S "
    'POS NEG DET ND IND RR WR NR HM OBX NULL ""'.split()
)
NOTE_SLOT_ENDS = (b"SPM", b"FT1", b"CTI", b"ORC", b"PID", b"DSC", b"DEV")


def text_of(data):
    return data.decode("latin-1").strip(" \t")


class Result:
    """One OBX with what it inherits from its order and patient."""

    def __init__(self, message, place, ordinal, order, patient, slot, specimen):
        self.message, self.place, self.ordinal = message, place, ordinal
        self.segment = message.segments[place]
        self.order, self.patient, self.slot = order, patient, slot
        self.specimen = specimen  # the SPM in front of it, where it tells of that
        self.lines = []  # of text, that belong to it
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

    def denied(self):
        """Does a line of text say that there is no value, or none yet?"""
        said = [line.status() for line in self.lines if line.text(11)]
        return any(s is None or (s == "preliminary" and s != self.status()) for s in said)

    def flags(self):
        """Those of OBX-8; where it says nothing, those of a line."""
        own = self.codes_of_flags(self.field(8)) if self.field(8) else []
        return own if set(own) - {"", '""'} else self.flags_of_lines() or own

    def flags_of_lines(self):
        """Those of one line: of the first that calls the result abnormal, or else of the first."""
        found = [self.codes_of_flags(line.field(8)) for line in self.lines]
        found = [codes for codes in found if set(codes) - {"", '""'}]
        grave = [codes for codes in found if set(codes) - facts.HARMLESS]
        return (grave + found + [[]])[0]

    def codes_of_flags(self, field):
        """The codes of all repetitions: components 1, 4 and 10, or the words where there is no code."""
        found = []
        for repetition in self.message.repetitions(field):
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

    def is_number(self):
        """With a point or a comma."""
        value, message = self.field(5), self.message
        dotted = value if b"," in message.encoding else value.replace(b",", b".")
        return not self.own_value()[1] or not wire.value(message, self.field(2), dotted)[1]

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
    _join(results)
    return results


def _join(results):
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
        if same and not result.field(6) and not result.field(7) and not result.is_number():
            before.lines.append(result)
        else:
            whole.append(result)
    results[:] = whole
