#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Custody behind certificates and lists: who may put something into the queue, and who gets it."""

import os
import ssl
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tls"))

from custody import Custody, Silence, custody_xml  # noqa: E402
from secure import Secure, SecureReceiver, server_context  # noqa: E402
from world import annotated, framed, free_port, main, message, wait_for  # noqa: E402


class Choking(SecureReceiver):
    """Lets us in, and gets no message as it was sent: it says so by an alert."""

    def _serve(self, visit):
        wire, out = ssl.MemoryBIO(), ssl.MemoryBIO()
        session = self.context.wrap_bio(wire, out, server_side=True)
        step = session.do_handshake
        # one record at a time: the first message may come right behind the handshake's last
        with visit.sock.makefile("rb") as records:
            while not visit.ended:
                try:
                    step()
                    step = session.read
                except ssl.SSLWantReadError:
                    visit.send(out.read())
                    header = records.read(5)
                    record = header + records.read(int.from_bytes(header[3:], "big"))
                    visit.ended = not header
                    if step == session.read and header:
                        record = record[:-1] + bytes([record[-1] ^ 1])
                    wire.write(record)
                except ssl.SSLError:
                    visit.send(out.read())
                    visit.ended = True
        visit.sock.close()


class Garbling(SecureReceiver):
    """Ends its side of the handshake, and then says what is no record of that session: as some
    receivers that do not let us in do, by an alert in plain text."""

    def _serve(self, visit):
        wire, out = ssl.MemoryBIO(), ssl.MemoryBIO()
        session = self.context.wrap_bio(wire, out, server_side=True)
        try:
            session.do_handshake()
        except ssl.SSLWantReadError:
            wire.write(visit.sock.recv(65536))
        try:
            session.do_handshake()
        except ssl.SSLWantReadError:
            visit.send(out.read())
            visit.sock.recv(65536)
            visit.send(b"\x15\x03\x03\x00\x02\x02\x30")  # unknown_ca
        visit.ended = True
        visit.sock.close()


