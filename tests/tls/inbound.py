#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Senders over TLS: who is let in, who is not and why, and that nothing else changes."""

import contextlib
import os
import resource
import shutil
import socket
import ssl
import subprocess
import threading
import time

from secure import BARE, LEAF, Secure, Slow, client_context, metric
from world import (
    PATIENCE, SUGAR, Reader, ack, annotated, feed_xml, framed, free_port, main, message, reset,
    samples, wait_for, wait_read,
)

TIMED = os.environ.get("HL7_TIMED") == "1"
STALLED = 1.9  # seconds; of two a sender at the limit of bytes is ended
TLS1_1, TLS1_2, TLS1_3 = ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3


class Refused(Secure):
    """Fault 51: refused, with the reason named, and nothing of it reaches the receiver."""

    def test_certificates_that_are_no_good(self):
        r = self.receiver()
        metrics, control = free_port(), self.path("control")
        d, port = self.secure_feed(
            r, '<metrics listen="127.0.0.1:%d"/>' % metrics,
            '<control socket="%s"/>' % control, inbound=self.tls("lab.example", crl="crl"),
        )
        self.ca.issue("stranger", san="DNS:else.example,DNS:lab.example.evil.example")
        self.ca.issue("wildcard", san="DNS:*.example")
        self.ca.issue("coder", use="neither")
        self.ca.sign("early", "ca", "lab.example", LEAF, days=(1, 30))
        self.ca.sign("bare", "ca", "lab.example", BARE)
        rows = {
            "expired": "expired",
            "early": "not_yet_valid",
            "bare": "malformed",
            "other": "unknown_ca",
            "revoked": "revoked",
            "stranger": "name",
            "wildcard": "name",
            "coder": "key_usage",
            "server": "key_usage",
            None: "no_certificate",
        }
        names = {
            "stranger": "else.example", "wildcard": "*.example", "server": "localhost", None: None,
        }
        for version in (TLS1_2, TLS1_3):
            for own, reason in rows.items():
                with self.subTest(own=own, version=version.name):
                    told = self.refused(d, port, reason, own=own, version=version)
                    self.assertEqual((told["feed"], told["dir"]), ("lab", "in"))
                    self.assertTrue(told["peer"].startswith("127.0.0.1:"))
                    self.assertEqual(told.get("peer_cert"), names.get(own, "lab.example"))
                    self.assertEqual(self.last_error(control), (reason, "sender"))
        self.assertEqual(r.visits, [])
        self.assertEqual(
            metric(metrics, "hl7noted_tls_failures_total", reason="revoked", dir="in"), 2
        )
        self.assertEqual(d.events("conn.open"), [])
        self.assertEqual(d.events("conn.close"), [], "one line each")
        self.assertEqual(self.secure_sender(port).exchange(message()), ack(message()))
        self.assertEqual(d.wait_event("conn.open")[0]["peer_cert"], "lab.example")

    def test_keys_that_are_not_pinned(self):
        r = self.receiver()
        d, port = self.secure_feed(r, inbound=self.tls(self.ca.pin("client")))
        told = self.refused(d, port, "pin", own="rsa")
        self.assertEqual(told["feed"], "lab")
        self.assertEqual(self.secure_sender(port).exchange(message()), ack(message()))

    def test_a_name_or_a_pin_is_enough_where_both_are_listed(self):
        d, port = self.secure_feed(
            self.receiver(), inbound=self.tls("else.example", self.ca.pin("client"))
        )
        self.assertEqual(self.secure_sender(port).exchange(message()), ack(message()))
        self.refused(d, port, "name", own="rsa")

    def test_a_list_of_revoked_ones_that_is_out_of_date(self):
        self.ca.run("crl", -1)
        d, port = self.secure_feed(self.receiver(), inbound=self.tls(crl="crl"))
        self.refused(d, port, "crl_expired")

    def test_a_ca_without_a_list(self):
        self.write("both.pem", b"".join(open(self.ca.pem(n), "rb").read() for n in ("ca", "other-ca")))
        shutil.copy(self.path("both.pem"), self.ca.pem("two"))
        d, port = self.secure_feed(self.receiver(), inbound=self.tls(ca="two", crl="crl"))
        self.refused(d, port, "crl_missing", own="other")
        self.assertEqual(self.secure_sender(port).exchange(message()), ack(message()))

    def test_without_certificates_of_senders(self):
        r = self.receiver()
        d, port = self.secure_feed(r, inbound=self.tls(ca=None, client="none"))
        s = self.secure_sender(port, own=None)
        self.assertEqual(s.exchange(message()), ack(message()))
        self.assertNotIn("peer_cert", d.wait_event("conn.open")[0])


