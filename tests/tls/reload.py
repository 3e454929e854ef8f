#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Certificates and lists that change while the daemon runs, and those that end."""

import os
import re
import shutil
import subprocess
import time
from xml.sax.saxutils import quoteattr

from secure import CA, LEAF, ROOT, TESTCA, Secure, metric
from world import (
    HL7NOTED, PATIENCE, ack, config_xml, feed_xml, framed, free_port, main, message, wait_for,
)


class Reload(Secure):
    def feed_to(self, r, inbound=None, **more):
        """A daemon, its port, and a function that writes its configuration again."""
        port = free_port()

        def write(inbound, outbound="", **again):
            return self.write(
                "hl7noted.xml",
                config_xml(
                    feed_xml(port, r.port, in_listen=inbound, in_forward=outbound,
                             **{**more, **again})
                ),
            )

        path = write(inbound or self.tls(), more.pop("outbound", ""))
        return self.start("--config", path), port, write

    def exchange(self, s, n="1"):
        self.assertEqual(s.exchange(message(n)), ack(message(n)))

    def test_one_who_was_revoked_is_dropped_and_others_stay(self):
        """Fault 52: a list that changes under connections held for long."""
        r = self.receiver()
        self.ca.issue("second", san="DNS:second.example")
        d, port, _ = self.feed_to(r, self.tls(crl="crl"))
        lab, second = self.secure_sender(port), self.secure_sender(port, own="second")
        idle = self.secure_sender(port)
        time.sleep(0.1)
        for s in (lab, second):
            self.exchange(s)
        d.reload()
        for s in (lab, second):
            self.exchange(s, "2")
        self.ca.run("revoke", "client")
        d.reload()
        self.assertTrue(lab.closed())
        self.assertTrue(idle.closed())
        self.exchange(second, "3")
        denied = d.wait_event("tls.denied", 2, outcome="revoked")
        self.assertEqual({line["peer_cert"] for line in denied}, {"lab.example"})
        self.assertEqual(len(denied), 2)
        self.refused(d, port, "revoked")

    def test_a_handshake_under_way_is_asked_again_when_it_is_over(self):
        d, port, _ = self.feed_to(self.receiver(), self.tls(crl="crl"))
        context = __import__("secure").client_context(self.ca)
        plain = self.sender(port)
        s = context.wrap_socket(
            plain.sock, server_hostname="localhost", do_handshake_on_connect=False
        )
        self.addCleanup(s.close)
        s.setblocking(False)
        try:
            s.do_handshake()  # the first words
        except OSError:
            pass
        time.sleep(0.1)
        self.ca.run("revoke", "client")
        d.reload()
        s.setblocking(True)
        s.settimeout(PATIENCE)
        try:
            s.do_handshake()
            s.recv(1)
        except OSError:
            pass
        d.wait_event("tls.denied", outcome="revoked")

    def test_names_that_are_taken_from_the_list(self):
        r = self.receiver()
        d, port, write = self.feed_to(r, self.tls("lab.example"))
        s = self.secure_sender(port)
        self.exchange(s)
        write(self.tls("else.example"))
        d.reload()
        self.assertTrue(s.closed())
        d.wait_event("tls.denied", outcome="name")

    def test_a_ca_that_is_not_believed_any_more(self):
        d, port, write = self.feed_to(self.receiver())
        s = self.secure_sender(port)
        self.exchange(s)
        write(self.tls(ca="other-ca"))
        d.reload()
        self.assertTrue(s.closed())
        d.wait_event("tls.denied", outcome="unknown_ca")
        self.exchange(self.secure_sender(port, own="other"))

    def test_a_new_key_that_the_CA_vouches_for_with_its_old_one_stays(self):
        """The certificate that says so has the CA's name on both sides, as a root has."""
        self.ca.sign("next", "ca", "Test CA", ROOT)
        self.ca.sign("moved", "next", "lab.example", LEAF)
        self.ca.join("moved", "moved", "next")
        d, port, _ = self.feed_to(self.receiver())
        s = self.secure_sender(port, own="moved")
        self.exchange(s)
        d.reload()
        self.exchange(s, "2")
        self.assertEqual(d.events("tls.denied"), [])

    def test_a_chain_that_a_new_list_of_CAs_makes_weak(self):
        self.ca.sign("weak", None, "Weak CA", ROOT, bits=1024)
        self.ca.sign("between", "ca", "Between", ROOT)
        self.ca.sign("lab", "between", "lab.example", LEAF)
        self.ca.join("lab", "lab", "between")
        self.ca.sign("between", "weak", "Between", ROOT)
        self.ca.join("weak", "weak", "between")
        d, port, write = self.feed_to(self.receiver())
        s = self.secure_sender(port, own="lab")
        self.exchange(s)
        write(self.tls(ca="weak"))
        d.reload()
        self.assertTrue(s.closed())
        d.wait_event("tls.denied", outcome="weak")

    def test_a_CA_in_between_has_a_list_and_may_be_revoked(self):
        self.ca.sign("between", "ca", "Between", ROOT)
        self.ca.sign("lab", "between", "lab.example", LEAF)
        self.ca.join("lab", "lab", "between")
        self.ca.join("lists", "crl")
        d, port, write = self.feed_to(self.receiver(), self.tls(crl="lists"))
        self.refused(d, port, "crl_missing", own="lab")
        self.ca.list_of("between", "others")
        self.ca.join("lists", "others")
        d.reload()
        self.refused(d, port, "crl_missing", own="lab")
        self.ca.join("lists", "crl", "others")
        d.reload()
        s = self.secure_sender(port, own="lab")
        self.exchange(s)
        self.ca.run("revoke", "between")
        self.ca.join("lists", "crl", "others")
        d.reload()
        self.assertTrue(s.closed())
        d.wait_event("tls.denied", outcome="revoked")
        self.refused(d, port, "revoked", own="lab")

    def test_from_plain_to_tls_and_back(self):
        r = self.receiver()
        d, port, write = self.feed_to(r)
        write("")
        d.reload()
        plain = self.sender(port)
        self.exchange(plain)
        write(self.tls())
        d.reload()
        self.assertTrue(plain.closed())
        d.wait_event("tls.denied", outcome="plain_text")
        s = self.secure_sender(port)
        self.exchange(s)
        write("")
        d.reload()
        self.exchange(s, "2")  # nobody gains by its end
        self.exchange(self.sender(port))

    def test_a_listener_that_is_gone_leaves_nobody_whom_the_others_would_refuse(self):
        r = self.receiver()
        ports = [free_port(), free_port()]

        def write(*listens):
            feed = feed_xml([], r.port)
            xml = "".join(
                '<listen address="127.0.0.1" port="%d">%s</listen>' % one for one in listens
            )
            return self.write(
                "hl7noted.xml", config_xml(feed.replace("<forward", xml + "<forward", 1))
            )

        d = self.start("--config", write((ports[0], "")))
        plain = self.sender(ports[0])
        self.exchange(plain)
        write((ports[1], self.tls(crl="crl")))
        d.reload()
        self.assertTrue(plain.closed())
        d.wait_event("tls.denied", outcome="plain_text")
        self.ca.issue("second", san="DNS:second.example")
        lab, second = self.secure_sender(ports[1]), self.secure_sender(ports[1], own="second")
        for s in (lab, second):
            self.exchange(s)
        self.ca.run("revoke", "client")
        write((ports[0], self.tls(crl="crl")))
        d.reload()
        self.assertTrue(lab.closed())
        d.wait_event("tls.denied", outcome="revoked")
        self.exchange(second, "2")
        write((ports[1], '<allow address="127.0.0.2"/>'))
        d.reload()
        self.assertTrue(second.closed())
        d.wait_event("conn.close", 3, outcome="not_allowed")

    def test_a_new_certificate_is_shown_and_connections_stay(self):
        d, port, _ = self.feed_to(self.receiver())
        before = self.secure_sender(port)
        self.exchange(before)
        self.ca.issue("server", "server", 100, "DNS:localhost")
        self.exchange(self.secure_sender(port))  # not before it is told
        d.reload()
        told = d.wait_event("tls.reloaded")[0]
        self.assertEqual((told["feed"], told["dir"]), ("lab", "in"))
        self.assertEqual(told["file"], self.ca.pem("server"))
        after = self.secure_sender(port)
        self.assertNotEqual(
            before.sock.getpeercert()["serialNumber"], after.sock.getpeercert()["serialNumber"]
        )
        self.exchange(before, "2")
        self.exchange(after)

    def test_files_that_are_no_good_leave_the_old_ones_in_force(self):
        r = self.receiver()
        d, port, write = self.feed_to(r, self.tls(crl="crl"))
        s = self.secure_sender(port)
        self.exchange(s)
        server_key, ca, crl = self.ca.key("server"), self.ca.pem("ca"), self.ca.pem("crl")

        def overwrite(path, data):
            def spoil():
                with open(path, "wb") as f:
                    f.write(data)
            return spoil

        def pipe(path):
            def spoil():
                os.remove(path)
                os.mkfifo(path)
            return spoil

        rows = [
            # nobody writes there: a daemon that waited would wait for ever
            ("pipe for a list", pipe(crl), crl),
            ("pipe for a key", pipe(server_key), server_key),
            ("key", lambda: shutil.copy(self.ca.key("client"), server_key), server_key),
            ("key", lambda: os.remove(server_key), server_key),
            ("ca", overwrite(ca, b""), ca),
            ("crl", overwrite(crl, b"-----BEGIN X509 CRL-----\nabc\n"), crl),
        ]
        for what, spoil, path in rows:
            with self.subTest(what):
                with open(path, "rb") as f:
                    good = f.read()
                spoil()
                count = len(d.events("config.rejected"))
                d.reload(good=False)
                line = d.events("config.rejected")[count]
                self.assertIn(path, line["err_text"])
                self.assertRegex(line["err_loc"], r"hl7noted\.xml:\d+:\d+$")
                self.exchange(s)
                if os.path.exists(path):
                    os.remove(path)
                with open(path, "wb") as f:
                    f.write(good)
                self.exchange(self.secure_sender(port))
        d.reload()
        self.exchange(s)
        self.assertEqual(d.events("tls.denied"), [])

    def test_nothing_of_a_configuration_comes_into_force_with_a_bad_key(self):
        r, other = self.receiver(), self.receiver()
        d, port, write = self.feed_to(r)
        s = self.secure_sender(port)
        self.exchange(s)
        r.port, old = other.port, r.port
        write(self.tls().replace("server.key", "client.key"))
        d.reload(good=False)
        self.exchange(s)
        self.exchange(self.secure_sender(port))
        self.assertEqual((len(r.frames), len(other.frames)), (3, 0), old)

    def test_a_storm_of_reloads_loses_no_message(self):
        r = self.receiver()
        d, port, _ = self.feed_to(r, self.tls("lab.example", crl="crl"))
        s = self.secure_sender(port)
        for n in range(60):
            self.exchange(s, str(n))
            d.reload()
        self.assertEqual(len(r.frames), 60)


