#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Receivers over TLS: nothing is sent to one that is not who it should be."""

import os
import socket
import ssl
import threading
import time

from secure import Secure, SecureReceiver, metric, server_context
from world import Sender, ack, annotated, framed, free_port, main, message, samples, wait_for

QUICK = {"backoff_min": "100ms", "backoff_max": "400ms"}


class Outbound(Secure):
    def hop_to(self, r, outbound, **forward):
        d, port = self.secure_feed(
            r, inbound="", outbound=outbound, forward={**QUICK, **forward}
        )
        return d, port

    def denied(self, r, outbound, reason):
        """Its sender is closed unanswered, and not a byte of the message left."""
        self.control = self.path("control%d" % self.daemons)
        d, port = self.secure_feed(
            r, '<control socket="%s"/>' % self.control, inbound="", outbound=outbound,
            forward=QUICK,
        )
        s = self.sender(port)
        s.send(framed(message()))
        line = d.wait_event("tls.denied", outcome=reason, dir="out")[0]
        self.assertEqual((line["feed"], line["peer"]), ("lab", "127.0.0.1:%d" % r.port))
        self.assertTrue(s.closed())
        self.assertEqual(d.wait_event("conn.failed")[0]["err_code"], reason)
        self.assertEqual(self.last_error(self.control), (reason, "receiver"))
        self.assertEqual(r.frames, [])
        return d, line


class Talking(Outbound):
    def test_one_that_talks_while_it_is_left_its_last_message_gets_it(self):
        """What it says is read away, and TLS must not be asked about the rest."""

        class Talker(SecureReceiver):
            def _serve(self, visit):
                visit.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
                super()._serve(visit)

        def talk(visit, body, number):
            if number > 1:
                return
            end = time.monotonic() + 2
            while time.monotonic() < end:
                visit.send(b"z" * 9000)

        r = Talker(server_context(self.ca), talk)
        self.addCleanup(r.stop)
        d, port = self.hop_to(r, self.tls(own="client"))
        s = self.sender(port)
        none = "|||NE|NE"
        bodies = [
            message("1", modes=none),
            message("2", modes=none, more=b"ZZZ|" + b"x" * 100000 + b"\r"),
        ]
        s.send(b"".join(framed(body) for body in bodies))
        s.close()
        self.assertEqual(r.wait(2), annotated(bodies))
        self.assertEqual(d.events("tls.denied"), [])


class Slow(Outbound):
    def sedate(self, seconds):
        """A receiver that begins its handshakes after so long."""

        class Sedate(SecureReceiver):
            def _serve(self, visit):
                time.sleep(seconds)
                super()._serve(visit)

        r = Sedate(server_context(self.ca))
        self.addCleanup(r.stop)
        return r

    def test_who_ended_its_side_is_served_by_one_that_takes_its_time(self):
        d, port = self.hop_to(self.sedate(2.5), self.tls(own="client"))
        s = self.sender(port)
        s.send(framed(message()))
        s.end()
        self.assertEqual(s.frame(), ack(message()))

    def test_who_ended_its_side_is_served_by_one_that_is_back_and_takes_its_time(self):
        r = self.sedate(0.5)
        r.stop()
        d, port = self.hop_to(r, self.tls(own="client"), backoff_max="100ms")
        s = self.sender(port)
        s.send(framed(message("1")))
        self.assertTrue(s.closed())
        d.wait_event("conn.failed")
        r.start()
        time.sleep(0.2)
        s = self.sender(port)
        s.send(framed(message("2")))
        s.end()
        self.assertEqual(s.frame(), ack(message("2")))


