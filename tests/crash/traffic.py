# SPDX-License-Identifier: MIT
"""Traffic that can tell whether a message was lost: senders, a receiver, and a judge.

All of it lives in one loop of one thread, so that what is seen first did happen first.  The
senders do as real ones do: what was not acknowledged goes out again, in order, with the same
bytes.  Each message is made from its number, so nothing needs to be kept to know what must
arrive.  What the judge holds to be true:

- each connection's messages are delivered in the order they were sent, none left out;
- a message acknowledged before another was first sent is delivered before it;
- what arrives is what `hl7note annotate` makes of what was sent;
- only the message delivered last is ever delivered again, and once for each crash at most; and
  where `forgets` is set, one that its sender sent again, as often as it did.

A message is delivered when the receiver has answered it; one that came and was dropped by a
receiver that went away counts for nothing.  One that was refused the last time it came has to be
set aside in the queue.
"""

import collections
import heapq
import itertools
import json
import os
import random
import selectors
import signal
import socket
import struct
import subprocess
import sys
import time
from xml.sax.saxutils import quoteattr

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "relay"))

from world import HL7NOTED, SUGAR, annotated, attributes, config_xml, feed_xml  # noqa: E402

NAME = b"C00-00000000"  # what stands for the control ID in a template
MOST_READ = 1 << 18


def host():
    """An address of this process alone: no other test can have its ports."""
    pid = os.getpid()
    return "127.%d.%d.%d" % (1 + (pid >> 16) % 254, pid >> 8 & 255, pid & 255)


# below those chosen by tests that listen on all addresses
_next_port = itertools.count(14001)


def port():
    return next(_next_port)


def identifier(connection, number):
    return b"C%02d-%08d" % (connection, number)


def parse_identifier(text):
    """(connection, number), or None where it is none of ours."""
    if len(text) != len(NAME) or text[:1] != b"C" or text[3:4] != b"-":
        return None
    return int(text[1:3]), int(text[4:])


def template(results, document=0):
    """A report of so many results, about 60 bytes each, every other above its interval."""
    lines = [
        b"MSH|^~\\&|LAB|HOSP|EHR|HOSP|20260102030405||ORU^R01|%s|P|2.5.1" % NAME,
        b"PID|1||%s||DOE^JANE||19700101|F" % NAME,
        b"OBR|1|||PANEL^Panel^L",
    ]
    for n in range(results):
        value = b"25" if n % 2 else b"15"
        lines.append(b"OBX|%d|NM|1111-1^Sugar^LN|%d|%s|mg/L|10-20||||F" % (n + 1, n, value))
    if document:
        lines.append(b"OBX|%d|ED|PDF||^AP^^Base64^%s||||||F" % (results + 1, b"JVBERi0x" * document))
    return b"".join(line + b"\r" for line in lines)


class Messages:
    """What connection `c` sends as its `n`th message, and what must arrive for it."""

    def __init__(self, seed, templates=None):
        self.seed = seed
        self.sent = templates or (
            [template(n) for n in (1, 2, 2, 3, 3, 4, 6, 9, 20, 42)] + [template(2, 8000)]
        )
        self.due = annotated(self.sent)
        # most are small, as in life; one in a hundred is a document
        self.choice = [n % (len(self.sent) - 1) for n in range(100)] if len(self.sent) > 1 else [0]
        self.choice[-1] = len(self.sent) - 1

    def _which(self, c, n):
        return self.choice[(self.seed * 31 + c * 17 + n * 37) % len(self.choice)]

    def frame(self, c, n):
        body = self.sent[self._which(c, n)].replace(NAME, identifier(c, n))
        return b"\x0b" + body + b"\x1c\r"

    def expected(self, c, n):
        return self.due[self._which(c, n)].replace(NAME, identifier(c, n))


# a gap in what arrives, another connection's in its place, or what the daemon finds when it starts
LOSSES = (
    "is missing", "which was acknowledged before it was sent",
    "lack messages that were acknowledged",
)


def loss_in(fault):
    """The fault up to the words that tell of a loss, or None where it has none of them."""
    for words in LOSSES:
        before, found, _ = fault.partition(words)
        if found:
            return before + found
    return None


