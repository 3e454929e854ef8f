#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Nothing of a patient's, and no line that a peer has written, in logs, metrics and status."""

import json
import re

from world import World, ack, feed_xml, framed, free_port, http, main, message, wait_for

CANARY = "Kanarienvogel"

# Each field of each segment holds the canary, but for those that the log is allowed to tell:
# MSH-9, MSH-10 and MSH-12, and for those that make it a message with results to annotate.
SEGMENTS = {
    "SFT": 6, "PID": 39, "PD1": 21, "NK1": 39, "PV1": 52, "PV2": 49, "ORC": 31, "OBR": 50,
    "NTE": 4, "SPM": 30, "ZPI": 12,
}


def full(control_id="c1", value="25", code="1111-1"):
    header = ["MSH", "^~\\&"] + [CANARY] * 18
    header[8], header[9], header[11] = "ORU^R01", control_id, "2.5.1"
    header[14] = header[15] = ""
    header[17] = ""
    if control_id == "c1":
        header[13] = ""  # MSH-14 makes a fragment of it, which is left alone
    lines = ["|".join(header)]
    for name, fields in SEGMENTS.items():
        parts = [CANARY + "^" + CANARY + "&" + CANARY + "~" + CANARY] * fields
        if name in ("NTE", "SPM"):
            continue
        lines.append("|".join([name, *parts]))
    for n, (v, c) in enumerate(((value, code), (CANARY, code), ("7", CANARY), (value, code))):
        obx = [CANARY] * 20
        obx[0], obx[1], obx[2], obx[4], obx[5], obx[6] = (
            str(n), "NM", c + "^" + CANARY + "^LN", v, "mg/L" if n < 3 else CANARY, "10-20",
        )
        obx[7], obx[10], obx[13] = "", "F", "20260101"
        lines.append("|".join(["OBX", *obx]))
        lines.append("|".join(["NTE", "1", "L", CANARY, CANARY]))
    lines.append("|".join(["SPM", "1"] + [CANARY] * 28))
    return ("\r".join(lines) + "\r").encode()


class Canary(World):
    def test_no_field_of_a_message_or_answer_shows_anywhere(self):
        odd = {
            b"1": lambda v, body: v.answer(body),
            b"2": lambda v, body: v.answer(body, CANARY.encode()[:2]),
            b"3": lambda v, body: v.send(
                framed(ack(body, b"AE").replace(b"EHR", CANARY.encode()) + b"ERR|||" +
                       CANARY.encode() + b"\rNTE|" + CANARY.encode() + b"\r")
            ),
            b"4": lambda v, body: v.reset(),
            b"5": lambda v, body: v.send(CANARY.encode() + b"\x0b" + CANARY.encode() + b"\x0b"),
            b"6": lambda v, body: v.send(framed(CANARY.encode())) or v.answer(body),
        }

        def handler(visit, body, number):
            for name, act in odd.items():
                if b"|ORU^R01|c" + name + b"|" in body:
                    act(visit, body)
                    return
            visit.answer(body)

        r = self.receiver(handler)
        door, control, port = free_port(), self.path("control"), free_port()
        d = self.configure(
            '<log level="debug"/>', '<metrics listen="127.0.0.1:%d"/>' % door,
            '<control socket="%s"/>' % control,
            feed_xml(port, r.port, max_frame="64KiB",
                     forward={"ack_timeout": "1500ms", "backoff_min": "100ms"}),
        )
        for n in range(1, 8):
            s = self.sender(port)
            s.send(framed(full("c%d" % n)))
            s.frame()
            s.close()
        for data in (
            framed(CANARY.encode()), b"\x0b" + CANARY.encode() + b"\x0b", CANARY.encode(),
            b"\x0b" + full("c8")[:700], framed(full("c9").replace(b"|", b"$")),
            framed(full("c9").replace(b"\r", b"\n")), framed(full("c9")[1:]),
            framed(full("c9").replace(b"^~\\&", b"||||")),
            framed(full("c9").replace(b"\r", b" ", 1)), framed(full("c9").replace(b"\r", b"", 3)),
            framed(b"MSH|^~\\&|LAB\nPID|1||4711||" + CANARY.encode() * 7 + b"|" + CANARY.encode()),
            framed(b"MSH|^~\\&|LAB PID|1||4711|||%s^J|19700101|F|%s" % ((CANARY.encode(),) * 2)),
            framed(b"MSH|^~\\&|" + CANARY.encode() * 3), b"\x0b" + CANARY.encode() * 6000,
        ):
            s = self.sender(port)
            try:
                s.send(data)
                s.end()
                s.frame()
            except (OSError, AssertionError):
                pass
            s.close()
        d.wait_event("msg.acked", 4)
        said = [
            d.text(), http(door)[2], self.note("status", "--control", control).decode(),
            self.note("status", "--json", "--control", control).decode(),
        ]
        for text in said:
            self.assertEqual([x for x in text.splitlines() if CANARY in x], [])
            self.assertNotIn(CANARY.upper(), text.upper())
        self.assertIn("T1", said[0])
        self.assertIn('"c1"', said[0])


class Injection(World):
    def test_whatever_a_control_ID_holds_is_one_record(self):
        nasty = [
            b"a\nb", b'x"}\n{"event":"forged"}', b"\x1b[31mred", b"\xe2\x80\xa8line",
            b"\xe2\x80\xa9par", b"\xc2\x85nel", b"\\u000a", b"tab\there", b"x\x00nul", b"\x7fdel",
            b"\xff\xfe", b"=eq ual", b'"quote"', b"\xc2\x9b31m", b"z" * 500,
            b"\xe2\x80\xae\xd7\xa9rtl",
        ]
        for format_ in ("json", "logfmt"):
            with self.subTest(format_):
                r = self.receiver(lambda v, body, n: v.answer(body, of=b"other\n\x1b\xe2\x80\xa8"))
                port = free_port()
                d = self.start(
                    "--listen", "127.0.0.1:%d" % port, "--forward", "127.0.0.1:%d" % r.port,
                    "--log-format", format_, "--ack-timeout", "200ms", wait=False,
                )
                wait_for("the start", lambda d=d: "svc.started" in d.text())
                for name in nasty:
                    s = self.sender(port)
                    s.send(framed(message("7").replace(b"|7|", b"|" + name + b"|")))
                    self.assertTrue(s.closed(), name)
                d.stop()
                with open(d.log, "rb") as f:
                    raw = f.read()
                text = raw.decode("utf-8")
                self.assertNotIn("forged\"}\n", text)
                for bad in "\x1b\u2028\u2029\x85\x00\x7f\t\r\x9b\u202e":
                    self.assertNotIn(bad, text, repr(bad))
                for line in raw.splitlines():
                    if format_ == "json":
                        fields = json.loads(line)
                        self.assertLessEqual(len(fields.get("ctl_id", "")), 50)
                        self.assertNotEqual(fields["event"], "forged")
                    else:
                        self.assertRegex(line.decode(), r"^ts=\S+ level=\w+ event=[a-z._]+( |$)")
                        self.assertEqual(len(re.findall(r"(?:^| )event=", line.decode())), 1)


if __name__ == "__main__":
    main()
