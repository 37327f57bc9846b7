# SPDX-License-Identifier: BSD-3-Clause
"""Devices under test of the RFC 3918 procedures: what lies between the cables of wires.py. Each starts
in `wires.device`, whose interfaces p0, p1, ... are its ports, and has `version` (IGMP) and `settings`."""
import os
import subprocess
import time

from program import Broken, Program, find, wait_until
from sluiced import NO_PUNT_LIMIT
from wires import Missing, run

import lab.daemon
from lab import frames
from lab.daemon import Daemon

MAIN_CORE, WORKER_CORE = 0, 1
VLAN = 10
QUERIER = "10.77.0.254"


class Switch:
    """A device under test; a context manager."""
    name = "switch"
    version = 2          # of the reports that the test ports send
    leaves_at_once = True
    routes = False

    def __init__(self, wires):
        self.wires = wires
        self.settings = ""  # its complete configuration, for the report (CR-13)

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    def waited_ms(self):
        """How long its worker could have run and had no processor, in all; None: it has no worker."""
        return None


def waited_ms(pid, thread):
    """From the kernel's accounts; a machine that is busy with something else shows here."""
    total = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        try:
            with open(f"/proc/{pid}/task/{task}/comm", encoding="ascii") as file:
                if not file.read().startswith(thread):
                    continue
            with open(f"/proc/{pid}/task/{task}/schedstat", encoding="ascii") as file:
                total += int(file.read().split()[1])
        except OSError:
            continue
    return total / 1e6


def put_first(pid):
    """Its threads before what else runs on its cores, as an operator would have it (`Nice=-20`)."""
    for task in os.listdir(f"/proc/{pid}/task"):
        os.setpriority(os.PRIO_PROCESS, int(task), -20)


class Sluice(Switch):
    """`more_ports`: further [[port]] tables, such as one that replays a file. `punt_limit`: tables of
    [punt-limit]; without, the benchmark may send what it likes."""
    name = "Sluice"
    version = 3

    def __init__(self, wires, version=3, more_ports=(), snooping=None, dataplane=None,
                 punt_limit=None, system=None):
        super().__init__(wires)
        self.punt_limit = punt_limit or NO_PUNT_LIMIT
        lab.daemon.BUILD = wires.build
        self.version = version
        self.more_ports = list(more_ports)
        self.system = system
        self.snooping = {"querier-source": QUERIER, "unregistered": "drop", "fast-leave": True,
                         "flood-without-querier": False, "igmp-version": version,
                         # Version 2 hosts may listen in silence, unless a port has one host.
                         "explicit-tracking": version == 3,
                         "query-interval": 125, "query-max-response-time": 10,
                         **(snooping or {})}
        self.dataplane = {"group-entries": 131072, **(dataplane or {})}
        self.daemon = Daemon(wires.lab, wires.device, f"sluiced-{time.monotonic_ns()}")

    def start(self):
        ports = [{"name": port, "device": f"net_af_packet{n},iface={port},qdisc_bypass=1",
                  "access-vlan": VLAN} for n, port in enumerate(self.wires.ports)]
        self.daemon.configure(ports + self.more_ports, {VLAN: self.snooping},
                              dataplane=self.dataplane, punt_limit=self.punt_limit, system=self.system)
        self.settings = self.daemon.read()
        try:
            self.daemon.start()
        except FileNotFoundError as missing:
            raise Missing(str(missing)) from missing
        except AssertionError as failed:
            raise Broken(str(failed).splitlines()[0]) from failed
        self.wires.lab.on_close(self.stop)
        put_first(self.daemon.process.pid)

    def stop(self):
        process = self.daemon.process
        if process and process.poll() is None:
            process.kill()
            process.wait()

    def waited_ms(self):
        return waited_ms(self.daemon.process.pid, "rte-worker")

    def counted(self, name):
        return self.daemon.counters().get(name, 0)

    def members(self, group):
        return self.daemon.members(group)