class Check(Secure):
    def test_says_where_and_what(self):
        shutil.copy(self.ca.key("client"), self.ca.key("wrong"))
        self.ca.delta_of("ca", "delta")
        self.ca.join("changes", "crl", "delta")
        rows = {
            "key": (self.tls().replace("server.key", "wrong.key"), "is not that of the certificate"),
            "certificate": (self.tls().replace("server.pem", "none.pem"), "No such file"),
            "ca": (self.tls().replace("/ca.pem", "/server.key"), "holds no certificate"),
            "crl": (self.tls(crl="ca"), "holds no certificate revocation list"),
            "delta": (self.tls(crl="changes"), "holds a delta list"),
        }
        for what, (tls, sentence) in rows.items():
            with self.subTest(what):
                path = self.write("c.xml", config_xml(feed_xml(1, 2, in_listen=tls)))
                done = subprocess.run(
                    [HL7NOTED, "--check", "--config", path], capture_output=True, check=False
                )
                text = done.stderr.decode()
                self.assertEqual(done.returncode, 78, text)
                self.assertIn(sentence, text)
                self.assertTrue(re.match(r".*c\.xml:\d+:\d+: ", text), text)
        path = self.write("c.xml", config_xml(feed_xml(1, 2, in_listen=self.tls())))
        self.assertEqual(subprocess.run([HL7NOTED, "--check", "--config", path],
                                        capture_output=True, check=False).returncode, 0)


