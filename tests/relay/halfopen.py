#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A link that goes down without a word: both sides must notice within 45 seconds, with the
defaults, whether something is on its way or not.

Half a minute of waiting; HL7_BRIEF=1 leaves it out."""

import os
import subprocess
import sys
import time
import unittest

from world import HL7NOTE, World, feed_xml, framed, free_port, main, message, wait_for

NAME = "hl7-%d" % (os.getpid() % 10000)
HERE, THERE = "10.213.%d.1" % (os.getpid() % 256), "10.213.%d.2" % (os.getpid() % 256)
LIMIT = 45
PEER = """
import socket, sys, time
s = socket.create_connection((sys.argv[1], int(sys.argv[2])))
s.sendall(sys.stdin.buffer.read())
s.recv(4096)
print("answered", flush=True)
time.sleep(100)
"""


def ip(*words):
    return subprocess.run(["ip", *words], stderr=subprocess.DEVNULL, check=False).returncode == 0


@unittest.skipIf(os.environ.get("HL7_BRIEF"), "HL7_BRIEF is set")
class HalfOpen(World):
    def setUp(self):
        super().setUp()
        try:
            made = ip("netns", "add", NAME)
        except FileNotFoundError:
            made = False
        if not made:
            self.skipTest("no network namespaces here")
        self.addCleanup(ip, "netns", "del", NAME)
        if not ip("link", "add", NAME, "type", "veth", "peer", "name", "far", "netns", NAME):
            self.skipTest("no virtual links here")
        ip("addr", "add", HERE + "/24", "dev", NAME)
        ip("link", "set", NAME, "up")
        ip("-n", NAME, "addr", "add", THERE + "/24", "dev", "far")
        ip("-n", NAME, "link", "set", "far", "up")

    def far(self, *command, data=b""):
        p = subprocess.Popen(
            ["ip", "netns", "exec", NAME, *map(str, command)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )
        self.addCleanup(p.stdout.close)
        self.addCleanup(p.wait)
        self.addCleanup(p.kill)
        p.stdin.write(data)
        p.stdin.close()
        return p

    def far_sink(self):
        ports = self.path("far-port")
        self.far(HL7NOTE, "sink", "-q", "--listen", THERE, "--port-file", ports, 0)
        wait_for("the sink", lambda: os.path.exists(ports) and os.path.getsize(ports))
        with open(ports, encoding="ascii") as f:
            return int(f.read())

    def sockets(self, d):
        """Connections of the daemon that leave this machine."""
        lines = subprocess.run(
            ["ss", "-tnpH"], stdout=subprocess.PIPE, check=True
        ).stdout.decode().splitlines()
        return sum("pid=%d," % d.pid in line and THERE in line for line in lines)

    def test_a_link_that_goes_down_is_noticed_on_both_sides_within_45_seconds(self):
        to = self.far_sink()
        busy, rest, port = free_port(), free_port(), free_port()
        r = self.receiver()
        slow = {"ack_timeout": "5min"}  # which is not to be what helps
        d = self.configure(
            feed_xml(busy, to, name="busy", host=THERE, forward=slow),
            feed_xml(rest, to, name="rest", host=THERE),
            feed_xml(port, r.port, name="in", listen={"address": HERE}),
        )
        s, idle = self.sender(busy), self.sender(rest)
        self.assertIsNotNone(s.exchange(message("1")))
        self.assertIsNotNone(idle.exchange(message("1")))
        peer = self.far(sys.executable, "-c", PEER, HERE, port, data=framed(message("2")))
        self.assertEqual(peer.stdout.readline(), b"answered\n")
        self.assertEqual(self.sockets(d), 3)

        ip("-n", NAME, "link", "set", "far", "down")
        began = time.monotonic()
        left = lambda: max(0, LIMIT - (time.monotonic() - began))
        s.send(framed(message("3")))
        d.wait_event("msg.failed", feed="busy", outcome="down_lost", patience=left())
        self.assertGreater(time.monotonic() - began, 5)
        self.assertTrue(s.closed())
        d.wait_event("conn.close", feed="in", patience=left())
        wait_for("the end of the idle one", lambda: self.sockets(d) == 0, left())
        # nothing was on its way there, so its sender need not know
        self.assertTrue(idle.silent())


if __name__ == "__main__":
    main()
