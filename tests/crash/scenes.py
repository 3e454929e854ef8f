# SPDX-License-Identifier: MIT
"""What the scenes of custody have in common: a daemon in store mode with traffic through it, its
queue, and file systems where they may be mounted."""

import hashlib
import os
import time

import mounts
from traffic import Messages, Traffic, Victim, store_config, template
from world import World

PATIENCE = 60
NO_MOUNTS = mounts.private()


class Scene(World):
    """A daemon in store mode with traffic through it."""

    @classmethod
    def setUpClass(cls):
        cls.messages = Messages(1, [template(n) for n in (2, 4, 100, 200)])

    def setUp(self):
        World.setUp(self)
        self.queue = self.path("queue")
        self.traffic = self.victim = None

    def tearDown(self):
        if self.victim and self.victim.running():
            self.victim.kill()
        if self.traffic:
            self.traffic.end()
        World.tearDown(self)

    def prepare(self, connections=4, windows=(1, 4), **settings):
        """Traffic and a daemon for it, not yet started; nothing is sent unasked."""
        self.traffic = t = Traffic(1, connections, windows=windows, messages=self.messages)
        t.limit = 0
        settings = {"directory": self.queue, "keep_age": "0s", **settings}
        config = store_config(self.folder, t, log="info", more=settings.pop("more", ""), **settings)
        self.victim = Victim(t, ["--config", config], self.path("log"))
        return t

    def wait(self, what, condition, seconds=PATIENCE):
        if not self.traffic.until(condition, seconds):
            trouble = "\n".join(map(str, self.victim.trouble()))
            self.fail("%s: not within %g s\n%s" % (what, seconds, trouble or self.victim.text()))

    def wait_event(self, name, count=1):
        self.wait(name, lambda: len(self.victim.events(name)) >= count)
        return self.victim.events(name)

    def up(self):
        before = len(self.victim.events("svc.started"))
        self.victim.start()
        self.wait_event("svc.started", before + 1)

    def fill_until(self, event, least=50):
        """Sends without end while nobody takes anything, until the event comes; then until
        nothing more is acknowledged."""
        t = self.traffic
        t.receiver.away()
        t.limit = None
        t.refill()
        self.wait_event(event)
        acked = self.intake_ends()
        self.assertGreater(acked, least)
        return acked

    def intake_ends(self):
        """What is acknowledged once nothing more is for a while; what was on its way may still
        be."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            acked = self.traffic.acked()
            self.traffic.run(1)
            if self.traffic.acked() == acked:
                return acked
        return self.fail("intake goes on: " + self.victim.text())

    def settle(self, status=0):
        """All that was sent arrives, and the daemon ends well."""
        self.traffic.receiver.back()
        self.traffic.hold()
        self.wait("everything to arrive", self.traffic.settled)
        self.assertEqual(self.traffic.judge.faults, [])
        self.assertEqual(self.victim.stop(), status, self.victim.text())

    def refused(self, *words):
        """It does not start, and its one sentence has these words."""
        before = len(self.victim.text(1 << 24))
        p = self.victim.start()
        self.traffic.until(lambda: p.poll() is not None, PATIENCE)
        self.assertIsNotNone(p.returncode, "it started")
        self.assertGreater(p.returncode, 0)
        said = self.victim.text(1 << 24)[before:]
        for word in words:
            self.assertIn(word, said)
        self.assertNotIn("svc.started", said)
        return said

    def contents(self):
        """A digest of each file that the queue has."""
        found = {}
        for name in sorted(os.listdir(self.queue)):
            with open(os.path.join(self.queue, name), "rb") as f:
                found[name] = hashlib.sha256(f.read()).hexdigest()
        return found

    def database(self):
        """The path of the queue file."""
        for name in sorted(os.listdir(self.queue)):
            path = os.path.join(self.queue, name)
            with open(path, "rb") as f:
                if f.read(15) == b"SQLite format 3":
                    return path
        raise AssertionError("no queue file in " + self.queue)

    def waiting_queue(self, each=10, **settings):
        """A daemon that was stopped with messages waiting."""
        t = self.prepare(**settings)
        t.receiver.away()
        self.up()
        t.send(each)
        self.wait("acknowledgements", lambda: t.acked() == each * len(t.senders))
        self.assertEqual(self.victim.stop(), 0)
        return t
