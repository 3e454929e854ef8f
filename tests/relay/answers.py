#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Which answer belongs to which message, and what a sender sees when there is none."""

import signal
import socket
import threading
import time

from world import (
    MOMENT, PATIENCE, World, ack, annotated, code_of, config_xml, connected_to, control_id, feed_xml,
    framed, free_port, main, message, metric, wait_for,
)

# A receiver here may stand still for seconds, with the process of the test: only where it is to
# be taken for silent is it given little time, and where another answer comes first, more.
QUICK = {"backoff_min": "100ms", "backoff_max": "200ms"}
HASTY = {**QUICK, "ack_timeout": "500ms"}
PATIENT = {**QUICK, "ack_timeout": "6s"}


class Relayed(World):
    """The receiver's answer comes back byte for byte."""

    def test_answers_of_every_code_come_back_byte_for_byte(self):
        codes = [b"AA", b"AE", b"AR", b"CA", b"CE", b"CR", b"JD", b"A", b"aa", b""]
        odd = [
            framed(ack(message(str(n)), code) + b"ERR|\\x\xff\0||207^^|E\rZZ|\n\n")
            for n, code in enumerate(codes)
        ]
        r = self.receiver(lambda v, body, n: v.send(odd[n - 1]))
        d, port = self.hop(r)
        s = self.sender(port)
        for n in range(len(codes)):
            self.assertEqual(framed(s.exchange(message(str(n)))), odd[n])
        acked = d.wait_event("msg.acked", len(codes))
        told = [c.decode() for c in codes[:6]] + 3 * ["other"]
        self.assertEqual([a.get("ack_code") for a in acked], told + [None])

    def test_ids_of_any_length_and_bytes_match(self):
        r = self.receiver()
        _, port = self.hop(r)
        s = self.sender(port)
        for name in ("x", "i" * 20, "j" * 199, "k" * 5000, "a b", "\\T\\", "&^~"):
            body = message(name)
            self.assertEqual(s.exchange(body), ack(body), name)

    def test_an_id_that_begins_like_another_is_not_the_other(self):
        long = "k" * 200
        r = self.receiver(lambda v, body, n: v.answer(body, of=b"k" * 199 + b"x"))
        d, port = self.feed(r, forward=PATIENT)
        s = self.sender(port)
        s.send(framed(message(long)))
        self.assertTrue(s.closed())
        d.wait_event("msg.stray_ack")

    def test_answers_that_end_their_lines_carelessly_are_answers(self):
        ends = b"\n", b"\n\r", b"\r\0", b"\0", b"\r\x1a", b"\rend", b" \r"
        r = self.receiver(lambda v, body, n: v.send(framed(ack(body)[:-1] + ends[n - 1])))
        _, port = self.feed(r, forward=QUICK)
        s = self.sender(port)
        for n, end in enumerate(ends):
            m = message(str(n))
            self.assertEqual(s.exchange(m), ack(m)[:-1] + end)

    def test_a_message_without_an_id_takes_the_next_answer(self):
        r = self.receiver(lambda v, body, n: v.answer(body, of=b""))
        _, port = self.hop(r)
        self.assertEqual(code_of(self.sender(port).exchange(message(""))), (b"AA", b""))

    def test_what_is_no_HL7_takes_an_answer_that_is_none(self):
        answers = b"<Ack/>", "MSH|^~\\&|E\rMSA|AA|2\r".encode("utf-16"), b"{}"
        r = self.receiver(lambda v, body, n: v.send(framed(answers[n - 1])))
        d, port = self.hop(r)
        s = self.sender(port)
        for body, answer in zip((b"<Document/>", message("2").decode().encode("utf-16"), b"[]"),
                                answers):
            self.assertEqual(s.exchange(body), answer)
        d.wait_event("msg.acked", 3)

    def test_AA_and_then_close_is_delivered(self):
        def answer_and_leave(visit, body, number):
            visit.answer(body)
            visit.close()

        r = self.receiver(answer_and_leave)
        d, port = self.hop(r)
        s = self.sender(port)
        for n in range(5):
            self.assertEqual(s.exchange(message(str(n))), ack(message(str(n))))
            wait_for("the end", lambda: r.visits[-1].ended)
            wait_for("the daemon to see it", lambda: not connected_to(r.port))
        self.assertEqual(len(r.visits), 5)
        self.assertEqual(d.events("msg.failed"), [])

    def test_an_answer_to_a_message_that_is_an_answer_itself_passes(self):
        """Such as that of an order, which comes on a connection of its own."""
        r = self.receiver()
        d, port = self.hop(r)
        s = self.sender(port)
        for n in range(3):
            body = (
                b"MSH|^~\\&|LAB|HOSP|EHR|HOSP|20260101||ORL^O34|o%d|P|2.5.1\r"
                b"MSA|AR|order%d\rERR|||207\r" % (n, n)
            )
            self.assertEqual(s.exchange(body), ack(body))
        self.assertEqual(len(d.wait_event("msg.later_ack", 3)), 3)
        self.assertEqual(d.events("msg.stray_ack"), [])

    def test_split_answers_with_junk_and_CRLF_are_read(self):
        def strange(visit, body, number):
            frame = b"\r\n" + framed(ack(body).replace(b"\r", b"\r\n")) + b"\r\n"
            for at in range(0, len(frame), 7):
                visit.send(frame[at : at + 7])
                time.sleep(0.002)

        r = self.receiver(strange)
        _, port = self.hop(r)
        s = self.sender(port)
        for n in range(3):
            got = s.exchange(message(str(n)))
            self.assertEqual(got, ack(message(str(n))).replace(b"\r", b"\r\n"))

    def test_messages_of_the_receiver_without_MSA_pass_to_the_sender(self):
        own = b"MSH|^~\\&|EHR|HOSP|LAB|HOSP|20260101||QRY^A19|q1|P|2.5.1\r"

        def chatty(visit, body, number):
            visit.send(framed(own))
            visit.send(b"\x0b\x06\x1c\r")
            visit.answer(body)

        r = self.receiver(chatty)
        d, port = self.hop(r)
        s = self.sender(port)
        self.assertEqual(s.exchange(message()), own)
        self.assertEqual([s.frame(), s.frame()], [b"\x06", ack(message())])
        self.assertEqual(d.events("msg.stray_ack"), [])

    def test_commit_blocks_pass_in_both_directions_and_hold_up_nothing(self):
        """MLLP release 2: an answer is committed by the sender that got it."""

        def release_2(visit, body, number):
            if body != b"\x06":
                visit.send(b"\x0b\x06\x1c\r")
                visit.answer(body)

        r = self.receiver(release_2)
        d, port = self.hop(r, "--ack-timeout", "1h")
        s = self.sender(port)
        for n in range(3):
            body = message(str(n))
            self.assertEqual(s.exchange(body), b"\x06")
            self.assertEqual(s.frame(), ack(body))
            s.send(framed(b"\x06"))
        self.assertEqual(r.wait(6)[1::2], [b"\x06"] * 3)
        blocks = d.wait_event("msg.forwarded", 3)
        self.assertEqual([b.get("skip") for b in blocks], [None] * 3)

    def test_a_message_that_is_not_committed_may_come_again_at_once(self):
        """MLLP release 2: behind a block that refuses to commit there is no answer to wait for."""

        def release_2(visit, body, number):
            if number == 1:
                visit.send(b"\x0b\x15\x1c\r")
            else:
                visit.send(b"\x0b\x06\x1c\r")
                visit.answer(body)

        r = self.receiver(release_2)
        d, port = self.hop(r, "--ack-timeout", "1h")
        s = self.sender(port)
        self.assertEqual(s.exchange(message()), b"\x15")
        self.assertEqual(s.exchange(message()), b"\x06")
        self.assertEqual(s.frame(), ack(message()))
        codes = [e.get("ack_code") for e in d.wait_event("msg.acked", count=2)]
        self.assertEqual(codes, [None, "AA"])

    def test_an_answer_behind_a_block_that_refuses_to_commit_passes_too(self):
        def release_2(visit, body, number):
            visit.send(b"\x0b\x15\x1c\r")
            visit.answer(body, code=b"AE")

        d, port = self.hop(self.receiver(release_2))
        s = self.sender(port)
        self.assertEqual(s.exchange(message("1")), b"\x15")
        self.assertEqual(s.frame(), ack(message("1"), b"AE"))
        self.assertEqual(d.wait_event("msg.later_ack")[0]["ack_code"], "AE")
        self.assertEqual(d.events("msg.stray_ack"), [])

    def test_a_commit_block_alone_is_no_answer_but_where_none_is_awaited(self):
        r = self.receiver(lambda v, body, n: v.send(b"\x0b\x06\x1c\r"))
        d, port = self.feed(r, forward=HASTY)
        s = self.sender(port)
        self.assertEqual(s.exchange(message("1")), b"\x06")
        self.assertTrue(s.closed())
        d.wait_event("msg.failed", ctl_id="1", outcome="ack_timeout")
        s = self.sender(port)
        for n in range(5):
            self.assertEqual(s.exchange(message(str(n), modes="|||NE|NE")), b"\x06")
        d.wait_event("msg.forwarded", 5)
        self.assertTrue(s.silent(1.5))


