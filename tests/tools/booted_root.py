# SPDX-License-Identifier: BSD-3-Clause
"""A folder with Debian in it, booted: its own systemd as process 1 of name spaces of their own.

Everything that is mounted is so in its mount name space only, and its processes die with the process
that made it, however that ends.
"""
import os
import subprocess
import tempfile
import time

# /proc/sys and /sys cannot be written, so that nothing of the kernel that all share is set from inside.
START = """set -e
    echo $$ > {cgroup}/cgroup.procs
    exec setpriv --pdeathsig KILL \
      unshare --pid --mount --uts --ipc --cgroup --net --fork --kill-child=KILL bash -ec '
        cd {root}
        mount --bind . .
        cd {root}
        mount -t proc proc proc
        mount --bind proc/sys proc/sys
        mount -o remount,ro,bind proc/sys
        mount -t sysfs -o ro sysfs sys
        mount -t cgroup2 cgroup2 sys/fs/cgroup
        mount -t tmpfs -o mode=755 tmpfs run
        mount -t tmpfs -o mode=755 tmpfs dev
        mkdir dev/net dev/pts dev/shm
        for device in null zero full random urandom tty net/tun; do
          touch dev/$device
          mount --bind /dev/$device dev/$device
        done
        mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts dev/pts
        ln -s pts/ptmx dev/ptmx
        mount -t tmpfs tmpfs dev/shm
        pivot_root . mnt
        exec chroot . sh -c "umount -l /mnt && exec /lib/systemd/systemd --system"'
"""


class CannotBoot(Exception):
    """Why systemd does not run here."""


def cgroup_hierarchy():
    """Where the unified hierarchy is, on a machine with old ones beside it too."""
    with open("/proc/mounts", encoding="utf-8") as mounts:
        for line in mounts:
            _, where, kind, *_ = line.split()
            if kind == "cgroup2":
                return where
    raise CannotBoot("no cgroup2 is mounted")


class BootedRoot:
    def __init__(self, root, name):
        self.cgroup = os.path.join(cgroup_hierarchy(), name)
        self.errors = tempfile.TemporaryFile("w+")
        try:
            os.mkdir(self.cgroup)
        except OSError as error:
            raise CannotBoot(str(error)) from error
        self.process = subprocess.Popen(
            ["bash", "-c", START.format(root=root, cgroup=self.cgroup)],
            stdin=subprocess.DEVNULL, stdout=self.errors, stderr=self.errors,
            env={"container": "sluice", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})
        try:
            self._wait_for_boot()
        except BaseException:
            self.close()
            raise

    def _wait_for_boot(self):
        """Ends with process 1 of the inside, by its number outside, in `first`."""
        file = f"/proc/{self.process.pid}/task/{self.process.pid}/children"
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and self.process.poll() is None:
            time.sleep(0.2)
            try:
                with open(file, encoding="ascii") as children:
                    self.first = int(children.read())
                with open(f"/proc/{self.first}/comm", encoding="ascii") as comm:
                    started = comm.read() == "systemd\n"
            except (OSError, ValueError):
                continue
            state = started and self.run("systemctl", "is-system-running").stdout.strip()
            if state in ("starting", "running", "degraded"):
                return
        self.errors.seek(0)
        raise CannotBoot(self.errors.read().strip() or "no answer from it in a minute")

    def run(self, *command):
        """As root inside."""
        return subprocess.run(
            ["nsenter", "-t", str(self.first), "--all", "--", *command], check=False, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120,
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "SYSTEMD_PAGER": "",
                 "DEBIAN_FRONTEND": "noninteractive"})

    def close(self):
        self.process.kill()   # and all below it: --kill-child, and the end of process 1
        self.process.wait()
        for _ in range(50):
            for folder, _, _ in os.walk(self.cgroup, topdown=False):
                try:
                    os.rmdir(folder)
                except OSError:
                    pass
            if not os.path.exists(self.cgroup):
                return
            time.sleep(0.1)
