# SPDX-License-Identifier: MIT
"""The world around the daemon under test: senders, receivers, and the daemon itself.

A test is a unittest.TestCase that inherits World.  What it starts is ended with it, by
process or socket and never by name; every wait has an end.  Each daemon is stopped with
TERM in the end and must then exit with 0, so that every test is one of stopping, too.
"""

import contextlib
import glob
import json
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.error
import urllib.request
from xml.sax.saxutils import quoteattr

TOP = os.path.abspath(
    os.environ.get("HL7_TOP") or os.path.join(os.path.dirname(__file__), "..", "..")
)
HL7NOTE = os.environ.get("HL7NOTE") or "hl7note"
HL7NOTED = os.environ.get("HL7NOTED") or os.path.join(os.path.dirname(HL7NOTE), "hl7noted")
SUGAR = os.path.join(TOP, "tests", "system", "data", "glucose.xml")
B2M = os.path.join(TOP, "mappings", "b2m.xml")
SAMPLES = os.path.join(TOP, "samples")
# seconds for what must happen; no more than a bound, so it may be long on any machine
PATIENCE = float(os.environ.get("HL7_PATIENCE", "60"))
MOMENT = 0.1  # seconds that a feed waits for the end of a connection, where it is the habit
SKIPPED = 77
ALL = b"".join(bytes([n]) for n in range(256))


# ---- waiting ----------------------------------------------------------------------------


def wait_for(what, condition, patience=PATIENCE, moved=None):
    """The first true answer of condition(), or a failure that says what did not come.  Of what
    takes many steps, `moved` answers how many were done: patience ends when there is no other."""
    end, done = time.monotonic() + patience, None
    while True:
        answer = condition()
        if answer:
            return answer
        if moved and moved() != done:
            end, done = time.monotonic() + patience, moved()
        if time.monotonic() > end:
            told = "" if done is None else ", and there are %s" % done
            raise AssertionError("%s: not within %g s%s" % (what, patience, told))
        time.sleep(0.01)


PORTS = 12000


def first_port():
    """Of so many outside of those that the system gives to clients: one of these might have it
    when a daemon wants to listen there."""
    try:
        with open("/proc/sys/net/ipv4/ip_local_port_range", encoding="ascii") as f:
            low, high = map(int, f.read().split())
    except OSError:
        low, high = 32768, 60999
    if low - PORTS > 1024:
        return min(20000, low - PORTS)
    return high + 1 if high + PORTS < 65536 else 20000


# Another start for each process.
_first_port = first_port()
_next_port = [_first_port + os.getpid() * 61 % PORTS]
_ours = []


def reserved(port):
    """Ours until this process ends, among all tests that run on this machine: a name that only
    one can have says so, as the port itself may well be free for a while yet."""
    s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        s.bind("\0hl7noted-test-port-%d" % port)
    except OSError:
        s.close()
        return False
    _ours.append(s.detach())
    return True


def free_port(family=socket.AF_INET):
    for _ in range(3000):
        _next_port[0] = _first_port + (_next_port[0] + 1 - _first_port) % PORTS
        if not reserved(_next_port[0]):
            continue
        with socket.socket(family, socket.SOCK_STREAM) as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                s.bind(("::1" if family == socket.AF_INET6 else "127.0.0.1", _next_port[0]))
                return _next_port[0]
            except OSError:
                continue
    raise AssertionError("no free port")


ESTABLISHED, CLOSE_WAIT, LISTEN = "01", "08", "0A"  # as /proc writes states


def tcp_rows():
    """(port here, port there, state, bytes not read) of each TCP socket of this machine."""
    for name in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            with open(name, encoding="ascii") as f:
                rows = [line.split() for line in f][1:]
        except FileNotFoundError:
            continue
        for row in rows:
            yield (
                int(row[1].split(":")[1], 16), int(row[2].split(":")[1], 16), row[3],
                int(row[4].split(":")[1], 16),
            )


def listening(port):
    """Looked up and not tried: one who connects and leaves is passed on as one who cut off."""
    return any(here == port and state == LISTEN for here, _, state, _ in tcp_rows())


