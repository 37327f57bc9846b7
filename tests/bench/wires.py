# SPDX-License-Identifier: BSD-3-Clause
"""The test bed of the RFC 3918 procedures: veth cables between a namespace with the device under test
(ports p0, p1, ...) and one with the tester (t0, t1, ...), and the tester itself (tests/bench/tester)."""
import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "e2e"))

from lab.netns import Lab, run  # noqa: E402

TESTER_CORE = 0


class Missing(Exception):
    """What the machine lacks, in one line."""


class Tester:
    """A running tester; `trial` gives it one job."""
    __test__ = False  # whatever pytest thinks of its name

    def __init__(self, build, command_prefix, arguments):
        path = os.path.join(build, "tests", "bench", "tester", "tester")
        if not os.access(path, os.X_OK):
            raise Missing(f"{path} is not built")
        self.process = subprocess.Popen([*command_prefix, path, *map(str, arguments)], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def trial(self, **job):
        self.process.stdin.write(json.dumps(job) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"the tester ended with {self.process.wait(5)}")
        outcome = json.loads(line)
        if "error" in outcome:
            raise ValueError(f"the tester refuses: {outcome['error']}")
        return outcome

    def close(self):
        self.process.stdin.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Wires:
    """`count` cables; `tester` holds their far ends. A context manager that leaves nothing behind.
    `background`: the tester never sleeps, and gives way to the device; `prompt`: it sleeps until it has
    something to send, and the device gives way to it."""

    def __init__(self, build, count, cpu=TESTER_CORE, background=False, prompt=False):
        if os.geteuid() != 0:
            raise Missing("network namespaces need root")
        self.build = build
        self.lab = Lab()
        try:
            self.device = self.lab.namespace("dut")
            self.space = self.lab.namespace("tst")
            self.ports = [f"p{n}" for n in range(count)]
            ends = [f"t{n}" for n in range(count)]
            for port, end in zip(self.ports, ends):
                self.lab.wire(self.device, port, self.space, end)
                self.space.ip("link", "set", end, "arp", "off")
            self.tester = Tester(build, self.space.command(), [
                *ends, "--cpu", cpu, *(["--background"] if background else []),
                *(["--prompt"] if prompt else [])])
        except BaseException:
            self.lab.close()
            raise

    def trial(self, **job):
        return self.tester.trial(**job)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.tester.close()
        self.lab.close()


__all__ = ["Lab", "Missing", "Tester", "Wires", "run"]
