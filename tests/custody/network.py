#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Custody between networks that fail: nothing acknowledged is lost, at most one is doubled."""

import contextlib
import os
import resource
import signal
import socket
import threading
import time

from custody import QUICK, Custody, Silence, custody_xml
from world import (
    MOMENT, PATIENCE, ack, annotated, code_of, control_id, feed_xml, framed, free_port, main,
    message, metric, read_slowly, resolved, wait_for, wait_read,
)

NUMBERED = [message("m%d" % n, value=str(n)) for n in range(1, 21)]


class Senders(Custody):
    def test_a_reset_inside_a_frame_takes_nothing_of_it(self):
        """Fault 1."""
        r = self.receiver()
        d, port = self.keep(r)
        s = self.sender(port)
        s.send(framed(message("1")) + framed(message("2"))[:-1])
        self.assertEqual(code_of(s.frame()), (b"AA", b"1"))
        s.reset()
        d.wait_event("conn.broken", outcome="sender_cut")
        self.taken(self.sender(port), message("3"))
        self.arrived(r, [message("1"), message("3")])
        self.assertEqual(len(d.wait_event("msg.queued", 2)), 2)

    def test_a_sender_may_pause_in_the_middle_of_sending_when_it_is_told_the_end(self):
        def scene():
            d, port = self.keep(r)
            s = self.sender(port)
            s.send(framed(message("1")) + b"\x0bMSH|" + b"x" * (1 << 20))
            wait_read(s.sock)
            d.signal(signal.SIGTERM)
            try:
                d.wait_event("conn.close", outcome="drained")
                s.send_in_pauses()
                self.assertEqual(code_of(s.frame()), (b"AA", b"1"))
                self.assertEqual(s.sock.recv(1), b"")
            finally:
                s.close()
                self.assertEqual(d.wait(), 0)

        r = self.receiver()
        self.undisturbed(1.7, scene)

    def test_a_sender_whose_frame_is_too_large_may_pause_in_the_middle_of_it(self):
        def scene():
            before = len(d.events("conn.broken"))
            s = self.sender(port)
            s.send(framed(message(str(before))))
            d.wait_event("msg.queued", before + 1)
            wait_read(s.sock)
            s.send(b"\x0bMSH|" + b"x" * 5000)
            d.wait_event("conn.broken", before + 1, outcome="frame_too_large")
            s.send_in_pauses()
            self.assertEqual(code_of(s.frame()), (b"AA", b"%d" % before))
            self.assertEqual(s.sock.recv(1), b"")

        d, port = self.keep(self.receiver(), max_frame="4KiB")
        self.undisturbed(1.7, scene)

    def test_a_sender_that_waits_for_no_answers_is_not_left_to_send_in_vain(self):
        d, port = self.keep(self.receiver(), max_frame="4KiB")
        s = self.sender(port)
        s.send(framed(message("1", modes="|||NE|NE")))
        d.wait_event("msg.queued")
        s.send(b"\x0bMSH|" + b"x" * 5000)
        d.wait_event("conn.broken", outcome="frame_too_large")
        self.assertLess(s.sends_in_vain(), 2)

    def test_a_sender_that_waits_for_some_answers_may_pause_in_the_middle_of_sending(self):
        """It looks for them, and so for an end."""
        def scene():
            before = len(d.events("conn.broken"))
            s = self.sender(port)
            s.send(framed(one))
            s.sock.recv(1, socket.MSG_PEEK)
            s.send(framed(two) + b"\x0bMSH|" + b"x" * 5000)
            d.wait_event("conn.broken", before + 1, outcome="frame_too_large")
            s.send_in_pauses()
            self.assertEqual(code_of(s.frame()), code)
            self.assertEqual(s.sock.recv(1), b"")

        d, port = self.keep(self.receiver(), max_frame="4KiB")
        for one, two, code in (
            (message("1"), message("2", modes="|||NE|NE"), (b"AA", b"1")),
            (message("", modes="|||ER|NE"), message("2", modes="|||ER|NE"), (b"CE", b"")),
        ):
            with self.subTest(one=one[:80], two=two[:80]):
                self.undisturbed(1.7, scene)

    def test_a_resend_after_a_lost_answer_is_acknowledged_again_and_not_sent_again(self):
        """Fault 2."""
        r = self.receiver()
        d, port = self.keep(r)
        for n, modes in enumerate(("", "|||AL|NE"), 1):
            body = message(str(n), modes=modes)
            s = self.sender(port)
            s.send(framed(body))
            d.wait_event("msg.queued", n)
            s.reset()
            for _ in range(3):
                answer = self.sender(port).exchange(body)
                self.assertEqual(
                    code_of(answer), (b"CA" if modes else b"AA", str(n).encode())
                )
            d.wait_event("msg.duplicate", 3 * n)
        self.arrived(r, [message("1"), message("2", modes="|||AL|NE")])
        self.quiet(r)

    def test_a_resend_on_the_same_connection_is_recognised(self):
        r = self.receiver()
        d, port = self.keep(r)
        s = self.sender(port)
        s.send(3 * framed(message("1")))
        for _ in range(3):
            self.assertEqual(code_of(s.frame()), (b"AA", b"1"))
        self.arrived(r, [message("1")])
        self.quiet(r)

    def test_a_sender_gone_before_its_answer_leaves_its_message_queued(self):
        r = self.receiver()
        _, port = self.keep(r)
        s = self.sender(port)
        s.send(framed(message("1")))
        s.end()
        s.close()
        self.arrived(r, [message("1")])

    def test_a_sender_that_ends_its_side_gets_all_its_answers(self):
        r = self.receiver()
        _, port = self.keep(r)
        s = self.sender(port)
        s.send(b"".join(map(framed, NUMBERED)))
        s.end()
        got = [code_of(s.frame()) for _ in NUMBERED]
        self.assertEqual(got, [(b"AA", b"m%d" % n) for n in range(1, 21)])
        self.assertIsNone(s.frame())
        self.arrived(r, NUMBERED)

    def test_one_byte_per_segment_arrives_whole(self):
        """Fault 5."""
        r = self.receiver()
        _, port = self.keep(r)
        s = self.sender(port)
        for byte in framed(message("1")):
            s.send(bytes([byte]))
        self.assertEqual(code_of(s.frame()), (b"AA", b"1"))
        self.arrived(r, [message("1")])

    def test_large_frames_arrive_whole_whatever_waits_behind_them(self):
        r = self.receiver()
        d, port = self.keep(r)
        s = self.sender(port)
        large = [
            message("L%d" % n, more=b"OBX|3|ED|9^x^L||" + b"%d" % n * size + b"||||||F\r")
            for n, size in enumerate((3 << 20, 70000, 5 << 20, 65535, 1))
        ]
        s.send(b"".join(framed(m) + framed(message("s%d" % n)) for n, m in enumerate(large)))
        bodies = [b for n, m in enumerate(large) for b in (m, message("s%d" % n))]
        got = [code_of(s.frame()) for _ in bodies]
        self.assertEqual(got, [(b"AA", control_id(b)) for b in bodies])
        self.arrived(r, bodies)

    def test_a_slow_sender_is_closed_at_the_frame_deadline(self):
        """Fault 7."""
        r = self.receiver()
        d, port = self.keep(r, frame_deadline="500ms")
        s = self.sender(port)
        s.send(framed(message("1"))[:40])
        self.assertTrue(s.closed())
        d.wait_event("conn.timeout", outcome="frame_timeout")
        self.quiet(r)

    def test_senders_that_stall_at_the_limit_are_ended_for_those_who_wait(self):
        r, port = self.receiver(), free_port()
        d = self.configure(
            '<limits in-flight-bytes="1MiB"/>',
            *self.parts(custody_xml(port, r.port, max_frame="1MiB", frame_deadline="1h")),
        )
        large = framed(message("1", more=b"NTE|1||" + b"x" * 800000 + b"\r"))
        began = time.monotonic()
        for s in [self.sender(port) for _ in range(2)]:
            s.send(large[:700000])
        d.wait_event("svc.paused", outcome="in_flight_bytes")
        self.taken(self.sender(port), message("3"))
        self.assertGreater(time.monotonic() - began, 1)
        d.wait_event("conn.timeout", outcome="frame_timeout")
        self.arrived(r, [message("3")])

    def test_feeds_share_the_bytes_that_are_on_their_way_to_receivers(self):
        silent = [Silence() for _ in range(4)]
        receivers = [self.receiver(handler=s) for s in silent]
        ports = [free_port() for _ in receivers]
        feeds = [
            custody_xml(p, r.port, name="f%d" % p, max_frame="1MiB", forward={"in_flight": 64})
            for p, r in zip(ports, receivers)
        ]
        self.configure('<limits in-flight-bytes="4MiB"/>', *self.parts(*feeds))
        bodies = [message("m%d" % n, more=b"NTE|1||" + b"x" * 300000 + b"\r") for n in range(12)]
        for port in ports:
            self.taken(self.sender(port), *bodies)
        for r in receivers:
            self.assertEqual(len(r.wait(4)), 4)  # the fourth goes beyond 1 MiB
            self.quiet(r)
        for s in silent:
            s.end()
        for r in receivers:
            self.arrived(r, bodies)

    def test_what_a_sender_left_behind_is_not_held(self):
        r = self.receiver()
        _, port = self.keep(r)
        held = lambda: self.metric("hl7noted_held_bytes")
        s = self.sender(port)
        s.send(framed(message("1", more=b"NTE|1||" + b"x" * 300000 + b"\r"))[:200000])
        wait_for("half a frame", lambda: held() >= 200000)
        s.close()
        wait_for("nothing", lambda: held() == 0)

    def test_a_sender_that_never_reads_its_answers_is_closed_and_loses_nothing(self):
        """Fault 8."""
        r = self.receiver()
        d, port = self.keep(r, max_unsent="4KiB")
        s = self.sender(port, room=2048)
        try:
            for n in range(100000):
                s.send(framed(message("u%d" % n)))
        except OSError:
            pass
        d.wait_event("conn.close", outcome="unread")

        def counts():  # not from the log, which may lack lines of so many
            queue = self.state()[1]["queue"]
            return queue["queued"], queue["delivered"]

        wait_for("all to be delivered", lambda: len(set(counts())) == 1, 5 * PATIENCE)
        self.quiet(r)  # what was pending when it was closed, too
        queued, _ = counts()
        self.assertTrue(0 < queued < 100000)
        bodies = r.wait(queued)
        self.assertEqual(bodies, annotated([message("u%d" % n) for n in range(queued)]))

    def test_a_sender_that_goes_on_sending_at_the_end_loses_no_answer(self):
        """What comes for a closed socket resets the connection, with all that is on its way."""
        d, port = self.keep(self.receiver(), listen={"max_connections": "1"})
        s = self.sender(port, room=2048)
        bodies = [message(str(n)) for n in range(100)]
        s.send(b"".join(framed(body) for body in bodies) + b"\x0bMSH\x0b")
        d.wait_event("conn.broken", outcome="frame_broken")
        d.wait_event("msg.queued", len(bodies))
        s.send(b"\x0bMSH|")
        for body in bodies:
            self.assertEqual(code_of(s.frame()), (b"AA", control_id(body)))
        self.assertTrue(s.closed())
        s.close()
        self.taken(self.sender(port), message("again"))
        self.assertEqual(d.events("conn.refused"), [])

    def test_what_cannot_be_read_is_rejected_with_its_place_and_not_queued(self):
        """Faults 19 and 48: the sender goes on as if nothing had happened."""
        r = self.receiver()
        d, port = self.keep(r)
        s = self.sender(port)
        for junk in (b"", b"M", b"hello", b"\xff\xfe\0", b"PID|1\rMSH|^~\\&|a"):
            answer = s.exchange(junk)
            self.assertEqual(code_of(answer), (b"AR", b""), junk)
            self.assertIn(b"\rERR||MSH^1|100^Segment sequence error^HL70357|E|", answer)
        self.taken(s, message("1"))
        self.arrived(r, [message("1")])
        told = d.wait_event("msg.rejected", 5, outcome="unreadable")
        self.assertEqual([e["err_loc"] for e in told], 5 * ["MSH[1]"])


