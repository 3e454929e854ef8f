#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Names that are listened on, and name servers that take their time."""

import signal
import subprocess
import time

from world import (
    HL7NOTE, PATIENCE, World, ack, config_xml, feed_xml, free_port, http, listening, main,
    message, resolved, wait_for,
)

SLOW = "options timeout:30 attempts:4\n"  # one lookup takes two minutes in vain
QUICK = "options timeout:1 attempts:1\n"


class Named(World):
    """A daemon that listens on `port`; of other names than those in `hosts` it asks us."""

    def prepare(self, hosts="", options=SLOW):
        self.server = self.silent_server()
        self.r, self.port, self.other = self.receiver(), free_port(), free_port()
        self.through = self.private(hosts, "nameserver %s\n%s" % (self.name_server(), options))

    def running(self, **named):
        self.prepare(**named)
        self.rewrite()
        self.d = self.start("--config", self.path("hl7noted.xml"), through=self.through)
        return self.d

    def rewrite(self, *parts):
        self.write("hl7noted.xml", config_xml(*parts, feed_xml(self.port, self.r.port)))

    def named(self, address="lab.test", **named):
        listen = {"address": address, **named}
        return feed_xml(self.other, self.r.port, name="named", listen=listen)

    def asked(self):
        return [self.server.recvfrom(512) for _ in ("A", "AAAA")]

    def ask_for(self, *parts):
        """What we are asked by a reload."""
        self.rewrite(*parts)
        self.d.signal(signal.SIGHUP)
        return self.asked()

    def answer(self, questions, address):
        for query, peer in questions:
            self.server.sendto(resolved(query, address), peer)

    def serves(self, host, port):
        self.assertEqual(self.sender(port, host=host).exchange(message()), ack(message()))


class Reload(Named):
    def test_messages_go_on_while_the_name_server_says_nothing(self):
        d = self.running()
        s = self.sender(self.port)
        questions = self.ask_for(self.named())
        for n in range(50):
            self.assertEqual(s.exchange(message(str(n))), ack(message(str(n))))
        self.assertIsNone(d.verdict(0), "they came before the answer of the name server")
        self.assertFalse(listening(self.other))
        self.answer(questions, "127.0.0.2")
        d.wait_event("config.loaded")
        self.serves("127.0.0.2", self.other)
        self.assertEqual(s.exchange(message("last")), ack(message("last")))

    def test_that_it_waits_is_told(self):
        d = self.running()
        questions = self.ask_for(self.named())
        (told,) = d.wait_event("config.waiting")
        self.assertEqual((told["peer"], told["count"]), ("lab.test", 1))
        self.answer(questions, "127.0.0.2")
        d.wait_event("config.loaded")

    def test_a_name_that_nobody_knows_changes_nothing(self):
        d = self.running(hosts="127.0.0.2 here.test\n")
        door = free_port()
        self.rewrite('<metrics listen="here.test:%d"/>' % door, self.named())
        self.deny_all(self.server)
        d.reload(good=False)
        (told,) = d.wait_event("config.rejected", outcome="address")
        self.assertEqual((told["feed"], told["err_code"]), ("named", "EAI_NONAME"))
        self.assertRegex(told["err_loc"], r"hl7noted\.xml:\d+:\d+$")
        self.assertRegex(told["err_text"], r"lab\.test:\d+: .*; enter the name in /etc/hosts")
        self.assertFalse(listening(door))
        self.serves("127.0.0.1", self.port)

    def test_a_later_reload_takes_the_place_of_one_that_waits(self):
        d = self.running()
        questions = self.ask_for(self.named())
        self.rewrite()
        d.reload()
        self.answer(questions, "127.0.0.2")
        self.rewrite(self.named("127.0.0.3"))
        d.reload()
        self.serves("127.0.0.3", self.other)
        self.assertEqual(len(d.events("config.loaded")), 2)

    def test_a_listener_that_stays_is_not_asked_for_again(self):
        self.prepare(hosts="127.0.0.2 lab.test\n")
        self.rewrite(self.named())
        d = self.start("--config", self.path("hl7noted.xml"), through=self.through)
        s = self.sender(self.other, host="127.0.0.2")
        with open(self.path("hosts"), "w", encoding="ascii") as f:
            f.write("127.0.0.1 other.test\n")
        self.rewrite(self.named(max_connections=7))
        d.reload()
        self.assertEqual(s.exchange(message()), ack(message()))
        self.server.settimeout(0)
        self.assertRaises(BlockingIOError, self.server.recv, 512)

    def test_an_end_does_not_wait_for_names(self):
        d = self.running()
        self.ask_for(self.named())
        began = time.monotonic()
        self.assertEqual(d.stop(), 0)
        self.assertLess(time.monotonic() - began, 20)