class Identity(Outbound):
    """Fault 51, of receivers."""

    def test_certificates_that_are_no_good(self):
        self.ca.issue("over", "server", -1, "DNS:localhost,IP:127.0.0.1")
        self.ca.issue("gone", "server", 10, "DNS:localhost,IP:127.0.0.1")
        self.ca.run("revoke", "gone")
        self.ca.issue("lone", "client", 10, "DNS:localhost,IP:127.0.0.1")
        self.ca.issue("common", "server", 10, "DNS:127.0.0.1")
        rows = [
            ("over", {}, "expired"),
            ("gone", {"crl": "crl"}, "revoked"),
            ("other", {}, "unknown_ca"),
            ("lone", {}, "key_usage"),
            ("client", {}, "key_usage"),
            ("common", {}, "name"),  # an address is no DNS name
            ("server", {"name": "else.example"}, "name"),
            ("server", {"name": "example"}, "name"),
            ("server", {"ca": "other-ca"}, "unknown_ca"),
        ]
        names = {"other": "lab.example", "client": "lab.example", "common": "127.0.0.1"}
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            for own, more, reason in rows:
                with self.subTest(own=own, reason=reason, version=version.name):
                    r = self.secure_receiver(own=own, version=version)
                    d, line = self.denied(r, self.tls(own="client", **more), reason)
                    self.assertEqual(line["peer_cert"], names.get(own, "localhost"))
                    wait_for("the receiver to be told", lambda r=r: r.errors)
                    d.stop()

    def test_keys_that_are_not_pinned(self):
        self.denied(
            self.secure_receiver(), self.tls(self.ca.pin("both"), own="client"), "pin"
        )

    def test_names_addresses_wildcards_and_pins_that_are_right(self):
        self.ca.issue("wild", "server", 10, "DNS:*.site.example")
        rows = [
            ("server", {}, ()),
            ("server", {"name": "EHR.example"}, ()),
            ("server", {"name": "ehr.example."}, ()),
            ("wild", {"name": "ehr.site.example"}, ()),
            ("server", {}, (self.ca.pin("server"),)),
            ("server", {}, (self.ca.pin("both"), self.ca.pin("server"))),
        ]
        for own, more, peers in rows:
            with self.subTest(own=own, more=more):
                r = self.secure_receiver(own=own)
                d, port = self.hop_to(r, self.tls(*peers, own="client", crl="crl", **more))
                s = self.sender(port)
                self.assertEqual(s.exchange(message()), ack(message()))
                self.assertEqual(r.bodies(), annotated([message()]))
                self.assertEqual(d.events("tls.denied"), [])

    def test_a_wildcard_is_good_for_one_label(self):
        self.ca.issue("wild", "server", 10, "DNS:*.site.example")
        self.denied(
            self.secure_receiver(own="wild"),
            self.tls(own="client", name="a.ehr.site.example"), "name",
        )


