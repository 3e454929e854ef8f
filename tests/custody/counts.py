#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How often a message was tried is in the queue: the counts after which it is set aside do not
begin anew with a restart, and nothing is written where nothing was tried in vain."""

import signal

from custody import Custody
from world import main, message, wait_for

COMMITS = "hl7noted_fsync_duration_seconds_count"


class Counts(Custody):
    def begin(self, **answers):
        """One message that is answered as the test says, and one behind it that is accepted."""
        self.held = []
        self.r = self.receiver(self.take)
        d, port = self.keep(
            self.r, answers=answers,
            forward={"ack_timeout": "1min", "backoff_min": "10ms", "backoff_max": "20ms"},
        )
        self.taken(self.sender(port), message("bad"), message("good"))
        return d

    def take(self, visit, body, number):
        if b"|bad|" in body:
            self.held.append((visit, body))
        else:
            visit.answer(body)

    def attempt(self):
        wait_for("an attempt", lambda: self.held)
        return self.held.pop()

    def refuse(self, *codes):
        """So the next attempts end; no code: with the connection."""
        for code in codes:
            visit, body = self.attempt()
            if code:
                visit.answer(body, code=code)
            else:
                visit.close()

    def shown(self):
        """What `queue show` tells of it: state, attempts, why."""
        seq = self.rows("--id", "bad")[0]["seq"]
        lines = [line.split(None, 1) for line in self.queue("show", seq).splitlines()]
        told = {line[0]: line[1] for line in lines if len(line) == 2}
        return told["state"], int(told["attempts"]), told.get("why")

    def wait_shown(self, *told):
        wait_for("%s, %d, %s" % told, lambda: self.shown() == told)

    def kill(self, d):
        """While an attempt waits for its answer, which then was none."""
        self.attempt()
        d.expected = -signal.SIGKILL
        d.signal(signal.SIGKILL)
        d.wait()
        return self.again(d)

    def stop(self, d, code):
        """What was sent is waited for, and its answer counts."""
        visit, body = self.attempt()
        d.signal(signal.SIGTERM)
        d.wait_event("svc.stopping")
        visit.answer(body, code=code)
        self.assertEqual(d.wait(), 0)
        return self.again(d)

    def test_a_poison_message_is_tried_so_often_in_all_whatever_restarts_come_between(self):
        d = self.begin(reject_retries=9)
        self.refuse(b"AR", b"CR", b"AR")
        self.wait_shown("waiting", 3, "AR")
        d = self.stop(d, b"AR")
        self.wait_shown("waiting", 4, "AR")
        self.refuse(b"AR", b"AR", b"CR", b"AR")
        self.wait_shown("waiting", 8, "AR")
        d = self.kill(d)
        self.wait_shown("waiting", 8, "AR")
        self.refuse(b"AR", b"CR")
        dead = d.wait_event("msg.deadletter")[0]
        self.assertEqual((dead["attempt"], dead["outcome"]), (10, "reject"))
        self.wait_shown("aside", 10, "CR")
        d.wait_event("msg.delivered", ctl_id="good")
        self.assertEqual(self.held, [])

    def test_an_operator_who_sends_it_again_begins_its_counts_anew(self):
        d = self.begin(reject_retries=2)
        self.refuse(b"AR", b"AR", b"AR")
        self.wait_shown("aside", 3, "AR")
        self.assertEqual(d.stop(), 0)
        d = self.again(d)
        self.assertIn("1 message", self.queue("retry", "--id", "bad"))
        self.refuse(b"AR", b"AR")
        self.wait_shown("waiting", 2, "AR")
        d = self.kill(d)
        self.refuse(b"AR")
        self.wait_shown("aside", 3, "AR")
        d.wait_event("msg.deadletter", ctl_id="bad")

    def test_each_kind_of_failure_is_counted_by_itself(self):
        d = self.begin(reject_retries=2, error="retry", error_retries=2, other="retry",
                       other_retries=2, none_retries=2)
        self.refuse(b"AR", b"AE", b"XX", None)
        self.wait_shown("waiting", 4, "down_lost")
        d = self.kill(d)
        self.refuse(None, b"XX", b"AE", b"AR")
        self.wait_shown("waiting", 8, "AR")
        d = self.stop(d, b"AE")
        self.assertEqual(d.wait_event("queue.waiting")[0]["aside"], 1)
        self.wait_shown("aside", 9, "AE")

    def test_a_receiver_that_is_away_has_nothing_written(self):
        r = self.receiver()
        r.stop()
        d, port = self.keep(r, forward={"backoff_min": "10ms", "backoff_max": "20ms"})
        s = self.sender(port)
        ids = ["m%d" % n for n in range(50)]
        self.taken(s, *map(message, ids))
        tried = lambda: self.metric("hl7noted_forward_attempts_total", result="tried")
        before, first = self.metric(COMMITS), tried()
        wait_for("attempts", lambda: tried() >= first + 20)
        self.assertEqual(self.metric(COMMITS), before)
        r.start()
        r.wait(50)
        self.wait_ids(ids, "--state", "delivered")
        self.assertEqual({row["attempts"] for row in self.rows("--state", "delivered")}, {0})


if __name__ == "__main__":
    main()