class Protocol(Secure):
    """Fault 54, and what else may come instead of a handshake."""

    def test_old_versions(self):
        d, port = self.secure_feed(self.receiver())
        self.refused(d, port, "protocol", version=TLS1_1)
        self.assertEqual(
            self.secure_sender(port, version=TLS1_2).exchange(message()), ack(message())
        )

    def test_weak_ciphers(self):
        d, port = self.secure_feed(self.receiver())
        done = subprocess.run(
            ["openssl", "s_client", "-connect", "127.0.0.1:%d" % port, "-tls1_2", "-cipher",
             "AES128-SHA:ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0"],
            input=b"", capture_output=True, timeout=PATIENCE, check=False,
        )
        self.assertNotEqual(done.returncode, 0)
        d.wait_event("tls.denied", outcome="protocol")

    def test_plain_text(self):
        r = self.receiver()
        d, port = self.secure_feed(r)
        for said in (framed(message()), b"GET / HTTP/1.1\r\n\r\n", b"\x00" * 100):
            s = self.sender(port)
            s.send(said)
            self.assertTrue(s.closed())
        d.wait_event("tls.denied", 3, outcome="plain_text")
        self.assertEqual(r.visits, [])

    def test_noise_in_place_of_each_part(self):
        d, port = self.secure_feed(self.receiver())
        hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"
        rows = [hello + os.urandom(600), b"\x16" * 5000, b"\x16\x03\x01\xff\xff" + bytes(70000)]
        for said in rows:
            s = self.sender(port)
            try:
                s.send(said)
            except OSError:
                pass
            s.frame()
        d.wait_event("tls.denied", len(rows), outcome="protocol")

    def test_noise_between_records(self):
        r = self.receiver()
        d, port = self.secure_feed(r)
        s = self.secure_sender(port)
        s.exchange(message())
        raw = socket.socket(fileno=s.sock.detach())
        self.addCleanup(raw.close)
        raw.sendall(b"\x17\x03\x03\x00\x20" + os.urandom(32))
        raw.settimeout(PATIENCE)
        while raw.recv(4096):
            pass
        d.wait_event("tls.denied", outcome="protocol")
        self.assertEqual(len(r.frames), 1)

    def test_renegotiation(self):
        d, port = self.secure_feed(self.receiver())
        with subprocess.Popen(
            ["openssl", "s_client", "-connect", "127.0.0.1:%d" % port, "-tls1_2",
             "-CAfile", self.ca.pem("ca"), "-cert", self.ca.pem("client"),
             "-key", self.ca.key("client")],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        ) as p:
            self.addCleanup(p.kill)
            p.stdin.write(b"R\n")
            p.stdin.flush()  # and no end, at which it would wait for no answer
            said = p.stderr.read()
            self.assertNotEqual(p.wait(PATIENCE), 0)
        self.assertIn(b"RENEGOTIATING", said)
        self.assertIn(b"no renegotiation", said)
        self.assertEqual(self.secure_sender(port).exchange(message()), ack(message()))

    def test_neither_tickets_nor_early_data_nor_compression(self):
        _, port = self.secure_feed(self.receiver())
        s = self.secure_sender(port)
        s.exchange(message())
        self.assertIsNone(s.sock.compression())
        self.assertFalse(s.sock.session and s.sock.session.has_ticket)
        self.assertEqual(s.sock.version(), "TLSv1.3")

    def test_a_peer_that_leaves_in_the_handshake(self):
        d, port = self.secure_feed(self.receiver())
        self.sender(port).close()  # a probe: of no interest
        for way in (socket.socket.close, reset):
            s = self.sender(port)
            s.send(b"\x16\x03\x01\x02\x00")
            wait_read(s.sock)
            way(s.sock)
        d.wait_event("tls.denied", 2, outcome="cut")
        self.assertEqual(len(d.events("tls.denied")), 2)