def connected_to(port):
    """How many ends of connections to this port have not been closed; of one that the other side
    has closed, too."""
    return sum(
        there == port and state in (ESTABLISHED, CLOSE_WAIT) for _, there, state, _ in tcp_rows()
    )


def wait_read(sock):
    """Until the other side has read all that was sent to it."""
    own, other = sock.getsockname()[1], sock.getpeername()[1]
    wait_for(
        "all to be read",
        lambda: any(
            (here, there, left) == (other, own, 0) for here, there, _, left in tcp_rows()
        ),
    )


# ---- messages ---------------------------------------------------------------------------


def message(control_id="1", value="25", kind="ORU^R01", modes="", patient="DOE^JANE", more=b""):
    """One report; 25 is above the interval of the tests' mapping, 15 within."""
    text = (
        "MSH|^~\\&|LAB|HOSP|EHR|HOSP|20260102030405||%s|%s|P|2.5.1%s\r"
        "PID|1||4711||%s||19700101|F\r"
        "OBR|1|||PANEL^Panel^L\r"
        "OBX|1|NM|2222-2^Salt^LN||5|mg/L|1-9||||F\r"
        "OBX|2|NM|1111-1^Sugar^LN||%s|mg/L|10-20||||F\r"
        % (kind, control_id, modes, patient, value)
    )
    return text.encode() + more


def framed(body):
    return b"\x0b" + body + b"\x1c\r"


def control_id(body):
    """MSH-10 of the first message, whatever its delimiters."""
    at = body.find(b"MSH")
    if at < 0 or len(body) < at + 4:
        return b""
    header = body[at:].replace(b"\n", b"\r").split(b"\r")[0]
    fields = header.split(header[3:4])
    return fields[9].strip() if len(fields) > 9 else b""


def ack(body, code=b"AA", of=None):
    """What a receiver answers; `of` is the MSA-2 where it is not the message's own."""
    return (
        b"MSH|^~\\&|EHR|HOSP|LAB|HOSP|20260102030406||ACK|A%s|P|2.5.1\rMSA|%s|%s\r"
        % (control_id(body), code, control_id(body) if of is None else of)
    )


def code_of(body):
    """MSA-1 and MSA-2 of an answer."""
    msa = re.search(rb"\rMSA\|([^|\r]*)\|([^|\r]*)", body or b"")
    return msa and msa.groups()


def annotated(bodies, mapping=SUGAR):
    """What hl7note makes of these, each in a frame of its own."""
    done = subprocess.run(
        [HL7NOTE, "annotate", "-m", mapping],
        input=b"".join(framed(b) for b in bodies),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        check=False,
    )
    if done.returncode not in (0, 65):  # 65: something in it is no HL7
        raise AssertionError("hl7note annotate: " + done.stderr.decode())
    return frames_of(done.stdout)


def frames_of(stream):
    frames = stream.split(b"\x1c\r")
    assert frames.pop() == b"", stream[-80:]
    assert all(f.startswith(b"\x0b") for f in frames), stream[:80]
    return [f[1:] for f in frames]


def samples():
    """(name, body) of each sample that one frame can hold, small ones first."""
    found = []
    for name in sorted(os.listdir(SAMPLES)):
        if not name.endswith(".hl7"):
            continue
        with open(os.path.join(SAMPLES, name), "rb") as f:
            body = f.read()
        if b"\x0b" not in body and b"\x1c" not in body and body:
            found.append((name, body))
    return found


# ---- sockets ----------------------------------------------------------------------------


def reset(sock):
    """Close with RST."""
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    except OSError:
        pass
    sock.close()