class Mismatched(World):
    """What is not the answer is never taken for it."""

    def test_a_wrong_id_never_counts_and_the_sender_gets_no_answer(self):
        r = self.receiver(lambda v, body, n: v.answer(body, of=b"other"))
        door = free_port()
        d, port = self.feed(r, '<metrics listen="127.0.0.1:%d"/>' % door, forward=PATIENT)
        s = self.sender(port)
        s.send(framed(message("mine")))
        self.assertTrue(s.closed())
        self.assertEqual(d.wait_event("msg.stray_ack")[0]["ctl_id"], "other")
        self.assertEqual(metric(door, "hl7noted_stray_acks_total"), 1)
        self.assertEqual(d.wait_event("msg.failed")[0]["outcome"], "ack_timeout")
        self.assertEqual(d.events("msg.acked"), [])

    def test_a_wrong_answer_without_a_header_never_comes_back(self):
        def answer(visit, body, number):
            visit.send(framed(b"junk\rMSA|AA|wrong\r"))
            visit.send(framed(b"junk\nMSA|AA|1"))

        r = self.receiver(answer)
        d, port = self.hop(r)
        self.assertEqual(self.sender(port).exchange(message("1")), b"junk\nMSA|AA|1")
        d.wait_event("msg.stray_ack", ctl_id="wrong")
        d.wait_event("msg.acked", ctl_id="1", ack_code="AA")

    def test_the_right_answer_behind_a_wrong_one_counts(self):
        def both(visit, body, number):
            visit.answer(body, of=b"other")
            visit.answer(body, code=b"AE")

        r = self.receiver(both)
        _, port = self.hop(r)
        s = self.sender(port)
        self.assertEqual(s.exchange(message()), ack(message(), b"AE"))
        self.assertTrue(s.silent())

    def test_a_late_answer_of_an_earlier_attempt_is_not_the_next_ones(self):
        """With reject, so that the sender's connection stays: fault 14."""
        held = []

        def slow_at_first(visit, body, number):
            if number == 1:
                held.append((visit, body))
            elif number == 2:
                first, late = held[0]
                first.answer(late)
                visit.answer(late)
                visit.answer(body, code=b"AE")

        r = self.receiver(slow_at_first)
        d, port = self.feed(r, forward=PATIENT, on_failure="reject")
        s = self.sender(port)
        first = s.exchange(message("one"))
        self.assertEqual(code_of(first), (b"AR", b"one"))
        self.assertEqual(s.exchange(message("two")), ack(message("two"), b"AE"))
        self.assertTrue(s.silent())

    def test_an_answer_asked_for_once_does_not_count_twice(self):
        r = self.receiver(lambda v, body, n: (v.answer(body), v.answer(body)))
        d, port = self.hop(r)
        s = self.sender(port)
        self.assertEqual(s.exchange(message("1")), ack(message("1")))
        d.wait_event("msg.stray_ack")
        self.assertEqual(s.exchange(message("2")), ack(message("2")))
        self.assertTrue(s.silent())
        self.assertEqual(len(d.events("msg.acked")), 2)

    def test_garbage_for_an_answer_times_out(self):
        for junk in (b"garbage", b"\x0bgarbage\x1c\r", b"\x0bMSH|^~\\&|\x1c\r", b"\x0bMSH"):
            with self.subTest(junk):
                r = self.receiver(lambda v, body, n, junk=junk: v.send(junk))
                d, port = self.feed(r, forward=HASTY)
                s = self.sender(port)
                s.send(framed(message()))
                while (got := s.frame()) is not None:
                    self.assertNotIn(b"MSA", got)
                d.wait_event("msg.failed")

    def test_broken_framing_of_an_answer_is_told_and_never_acknowledges(self):
        r = self.receiver(lambda v, body, n: v.send(b"\x0bMSH|^~" + framed(ack(body))))
        d, port = self.hop(r)
        s = self.sender(port)
        s.send(framed(message()))
        self.assertTrue(s.closed())
        d.wait_event("conn.broken", outcome="down_broken")

    def test_an_answer_over_the_limit_is_told_as_such(self):
        r = self.receiver(lambda v, body, n: v.send(framed(ack(body) + 1024 * b"x")))
        door, control = free_port(), self.path("control")
        d, port = self.feed(
            r, '<metrics listen="127.0.0.1:%d"/>' % door, '<control socket="%s"/>' % control,
            max_frame="1KiB",
        )
        s = self.sender(port)
        s.send(framed(message()))
        self.assertTrue(s.closed())
        d.wait_event("conn.broken", outcome="answer_too_large")
        self.assertEqual(self.last_error(control), ("answer_too_large", "receiver"))
        hit = metric(door, "hl7noted_limits_hit_total", limit="answer_too_large")
        self.assertEqual(hit, 1)


