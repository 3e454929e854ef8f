#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What goes in and what comes out: every byte that no rule names stays as it came."""

import json
import time

from world import (
    ALL, B2M, SUGAR, World, ack, annotated, feed_xml, framed, free_port, main, message, samples,
)

# Oddities that real links carry; none may be changed, stop the feed, or be acknowledged by us.
ODD = {
    "nothing": b"",
    "one byte": b"X",
    "a header of one letter": b"M",
    "a header of three letters": b"MSH",
    "a header without fields": b"MSH|",
    "no encoding characters": b"MSH||LAB\r",
    "one encoding character": b"MSH|^|LAB|||||||ORU^R01|7|P|2.5.1\rPID|1\r",
    "all delimiters alike": b"MSH||||||||ORU||||\r",
    "NUL": message("9").replace(b"LAB", b"L\0B"),
    "an end byte inside": message("9").replace(b"LAB", b"L\x1cB"),
    "bad UTF-8": message("9").replace(b"DOE", b"\xff\xfe\xc3"),
    "all bytes but the marks": message("9").replace(
        b"DOE", ALL.replace(b"\x0b", b"").replace(b"\x1c", b"").replace(b"\r", b"")
    ),
    "LF line ends": message("9").replace(b"\r", b"\n"),
    "CRLF line ends": message("9").replace(b"\r", b"\r\n"),
    "blank lines": message("9").replace(b"\r", b"\r\r\r"),
    "no last terminator": message("9")[:-1],
    "a byte order mark": b"\xef\xbb\xbf" + message("9"),
    "text": b"good morning\r\n",
    "a Z segment of nothing": message("9") + b"ZZZ\rZ\r",
}


class Unchanged(World):
    def test_odd_frames_pass_byte_for_byte_and_the_feed_goes_on(self):
        r = self.receiver(lambda v, body, n: v.answer(body))
        d, port = self.hop(r, "--annotate", "off")
        s = self.sender(port)
        for name, body in ODD.items():
            with self.subTest(name):
                before = len(r.frames)
                s.send(framed(body))
                self.assertEqual(r.wait(before + 1)[-1], body)
                self.assertEqual(s.frame(), ack(body))
        self.assertEqual(s.exchange(message("last")), ack(message("last")))
        self.assertEqual(len(r.visits), 1)
        d.wait_event("msg.acked", len(ODD) + 1)

    def test_odd_frames_become_what_hl7note_makes_of_them(self):
        r = self.receiver()
        _, port = self.hop(r)
        s = self.sender(port)
        for (name, body), expected in zip(ODD.items(), annotated(ODD.values())):
            with self.subTest(name):
                self.assertEqual(s.exchange(body), ack(expected))
                self.assertEqual(r.bodies()[-1], expected)

    def test_no_comment_ends_a_frame(self):
        r = self.receiver()
        _, port = self.hop(r)
        s = self.sender(port)
        for end in (b"|\x1c", b"|\x1c", b""):
            body = message("1")[:-1] + end
            self.assertEqual(s.exchange(body), ack(body))
        plain = message("1")[:-1]
        self.assertEqual(r.bodies(), [plain + b"|\x1c"] * 2 + annotated([plain]))

    def test_other_message_types_pass_byte_for_byte(self):
        r = self.receiver()
        d, port = self.hop(r)
        s = self.sender(port)
        kinds = ("ADT^A01", "ORM^O01", "OUL^R22", "ORU^R32", "MDM^T02", "ack", "ORU", "", "ORU^")
        bodies = [message(str(n), kind=kind) for n, kind in enumerate(kinds)]
        for body in bodies:
            self.assertEqual(s.exchange(body), ack(body))
        self.assertEqual(r.bodies(), annotated(bodies))
        self.assertEqual(r.bodies()[:5], bodies[:5])
        self.assertIn("not_oru", d.wait_event("msg.acked", 5)[0]["skip"])

    def test_a_value_within_limits_passes_byte_for_byte(self):
        r = self.receiver()
        _, port = self.hop(r)
        s = self.sender(port)
        s.exchange(message(value="15"))
        self.assertEqual(r.bodies(), [message(value="15")])

    def test_shadow_and_off_change_no_byte(self):
        for how in ("shadow", "off"):
            with self.subTest(how):
                r = self.receiver()
                d, port = self.hop(r, "--annotate", how)
                self.sender(port).exchange(message())
                self.assertEqual(r.bodies(), [message()])
                acked = d.wait_event("msg.acked")[0]
                self.assertEqual(acked["bytes_in"], acked["bytes_out"])
                self.assertEqual((acked["obx_flagged"], acked["nte_added"]), (0, 0))
                self.assertEqual(acked.get("rules"), "T1" if how == "shadow" else None)

    def test_what_the_shadow_tells_names_each_message_of_a_frame(self):
        r = self.receiver()
        ctl = self.path("control")
        d, port = self.hop(r, "--annotate", "shadow", "--control", ctl)
        s = self.sender(port)
        s.exchange(message("one"))
        s.exchange(b"BHS|^~\\&|LAB\r" + message("two") + message("three") + b"BTS|2\r")
        told = d.wait_event("msg.annotated", 3)
        self.assertEqual([e["ctl_id"] for e in told], ["one", "two", "three"])
        self.assertEqual({e["msg_type"] for e in told}, {"ORU^R01"})
        self.assertFalse(any("withheld" in e for e in told), "nothing was")
        acked = d.wait_event("msg.acked", 2)
        self.assertEqual([e["corr"] for e in told], [acked[n]["corr"] for n in (0, 1, 1)])
        lab = json.loads(self.note("status", "--json", "--control", ctl))["feeds"][0]
        counts = {k: n for k, n in lab["annotations"].items() if n}
        self.assertEqual(counts, {"shadowed": 3})
        self.assertIn(b" 0 unchanged, 3 in shadow\n", self.note("status", "--control", ctl))

    def test_a_feed_without_mappings_changes_no_byte(self):
        r = self.receiver()
        _, port = self.hop(r, mapping=None)
        self.sender(port).exchange(message())
        self.assertEqual(r.bodies(), [message()])


