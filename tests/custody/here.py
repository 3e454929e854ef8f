# SPDX-License-Identifier: MIT
"""A feed that takes custody, and what its peers may expect of it."""

import os
import re
import shutil
import threading
import time

import custody
from custody import custody_xml
from world import SUGAR, annotated, control_id, free_port, message

# A receiver here may stand still for seconds, with the process of the test: only where it is to
# be taken for silent is it given little time, and then it may happen to it more than once.
QUICK = {"ack_timeout": "60s", "backoff_min": "100ms", "backoff_max": "200ms"}
HASTY = {**QUICK, "ack_timeout": "700ms"}
MOST = 1024 << 30  # bytes that free-space may ask for


def code_of(body):
    """MSA-1 and MSA-2 of an answer."""
    msa = re.search(rb"\rMSA\|([^|\r]*)\|([^|\r]*)", body or b"")
    return msa and msa.groups()


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


class Custody(custody.Custody):
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
        return custody_xml(port, to, **{"forward": QUICK, **feed})

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
