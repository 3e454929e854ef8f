#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Custody over TLS: nothing that was acknowledged goes to somebody else, or is lost."""

import functools
import os
import ssl
import sys
import time

from secure import Secure, SecureReceiver, Slow, server_context

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "custody"))

from custody import custody_xml, store_xml  # noqa: E402
from world import ack, annotated, config_xml, framed, free_port, main, message, wait_for  # noqa: E402


class Hesitant(SecureReceiver):
    """Looks at our certificate, and refuses it, half a second after it came; perhaps it is as slow
    to greet us."""

    def __init__(self, context, greets_after=0):
        self.pauses = {1: greets_after, 2: 0.5}
        super().__init__(context)

    def _serve(self, visit):
        wire, out = ssl.MemoryBIO(), ssl.MemoryBIO()
        session = self.context.wrap_bio(wire, out, server_side=True)
        flights = 0
        while not visit.ended:
            try:
                session.do_handshake()
                raise AssertionError("it should have been refused")
            except ssl.SSLWantReadError:
                visit.send(out.read())
                wire.write(visit.sock.recv(65536))
                flights += 1
                time.sleep(self.pauses.get(flights, 0))
            except ssl.SSLError:
                visit.send(out.read())
                visit.ended = True
        visit.sock.close()


class Alarmed(SecureReceiver):
    """Answers each message with a fatal alert, as one that was sent garbage does."""

    def _serve(self, visit):
        wire, out = ssl.MemoryBIO(), ssl.MemoryBIO()
        session = self.context.wrap_bio(wire, out, server_side=True)
        step = session.do_handshake
        while not visit.ended:
            try:
                if step():
                    wire.write(b"\x17\x03\x03\x00\x30" + b"j" * 48)
                visit.send(out.read())
                step = functools.partial(session.read, 65536)
            except ssl.SSLWantReadError:
                visit.send(out.read())
                wire.write(visit.sock.recv(65536))
            except OSError:
                visit.send(out.read())
                visit.ended = True
        visit.sock.close()


