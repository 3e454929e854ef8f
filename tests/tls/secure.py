# SPDX-License-Identifier: MIT
"""The world of tests/relay with TLS in it: a CA, senders, receivers."""

import atexit
import os
import re
import shutil
import ssl
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "relay"))

from world import (  # noqa: E402
    PATIENCE, TOP, Reader, Receiver, Sender, World, attributes, feed_xml, free_port, metric,
)

TESTCA = os.path.join(TOP, "scripts", "testca")

# What certificates may be for.
ROOT = "basicConstraints=critical,CA:true\nkeyUsage=critical,keyCertSign,cRLSign\n"
LEAF = (
    "basicConstraints=critical,CA:false\nkeyUsage=critical,digitalSignature\n"
    "extendedKeyUsage=clientAuth\nsubjectAltName=DNS:lab.example\n"
)
# RFC 5280 wants to know whose key has signed.
BARE = LEAF + "authorityKeyIdentifier=none\n"


class CA:
    """What scripts/testca makes; a copy may be changed."""

    def __init__(self, folder=None):
        self.folder = folder or tempfile.mkdtemp(prefix="hl7-ca-")
        if not folder:
            atexit.register(shutil.rmtree, self.folder, ignore_errors=True)
            self.run()

    def run(self, *arguments):
        return subprocess.run(
            ["sh", TESTCA, self.folder, *map(str, arguments)], check=True, stdout=subprocess.PIPE
        ).stdout.decode().strip()

    def copy(self, to):
        shutil.copytree(self.folder, to)
        return CA(to)

    def pem(self, name):
        return os.path.join(self.folder, name + ".pem")

    def key(self, name):
        return os.path.join(self.folder, name + ".key")

    def issue(self, name, use="client", days=365, san="DNS:lab.example"):
        self.run("issue", name, use, days, san)

    def pin(self, name):
        return self.run("pin", name)

    def openssl(self, *arguments):
        subprocess.run(["openssl", *arguments], check=True, capture_output=True, cwd=self.folder)

    def config(self, name):
        """How `openssl ca` is told of a CA that was made by sign()."""
        with open(os.path.join(self.folder, "ca.cnf"), encoding="ascii") as f:
            text = re.sub(r"\bca\.(index|pem|key)", name + r".\1", f.read())
        path = os.path.join(self.folder, name + ".cnf")
        with open(path, "w", encoding="ascii") as f:
            f.write(text)
        with open(os.path.join(self.folder, name + ".index"), "a", encoding="ascii"):
            return path

    def sign(self, name, by, subject, what, bits=None, days=(-1, 30)):
        """By another certificate of the folder, or itself; a key that is there is used again."""
        if not os.path.exists(self.key(name)):
            kind = ("RSA", "-pkeyopt", "rsa_keygen_bits:%d" % bits) if bits else (
                "EC", "-pkeyopt", "ec_paramgen_curve:P-256")
            self.openssl("genpkey", "-out", self.key(name), "-algorithm", *kind)
        with open(os.path.join(self.folder, "sign.ext"), "w", encoding="ascii") as f:
            f.write(what)
        own = ("-key", self.key(name), "-subj", "/CN=" + subject, "-out", "sign.req")
        self.openssl("req", "-new", *own)
        first, last = (
            time.strftime("%Y%m%d%H%M%SZ", time.gmtime(time.time() + day * 86400)) for day in days
        )
        signer = ("-config", self.config(by)) if by else (
            "-config", self.config(name), "-selfsign")
        self.openssl("ca", "-batch", "-notext", *signer, "-in", "sign.req", "-extfile", "sign.ext",
                     "-startdate", first, "-enddate", last, "-out", self.pem(name))

    def list_of(self, by, name):
        """Whom a CA has revoked: nobody, of one that was made by sign()."""
        self.openssl("ca", "-config", self.config(by), "-gencrl", "-out", self.pem(name))

    def delta_of(self, by, name):
        """The same as a list of what changed since the first one."""
        with open(self.config(by), "a", encoding="ascii") as f:
            f.write("[delta]\nauthorityKeyIdentifier = keyid\n"
                    "deltaCRL = critical,DER:02:01:01\n")
        self.openssl("ca", "-config", self.config(by), "-gencrl", "-crlexts", "delta",
                     "-out", self.pem(name))

    def join(self, name, *parts):
        """Several in one file, which may have been one of them."""
        whole = b""
        for part in parts:
            with open(self.pem(part), "rb") as f:
                whole += f.read()
        with open(self.pem(name), "wb") as f:
            f.write(whole)


def client_context(ca, own="client", believe="ca", version=None):
    """`own` None: no certificate; `believe` None: in anybody."""
    c = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if believe:
        c.load_verify_locations(ca.pem(believe))
    else:
        c.check_hostname = False
        c.verify_mode = ssl.CERT_NONE
    if own:
        c.load_cert_chain(ca.pem(own), ca.key(own))
    if version:
        if version < ssl.TLSVersion.TLSv1_2:
            c.set_ciphers("ALL:@SECLEVEL=0")
        c.minimum_version = c.maximum_version = version
    return c


