#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""hl7note without memory: whichever allocation fails, it ends well, or with 71 and a sentence."""

import errno
import json
import os
import signal
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "crash"))

import faulty  # noqa: E402
from world import HL7NOTE, SUGAR, Receiver, World, main, message  # noqa: E402

MANY = b"".join(
    b"OBX|%d|NM|1111-1^Sugar^LN||25|mg/L|10-20||||F\r" % n for n in range(3, 1000)
)


class Memory(World):
    def setUp(self):
        super().setUp()
        if faulty.missing():
            self.skipTest(faulty.missing())
        self.page = faulty.Faults(self.path("page"), self.folder)
        self.input = self.write("m.hl7", message(more=MANY) + message("2"))

    def failing(self, nth, command):
        """(what it came to, how many allocations it made)"""
        before = self.page.seen("memory")
        self.page.arm("memory", error=errno.ENOMEM, nth=nth)
        done = subprocess.run(
            [HL7NOTE, *command], capture_output=True, timeout=300, check=False,
            env={**os.environ, **self.page.env},
        )
        return done, self.page.seen("memory") - before

    def each_fails(self, *command):
        """From the last on, up to those that read a mapping: these are many, and alike."""
        good, count = self.failing(faulty.FOREVER, command)
        self.assertEqual((good.returncode, good.stderr), (0, b""))
        told = 0
        for nth in range(count, 0, -1):
            done, _ = self.failing(nth, command)
            if os.fsencode(SUGAR) in done.stderr:
                break
            if done.returncode == 0:
                self.assertEqual(done.stdout, good.stdout, nth)
            else:
                self.assertEqual(done.returncode, 71, nth)
                self.assertIn(b"out of memory", done.stderr, nth)
                told += 1
        self.assertGreater(told, 0)

    def test_explain(self):
        for flags in ((), ("--json",)):
            self.each_fails("explain", "-q", *flags, "-m", SUGAR, self.input)

    def test_annotate(self):
        for flags in ((), ("--diff",)):
            self.each_fails("annotate", "-q", *flags, "-m", SUGAR, self.input)

    def test_show_and_verify(self):
        self.each_fails("show", self.input)
        self.each_fails("verify", self.input, self.input)

    def test_send(self):
        """What there is no memory to read or write is not held against the receiver."""
        receiver = Receiver()
        self.addCleanup(receiver.stop)
        to = f"127.0.0.1:{receiver.port}"
        for flags in ((), ("--mllp-split", "3000")):
            command = ("send", "--json", "--timeout", "3s", *flags, to, self.input)
            _, count = self.failing(faulty.FOREVER, command)
            told = 0
            for nth in range(count, count - 8, -1):
                done, _ = self.failing(nth, command)
                if done.returncode == -signal.SIGABRT:
                    continue  # libev's own want
                self.assertIn(done.returncode, (0, 71), nth)
                self.assertEqual(json.loads(done.stdout)["unreadable"], 0, nth)
                told += done.returncode == 71
            self.assertGreater(told, 0)


if __name__ == "__main__":
    main()
