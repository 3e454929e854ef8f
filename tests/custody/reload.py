#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""HUP while a daemon has custody: what is in the queue is kept, in sight and in order."""

import os
import signal
import time

from custody import Custody, Silence, codes, custody_xml
from world import SUGAR, feed_xml, framed, free_port, http, main, message, wait_for


class Reload(Custody):
    def test_policies_mappings_and_receivers_are_exchanged(self):
        r, other = self.receiver(codes(b"AE", b"AE")), self.receiver()
        port = free_port()
        d = self.configure(*self.parts(custody_xml(port, r.port)))
        s = self.sender(port)
        s.exchange(message("m1"))
        self.wait_ids(["m1"], "--state", "aside")
        self.rewrite(*self.parts(custody_xml(port, r.port, answers={"error": "deliver"})))
        d.reload()
        s.exchange(message("m2"))
        self.assertEqual(d.wait_event("msg.delivered", ctl_id="m2")[0]["ack_code"], "AE")
        with open(SUGAR, encoding="utf-8") as f:
            newer = self.write("newer.xml", f.read().replace('version="1.2.3"', 'version="2.0.0"'))
        self.rewrite(*self.parts(custody_xml(port, other.port, mapping=newer)))
        d.reload()
        s.exchange(message("m3"))
        other.wait(1)
        done = d.wait_event("msg.delivered", ctl_id="m3")[0]
        self.assertRegex(done["mapping"], r"^test 2\.0\.0 ")
        self.change(d, other, port, mapping=newer, annotate="off")
        s.exchange(message("m4"))
        self.assertNotIn("mapping", d.wait_event("msg.delivered", ctl_id="m4")[0])
        self.assertEqual(self.sent(other), ["m3", "m4"])

    def test_a_feed_that_goes_keeps_its_queue_and_says_so(self):
        r = self.receiver()
        r.stop()
        here, there = free_port(), free_port()
        lab = custody_xml(here, r.port, name="lab")
        more = custody_xml(there, self.receiver().port, name="more")
        d = self.configure(*self.parts(lab, more))
        self.sender(here).exchange(message("m1"))
        self.rewrite(*self.parts(more))
        d.reload()
        gone = d.wait_event("queue.waiting", feed="lab", outcome="feed_gone")[0]
        self.assertEqual(gone["count"], 1)
        self.assertEqual(self.ids("--feed", "lab"), ["m1"])
        self.assertEqual(
            self.state()[0]["store"]["left"], [{"name": "lab", "waiting": 1, "aside": 0}]
        )
        self.assertRegex(self.text(), r"feed lab: NOT IN THE CONFIGURATION\n +queue +1 waiting")
        self.assertEqual(self.metric("hl7noted_queue_messages", feed="lab"), 1)
        self.assertGreater(self.metric("hl7noted_queue_oldest_age_seconds", feed="lab"), 0)
        r.start()
        time.sleep(0.3)
        self.assertEqual(r.frames, [])
        self.rewrite(*self.parts(lab, more))
        d.reload()
        r.wait(1)

    def test_a_feed_that_goes_is_waited_for_when_the_daemon_stops(self):
        answers = Silence()
        r, limits = self.receiver(answers), '<limits drain-timeout="1h"/>'
        port = free_port()
        more = custody_xml(free_port(), r.port, name="more")
        d = self.configure(limits, *self.parts(custody_xml(port, r.port), more))
        s = self.sender(port)
        s.exchange(message("m1"))
        r.wait(1)
        s.close()
        self.rewrite(limits, *self.parts(more))
        d.reload()
        wait_for("no connection", lambda: self.state()[0]["connections"] == 0)
        d.signal(signal.SIGTERM)
        d.wait_event("svc.stopping")
        time.sleep(0.3)
        answers.end()
        self.assertEqual(d.wait(), 0)
        self.assertEqual(len(d.events("msg.delivered", ctl_id="m1")), 1)

    def test_a_feed_relays_only_when_its_queue_is_empty(self):
        r = self.receiver()
        r.stop()
        port = free_port()
        d = self.configure(*self.parts(custody_xml(port, r.port)))
        s = self.sender(port)
        s.exchange(message("m1"))
        both = self.parts(
            feed_xml(port, r.port, name="lab"), custody_xml(free_port(), r.port, name="more")
        )
        self.rewrite(*both)
        d.reload(good=False)
        self.assertTrue(d.events("config.rejected", outcome="mode", feed="lab"))
        self.assertIn(b"AA|m2", s.exchange(message("m2")))
        r.start()
        r.wait(2)
        self.wait_ids([], "--state", "waiting")
        d.reload()
        lab = self.state()[1]
        self.assertEqual((lab["mode"], lab["last_minute"]), ("relay", 0))
        self.assertTrue(s.closed())
        s = self.sender(port)
        r.handler = lambda visit, body, number: visit.answer(body, b"AE")
        self.assertIn(b"MSA|AE|m3", s.exchange(message("m3")))
        self.rewrite(
            *self.parts(
                custody_xml(port, r.port),
                feed_xml(free_port(), r.port, name="more", mapping="missing.xml"),
            )
        )
        d.reload(good=False)
        state, lab = self.state()
        self.assertEqual((state["last_reload_good"], lab["mode"]), (False, "relay"))
        r.stop()
        failing = self.sender(port)
        failing.send(framed(message("none")))
        self.assertTrue(failing.closed())
        self.assertGreater(self.state()[1]["backoff_s"], 0)
        r.start()
        self.rewrite(*self.parts(custody_xml(port, r.port)))
        d.reload()
        self.assertTrue(s.closed())
        self.assertIn(b"MSA|AA|m4", self.sender(port).exchange(message("m4")))
        lab = self.state()[1]
        self.assertEqual((lab["last_minute"], lab["backoff_s"]), (1, 0))

    def test_the_only_feed_that_took_custody_leaves_nothing_behind_unseen(self):
        r = self.receiver(codes(b"AE"))
        r.stop()
        port = free_port()
        d = self.configure(*self.parts(custody_xml(port, r.port)))
        for name in ("m1", "m2"):
            self.sender(port).exchange(message(name))
        relaying = self.parts(feed_xml(port, r.port, name="lab"))
        unseen = [part for part in relaying if not part.startswith("<store")]
        self.rewrite(*relaying)
        d.reload(good=False)
        self.assertTrue(d.events("config.rejected", outcome="mode", feed="lab"))
        self.rewrite(*unseen)
        d.reload(good=False)
        self.assertIn("or drop them", d.wait_event("config.rejected", outcome="store")[0]["err_text"])
        d.stop()
        self.rewrite(*relaying)
        d = self.again(d, wait=False)
        d.expected = 78
        self.assertEqual(d.wait(), 78)
        self.assertIn("feed lab: messages of this feed are in the queue", d.text())
        self.rewrite(*self.parts(custody_xml(port, r.port)))
        d = self.again(d)
        r.start()
        self.wait_ids(["m1"])  # it was set aside, and the other delivered
        self.rewrite(*relaying)
        d.stop()
        d = self.again(d)
        (left,) = d.wait_event("queue.waiting", feed="lab", outcome="no_feed")
        self.assertEqual(left["aside"], 1)
        self.assertEqual(self.metric("hl7noted_deadletter_messages", feed="lab"), 1)
        self.assertIn("feed lab: RELAYS, AND LEFT IN THE QUEUE", self.text())
        self.assertIn(b"MSA|AA|m3", self.sender(port).exchange(message("m3")))
        self.rewrite(*unseen)
        d.reload(good=False)
        self.queue("drop", "--all")
        self.assertIsNone(self.metric("hl7noted_deadletter_messages", feed="lab"))
        d.reload()
        d.stop()
        d = self.again(d)
        self.assertIn("no <store> is in force", self.refused("list"))

    def test_what_is_on_its_way_into_the_queue_keeps_it_in_sight(self):
        """A large message takes a while to its place on the disk."""
        r = self.receiver()
        r.stop()
        port = free_port()
        body = message("m1", more=b"NTE|1||" + b"x" * (24 << 20) + b"\r")
        d = self.configure(
            '<limits in-flight-bytes="256MiB"/>',
            *self.parts(custody_xml(port, r.port, max_frame="32MiB")),
        )
        s = self.sender(port)
        s.send(framed(body)[:-1])
        held = lambda: self.metric("hl7noted_held_bytes")
        wait_for("all but its end", lambda: held() > len(body))
        relaying = self.parts(feed_xml(free_port(), r.port, name="more"))
        self.rewrite(*(part for part in relaying if not part.startswith("<store")))
        s.send(b"\r")
        seen = len(d.lines())
        d.signal(signal.SIGHUP)
        acknowledged = s.frame() is not None
        verdict = wait_for("the reload", lambda: d.verdict(seen))
        self.assertEqual(acknowledged, verdict == "config.rejected", d.text()[-2000:])

    def test_a_queue_that_no_feed_fills_keeps_nothing_from_being_ready(self):
        """Also where there is no room for it: relaying needs none."""
        r, port = self.receiver(), free_port()
        d = self.configure(*self.parts(feed_xml(port, r.port, name="lab"), free_space="1000GiB"))
        d.wait_event("queue.disk_low")
        self.assertIn(b"MSA|AA|m1", self.sender(port).exchange(message("m1")))
        self.assertEqual(http(self.door, "/readyz")[0], 200)
        self.assertNotIn("INTAKE", self.text())
        self.rewrite(*self.parts(custody_xml(port, r.port), free_space="1000GiB"))
        d.reload()
        self.assertEqual(http(self.door, "/readyz")[0], 503)
        self.assertIn("INTAKE IS STOPPED: disk_low", self.text())
        store = self.state()[0]["store"]
        self.assertEqual((store["takes"], store["ready"]), (False, True))
        self.rewrite(*self.parts(custody_xml(port, r.port)))
        d.reload()
        d.wait_event("queue.disk_well")
        store = self.state()[0]["store"]
        self.assertEqual((store["trouble"], store["takes"]), (None, True))

    def test_a_feed_does_not_relay_past_what_it_left_behind(self):
        """Not by way of a configuration without it, nor by a restart."""
        r = self.receiver()
        r.stop()
        port = free_port()
        lab = custody_xml(port, r.port)
        relaying = feed_xml(port, r.port, name="lab")
        more = custody_xml(free_port(), r.port, name="more")
        d = self.configure(*self.parts(lab, more))
        self.sender(port).exchange(message("m1"))
        self.rewrite(*self.parts(more))
        d.reload()
        self.rewrite(*self.parts(relaying, more))
        d.reload(good=False)
        self.assertTrue(d.events("config.rejected", outcome="mode", feed="lab"))
        d.stop()
        d = self.again(d, wait=False)
        d.expected = 78
        self.assertEqual(d.wait(), 78)
        self.assertIn("hl7noted: feed lab: messages of this feed are in the queue", d.text())
        r.start()
        self.rewrite(*self.parts(lab, more))
        d = self.again(d)
        r.wait(1)
        self.wait_ids([], "--state", "waiting")
        self.rewrite(*self.parts(relaying, more))
        d.reload()
        self.assertIn(b"MSA|AA|m2", self.sender(port).exchange(message("m2")))

    def test_what_is_sent_again_where_nobody_sends_it_keeps_no_daemon_from_starting(self):
        r = self.receiver(lambda visit, body, number: visit.answer(body, b"AE"))
        port = free_port()
        more = custody_xml(free_port(), r.port, name="more")
        d = self.configure(*self.parts(custody_xml(port, r.port), more))
        self.sender(port).exchange(message("m1"))
        self.wait_ids(["m1"], "--state", "aside")
        self.rewrite(*self.parts(feed_xml(port, r.port, name="lab"), more))
        d.reload()
        self.assertEqual(
            self.queue("retry", "--all"),
            "1 message to be sent again\n"
            'not sent before their feeds take custody again (mode="store"): 1 waiting\n',
        )
        self.assertIn("1 waiting", self.queue("list").splitlines()[-1])
        self.assertNotIn("not sent", self.queue("list", "--feed", "more"))
        self.assertRegex(
            self.text(), r"feed lab: RELAYS, AND LEFT IN THE QUEUE\n +queue +1 waiting"
        )
        self.assertEqual(self.ids("--state", "waiting"), ["m1"])
        d.reload()
        d.stop()
        d = self.again(d)
        self.assertEqual(self.ids("--state", "waiting"), ["m1"])
        r.handler = lambda visit, body, number: visit.answer(body)
        self.rewrite(*self.parts(custody_xml(port, r.port), more))
        d.reload()
        self.wait_ids([], "--state", "waiting")
        self.assertEqual(self.sent(r), ["m1", "m1"])

    def test_reloads_under_load_lose_and_repeat_nothing(self):
        r = self.receiver()
        port = free_port()
        d = self.configure(*self.parts(custody_xml(port, r.port)))
        s = self.sender(port)
        ids = ["m%04d" % n for n in range(600)]
        for n in range(0, 600, 100):
            s.send(b"".join(framed(message(i)) for i in ids[n : n + 100]))
            d.reload()
            for i in ids[n : n + 100]:
                self.assertIn(b"MSA|AA|" + i.encode(), s.frame())
        r.wait(600)
        self.assertEqual(self.sent(r), ids)

    def test_the_directory_changes_only_with_a_restart(self):
        port = free_port()
        r = self.receiver()
        d = self.configure(*self.parts(custody_xml(port, r.port)))
        self.directory = self.path("elsewhere")
        self.rewrite(*self.parts(custody_xml(port, r.port)))
        d.reload(good=False)
        self.assertFalse(os.path.exists(self.directory))
        self.assertIn(b"MSA|AA|m1", self.sender(port).exchange(message("m1")))


if __name__ == "__main__":
    main()
