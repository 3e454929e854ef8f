# SPDX-License-Identifier: MIT
"""The page that a test shares with the daemon it started under the fault library, and what
the library recorded.  Layout: tests/support/faultlib/faults.h and record.h."""

import atexit
import errno
import mmap
import os
import re
import shutil
import struct
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "relay"))

from world import HL7NOTE, is_sanitized  # noqa: E402


def loadable(path):
    """LD_PRELOAD parts its names at blanks and colons: a name for the file that has none."""
    if not re.search(r"[\s:]", path):
        return path
    folder = tempfile.mkdtemp(prefix="hl7faultlib.")
    atexit.register(shutil.rmtree, folder, True)
    os.symlink(path, os.path.join(folder, "faultlib.so"))
    return os.path.join(folder, "faultlib.so")


LIBRARY = loadable(
    os.environ.get("HL7_FAULTLIB")
    or os.path.join(os.path.dirname(os.path.abspath(HL7NOTE)), "tests", "support", "faultlib.so")
)
CALLS = [
    "open", "write", "sync", "truncate", "allocate", "unlink", "rename", "read", "map",
    "sync-folder", "memory", "sync-map",
]
FOLDER_AT, MET_AT, SEEN_AT = 40 + 8 * len(CALLS), 32, 40
STACKS_AT = FOLDER_AT + 256  # by_stack, lost, stack, and the table
STACKS = 8192
FOREVER = 1 << 40


def missing():
    """Why the library cannot be used, or None."""
    if not os.path.exists(LIBRARY):
        return "no fault library " + LIBRARY
    if is_sanitized():
        return "the fault library and the sanitizers' allocator shut each other out"
    return None


class Faults:
    """Arms calls of a daemon whose environment is `env`."""

    def __init__(self, path, folder):
        size = STACKS_AT + 16 + 8 * STACKS
        with open(path, "wb") as f:
            f.write(bytes(size))
        with open(path, "r+b") as f:
            self.page = mmap.mmap(f.fileno(), size)
        self.page[FOLDER_AT : FOLDER_AT + len(folder)] = os.fsencode(folder)
        self.env = {"LD_PRELOAD": LIBRARY, "HL7_FAULT_PAGE": path}

    def arm(self, *calls, error=errno.EIO, nth=1, times=1, delay=0, torn=False):
        """The nth of these calls from now fails, and so many from there on."""
        self.disarm()
        struct.pack_into(
            "<iqqII", self.page, 4, error, nth - 1, times, int(delay * 1000), torn
        )
        struct.pack_into("<Q", self.page, MET_AT, 0)
        bits = 0
        for call in calls:
            bits |= 1 << CALLS.index(call)
        struct.pack_into("<I", self.page, 0, bits)

    def by_stack(self, stack=0):
        """Allocations are told apart by the calls that lead to them; `stack`: this one counts."""
        struct.pack_into("<IIQ", self.page, STACKS_AT, 1, 0, stack)
        self.page[STACKS_AT + 16 :] = bytes(8 * STACKS)
        self.env["HL7_UNRANDOMIZED"] = "1"

    def stacks(self):
        """The ways to an allocation that were taken since then."""
        if struct.unpack_from("<I", self.page, STACKS_AT + 4)[0]:
            raise OverflowError("more ways to an allocation than there is room for")
        return sorted(set(struct.unpack_from("<%dQ" % STACKS, self.page, STACKS_AT + 16)) - {0})

    def disarm(self):
        struct.pack_into("<I", self.page, 0, 0)

    @property
    def met(self):
        return struct.unpack_from("<Q", self.page, MET_AT)[0]

    def seen(self, call):
        return struct.unpack_from("<Q", self.page, SEEN_AT + 8 * CALLS.index(call))[0]


OPEN, WRITE, SYNC, TRUNCATE, UNLINK, RENAME, ANSWER, LOST = range(1, 9)


def read_records(path):
    """(kind, descriptor, place, bytes) of each record."""
    with open(path, "rb") as f:
        data = f.read()
    at, found = 0, []
    while at + 24 <= len(data):
        kind, fd, place, size = struct.unpack_from("<IiqQ", data, at)
        at += 24
        found.append((kind, fd, place, data[at : at + size]))
        at += size
    return found