class Handshakes(Secure):
    """Fault 57, and slow ones."""

    def test_half_a_handshake_and_silence(self):
        door = free_port()
        d, port = self.secure_feed(
            self.receiver(), '<limits handshake-timeout="500ms"/>',
            '<metrics listen="127.0.0.1:%d"/>' % door,
        )
        began = time.monotonic()
        silent, half = self.sender(port), self.sender(port)
        half.send(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(100))
        self.assertTrue(silent.closed())
        self.assertTrue(half.closed())
        self.assertTrue(0.4 < time.monotonic() - began < 8)
        d.wait_event("tls.denied", 2, outcome="handshake_timeout")
        hit = metric(door, "hl7noted_limits_hit_total", limit="handshake_timeout")
        self.assertEqual(hit, 2)

    def test_a_handshake_byte_by_byte_has_a_deadline_for_all_of_it(self):
        d, port = self.secure_feed(self.receiver(), '<limits handshake-timeout="500ms"/>')
        s = self.sender(port)
        began = time.monotonic()
        try:
            for _ in range(300):
                s.send(b"\x16" if _ == 0 else b"\x03")
                time.sleep(0.03)
        except OSError:
            pass
        self.assertLess(time.monotonic() - began, 8)

    def test_a_clock_that_is_put_forward_ends_no_handshake(self):
        port = free_port()
        self.timed_feed(port)
        early, late = self.sender(port), self.sender(port)
        self.exchanged(port)  # they have been let in
        self.write("clock", "+1h")
        time.sleep(1)  # libev looks at the clock on the wall every half second
        early.close()  # who is the oldest is asked for its time
        self.exchanged(port)
        late.sock = client_context(self.ca).wrap_socket(late.sock, server_hostname="localhost")
        late.reader = Reader(late.sock)
        self.assertEqual(late.exchange(message()), ack(message()))

    def test_a_clock_that_is_put_back_gives_a_handshake_no_hour(self):
        port = free_port()
        self.timed_feed(port, '<limits handshake-timeout="2s"/>')
        silent = self.sender(port)
        self.exchanged(port)
        self.write("clock", "-1h")
        self.assertTrue(silent.closed())

    def timed_feed(self, port, *parts):
        feed = feed_xml(port, self.receiver().port, in_listen=self.tls())
        self.configure(*parts, feed, env=self.wrong_clock())

    def exchanged(self, port):
        s = self.secure_sender(port)
        self.assertEqual(s.exchange(message()), ack(message()))

    def crowded(self):
        """(daemon, port): many may connect, and 32 may shake hands."""
        self.door = free_port()
        return self.secure_feed(
            self.receiver(), '<limits connections="1000" handshakes="32"/>',
            '<metrics listen="127.0.0.1:%d"/>' % self.door,
            listen={"max_connections": 1000, "max_per_address": 1000},
        )

    def test_hundreds_that_stall_are_capped_and_others_served(self):
        d, port = self.crowded()
        inside = self.secure_sender(port)
        quiet = [self._timed(inside, n) for n in range(200)]
        begun = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"
        stalled = [self.sender(port) for _ in range(500)]
        for s in stalled[::2]:
            with contextlib.suppress(OSError):
                s.send(begun)
        for n in range(20):  # at once
            s = self.secure_sender(port)
            self.assertEqual(s.exchange(message(str(n))), ack(message(str(n))))
        d.wait_event("tls.denied", 400, outcome="handshake_cap")
        self.assertEqual(d.events("conn.refused"), [])
        busy = [self._timed(inside, n) for n in range(200)]
        if TIMED:
            self.assertLess(sorted(busy)[190], 2 * sorted(quiet)[190] + 0.02)

    def test_those_who_are_being_answered_are_given_a_second(self):
        d, port = self.crowded()
        hello = ssl.MemoryBIO()
        tls = client_context(self.ca).wrap_bio(ssl.MemoryBIO(), hello)
        with contextlib.suppress(ssl.SSLWantReadError):
            tls.do_handshake()
        hello = hello.read()
        senders = self.undisturbed(1, lambda: self.all_places_taken(d, port, hello))
        time.sleep(1)  # from now on they have had their time
        s = self.secure_sender(port)
        self.assertEqual(s.exchange(message()), ack(message()))
        left = d.wait_event("tls.denied", outcome="handshake_cap")
        self.assertIn("127.0.0.1:%d" % senders[0].sock.getsockname()[1], [e["peer"] for e in left])
        hit = metric(self.door, "hl7noted_limits_hit_total", limit="handshake_cap")
        self.assertGreaterEqual(hit, 1)

    def all_places_taken(self, d, port, hello):
        refused = len(d.events("conn.refused", outcome="handshakes"))
        senders = [self.sender(port) for _ in range(32)]
        for s in senders:
            s.send(hello)
        for s in senders:
            self.assertNotEqual(s.sock.recv(1), b"")
        self.assertTrue(self.sender(port).closed())
        d.wait_event("conn.refused", refused + 1, outcome="handshakes")
        return senders

    def test_a_handshake_of_our_own_gives_way_to_nobody(self):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            d, port = self.secure_feed(
                silent.getsockname()[1], '<limits handshakes="1"/>', outbound=self.tls(own=None)
            )
            self.secure_sender(port).send(framed(message()))
            visit = silent.accept()[0]
            self.addCleanup(visit.close)
            self.assertNotEqual(visit.recv(1), b"")
            quiet = self.sender(port)
            self.secure_sender(port)
            self.assertTrue(quiet.closed())
        self.assertEqual(d.events("tls.denied", dir="out", outcome="handshake_cap"), [])

    def _timed(self, s, n):
        body = message(str(n), value="15")
        began = time.monotonic()
        self.assertEqual(s.exchange(body), ack(body))
        return time.monotonic() - began

    def test_a_pause_of_reading_does_not_stop_handshakes(self):
        self.undisturbed(STALLED, self.handshake_at_the_limit)

    def handshake_at_the_limit(self):
        r = self.receiver()
        d, port = self.secure_feed(
            r, '<limits in-flight-bytes="1MiB"/>', max_frame="1MiB"
        )
        body = message(value="15", more=b"NTE|1||" + b"x" * 900000 + b"\r")
        first = self.secure_sender(port)
        second = self.secure_sender(port)
        for s in (first, second):  # together less than half of the limit above it
            s.send(framed(body)[:700000])
        d.wait_event("svc.paused", outcome="in_flight_bytes")
        third = self.secure_sender(port)
        wait_read(third.sock)  # its handshake is over; what came with it would be taken
        third.send(framed(message("3")))
        self.assertTrue(third.silent(0.2))
        for s in (first, second):
            s.send(framed(body)[700000:])
            self.assertEqual(s.frame(), ack(body))
        self.assertEqual(third.frame(), ack(message("3")))


