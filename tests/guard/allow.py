#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Who may connect, and whose messages are taken: the allow lists."""

import os
import socket
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "relay"))

from world import (  # noqa: E402
    World, ack, config_xml, feed_xml, framed, free_port, main, message, metric,
)


def of(application, facility="HOSP", control_id="1"):
    return message(control_id).replace(
        b"|LAB|HOSP|", b"|%s|%s|" % (application.encode(), facility.encode()), 1
    )


def lab(port, r, allow="", rules="", address="127.0.0.1", **more):
    """One <feed> without a mapping, and the lists of who may connect and send."""
    return feed_xml(
        port, r.port, mapping=None, listen={"address": address}, in_listen=allow, inside=rules,
        **more,
    )


class Addresses(World):
    def test_those_on_no_list_are_closed_as_soon_as_they_connect(self):
        r = self.receiver()
        port, door = free_port(), free_port()
        d = self.configure(
            '<metrics listen="%d"/>' % door,
            lab(
                port, r, '<allow address="127.0.0.2"/><allow address="127.1.0.0/16"/>',
                address="*",
            ),
        )
        for source in ("127.0.0.2", "127.1.2.3"):
            s = self.sender(port, source=source)
            self.assertEqual(s.exchange(of("LAB")), ack(of("LAB")), source)
        for source in ("127.0.0.1", "127.0.0.3", "127.2.0.0"):
            self.assertTrue(self.sender(port, source=source).closed(), source)
        refused = d.wait_event("conn.refused", 3, outcome="address")
        self.assertTrue(refused[0]["peer"].startswith("127.0.0.1:"), refused)
        self.assertEqual(metric(door, "hl7noted_connections_refused_total", feed="lab"), 3)
        self.assertEqual(metric(door, "hl7noted_limits_hit_total", limit="address"), 3)
        self.assertEqual(len(r.frames), 2)

    def test_a_list_of_one_family_shuts_the_other_out(self):
        r = self.receiver()
        port = free_port()
        d = self.configure(
            lab(port, r, '<allow address="127.0.0.0/8"/>', address="*")
        )
        self.assertEqual(self.sender(port).exchange(of("LAB")), ack(of("LAB")))
        try:
            s = self.sender(port, host="::1")
        except OSError:
            self.skipTest("no IPv6 here")
        self.assertTrue(s.closed())
        d.wait_event("conn.refused", outcome="address")

    def test_a_reload_ends_connections_that_are_not_on_the_new_list(self):
        r = self.receiver()
        port = free_port()
        d = self.configure(lab(port, r))
        kept, ended = self.sender(port, source="127.0.0.2"), self.sender(port)
        for s in (kept, ended):
            self.assertEqual(s.exchange(of("LAB")), ack(of("LAB")))
        self.write(
            "hl7noted.xml",
            config_xml(lab(port, r, '<allow address="127.0.0.2"/>')),
        )
        d.reload()
        self.assertTrue(ended.closed())
        d.wait_event("conn.close", outcome="not_allowed")
        self.assertEqual(kept.exchange(of("LAB")), ack(of("LAB")))

    def test_a_connection_stays_by_the_list_of_the_listener_it_came_by(self):
        r = self.receiver()
        ports = [free_port(), free_port()]

        def both(allow):
            first = '<listen address="127.0.0.1" port="%d">%s</listen>' % (ports[0], allow)
            return config_xml(lab(ports[1], r).replace("<listen", first + "<listen", 1))

        d = self.start("--config", self.write("hl7noted.xml", both("")))
        ended, kept = self.sender(ports[0]), self.sender(ports[1])
        for s in (ended, kept):
            self.assertEqual(s.exchange(of("LAB")), ack(of("LAB")))
        self.write("hl7noted.xml", both('<allow address="127.0.0.2"/>'))
        d.reload()
        self.assertTrue(ended.closed(), "though the other listener would take it")
        self.assertEqual(kept.exchange(of("LAB")), ack(of("LAB")))


