# SPDX-License-Identifier: MIT
"""HL7 v2 on the wire, for the oracle: pieces, segments, fields, escapes, values, times.

Written from the fact sheets alone and apart from the C code, so that the two can
disagree.  Everything is bytes until somebody needs text; nothing is ever re-encoded.
Truth has three values here: True, False and None (unknown).
"""

import calendar
import re
from decimal import Decimal, localcontext

HEADERS = (b"MSH", b"FHS", b"BHS", b"BTS", b"FTS")
HEADER_LINE = re.compile(rb"[ \t]*(MSH|FHS|BHS|BTS|FTS)(?![A-Za-z0-9])")


# ---- three-valued logic --------------------------------------------------------


def k_all(*answers):
    if any(a is False for a in answers):
        return False
    return None if any(a is None for a in answers) else True


def k_any(*answers):
    if any(a is True for a in answers):
        return True
    return None if any(a is None for a in answers) else False


def k_not(answer):
    return None if answer is None else not answer


# ---- lines, pieces, segments ----------------------------------------------------


def lines_of(data):
    """(start, end of text, end of terminator) of each line; the first CR or LF decides."""
    first = re.search(rb"[\r\n]", data)
    ending = rb"\r?\n" if first and first.group() == b"\n" else rb"\r\n?"
    place = 0
    for match in re.finditer(ending, data):
        yield place, match.start(), match.end()
        place = match.end()
    end = len(data.rstrip(b"\r\n"))  # line ends of the other kind behind the last line
    if place < end:
        yield place, end, end


def pieces_of(data):
    """Cut a body into messages, envelope lines and foreign text."""
    if not data:
        return
    body = 3 if data.startswith(b"\xef\xbb\xbf") else 0
    starts = []
    for start, end, _ in lines_of(data):
        match = HEADER_LINE.match(data, max(start, body), end)
        if match:
            starts.append((start, match.group(1)))
    if not starts:
        yield "foreign", data
        return
    lead = data[body : starts[0][0]] if starts[0][0] >= body else b""
    if lead.strip(b"\r\n"):
        yield "foreign", data[: starts[0][0]]
    else:
        starts[0] = (0, starts[0][1])
    for number, (start, name) in enumerate(starts):
        stop = starts[number + 1][0] if number + 1 < len(starts) else len(data)
        yield ("message" if name == b"MSH" else "envelope"), data[start:stop]


class Segment:
    """One segment: its bytes run from start to end, next is behind its terminator."""

    def __init__(self, message, name, start, end, next_):
        self.message, self.name = message, name
        self.start, self.end, self.next = start, end, next_
        self._fields = None

    def spans(self):
        """(start, end) of each piece between field separators; [0] is the ID."""
        if self._fields is None:
            data, sep, place, found = self.message.data, self.message.field, self.start, []
            while True:
                cut = data.find(sep, place, self.end)
                if cut < 0:
                    found.append((place, self.end))
                    break
                found.append((place, cut))
                place = cut + 1
            self._fields = found
        return self._fields

    def get(self, number):
        """Field `number`, all repetitions; b"" when absent."""
        if self.name in HEADERS:
            if number == 1:
                return self.message.field
            number -= 1
        spans = self.spans()
        if number >= len(spans):
            return b""
        return self.message.data[slice(*spans[number])]

    def terminator(self):
        return self.message.data[self.end : self.next]