class Refusing(Outbound):
    """It is the receiver who does not want us."""

    def test_a_receiver_that_asks_for_a_certificate_we_have_not(self):
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            with self.subTest(version.name):
                r = self.secure_receiver(version=version)
                _, line = self.denied(r, self.tls(own=None), "peer_alert")
                self.assertIn("alert", line["err_text"])

    def test_attempts_slow_down_although_tls_1_3_seems_to_connect(self):
        r = self.secure_receiver()
        d, port = self.secure_feed(
            r, inbound="", outbound=self.tls(own=None),
            forward={"backoff_min": "200ms", "backoff_max": "10s"},
        )
        self.press(port, time.monotonic() + 3)
        self.assertLess(len(r.visits), 12)

    def press(self, port, end):
        """A sender that comes again and again until then."""
        while time.monotonic() < end:
            s = Sender(port)
            s.send(framed(message()))
            s.frame()
            s.close()
            time.sleep(0.01)

    def test_attempts_of_many_at_one_time_slow_down_as_well(self):
        r = self.secure_receiver()
        d, port = self.secure_feed(
            r, inbound="", outbound=self.tls(own=None),
            forward={"backoff_min": "200ms", "backoff_max": "10s"},
        )
        end = time.monotonic() + 4
        senders = [threading.Thread(target=self.press, args=(port, end)) for _ in range(8)]
        for t in senders:
            t.start()
        for t in senders:
            t.join()
        self.assertLess(len(r.visits), 8 * 12)

    def test_an_answer_makes_the_next_wait_the_shortest(self):
        r, door = self.secure_receiver(), free_port()
        picky, kind = r.context, server_context(self.ca, ask=None)
        d, port = self.secure_feed(
            r, '<metrics listen="127.0.0.1:%d"/>' % door, inbound="", outbound=self.tls(own=None),
            forward={"backoff_min": "100ms", "backoff_max": "1h"},
        )

        def wait_after_another():
            s = self.sender(port)
            s.send(framed(message()))
            self.assertTrue(s.closed())
            return metric(door, "hl7noted_backoff_seconds")

        wait_for("a long wait", lambda: wait_after_another() > 1)
        r.context = kind
        self.assertEqual(self.sender(port).exchange(message()), ack(message()))
        r.context = picky
        self.assertLess(wait_after_another(), 1)

    def test_one_that_spoils_a_connection_in_use_was_connected_to(self):
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            with self.subTest(version.name):
                def spoil(visit, body, number):
                    visit.answer(body)
                    if number == 1:
                        os.write(visit.sock.fileno(), b"no record of TLS")

                r = self.secure_receiver(spoil, version=version)
                d, port = self.hop_to(r, self.tls(own="client"), backoff_min="10s",
                                      backoff_max="10s")
                s = self.sender(port)
                self.assertEqual(s.exchange(message("1")), ack(message("1")))
                d.wait_event("tls.denied", outcome="protocol", dir="out")
                self.assertEqual(s.exchange(message("2")), ack(message("2")))
                self.assertEqual(d.events("conn.failed"), [])

    def test_a_receiver_that_speaks_no_tls(self):
        r = self.receiver(lambda v, body, n: None)
        d, port = self.secure_feed(
            r, '<limits handshake-timeout="500ms"/>', inbound="",
            outbound=self.tls(own="client"), forward=QUICK,
        )
        s = self.sender(port)
        s.send(framed(message()))
        self.assertTrue(s.closed())
        d.wait_event("tls.denied", outcome="handshake_timeout", dir="out")

        class Talks(type(r)):
            def _serve(self, visit):
                visit.send(b"\x0bMSH|")
                super()._serve(visit)

        r2 = Talks()
        self.addCleanup(r2.stop)
        d, port = self.hop_to(r2, self.tls(own="client"))
        s = self.sender(port)
        s.send(framed(message()))
        self.assertTrue(s.closed())
        d.wait_event("tls.denied", outcome="plain_text", dir="out")

    def test_one_that_takes_no_connection_is_no_handshake_that_is_slow(self):
        to, _ = self.full()
        d, port = self.secure_feed(
            to, '<limits handshake-timeout="200ms"/>', inbound="",
            outbound=self.tls(own="client"), forward={**QUICK, "connect_timeout": "1s"},
        )
        s = self.sender(port)
        s.send(framed(message()))
        d.wait_event("conn.timeout", outcome="connect_timeout")
        self.assertTrue(s.closed())
        self.assertEqual(d.events("tls.denied"), [])

    def test_a_receiver_that_leaves_in_the_handshake(self):
        for leave, words in (("reset", ("ECONNRESET", "down_lost")), ("close", ("down_lost",))):
            with self.subTest(leave):
                r = self.receiver(lambda v, body, n: None)
                d, port = self.hop_to(r, self.tls(own="client"))
                s = self.sender(port)
                s.send(framed(message()))
                wait_for("its visit", lambda: r.visits and r.visits[0].bytes)
                getattr(r.visits[0], leave)()
                self.assertTrue(s.closed())
                self.assertIn(d.wait_event("conn.failed")[0]["err_code"], words)

    def test_one_that_comes_to_its_senses_is_served(self):
        port_out = free_port()
        r = self.secure_receiver(own="other", port=port_out)
        d, port = self.hop_to(r, self.tls(own="client"))
        s = self.sender(port)
        s.send(framed(message()))
        self.assertTrue(s.closed())
        r.stop()
        self.secure_receiver(port=port_out)

        def served():
            s = self.sender(port)
            answer = s.exchange(message())
            s.close()
            return answer == ack(message())

        wait_for("the receiver", served)


