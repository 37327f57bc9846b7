# SPDX-License-Identifier: BSD-3-Clause
"""Network namespaces and the wires between them; all of them go when the Lab is closed."""
import atexit
import contextlib
import ctypes
import itertools
import os
import re
import signal
import subprocess
import sys
import tempfile

CLONE_NEWNET = 0x40000000

_numbers = itertools.count()


def run(*command, check=True, **options):
    """Runs a command; its output goes into the exception when it fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    if check and done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    return done


def remove_stale():
    """Removes namespaces of labs whose process was killed before it could clean up."""
    for name in run("ip", "netns", "list").stdout.split():
        match = re.fullmatch(r"slu(\d+)-\d+-\w+", name)
        if match and not os.path.exists(f"/proc/{match.group(1)}"):
            run("ip", "netns", "del", name, check=False)


def _set_namespace(file):
    if ctypes.CDLL(None, use_errno=True).setns(file.fileno(), CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


class Namespace:
    def __init__(self, name):
        self.name = name

    def command(self, *command):
        return ["ip", "netns", "exec", self.name, *command]

    def run(self, *command, **options):
        return run(*self.command(*command), **options)

    def ip(self, *arguments, **options):
        return run("ip", "-n", self.name, *arguments, **options)

    def popen(self, *command, **options):
        return subprocess.Popen(self.command(*command), **options)

    @contextlib.contextmanager
    def entered(self):
        """Until its end this thread, and what it starts, is in the namespace."""
        with open("/proc/thread-self/ns/net", encoding="ascii") as here, \
                open(f"/var/run/netns/{self.name}", encoding="ascii") as there:
            _set_namespace(there)
            try:
                yield
            finally:
                _set_namespace(here)


class Lab:
    """Owns namespaces, processes and a scratch directory."""

    def __init__(self, keep=False):
        remove_stale()
        self.prefix = f"slu{os.getpid()}-{next(_numbers)}"
        self.keep = keep
        self.namespaces = []
        self.processes = []
        self.closers = []
        self.directory = tempfile.mkdtemp(prefix=self.prefix + "-")
        os.chmod(self.directory, 0o755)  # FRR's daemons run as their own user
        atexit.register(self.close)
        # pytest and the demo end by SystemExit then, which runs the clean-up.
        if signal.getsignal(signal.SIGTERM) == signal.SIG_DFL:
            signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))

    def namespace(self, name):
        space = Namespace(f"{self.prefix}-{name}")
        run("ip", "netns", "add", space.name)
        self.namespaces.append(space)
        space.run("sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1",
                  "net.ipv6.conf.default.disable_ipv6=1")
        space.ip("link", "set", "lo", "up")
        return space

    @staticmethod
    def wire(space_a, name_a, space_b, name_b):
        """A cable. Both ends compute checksums themselves, as frames on a wire have them."""
        run("ip", "link", "add", name_a, "netns", space_a.name, "type", "veth",
            "peer", "name", name_b, "netns", space_b.name)
        for space, name in ((space_a, name_a), (space_b, name_b)):
            space.run("ethtool", "-K", name, "tx", "off", "tso", "off", "gso", "off", "gro", "off")
            space.ip("link", "set", name, "up")

    def start(self, space, *command, **options):
        process = space.popen(*command, **options)
        self.processes.append(process)
        return process

    def on_close(self, action):
        self.closers.append(action)

    def close(self):
        if self.keep:
            return
        for action in reversed(self.closers):
            action()
        self.closers.clear()
        for process in self.processes:
            if process.poll() is None:
                process.kill()
            process.wait()
        self.processes.clear()
        for space in self.namespaces:
            run("ip", "netns", "del", space.name, check=False)
        self.namespaces.clear()
        run("rm", "-rf", self.directory, check=False)