class Reader:
    """Whole frames from a socket, and how it ended."""

    def __init__(self, sock):
        self.sock = sock
        self.buffer = bytearray()

    def frame(self, patience=PATIENCE):
        """The body of the next frame; None when the stream ended before its end."""
        end, searched = time.monotonic() + patience, 0
        while True:
            at = self.buffer.find(b"\x1c\r", searched) + 2
            if at >= 2:
                break
            searched = max(0, len(self.buffer) - 1)
            self.sock.settimeout(max(0.001, end - time.monotonic()))
            try:
                more = self.sock.recv(65536)
            except (ConnectionResetError, BrokenPipeError):
                more = b""
            except socket.timeout:
                raise AssertionError(
                    "no frame within %g s, only %r" % (patience, self.buffer[:80])
                ) from None
            if not more:
                return None
            self.buffer += more
        frame = bytes(self.buffer[:at])
        del self.buffer[:at]
        assert frame[:1] == b"\x0b", "bytes before the frame: %r" % frame[:80]
        return frame[1:-2]


IP_LOCAL_PORT_RANGE = 51  # of linux/in.h


class Sender:
    """A client of the daemon; `own` is its port, which another connection may have, too."""

    def __init__(self, port, host="127.0.0.1", source=None, room=None, own=None):
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.sock = socket.socket(family, socket.SOCK_STREAM)
        if room:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
        if source:
            self.sock.bind((source, 0))
        if own:
            try:
                self.sock.setsockopt(
                    socket.IPPROTO_IP, IP_LOCAL_PORT_RANGE, struct.pack("=HH", own, own)
                )
            except OSError:
                raise unittest.SkipTest("before Linux 6.3") from None
        self.sock.settimeout(PATIENCE)
        self.sock.connect((host, port))
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.reader = Reader(self.sock)

    def send(self, data):
        self.sock.settimeout(PATIENCE)
        self.sock.sendall(data)

    def send_in_pauses(self):
        """More of a frame, each time before it counts as silent."""
        for _ in range(3):
            time.sleep(0.25)
            self.send(b"x" * 1000)

    def sends_in_vain(self, seconds=3):
        """For how long it can go on with its frame before it hears that nobody is there."""
        began = time.monotonic()
        with contextlib.suppress(OSError):
            while time.monotonic() < began + seconds:
                self.send(b"x" * 1000)
                time.sleep(0.01)
        return time.monotonic() - began

    def exchange(self, body, patience=PATIENCE):
        self.send(framed(body))
        return self.frame(patience)

    def frame(self, patience=PATIENCE):
        return self.reader.frame(patience)

    def silent(self, seconds=0.3):
        """Nothing comes, and the connection stays."""
        self.sock.settimeout(seconds)
        try:
            got = self.sock.recv(65536)
        except socket.timeout:
            return True
        except OSError:
            return False
        self.reader.buffer += got
        return False

    def closed(self, patience=PATIENCE):
        """The connection ends, and nothing came before its end."""
        return self.frame(patience) is None and self.reader.buffer == b""

    def end(self):
        """No more from us, but answers are still read."""
        self.sock.shutdown(socket.SHUT_WR)

    def reset(self):
        reset(self.sock)

    def close(self):
        self.sock.close()


def resolved(query, address):
    """What a name server says to a query: the address, or for other kinds that there is none."""
    is_known = query[-4:-2] == b"\0\1"
    answer = b"\xc0\x0c" + query[-4:] + b"\0\0\0\0" + b"\0\4" + socket.inet_aton(address)
    return (
        query[:2] + b"\x81\x80" + query[4:6] + (b"\0\1" if is_known else b"\0\0") + b"\0\0\0\0"
        + query[12:] + (answer if is_known else b"")
    )


class Visit:
    """One connection that a receiver has accepted."""

    def __init__(self, receiver, sock, number):
        self.receiver, self.sock, self.number = receiver, sock, number
        self.frames = []
        self.ended = False
        self.bytes = 0
        self.thread = threading.Thread(target=receiver._serve, args=(self,), daemon=True)

    def send(self, data):
        try:
            self.sock.sendall(data)
        except OSError:
            pass

    def answer(self, body, code=b"AA", of=None):
        self.send(framed(ack(body, code, of)))

    def close(self):
        try:
            self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.sock.close()

    def reset(self):
        """With RST, also where a thread of ours is reading."""
        try:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.sock.shutdown(socket.SHUT_RD)
        except OSError:
            pass
        if threading.current_thread() is not self.thread:
            self.thread.join(PATIENCE)
        self.sock.close()