class Receivers(Custody):
    def test_a_receiver_that_is_lost_after_the_send_gets_the_same_bytes_again(self):
        """Fault 3: once more for each loss, and no other."""
        r = self.receiver(lambda v, body, n: v.reset() if n in (1, 2, 6) else v.answer(body))
        d, port = self.keep(r)
        self.taken(self.sender(port), *NUMBERED[:5])
        done = annotated(NUMBERED[:5])
        self.assertEqual(
            r.wait(8),
            [done[0], done[0], done[0], done[1], done[2], done[3], done[3], done[4]],
        )
        self.quiet(r)
        d.wait_event("msg.delivered", 5)
        retries = d.events("msg.retry", outcome="none", err_code="down_lost")
        self.assertEqual([e["attempt"] for e in retries], [1, 2, 1])
        self.assertEqual([e["attempt"] for e in d.events("msg.delivered")], [3, 1, 1, 2, 1])

    def test_a_large_message_on_a_slow_line_is_sent_once(self):
        """It takes longer than an answer may, but the receiver is at it."""
        self.sent_once(1)

    def test_a_large_message_on_a_slow_line_is_sent_once_with_another_behind_it(self):
        self.sent_once(2)

    def sent_once(self, in_flight):
        body = message("1", more=b"ZXX|" + b"x" * (12 << 20) + b"\r")
        with socket.create_server(("127.0.0.1", 0)) as listening:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
            d, port = self.keep(
                listening.getsockname()[1], max_frame="32MiB",
                forward={**QUICK, "ack_timeout": "4s", "in_flight": in_flight},
            )
            self.taken(self.sender(port), body, message("2"))
            visit, _ = listening.accept()
            with visit:
                self.assertGreater(read_slowly(visit, len(body)), 7, d.text())
                visit.sendall(framed(ack(body)))
                done = d.wait_event("msg.delivered")[0]
        self.assertEqual((done["ctl_id"], done["attempt"]), ("1", 1))

    def test_a_receiver_that_ends_inside_its_answer_has_not_answered(self):
        def half(visit, body, number):
            if number > 1:
                visit.answer(body)
                return
            visit.send(framed(ack(body))[:-1])
            visit.close()

        r = self.receiver(half)
        _, port = self.keep(r)
        self.taken(self.sender(port), message("1"))
        self.arrived(r, 2 * [message("1")])

    def test_each_connection_to_it_is_told_of_from_its_beginning_to_its_end(self):
        """Whoever ends it: here the daemon, by a time-out, a reload and its own end."""
        r = self.receiver(lambda v, body, n: n > 1 and v.answer(body))
        d, port = self.keep(r, forward={**QUICK, "ack_timeout": "500ms"})
        self.taken(self.sender(port), message("1"))
        d.wait_event("msg.delivered")
        other = self.receiver()
        self.change(d, other, port)
        self.taken(self.sender(port), message("2"))
        d.wait_event("msg.delivered", 2)
        d.stop()
        ways = [
            (e["event"], e["peer"]) for e in d.lines()
            if e.get("dir") == "out" and e["event"].startswith("conn.")
        ]
        visits = [len(r.visits), len(other.visits)]
        self.assertGreaterEqual(visits[0], 2)
        late = (visits[0] - 1) * ["conn.timeout"] + 2 * ["conn.close"]
        self.assertEqual(
            ways,
            [
                (event, "127.0.0.1:%d" % to.port)
                for to, end in zip(visits[0] * [r] + [other], late) for event in ("conn.open", end)
            ],
        )

    def test_nobody_listens_and_all_is_taken_and_delivered_later_in_order(self):
        """Faults 9 and 20's opposite: with custody it is AA."""
        r = self.receiver()
        r.stop()
        d, port = self.keep(r)
        self.taken(self.sender(port), *NUMBERED)
        d.wait_event("conn.failed", 3, err_code="ECONNREFUSED")
        self.assertEqual(d.events("msg.retry"), [], "no message is to blame")
        r.start()
        self.arrived(r, NUMBERED)
        self.quiet(r)

    def test_attempts_to_connect_back_off_between_their_bounds(self):
        r = self.receiver()
        r.stop()
        d, port = self.keep(r, forward={**QUICK, "backoff_min": "200ms", "backoff_max": "800ms"})
        began = time.monotonic()
        self.taken(self.sender(port), message("1"))
        d.wait_event("conn.failed", 8)
        count = len(d.events("conn.failed"))
        took = time.monotonic() - began
        # waits of 100 to 200, 200 to 400, then 400 to 800 ms; a busy machine adds to them
        self.assertLessEqual(count, 3 + took / 0.4)

    def test_a_receiver_that_does_not_accept_is_tried_until_it_does(self):
        """Fault 9, blackholed: connections are neither made nor refused."""
        port, end = self.full()
        d, at = self.keep(port, forward={**QUICK, "connect_timeout": "300ms"})
        self.taken(self.sender(at), *NUMBERED[:3])
        d.wait_event("conn.failed", 2, err_code="ETIMEDOUT")
        end()
        r = self.receiver(port=port)
        self.arrived(r, NUMBERED[:3])

    def test_an_address_that_lost_its_name_is_tried_no_more(self):
        with socket.socket() as full, contextlib.ExitStack() as held:
            full.bind(("127.0.0.1", 0))
            full.listen(0)
            for _ in range(4):
                s = held.enter_context(socket.socket())
                s.setblocking(False)
                s.connect_ex(full.getsockname())
            to, port = full.getsockname()[1], free_port()
            r = self.receiver(host="127.0.0.2", port=to)
            named = {"host": "receiver.test", "forward": {**QUICK, "connect_timeout": "5s"}}
            d = self.configure(
                *self.parts(self.one(r, port, named)),
                through=self.private("127.0.0.1 receiver.test\n"),
            )
            self.taken(self.sender(port), *NUMBERED[:3])
            time.sleep(0.5)
            with open(self.path("hosts"), "w", encoding="ascii") as f:
                f.write("127.0.0.2 receiver.test\n")
            self.arrived(r, NUMBERED[:3])  # the next attempt has the name looked up again
            self.assertLessEqual(len(d.events("conn.failed")), 1)

    def test_a_receiver_whose_name_is_our_own_gets_nothing(self):
        """What came back would pass for a resend, and for delivered."""
        for listen, host in (("127.0.0.1", "127.0.0.1"), ("::", "::1")):
            with self.subTest(listen=listen):
                port = free_port()
                feed = {"host": "receiver.test", "listen": {"address": listen}}
                d = self.configure(
                    *self.parts(self.one(port, port, feed)),
                    through=self.private("%s receiver.test\n" % host),
                )
                self.taken(self.sender(port, host=host), NUMBERED[0])
                d.wait_event("conn.refused", outcome="itself")
                d.wait_event("msg.retry", 2, outcome="none", err_code="down_lost")
                self.assertEqual(d.events("msg.delivered") + d.events("msg.duplicate"), [])
                self.assertEqual(len(d.events("msg.queued")), 1)
                self.afresh(d)

    def ring(self, modes, ports, **first):
        """A feed of each mode, which forwards to the next; the last to whatever comes then."""
        for n, mode in enumerate(modes):
            make = custody_xml if mode == "store" else feed_xml
            yield make(ports[n], ports[n + 1], name="f%d" % n, **({} if n else first))

    def test_no_circle_of_feeds_is_closed(self):
        """What came back to the first would pass for a resend, and for delivered."""
        for modes in ("store store", "store store store", "store relay", "store relay store",
                      "store relay relay store", "relay store store"):
            with self.subTest(modes=modes):
                modes = modes.split()
                ports = [free_port() for _ in modes]
                d = self.configure(*self.parts(*self.ring(modes, ports + ports[:1])))
                self.taken(self.sender(ports[0]), NUMBERED[0])
                stores = modes.count("store")
                d.wait_event("conn.refused", 3, outcome="itself")
                self.assertEqual(len(d.events("msg.queued")), stores)
                self.assertEqual(len(d.events("msg.delivered")), stores - 1)
                self.assertEqual(d.events("msg.duplicate"), [])
                r = self.receiver()
                self.rewrite(*self.parts(*self.ring(modes, ports + [r.port])))
                d.reload()
                self.arrived(r, NUMBERED[:1])
                self.taken(self.sender(ports[0]), NUMBERED[1])
                self.arrived(r, NUMBERED[:2])
                self.afresh(d)

    def test_a_circle_stays_open_while_its_other_connections_are_away(self):
        ports = [free_port() for _ in range(2)]
        d = self.configure(
            *self.parts(
                custody_xml(ports[0], ports[1], name="a"),
                custody_xml(ports[1], ports[0], name="b", idle_timeout="1s"),
            )
        )
        self.taken(self.sender(ports[0]), NUMBERED[0])
        d.wait_event("conn.refused", outcome="itself")
        d.wait_event("conn.timeout", feed="b")
        before = len(d.events("conn.refused"))
        d.wait_event("conn.refused", before + 3, outcome="itself")
        self.assertEqual(d.events("msg.duplicate"), [])
        self.taken(self.sender(ports[0]), NUMBERED[1])  # goes the way that the first one went
        d.wait_event("msg.delivered", 2, feed="a")
        self.assertEqual(len(d.events("msg.delivered")), 2)

    def test_what_came_back_is_not_lost_when_a_circle_is_mended(self):
        """Wherever: here the message has been where it goes, before."""
        ports = [free_port() for _ in range(2)]
        circle = self.parts(*self.ring(["store"] * 2, ports + ports[:1]))
        d = self.configure(*circle)
        self.taken(self.sender(ports[0]), NUMBERED[0])
        d.wait_event("conn.refused", outcome="itself")
        self.assertEqual(d.stop(), 0)
        d = self.again(d)  # nobody knows yet where the first one leads
        d.wait_event("conn.refused", 3, outcome="itself")
        self.assertEqual(len(self.rows("--state", "waiting")), 1)
        self.assertEqual(d.events("msg.duplicate"), [])
        r = self.receiver()
        self.rewrite(
            *self.parts(
                custody_xml(ports[0], r.port, name="f0"),
                custody_xml(ports[1], ports[0], name="f1"),
            )
        )
        d.reload()
        self.arrived(r, NUMBERED[:1])
        self.taken(self.sender(ports[1]), NUMBERED[1])
        self.arrived(r, NUMBERED[:2])

    def test_what_came_back_from_a_feed_that_is_taken_away_is_not_lost(self):
        """It is read when the feed that has it in flight is in no configuration any more."""
        r, ports = self.receiver(), [free_port() for _ in range(2)]
        a = custody_xml(ports[0], ports[1], name="f0", annotate="off")
        mended = custody_xml(ports[0], r.port, name="f0", annotate="off")
        b = custody_xml(ports[1], ports[0], name="f1", annotate="off")
        full = self.crowded()
        d = self.configure(*self.parts(a, b))
        s = self.sender(ports[0])
        self.taken(s, NUMBERED[0])
        s.close()
        d.wait_event("conn.refused", outcome="itself")
        self.rewrite(*self.parts(a, b, **full))
        d.reload()
        d.wait_event("queue.disk_low")
        self.rewrite(*self.parts(mended, b, **full))
        d.reload()
        wait_for("that of f1", lambda: self.state()[1]["connections"] == 1)
        self.rewrite(*self.parts(mended, **full))
        d.reload()
        self.rewrite(*self.parts(mended))
        d.reload()
        self.assertEqual(r.wait(1), NUMBERED[:1])

    def test_feeds_that_change_their_places_close_no_circle(self):
        """a led to b, which goes before a now; where b was, there is another feed."""
        for idle_timeout in (None, "1s"):
            with self.subTest(idle_timeout=idle_timeout):
                r = self.receiver()
                at_a, at_b, then_at_b = (free_port() for _ in range(3))
                a = custody_xml(at_a, at_b, name="a")
                b = custody_xml(at_b, r.port, name="b", idle_timeout=idle_timeout)
                d = self.configure(*self.parts(a, b))
                self.taken(self.sender(at_a), NUMBERED[0])
                self.arrived(r, NUMBERED[:1])
                if idle_timeout:
                    d.wait_event("conn.close", feed="a", dir="out")
                b = custody_xml(then_at_b, at_a, name="b")
                self.rewrite(*self.parts(a, b, custody_xml(at_b, r.port, name="c")))
                d.reload()
                self.taken(self.sender(then_at_b), NUMBERED[1])
                self.arrived(r, NUMBERED[:2])
                self.assertEqual(d.events("conn.refused"), [])
                self.afresh(d)

    def test_a_sender_may_have_the_port_that_we_have_towards_the_receiver(self):
        """As the system gives it, now and then, to one on the same machine."""
        r = self.receiver()
        d, port = self.keep(r)
        self.taken(self.sender(port), NUMBERED[0])
        self.arrived(r, NUMBERED[:1])
        own = r.visits[0].sock.getpeername()[1]
        s = self.sender(port, own=own)
        self.assertEqual(s.sock.getsockname()[1], own)
        self.taken(s, NUMBERED[1])
        self.arrived(r, NUMBERED[:2])

    def test_an_attempt_outlives_the_address_that_its_name_had(self):
        """The name server tells another while the one known before is tried."""
        server = self.silent_server()
        (to, _), port = self.full(), free_port()
        r = self.receiver(host="127.0.0.2", port=to)
        named = {"host": "receiver.test", "forward": {**QUICK, "connect_timeout": "3s"}}
        d = self.configure(
            *self.parts(self.one(r, port, named)),
            through=self.private(
                "127.0.0.1 receiver.test\n",
                "nameserver %s\noptions timeout:30\n" % self.name_server(),
            ),
        )
        self.taken(self.sender(port), *NUMBERED[:3])
        self.tried(1)
        with open(self.path("hosts"), "w", encoding="ascii") as f:
            f.write("127.0.0.1 other.test\n")
        asked = [server.recvfrom(512) for _ in ("A", "AAAA")]
        self.tried(2)
        for query, peer in asked:
            server.sendto(resolved(query, "127.0.0.2"), peer)
        self.arrived(r, NUMBERED[:3])
        late = d.wait_event("conn.timeout", 2, outcome="connect_timeout")
        self.assertEqual({e["peer"] for e in late}, {"127.0.0.1:%d" % to})
        self.assertEqual(d.events("dns.failed"), [])

    def tried(self, count):
        """Waits for so many attempts to connect."""
        name = "hl7noted_forward_attempts_total"
        wait_for(name, lambda: (metric(self.door, name, result="tried") or 0) >= count)

    def test_an_address_that_takes_connections_and_never_answers_is_not_kept(self):
        """One that was good once, and then stands in for a receiver that is away: it ends each
        connection."""
        stand_in = self.receiver(
            lambda visit, body, number: visit.close() if number > 1 else visit.answer(body)
        )
        port = free_port()
        self.configure(
            *self.parts(self.one(stand_in, port, {"host": "receiver.test"})),
            through=self.two_addresses(),
        )
        self.taken(self.sender(port), *NUMBERED[:4])
        stand_in.wait(4)
        r = self.receiver(host="::1", port=stand_in.port)
        self.arrived(r, NUMBERED[1:4])

    def test_an_address_that_never_answers_keeps_nobody_from_the_one_behind_it(self):
        stand_in = self.receiver(lambda visit, body, number: visit.close(), host="::1")
        r = self.receiver(port=stand_in.port)
        port = free_port()
        self.configure(
            *self.parts(self.one(r, port, {"host": "receiver.test"})),
            through=self.two_addresses(),
        )
        self.taken(self.sender(port), *NUMBERED[:3])
        self.arrived(r, NUMBERED[:3])
        self.assertEqual(len(stand_in.frames), 1)

    def test_an_address_that_owes_no_answer_is_kept(self):
        self.keeps_to_the_first_address(
            lambda r, port: self.parts(self.one(r, port, {"host": "receiver.test"}))
        )

    def test_a_name_that_does_not_exist_is_told_and_nothing_is_lost(self):
        """Fault 10."""
        r = self.receiver()
        d, port = self.keep(r, host="no-such-host.invalid")
        self.taken(self.sender(port), *NUMBERED[:3])
        told = len(d.wait_event("dns.failed"))
        for result in ("tried", "failed"):
            attempts = self.metric("hl7noted_forward_attempts_total", result=result)
            self.assertGreaterEqual(attempts, told, result)
        self.change(d, r, port)
        self.arrived(r, NUMBERED[:3])

    def test_a_receiver_moved_by_reload_gets_what_is_left(self):
        first, second = self.receiver(), self.receiver()
        d, port = self.keep(first)
        self.taken(self.sender(port), *NUMBERED[:5])
        self.arrived(first, NUMBERED[:5])
        self.change(d, second, port)
        self.taken(self.sender(port), *NUMBERED[5:10])
        self.arrived(second, NUMBERED[5:10])
        self.assertEqual(len(first.frames), 5)

    def test_a_connection_for_each_message_doubles_and_delays_none(self):
        late = []

        def once(visit, body, number):
            began = time.monotonic()
            visit.answer(body)
            time.sleep(0.002)
            visit.close()
            if time.monotonic() - began > MOMENT / 2:
                late.append(body)

        r = self.receiver(once)
        d, port = self.keep(r, forward={**QUICK, "backoff_min": "6s", "backoff_max": "6s"})
        began = time.monotonic()
        self.taken(self.sender(port), *NUMBERED)
        d.wait_event("msg.delivered", len(NUMBERED))
        # before its habit is known, one message may meet the end of a connection; and so may one
        # behind an end that came late, as this process stood still
        self.assertLessEqual(len(r.frames), len(NUMBERED) + 1 + len(late))
        if not late:
            self.assertLess(time.monotonic() - began, 50, "waiting for each takes a minute")
        seen = []
        for body in r.bodies():
            if body not in seen:
                seen.append(body)
        self.assertEqual(seen, annotated(NUMBERED))


