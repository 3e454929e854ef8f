#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The life of a daemon that takes custody: delivery, policies, restart, drain, damage."""

import contextlib
import glob
import os
import signal
import sqlite3
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "crash"))

import faulty  # noqa: E402
from custody import Custody, codes, custody_xml  # noqa: E402
from world import (  # noqa: E402
    HL7NOTED, PATIENCE, annotated, control_id, framed, free_port, main, message, wait_for,
)


def read(path):
    with open(path, "rb") as f:
        return f.read()


class Delivery(Custody):
    def test_a_message_is_durable_then_acknowledged_then_forwarded_annotated(self):
        r = self.receiver()
        d, port = self.keep(r)
        s = self.sender(port)
        answer = s.exchange(message("m1"))
        self.assertIn(b"MSA|AA|m1", answer)
        self.assertEqual(r.wait(1), annotated([message("m1")]))
        queued = d.wait_event("msg.queued", ctl_id="m1")[0]
        done = d.wait_event("msg.delivered", ctl_id="m1")[0]
        self.assertEqual(queued["queue_seq"], done["queue_seq"])
        self.assertEqual(queued["ack_code"], "AA")
        self.assertEqual((done["attempt"], done["ack_code"], done["feed"]), (1, "AA", "lab"))
        self.assertGreaterEqual(done["queue_age_ms"], 0)
        self.assertRegex(done["mapping"], r"^test 1\.2\.3 [0-9a-f]{12}$")
        self.assertNotIn("wait_ms", done)
        self.wait_ids(["m1"], "--state", "delivered")
        line = self.state()[1]["line"]
        self.assertEqual(line["last_answer"], "AA")
        self.assertRegex(line["last_answer_at"], r"^20\d\d-")
        for what in ("message", "delivery"):
            self.assertEqual(self.metric("hl7noted_%s_duration_seconds_count" % what), 1)
        self.assertEqual(self.ids("--state", "waiting"), [])

    def test_what_the_shadow_tells_names_the_message(self):
        r = self.receiver()
        d, port = self.keep(r, annotate="shadow")
        self.sender(port).exchange(message("m1"))
        self.assertEqual(r.wait(1), [message("m1")])
        told = d.wait_event("msg.annotated")[0]
        self.assertEqual((told["ctl_id"], told["msg_type"]), ("m1", "ORU^R01"))
        self.assertEqual(told["queue_seq"], d.wait_event("msg.delivered")[0]["queue_seq"])

    def test_order_is_kept_and_each_arrives_once(self):
        r = self.receiver()
        d, port = self.keep(r)
        s = self.sender(port)
        ids = ["m%03d" % n for n in range(300)]
        s.send(b"".join(framed(message(i)) for i in ids))
        for i in ids:
            self.assertIn(b"MSA|AA|" + i.encode(), s.frame())
        r.wait(300)
        self.assertEqual(self.sent(r), ids)

    def test_a_resend_is_acknowledged_again_and_not_queued_again(self):
        r = self.receiver()
        d, port = self.keep(r)
        for n, told in enumerate(("0 resends", "1 resend", "2 resends", "3 resends")):
            s = self.sender(port)
            self.assertIn(b"MSA|AA|m1", s.exchange(message("m1")))
            s.close()
            wait_for(told, lambda: ", %s, " % told in self.text())
            self.assertEqual(self.state()[1]["last_outcome"], "duplicate" if n else "queued")
        self.assertIn(b"MSA|AA|m1", self.sender(port).exchange(message("m1", value="15")))
        r.wait(2)
        d.wait_event("msg.duplicate", 3, ctl_id="m1")
        d.wait_event("msg.same_id", ctl_id="m1")
        time.sleep(0.2)
        self.assertEqual(self.sent(r), ["m1", "m1"])
        self.assertEqual(self.metric("hl7noted_messages_total", outcome="duplicate"), 3)
        self.assertEqual(self.metric("hl7noted_messages_total", outcome="queued"), 2)
        self.assertEqual(self.metric("hl7noted_messages_total", outcome="same_id"), 1)
        counts = {"queued": 2, "duplicates": 3, "delivered": 2, "kept": 2}
        wait_for("%s" % counts, lambda: counts.items() <= self.state()[1]["queue"].items())

    def test_a_receiver_that_is_away_costs_nothing_but_time(self):
        r = self.receiver()
        r.stop()
        d, port = self.keep(r)
        s = self.sender(port)
        ids = ["m%d" % n for n in range(20)]
        for i in ids:
            self.assertIn(b"MSA|AA|" + i.encode(), s.exchange(message(i)))
        self.assertEqual(self.ids("--state", "waiting"), ids)
        self.assertTrue(self.ready(), "a receiver that is away is what the queue is for")
        state, lab = self.state()
        size = sum(len(message(i)) for i in ids)
        self.assertEqual((lab["queue"]["waiting"], lab["queue"]["waiting_bytes"]), (20, size))
        self.assertEqual(self.metric("hl7noted_queue_bytes", feed="lab"), size)
        self.assertIn(lab["line"]["state"], ("backing_off", "connecting"))
        self.assertEqual(self.metric("hl7noted_queue_messages", feed="lab"), 20)
        self.assertRegex(self.text(), r"queue +20 waiting \(0\.0 MiB\), oldest for")
        time.sleep(1.2)
        self.assertEqual(d.events("queue.waiting"), [], "nothing did when it started")
        r.start()
        r.wait(20)
        self.assertEqual(self.sent(r), ids)
        self.wait_ids([], "--state", "waiting")

    def test_a_message_without_an_answer_is_sent_again_on_a_new_connection(self):
        r = self.receiver(codes(None))
        d, port = self.keep(r, forward={"ack_timeout": "700ms"})
        self.assertIn(b"MSA|AA|m1", self.sender(port).exchange(message("m1")))
        r.wait(2)
        retry = d.wait_event("msg.retry", ctl_id="m1")[0]
        self.assertEqual((retry["outcome"], retry["err_code"]), ("none", "ack_timeout"))
        self.assertEqual(self.state()[1]["last_error"], "ack_timeout")
        late = d.wait_event("conn.timeout", outcome="ack_timeout", dir="out")
        self.assertEqual(late[0]["peer"], "127.0.0.1:%d" % r.port)
        hit = self.metric("hl7noted_limits_hit_total", limit="ack_timeout")
        self.assertGreaterEqual(hit, len(late))
        # the second, where the receiver did not stand still itself
        attempt = d.wait_event("msg.delivered", ctl_id="m1")[0]["attempt"]
        self.assertGreater(attempt, 1)
        self.assertEqual(len(r.visits), attempt)


