# SPDX-License-Identifier: BSD-3-Clause
"""Side by side with igmpproxy, on what it can do: same wires, same hosts, same FRR above. Both leave at
once when the last viewer leaves: igmpproxy's own last member query time is fixed to twenty seconds."""
import statistics
import time

import pytest

from lab import frr, igmpproxy
from lab.edge import OURS, Edge, edge_daemon
from lab.frames import TO_EX, TO_IN, igmp_frame, v3_record, v3_report

A = "10.9.9.1"
TIMES = 5

pytestmark = [
    pytest.mark.skipif(not frr.installed(), reason="frr is not installed"),
    pytest.mark.skipif(not igmpproxy.installed(), reason="igmpproxy is not installed")]


@pytest.fixture
def edge():
    """A network of its own: igmpproxy queries in version 2, which hosts remember for minutes."""
    network = Edge()
    yield network
    network.close()


class Sluiced:
    name = "sluiced"

    def __init__(self, edge):
        self.daemon = edge_daemon(edge, "peer", {}, {"fast-leave": True})
        self.stop, self.log = self.daemon.stop, self.daemon.diagnosis


class Igmpproxy:
    name = "igmpproxy"

    def __init__(self, edge):
        self.proxy = igmpproxy.IgmpProxy(
            edge.lab, edge.switch, ("wan", OURS["wan"], ["wan"]),
            [("br10", OURS["vlan10"], ["a1", "a2"]), ("b1", OURS["vlan20"], ["b1"])], quick_leave=True).start()
        self.stop, self.log = self.proxy.stop, lambda: self.proxy.log


def report(host, group, kind):
    frame = igmp_frame(host.mac, host.address, "224.0.0.22", v3_report(v3_record(kind, group)))
    return host.ask("send_timed", frame=frame.hex())


def change(edge, host, group, kind):
    """A host's state-change report; returns how long until the same was said upstream. Like any host,
    it says it again a second later."""
    mark = edge.up.mark()
    sent = report(host, group, kind)
    for again in (1, 2, 3):
        while time.monotonic() < sent + again:
            for t, message in edge.up.igmp_timed(mark):
                if message.kind == 0x22 and (kind, group, []) in message.records:
                    return t - sent
            time.sleep(0.05)
        report(host, group, kind)
    heard = [message for _, message in edge.up.igmp_timed(mark)]
    raise AssertionError(f"record {kind} for {group} was not said upstream, only {heard}")


def reached(edge, count):
    """Who got how many frames of a stream from upstream."""
    stream = edge.stream(edge.up, "239.6.1.1", A, count=count)
    deadline = time.monotonic() + 2
    while time.monotonic() < deadline and edge.counts(stream).get("a1") != count:
        time.sleep(0.02)
    return edge.counts(stream)


def quantities(edge):
    joins = [change(edge, edge.a1, f"239.6.1.{n}", TO_EX) for n in range(1, TIMES + 1)]
    reached(edge, 1)  # the kernel loses the first frames of a stream that it has no route for
    got = reached(edge, 20)
    leaves = [change(edge, edge.a1, f"239.6.1.{n}", TO_IN) for n in range(1, TIMES + 1)]
    return joins, leaves, got


@pytest.mark.req("igmp-host-proxy/PX-11")
def test_side_by_side(edge):
    router = frr.Frr(edge.up, lines=frr.SHORT).start()
    results = {}
    try:
        for kind in (Igmpproxy, Sluiced):
            peer = kind(edge)
            try:
                # Its sockets are open when the first join comes through.
                deadline = time.monotonic() + 10
                while "239.6.0.1" not in router.groups():
                    assert time.monotonic() < deadline, "it does not work"
                    report(edge.b1, "239.6.0.1", TO_EX)
                    time.sleep(0.1)
                results[kind.name] = quantities(edge)
            except AssertionError as problem:
                raise AssertionError(f"{kind.name}: {problem}\n{peer.log()}") from problem
            finally:
                peer.stop()
                edge.forget()
    finally:
        router.stop()
    for name, (joins, leaves, got) in results.items():
        join, leave = (statistics.median(times) * 1000 for times in (joins, leaves))
        print(f"{name:>10}: first join to report upstream {join:.2f} ms, last leave to leave upstream "
              f"{leave:.2f} ms (medians of {TIMES}), stream to {got}")
    (*_, theirs), (*_, ours) = results["igmpproxy"], results["sluiced"]
    assert theirs.get("a1") == 20, "the comparison means something"
    assert ours == {"a1": 20}, "to the member port, and to no other of its VLAN"
