#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Custody between programs of others: python3-hl7 and HAProxy, as the relay meets them."""

import shutil
import textwrap

from here import Custody  # first: it knows where the others are
import peers
from world import B2M, annotated, control_id, framed, free_port, main, message, samples


class PythonHL7(peers.Foreign, Custody):
    def plain(self):
        """What python3-hl7 can read and write again without changing it."""
        return [message(str(n), value=str(n)) for n in range(1, 31)]

    def same(self, got, bodies):
        self.assertEqual(
            [b.rstrip(b"\r") for b in got], [b.rstrip(b"\r") for b in annotated(bodies)]
        )

    def test_mllp_send_gets_its_answers(self):
        if not shutil.which("mllp_send"):
            self.skipTest("no mllp_send")
        r = self.receiver()
        d, port = self.keep(r)
        for name, body in zip(self.files(map(framed, self.plain()[:5])), self.plain()):
            said = self.said(["mllp_send", "-p", str(port), "-f", name, "127.0.0.1"])
            self.assertIn("MSA|AA|" + control_id(body).decode(), said)
        self.same(r.wait(5), self.plain()[:5])

    def test_its_asyncio_client_and_server_meet_over_the_queue(self):
        python = self.python()
        server = self.write("server.py", textwrap.dedent(peers.ASYNC_SERVER))
        client = self.write("client.py", textwrap.dedent(peers.ASYNC_CLIENT))
        to, kept = free_port(), self.path("kept")
        d, port = self.keep(to)
        bodies = self.plain()
        said = self.said([python, client, str(port), *self.files(bodies)])
        self.assertEqual(
            said.split("\n")[:-1], ["AA %s" % control_id(b).decode() for b in bodies]
        )
        self.ready([python, server, str(to), kept])  # later than the messages
        d.wait_event("msg.delivered", len(bodies))
        with open(kept, "rb") as f:
            self.same([b[1:] for b in f.read().split(b"\x1c\r")[:-1]], bodies)


class HAProxy(peers.HAProxy, Custody):
    # what relaying promises, and custody does not
    test_behind_the_hop_all_messages_pass = None
    test_a_receiver_lost_behind_HAProxy_is_never_acknowledged = None

    def test_before_the_hop_all_messages_pass_and_its_probes_make_no_noise(self):
        r = self.receiver()
        d, port = self.keep(r, mapping=B2M)
        s = self.connected(self.proxy(port))
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
        front = self.proxy(r.port, " no-check")
        self.connected(front).close()
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