class Processes(Custody):
    def test_messages_that_wait_are_told_and_sent_after_a_restart(self):
        r = self.receiver()
        r.stop()
        d, port = self.keep(r)
        self.taken(self.sender(port), *NUMBERED)
        self.assertEqual(d.stop(), 0)
        d, _ = self.keep(r, port=port)
        self.assertEqual(d.wait_event("queue.waiting")[0]["count"], len(NUMBERED))
        r.start()
        self.arrived(r, NUMBERED)
        self.quiet(r)
        d.wait_event("msg.delivered", len(NUMBERED))
        self.assertEqual(d.stop(), 0)
        self.keep(r, port=port)
        self.quiet(r)

    def test_a_kill_loses_nothing_and_doubles_at_most_one(self):
        count = int(os.environ.get("HL7_KILLS", "4"))
        r = self.receiver()
        port, doubled, sent = free_port(), 0, []
        for n in range(count):
            d, _ = self.keep(r, port=port)
            d.expected = None
            s = self.sender(port)
            bodies = [message("k%d-%d" % (n, i)) for i in range(50)]
            for body in bodies:
                s.send(framed(body))
            for body in bodies[: 10 + 9 * (n % 5)]:
                self.assertEqual(code_of(s.frame())[0], b"AA")
                sent.append(body)
            d.process.kill()
            d.wait()
        d, _ = self.keep(r, port=port)
        wanted = set(annotated(sent))
        wait_for("all of them", lambda: wanted <= set(r.bodies()))
        bodies = r.bodies()
        doubled = len(bodies) - len(set(bodies))
        self.assertLessEqual(doubled, count)
        # in order, but for what came twice
        first = list(dict.fromkeys(bodies))
        order = {body: i for i, body in enumerate(first)}
        places = [order[b] for b in annotated(sent)]
        self.assertEqual(places, sorted(places))

    def test_an_answer_that_came_while_the_process_stood_still_counts(self):
        """Fault 42."""
        gate = threading.Event()

        def hold(visit, body, number):
            if number == 1:
                gate.wait(PATIENCE)
            visit.answer(body)

        r = self.receiver(hold)
        d, port = self.keep(r, forward={**QUICK, "ack_timeout": "6s"})
        s = self.sender(port)
        self.taken(s, NUMBERED[0])
        r.wait(1)
        d.signal(signal.SIGSTOP)
        gate.set()
        s.send(framed(NUMBERED[1]))
        time.sleep(7)
        d.signal(signal.SIGCONT)
        self.arrived(r, NUMBERED[:2])
        self.quiet(r)
        self.assertEqual(d.events("msg.retry"), [])

    def test_after_a_pause_a_message_without_an_answer_is_sent_again(self):
        r = self.receiver(lambda v, body, n: n > 1 and v.answer(body))
        d, port = self.keep(r, forward={**QUICK, "ack_timeout": "2s"})
        self.taken(self.sender(port), message("1"))
        r.wait(1)
        d.signal(signal.SIGSTOP)
        time.sleep(3)
        d.signal(signal.SIGCONT)
        self.arrived_again(d, r, [message("1")])
        self.assertEqual(d.wait_event("msg.retry")[0]["err_code"], "ack_timeout")

    def test_TERM_lets_what_is_in_flight_be_answered_and_keeps_the_rest(self):
        """Fault 35."""
        gate = threading.Event()

        def slow(visit, body, number):
            gate.wait(PATIENCE)
            visit.answer(body)

        r = self.receiver(slow)
        d, port = self.keep(r)
        self.taken(self.sender(port), *NUMBERED[:5])
        r.wait(1)
        d.signal(signal.SIGTERM)
        d.wait_event("svc.stopping")
        gate.set()
        self.assertEqual(d.wait(), 0)
        self.assertEqual(len(r.frames), 1)
        self.keep(r, port=port)
        self.arrived(r, NUMBERED[:5])
        self.quiet(r)

    def test_TERM_waits_for_what_a_feed_sent_that_a_reload_took_away(self):
        quiet = Silence()
        r = self.receiver(quiet)
        d, port = self.keep(r)
        self.taken(self.sender(port), *NUMBERED[:2])
        r.wait(1)
        self.change(d, r, free_port(), name="other")
        d.signal(signal.SIGTERM)
        d.wait_event("svc.stopping")
        time.sleep(0.5)
        self.assertIsNone(d.process.poll())
        quiet.end()
        self.assertEqual(d.wait(), 0)
        self.keep(r, port=port)
        self.arrived(r, NUMBERED[:2])
        self.quiet(r)


