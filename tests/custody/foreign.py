#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Custody between programs of others: python3-hl7 and HAProxy, as the relay meets them."""

from custody import Custody  # first: it knows where the others are
import others
import peers
from world import B2M, annotated, free_port, main, message, samples


class PythonHL7(others.Hl7, Custody):
    def test_mllp_send_gets_its_answers(self):
        r = self.receiver()
        _, port = self.keep(r)
        bodies = self.plain()[:5]
        self.mllp_send(port, bodies)
        self.same(r.wait(5), bodies)

    def test_its_asyncio_client_and_server_meet_over_the_queue(self):
        to, bodies = free_port(), self.plain()
        d, port = self.keep(to)
        self.client(port, bodies)
        kept = self.server(to)  # later than the messages
        d.wait_event("msg.delivered", len(bodies))
        self.same(self.kept(kept), bodies)


class HAProxy(peers.HAProxy, Custody):
    # what relaying promises, and custody does not
    test_behind_the_hop_all_messages_pass = None
    test_a_receiver_lost_behind_HAProxy_is_never_acknowledged = None

    def test_before_the_hop_all_messages_pass_and_its_probes_make_no_noise(self):
        r = self.receiver()
        d, port = self.keep(r, mapping=B2M)
        s = self.sender(self.proxy(port))
        bodies = []
        for _, body in samples():
            if body.startswith(b"MSH"):
                self.assertIsNotNone(s.exchange(body))
                bodies.append(body)
        self.assertGreater(len(bodies), 30)
        self.arrived(r, list(dict.fromkeys(bodies)), B2M)
        s.close()
        opened = [e for e in d.events("conn.open") if e.get("dir") != "out"]
        self.assertEqual(len(opened), 1)
        d.wait_event("conn.close", peer=opened[0]["peer"])

    def test_behind_the_hop_nothing_is_lost_while_it_has_no_server(self):
        """It takes the connection, and the first message with it, though nobody is there."""
        r = self.receiver()
        front = self.proxy(r.port, "no-check")
        self.sender(front).close()
        r.stop()
        d, port = self.keep(front)
        bodies = [message(str(n)) for n in range(50)]
        self.taken(self.sender(port), *bodies)
        d.wait_event("msg.retry", 3)
        r.start()
        d.wait_event("msg.delivered", len(bodies))
        # what it still held of earlier attempts it hands on, too
        done = annotated(bodies)
        twice = r.bodies()
        for body in done:
            twice.remove(body)
        self.assertEqual(set(twice) - {done[0]}, set())
        self.assertEqual(list(dict.fromkeys(r.bodies())), done)
        self.assertEqual(d.events("msg.deadletter"), [])


if __name__ == "__main__":
    main()