class Bytes(Outbound):
    def test_samples(self):
        r = self.secure_receiver()
        _, port = self.hop_to(r, self.tls(own="client"))
        s = self.sender(port)
        bodies = [body for _, body in samples()][:40]
        for body in bodies:
            self.assertIsNotNone(s.exchange(body))
        self.assertEqual(r.bodies(), annotated(bodies))

    def test_a_large_message_in_one_breath_with_small_ones(self):
        r = self.secure_receiver()
        d, port = self.hop_to(r, self.tls(own="client"), in_flight=4)
        s = self.sender(port)
        bodies = [message("1"), message("2", more=b"ZXX|" + b"x" * 100000 + b"\r"), message("3")]
        for _ in range(20):
            s.send(b"".join(map(framed, bodies)))
            self.assertEqual([s.frame() for _ in bodies], list(map(ack, bodies)))
        self.assertTrue(r.bodies() == 20 * annotated(bodies), "other bytes")

    def test_answers_in_records_of_one_byte(self):
        def answer(visit, body, number):
            for byte in framed(ack(body)):
                visit.send(bytes([byte]))

        _, port = self.hop_to(self.secure_receiver(answer), self.tls(own="client"))
        s = self.sender(port)
        for n in range(5):
            self.assertEqual(s.exchange(message(str(n))), ack(message(str(n))))

    def test_a_receiver_that_reads_nothing_holds_up_its_sender_only(self):
        r = self.secure_receiver(lambda v, body, n: time.sleep(1) or v.answer(body))
        d, port = self.hop_to(r, self.tls(own="client"))
        large = message(value="15", more=b"NTE|1||" + b"x" * 8000000 + b"\r")
        slow, other = self.sender(port), self.sender(port)
        slow.send(framed(large))
        self.assertEqual(other.exchange(message("2")), ack(message("2")))
        self.assertEqual(slow.frame(), ack(large))
        self.assertEqual(sorted(map(len, r.bodies()))[-1], len(large))

    def test_what_ends_a_session_as_soon_as_its_receiver_is_known(self):
        """A broken frame behind a good one: once that is answered, nothing is left to do."""
        r = self.receiver(reads=False)  # its handshake waits for us
        d, port = self.hop_to(r, self.tls(own=None, name="localhost"))
        s = self.sender(port)
        s.send(framed(message()) + b"\x0bMSH|\x0b")
        wait_for("a connection", lambda: r.visits)
        context = server_context(self.ca, ask=None)
        with context.wrap_socket(r.visits[0].sock, server_side=True) as receiver:
            receiver.recv(1)
            receiver.sendall(framed(ack(message())))
            self.assertEqual(s.frame(), ack(message()))
            d.wait_event("conn.broken", outcome="frame_broken")
        self.assertTrue(s.closed())
        self.assertIsNone(d.process.poll())

    def test_an_answer_and_the_end_in_one_breath(self):
        """The answer counts, and the next message has a connection of its own."""
        def answer(visit, body, number):
            visit.answer(body)
            try:
                visit.sock.unwrap()
            except OSError:
                pass
            visit.close()

        r = self.secure_receiver(answer)
        _, port = self.hop_to(r, self.tls(own="client"))
        for n in range(5):
            s = self.sender(port)
            self.assertEqual(s.exchange(message(str(n))), ack(message(str(n))))
            s.close()
        self.assertEqual(len(r.visits), 5)


if __name__ == "__main__":
    main()
