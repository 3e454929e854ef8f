#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the process gives up, read from /proc while it runs."""

import errno
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "relay"))

from world import (  # noqa: E402
    World, ack, free_port, is_sanitized, main, message, reserved, wait_for,
)


def status(pid, task=None):
    """The fields of /proc/PID/status, or of one of its threads."""
    path = "/proc/%d/%s" % (pid, "task/%s/status" % task if task else "status")
    with open(path, encoding="ascii") as f:
        return dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)


def kernel_filters():
    return os.path.exists("/proc/sys/kernel/seccomp/actions_avail")


class Given(World):
    def read(self, name):
        if not os.path.exists(self.path(name)):
            return ""
        with open(self.path(name), encoding="utf-8") as f:
            return f.read()

    def test_privileges_in_every_thread(self):
        r = self.receiver()
        d, port = self.hop(r, "--log-file", self.path("log"), "--control", self.path("control"),
                           wait=False)
        wait_for("the start", lambda: "svc.started" in self.read("log"))
        self.assertEqual(self.sender(port).exchange(message("1", "15")), ack(message("1", "15")))
        tasks = os.listdir("/proc/%d/task" % d.pid)
        self.assertGreaterEqual(len(tasks), 2)
        for task in tasks:
            told = status(d.pid, task)
            for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
                wanted = 0 if os.geteuid() == 0 or name != "CapBnd" else int(told[name], 16)
                self.assertEqual(int(told[name], 16), wanted, name)
            self.assertEqual(told["NoNewPrivs"], "1")
            if not is_sanitized() and kernel_filters():
                self.assertEqual(told["Seccomp"], "2", "a filter")
        self.assertEqual(status(d.pid)["Umask"], "0077")
        self.assertEqual(stat.S_IMODE(os.stat(self.path("log")).st_mode), 0o600)
        self.assertEqual(stat.S_IMODE(os.stat(self.path("control")).st_mode), 0o660)

    def test_no_core_dump_unless_asked_for(self):
        if is_sanitized():
            self.skipTest("a sanitizer keeps them off its own way")
        for flags, soft in (((), "0"), (("--debuggable",), None)):
            d, _ = self.hop(self.receiver(), *flags)
            with open("/proc/%d/limits" % d.pid, encoding="ascii") as f:
                core = next(x for x in f if x.startswith("Max core file size")).split()
            if soft:
                self.assertEqual(core[4:6], [soft, soft])
            # the kernel gives the files of a process that may not be dumped to root
            mode = os.stat("/proc/%d/environ" % d.pid)
            self.assertEqual(mode.st_uid, 0 if soft else os.geteuid())
            self.assertEqual(bool(d.events("svc.exposed", outcome="debuggable")), not soft)

    def test_what_is_left_is_told(self):
        d, _ = self.hop(self.receiver())
        told = {x["outcome"] for x in d.events("svc.exposed")}
        expected = set()
        if os.geteuid() == 0:
            expected.add("root")
        if is_sanitized():
            expected.add("sanitized")
        if kernel_filters() or is_sanitized():
            self.assertEqual(told, expected)

    @unittest.skipUnless(os.geteuid() == 0, "only root may take a reserved port")
    def test_a_reserved_port_keeps_one_capability(self):
        port = next(p for p in range(1023, 600, -1) if reserved(p) and self.is_free(p))
        to = free_port()
        d = self.start("--listen", "127.0.0.1:%d" % port, "--forward", "127.0.0.1:%d" % to)
        self.assertEqual(int(status(d.pid)["CapEff"], 16), 1 << 10)
        self.assertEqual(int(status(d.pid)["CapBnd"], 16), 1 << 10)

    def is_free(self, port):
        with socket.socket() as s:
            try:
                s.bind(("127.0.0.1", port))
            except OSError:
                return False
        return True


