# SPDX-License-Identifier: MIT
"""A daemon that takes custody, what its peers may expect of it, and an operator beside it."""

import json
import os
import shutil
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "relay"))

from world import (  # noqa: E402
    HL7NOTE, SUGAR, World, annotated, attributes, code_of, config_xml, control_id, feed_xml,
    free_port, http, message, metric, wait_for,
)

# A receiver here may stand still for seconds, with the process of the test: only where it is to
# be taken for silent is it given little time, and then it may happen to it more than once.
QUICK = {"ack_timeout": "60s", "backoff_min": "100ms", "backoff_max": "200ms"}
HASTY = {**QUICK, "ack_timeout": "700ms"}
MOST = 1024 << 30  # bytes that free-space may ask for


def enhanced(name, accept, application="NE"):
    return message(name, modes="|||%s|%s" % (accept, application))


class Silence:
    """A handler that answers nothing until it is told to; then all, and what comes from then on."""

    def __init__(self, code=b"AA"):
        self.code, self.lock, self.held = code, threading.Lock(), []

    def __call__(self, visit, body, number):
        with self.lock:
            if self.held is not None:
                self.held.append((visit, body))
                return
        visit.answer(body, self.code)

    def end(self):
        with self.lock:
            held, self.held = self.held, None
        for visit, body in held:
            visit.answer(body, self.code)


def store_xml(directory, **more):
    """Sizes that fit any machine's disk."""
    return "<store%s/>\n" % attributes(
        directory=directory, **{"free_space": "1MiB", "ballast": "0", **more}
    )


def custody_xml(port, to, answers=None, forward=None, **more):
    """One <feed> with mode="store"; attempts come quickly."""
    forward = {**QUICK, **(forward or {})}
    text = feed_xml(port, to, mode="store", forward=forward, **more)
    if answers:
        text = text.replace("</feed>", "<answers%s/></feed>" % attributes(**answers))
    return text


def codes(*by_number, then=b"AA"):
    """A receiver's handler: these answers, and then that one."""

    def handle(visit, body, number):
        code = by_number[number - 1] if number <= len(by_number) else then
        if code:
            visit.answer(body, code)

    return handle


class Custody(World):
    def setUp(self):
        super().setUp()
        self.directory = self.path("queue")
        self.control = self.path("control")
        self.door = free_port()

    def parts(self, *feeds, **store):
        """What a configuration file holds."""
        return (
            '<metrics listen="127.0.0.1:%d"/>\n' % self.door,
            '<control socket="%s"/>\n' % self.control,
            store_xml(self.directory, **store),
            *feeds,
        )

    def rewrite(self, *parts):
        """Other parts in the file of the daemon."""
        self.write("hl7noted.xml", config_xml(*parts))

    def keep(self, receiver, store=None, port=None, **feed):
        """(daemon, port): one feed; the queue stays for the next daemon of a test."""
        port = port or free_port()
        return self.configure(*self.parts(self.one(receiver, port, feed), **(store or {}))), port

    def change(self, d, receiver, port, store=None, **feed):
        """Another receiver, or other settings, by reload."""
        self.rewrite(*self.parts(self.one(receiver, port, feed), **(store or {})))
        d.reload()

    def one(self, receiver, port, feed):
        to = receiver if isinstance(receiver, int) else receiver.port
        return custody_xml(port, to, **feed)

    def again(self, d, **named):
        """The same configuration in a new process, once the old one is gone."""
        more = self.start("--config", d.config, **named)
        more.config = d.config
        return more

    # ---- its peers ----

    def afresh(self, d):
        """An empty queue for the next daemon of a test."""
        self.assertEqual(d.stop(), 0)
        shutil.rmtree(self.directory)

    def crowded(self):
        """Settings of a store that finds its disk full, wherever it is."""
        disk = os.statvfs(self.folder)
        if disk.f_bavail * disk.f_frsize >= MOST:
            self.skipTest("too much free space")
        return {"free_space": MOST}

    def taken(self, sender, *bodies):
        """Each is acknowledged before the next is sent."""
        for body in bodies:
            self.assertEqual(
                code_of(sender.exchange(body)), (b"AA", control_id(body)), control_id(body)
            )

    def arrived(self, receiver, bodies, mapping=SUGAR):
        """These and no others, in this order, annotated."""
        self.assertEqual(receiver.wait(len(bodies)), annotated(bodies, mapping))

    def arrived_again(self, d, receiver, bodies):
        """These, each as often in a row as the log says that it was tried: more than once the
        first, which got no answer in time, and perhaps another."""
        done = d.wait_event("msg.delivered", len(bodies))
        self.assertGreater(done[0]["attempt"], 1)
        wanted = [
            b for b, line in zip(annotated(bodies), done) for _ in range(line["attempt"])
        ]
        self.assertEqual(receiver.wait(len(wanted)), wanted)

    def quiet(self, receiver, seconds=0.4):
        """Nothing more comes."""
        before = len(receiver.frames)
        time.sleep(seconds)
        self.assertEqual(len(receiver.frames), before, receiver.bodies()[before:])

    # ---- the operator ----

    def queue(self, *arguments, status=0, data=None):
        return self.note(
            "queue", *arguments, "--control", self.control, status=status, data=data
        ).decode()

    def refused(self, *arguments, status=69):
        """What standard error says of something that cannot be done."""
        done = subprocess.run(
            [HL7NOTE, "queue", *map(str, arguments), "--control", self.control],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60, check=False,
        )
        self.assertEqual(done.returncode, status, done.stderr)
        return done.stderr.decode()

    def rows(self, *arguments):
        lines = [json.loads(t) for t in self.queue("list", "--json", *arguments).splitlines()]
        self.assertTrue(lines[-1]["done"], lines)
        return lines[:-1]

    def ids(self, *arguments):
        return [row["control_id"] for row in self.rows(*arguments)]

    def wait_ids(self, ids, *arguments):
        wait_for(
            "%s in the queue" % ids,
            lambda: self.ids(*arguments) == ids,
        )

    def state(self, feed=0):
        """(of the daemon, of its feed)"""
        state = json.loads(self.note("status", "--json", "--control", self.control))
        return state, state["feeds"][feed]

    def text(self):
        return self.note("status", "--control", self.control).decode()

    def ready(self):
        return http(self.door, "/readyz")[0] == 200

    def metric(self, name, **labels):
        return metric(self.door, name, **labels)

    def sent(self, receiver):
        return [control_id(b).decode() for b in receiver.bodies()]
