# SPDX-License-Identifier: MIT
"""From what was decided of a result to bytes in its message."""

import facts
from results import text_of

NAME, VERSION = "b2m", "1.0.0"


def write(case):
    """Edits for one result: (place, bytes)."""
    result, message = case.result, case.message
    if any(other.told for other in case.specimen):
        case.withhold("repeated")
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
    result = ([case.result] + case.result.lines)[-1]
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
    if not result.field(8) and not result.flags():
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