class Judge:
    """Keeps account of what was sent, acknowledged and delivered; `faults` are sentences."""

    def __init__(self, messages, connections, duplicates_a_crash=1):
        self.messages = messages
        self.forgets = False  # the queue may have made room of what is sent again
        self.resent = collections.Counter()
        self.sent = [0] * connections
        self.acked = [0] * connections
        self.delivered = [0] * connections
        self.allowed = duplicates_a_crash
        self.faults = []
        self.duplicates = self.refused = self.crashes = 0
        self.plain = self.plain_allowed = 0  # messages not annotated for want of memory
        self.since_crash = 0
        self.acks = 0  # in all
        self.settled = 0  # so many of the first acknowledgements are of delivered messages
        self.in_ack_order = collections.deque()
        self.acks_before = {}  # (c, n) -> how many acknowledgements had come when it first went
        self.aside = set()  # (c, n) of those refused
        self.last = None
        self.again = {}  # connection -> number of the last one delivered again

    def fault(self, text, *values):
        if len(self.faults) < 20:
            self.faults.append(text % values)

    def first_sent(self, c, n):
        self.sent[c] = n + 1
        self.acks_before[c, n] = self.acks

    def sent_again(self, c, n):
        self.resent[c, n] += 1

    def acknowledged(self, c, n):
        if n != self.acked[c]:
            self.fault("%s acknowledged, but %d was due", identifier(c, n), self.acked[c])
        self.acked[c] = n + 1
        self.acks += 1
        self.in_ack_order.append((c, n))
        self._settle()

    def _settle(self):
        while self.in_ack_order:
            c, n = self.in_ack_order[0]
            if n >= self.delivered[c]:
                return
            self.in_ack_order.popleft()
            self.settled += 1

    def arrived(self, body, refused=False):
        """One message whole at the receiver, answered; True when it is new."""
        fields = body.split(b"|", 10)
        key = parse_identifier(fields[9]) if len(fields) > 10 else None
        if not key or key[0] >= len(self.sent):
            self.fault("something else arrived: %r", body[:80])
            return False
        c, n = key
        self.aside.discard(key)
        if refused:
            self.aside.add(key)
        if self.plain < self.plain_allowed and body == self.messages.frame(c, n)[1:-2]:
            self.plain += 1
        elif body != self.messages.expected(c, n):
            self.fault("%s was altered: %r", identifier(c, n), body[:400])
        if n < self.delivered[c]:
            self._again(key)
            return False
        if n > self.delivered[c]:
            self.fault(
                "%s delivered, but %d is missing (acknowledged up to %d)",
                identifier(c, n), self.delivered[c], self.acked[c] - 1,
            )
        if n >= self.sent[c]:
            self.fault("%s delivered, but never sent", identifier(c, n))
        if self.acks_before.pop(key, 0) > self.settled:
            self.fault(
                "%s delivered before %s, which was acknowledged before it was sent",
                identifier(c, n), identifier(*self.in_ack_order[0]),
            )
        self.delivered[c] = n + 1
        self.last = key
        self._settle()
        return True

    def _again(self, key):
        c, n = key
        self.duplicates += 1
        if self.forgets and self.resent[key]:
            self.resent[key] -= 1
            return
        self.since_crash += 1
        if self.allowed is None:  # any number, but these in order, too
            if c in self.again and n != self.again[c] + 1:
                self.fault("%s again, but after %d", identifier(c, n), self.again[c])
            self.again[c] = n
            return
        if key != self.last:
            self.fault("%s again, though %s was the last", identifier(*key), identifier(*self.last))
        if self.since_crash > self.allowed or not self.crashes:
            self.fault("%s again: duplicate %d since the last crash", identifier(*key), self.since_crash)

    def compare_aside(self, names):
        """What the queue has aside, by control ID."""
        due = {identifier(*key) for key in self.aside}
        if due != set(names):
            self.fault(
                "aside %r lacks %r and has %r", len(names), sorted(due - set(names))[:3],
                sorted(set(names) - due)[:3],
            )

    def crashed(self):
        self.crashes += 1
        self.since_crash = 0
        self.again.clear()

    def lost(self):
        """Acknowledged and not delivered: a loss once nothing more is to come."""
        return sum(max(0, a - d) for a, d in zip(self.acked, self.delivered))

    @property
    def waiting(self):
        """Sent and not yet both acknowledged and delivered."""
        return sum(s - min(a, d) for s, a, d in zip(self.sent, self.acked, self.delivered))


