# SPDX-License-Identifier: BSD-3-Clause
"""Open vSwitch with DPDK as a peer: its userspace datapath with multicast snooping, on the same
kinds of port and the same file, on the same core. It has its own database in the trial's folder,
and a network namespace of its own for the interfaces that it makes."""
import os
import re
import subprocess

import traffic
from device import Device
from machine import PROGRAM_MB
from program import Broken, Program, find, wait_until
from record import Result
from sluiced import Shape
from trials import detail, invalid, mbufs, need_mb, setup_of, write

DAEMON = "/usr/lib/openvswitch-switch-dpdk/ovs-vswitchd-dpdk"
SCHEMA = "/usr/share/openvswitch/vswitch.ovsschema"
ITS_POOL_MB = 1100     # 262,144 buffers: it takes no other number
BRIDGE = "br0"
RECORDS = 180          # groups in one report
TO_EX = 4
FIRST_PORT = 10        # OpenFlow number of the first output
TABLE = 131072         # groups that its snooping may learn


class Ovs(Device):
    patience = 1

    def __init__(self, folder, machine, file, fan_out, groups):
        super().__init__("ovs", folder, [0], list(range(1, fan_out + 1)), fan_out)
        self.machine, self.file, self.groups = machine, file, groups
        self.database = None
        self._rate = None
        self._environment = {**os.environ, "OVS_RUNDIR": folder, "OVS_LOGDIR": folder,
                             "OVS_DBDIR": folder, "OVS_SYSCONFDIR": folder}

    def start(self):
        if not os.access(DAEMON, os.X_OK) or find("ovsdb-server") is None:
            raise Broken("Open vSwitch with DPDK is not installed (openvswitch-switch-dpdk)")
        if os.geteuid() != 0:
            raise Broken("Open vSwitch needs root, for a network namespace of its own")
        if not self.machine.huge:
            raise Broken("Open vSwitch's DPDK wants huge pages")
        base, self._socket = self.path("db"), "unix:" + self.path("db.sock")
        subprocess.run(["ovsdb-tool", "create", base, SCHEMA], check=True, capture_output=True)
        self.database = Program(
            [find("ovsdb-server"), base, "--remote=p" + self._socket,
             "--unixctl=" + self.path("db.ctl")], self.path("db.log"), env=self._environment)
        wait_until(lambda: os.path.exists(self.path("db.sock")), "to listen", self.database)
        machine = self.machine
        extra = ["--no-pci", "--in-memory", "--file-prefix", self.prefix, "-l", machine.main_core]
        self._set("--no-wait", "init", "--", "set", "Open_vSwitch", ".",
                  "other_config:dpdk-init=true",
                  f"other_config:pmd-cpu-mask={1 << machine.worker_core:#x}",
                  "other_config:dpdk-extra=" + " ".join(map(str, extra)))
        self.program = self.run(
            [find("unshare"), "-n", DAEMON, self._socket, "--unixctl=" + self.path("ctl"),
             "--pidfile=" + self.path("pid")], env=self._environment)
        self._set("add-br", BRIDGE, "--", "set", "bridge", BRIDGE, "datapath_type=netdev",
                  "mcast_snooping_enable=true",
                  "other_config:mcast-snooping-disable-flood-unregistered=true",
                  f"other_config:mcast-snooping-table-size={TABLE}",
                  "other_config:mcast-snooping-aging-time=3600")
        self._add_port("in", 1, f"net_pcap0,rx_pcap={self.file},infinite_rx=1")
        for number in range(self.fan_out):
            self._add_port(f"o{number}", FIRST_PORT + number, f"net_null{number},no-rx=1")
        self.connect(timeout=30)
        self._join()
        # It allows itself more flows with every look at them, and looks twice a second; fewer when
        # a look took long, as one does that a pause falls into. Then it would forget what was idle
        # for a tenth of a second: all. So it looks often now, and not while it is measured.
        self._set("set", "Open_vSwitch", ".", "other_config:max-revalidator=20")
        wait_until(lambda: self._flows() >= self.groups and
                   self._flows("limit") > self.groups,
                   f"to make {self.groups} flows", self.program, timeout=60)
        self._set("set", "Open_vSwitch", ".", "other_config:max-revalidator=3600000")
        wait_until(self._forwards, f"to make {self.fan_out} copies", self.program, timeout=30)

    def _set(self, *words):
        words = ["ovs-vsctl", "--timeout=20", "--db=" + self._socket, *words]
        self.configuration += " ".join(map(str, words)) + "\n"
        done = subprocess.run(list(map(str, words)), env=self._environment, check=False,
                              capture_output=True, text=True)
        if done.returncode != 0:
            raise Broken("ovs-vsctl: " + done.stderr.strip().splitlines()[-1])

    def _flow(self, *words):
        words = ["ovs-ofctl", words[0], "unix:" + self.path_of_bridge(), *words[1:]]
        self.configuration += " ".join(words) + "\n"
        subprocess.run(words, env=self._environment, check=True, capture_output=True)

    def path_of_bridge(self):
        return os.path.join(self.folder, f"{BRIDGE}.mgmt")

    def _add_port(self, name, number, device):
        self._set("add-port", BRIDGE, name, "--", "set", "Interface", name, "type=dpdk",
                  f"ofport_request={number}", f"options:dpdk-devargs=\"{device}\"")

    def _join(self):
        """Its outputs receive nothing, so the reports come by a port of their own that is gone
        afterwards, and flows say for each by which port it shall have come. They are replayed: the
        first ones come before the bridge knows the port."""
        reports = []
        for output in range(self.fan_out):
            mac = bytes((2, 0, 0, 0, 1, output))
            for first in range(0, self.groups, RECORDS):
                records = [(TO_EX, traffic.group(index))
                           for index in range(first, min(first + RECORDS, self.groups))]
                frame = traffic.report_frame(records, 0x0A4D0A01 + output)
                reports.append(frame[:6] + mac + frame[12:])
            self._flow("add-flow", f"in_port=2,dl_src={mac.hex(':')},actions="
                       f"load:{FIRST_PORT + output}->NXM_OF_IN_PORT[],NORMAL")
        file = traffic.write_pcap(self.path("reports.pcap"), reports)
        self._add_port("reports", 2, f"net_pcap1,rx_pcap={file},infinite_rx=1")
        wait_until(lambda: self._learned() == self.groups * self.fan_out,
                   f"to learn {self.groups} groups", self.program, timeout=60)
        self._set("del-port", BRIDGE, "reports")

    def _show(self, *words):
        return subprocess.run(["ovs-appctl", "-t", self.path("ctl"), *words], capture_output=True,
                              text=True, check=False).stdout

    def _learned(self):
        return sum(" 239." in line for line in self._show("mdb/show", BRIDGE).splitlines())

    def _flows(self, what="current"):
        found = re.search(what + r" (\d+)", self._show("upcall/show"))
        return int(found.group(1)) if found else 0

    def after(self):
        if self._flows() < self.groups:
            raise Broken(f"Open vSwitch kept {self._flows()} flows of {self.groups} groups")

    def _forwards(self):
        """As it should, and as fast as a moment ago."""
        last, self._rate = self._rate, self.window(0.3 if self.groups > 1 else 0.1)
        return abs(self._rate.copies / self._rate.frames - self.fan_out) < 0.01 * self.fan_out \
            and last is not None and abs(self._rate.frames / last.frames - 1) < 0.1

    def pause(self):
        self.program.pause()
        self.database.pause()

    def resume(self):
        self.database.resume()
        self.program.resume()

    def stop(self):
        super().stop()
        if self.database:
            self.database.stop(patience=0)