class Certificates(Custody, Secure):
    def guarded(self, receiver, inbound="", outbound="", **named):
        port = free_port()
        to = receiver if isinstance(receiver, int) else receiver.port

        def parts(inbound=inbound, outbound=outbound):
            return self.parts(
                custody_xml(port, to, in_listen=inbound, in_forward=outbound, **named)
            )

        d = self.configure(*parts())
        return d, port, lambda **other: self.rewrite(*parts(**other))

    def test_both_sides_speak_TLS_and_the_log_says_with_whom(self):
        r = self.secure_receiver()
        d, port, _ = self.guarded(
            r, self.tls("lab.example"), self.tls(own="client", name="localhost")
        )
        s = self.secure_sender(port)
        bodies = [message("m%d" % n) for n in range(50)]
        for body in bodies:
            self.assertIn(b"MSA|AA", s.exchange(body))
        self.assertEqual(r.wait(50), annotated(bodies))
        opened = d.wait_event("conn.open", peer_cert="lab.example")
        self.assertEqual(len(opened), 1)
        Secure.refused(self, d, port, "name", own="both")
        self.assertEqual(self.metric("hl7noted_tls_failures_total", dir="in", reason="name"), 1)
        self.assertEqual(len(self.ids("--state", "any")), 50)

    def not_reached(self, d, why):
        """So the log, the metrics and the status say of the receiver."""
        told = len(d.wait_event("conn.failed", err_code=why))
        failed = self.metric("hl7noted_forward_attempts_total", result="failed")
        self.assertGreaterEqual(failed, told)
        self.assertEqual(self.state()[1]["last_error"], why)

    def test_messages_wait_while_the_receiver_is_not_who_it_should_be(self):
        r = self.secure_receiver(own="other")
        d, port, rewrite = self.guarded(r, outbound=self.tls(own="client", name="localhost"))
        s = self.sender(port)
        for n in range(3):
            self.assertIn(b"MSA|AA", s.exchange(message("m%d" % n)))
        d.wait_event("tls.denied", 2, dir="out")
        self.not_reached(d, "unknown_ca")
        self.assertEqual(r.frames, [])
        self.assertEqual(self.ids("--state", "waiting"), ["m0", "m1", "m2"])
        self.assertIn(self.state()[1]["line"]["state"], ("backing_off", "connecting"))
        self.ca.issue("other", "server", san="DNS:localhost")
        r.context.load_cert_chain(self.ca.pem("other"), self.ca.key("other"))
        r.wait(3)
        self.assertEqual(self.sent(r), ["m0", "m1", "m2"])

    def test_messages_wait_while_the_receiver_does_not_let_us_in(self):
        """With TLS 1.3 they went out before that is known; no policy is about them all the same."""
        r = self.secure_receiver()
        d, port, rewrite = self.guarded(
            r, outbound=self.tls(own=None, name="localhost"), answers={"none": "set-aside"}
        )
        s = self.sender(port)
        for n in range(3):
            self.assertIn(b"MSA|AA", s.exchange(message("m%d" % n)))
        d.wait_event("tls.denied", 2, dir="out", outcome="peer_alert")
        self.not_reached(d, "peer_alert")
        self.assertEqual(self.ids("--state", "waiting"), ["m0", "m1", "m2"])
        rewrite(outbound=self.tls(own="client", name="localhost"))
        d.reload()
        r.wait(3)
        self.assertEqual(self.sent(r), ["m0", "m1", "m2"])
        self.assertEqual(d.events("msg.deadletter"), [])

    def test_messages_wait_while_a_receiver_says_in_plain_text_that_it_does_not_let_us_in(self):
        r = Garbling(server_context(self.ca, version=ssl.TLSVersion.TLSv1_3))
        self.addCleanup(r.stop)
        d, port, _ = self.guarded(
            r, outbound=self.tls(own="client", name="localhost"), answers={"none": "set-aside"}
        )
        self.assertIn(b"MSA|AA", self.sender(port).exchange(message("m1")))
        d.wait_event("tls.denied", 3, dir="out", outcome="protocol")
        self.assertEqual(self.ids("--state", "waiting"), ["m1"])
        self.assertEqual(d.events("msg.deadletter"), [])

    def test_a_message_that_a_receiver_ends_the_session_for_is_tried_as_often_as_the_policy_says(
        self,
    ):
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            with self.subTest(version.name):
                r = Choking(server_context(self.ca, version=version))
                self.addCleanup(r.stop)
                d, port, _ = self.guarded(
                    r, outbound=self.tls(own="client", name="localhost"),
                    answers={"none": "set-aside"},
                )
                self.assertIn(b"MSA|AA", self.sender(port).exchange(message("m1")))
                d.wait_event("msg.deadletter", ctl_id="m1")
                self.assertEqual(self.ids("--state", "aside"), ["m1"])
                d.stop()
                os.rename(self.directory, self.directory + version.name)

    def test_not_a_byte_goes_out_before_it_is_known_to_whom(self):
        r = self.receiver()  # of plain text
        d, port, _ = self.guarded(r, outbound=self.tls(own="client", name="localhost"))
        self.assertIn(b"MSA|AA|m1", self.sender(port).exchange(message("m1", patient="CANARY")))
        wait_for("an attempt", lambda: r.visits)
        time.sleep(0.5)
        self.assertEqual(r.frames, [])
        self.assertEqual(self.ids("--state", "waiting"), ["m1"])

    def test_a_receiver_with_another_name_gets_what_the_old_one_has_not(self):
        quiet = Silence()
        old, new = self.receiver(quiet), self.secure_receiver()
        d, port, _ = self.guarded(old)
        s = self.sender(port)
        for name in ("m1", "m2"):
            self.assertIn(b"MSA|AA", s.exchange(message(name)))
        old.wait(1)
        named = self.tls(own="client", name="localhost")
        self.rewrite(*self.parts(custody_xml(port, new.port, in_forward=named)))
        d.reload()
        d.reload()
        quiet.end()
        new.wait(1)
        self.wait_ids([], "--state", "waiting")
        self.assertEqual((self.sent(old), self.sent(new)), (["m1"], ["m2"]))
        self.assertEqual(d.events("tls.denied"), [])

    def test_a_list_of_revoked_ones_ends_connections_and_loses_nothing(self):
        r = self.secure_receiver()
        d, port, rewrite = self.guarded(
            r, self.tls(crl="crl"), self.tls(own="client", name="localhost", crl="crl")
        )
        s = self.secure_sender(port)
        self.assertIn(b"MSA|AA", s.exchange(message("m1")))
        d.wait_event("msg.delivered")
        for name in ("client", "server"):
            self.ca.run("revoke", name)
        self.ca.run("crl", 1)
        d.reload()
        self.assertTrue(s.closed())
        d.wait_event("tls.denied", dir="in", outcome="revoked")
        d.wait_event("tls.denied", dir="out", outcome="revoked")
        rewrite(inbound="", outbound=self.tls(own="client", name="localhost", crl="crl"))
        d.reload()
        plain = self.sender(port)
        self.assertIn(b"MSA|AA", plain.exchange(message("m2")))
        time.sleep(0.5)
        self.wait_ids(["m2"], "--state", "waiting")
        self.assertEqual(self.sent(r), ["m1"])
        rewrite(inbound="", outbound=self.tls(own="client", name="localhost"))
        d.reload()
        r.wait(2)


