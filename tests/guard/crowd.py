#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A crowd that means no good, and one sender who does: each of its messages is answered, and
its 99th percentile stays below twice what it is without the crowd.

The crowd, the receiver and the daemon are processes of their own.  The percentiles are printed,
and judged with HL7_TIMED=1 (make bench-crowd): where a machine is busy with something else they
say nothing, so there are several rounds then, and one must hold; what the daemon itself did wrong
would be wrong in each.  HL7_CROWD is how many there are (3000).
"""

import ast
import errno
import json
import os
import random
import resource
import select
import signal
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tls"))

from secure import Secure  # noqa: E402
from world import feed_xml, free_port, main, message, wait_for  # noqa: E402

CROWD = int(os.environ.get("HL7_CROWD", "3000"))
EXCHANGES = 800
TIMED = os.environ.get("HL7_TIMED") == "1"
ROUNDS = 6 if TIMED else 1
FLOOR = 0.0005  # seconds; below this the clock of the sender is what is measured


def stall(port, count, begin, drip):
    """In a process of its own, until it is ended: `count` connections that say `begin` and then
    nothing, or a byte of `drip` each now and then.  Those that are closed come again."""
    poll = select.epoll()
    inside = {}

    def enter():
        s = socket.socket()
        s.setblocking(False)
        if s.connect_ex(("127.0.0.1", port)) not in (0, errno.EINPROGRESS):
            s.close()
            return
        inside[s.fileno()] = s
        poll.register(s, select.EPOLLOUT | select.EPOLLRDHUP)

    for _ in range(count):
        enter()
    print("entered", flush=True)
    while True:
        again = 0
        for fd, what in poll.poll(0.02):
            s = inside[fd]
            if what & ~select.EPOLLOUT:
                poll.unregister(fd)
                del inside[fd]
                s.close()
                again += 1
            else:
                s.send(begin)
                poll.modify(fd, select.EPOLLRDHUP)
        for _ in range(again):
            enter()
        if drip and inside:
            for s in random.sample(list(inside.values()), max(1, len(inside) // 100)):
                try:
                    s.send(drip)
                except OSError:
                    pass


class Crowd(Secure):
    def setUp(self):
        super().setUp()
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = 2 * CROWD + 200
        if soft < wanted:
            if hard != resource.RLIM_INFINITY and hard < wanted:
                self.skipTest("%d descriptors are needed" % wanted)
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))

    def crowd(self, *arguments):
        """A function that sends the crowd home."""
        p = subprocess.Popen(
            [sys.executable, __file__, "stall", *map(repr, arguments)], stdout=subprocess.PIPE
        )

        def end():
            if p.poll() is None:
                p.send_signal(signal.SIGKILL)
                p.communicate()

        self.addCleanup(end)
        self.assertEqual(p.stdout.readline(), b"entered\n")
        return end

    def p99(self, sender):
        times = []
        for n in range(EXCHANGES):
            body = message(str(n), value="15")
            began = time.perf_counter()
            answer = sender.exchange(body)
            times.append(time.perf_counter() - began)
            self.assertIn(b"\rMSA|AA|%d" % n, answer)
        return sorted(times)[EXCHANGES * 99 // 100]

    def compare(self, sender, gather):
        told = []
        for _ in range(ROUNDS):
            before = self.p99(sender)
            go_home = gather()
            time.sleep(0.5)
            among = self.p99(sender)
            go_home()
            wait_for("the crowd to be gone", lambda: self.connections() <= 5)
            baseline = max(before, self.p99(sender), FLOOR)
            told.append("%.0f us among them, %.0f us without" % (among * 1e6, baseline * 1e6))
            print(self.id(), told[-1])
            if among < 2 * baseline:
                return
        if TIMED:
            self.fail("in no round: " + "; ".join(told))

    def connections(self):
        text = self.note("status", "--json", "--control", self.path("control"))
        return sum(f["connections"] for f in json.loads(text)["feeds"])

    def begin(self, *parts, **named):
        receiver, _ = self.sink()
        port = free_port()
        wide = {"max_connections": 4 * CROWD, "max_per_address": 4 * CROWD}
        self.configure(
            '<control socket="%s"/>' % self.path("control"), *parts,
            feed_xml(port, receiver, listen=wide, **named),
        )
        return port

    def test_slow_senders_by_thousands(self):
        """Fault 7: each has begun a frame, and all together send some hundred bytes a second."""
        port = self.begin('<limits connections="%d"/>' % (4 * CROWD))
        sender = self.sender(port)
        self.compare(
            sender, lambda: self.crowd(port, CROWD, b"\x0bMSH|^~\\&|", b"x")
        )

    def test_stalled_handshakes(self):
        """Fault 57: five hundred at a time, of which no more than the cap are heard."""
        port = self.begin(
            '<limits connections="%d" handshakes="64"/>' % (4 * CROWD), in_listen=self.tls()
        )
        sender = self.secure_sender(port)
        hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"
        self.compare(sender, lambda: self.crowd(port, 500, hello, b""))

    def test_handshakes_that_are_all_heard(self):
        port = self.begin(
            '<limits connections="%d" handshakes="1000"/>' % (4 * CROWD), in_listen=self.tls()
        )
        sender = self.secure_sender(port)
        hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"
        self.compare(sender, lambda: self.crowd(port, 500, hello, b"\x00"))


if __name__ == "__main__":
    if sys.argv[1:2] == ["stall"]:
        stall(*map(ast.literal_eval, sys.argv[2:]))
    main()