class Policy(Custody):
    def test_an_error_is_set_aside_and_the_next_goes_on(self):
        r = self.receiver(codes(b"AE"))
        d, port = self.keep(r)
        s = self.sender(port)
        for i in ("bad", "good"):
            s.exchange(message(i))
        r.wait(2)
        d.wait_event("msg.delivered", ctl_id="good")
        dead = d.wait_event("msg.deadletter", ctl_id="bad")[0]
        self.assertEqual((dead["level"], dead["ack_code"], dead["outcome"]), ("error", "AE", "error"))
        self.wait_ids(["bad"], "--state", "aside")
        self.assertEqual(self.metric("hl7noted_deadletter_messages", feed="lab"), 1)
        self.assertEqual(
            self.metric("hl7noted_deliveries_total", feed="lab", answer="error"), 1
        )
        self.assertIn("1 SET ASIDE", self.text())
        self.assertNotIn("feed lab has messages", self.text(), "it is the only one")

    def test_a_rejection_is_tried_again_and_then_set_aside(self):
        r = self.receiver(codes(b"AR", b"AR", b"AR", then=b"AA"))
        d, port = self.keep(r, answers={"reject_retries": 2})
        s = self.sender(port)
        for i in ("bad", "good"):
            s.exchange(message(i))
        d.wait_event("msg.delivered", ctl_id="good")
        self.assertEqual(self.sent(r), ["bad"] * 3 + ["good"])
        self.assertEqual(len(d.events("msg.retry", ctl_id="bad")), 2)
        row = self.rows("--state", "aside")[0]
        self.assertEqual((row["control_id"], row["attempts"]), ("bad", 3))

    def test_a_line_that_stops_says_so_and_goes_on_when_told(self):
        r = self.receiver(codes(b"AE"))
        d, port = self.keep(r, answers={"error": "stop"})
        s = self.sender(port)
        for i in ("m1", "m2"):
            s.exchange(message(i))
        stopped = d.wait_event("line.stopped", feed="lab")[0]
        self.assertEqual((stopped["ctl_id"], stopped["ack_code"]), ("m1", "AE"))
        self.assertFalse(self.ready())
        state, lab = self.state()
        self.assertEqual((lab["line"]["state"], lab["line"]["stopped_by"]), ("stopped", "error"))
        self.assertIn("; last answer AE\n" + " " * 15 + "hl7note queue retry --feed lab\n",
                      self.text())
        self.assertEqual(self.metric("hl7noted_line_stopped", feed="lab"), 1)
        self.assertEqual(self.sent(r), ["m1"])
        self.assertIn("1 line resumed", self.queue("retry", "--feed", "lab"))
        r.wait(3)
        self.assertEqual(self.sent(r), ["m1", "m1", "m2"])
        d.wait_event("line.resumed", feed="lab")
        wait_for("ready", self.ready)
        self.assertIsNone(self.state()[1]["line"]["stopped_by"])

    def test_of_many_feeds_those_to_look_at_are_told_first(self):
        r, down = self.receiver(codes(then=b"AE")), self.receiver()
        down.stop()
        ports = [free_port() for _ in range(4)]
        away = {"backoff_min": "1h", "backoff_max": "1h"}
        d = self.configure(*self.parts(
            custody_xml(ports[0], r.port, name="aside"),
            custody_xml(ports[1], down.port, name="waits", forward=away),
            custody_xml(ports[2], r.port, name="stops", answers={"error": "stop"}),
            custody_xml(ports[3], r.port, name="well"),
        ))
        for port in ports[:3]:
            self.sender(port).exchange(message())
        for event, feed in (
            ("msg.deadletter", "aside"), ("conn.failed", "waits"), ("line.stopped", "stops"),
        ):
            d.wait_event(event, feed=feed)
        self.assertIn(
            "\nfeed aside has messages SET ASIDE\nfeed waits is WAITING for its receiver\n"
            "feed stops is STOPPED\n\nfeed aside: custody, ", self.text(),
        )
        self.assertEqual(self.state(0)[1]["queue"]["deadletters"], 1)
        self.assertGreater(self.state(1)[1]["backoff_s"], 60)
        self.assertIn(", 1 line resumed\n", self.queue("retry", "--feed", "stops"))

    def test_a_stopped_line_goes_on_when_its_message_is_dropped(self):
        r = self.receiver(codes(b"AE"))
        d, port = self.keep(r, answers={"error": "stop"})
        s = self.sender(port)
        for i in ("m1", "m2"):
            s.exchange(message(i))
        seq = d.wait_event("line.stopped")[0]["queue_seq"]
        self.assertEqual(self.queue("drop", seq), "1 message dropped\n")
        d.wait_event("msg.delivered", ctl_id="m2")
        self.assertEqual(self.ids("--state", "dropped"), ["m1"])


