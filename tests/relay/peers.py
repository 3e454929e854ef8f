#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Programs of others on both sides: python3-hl7, an npm client, HAProxy.

The npm package is looked for in $HL7_NODE_MODULES (a node_modules folder) and in the
usual places; without it, or without the other programs, their tests are skipped."""

import os
import shutil
import subprocess
import sys
import textwrap
import time

from world import (
    B2M, World, ack, annotated, control_id, framed, free_port, main, message, samples,
    wait_for,
)

ASYNC_SERVER = """
import asyncio, sys
import hl7.mllp

async def serve(reader, writer):
    while not writer.is_closing():
        try:
            message = await reader.readmessage()
        except asyncio.IncompleteReadError:
            break
        with open(sys.argv[2], "ab") as f:
            f.write(b"\\x0b" + str(message).encode() + b"\\x1c\\r")
        writer.writemessage(message.create_ack())
        await writer.drain()
    writer.close()

async def main():
    server = await hl7.mllp.start_hl7_server(serve, port=int(sys.argv[1]), host="127.0.0.1")
    print("ready", flush=True)
    async with server:
        await server.serve_forever()

asyncio.run(main())
"""

ASYNC_CLIENT = """
import asyncio, sys
import hl7
from hl7.mllp import open_hl7_connection

async def main():
    reader, writer = await open_hl7_connection("127.0.0.1", int(sys.argv[1]))
    for name in sys.argv[2:]:
        with open(name, newline="") as f:
            message = hl7.parse(f.read())
        writer.writemessage(message)
        await writer.drain()
        answer = await asyncio.wait_for(reader.readmessage(), 10)
        print(str(answer.segment("MSA")[1]), str(answer.segment("MSA")[2]))
    writer.close()

asyncio.run(main())
"""

NODE_CLIENT = """
const hl7 = require("simple-hl7");
const fs = require("fs");
const client = hl7.Server.createTcpClient({ host: "127.0.0.1", port: +process.argv[2],
    keepalive: true, callback: () => {} });
const parser = new hl7.Parser();
const names = process.argv.slice(3);
function next() {
    if (!names.length) { client.close(); process.exit(0); }
    const m = parser.parse(fs.readFileSync(names.shift(), "latin1"));
    client.send(m, (err, ack) => {
        if (err) { console.log("error " + err); process.exit(1); }
        const msa = (ack.msg || ack).getSegment("MSA");
        console.log(String(msa.getField(1)) + " " + String(msa.getField(2)));
        setImmediate(next);
    });
}
next();
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
    def files(self, bodies):
        return [self.write("%d.hl7" % n, body) for n, body in enumerate(bodies)]

    def ready(self, command, word=b"ready"):
        p = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.addCleanup(p.stdout.close)
        self.addCleanup(p.wait)
        self.addCleanup(p.terminate)
        self.assertIn(word, p.stdout.readline())
        return p

    def said(self, command, status=0):
        done = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60, check=False
        )
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done.stdout.decode()

    def python(self):
        python = python_with_hl7()
        if not python:
            self.skipTest("no python3-hl7")
        return python


class PythonHL7(Foreign):
    def plain(self):
        """What python3-hl7 can read and write again without changing it."""
        return [message(str(n), value=str(n)) for n in range(1, 31)]

    def test_mllp_send_gets_its_answers_and_the_receiver_gets_annotated_messages(self):
        if not shutil.which("mllp_send"):
            self.skipTest("no mllp_send")
        r = self.receiver()
        d, port = self.hop(r)
        for name, body in zip(self.files(map(framed, self.plain()[:5])), self.plain()):
            said = self.said(["mllp_send", "-p", str(port), "-f", name, "127.0.0.1"])
            self.assertIn("MSA|AA|" + control_id(body).decode(), said)
        self.assertEqual(
            [b.rstrip(b"\r") for b in r.bodies()],
            [b.rstrip(b"\r") for b in annotated(self.plain()[:5])],
        )

    def test_its_asyncio_client_and_server_meet_over_the_hop(self):
        python = self.python()
        server = self.write("server.py", textwrap.dedent(ASYNC_SERVER))
        client = self.write("client.py", textwrap.dedent(ASYNC_CLIENT))
        to, kept = free_port(), self.path("kept")
        self.ready([python, server, str(to), kept])
        d, port = self.hop(to)
        bodies = self.plain()
        said = self.said([python, client, str(port), *self.files(bodies)])
        self.assertEqual(
            said.split("\n")[:-1], ["AA %s" % control_id(b).decode() for b in bodies]
        )
        with open(kept, "rb") as f:
            got = [b[1:] for b in f.read().split(b"\x1c\r")[:-1]]
        self.assertEqual(
            [b.rstrip(b"\r") for b in got], [b.rstrip(b"\r") for b in annotated(bodies)]
        )
        self.assertEqual(len(d.wait_event("msg.acked", len(bodies))), len(bodies))

    def test_its_server_answers_every_sample_that_it_can_read(self):
        python = self.python()
        server = self.write("server.py", textwrap.dedent(ASYNC_SERVER))
        to = free_port()
        self.ready([python, server, str(to), self.path("kept")])
        d, port = self.hop(to, "--ack-timeout", "2s", mapping=B2M)
        answered = 0
        bodies = [b for _, b in samples() if b.startswith(b"MSH|^~\\&|") and b"|||||AL" not in b]
        s = self.sender(port)
        for body in [b for b in bodies if b.isascii() and b"\n" not in b][:60]:
            answer = s.exchange(body, 5)
            if answer is None:
                s = self.sender(port)
                continue
            self.assertIn(b"MSA|AA|" + control_id(body), answer)
            answered += 1
        self.assertGreater(answered, 40)


