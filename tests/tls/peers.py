#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Programs of others that speak TLS: openssl, python3-hl7, stunnel, HAProxy.

Those that are not installed are skipped."""

import os
import shutil
import subprocess
import sys
import time

from secure import Secure, listening
from world import (
    ack, annotated, control_id, framed, free_port, frames_of, main, message, samples, wait_for,
)

ASYNC_SERVER = """
import asyncio, ssl, sys
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
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=sys.argv[3])
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_cert_chain(sys.argv[4], sys.argv[5])
    server = await hl7.mllp.start_hl7_server(
        serve, port=int(sys.argv[1]), host="127.0.0.1", ssl=context)
    print("ready", flush=True)
    async with server:
        await server.serve_forever()

asyncio.run(main())
"""

ASYNC_CLIENT = """
import asyncio, ssl, sys
import hl7
from hl7.mllp import open_hl7_connection

async def main():
    context = ssl.create_default_context(cafile=sys.argv[2])
    context.load_cert_chain(sys.argv[3], sys.argv[4])
    reader, writer = await open_hl7_connection(
        "127.0.0.1", int(sys.argv[1]), ssl=context, server_hostname="localhost")
    for name in sys.argv[5:]:
        with open(name, newline="") as f:
            message = hl7.parse(f.read())
        writer.writemessage(message)
        await writer.drain()
        answer = await asyncio.wait_for(reader.readmessage(), 10)
        print(str(answer.segment("MSA")[1]), str(answer.segment("MSA")[2]))
    writer.close()