class Peer:
    """A socket in the loop, with what is to go out and what came in."""

    def __init__(self, loop, sock):
        self.loop, self.sock = loop, sock
        self.out, self.buffer, self.searched = bytearray(), bytearray(), 0
        self.writing = False
        sock.setblocking(False)
        loop.selector.register(sock, selectors.EVENT_READ, self)

    def send(self, data):
        self.out += data
        self.flush()

    def flush(self):
        if not self.sock:
            return
        try:
            while self.out:
                del self.out[: self.sock.send(self.out)]
        except BlockingIOError:
            pass
        except OSError:
            self.lost()
            return
        if bool(self.out) != self.writing:
            self.writing = not self.writing
            events = selectors.EVENT_READ | (selectors.EVENT_WRITE if self.writing else 0)
            self.loop.selector.modify(self.sock, events, self)

    def ready(self, events):
        if events & selectors.EVENT_WRITE:
            self.flush()
        if self.sock and events & selectors.EVENT_READ:
            self.read()

    def read(self):
        try:
            more = self.sock.recv(MOST_READ)
        except BlockingIOError:
            return
        except OSError:
            more = b""
        if not more:
            self.lost()
            return
        self.buffer += more
        while self.sock:
            at = self.buffer.find(b"\x1c\r", self.searched)
            if at < 0:
                self.searched = max(0, len(self.buffer) - 1)
                return
            body = bytes(self.buffer[1:at])
            good = self.buffer[0] == 0x0B
            del self.buffer[: at + 2]
            self.searched = 0
            self.frame(body, good)

    def close(self, rst=False):
        if not self.sock:
            return
        self.loop.selector.unregister(self.sock)
        if rst:
            try:
                self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            except OSError:
                pass
        self.sock.close()
        self.sock = None

    def lost(self):
        self.close()
        self.gone()

    def gone(self):
        pass

    def frame(self, body, good):
        raise NotImplementedError


class Sender(Peer):
    """One connection of a laboratory system; `window` messages may be without an answer."""

    def __init__(self, loop, number, judge, port, window):
        self.number, self.judge, self.port, self.window = number, judge, port, window
        self.made = 0
        self.unanswered = collections.deque()
        self.sock = None
        self.loop = loop
        self.again_ms = 1
        loop.after(0, self.connect)

    def connect(self):
        if self.sock:
            return
        sock = socket.socket()
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            sock.connect((self.loop.host, self.port))  # on loopback this never waits
        except OSError:
            sock.close()
            self.loop.after(self.again_ms / 1000, self.connect)
            return
        Peer.__init__(self, self.loop, sock)
        for n in self.unanswered:
            self.judge.sent_again(self.number, n)
            self.out += self.judge.messages.frame(self.number, n)
        self.flush()
        self.fill()

    def gone(self):
        if not self.loop.ended:
            self.loop.after(self.again_ms / 1000, self.connect)

    def fill(self):
        while self.sock and len(self.unanswered) < self.window and self.loop.may_send(self):
            n = self.made
            self.made += 1
            self.unanswered.append(n)
            self.judge.first_sent(self.number, n)
            self.send(self.judge.messages.frame(self.number, n))

    def frame(self, body, good):
        fields = body.split(b"\rMSA|", 1)
        answer = fields[1].split(b"\r")[0].split(b"|") if len(fields) > 1 else []
        if not good or len(answer) < 2:
            self.judge.fault("an answer that is none: %r", body[:120])
            return
        key = parse_identifier(answer[1])
        if not self.unanswered or key != (self.number, self.unanswered[0]):
            self.judge.fault("connection %d: the answer is for %r", self.number, answer[1])
            return
        if answer[0] in (b"AA", b"CA"):
            self.unanswered.popleft()
            self.judge.acknowledged(*key)
            self.fill()
            return
        # refused: everything again, a little later, over a new connection
        self.judge.refused += 1
        self.close()
        self.loop.after(0.02, self.connect)


class Taken(Peer):
    """One connection that the receiver has accepted."""

    def __init__(self, loop, sock, receiver):
        self.receiver = receiver
        self.due = 0
        Peer.__init__(self, loop, sock)

    def gone(self):
        self.receiver.taken.discard(self)

    def frame(self, body, good):
        self.due += 1
        if not good or self.due > self.receiver.in_flight:
            self.receiver.judge.fault("%d messages in flight: %r", self.due, body[:80])
        self.receiver.came(self, body)

    def answer(self, body, then_close=False, code=b"AA"):
        if not self.sock:
            return
        self.due -= 1
        name = body.split(b"|", 10)[9]
        self.receiver.judge.arrived(body, code != b"AA")
        self.receiver.count += 1
        self.send(
            b"\x0bMSH|^~\\&|EHR|HOSP|LAB|HOSP|20260102030406||ACK|A%s|P|2.5.1\rMSA|%s|%s\r\x1c\r"
            % (name, code, name)
        )
        if then_close:
            self.close()
            self.gone()
        self.loop.delivered_one()


