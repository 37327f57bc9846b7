# SPDX-License-Identifier: BSD-3-Clause
"""A host of the lab, seen from the test: drives an agent that runs in the host's namespace."""
import json
import os
import subprocess
import sys

from . import frames

AGENT = os.path.join(os.path.dirname(__file__), "agent.py")


class Host:
    def __init__(self, lab, name, address, interface="eth0"):
        self.lab = lab
        self.name = name
        self.address = address
        self.interface = interface
        self.space = lab.namespace(name)
        self.mac = None
        self.process = None

    def plugged_in(self):
        """Called when the wire is there: addresses, and the agent starts."""
        self.space.ip("addr", "add", self.address + "/24", "dev", self.interface)
        self.process = self.lab.start(
            self.space, sys.executable, "-u", AGENT, self.interface,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.mac = self.ask("mac")

    def ask(self, op, **arguments):
        self.process.stdin.write(json.dumps({"op": op, **arguments}) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.name}: agent ended")
        answer = json.loads(line)
        if "error" in answer:
            raise RuntimeError(f"{self.name}: {op}: {answer['error']}")
        return answer["ok"]

    # Memberships: a key names the socket that holds one; by default the group.
    def join(self, group, source=None, key=None):
        self.ask("join", key=key or group, group=group, source=source)

    def leave(self, group):
        self.ask("leave", key=group)

    def leave_all(self):
        self.ask("leave_all")

    def drop_source(self, group, source):
        self.ask("drop_source", key=group, source=source)

    def block(self, group, source):
        self.ask("block", key=group, source=source)

    def unblock(self, group, source):
        self.ask("unblock", key=group, source=source)

    def igmp_version(self, version):
        """1, 2 or 3; 0 follows the querier."""
        self.sysctl(f"net.ipv4.conf.{self.interface}.force_igmp_version", version)

    def sysctl(self, name, value):
        self.ask("sysctl", name=name, value=value)

    def send(self, *raw, gap=0.0):
        """Frames as scapy packets or bytes."""
        return self.ask("send", frames=[bytes(f).hex() for f in raw], gap=gap)

    def mark(self):
        """A place in what this host has captured, to look from later on."""
        return self.ask("count")

    def captured(self, since=0):
        """[(time, bytes)], without the lab's own data frames."""
        rows = self.ask("frames", since=since)["frames"]
        return [(t, bytes.fromhex(f)) for t, f in rows]

    def igmp(self, since=0):
        """IGMP messages captured since a mark, decoded."""
        return [message for _, message in self.igmp_timed(since)]

    def igmp_timed(self, since=0):
        """[(time, message)]; the clock is time.monotonic()."""
        found = [(t, frames.decode_igmp(raw)) for t, raw in self.captured(since)]
        return [(t, message) for t, message in found if message]

    def state_changes(self, group, since=0):
        """The state-change records for a group that came: [(time, type, sources)]."""
        return [(t, kind, sources) for t, message in self.igmp_timed(since) if message.kind == 0x22
                for kind, g, sources in message.records if g == group and kind >= frames.TO_IN]

    def saw(self, raw, since=0, timeout=5.0):
        """Waits until a frame that contains these bytes has come."""
        return self.ask("await", contains=bytes(raw).hex(), since=since, timeout=timeout)

    def ping(self, address, count=2):
        return self.space.run("ping", "-n", "-c", str(count), "-i", "0.05", "-W", "2", address,
                              check=False).returncode == 0