class Purpose(Secure):
    """What our own certificates are for."""

    def setUp(self):
        super().setUp()
        general = LEAF.replace("extendedKeyUsage=clientAuth\n", "")
        self.ca.sign("general", "ca", "lab.example", general)
        self.ca.sign("alone", None, "lab.example", general)
        self.ca.sign("signer", "ca", "lab.example", ROOT)
        sealing = general.replace("digitalSignature", "keyEncipherment")
        self.ca.sign("sealer", "ca", "lab.example", sealing)
        self.ca.issue("neither", "neither")

    def test_a_check_tells_which_are_for_the_other_side(self):
        rows = {
            "server": (0, 1), "client": (1, 0), "both": (0, 0), "neither": (1, 1),
            "general": (0, 0), "alone": (0, 0), "signer": (1, 1), "sealer": (0, 1),
        }
        for own, wrong in rows.items():
            with self.subTest(own):
                tls = self.tls(own=own)
                path = self.write(
                    "c.xml", config_xml(feed_xml(1, 2, in_listen=tls, in_forward=tls))
                )
                done = subprocess.run(
                    [HL7NOTED, "--check", "--config", path], capture_output=True, check=False
                )
                said = done.stderr.decode()
                self.assertEqual(done.returncode, 0, said)
                self.assertEqual(len(said.splitlines()), sum(wrong), said)
                for is_wrong, side, use in zip(
                    wrong, ("servers", "clients"), ("serverAuth", "clientAuth")
                ):
                    sentence = (
                        r"c\.xml:\d+:\d+: warning: .*%s\.pem: .* not for %s.*; .* "
                        "keyUsage digitalSignature, extendedKeyUsage %s$" % (own, side, use)
                    )
                    found = re.findall(sentence, said, re.MULTILINE)
                    self.assertEqual(len(found), is_wrong, said)

    def test_the_log_tells_it_at_the_start_and_at_a_reload(self):
        port = free_port()

        def write(inbound, outbound):
            return self.write("hl7noted.xml", config_xml(feed_xml(
                port, 1, in_listen=self.tls(own=inbound), in_forward=self.tls(own=outbound))))

        d = self.start("--config", write("client", "both"))
        told = d.wait_event("tls.unfit")
        self.assertEqual((told[0]["dir"], told[0]["file"]), ("in", self.ca.pem("client")))
        write("server", "client")
        d.reload()
        self.assertEqual(len(d.events("tls.unfit")), 1)
        write("server", "server")
        d.reload()
        told = d.wait_event("tls.unfit", 2)
        self.assertEqual((told[1]["dir"], told[1]["file"]), ("out", self.ca.pem("server")))