class Bridge(Switch):
    """The Linux bridge: forwards in whose context the frame arrives, on the sender's core."""
    name = "Linux bridge"

    def start(self):
        space = self.wires.device
        self.settings = ("bridge mcast_snooping 1 mcast_igmp_version 2 mcast_querier 1, "
                         "mcast_flood off and mcast_fast_leave on for all ports")
        space.ip("link", "add", "br0", "type", "bridge", "mcast_snooping", "1",
                 "mcast_igmp_version", "2", "mcast_query_use_ifaddr", "1",
                 "mcast_query_response_interval", "20", "mcast_startup_query_interval", "50",
                 "mcast_hash_max", "131072")
        space.ip("addr", "add", QUERIER + "/16", "dev", "br0")
        for port in self.wires.ports:
            space.ip("link", "set", port, "master", "br0")
            space.run("bridge", "link", "set", "dev", port, "mcast_flood", "off", "flood", "off",
                      "fastleave", "on")
        space.ip("link", "set", "br0", "up")
        space.ip("link", "set", "br0", "type", "bridge", "mcast_querier", "1")
        time.sleep(1.0)  # it floods until its first queries have had their response time

    def stop(self):
        self.wires.device.ip("link", "del", "br0", check=False)


class KernelRouting(Switch):
    """The kernel's multicast routing, told by smcroute: one group of the source at p0, to all others."""
    name = "Linux multicast routing"
    routes = True
    SOURCE, GROUP = "10.77.0.66", "239.1.0.0"  # as in load.py

    def start(self):
        unpacked = os.path.join(self.wires.build, "bench-peers", "smcroute", "usr", "sbin", "smcrouted")
        path = find("smcrouted") or (unpacked if os.access(unpacked, os.X_OK) else None)
        if path is None:
            raise Missing("smcrouted is not installed (Debian package smcroute)")
        space, ports, folder = self.wires.device, self.wires.ports, self.wires.lab.directory
        for number, port in enumerate(ports):
            space.ip("addr", "add", f"10.77.{number}.1/24", "dev", port)
            space.run("sysctl", "-qw", f"net.ipv4.conf.{port}.rp_filter=0")
        self.settings = (f"mroute from {ports[0]} source {self.SOURCE} group {self.GROUP} "
                         f"to {' '.join(ports[1:])}\n")
        file = os.path.join(folder, "smcroute.conf")
        with open(file, "w", encoding="utf-8") as out:
            out.write(self.settings)
        self.log = os.path.join(folder, "smcroute.log")
        self.program = Program(
            space.command(path, "-n", "-f", file, "-P", os.path.join(folder, "smcroute.pid"),
                          "-u", os.path.join(folder, "smcroute.sock")), self.log, "smcrouted")
        wait_until(lambda: self.GROUP in space.run("ip", "mroute", "show").stdout, "to route",
                   self.program)

    def stop(self):
        if getattr(self, "program", None):
            self.program.stop(patience=0)


class Testpmd(Switch):
    """dpdk-testpmd over the same ports: every frame of p0 goes to p1 as it is. The lower bound."""
    name = "testpmd"

    def start(self):
        path = find("dpdk-testpmd")
        if path is None:
            raise Missing("dpdk-testpmd is not installed (Debian package dpdk-dev)")
        vdevs = [f"--vdev=net_af_packet{n},iface={port},qdisc_bypass=1"
                 for n, port in enumerate(self.wires.ports[:2])]
        words = [path, "--no-huge", "-m", "256", "--no-pci", "--no-telemetry", "--lcores",
                 f"0@{MAIN_CORE},1@{WORKER_CORE}", "--file-prefix", f"slurfc{os.getpid()}", *vdevs,
                 "--", "--forward-mode=io", "--nb-cores=1", "--total-num-mbufs=16384",
                 "--no-lsc-interrupt", "--auto-start"]
        self.settings = " ".join(words)
        self.log = os.path.join(self.wires.lab.directory, "testpmd.log")
        self.program = Program(self.wires.device.command(*words), self.log, "testpmd")
        wait_until(lambda: "Press enter" in open(self.log, encoding="utf-8", errors="replace").read()
                   or "packet forwarding" in open(self.log, encoding="utf-8",
                                                  errors="replace").read(),
                   "to forward", self.program)
        put_first(self.program.process.pid)
        time.sleep(0.3)

    def stop(self):
        if getattr(self, "program", None):
            self.program.stop(patience=0)

    def waited_ms(self):
        return waited_ms(self.program.process.pid, "rte-worker")


