#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""HUP: whole or not at all, and nobody's connection is dropped.

HL7_STORM is the number of HUPs of the storm."""

import datetime
import hashlib
import json
import os
import signal
import socket
import threading
import time

from world import (
    SUGAR, Sender, World, ack, config_xml, control_id, feed_xml, framed, free_port, http, listening,
    main, message, metric, wait_for,
)

STORM = int(os.environ.get("HL7_STORM", "100"))
RATE = 1500
QUICK = {"backoff_min": "100ms", "backoff_max": "200ms"}


def mapping(text="Too much of it.", version="1.2.3"):
    with open(SUGAR, encoding="utf-8") as f:
        return f.read().replace("Too much of it.", text).replace("1.2.3", version)


def dated(first=None, last=None, text="Too much of it."):
    """The mapping with the first and the last day of its use."""
    ends = "".join(' %s="%s"' % end for end in (("from", first), ("to", last)) if end[1])
    return mapping(text).replace("</about>", "<effective%s/></about>" % ends)


def shortly_before_midnight(seconds):
    """(TZ, today there, tomorrow there): a zone where the day ends in so many seconds."""
    now = int(time.time())
    west = (now + seconds) % 86400
    there = datetime.datetime.utcfromtimestamp(now - west).date()
    zone = "HERE%d:%02d:%02d" % (west // 3600, west // 60 % 60, west % 60)
    return zone, str(there), str(there + datetime.timedelta(days=1))


class Reloading(World):
    def running(self, handler=None, before="", reads=True, **named):
        """A daemon with one feed whose mapping and configuration may be written anew."""
        self.r = self.receiver(handler, reads=reads)
        self.port = free_port()
        self.rules = self.write("rules.xml", mapping())
        self.named = {"mapping": [self.rules], "forward": QUICK, **named}
        self.d = self.configure(before, feed_xml(self.port, self.r.port, **self.named))
        return self.d

    def rewrite(self, *feeds):
        self.write("hl7noted.xml", config_xml(*feeds))

    def note_of(self, sender, name="m"):
        """The comment that the receiver sees for a message sent now."""
        before = len(self.r.frames)
        self.assertEqual(sender.exchange(message(name)), ack(message(name)))
        body = self.r.bodies()[before]
        return body.split(b"NTE|1|O|")[1].split(b"\r")[0].decode() if b"NTE|" in body else None


class Mappings(Reloading):
    def test_a_new_mapping_is_in_force_on_connections_that_stay(self):
        d = self.running()
        s = self.sender(self.port)
        self.assertEqual(self.note_of(s), "Too much of it.")
        self.write("rules.xml", mapping("Plenty.", "1.2.4"))
        d.reload()
        self.assertEqual(self.note_of(s), "Plenty.")
        self.assertEqual(len(self.r.visits), 1)
        self.assertEqual(len(d.events("conn.open")), 1)

    def test_a_bad_mapping_changes_nothing_and_is_told_with_its_place(self):
        d = self.running()
        s = self.sender(self.port)
        for bad in (
            mapping().replace("<flag>H</flag>", "<flog>H</flog>"),
            mapping().replace('flag="H" rules="T1"', 'flag="L" rules="T1"'),
            mapping()[:700],
            "",
            "no XML at all",
        ):
            self.write("rules.xml", bad)
            before = len(d.events("mapping.rejected"))
            d.reload(good=False)
            told = d.events("mapping.rejected")[before:]
            self.assertTrue(told, bad[:60])
            self.assertRegex(told[0]["err_loc"], r"rules\.xml:\d+:\d+$")
            self.assertTrue(told[0]["err_text"])
            self.assertEqual(self.note_of(s), "Too much of it.")
        self.write("rules.xml", mapping("Mended."))
        d.reload()
        self.assertEqual(self.note_of(s), "Mended.")
        self.assertEqual(len(self.r.visits), 1)

    def test_a_mapping_is_told_of_when_it_is_in_force(self):
        d, other = self.running(), free_port()
        self.write("rules.xml", mapping(version="1.2.4"))
        bad = self.write("bad.xml", "no XML at all")
        feed = feed_xml(self.port, self.r.port, **self.named)
        self.rewrite(feed, feed_xml(other, self.r.port, name="other", mapping=[bad]))
        d.reload(good=False)
        self.assertEqual(d.events("mapping.draft", version="1.2.4"), [])
        self.rewrite(feed)
        d.reload()
        self.assertEqual(len(d.events("mapping.draft", version="1.2.4")), 1)

    def test_a_mapping_of_several_feeds_is_read_once_and_stays_with_each(self):
        d, other = self.running(), free_port()
        both = [
            feed_xml(self.port, self.r.port, **self.named),
            feed_xml(other, self.r.port, name="other", **self.named),
        ]
        self.rewrite(*both)
        d.reload()
        self.rewrite(both[1])
        d.reload()
        s = self.sender(other)
        self.assertEqual(self.note_of(s), "Too much of it.")
        self.write("rules.xml", mapping().replace("<flag>H</flag>", "<flog>H</flog>"))
        self.rewrite(*both)
        d.reload(good=False)
        told = [(e["err_loc"], e["err_text"]) for e in d.events("mapping.rejected")]
        self.assertEqual(len(told), len(set(told)), told)
        self.write("rules.xml", mapping("Plenty."))
        d.reload()
        self.assertEqual(self.note_of(s), "Plenty.")
        self.assertEqual(self.note_of(self.sender(self.port)), "Plenty.")

    def test_a_missing_mapping_changes_nothing(self):
        d = self.running()
        s = self.sender(self.port)
        os.unlink(self.rules)
        d.reload(good=False)
        told = d.events("mapping.rejected")[-1]
        self.assertRegex(told["err_loc"], r"hl7noted\.xml:3:\d+")
        self.assertIn(self.rules + ": No such file", told["err_text"])
        self.assertEqual(self.note_of(s), "Too much of it.")

    def test_metrics_show_the_version_in_force_and_feeds_that_are_there(self):
        door, port, other = free_port(), free_port(), free_port()
        metrics = '<metrics listen="127.0.0.1:%d"/>' % door
        rules = self.write("rules.xml", mapping())
        r = self.receiver()
        lab = feed_xml(port, r.port, name="lab", mapping=[rules])
        d = self.configure(metrics, lab, feed_xml(other, r.port, name="other"))
        self.write("rules.xml", mapping(version="2.0.0"))
        d.reload()
        text = http(door)[2]
        for series in ("approved", "in_effect"):
            self.assertEqual(text.count('hl7noted_mapping_%s{feed="lab"' % series), 1, text)
        self.assertIn('version="2.0.0"', text)
        self.assertIn('feed="other"', text)
        self.rewrite(metrics, lab)
        d.reload()
        wait_for("the feed to be gone", lambda: 'feed="other"' not in http(door)[2])
        self.assertIn('feed="lab"', http(door)[2])
        self.rewrite(metrics, lab, feed_xml(other, r.port, name="other"))
        d.reload()
        self.assertIn('hl7noted_connections{feed="other"} 0', http(door)[2])
        self.rewrite(metrics, lab, feed_xml(free_port(), r.port, name="no", mapping="no.xml"),
                     feed_xml(free_port(), r.port, name="never"))
        d.reload(good=False)
        text = http(door)[2]
        self.assertNotIn('feed="never"', text)
        self.assertIn("hl7noted_config_last_reload_successful 0", text)

    def test_a_pipe_for_a_mapping_stops_nothing(self):
        """Neither one that nobody writes to, nor one whose writer says nothing, or little."""
        d = self.running()
        s = self.sender(self.port)
        os.unlink(self.rules)
        os.mkfifo(self.rules)
        d.reload(good=False)
        self.assertEqual(self.note_of(s), "Too much of it.")
        silent = os.open(self.rules, os.O_RDWR)
        self.addCleanup(os.close, silent)
        before = len(d.events("mapping.rejected"))
        d.reload(good=False)
        self.assertIn("timed out", d.events("mapping.rejected")[before]["err_text"])
        self.assertEqual(self.note_of(s), "Too much of it.")
        done = threading.Event()
        self.addCleanup(done.set)

        def trickle():
            while not done.wait(0.2):
                os.write(silent, b" ")

        threading.Thread(target=trickle, daemon=True).start()
        before = len(d.events("mapping.rejected"))
        d.reload(good=False)
        self.assertIn("timed out", d.events("mapping.rejected")[before]["err_text"])
        self.assertEqual(self.note_of(s), "Too much of it.")

    def test_the_checksum_of_what_is_in_force_is_logged(self):
        d = self.running()
        text = mapping("Other.", "2.0")
        self.write("rules.xml", text)
        d.reload()
        line = d.events("mapping.draft")[-1]
        self.assertEqual(line["sha256"], hashlib.sha256(text.encode()).hexdigest())
        self.assertEqual((line["mapping"], line["version"]), ("test", "2.0"))

    def test_a_mapping_is_used_on_the_days_it_is_in_effect(self):
        """On others messages flow, unchanged."""
        door, ctl = free_port(), self.path("control")
        d = self.running(
            before='<metrics listen="127.0.0.1:%d"/><control socket="%s"/>' % (door, ctl)
        )
        s = self.sender(self.port)
        for ends, used in (
            ((None, "2001-12-31"), False),
            (("2001-01-01", None), True),
            (("2901-01-01", "2902-12-31"), False),
            (("2001-01-01", "2901-12-31"), True),
        ):
            told = len(d.events("mapping.dormant"))
            self.write("rules.xml", dated(*ends))
            d.reload()
            self.assertEqual(self.note_of(s), "Too much of it." if used else None, ends)
            self.assertEqual(len(d.events("mapping.dormant")) - told, not used, ends)
            self.assertEqual(metric(door, "hl7noted_mapping_in_effect", feed="lab"), used)
            text = self.note("status", "--control", ctl)
            self.assertEqual(b", NOT IN EFFECT\n" in text, not used)

    def test_a_mapping_ends_and_begins_at_midnight(self):
        for seconds in (3, 12, 48):  # on a busy machine it may not be up before
            if self.midnight(seconds):
                return
        self.fail("it was never up before its midnight")

    def midnight(self, seconds):
        zone, today, tomorrow = shortly_before_midnight(seconds)
        end = time.monotonic() + seconds - 1
        r, ports = self.receiver(), [free_port() for _ in range(6)]
        old = self.write("old.xml", dated(None, today, "Of the old."))
        new = self.write("new.xml", dated(tomorrow, None, "Of the new."))
        kinds = [(m, mode) for mode in ("relay", "store") for m in ([old], [new], [old, new])]
        feeds = (
            feed_xml(p, r.port, name="f%d" % p, mapping=m, forward=QUICK, mode=mode)
            for p, (m, mode) in zip(ports, kinds)
        )
        store = '<store directory="%s"/>' % self.path("queue%d" % seconds)
        d = self.configure(store, *feeds, env={"TZ": zone})
        if time.monotonic() > end:
            return False
        d.wait_event("mapping.draft", 4, file=old)  # on its last day
        waiting = [line["level"] for line in d.events("mapping.dormant", file=new)]
        self.assertEqual(sorted(waiting), ["error", "error", "info", "info"])
        d.wait_event("mapping.dormant", 4, file=old)
        d.wait_event("mapping.draft", 4, file=new)
        for n, port in enumerate(ports):
            self.sender(port).exchange(message())
            wait_for("the message", lambda: len(r.bodies()) > n)
            self.assertNotIn(b"Of the old.", r.bodies()[n], kinds[n])
            self.assertEqual(b"Of the new." in r.bodies()[n], new in kinds[n][0], kinds[n])
        return True

    def test_the_mapping_of_the_day_is_used_of_those_for_one_code(self):
        today = datetime.date.today()
        days = {n: str(today + datetime.timedelta(days=n)) for n in (-2, -1, 1, 2)}
        years = (None, days[-2]), (days[-1], days[1]), (days[2], None)
        files = [
            self.write("%d.xml" % n, dated(*ends, "Of %d." % n)) for n, ends in enumerate(years)
        ]
        self.running(mapping=files)
        self.assertEqual(self.note_of(self.sender(self.port)), "Of 1.")

    def test_one_bad_mapping_of_many_keeps_all_as_they_were(self):
        r = self.receiver()
        ports = [free_port(), free_port()]
        files = [self.write("a.xml", mapping("A")), self.write("b.xml", mapping("B"))]
        d = self.configure(
            *(feed_xml(p, r.port, name="f%d" % p, mapping=[m]) for p, m in zip(ports, files))
        )
        self.write("a.xml", mapping("New A"))
        self.write("b.xml", "<mapping/>")
        d.reload(good=False)
        for port, text in zip(ports, (b"|A\r", b"|B\r")):
            self.sender(port).exchange(message())
            self.assertIn(text, r.bodies()[-1])

    def test_a_message_that_waits_for_its_receiver_is_annotated_once(self):
        """It is annotated when it goes out, by what is in force then."""
        gate = []

        def hold(visit, body, number):
            wait_for("the gate", lambda: gate)
            visit.answer(body)

        d = self.running(hold)
        s = self.sender(self.port)
        s.send(framed(message("1")) + framed(message("2")))
        self.r.wait(1)
        self.write("rules.xml", mapping("Plenty."))
        d.reload()
        gate.append(1)
        self.assertEqual([s.frame(), s.frame()], [ack(message("1")), ack(message("2"))])
        one, two = self.r.bodies()
        self.assertIn(b"Too much", one)
        self.assertEqual(two.count(b"NTE|1|O|"), 1)


class Settings(Reloading):
    def test_annotation_is_switched_on_connections_that_stay(self):
        d = self.running()
        s = self.sender(self.port)
        for how, seen in (("off", None), ("shadow", None), ("live", "Too much of it.")):
            self.rewrite(feed_xml(self.port, self.r.port, annotate=how, **self.named))
            d.reload()
            self.assertEqual(self.note_of(s), seen, how)
        self.assertEqual(len(self.r.visits), 1)

    def test_a_bad_configuration_changes_nothing_and_is_told_with_its_place(self):
        d = self.running()
        s = self.sender(self.port)
        good = feed_xml(self.port, self.r.port, **self.named)
        for bad in (
            config_xml(good.replace("annotate", "annotat").replace("<feed", '<feed annotat="x"')),
            config_xml(good, good),
            config_xml(good)[:-20],
            "",
        ):
            self.write("hl7noted.xml", bad)
            before = len(d.events("config.rejected"))
            d.reload(good=False)
            wait_for("the fault", lambda: len(d.events("config.rejected")) >= before + 2)
            self.assertRegex(
                d.events("config.rejected")[before]["err_loc"], r"hl7noted\.xml:\d+:\d+$"
            )
            self.assertEqual(self.note_of(s), "Too much of it.")
        os.unlink(self.path("hl7noted.xml"))
        before = len(d.events("config.rejected"))
        d.reload(good=False)
        wait_for("the fault", lambda: len(d.events("config.rejected")) >= before + 2)
        self.assertRegex(d.events("config.rejected")[before]["err_loc"], r"hl7noted\.xml$")

    def test_what_is_in_flight_fails_as_it_was_begun(self):
        """It was sent when the feed said close, and is lost when it says reject."""
        d = self.running(lambda v, body, n: None)
        s = self.sender(self.port)
        s.send(framed(message("m")))
        self.r.wait(1)
        self.rewrite(
            feed_xml(
                self.port, self.r.port, on_failure="reject", mapping=[self.rules],
                forward={**QUICK, "ack_timeout": "1ms"},
            )
        )
        d.reload()
        self.assertTrue(s.silent())
        self.r.visits[0].reset()
        self.assertTrue(s.closed())
        d.wait_event("msg.failed", outcome="down_lost")

    def test_limits_change_for_connections_that_come(self):
        d = self.running()
        first = self.sender(self.port)
        self.note_of(first)
        self.rewrite(
            feed_xml(self.port, self.r.port, listen={"max_connections": 1}, **self.named)
        )
        d.reload()
        self.assertTrue(self.sender(self.port).closed())
        self.note_of(first)

    def test_the_largest_frame_changes_for_the_next_one_of_a_connection(self):
        d = self.running()
        s = self.sender(self.port)
        self.note_of(s)
        self.rewrite(feed_xml(self.port, self.r.port, max_frame="1KiB", **self.named))
        d.reload()
        s.send(framed(message(more=b"NTE|1||" + b"x" * 2000 + b"\r")))
        self.assertTrue(s.closed())
        d.wait_event("conn.broken", outcome="frame_too_large")

    def test_log_level_and_format_change(self):
        d, door = self.running(), free_port()
        self.rewrite(
            '<log level="warning"/>', '<metrics listen="127.0.0.1:%d"/>' % door,
            feed_xml(self.port, self.r.port, **self.named),
        )
        d.signal(signal.SIGHUP)
        wait_for("the reload", lambda: listening(door))
        self.assertEqual(http(door)[0], 200)
        self.note_of(self.sender(self.port), "unseen")
        time.sleep(0.2)
        self.assertNotIn("unseen", d.text())


class Doors(Reloading):
    """What is open beside the listeners is exchanged by a reload, with all the rest or not at
    all."""

    def rewrite_with(self, *parts):
        self.rewrite(*parts, feed_xml(self.port, self.r.port, **self.named))

    def served(self, port):
        try:
            return http(port, "/healthz")[0] == 200
        except OSError:
            return False

    def holds(self, path, word):
        if not os.path.exists(path):
            return False
        with open(path, encoding="utf-8") as f:
            return word in f.read()

    def lines_of(self, path):
        with open(path, encoding="utf-8") as f:
            return [json.loads(line) for line in f if line.startswith("{")]

    def test_the_log_moves_to_a_file_and_on_and_back(self):
        d = self.running()
        s = self.sender(self.port)
        one, two = self.path("one.log"), self.path("two.log")
        for n, path in enumerate((None, one, two, None)):
            if n:
                self.rewrite_with('<log file="%s"/>' % path if path else "")
                d.signal(signal.SIGHUP)
                before = (d.log, one, two)[n - 1]
                wait_for("the move", lambda: self.holds(before, "log_moved"))
            self.note_of(s, "m%d" % n)
        d.wait_event("msg.acked", 2)
        for path, expected in ((d.log, ["m0", "m3"]), (one, ["m1"]), (two, ["m2"])):
            acked = [line for line in self.lines_of(path) if line["event"] == "msg.acked"]
            self.assertEqual([line["ctl_id"] for line in acked], expected)
        for path in (one, two):
            first, last = self.lines_of(path)[0], self.lines_of(path)[-1]
            self.assertEqual((first["event"], "outcome" in first), ("config.loaded", False))
            self.assertEqual((last["event"], last["outcome"]), ("config.loaded", "log_moved"))

    def test_the_log_moves_to_another_format_with_its_file(self):
        d = self.running()
        path, ctl = self.path("log"), self.path("control")
        self.rewrite_with(
            '<log file="%s" format="logfmt"/><control socket="%s"/>' % (path, ctl)
        )
        d.signal(signal.SIGHUP)
        wait_for("the move", lambda: self.holds(path, "config.loaded"))
        state = json.loads(self.note("status", "--json", "--control", ctl))
        self.assertTrue(state["log_in_place"])
        self.note_of(self.sender(self.port))
        with open(path, encoding="utf-8") as f:
            self.assertTrue(all(line.startswith("ts=") for line in f))

    def test_the_log_moves_to_the_journal_format(self):
        """There is no journal here, or one that is not ours: lines must not stay on stderr."""
        d = self.running()
        self.rewrite_with('<log format="journal" level="error"/>')
        d.signal(signal.SIGHUP)
        d.wait_event("config.loaded", outcome="log_moved")
        self.note_of(self.sender(self.port), "unseen")
        time.sleep(0.2)
        self.assertNotIn("unseen", d.text())

    def test_metrics_come_move_and_go(self):
        d = self.running()
        one, two = free_port(), free_port()
        metrics = '<metrics listen="127.0.0.1:%d"/>'
        for part, here, gone in (
            (metrics % one, one, two),
            (metrics % two, two, one),
            (metrics % two, two, one),
            ((metrics % two).replace(".1:", ".2:"), None, two),
            ("", None, two),
        ):
            self.rewrite_with(part)
            d.reload()
            self.assertFalse(self.served(gone), part)
            if here:
                self.assertTrue(self.served(here), part)
        self.assertEqual(len(d.events("config.loaded")), 5)

    def test_the_control_socket_moves(self):
        d = self.running()
        one, two = self.path("one"), self.path("two")
        for path, gone in ((one, two), (two, one), (one, two)):
            self.rewrite_with('<control socket="%s"/>' % path)
            d.reload()
            self.note("status", "--control", path)
            self.assertFalse(os.path.exists(gone))

    def test_a_control_socket_that_was_removed_is_made_again(self):
        d = self.running()
        path = os.path.join(self.path("run"), "control")
        os.mkdir(os.path.dirname(path))
        self.rewrite_with('<control socket="%s"/>' % path)
        d.reload()
        os.unlink(path)
        self.note("status", "--control", path, status=69)
        d.reload()
        self.note("status", "--control", path)
        os.unlink(path)
        os.rmdir(os.path.dirname(path))
        d.reload()
        d.wait_event("config.rejected", listener="control", err_code="ENOENT")

    def test_one_door_that_does_not_open_keeps_all_as_they_were(self):
        d = self.running()
        s = self.sender(self.port)
        free, log, control = free_port(), self.path("new.log"), self.path("control")
        good = {
            "log": '<log file="%s"/>' % log,
            "metrics": '<metrics listen="127.0.0.1:%d"/>' % free,
            "control": '<control socket="%s"/>' % control,
        }
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            for name, bad in (
                ("log", '<log file="/nowhere/log"/>'),
                ("metrics", '<metrics listen="127.0.0.1:%d"/>' % taken.getsockname()[1]),
                ("control", '<control socket="/nowhere/control"/>'),
            ):
                self.write("rules.xml", mapping("Plenty."))
                self.rewrite_with(*{**good, name: bad}.values())
                d.reload(good=False)
                self.assertEqual(self.note_of(s), "Too much of it.", name)
                self.assertFalse(self.served(free), name)
                self.assertFalse(os.path.exists(control), name)
                self.assertFalse(os.path.exists(log) and os.path.getsize(log), name)
                told = [e for e in d.events("config.rejected") if "err_code" in e][-1]
                self.assertEqual(told["outcome"], "bind" if name == "metrics" else name)
                self.assertRegex(told["err_loc"], r"/hl7noted\.xml:\d+:\d+$", name)
                self.assertRegex(told["err_text"], r"^cannot .*; name an? ", name)
            # and a fault elsewhere, with all doors sound
            self.write("rules.xml", mapping("Plenty.")[:900])
            self.rewrite_with(*good.values())
            d.reload(good=False)
            self.assertFalse(self.served(free))
            self.assertFalse(os.path.exists(control))
            self.assertEqual(self.note_of(s), "Too much of it.")
        held = d.descriptors()
        for _ in range(5):
            d.reload(good=False)
        self.assertLessEqual(d.descriptors(), held)

    def test_all_faults_are_told_in_one_run(self):
        d = self.running()
        self.write("rules.xml", mapping()[:900])
        self.rewrite_with('<log file="/nowhere/log"/>')
        d.reload(good=False)
        self.assertTrue(d.events("mapping.rejected"))
        self.assertIn(" /nowhere/log: ", d.events("config.rejected", outcome="log")[0]["err_text"])


class Feeds(Reloading):
    def test_a_feed_is_added_and_the_others_stay(self):
        d = self.running()
        s = self.sender(self.port)
        self.note_of(s)
        other = free_port()
        first = feed_xml(self.port, self.r.port, **self.named)
        self.rewrite(first, feed_xml(other, self.r.port, name="new", **self.named))
        d.reload()
        self.assertEqual(self.sender(other).exchange(message("n")), ack(message("n")))
        self.note_of(s)
        self.assertEqual(d.wait_event("msg.acked", 3)[1]["feed"], "new")

    def test_a_removed_feed_answers_what_is_in_flight_and_closes(self):
        gate = []

        def hold(visit, body, number):
            if control_id(body) == b"held":
                wait_for("the gate", lambda: gate)
            visit.answer(body)

        d = self.running(hold)
        other = free_port()
        stays = feed_xml(other, self.r.port, name="stays", **self.named)
        self.rewrite(feed_xml(self.port, self.r.port, **self.named), stays)
        d.reload()
        s, idle, far = self.sender(self.port), self.sender(self.port), self.sender(other)
        for one in (idle, far):
            one.exchange(message("1"))
        s.send(framed(message("held")))
        self.r.wait(3)
        self.rewrite(stays)
        d.reload()
        self.assertTrue(idle.closed())
        with self.assertRaises(ConnectionRefusedError):
            Sender(self.port)
        self.assertEqual(far.exchange(message("2")), ack(message("2")))
        d.reload()
        gate.append(1)
        self.assertEqual(s.frame(), ack(message("held")))
        self.assertTrue(s.closed())

    def test_a_feed_with_an_answer_outstanding_outlives_the_listener_it_gave_away(self):
        gate = []
        d = self.running(lambda v, b, n: (wait_for("the gate", lambda: gate), v.answer(b)))
        s = self.sender(self.port)
        s.send(framed(message("held")))
        self.r.wait(1)
        other = {**self.named, "name": "other"}
        for port in (self.port, free_port()):
            self.rewrite(feed_xml(port, self.r.port, **other))
            d.reload()
        door = free_port()
        for named in (self.named, other, self.named):
            self.rewrite(  # others that have its name come and go
                '<metrics listen="127.0.0.1:%d"/>' % door,
                feed_xml(free_port(), self.r.port, **named),
            )
            d.reload()
            time.sleep(0.2)
            self.assertIn('hl7noted_connections{feed="lab"} 1', http(door)[2])
        gate.append(1)
        self.assertEqual(s.frame(), ack(message("held")))
        self.assertTrue(s.closed())
        d.wait_event("conn.close", feed="lab", outcome="drained", level="info")
        time.sleep(0.2)  # then it goes, and what it counted does not
        self.assertIn('hl7noted_connections{feed="lab"} 0', http(door)[2])

    def test_listeners_come_and_go_and_their_connections_stay(self):
        d = self.running()
        s = self.sender(self.port)
        self.note_of(s)
        more = free_port()
        self.rewrite(feed_xml([self.port, more], self.r.port, **self.named))
        d.reload()
        t = self.sender(more)
        self.note_of(t)
        self.rewrite(feed_xml([more], self.r.port, **self.named))
        d.reload()
        self.note_of(s)
        self.note_of(t)
        with self.assertRaises(ConnectionRefusedError):
            Sender(self.port)

    def test_a_listener_moves_to_another_feed(self):
        d = self.running()
        s = self.sender(self.port)
        self.note_of(s)
        self.rewrite(feed_xml(self.port, self.r.port, **{**self.named, "name": "renamed"}))
        d.reload()
        self.assertTrue(s.closed())
        self.note_of(self.sender(self.port))
        self.assertEqual(d.wait_event("msg.acked", 2)[-1]["feed"], "renamed")

    def test_connections_of_before_take_no_place_at_a_listener_that_moved(self):
        one = {"max_connections": 1}
        d = self.running(listen=one)
        s = self.sender(self.port)
        self.note_of(s)
        self.rewrite(
            feed_xml(free_port(), self.r.port, **self.named),
            feed_xml(self.port, self.r.port, name="moved", **self.named),
        )
        d.reload()
        other = self.sender(self.port)
        self.note_of(other)
        self.note_of(s)
        s.close()
        self.rewrite(feed_xml(free_port(), self.r.port, **self.named))
        d.reload()
        self.assertTrue(other.closed())
        self.assertEqual(d.events("conn.refused"), [])

    def test_two_feeds_exchange_their_ports(self):
        left, right = self.receiver(), self.receiver()
        ports = [free_port(), free_port()]
        d = self.configure(
            feed_xml(ports[0], left.port, name="l"), feed_xml(ports[1], right.port, name="r")
        )
        self.sender(ports[0]).exchange(message())
        self.assertEqual(len(left.frames), 1)
        self.rewrite(
            feed_xml(ports[1], left.port, name="l"), feed_xml(ports[0], right.port, name="r")
        )
        d.reload()
        self.sender(ports[0]).exchange(message())
        self.assertEqual((len(left.frames), len(right.frames)), (1, 1))

    def test_a_new_receiver_gets_the_next_message_of_each_connection(self):
        d = self.running()
        s = self.sender(self.port)
        self.note_of(s)
        other = self.receiver()
        self.rewrite(feed_xml(self.port, other.port, **self.named))
        d.reload()
        self.assertEqual(self.sender(self.port).exchange(message("n")), ack(message("n")))
        self.assertEqual(s.exchange(message("o")), ack(message("o")))
        self.assertEqual([control_id(b) for b in other.bodies()], [b"n", b"o"])
        self.assertEqual(len(self.r.frames), 1)

    def test_what_is_in_flight_is_answered_by_the_receiver_that_has_it(self):
        gate = []
        d = self.running(
            lambda v, b, n: (wait_for("the gate", lambda: gate), v.answer(b)),
            forward={**QUICK, "in_flight": 2},
        )
        other = self.receiver()
        s = self.sender(self.port)
        names = [b"%d" % i for i in range(6)]
        s.send(b"".join(framed(message(n.decode())) for n in names))
        self.r.wait(1)
        self.rewrite(
            feed_xml(
                self.port, other.port,
                **{**self.named, "forward": {**QUICK, "in_flight": 2}},
            )
        )
        d.reload()
        self.assertEqual(other.frames, [])
        gate.append(1)
        for n in names:
            self.assertEqual(s.frame(), ack(message(n.decode())))
        self.assertEqual([control_id(b) for b in self.r.bodies()], names[:2])
        self.assertEqual([control_id(b) for b in other.bodies()], names[2:])

    def test_what_wants_no_answer_still_goes_out_whole_to_the_receiver_it_was_for(self):
        large = message("1", modes="|||NE|NE", more=b"ZXX|" + b"x" * (12 << 20) + b"\r")
        d = self.running(reads=False, annotate="off", max_unsent="32MiB")
        s = self.sender(self.port)
        s.send(framed(large))
        d.wait_event("msg.forwarded")
        other = self.receiver()
        self.rewrite(feed_xml(self.port, other.port, **self.named))
        d.reload()
        s.send(framed(message("2")))
        self.assertTrue(s.silent(0.5))
        self.r.visits[0].thread.start()
        self.assertEqual(s.frame(), ack(message("2")))
        self.assertTrue(self.r.wait(1) == [large])
        self.assertEqual(len(other.frames), 1)

    def test_a_listener_that_cannot_be_keeps_all_as_it_was(self):
        d = self.running()
        s = self.sender(self.port)
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            self.write("rules.xml", mapping("Plenty."))
            new = [free_port(), free_port()]
            self.rewrite(
                feed_xml([self.port, new[0], taken.getsockname()[1]], self.r.port, **self.named),
                feed_xml(new[1], self.r.port, name="more", **self.named),
            )
            d.reload(good=False)
        self.assertFalse(any(listening(port) for port in new))
        (told,) = d.wait_event("config.rejected", outcome="bind", err_code="EADDRINUSE")
        self.assertRegex(told["err_loc"], r"\.xml:\d+:\d+$")
        self.assertRegex(told["err_text"], "cannot listen on .*; name a free port, or restart")
        self.assertEqual(self.note_of(s), "Too much of it.")
        self.note_of(self.sender(self.port))

    def test_reloading_while_the_receiver_is_away_leads_to_the_new_one(self):
        d = self.running(forward={"backoff_min": "2min", "backoff_max": "2min"})
        self.r.stop()
        s = self.sender(self.port)
        s.send(framed(message("1")))
        self.assertTrue(s.closed())
        s = self.sender(self.port)
        s.send(framed(message("2")))
        self.r = self.receiver()
        self.rewrite(feed_xml(self.port, self.r.port, **self.named))
        d.reload()
        self.assertEqual(s.frame(), ack(message("2")))

    def test_the_wait_for_a_receiver_goes_with_it(self):
        door = free_port()
        metrics = '<metrics listen="127.0.0.1:%d"/>' % door
        d = self.running(before=metrics, forward={"backoff_min": "2min", "backoff_max": "2min"})
        self.r.stop()
        self.assertIsNone(self.sender(self.port).exchange(message("1")))
        self.assertEqual(metric(door, "hl7noted_backoff_seconds"), 120)
        self.rewrite(metrics, feed_xml(self.port, free_port(), **self.named))
        d.reload()
        self.assertEqual(metric(door, "hl7noted_backoff_seconds"), 0)

    def test_a_feed_that_comes_back_does_not_wait_as_it_did_when_it_went(self):
        door = free_port()
        metrics = '<metrics listen="127.0.0.1:%d"/>' % door
        d = self.running(before=metrics, forward={"backoff_min": "2min", "backoff_max": "2min"})
        self.r.stop()
        self.assertIsNone(self.sender(self.port).exchange(message("1")))
        gauge = lambda: metric(door, "hl7noted_backoff_seconds", feed="lab")
        self.assertEqual(gauge(), 120)
        self.rewrite(metrics, feed_xml(free_port(), self.r.port, name="other"))
        d.reload()
        wait_for("the end of the feed", lambda: gauge() is None)
        self.rewrite(metrics, feed_xml(self.port, self.r.port, **self.named))
        d.reload()
        self.assertEqual(gauge(), 0)

    def test_what_senders_left_waiting_is_for_no_receiver(self):
        d = self.running(
            forward={"backoff_min": "1h", "backoff_max": "1h"}, listen={"max_per_address": 2}
        )
        self.r.stop()
        s = self.sender(self.port)
        s.send(framed(message()))
        self.assertTrue(s.closed())
        for n in range(4):  # each gives up long before the receiver is tried again
            s = self.sender(self.port)
            s.send(framed(message()))
            time.sleep(0.05)
            s.close()
            d.wait_event("msg.failed", n + 2)
        other = self.receiver()
        self.rewrite(feed_xml(self.port, other.port, **self.named))
        d.reload()
        self.assertEqual(self.sender(self.port).exchange(message()), ack(message()))
        self.assertEqual(len(other.frames), 1)

    def test_a_new_receiver_is_tried_at_once_instead_of_the_old_one(self):
        to, _ = self.full()
        d = self.running()
        slow = {**self.named, "forward": {**QUICK, "connect_timeout": "2min"}}
        self.rewrite(feed_xml(self.port, to, **slow))
        d.reload()
        s = self.sender(self.port)
        s.send(framed(message("1")))
        time.sleep(0.3)
        self.rewrite(feed_xml(self.port, self.r.port, **slow))
        d.reload()
        self.assertEqual(s.frame(), ack(message("1")))
        wait_for("service", lambda: self.sender(self.port).exchange(message("2")))


class Storm(Reloading):
    """The load lasts until the storm is over, and between two reloads messages pass."""

    def begin(self):
        self.kept = self.path("kept")
        self.to, self.stop_sink = self.sink("--append", self.kept)
        self.port, self.other = free_port(), free_port()
        self.files = [self.write("a.xml", mapping("A")), self.write("b.xml", mapping("B"))]
        self.r = self.receiver()
        self.write("hl7noted.xml", self.with_mapping(0))
        self.d = self.start("--config", self.path("hl7noted.xml"))
        self.load = self.background(
            "send", "--json", "-q", "--connections", 8, "--fresh-ids", "--count", 10000000,
            "--rate", RATE, "127.0.0.1:%d" % self.port, self.write("m.hl7", message("x")),
        )

    def with_mapping(self, which, *more):
        feed = feed_xml(
            self.port, self.to, mapping=[self.files[which]], listen={"max_per_address": 64}
        )
        return config_xml(feed, *more)

    def next_files(self, n):
        """Write what the n-th reload meets; is it good?"""
        turn = n % 4
        if turn == 0:
            self.write("hl7noted.xml", self.with_mapping(n // 4 % 2))
        elif turn == 1:
            self.write("b.xml", mapping("B")[: 50 + n * 13 % 1000])
            self.write("hl7noted.xml", self.with_mapping(1))
        elif turn == 2:
            more = feed_xml(self.other, self.r.port, name="more")
            self.write("b.xml", mapping("B"))
            self.write("hl7noted.xml", self.with_mapping(1, more))
        else:
            self.write("hl7noted.xml", self.with_mapping(0)[: 100 + n % 100])
        return turn in (0, 2)

    def await_message(self):
        seen = len(self.d.lines())
        wait_for(
            "messages between two reloads",
            lambda: any(line["event"] == "msg.acked" for line in self.d.lines()[seen:]),
        )

    def test_a_storm_of_reloads_under_load_loses_and_doubles_nothing(self):
        self.begin()
        for n in range(STORM):
            self.await_message()
            self.d.reload(good=self.next_files(n))
        self.await_message()
        self.load.process.send_signal(signal.SIGINT)
        report, took = self.load(), self.stop_sink()
        sent = report["sent"]
        self.assertGreater(sent, STORM)
        self.assertEqual(report["answered"]["AA"], sent)
        self.assertEqual(report["connections"], 8)
        self.assertEqual((took["received"], took["connections"]), (sent, 8))
        with open(self.kept, "rb") as f:
            bodies = f.read().split(b"\x1c\r")[:-1]
        self.assertEqual(len({control_id(b) for b in bodies}), sent)
        texts = {b.split(b"NTE|1|O|")[1].split(b"\r")[0] for b in bodies}
        self.assertEqual(texts, {b"A", b"B"})
        self.d.wait_event("msg.acked", sent)
        self.assertEqual(len(self.d.events("msg.acked")), sent)


if __name__ == "__main__":
    main()
