# SPDX-License-Identifier: MIT
"""Programs of others, as peers of the daemon: with and without TLS, relay and custody.

A test of one that is not installed is skipped."""

import shutil
import subprocess
import sys

from world import (
    PATIENCE, World, annotated, control_id, framed, free_port, listening, message, wait_for,
)

# both: PORT, then CA, certificate and key, or three times nothing
TLS = """
import asyncio, ssl, sys
import hl7
import hl7.mllp

def tls(purpose):
    ca, certificate, key = sys.argv[2:5]
    if not ca:
        return None
    context = ssl.create_default_context(purpose, cafile=ca)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_cert_chain(certificate, key)
    return context
"""

ASYNC_SERVER = TLS + """
async def serve(reader, writer):
    while not writer.is_closing():
        try:
            message = await reader.readmessage()
        except asyncio.IncompleteReadError:
            break
        with open(sys.argv[5], "ab") as f:
            f.write(b"\\x0b" + str(message).encode() + b"\\x1c\\r")
        writer.writemessage(message.create_ack())
        await writer.drain()
    writer.close()

async def main():
    server = await hl7.mllp.start_hl7_server(
        serve, port=int(sys.argv[1]), host="127.0.0.1", ssl=tls(ssl.Purpose.CLIENT_AUTH))
    async with server:
        await server.serve_forever()

asyncio.run(main())
"""

ASYNC_CLIENT = TLS + """
async def main():
    context = tls(ssl.Purpose.SERVER_AUTH)
    reader, writer = await hl7.mllp.open_hl7_connection(
        "127.0.0.1", int(sys.argv[1]), ssl=context,
        server_hostname="localhost" if context else None)
    for name in sys.argv[5:]:
        with open(name, newline="") as f:
            message = hl7.parse(f.read())
        writer.writemessage(message)
        await writer.drain()
        answer = await asyncio.wait_for(reader.readmessage(), 60)
        print(str(answer.segment("MSA")[1]), str(answer.segment("MSA")[2]))
    writer.close()

asyncio.run(main())
"""


def python_with_hl7():
    for python in (sys.executable, "/usr/bin/python3"):
        try:
            done = subprocess.run(
                [python, "-c", "import hl7.mllp"], stderr=subprocess.DEVNULL, check=False
            )
        except OSError:
            continue
        if done.returncode == 0:
            return python
    return None


class Foreign(World):
    def program(self, *names):
        for name in names:
            found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/bin")
            if found:
                return found
        return self.skipTest("no " + names[0])

    def serve(self, command, port):
        """Runs until the test ends; answers when it listens."""
        p = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self.addCleanup(p.wait)
        self.addCleanup(p.kill)
        wait_for(command[0], lambda: listening(port))
        return p

    def files(self, bodies):
        return [self.write("%d.hl7" % n, body) for n, body in enumerate(bodies)]

    def said(self, command, env=None):
        """Its lines; it must end well."""
        done = subprocess.run(command, capture_output=True, timeout=PATIENCE, check=False, env=env)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout.decode().splitlines()

    def haproxy(self, server, bind=""):
        """HAProxy in tcp mode before `server`; the port it listens on."""
        front = free_port()
        config = self.write(
            "haproxy%d.cfg" % front,
            "global\n maxconn 200\n"
            "defaults\n mode tcp\n retries 0\n timeout connect 30s\n timeout client 60s\n timeout server 60s\n"
            "listen mllp\n bind 127.0.0.1:%d %s\n server there %s\n" % (front, bind, server),
        )
        self.serve([self.program("haproxy"), "-db", "-q", "-f", config], front)
        return front


class Hl7(Foreign):
    """python3-hl7; `tls` is CA, certificate and key."""

    def python(self):
        return python_with_hl7() or self.skipTest("no python3-hl7")

    def plain(self):
        """What it can read and write again without changing it."""
        return [message(str(n), value=str(n)) for n in range(1, 31)]

    def same(self, got, bodies):
        self.assertEqual(
            [b.rstrip(b"\r") for b in got], [b.rstrip(b"\r") for b in annotated(bodies)]
        )

    def mllp_send(self, port, bodies):
        program = self.program("mllp_send")
        for name, body in zip(self.files(map(framed, bodies)), bodies):
            said = self.said([program, "-p", str(port), "-f", name, "127.0.0.1"])
            self.assertIn("MSA|AA|" + control_id(body).decode(), "\n".join(said))

    def server(self, port, tls=("", "", "")):
        """Keeps what it receives in the file that is named by the answer."""
        kept = self.path("kept")
        script = self.write("server.py", ASYNC_SERVER)
        self.serve([self.python(), script, str(port), *tls, kept], port)
        return kept

    def client(self, port, bodies, tls=("", "", "")):
        """All are sent and acknowledged."""
        script = self.write("client.py", ASYNC_CLIENT)
        said = self.said([self.python(), script, str(port), *tls, *self.files(bodies)])
        self.assertEqual(said, ["AA %s" % control_id(b).decode() for b in bodies])

    def kept(self, path):
        with open(path, "rb") as f:
            return [b[1:] for b in f.read().split(b"\x1c\r")[:-1]]
