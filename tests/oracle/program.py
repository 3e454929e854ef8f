# SPDX-License-Identifier: MIT
"""Run hl7note and say in readable words where it and the oracle differ."""

import difflib
import json
import os
import subprocess
import sys
import tempfile

TOP = os.environ.get("HL7_TOP") or os.path.join(os.path.dirname(__file__), "..", "..")
HL7NOTE = os.environ.get("HL7NOTE") or "hl7note"
MAPPING = os.environ.get("HL7_MAPPING") or os.path.join(TOP, "mappings", "b2m.xml")
MOST_SHOWN = int(os.environ.get("HL7_SHOW", "20"))


def verify(original, annotated):
    """Nothing, or why the second is not the first with declared edits."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [os.path.join(folder, name) for name in ("original", "annotated")]
        for path, data in zip(paths, (original, annotated)):
            with open(path, "wb") as file:
                file.write(data)
        done = subprocess.run(
            [HL7NOTE, "verify", *paths],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
    return done.stdout.decode("utf-8", "replace") if done.returncode else None


def _run(command, data):
    with tempfile.NamedTemporaryFile(suffix=".hl7") as file:
        file.write(data)
        file.flush()
        done = subprocess.run(
            [HL7NOTE, *command, "-m", MAPPING, file.name],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            check=False,
        )
    return done


def annotate(data):
    """(bytes, complaint or None): a warning about a draft is none, a failure is one."""
    done = _run(["annotate"], data)
    if done.returncode != 0:
        return done.stdout, done.stderr.decode("utf-8", "replace").strip()
    return done.stdout, None


def findings(data):
    """The lines that samples/README.md describes, made from `explain --json`."""
    lines = []
    for text in _run(["explain", "--json"], data).stdout.splitlines():
        message = json.loads(text)
        if message["skip"]:
            lines.append("%d message skip=%s" % (message["message"], message["skip"]))
            continue
        lines += [
            "%d %s" % (message["message"], _finding(one)) for one in message["findings"]
        ]
    return lines


def _finding(one):
    line = "%s %s" % (one["path"], one["code"])
    if one["skip"] and one["skip"] != "none":
        line += " skip=" + one["skip"]
    rules = [
        r["id"] if r["how"] == "added" else "%s:%s" % (r["id"], r["how"]) for r in one["rules"]
    ]
    if rules:
        line += " rules=" + ",".join(rules)
    if one["flag"]:
        line += " flag=%s:%s" % (one["flag"], one["flag_outcome"])
    return line


# ---- saying what differs ---------------------------------------------------------------


def readable(data):
    text = data.decode("latin-1")
    for raw, shown in (("\r\n", "<CR><LF>"), ("\r", "<CR>"), ("\n", "<LF>")):
        text = text.replace(raw, shown + "\0")
    return [line.encode("unicode_escape").decode() for line in text.split("\0")]


class Report:
    """Counts comparisons; prints the first disagreements and a last line."""

    def __init__(self, name):
        self.name, self.compared, self.failed = name, 0, 0

    def same(self, what, given, oracle, program):
        """Compare two byte strings or two lists of lines."""
        self.compared += 1
        if oracle == program:
            return True
        self.failed += 1
        if self.failed <= MOST_SHOWN:
            self._show(what, given, oracle, program)
        return False

    def _show(self, what, given, oracle, program):
        if isinstance(oracle, bytes):
            oracle, program = readable(oracle), readable(program)
        print("\n== %s: the oracle (-) and the program (+) disagree" % what)
        for line in readable(given):
            print("   | " + line)
        for line in difflib.unified_diff(oracle, program, "oracle", "program", "", "", 1):
            print("   " + line.rstrip())

    def wrong(self, what):
        self.failed += 1
        print("== " + what)

    def end(self):
        print("%s: %d compared, %d differ" % (self.name, self.compared, self.failed))
        sys.exit(1 if self.failed else 0)
