# SPDX-License-Identifier: MIT
"""The world of tests/relay, for the tests in this folder."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "relay"))

# pylint: disable=wildcard-import,unused-wildcard-import,wrong-import-position
from world import *  # noqa: E402,F401,F403
from world import attributes  # noqa: E402


def guarded_xml(port, to, listen="", forward="", feed="", name="lab", address="127.0.0.1", **more):
    """One <feed> without a mapping; `listen`, `forward` and `feed` are what they hold."""
    return "<feed%s><listen%s>%s</listen><forward%s>%s</forward>%s</feed>\n" % (
        attributes(name=name, **more),
        attributes(address=address, port=port),
        listen,
        attributes(host="127.0.0.1", port=to),
        forward,
        feed,
    )
