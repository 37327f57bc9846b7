# SPDX-License-Identifier: BSD-3-Clause
"""sluiced as the device under test: one port that replays a file, outputs that throw away, and
static members, so that each frame makes so many copies."""
import json
import os
import socket

from dataclasses import dataclass, field

import traffic
from device import Device
from program import Broken, wait_until
from testpmd import replay

VLANS = (10, 20)   # of the outputs
UPSTREAM = 5       # of the input when it routes
BATCH = 256        # requests on the way at a time
MAX_PORTS = 32     # that Debian's DPDK is built for
# What a benchmark sends is not what a port may send. flood.py measures with the limits.
NO_PUNT_LIMIT = {name: {"port-rate": 0, "vlan-rate": 0}
                 for name in ("queries", "reports", "pim-mrd", "local")}


@dataclass
class Shape:
    """What a trial asks of the daemon."""
    fan_out: int = 1
    groups: int = 1
    sources: bool = False        # (S,G) entries instead of (*,G)
    tagged_in: bool = False
    tagged_out: bool = False
    mixed_out: bool = False      # every other output tagged
    routed: bool = False         # from the proxy's upstream VLAN to its downstream VLANs
    workers: int = 1
    snooping: dict = field(default_factory=dict)  # further keys of [vlan.igmp-snooping]

    @property
    def vlans(self):
        """More copies than ports: the same ports in two VLANs, untagged in one, tagged in the
        other, which only routing can reach both of."""
        return VLANS[:2] if self.routed and self.fan_out >= MAX_PORTS else VLANS[:1]

    @property
    def ports(self):
        return self.fan_out // len(self.vlans)

    @property
    def input_is_member(self):
        """All 32 ports send, the receiving one as well: routing may do that."""
        return self.ports == MAX_PORTS

    @property
    def outputs(self):
        return self.ports - (1 if self.input_is_member else 0)

    @property
    def data_vlan(self):
        return UPSTREAM if self.routed else VLANS[0]


class Control:
    """The daemon's control socket: newline-delimited JSON, many requests on the way at a time."""

    def __init__(self, path):
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(60)
        self._socket.connect(path)
        self._file = self._socket.makefile("rwb")

    def ask(self, command, **words):
        return self.ask_all([{"command": command, **words}])[0]

    def ask_all(self, requests):
        answers = []
        waiting = 0
        for request in requests:
            self._file.write(json.dumps(request).encode() + b"\n")
            waiting += 1
            if waiting == BATCH:
                answers += self._read(waiting)
                waiting = 0
        return answers + self._read(waiting)

    def _read(self, count):
        self._file.flush()
        answers = [json.loads(self._file.readline() or b'{"ok":false,"error":"it has gone"}')
                   for _ in range(count)]
        for answer in answers:
            if not answer["ok"]:
                raise Broken(f"sluiced refused: {answer['error']}")
        return [answer["result"] for answer in answers]

    def close(self):
        self._file.close()
        self._socket.close()