asyncio.run(main())
"""


def python_with_hl7():
    for python in (sys.executable, "/usr/bin/python3"):
        if not os.path.exists(python):
            continue
        done = subprocess.run(
            [python, "-c", "import hl7.mllp"], stderr=subprocess.DEVNULL, check=False
        )
        if done.returncode == 0:
            return python
    return None


class Foreign(Secure):
    def program(self, *names):
        for name in names:
            found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/bin")
            if found:
                return found
        return self.skipTest("no " + names[0])

    def serve(self, command, port, **named):
        p = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            **{"stdout": subprocess.DEVNULL, **named},
        )
        self.addCleanup(p.wait)
        self.addCleanup(p.kill)
        wait_for(command[0], lambda: listening(port))
        return p

    def own_certificate(self, name):
        """Certificate and key in one file, as some want it."""
        path = self.path(name + "-both.pem")
        with open(path, "wb") as out:
            for part in (self.ca.pem(name), self.ca.key(name)):
                with open(part, "rb") as f:
                    out.write(f.read())
        os.chmod(path, 0o600)
        return path


class OpenSSL(Foreign):
    def client(self, port, data, *more, own="client"):
        return subprocess.run(
            ["openssl", "s_client", "-quiet", "-no_ign_eof", "-connect", "127.0.0.1:%d" % port,
             "-CAfile", self.ca.pem("ca"), "-verify_return_error", "-verify_hostname", "localhost",
             "-cert", self.ca.pem(own), "-key", self.ca.key(own), *more],
            input=data, capture_output=True, timeout=20, check=False,
        )

    def test_s_client_sends_messages(self):
        r = self.receiver()
        d, port = self.secure_feed(r)
        for version in ("-tls1_2", "-tls1_3"):
            with self.subTest(version):
                r.frames.clear()
                p = subprocess.Popen(
                    ["openssl", "s_client", "-quiet", "-connect", "127.0.0.1:%d" % port,
                     "-CAfile", self.ca.pem("ca"), "-verify_return_error",
                     "-verify_hostname", "localhost", "-cert", self.ca.pem("client"),
                     "-key", self.ca.key("client"), version],
                    stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                )
                self.addCleanup(p.wait)
                self.addCleanup(p.stdin.close)
                self.addCleanup(p.stdout.close)
                self.addCleanup(p.kill)
                got = b""
                for n in range(3):
                    p.stdin.write(framed(message(str(n))))
                    p.stdin.flush()
                    while not got.endswith(b"\x1c\r"):
                        got += os.read(p.stdout.fileno(), 4096)
                    self.assertEqual(frames_of(got), [ack(message(str(n)))])
                    got = b""
                self.assertEqual(len(r.frames), 3)

    def test_s_client_with_a_cipher_and_a_curve_of_each_kind(self):
        _, port = self.secure_feed(self.receiver())
        rows = [
            ("-tls1_3", "-ciphersuites", "TLS_CHACHA20_POLY1305_SHA256"),
            ("-tls1_3", "-ciphersuites", "TLS_AES_128_GCM_SHA256"),
            ("-tls1_2", "-cipher", "ECDHE-ECDSA-CHACHA20-POLY1305"),
            ("-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256"),
            ("-tls1_3", "-groups", "P-256"),
            ("-tls1_3", "-groups", "P-384"),
        ]
        for row in rows:
            with self.subTest(row):
                done = self.client(port, b"Q\n", *row)
                self.assertEqual(done.returncode, 0, done.stderr)
        done = self.client(port, b"Q\n", "-tls1_3", "-groups", "P-521")
        self.assertNotEqual(done.returncode, 0)

    def test_s_server_receives_messages(self):
        port_out = free_port()
        p = subprocess.Popen(
            ["openssl", "s_server", "-quiet", "-accept", "127.0.0.1:%d" % port_out,
             "-cert", self.ca.pem("server"), "-key", self.ca.key("server"),
             "-CAfile", self.ca.pem("ca"), "-Verify", "1", "-verify_return_error", "-naccept", "9"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )
        self.addCleanup(p.wait)
        self.addCleanup(p.stdout.close)
        self.addCleanup(p.stdin.close)
        self.addCleanup(p.kill)
        wait_for("s_server", lambda: listening(port_out))
        _, port = self.secure_feed(port_out, outbound=self.tls(own="client"))
        s = self.secure_sender(port)
        for n in range(3):
            s.send(framed(message(str(n))))
            got = b""
            while not got.endswith(b"\x1c\r"):
                got += os.read(p.stdout.fileno(), 4096)
            self.assertEqual(frames_of(got[got.index(b"\x0b"):]), annotated([message(str(n))]))
            p.stdin.write(framed(ack(message(str(n)))))
            p.stdin.flush()
            self.assertEqual(s.frame(), ack(message(str(n))))


class PythonHL7(Foreign):
    def test_its_asyncio_client_and_server_meet_over_the_hop(self):
        python = python_with_hl7() or self.skipTest("no python3-hl7")
        to, kept = free_port(), self.path("kept")
        server, client = self.write("server.py", ASYNC_SERVER), self.write("client.py", ASYNC_CLIENT)
        self.serve(
            [python, server, str(to), kept, self.ca.pem("ca"), self.ca.pem("server"),
             self.ca.key("server")],
            to,
        )
        d, port = self.secure_feed(to, outbound=self.tls(own="client"))
        bodies = [message(str(n), value=str(n)) for n in range(1, 31)]
        names = [self.write("%d.hl7" % n, body) for n, body in enumerate(bodies)]
        done = subprocess.run(
            [python, client, str(port), self.ca.pem("ca"), self.ca.pem("client"),
             self.ca.key("client"), *names],
            capture_output=True, timeout=60, check=False,
        )
        self.assertEqual(
            done.stdout.decode().split("\n")[:-1],
            ["AA %s" % control_id(b).decode() for b in bodies], done.stderr,
        )
        with open(kept, "rb") as f:
            got = [b[1:] for b in f.read().split(b"\x1c\r")[:-1]]
        self.assertEqual(
            [b.rstrip(b"\r") for b in got], [b.rstrip(b"\r") for b in annotated(bodies)]
        )
        self.assertEqual(d.events("tls.denied"), [])


class Tunnels(Foreign):
    """Each before the daemon and behind it."""

    def exchange_all(self, s, r):
        bodies = [body for _, body in samples()][:25]
        for body in bodies:
            self.assertIsNotNone(s.exchange(body))
        self.assertEqual(r.bodies(), annotated(bodies))

    def stunnel(self, client, accept, connect, own):
        program = self.program("stunnel4", "stunnel")
        text = (
            "foreground = yes\nsyslog = no\npid =\n[mllp]\nclient = %s\naccept = 127.0.0.1:%d\n"
            "connect = 127.0.0.1:%d\ncert = %s\nkey = %s\nCAfile = %s\nverifyChain = yes\n"
            % ("yes" if client else "no", accept, connect, self.ca.pem(own), self.ca.key(own),
               self.ca.pem("ca"))
        )
        if client:
            text += "checkHost = localhost\n"
        self.serve([program, self.write("stunnel%d.conf" % accept, text)], accept)

    def test_stunnel_before_the_daemon(self):
        r = self.receiver()
        d, port = self.secure_feed(r, inbound=self.tls("lab.example"))
        front = free_port()
        self.stunnel(True, front, port, "client")
        self.exchange_all(self.sender(front), r)
        self.assertEqual(d.wait_event("conn.open")[-1]["peer_cert"], "lab.example")

    def test_stunnel_behind_the_daemon(self):
        r = self.receiver()
        back = free_port()
        self.stunnel(False, back, r.port, "server")
        _, port = self.secure_feed(back, outbound=self.tls(own="client"))
        self.exchange_all(self.secure_sender(port), r)

    def haproxy(self, bind, server):
        program = self.program("haproxy")
        front = free_port()
        conf = self.write(
            "haproxy%d.cfg" % front,
            "global\n maxconn 100\ndefaults\n mode tcp\n timeout connect 2s\n"
            " timeout client 30s\n timeout server 30s\nlisten mllp\n bind 127.0.0.1:%d %s\n"
            " server there %s\n" % (front, bind, server),
        )
        self.serve([program, "-db", "-q", "-f", conf], front)
        return front

    def test_haproxy_in_front_takes_tls_off(self):
        r = self.receiver()
        _, port = self.hop(r)
        front = self.haproxy(
            "ssl crt %s ca-file %s verify required"
            % (self.own_certificate("server"), self.ca.pem("ca")),
            "127.0.0.1:%d" % port,
        )
        self.exchange_all(self.secure_sender(front), r)

    def test_haproxy_in_front_puts_tls_on_and_probes(self):
        r = self.receiver()
        d, port = self.secure_feed(r, inbound=self.tls("lab.example"))
        front = self.haproxy(
            "",
            "127.0.0.1:%d check inter 2s ssl crt %s ca-file %s verify required "
            "verifyhost localhost"
            % (port, self.own_certificate("client"), self.ca.pem("ca")),
        )
        self.exchange_all(self.sender(front), r)
        time.sleep(4)  # two probes; one cut off by an impatient prober would be a noise rightly made
        self.assertEqual(d.events("tls.denied"), [], "probes make no noise")

    def test_haproxy_behind_the_daemon(self):
        r = self.receiver()
        back = self.haproxy(
            "ssl crt %s ca-file %s verify required"
            % (self.own_certificate("server"), self.ca.pem("ca")),
            "127.0.0.1:%d" % r.port,
        )
        _, port = self.secure_feed(back, outbound=self.tls(own="client"))
        self.exchange_all(self.secure_sender(port), r)


class Ourselves(Foreign):
    def test_send_and_sink_with_the_daemon_between(self):
        sink, stop = self.sink(
            "--tls-cert", self.ca.pem("server"), "--tls-key", self.ca.key("server"),
            "--tls-ca", self.ca.pem("ca"), "--tls-crl", self.ca.pem("crl"),
            "--tls-name", "hub.example",
        )
        d, port = self.secure_feed(
            sink, inbound=self.tls(self.ca.pin("client"), own="both", crl="crl"),
            outbound=self.tls(self.ca.pin("server"), own="both", crl="crl"),
        )
        self.note(
            "send", "-q", "--connections", 4, "--count", 500, "--fresh-ids",
            "--tls-ca", self.ca.pem("ca"), "--tls-cert", self.own_certificate("client"),
            "--tls-crl", self.ca.pem("crl"), "--tls-name", "hub.example", "--tls-pin",
            self.ca.pin("both"), "127.0.0.1:%d" % port, self.write("m.hl7", message()),
        )
        report = stop()
        self.assertEqual((report["received"], report["broken"]), (500, 0))
        self.assertEqual(d.events("tls.denied"), [])


if __name__ == "__main__":
    main()
