#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What an operator sees: metrics, probes, status, log formats, --check, exit codes."""

import contextlib
import hashlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import time

from world import (
    B2M, HL7NOTE, HL7NOTED, PATIENCE, SUGAR, TOP, World, ack, config_xml, feed_xml, framed, free_port,
    http, listening, main, message, metric, wait_for,
)

NAME = re.compile(r"^[a-zA-Z_:][a-zA-Z0-9_:]*$")
SERIES = re.compile(r'^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{(.*)\})? ([-+0-9.eE]+|\+Inf|NaN)$')


class Metrics(World):
    def running(self, *flags, **named):
        r = self.receiver(**named)
        self.door = free_port()
        d, port = self.hop(r, "--metrics", "127.0.0.1:%d" % self.door, *flags)
        return d, r, port

    def test_messages_acks_rules_skips_and_times_are_counted(self):
        codes = [b"AA", b"AA", b"AE", b"AR", b"CA", b"??"]
        d, r, port = self.running(handler=lambda v, body, n: v.answer(body, codes[(n - 1) % 6]))
        s = self.sender(port)
        for n in range(len(codes)):
            s.exchange(message(str(n), value="25" if n % 2 else "text"))
        value = lambda name, **labels: metric(self.door, "hl7noted_" + name, **labels)
        self.assertEqual(value("messages_total", outcome="acked"), 3)
        self.assertEqual(value("messages_total", outcome="nacked"), 3)
        self.assertEqual(value("acks_total", code="AA"), 2)
        self.assertEqual(value("acks_total", code="other"), 1)
        self.assertEqual(value("rules_fired_total", mapping="test", rule="T1"), 3)
        self.assertEqual(value("annotations_total", result="annotated"), 3)
        self.assertEqual(value("annotations_total", result="unchanged"), 3)
        self.assertEqual(value("skips_total", reason="value_not_numeric"), 3)
        self.assertEqual(value("message_duration_seconds_count"), 6)
        self.assertEqual(value("message_duration_seconds_bucket", le="+Inf"), 6)
        self.assertGreater(value("message_duration_seconds_sum"), 0)
        self.assertEqual(value("connections"), 1)
        self.assertEqual(value("forward_attempts_total", result="tried"), 1)
        self.assertEqual(value("held_bytes"), 0)
        self.assertEqual(value("mapping_approved", mapping="test"), 0)
        self.assertEqual(value("config_last_reload_successful"), 1)
        self.assertEqual(value("log_dropped_total"), 0)
        self.assertEqual(value("build_info"), 1)
        s.exchange(message().replace(b"ORU^R01", b"ADT^A01"))
        self.assertEqual(value("skips_total", reason="not_oru"), 1)
        for body in (message().decode().encode("utf-16"), b"PID|1", b"<a/>"):
            s.exchange(body)
        for not_counted in (b"\x06", b"FHS|^~\\&\rFTS|0\r"):
            s.send(framed(not_counted))
        wait_for("the last", lambda: d.text().count('"bytes_in":15') == 1)
        self.assertEqual(value("skips_total", reason="not_hl7"), 3)
        self.assertEqual(d.text().count('"skip":"not_hl7"'), 3)
        s.close()
        wait_for("its end", lambda: value("connections") == 0)

    def test_the_time_that_a_message_waits_is_part_of_its_time(self):
        go = threading.Event()

        def answer(v, body, n):
            go.wait(PATIENCE)
            v.answer(body)

        d, r, port = self.running(handler=answer)
        s = self.sender(port)
        s.send(b"".join(framed(message(str(n))) for n in range(3)))
        r.wait(1)
        began = time.monotonic()
        time.sleep(0.2)
        held = time.monotonic() - began
        go.set()
        times = [e["latency_us"] for e in d.wait_event("msg.acked", 3)]
        self.assertEqual(times, sorted(times), "they came together")
        self.assertGreaterEqual(times[0], held * 1e6)
        total = metric(self.door, "hl7noted_message_duration_seconds_sum")
        self.assertAlmostEqual(total, sum(times) / 1e6, 4)

    def test_a_batch_counts_as_its_answers_say(self):
        batch = b"BHS|^~\\&|LAB\r" + message("1") + message("2") + b"BTS|2\r"
        codes = iter([(b"AA", b"AA"), (b"AA", b"AE")])

        def answer(v, body, n):
            both = zip((message("1"), message("2")), next(codes))
            v.send(framed(b"BHS|^~\\&|EHR\r" + b"".join(ack(m, code) for m, code in both)))

        d, r, port = self.running(handler=answer)
        s = self.sender(port)
        s.exchange(batch)
        s.exchange(batch)
        value = lambda name, **labels: metric(self.door, "hl7noted_" + name, **labels)
        self.assertEqual(value("messages_total", outcome="acked"), 1)
        self.assertEqual(value("messages_total", outcome="nacked"), 1)
        self.assertEqual(value("acks_total", code="AA"), 1)
        self.assertEqual(value("acks_total", code="AE"), 1)

    def test_the_text_is_what_a_scraper_reads(self):
        d, r, port = self.running()
        self.sender(port).exchange(message())
        status, kind, text = http(self.door)
        self.assertEqual(status, 200)
        self.assertTrue(kind.startswith("text/plain; version=0.0.4"), kind)
        self.assertTrue(text.endswith("\n"))
        families, seen, last = {}, set(), None
        for line in text.splitlines():
            if line.startswith("# HELP "):
                last = line.split(" ", 3)[2]
                self.assertNotIn(last, families, "a family in two places")
                families[last] = None
            elif line.startswith("# TYPE "):
                _, _, name, kind = line.split(" ")
                self.assertEqual(name, last)
                families[name] = kind
            else:
                found = SERIES.match(line)
                self.assertTrue(found, line)
                base = found.group(1)
                if families[last] == "histogram":
                    base = re.sub(r"_(bucket|sum|count)$", "", base)
                self.assertEqual(base, last)
                self.assertNotIn(line.rsplit(" ", 1)[0], seen, "a series twice")
                seen.add(line.rsplit(" ", 1)[0])
                if families[last] == "counter":
                    self.assertTrue(last.endswith("_total"), last)
        self.assertTrue(all(NAME.match(f) for f in families))
        self.assertTrue(all(families.values()))
        buckets = [float(m) for m in re.findall(r"duration_seconds_bucket{.*} (\d+)", text)]
        self.assertEqual(buckets, sorted(buckets))
        self.assertNotRegex(text, r"127\.0\.0\.1:\d+|ctl_id")

    def test_promtool_finds_nothing_to_say(self):
        if not shutil.which("promtool"):
            self.skipTest("no promtool")
        d, r, port = self.running()
        self.sender(port).exchange(message())
        done = subprocess.run(
            ["promtool", "check", "metrics"],
            input=http(self.door)[2].encode(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            check=False,
        )
        self.assertEqual((done.returncode, done.stdout), (0, b""))

    def test_health_is_there_and_readiness_follows_the_receiver(self):
        d, r, port = self.running()
        self.assertEqual(http(self.door, "/healthz")[::2], (200, "ok\n"))
        self.assertEqual(http(self.door, "/readyz")[::2], (200, "ready\n"))
        self.assertEqual(http(self.door, "/other")[0], 404)
        r.stop()
        port = self.failing(r, "2min")
        self.assertEqual(http(self.door, "/readyz")[0], 503)
        self.assertEqual(http(self.door, "/healthz")[0], 200)
        self.assertGreater(metric(self.door, "hl7noted_backoff_seconds"), 0)
        port = self.failing(r, "200ms")
        r.start()
        # nobody sends to one that is not ready, and nothing but a message finds the receiver
        wait_for("readiness", lambda: http(self.door, "/readyz")[0] == 200)
        self.assertEqual(self.sender(port).exchange(message()), ack(message()))

    def failing(self, r, wait):
        """The port of a daemon that has tried to connect in vain, and now waits for so long."""
        self.door = free_port()
        _, port = self.feed(
            r, '<metrics listen="127.0.0.1:%d"/>' % self.door,
            forward={"backoff_min": wait, "backoff_max": wait},
        )
        s = self.sender(port)
        s.send(framed(message()))
        self.assertTrue(s.closed())
        return port

    def test_attempts_that_fail_together_make_one_wait(self):
        (to, _), door = self.full(), free_port()
        d, port = self.feed(
            to, '<metrics listen="127.0.0.1:%d"/>' % door,
            forward={"connect_timeout": "3s", "backoff_min": "20s"},
        )
        for s in [self.sender(port) for _ in range(3)]:
            s.send(framed(message()))
        d.wait_event("conn.failed", 3)
        self.assertEqual(metric(door, "hl7noted_backoff_seconds"), 20)

    def test_readiness_ends_when_draining(self):
        d, r, port = self.running(handler=lambda v, body, n: None)
        s = self.sender(port)
        s.send(framed(message()))
        r.wait(1)
        d.signal(signal.SIGTERM)
        d.wait_event("svc.stopping")
        self.assertEqual(http(self.door, "/readyz")[0], 503)

    def test_rude_clients_of_the_metrics_port_hurt_nobody(self):
        d, r, port = self.running()
        for data in (
            b"", b"\r\n\r\n", b"GET\r\n\r\n", b"POST /metrics HTTP/1.1\r\n\r\n", b"\0" * 70000,
            b"GET " + b"/" * 100000, b"GET /metrics HTTP/1.1\r\nX: " + b"y" * 100000,
            b"GET /metrics HTTP/9.9\r\n\r\n", framed(message()),
        ):
            with socket.create_connection(("127.0.0.1", self.door), timeout=PATIENCE) as c:
                try:
                    c.sendall(data)
                    c.shutdown(socket.SHUT_WR)
                    c.settimeout(10)
                    while c.recv(65536):
                        pass
                except OSError:
                    pass
        stalled = [socket.create_connection(("127.0.0.1", self.door)) for _ in range(40)]
        s = self.sender(port)
        self.assertIsNotNone(s.exchange(message()))
        self.assertGreater(metric(self.door, "hl7noted_crowded_total", listener="metrics"), 0)
        d.wait_event("conn.timeout", listener="metrics", outcome="gave_way")
        for c in stalled:
            c.close()


class Status(World):
    def running(self):
        r = self.receiver(lambda v, body, n: v.answer(body, b"AE" if n == 2 else b"AA"))
        port = free_port()
        self.socket = self.path("control")
        d = self.configure(
            '<control socket="%s"/>' % self.socket,
            feed_xml(port, r.port, name="lab", mapping=[SUGAR, B2M],
                     forward={"backoff_min": "60s", "backoff_max": "60s"}),
            feed_xml(free_port(), 1, name="other", annotate="shadow"),
        )
        s = self.sender(port)
        for n in range(3):
            s.exchange(message(str(n)))
        return d, r, port

    def test_text_tells_feeds_messages_errors_and_mappings(self):
        d, r, port = self.running()
        text = self.note("status", "--control", self.socket).decode()
        self.assertIn("process %d" % d.pid, text)
        self.assertIn("feed lab: relay to 127.0.0.1:%d\n" % r.port, text)
        self.assertRegex(text, r"127.0.0.1:%d, 1 connected" % port)
        self.assertRegex(text, r"messages +2 answered positively, 1 negatively, 0 in flight\n"
                               r"  annotation +live: 3 annotated, 0 unchanged\n")
        self.assertRegex(text, r"running for \d+ s\n1 connection, 0 bytes held\n")
        self.assertIn("test 1.2.3, DRAFT\n", text)
        self.assertRegex(text, r"feed other.*\n.*\n.*\n +annotation +SHADOW: 0 annotated")
        self.assertRegex(text, r"last message +20.* acked; 3 in the last minute\n")
        self.assertRegex(text, r"last error +never")
        times = re.findall(r"answers +half within [0-9]+\.[0-9]{2} ms, 99 % within", text)
        self.assertEqual(len(times), 1, "the other feed has given none: " + text)

    def test_every_frame_that_came_is_in_one_of_the_counts(self):
        r = self.receiver(lambda v, body, n: n > 1 and v.reset())
        port, ctl = free_port(), self.path("control")
        self.configure(
            '<control socket="%s"/>' % ctl,
            feed_xml(
                port, r.port, on_failure="reject", inside='<sender application="LAB"/>',
                forward={"backoff_min": "1h", "backoff_max": "1h"},
            ),
        )
        s = self.sender(port)
        read = lambda: json.loads(self.note("status", "--json", "--control", ctl))["feeds"][0]

        def last():
            state = read()
            self.assertRegex(state["last_message"], r"^20\d\d-")
            return state["last_outcome"]

        self.assertEqual((read()["last_message"], read()["last_outcome"]), (None, None))
        self.assertIn(b"MSA|AR|3|", s.exchange(message("3").replace(b"|LAB|", b"|RIS|")))
        self.assertEqual(last(), "refused")
        s.send(framed(message("1", modes="|||NE|NE")))
        wait_for("the first", lambda: last() == "unawaited")
        self.assertIn(b"MSA|AR|2|", s.exchange(message("2")))
        self.assertEqual(last(), "failed")
        r.stop()
        self.assertIn(b"MSA|AR|4|", s.exchange(message("4")))
        self.assertEqual(last(), "rejected")
        state = read()
        counts = {k: n for k, n in state["messages"].items() if n}
        self.assertEqual(counts, {"unawaited": 1, "failed": 1, "refused": 1, "rejected": 1})
        self.assertEqual(state["last_error"], "connect_failed")
        self.assertEqual(state["last_minute"], 1)
        text = self.note("status", "--control", ctl)
        self.assertIn(b"\n               1 unawaited, 1 failed, 1 rejected, 1 refused\n", text)
        self.assertIn(b"; 1 in the last minute\n", text)

    def test_a_receiver_that_does_not_answer_is_seen_before_it_is_too_late(self):
        port, self.socket = free_port(), self.path("control")
        r = self.receiver(lambda v, body, n: None)
        d = self.configure(
            '<control socket="%s"/>' % self.socket,
            feed_xml(port, r.port, forward={"ack_timeout": "1h"}), "<limits drain-timeout=\"1h\"/>",
        )
        self.sender(port).send(framed(message()))
        r.wait(1)
        read = lambda: self.note("status", "--control", self.socket).decode()
        self.assertIn("0 negatively, 1 in flight\n", read())
        state = json.loads(self.note("status", "--json", "--control", self.socket))
        self.assertEqual(state["feeds"][0]["in_flight"], 1)
        d.signal(signal.SIGTERM)
        wait_for("the drain", lambda: re.search(r", DRAINING after \d+ s\n", read()))
        state = json.loads(self.note("status", "--json", "--control", self.socket))
        self.assertEqual(state["state"], "draining")
        self.assertIn("0 negatively, 1 in flight\n", read())

    def test_lines_fit_and_say_by_whom_a_mapping_was_approved_on_one(self):
        with open(SUGAR, encoding="utf-8") as f:
            text = f.read().replace('"draft"', '"approved"').replace(
                "</title>", "</title><approval on='2026-01-01'>Dr. A.\n\t  von B.</approval>")
        self.socket = self.path("control")
        self.configure(
            '<control socket="%s"/>' % self.socket,
            feed_xml(free_port(), 1, mapping=self.write("m.xml", text)),
        )
        text = self.note("status", "--control", self.socket).decode()
        self.assertIn("test 1.2.3, approved by Dr. A. von B.\n", text)
        rows = text.replace(self.folder, "/etc/hl7noted").split("\n")
        self.assertEqual([row for row in rows if len(row) > 80], [], text)

    def test_what_is_one_is_told_as_one(self):
        d, r, port = self.running()
        self.sender(port).send(b"\x0b")
        wait_for("a byte", lambda: b"\n2 connections, 1 byte held\n" in self.note(
            "status", "--control", self.socket))
        state = json.loads(self.note("status", "--json", "--control", self.socket))
        self.assertEqual(state["held_bytes"], 1)

    def test_json_holds_the_same_and_the_checksums_of_the_files(self):
        d, r, port = self.running()
        state = json.loads(self.note("status", "--json", "--control", self.socket))
        self.assertEqual((state["pid"], state["state"], state["connections"]), (d.pid, "running", 1))
        self.assertTrue(state["last_reload_good"] and state["log_in_place"])
        lab, other = state["feeds"]
        self.assertEqual(lab["messages"]["acked"], 2)
        self.assertEqual(lab["messages"]["nacked"], 1)
        self.assertEqual(lab["annotations"]["annotated"], 3)
        self.assertEqual(other["annotate"], "shadow")
        self.assertIsNone(other["last_message"])
        self.assertRegex(lab["last_message"], r"^20\d\d-")
        half, most = lab["latency_us"]["p50"] / 1000, lab["latency_us"]["p99"] / 1000
        self.assertIn(
            "half within %.2f ms, 99 %% within %.2f ms\n" % (half, most),
            self.note("status", "--control", self.socket).decode(),
        )
        for mapping, path in zip(lab["mappings"], (SUGAR, B2M)):
            with open(path, "rb") as f:
                self.assertEqual(mapping["sha256"], hashlib.sha256(f.read()).hexdigest())
            self.assertEqual((mapping["file"], mapping["status"]), (path, "draft"))
        # what does not apply, of a feed that relays and of a draft
        absent = (lab["queue"], lab["line"], lab["mappings"][0]["approved_by"], state["store"])
        self.assertEqual(absent, 4 * (None,))

    def test_a_failed_receiver_is_seen_at_once(self):
        d, r, port = self.running()
        r.stop()
        s = self.sender(port)
        s.send(framed(message()))
        self.assertTrue(s.closed())
        text = self.note("status", "--control", self.socket).decode()
        self.assertIn("  WAITING ", text)
        self.assertIn("\nfeed lab is WAITING for its receiver\n\nfeed lab: ", text)
        self.assertRegex(text, r"last error +20.* connect_failed \(receiver\)\n")

    def test_the_last_error_says_why_a_receiver_cannot_be_reached(self):
        for on_failure in ("close", "reject"):
            port, self.socket = free_port(), self.path("control-" + on_failure)
            d = self.configure(
                '<control socket="%s"/>' % self.socket,
                feed_xml(port, 4711, host="no-such-host.invalid", on_failure=on_failure),
            )
            self.sender(port).exchange(message())
            d.wait_event("dns.failed")
            text = self.note("status", "--control", self.socket).decode()
            self.assertRegex(text, r"last error +20.* dns_failed \(receiver\)\n", on_failure)

    def limited(self, to, *parts, **named):
        port, self.socket = free_port(), self.path("control%d" % self.daemons)
        d = self.configure(
            '<control socket="%s"/>' % self.socket, *parts, feed_xml(port, to, **named)
        )
        return d, port

    def test_the_last_error_says_at_whom_it_is(self):
        """Some words may be said of either side."""
        r = self.receiver(lambda v, body, n: v.send(b"ACK?" * (n == 2) + framed(ack(body))))
        port = free_port()
        self.socket = self.path("control")
        d = self.configure('<control socket="%s"/>' % self.socket, feed_xml(port, r.port))
        for n, side in enumerate(("sender", "receiver"), 1):
            s = self.sender(port)
            s.send(b"HL7?" * (n == 1) + framed(message()))
            self.assertEqual(s.frame(), ack(message()))
            d.wait_event("conn.broken", n, outcome="junk")
            self.assertRegex(self.note("status", "--control", self.socket).decode(),
                             r"last error +20.* junk \(%s\)\n" % side)
            self.assertEqual(self.last_error(self.socket), ("junk", side))

    def test_connections_over_a_limit_are_counted_and_the_last_error(self):
        r = self.receiver()
        d, port = self.limited(r.port, listen={"max_connections": 1})
        s = self.sender(port)
        self.assertEqual(s.exchange(message()), ack(message()))
        self.assertNotIn(b"  refused ", self.note("status", "--control", self.socket))
        for told in (b"1 connection", b"2 connections"):
            self.assertTrue(self.sender(port).closed())
            text = self.note("status", "--control", self.socket)
            self.assertIn(b"  refused      " + told + b"\n", text)
        self.assertEqual(self.last_error(self.socket), ("listener_connections", "sender"))
        state = json.loads(self.note("status", "--json", "--control", self.socket))
        self.assertEqual(state["feeds"][0]["refused"], 2)
        told = d.events("conn.refused")
        self.assertEqual(
            {(e["dir"], e["listener"], e["outcome"]) for e in told},
            {("in", "127.0.0.1:%d" % port, "listener_connections")},
        )

    def test_a_pause_at_the_limit_of_bytes_is_the_last_error(self):
        d, port = self.limited(
            free_port(), '<limits in-flight-bytes="1MiB"/>', max_frame="1MiB",
            frame_deadline="10min",
        )
        for _ in range(2):
            with contextlib.suppress(OSError):  # it may be ended before it has sent all
                self.sender(port).send(framed(message(more=b"NTE|1||" + b"x" * 900000))[:900000])
        d.wait_event("svc.paused", outcome="in_flight_bytes")
        told = (("in_flight_bytes", None), ("frame_timeout", "sender"))
        self.assertIn(self.last_error(self.socket), told)

    def test_a_receiver_that_takes_no_connection_in_time_is_the_last_error(self):
        to, _ = self.full()
        d, port = self.limited(to, forward={"connect_timeout": "1s"})
        s = self.sender(port)
        s.send(framed(message()))
        self.assertTrue(s.closed())
        d.wait_event("conn.failed", err_code="ETIMEDOUT")
        self.assertEqual(self.last_error(self.socket), ("connect_timeout", "receiver"))

    def test_clients_that_connect_and_say_nothing_keep_nobody_out(self):
        d, r, port = self.running()
        stalled = [socket.socket(socket.AF_UNIX) for _ in range(20)]
        for c in stalled:
            c.connect(self.socket)
        self.assertIn(b"feed lab", self.note("status", "--control", self.socket))
        d.wait_event("conn.timeout", listener="control", outcome="gave_way")
        for c in stalled:
            c.close()

    def test_a_request_without_an_end_is_refused(self):
        self.running()
        with socket.socket(socket.AF_UNIX) as c:
            c.connect(self.socket)
            c.sendall(b"x" * 4096)
            c.settimeout(PATIENCE)
            self.assertIn(b"one line is wanted", c.recv(4096))

    def test_an_answer_that_cannot_be_written_is_74(self):
        self.running()
        with open("/dev/full", "wb") as full:
            done = subprocess.run(
                [HL7NOTE, "status", "--control", self.socket], stdout=full,
                stderr=subprocess.PIPE, check=False,
            )
        self.assertEqual(done.returncode, 74)
        self.assertIn(b"cannot write standard output", done.stderr)

    def test_nobody_there_is_69(self):
        self.note("status", "--control", self.path("nowhere"), status=69)

    def test_a_path_that_no_socket_can_have_is_told(self):
        done = subprocess.run(
            [HL7NOTE, "status", "--control", "/" + "x" * 107], stderr=subprocess.PIPE, check=False
        )
        self.assertEqual(done.returncode, 69)
        self.assertIn(b"; the path of a socket has 107 bytes at most\n", done.stderr)

    def test_one_who_stands_still_is_told_from_one_who_is_not_there(self):
        d, r, port = self.running()
        d.signal(signal.SIGSTOP)
        self.addCleanup(d.signal, signal.SIGCONT)
        for path, words in (
            (self.socket, "is there and does not answer"), (self.path("no"), "is hl7noted running"),
        ):
            done = subprocess.run(
                [HL7NOTE, "status", "--control", path], stderr=subprocess.PIPE, check=False
            )
            self.assertEqual(done.returncode, 69)
            self.assertIn(words, done.stderr.decode())
        d.signal(signal.SIGCONT)

    def test_half_an_answer_is_none(self):
        """Of a daemon that was killed meanwhile."""
        path = self.path("half")
        for half, status in ((b"", 69), (b'{"version":', 69), (b"{}\n", 0)):
            with socket.socket(socket.AF_UNIX) as listening:
                listening.bind(path)
                listening.listen(1)
                with subprocess.Popen(
                    [HL7NOTE, "status", "--json", "--control", path], stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                ) as tool:
                    other, _ = listening.accept()
                    with other:
                        other.recv(4096)
                        other.sendall(half)
                    out, err = tool.communicate(timeout=PATIENCE)
                    self.assertEqual((tool.returncode, out), (status, half))
                    self.assertEqual(b"hl7noted stopped" in err, status != 0)
            os.unlink(path)

    def test_the_socket_is_for_owner_and_group_and_goes_with_the_daemon(self):
        d, r, port = self.running()
        self.assertEqual(os.stat(self.socket).st_mode & 0o777, 0o660)
        d.stop()
        self.assertFalse(os.path.exists(self.socket))

    def test_a_refusal_is_said_on_stderr_and_is_69(self):
        if os.geteuid() != 0:
            self.skipTest("only root can be somebody else")
        d, r, port = self.running()
        tool = shutil.copy(HL7NOTE, self.path("tool"))  # which may be where only root may look
        for path, mode in ((self.folder, 0o755), (tool, 0o755), (self.socket, 0o666)):
            os.chmod(path, mode)
        for more in ((), ("--json",)):
            done = subprocess.run(
                [tool, "status", "--control", self.socket, *more],
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, user=65534, group=65534,
                extra_groups=[],
            )
            self.assertEqual((done.returncode, done.stdout), (69, b""))
            self.assertIn(b"only root and the daemon's user", done.stderr)

    def test_a_socket_left_over_by_a_killed_daemon_is_taken_again(self):
        d, r, port = self.running()
        d.expected = -9
        d.process.kill()
        d.wait()
        self.assertTrue(os.path.exists(self.socket))
        self.start("--config", d.config)
        self.note("status", "--control", self.socket)

    def test_the_socket_of_a_living_daemon_is_not_taken(self):
        d, r, port = self.running()
        other = self.start(
            "--listen", "127.0.0.1:%d" % free_port(), "--forward", "127.0.0.1:1",
            "--control", self.socket, wait=False,
        )
        other.expected = 78
        self.assertEqual(other.wait(), 78)
        self.note("status", "--control", self.socket)

    def test_rude_clients_of_the_control_socket_hurt_nobody(self):
        d, r, port = self.running()
        for data in (b"", b"\n", b"x" * 1000, b"status", b"nonsense\n", b"\0\n"):
            with socket.socket(socket.AF_UNIX) as c:
                c.connect(self.socket)
                try:
                    c.sendall(data)
                except OSError:
                    pass
        self.note("status", "--control", self.socket)

    def test_only_a_socket_that_is_left_over_is_removed(self):
        """A file that is named by mistake, and a socket that somebody else has meanwhile."""
        path = self.write("precious", "something")
        config = self.write(
            "mistake.xml", config_xml('<control socket="%s"/>' % path, feed_xml(free_port(), 1))
        )
        done = subprocess.run(
            [HL7NOTED, "--config", config], stderr=subprocess.PIPE, timeout=PATIENCE, check=False
        )
        self.assertEqual(done.returncode, 78)
        with open(path, encoding="ascii") as f:
            self.assertEqual(f.read(), "something")
        d, _, _ = self.running()
        os.unlink(self.socket)
        other = socket.socket(socket.AF_UNIX)
        self.addCleanup(other.close)
        other.bind(self.socket)
        self.assertEqual(d.stop(), 0)
        self.assertTrue(os.path.exists(self.socket))

    def test_a_socket_with_a_crowd_before_it_is_not_waited_for(self):
        """It is another's, which takes nobody in: trying whether it is left over would hang."""
        path = self.path("taken")
        crowd = [socket.socket(socket.AF_UNIX) for _ in range(4)]
        for s in crowd:
            self.addCleanup(s.close)
            s.setblocking(False)
        crowd[0].bind(path)
        crowd[0].listen(0)
        for s in crowd[1:]:
            s.connect_ex(path)
        config = self.write(
            "taken.xml", config_xml('<control socket="%s"/>' % path, feed_xml(free_port(), 1))
        )
        done = subprocess.run(
            [HL7NOTED, "--config", config], stderr=subprocess.PIPE, timeout=PATIENCE, check=False
        )
        self.assertEqual(done.returncode, 78)
        self.assertIn(path.encode(), done.stderr)


class Logs(World):
    def test_every_line_is_JSON_with_time_level_and_event(self):
        r = self.receiver()
        d, port = self.hop(r, "--log-level", "debug")
        self.sender(port).exchange(message())
        d.stop()
        for line in d.text().splitlines():
            fields = json.loads(line)
            self.assertRegex(fields["ts"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z$")
            self.assertIn(fields["level"], ("error", "warning", "info", "debug"))
            self.assertRegex(fields["event"], r"^[a-z]+\.[a-z_]+$")
        acked = d.events("msg.acked")[0]
        for name in (
            "feed peer corr ctl_id msg_type hl7_version bytes_in bytes_out segs rules"
            " obx_flagged nte_added latency_us ack_code"
        ).split():
            self.assertIn(name, acked)
        self.assertEqual(acked["rules"], "T1")
        self.assertEqual((acked["obx_flagged"], acked["nte_added"]), (1, 2))
        self.assertNotIn("withheld", acked)

    def test_what_the_laboratory_says_otherwise_is_told(self):
        """Its own flag stays; that ours differs, or that a comment was held back, is in the line."""
        r = self.receiver()
        d, port = self.hop(r, mapping=B2M)
        serum = lambda n, value, flag: (
            b"OBX|%d|NM|1952-1^B2M^LN||%s|mg/L|0.7-1.8|%s|||F\r" % (n, value, flag)
        )
        reports = {
            "differs": serum(3, b"2.5", b"N"),
            "softened differs": serum(3, b"1.2", b"H"),
            "disagreed": serum(3, b"2.5", b"") + serum(4, b"9.5", b""),
            "": serum(3, b"2.5", b"H"),
        }
        s = self.sender(port)
        for n, report in enumerate(reports.values()):
            s.exchange(message(str(n), more=report))
        acked = d.wait_event("msg.acked", len(reports))
        self.assertEqual([line.get("withheld", "") for line in acked], list(reports))

    def test_an_implausible_value_is_a_warning(self):
        r = self.receiver()
        d, port = self.hop(r, mapping=B2M)
        s = self.sender(port)
        for n, value in enumerate((b"2.5", b"2500")):
            s.exchange(message(str(n), more=b"OBX|3|NM|1952-1^B2M^LN||%s|mg/L|||||F\r" % value))
        acked = d.wait_event("msg.acked", 2)
        self.assertEqual([line["level"] for line in acked], ["info", "warning"])
        self.assertEqual(acked[1]["skip"], "implausible")

    def test_logfmt_is_one_line_of_pairs(self):
        d = self.start(
            "--listen", free_port(), "--forward", "127.0.0.1:1", "--log-format", "logfmt",
            wait=False,
        )
        wait_for("the start", lambda: "event=svc.started" in d.text())
        for line in d.text().splitlines():
            self.assertRegex(line, r'^ts=\S+ level=\w+ event=[a-z._]+( \w+=("[^"]*"|\S*))*$')

    def test_the_journal_gets_native_fields(self):
        journal = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(journal.close)
        place = "/run/systemd/journal/socket"
        try:
            os.makedirs(os.path.dirname(place), exist_ok=True)
            journal.bind(place)
        except OSError:  # somebody else plays one at this moment, perhaps
            self.skipTest("there is a journal, or we may not play one")
        self.addCleanup(os.unlink, place)
        self.start(
            "--listen", free_port(), "--forward", "127.0.0.1:1", "--log-format", "journal",
            wait=False,
        )
        journal.settimeout(PATIENCE)
        entry = ""
        while "EVENT=svc.started" not in entry:
            entry = journal.recv(65536).decode()
        self.assertRegex(entry, r"(?m)^PRIORITY=6$")
        self.assertRegex(entry, r"(?m)^EVENT=svc.started$")
        self.assertRegex(entry, r"(?m)^MESSAGE=")

    def test_a_journal_that_is_not_there_is_told_of_at_the_start(self):
        place = "/run/systemd/journal/socket"
        if os.path.exists(place):
            self.skipTest("there is a journal")
        port = free_port()
        d = self.start(
            "--listen", port, "--forward", "127.0.0.1:1", "--log-format", "journal", wait=False
        )
        said = "hl7noted: no journal at " + place
        wait_for("the sentence", lambda: said in d.text() or os.path.exists(place))
        wait_for("the start", lambda: listening(port))

    def log_is_told_to_be_in_place(self, expected):
        def status(*more):
            return self.note("status", "--control", self.path("control"), *more)

        self.assertEqual(json.loads(status("--json"))["log_in_place"], expected)
        self.assertNotEqual(b"THE LOG is not in" in status(), expected)

    def test_a_log_file_is_opened_again_after_rotation(self):
        r = self.receiver()
        log = self.path("hl7noted.log")
        port = free_port()
        d = self.start(
            "--listen", "127.0.0.1:%d" % port, "--forward", "127.0.0.1:%d" % r.port,
            "--log-file", log, "--control", self.path("control"), wait=False,
        )
        wait_for("the log", lambda: os.path.exists(log) and os.path.getsize(log))
        s = self.sender(port)
        s.exchange(message("before"))
        wait_for("the line", lambda: "before" in open(log).read())
        self.log_is_told_to_be_in_place(True)
        os.rename(log, log + ".1")
        s.exchange(message("between"))
        self.log_is_told_to_be_in_place(False)
        os.mkdir(log)
        d.signal(signal.SIGUSR1)
        wait_for("the failure", lambda: "EISDIR" in open(log + ".1").read())
        told = json.loads(open(log + ".1").read().splitlines()[-1])
        self.assertEqual((told["outcome"], told["err_loc"]), ("log", log))
        self.assertRegex(told["err_text"], "cannot open the log .*; name a file")
        self.log_is_told_to_be_in_place(False)
        os.rmdir(log)
        d.signal(signal.SIGUSR1)
        wait_for("the new file", lambda: os.path.exists(log))
        self.log_is_told_to_be_in_place(True)
        s.exchange(message("after"))
        wait_for("the line", lambda: "after" in open(log).read())
        self.assertIn("between", open(log + ".1").read())
        self.assertNotIn("between", open(log).read())

    def test_a_full_disk_under_the_log_stops_no_message(self):
        """Lines wait for room; when there is no more of that, they are dropped and counted."""
        r = self.receiver()
        port, door = free_port(), free_port()
        self.start(
            "--listen", "127.0.0.1:%d" % port, "--forward", "127.0.0.1:%d" % r.port,
            "--log-file", "/dev/full", "--metrics", door, wait=False,
        )
        wait_for("the metrics", lambda: self.up(door))
        self.note(
            "send", "-q", "--count", 5000, "--fresh-ids", "127.0.0.1:%d" % port,
            self.write("m.hl7", message()),
        )
        self.assertEqual(len(r.frames), 5000)
        self.assertGreater(metric(door, "hl7noted_log_dropped_total"), 0)

    def up(self, door):
        try:
            return http(door)[0] == 200
        except OSError:
            return False


class Starting(World):
    """Exit codes as in sysexits.h, and what is said."""

    def run_it(self, *arguments):
        done = subprocess.run(
            [HL7NOTED, *map(str, arguments)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=PATIENCE, check=False,
        )
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    def test_help_and_version_are_0(self):
        self.assertEqual(self.run_it("--help")[0], 0)
        self.assertRegex(self.run_it("--version")[1], r"^hl7noted \d")

    def test_wrong_usage_is_64_with_the_nearest_option(self):
        twice = " is given twice; one file holds all feeds, with their listeners and receivers"
        rows = (
            ("", "give --config, or --listen and --forward"),
            ("--listn 1", "unknown option --listn; did you mean --listen?"),
            ("--l 1", "option --l may be --listen, --log-format, --log-level, --log-file"),
            ("-z", "unknown option -z"),
            ("x", "unexpected argument x"),
            ("--listen 1", "give --config, or --listen and --forward"),
            ("--config", "option --config needs a value"),
            ("-l", "option -l needs a value"),
            ("--mapping= --config x", "option --mapping= needs a value"),
            ("--check=yes", "option --check=yes: it takes no value"),
            ("--listen 1 --listen 2 --forward h:1", "--listen" + twice),
            ("-c x --config y", "--config" + twice),
            ("--config x --listen 1", "--config does not go with --listen, --forward and --mapping"),
        )
        for arguments, sentence in rows:
            with self.subTest(arguments):
                status, _, err = self.run_it(*arguments.split())
                self.assertEqual(status, 64)
                self.assertEqual(err, "hl7noted: %s; see hl7noted --help\n" % sentence)

    def test_an_empty_value_of_any_option_is_wrong_usage(self):
        options = re.findall(r"--([a-z-]+) (?=[A-Z\[])", self.run_it("--help")[1])
        self.assertGreater(len(options), 12)
        for option in ["--" + name for name in options] + ["-c", "-l", "-f", "-m"]:
            status, _, err = self.run_it(option, "")
            self.assertEqual((status, err), (
                64, "hl7noted: option %s needs a value; see hl7noted --help\n" % option))

    def test_wrong_values_are_78_and_say_how_to_mend_them(self):
        base = ("--listen", "127.0.0.1:%d" % free_port(), "--forward", "h:1")
        for more in (("--annotate", "x"), ("--on-failure", "x"), ("--in-flight", "0"),
                     ("--in-flight", "257"), ("--ack-timeout", "x"), ("--log-level", "x"),
                     ("--mapping", "nowhere.xml")):
            status, _, err = self.run_it(*base, *more)
            self.assertEqual(status, 78, (more, err))
            self.assertIn(more[1], err)

    def test_a_service_that_nobody_knows_is_78_and_told_with_its_place(self):
        config = self.write("c.xml", config_xml(feed_xml(free_port(), "no-such-service")))
        for more in ((), ("--check",)):
            status, _, err = self.run_it("--config", config, *more)
            self.assertEqual(status, 78)
            self.assertRegex(err, r"c\.xml:3:\d+: no service is called \"no-such-service\"")
        config = self.write(
            "c.xml", config_xml('\n<metrics listen="nowhere"/>', feed_xml(free_port(), 1))
        )
        status, _, err = self.run_it("--config", config, "--check")
        self.assertEqual(status, 78)
        self.assertRegex(err, r"c\.xml:\d+:1: no service is called \"nowhere\"")

    def test_a_port_that_is_taken_is_78_and_told(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            status, _, err = self.run_it("--listen", "127.0.0.1:%d" % port, "--forward", "h:1")
        self.assertEqual(status, 78)
        self.assertIn("EADDRINUSE", err)
        self.assertRegex(err, "feed .*cannot listen on 127.0.0.1:%d: .* free port" % port)

    def test_metrics_that_cannot_be_answered_are_78_and_told_in_a_sentence(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            address = "127.0.0.1:%d" % taken.getsockname()[1]
            for where, mend in (
                (address, "free port"), ("192.0.2.1:9575", "free port"),
                ("no.such.host.invalid:9575", "write (an|its) address"),
            ):
                status, _, err = self.run_it(
                    "--listen", free_port(), "--forward", "h:1", "--metrics", where,
                    "--log-file", self.path("log"),
                )
                self.assertEqual(status, 78, where)
                self.assertRegex(err, "cannot answer metrics on %s: .*%s" % (where, mend))

    def test_a_control_socket_that_cannot_be_is_78_and_told_in_a_sentence(self):
        status, _, err = self.run_it(
            "--listen", free_port(), "--forward", "h:1", "--control", "/nowhere/control",
            "--log-file", self.path("log"),
        )
        self.assertEqual(status, 78)
        self.assertRegex(err, "cannot make the control socket /nowhere/control: No such file")

    def test_what_options_override_is_not_blamed_on_the_file(self):
        config = self.write(
            "c.xml",
            config_xml(
                '<metrics listen="%d"/>' % free_port(), '<log file="%s"/>' % self.path("log"),
                '<control socket="%s"/>' % self.path("control"), feed_xml(free_port(), 1),
            ),
        )
        for option, value in (
            ("--metrics", "192.0.2.1:9575"), ("--control", "/nowhere/control"),
            ("--log-file", "/nowhere/log"),
        ):
            _, _, err = self.run_it("--config", config, option, value)
            self.assertRegex(err, "^hl7noted: cannot .*%s: " % value)
        for name in ("control", "log"):
            good, bad = self.path(name), "/nowhere/" + name
            wrong = self.write("wrong.xml", open(config).read().replace(good, bad))
            _, _, err = self.run_it("--config", wrong)
            self.assertRegex(err, r"^hl7noted: .*wrong\.xml:\d+:\d+: cannot .*%s: " % bad)

    def test_a_mapping_with_faults_is_78_and_told_also_when_the_log_is_a_file(self):
        bad = self.write("bad.xml", open(SUGAR).read().replace("<flag>H</flag>", "<flog/>"))
        status, _, err = self.run_it(
            "--listen", free_port(), "--forward", "h:1", "--mapping", bad,
            "--log-file", self.path("log"),
        )
        self.assertEqual(status, 78)
        self.assertRegex(err, r"bad\.xml:\d+:\d+: .*flog")

    def test_a_log_file_that_cannot_be_is_73(self):
        status, _, err = self.run_it(
            "--listen", free_port(), "--forward", "h:1", "--log-file", "/nowhere/log"
        )
        self.assertEqual(status, 73)
        self.assertIn("/nowhere/log", err)

    def test_check_of_a_good_file_is_0_and_opens_nothing(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            good = self.write(
                "good.xml", config_xml(feed_xml(taken.getsockname()[1], 1, mapping=[SUGAR]))
            )
            status, out, err = self.run_it("--config", good, "--check")
        self.assertEqual((status, err), (0, ""))
        self.assertIn("1 feed, all good", out)

    def test_check_finds_nothing_in_the_example_of_the_manual(self):
        os.symlink(os.path.join(TOP, "mappings"), self.path("mappings"))
        shutil.copy(os.path.join(TOP, "tests/conf/good/manual.xml"), self.path("m.xml"))
        testca = os.path.join(TOP, "scripts/testca")
        subprocess.run(["sh", testca, self.path("tls")], check=True, stdout=subprocess.DEVNULL)
        status, out, err = self.run_it("--config", self.path("m.xml"), "--check")
        self.assertEqual((status, err), (0, ""))
        self.assertIn("3 feeds, all good", out)

    def test_check_tells_all_faults_of_all_files_with_places(self):
        bad = self.write("bad.xml", open(SUGAR).read().replace("<flag>H</flag>", "<flog/>"))
        config = self.write(
            "c.xml",
            config_xml(
                feed_xml(1, 2, name="a", mapping=[bad]), feed_xml(3, 4, name="b", mapping=["no.xml"])
            ),
        )
        status, out, err = self.run_it("--config", config, "--check")
        self.assertEqual(status, 78)
        self.assertRegex(err, r"bad\.xml:\d+:\d+: .*flog")
        self.assertRegex(err, r"c\.xml:4:\d+: \S*no\.xml: No such file.*; name a file")
        copy = self.write("copy.xml", open(SUGAR).read())
        twice = self.write("t.xml", config_xml(feed_xml(1, 2, name="both", mapping=[SUGAR, copy])))
        status, out, err = self.run_it("--config", twice, "--check")
        self.assertEqual(status, 78)
        self.assertRegex(err, r"t\.xml:3:\d+: \S+copy\.xml has rules for code ")
        wrong = self.write(
            "w.xml",
            config_xml(
                feed_xml(1, 2, name="a", annotate="maybe"), feed_xml(1, 2, name="a", mode="relais")
            ),
        )
        status, out, err = self.run_it("--config", wrong, "--check")
        self.assertEqual(status, 78)
        self.assertRegex(err, r"w\.xml:3:\d+: .*annotate")
        self.assertRegex(err, r"w\.xml:4:\d+: .*mode")

    def test_a_mapping_that_was_replaced_is_refused(self):
        with open(SUGAR, encoding="utf-8") as f:
            old = self.write("old.xml", f.read().replace('"draft"', '"retired"'))
        for approved in ("no", "yes"):
            config = self.write("c.xml", config_xml(
                feed_xml(free_port(), 1, mapping=old, require_approved=approved)))
            for more in ((), ("--check",)):
                status, _, err = self.run_it("--config", config, *more)
                self.assertEqual(status, 78)
                self.assertIn("old.xml:1:1: the mapping is retired; use the mapping that ", err)
                self.assertNotIn("draft", err)

    def test_a_draft_is_refused_where_approval_is_required(self):
        config = self.write("c.xml", config_xml(feed_xml(free_port(), 1, require_approved="yes")))
        status, _, err = self.run_it("--config", config, "--check")
        self.assertEqual(status, 78)
        self.assertIn("draft", err)

    def check_dated(self, *ends):
        """--check of one feed with a mapping for each of these <effective>."""
        with open(SUGAR, encoding="utf-8") as f:
            text = f.read()
        files = [
            self.write("%d.xml" % i, text.replace("</about>", e + "</about>"))
            for i, e in enumerate(ends)
        ]
        feed = feed_xml(1, 2, mapping=files).replace("<mapping", "\n<mapping")
        status, _, err = self.run_it("--config", self.write("c.xml", config_xml(feed)), "--check")
        return status, err

    def test_check_warns_of_a_mapping_that_is_not_in_effect(self):
        status, err = self.check_dated('<effective to="2001-12-31"/>')
        self.assertEqual(status, 0)
        self.assertRegex(err, r"0\.xml:1:1: warning: .*not in effect")
        status, err = self.check_dated(
            '<effective to="2001-12-31"/>', '<effective from="2002-01-01"/>'
        )
        self.assertEqual((status, err), (0, ""))

    def test_mappings_for_one_code_on_one_day_are_refused(self):
        """The day that ends one is still its own."""
        ever, old, new = "", '<effective to="2001-12-31"/>', '<effective from="2002-01-01"/>'
        late, both = '<effective from="2001-12-31" to="2001-12-31"/>', '<effective to="2002-01-01"/>'
        for good in ((old, new), (new, old), (late, new), (new, late)):
            self.assertEqual(self.check_dated(*good)[0], 0, good)
        for bad in ((old, late), (late, old), (both, new), (new, both), (ever, old), (new, ever)):
            status, err = self.check_dated(*bad)
            self.assertEqual(status, 78, bad)
            self.assertRegex(
                err,
                r"c\.xml:5:1: \S*1\.xml has rules for code 1111-1, as \S*0\.xml, line 4, has "
                r"on the same days; .*<effective> dates apart\n$",
            )

    def test_documents_that_reach_out_are_refused_and_nothing_is_opened(self):
        """A reader of the FIFO would wait for ever."""
        trap = self.path("trap")
        os.mkfifo(trap)
        mapping = open(SUGAR).read()
        heads = {
            "entity": '<!DOCTYPE x [<!ENTITY e SYSTEM "file://%s">]>' % trap,
            "dtd": '<!DOCTYPE x SYSTEM "file://%s">' % trap,
            "parameter entity": '<!DOCTYPE x [<!ENTITY %% p SYSTEM "file://%s"> %%p;]>' % trap,
            "laughs": "<!DOCTYPE x [<!ENTITY a 'ha'>%s]>"
            % "".join(
                "<!ENTITY %s '%s'>" % (b, ("&%s;" % a) * 10)
                for a, b in zip("abcdefghij", "bcdefghijk")
            ),
        }
        for name, head in heads.items():
            body = mapping.replace("?>\n", "?>\n" + head, 1)
            body = body.replace("Too much", "&%s;Too much" % ("k" if name == "laughs" else "e"))
            self.refused(name, "mapping.xml", body)
            config = config_xml(feed_xml(1, 2)).replace("?>\n", "?>\n" + head, 1)
            self.refused(name + " in the configuration", None, config)
        include = '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="%s"/>' % trap
        self.refused("xinclude", "m.xml", mapping.replace("<system", include + "<system"))
        self.refused("xinclude", None, config_xml(feed_xml(1, 2), include))

    def refused(self, name, mapping, text):
        with self.subTest(name):
            if mapping:
                text = config_xml(feed_xml(1, 2, mapping=[self.write(mapping, text)]))
            status, _, err = self.run_it("--config", self.write("c.xml", text), "--check")
            self.assertEqual(status, 78)
            self.assertRegex(err, r"\.xml:\d+:\d+: ")


if __name__ == "__main__":
    main()
