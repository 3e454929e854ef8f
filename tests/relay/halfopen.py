#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A link that goes down without a word: both sides must notice within 45 seconds.

Needs root for a network namespace, and most of a minute; with HL7_LONG=1 only."""

import os
import subprocess
import sys
import time
import unittest

from world import HL7NOTE, World, config_xml, feed_xml, framed, free_port, main, message, wait_for

LONG = os.environ.get("HL7_LONG")
NAME = "hl7-%d" % (os.getpid() % 10000)
HERE, THERE = "10.213.77.1", "10.213.77.2"
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


@unittest.skipUnless(LONG and os.geteuid() == 0, "HL7_LONG=1 as root")
class HalfOpen(World):
    def setUp(self):
        super().setUp()
        if not ip("netns", "add", NAME):
            self.skipTest("no network namespaces here")
        self.addCleanup(ip, "netns", "del", NAME)
        ip("link", "add", NAME, "type", "veth", "peer", "name", "far", "netns", NAME)
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

    def test_a_link_that_goes_down_is_noticed_on_both_sides_within_45_seconds(self):
        ports = self.path("far-port")
        self.far(HL7NOTE, "sink", "-q", "--listen", THERE, "--port-file", ports, 0)
        wait_for("the sink", lambda: os.path.exists(ports))
        with open(ports, encoding="ascii") as f:
            to = int(f.read())
        port, near = free_port(), free_port()
        slow = {"ack_timeout": "5min"}
        r = self.receiver()
        d = self.configure(
            feed_xml(near, to, name="out", host=THERE, forward=slow),
            feed_xml(port, r.port, name="in", listen={"address": HERE}, keepalive="10s"),
        )
        s = self.sender(near)
        self.assertIsNotNone(s.exchange(message("1")))
        idle = self.far(sys.executable, "-c", PEER, HERE, port, data=framed(message("2")))
        self.assertEqual(idle.stdout.readline(), b"answered\n")
        ip("-n", NAME, "link", "set", "far", "down")
        began = time.monotonic()
        s.send(framed(message("3")))
        d.wait_event("msg.failed", outcome="down_lost", patience=45)
        self.assertTrue(s.closed())
        d.wait_event("conn.close", feed="in", patience=45 - (time.monotonic() - began))
        self.assertGreater(time.monotonic() - began, 5)


if __name__ == "__main__":
    main()