class Bytes(Secure):
    """What goes through is what goes through without TLS."""

    def test_samples_one_byte_in_each_record(self):
        r = self.receiver()
        _, port = self.secure_feed(r)
        bodies = [body for _, body in samples() if len(body) < 3000][:6]
        for version in (TLS1_2, TLS1_3):
            r.frames.clear()
            s = self.secure_sender(port, version=version)
            for body in bodies:
                for byte in framed(body):
                    s.send(bytes([byte]))
                self.assertEqual(s.frame(), ack(body))
            self.assertEqual(r.bodies(), annotated(bodies))

    def test_records_cut_anywhere_on_the_wire(self):
        r = self.receiver()
        _, port = self.secure_feed(r)
        way, other = socket.socketpair()
        outside = self.sender(port)
        stop = threading.Event()

        def carry(source, to, piece):
            while not stop.is_set():
                try:
                    data = source.recv(piece)
                    if not data:
                        return
                    to.sendall(data)
                    if piece < 100:
                        time.sleep(0.0002)
                except OSError:
                    return

        for args in ((other, outside.sock, 7), (outside.sock, other, 65536)):
            threading.Thread(target=carry, args=args, daemon=True).start()
        s = client_context(self.ca).wrap_socket(way, server_hostname="localhost")
        s.settimeout(PATIENCE)
        s.sendall(framed(message("a")) + framed(message("b")))
        reader = Reader(s)
        self.assertEqual(reader.frame(), ack(message("a")))
        self.assertEqual(reader.frame(), ack(message("b")))
        stop.set()
        s.close()

    def test_large_messages_both_ways(self):
        large = message("L", value="15", more=b"NTE|1||" + bytes(range(32, 127)) * 60000 + b"\r")
        answer = b"MSH|^~\\&|A|B|C|D|20260102||ACK|1|P|2.5.1\rMSA|AA|L\rNTE|1||" + b"y" * 500000 + b"\r"
        r = self.secure_receiver(lambda v, body, n: v.send(framed(answer)))
        out = self.tls(own="client", name="localhost")
        _, port = self.secure_feed(r, outbound=out)
        s = self.secure_sender(port)
        for _ in range(3):
            self.assertEqual(s.exchange(large), answer)
        self.assertEqual(r.bodies(), [large] * 3)

    def test_messages_of_many_senders(self):
        r = self.secure_receiver()
        _, port = self.secure_feed(
            r, outbound=self.tls(own="client", name="localhost"), forward={"in_flight": 4}
        )
        path = self.write("m.hl7", b"".join(framed(message(str(n))) for n in range(50)))
        self.note(
            "send", "-q", "--connections", 8, "--in-flight", 4, "--count", 2000, "--tls-ca",
            self.ca.pem("ca"), "--tls-cert", self.ca.pem("client"), "--tls-key",
            self.ca.key("client"), "127.0.0.1:%d" % port, path,
        )
        self.assertEqual(len(r.wait(2000)), 2000)

    def test_records_that_take_long_are_waited_for_at_the_limit_of_bytes(self):
        for _ in range(20):
            if self.slow_records():
                return
        self.fail("in 20 attempts this machine was never quick enough")

    def slow_records(self):
        """False where it says nothing, since the senders stood still for too long."""
        r = self.receiver()
        d, port = self.secure_feed(
            r, '<limits in-flight-bytes="1MiB"/>', max_frame="1MiB", frame_deadline="60s"
        )
        large = message(value="15", more=b"NTE|1||" + b"x" * 800000 + b"\r")
        senders = [Slow(self, port) for _ in range(2)]
        for s in senders:
            s.send(framed(large)[:700000])
        d.wait_event("svc.paused", outcome="in_flight_bytes")
        for s in senders:
            s.seal(framed(large)[700000:])
        for _ in range(20):  # a record of 16 KiB in 4 s
            before = time.monotonic()
            time.sleep(0.2)
            for s in senders:
                s.some(900)
            if time.monotonic() - before > STALLED / 2:
                return False
        self.assertEqual(d.events("conn.timeout"), [])
        for s in senders:
            s.some(1 << 20)
        self.assertEqual([s.frame() for s in senders], [ack(large)] * 2)
        return True

    def test_a_record_that_does_not_end_is_a_frame_that_does_not(self):
        """Fault 7: until then nobody can tell that a frame begins in it."""
        d, port = self.secure_feed(self.receiver(), frame_deadline="500ms")
        s = Slow(self, port)
        s.send(framed(message("1")))
        self.assertEqual(s.frame(), ack(message("1")))
        s.seal(framed(message("2")))
        s.some(20)
        d.wait_event("conn.timeout", outcome="frame_timeout")
        self.assertEqual(s.plain.sock.recv(1), b"\x17", "a word of farewell")

    def test_a_record_has_all_of_its_time_whenever_it_begins(self):
        """The daemon looks once a second only; ten begin and end around it."""
        _, port = self.secure_feed(self.receiver(), frame_deadline="900ms")
        senders = [Slow(self, port) for _ in range(10)]
        for s in senders:
            s.send(framed(message()))
            self.assertEqual(s.frame(), ack(message()))
        time.sleep(1.2)
        began = []
        for n in range(14):
            if n < 10:
                began.append(time.monotonic())
                senders[n].seal(framed(message()))
                senders[n].some(20)
            if n >= 4:
                self.assertTrue(
                    self._is_served(senders[n - 4]) or time.monotonic() - began[n - 4] > 0.9
                )
            time.sleep(0.1)

    def _is_served(self, s):
        try:
            s.some(len(s.left))
            return s.frame() == ack(message())
        except OSError:
            return False

    def test_one_who_ends_its_side_gets_its_answer(self):
        r = self.receiver(lambda v, body, n: (time.sleep(0.3), v.answer(body)))
        _, port = self.secure_feed(r)
        s = self.secure_sender(port)
        s.send(framed(message()))
        threading.Timer(0.1, self._shut, (s.sock,)).start()
        self.assertEqual(s.frame(), ack(message()))

    def _shut(self, sock):
        socket.socket.shutdown(sock, socket.SHUT_WR)

    def test_a_sender_that_does_not_read_its_answers(self):
        more = b"ERR|" + b"y" * 200000 + b"\r"
        r = self.receiver(lambda v, b, n: v.send(framed(ack(b) + more)))
        d, port = self.secure_feed(r, max_unsent="16KiB", forward={"in_flight": 64})
        s = self.secure_sender(port, room=4096)
        s.sock.setblocking(False)
        data, sent, end = framed(message()) * 200, 0, time.monotonic() + PATIENCE
        while not d.events("conn.close", outcome="unread") and time.monotonic() < end:
            try:
                sent += s.sock.send(data[sent % len(data):])
            except (ssl.SSLWantWriteError, ssl.SSLWantReadError):
                time.sleep(0.01)
            except OSError:
                break
        d.wait_event("conn.close", outcome="unread")