class Custody(Secure):
    def keep(self, to, inbound=None, outbound="", **feed):
        port = free_port()
        inbound = self.tls() if inbound is None else inbound

        def write(inbound=inbound, outbound=outbound):
            return self.write(
                "hl7noted.xml",
                config_xml(
                    store_xml(self.path("queue")),
                    custody_xml(port, to, in_listen=inbound, in_forward=outbound, **feed),
                ),
            )

        d = self.start("--config", write())
        return d, port, write

    def accepted(self, s, n):
        answer = s.exchange(message(str(n)))
        self.assertIn(b"MSA|AA|%d" % n, answer)

    def test_messages_pass_over_tls_on_both_sides(self):
        r = self.secure_receiver()
        d, port, _ = self.keep(
            r.port, self.tls("lab.example", crl="crl"), self.tls(own="client", crl="crl")
        )
        s = self.secure_sender(port)
        for n in range(20):
            self.accepted(s, n)
        r.wait(20)
        self.assertEqual(r.bodies(), annotated([message(str(n)) for n in range(20)]))
        self.assertEqual(d.wait_event("conn.open")[0]["peer_cert"], "lab.example")
        self.assertEqual(d.events("tls.denied"), [])

    def test_a_record_that_does_not_end_is_a_frame_that_does_not(self):
        d, port, _ = self.keep(self.receiver().port, frame_deadline="500ms")
        s = Slow(self, port)
        s.send(framed(message("1")))
        self.assertIn(b"MSA|AA|1", s.frame())
        s.seal(framed(message("2")))
        s.some(20)
        d.wait_event("conn.timeout", outcome="frame_timeout")

    def test_strangers_bring_nothing_into_the_queue(self):
        r = self.secure_receiver()
        d, port, _ = self.keep(r.port, self.tls("lab.example", crl="crl"), self.tls(own="client"))
        for own, reason in (
            ("revoked", "revoked"), ("other", "unknown_ca"), (None, "no_certificate")
        ):
            self.refused(d, port, reason, own=own)
        self.assertEqual(d.events("conn.open"), [])

    def test_a_name_is_for_the_certificate_it_was_given_to(self):
        """Fault 53 at the door of the queue."""
        r = self.receiver()
        self.ca.issue("second", san="DNS:second.example")
        d, port, _ = self.keep(
            r.port, inside='<sender application="LAB" peer="lab.example"/>'
        )
        self.accepted(self.secure_sender(port), 1)
        answer = self.secure_sender(port, own="second").exchange(message("2"))
        self.assertIn(b"MSA|AR|2", answer)
        told = d.wait_event("audit.refused", outcome="not_allowed")[0]
        self.assertEqual(told["peer_cert"], "second.example")
        r.wait(1)
        self.assertEqual(r.bodies(), annotated([message("1")]))

    def test_messages_wait_for_a_receiver_that_is_who_it_should_be(self):
        port_out = free_port()
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            with self.subTest(version.name):
                wrong = self.secure_receiver(own="other", port=port_out, version=version)
                d, port, _ = self.keep(port_out, outbound=self.tls(own="client"))
                s = self.secure_sender(port)
                for n in range(5):
                    self.accepted(s, n)
                d.wait_event("tls.denied", 2, outcome="unknown_ca", dir="out")
                self.assertEqual(wrong.frames, [])
                wrong.stop()
                right = self.secure_receiver(port=port_out, version=version)
                self.assertEqual(
                    right.wait(5), annotated([message(str(n)) for n in range(5)])
                )
                right.stop()
                d.stop()
                os.rename(self.path("queue"), self.path("queue." + version.name))

    def test_a_receiver_that_answers_with_alerts_is_named_and_waited_for_ever_longer(self):
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            with self.subTest(version.name):
                r = Alarmed(server_context(self.ca, version=version))
                self.addCleanup(r.stop)
                d, port, _ = self.keep(
                    r.port, inbound="", outbound=self.tls(own="client"),
                    forward={"backoff_min": "50ms", "backoff_max": "5s"},
                )
                self.accepted(self.sender(port), 1)
                denied = d.wait_event("tls.denied", 5, outcome="peer_alert", dir="out")
                self.assertIn("alert", denied[0]["err_text"])
                waits = [line["wait_ms"] for line in d.wait_event("msg.retry", 5)]
                self.assertGreater(waits[4], 2 * waits[0])
                r.stop()
                right = self.secure_receiver(port=r.port, version=version)
                self.assertEqual(right.wait(1), annotated([message("1")]))
                right.stop()
                d.stop()
                os.rename(self.path("queue"), self.path("queue." + version.name))

    def test_a_receiver_that_does_not_want_us_is_not_pestered(self):
        """With TLS 1.3 it says so when we seem to be connected, and have sent something."""
        r = self.secure_receiver()
        d, port, _ = self.keep(
            r.port, outbound=self.tls(own=None),
            forward={"backoff_min": "200ms", "backoff_max": "5s"},
        )
        self.accepted(self.secure_sender(port), 1)
        d.wait_event("tls.denied", 2, outcome="peer_alert", dir="out")
        time.sleep(3)
        self.assertLess(len(r.visits), 15)
        self.assertEqual(r.frames, [])

    def test_a_message_without_an_answer_is_not_delivered_to_one_who_refuses_us(self):
        for greets_after in (0, 2.5):  # the longer is a doubt that was there before it could be
            with self.subTest(greets_after=greets_after):
                self.let_in_later(Hesitant(server_context(self.ca), greets_after))

    def let_in_later(self, hesitant):
        self.addCleanup(hesitant.stop)
        d, port, write = self.keep(hesitant.port, outbound=self.tls(own=None))
        body = message("1", modes="|||NE|NE")
        s = self.secure_sender(port)
        s.send(framed(body))
        d.wait_event("tls.denied", 2, outcome="peer_alert", dir="out")
        hesitant.stop()
        r = self.secure_receiver(lambda v, body, n: None, port=hesitant.port)
        write(outbound=self.tls(own="client"))
        d.reload()
        self.assertEqual(r.wait(1), annotated([body]))
        d.stop()
        os.rename(self.path("queue"), self.path("queue.%g" % hesitant.pauses[1]))

    def test_a_message_without_an_answer_is_delivered_once(self):
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            r = self.secure_receiver(lambda v, body, n: None, version=version)
            d, port, _ = self.keep(r.port, outbound=self.tls(own="client"))
            s = self.secure_sender(port)
            for n in range(3):
                s.send(framed(message(str(n), modes="|||NE|NE")))
            r.wait(3)
            time.sleep(0.5)
            self.assertEqual(len(r.frames), 3)
            d.stop()
            os.rename(self.path("queue"), self.path("queue." + version.name))

    def test_a_receiver_that_ends_behind_each_message_without_an_answer_gets_each_once(self):
        """With TLS 1.3 and no ticket, it never says that it lets us in."""
        context = server_context(self.ca, version=ssl.TLSVersion.TLSv1_3)
        context.num_tickets = 0

        def end(visit, body, number):
            if number % 2:  # by the book, and as many do
                visit.sock.unwrap()
            visit.close()

        r = SecureReceiver(context, end)
        self.addCleanup(r.stop)
        _, port, _ = self.keep(r.port, inbound="", outbound=self.tls(own="client"))
        bodies = [message(str(n), modes="|||NE|NE") for n in range(4)]
        s = self.sender(port)
        for body in bodies:
            s.send(framed(body))
        self.assertEqual(r.wait(4), annotated(bodies))
        time.sleep(0.5)
        self.assertEqual(len(r.frames), 4)

    def test_a_short_time_for_answers_is_not_for_what_has_none(self):
        context = server_context(self.ca, version=ssl.TLSVersion.TLSv1_3)
        context.num_tickets = 0
        r = SecureReceiver(context, lambda v, body, n: None)
        self.addCleanup(r.stop)
        d, port, _ = self.keep(
            r.port, inbound="", outbound=self.tls(own="client"), forward={"ack_timeout": "500ms"}
        )
        body = message("1", modes="|||NE|NE")
        self.sender(port).send(framed(body))
        self.assertEqual(d.wait_event("msg.delivered")[0]["attempt"], 1)
        self.assertEqual(r.wait(1), annotated([body]))

    def test_a_reload_asks_both_sides_again(self):
        r = self.secure_receiver()
        d, port, write = self.keep(
            r.port, self.tls(crl="crl"), self.tls(own="both", crl="crl", name="localhost")
        )
        s = self.secure_sender(port)
        self.accepted(s, 1)
        r.wait(1)
        self.ca.run("revoke", "client")
        d.reload()
        self.assertTrue(s.closed())
        d.wait_event("tls.denied", outcome="revoked", dir="in")
        self.ca.issue("second")
        s = self.secure_sender(port, own="second")
        self.accepted(s, 2)
        r.wait(2)
        self.ca.run("revoke", "server")
        d.reload()
        d.wait_event("tls.denied", outcome="revoked", dir="out")
        self.accepted(s, 3)
        time.sleep(0.5)
        self.assertEqual(len(r.frames), 2, "it waits")
        write(outbound=self.tls(own="both", name="localhost"))
        d.reload()
        r.wait(3)

    def test_one_that_is_replaced_may_still_answer_unless_it_was_revoked(self):
        for revoked in (False, True):
            with self.subTest(revoked=revoked):
                gate = []
                r = self.secure_receiver(
                    lambda v, b, n, gate=gate: (wait_for("the gate", lambda: gate), v.answer(b))
                )
                self.ca.issue("other", use="server", san="DNS:other.example")
                other = self.secure_receiver(own="other")
                old = self.tls(own="client", crl="crl", name="localhost")
                new = self.tls(own="client", crl="crl", name="other.example")
                d, port, _ = self.keep(r.port, inbound="", outbound=old)
                s = self.sender(port)
                self.accepted(s, 1)
                r.wait(1)
                if revoked:
                    self.ca.run("revoke", "server")
                self.write(
                    "hl7noted.xml",
                    config_xml(
                        store_xml(self.path("queue")),
                        custody_xml(port, other.port, in_forward=new),
                    ),
                )
                d.reload()
                if revoked:
                    d.wait_event("tls.denied", outcome="revoked", dir="out")
                    other.wait(1)
                gate.append(1)
                self.accepted(s, 2)
                self.assertEqual(
                    other.wait(1 + revoked),
                    annotated([message(str(n)) for n in range(2 - revoked, 3)]),
                )
                self.assertEqual(len(r.frames), 1)
                self.assertEqual(len(d.events("tls.denied")), int(revoked))
                d.stop()
                os.rename(self.path("queue"), self.path("queue.%d" % revoked))

    def test_silence_after_a_plain_hello(self):
        r = self.receiver(lambda v, body, n: None)
        d, port, _ = self.keep(r.port, outbound=self.tls(own="client"))
        s = self.secure_sender(port)
        self.accepted(s, 1)
        wait_for("an attempt", lambda: r.visits and r.visits[0].bytes)
        s.send(framed(message("2")))
        self.assertIn(b"MSA|AA|2", s.frame())
        self.assertEqual(r.frames, [])
        self.assertTrue(ack(message("2")))


if __name__ == "__main__":
    main()