class Unanswered(World):
    """Receiver refused, silent, lost: never a positive answer."""

    def closes(self, handler, outcome, forward=None):
        r = self.receiver(handler)
        d, port = self.feed(r, forward=forward or QUICK)
        s = self.sender(port)
        s.send(framed(message("m")))
        self.assertTrue(s.closed())
        failed = d.wait_event("msg.failed")[0]
        self.assertEqual((failed["outcome"], failed["ctl_id"]), (outcome, "m"))
        return d, r, port

    def rejects(self, handler, forward=None):
        r = self.receiver(handler)
        d, port = self.feed(r, forward=forward or QUICK, on_failure="reject")
        s = self.sender(port)
        answer = s.exchange(message("m"))
        self.assertEqual(code_of(answer), (b"AR", b"m"))
        return d, r, s, answer

    def test_a_silent_receiver_closes_at_the_time_out_and_a_resend_comes_once_more(self):
        began = time.monotonic()
        d, r, port = self.closes(
            lambda v, body, n: n > 1 and v.answer(body), "ack_timeout",
            PATIENT,
        )
        self.assertGreater(time.monotonic() - began, 5.9)
        self.assertEqual(self.sender(port).exchange(message("m")), ack(message("m")))
        self.assertEqual(len(r.frames), 2)

    def test_a_receiver_that_leaves_after_the_send_closes_the_sender(self):
        self.closes(lambda v, body, n: v.close(), "down_lost")

    def test_a_receiver_that_resets_after_the_send_closes_the_sender(self):
        self.closes(lambda v, body, n: v.reset(), "down_lost")

    def test_a_receiver_that_ends_inside_its_answer_closes_the_sender(self):
        def half(visit, body, number):
            visit.send(framed(ack(body))[:-1])
            visit.close()

        self.closes(half, "down_lost")

    def test_reject_answers_AR_with_text_and_the_connection_stays(self):
        d, r, s, answer = self.rejects(lambda v, body, n: v.reset() if n == 1 else v.answer(body))
        self.assertIn(b"ERR|", answer)
        self.assertIn(b"207", answer)
        self.assertEqual(s.exchange(message("n")), ack(message("n")))
        self.assertEqual(d.wait_event("msg.failed")[0]["outcome"], "down_lost")

    def test_reject_answers_one_who_has_ended_its_side(self):
        r = self.receiver(lambda v, body, n: None)
        _, port = self.feed(r, forward=HASTY, on_failure="reject")
        s = self.sender(port)
        s.send(framed(message("m")))
        s.end()
        self.assertEqual(code_of(s.frame()), (b"AR", b"m"))
        self.assertIsNone(s.frame())

    def test_reject_at_the_time_out_drops_the_receivers_connection(self):
        d, r, s, _ = self.rejects(
            lambda v, body, n: n > 1 and v.answer(body), PATIENT
        )
        wait_for("the old connection's end", lambda: r.visits[0].ended)
        self.assertEqual(s.exchange(message("n")), ack(message("n")))
        self.assertEqual(len(r.visits), 2)

    def test_a_time_out_counts_as_a_limit_whatever_the_sender_is_told(self):
        for what in ("close", "reject"):
            r, door = self.receiver(lambda v, body, n: None), free_port()
            control = self.path(what)
            d, port = self.feed(
                r, '<metrics listen="%d"/>' % door, '<control socket="%s"/>' % control,
                forward=HASTY, on_failure=what,
            )
            self.sender(port).exchange(message("m"))
            d.wait_event("conn.timeout", outcome="ack_timeout")
            self.assertEqual(self.last_error(control), ("ack_timeout", "receiver"))
            limit = metric(door, "hl7noted_limits_hit_total", limit="ack_timeout")
            self.assertEqual(limit, 1, what)

    def test_the_end_of_a_connection_is_told_of_the_side_that_it_was_on(self):
        """With reject the receiver is left, while the sender stays."""
        for what in ("close", "reject"):
            r = self.receiver(lambda v, body, n: None)
            d, port = self.feed(r, forward=HASTY, on_failure=what)
            s = self.sender(port)
            s.exchange(message("m"))
            s.close()
            if what == "reject":
                d.wait_event("conn.close", outcome="sender_left")
            late = d.wait_event("conn.timeout", outcome="ack_timeout")
            ends = {"conn.close", "conn.timeout", "conn.broken"}
            self.assertEqual(
                [(e["event"], e.get("dir")) for e in d.lines() if e["event"] in ends],
                [("conn.timeout", "in")] if what == "close" else
                [("conn.timeout", "out"), ("conn.close", "in")],
            )
            peer = d.events("conn.open", dir="in")[0]["peer"]
            to = "127.0.0.1:%d" % r.port
            self.assertEqual(late[0]["peer"], peer if what == "close" else to)

    def test_reject_in_enhanced_mode_answers_CE(self):
        r = self.receiver(lambda v, body, n: v.reset())
        _, port = self.feed(r, forward=QUICK, on_failure="reject")
        answer = self.sender(port).exchange(message("m", modes="|||AL|NE"))
        self.assertEqual(code_of(answer), (b"CE", b"m"))

    def test_nobody_listens_rejects_each_message_at_once(self):
        r = self.receiver()
        r.stop()
        door = free_port()
        d, port = self.feed(
            r, '<metrics listen="127.0.0.1:%d"/>' % door,
            forward={"backoff_min": "1h", "backoff_max": "1h"}, on_failure="reject",
        )
        s = self.sender(port)
        for name in ("1", "2", "3"):
            self.assertEqual(code_of(s.exchange(message(name))), (b"AR", name.encode()))
        told = d.wait_event("msg.rejected", 3)
        self.assertEqual([e["ctl_id"] for e in told], ["1", "2", "3"])
        self.assertEqual(metric(door, "hl7noted_messages_total", outcome="rejected"), 3)

    def test_a_message_that_wants_no_answer_is_not_rejected_but_ends_the_connection(self):
        d, port = self.feed(free_port(), forward=QUICK, on_failure="reject")
        s = self.sender(port)
        s.send(framed(message("1", modes="|||NE|NE")))
        self.assertTrue(s.closed())
        d.wait_event("msg.rejected", ctl_id="1", outcome="down_refused")
        s = self.sender(port)
        self.assertEqual(code_of(s.exchange(message("2", modes="|||ER|NE"))), (b"CE", b"2"))

    def test_the_receiver_comes_back_and_messages_flow_again(self):
        r = self.receiver()
        r.stop()
        d, port = self.feed(r, forward=QUICK, on_failure="reject")
        s = self.sender(port)
        self.assertEqual(code_of(s.exchange(message("1")))[0], b"AR")
        r.start()
        wait_for("an AA", lambda: code_of(s.exchange(message("2"))) == (b"AA", b"2"))

    def test_a_sender_that_leaves_before_the_answer_may_send_again(self):
        gate = []

        def hold(visit, body, number):
            if number == 1:
                wait_for("the sender to leave", lambda: gate)
            visit.answer(body)

        r = self.receiver(hold)
        d, port = self.hop(r)
        s = self.sender(port)
        s.send(framed(message("m")))
        r.wait(1)
        s.reset()
        gate.append(1)
        self.assertEqual(self.sender(port).exchange(message("m")), ack(message("m")))
        self.assertEqual(r.bodies(), 2 * annotated([message("m")]))

    def test_a_sender_that_ends_its_side_still_gets_its_answers(self):
        def slowly(visit, body, number):
            time.sleep(0.1)
            visit.answer(body)

        r = self.receiver(slowly)
        _, port = self.hop(r)
        s = self.sender(port)
        s.send(framed(message("1")) + framed(message("2")))
        s.end()
        self.assertEqual([s.frame(), s.frame()], [ack(message("1")), ack(message("2"))])
        self.assertIsNone(s.frame())

    def test_a_sender_that_ends_its_side_and_reads_late_still_gets_its_answer(self):
        more = b"ERR|" + b"y" * 8000000 + b"\r"
        r = self.receiver(lambda v, b, n: v.send(framed(ack(b) + more)))
        _, port = self.hop(r)
        s = self.sender(port, room=65536)
        s.send(framed(message()))
        s.end()
        time.sleep(1)
        self.assertTrue(s.frame() == ack(message()) + more)
        self.assertTrue(s.closed())

    def test_answers_of_megabytes_end_nothing_for_a_sender_that_reads(self):
        more = b"ERR|" + b"y" * 8000000 + b"\r"
        r = self.receiver(lambda v, b, n: v.send(framed(ack(b) + more)))
        d, port = self.feed(r, forward={"in_flight": 4})
        s = self.sender(port, room=65536)
        s.send(b"".join(framed(message(n)) for n in "1234"))
        time.sleep(1)
        for n in "1234":
            self.assertTrue(s.frame() == ack(message(n)) + more)
        s.send(framed(message("5")))
        self.assertTrue(s.frame() == ack(message("5")) + more)
        self.assertEqual(d.events("conn.close"), [])

    def test_time_in_which_a_sender_has_yet_to_read_is_not_its_receivers(self):
        more = b"ERR|" + b"y" * 8000000 + b"\r"
        r = self.receiver(lambda v, b, n: v.send(framed(ack(b) + more)))
        d, port = self.feed(r, forward={"in_flight": 2, "ack_timeout": "10s"})
        s = self.sender(port, room=65536)
        s.send(b"".join(framed(message(n)) for n in "123"))
        expected = b"".join(framed(ack(message(n)) + more) for n in "123")
        got, end = bytearray(), time.monotonic() + 12  # with the first answer, of three
        while len(got) < len(expected):
            part = s.sock.recv(min(20000, len(expected) - len(got)))
            got += part
            if not part:
                break
            if time.monotonic() < end:
                time.sleep(0.05)
        self.assertTrue(got == expected)
        self.assertEqual((d.events("conn.close"), d.events("msg.failed")), ([], []))
        self.assertEqual(len(r.frames), 3)

    def test_a_sender_that_reads_slowly_is_none_that_does_not_read(self):
        answer = ack(message("1")) + b"ERR|" + b"y" * 8000000 + b"\r"
        d, port = self.hop(self.receiver(lambda v, b, n: v.send(framed(answer))))
        s = self.sender(port, room=65536)
        s.send(framed(message("1")))
        # meanwhile the kernel holds megabytes, and asks for no more
        got, end = bytearray(), time.monotonic() + 8
        while len(got) < len(framed(answer)):
            part = s.sock.recv(20000)
            got += part
            if not part:
                break
            if time.monotonic() < end:
                time.sleep(0.125)
        self.assertTrue(got == framed(answer))
        self.assertEqual(d.events("conn.close"), [])

    def test_a_receiver_that_takes_what_comes_behind_a_message_owes_its_answer_still(self):
        block = framed(b"\x06")  # its kernel acknowledges later once it sends something itself
        r = self.receiver(lambda v, b, n: n % 4 == 0 and v.send(block))
        d, port = self.feed(r, forward={"in_flight": 2, "ack_timeout": "1s"})
        s = self.sender(port)
        s.send(framed(message("1")))
        end = time.monotonic() + 20
        while not d.events("msg.failed") and time.monotonic() < end:
            s.send(framed(message("2", modes="|||NE|NE")))
            time.sleep(0.02)
        self.assertEqual(len(d.events("msg.failed")), 1)

    def test_a_receiver_that_takes_a_large_one_behind_a_message_owes_its_answer_still(self):
        large = framed(message("2", modes="|||NE|NE", more=b"ZXX|" + b"x" * (24 << 20) + b"\r"))
        with socket.create_server(("127.0.0.1", 0)) as listening:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
            d, port = self.feed(
                listening.getsockname()[1], max_frame="32MiB",
                forward={"in_flight": 2, "ack_timeout": "2s"},
            )
            s, got = self.sender(port), 0
            s.send(framed(message("1")))
            threading.Thread(target=s.send, args=(large,), daemon=True).start()
            visit, _ = listening.accept()
            with visit:
                visit.settimeout(PATIENCE)
                while not d.events("msg.failed") and got < len(large):
                    got += len(visit.recv(65536))
                    time.sleep(0.05)
        self.assertEqual(d.wait_event("msg.failed")[0]["outcome"], "ack_timeout")
        self.assertLess(got, len(large) // 2)

    def test_a_reset_inside_a_frame_discards_it_without_an_answer(self):
        r = self.receiver()
        d, port = self.hop(r)
        s = self.sender(port)
        s.send(framed(message("1")) + framed(message("2"))[:60])
        self.assertEqual(s.frame(), ack(message("1")))
        s.reset()
        d.wait_event("conn.broken", outcome="sender_cut")
        self.assertEqual(len(r.frames), 1)
        self.assertEqual(len(d.events("msg.acked")), 1)

    def test_a_reset_is_told_as_one_when_it_shows_in_writing_first(self):
        visits = []
        r = self.receiver(lambda v, body, n: visits.append(v))
        d, port = self.hop(r)
        s = self.sender(port)
        s.send(framed(message("1")) + framed(message("2")))  # behind it nothing is read
        r.wait(1)
        s.reset()
        wait_for("the visit", lambda: visits)[0].answer(message("1"))
        told = d.wait_event("conn.close")[0]
        self.assertEqual(told["outcome"], "sender_error")


class Waiting(World):
    """What came whole and was never sent stands in the log when its connection ends."""

    def left(self, end, outcome, *parts, handler=None, **named):
        """Three messages and a half in one piece, of which the first is in flight."""
        r = self.receiver(handler or (lambda visit, body, number: None))
        door = free_port()
        d, port = self.feed(r, '<metrics listen="%d"/>' % door, *parts, **named)
        s = self.sender(port)
        bodies = [message(n) for n in "123"]
        s.send(b"".join(framed(b) for b in bodies) + b"\x0bMSH|^~\\&|")
        r.wait(1)
        end(d, r, s)
        failed = d.wait_event("msg.failed", 3, outcome=outcome)
        told = [(e["ctl_id"], e["msg_type"], e["bytes_in"]) for e in failed]
        self.assertEqual(told, [(n, "ORU^R01", len(b)) for n, b in zip("123", bodies)])
        self.assertEqual([e["bytes_out"] > 0 for e in failed], [True, False, False])
        if outcome != "drained":  # or it is gone
            self.assertEqual(metric(door, "hl7noted_messages_total", outcome="failed"), 3)
        self.assertEqual(len(r.frames), 1)

    def test_not_when_its_sender_is_reset(self):
        """Who sends and leaves may not come again: all that came whole goes out, and is told."""
        r = self.receiver(lambda visit, body, number: number == 2 and visit.answer(body))
        d, port = self.hop(r)
        s = self.sender(port)
        s.send(b"".join(framed(message(n)) for n in "123"))
        r.wait(1)
        s.reset()
        r.visits[0].answer(message("1"))
        d.wait_event("conn.close", outcome="sender_error")
        self.assertEqual([e["ctl_id"] for e in d.events("msg.acked")], ["1", "2"])
        failed = [(e["ctl_id"], e["bytes_out"] > 0) for e in d.events("msg.failed")]
        self.assertEqual(failed, [("3", True)])

    def test_when_the_receiver_is_lost(self):
        self.left(lambda d, r, s: r.visits[0].close(), "down_lost", forward=QUICK)

    def test_when_an_answer_is_late(self):
        self.left(lambda d, r, s: None, "ack_timeout", forward=HASTY)

    def test_when_the_answer_is_no_frame(self):
        self.left(lambda d, r, s: r.visits[0].send(b"\x0bMSH\x0b"), "down_broken")

    def test_when_the_daemon_stops_with_something_in_flight(self):
        self.left(
            lambda d, r, s: d.signal(signal.SIGTERM), "drained", '<limits drain-timeout="0"/>'
        )

    def test_when_the_daemon_stops_or_the_feed_goes(self):
        for ends in ("stops", "goes"):
            r = self.receiver(lambda visit, body, number: None)
            d, port = self.feed(r)
            s = self.sender(port)
            s.send(framed(message("1")) + framed(message("2")))
            r.wait(1)
            if ends == "stops":
                d.signal(signal.SIGTERM)
                d.wait_event("svc.stopping")
            else:
                self.write("hl7noted.xml", config_xml(feed_xml(free_port(), r.port, name="other")))
                d.reload()
            r.visits[0].answer(message("1"))
            self.assertEqual(s.frame(), ack(message("1")))
            self.assertTrue(s.closed())
            failed = d.wait_event("msg.failed")
            self.assertEqual([(e["ctl_id"], e["outcome"]) for e in failed], [("2", "drained")])
            self.assertEqual(len(d.events("msg.acked", ctl_id="1")), 1)

    def test_when_there_is_no_receiver(self):
        d, port = self.feed(free_port(), forward=QUICK)
        s = self.sender(port)
        s.send(framed(message("1")) + framed(message("2")))
        self.assertTrue(s.closed())
        failed = d.wait_event("msg.failed", 2)
        told = [(e["ctl_id"], e["outcome"], e["bytes_out"]) for e in failed]
        self.assertEqual(told, [("1", "down_refused", 0), ("2", "down_refused", 0)])

    def test_a_strangers_message_is_told_as_one(self):
        r = self.receiver(lambda visit, body, number: None)
        d, port = self.feed(r, inside='<sender application="LAB"/>')
        s = self.sender(port)
        other = message("2").replace(b"|LAB|", b"|OTHER|")
        s.send(framed(message("1")) + framed(other) + framed(message("3")))
        r.wait(1)
        r.visits[0].close()
        failed = d.wait_event("msg.failed", 2)
        self.assertEqual([e["ctl_id"] for e in failed], ["1", "3"])
        self.assertEqual(d.wait_event("audit.refused")[0]["ctl_id"], "2")


class Enhanced(World):
    """MSH-15 and MSH-16: nothing of it is consumed."""

    def test_a_commit_and_then_an_application_answer_both_pass(self):
        def both(visit, body, number):
            visit.answer(body, code=b"CA")
            time.sleep(0.05)
            visit.answer(body, code=b"AA")

        r = self.receiver(both)
        d, port = self.hop(r)
        s = self.sender(port)
        for n in ("1", "2"):
            body = message(n, modes="|||AL|AL")
            self.assertEqual(s.exchange(body), ack(body, b"CA"))
            self.assertEqual(s.frame(), ack(body, b"AA"))
        self.assertEqual(d.events("msg.stray_ack"), [])

    def test_an_application_answer_behind_a_commit_is_logged_and_counted_by_its_code(self):
        def both(visit, body, number):
            visit.answer(body, code=b"CA")
            visit.answer(body, code=b"AA" if number == 1 else b"AE")

        r = self.receiver(both)
        door = free_port()
        d, port = self.feed(r, '<metrics listen="%d"/>' % door)
        s = self.sender(port)
        # a message that asks for neither gets both from some receivers
        for n, modes in (("1", "|||AL|AL"), ("2", "|||AL|AL"), ("3", "")):
            s.send(framed(message(n, modes=modes)))
            self.assertEqual([code_of(s.frame())[0], code_of(s.frame())[0][:1]], [b"CA", b"A"])
        later = d.wait_event("msg.later_ack", 3)
        told = [(e["level"], e["feed"], e["ctl_id"], e["ack_code"]) for e in later]
        self.assertEqual(told, [
            ("info", "lab", "1", "AA"), ("info", "lab", "2", "AE"), ("info", "lab", "3", "AE"),
        ])
        self.assertEqual([e["ack_code"] for e in d.wait_event("msg.acked", 3)], 3 * ["CA"])
        counted = {c: metric(door, "hl7noted_acks_total", code=c) for c in ("CA", "AA", "AE")}
        self.assertEqual(counted, {"CA": 3, "AA": 1, "AE": 2})
        self.assertEqual(metric(door, "hl7noted_stray_acks_total"), 0)

    def test_application_answers_to_many_messages_pass_long_after(self):
        r = self.receiver(lambda v, b, n: v.answer(b, b"CA"))
        _, port = self.hop(r)
        s = self.sender(port)
        bodies = [message("%d" % n, modes="|||AL|AL") for n in range(200)]
        for b in bodies:
            self.assertEqual(s.exchange(b), ack(b, b"CA"))
        for b in bodies:
            r.visits[0].answer(b, b"AA")
        self.assertEqual([s.frame() for _ in bodies], [ack(b) for b in bodies])

    def test_what_wants_no_answer_is_delivered_whole_though_its_sender_left(self):
        body = message(value="15", modes="|||NE|NE", more=b"NTE|1||" + b"x" * 15000000 + b"\r")
        for held in ("64KiB", "32MiB"):  # with the latter its end is seen before all is written
            r = self.receiver(reads=False)
            _, port = self.feed(r, max_unsent=held)
            s = self.sender(port)
            s.send(framed(body))
            s.close()
            wait_for("the connection", lambda r=r: r.visits)
            time.sleep(0.5)
            r.visits[0].thread.start()
            r.wait(1)
            self.assertTrue(r.bodies() == [body], held)

    def test_a_receiver_has_time_to_read_what_its_sender_left(self):
        """As much as for an answer, five seconds at least, and more while it is at it."""
        body = message(value="15", modes="|||NE|NE", more=b"NTE|1||" + b"x" * 15000000 + b"\r")
        times, door = {"slow": "1s", "late": "1h", "deaf": "1s"}, free_port()
        receivers = {name: self.receiver(reads=False) for name in times}
        ports = {name: free_port() for name in times}
        d = self.configure(
            '<metrics listen="127.0.0.1:%d"/>' % door,
            *(
                feed_xml(
                    ports[name], receivers[name].port, name=name, max_unsent="32MiB",
                    forward={"ack_timeout": t},
                )
                for name, t in times.items()
            )
        )
        for name, r in receivers.items():
            s = self.sender(ports[name])
            s.send(framed(body))
            s.close()
            wait_for("the connection", lambda r=r: r.visits)
        slow, got = receivers["slow"].visits[0].sock, bytearray()
        unread = lambda: [e["feed"] for e in d.events("conn.close", outcome="unread")]

        def read_some():
            got.extend(slow.recv(128 << 10))
            time.sleep(0.2)
            return unread()

        wait_for("the end of one that reads nothing", read_some)
        while len(got) < len(framed(body)):
            more = slow.recv(1 << 20)
            self.assertTrue(more, len(got))
            got += more
        receivers["late"].visits[0].thread.start()
        receivers["late"].wait(1)
        self.assertTrue(got == framed(body) and receivers["late"].bodies() == [body])
        self.assertEqual(unread(), ["deaf"])
        self.assertEqual(metric(door, "hl7noted_limits_hit_total", feed="deaf", limit="unread"), 1)

    def test_a_receiver_that_does_not_read_holds_up_what_wants_no_answer(self):
        r = self.receiver(reads=False)
        d, port = self.hop(r)
        s = self.sender(port)
        body = message(value="15", modes="|||NE|NE", more=b"NTE|1||" + b"x" * 100000 + b"\r")
        s.sock.settimeout(1)
        sent = 0
        with self.assertRaises(socket.timeout):
            while sent < 1000:
                s.sock.sendall(framed(body))
                sent += 1
        self.assertLess(len(d.events("msg.forwarded")), 200)

    def test_a_message_that_wants_no_answer_does_not_hold_the_next(self):
        r = self.receiver(lambda v, body, n: n == 3 and v.answer(body))
        d, port = self.hop(r)
        s = self.sender(port)
        s.send(framed(message("1", modes="|||NE|NE")) + framed(message("2", modes="|||NE|NE")))
        self.assertEqual(s.exchange(message("3")), ack(message("3")))
        self.assertEqual(len(r.frames), 3)
        self.assertEqual(len(d.wait_event("msg.forwarded", 2)), 2)

    def test_an_error_answer_to_ER_passes_though_none_was_promised(self):
        r = self.receiver(lambda v, body, n: v.answer(body, code=b"CE"))
        d, port = self.hop(r)
        body = message("1", modes="|||ER|NE")
        self.assertEqual(self.sender(port).exchange(body), ack(body, b"CE"))
        self.assertEqual(d.events("msg.stray_ack"), [])

    def test_the_sender_may_answer_a_message_of_the_receivers(self):
        own = message("q", value="15", modes="|||NE|AL")

        def ask(visit, body, number):
            if number == 1:
                visit.answer(body, code=b"CA")
                visit.send(framed(own))

        r = self.receiver(ask)
        d, port = self.feed(r, forward=PATIENT)
        s = self.sender(port)
        s.exchange(message("1", modes="|||AL|AL"))
        self.assertEqual(s.frame(), own)
        s.send(framed(ack(own)))
        self.assertEqual(r.wait(2)[1], ack(own))
        self.assertTrue(s.silent(6.5))


class InFlight(World):
    """How many messages are outstanding downstream."""

    def test_one_is_outstanding_by_default_however_fast_the_sender_is(self):
        seen = []

        def careful(visit, body, number):
            time.sleep(0.03)
            seen.append((len(visit.frames), visit.bytes))
            visit.answer(body)

        r = self.receiver(careful)
        _, port = self.hop(r)
        s = self.sender(port)
        bodies = [message(str(n)) for n in range(10)]
        s.send(b"".join(map(framed, bodies)))
        self.assertEqual([s.frame() for _ in bodies], [ack(b) for b in bodies])
        sizes = [len(framed(a)) for a in annotated(bodies)]
        self.assertEqual(seen, [(n + 1, sum(sizes[: n + 1])) for n in range(10)])

    def test_sixteen_are_outstanding_when_asked_for_and_no_more(self):
        gate = []

        def hold(visit, body, number):
            wait_for("the gate", lambda: gate)
            visit.answer(body)

        r = self.receiver(hold)
        _, port = self.hop(r, "--in-flight", 16)
        s = self.sender(port)
        bodies = [message("%03d" % n) for n in range(40)]
        s.send(b"".join(map(framed, bodies)))
        expected = annotated(bodies)
        sixteen = sum(len(framed(a)) for a in expected[:16])
        wait_for("sixteen", lambda: r.visits and r.visits[0].bytes >= sixteen)
        time.sleep(0.2)
        self.assertEqual(r.visits[0].bytes, sixteen)
        gate.append(1)
        self.assertEqual([s.frame() for _ in bodies], [ack(b) for b in bodies])
        self.assertEqual(r.bodies(), expected)

    def test_answers_to_younger_messages_give_the_oldest_no_more_time(self):
        r = self.receiver(lambda v, b, n: control_id(b) != b"lost" and v.answer(b))
        d, port = self.hop(r, "--in-flight", 4, "--ack-timeout", "1s")
        s = self.sender(port)
        s.send(framed(message("lost")))
        began = time.monotonic()
        try:
            while time.monotonic() < began + 20 and s.exchange(message("young")):
                time.sleep(0.1)
        except OSError:
            pass
        self.assertLess(time.monotonic(), began + 15)
        d.wait_event("msg.failed", outcome="ack_timeout", ctl_id="lost")

    def test_answers_out_of_order_find_their_messages(self):
        held = []

        def backwards(visit, body, number):
            held.append(body)
            if len(held) == 4:
                for b in reversed(held):
                    visit.answer(b)

        r = self.receiver(backwards)
        d, port = self.hop(r, "--in-flight", 4)
        s = self.sender(port)
        bodies = [message(str(n)) for n in range(4)]
        s.send(b"".join(map(framed, bodies)))
        self.assertEqual([s.frame() for _ in bodies], [ack(b) for b in reversed(bodies)])
        logged = [e["ctl_id"] for e in d.wait_event("msg.acked", 4)]
        self.assertEqual(logged, ["3", "2", "1", "0"])

    def test_the_same_id_twice_in_flight_is_answered_twice(self):
        r = self.receiver()
        d, port = self.hop(r, "--in-flight", 8)
        s = self.sender(port)
        s.send(framed(message("same")) + framed(message("same", value="9")))
        self.assertEqual([s.frame(), s.frame()], 2 * [ack(message("same"))])
        self.assertEqual(len(d.wait_event("msg.acked", 2)), 2)

    def test_all_in_flight_are_refused_when_the_receiver_is_lost(self):
        r = self.receiver(lambda v, body, n: n == 5 and v.reset())
        d, port = self.feed(r, forward={**QUICK, "in_flight": 8}, on_failure="reject")
        s = self.sender(port)
        bodies = [message(str(n)) for n in range(5)]
        s.send(b"".join(map(framed, bodies)))
        answers = [code_of(s.frame()) for _ in bodies]
        self.assertEqual(answers, [(b"AR", control_id(b)) for b in bodies])
        self.assertEqual(len(d.wait_event("msg.failed", 5)), 5)


class Connections(World):
    """Persistent and one-shot, on both sides."""

    def test_each_sender_has_a_receivers_connection_of_its_own(self):
        r = self.receiver()
        _, port = self.hop(r)
        senders = [self.sender(port) for _ in range(5)]
        for turn in range(3):
            for n, s in enumerate(senders):
                body = message("%d-%d" % (n, turn))
                self.assertEqual(s.exchange(body), ack(body))
        self.assertEqual(len(r.visits), 5)
        self.assertEqual({len(v.frames) for v in r.visits}, {3})

    def test_one_shot_senders_and_one_shot_receivers_go_together(self):
        def once(visit, body, number):
            visit.answer(body)
            visit.close()

        for handler in (None, once):
            r = self.receiver(handler)
            d, port = self.hop(r)
            for n in range(20):
                s = self.sender(port)
                self.assertEqual(s.exchange(message(str(n))), ack(message(str(n))))
                s.close()
            self.assertEqual(len(r.visits), 20)

    def ends_after_each(self, later, late):
        """What ended later than a feed waits for it, as this process stood still, goes to `late`."""
        def once(visit, body, number):
            began = time.monotonic()
            visit.answer(body)
            time.sleep(later)
            visit.close()
            if time.monotonic() - began > MOMENT / 2:
                late.append(body)

        return self.receiver(once)

    def talk(self, port, name, count, lost, late):
        """A sender that stays; one that loses its connection comes back with the same message.
        What took longer than a feed waits goes to `late`: it may be the daemon that stood still."""
        s = self.sender(port)
        for n in range(count):
            body, began = message("%s-%d" % (name, n)), time.monotonic()
            while s.exchange(body) != ack(body):
                lost.append(body)
                s = self.sender(port)
            if time.monotonic() - began > MOMENT / 2:
                late.append(body)

    def test_senders_that_stay_lose_nothing_to_receivers_that_leave(self):
        """Before the feed knows its receiver, one frame a connection may meet its end."""
        for later, in_flight in ((0, 1), (0.002, 1), (0.02, 4)):
            with self.subTest(later=later, in_flight=in_flight):
                late, lost = [], []
                r = self.ends_after_each(later, late)
                d, port = self.hop(r, "--in-flight", in_flight)
                self.talk(port, "first", 3, lost, late)
                self.assertLessEqual(len(lost), 1 + len(late))
                lost = []
                threads = [
                    threading.Thread(target=self.talk, args=(port, "s%d" % n, 25, lost, late))
                    for n in range(6)
                ]
                for t in threads:
                    t.start()
                for t in threads:
                    t.join()
                self.assertEqual(len(d.wait_event("msg.acked", 153)), 153)
                if not late:  # or the feed had to learn anew, and lost some by that
                    self.assertEqual(lost, [])
                    self.assertLessEqual(len(d.events("msg.failed")), 1)

    def test_a_receiver_that_stays_after_all_costs_one_wait(self):
        leaving = [True]

        def once(visit, body, number):
            visit.answer(body)
            if leaving:
                visit.close()

        r = self.receiver(once)
        _, port = self.hop(r)
        s = self.sender(port)
        s.exchange(message("1"))
        wait_for("the end", lambda: r.visits[0].ended)
        wait_for("the daemon to see it", lambda: not connected_to(r.port))
        leaving.clear()
        took = []
        for n in range(150):
            began = time.monotonic()
            self.assertEqual(s.exchange(message(str(n))), ack(message(str(n))))
            took.append(time.monotonic() - began)
        self.assertLess(sorted(took)[75], MOMENT, "a wait for each")
        self.assertLessEqual(len(r.visits), 3)

    def test_the_receivers_connection_ends_with_the_senders(self):
        r = self.receiver()
        _, port = self.hop(r)
        s = self.sender(port)
        s.exchange(message())
        s.close()
        wait_for("the receiver's connection to end", lambda: r.visits[0].ended)

    def test_an_idle_receiver_may_leave_and_the_sender_stays(self):
        r = self.receiver()
        d, port = self.hop(r)
        s = self.sender(port)
        s.exchange(message("1"))
        r.visits[0].close()
        wait_for("the daemon to see it", lambda: not connected_to(r.port))
        self.assertTrue(s.silent())
        self.assertEqual(s.exchange(message("2")), ack(message("2")))
        self.assertEqual(d.events("msg.failed"), [])


if __name__ == "__main__":
    main()