class Ends(Secure):
    def test_a_sender_may_pause_in_the_middle_of_a_record_when_it_is_told_the_end(self):
        """Nothing of a record is known before its end, but that it is being sent."""
        last = []

        def hold(v, body, n):
            if n % 2:
                v.answer(body)
            else:
                last.append(v)

        def scene():
            before = len(d.events("conn.close"))
            s = Slow(self, port)
            s.send(framed(message("1")) + framed(message("2")))
            wait_for("the second message", lambda: len(last) > before)
            s.seal(b"\x0bMSH|" + b"x" * 10000)
            s.some(4000)
            wait_read(s.plain.sock)
            last[before].close()
            d.wait_event("conn.close", before + 1, outcome="down_lost")
            for _ in range(3):
                time.sleep(0.25)
                s.some(1000)
            self.assertEqual(s.frame(), ack(message("1")))
            with contextlib.suppress(ssl.SSLZeroReturnError):
                self.assertEqual(s.frame(), b"\r")

        d, port = self.secure_feed(self.receiver(hold))
        self.undisturbed(1.7, scene)


class Scarce(Secure):
    def test_no_descriptors(self):
        """Fault 34 with TLS: accepting rests, those inside go on."""
        r = self.receiver()
        d, port = self.secure_feed(r)
        s = self.secure_sender(port)
        s.exchange(message())
        resource.prlimit(d.pid, resource.RLIMIT_NOFILE, (d.descriptors(),) * 2)
        others = [self.sender(port) for _ in range(5)]
        d.wait_event("svc.paused")
        for n in range(20):
            self.assertEqual(s.exchange(message(str(n))), ack(message(str(n))))
        self.assertLess(d.busy(2), 0.05)
        self.assertEqual(len(others), 5)

    def test_connections_come_and_go_and_leave_nothing(self):
        r = self.receiver()
        d, port = self.secure_feed(r)
        for _ in range(20):
            self.secure_sender(port).close()
        wait_for("the connections to go", lambda: d.descriptors() < 30)
        before = d.descriptors()
        for n in range(200):
            s = self.secure_sender(port)
            if n % 2:
                s.exchange(message(str(n)))
            (s.reset if n % 3 else s.close)()
        wait_for("all to be closed", lambda: d.descriptors() <= before)


class Senders(Secure):
    """Fault 53: MSH-3 and MSH-4 by certificate."""

    def test_a_name_is_for_the_certificate_it_was_given_to(self):
        r = self.receiver()
        self.ca.issue("second", san="DNS:second.example")
        d, port = self.secure_feed(
            r,
            inside='<sender application="LAB" peer="lab.example"/>'
            '<sender application="OTHER" peer="%s"/>' % self.ca.pin("second"),
        )
        lab, second = self.secure_sender(port), self.secure_sender(port, own="second")
        other = message().replace(b"|LAB|", b"|OTHER|")
        self.assertEqual(lab.exchange(message()), ack(message()))
        self.assertEqual(second.exchange(other), ack(other))
        for s, body in ((lab, other), (second, message())):
            self.assertIn(b"MSA|AR|", s.exchange(body))
        told = d.wait_event("audit.refused", 2)
        self.assertEqual(
            {(x["peer_cert"], x["outcome"]) for x in told},
            {("lab.example", "not_allowed"), ("second.example", "not_allowed")},
        )
        self.assertEqual(len(r.frames), 2)


if __name__ == "__main__":
    assert os.path.exists(SUGAR)
    main()