class Message:
    """A piece that begins with MSH."""

    def __init__(self, data):
        self.data = data
        self.segments = []
        body = 3 if data.startswith(b"\xef\xbb\xbf") else 0
        head = data.find(b"MSH", body)
        self.field = data[head + 3 : head + 4]
        self._index(body)
        self._delimiters()

    def _index(self, body):
        sep = re.escape(self.field) if self.field else b"$"
        line_rule = re.compile(rb"[ \t\n]*([A-Z][A-Z0-9]{2})(?:[ \t]*" + sep + rb"|$)")
        for start, end, next_ in lines_of(self.data):
            start = max(start, body)
            match = line_rule.match(self.data[start:end])
            if match:
                name = match.group(1)
                at = start + match.start(1)
                self.segments.append(Segment(self, name, at, end, next_))
            elif self.segments and end > start:
                # a line that is no segment belongs to the one before it
                self.segments[-1].end, self.segments[-1].next = end, next_

    def _delimiters(self):
        msh = self.segments[0] if self.segments else None
        chars = msh.get(2) if msh else b""
        self.encoding = chars
        part = [chars[i : i + 1] for i in range(5)]
        self.component, self.repetition, self.escape, self.subcomponent, self.truncation = part

    def delimiters_usable(self):
        used = [self.field] + [self.encoding[i : i + 1] for i in range(len(self.encoding))]
        if not self.field or not self.component or len(self.encoding) > 5:
            return False
        if len(set(used)) != len(used):
            return False
        return all(33 <= c[0] <= 126 and not c.isalnum() for c in used)

    def sent(self):
        """MSH-7, or None."""
        return time(self.piece(self.segments[0].get(7), 1).decode("latin-1"))

    # -- parts of a field --

    def valued(self, data):
        """Does a field hold more than its own delimiters?"""
        return data.strip(self.encoding + b" \t") != b""

    def holds_marks(self, data):
        """Escapes and subcomponents are no part of a number."""
        return any(mark and mark in data for mark in (self.escape, self.subcomponent))

    def split(self, data, sep):
        return data.split(sep) if sep else [data]

    def repetitions(self, data):
        return self.split(data, self.repetition)

    def components(self, data):
        return self.split(data, self.component)

    def piece(self, data, component, subcomponent=0):
        """Component (and subcomponent) of the first repetition, as bytes."""
        parts = self.components(self.repetitions(data)[0])
        part = parts[component - 1] if component <= len(parts) else b""
        if subcomponent:
            subs = self.split(part, self.subcomponent)
            part = subs[subcomponent - 1] if subcomponent <= len(subs) else b""
        return part

    def unescape(self, data):
        if not self.escape:
            return data
        own = {
            b"F": self.field,
            b"S": self.component,
            b"T": self.subcomponent,
            b"R": self.repetition,
            b"E": self.escape,
            b"P": self.truncation,
        }
        esc = re.escape(self.escape)

        def one(match):
            code = match.group(1)
            if own.get(code):
                return own[code]
            if re.fullmatch(rb"X(?:[0-9A-Fa-f]{2})+", code):
                return bytes.fromhex(code[1:].decode())
            return match.group(0)

        return re.sub(esc + rb"([^" + esc + rb"]*)" + esc, one, data)

    def escaped(self, text):
        """Our own text with this message's escapes; None when it cannot be written."""
        names = [
            (self.field, "F"),
            (self.component, "S"),
            (self.subcomponent, "T"),
            (self.repetition, "R"),
            (self.escape, "E"),
            (self.truncation, "P"),
        ]
        names = {c.decode("latin-1"): n for c, n in names if c}
        out = []
        for char in text:
            if char in names:
                if not self.escape:
                    return None
                esc = self.escape.decode()
                char = esc + names[char] + esc
            out.append(char)
        return "".join(out).encode("ascii")


# ---- numbers --------------------------------------------------------------------

NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?")
DIGITS = 18


def number(text):
    """HL7's NM, or None."""
    if not NUMBER.fullmatch(text):
        return None
    whole, _, part = text.lstrip("+-").partition(".")
    digits = (whole + part.rstrip("0")).lstrip("0")
    return Decimal(text) if len(digits) <= DIGITS else None


class Interval:
    """Every number between two ends; an end that is None is infinite."""

    def __init__(self, low=None, high=None, low_open=False, high_open=False):
        self.low, self.high, self.low_open, self.high_open = low, high, low_open, high_open

    def is_point(self):
        return self.low is not None and self.low == self.high

    def opened(self, below, above):
        """The same without a lower or an upper end."""
        low, high = (None if below else self.low), (None if above else self.high)
        return Interval(low, high, self.low_open, self.high_open)

    def scaled(self, factor):
        with localcontext() as exact:
            exact.prec = 200
            low = None if self.low is None else self.low * factor
            high = None if self.high is None else self.high * factor
        return Interval(low, high, self.low_open, self.high_open)

    def above(self, limit):
        """> limit?"""
        if self.low is not None and (self.low > limit or (self.low == limit and self.low_open)):
            return True
        if self.high is not None and self.high <= limit:
            return False
        return None

    def at_least(self, limit):
        """>= limit?"""
        if self.low is not None and self.low >= limit:
            return True
        if self.high is not None and (
            self.high < limit or (self.high == limit and self.high_open)
        ):
            return False
        return None

    def below(self, limit):
        return k_not(self.at_least(limit))

    def at_most(self, limit):
        return k_not(self.above(limit))

    # -- against a reference interval --

    def above_reference(self, reference):
        if reference.high is None:
            return False
        return self.at_least(reference.high) if reference.high_open else self.above(reference.high)

    def below_reference(self, reference):
        if reference.low is None:
            return False
        return self.at_most(reference.low) if reference.low_open else self.below(reference.low)

    def __str__(self):
        return "%s%s..%s%s" % (
            "(" if self.low_open else "[",
            self.low,
            self.high,
            ")" if self.high_open else "]",
        )


def compared(comparator, amount):
    return {
        "": Interval(amount, amount),
        "=": Interval(amount, amount),
        "<": Interval(None, amount, high_open=True),
        "<=": Interval(None, amount),
        ">": Interval(amount, None, low_open=True),
        ">=": Interval(amount, None),
    }[comparator]


TEXT_TYPES = (b"ED", b"RP", b"CE", b"CWE", b"CNE")


def value(message, kind, field):
    """OBX-5: (Interval, None) or (None, skip word)."""
    texts = [r for r in message.repetitions(field) if r.strip() and r != b'""']
    if not texts:
        return None, "value_missing"
    if len(texts) > 1:
        return None, "value_repeats"
    if kind.strip(b" \t") in TEXT_TYPES or message.holds_marks(texts[0]):
        return None, "value_not_numeric"
    parts = [p.decode("latin-1").strip(" \t") for p in message.components(texts[0])]
    if kind.strip(b" \t") == b"SN":
        read = _structured(parts)
    else:
        read = _plain(parts)
    return (read, None) if read else (None, "value_not_numeric")