class Start(Named):
    def starting(self, *parts):
        self.rewrite(*parts)
        return self.start(
            "--config", self.path("hl7noted.xml"), through=self.through, wait=False
        )

    def refused(self, d):
        d.expected = 78
        self.assertEqual(d.wait(), 78, d.text())
        (told,) = d.wait_event("config.rejected", outcome="address")
        self.assertIn(
            "%s: feed named: %s\n" % (told["err_loc"], told["err_text"]), d.text()
        )
        return told

    def test_it_waits_for_a_slow_name_server_and_says_so(self):
        door = free_port()
        self.prepare(hosts="127.0.0.2 here.test\n")
        d = self.starting('<metrics listen="door.test:%d"/>' % door, self.named("here.test"))
        questions = self.asked()
        wait_for("a word", lambda: "waiting for the address of door.test" in d.text())
        self.answer(questions, "127.0.0.4")
        d.wait_event("svc.started")
        self.serves("127.0.0.2", self.other)
        self.assertEqual(http(door, "/healthz", host="127.0.0.4")[0], 200)

    def test_an_address_that_has_its_name_twice_is_listened_on_once(self):
        self.prepare(hosts="127.0.0.2 lab.test\n127.0.0.3 lab.test\n127.0.0.2 lab.test\n")
        self.starting(self.named()).wait_event("svc.started")
        self.serves("127.0.0.2", self.other)
        self.serves("127.0.0.3", self.other)

    def test_a_silent_name_server_is_waited_for_half_a_minute(self):
        self.prepare()
        began = time.monotonic()
        told = self.refused(self.starting(self.named()))
        self.assertGreater(time.monotonic() - began, 29)
        self.assertEqual(told["err_code"], "EAI_AGAIN")
        self.assertIn("mend the name server", told["err_text"])

    def test_the_reason_is_told(self):
        self.prepare(options=QUICK)
        d = self.starting(self.named())
        self.assertEqual(self.refused(d)["err_code"], "EAI_AGAIN")

    def test_a_name_that_nobody_knows_is_told(self):
        self.prepare()
        d = self.starting(self.named())
        self.deny_all(self.server)
        self.assertEqual(self.refused(d)["err_code"], "EAI_NONAME")

    def test_so_it_is_for_metrics(self):
        self.prepare()
        d = self.starting('<metrics listen="door.test:%d"/>' % free_port())
        d.expected = 78
        self.deny_all(self.server)
        self.assertEqual(d.wait(), 78, d.text())
        self.assertRegex(d.text(), r"xml:\d+:\d+: cannot answer metrics on door\.test:\d+: Name")

    def test_the_sink_tells_the_reason(self):
        self.prepare(options=QUICK)
        done = subprocess.run(
            [*self.through, HL7NOTE, "sink", "--listen", "lab.test", "0"],
            stderr=subprocess.PIPE, timeout=PATIENCE, check=False,
        )
        self.assertEqual(done.returncode, 69)
        self.assertIn(b"lab.test port 0: Temporary failure in name resolution", done.stderr)

    def test_the_sink_ends_at_once_while_it_waits_for_a_name(self):
        self.prepare()
        p = subprocess.Popen([*self.through, HL7NOTE, "sink", "--listen", "lab.test", "0"])
        self.addCleanup(p.kill)
        self.asked()
        p.terminate()
        self.assertEqual(p.wait(PATIENCE / 2), -signal.SIGTERM)


if __name__ == "__main__":
    main()
