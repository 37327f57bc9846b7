# SPDX-License-Identifier: BSD-3-Clause
"""The lab's network for proxy mode: two upstream routers, viewers in two downstream VLANs.

      up                  up2               10.77.100.1, 10.77.101.1
      |                    |
     wan (VLAN 100)       wan2 (VLAN 101)   10.77.100.2, 10.77.101.2
      +----- the switch ---+
     a1   a2 (VLAN 10)     b1 (VLAN 20)     10.77.10.254, 10.77.20.254
      |    |                |
             tr (VLANs 10 and 20 on a trunk: a scripted host)

Ports are named as the hosts behind them, but for the two upstreams.
"""
import time

from . import frames, frr
from .bridge import KernelQuerier
from .daemon import Daemon
from .host import Host
from .netns import Lab

ADDRESS = {"up": "10.77.100.1", "up2": "10.77.101.1", "a1": "10.77.10.1", "a2": "10.77.10.2",
           "b1": "10.77.20.1", "tr": "10.77.10.9"}
PORT = {"up": "wan", "up2": "wan2"}
OURS = {"wan": "10.77.100.2", "wan2": "10.77.101.2", "vlan10": "10.77.10.254",
        "vlan20": "10.77.20.254"}
INTERFACES = [{"name": name, "vlan": vlan, "address": OURS[name] + "/24"}
              for name, vlan in (("wan", 100), ("wan2", 101), ("vlan10", 10), ("vlan20", 20))]
DOWNSTREAM = ["vlan10", "vlan20"]
ACCESS = {"wan": 100, "wan2": 101, "a1": 10, "a2": 10, "b1": 20}
SMALL_MTU = 1200  # of the trunk
WITNESS = "239.255.0.1"  # a static group of every downstream port, to tell when all has arrived


def edge_ports():
    rows = [{"name": name, "device": f"net_af_packet{n},iface={name}", "access-vlan": vlan}
            for n, (name, vlan) in enumerate(ACCESS.items())]
    return rows + [{"name": "tr", "device": f"net_af_packet{len(rows)},iface=tr",
                    "trunk-vlans": [10, 20], "mtu": SMALL_MTU}]


def edge_daemon(edge, name, proxy, snooping=None, **more):
    """sluiced as the proxy between them, running and settled; `proxy`: what its table has besides the
    downstreams; `snooping`: what both downstream VLANs have besides the witness group."""
    sluiced = Daemon(edge.lab, edge.switch, name)
    vlans = {vlan: {"unregistered": "drop", **(snooping or {}), "static": [
        {"group-address": WITNESS, "source-addr": "*", "ports": ports}]}
             for vlan, ports in ((10, ["a1", "a2", "tr"]), (20, ["b1", "tr"]))}
    sluiced.configure(edge_ports(), vlans, interfaces=INTERFACES, proxies=[
        {"name": "edge", "downstream": DOWNSTREAM, "upstream": ["wan"], **proxy}], **more)
    sluiced.start()
    sluiced.settled(10, 20)
    return sluiced


def wanted(memberships):
    """{group: (mode, sources)} without the witness and what routers and snoopers join themselves."""
    return {group: what for group, what in memberships.items()
            if group != WITNESS and not group.startswith("224.0.0.")}


def wait_upstream(sluiced, router, expected, timeout=5.0):
    """Until this router has exactly these memberships, and then `show proxy` must say the same."""
    deadline = time.monotonic() + timeout
    late = False  # a router may take long to answer: it is asked once more after the deadline
    while (known := wanted(router.memberships())) != expected:
        if late:
            raise AssertionError(f"the router has {known} and not {expected}\n{sluiced.diagnosis()}")
        late = time.monotonic() > deadline
        time.sleep(0.02)
    assert wanted(sluiced.proxied()) == expected