class Lists(Custody):
    def listed(self, **feed):
        r = self.receiver()
        port = free_port()
        rule = '<sender application="LAB"/>'

        def parts(rule=rule, allow="127.0.0.0/8"):
            text = custody_xml(
                port, r.port, in_listen='<allow address="%s"/>' % allow, **feed
            ).replace("</feed>", rule + "</feed>")
            return self.parts(text)

        d = self.configure(*parts())
        return d, r, port, lambda **other: self.rewrite(*parts(**other))

    def test_a_stranger_is_told_so_and_nothing_is_queued(self):
        d, r, port, _ = self.listed()
        s = self.sender(port)
        answer = s.exchange(message("x1").replace(b"|LAB|", b"|EVIL|"))
        self.assertIn(b"MSA|AR|x1", answer)
        self.assertIn(b"MSA|AA|m1", s.exchange(message("m1")))
        refused = d.wait_event("audit.refused", ctl_id="x1")[0]
        self.assertEqual(refused["feed"], "lab")
        r.wait(1)
        self.assertEqual(self.ids("--state", "any"), ["m1"])
        self.assertEqual(self.metric("hl7noted_messages_total", outcome="refused"), 1)

    def test_an_operator_may_put_back_what_a_sender_may_not_send(self):
        """It was acknowledged when it might still come, and would be lost otherwise."""
        d, r, port, _ = self.listed(max_frame="4KiB")
        body = message("x1", more=b"NTE|1||" + b"x" * 5000 + b"\r").replace(b"|LAB|", b"|EVIL|")
        self.assertIn("1 message queued", self.queue(
            "import", "--feed", "lab", self.write("old.hl7", body)))
        r.wait(1)
        self.assertEqual(d.wait_event("audit.admin", verb="queue import")[0]["count"], 1)

    def test_a_stranger_gets_in_behind_nobody(self):
        """Not behind the end of a batch, nor inside of its lines, where somebody ends lines so."""
        d, r, port, _ = self.listed()
        stranger = message("x1").replace(b"|LAB|", b"|EVIL|")
        begin, end = b"BHS|^~\\&|LAB\r", b"BTS|1\r"
        s = self.sender(port)
        for frame in (
            begin + message("m1") + end + b"\x0c" + stranger,
            begin + message("m1") + end + stranger.replace(b"MSH", b"msh", 1),
            begin + message("m1") + end[:-1] + b"|\x0c" + stranger.replace(b"\r", b"\x0c") + b"\r",
            begin[:-1] + b"\x0c" + stranger.replace(b"\r", b"\x0c") + b"\r" + message("m1") + end,
        ):
            self.assertIn(b"MSA|AR|", s.exchange(frame), frame)
        self.assertEqual(self.ids("--state", "any"), [])
        self.assertIn(b"MSA|AA|m1", s.exchange(begin + message("m1") + end))
        r.wait(1)

    def test_a_stranger_is_left_without_an_answer_where_that_is_wanted(self):
        d, r, port, _ = self.listed(on_stranger="close")
        s = self.sender(port)
        s.send(framed(message("m1")) + framed(message("x1").replace(b"|LAB|", b"|EVIL|")))
        self.assertIn(b"MSA|AA|m1", s.frame())
        self.assertTrue(s.closed())
        r.wait(1)
        self.assertEqual(self.ids("--state", "any"), ["m1"])

    def test_lists_are_exchanged_with_a_reload(self):
        d, r, port, rewrite = self.listed()
        s = self.sender(port)
        self.assertIn(b"MSA|AA|m1", s.exchange(message("m1")))
        rewrite(rule='<sender application="RIS"/>')
        d.reload()
        self.assertIn(b"MSA|AR|m2", s.exchange(message("m2")))
        rewrite(allow="192.0.2.0/24")
        d.reload()
        self.assertTrue(s.closed())
        self.assertTrue(self.sender(port).closed())
        wait_for("the refusal", lambda: d.events("conn.refused", outcome="address"))


if __name__ == "__main__":
    main()
