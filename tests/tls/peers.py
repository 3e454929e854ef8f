#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Programs of others that speak TLS: openssl, python3-hl7, stunnel, HAProxy.

Those that are not installed are skipped."""

import os
import select
import subprocess
import time

from secure import Secure  # first: it knows where the others are
import others
from world import (
    PATIENCE, ack, annotated, framed, free_port, frames_of, listening, main, message, samples,
    wait_for,
)


class Foreign(others.Foreign, Secure):
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
            input=data, capture_output=True, timeout=PATIENCE, check=False,
        )

    def frame_from(self, process):
        """What it says, up to the end of a frame."""
        got = b""
        while not got.endswith(b"\x1c\r"):
            self.assertTrue(select.select([process.stdout], [], [], PATIENCE)[0], got)
            more = os.read(process.stdout.fileno(), 4096)
            self.assertTrue(more, "it ended behind %r" % got)
            got += more
        return got

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
                for n in range(3):
                    p.stdin.write(framed(message(str(n))))
                    p.stdin.flush()
                    got = self.frame_from(p)
                    self.assertEqual(frames_of(got), [ack(message(str(n)))])
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
            got = self.frame_from(p)
            self.assertEqual(frames_of(got[got.index(b"\x0b"):]), annotated([message(str(n))]))
            p.stdin.write(framed(ack(message(str(n)))))
            p.stdin.flush()
            self.assertEqual(s.frame(), ack(message(str(n))))


class PythonHL7(others.Hl7, Secure):
    def test_its_asyncio_client_and_server_meet_over_the_hop(self):
        to, bodies = free_port(), self.plain()
        kept = self.server(to, self.certified("server"))
        d, port = self.secure_feed(to, outbound=self.tls(own="client"))
        self.client(port, bodies, self.certified("client"))
        self.same(self.kept(kept), bodies)
        self.assertEqual(d.events("tls.denied"), [])

    def certified(self, name):
        return self.ca.pem("ca"), self.ca.pem(name), self.ca.key(name)


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

    def takes_off(self):
        return "ssl crt %s ca-file %s verify required" % (
            self.own_certificate("server"), self.ca.pem("ca"),
        )

    def test_haproxy_in_front_takes_tls_off(self):
        r = self.receiver()
        _, port = self.hop(r)
        front = self.haproxy("127.0.0.1:%d" % port, self.takes_off())
        self.exchange_all(self.secure_sender(front), r)

    def test_haproxy_in_front_puts_tls_on_and_probes(self):
        r = self.receiver()
        d, port = self.secure_feed(r, inbound=self.tls("lab.example"))
        front = self.haproxy(
            "127.0.0.1:%d check inter 10s ssl crt %s ca-file %s verify required "
            "verifyhost localhost"
            % (port, self.own_certificate("client"), self.ca.pem("ca")),
        )
        self.exchange_all(self.sender(front), r)
        # it probes at once, and is patient: a handshake cut off half-way is rightly told
        time.sleep(2)
        self.assertEqual(d.events("tls.denied"), [], "probes make no noise")

    def test_haproxy_behind_the_daemon(self):
        r = self.receiver()
        back = self.haproxy("127.0.0.1:%d" % r.port, self.takes_off())
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