def server_context(ca, own="server", ask="ca", version=None):
    c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    c.load_cert_chain(ca.pem(own), ca.key(own))
    if ask:
        c.verify_mode = ssl.CERT_REQUIRED
        c.load_verify_locations(ca.pem(ask))
    if version:
        c.minimum_version = c.maximum_version = version
    return c


class SecureReader(Reader):
    """One who was refused may be told so by an alert."""

    def frame(self, patience=PATIENCE):
        try:
            return super().frame(patience)
        except ssl.SSLError as e:
            self.alert = e.reason
            return None


class SecureSender(Sender):
    def __init__(self, port, context, name="localhost", **named):
        super().__init__(port, **named)
        self.sock = context.wrap_socket(self.sock, server_hostname=name)
        self.reader = SecureReader(self.sock)


class Slow:
    """A sender that seals at once and lets its line have the bytes as it likes."""

    def __init__(self, world, port):
        self.plain = world.sender(port)
        self.come, self.wire, self.left = ssl.MemoryBIO(), ssl.MemoryBIO(), b""
        self.tls = client_context(world.ca).wrap_bio(
            self.come, self.wire, server_hostname="localhost"
        )
        self._until_done(self.tls.do_handshake)

    def _until_done(self, step):
        while True:
            try:
                return step()
            except ssl.SSLWantReadError:
                self.plain.sock.sendall(self.wire.read())
                self.come.write(self.plain.sock.recv(65536))

    def seal(self, data):
        self.tls.write(data)
        self.left += self.wire.read()

    def some(self, count):
        self.plain.sock.sendall(self.left[:count])
        self.left = self.left[count:]

    def send(self, data):
        self.seal(data)
        self.some(len(self.left))

    def frame(self):
        return self._until_done(lambda: self.tls.read(65536)).strip(b"\x0b\x1c\r") + b"\r"


class SecureReceiver(Receiver):
    """`errors` are those of handshakes."""

    def __init__(self, context, handler=None, **named):
        self.context, self.errors = context, []
        super().__init__(handler, **named)

    def _serve(self, visit):
        try:
            visit.sock = self.context.wrap_socket(visit.sock, server_side=True)
        except OSError as e:
            self.errors.append(getattr(e, "reason", None) or str(e))
            visit.ended = True
            visit.sock.close()
            return
        super()._serve(visit)


class Secure(World):
    """Each test has a CA that it may change."""

    made = None

    def setUp(self):
        super().setUp()
        if not Secure.made:
            Secure.made = CA()
        self.ca = Secure.made.copy(self.path("ca"))

    def tls(self, *peers, own="server", ca="ca", crl=None, **more):
        """A <tls>; peers are names, or pins with their "sha256//"."""
        files = {
            "certificate": own and self.ca.pem(own),
            "key": own and self.ca.key(own),
            "ca": ca and self.ca.pem(ca),
            "crl": crl and self.ca.pem(crl),
        }
        return "<tls%s>%s</tls>" % (
            attributes(**files, **more),
            "".join(
                "<peer%s/>" % attributes(**{"pin" if p.startswith("sha256") else "name": p})
                for p in peers
            ),
        )

    def secure_feed(self, receiver, *parts, inbound=None, outbound="", **named):
        """(daemon, port): TLS from senders unless `inbound` says otherwise."""
        port = free_port()
        inbound = self.tls() if inbound is None else inbound
        to = receiver if isinstance(receiver, int) else receiver.port
        d = self.configure(
            *parts,
            feed_xml(port, to, in_listen=inbound, in_forward=outbound, **named),
        )
        return d, port

    def secure_sender(self, port, own="client", believe="ca", version=None, **named):
        s = SecureSender(port, client_context(self.ca, own, believe, version), **named)
        self.addCleanup(s.close)
        return s

    def secure_receiver(self, handler=None, own="server", ask="ca", version=None, **named):
        r = SecureReceiver(server_context(self.ca, own, ask, version), handler, **named)
        self.addCleanup(r.stop)
        return r

    def refused(self, d, port, reason, own="client", **named):
        """A sender gets no message through, and the log names the reason."""
        before = len(d.events("tls.denied", outcome=reason))
        try:
            s = self.secure_sender(port, own, **named)
            s.send(b"\x0bMSH")
            self.assertIsNone(s.frame())
        except (ssl.SSLError, ConnectionError, BrokenPipeError):
            pass
        return d.wait_event("tls.denied", before + 1, outcome=reason)[-1]


__all__ = [
    "BARE", "CA", "LEAF", "ROOT", "Secure", "SecureReceiver", "SecureSender", "Slow", "TESTCA",
    "client_context", "metric", "server_context",
]
