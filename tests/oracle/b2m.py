# SPDX-License-Identifier: MIT
"""The oracle: what the shipped mapping must make of an ORU^R01 message.

A second, slow and separate reading of the rules, in exact decimals.  It knows
nothing of mapping files: the rules stand here as code, one function for each kind of
result, so that a mistake made in the mapping or the engine is not made here as well.

    python3 b2m.py FILE             the annotated bytes
    python3 b2m.py --findings FILE  one line for each mapped result
"""

import sys
from decimal import Decimal as D

import facts
import wire
from questions import HIGH, Case, implausible, specimen_conflict
from notes import spliced, write
from results import results_of, text_of
from wire import k_all, k_any, k_not

ABNORMAL = HIGH | {"A", "AA"}
GRAVE = ABNORMAL | {"LL", "LU", "L<"}
# nobody reads on where an addendum goes on with one of these
READ_WHOLE = (b"MSH", b"PID", b"DG1", b"OBR", b"SPM")


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


def gate(case):
    """Skip word, or None when the rules may be asked."""
    result = case.result
    if not result.slot:
        return "no_slot"
    if result.order.cancelled():
        return "order_cancelled"
    status = result.status()
    if status is None or result.denied():
        return "status"
    if status == "preliminary":
        case.fire("G02")
        return "preliminary"
    if result.loinc(facts.NOT_B2M):
        return "code_conflict"
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
    result = case.result
    return bool(set(result.flags() + result.flags_of_lines()) - facts.HARMLESS)


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
                case.withhold("disagreed")


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