class OpenVswitch(Switch):
    """Open vSwitch's userspace datapath with multicast snooping, over the same ports."""
    name = "OVS-DPDK"
    DAEMON = "/usr/lib/openvswitch-switch-dpdk/ovs-vswitchd-dpdk"
    SCHEMA = "/usr/share/openvswitch/vswitch.ovsschema"

    def start(self):
        if not os.access(self.DAEMON, os.X_OK) or find("ovsdb-server") is None:
            raise Missing("Open vSwitch with DPDK is not installed (openvswitch-switch-dpdk)")
        folder = os.path.join(self.wires.lab.directory, "ovs")
        os.makedirs(folder, exist_ok=True)
        self.environment = {**os.environ, "OVS_RUNDIR": folder, "OVS_LOGDIR": folder,
                            "OVS_DBDIR": folder, "OVS_SYSCONFDIR": folder}
        base, self.socket = os.path.join(folder, "db"), "unix:" + os.path.join(folder, "db.sock")
        run("ovsdb-tool", "create", base, self.SCHEMA)
        self.database = Program([find("ovsdb-server"), base, "--remote=p" + self.socket,
                                 "--unixctl=" + os.path.join(folder, "db.ctl")],
                                os.path.join(folder, "db.log"), env=self.environment)
        wait_until(lambda: os.path.exists(os.path.join(folder, "db.sock")), "to listen",
                   self.database)
        extra = (f"--no-pci --in-memory "
                 f"-l {MAIN_CORE}")
        self._set("--no-wait", "init", "--", "set", "Open_vSwitch", ".",
                  "other_config:dpdk-init=true",
                  f"other_config:pmd-cpu-mask={1 << WORKER_CORE:#x}",
                  f"other_config:dpdk-extra={extra}")
        self.program = Program(
            self.wires.device.command(self.DAEMON, self.socket,
                                      "--unixctl=" + os.path.join(folder, "ctl"),
                                      "--pidfile=" + os.path.join(folder, "pid")),
            os.path.join(folder, "log"), env=self.environment)
        self._set("add-br", "br0", "--", "set", "bridge", "br0", "datapath_type=netdev",
                  "mcast_snooping_enable=true",
                  "other_config:mcast-snooping-disable-flood-unregistered=true")
        for number, port in enumerate(self.wires.ports):
            self._set("add-port", "br0", port, "--", "set", "Interface", port, "type=dpdk",
                      f"options:dpdk-devargs=\"net_af_packet{number},iface={port}\"")
        put_first(self.program.process.pid)
        time.sleep(1.0)

    def _set(self, *words):
        words = ["ovs-vsctl", "--timeout=20", "--db=" + self.socket, *words]
        self.settings += " ".join(words) + "\n"
        done = subprocess.run(words, env=self.environment, check=False, capture_output=True,
                              text=True)
        if done.returncode != 0:
            raise Broken("ovs-vsctl: " + (done.stderr.strip().splitlines() or ["?"])[-1])

    def stop(self):
        for program in (getattr(self, "program", None), getattr(self, "database", None)):
            if program:
                program.stop(patience=0)

    def waited_ms(self):
        return waited_ms(self.program.process.pid, "pmd-")


# --- What test ports say ---------------------------------------------------------------------------

def mac_of(port, host=0):
    return f"02:00:00:00:{2 + host:02x}:{port + 1:02x}"


def join(version, port, group, host=1):
    """A membership report, as hex."""
    return _report(version, port, group, host, frames.TO_EX, frames.v2_report)


def leave(version, port, group, host=1):
    if version == 2:
        return frames.plain_igmp_frame(mac_of(port), _address(port, host), "224.0.0.2",
                                       frames.v2_leave(group)).hex()
    return _report(version, port, group, host, frames.TO_IN, None)


def change_channel(port, old, new, host=1):
    """One version 3 report that leaves one group and joins another (CC-01)."""
    message = frames.v3_report(frames.v3_record(frames.TO_IN, old),
                               frames.v3_record(frames.TO_EX, new))
    return frames.plain_igmp_frame(mac_of(port), _address(port, host), "224.0.0.22", message).hex()


def joins(version, port, groups, host=1):
    """Reports for many groups, as hex."""
    return [frame.hex() for frame in frames.many_reports(
        mac_of(port), _address(port, host), groups, version=version, per_frame=150)]


def _address(port, host):
    return f"10.77.{port + 1}.{host}"


def _report(version, port, group, host, kind, v2):
    if version == 2:
        return frames.plain_igmp_frame(mac_of(port), _address(port, host), group, v2(group)).hex()
    message = frames.v3_report(frames.v3_record(kind, group))
    return frames.plain_igmp_frame(mac_of(port), _address(port, host), "224.0.0.22", message).hex()
