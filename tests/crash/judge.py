#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The judge judged: each fault that the tests of this folder look for is found when it is there."""

import unittest

from traffic import Judge, Messages, loss_in


class Judging(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.messages = Messages(1)

    def setUp(self):
        self.j = Judge(self.messages, 2)

    def send(self, c, *numbers):
        for n in numbers:
            self.j.first_sent(c, n)
            self.j.acknowledged(c, n)

    def arrive(self, c, *numbers):
        for n in numbers:
            self.j.arrived(self.messages.expected(c, n))

    def finds(self, word):
        self.assertTrue(self.j.faults)
        self.assertIn(word, self.j.faults[0])

    def test_nothing_where_all_is_well(self):
        self.send(0, 0, 1, 2)
        self.arrive(0, 0, 1)
        self.j.crashed()
        self.arrive(0, 1, 2)
        self.assertEqual(self.j.faults, [])
        self.assertEqual((self.j.waiting, self.j.duplicates), (0, 1))

    def test_a_loss(self):
        self.send(0, 0, 1, 2)
        self.arrive(0, 0, 2)
        self.finds("missing")
        self.assertTrue(loss_in(self.j.faults[0]))

    def test_a_loss_that_another_connection_shows_first(self):
        """Of the end of what one has sent: the next to arrive is of another."""
        self.send(0, 0, 1)
        self.send(1, 0)
        self.arrive(0, 0)
        self.arrive(1, 0)
        self.assertTrue(loss_in(self.j.faults[0]), self.j.faults)

    def test_what_is_no_loss(self):
        self.send(0, 0)
        self.arrive(0, 0, 0)
        self.assertIsNone(loss_in(self.j.faults[0]))

    def test_a_loss_of_the_last(self):
        self.send(0, 0, 1)
        self.arrive(0, 0)
        self.assertEqual(self.j.waiting, 1)

    def test_another_order_on_a_connection(self):
        self.send(0, 0, 1)
        self.arrive(0, 1)
        self.finds("missing")

    def test_another_order_between_connections(self):
        self.send(0, 0)
        self.send(1, 0)
        self.arrive(1, 0)
        self.finds("acknowledged before it was sent")

    def test_a_duplicate_without_a_crash(self):
        self.send(0, 0)
        self.arrive(0, 0, 0)
        self.finds("again")

    def test_two_duplicates_for_one_crash(self):
        self.send(0, 0, 1)
        self.arrive(0, 0)
        self.j.crashed()
        self.arrive(0, 0)
        self.assertEqual(self.j.faults, [])
        self.arrive(0, 0)
        self.finds("duplicate 2")

    def test_a_duplicate_of_another_than_the_last(self):
        self.send(0, 0, 1)
        self.arrive(0, 0, 1)
        self.j.crashed()
        self.arrive(0, 0)
        self.finds("was the last")

    def test_a_duplicate_of_what_was_sent_again_where_history_makes_room(self):
        self.send(0, 0, 1)
        self.arrive(0, 0, 1)
        self.j.forgets = True
        self.j.sent_again(0, 0)
        self.arrive(0, 0)
        self.assertEqual(self.j.faults, [])
        self.arrive(0, 0)
        self.finds("again")

    def test_a_duplicate_of_what_was_sent_again_and_known(self):
        self.send(0, 0)
        self.j.sent_again(0, 0)
        self.arrive(0, 0, 0)
        self.finds("again")

    def test_one_that_was_refused_and_is_not_aside(self):
        self.send(0, 0, 1)
        for n in (0, 1):
            self.j.arrived(self.messages.expected(0, n), refused=True)
        self.j.compare_aside([b"C00-00000000", b"C00-00000001"])
        self.assertEqual(self.j.faults, [])
        self.j.compare_aside([b"C00-00000000"])
        self.finds("lacks [b'C00-00000001']")

    def test_one_that_is_aside_and_was_taken_the_last_time(self):
        self.send(0, 0)
        self.j.arrived(self.messages.expected(0, 0), refused=True)
        self.j.crashed()
        self.arrive(0, 0)
        self.j.compare_aside([b"C00-00000000"])
        self.finds("has [b'C00-00000000']")

    def test_a_changed_byte(self):
        self.send(0, 0)
        self.j.arrived(self.messages.expected(0, 0).replace(b"JANE", b"JOHN"))
        self.finds("altered")

    def test_a_message_that_was_not_annotated(self):
        self.send(0, 0, 1)
        self.j.arrived(self.messages.frame(0, 0)[1:-2])
        self.j.arrived(self.messages.frame(0, 1)[1:-2])
        self.finds("altered")

    def test_an_answer_out_of_order(self):
        self.j.first_sent(0, 0)
        self.j.first_sent(0, 1)
        self.j.acknowledged(0, 1)
        self.finds("was due")

    def test_a_message_of_nobody(self):
        self.j.arrived(b"MSH|^~\\&|A|B|C|D|1||ORU^R01|X|P|2.5.1\r")
        self.finds("something else")


if __name__ == "__main__":
    unittest.main(verbosity=2)