class Sluiced(Device):
    def __init__(self, folder, machine, build, shape, files, mbufs, name="sluice", input_device=None,
                 output_device=None, limited=False):
        """`input_device`: another one than net_pcap; `output_device`: number -> device string;
        `limited`: with the [punt-limit] that the daemon has by default."""
        inputs = [0]
        outputs = list(range(0 if shape.input_is_member else 1, shape.outputs + 1))
        super().__init__(name, folder, inputs, outputs, shape.fan_out)
        self.machine, self.build, self.shape, self.mbufs = machine, build, shape, mbufs
        self.input_device = input_device or replay(files)
        self.output_device = output_device or (lambda number: f"net_null{number},no-rx=1")
        self.limits = {} if limited else NO_PUNT_LIMIT
        self.socket = self.path("sock")
        self.control = None
        self._counters = {}

    def start(self):
        self.configuration = self.make_configuration()
        file = self.path("toml")
        with open(file, "w", encoding="utf-8") as output:
            output.write(self.configuration)
        self.program = self.run([os.path.join(self.build, "control", "sluiced"), "--config", file])
        self.control = wait_until(self._try_control, "to be ready", self.program, timeout=60)
        self.connect()
        if not self._members_in_file:
            self.join(range(self.shape.groups))

    def _try_control(self):
        try:
            control = Control(self.socket)
            control.ask("status")
            return control
        except OSError:
            return None

    @property
    def _members_in_file(self):
        return self.shape.groups <= 64

    @property
    def member_ports(self):
        return (["in"] if self.shape.input_is_member else []) + \
               [f"o{number}" for number in range(self.shape.outputs)]

    def join(self, groups, command="static add"):
        source = {"source": traffic.address(traffic.SOURCE)} if self.shape.sources else {}
        self.control.ask_all({"command": command, "vlan": vlan, "port": port, **source,
                              "group": traffic.address(traffic.group(index))}
                             for index in groups for vlan in self.shape.vlans
                             for port in self.member_ports)

    def make_configuration(self):
        shape, machine = self.shape, self.machine
        text = _table("[system]", {"socket": self.socket, "log-level": "warn"})
        text += _table("[dataplane]", {
            "main-core": machine.main_core, "worker-cores": machine.worker_cores[:shape.workers],
            "huge-pages": "on" if machine.huge else "off", "mbufs": self.mbufs,
            "group-entries": max(65536, shape.groups * (2 if shape.routed else 1)),
            "eal-args": ["--file-prefix", self.prefix]})
        text += "".join(_table(f"[punt-limit.{name}]", keys) for name, keys in self.limits.items())
        ingress = {"name": "in", "device": self.input_device}
        ingress["trunk-vlans" if shape.tagged_in else "access-vlan"] = \
            [shape.data_vlan] if shape.tagged_in else shape.data_vlan
        if shape.input_is_member:
            ingress["trunk-vlans"] = ingress.get("trunk-vlans", []) + list(shape.vlans)
        text += _table("[[port]]", ingress)
        for number in range(shape.outputs):
            port = {"name": f"o{number}", "device": self.output_device(number)}
            tagging = shape.tagged_out or (shape.mixed_out and number % 2 == 1)
            untagged = [] if tagging else [shape.vlans[0]]
            tagged = [vlan for vlan in shape.vlans if vlan not in untagged]
            if untagged:
                port["access-vlan"] = untagged[0]
            if tagged:
                port["trunk-vlans"] = tagged
            text += _table("[[port]]", port)
        for vlan in dict.fromkeys((shape.data_vlan, *shape.vlans)):
            text += self._vlan(vlan)
        return text + (self._proxy() if shape.routed else "")

    def _vlan(self, vlan):
        text = _table("[[vlan]]", {"id": vlan}) + _table("[vlan.igmp-snooping]", {
            "querier-source": f"10.77.{vlan}.254", "unregistered": "drop",
            "flood-without-querier": False, **self.shape.snooping})
        if self._members_in_file and vlan in self.shape.vlans:
            source = {"source-addr": traffic.address(traffic.SOURCE)} if self.shape.sources else {}
            for index in range(self.shape.groups):
                text += _table("[[vlan.igmp-snooping.static-l2-multicast-group]]", {
                    "group-address": traffic.address(traffic.group(index)), **source,
                    "ports": self.member_ports})
        return text

    def _proxy(self):
        text = "".join(_table("[[interface]]", {"name": f"vlan{vlan}", "vlan": vlan,
                                                "address": f"10.77.{vlan}.254/24"})
                       for vlan in (UPSTREAM, *self.shape.vlans))
        return text + _table("[[proxy]]", {
            "name": "bench", "upstream": [f"vlan{UPSTREAM}"], "querier-only": False,
            "downstream": [f"vlan{vlan}" for vlan in self.shape.vlans]})

    def counters(self):
        return self.control.ask("show counters")

    def counted(self, name):
        """The sum of a counter over its labels."""
        return sum(value for key, value in self.counters().items() if key.split("{")[0] == name)

    def before(self):
        self._counters = self.counters()

    def after(self):
        """No frame and no copy was dropped, for whatever reason, since before()."""
        now = self.counters()
        for name, value in now.items():
            if name.startswith("frames_dropped_total") and value > self._counters.get(name, 0):
                reason = name.partition("reason=")[2].strip('"}')
                raise Broken(f"{self.name} dropped {value - self._counters.get(name, 0)} frames: "
                             f"{reason}")
        return now

    def stop(self):
        if self.control:
            self.control.close()
            self.control = None
        super().stop()
        if os.path.exists(self.socket):
            os.unlink(self.socket)


def _toml(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(value) if isinstance(value, str) else str(value)


def _table(head, keys):
    return f"{head}\n" + "".join(f"{key} = {_toml(value)}\n" for key, value in keys.items()) + "\n"