class Life(Custody):
    def test_a_start_with_messages_waiting_says_so_and_resumes(self):
        r = self.receiver()
        r.stop()
        d, port = self.keep(r)
        s = self.sender(port)
        ids = ["m%d" % n for n in range(30)]
        for i in ids:
            s.exchange(message(i))
        s.close()
        d.signal(signal.SIGTERM)
        self.assertEqual(d.wait(), 0)
        self.assertEqual(d.events("queue.waiting", outcome="stopping")[0]["count"], 30)
        time.sleep(0.2)
        d2 = self.again(d)
        found = d2.wait_event("queue.waiting", outcome="started", feed="lab")[0]
        self.assertEqual(found["count"], 30)
        self.assertGreaterEqual(found["queue_age_ms"], 200)
        r.start()
        r.wait(30)
        self.assertEqual(self.sent(r), ids)

    def test_a_start_says_what_waited_also_if_it_is_sent_at_once(self):
        r = self.receiver()
        r.stop()
        d, port = self.keep(r)
        s = self.sender(port)
        for n in range(3):
            s.exchange(message("m%d" % n))
        s.close()
        d.signal(signal.SIGTERM)
        self.assertEqual(d.wait(), 0)
        r.start()
        d2 = self.again(d)
        d2.wait_event("msg.delivered", count=3)
        told = [e for e in d2.lines() if e["event"] in ("queue.waiting", "msg.delivered")]
        self.assertEqual([e["event"] for e in told], ["queue.waiting"] + ["msg.delivered"] * 3)
        self.assertEqual((told[0]["count"], told[0]["outcome"]), (3, "started"))
        self.assertGreaterEqual(told[0]["queue_age_ms"], 0)

    def test_a_killed_daemon_delivers_all_in_order_with_one_duplicate_at_most(self):
        r = self.receiver()
        d, port = self.keep(r)
        d.expected = -9
        s = self.sender(port)
        acked = []
        ids = ["m%04d" % n for n in range(2000)]
        s.send(b"".join(framed(message(i)) for i in ids[:1000]))
        for n in range(200):
            acked.append(s.frame())
        d.process.kill()
        d.wait()
        while True:
            try:
                more = s.frame(1)
            except (AssertionError, OSError):
                break
            if not more:
                break
            acked.append(more)
        self.again(d)
        s = self.sender(port)
        self.assertIn(b"MSA|AA|last", s.exchange(message("last")))
        wait_for("the last", lambda: self.sent(r)[-1:] == ["last"])
        got = self.sent(r)[:-1]
        self.assertLessEqual(len(got) - len(set(got)), 1)
        self.assertEqual(sorted(set(got)), ids[: len(set(got))])
        self.assertGreaterEqual(len(set(got)), len(acked))
        self.assertEqual(got, sorted(got))

    def test_TERM_acknowledges_what_it_took_and_waits_for_what_it_sent(self):
        answers = []
        r = self.receiver(lambda visit, body, number: answers.append((visit, body)))
        d, port = self.keep(r)
        s = self.sender(port)
        for i in ("m1", "m2"):
            s.exchange(message(i))
        wait_for("the first", lambda: answers)
        d.signal(signal.SIGTERM)
        d.wait_event("svc.stopping")
        time.sleep(0.3)
        self.assertIsNone(d.process.poll())
        visit, body = answers[0]
        visit.answer(body)
        self.assertEqual(d.wait(), 0)
        d.wait_event("msg.delivered", ctl_id="m1")
        self.assertEqual(len(answers), 1, "m2 stays for the next start")
        self.assertEqual(d.events("queue.waiting", outcome="stopping")[0]["count"], 1)
        self.again(d)
        wait_for("the second", lambda: len(answers) == 2)
        self.assertIn(b"m2", answers[1][1])
        answers[1][0].answer(answers[1][1])
        self.wait_ids([], "--state", "waiting")

    def test_what_was_accepted_behind_one_to_be_tried_again_is_not_sent_again(self):
        """With several in flight; neither after a stop nor after a kill."""
        r = self.receiver(lambda v, b, n: v.answer(b, b"AR" if control_id(b) == b"m0" else b"AA"))
        d, port = self.keep(r, forward={
            "in_flight": 4, "backoff_min": "1h", "backoff_max": "1h"})
        s = self.sender(port)
        s.send(b"".join(framed(message("m%d" % n)) for n in range(4)))
        d.wait_event("msg.delivered", 3)
        d.wait_event("msg.retry")
        self.wait_ids(["m0"], "--state", "waiting")
        d.stop()
        d = self.again(d)
        d.wait_event("msg.retry")
        self.assertEqual(self.sent(r), ["m0", "m1", "m2", "m3", "m0"])
        self.sender(port).exchange(message("m4"))
        self.wait_ids(["m0", "m4"], "--state", "waiting")
        self.queue("retry", "--state", "aside")  # on with it: m0 is refused again
        d.wait_event("msg.delivered", ctl_id="m4")
        self.wait_ids(["m0"], "--state", "waiting")
        d.expected = None
        d.signal(signal.SIGKILL)
        d.wait()
        d = self.again(d)
        d.wait_event("msg.retry")
        self.assertEqual(sorted(self.sent(r)), ["m0", "m0", "m0", "m0", "m1", "m2", "m3", "m4"])

    def test_a_second_daemon_on_the_queue_is_refused_by_name(self):
        d, port = self.keep(self.receiver())
        text = read(d.config).decode()
        text = text.replace(str(port), str(free_port())).replace(str(self.door), str(free_port()))
        text = text.replace(self.control, self.path("control2"))
        second = subprocess.run(
            [HL7NOTED, "--config", self.write("second.xml", text)],
            stderr=subprocess.PIPE, timeout=PATIENCE, check=False,
        )
        self.assertEqual(second.returncode, 78)
        said = second.stderr.decode()
        self.assertRegex(said, r"hl7noted: .*%s.*%d" % (self.directory, d.pid))
        self.assertEqual(said.count("hl7noted: "), 1, "one sentence")
        self.assertIn(b"MSA|AA", self.sender(port).exchange(message("m1")))

    def test_a_deleted_queue_is_noticed_and_not_made_anew(self):
        r = self.receiver()
        d, port = self.keep(r)
        s = self.sender(port)
        s.exchange(message("m1"))
        r.wait(1)
        for path in glob.glob(self.directory + "/*"):
            os.unlink(path)
        s.send(framed(message("m2")))
        d.wait_event("queue.deleted")
        self.assertFalse(self.ready())
        self.assertIsNone(s.frame(), "no acknowledgement of what is not durable")
        self.assertIn("INTAKE IS STOPPED", self.text())
        store = self.state()[0]["store"]
        told = (store["trouble"], store["takes"], store["ready"])
        self.assertEqual(told, ("deleted", False, False))

    def test_a_damaged_queue_is_refused_and_left_alone(self):
        d, port = self.keep(self.receiver())
        self.sender(port).exchange(message("m1"))
        d.stop()
        path = glob.glob(self.directory + "/*.db")[0]
        with open(path, "r+b") as f:
            f.write(b"garbage, not a queue at all" * 10)
        before = read(path)
        second = subprocess.run(
            [HL7NOTED, "--config", d.config], stderr=subprocess.PIPE, timeout=PATIENCE, check=False
        )
        self.assertEqual(second.returncode, 78)
        self.assertIn(path.encode(), second.stderr)
        self.assertEqual(read(path), before)

    def test_what_has_waited_for_long_is_told(self):
        r = self.receiver()
        r.stop()
        d, port = self.keep(r)
        self.sender(port).exchange(message("m1"))
        d2, age = d, 0
        for hours, told in ((1.5, "90 minutes"), (36, "37.5 hours"), (36, "3.1 days")):
            d2.stop()
            age += int(hours * 3600)
            with contextlib.closing(sqlite3.connect(self.directory + "/queue.db")) as db:
                db.execute("UPDATE message SET received = received - %d" % (hours * 3600000))
                db.commit()
            d2 = self.again(d)
            high = d2.wait_event("queue.high", feed="lab")[0]
            self.assertGreaterEqual(high["queue_age_ms"], age * 1000)
            oldest = self.metric("hl7noted_queue_oldest_age_seconds", feed="lab")
            self.assertGreaterEqual(oldest, age)
            self.assertIn("oldest for " + told, self.text())
        r.start()
        r.wait(1)
        d2.wait_event("queue.low", feed="lab")

    def test_delivered_messages_are_kept_for_a_while(self):
        r = self.receiver()
        d, port = self.keep(r, store={"keep_age": "5s", "resend_window": "1s"})
        self.sender(port).exchange(message("m1"))
        d.wait_event("msg.delivered")
        self.wait_ids(["m1"], "--state", "delivered")
        wait_for("pruning", lambda: self.ids("--state", "any") == [])


    def test_a_progress_page_that_cannot_be_synced_ends_the_process(self):
        """What the disk holds is not known then; it is asked again by a new process."""
        if faulty.missing():
            self.skipTest(faulty.missing())
        r = self.receiver(codes(b"AE", b"AE"))
        page = faulty.Faults(self.path("page"), self.directory)
        port = free_port()
        d = self.configure(*self.parts(custody_xml(port, r.port)), env=page.env)
        s = self.sender(port)
        for i in ("m1", "m2"):
            s.exchange(message(i))
        self.wait_ids(["m1", "m2"], "--state", "aside")
        self.queue("retry", self.rows("--state", "aside")[0]["seq"])
        d.wait_event("msg.delivered", ctl_id="m1")  # stands in the page until it is committed
        page.arm("sync-map")
        self.refused("retry", "--state", "aside")
        d.expected = 74
        self.assertEqual(d.wait(PATIENCE), 74, d.text())
        self.assertEqual(self.sent(r), ["m1", "m2", "m1"])
        self.again(d)
        self.assertEqual(self.ids("--state", "aside"), ["m2"])
        self.queue("retry", "--state", "aside")
        r.wait(4)
        self.assertEqual(self.sent(r), ["m1", "m2", "m1", "m2"])

    def test_a_log_stays_while_the_progress_page_may_not_say_that_it_may_go(self):
        if faulty.missing():
            self.skipTest(faulty.missing())
        r = self.receiver()
        page = faulty.Faults(self.path("page"), self.directory)
        port = free_port()
        d = self.configure(*self.parts(custody_xml(port, r.port)), env=page.env)
        self.sender(port).exchange(message("m1"))
        d.wait_event("msg.delivered", ctl_id="m1")
        page.arm("sync-map")
        self.assertEqual(d.stop(), 0)
        self.assertGreater(os.path.getsize(os.path.join(self.directory, "queue.db-wal")), 0)
        self.again(d).stop()
        self.assertEqual(os.listdir(self.directory).count("queue.db-wal"), 0)


if __name__ == "__main__":
    main()
