# SPDX-License-Identifier: BSD-3-Clause
"""What a viewer notices of `kill -9` and a start at once, under a stream of 10,000 frames a second over
veth cables and AF_PACKET ports: the gap, the frames lost, and those that flood to a port where nobody
asked; with a state file, and without one. Beside them testpmd, killed and started in the same way with
the same ports, buffers and EAL options: what EAL and the ports take, and nothing on top."""
import concurrent.futures
import os
import socket
import statistics
import struct
import time

import switches
from machine import pool_mb
from program import Broken, Program, find, wait_until
from record import Result
from wires import Missing, Wires

GROUP = "239.3.1.1"
SOURCE, VIEWER, BYSTANDER = 0, 1, 2  # ports
RATE = 10_000      # frames a second
BEFORE = 0.2       # seconds of the stream before the kill
RESPONSE = 1       # query-max-response-time: without a state file the VLAN floods so long
MBUFS = 16384
KINDS = (("state", "with a state file"), ("none", "without one"), ("bare", "testpmd"))


class Sluice(switches.Sluice):
    def __init__(self, wires, keeps):
        self.state = os.path.join(wires.lab.directory, "state") if keeps else None
        super().__init__(wires, system={"state-file": self.state} if keeps else None,
                         snooping={"flood-without-querier": True, "explicit-tracking": True,
                                   "query-max-response-time": RESPONSE},
                         dataplane={"mbufs": MBUFS, "group-entries": 65536})
        self.trial = BEFORE + 1.2 + (0 if keeps else RESPONSE)

    def prepare(self):
        """Until it restricts, and the file says so."""
        self.daemon.wait(lambda: self.daemon.ctl("status", check=False).returncode == 0,
                         "sluiced to be ready", timeout=20)
        self.daemon.settled()
        self.daemon.wait_members(GROUP, {self.wires.ports[VIEWER]})
        if self.state:
            self.daemon.wait(self._kept, "the state file to have the group")

    def _kept(self):
        try:
            with open(self.state, "rb") as file:
                return socket.inet_aton(GROUP)[::-1] in file.read()
        except FileNotFoundError:
            return False

    def kill(self):
        self.daemon.process.kill()
        self.daemon.process.wait()

    def run_again(self):
        self.daemon.start(ready=False)


class Testpmd(switches.Switch):
    trial = BEFORE + 1.2

    def start(self):
        path = find("dpdk-testpmd")
        if path is None:
            raise Missing("dpdk-testpmd is not installed (Debian package dpdk-dev)")
        self.words = self.wires.device.command(
            path, "--lcores", f"0@{switches.MAIN_CORE},1@{switches.WORKER_CORE}", "--main-lcore", "0",
            "--no-pci", "--no-huge", "--no-shconf", "-m", str(pool_mb(MBUFS)),
            *[f"--vdev=net_af_packet{n},iface={port},qdisc_bypass=1"
              for n, port in enumerate(self.wires.ports)],
            "--", "--forward-mode=io", "--nb-cores=1", f"--total-num-mbufs={MBUFS}",
            "--no-lsc-interrupt", "--auto-start")
        self.run_again()

    def run_again(self):
        self.program = Program(self.words, os.path.join(self.wires.lab.directory, "testpmd.log"),
                               "testpmd")

    def prepare(self):
        def forwards():
            with open(self.program.log, encoding="utf-8", errors="replace") as log:
                return "packet forwarding" in log.read()
        wait_until(forwards, "to forward", self.program)
        time.sleep(0.3)

    def kill(self):
        self.program.stop(patience=0)

    def stop(self):
        if getattr(self, "program", None):
            self.program.stop(patience=0)


def watch(wires):
    """The kernel joins at the viewer's port, and answers queries."""
    end = f"t{VIEWER}"
    wires.space.ip("addr", "add", "10.77.0.1/24", "dev", end)
    with wires.space.entered():
        viewer = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        viewer.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP,
                          struct.pack("@4s4si", socket.inet_aton(GROUP), b"\0" * 4,
                                      socket.if_nametoindex(end)))
    return viewer


def one_round(wires, device):
    """{"gap": milliseconds, "ending": how many of them the killed process took to be gone,
    "lost": frames, "flooded": frames}"""
    device.prepare()
    source = {"port": SOURCE, "rate": RATE, "address": "10.77.0.66", "frame_size": 1358,
              "groups": [{"first": GROUP, "expect": [VIEWER]}]}
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        stream = pool.submit(wires.trial, duration=device.trial, residual=0.2, sources=[source])
        time.sleep(BEFORE)
        begin = time.monotonic()
        device.kill()
        ending = time.monotonic() - begin
        device.run_again()
        outcome = stream.result()
    viewer = outcome["ports"][VIEWER]
    if outcome["offered"][0]["frames"] < 0.98 * RATE * device.trial:
        raise Broken("the stream was slower than it should be: the machine is too busy")
    if viewer["last_ns"] < (device.trial - 0.1) * 1e9:
        raise Broken(f"no stream {device.trial - BEFORE:.1f} s after the kill: the machine is too busy")
    return {"gap": viewer["longest_gap_ns"] / 1e6, "ending": ending * 1e3, "lost": viewer["lost"],
            "flooded": outcome["ports"][BYSTANDER]["leaked"]}


def measure(context, kind):
    with Wires(context.build, 3) as wires, watch(wires):
        # Its schedule is the stream: it sleeps most of the time, and is not to be late.
        os.setpriority(os.PRIO_PROCESS, wires.tester.process.pid, -15)
        device = Testpmd(wires) if kind == "bare" else Sluice(wires, kind == "state")
        rounds, disturbed = [], []
        with device:
            while len(rounds) < max(5, context.rounds):
                try:
                    rounds.append(one_round(wires, device))
                except Broken as reason:
                    disturbed.append(str(reason))
                    if len(disturbed) > 2:
                        raise
        return rounds, disturbed


def run(context):
    if not context.wants("restart") or (context.quick and not context.only):
        return []
    results, gaps = [], {}
    for kind, words in KINDS:
        context.progress(f"kill -9 and start under a stream, {words}")
        rows = [Result(f"restart-gap-{kind}", f"gap in a stream at kill -9 and start, {words}", None,
                       "ms", "lower"),
                Result(f"restart-lost-{kind}", f"frames lost of 10,000 a second, {words}", None,
                       "", "lower")]
        if kind != "bare":
            rows.append(Result(f"restart-flooded-{kind}", f"frames where nobody asked, {words}", None,
                               "", "lower"))
        results += rows
        try:
            rounds, disturbed = measure(context, kind)
        except (Missing, Broken, RuntimeError, AssertionError, OSError) as reason:
            rows[0].why = str(reason).splitlines()[0]
            continue
        gaps[kind] = statistics.median(one["gap"] for one in rounds)
        ending = statistics.median(one["ending"] for one in rounds)
        rows[0].why = "; ".join([f"{ending:.0f} ms of it until the killed process was gone",
                                 *(f"a round was taken again: {reason}" for reason in disturbed)])
        for result in rows:
            values = sorted(one[result.id.split("-")[1]] for one in rounds)
            result.value = statistics.median(values)
            if result.value:
                result.spread = (values[-1] - values[0]) / result.value
            result.detail = {"rounds": rounds}
    ratio = Result("restart-ratio", "gap with a state file ÷ testpmd's", None, "x", "lower")
    if "state" in gaps and "bare" in gaps:
        ratio.value = gaps["state"] / gaps["bare"]
    return [*results, ratio]