class Limits(Custody):
    def test_senders_that_gave_up_while_intake_was_stopped_hold_no_place(self):
        r = self.receiver()
        few = {"max_per_address": 1}
        d, port = self.keep(r, store=self.crowded(), listen=few)
        d.wait_event("queue.disk_low")
        for _ in range(3):
            s = self.sender(port)
            s.send(framed(NUMBERED[0]))
            wait_for("its place", lambda: self.state()[1]["connections"] == 1)
            s.close()
            wait_for("no place", lambda: self.state()[1]["connections"] == 0)
        patient = self.sender(port)
        patient.send(framed(NUMBERED[1]))
        self.change(d, r, port, listen=few)
        self.assertEqual(code_of(patient.frame()), (b"AA", control_id(NUMBERED[1])))
        self.assertEqual(d.events("conn.refused"), [])
        self.arrived(r, NUMBERED[1:2])

    def test_without_descriptors_messages_are_taken_and_wait(self):
        """Fault 34: accepting rests, and so does connecting; nothing spins, nothing is lost."""
        r = self.receiver()
        wide = {"max_connections": 1000, "max_per_address": 1000}
        d, port = self.keep(r, listen=wide)
        inside = self.sender(port)
        self.taken(inside, NUMBERED[0])
        d.wait_event("msg.delivered")
        before = d.descriptors()
        r.stop()
        # with nothing to deliver it tries no connection, which might be counted, too
        wait_for("the receiver's to be closed", lambda: d.descriptors() < before)
        resource.prlimit(d.pid, resource.RLIMIT_NOFILE, (d.first_free(), 4096))
        crowd = [self.sender(port) for _ in range(20)]
        self.assertEqual(d.wait_event("svc.paused")[0]["err_code"], "EMFILE")
        r.start()
        self.taken(inside, *NUMBERED[1:5])
        d.wait_event("conn.failed", err_code="EMFILE")
        self.assertLess(d.busy(2), 0.05)
        for s in crowd:
            s.close()
        resource.prlimit(d.pid, resource.RLIMIT_NOFILE, (4096, 4096))
        self.arrived(r, NUMBERED[:5])
        self.taken(self.sender(port), NUMBERED[5])
        self.arrived(r, NUMBERED[:6])

    def test_when_senders_are_refused_descriptors_forwarding_and_operating_have_them(self):
        r = self.receiver()
        r.stop()
        d, port = self.keep(r, listen={"max_connections": 1000, "max_per_address": 1000})
        inside = self.sender(port)
        self.taken(inside, *NUMBERED[:3])
        resource.prlimit(d.pid, resource.RLIMIT_NOFILE, (d.descriptors() + 66, 4096))
        crowd = [self.sender(port) for _ in range(80)]
        d.wait_event("conn.refused", 60, outcome="descriptors")
        self.queue("backup", self.path("copy"))
        self.assertEqual(len(self.rows()), 3)
        r.start()
        self.arrived(r, NUMBERED[:3])
        self.taken(inside, NUMBERED[3])
        for s in crowd:
            s.close()

    def test_a_file_that_may_not_grow_stops_intake_and_nothing_else(self):
        """Fault 24: SIGXFSZ is an error, not a death; it is a full disk to us."""
        r = self.receiver()
        r.stop()
        d, port = self.keep(r, max_frame="1MiB")
        large = [message("l%d" % n, more=b"NTE|1||" + b"x" * 400000 + b"\r") for n in range(40)]
        s, kept = self.sender(port), []
        self.taken(s, NUMBERED[0])
        resource.prlimit(d.pid, resource.RLIMIT_FSIZE, (4 << 20, resource.RLIM_INFINITY))
        for body in large:
            s.send(framed(body))
            answer = self.answer_or(s, lambda: d.events("queue.disk_low"))
            if not answer:
                break
            self.assertEqual(code_of(answer)[0], b"AA")
            kept.append(body)
        self.assertLess(len(kept), len(large))
        d.wait_event("queue.disk_low")
        r.start()
        self.arrived(r, [NUMBERED[0], *kept])
        resource.prlimit(d.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
        self.taken(self.sender(port), NUMBERED[1])
        d.wait_event("queue.disk_well")
        self.assertEqual(d.stop(), 0)


    def answer_or(self, sender, condition):
        """The next answer, or None where none came and the condition is true."""
        while True:
            enough = condition()
            try:
                return sender.frame(1)
            except AssertionError:  # it waits
                if enough:
                    return None


class Clock(Custody):
    def test_a_clock_that_jumps_a_year_changes_no_wait_and_loses_nothing(self):
        """Fault 40: retries follow another clock; a clock set back blames no resend."""
        refused = []

        def later(visit, body, number):
            if control_id(body) in (b"m2", b"m4") and control_id(body) not in refused:
                refused.append(control_id(body))
                visit.answer(body, b"AR")
            else:
                visit.answer(body)

        r, port = self.receiver(later), free_port()
        wait = {**QUICK, "backoff_min": "2s", "backoff_max": "2s"}
        d = self.configure(
            *self.parts(custody_xml(port, r.port, forward=wait)), env=self.wrong_clock()
        )
        s, sent = self.sender(port), 0
        for jump in ("+370d", "-370d"):
            began = time.monotonic()
            self.taken(s, *NUMBERED[sent : sent + 2])
            retries = d.wait_event("msg.retry", 1 + sent // 2, ack_code="AR")
            self.write("clock", jump)
            d.wait_event("msg.delivered", sent + 2)  # and not in a year
            self.assertGreater(time.monotonic() - began, 0.5, retries)
            sent += 2
        # what came while it was a year ahead, and comes again now: known, or removed meanwhile as
        # what a wrong clock had dated
        self.taken(s, NUMBERED[3], NUMBERED[4])
        d.wait_event("msg.delivered", ctl_id="m5")
        told = [len(d.events(name, ctl_id="m4")) for name in ("msg.duplicate", "msg.delivered")]
        self.assertEqual(sum(told), 2, told)
        self.assertEqual(d.stop(), 0)


if __name__ == "__main__":
    main()
