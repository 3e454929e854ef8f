# SPDX-License-Identifier: MIT
"""File systems of our own, where the machine allows it.

They are mounted in a mount namespace of this process: nobody else sees them, and they are gone
when it ends, however it ends.
"""

import array
import ctypes
import fcntl
import os
import shutil
import subprocess
import time

CLONE_NEWNS = 0x20000
EXT4_IOC_SHUTDOWN = 0x8004587D
NO_LOG_FLUSH = 2
PATIENCE = 10


def private():
    """Why there can be no mounts here, or None once there can."""
    if os.geteuid() != 0:
        return "only root may mount"
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNS):
        return "no mount namespace: " + os.strerror(ctypes.get_errno())
    done = run("mount", "--make-rprivate", "/")
    return "no private mounts: " + done if done else None


def run(*command):
    """What went wrong, or an empty string."""
    if not shutil.which(command[0]):
        return "no program " + command[0]
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        check=False,
    )
    return done.stdout.decode().strip() or "failed" if done.returncode else ""


def tmpfs(folder, size):
    os.makedirs(folder, exist_ok=True)
    return run("mount", "-t", "tmpfs", "-o", "size=%s,mode=0700" % size, "tmpfs", folder)


def unmount(folder):
    return run("umount", folder)


class Disk:
    """ext4 in a file, which can lose its power."""

    def __init__(self, folder, mib=64):
        self.image, self.folder = os.path.join(folder, "disk"), os.path.join(folder, "mounted")
        os.mkdir(self.folder)
        with open(self.image, "wb") as f:
            f.truncate(mib << 20)
        self.problem = run("mkfs.ext4", "-q", "-F", self.image) or self.mount()

    def mount(self):
        """Again for a while where it fails: what others do with loop devices may be in the way."""
        end = time.monotonic() + PATIENCE
        while True:
            problem = run("mount", "-o", "loop", self.image, self.folder)
            if not problem or time.monotonic() > end:
                return problem
            time.sleep(0.1)

    def unmount(self):
        return unmount(self.folder)

    def fail(self):
        """What the kernel does when it finds the disk broken: no more writing."""
        problem = run("mount", "-o", "remount,errors=remount-ro", self.folder)
        if problem:
            return problem
        device = os.stat(self.folder).st_dev
        name = os.path.basename(os.readlink("/sys/dev/block/%d:%d" % (os.major(device), os.minor(device))))
        try:
            with open("/sys/fs/ext4/%s/trigger_fs_error" % name, "w", encoding="ascii") as f:
                f.write("a test")
        except OSError as e:
            return str(e)
        return ""

    def cut(self):
        """From now on nothing reaches the disk, and what only memory knew is forgotten."""
        fd = os.open(self.folder, os.O_RDONLY)
        try:
            fcntl.ioctl(fd, EXT4_IOC_SHUTDOWN, array.array("I", [NO_LOG_FLUSH]))
        finally:
            os.close(fd)
