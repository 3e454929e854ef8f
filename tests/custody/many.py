#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Many messages through the queue: none lost, none doubled, each in its place and as
`hl7note annotate` makes it.  $HL7_CUSTODY_MESSAGES says how many."""

import os
import threading

from custody import Custody
from world import B2M, annotated, framed, main, samples

COUNT = int(os.environ.get("HL7_CUSTODY_MESSAGES", "2000"))
WINDOW = 32  # frames that a sender has ahead of their answers


def with_id(body, name):
    """The sample with another control ID; None where it has no place for one, or asks for no
    answer, or for one in a batch."""
    header, end, rest = body.partition(b"\r")
    fields = header.split(header[3:4])
    if not body.startswith(b"MSH") or not end or b"\n" in header or len(fields) < 12:
        return None
    if len(fields) > 14 and any(fields[14:16]) or b"\rMSA" in body or b"MSH" in rest:
        return None
    fields[9] = name
    return header[3:4].join(fields) + end + rest


class Many(Custody):
    def bodies(self, name, count):
        made = []
        pool = [b for _, b in samples() if len(b) < 20000]
        while len(made) < count:
            for body in pool:
                new = with_id(body, b"%s-%d" % (name, len(made)))
                if new is not None and len(made) < count:
                    made.append(new)
        return made

    def talk(self, port, bodies, wrong):
        s = self.sender(port)
        done = 0
        for n, body in enumerate(bodies):
            s.send(framed(body))
            if n - done + 1 >= WINDOW:
                wrong += self.check(s, bodies[done])
                done += 1
        for body in bodies[done:]:
            wrong += self.check(s, body)
        s.close()

    def check(self, sender, body):
        answer = sender.frame()
        field = body[3:4]
        sure = answer and (b"\rMSA%sAA%s%s" % (field, field, body.split(field)[9])) in answer
        return [] if sure else [(body.split(field)[9], answer)]

    def run_through(self, senders, count, **named):
        r = self.receiver()
        d, port = self.keep(r, mapping=B2M, **named)
        parts = [self.bodies(b"s%d" % n, count // senders) for n in range(senders)]
        wrong = []
        threads = [threading.Thread(target=self.talk, args=(port, p, wrong)) for p in parts]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        self.assertEqual(wrong[:3], [])
        total = sum(map(len, parts))
        got = r.wait(total)
        self.quiet(r)
        self.assertEqual(len(got), total)
        for part in parts:
            mine = {b: n for n, b in enumerate(annotated(part, B2M))}
            places = [mine[b] for b in got if b in mine]
            self.assertEqual(places, list(range(len(part))))
        delivered = d.wait_event("msg.delivered", total)
        self.assertEqual(len(delivered), total)
        seqs = [e["queue_seq"] for e in delivered]
        self.assertEqual(len(set(seqs)), total)
        if named.get("forward", {}).get("in_flight", 1) == 1:
            self.assertEqual(seqs, sorted(seqs))
        return d

    def test_one_in_flight(self):
        self.run_through(8, COUNT)

    def test_several_in_flight(self):
        self.run_through(8, COUNT, forward={"in_flight": 16})


if __name__ == "__main__":
    main()
