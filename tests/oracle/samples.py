#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Are the samples annotated as their expected files say, and the findings so, too?  What each is
there for is said in their README.

    samples.py          compare hl7note with the files
    samples.py --write  write the expected files anew, from the oracle
"""

import glob
import os
import sys

sys.dont_write_bytecode = True
import b2m  # noqa: E402
import program  # noqa: E402

FOLDER = os.path.join(program.TOP, "samples")


def read(path):
    with open(path, "rb") as file:
        return file.read()


def inputs():
    for kind in ("hl7", "mllp", "txt"):
        yield from sorted(glob.glob(os.path.join(FOLDER, "*." + kind)))


def write():
    for path in inputs():
        stem = os.path.splitext(path)[0]
        annotated, findings = b2m.annotate(read(path))
        with open(stem + ".expected", "wb") as file:
            file.write(annotated)
        with open(stem + ".findings", "w", encoding="ascii") as file:
            file.write("".join(line + "\n" for line in findings))


def check():
    report = program.Report("samples")
    readme = read(os.path.join(FOLDER, "README.md")).decode("utf-8")
    for path in inputs():
        stem, name = os.path.splitext(path)[0], os.path.basename(path)
        given, expected = read(path), read(stem + ".expected")
        findings = read(stem + ".findings").decode("ascii").splitlines()
        if "`%s`" % name not in readme:
            report.wrong("%s is not in samples/README.md" % name)
        annotated, complaint = program.annotate(given)
        if complaint and not path.endswith(".txt"):
            report.wrong("%s: %s" % (name, complaint))
        report.same(name, given, expected, annotated)
        report.same(name + ", findings", given, findings, program.findings(given))
        report.same(name + ", annotated again", expected, expected, program.annotate(expected)[0])
        if program.verify(given, expected):
            report.wrong("%s: %s" % (name, program.verify(given, expected)))
        oracle, told = b2m.annotate(given)
        report.same(name + ", its expected file", given, oracle, expected)
        report.same(name + ", its findings file", given, told, findings)
    if not report.compared:
        report.wrong("there are no samples")
    report.end()


if __name__ == "__main__":
    write() if sys.argv[1:] == ["--write"] else check()