class Recipe(Secure):
    def test_scripts_testca_says_what_it_lacks(self):
        called = "error: not to be called so: %s" % TESTCA
        rows = {
            (): (2, called),
            (self.ca.folder, "bogus"): (2, called),
            (self.ca.folder, "issue", "lab", "client", "9"): (2, called),
            (self.ca.folder, "revoke"): (2, called),
            (self.ca.folder, "revoke", "nobody"): (1, "testca: nobody: no such certificate"),
            (self.ca.folder, "crl"): (2, called),
            (self.ca.folder, "pin", "nobody"): (1, "testca: nobody: no such certificate"),
        }
        for arguments, (status, sentence) in rows.items():
            with self.subTest(arguments[1:]):
                done = subprocess.run(
                    ["sh", TESTCA, *arguments], capture_output=True, check=False, text=True
                )
                self.assertEqual((done.returncode, done.stdout), (status, ""))
                self.assertTrue(done.stderr.startswith(sentence), done.stderr)


class Ends(Secure):
    """Certificates that end soon."""

    def test_warnings_at_thirty_days_at_fourteen_and_at_the_end(self):
        r = self.receiver()
        for days in (1, 13, 29, 40):
            self.ca.issue("days%d" % days, "server", days, "DNS:localhost")
        self.ca.issue("over", "server", -1, "DNS:localhost")
        metrics = free_port()
        d = self.configure(
            '<metrics listen="127.0.0.1:%d"/>' % metrics,
            *[
                feed_xml(free_port(), r.port, name=own, in_listen=self.tls(own=own))
                for own in ("days1", "days13", "days29", "days40", "over", "server")
            ],
        )
        told = {
            os.path.basename(line["file"]): line
            for line in d.wait_event("tls.expiring", 4, status="certificate")
        }
        self.assertEqual(sorted(told), ["days1.pem", "days13.pem", "days29.pem", "over.pem"])
        for name, line in told.items():
            days = int(re.sub(r"\D", "", name) or 0)
            self.assertIn(line["days_left"], (days, max(0, days - 1)))
            self.assertEqual(line["level"], "warning" if days else "error")
        end = metric(metrics, "hl7noted_tls_certificate_expiry_timestamp_seconds",
                     file=self.ca.pem("days29"), kind="own")
        self.assertAlmostEqual(end, time.time() + 29 * 86400, delta=3600)
        d.reload()
        self.assertEqual(len(d.events("tls.expiring")), 4, "told once")

    def test_a_file_that_is_no_longer_used_alarms_nobody(self):
        r = self.receiver()
        port, metrics = free_port(), free_port()
        where = '<metrics listen="127.0.0.1:%d"/>' % metrics
        d = self.configure(
            where, feed_xml(port, r.port, in_listen=self.tls(crl="crl"))
        )
        crl = metric(metrics, "hl7noted_tls_crl_next_update_timestamp_seconds")
        self.assertAlmostEqual(crl, time.time() + 30 * 86400, delta=3600)
        self.write("hl7noted.xml", config_xml(where, feed_xml(port, r.port)))
        d.reload()
        name = "hl7noted_tls_certificate_expiry_timestamp_seconds"
        self.assertNotEqual(metric(metrics, name), metric(metrics, name), "not a number")

    def test_a_list_that_ends_within_a_day(self):
        self.ca.run("crl", 1)
        d, _ = self.secure_feed(self.receiver(), inbound=self.tls(crl="crl"))
        self.assertEqual(len(d.wait_event("tls.expiring", status="crl")), 1)

    def test_of_a_list_and_its_successor_in_one_file_the_successor_counts(self):
        self.ca.run("crl", -1)
        self.ca.join("old", "crl")
        self.ca.run("crl", 20)
        self.ca.join("both", "old", "crl", "old")
        other = CA()
        other.run("crl", 10)
        shutil.copy(other.pem("crl"), self.ca.pem("theirs"))
        self.ca.join("all", "both", "theirs")
        for crl, days in (("both", 20), ("all", 10), ("old", -1)):
            metrics = free_port()
            d = self.configure(
                '<metrics listen="127.0.0.1:%d"/>' % metrics,
                feed_xml(free_port(), 1, in_listen=self.tls(crl=crl)),
            )
            end = metric(metrics, "hl7noted_tls_crl_next_update_timestamp_seconds")
            self.assertAlmostEqual(end, time.time() + days * 86400, delta=3600, msg=crl)
            if days < 0:
                d.wait_event("tls.expiring", status="crl")
            else:
                self.assertEqual(d.events("tls.expiring", status="crl"), [])
        _, port = self.secure_feed(self.receiver(), inbound=self.tls(crl="both"))
        self.assertEqual(self.secure_sender(port).exchange(message("1")), ack(message("1")))

    def test_a_check_tells_what_has_ended_already(self):
        """Before a reload with it locks everybody out."""
        self.ca.run("crl", -1)
        self.ca.issue("over", "server", -1)
        tls = self.tls(crl="crl", own="over")
        path = self.write("c.xml", config_xml(feed_xml(1, 2, in_listen=tls)))
        done = subprocess.run(
            [HL7NOTED, "--check", "--config", path], capture_output=True, check=False
        )
        said = done.stderr.decode().splitlines()
        self.assertEqual((done.returncode, len(said)), (0, 2), said)
        self.assertRegex(said[1], r"c\.xml:\d+:\d+: warning: .*over\.pem: the certificate has ")
        self.assertRegex(said[0], r"c\.xml:\d+:\d+: warning: .*crl\.pem: the list is out of date")