class Senders(World):
    RULES = '<sender application="LAB" facility="HOSP"/><sender application="RIS"/>'

    def test_messages_of_others_are_answered_AR_and_go_nowhere(self):
        r = self.receiver()
        port, door = free_port(), free_port()
        d = self.configure(
            '<metrics listen="%d"/>' % door, lab(port, r, rules=self.RULES)
        )
        s = self.sender(port)
        for application, facility in (("LAB", "HOSP"), ("RIS^x", "EAST"), ("LAB^1^ISO", "HOSP")):
            body = of(application, facility)
            self.assertEqual(s.exchange(body), ack(body), application)
        for number, (application, facility) in enumerate(
            (("LAB", "EAST"), ("lab", "HOSP"), ("", ""), ("EHR^RIS", "HOSP"))
        ):
            answer = s.exchange(of(application, facility, "n%d" % number))
            self.assertIn(b"\rMSA|AR|n%d|" % number, answer)
            self.assertIn(b"MSH^1^3|204^", answer)
        told = d.wait_event("audit.refused", 4)
        self.assertEqual(told[1]["ctl_id"], "n1")
        self.assertEqual(told[1]["err_loc"], "MSH[1]-3")
        self.assertEqual(told[1]["msg_type"], "ORU^R01")
        self.assertTrue(told[1]["peer"].startswith("127.0.0.1:"))
        self.assertNotIn("EHR", d.text())
        self.assertEqual(len(r.frames), 3)
        self.assertEqual(metric(door, "hl7noted_messages_total", outcome="refused"), 4)
        self.assertEqual(s.exchange(of("LAB")), ack(of("LAB")), "the connection stays")

    def test_nobody_gets_through_beside_a_sender_who_may(self):
        """In one frame, behind what is no message, in a batch, or cut over several reads."""
        r = self.receiver()
        port = free_port()
        d = self.configure(lab(port, r, rules=self.RULES))
        s = self.sender(port)
        frames = (
            of("LAB") + of("EHR"), b"PID|1\r" + of("LAB"), b"PID|1\r",
            b"BHS|^~\\&|LAB|HOSP\r" + of("EHR") + b"BTS|1\r", of("LAB") + b" \xef\xbb\xbf" + of("EHR"),
            of("LAB")[:-1] + b"\n" + of("EHR"),
            b"BHS|^~\\&|LAB\x0c" + of("EHR").replace(b"\r", b"\x0c") + b"\r" + of("LAB") + b"BTS|1\r",
        )
        for frame in frames:
            self.assertIn(b"\rMSA|AR|", s.exchange(frame), frame)
        for byte in framed(of("EHR")):
            s.send(bytes([byte]))
        self.assertIn(b"\rMSA|AR|", s.frame())
        d.wait_event("audit.refused", len(frames) + 1)
        self.assertEqual(r.frames, [])
        self.assertEqual(r.visits, [], "nobody was connected to for their sake")

    def test_answers_keep_their_order(self):
        r = self.receiver()
        port = free_port()
        self.configure(lab(port, r, rules=self.RULES))
        s = self.sender(port)
        names = ["LAB", "EHR", "RIS", "EHR", "EHR", "LAB"]
        s.send(b"".join(framed(of(n, control_id="c%d" % i)) for i, n in enumerate(names)))
        for number, name in enumerate(names):
            code = b"AR" if name == "EHR" else b"AA"
            self.assertIn(b"\rMSA|%s|c%d" % (code, number), s.frame())

    def test_a_feed_may_close_instead(self):
        r = self.receiver()
        port = free_port()
        d = self.configure(lab(port, r, rules=self.RULES, on_stranger="close"))
        s = self.sender(port)
        self.assertEqual(s.exchange(of("RIS")), ack(of("RIS")))
        s.send(framed(of("EHR")))
        self.assertTrue(s.closed())
        d.wait_event("audit.refused")
        d.wait_event("conn.close", outcome="not_allowed")
        self.assertEqual(len(r.frames), 1)

    def test_who_wants_no_answer_gets_none(self):
        r = self.receiver()
        port = free_port()
        d = self.configure(lab(port, r, rules=self.RULES))
        s = self.sender(port)
        s.send(framed(of("EHR").replace(b"|2.5.1\r", b"|2.5.1|||NE|NE\r", 1)))
        d.wait_event("audit.refused")
        self.assertTrue(s.silent())

    def test_a_reload_changes_the_rules_of_open_connections(self):
        r = self.receiver()
        port = free_port()
        d = self.configure(lab(port, r, rules=self.RULES))
        s = self.sender(port)
        self.assertIn(b"\rMSA|AR|", s.exchange(of("EHR")))
        self.write(
            "hl7noted.xml",
            config_xml(
                lab(
                    port, r,
                    rules="".join('<sender application="%s"/>' % a for a in ("A", "B", "EHR")),
                )
            ),
        )
        d.reload()
        self.assertEqual(s.exchange(of("EHR")), ack(of("EHR")))
        self.assertIn(b"\rMSA|AR|", s.exchange(of("LAB")))

    def test_a_rule_that_nobody_could_fit_is_a_fault_of_the_configuration(self):
        r = self.receiver()
        port = free_port()
        text = lab(port, r, rules='<sender application="LAB" peer="lab.example"/>')
        d = self.start("--config", self.write("hl7noted.xml", config_xml(text)), wait=False)
        self.assertEqual(d.wait(), 78)
        d.expected = 78
        self.assertIn("nobody could be this peer", d.text())
        with self.assertRaises(OSError):
            socket.create_connection(("127.0.0.1", port), 1)


if __name__ == "__main__":
    main()