class Annotated(World):
    def test_each_sample_is_what_hl7note_makes_of_it(self):
        bodies = [body for _, body in samples()]
        expected = annotated(bodies, B2M)
        r = self.receiver()
        _, port = self.hop(r, mapping=B2M)
        s = self.sender(port)
        for body in bodies:
            s.send(framed(body))
            self.assertIsNotNone(s.frame(), body[:200])
        self.assertEqual(r.bodies(), expected)
        self.assertGreater(sum(a != b for a, b in zip(bodies, expected)), 50)

    def test_annotating_what_was_annotated_changes_nothing(self):
        first, second = self.receiver(), self.receiver()
        bodies = [body for _, body in samples()][:60]
        for r, source in ((first, lambda: bodies), (second, first.bodies)):
            _, port = self.hop(r, mapping=B2M)
            s = self.sender(port)
            for body in list(source()):
                s.exchange(body)
        self.assertEqual(second.bodies(), first.bodies())

    def test_messages_of_a_batch_are_annotated_and_its_frame_stays_whole(self):
        batch = (
            b"FHS|^~\\&|LAB\rBHS|^~\\&|LAB||||20260101||||B1\r"
            + message("1") + message("2", value="15") + message("3", value="9")
            + b"BTS|3\rFTS|1\r"
        )
        r = self.receiver(lambda v, body, n: v.answer(b"MSH|^~\\&|||||||ACK|x|P|2.5.1\r"))
        _, port = self.hop(r)
        s = self.sender(port)
        self.assertIsNotNone(s.exchange(batch))
        self.assertEqual(r.bodies(), annotated([batch]))
        self.assertEqual(r.bodies()[0].count(b"NTE|"), 4)

    def test_a_batch_of_answers_answers_a_batch(self):
        answers = b"BHS|^~\\&|EHR\r" + ack(message("1")) + ack(message("2")) + b"BTS|2\r"
        r = self.receiver(lambda v, body, n: v.send(framed(answers)))
        d, port = self.hop(r)
        s = self.sender(port)
        batch = b"BHS|^~\\&|LAB\r" + message("1") + message("2") + b"BTS|2\r"
        self.assertEqual(s.exchange(batch), answers)
        d.wait_event("msg.acked")

    def test_two_feeds_apply_their_own_mappings(self):
        r = self.receiver()
        ports = [free_port(), free_port()]
        self.configure(
            feed_xml(ports[0], r.port, name="a", mapping=SUGAR),
            feed_xml(ports[1], r.port, name="b", mapping=B2M),
        )
        for port in ports:
            self.sender(port).exchange(message())
        self.assertEqual(r.bodies(), annotated([message()]) + [message()])