class Filter(World):
    """Calls made in the daemon's own place: gdb is not there, so that a small library that is
    loaded into it makes them when it is told to, by a file that appears."""

    SOURCE = r"""
        #define _GNU_SOURCE
        #include <errno.h>
        #include <fcntl.h>
        #include <pthread.h>
        #include <sched.h>
        #include <stdio.h>
        #include <stdlib.h>
        #include <sys/ioctl.h>
        #include <sys/mman.h>
        #include <sys/resource.h>
        #include <sys/socket.h>
        #include <sys/syscall.h>
        #include <sys/wait.h>
        #include <unistd.h>

        static long attempt(int n)
        {
            struct rlimit limit = { 9, 9 };
            void *page;

            switch (n) {
            case 1: return execl("/bin/true", "true", (char *)NULL);
            case 2: return syscall(SYS_ptrace, 0, 0, 0, 0);
            case 3: return setuid(65534);
            case 4: return unshare(CLONE_NEWNET);
            case 5: return syscall(SYS_io_uring_setup, 1, NULL);
            case 6: return syscall(SYS_bpf, 0, NULL, 0);
            case 11: return fork();
            case 12: return socket(AF_NETLINK, SOCK_RAW, 0);
            case 13: return socket(AF_PACKET, SOCK_RAW, 0);
            case 14: return mmap(NULL, 4096, PROT_WRITE | PROT_EXEC,
                         MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0;
            case 15: page = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
                return mprotect(page, 4096, PROT_READ | PROT_EXEC);
            case 16: return ioctl(0, TIOCSTI, "x");
            case 17: return setrlimit(RLIMIT_NOFILE, &limit);
            case 18: return syscall(SYS_tgkill, 1, 1, 0);
            case 19: return kill(1, 0);
            case 20: return syscall(SYS_clone3, NULL, 0);
            case 21: return syscall(0x40000000 | SYS_getpid);
            }
            return -2;
        }

        static void *wait_and_try(void *ctx)
        {
            const char *path = getenv("HL7_ATTEMPT");
            FILE *f;
            int n;
            long got;

            (void)ctx;
            for (;;) {
                f = fopen(path, "r");
                if (f && fscanf(f, "%d", &n) == 1)
                    break;
                if (f)
                    fclose(f);
                usleep(5000);
            }
            fclose(f);
            got = attempt(n);
            n = errno;
            f = fopen(getenv("HL7_ATTEMPTED"), "w");
            fprintf(f, "%ld %d\n", got, n);
            fclose(f);
            return NULL;
        }

        __attribute__((constructor)) static void begin(void)
        {
            pthread_t t;

            if (getenv("HL7_ATTEMPT"))
                pthread_create(&t, NULL, wait_and_try, NULL);
        }
        """

    library = None

    def setUp(self):
        super().setUp()
        if is_sanitized():
            self.skipTest("a build with sanitizers has no filter")
        if not kernel_filters():
            self.skipTest("no filters in this kernel")
        compiler = os.environ.get("CC", "cc").split()
        if not shutil.which(compiler[0]):
            self.skipTest("no compiler")
        self.library = self.path("attempt.so")
        subprocess.run(
            [*compiler, "-shared", "-fPIC", "-o", self.library, "-xc", "-"],
            input=self.SOURCE.encode(), check=True, timeout=300,
        )

    def attempt(self, number):
        """A daemon in which the call has been tried: (daemon, port, how it came out)."""
        asked, done = self.path("asked%d" % number), self.path("done%d" % number)
        d, port = self.hop(
            self.receiver(),
            env={"LD_PRELOAD": self.library, "HL7_ATTEMPT": asked, "HL7_ATTEMPTED": done},
        )
        self.write("asked%d" % number, "%d\n" % number)
        wait_for("the attempt %d" % number,
                 lambda: os.path.exists(done) and os.path.getsize(done) or d.process.poll())
        if d.process.poll() is not None:
            d.expected = -signal.SIGSYS
            return d, port, "killed by %d" % -d.process.returncode
        with open(done, encoding="ascii") as f:
            return d, port, f.read().strip()

    def test_what_only_an_intruder_would_try_is_the_end(self):
        for number in range(1, 7):
            _, _, outcome = self.attempt(number)
            self.assertEqual(outcome, "killed by %d" % signal.SIGSYS, number)

    def test_other_calls_fail_and_the_daemon_goes_on(self):
        wanted = {
            11: errno.EPERM, 12: errno.EAFNOSUPPORT, 13: errno.EAFNOSUPPORT, 14: errno.EACCES,
            15: errno.EACCES, 16: errno.ENOTTY, 17: errno.EPERM, 18: errno.EPERM,
            19: errno.ENOSYS, 20: errno.ENOSYS, 21: errno.ENOSYS,
        }
        for number, error in wanted.items():
            if number == 21 and os.uname().machine != "x86_64":
                continue
            _, port, outcome = self.attempt(number)
            self.assertEqual(outcome, "-1 %d" % error, number)
            body = message("1", "15")
            self.assertEqual(self.sender(port).exchange(body), ack(body))


if __name__ == "__main__":
    main()