class Receiver:
    """Answers at once, or a little later, or answers and closes, or goes without a word."""

    def __init__(self, loop, judge, port, seed, in_flight=1):
        self.loop, self.judge, self.port, self.in_flight = loop, judge, port, in_flight
        self.random = random.Random(seed)
        self.taken = set()
        self.count = 0
        self.late = self.goes = self.closes = self.refuses = 0.0  # how probable each is
        self.delay = 0.003
        self.rate = None  # messages/s at most
        self.next_at = 0
        self.listening = None
        self.listen()

    def listen(self):
        self.listening = socket.socket()
        self.listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listening.bind((self.loop.host, self.port))
        self.listening.listen(64)
        self.listening.setblocking(False)
        self.loop.selector.register(self.listening, selectors.EVENT_READ, self)

    def ready(self, events):
        try:
            sock, _ = self.listening.accept()
        except OSError:
            return
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.taken.add(Taken(self.loop, sock, self))

    def came(self, visit, body):
        luck = self.random.random()
        if self.rate:
            self.next_at = max(self.next_at, time.monotonic()) + 1 / self.rate
            self.loop.after(self.next_at - time.monotonic(), lambda: visit.answer(body))
        elif luck < self.goes:
            visit.close(rst=luck < self.goes / 2)
            visit.gone()
        elif luck < self.goes + self.closes:
            visit.answer(body, then_close=True)
        elif luck > 1 - self.refuses:
            visit.answer(body, code=b"AE")
        elif luck < self.goes + self.closes + self.late:
            self.loop.after(self.random.random() * self.delay, lambda: visit.answer(body))
        else:
            visit.answer(body)

    def hang_up(self):
        """The sender is dead; what came is answered or forgotten now, and not in the
        next life."""
        for visit in list(self.taken):
            visit.close()
        self.taken.clear()

    def away(self):
        """Nobody listens, nobody is connected."""
        if self.listening:
            self.loop.selector.unregister(self.listening)
            self.listening.close()
            self.listening = None
        self.hang_up()

    def back(self):
        if not self.listening:
            self.listen()


class Loop:
    """Sockets and timers."""

    def __init__(self):
        self.selector = selectors.EpollSelector()
        self.timers, self.order = [], itertools.count()
        self.ended = False
        self.host = host()

    def after(self, seconds, what):
        heapq.heappush(self.timers, (time.monotonic() + max(0, seconds), next(self.order), what))

    def turn(self, most=0.05):
        now = time.monotonic()
        while self.timers and self.timers[0][0] <= now:
            heapq.heappop(self.timers)[2]()
        wait = min(most, self.timers[0][0] - now) if self.timers else most
        for key, events in self.selector.select(max(0, wait)):
            if key.data.loop.selector.get_map().get(key.fd) is key:
                key.data.ready(events)

    def run(self, seconds):
        """So long, and a turn at least."""
        end = time.monotonic() + seconds
        while True:
            self.turn(max(0, min(0.05, end - time.monotonic())))
            if time.monotonic() >= end:
                return

    def until(self, condition, seconds):
        """True when the condition came true in time."""
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                return False
            self.turn(max(0, min(0.01, end - time.monotonic())))
        return True