class Pieces(World):
    """Where the reads are cut is nobody's business."""

    def test_one_byte_a_segment_both_ways_is_byte_identical(self):
        def slowly(visit, body, number):
            for byte in framed(ack(body)):
                visit.send(bytes([byte]))

        bodies = [message("1"), message("2", value="15")] + [b for _, b in samples()][:4]
        r = self.receiver(slowly)
        _, port = self.hop(r)
        s = self.sender(port)
        for body, expected in zip(bodies, annotated(bodies)):
            for byte in framed(body):
                s.send(bytes([byte]))
            self.assertEqual(s.frame(), ack(expected))
            self.assertEqual(r.bodies()[-1], expected)

    def test_one_byte_a_read_is_byte_identical(self):
        r = self.receiver()
        _, port = self.hop(r)
        s = self.sender(port)
        for byte in framed(message()):
            s.send(bytes([byte]))
            time.sleep(0.002)
        self.assertEqual(s.frame(), ack(message()))
        self.assertEqual(r.bodies(), annotated([message()]))

    def test_several_frames_in_one_read_go_on_in_order(self):
        r = self.receiver()
        _, port = self.hop(r)
        s = self.sender(port)
        bodies = [message(str(n), value=str(n)) for n in range(1, 51)]
        s.send(b"".join(map(framed, bodies)))
        self.assertEqual([s.frame() for _ in bodies], [ack(b) for b in bodies])
        self.assertEqual(r.bodies(), annotated(bodies))

    def test_junk_between_frames_is_dropped_and_frames_are_not(self):
        r = self.receiver(lambda v, body, n: v.send(b"\n" * n + framed(ack(body))))
        d, port = self.hop(r)
        s = self.sender(port)
        s.send(b"\r\n\n" + framed(message("1")) + b"\n\n" + framed(message("2")) + b"\n")
        self.assertEqual([s.frame(), s.frame()], [ack(message("1")), ack(message("2"))])
        self.assertEqual(r.bodies(), annotated([message("1"), message("2")]))
        self.assertEqual(d.events("conn.broken"), [])

    def test_junk_that_is_no_line_end_is_told_once_of_each_side(self):
        """A message without its 0x0B, of whom nobody knows why it gets no answer."""
        r = self.receiver(lambda v, body, n: v.send(b"ACK?" + framed(ack(body))))
        d, port = self.hop(r)
        s = self.sender(port)
        lost = message("lost") + b"\x1c\r"
        # the junk waits with the frame behind it
        s.send(framed(message("1")) + lost + framed(message("2")) + lost)
        for n in "12":
            self.assertEqual(s.frame(), ack(message(n)))
        told = d.wait_event("conn.broken", 2, outcome="junk")
        self.assertEqual(sorted(e["dir"] for e in told), ["in", "out"])

    def test_a_frame_of_the_limit_passes_and_one_more_byte_is_refused(self):
        limit = 4096
        fill = limit - len(message("1", value="15")) - len(b"NTE|1||\r")
        exact = message("1", value="15", more=b"NTE|1||" + b"x" * fill + b"\r")
        self.assertEqual(len(exact), limit)
        r = self.receiver()
        d, port = self.feed(r, max_frame="4KiB")
        self.assertEqual(self.sender(port).exchange(exact), ack(exact))
        self.assertEqual(r.bodies(), [exact])
        s = self.sender(port)
        s.send(framed(exact + b"y"))
        self.assertTrue(s.closed())
        self.assertEqual(len(r.frames), 1)
        d.wait_event("conn.broken", outcome="frame_too_large")

    def test_a_frame_without_end_is_refused_at_the_limit(self):
        r = self.receiver()
        d, port = self.feed(r, max_frame="4KiB")
        s = self.sender(port)
        s.send(b"\x0b" + b"x" * 5000)
        self.assertTrue(s.closed())
        d.wait_event("conn.broken", outcome="frame_too_large")
        self.assertEqual(r.frames, [])

    def test_a_frame_inside_a_frame_is_never_acknowledged(self):
        r = self.receiver()
        d, port = self.hop(r)
        s = self.sender(port)
        s.send(b"\x0b" + message("1")[:50] + framed(message("2")))
        self.assertTrue(s.closed())
        self.assertEqual(r.frames, [])
        # at the second beginning
        d.wait_event("conn.broken", outcome="frame_broken", offset=51)

    def test_a_hundred_thousand_results_pass_in_linear_time(self):
        def big(count):
            obx = b"".join(
                b"OBX|%d|NM|1111-1^Sugar^LN||25|mg/L|10-20||||F\r" % n for n in range(count)
            )
            return message(more=obx)

        r = self.receiver()
        d, port = self.hop(r)
        s = self.sender(port)
        times = []
        for count in (25000, 100000):
            body = big(count)
            before = d.cpu()
            self.assertEqual(s.exchange(body), ack(body))
            times.append(d.cpu() - before)
        self.assertEqual(r.bodies()[-1], annotated([body])[0])
        self.assertLess(times[1], 8 * times[0] + 0.2)
        self.assertLess(times[1], 50)


if __name__ == "__main__":
    main()
