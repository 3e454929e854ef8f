# SPDX-License-Identifier: MIT
"""A machine on the other side of a link that can be cut without a word."""

import os
import subprocess

from world import HL7NOTE, World, reserved, wait_for

LINK = "hl7-%d"


def is_free(net):
    """No other test has this network, and the kernel is done with that of one which had it, too.
    Names of ports are numbers below these."""
    return not os.path.exists("/sys/class/net/" + LINK % net) and reserved(70000 + net)


NET = next(n % 256 for n in range(os.getpid(), os.getpid() + 256) if is_free(n % 256))
NAME = LINK % NET
HERE, THERE = "10.213.%d.1" % NET, "10.213.%d.2" % NET
LIMIT = 45  # seconds in which a vanished peer is to be noticed
PEER = """
import socket, sys, time
s = socket.create_connection((sys.argv[1], int(sys.argv[2])))
s.sendall(sys.stdin.buffer.read())
s.recv(4096)
print("answered", flush=True)
time.sleep(1000)
"""


def ip(*words):
    return subprocess.run(["ip", *words], stderr=subprocess.DEVNULL, check=False).returncode == 0


class FarSide(World):
    def setUp(self):
        super().setUp()
        try:
            made = ip("netns", "add", NAME)
        except FileNotFoundError:
            made = False
        if not made:
            self.skipTest("no network namespaces here")
        self.addCleanup(ip, "netns", "del", NAME)
        if not ip("netns", "exec", NAME, "true"):
            self.skipTest("nothing can be run in a network namespace here")
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

    def link(self, state):
        ip("-n", NAME, "link", "set", "far", state)

    def sockets(self, d):
        """Connections of the daemon that leave this machine."""
        lines = subprocess.run(
            ["ss", "-tnpH", "state", "synchronized"], stdout=subprocess.PIPE, check=True
        ).stdout.decode().splitlines()
        return sum("pid=%d," % d.pid in line and THERE in line for line in lines)