def read_slowly(sock, size):
    """A frame of about so many bytes, the last 4 MB at 512 KB/s: those have left the daemon before,
    for its kernel.  How many seconds it took; 0 when it ended early."""
    sock.settimeout(PATIENCE)
    got, began = bytearray(), time.monotonic()
    while got[-2:] != b"\x1c\r":
        part = sock.recv(65536)
        if not part:
            return 0
        got += part
        late = max(0, len(got) - size + (4 << 20)) / (512 << 10)
        time.sleep(max(0, began + late - time.monotonic()))
    return time.monotonic() - began


class Receiver:
    """A server that keeps what comes, and for each frame does what the test says:
    handler(visit, body, number of the frame from 1); without one it answers AA."""

    def __init__(self, handler=None, port=None, host="127.0.0.1", reads=True):
        self.handler = handler or (lambda visit, body, number: visit.answer(body))
        self.host, self.port, self.reads = host, port, reads
        self.visits, self.frames = [], []
        self.lock = threading.Lock()
        self.listening = None
        self.start()

    def start(self):
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        self.port = self.port or free_port(family)
        self.listening = socket.socket(family, socket.SOCK_STREAM)
        self.listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listening.bind((self.host, self.port))
        self.listening.listen(256)
        threading.Thread(target=self._accept, args=(self.listening,), daemon=True).start()

    def _accept(self, listening):
        while True:
            try:
                sock, _ = listening.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self.lock:
                visit = Visit(self, sock, len(self.visits) + 1)
                self.visits.append(visit)
                stopped = self.listening is not listening
            if stopped:
                visit.close()
            elif self.reads:
                visit.thread.start()

    def _serve(self, visit):
        buffer = bytearray()
        while True:
            try:
                more = visit.sock.recv(1 << 20)
            except OSError:
                more = b""
            if not more:
                visit.ended = True
                return
            visit.bytes += len(more)
            searched = max(0, len(buffer) - 1)
            buffer += more
            while True:
                at = buffer.find(b"\x1c\r", searched)
                if at < 0:
                    break
                raw, searched = bytes(buffer[: at + 2]), 0
                del buffer[: at + 2]
                self._take(visit, raw)

    def _take(self, visit, raw):
        body = raw[1:-2]
        with self.lock:
            visit.frames.append(raw)
            self.frames.append(raw)
            number = len(self.frames)
        self.handler(visit, body, number)

    def bodies(self):
        with self.lock:
            return [f[1:-2] for f in self.frames]

    def wait(self, count, patience=PATIENCE):
        wait_for(
            "%d frames at the receiver" % count, lambda: len(self.frames) >= count, patience,
            lambda: len(self.frames),
        )
        return self.bodies()

    def stop(self):
        """Nobody listens any more, and nobody is connected."""
        with self.lock:  # one who is being accepted now is in the list, or will be told
            listening, self.listening = self.listening, None
            visits = list(self.visits)
        if listening:
            try:
                listening.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            listening.close()
        for visit in visits:
            visit.close()


# ---- the daemon -------------------------------------------------------------------------


def attributes(**named):
    return "".join(
        " %s=%s" % (name.replace("_", "-"), quoteattr(str(value)))
        for name, value in named.items()
        if value is not None
    )


def is_sanitized():
    """Built with sanitizers, whose shadow memory knows no limit?"""
    with open(HL7NOTED, "rb") as f:
        text = f.read()
    return b"__asan_init" in text or b"__tsan_init" in text


