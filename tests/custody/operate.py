#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Operating a daemon that takes custody: the queue commands, status, metrics, who may ask,
restart, reload, drain, backups."""

import base64
import contextlib
import glob
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "crash"))

import faulty  # noqa: E402
from custody import Custody, custody_xml  # noqa: E402
from world import (  # noqa: E402
    HL7NOTE, HL7NOTED, PATIENCE, SUGAR, annotated, control_id, feed_xml, framed, free_port, http,
    main, message, wait_for,
)


def read(path):
    with open(path, "rb") as f:
        return f.read()


def codes(*by_number, then=b"AA"):
    """A receiver's handler: these answers, and then that one."""

    def handle(visit, body, number):
        code = by_number[number - 1] if number <= len(by_number) else then
        if code:
            visit.answer(body, code)

    return handle


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
        self.wait_ids(["m1"], "--state", "delivered")
        self.assertEqual(self.ids("--state", "waiting"), [])

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
        for n in range(3):
            s = self.sender(port)
            self.assertIn(b"MSA|AA|m1", s.exchange(message("m1")))
            s.close()
        self.assertIn(b"MSA|AA|m1", self.sender(port).exchange(message("m1", value="15")))
        r.wait(2)
        d.wait_event("msg.duplicate", 2, ctl_id="m1")
        d.wait_event("msg.same_id", ctl_id="m1")
        time.sleep(0.2)
        self.assertEqual(self.sent(r), ["m1", "m1"])
        self.assertEqual(self.metric("hl7noted_messages_total", outcome="duplicate"), 2)
        self.assertEqual(self.metric("hl7noted_messages_total", outcome="queued"), 2)
        self.assertEqual(self.metric("hl7noted_messages_total", outcome="same_id"), 1)

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
        self.assertEqual(lab["queue"]["waiting"], 20)
        self.assertIn(lab["line"]["state"], ("backing_off", "connecting"))
        self.assertEqual(self.metric("hl7noted_queue_messages", feed="lab"), 20)
        self.assertRegex(self.text(), r"queue +20 waiting .*the oldest for")
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
        self.assertIn("STOPPED", self.text())
        self.assertEqual(self.metric("hl7noted_line_stopped", feed="lab"), 1)
        self.assertEqual(self.sent(r), ["m1"])
        self.assertIn("1 line resumed", self.queue("retry", "--feed", "lab"))
        r.wait(3)
        self.assertEqual(self.sent(r), ["m1", "m1", "m2"])
        d.wait_event("line.resumed", feed="lab")
        wait_for("ready", self.ready)

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