class Receivers(Secure):
    """The other side of a feed, asked again."""

    def test_a_receiver_that_was_revoked_is_left(self):
        r = self.secure_receiver()
        d, port = self.secure_feed(
            r, inbound="", outbound=self.tls(own="client", crl="crl", name="localhost")
        )
        s = self.sender(port)
        self.assertEqual(s.exchange(message()), ack(message()))
        self.ca.run("revoke", "server")
        d.reload()
        denied = d.wait_event("tls.denied", outcome="revoked", dir="out")[0]
        self.assertEqual(denied["peer_cert"], "localhost")
        wait_for("the connection to end", lambda: r.visits[0].ended)
        again = self.sender(port)
        again.send(b"\x0b" + message("2") + b"\x1c\r")
        d.wait_event("conn.failed")
        self.assertEqual(len(r.frames), 1)

    def test_one_that_is_replaced_may_still_answer_unless_it_was_revoked(self):
        self.ca.issue("other", use="server", san="DNS:other.example")
        for revoked in (False, True):
            gate = []
            r = self.secure_receiver(
                lambda v, b, n: (wait_for("the gate", lambda: gate), v.answer(b))
            )
            other = self.secure_receiver(own="other")
            d, port = self.secure_feed(
                r, inbound="", outbound=self.tls(own="client", crl="crl", name="localhost")
            )
            s = self.sender(port)
            s.send(framed(message()))
            r.wait(1)
            if revoked:
                self.ca.run("revoke", "server")
            new = self.tls(own="client", crl="crl", name="other.example")
            self.write("hl7noted.xml", config_xml(feed_xml(port, other.port, in_forward=new)))
            d.reload()
            if revoked:
                d.wait_event("tls.denied", outcome="revoked", dir="out")
                self.assertTrue(s.closed())
                s = self.sender(port)
            else:
                gate.append(1)
                self.assertEqual(s.frame(), ack(message()))
            self.assertEqual(s.exchange(message("2")), ack(message("2")))
            self.assertEqual((len(r.frames), len(other.frames)), (1, 1))
            self.assertEqual(len(d.events("tls.denied")), int(revoked))
            gate.append(1)
            d.stop()

    def test_from_plain_to_tls(self):
        r = self.receiver()
        port = free_port()

        def config(outbound):
            return self.write(
                "hl7noted.xml", config_xml(feed_xml(port, r.port, in_forward=outbound))
            )

        d = self.start("--config", config(""))
        s = self.sender(port)
        self.assertEqual(s.exchange(message()), ack(message()))
        config(self.tls(own=None, name="localhost"))
        d.reload()
        told = d.wait_event("tls.reloaded", dir="out")[0]
        self.assertEqual(told["file"], self.ca.pem("ca"), "there is no certificate to name")
        d.wait_event("tls.denied", outcome="plain_text", dir="out")
        wait_for("the connection to end", lambda: r.visits[0].ended)

    def test_tls_begins_or_ends_while_nobody_has_taken_the_connection(self):
        to, _ = self.full()
        tls = self.tls(own="client", name="localhost")
        store = "<store directory=%s/>" % quoteattr(self.path("queue"))
        for mode, before, after in (
            ("relay", "", tls), ("relay", tls, ""), ("store", "", tls), ("store", tls, ""),
        ):
            port, door = free_port(), free_port()
            doors = '<metrics listen="127.0.0.1:%d"/>' % door

            def config(outbound):
                feed = feed_xml(port, to, in_forward=outbound, mode=mode,
                                forward={"connect_timeout": "2min"})
                return self.write("hl7noted.xml", config_xml(
                    store if mode == "store" else "", doors, feed))

            def tried():
                return metric(
                    door, "hl7noted_forward_attempts_total", feed="lab", result="tried")

            d = self.start("--config", config(before))
            s = self.sender(port)
            s.send(framed(message()))
            wait_for("an attempt", lambda: tried() == 1)
            config(after)
            d.reload()
            self.assertEqual(tried(), 2, (mode, before))
            self.assertEqual(d.events("tls.denied"), [])
            d.stop()


if __name__ == "__main__":
    main()