def feed_xml(
    port, to, name="lab", mapping=SUGAR, listen=None, forward=None, host="127.0.0.1",
    in_listen="", in_forward="", inside="", **feed
):
    """One <feed>; `listen` and `forward` are dictionaries of more attributes, and what is in
    <listen>, in <forward> and behind the mappings is XML."""
    ports = port if isinstance(port, (list, tuple)) else [port]
    listens = "".join(
        "<listen%s>%s</listen>"
        % (attributes(**{"address": "127.0.0.1", "port": p, **(listen or {})}), in_listen)
        for p in ports
    )
    mappings = mapping if isinstance(mapping, (list, tuple)) else [mapping]
    return "<feed%s>%s<forward%s>%s</forward>%s%s</feed>\n" % (
        attributes(name=name, **feed),
        listens,
        attributes(**{"host": host, "port": to, **(forward or {})}),
        in_forward,
        "".join("<mapping%s/>" % attributes(file=m) for m in mappings if m),
        inside,
    )


def config_xml(*parts):
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<hl7noted xmlns="urn:hl7note:config:1">\n%s'
        "</hl7noted>\n" % "".join(parts)
    )


class Daemon:
    """One hl7noted; its log is read from the file that its stderr goes to."""

    def __init__(
        self, arguments, folder, env=None, stderr=None, wait=True, through=(), **popen
    ):
        """`through` is a command that executes the daemon in its own process."""
        self.folder = folder
        self.log = os.path.join(folder, "stderr")
        self.expected = 0
        self.read, self.parsed = 0, []
        err = stderr if stderr is not None else open(self.log, "ab")
        self.process = subprocess.Popen(
            [*through, HL7NOTED, *[str(a) for a in arguments]],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=err,
            env={**os.environ, **(env or {})},
            **popen,
        )
        if stderr is None:
            err.close()
        if wait:
            try:
                wait_for("the daemon's start", self._is_up)
            except BaseException:  # nobody has it yet who would end it
                self.process.kill()
                self.process.wait()
                raise

    def _is_up(self):
        if self.process.poll() is not None:
            raise AssertionError(
                "the daemon ended with %d: %s" % (self.process.returncode, self.text())
            )
        return self.events("svc.started")

    @property
    def pid(self):
        return self.process.pid

    def text(self):
        with open(self.log, "rb") as f:
            return f.read().decode("utf-8", "replace")

    def lines(self):
        """The whole lines of the log; a line that is not JSON fails the test."""
        with open(self.log, "rb") as f:
            f.seek(self.read)
            new = f.read()
        new = new[: new.rfind(b"\n") + 1]
        self.read += len(new)
        for line in new.decode("utf-8").split("\n"):
            if line.startswith("{"):
                self.parsed.append(json.loads(line))
        return self.parsed

    def events(self, event, **fields):
        return [
            line
            for line in self.lines()
            if line["event"] == event and all(line.get(k) == v for k, v in fields.items())
        ]

    def wait_event(self, event, count=1, patience=PATIENCE, **fields):
        found = lambda: len(self.events(event, **fields))
        try:
            wait_for(event, lambda: found() >= count, patience, found)
        except AssertionError as e:
            raise AssertionError("%s\n%s" % (e, self.text()[-3000:])) from None
        return self.events(event, **fields)

    def signal(self, number):
        self.process.send_signal(number)

    def reload(self, good=True):
        """HUP, and wait until it is dealt with."""
        seen = len(self.lines())
        self.signal(signal.SIGHUP)
        verdict = wait_for("the reload", lambda: self.verdict(seen))
        assert verdict == ("config.loaded" if good else "config.rejected"), self.text()[-2000:]

    def verdict(self, seen):
        """Of the lines not seen yet, the last of a reload; lines about single faults have a
        place."""
        for line in self.lines()[seen:]:
            if line["event"].startswith("config.") and "file" in line:
                return line["event"]
        return None

    def _stat(self):
        with open("/proc/%d/stat" % self.pid, encoding="ascii") as f:
            return f.read().rsplit(")", 1)[1].split()

    def stand_still(self):
        """Until SIGCONT, when all that came meanwhile is there at once."""
        self.signal(signal.SIGSTOP)
        wait_for("it to stand still", lambda: self._stat()[0] == "T")

    def cpu(self):
        """Seconds of processor time used so far."""
        fields = self._stat()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def busy(self, seconds):
        """What part of a processor it takes for so long.  One that spins takes all that it is
        given, which is little where many want it: a test asks for less than that."""
        before, began = self.cpu(), time.monotonic()
        time.sleep(seconds)
        return (self.cpu() - before) / (time.monotonic() - began)

    def resident(self):
        """The most bytes of memory that it had so far."""
        with open("/proc/%d/status" % self.pid, encoding="ascii") as f:
            return 1024 * int(re.search(r"^VmHWM:\s+(\d+) kB", f.read(), re.M).group(1))

    def descriptors(self):
        return len(self.numbers())

    def numbers(self):
        """Of its descriptors."""
        try:
            return {int(n) for n in os.listdir("/proc/%d/fd" % self.pid)}
        except PermissionError:
            raise unittest.SkipTest("only root may look into a guarded process") from None

    def first_free(self):
        """The number below which it has no descriptor left; not one that is used for a moment."""
        looks = [self.numbers() for _ in range(50)]
        return min(n for n in range(4096) if not all(n in look for look in looks))

    def open_files(self):
        self.descriptors()  # may we look?
        return {os.path.realpath(f.path) for f in os.scandir("/proc/%d/fd" % self.pid)}

    def wait(self, patience=PATIENCE):
        return self.process.wait(patience)

    def stop(self):
        """TERM, and again for those who wait for an answer that will not come."""
        if self.process.poll() is None:
            for patience in (3, PATIENCE):
                self.signal(signal.SIGTERM)
                try:
                    self.process.wait(patience)
                    break
                except subprocess.TimeoutExpired:
                    pass
            else:
                self.process.kill()
                self.process.wait()
        return self.process.returncode


