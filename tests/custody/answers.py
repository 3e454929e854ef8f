#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What each answer of a receiver means for a kept message, and each of ours for a sender."""

import os
import resource
import shutil
import signal
import socket
import threading
import time

from custody import HASTY, QUICK, Custody, Silence, enhanced
from world import (
    SUGAR, ack, annotated, code_of, control_id, framed, free_port, is_sanitized, main, message,
    wait_for,
)

NUMBERED = [message("m%d" % n, value=str(n)) for n in range(1, 11)]


def answers(*codes):
    """A handler that gives the first message these codes, one an attempt; None: silence."""
    left = list(codes)

    def handler(visit, body, number):
        code = b"AA"
        if control_id(body) == b"m1" and left:
            code = left.pop(0)
        if code is not None:
            visit.answer(body, code=code)

    return handler


class Policy(Custody):
    def forwards(self, codes, order, policy=None, **named):
        """The receiver sees messages in this order, given as numbers."""
        r = self.receiver(answers(*codes))
        d, port = self.keep(r, answers=policy, **named)
        self.taken(self.sender(port), *NUMBERED[:3])
        done = annotated(NUMBERED[:3])
        self.assertEqual(r.wait(len(order)), [done[n - 1] for n in order])
        self.quiet(r)
        return d

    def test_an_error_sets_the_message_aside_and_the_feed_goes_on(self):
        """Fault 11."""
        for code in (b"AE", b"CE"):
            d = self.forwards([code], [1, 2, 3])
            dead = d.wait_event("msg.deadletter")
            self.assertEqual(len(dead), 1)
            self.assertEqual(
                (dead[0]["ctl_id"], dead[0]["ack_code"], dead[0]["outcome"]),
                ("m1", code.decode(), "error"),
            )
            self.assertEqual(len(d.wait_event("msg.delivered", 2)), 2)
            self.afresh(d)

    def test_a_rejection_is_tried_again_in_its_place(self):
        """Fault 12."""
        d = self.forwards([b"AR", b"CR", b"AR"], [1, 1, 1, 1, 2, 3])
        retries = d.wait_event("msg.retry", 3)
        self.assertEqual([e["attempt"] for e in retries], [1, 2, 3])
        self.assertEqual([e["ack_code"] for e in retries], ["AR", "CR", "AR"])
        # waits of 50 to 100 ms, and from then on of 100 to 200
        self.assertTrue(all(50 <= e["wait_ms"] <= 200 for e in retries), retries)

    def test_a_message_rejected_for_ever_is_set_aside_after_its_tries(self):
        d = self.forwards(
            20 * [b"AR"], [1, 1, 1, 1, 2, 3], policy={"reject": "retry", "reject_retries": 3}
        )
        dead = d.wait_event("msg.deadletter")[0]
        self.assertEqual((dead["attempt"], dead["outcome"]), (4, "reject"))

    def test_another_code_sets_aside(self):
        for code in (b"", b"OK", b"AAA"):
            d = self.forwards([code], [1, 2, 3])
            self.assertEqual(d.wait_event("msg.deadletter")[0]["outcome"], "other")
            self.afresh(d)

    def test_an_error_may_count_as_delivered(self):
        d = self.forwards([b"AE"], [1, 2, 3], policy={"error": "deliver"})
        d.wait_event("msg.delivered", 3)
        self.assertEqual(d.events("msg.deadletter"), [])

    def test_silence_is_tried_again_until_there_is_an_answer(self):
        """Fault 16."""
        silence = Silence()
        r = self.receiver(silence)
        d, port = self.keep(r, forward=HASTY)
        s = self.sender(port)
        self.taken(s, *NUMBERED[:3])
        retries = d.wait_event("msg.retry", 2)
        self.assertEqual({e["err_code"] for e in retries}, {"ack_timeout"})
        self.change(d, r, port)  # with patience: the one that is under way is answered in time
        silence.end()
        self.arrived_again(d, r, NUMBERED[:3])
        self.quiet(r)
        self.assertEqual({e["ctl_id"] for e in d.events("msg.retry")}, {"m1"})

    def test_a_block_that_refuses_to_commit_is_silence_that_is_not_waited_for(self):
        """MLLP release 2."""

        def release_2(visit, body, number):
            if number <= 2:
                visit.send(b"\x0b\x15\x1c\r")
                visit.answer(body, code=b"AE")  # which might be taken for one to the next attempt
            else:
                visit.send(b"\x0b\x06\x1c\r")
                visit.answer(body)

        r = self.receiver(release_2)
        d, port = self.keep(r, forward={"ack_timeout": "1h"})
        self.taken(self.sender(port), *NUMBERED[:2])
        d.wait_event("msg.delivered", 2)
        done = annotated(NUMBERED[:2])
        self.assertEqual(r.bodies(), [done[0], done[0], *done])
        retries = d.wait_event("msg.retry", 2)
        self.assertEqual({(e["outcome"], e["err_code"]) for e in retries}, {("none", "not_committed")})
        self.assertEqual(self.last_error(self.control), ("not_committed", "receiver"))
        self.assertEqual(self.metric("hl7noted_deliveries_total", answer="none"), 2)
        self.assertEqual(d.events("msg.deadletter"), [])

    def test_a_message_that_memory_cannot_hold_is_no_fault_of_the_receiver(self):
        if is_sanitized():
            self.skipTest("sanitizers have memory of their own")
        to = free_port()
        d, port = self.keep(to)
        self.taken(self.sender(port), message("1", more=b"NTE|1||" + b"x" * 15000000 + b"\r"))
        wait_for(
            "an attempt", lambda: self.metric("hl7noted_forward_attempts_total", result="failed")
        )
        with open("/proc/%d/statm" % d.pid, encoding="ascii") as f:
            used = int(f.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
        resource.prlimit(d.pid, resource.RLIMIT_AS, (used + (4 << 20), resource.RLIM_INFINITY))
        with socket.create_server(("127.0.0.1", to)):  # takes no connection, reads nothing
            retry = d.wait_event("msg.retry")[0]
        self.assertEqual((retry["outcome"], retry["err_code"]), ("none", "no_memory"))

    def test_silence_may_be_limited(self):
        silence = Silence()
        r = self.receiver(silence)
        d, port = self.keep(r, answers={"none_retries": 1}, forward=HASTY)
        s = self.sender(port)
        self.taken(s, NUMBERED[0])
        self.assertEqual(d.wait_event("msg.deadletter")[0]["outcome"], "none")
        r.wait(2)
        self.change(d, r, port)
        silence.end()
        self.taken(s, *NUMBERED[1:3])
        done = annotated(NUMBERED[:3])
        self.assertEqual(r.wait(4), [done[0], *done])
        self.quiet(r)

    def test_a_stop_waits_for_an_operator_and_then_goes_on_with_the_same_message(self):
        r = self.receiver(answers(b"AE"))
        d, port = self.keep(r, answers={"error": "stop"})
        s = self.sender(port)
        self.taken(s, *NUMBERED[:3])
        self.assertEqual(d.wait_event("line.stopped")[0]["ctl_id"], "m1")
        self.quiet(r)
        self.taken(s, *NUMBERED[3:5])  # intake goes on
        d.reload()
        self.change(d, r, port, answers={"error": "stop"}, max_frame="1MiB")
        self.quiet(r)
        self.assertEqual(len(r.frames), 1)
        self.assertEqual(d.events("line.resumed"), [])
        self.queue("retry", "--feed", "lab")
        done = annotated(NUMBERED[:5])
        self.assertEqual(r.wait(6), [done[0], *done])
        d.wait_event("line.resumed")

    def test_a_reload_that_may_change_the_answer_starts_a_stopped_line_again(self):
        changed = self.path("changed.xml")
        shutil.copy(SUGAR, changed)
        with open(changed, "a", encoding="utf-8") as f:
            f.write("<!-- edited -->\n")
        stop = {"error": "stop"}
        for number, more in enumerate((
            {"answers": {"error": "stop", "reject": "stop"}}, {"answers": stop, "mapping": changed},
            {"answers": stop, "annotate": "off"}, {"answers": stop, "to": 1},
        )):
            with self.subTest(number):
                r = self.receiver(answers(b"AE"))
                d, port = self.keep(r, answers=stop)
                self.taken(self.sender(port), NUMBERED[0])
                d.wait_event("line.stopped")
                self.change(d, more.pop("to", r), port, **more)
                d.wait_event("line.resumed")
                self.afresh(d)

    def test_what_was_set_aside_stays_so_after_a_restart(self):
        r = self.receiver(answers(b"AE"))
        d, port = self.keep(r)
        self.taken(self.sender(port), *NUMBERED[:3])
        d.wait_event("msg.delivered", 2)
        d.wait_event("msg.deadletter")
        d.stop()
        d, port = self.keep(r)
        self.assertEqual(d.wait_event("queue.waiting")[0]["aside"], 1)
        self.quiet(r)
        self.assertEqual(len(r.frames), 3)


class Matching(Custody):
    def test_a_wrong_id_never_counts(self):
        """Fault 13."""
        r = self.receiver(lambda v, body, n: v.answer(body, of=b"other" if n == 1 else None))
        d, port = self.keep(r, forward=HASTY)
        self.taken(self.sender(port), message("1"))
        self.arrived_again(d, r, [message("1")])
        self.assertEqual(d.wait_event("msg.stray_ack")[0]["ctl_id"], "other")
        self.assertEqual(d.wait_event("msg.retry")[0]["err_code"], "ack_timeout")
        self.quiet(r)

    def test_a_late_answer_finds_nobody(self):
        """Fault 14: the first attempt's answer comes while the second is waited for."""
        held = []

        def slow_at_first(visit, body, number):
            if number == 1:
                held.append((visit, body))
            else:
                first, late = held[0]
                first.answer(late)
                visit.answer(body, code=b"AE")

        r = self.receiver(slow_at_first)
        d, port = self.keep(r, forward=HASTY)
        self.taken(self.sender(port), message("1"))
        dead = d.wait_event("msg.deadletter")[0]
        self.assertGreater(dead["attempt"], 1)
        self.assertEqual(dead["ack_code"], "AE")
        self.assertEqual(d.events("msg.delivered"), [])
        self.assertEqual(len(r.visits), dead["attempt"])

    def test_split_answers_with_junk_and_CRLF_are_read(self):
        """Fault 15."""

        def strange(visit, body, number):
            frame = b"\r\n" + framed(ack(body).replace(b"\r", b"\r\n")) + b"\r\n"
            for at in range(0, len(frame), 7):
                visit.send(frame[at : at + 7])
                time.sleep(0.001)

        r = self.receiver(strange)
        d, port = self.keep(r)
        self.taken(self.sender(port), *NUMBERED[:3])
        d.wait_event("msg.delivered", 3)
        self.arrived(r, NUMBERED[:3])
        self.assertEqual(d.events("msg.retry"), [])

    def test_garbage_for_an_answer_is_tried_again(self):
        for junk in (b"garbage", b"\x0bgarbage\x1c\r", b"\x0bMSH|^~\\&|\x1c\r", b"\x0bMSH"):
            r = self.receiver(
                lambda v, body, n, junk=junk: v.send(junk) if n == 1 else v.answer(body)
            )
            d, port = self.keep(r, forward=HASTY)
            s = self.sender(port)
            s.send(junk[:1].strip(b"\x0b"))
            self.taken(s, message("1"))
            self.arrived_again(d, r, [message("1")])
            self.quiet(r, 0.1)
            told = d.events("conn.broken", outcome="junk")
            self.assertEqual([e["dir"] for e in told], ["in", "out"][: 2 * (junk == b"garbage")])
            self.afresh(d)

    def test_broken_framing_of_an_answer_costs_the_connection(self):
        r = self.receiver(
            lambda v, body, n: v.send(b"\x0bMSH|^~" + framed(ack(body))) if n == 1
            else v.answer(body)
        )
        d, port = self.keep(r)
        self.taken(self.sender(port), message("1"))
        self.arrived(r, 2 * [message("1")])
        self.assertEqual(d.wait_event("msg.retry")[0]["err_code"], "down_broken")

    def test_an_answer_over_the_limit_costs_the_connection(self):
        r = self.receiver(
            lambda v, body, n: v.send(framed(ack(body) + 1024 * b"x")) if n == 1
            else v.answer(body)
        )
        d, port = self.keep(r, max_frame="1KiB")
        self.taken(self.sender(port), message("1"))
        self.arrived(r, 2 * [message("1")])
        self.assertEqual(d.wait_event("msg.retry")[0]["err_code"], "answer_too_large")
        d.wait_event("conn.broken", outcome="answer_too_large", dir="out")
        self.assertEqual(self.metric("hl7noted_limits_hit_total", limit="answer_too_large"), 1)

    def test_AA_and_then_close_is_delivered(self):
        """Fault 17."""

        def answer_and_leave(visit, body, number):
            visit.answer(body)
            visit.close()

        r = self.receiver(answer_and_leave)
        d, port = self.keep(r)
        s = self.sender(port)
        for n, body in enumerate(NUMBERED[:4], 1):
            self.taken(s, body)
            d.wait_event("msg.delivered", n)
            wait_for("the end", lambda: r.visits[-1].ended)
            time.sleep(0.05)
        self.arrived(r, NUMBERED[:4])
        self.quiet(r)

    def test_a_control_id_used_again_with_other_bytes_keeps_both(self):
        """Fault 18."""
        r = self.receiver()
        d, port = self.keep(r)
        same = [message("1", value=str(v)) for v in (5, 25, 15)]
        self.taken(self.sender(port), *same)
        self.arrived(r, same)
        self.assertEqual(len(d.wait_event("msg.same_id", 2)), 2)

    def test_a_message_without_an_id_is_refused_with_the_place(self):
        """Its answer could not be told from another's, and its resend not be recognised."""
        r = self.receiver()
        d, port = self.keep(r)
        s = self.sender(port)
        answer = s.exchange(message(""))
        self.assertEqual(code_of(answer), (b"AE", b""))
        self.assertIn(b"\rERR||MSH^1^10|101^Required field missing^HL70357|E|", answer)
        self.taken(s, message("1"))
        self.arrived(r, [message("1")])
        d.wait_event("msg.rejected", ack_code="AE")

    def test_the_same_id_of_other_senders_is_another_message(self):
        r = self.receiver()
        _, port = self.keep(r)
        other = message("1").replace(b"|LAB|", b"|LAB2|", 1)
        self.taken(self.sender(port), message("1"), other)
        self.arrived(r, [message("1"), other])

    def test_several_in_flight_are_told_in_order_and_sent_again_together(self):
        def last_first(visit, body, number):
            if number == 4:
                for raw in reversed(visit.frames):
                    visit.answer(raw[1:-2])
            elif number == 8:
                visit.reset()
            elif number > 8:
                visit.answer(body)

        r = self.receiver(last_first)
        gate = self.receiver()
        gate.stop()
        d, port = self.keep(gate, forward={**QUICK, "in_flight": 4})
        self.taken(self.sender(port), *NUMBERED[:8])
        self.change(d, r, port, forward={**QUICK, "in_flight": 4})
        done = annotated(NUMBERED[:8])
        self.assertEqual(r.wait(12), done[:4] + done[4:] + done[4:])
        d.wait_event("msg.delivered", 8)
        self.quiet(r)

    def test_what_is_sent_again_past_an_older_one_in_flight_holds_up_nobody(self):
        held = []

        def refuse_the_second(visit, body, number):
            if control_id(body) == b"p1":
                held.append(visit)
            else:
                visit.answer(body, b"AE" if control_id(body) == b"p2" else b"AA")

        r = self.receiver(refuse_the_second)
        d, port = self.keep(r, forward={"in_flight": 4})
        bodies = [message("p%d" % n) for n in range(1, 9)]
        s = self.sender(port)
        self.taken(s, *bodies[:2])
        self.wait_ids(["p2"], "--state", "aside")
        self.queue("retry", "--id", "p2")
        r.wait(3)
        self.wait_ids(["p2"], "--state", "aside")
        held[0].answer(bodies[0])
        self.taken(s, *bodies[2:])
        self.wait_ids([], "--state", "waiting")
        self.wait_ids(["p2"], "--state", "aside")


class Enhanced(Custody):
    def test_a_sender_hears_what_it_asked_for(self):
        r = self.receiver()
        d, port = self.keep(r)
        s = self.sender(port)
        cases = [("AL", b"CA"), ("SU", b"CA"), ("NE", None), ("ER", None), ("al", b"CA")]
        for n, (accept, code) in enumerate(cases):
            s.send(framed(enhanced(str(n), accept)))
            if code:
                self.assertEqual(code_of(s.frame()), (code, str(n).encode()))
            else:
                d.wait_event("msg.queued", n + 1)
                self.assertTrue(s.silent(0.1))
        self.arrived(r, [enhanced(str(n), a) for n, (a, _) in enumerate(cases)])

    def test_a_commit_delivers_and_a_later_application_answer_is_known(self):
        def both(visit, body, number):
            visit.answer(body, code=b"CA")
            time.sleep(0.05)
            visit.answer(body, code=b"AA" if number == 1 else b"AE")

        r = self.receiver(both)
        d, port = self.keep(r)
        s = self.sender(port)
        for n in ("1", "2"):
            self.assertEqual(code_of(s.exchange(enhanced(n, "AL", "AL"))), (b"CA", n.encode()))
        # some receivers do so whatever they are asked for
        self.assertEqual(code_of(s.exchange(message("3"))), (b"AA", b"3"))
        d.wait_event("msg.delivered", 3)
        stray = d.wait_event("msg.stray_ack", 3)
        self.assertEqual({e["outcome"] for e in stray}, {"application_answer"})
        self.assertEqual([e["level"] for e in stray], ["info", "warning", "warning"])
        counted = {c: self.metric("hl7noted_acks_total", code=c) for c in ("CA", "AA", "AE")}
        self.assertEqual(counted, {"CA": 3, "AA": 1, "AE": 2})
        self.quiet(r, 0.2)

    def test_no_answer_is_waited_for_where_none_is_promised(self):
        r = self.receiver(lambda v, body, n: None)
        d, port = self.keep(r)
        s = self.sender(port)
        for n, accept in enumerate(("NE", "ER", "NE")):
            s.send(framed(enhanced(str(n), accept)))
        d.wait_event("msg.delivered", 3)
        self.arrived(r, [enhanced(str(n), a) for n, a in enumerate(("NE", "ER", "NE"))])
        self.assertTrue(s.silent(0.1))
        self.assertEqual(d.events("msg.retry"), [])

    def test_what_wants_no_answer_goes_out_one_behind_another_without_a_pause(self):
        """With one at each turn of the clock so many would take longer than is waited."""
        r = self.receiver(lambda v, body, n: None)
        _, port = self.keep(r)
        bodies = [enhanced("e%d" % n, "NE") for n in range(1000)]
        self.sender(port).send(b"".join(map(framed, bodies)))
        self.arrived(r, bodies)

    def test_an_answer_gets_no_answer(self):
        r = self.receiver(lambda v, body, n: None)
        d, port = self.keep(r)
        s = self.sender(port)
        answer = ack(message("7"))
        s.send(framed(answer))
        d.wait_event("msg.delivered")
        self.assertTrue(s.silent(0.1))
        self.assertEqual(r.wait(1), [answer])


class Answers(Custody):
    """Ours, as senders see them."""

    def test_an_answer_is_built_from_the_request(self):
        r = self.receiver()
        _, port = self.keep(r)
        s = self.sender(port)
        first = s.exchange(message("1")).split(b"\r")
        msh = first[0].split(b"|")
        self.assertEqual(msh[2:6], [b"EHR", b"HOSP", b"LAB", b"HOSP"])
        self.assertEqual(msh[8], b"ACK^R01^ACK")
        self.assertEqual(msh[10:12], [b"P", b"2.5.1"])
        self.assertRegex(msh[6], rb"^\d{14}[+-]\d{4}$")
        self.assertEqual(first[1:], [b"MSA|AA|1", b""])
        ids = {s.exchange(message(str(n))).split(b"|")[9] for n in range(2, 12)}
        self.assertEqual(len(ids | {msh[9]}), 11)

    def test_no_two_starts_give_one_control_id(self):
        """Also when they are in one second."""
        ids = []
        r = self.receiver()
        d, port = self.keep(r)
        for _ in range(3):
            s = self.sender(port)
            ids += [control_id(s.exchange(message("m%d" % n))) for n in range(3)]
            d.stop()
            d = self.again(d)
        self.assertEqual(len(set(ids)), 9, ids)
        self.assertEqual({len(i) for i in ids}, {20})

    def test_odd_delimiters_are_used_in_the_answer(self):
        r = self.receiver()
        _, port = self.keep(r)
        body = (
            message("1").replace(b"|", b"#").replace(b"^", b"@").replace(b"~", b"*")
        )
        answer = self.sender(port).exchange(body)
        self.assertTrue(answer.startswith(b"MSH#@*\\&#EHR#HOSP#LAB#HOSP#"), answer)
        self.assertIn(b"\rMSA#AA#1\r", answer)
        self.arrived(r, [body])

    def test_answers_keep_the_order_of_the_frames(self):
        r = self.receiver()
        _, port = self.keep(r)
        s = self.sender(port)
        wire, wanted = b"", []
        for n in range(200):
            if n % 7 == 3:
                wire += framed(b"junk%d" % n)
                wanted.append((b"AR", b""))
            elif n % 5 == 2:
                wire += framed(message(str(n - 1)))  # a resend
                wanted.append((b"AA", b"%d" % (n - 1)))
            else:
                wire += framed(message(str(n)))
                wanted.append((b"AA", b"%d" % n))
        s.send(wire)
        self.assertEqual([code_of(s.frame()) for _ in wanted], wanted)

    def test_a_batch_is_one_message_with_one_answer(self):
        r = self.receiver()
        d, port = self.keep(r)
        batch = b"BHS|^~\\&|LAB\r" + message("1") + message("2") + b"BTS|2\r"
        self.assertEqual(code_of(self.sender(port).exchange(batch)), (b"AA", b"1"))
        self.arrived(r, [batch])
        d.wait_event("msg.delivered", ctl_id="1")

    def test_while_there_is_no_space_nothing_is_read_and_nothing_answered(self):
        r = self.receiver()
        d, port = self.keep(r, store=self.crowded())
        s = self.sender(port)
        s.send(framed(message("1")))
        self.assertTrue(s.silent(0.5))
        self.change(d, r, port)
        self.assertEqual(code_of(s.frame()), (b"AA", b"1"))
        self.arrived(r, [message("1")])

    def test_while_there_is_no_space_messages_are_rejected_where_the_feed_says_so(self):
        """Fault 19: a sender that takes AR for AA has lost nothing that was ours."""
        r = self.receiver()
        d, port = self.keep(r, store=self.crowded(), on_failure="reject")
        s = self.sender(port)
        for n in ("1", "2"):
            answer = s.exchange(message(n))
            self.assertEqual(code_of(answer), (b"AR", n.encode()))
            self.assertIn(b"|207^Application internal error^HL70357|E|", answer)
        self.assertEqual(code_of(s.exchange(enhanced("3", "AL"))), (b"CE", b"3"))
        self.change(d, r, port, on_failure="reject")
        wait_for(
            "an AA", lambda: code_of(s.exchange(message("4"))) == (b"AA", b"4")
        )
        self.arrived(r, [message("4")])
        self.assertEqual(len(d.wait_event("msg.queued")), 1)

    def test_one_that_is_too_large_for_the_queue_is_refused_alone_and_by_name(self):
        """However often it comes, others who send many at once hear nothing of it."""
        d, port = self.keep(self.receiver(), store={"quota": "4MiB"}, on_failure="reject")
        large = framed(message("large", more=b"NTE|1||" + b"x" * (5 << 20) + b"\r"))
        rounds, size = 20, 20
        big, other = self.sender(port), self.sender(port)
        for n in range(rounds):
            many = [message("%d-%d" % (n, i)) for i in range(size)]
            big.send(large)
            other.send(b"".join(map(framed, many[: size // 2])))
            answer = big.frame()
            big.send(large)
            other.send(b"".join(map(framed, many[size // 2 :])))
            for body in many:
                self.assertEqual(code_of(other.frame()), (b"AA", control_id(body)))
            for answer in (answer, big.frame()):
                self.assertEqual(code_of(answer), (b"AR", b"large"))
                self.assertIn(b"no room for so large a message", answer)
        self.assertEqual(self.state()[1]["last_error"], "no_room")
        refused = d.wait_event("msg.rejected", 2 * rounds)
        self.assertEqual({(e["ctl_id"], e["outcome"]) for e in refused}, {("large", "no_room")})
        self.assertEqual(d.events("queue.disk_low"), [])

    def test_what_came_whole_stands_in_the_log_when_the_daemon_stops(self):
        """Each message of the stream once, as far as it was read: taken, or left."""
        d, port = self.keep(self.receiver())
        s = self.sender(port)
        stream = b"".join(framed(message(str(n))) for n in range(3000))

        def send():
            try:
                s.send(stream)
            except OSError:
                pass

        t = threading.Thread(target=send)
        t.start()
        d.wait_event("msg.queued", 100)
        d.signal(signal.SIGTERM)
        self.assertEqual(d.wait(), 0)
        t.join()
        told = [e for e in d.lines() if e["event"] in ("msg.queued", "msg.rejected")]
        self.assertEqual([int(e["ctl_id"]) for e in told], list(range(len(told))))
        left = d.events("msg.rejected")
        self.assertEqual(left, told[len(told) - len(left) :])
        self.assertEqual({(e["outcome"], e.get("ack_code")) for e in left} | {("drained", None)},
                         {("drained", None)})

    def test_who_is_closed_for_want_of_room_finds_the_reason_in_the_log(self):
        d, port = self.keep(free_port(), store={"quota": "4MiB"})
        s = self.sender(port)
        s.send(framed(message("1", more=b"NTE|1||" + b"x" * (5 << 20) + b"\r")))
        s.send(framed(message("2")))
        self.assertTrue(s.closed())
        self.assertEqual(d.wait_event("conn.close")[0]["outcome"], "no_room")
        self.assertEqual(d.wait_event("msg.rejected")[0]["outcome"], "no_room")
        self.assertRegex(self.text(), "last message +20.* rejected; ")
        self.assertRegex(self.text(), "last error .* no_room\n")
        self.assertTrue(self.state()[0]["store"]["takes"])


if __name__ == "__main__":
    main()
