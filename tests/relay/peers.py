#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Programs of others on both sides: python3-hl7, an npm client, HAProxy.

The npm package is looked for in $HL7_NODE_MODULES (a node_modules folder) and in the
usual places; without it, or without the other programs, their tests are skipped."""

import os
import shutil
import subprocess
import time

from others import Foreign, Hl7
from world import B2M, annotated, control_id, framed, free_port, main, message, samples

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


class PythonHL7(Hl7):
    def test_mllp_send_gets_its_answers_and_the_receiver_gets_annotated_messages(self):
        r = self.receiver()
        _, port = self.hop(r)
        bodies = self.plain()[:5]
        self.mllp_send(port, bodies)
        self.same(r.bodies(), bodies)

    def test_its_asyncio_client_and_server_meet_over_the_hop(self):
        to, bodies = free_port(), self.plain()
        kept = self.server(to)
        d, port = self.hop(to)
        self.client(port, bodies)
        self.same(self.kept(kept), bodies)
        self.assertEqual(len(d.wait_event("msg.acked", len(bodies))), len(bodies))

    def test_its_server_answers_every_sample_that_it_can_read(self):
        to = free_port()
        self.server(to)
        _, port = self.hop(to, "--ack-timeout", "2s", mapping=B2M)
        answered = 0
        bodies = [b for _, b in samples() if b.startswith(b"MSH|^~\\&|") and b"|||||AL" not in b]
        s = self.sender(port)
        for body in [b for b in bodies if b.isascii() and b"\n" not in b][:60]:
            answer = s.exchange(body)
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
        said = self.said([node, script, str(port), *self.files(bodies)], env)
        self.assertEqual(said, ["AA %s" % control_id(b).decode() for b in bodies])
        sent = [b for b in r.bodies()]
        self.assertEqual(len(sent), len(bodies))
        self.assertTrue(all(b"NTE|1|O|" in b for b in sent[:9]))


class HAProxy(Foreign):
    def proxy(self, to, more=""):
        """It probes what is behind it ten times a second, and does not give up what stands still
        for a while."""
        return self.haproxy("127.0.0.1:%d check inter 100ms fall 1000 %s" % (to, more))

    def test_before_the_hop_all_messages_pass_and_its_probes_make_no_noise(self):
        r = self.receiver()
        d, port = self.hop(r, mapping=B2M)
        front = self.proxy(port)
        s = self.sender(front)
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
        front = self.proxy(r.port, "no-check")
        self.sender(front).close()
        d, port = self.hop(front)
        self.note(
            "send", "--connections", 4, "--count", 400, "--fresh-ids", "-q",
            "127.0.0.1:%d" % port, self.write("m.hl7", message()),
        )
        self.assertEqual(len(r.frames), 400)

    def test_a_receiver_lost_behind_HAProxy_is_never_acknowledged(self):
        r = self.receiver()
        front = self.proxy(r.port, "no-check")
        self.sender(front).close()
        r.stop()
        d, port = self.hop(front)
        s = self.sender(port)
        s.send(framed(message()))
        self.assertTrue(s.closed())
        d.wait_event("msg.failed")


if __name__ == "__main__":
    main()
