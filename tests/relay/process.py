#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The daemon as a process: stopping and being killed under load, systemd, memory, the log pipe.

HL7_KILLS is how often it is killed under load."""

import collections
import contextlib
import errno
import fcntl
import glob
import json
import os
import re
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
import unittest

from world import (
    B2M, HL7NOTE, PATIENCE, SAMPLES, SUGAR, TOP, World, ack, annotated, config_xml, control_id,
    feed_xml, framed, free_port, is_sanitized, listening, main, message, metric, wait_for,
)

KILLS = int(os.environ.get("HL7_KILLS", "4"))
MESSAGES = int(os.environ.get("HL7_KILL_MESSAGES", "4000"))
ENDLESS = 10000000
CONNECTIONS = 8
MOMENT = 0.8  # seconds; of one the other answers to a batch are waited for


class Load(World):
    """A load that sends again what got no answer, and a sink that keeps what it answered."""

    def prepare(self, delay=None):
        self.kept = self.path("kept")
        delays = ("--delay", delay) if delay else ()
        to, self.stop_sink = self.sink("--append", self.kept, *delays)
        self.port = free_port()
        self.flags = (
            "--listen", "127.0.0.1:%d" % self.port, "--forward", "127.0.0.1:%d" % to,
            "--mapping", SUGAR,
        )
        return self.start(*self.flags)

    def load(self, count=MESSAGES, rate=None):
        return self.background(
            "send", "--json", "-q", "--connections", CONNECTIONS, "--fresh-ids", "--count", count,
            "--keep-going", "--resend", 5000, "--timeout", "60s", *(("--rate", rate) if rate else ()),
            "127.0.0.1:%d" % self.port, self.write("m.hl7", message("x")),
        )

    def received(self):
        with open(self.kept, "rb") as f:
            stream = f.read()
        return collections.Counter(control_id(f) for f in stream.split(b"\x1c\r")[:-1])

    def nothing_lost(self, report, count, faults):
        """All answered positively, all received, and one more at most for each connection and
        fault."""
        self.assertEqual(report["answered"]["AA"], count)
        self.stop_sink()
        received = self.received()
        self.assertEqual(len(received), count)
        self.assertLessEqual(sum(received.values()) - count, faults * CONNECTIONS)


class Stopping(Load):
    def test_TERM_under_load_drains_and_nothing_acknowledged_is_lost(self):
        d = self.prepare("1ms-5ms")
        load = self.load()
        d.wait_event("msg.acked", 500)
        began = time.monotonic()
        d.signal(signal.SIGTERM)
        self.assertEqual(d.wait(), 0)
        self.assertLess(time.monotonic() - began, 25, "not as long as it may")
        self.assertEqual(d.events("svc.stopped")[0]["count"], 0)
        self.assertEqual(d.events("msg.failed"), [])
        acked = {e["ctl_id"].encode() for e in d.events("msg.acked")}
        self.assertEqual(acked, set(self.received()))
        self.start(*self.flags)
        self.nothing_lost(load(), MESSAGES, 0)

    def test_kill_under_load_loses_nothing_acknowledged(self):
        d = self.prepare("1ms-3ms")
        load = self.load(ENDLESS)
        for _ in range(KILLS):
            d.wait_event("msg.acked", 200)
            d.expected = -9
            d.process.kill()
            d.wait()
            d = self.start(*self.flags)
        d.wait_event("msg.acked", 200)
        load.process.send_signal(signal.SIGINT)
        report = load()
        self.nothing_lost(report, report["sent"], KILLS)

    def test_TERM_waits_for_the_answer_in_flight_and_takes_no_new_frame(self):
        gate = []

        def hold(visit, body, number):
            wait_for("the gate", lambda: gate)
            visit.answer(body)

        r = self.receiver(hold)
        d, port = self.hop(r)
        s, idle = self.sender(port), self.sender(port)
        s.send(framed(message("1")) + framed(message("2")))
        r.wait(1)
        d.signal(signal.SIGTERM)
        d.wait_event("svc.stopping")
        self.assertTrue(idle.closed())
        with self.assertRaises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port))
        time.sleep(0.2)
        gate.append(1)
        self.assertEqual(s.frame(), ack(message("1")))
        self.assertTrue(s.closed())
        self.assertEqual(d.wait(), 0)
        self.assertEqual(len(r.frames), 1)

    def test_TERM_waits_for_the_answers_to_all_messages_of_a_batch(self):
        """And where only the first is answered, for no longer than a moment."""
        for answered in (3, 1):
            while not self.answered_one_by_one(answered):
                pass  # the answers came too late, since this process stood still

    def answered_one_by_one(self, answered):
        bodies = [message(str(n)) for n in (1, 2, 3)]
        batch = b"BHS|^~\\&|LAB\r" + b"".join(bodies) + b"BTS|3\r"
        gate, at = [], []

        def one_by_one(visit, body, number):
            wait_for("the gate", lambda: gate)
            for body in bodies[:answered]:
                visit.answer(body)
                at.append(time.monotonic())
                time.sleep(0.2)

        r = self.receiver(one_by_one)
        d, port = self.hop(r)
        s = self.sender(port)
        s.send(framed(batch))
        r.wait(1)
        d.signal(signal.SIGTERM)
        d.wait_event("svc.stopping")
        gate.append(1)
        got = [s.frame() for _ in range(answered)]
        self.assertEqual(d.wait(), 0)
        wait_for("all answers", lambda: len(at) == answered)
        if max((b - a for a, b in zip(at, at[1:])), default=0) > MOMENT:
            return False
        self.assertEqual(got, [ack(body) for body in bodies[:answered]])
        self.assertTrue(s.closed())
        return True

    def test_TERM_with_bytes_unread_takes_no_answer_back(self):
        """Closing over them would reset the connection, and some peers lose the answer by that."""
        gate = []

        def hold(visit, body, number):
            wait_for("the gate", lambda: gate)
            visit.answer(body)

        r = self.receiver(hold)
        d, port = self.feed(r)
        s = self.sender(port)
        s.send(framed(message("1")))
        r.wait(1)
        d.signal(signal.SIGTERM)
        d.wait_event("svc.stopping")
        s.send(framed(message("2", more=b"NTE|1||" + b"x" * 100000 + b"\r")))
        gate.append(1)
        self.assertEqual(s.frame(), ack(message("1")))
        self.assertEqual(s.sock.recv(100), b"", "its end, and no reset")
        self.assertEqual(d.wait(), 0)

    def test_TERM_gives_up_at_the_drain_time_out(self):
        r = self.receiver(lambda v, body, n: None)
        ports = [free_port(), free_port()]
        limits, gone = '<limits drain-timeout="1s"/>', feed_xml(ports[1], r.port, name="gone")
        d = self.configure(limits, feed_xml(ports[0], r.port), gone)
        senders = [self.sender(port) for port in ports]
        for n, s in enumerate(senders):
            s.send(framed(message(str(n))))
        r.wait(2)
        self.write("hl7noted.xml", config_xml(limits, feed_xml(ports[0], r.port)))
        d.reload()
        began = time.monotonic()
        d.signal(signal.SIGTERM)
        d.wait_event("svc.stopping")
        d.signal(signal.SIGHUP)  # comes too late
        self.assertEqual(d.wait(), 0)
        self.assertTrue(0.8 < time.monotonic() - began < 15)
        self.assertEqual(len(d.events("config.loaded")), 1)
        self.assertEqual(d.events("svc.stopped")[0]["count"], 2)
        for n, s in enumerate(senders):
            self.assertTrue(s.closed())
            self.assertEqual(len(d.events("msg.failed", ctl_id=str(n), outcome="drained")), 1)

    def test_TERM_twice_ends_at_once(self):
        r = self.receiver(lambda v, body, n: None)
        d, port = self.hop(r)
        self.sender(port).send(framed(message("1")))
        r.wait(1)
        d.signal(signal.SIGTERM)
        d.wait_event("svc.stopping")
        d.signal(signal.SIGTERM)
        self.assertEqual(d.wait(15), 0, "and not when its time to drain is over")

    def test_TERM_again_while_it_ends_takes_no_line_from_the_log(self):
        """They wait for the reader of a pipe that is full."""

        def scene():
            read, write = os.pipe()
            fcntl.fcntl(write, fcntl.F_SETPIPE_SZ, 4096)
            port, metrics = free_port(), free_port()
            d = self.start(
                "--listen", "127.0.0.1:%d" % port, "--forward", "127.0.0.1:%d" % r.port,
                "--metrics", metrics, stderr=write, wait=False,
            )
            os.close(write)
            with os.fdopen(read, "rb") as log:
                wait_for("the start", lambda: listening(port) and listening(metrics))
                s = self.sender(port)
                for n in range(50):
                    s.exchange(message(str(n)))
                s.close()
                d.signal(signal.SIGTERM)
                wait_for("the end", lambda: not listening(metrics))
                for _ in range(3):
                    d.signal(signal.SIGTERM)
                lines = [json.loads(line) for line in log if line.endswith(b"\n")]
            self.assertEqual(d.wait(), 0)
            acked = [line["ctl_id"] for line in lines if line["event"] == "msg.acked"]
            self.assertEqual(acked, [str(n) for n in range(50)])
            self.assertEqual(lines[-1]["event"], "svc.stopped")

        r = self.receiver()
        self.undisturbed(1, scene)

    def test_INT_stops_like_TERM(self):
        d, _ = self.hop(self.receiver())
        d.signal(signal.SIGINT)
        self.assertEqual(d.wait(), 0)
        d.wait_event("svc.stopped")

    def test_signals_are_heard_whatever_was_blocked_before(self):
        heard = {signal.SIGHUP, signal.SIGTERM, signal.SIGINT, signal.SIGUSR1}
        d = self.configure(
            feed_xml(free_port(), self.receiver().port),
            preexec_fn=lambda: signal.pthread_sigmask(signal.SIG_BLOCK, heard),
        )
        d.reload()
        d.signal(signal.SIGTERM)
        self.assertEqual(d.wait(), 0)

    def test_a_stopped_and_continued_process_goes_on(self):
        r = self.receiver()
        d, port = self.hop(r)
        s = self.sender(port)
        s.exchange(message("1"))
        d.signal(signal.SIGSTOP)
        s.send(framed(message("2")))
        self.assertTrue(s.silent(0.5))
        d.signal(signal.SIGCONT)
        self.assertEqual(s.frame(), ack(message("2")))


class Systemd(World):
    """Its protocols, without it."""

    def notified(self):
        path = self.path("notify")
        s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        s.bind(path)
        s.settimeout(PATIENCE)
        self.addCleanup(s.close)
        return s, path

    def until(self, s, word):
        """The words of all notifications up to this one."""
        seen = []
        while word not in seen:
            seen += s.recv(4096).decode().split("\n")
        return seen

    def test_ready_reloading_ready_stopping_are_told(self):
        s, path = self.notified()
        d = self.configure(feed_xml(free_port(), 1), env={"NOTIFY_SOCKET": path})
        self.until(s, "STATUS=running")
        for end, status in ("", "running"), ("<", "running; the last reload was rejected"):
            self.write("hl7noted.xml", config_xml(feed_xml(free_port(), 1)) + end)
            d.signal(signal.SIGHUP)
            seen = self.until(s, "STATUS=" + status)
            self.assertIn("RELOADING=1", seen)
            self.assertTrue(any(w.startswith("MONOTONIC_USEC=") for w in seen))
            self.assertIn("READY=1", seen)
        d.signal(signal.SIGTERM)
        self.until(s, "STOPPING=1")

    def test_ready_is_told_only_once_it_listens(self):
        s, path = self.notified()
        r = self.receiver()
        d, port = self.hop(r, env={"NOTIFY_SOCKET": path}, wait=False)
        self.until(s, "READY=1")
        self.assertEqual(self.sender(port).exchange(message()), ack(message()))

    def test_an_abstract_notify_socket_is_found(self):
        s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(s.close)
        name = "hl7noted-test-%d" % os.getpid()
        s.bind("\0" + name)
        s.settimeout(PATIENCE)
        self.hop(self.receiver(), env={"NOTIFY_SOCKET": "@" + name})
        self.until(s, "READY=1")

    def test_the_watchdog_is_fed_twice_a_period_under_load_and_not_by_a_stopped_loop(self):
        """Fault 37, but for the restart, which is systemd's."""
        s, path = self.notified()
        to, _ = self.sink()
        door = free_port()
        d, port = self.hop(
            to, "--log-level", "error", "--metrics", str(door),
            env={"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "400000"}, wait=False,
        )
        self.assertNotIn("STOPPING=1", self.until(s, "READY=1"))
        load = self.background(
            "send", "--connections", 16, "--count", 10**9, "--fresh-ids", "-q",
            "127.0.0.1:%d" % port, self.write("m.hl7", message()),
        )
        passed = lambda: metric(door, "hl7noted_messages_total", outcome="acked") or 0
        wait_for("load", lambda: passed() > 100)
        before = passed()
        # a busy machine may draw out some, and many for a while
        wait_for("nine of which five come in time", lambda: sorted(self.gaps(s, 9))[4] < 0.3)
        self.assertGreater(passed(), before)
        d.signal(signal.SIGSTOP)
        s.settimeout(0.6)
        with self.assertRaises(socket.timeout):
            while True:
                s.recv(4096)
        d.signal(signal.SIGCONT)
        s.settimeout(PATIENCE)
        self.until(s, "WATCHDOG=1")
        self.assertIsNone(load.process.poll())
        d.signal(signal.SIGTERM)
        self.until(s, "STOPPING=1")

    def gaps(self, s, count):
        """The seconds between so many calls of the watchdog."""
        found = []
        for _ in range(count):
            began = time.monotonic()
            self.until(s, "WATCHDOG=1")
            found.append(time.monotonic() - began)
        return found

    def handed_over(self, *sockets):
        """How to hand sockets over as number 3 and on, all under the name mllp."""

        away = [fcntl.fcntl(s.fileno(), fcntl.F_DUPFD, 50) for s in sockets]
        for fd in away:
            self.addCleanup(os.close, fd)
        place = (
            "import os, sys\n"
            "for to, fd in enumerate(map(int, sys.argv[1].split()), 3):\n"
            "    os.dup2(fd, to)\n"
            "    os.close(fd)\n"
            "os.environ['LISTEN_PID'] = str(os.getpid())\n"
            "os.execv(sys.argv[2], sys.argv[2:])\n"
        )
        return {
            "through": [sys.executable, "-c", place, " ".join(map(str, away))],
            "env": {
                "LISTEN_FDS": str(len(sockets)), "LISTEN_FDNAMES": ":".join(["mllp"] * len(sockets))
            },
            "pass_fds": tuple(away),
        }

    def activated(self, family=socket.AF_INET):
        """A listening socket, and how to hand it over."""
        s = socket.socket(family, socket.SOCK_STREAM)
        s.bind(("127.0.0.1", 0) if family == socket.AF_INET else self.path("mllp"))
        s.listen()
        self.addCleanup(s.close)
        return s, self.handed_over(s)

    def socket_feed(self, r, more="", **listen):
        feed = feed_xml(1, r.port, listen=listen).replace('address="127.0.0.1" port="1"', 'socket="mllp"')
        return self.write("hl7noted.xml", config_xml(feed, more))

    def test_a_socket_handed_over_is_served_and_survives_restarts(self):
        r = self.receiver()
        s, named = self.activated()
        port = s.getsockname()[1]
        for _ in range(2):
            early = self.sender(port)
            early.send(framed(message("early")))
            d = self.start("--config", self.socket_feed(r), **named)
            self.assertEqual(early.frame(), ack(message("early")))
            self.assertEqual(self.sender(port).exchange(message("1")), ack(message("1")))
            d.stop()

    def test_a_socket_that_nobody_takes_is_told(self):
        r = self.receiver()
        s, named = self.activated()
        told = 'no <listen> takes the socket "mllp" that is handed over'
        d = self.start("--config", self.socket_feed(r), **named)
        self.assertNotIn(told, d.text())
        d.stop()
        d = self.start("--config", self.write("else.xml", config_xml(feed_xml(free_port(), r.port))),
                       **self.handed_over(s, self.activated()[0]))
        self.assertEqual(d.text().count(told), 1)

    def test_sockets_too_many_for_one_name_are_told(self):
        r = self.receiver()
        sockets = [self.activated()[0] for _ in range(10)]
        told = 'more than 8 sockets "mllp" are handed over'
        d = self.start("--config", self.socket_feed(r), **self.handed_over(*sockets))
        self.assertEqual(d.text().count(told), 1)
        d.stop()
        d = self.start("--config", self.socket_feed(r), **self.handed_over(*sockets[:8]))
        self.assertNotIn(told, d.text())

    def test_a_socket_handed_over_survives_a_reload(self):
        r = self.receiver()
        s, named = self.activated()
        d = self.start("--config", self.socket_feed(r), **named)
        one = self.sender(s.getsockname()[1])
        one.exchange(message("1"))
        for _ in range(3):
            d.reload()
        self.assertEqual(one.exchange(message("2")), ack(message("2")))
        self.assertEqual(
            self.sender(s.getsockname()[1]).exchange(message("3")), ack(message("3"))
        )

    def test_a_socket_given_up_is_served_again_when_it_is_wanted_again(self):
        r = self.receiver()
        s, named = self.activated()
        d = self.start("--config", self.socket_feed(r), **named)
        port = s.getsockname()[1]
        self.sender(port).exchange(message("1"))
        self.write("hl7noted.xml", config_xml(feed_xml(free_port(), r.port, name="else")))
        d.reload()
        waiting = self.sender(port)
        waiting.send(framed(message("2")))
        self.assertTrue(waiting.silent())
        self.socket_feed(r, "<nonsense/>")
        d.reload(good=False)
        self.socket_feed(r)
        d.reload()
        self.assertEqual(waiting.frame(), ack(message("2")))

    def test_a_socket_that_is_not_handed_over_is_told(self):
        r = self.receiver()
        d = self.start("--config", self.socket_feed(r), wait=False)
        d.expected = 78
        self.assertEqual(d.wait(), 78)
        self.assertEqual(d.events("config.rejected")[0]["outcome"], "socket_not_handed_over")

    def test_all_sockets_of_a_name_are_served(self):
        """A unit may have a ListenStream for each address."""
        r = self.receiver()
        sockets = [self.activated()[0] for _ in range(3)]
        d = self.start("--config", self.socket_feed(r), **self.handed_over(*sockets))
        for turn in range(2):
            for s in sockets:
                self.assertEqual(
                    self.sender(s.getsockname()[1]).exchange(message("1")), ack(message("1"))
                )
            if turn == 0:
                self.write("hl7noted.xml", config_xml(feed_xml(free_port(), r.port, name="else")))
                d.reload()
                self.socket_feed(r)
                d.reload()

    def test_a_socket_that_takes_no_connections_is_told(self):
        """Datagrams, connections of no stream, or with Accept=yes a connection itself."""
        r = self.receiver()
        ours, theirs = socket.socketpair()
        packets = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        packets.bind(self.path("packets"))
        packets.listen()
        with socket.socket(type=socket.SOCK_DGRAM) as datagrams, packets, ours, theirs:
            for s in (datagrams, packets, theirs):
                d = self.start(
                    "--config", self.socket_feed(r), wait=False, **self.handed_over(s)
                )
                d.expected = 78
                self.assertEqual(d.wait(), 78)
                self.assertEqual(
                    d.events("config.rejected")[0]["outcome"], "socket_not_listening"
                )

    def test_a_reload_that_may_not_have_a_socket_leaves_no_descriptor_behind(self):
        r = self.receiver()
        with socket.socket(type=socket.SOCK_DGRAM) as datagrams:
            config = self.write("hl7noted.xml", config_xml(feed_xml(free_port(), r.port)))
            d = self.start("--config", config, **self.handed_over(datagrams))
            before = d.numbers()
            self.socket_feed(r)
            d.reload(good=False)
            self.assertEqual(d.numbers(), before)

    def test_who_comes_by_a_UNIX_socket_is_on_no_list_of_addresses(self):
        s, named = self.activated(socket.AF_UNIX)
        feed = feed_xml(1, 1, in_listen='<allow address="0.0.0.0/0"/><allow address="::/0"/>')
        d = self.start(
            "--config",
            self.write(
                "hl7noted.xml",
                config_xml(feed.replace('address="127.0.0.1" port="1"', 'socket="mllp"', 1)),
            ),
            **named,
        )
        with socket.socket(socket.AF_UNIX) as c:
            c.connect(self.path("mllp"))
            c.settimeout(PATIENCE)
            self.assertEqual(c.recv(1), b"")
        refused = d.wait_event("conn.refused")[0]
        self.assertEqual((refused["peer"], refused["outcome"]), ("unix", "address"))

    def test_a_UNIX_socket_works_as_well(self):
        r = self.receiver()
        s, named = self.activated(socket.AF_UNIX)
        self.start("--config", self.socket_feed(r, max_per_address=1), **named)
        with socket.socket(socket.AF_UNIX) as c, socket.socket(socket.AF_UNIX) as other:
            for sock in (other, c):
                sock.connect(self.path("mllp"))
                sock.sendall(framed(message()))
                sock.settimeout(PATIENCE)
                self.assertEqual(sock.recv(4096), framed(ack(message())))


NO_MEMORY = "hl7noted: no memory for the event loop or for reading a file; "


def built(test, name, text):
    """A library of that source."""
    source, library = test.write(name + ".c", text), test.path(name + ".so")
    done = subprocess.run(
        [os.environ.get("CC", "cc").split()[0], "-shared", "-fPIC", "-O1", "-o", library, source,
         "-ldl"],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False,
    )
    if done.returncode != 0:
        test.skipTest("no compiler: " + done.stderr.decode()[:100])
    return library


class Want(World):
    """Of memory, of room in the log pipe, of file size."""

    def test_without_memory_a_connection_fails_and_the_others_live(self):
        if is_sanitized():
            self.skipTest("sanitizers have memory of their own")
        r = self.receiver()
        d, port = self.hop(r)
        s = self.sender(port)
        s.exchange(message("1"))
        with open("/proc/%d/statm" % d.pid, encoding="ascii") as f:
            used = int(f.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
        resource.prlimit(d.pid, resource.RLIMIT_AS, (used + (1 << 20), resource.RLIM_INFINITY))
        crowd = [self.sender(port) for _ in range(6)]
        for c in crowd:
            try:
                c.send(b"\x0b" + message("big") + b"x" * (8 << 20))
            except OSError:
                pass
        d.wait_event("conn.close", outcome="no_memory")
        self.assertEqual(s.exchange(message("2")), ack(message("2")))
        for c in crowd:
            c.close()
        resource.prlimit(
            d.pid, resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
        )
        s = self.sender(port)
        big = message("3", value="15", more=b"NTE|1||" + b"x" * (8 << 20) + b"\r")
        self.assertEqual(s.exchange(big), ack(big))

    def test_a_message_that_memory_cannot_hold_is_no_fault_of_the_receiver(self):
        if is_sanitized():
            self.skipTest("sanitizers have memory of their own")
        with socket.create_server(("127.0.0.1", 0)) as receiver:  # takes no connection, reads nothing
            d, port = self.hop(receiver.getsockname()[1])
            with open("/proc/%d/statm" % d.pid, encoding="ascii") as f:
                used = int(f.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
            resource.prlimit(d.pid, resource.RLIMIT_AS, (used + (20 << 20), resource.RLIM_INFINITY))
            s = self.sender(port)
            # what was read of it finds room, what is still to be written does not
            with contextlib.suppress(OSError):
                s.send(framed(message("1", value="15", more=b"NTE|1||" + b"x" * 15000000 + b"\r")))
            d.wait_event("msg.failed", outcome="no_memory")
            d.wait_event("conn.close", outcome="no_memory")

    def test_failing_allocations_end_connections_or_lead_to_a_clean_restart(self):
        """Every so many allocations fail, by a small library in front of malloc."""
        if is_sanitized():
            self.skipTest("sanitizers have an allocator of their own")
        library = self.failing_malloc()
        r = self.receiver()
        port = free_port()
        flags = ("--listen", "127.0.0.1:%d" % port, "--forward", "127.0.0.1:%d" % r.port)
        env = {"LD_PRELOAD": library, "HL7_FAIL_FLAG": self.path("fail")}
        d = self.start(*flags, "--mapping", SUGAR, env=env)
        self.write("fail", "")
        answered = 0
        for n in range(300):
            try:
                s = self.sender(port)
                answered += s.exchange(message(str(n))) == ack(message(str(n)))
                s.close()
            except OSError:
                pass
            if d.process.poll() is not None:
                self.gone_without_memory(d)
                os.unlink(self.path("fail"))
                d = self.start(*flags, "--mapping", SUGAR, env=env)
                self.write("fail", "")
        os.unlink(self.path("fail"))
        self.assertTrue(0 < answered < 300, answered)
        if not self.lives(d, port):
            self.gone_without_memory(d)
            d = self.start(*flags, "--mapping", SUGAR, env=env)
        self.assertEqual(self.sender(port).exchange(message("e")), ack(message("e")))

    def lives(self, d, port):
        """One that found no memory at last may still serve the end of those who are connected."""
        starts = d.text().count("svc.started")
        try:
            self.sender(port).exchange(message("l"))
        except OSError:
            return False
        return d.text().count(NO_MEMORY) < starts

    def gone_without_memory(self, d):
        d.expected = 71
        self.assertEqual(d.wait(), 71, d.text()[-2000:])
        self.assertIn(NO_MEMORY, d.text())
        self.assertTrue(d.events("svc.stopped", err_code="ENOMEM"))

    def test_a_loop_without_memory_ends_the_daemon_in_good_order(self):
        """It has to grow its tables for many connections, and may not."""
        if is_sanitized():
            self.skipTest("sanitizers have an allocator of their own")
        library = self.failing_malloc()
        r = self.receiver()
        d, port = self.hop(
            r, env={"LD_PRELOAD": library, "HL7_FAIL_FLAG": self.path("fail")}
        )
        s = self.sender(port)
        self.assertEqual(s.exchange(message("1")), ack(message("1")))
        self.write("fail", "grow")
        crowd = []
        for _ in range(200):
            crowd.append(socket.socket())
            self.addCleanup(crowd[-1].close)
            if crowd[-1].connect_ex(("127.0.0.1", port)):
                break
        self.gone_without_memory(d)
        self.assertEqual(len(d.events("msg.acked", ctl_id="1")), 1)
        self.assertTrue(s.closed())

    def test_the_tool_says_that_it_has_no_memory(self):
        """Whatever is the first to get none, and all behind it: no file is called wrong for that."""
        if is_sanitized():
            self.skipTest("sanitizers have an allocator of their own")
        library = self.failing_malloc()
        feed = os.path.join(TOP, "tests/conf/good/small.xml")
        mapping = os.path.join(TOP, "mappings/potassium.xml")
        one = self.write("one.hl7", message("1"))
        for command, step in (
            (("check", "-q", feed), 499), (("check", "-q", mapping), 1999),
            (("annotate", "-q", "-m", mapping, one), 2503),
        ):
            failing, done = 0, None
            while not done or done.returncode:
                done = self.tool_without_memory(library, failing, *command)
                if done.returncode:
                    self.assertEqual(done.returncode, 71, (command, failing, done.stderr))
                    self.assertIn(b"out of memory", done.stderr, (command, failing))
                failing += step
            self.assertGreater(failing, 2 * step, command)

    def test_what_is_explained_in_the_end_had_all_the_memory_it_wanted(self):
        if is_sanitized():
            self.skipTest("sanitizers have an allocator of their own")
        library = self.failing_malloc()
        command = ("explain", "-q", "-m", B2M, os.path.join(SAMPLES, "batch.hl7"))
        least, most = 0, 1 << 20
        want = self.tool_without_memory(library, most, *command).stdout
        while least < most:  # towards the first that is enough, which is not always the same
            middle = (least + most) // 2
            done = self.tool_without_memory(library, middle, *command)
            if done.returncode:
                least = middle + 1
            else:
                self.assertEqual(done.stdout, want)
                most = middle
        self.assertGreater(least, 1000)

    def test_one_allocation_that_fails_makes_nothing_wrong_of_what_is_right(self):
        if is_sanitized():
            self.skipTest("sanitizers have an allocator of their own")
        library = self.failing_malloc()
        body = message("1")
        plain, frame = self.write("m.hl7", body), self.write("m.mllp", framed(body))
        made = self.write("a.hl7", annotated([body])[0])
        for command in (
            ("check", SUGAR), ("explain", "-m", SUGAR, plain), ("annotate", "-m", SUGAR, plain),
            ("annotate", "-m", SUGAR, frame), ("verify", "-m", SUGAR, plain, made),
            ("verify", frame, frame),
        ):
            good = self.tool_without_memory(library, 1 << 30, *command, name="HL7_FAIL_ONLY")
            self.assertEqual(good.returncode, 0, good.stderr)
            count = int(good.stderr.split(b"allocations: ")[1])
            # those between are libxml2's, which end the tool at once
            for failing in [*range(min(count, 80)), *range(max(80, count - 60), count)]:
                done = self.tool_without_memory(library, failing, *command, name="HL7_FAIL_ONLY")
                if done.returncode:
                    self.assertEqual(done.returncode, 71, (command, failing, done.stderr))
                    self.assertRegex(done.stderr + done.stdout, b"(out of|no) memory")
                else:
                    self.assertEqual(done.stdout, good.stdout, (command, failing, done.stderr))

    def tool_without_memory(self, library, failing, *command, name="HL7_FAIL_FROM"):
        """Without any from that allocation on."""
        return subprocess.run(
            [HL7NOTE, *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env={**os.environ, "LD_PRELOAD": library, name: str(failing)},
            timeout=PATIENCE, check=False,
        )

    def failing_malloc(self):
        return built(self, "fail", FAILING)

    def test_a_blocked_log_pipe_drops_lines_and_never_a_message(self):
        r = self.receiver()
        control = self.path("control")
        read, write = os.pipe()
        port = free_port()
        d = self.start(
            "--listen", "127.0.0.1:%d" % port, "--forward", "127.0.0.1:%d" % r.port,
            "--control", control, stderr=write, wait=False,
        )
        os.close(write)
        wait_for("the socket", lambda: os.path.exists(control))
        report = json.loads(
            self.note(
                "send", "--json", "-q", "--connections", 4, "--fresh-ids", "--count", 6000,
                "127.0.0.1:%d" % port, self.write("m.hl7", message("x")),
            )
        )
        self.assertEqual(report["answered"]["AA"], 6000)
        state = json.loads(self.note("status", "--json", "--control", control))
        dropped = state["log_dropped"]
        self.assertGreater(dropped, 0)
        lines = []

        def take():
            with os.fdopen(read, "rb") as f:
                lines.extend(json.loads(line) for line in f)

        reading = threading.Thread(target=take)
        reading.start()
        # what is written at its end is not waited for, so it has to be told before
        wait_for("a word of it", lambda: any(x["event"] == "log.dropped" for x in list(lines)))
        d.signal(signal.SIGTERM)
        self.assertEqual(d.wait(), 0)
        reading.join()
        told = [line for line in lines if line["event"] == "log.dropped"]
        self.assertTrue(0 <= sum(line["count"] for line in told) - dropped < 10)
        acked = [line for line in lines if line["event"] == "msg.acked"]
        self.assertGreaterEqual(len(acked) + dropped, 6000)

    def test_a_log_pipe_that_nobody_holds_any_more_stops_nothing(self):
        r = self.receiver()
        read, write = os.pipe()
        port = free_port()
        d = self.start(
            "--listen", "127.0.0.1:%d" % port, "--forward", "127.0.0.1:%d" % r.port,
            stderr=write, wait=False,
        )
        os.close(write)
        os.read(read, 10)
        os.close(read)
        s = wait_for("a connection", lambda: self.try_sender(port))
        for n in range(20):
            self.assertEqual(s.exchange(message(str(n))), ack(message(str(n))))
        self.assertIsNone(d.process.poll())

    def try_sender(self, port):
        try:
            return self.sender(port)
        except ConnectionRefusedError:
            return None

    def test_a_log_file_at_its_largest_size_stops_nothing(self):
        r = self.receiver()
        port, log = free_port(), self.path("log")
        d = self.start(
            "--listen", "127.0.0.1:%d" % port, "--forward", "127.0.0.1:%d" % r.port,
            "--log-file", log, wait=False,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000)),
        )
        s = wait_for("a connection", lambda: self.try_sender(port))
        for n in range(50):
            self.assertEqual(s.exchange(message(str(n))), ack(message(str(n))))
        self.assertIsNone(d.process.poll())
        self.assertLessEqual(os.path.getsize(log), 2000)

    def test_status_says_why_the_log_cannot_be_written(self):
        d, port = self.hop(
            self.receiver(), "--log-file", self.path("log"), "--control", self.path("control"),
            wait=False,
        )
        wait_for("the start", lambda: listening(port))
        s = self.sender(port)

        def status(*more):
            return self.note("status", "--control", self.path("control"), *more)

        def error():
            return json.loads(status("--json"))["log_error"]

        s.exchange(message("1"))
        self.assertIsNone(error())
        self.assertNotIn(b"THE LOG", status())
        resource.prlimit(d.pid, resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))
        s.exchange(message("2"))
        wait_for("the error", lambda: error() == "EFBIG")
        self.assertIn(b"THE LOG cannot be written: File too large;", status())
        resource.prlimit(d.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
        wait_for("the log", lambda: error() is None)
        with open(self.path("log"), "rb") as f:
            self.assertIn(b'"ctl_id":"2"', f.read())


class Refusals(World):
    """Of the kernel's, by a small library in front of its calls."""

    def setUp(self):
        super().setUp()
        if is_sanitized():
            self.skipTest("a library in front of theirs")
        self.env = {
            "LD_PRELOAD": built(self, "refuse", REFUSING), "HL7_REFUSALS": self.path("refusals"),
        }

    def refuse(self, call, error):
        self.write("refusals.new", "%s %d" % (call, error))
        os.rename(self.path("refusals.new"), self.path("refusals"))

    def relent(self):
        os.unlink(self.path("refusals"))

    def test_a_daemon_whose_loop_would_hear_nothing_does_not_start(self):
        self.refuse("epoll_ctl", errno.ENOSPC)
        d = self.start(
            "--listen", "127.0.0.1:%d" % free_port(), "--forward", "127.0.0.1:1",
            wait=False, env=self.env,
        )
        d.expected = 71
        self.assertEqual(d.wait(), 71, d.text())
        self.assertEqual(
            d.text(),
            "hl7noted: 0 files can be watched, and 96 are needed at least: "
            "No space left on device; raise fs.epoll.max_user_watches\n",
        )

    def test_a_daemon_without_threads_does_not_start_and_blames_no_file(self):
        self.refuse("pthread_create", errno.EAGAIN)
        d = self.start(
            "--listen", "127.0.0.1:%d" % free_port(), "--forward", "127.0.0.1:1",
            "--log-file", self.path("log"), wait=False, env=self.env,
        )
        d.expected = 71
        self.assertEqual(d.wait(), 71, d.text())
        self.assertEqual(
            d.text(),
            "hl7noted: 0 threads can be begun, and 4 are needed at least: "
            "Resource temporarily unavailable; raise TasksMax, or ulimit -u\n",
        )

    def test_a_listener_that_is_not_watched_is_once_it_can_be(self):
        r = self.receiver()
        d, port = self.served(r)
        moved = free_port()
        self.refuse("epoll_ctl", errno.ENOSPC)
        self.write("c.xml", config_xml(feed_xml(moved, r.port)))
        d.reload()
        self.assertEqual(d.wait_event("svc.paused")[0]["err_code"], "ENOMEM")
        waiting = self.sender(moved)
        waiting.send(framed(message("1")))
        self.relent()
        self.assertEqual(waiting.frame(), ack(message("1")))

    def test_a_pause_counts_as_the_limit_that_it_comes_from(self):
        r, port, door = self.receiver(), free_port(), free_port()
        d = self.configure(
            '<metrics listen="127.0.0.1:%d"/>' % door, feed_xml(port, r.port), env=self.env
        )
        for n, (error, limit) in enumerate((
            (errno.ENFILE, "descriptors"), (errno.ENOBUFS, "memory"), (errno.EPERM, None),
        )):
            self.refuse("accept4", error)
            s = self.sender(port)
            s.send(framed(message(str(n))))
            d.wait_event("svc.paused", err_code=errno.errorcode[error])
            self.relent()
            self.assertEqual(s.frame(), ack(message(str(n))))
            paused = [line["err_code"] for line in d.events("svc.paused")]
            told = {
                word: metric(door, "hl7noted_limits_hit_total", limit=word) or 0
                for word in ("descriptors", "memory")
            }
            self.assertEqual(
                told, {"descriptors": paused.count("ENFILE"), "memory": paused.count("ENOBUFS")}
            )
        paused = len(d.events("svc.paused"))
        for error in (errno.ECONNABORTED, errno.EPROTO, errno.ENETUNREACH):  # of who is gone
            self.refuse("accept4", error)
            s = self.sender(port)
            s.send(framed(message()))
            time.sleep(0.1)
            self.relent()
            self.assertEqual(s.frame(), ack(message()))
        self.assertEqual(len(d.events("svc.paused")), paused)

    def test_a_machine_without_IPv6_does_without_it(self):
        """It has no such sockets, or no such address."""
        r = self.receiver()
        for call, error in (("socket6", errno.EAFNOSUPPORT), ("bind6", errno.EADDRNOTAVAIL)):
            port = free_port()
            self.refuse(call, error)
            self.start("--listen", port, "--forward", "127.0.0.1:%d" % r.port, env=self.env)
            self.assertEqual(self.sender(port).exchange(message()), ack(message()))

    def test_connections_that_may_not_be_taken_do_not_spin(self):
        d, port = self.served(self.receiver())
        self.refuse("accept4", errno.EPERM)
        waiting = self.sender(port)
        waiting.send(framed(message("1")))
        self.assertEqual(d.wait_event("svc.paused")[0]["err_code"], "EPERM")
        self.assertLess(d.busy(2), 0.1)
        self.relent()
        self.assertEqual(waiting.frame(), ack(message("1")))

    def test_what_this_machine_lacks_is_no_error_of_the_receiver(self):
        control, port = self.path("control"), free_port()
        d = self.configure(
            '<control socket="%s"/>' % control, feed_xml(port, self.receiver().port), env=self.env
        )
        for error, told in (
            (errno.EADDRNOTAVAIL, "own_ports"), (errno.ENOBUFS, "memory"),
            (errno.ECONNREFUSED, "connect_failed (receiver)"),
        ):
            seen = len(d.events("conn.failed"))
            self.refuse("connect", error)
            s = self.sender(port)
            s.send(framed(message()))
            self.assertTrue(s.closed())
            d.wait_event("conn.failed", seen + 1)
            text = self.note("status", "--control", control).decode()
            self.assertRegex(text, r"last error +20\S+ \S+ %s\n" % re.escape(told))

    def test_a_side_that_takes_no_bytes_ends_its_connection(self):
        r = self.receiver()
        d, port = self.served(r, forward={"ack_timeout": "1h"})
        s = self.sender(port)
        self.assertEqual(s.exchange(message("1")), ack(message("1")))
        self.refuse("send", errno.ENOBUFS)
        s.send(framed(message("2")))
        self.assertTrue(s.closed())
        d.wait_event("msg.failed", ctl_id="2")
        self.relent()
        self.assertEqual(self.sender(port).exchange(message("3")), ack(message("3")))
        self.assertNotIn("2", [control_id(m) for m in r.bodies()])

    def test_the_last_line_has_room_however_far_behind_the_log_is(self):
        r = self.receiver()
        port, door, log = free_port(), free_port(), self.path("log")
        d = self.start(
            "--listen", "127.0.0.1:%d" % port, "--forward", "127.0.0.1:%d" % r.port,
            "--log-file", log, "--metrics", door, wait=False, env=self.env,
        )
        wait_for("the start", lambda: listening(port))
        self.refuse("writev", errno.EINTR)  # tried again, for as long as it takes
        self.note(
            "send", "-q", "--count", 5000, "--fresh-ids", "127.0.0.1:%d" % port,
            self.write("m.hl7", message("x")),
        )
        self.assertGreater(metric(door, "hl7noted_log_dropped_total"), 0)
        d.signal(signal.SIGTERM)
        wait_for("all but the log to end", lambda: not listening(door))
        self.relent()
        self.assertEqual(d.wait(), 0)
        with open(log, encoding="ascii") as f:
            last = [json.loads(line)["event"] for line in f][-2:]
        self.assertEqual(last, ["log.dropped", "svc.stopped"])

    def served(self, r, **named):
        port = free_port()
        path = self.write("c.xml", config_xml(feed_xml(port, r.port, **named)))
        return self.start("--config", path, env=self.env), port


class Clock(World):
    def year_of(self, line):
        return int(line["ts"][:4])

    def test_a_clock_that_jumps_a_year_changes_no_time_out(self):
        r = self.receiver(lambda v, body, n: None if control_id(body) == b"x" else v.answer(body))
        d, port = self.hop(r, "--ack-timeout", "6s", env=self.wrong_clock())
        now = self.year_of(d.events("svc.started")[0])
        for jump, years in (("+370d", 1), ("-370d", -1)):
            s = self.sender(port)
            self.assertEqual(s.exchange(message("1")), ack(message("1")))
            began = time.monotonic()
            s.send(framed(message("x")))
            r.wait(2 if years > 0 else 5)
            self.write("clock", jump)
            self.assertTrue(s.closed())
            self.assertTrue(5.9 < time.monotonic() - began < 25)
            s = self.sender(port)
            s.exchange(message("y%d" % years))
            line = d.wait_event("msg.acked", ctl_id="y%d" % years)[0]
            self.assertIn(self.year_of(line) - now, (years, 2 * years))
            self.assertLess(line["latency_us"], PATIENCE * 1000000)

    def test_a_clock_that_jumps_a_year_changes_no_wait_for_the_receiver(self):
        r = self.receiver()
        r.stop()
        port = free_port()
        d = self.configure(
            feed_xml(port, r.port, forward={"backoff_min": "200ms", "backoff_max": "400ms"}),
            env=self.wrong_clock(),
        )
        for jump in ("+370d", "-370d"):
            before, began = len(d.events("conn.failed")), time.monotonic()
            self.write("clock", jump)
            while len(d.events("conn.failed")) < before + 5:
                s = self.sender(port)
                s.send(framed(message()))
                self.assertTrue(s.closed())
            took = time.monotonic() - began
            self.assertLessEqual(len(d.events("conn.failed")) - before, 2 + took / 0.1, jump)
        r.start()
        s = self.sender(port)
        wait_for("service", lambda: self.served(port))

    def test_a_clock_that_jumps_a_year_changes_no_rate(self):
        control = self.path("control")
        env = self.wrong_clock()
        _, port = self.hop(self.receiver(), "--control", control, env=env)
        self.sender(port).exchange(message())
        for jump in ("+370d", "-370d"):
            self.write("clock", jump)
            text = self.note("status", "--control", control).decode()
            self.assertRegex(text, r"running for \d+ s\n")
            self.assertIn("; 1 in the last minute", text)

    def served(self, port):
        s = self.sender(port)
        return s.exchange(message("z")) == ack(message("z"))

    def test_times_that_no_clock_shows_are_forwarded_unchanged(self):
        """Leap days and seconds, hours that summer time leaves out or repeats, whatever the
        clock and the zone of this machine are."""
        times = (
            b"20240229235959+0100", b"20230229", b"20161231235960+0000", b"20260329023000+0100",
            b"20261025023000", b"20261025023000.9999+0200", b"19000229", b"99991231240000-1200",
            b"00000000", b"", b'""',
        )
        r = self.receiver()
        for zone in ("Europe/Berlin", "America/St_Johns"):
            _, port = self.hop(r, env={"TZ": zone})
            s = self.sender(port)
            bodies = [
                message("t%d" % n).replace(b"20260102030405", t).replace(b"19700101", t[:8])
                for n, t in enumerate(times)
            ]
            for body, expected in zip(bodies, annotated(bodies)):
                s.exchange(body)
                got = r.bodies()[-1]
                self.assertEqual(got, expected)
                self.assertEqual(got.split(b"OBX")[0], body.split(b"OBX")[0])


class Starting(World):
    @unittest.skipUnless(os.geteuid() == 0, "only root may look into a guarded process")
    def test_what_is_asked_while_it_starts_does_not_end_it(self):
        for _ in range(20):
            if self.asked_while_it_reads():
                return
        self.fail("in 20 attempts this process never wrote a file in two seconds")

    def asked_while_it_reads(self):
        path = self.path("rules%d" % time.monotonic_ns())
        os.mkfifo(path)
        end = os.open(path, os.O_RDWR)
        d = self.start(
            "--listen", free_port(), "--forward", "127.0.0.1:1", "--mapping", path, wait=False
        )
        wait_for("the reading", lambda: path in d.open_files() or d.process.poll() is not None)
        if d.process.poll() is None:
            d.signal(signal.SIGUSR1)
            d.signal(signal.SIGHUP)
        with open(SUGAR, "rb") as f:
            os.write(end, f.read())
        os.close(end)
        wait_for("the start", lambda: d.events("svc.started") or d.process.poll() is not None)
        if d.process.poll() == 78 and "timed out" in d.text():
            d.expected = 78
            return False
        d.wait_event("config.rejected")  # the reload found nobody who writes
        return True


class First(World):
    THROUGH = ("unshare", "--pid", "--fork", "--kill-child", "--mount-proc")

    def test_process_1_ends_with_TERM_and_leaves_no_orphan_unburied(self):
        if os.system(" ".join(self.THROUGH) + " true 2>/dev/null") != 0:
            self.skipTest("no process namespaces here")
        d, _ = self.hop(self.receiver(), through=self.THROUGH)
        (first,) = self.children(d.pid)
        for _ in range(3):
            subprocess.run(
                ["nsenter", "-t", first, "-p", "sh", "-c", "sleep 0.1 & exit"], check=True
            )
        wait_for("all orphans to be gone", lambda: not self.children(first))
        os.kill(int(first), signal.SIGTERM)
        self.assertEqual(d.wait(), 0, d.text())

    def children(self, pid):
        found = []
        for name in glob.glob("/proc/%s/task/*/children" % pid):
            with contextlib.suppress(FileNotFoundError):
                with open(name, encoding="ascii") as f:
                    found += f.read().split()
        return found


class Environment(World):
    def test_the_loop_is_not_chosen_by_it(self):
        for backend in ("1", "64", "128"):  # select, and two that the filter of calls forbids
            d, port = self.hop(self.receiver(), env={"LIBEV_FLAGS": backend})
            body = message("1", "15")
            self.assertEqual(self.sender(port).exchange(body), ack(body), backend)
            self.assertIn("anon_inode:[eventpoll]", self.links(d))

    def links(self, daemon):
        try:
            return [os.readlink(f.path) for f in os.scandir("/proc/%d/fd" % daemon.pid)]
        except PermissionError:
            self.skipTest("only root may look into a guarded process")


class Suspended(World):
    """SIGSTOP for longer than every time-out: what came meanwhile counts, for it was there."""

    def stopped(self, d, seconds):
        d.signal(signal.SIGSTOP)
        self.addCleanup(d.signal, signal.SIGCONT)
        time.sleep(seconds)

    def test_an_answer_that_came_meanwhile_is_handed_on(self):
        gate = []

        def hold(visit, body, number):
            wait_for("the gate", lambda: gate)
            visit.answer(body)

        r = self.receiver(hold)
        d, port = self.hop(r, "--ack-timeout", "5s")
        for turn in range(2):
            s = self.sender(port)
            s.send(framed(message("1")))
            r.wait(turn + 1)
            self.stopped(d, 0)
            gate.append(1)
            time.sleep(5.5)
            d.signal(signal.SIGCONT)
            self.assertEqual(s.frame(), ack(message("1")))
            gate.clear()
        self.assertEqual(d.events("msg.failed"), [])

    def test_the_end_of_a_frame_that_came_meanwhile_completes_it(self):
        r = self.receiver()
        d, port = self.feed(r, frame_deadline="5s")
        whole = framed(message("1"))
        for turn in range(2):
            s = self.sender(port)
            s.send(whole[:40])
            d.wait_event("conn.open", turn + 1)
            time.sleep(0.1)
            self.stopped(d, 0)
            s.send(whole[40:])
            time.sleep(5.5)
            d.signal(signal.SIGCONT)
            self.assertEqual(s.frame(), ack(message("1")))

    def test_no_frame_goes_to_a_receiver_that_left_meanwhile(self):
        r = self.receiver()
        d, port = self.hop(r)
        s = self.sender(port)
        self.assertEqual(s.exchange(message("1")), ack(message("1")))
        self.stopped(d, 0)
        s.send(framed(message("2")))
        r.visits[0].close()
        time.sleep(0.1)
        d.signal(signal.SIGCONT)
        self.assertEqual(s.frame(), ack(message("2")))

    def test_what_did_not_come_is_timed_out_at_once(self):
        r = self.receiver(lambda v, body, n: None)
        d, port = self.hop(r, "--ack-timeout", "8s")
        s = self.sender(port)
        s.send(framed(message("1")))
        r.wait(1)
        self.stopped(d, 8.5)
        d.signal(signal.SIGCONT)
        self.assertTrue(s.closed(7), "and not after as much time once more")
        d.wait_event("msg.failed", outcome="ack_timeout")


FAILING = r"""
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* While the file $HL7_FAIL_FLAG is there, every seventh allocation fails; with "grow" in it,
 * every one for more than there was; and each from the one of number $HL7_FAIL_FROM on, or the one
 * of number $HL7_FAIL_ONLY. */
static unsigned calls;

static int
fails(int grows)
{
	static __thread int inside;
	static unsigned count;
	const char *flag;
	char what = 0;
	int fd, failing = 0;

	if (inside)
		return 0;
	inside = 1;
	flag = getenv("HL7_FAIL_FROM");
	failing = flag && calls >= strtoul(flag, NULL, 10);
	flag = getenv("HL7_FAIL_ONLY");
	failing |= flag && calls == strtoul(flag, NULL, 10);
	calls++;
	flag = getenv("HL7_FAIL_FLAG");
	fd = flag ? open(flag, O_RDONLY) : -1;
	if (fd >= 0) {
		failing = read(fd, &what, 1) == 1 ? grows : ++count % 7 == 0;
		close(fd);
	}
	inside = 0;
	return failing;
}

__attribute__((destructor)) static void
tell(void)
{
	if (getenv("HL7_FAIL_ONLY"))
		dprintf(2, "allocations: %u\n", calls);
}

extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t);

void *
malloc(size_t n)
{
	return fails(0) ? NULL : __libc_malloc(n);
}

void *
calloc(size_t n, size_t size)
{
	return fails(0) ? NULL : __libc_calloc(n, size);
}

void *
realloc(void *p, size_t n)
{
	return fails(1) ? NULL : __libc_realloc(p, n);
}
"""

REFUSING = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>

/* While the file $HL7_REFUSALS is there, the call it names fails with its error. */
static int
refused(const char *call)
{
	FILE *f = fopen(getenv("HL7_REFUSALS"), "re");
	char name[32] = "";
	int error = 0;

	if (!f)
		return 0;
	if (fscanf(f, "%31s %d", name, &error) != 2 || strcmp(name, call))
		error = 0;
	fclose(f);
	errno = error;
	return error;
}

#define NEXT(name) ((__typeof__(name) *)dlsym(RTLD_NEXT, #name))

int
epoll_ctl(int all, int what, int fd, struct epoll_event *event)
{
	return refused("epoll_ctl") ? -1 : NEXT(epoll_ctl)(all, what, fd, event);
}

int
connect(int fd, const struct sockaddr *peer, socklen_t len)
{
	return refused("connect") ? -1 : NEXT(connect)(fd, peer, len);
}

int
pthread_create(
    pthread_t *ret, const pthread_attr_t *with, void *(*run)(void *arg), void *arg)
{
	int error = refused("pthread_create");

	return error ? error : NEXT(pthread_create)(ret, with, run, arg);
}

/* Of IPv6 only, and so the next. */
int
socket(int family, int type, int protocol)
{
	return family == AF_INET6 && refused("socket6") ? -1
							: NEXT(socket)(family, type, protocol);
}

int
bind(int fd, const struct sockaddr *address, socklen_t len)
{
	return address->sa_family == AF_INET6 && refused("bind6") ? -1
								  : NEXT(bind)(fd, address, len);
}

int
accept4(int fd, struct sockaddr *peer, socklen_t *len, int flags)
{
	return refused("accept4") ? -1 : NEXT(accept4)(fd, peer, len, flags);
}

ssize_t
send(int fd, const void *bytes, size_t len, int flags)
{
	return refused("send") ? -1 : NEXT(send)(fd, bytes, len, flags);
}

ssize_t
writev(int fd, const struct iovec *iov, int count)
{
	return refused("writev") ? -1 : NEXT(writev)(fd, iov, count);
}
"""


if __name__ == "__main__":
    main()