POINTS = (("ovs-1", "fan-out 1, one group", 1, 1, traffic.SMALL),
          ("ovs-8", "fan-out 8, one group", 8, 1, traffic.SMALL),
          ("ovs-64k", "64k groups, big file, fan-out 1", 1, 65536, traffic.BIG))


def run(bench):
    """Sluice ÷ Open vSwitch, and Open vSwitch ÷ macswap in the detail."""
    results = []
    for name, title, fan_out, groups, frames in POINTS:
        if not bench.context.wants(name) or (bench.context.quick and not bench.context.only):
            continue
        bench.context.progress(f"Open vSwitch with DPDK, {title}")
        result = Result(name, f"{title}: Sluice ÷ Open vSwitch with DPDK", None, "x")
        try:
            results.append(_measure(bench, result, Shape(fan_out, groups), frames))
        except Broken as broken:
            results.append(invalid(result, broken))
    return results


def _measure(bench, result, shape, frames):
    with bench.folder() as folder:
        file = write(folder, frames, shape)
        devices = [*bench.peers(folder, file, frames, modes=("macswap",)),
                   Ovs(folder, bench.machine, file, shape.fan_out, shape.groups),
                   bench.sluice(folder, shape, file, frames)]
        trial, said = bench.trial(devices, lambda r: r["sluice"].frames / r["ovs"].frames,
                                  need_mb(frames, 2) + ITS_POOL_MB + PROGRAM_MB)
    result.value, result.spread = trial.value, trial.spread
    result.detail = detail(bench, trial, said, setup_of(shape, frames, 64))
    result.detail["ovs-copies-per-s"] = trial.median("ovs", "copies")
    result.detail["buffers"] = {"sluice, macswap": mbufs(frames), "ovs": "its own default, 262144"}
    share = trial.median("ovs", "copies") / trial.median("macswap", "frames")
    result.why = f"Open vSwitch: copies ÷ macswap {share:.2f}"
    return result
