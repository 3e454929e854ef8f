#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Fault 4 with custody: a link that goes down without a word is noticed on both sides within 45
seconds, with the defaults; what was taken meanwhile waits, and goes out when the link is back.

Half a minute of waiting."""

import sys
import time

from custody import Custody, custody_xml
from farside import HERE, LIMIT, PEER, THERE, FarSide
from world import framed, free_port, main, message, wait_for


class Cut(FarSide, Custody):
    def test_a_link_that_goes_down_is_noticed_on_both_sides_and_costs_nothing(self):
        to = self.far_sink()
        out, rest, into = free_port(), free_port(), free_port()
        slow = {"ack_timeout": "5min"}  # which is not to be what helps
        r = self.receiver()
        d = self.configure(
            *self.parts(
                custody_xml(out, to, name="out", host=THERE, forward=slow),
                custody_xml(rest, to, name="rest", host=THERE, forward=slow),
                custody_xml(into, r.port, name="in", listen={"address": HERE}),
            )
        )
        s = self.sender(out)
        self.taken(s, message("1"))
        self.taken(self.sender(rest), message("1"))
        d.wait_event("msg.delivered", feed="out")
        d.wait_event("msg.delivered", feed="rest")
        peer = self.far(sys.executable, "-c", PEER, HERE, into, data=framed(message("2")))
        self.assertEqual(peer.stdout.readline(), b"answered\n")
        self.assertEqual(self.sockets(d), 3)

        self.link("down")
        began = time.monotonic()
        left = lambda: max(0, LIMIT - (time.monotonic() - began))
        self.taken(s, message("3"), message("4"))
        d.wait_event("msg.retry", feed="out", err_code="down_lost", patience=left())
        self.assertGreater(time.monotonic() - began, 5)
        d.wait_event("conn.close", feed="in", patience=left())
        wait_for("the end of the idle one", lambda: self.sockets(d) == 0, left())
        self.assertEqual(self.ids("--feed", "out", "--state", "waiting"), ["3", "4"])

        self.link("up")
        d.wait_event("msg.delivered", 3, feed="out")
        self.wait_ids([], "--state", "waiting")
        self.assertEqual(self.ids("--feed", "out", "--state", "delivered"), ["1", "3", "4"])


if __name__ == "__main__":
    main()