class Edge:
    def __init__(self, lab=None):
        self.lab = lab or Lab()
        self.switch = self.lab.namespace("dut")
        # Linux tells of a lost carrier up to a second late where both ends of a veth pair have the same
        # index, by mistake for one interface: this one makes wan's differ.
        self.switch.ip("link", "add", "spare", "type", "bridge")
        self.hosts = {}
        self.upstream = "up"  # behind the upstream that is in use
        for name, address in ADDRESS.items():
            host = Host(self.lab, name, address)
            self.hosts[name] = host
            setattr(self, name, host)
            self.lab.wire(self.switch, PORT.get(name, name), host.space, "eth0")
            host.plugged_in()

    def forget(self):
        """All hosts leave everything, follow the querier's version again, and send no stream."""
        for host in self.hosts.values():
            host.ask("stream_stop")
            host.leave_all()
            host.igmp_version(0)

    @staticmethod
    def start_stream(sender, source, group, gap=0.001):
        """A stream that goes on until stop_stream()."""
        stream = frames.Data(sender.mac, source, group)
        sender.ask("stream_start", frame=stream.frame.hex(), offset=stream.offset, gap=gap)
        return stream

    @staticmethod
    def stop_stream(sender):
        """Returns how many frames were sent."""
        return sender.ask("stream_stop")

    def stream(self, sender, group, source=None, count=20, gap=0.0, **more):
        """Sends `count` frames; returns the stream. `source` need not be the sender's address."""
        stream = frames.Data(sender.mac, source or sender.address, group, **more)
        sender.ask("data", frame=stream.frame.hex(), offset=stream.offset, count=count, gap=gap)
        return stream

    @staticmethod
    def received(host, stream):
        """{tag's VLAN or None: number of frames}; duplicates and disorder are failures."""
        found = {}
        for tci, sequence in host.ask("streams", numbers=[stream.number])[str(stream.number)]:
            found.setdefault(tci and tci & 0xFFF, []).append(sequence)
        for vlan, numbers in found.items():
            if numbers != sorted(set(numbers)):
                raise AssertionError(f"{host.name} {vlan}: duplicated or out of order: {numbers}")
        return {vlan: len(numbers) for vlan, numbers in found.items()}

    def counts(self, stream):
        """How many frames of a stream came where: {place: n}, n > 0. A place is a host's name; behind
        the trunk it is tr10 or tr20, by the tag."""
        return {f"{name}{vlan or ''}": n for name, host in self.hosts.items()
                for vlan, n in self.received(host, stream).items()}

    def settle(self, sender, vlan=None):
        """Returns when what this host sent before has arrived everywhere."""
        expected = {"a1", "a2", "b1", "tr10", "tr20"}
        if sender.name not in PORT:  # it goes up, too
            expected -= {sender.name if vlan is None else f"{sender.name}{vlan}"}
            expected |= {self.upstream}
        for _ in range(4):
            source = sender.address if vlan != 20 else "10.77.20.9"
            token = self.stream(sender, WITNESS, source, count=1, vlan=vlan)
            deadline = time.monotonic() + 2
            while time.monotonic() < deadline:
                if expected <= set(self.counts(token)):
                    return
                time.sleep(0.01)
        raise AssertionError(f"{sender.name}: the witness came to {set(self.counts(token))} only, "
                             f"and not to all of {expected}")

    def deliver(self, sender, group, source=None, vlan=None, witness=None, **more):
        """Sends frames and returns the places that got every one exactly once, in order. Who got only
        some is a failure. `witness` is who sends the witness where `sender` cannot: an upstream that
        has not got that group."""
        count = more.setdefault("count", 20)
        stream = self.stream(sender, group, source, vlan=vlan, **more)
        self.settle(witness or sender, None if witness else vlan)
        got = self.counts(stream)
        partly = {place: n for place, n in got.items() if n != count}
        if partly:
            raise AssertionError(f"{group}: of {count} frames only some came: {partly}")
        return set(got)

    @staticmethod
    def first_frame(host, stream):
        """The stream's first frame as it came, sequence number 0."""
        return bytes.fromhex(host.ask("data_frame", number=stream.number))

    @staticmethod
    def span(host, stream):
        """When its first and its last frame came."""
        return host.ask("span", number=stream.number)

    def close(self):
        self.lab.close()


class Rig:
    """FRR and the kernel as the two upstream routers, and sluiced between them and the hosts."""

    def __init__(self, edge, name, proxy, version=3, **more):
        self.edge = edge
        self.router = frr.Frr(edge.up, lines=(*frr.SHORT, f"ip igmp version {version}")).start()
        self.bridge = KernelQuerier(edge.up2, version)
        self.proxy = edge_daemon(edge, name, proxy, **more)

    def stop(self):
        self.edge.forget()
        self.proxy.stop()
        self.router.stop()
        self.bridge.stop()
