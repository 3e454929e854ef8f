#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A link that goes down without a word: both sides must notice within 45 seconds, with the
defaults, whether something is on its way or not.

Half a minute of waiting."""

import sys
import time

from farside import HERE, LIMIT, PEER, THERE, FarSide
from world import feed_xml, framed, free_port, main, message, wait_for


class HalfOpen(FarSide):
    def test_a_link_that_goes_down_is_noticed_on_both_sides_within_45_seconds(self):
        to = self.far_sink()
        busy, rest, port = free_port(), free_port(), free_port()
        r = self.receiver()
        slow = {"ack_timeout": "5min"}  # which is not to be what helps
        d = self.configure(
            feed_xml(busy, to, name="busy", host=THERE, forward=slow),
            feed_xml(rest, to, name="rest", host=THERE),
            feed_xml(port, r.port, name="in", listen={"address": HERE}),
        )
        s, idle = self.sender(busy), self.sender(rest)
        self.assertIsNotNone(s.exchange(message("1")))
        self.assertIsNotNone(idle.exchange(message("1")))
        peer = self.far(sys.executable, "-c", PEER, HERE, port, data=framed(message("2")))
        self.assertEqual(peer.stdout.readline(), b"answered\n")
        self.assertEqual(self.sockets(d), 3)

        self.link("down")
        began = time.monotonic()
        left = lambda: max(0, LIMIT - (time.monotonic() - began))
        s.send(framed(message("3")))
        d.wait_event("msg.failed", feed="busy", outcome="down_lost", patience=left())
        self.assertGreater(time.monotonic() - began, 5)
        self.assertTrue(s.closed())
        d.wait_event("conn.close", feed="in", patience=left())
        wait_for("the end of the idle one", lambda: self.sockets(d) == 0, left())
        # nothing was on its way there, so its sender need not know
        self.assertTrue(idle.silent())


if __name__ == "__main__":
    main()