def http(port, path="/metrics", host="127.0.0.1"):
    """(status, type, body)"""
    try:
        with urllib.request.urlopen(
            "http://%s:%d%s" % (host, port, path), timeout=PATIENCE
        ) as r:
            return r.status, r.headers.get("Content-Type"), r.read().decode()
    except urllib.error.HTTPError as e:
        return e.code, e.headers.get("Content-Type"), e.read().decode()


def metric(port, name, **labels):
    """The value of one series; None when there is none."""
    for line in http(port)[2].splitlines():
        if line.startswith("#") or not line.strip():
            continue
        series, value = line.rsplit(" ", 1)
        if series.split("{")[0] != name:
            continue
        if all('%s="%s"' % (k, v) in series for k, v in labels.items()):
            return float(value)
    return None


# ---- tests ------------------------------------------------------------------------------


class World(unittest.TestCase):
    """What a test may ask for; all of it ends with the test."""

    longMessage = True
    maxDiff = 2000

    def run(self, result=None):
        self._told = result if result is not None else self.defaultTestResult()
        self._faults_before = self._faults()
        return super().run(self._told)

    def _faults(self):
        return len(self._told.failures) + len(self._told.errors)

    def setUp(self):
        if os.environ.get("HL7_TIMES"):
            began = time.monotonic()
            self.addCleanup(
                lambda: print("%6.2f s %s" % (time.monotonic() - began, self.id()), flush=True)
            )
        self.folder = tempfile.mkdtemp(prefix="hl7noted-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.daemons = 0

    def undisturbed(self, seconds, scene):
        """Plays a scene whose peers must not stand still for so long, for the daemon would rightly
        end them: one that fails after that time says nothing, and is played again."""
        for _ in range(20):
            began = time.monotonic()
            try:
                return scene()
            except (AssertionError, OSError):
                if time.monotonic() - began < seconds:
                    raise
        return self.fail("in 20 attempts this machine was never quick enough")

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        """By rename, as files that a daemon reads should be."""
        path = self.path(name)
        with open(path + ".new", "wb") as f:
            f.write(text if isinstance(text, bytes) else text.encode())
        os.rename(path + ".new", path)
        return path

    def receiver(self, handler=None, **named):
        r = Receiver(handler, **named)
        self.addCleanup(r.stop)
        return r

    def sender(self, port, **named):
        s = Sender(port, **named)
        self.addCleanup(s.close)
        return s

    def full(self, host="127.0.0.1", port=0):
        """The port where somebody listens who takes no connection, and a function that ends it."""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        held = contextlib.ExitStack()
        self.addCleanup(held.close)
        listener = held.enter_context(socket.socket(family))
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port or free_port(family)))
        listener.listen(0)
        for _ in range(4):
            s = held.enter_context(socket.socket(family))
            s.setblocking(False)
            s.connect_ex(listener.getsockname())
        return listener.getsockname()[1], held.close

    def wrong_clock(self):
        """The environment in which the file "clock" says by how much the clock is wrong."""
        found = glob.glob("/usr/lib/*/faketime/libfaketime.so.1")
        if not found or is_sanitized():
            self.skipTest("no libfaketime, or sanitizers that do not go with it")
        return {
            "LD_PRELOAD": found[0], "FAKETIME_TIMESTAMP_FILE": self.write("clock", "+0"),
            "FAKETIME_NO_CACHE": "1", "DONT_FAKE_MONOTONIC": "1",
        }

    def start(self, *arguments, **named):
        """A daemon by its flags."""
        self.daemons += 1
        folder = self.path("daemon%d" % self.daemons)
        os.mkdir(folder)
        d = Daemon(arguments, folder, **named)
        self.addCleanup(self._stop, d)
        return d

    def name_server(self):
        """An address of this process alone."""
        pid = os.getpid()
        return "127.%d.%d.%d" % (1 + (pid >> 16) % 254, pid >> 8 & 255, pid & 255)

    def silent_server(self):
        """The name server at that address, which answers nothing by itself."""
        server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(server.close)
        try:
            server.bind((self.name_server(), 53))
        except OSError:
            self.skipTest("not allowed to be a name server")
        server.settimeout(PATIENCE)
        return server

    def deny_all(self, server):
        """It says that no such name exists, to what it was asked and to what it will be."""
        self.answer_all(server, lambda query: query[:2] + b"\x81\x83" + query[4:])

    def answer_all(self, server, answer):
        def serve():
            with contextlib.suppress(OSError):
                while True:
                    query, peer = server.recvfrom(512)
                    if not query:
                        return
                    server.sendto(answer(query), peer)

        def end():
            server.sendto(b"", server.getsockname())
            thread.join()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        self.addCleanup(end)

    def private(self, hosts, resolver=""):
        """A command that gives a process its own /etc/hosts, where we may do that."""
        with open(self.path("hosts"), "w", encoding="ascii") as f:
            f.write(hosts)
        with open(self.path("resolv"), "w", encoding="ascii") as f:
            f.write(resolver)
        script = 'mount --bind "$1" /etc/hosts && mount --bind "$2" /etc/resolv.conf && shift 2'
        command = [
            "unshare", "-m", "sh", "-c", script + ' && exec "$@"', "sh",
            self.path("hosts"), self.path("resolv"),
        ]
        if os.system(" ".join(command[:2]) + " true 2>/dev/null") != 0:
            self.skipTest("no mount namespaces here")
        return command

    def two_addresses(self):
        """A command whose process finds ::1 and 127.0.0.1 under one name."""
        return self.private("::1 receiver.test\n127.0.0.1 receiver.test\n")

    def keeps_to_the_first_address(self, parts):
        """Messages that want no answer, to a receiver which hangs up after each: parts(receiver,
        port) makes a configuration for the name of two_addresses()."""
        r = self.receiver(lambda visit, body, number: visit.close(), host="::1")
        other, port = self.receiver(port=r.port), free_port()
        self.configure(*parts(r, port), through=self.two_addresses())
        for n in range(1, 4):
            self.sender(port).send(framed(message(str(n), modes="|||NE|NE")))
            wait_for("message %d" % n, lambda n=n: len(r.frames) + len(other.frames) == n)
            time.sleep(0.1)
        self.assertEqual((len(r.frames), len(other.frames)), (3, 0))

    def configure(self, *parts, **named):
        """A daemon with a configuration file, whose path is in .config."""
        path = self.write("hl7noted.xml", config_xml(*parts))
        d = self.start("--config", path, **named)
        d.config = path
        return d

    def hop(self, receiver, *flags, mapping=SUGAR, **named):
        """(daemon, port): one feed by flags from a free port to a receiver."""
        port = free_port()
        to = receiver if isinstance(receiver, int) else receiver.port
        maps = ("--mapping", mapping) if mapping else ()
        d = self.start(
            "--listen", "127.0.0.1:%d" % port, "--forward", "127.0.0.1:%d" % to, *maps, *flags,
            **named,
        )
        return d, port

    def feed(self, receiver, *parts, **named):
        """(daemon, port): one feed by a file, where flags do not reach."""
        port = free_port()
        to = receiver if isinstance(receiver, int) else receiver.port
        return self.configure(feed_xml(port, to, **named), *parts), port

    def _stop(self, d):
        status = d.stop()
        if not os.path.exists(d.log):
            return
        text = d.text()
        if self._faults() > self._faults_before:
            self._tell(text.splitlines())
        for word in ("AddressSanitizer", "LeakSanitizer", "runtime error:"):
            self.assertNotIn(word, text)
        if d.expected is not None:
            self.assertEqual(status, d.expected, text[-3000:])

    def _tell(self, lines):
        """Of a daemon whose test has failed, what an operator is warned by, and its last words."""
        calm = ('"level":"info"', '"level":"debug"')
        trouble = [n for n, line in enumerate(lines) if not any(word in line for word in calm)]
        for n in sorted({*trouble[-20:], *range(max(0, len(lines) - 10), len(lines))}):
            print("  said by a daemon of %s: %s" % (self.id(), lines[n][:500]), file=sys.stderr)

    def note(self, *arguments, data=None, patience=5 * PATIENCE, status=0):
        """hl7note with these arguments: what it said."""
        done = subprocess.run(
            [HL7NOTE, *[str(a) for a in arguments]],
            input=data,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            timeout=patience,
            check=False,
        )
        if status is not None:
            self.assertEqual(done.returncode, status, done.stderr.decode() + str(arguments))
        return done.stdout

    def sink(self, *arguments):
        """A running hl7note sink: (port, function that ends it and answers its report)."""
        ports = self.path("port%d" % time.monotonic_ns())
        p = subprocess.Popen(
            [HL7NOTE, "sink", "--json", "--port-file", ports, *map(str, arguments), "0"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

        def stop():
            if p.poll() is None:
                p.send_signal(signal.SIGTERM)
            text = p.communicate(timeout=PATIENCE)[0]
            return json.loads(text) if text else None

        def kill():
            if p.poll() is None:
                p.kill()
                p.communicate()

        self.addCleanup(kill)
        wait_for("the sink", lambda: os.path.exists(ports))
        with open(ports, encoding="ascii") as f:
            return int(f.read()), stop

    def last_error(self, control, feed=0):
        """(word, at whom) as status has them."""
        state = json.loads(self.note("status", "--json", "--control", control))["feeds"][feed]
        return state["last_error"], state["last_error_side"]

    def background(self, *arguments):
        """hl7note in the background: a function that waits for it and answers its report."""
        p = subprocess.Popen(
            [HL7NOTE, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )

        def kill():
            if p.poll() is None:
                p.kill()
                p.communicate()

        def end(patience=5 * PATIENCE):
            text = p.communicate(timeout=patience)[0]
            return json.loads(text) if text else None

        self.addCleanup(kill)
        end.process = p
        return end


def main():
    """Run the tests of the calling file; all skipped is skipped."""
    if not os.access(HL7NOTED, os.X_OK):
        print("no program " + HL7NOTED)
        sys.exit(99)
    result = unittest.main(exit=False, verbosity=2).result
    if result.wasSuccessful() and result.testsRun and len(result.skipped) == result.testsRun:
        sys.exit(SKIPPED)
    sys.exit(0 if result.wasSuccessful() else 1)