class Commands(Custody):
    def full(self, count=5, **named):
        """A queue whose receiver is away."""
        r = self.receiver()
        r.stop()
        d, port = self.keep(r, **named)
        s = self.sender(port)
        for n in range(count):
            s.exchange(message("m%d" % n))
        return d, r, port

    def test_list_show_and_drop_what_waits(self):
        d, r, port = self.full()
        table = self.queue("list")
        self.assertEqual(len(table.splitlines()), 6)
        self.assertRegex(table.splitlines()[0], r"SEQ +FEED +STATE +AGE")
        self.assertRegex(table, r"\d+ lab +waiting +\d+s +\d+ ORU\^R01 +\d+ m3 ")
        row = self.rows("--id", "m2")[0]
        shown = self.queue("show", row["seq"])
        self.assertRegex(shown, r"control ID +m2\n")
        self.assertNotIn("DOE", shown)
        self.assertEqual(d.events("audit.admin"), [])
        with_payload = self.queue("show", row["seq"], "--payload")
        self.assertIn("PID|1||4711||DOE^JANE||19700101|F\n", with_payload)
        audit = d.wait_event("audit.admin", verb="queue show")[0]
        self.assertEqual(
            (audit["uid"], audit["queue_seq"], audit["count"]), (os.getuid(), row["seq"], 1)
        )
        self.assertEqual(self.queue("drop", row["seq"]), "1 message dropped\n")
        audit = d.wait_event("audit.admin", verb="queue drop", queue_seq=row["seq"])[0]
        self.assertEqual(audit["count"], 1)
        self.assertEqual(self.ids("--state", "waiting"), ["m0", "m1", "m3", "m4"])
        r.start()
        r.wait(4)
        time.sleep(0.2)
        self.assertEqual(self.sent(r), ["m0", "m1", "m3", "m4"])

    def test_what_was_set_aside_is_sent_again_when_told(self):
        r = self.receiver(codes(b"AE", b"AE"))
        d, port = self.keep(r)
        s = self.sender(port)
        for i in ("m1", "m2"):
            s.exchange(message(i))
        self.wait_ids(["m1", "m2"], "--state", "aside")
        first = self.rows("--state", "aside")[0]["seq"]
        self.assertEqual(self.queue("retry", first), "1 message to be sent again\n")
        d.wait_event("msg.delivered", ctl_id="m1")
        self.assertEqual(self.ids("--state", "aside"), ["m2"])
        self.assertEqual(self.queue("retry", "--state", "aside"), "1 message to be sent again\n")
        d.wait_event("msg.delivered", ctl_id="m2")
        self.assertEqual([a["count"] for a in d.events("audit.admin", verb="queue retry")], [1, 1])

    def test_filters_and_pages(self):
        d, r, port = self.full(12)
        rows = self.rows("--limit", "5")
        self.assertEqual([x["control_id"] for x in rows], ["m0", "m1", "m2", "m3", "m4"])
        text = self.queue("list", "--limit", "5")
        self.assertIn("more follow: --after %d" % rows[-1]["seq"], text)
        self.assertEqual(self.ids("--after", rows[-1]["seq"])[0], "m5")
        self.assertEqual(self.ids("--feed", "lab", "--id", "m7"), ["m7"])
        self.assertEqual(self.ids("--older-than", "1h"), [])
        self.assertEqual(len(self.ids("--newer-than", "1h")), 12)
        self.assertEqual(self.queue("list", "--state", "dropped"), "no messages\n")
        self.queue("drop", rows[0]["seq"])
        self.assertEqual(self.ids("--limit", "1"), ["m1"], "what is settled is not asked for")
        self.assertEqual(self.ids("--limit", "1", "--state", "any"), ["m0"])
        self.assertEqual(self.ids(rows[0]["seq"]), ["m0"], "unless it is named")
        self.assertIn('"control_id":"m0"', self.queue("export", rows[0]["seq"]))
        heading, *lines = self.queue("list", *(x["seq"] for x in rows), 999999).splitlines()
        self.assertTrue(heading.split()[0] == "SEQ" and heading not in lines)
        self.assertEqual([line.split()[2] for line in lines[:5]], ["dropped"] + 4 * ["waiting"])
        self.assertEqual(lines[5:], ["no message 999999"])
        self.assertEqual(self.queue("drop", rows[0]["seq"], status=1), "0 messages dropped\n")
        self.assertIn("no feed", self.refused("list", "--feed", "other"))
        self.assertIn("no such message", self.refused("show", "999999"))

    def test_what_was_dropped_before_a_stop_is_audited(self):
        r = self.receiver()
        r.stop()
        d, port = self.keep(r)
        many = self.write("many.hl7", b"".join(framed(message("a%d" % n)) for n in range(6000)))
        self.note("send", "-q", "--in-flight", "64", "127.0.0.1:%d" % port, many)
        drop = subprocess.Popen(
            [HL7NOTE, "queue", "drop", "--all", "--control", self.control],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        wait_for("the first", lambda: self.ids("--state", "dropped", "--limit", "1"))
        d.stop()
        drop.wait()
        told = d.wait_event("audit.admin", verb="queue drop")[0]["count"]
        self.again(d)
        self.assertEqual(told, len(self.ids("--state", "dropped", "--limit", "10000")))

    def test_an_id_as_long_as_HL7_allows_names_one_message(self):
        r = self.receiver()
        r.stop()
        d, port = self.keep(r)
        ids = ["x" * 198 + c for c in "ab"]
        s = self.sender(port)
        for i in ids:
            s.exchange(message(i))
        self.assertEqual(self.ids(), ids)
        self.assertIn(ids[1], self.queue("list"))
        self.assertEqual(self.queue("drop", "--id", ids[1]), "1 message dropped\n")
        self.assertEqual(self.ids(), ids[:1])

    def test_what_is_dropped_with_the_one_before_it_is_not_sent_in_its_place(self):
        """Large ones, which no buffer holds back until the end of a turn."""
        r = self.receiver(codes(b"AR"))
        d, port = self.keep(r, forward={"backoff_min": "1h", "backoff_max": "1h"})
        s = self.sender(port)
        for n in range(8):
            s.exchange(message("m%d" % n, more=b"NTE|1||" + b"x" * 150000 + b"\r"))
        d.wait_event("msg.retry")
        self.assertEqual(self.queue("drop", "--all"), "8 messages dropped\n")
        s.exchange(message("last"))
        d.wait_event("msg.delivered", ctl_id="last")
        self.assertEqual(self.sent(r), ["m0", "last"])

    def test_a_line_that_waits_goes_on_at_once_and_that_is_told(self):
        r = self.receiver(lambda v, b, n: v.answer(b, b"AR" if n == 1 else b"AA"))
        d, port = self.keep(r, forward={"backoff_min": "1h", "backoff_max": "1h"})
        self.sender(port).exchange(message("m1"))
        d.wait_event("msg.retry")
        self.assertEqual(
            self.queue("retry", "--feed", "lab"), "0 messages to be sent again, 1 line resumed\n"
        )
        d.wait_event("msg.delivered", ctl_id="m1")

    def test_a_dropped_message_is_waited_for_no_more(self):
        r = self.receiver(lambda v, b, n: v.answer(b, b"AR" if n == 1 else b"AA"))
        d, port = self.keep(r, forward={"backoff_min": "1h", "backoff_max": "1h"})
        s = self.sender(port)
        s.exchange(message("m1"))
        s.exchange(message("m2"))
        d.wait_event("msg.retry")
        self.queue("drop", "--id", "m1")
        r.wait(2)
        self.assertEqual(self.sent(r), ["m1", "m2"])

    def test_a_message_dropped_in_flight_is_told(self):
        r = self.receiver(lambda v, b, n: None)
        d, port = self.keep(r)
        s = self.sender(port)
        s.exchange(message("m1"))
        s.exchange(message("m2"))
        r.wait(1)
        self.queue("drop", "--all")
        told = d.wait_event("msg.dropped")
        self.assertEqual([t["ctl_id"] for t in told], ["m1"])
        self.assertEqual((told[0]["queue_seq"], told[0]["attempt"]), (1, 1))

    def test_nothing_is_changed_without_saying_what(self):
        d, r, port = self.full()
        for verb in ("drop", "retry"):
            self.assertIn("which messages", self.refused(verb, status=64))
        for wrong in (("list", "--payload"), ("lst",), (), ("show",), ("list", "--state", "gone"),
                      ("backup", "relative"), ("list", "x"), ("import",)):
            self.refused(*wrong, status=64)
        self.assertEqual(len(self.ids("--state", "waiting")), 5)
        self.assertEqual(self.queue("drop", "--all"), "5 messages dropped\n")
        self.assertEqual(self.ids("--state", "waiting"), [])

    def test_export_and_import_carry_every_byte(self):
        d, r, port = self.full(0)
        odd = message("odd", patient="M\\H\\ller", more=b"ZXX|1|\xe4\xff\x00\x01\"\\\r\n")
        s = self.sender(port)
        for body in (message("m0"), odd):
            s.exchange(body)
        lines = self.queue("export")
        self.assertEqual(len(lines.splitlines()), 2)
        self.assertEqual(d.wait_event("audit.admin", verb="queue export")[0]["count"], 2)
        self.queue("drop", "--all")
        self.assertEqual(
            self.queue("import", "--feed", "lab", data=lines.encode()),
            "0 messages queued, 2 there already\n",
        )
        path = self.write("exported", lines)
        self.assertEqual(
            self.queue("import", "--feed", "lab", "--again", path),
            "2 messages queued, 0 there already\n",
        )
        self.assertEqual(
            [a["count"] for a in d.events("audit.admin", verb="queue import")], [0, 2]
        )
        r.start()
        self.assertEqual(r.wait(2), annotated([message("m0"), odd]))

    def test_an_export_ends_although_its_lines_are_queued_again_meanwhile(self):
        """Each is there once more, and not again and again."""
        d, r, port = self.full(0)
        r.start()
        self.note(
            "send", "127.0.0.1:%d" % port, "--count", 600, "--fresh-ids", "-q", "--in-flight", 50,
            self.write("m.hl7", message("1", more=b"ZZZ|" + 5000 * b"x" + b"\r")),
        )
        r.wait(600)
        out = subprocess.Popen(
            [HL7NOTE, "queue", "export", "--state", "any", "--control", self.control],
            stdout=subprocess.PIPE,
        )
        self.addCleanup(out.wait)
        self.addCleanup(out.kill)
        done = subprocess.run(
            [HL7NOTE, "queue", "import", "-f", "lab", "--again", "--control", self.control],
            stdin=out.stdout, stdout=subprocess.PIPE, timeout=PATIENCE, check=False,
        )
        out.stdout.close()
        self.assertEqual(done.stdout, b"600 messages queued, 0 there already\n")
        self.assertEqual(len(r.wait(1200)), 1200)

    def test_messages_of_others_are_imported(self):
        d, r, port = self.full(0)
        plain = self.write("plain.hl7", message("p1") + message("p2"))
        frames = self.write("frames.mllp", framed(message("f1")) + framed(message("f2")))
        self.assertIn("4 messages queued", self.queue("import", "-f", "lab", plain, frames))
        self.assertEqual(self.ids(), ["p1", "p2", "f1", "f2"])
        self.assertIn("no feed", self.refused("import", "--feed", "nobody", plain))
        wrong = self.write("wrong", '{"seq":1}\n')
        self.assertIn("wrong:1: no exported message", self.refused(
            "import", "--feed", "lab", wrong, status=65))
        self.assertEqual(len(self.ids()), 4)
        with open(self.write("cut.json", self.queue("export", "--id", "p1")), "a",
                  encoding="utf-8") as f:
            f.write("cut off")
        late = self.write("late.hl7", b"no HL7\r" + message("p3"))
        said = self.note("queue", "import", "--again", "-f", "lab", "--control", self.control,
                         self.path("cut.json"), late, self.path("missing"), status=65)
        self.assertIn(b"2 messages queued", said)
        self.assertEqual(self.ids(), ["p1", "p2", "f1", "f2", "p1", "p3"])
        big = self.write("big.hl7", message("big", more=b"NTE|1||" + b"x" * (17 << 20) + b"\r"))
        self.assertIn("1 message queued", self.queue("import", "-f", "lab", big))

    def test_what_no_answer_could_name_is_not_imported(self):
        """It would be sent for ever, and the rest of the feed wait behind it."""
        d, r, port = self.full(0)
        batch = b"FHS|^~\\&\rBHS|^~\\&\r" + message("b1") + message("b2") + b"BTS|2\rFTS|1\r"
        self.sender(port).exchange(batch)
        bodies = [
            batch, b"no HL7", message(""), b"FHS|^~\\&\rFTS|0\r", message("v", more=b"ZZZ|\x0b\r"),
            message("f", more=b"ZZZ|\x1c\r"), message("m1"), message("m2", more=b"ZZZ|\x1c|\r"),
        ]
        lines = [json.dumps({"body": base64.b64encode(b).decode()}) for b in bodies]
        done = subprocess.run(
            [HL7NOTE, "queue", "import", "--feed", "lab", "--control", self.control],
            input="\n".join(lines).encode(), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            timeout=PATIENCE, check=False,
        )
        self.assertEqual(done.returncode, 65)
        self.assertEqual(done.stdout, b"2 messages queued, 1 there already\n")
        self.assertIn(b"5 left out", done.stderr)
        r.start()
        self.assertEqual(r.wait(3), annotated([batch, bodies[6], bodies[7]]))

    def test_one_number_that_cannot_be_changed_keeps_no_other_from_it(self):
        d, r, port = self.full(3)
        self.assertEqual(
            self.queue("drop", 2, 2, 3, status=1),
            "1 message dropped\n0 messages dropped\n1 message dropped\n",
        )
        self.assertEqual(self.ids("--state", "waiting"), ["m0"])

    def test_a_queue_that_can_hold_no_more_feeds_says_so(self):
        r, port = self.receiver(), free_port()
        d = self.configure(*self.parts(custody_xml(port, r.port, name="first")))
        d.stop()
        db = sqlite3.connect(os.path.join(self.directory, "queue.db"))
        db.executemany(
            "INSERT INTO feed VALUES (?, ?, 0)", [(n, "old%d" % n) for n in range(2, 1025)]
        )
        db.commit()
        db.close()
        d = self.again(d)
        self.rewrite(*self.parts(custody_xml(port, r.port, name="second")))
        d.reload(good=False)
        self.assertIn("begin a new queue", d.events("config.rejected", feed="second")[0]["err_text"])
        self.rewrite(*self.parts(custody_xml(port, r.port, name="old7")))
        d.reload()
        self.sender(port).exchange(message("1"))
        r.wait(1)

    def test_a_backup_taken_while_running_restores(self):
        d, r, port = self.full(50)
        backup = os.path.join(self.directory, "backup")
        self.queue("backup", backup)
        d.wait_event("audit.admin", verb="queue backup")
        self.assertTrue(self.refused("backup", backup), "it is there already")
        self.sender(port).exchange(message("later"))
        d.stop()
        copy = self.path("copy")
        os.rename(backup, copy)
        name = [p for p in glob.glob(self.directory + "/*.db")][0]
        shutil.rmtree(self.directory)
        os.mkdir(self.directory, 0o700)
        os.rename(copy, name)
        r.start()
        self.again(d)
        r.wait(50)
        time.sleep(0.2)
        self.assertEqual(self.sent(r), ["m%d" % n for n in range(50)])

    def test_a_long_list_waits_for_its_reader_and_nobody_else_does(self):
        d, r, port = self.full(0)
        s = self.sender(port)
        count = 3000
        for n in range(0, count, 500):
            s.send(b"".join(framed(message("i%06d" % i)) for i in range(n, n + 500)))
            for _ in range(500):
                s.frame()
        with socket.socket(socket.AF_UNIX) as c:
            c.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            c.connect(self.control)
            c.sendall(b"queue list\n")
            time.sleep(0.3)
            self.assertIn(b"MSA|AA|now", s.exchange(message("now")))
            self.assertEqual(len(self.ids("--limit", "10")), 10)
            c.settimeout(PATIENCE)
            data = b""
            while True:
                more = c.recv(65536)
                if not more:
                    break
                data += more
        lines = [json.loads(t) for t in data.splitlines()]
        self.assertEqual(lines[-1]["count"], len(lines) - 1)
        self.assertEqual([x["control_id"] for x in lines[:count]],
                         ["i%06d" % i for i in range(count)])

    def test_clients_that_leave_in_the_middle_hurt_nobody(self):
        d, r, port = self.full(200)
        for request in (b"queue list\n", b"queue export\n", b"queue retry all\n",
                        b"queue import feed=lab\n", b"queue import feed=lab\n50\nMSH|",
                        b"queue import feed=lab\nx\n", b"queue backup path=/nowhere/x\n"):
            with socket.socket(socket.AF_UNIX) as c:
                c.connect(self.control)
                c.sendall(request)
        self.assertEqual(len(self.ids("--state", "waiting")), 200)
        d.wait_event("audit.admin", verb="queue export")

    def test_nothing_is_changed_that_a_blocked_log_could_not_tell(self):
        """And the daemon goes on; when the log is read again, each change has its line."""
        r = self.receiver()
        r.stop()
        port = free_port()
        path = self.path("log")
        os.mkfifo(path)
        log = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        self.addCleanup(os.close, log)
        self.configure(
            *self.parts(custody_xml(port, r.port)), '<log file="%s" level="error"/>' % path,
            wait=False,
        )
        wait_for("the door", lambda: os.path.exists(self.control) and self.ready())
        self.sender(port).exchange(message("m1"))
        seq = self.rows()[0]["seq"]
        shown = 0
        while True:
            line = self.asked(b"queue show seq=%d payload\n" % seq)
            if "error" in line:
                break
            shown += 1
            self.assertLess(shown, 20000)
        self.assertIn("the log cannot take the audit line now; try again", line["error"])
        self.assertIn("try again", self.refused("drop", "--all"))
        self.assertEqual(self.ids(), ["m1"])
        os.set_blocking(log, True)
        lines = b""
        while lines.count(b"queue show") < shown:
            lines += os.read(log, 65536)
        wait_for("room", lambda: "1 message" in self.queue("drop", "--all"))
        while b"queue drop" not in lines:
            lines += os.read(log, 65536)
        self.assertEqual(lines.count(b"queue show"), shown)

    def asked(self, request):
        """The last line of the answer."""
        with socket.socket(socket.AF_UNIX) as c:
            c.connect(self.control)
            c.sendall(request)
            data = b"".join(iter(lambda: c.recv(65536), b""))
        return json.loads(data.splitlines()[-1])

    def test_what_was_asked_when_the_daemon_stops_is_told(self):
        """An export whose reader has seen some of it."""
        d, r, port = self.full(0)
        s = self.sender(port)
        for n in range(100):
            s.exchange(message("m%d" % n, more=b"NTE|1||" + b"x" * 50000 + b"\r"))
        with socket.socket(socket.AF_UNIX) as c:
            c.connect(self.control)
            c.sendall(b"queue export\n")
            c.recv(4096)
            d.stop()
        told = d.wait_event("audit.admin", verb="queue export")[0]
        self.assertIn(told["outcome"], ("left", "unknown"))
        self.assertGreater(told["count"], 0)

    def test_a_line_that_does_not_end_is_not_waited_for(self):
        """Somebody else has the socket."""
        path, sent = self.path("other"), 0
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening:
            listening.bind(path)
            listening.listen(1)
            with subprocess.Popen(
                [HL7NOTE, "queue", "list", "--control", path], stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
            ) as tool:
                other, _ = listening.accept()
                with other, contextlib.suppress(BrokenPipeError, ConnectionResetError):
                    while sent < 64 << 20:
                        sent += other.send(b"x" * 65536)
                self.assertIn(b"what answers there is no hl7noted", tool.stderr.read())
                self.assertEqual(tool.wait(PATIENCE), 69)
        self.assertLess(sent, 64 << 20)

    def test_without_a_queue_the_commands_say_so(self):
        r = self.receiver()
        port = free_port()
        self.configure('<control socket="%s"/>' % self.control, feed_xml(port, r.port))
        self.assertIn("no <store> is in force", self.refused("list"))


class Permissions(Custody):
    def ask_as(self, uid, gid, *command):
        done = subprocess.run(
            ["setpriv", "--reuid", str(uid), "--regid", str(gid), "--clear-groups",
             self.tool, *command, "--control", self.control],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=PATIENCE, check=False,
        )
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    @unittest.skipUnless(
        os.getuid() == 0 and shutil.which("setpriv"), "root may take other users' numbers"
    )
    def test_only_root_the_daemons_user_and_its_group_are_answered(self):
        os.chmod(self.folder, 0o755)
        self.tool = os.path.join(self.folder, "hl7note")
        shutil.copy(HL7NOTE, self.tool)
        d, port = self.keep(self.receiver())
        self.sender(port).exchange(message("m1"))
        status, _, err = self.ask_as(65534, 65534, "queue", "list")
        self.assertEqual(status, 69)
        self.assertIn("only root and the daemon's group", err)
        os.chmod(self.control, 0o666)  # somebody was careless
        for command in (("queue", "list"), ("queue", "drop", "--all"), ("status",)):
            status, out, err = self.ask_as(65534, 65534, *command)
            self.assertEqual((status, out), (69, ""))
            self.assertIn("only root", err)
        refused = d.wait_event("audit.admin", 3, outcome="refused")
        self.assertEqual({line["uid"] for line in refused}, {65534})
        status, out, err = self.ask_as(
            65534, os.getgid(), "queue", "list", "--state", "any", "--json"
        )
        self.assertEqual(status, 0, err)
        self.assertIn('"m1"', out)

    def test_the_queue_is_for_the_daemon_alone(self):
        d, port = self.keep(self.receiver())
        self.sender(port).exchange(message("m1"))
        self.assertEqual(os.stat(self.directory).st_mode & 0o777, 0o700)
        for name in os.listdir(self.directory):
            mode = os.stat(os.path.join(self.directory, name)).st_mode & 0o777
            self.assertEqual(mode & 0o037, 0, name)

    def test_no_patient_in_logs_metrics_and_lists(self):
        r = self.receiver(codes(b"AE", b"AR", b"XX"))
        d, port = self.keep(r, answers={"reject_retries": 1})
        s = self.sender(port)
        for n in range(4):
            s.exchange(message("m%d" % n, patient="CANARY^BIRD"))
        d.wait_event("msg.deadletter", 2)
        seq = self.rows("--state", "any")[0]["seq"]
        self.queue("show", seq, "--payload")
        seen = d.text() + http(self.door)[2] + self.text() + self.queue("list")
        seen += self.queue("list", "--json") + self.queue("show", seq)
        seen += self.note("status", "--json", "--control", self.control).decode()
        for word in ("CANARY", "BIRD", "4711", "19700101"):
            self.assertNotIn(word, seen)

    def test_what_a_receiver_writes_for_a_code_is_not_told(self):
        r = self.receiver(codes(b"DOE JANE"))
        d, port = self.keep(r)
        self.sender(port).exchange(message("m1"))
        self.assertEqual(d.wait_event("msg.deadletter")[0]["ack_code"], "other")
        seen = d.text() + self.text() + self.queue("list")
        seen += self.note("status", "--json", "--control", self.control).decode()
        self.assertNotIn("DOE", seen)


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
        self.assertEqual(self.state()[0]["store"]["trouble"], "deleted")

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
        d.stop()
        with contextlib.closing(sqlite3.connect(self.directory + "/queue.db")) as db:
            db.execute("UPDATE message SET received = received - 600000")
            db.commit()
        d2 = self.again(d)
        high = d2.wait_event("queue.high", feed="lab")[0]
        self.assertGreaterEqual(high["queue_age_ms"], 600000)
        self.assertGreaterEqual(self.metric("hl7noted_queue_oldest_age_seconds", feed="lab"), 600)
        self.assertIn("the oldest for 10 minutes", self.text())
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
        self.assertEqual(self.sent(other), ["m3"])

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
        self.assertEqual(self.state()[1]["mode"], "relay")
        self.assertTrue(s.closed())
        s = self.sender(port)
        r.handler = lambda visit, body, number: visit.answer(body, b"AE")
        self.assertIn(b"MSA|AE|m3", s.exchange(message("m3")))
        self.rewrite(*self.parts(custody_xml(port, r.port)))
        d.reload()
        self.assertTrue(s.closed())
        self.assertIn(b"MSA|AA|m4", self.sender(port).exchange(message("m4")))

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
        self.assertEqual(d.wait_event("queue.waiting", feed="lab")[0]["aside"], 1)
        self.assertIn("feed lab: RELAYS, AND LEFT IN THE QUEUE", self.text())
        self.assertIn(b"MSA|AA|m3", self.sender(port).exchange(message("m3")))
        self.rewrite(*unseen)
        d.reload(good=False)
        self.queue("drop", "--all")
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
