# SPDX-License-Identifier: BSD-3-Clause
"""The lab's standard network: six ports of a switch, hosts behind them.

        h1   h2   h3    h4  h5    src   rtr
        |    |    |      \\  /      |     |
        |    |    |     bridge     |     |
        p1   p2   p3      p4       p5    p6      (in the namespace of the switch)

h4 and h5 share one port through a plain bridge: the switch sees two hosts behind p4.
"""
from . import frames
from .host import Host
from .netns import Lab

ADDRESS = {"h1": "10.77.0.1", "h2": "10.77.0.2", "h3": "10.77.0.3", "h4": "10.77.0.4",
           "h5": "10.77.0.5", "src": "10.77.0.66", "rtr": "10.77.0.9"}
PORT = {"h1": "p1", "h2": "p2", "h3": "p3", "h4": "p4", "h5": "p4", "src": "p5", "rtr": "p6"}


def af_packet_ports(count=6, access_vlan=10, **more):
    return [{"name": f"p{n}", "device": f"net_af_packet{n - 1},iface=p{n}", "access-vlan": access_vlan,
             **more} for n in range(1, count + 1)]


class Network:
    def __init__(self, lab=None):
        self.lab = lab or Lab()
        self.switch = self.lab.namespace("dut")
        self.hosts = {}
        for name, address in ADDRESS.items():
            host = Host(self.lab, name, address)
            self.hosts[name] = host
            setattr(self, name, host)
        segment = self.lab.namespace("seg")
        segment.ip("link", "add", "br0", "type", "bridge", "mcast_snooping", "0")
        segment.ip("link", "set", "br0", "up")
        self.lab.wire(self.switch, "p4", segment, "trunk")
        segment.ip("link", "set", "trunk", "master", "br0")
        for name, host in self.hosts.items():
            if PORT[name] == "p4":
                self.lab.wire(segment, name, host.space, "eth0")
                segment.ip("link", "set", name, "master", "br0")
            else:
                self.lab.wire(self.switch, PORT[name], host.space, "eth0")
            host.plugged_in()
        self.segment = segment

    def forget(self):
        """All hosts leave everything and follow the querier's version again."""
        for host in self.hosts.values():
            host.leave_all()
            host.igmp_version(0)

    def barrier(self, sender, among=None, vlan=None):
        """Returns once everything sent before has come through to every host of `among`."""
        frame, token = frames.barrier(sender.mac, vlan)
        others = [h for h in (among or self.hosts.values()) if h is not sender]
        marks = {h: h.mark() for h in others}
        # Sent again when it got lost: the order of frames is what it is for, not their number.
        for _ in range(4):
            sender.send(frame)
            missing = [h.name for h in others if not h.saw(token, since=marks[h], timeout=2)]
            if not missing:
                return
        raise AssertionError(f"{missing} did not see the broadcast of {sender.name}")

    def counts(self, stream, names=None):
        """How many frames of a stream each host got; duplicates and disorder are failures."""
        found = {}
        for name in names or self.hosts:
            rows = self.hosts[name].ask("streams", numbers=[stream.number])[str(stream.number)]
            numbers = [sequence for _, sequence in rows]
            if numbers != sorted(set(numbers)):
                raise AssertionError(f"{name}: duplicated or out of order: {numbers}")
            found[name] = len(numbers)
        return found

    def deliver(self, sender, group, source=None, count=20, among=None, **data):
        """Sends `count` frames and returns the set of hosts that got every one of them exactly once,
        in order. A host that got only some is a failure. `among`: those whose port is in use."""
        if isinstance(sender, str):
            sender = self.hosts[sender]
        stream = frames.Data(sender.mac, source or sender.address, group, **data)
        sender.ask("data", frame=stream.frame.hex(), offset=stream.offset, count=count)
        self.barrier(sender, among)
        got = self.counts(stream)
        partly = {name: n for name, n in got.items() if n not in (0, count)}
        if partly:
            raise AssertionError(f"{group}: of {count} frames only some came: {partly}")
        return {name for name, n in got.items() if n}

    def close(self):
        self.lab.close()