class Node(Foreign):
    def test_simple_hl7_gets_its_answers(self):
        node = shutil.which("node") or shutil.which("nodejs")
        modules = os.environ.get("HL7_NODE_MODULES", "")
        if not node:
            self.skipTest("no node")
        env = {**os.environ, "NODE_PATH": modules}
        if subprocess.run(
            [node, "-e", 'require("simple-hl7")'], env=env, stderr=subprocess.DEVNULL, check=False
        ).returncode:
            self.skipTest("no simple-hl7")
        r = self.receiver()
        d, port = self.hop(r)
        bodies = [message("n%d" % n, value=str(n)) for n in range(1, 21)]
        script = self.write("client.js", NODE_CLIENT)
        done = subprocess.run(
            [node, script, str(port), *self.files(bodies)],
            env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=30, check=False,
        )
        said = done.stdout.decode()
        self.assertEqual(
            said.split("\n")[:-1], ["AA %s" % control_id(b).decode() for b in bodies], said
        )
        sent = [b for b in r.bodies()]
        self.assertEqual(len(sent), len(bodies))
        self.assertTrue(all(b"NTE|1|O|" in b for b in sent[:9]))


class HAProxy(Foreign):
    def proxy(self, to, options=""):
        """HAProxy in tcp mode before a port; it probes what is behind it ten times a second."""
        if not shutil.which("haproxy"):
            self.skipTest("no haproxy")
        front = free_port()
        config = self.write(
            "haproxy.cfg",
            "global\n maxconn 200\n"
            "defaults\n mode tcp\n timeout connect 2s\n timeout client 30s\n timeout server 30s\n"
            "listen mllp\n bind 127.0.0.1:%d\n server hop 127.0.0.1:%d check inter 100ms%s\n"
            % (front, to, options),
        )
        p = subprocess.Popen(
            ["haproxy", "-db", "-q", "-f", config],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        self.addCleanup(p.wait)
        self.addCleanup(p.kill)
        return front

    def connected(self, port):
        def attempt():
            try:
                return self.sender(port)
            except ConnectionRefusedError:
                return None

        return wait_for("HAProxy", attempt)

    def test_before_the_hop_all_messages_pass_and_its_probes_make_no_noise(self):
        r = self.receiver()
        d, port = self.hop(r, mapping=B2M)
        front = self.proxy(port)
        s = self.connected(front)
        bodies = [b for _, b in samples()]
        for body in bodies:
            self.assertIsNotNone(s.exchange(body))
        self.assertEqual(r.bodies(), annotated(bodies, B2M))
        s.close()
        d.wait_event("conn.close")
        time.sleep(1.2)  # for a dozen of its probes
        self.assertEqual(len(d.events("conn.open")), 1)
        self.assertEqual(len(d.events("conn.close")), 1)

    def test_behind_the_hop_all_messages_pass(self):
        r = self.receiver()
        front = self.proxy(r.port, " no-check")
        self.connected(front).close()
        d, port = self.hop(front)
        report = self.note(
            "send", "--connections", 4, "--count", 400, "--fresh-ids", "-q",
            "127.0.0.1:%d" % port, self.write("m.hl7", message()),
        )
        self.assertEqual(len(r.frames), 400)

    def test_a_receiver_lost_behind_HAProxy_is_never_acknowledged(self):
        r = self.receiver()
        front = self.proxy(r.port, " no-check")
        self.connected(front).close()
        r.stop()
        d, port = self.hop(front)
        s = self.sender(port)
        s.send(framed(message()))
        self.assertTrue(s.closed())
        d.wait_event("msg.failed")


if __name__ == "__main__":
    main()