class Traffic(Loop):
    """Senders to one port, a receiver at another, and the judge of both."""

    def __init__(
        self, seed=1, connections=6, windows=(1, 8), messages=None, duplicates=1,
        in_flight=1,
    ):
        Loop.__init__(self)
        self.messages = messages or Messages(seed)
        self.full = False  # a sender waits for the backlog to shrink
        self.judge = Judge(self.messages, connections, duplicates)
        self.port, self.to = port(), port()
        self.limit = None  # messages of each connection; None: without end
        self.backlog = None  # so many waiting in all at most
        self.receiver = Receiver(self, self.judge, self.to, seed, in_flight)
        self.senders = [
            Sender(self, c, self.judge, self.port, windows[c % len(windows)])
            for c in range(connections)
        ]

    def may_send(self, sender):
        if self.limit is not None and sender.made >= self.limit:
            return False
        self.full = self.backlog is not None and self.judge.waiting >= self.backlog
        return not self.full

    def delivered_one(self):
        if self.full:
            self.refill()

    def send(self, count):
        """So many more on each connection."""
        self.limit = (self.limit or 0) + count
        for s in self.senders:
            s.fill()

    def refill(self):
        for s in self.senders:
            s.fill()

    def crashed(self):
        """The daemon is dead."""
        self.turn(0)
        self.receiver.hang_up()
        self.judge.crashed()

    def hold(self):
        """No new messages; what was sent goes on."""
        self.limit = 0

    def settled(self):
        """All that is to be sent was, and was acknowledged, and was delivered."""
        return not self.judge.waiting and all(s.made >= (self.limit or 0) for s in self.senders)

    def until(self, condition, seconds):
        """As the loop does, but while messages move the time begins anew, some times: a disk
        that others write to may take a second for each commit."""
        for _ in range(5):
            before = self.judge.acks, self.receiver.count
            if Loop.until(self, condition, seconds):
                return True
            if before == (self.judge.acks, self.receiver.count):
                return False
        return False

    def acked(self):
        return sum(self.judge.acked)

    def delivered(self):
        return sum(self.judge.delivered)

    def end(self):
        self.ended = True
        self.receiver.away()
        for s in self.senders:
            s.close()
        self.selector.close()


def store_config(
    folder, t, mapping=SUGAR, feed=None, forward=None, log="warning", more="", **store
):
    """The path of a configuration for this traffic, with the queue below the same folder."""
    settings = {
        "directory": os.path.join(folder, "queue"), "free_space": "1MiB", "ballast": "1MiB",
        **store,
    }
    text = config_xml(
        "<log level=%s/>" % quoteattr(log),
        "<store%s/>" % attributes(**settings),
        more,
        feed_xml(
            t.port, t.to, mode="store", mapping=mapping, host=t.host, listen={"address": t.host},
            forward={"backoff_min": "10ms", "backoff_max": "100ms", **(forward or {})},
            **(feed or {}),
        ),
    )
    path = os.path.join(folder, "hl7noted.xml")
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    return path


class Victim:
    """The daemon, started again and again with the same arguments; its log goes to a file."""

    def __init__(self, loop, arguments, log, env=None):
        self.loop = loop  # goes on while the daemon stops
        self.arguments = [HL7NOTED, *[str(a) for a in arguments]]
        self.log, self.env = log, {**os.environ, **(env or {})}
        self.process = None
        self.read, self.parsed = 0, []

    def start(self, env=None, **popen):
        same = ["setarch", "-R"] if "HL7_UNRANDOMIZED" in (env or {}) else []
        with open(self.log, "ab") as err:
            self.process = subprocess.Popen(
                same + self.arguments,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=err,
                env={**self.env, **(env or {})},
                close_fds=False,
                **popen,
            )
        return self.process

    @property
    def pid(self):
        return self.process.pid

    def is_up(self):
        """Has it said so, since this start or an earlier one?"""
        return bool(self.events("svc.started"))

    def running(self):
        return self.process is not None and self.process.poll() is None

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        return self.process.wait()

    def stop(self, seconds=60):
        """TERM; the exit status."""
        if self.running():
            self.process.send_signal(signal.SIGTERM)
            if not self.loop.until(lambda: not self.running(), seconds):
                self.process.kill()
                self.process.wait()
        return self.process.returncode

    def lines(self):
        """The log so far; what was read is not read again."""
        if os.path.exists(self.log):
            with open(self.log, "rb") as f:
                f.seek(self.read)
                new = f.read()
            new = new[: new.rfind(b"\n") + 1]
            self.read += len(new)
            self.parsed += [json.loads(t) for t in new.splitlines() if t.startswith(b"{")]
        return self.parsed

    def events(self, *names):
        """The lines of the log about these events."""
        return [line for line in self.lines() if line["event"] in names]

    def trouble(self):
        """The lines of the log that an operator is warned by, shortened."""
        return [line for line in self.lines() if line["level"] in ("warning", "error")][-20:]

    def text(self, most=4000):
        if not os.path.exists(self.log):
            return ""
        with open(self.log, "rb") as f:
            f.seek(max(0, os.path.getsize(self.log) - most))
            return f.read().decode("utf-8", "replace")