def _plain(parts):
    if any(parts[1:]):
        return None
    match = re.fullmatch(r"(<=|>=|<|>|=|)[ \t]*(\S+)", parts[0])
    amount = number(match.group(2)) if match else None
    return None if amount is None else compared(match.group(1), amount)


def _structured(parts):
    parts = parts + [""] * (4 - len(parts))
    comparator, first, separator, second = parts[:4]
    if comparator not in ("", "=", "<", "<=", ">", ">=") or any(parts[4:]):
        return None
    low = number(first)
    if low is None:
        return None
    if not separator and not second:
        return compared(comparator, low)
    high = number(second)
    if separator != "-" or high is None or comparator or high < low:
        return None
    return Interval(low, high)


RANGE = re.compile(
    r"(?:(<=|>=|<|>)\s*([+-]?[0-9.]+)|([+-]?[0-9.]+)\s*(-|to)\s*([+-]?[0-9.]+))\s*(.*)", re.S
)


def reference(text):
    """OBX-7: (Interval, unit text), or None when it says nothing we understand."""
    text = text.strip(" \t")
    match = re.fullmatch(r"[(\[]\s*([^()\[\]]*?)\s*[)\]]\s*(.*)", text, re.S)
    if match:
        text = (match.group(1) + " " + match.group(2)).strip()
    match = RANGE.fullmatch(text)
    if not match:
        return None
    sign, one, low, _, high, unit = match.groups()
    if sign:
        amount = number(one)
        return None if amount is None else (compared(sign, amount), unit.strip(" \t"))
    low, high = number(low), number(high)
    if low is None or high is None or low > high:
        return None
    return Interval(low, high), unit.strip(" \t")


# ---- time ------------------------------------------------------------------------

STAMP = re.compile(
    r"(\d{4})(?:(\d{2})(?:(\d{2})(?:(\d{2})(?:(\d{2})(?:(\d{2})(?:\.\d{1,4})?)?)?)?)?)?"
    r"([+-]\d{4})?"
)


class Time:
    """A stamp as the seconds it leaves open, in its own zone."""

    def __init__(self, first, last, zone):
        self.first, self.last, self.zone = first, last, zone


def time(text):
    match = STAMP.fullmatch(text.strip(" \t"))
    if not match:
        return None
    given = [None if g is None else int(g) for g in match.groups()[:6]]
    year, month, day, hour, minute, second = given
    if year < 1 or (month is not None and not 1 <= month <= 12):
        return None
    month_end = month or 12
    days = calendar.monthrange(year, month_end)[1]
    if day is not None and not 1 <= day <= days:
        return None
    if (hour or 0) > 23 or (minute or 0) > 59 or (second or 0) > 59:
        return None
    low = (year, month or 1, day or 1, hour or 0, minute or 0, second or 0)
    high = (
        year,
        month_end,
        day or days,
        23 if hour is None else hour,
        59 if minute is None else minute,
        second or 0 if minute is not None else 59,
    )
    zone = match.group(7)
    if zone:
        minutes = int(zone[1:3]) * 60 + int(zone[3:])
        zone = -minutes if zone[0] == "-" else minutes
    return Time(_seconds(low), _seconds(high), zone)


def _seconds(parts):
    return calendar.timegm(parts + (0, 0, 0))


def within(one, two, zone, limit):
    """Are two times at most `limit` seconds apart?"""
    zones = [zone if t.zone is None else t.zone for t in (one, two)]
    # a zone that only one of them has: the other may be in any from -1200 to +1400
    open_zone = (zones[0] is None) != (zones[1] is None)
    spans = []
    for t, z in zip((one, two), zones):
        early, late = (14, 12) if open_zone and z is None else (0, 0)
        shift = (z or 0) * 60
        spans.append((t.first - shift - early * 3600, t.last - shift + late * 3600))
    a, b = spans
    most = max(abs(a[1] - b[0]), abs(b[1] - a[0]))
    least = max(0, a[0] - b[1], b[0] - a[1])
    if most <= limit:
        return True
    return False if least > limit else None


def age_reached(birth, moment, years):
    """Was somebody born at `birth` so many years old at `moment`?"""
    if birth is None or moment is None:
        return None
    # no life reaches so far: a date mistyped, or one that stands for none
    if birth.first - moment.last >= 86400 or moment.first - birth.last >= 125 * 366 * 86400:
        return None
    if _birthday(birth.last, years) <= _day(moment.first):
        return True
    if _birthday(birth.first, years) > _day(moment.last):
        return False
    return None


def _day(seconds):
    return seconds // 86400


def _birthday(seconds, years):
    from time import gmtime

    born = gmtime(seconds)
    year, month, day = born.tm_year + years, born.tm_mon, born.tm_mday
    if (month, day) == (2, 29) and not calendar.isleap(year):
        month, day = 3, 1
    return _day(_seconds((year, month, day, 0, 0, 0)))
