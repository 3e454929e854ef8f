#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What an operator asks and changes while a daemon has custody, and who may."""

import base64
import contextlib
import glob
import json
import os
import shutil
import socket
import sqlite3
import subprocess
import threading
import time
import unittest

from custody import Custody, codes, custody_xml
from world import (
    HL7NOTE, PATIENCE, annotated, feed_xml, framed, free_port, http, main, message,
    wait_for,
)


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

    def test_nobody_commands_a_terminal_by_a_control_ID(self):
        r = self.receiver()
        r.stop()
        s = self.sender(self.keep(r)[1])
        for id in ("a\x1b[31m", "b\x9b31m", "c" * 250 + "\u20ac\u20ac", "d\u202e\u2028"):
            s.exchange(message(id))
        for text in (self.queue("list"), self.queue("show", 1, 2, 3, 4)):
            self.assertIn("a\\x1b[31m", text)
            self.assertIn("b\\xc2\\x9b31m", text)
            self.assertIn("d\\xe2\\x80\\xae\\xe2\\x80\\xa8", text)
            self.assertNotRegex(text, "[^\n -~\u20ac]")
        self.assertEqual(self.ids()[1], "b\x9b31m")
        self.assertIn('"b\\u009b31m"', self.queue("list", "--json"))

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
        retries = d.wait_event("audit.admin", 2, verb="queue retry")
        self.assertEqual([a["count"] for a in retries], [1, 1])

    def test_filters_and_pages(self):
        d, r, port = self.full(12)
        rows = self.rows("--limit", "5")
        self.assertEqual([x["control_id"] for x in rows], ["m0", "m1", "m2", "m3", "m4"])
        text = self.queue("list", "--limit", "5")
        self.assertIn("more follow: --after %d" % rows[-1]["seq"], text)
        self.assertEqual(self.ids("--after", rows[-1]["seq"])[0], "m5")
        self.assertEqual(self.ids("--feed", "lab", "--id", "m7"), ["m7"])
        self.assertEqual(self.ids("--older-than", "1h"), [])
        self.assertEqual(self.ids("--older-than", "36500d"), [], "before there were clocks")
        self.assertEqual(len(self.ids("--newer-than", "1h")), 12)
        self.assertEqual(self.queue("list", "--state", "dropped"), "no messages\n")
        self.queue("drop", rows[0]["seq"])
        self.assertEqual(self.ids("--limit", "1"), ["m1"], "what is settled is not asked for")
        self.assertEqual(self.ids("--limit", "1", "--state", "any"), ["m0"])
        self.assertEqual(self.ids(rows[0]["seq"]), ["m0"], "unless it is named")
        self.assertIn('"control_id":"m0"', self.queue("export", rows[0]["seq"]))
        heading, *lines = self.queue("list", *(x["seq"] for x in rows)).splitlines()
        self.assertTrue(heading.split()[0] == "SEQ" and heading not in lines)
        self.assertEqual([line.split()[2] for line in lines], ["dropped"] + 4 * ["waiting"])
        self.assertEqual(self.queue("drop", rows[0]["seq"], status=1), "0 messages dropped\n")
        self.assertIn("no feed", self.refused("list", "--feed", "other"))

    def test_a_number_that_is_not_there_is_said_and_keeps_no_other_from_its_answer(self):
        d, r, port = self.full(2)
        for verb in ("list", "show", "export"):
            for ways in ((), ("--json",)):
                done = subprocess.run(
                    [HL7NOTE, "queue", verb, *ways, "999", "2", "--control", self.control],
                    capture_output=True, timeout=PATIENCE, check=False,
                )
                self.assertEqual(done.returncode, 69, verb)
                self.assertIn(b"there is no such message in the queue: 999\n", done.stderr)
                self.assertIn(b"m1", done.stdout, verb)
        done = subprocess.run(
            [HL7NOTE, "queue", "list", "999", "x", "2", "--control", self.control],
            capture_output=True, timeout=PATIENCE, check=False,
        )
        self.assertIn(b"SEQ x: not a number", done.stderr)
        self.assertEqual((done.returncode, done.stdout), (69, b""), "wrong usage ends it")
        self.assertEqual(self.queue("list", "--state", "aside"), "no messages\n")

    def test_a_number_that_the_options_leave_out_is_said_to_be_there(self):
        d, r, port = self.full(2)
        self.queue("drop", 1)
        for verb, seq, state, *options in (
            ("list", 1, "dropped", "--state", "aside"),
            ("list", 2, "waiting", "--state", "delivered"),
            ("export", 2, "waiting", "--state", "dropped", "--json"),
            ("list", 2, "waiting", "--id", "m0"),
            ("list", 2, "waiting", "--older-than", "1h"),
            ("list", 2, "waiting", "--after", "2"),
        ):
            self.assertIn(
                "message %d is not one of those asked for: its state is %s, its feed lab\n"
                % (seq, state), self.refused(verb, *options, seq))
        self.assertIn("no such message", self.refused("list", "--state", "aside", 999))

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
        self.assertRegex(self.text(), r"forwarding +WAITING [0-9.]+ s for the next attempt; ")
        for one, status in (((1,), 1), (("--id", "m1"), 0)):
            said = self.queue("retry", *one, status=status)
            self.assertEqual(said, "0 messages to be sent again\n", "it is about that one")
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
        self.assertIn("--again does not go", self.refused("retry", "--again", "--all", status=64))
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
        imports = d.wait_event("audit.admin", 2, verb="queue import")
        self.assertEqual([a["count"] for a in imports], [0, 2])
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
        for path in self.folder, self.path("missing"):
            said = self.refused("import", "-f", "lab", path, status=66)
            self.assertRegex(said, "^hl7note queue: cannot read %s: .*; name a file" % path)
        wrong = self.write("wrong", '{"seq":1}\n')
        self.assertIn("wrong:1: no exported message", self.refused(
            "import", "--feed", "lab", wrong, status=65))
        self.assertEqual(len(self.ids()), 4)
        torn = self.write(
            "torn.json", '{"body":"cut o\n{"body":""}\n' + self.queue("export", "--id", "p2") + "MSH|\n")
        self.assertIn("torn.json:1: no exported message, as 3 lines in all", self.refused(
            "import", "--again", "--feed", "lab", torn, status=65))
        self.assertEqual(self.ids(), ["p1", "p2", "f1", "f2", "p2"])
        self.queue("drop", 5)
        with open(self.write("cut.json", self.queue("export", "--id", "p1")), "a",
                  encoding="utf-8") as f:
            f.write("cut off")
        late = self.write("late.hl7", b"no HL7\r" + message("p3"))
        said = self.note("queue", "import", "--again", "-f", "lab", "--control", self.control,
                         self.path("cut.json"), late, self.path("missing"), status=65)
        self.assertIn(b"2 messages queued", said)
        self.assertEqual(self.ids(), ["p1", "p2", "f1", "f2", "p1", "p3"])
        fifo = self.path("fifo")
        os.mkfifo(fifo)
        for lines, status, says in (
            (message("h1") + message("h2"), 65, "fifo:1: .*; HL7 is read from files"),
            (self.queue("export", "--id", "p2").encode(), 0, "^$"),
            (("\r\n%s\r\n\r\n \t\n" % self.queue("export", "--id", "f1").strip()).encode(),
             0, "^$"),
        ):
            writer = threading.Thread(target=self.write_to, args=(fifo, lines))
            writer.start()
            self.assertRegex(
                self.refused("import", "--again", "-f", "lab", fifo, status=status), says)
            writer.join(PATIENCE)
        self.assertEqual(self.ids()[6:], ["p2", "f1"])
        blank = self.write("blank.json", "\r\n \t\n" + self.queue("export", "--id", "f2"))
        self.queue("import", "--again", "-f", "lab", blank)
        self.assertEqual(self.ids()[8:], ["f2"])
        spoilt = self.write("spoilt.json", "\n{}\n")
        self.assertIn("spoilt.json:2: no exported message", self.refused(
            "import", "-f", "lab", spoilt, status=65))
        body = message("big", more=b"NTE|1||" + b"x" * (17 << 20) + b"\r")
        big = self.write("big.hl7", body)
        self.assertIn("1 message queued", self.queue("import", "-f", "lab", big))
        row = json.loads(self.queue("export", "--id", "big"))
        self.assertEqual(base64.b64decode(row["body"]), body)
        shown = self.queue("show", row["seq"], "--payload", "--json").splitlines()[0]
        self.assertEqual(json.loads(shown)["body"], row["body"])

    def write_to(self, path, data):
        with open(path, "wb") as f:
            f.write(data)

    def test_what_stands_between_messages_is_not_imported(self):
        """As it is not sent by hl7note send, so that a resend is known by its bytes."""
        d, r, port = self.full(0)
        texts = [message(i).replace(b"\r", b"\n") for i in ("b1", "b2")]
        path = self.write("blank.hl7", b"\xef\xbb\xbf\n" + b"\n\n".join(texts) + b"\n")
        self.queue("import", "-f", "lab", path)
        self.note("send", "127.0.0.1:%d" % port, path)
        bodies = [json.loads(t)["body"] for t in self.queue("export").splitlines()]
        self.assertEqual([base64.b64decode(b) for b in bodies], texts)

    def test_a_message_too_large_to_be_held_ends_an_import_and_is_told(self):
        feed = custody_xml(free_port(), free_port(), max_frame="1MiB")
        self.configure('<limits in-flight-bytes="1MiB"/>', *self.parts(feed))
        files = [
            self.write(name, message(name, more=b"NTE|1||" + size * b"x" + b"\r"))
            for name, size in (("small", 1000), ("large", 1 << 20))
        ]
        self.assertRegex(
            self.refused("import", "-f", "lab", *files),
            "larger than in-flight-bytes of <limits>; before that, it was done for 1 message$")
        self.assertEqual(self.ids(), ["small"])

    def test_an_import_that_breaks_off_says_how_far_it_came(self):
        d, _ = self.keep(free_port(), store={"quota": "4MiB"})
        many = [message("q%d" % n, more=b"NTE|1||" + b"x" * 100000 + b"\r") for n in range(60)]
        said = self.refused("import", "-f", "lab", self.write("many.hl7", b"".join(many)))
        queued = self.state()[1]["queue"]["waiting"]
        self.assertGreater(queued, 0)
        self.assertRegex(said, "no space.*; before that, it was done for %d messages" % queued)
        failed = d.wait_event("audit.admin", verb="queue import")[0]
        self.assertEqual((failed["outcome"], failed["count"]), ("failed", queued))

    def test_an_import_waits_for_a_file_that_begins_late(self):
        """A pipe from elsewhere, or one large line: more than the 5 s that a request has."""
        self.keep(free_port())
        line = json.dumps({"body": base64.b64encode(message("late")).decode()}) + "\n"
        with subprocess.Popen(
            [HL7NOTE, "queue", "import", "--feed", "lab", "--control", self.control],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        ) as p:
            time.sleep(6)
            said, _ = p.communicate(line.encode(), timeout=PATIENCE)
        self.assertEqual(said, b"1 message queued, 0 there already\n")

    def test_an_import_that_is_interrupted_is_audited_as_left(self):
        d, _ = self.keep(free_port())
        for half in (True, False):
            with socket.socket(socket.AF_UNIX) as c:
                c.connect(self.control)
                body = message("m%d" % half)
                c.sendall(b"queue import feed=lab\n%d\n%s%d\nMSH" % (len(body), body, len(body)))
                if half:
                    c.shutdown(socket.SHUT_WR)
                    self.assertIn(b"before that, it was done for 1 message", c.recv(4096))
        told = d.wait_event("audit.admin", 2, verb="queue import")
        self.assertEqual([(t["outcome"], t["count"]) for t in told], 2 * [("left", 1)])

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
        with open("/dev/full", "wb") as full:
            done = subprocess.run(
                [HL7NOTE, "queue", "list", "--control", self.control], stdout=full,
                stderr=subprocess.PIPE, timeout=PATIENCE, check=False,
            )
        self.assertEqual(done.returncode, 74)

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
        (told,) = d.wait_event("audit.admin", verb="queue backup")
        self.assertEqual(told["file"], backup)
        self.assertEqual(told["count"], 0)
        self.assertIn("; name a new file", self.refused("backup", backup))
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

    def test_a_backup_that_only_the_daemon_sees_is_told(self):
        with socket.socket(socket.AF_UNIX) as door:
            door.bind(self.control)
            door.listen()
            with subprocess.Popen(
                [HL7NOTE, "queue", "backup", "/nowhere/copy", "--control", self.control],
                stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            ) as asked:
                with door.accept()[0] as daemon:
                    daemon.recv(1000)
                    daemon.sendall(b'{"done":true,"count":1}\n')
                out, err = asked.communicate(timeout=PATIENCE)
        self.assertEqual((asked.returncode, out), (0, b"backup written to /nowhere/copy\n"))
        self.assertIn(b"there is no /nowhere/copy here: ", err)

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
        self.assertIn("only root and the daemon's user and group may ask", err)
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


if __name__ == "__main__":
    main()
