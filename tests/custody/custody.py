# SPDX-License-Identifier: MIT
"""A daemon that takes custody, and an operator beside it."""

import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "relay"))

from world import (  # noqa: E402
    HL7NOTE, World, attributes, config_xml, control_id, feed_xml, free_port, http, metric, wait_for,
)


def store_xml(directory, **more):
    """Sizes that fit any machine's disk."""
    return "<store%s/>\n" % attributes(
        directory=directory, **{"free_space": "1MiB", "ballast": "0", **more}
    )


def custody_xml(port, to, answers=None, forward=None, **more):
    """One <feed> with mode="store"; attempts come quickly."""
    forward = {"backoff_min": "50ms", "backoff_max": "200ms", **(forward or {})}
    text = feed_xml(port, to, mode="store", forward=forward, **more)
    if answers:
        text = text.replace("</feed>", "<answers%s/></feed>" % attributes(**answers))
    return text


class Custody(World):
    def setUp(self):
        super().setUp()
        self.directory = self.path("queue")
        self.control = self.path("control")
        self.door = free_port()

    def parts(self, *feeds, **store):
        """What a configuration file holds."""
        return (
            '<metrics listen="127.0.0.1:%d"/>\n' % self.door,
            '<control socket="%s"/>\n' % self.control,
            store_xml(self.directory, **store),
            *feeds,
        )

    def rewrite(self, *parts):
        """Other parts in the file of the daemon."""
        self.write("hl7noted.xml", config_xml(*parts))

    def keep(self, receiver, store=None, **feed):
        """(daemon, port): one feed in custody."""
        port = free_port()
        to = receiver if isinstance(receiver, int) else receiver.port
        d = self.configure(*self.parts(custody_xml(port, to, **feed), **(store or {})))
        return d, port

    def again(self, d, **named):
        """The same configuration in a new process, once the old one is gone."""
        more = self.start("--config", d.config, **named)
        more.config = d.config
        return more

    # ---- the operator ----

    def queue(self, *arguments, status=0, data=None):
        return self.note(
            "queue", *arguments, "--control", self.control, status=status, data=data
        ).decode()

    def refused(self, *arguments, status=69):
        """What standard error says of something that cannot be done."""
        done = subprocess.run(
            [HL7NOTE, "queue", *map(str, arguments), "--control", self.control],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60, check=False,
        )
        self.assertEqual(done.returncode, status, done.stderr)
        return done.stderr.decode()

    def rows(self, *arguments):
        lines = [json.loads(t) for t in self.queue("list", "--json", *arguments).splitlines()]
        self.assertTrue(lines[-1]["done"], lines)
        return lines[:-1]

    def ids(self, *arguments):
        return [row["control_id"] for row in self.rows(*arguments)]

    def wait_ids(self, ids, *arguments):
        wait_for(
            "%s in the queue" % ids,
            lambda: self.ids(*arguments) == ids,
        )

    def state(self, feed=0):
        """(of the daemon, of its feed)"""
        state = json.loads(self.note("status", "--json", "--control", self.control))
        return state, state["feeds"][feed]

    def text(self):
        return self.note("status", "--control", self.control).decode()

    def ready(self):
        return http(self.door, "/readyz")[0] == 200

    def metric(self, name, **labels):
        return metric(self.door, name, **labels)

    def sent(self, receiver):
        return [control_id(b).decode() for b in receiver.bodies()]
