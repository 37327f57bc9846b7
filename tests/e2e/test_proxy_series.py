# SPDX-License-Identifier: BSD-3-Clause
"""A proxy behind a proxy."""
import pytest

from lab import frr
from lab.daemon import Daemon
from lab.edge import INTERFACES, edge_ports, wait_upstream, wanted
from lab.host import Host

A, B = "10.9.9.1", "10.9.9.2"

pytestmark = pytest.mark.skipif(not frr.installed(), reason="frr is not installed")


@pytest.fixture
def series(edge):
    """A second proxy behind VLAN 20 of the first, on a tagged link, a viewer behind it."""
    router = frr.Frr(edge.up, lines=frr.SHORT).start()
    space = edge.lab.namespace("dutb")
    edge.lab.wire(edge.switch, "ser", space, "wan")
    viewer = Host(edge.lab, "c1", "10.77.30.1")
    edge.lab.wire(space, "c1", viewer.space, "eth0")
    viewer.plugged_in()
    interfaces = [{**i, "source-networks": ["10.77.30.0/24"]} if i["name"] == "vlan20" else i
                  for i in INTERFACES]
    first = Daemon(edge.lab, edge.switch, "first")
    first.configure(edge_ports() + [{"name": "ser", "device": "net_af_packet6,iface=ser",
                                     "trunk-vlans": [20]}],
                    {10: {"unregistered": "drop"}, 20: {"unregistered": "drop"}}, interfaces=interfaces,
                    proxies=[{"name": "edge", "upstream": ["wan"], "downstream": ["vlan10", "vlan20"]}])
    second = Daemon(edge.lab, space, "second")
    second.configure(
        [{"name": "wan", "device": "net_af_packet0,iface=wan", "trunk-vlans": [20]},
         {"name": "c1", "device": "net_af_packet1,iface=c1", "access-vlan": 30}],
        {30: {"unregistered": "drop"}},
        interfaces=[{"name": "up", "vlan": 20, "address": "10.77.20.100/24"},
                    {"name": "down", "vlan": 30, "address": "10.77.30.254/24"}],
        proxies=[{"name": "inner", "upstream": ["up"], "downstream": ["down"]}])
    for daemon, vlans in ((first, (10, 20)), (second, (30,))):
        daemon.start()
        daemon.settled(*vlans)
    yield router, first, second, viewer
    edge.forget()
    for daemon in (second, first):
        daemon.stop()
    router.stop()
    edge.switch.ip("link", "del", "ser")


@pytest.mark.req("igmp-host-proxy/PF-10", "igmp-host-proxy/PX-01")
def test_two_proxies_in_series(edge, series):
    router, first, second, viewer = series
    group = "239.5.1.1"
    viewer.join(group, A)
    edge.a1.join(group, B)
    wait_upstream(first, router, {group: ("include", {A, B})})
    assert wanted(second.proxied("inner")) == {group: ("include", {A})}
    stream = edge.stream(edge.up, group, A, ttl=3)
    first.wait(lambda: edge.received(viewer, stream) == {None: 20}, "the stream behind both")
    assert edge.first_frame(viewer, stream)[22] == 1, "TTL 3, routed twice"
    short = edge.stream(edge.up, group, A, ttl=2)
    second.wait(lambda: second.counters()['route_refused_total{reason="ttl_expired"}'] == 20,
                "TTL 2 to end at the second")
    assert edge.received(viewer, short) == {}
    upward = edge.stream(viewer, "239.5.1.2")
    first.wait(lambda: edge.received(edge.up, upward) == {None: 20}, "the viewer's own stream at the top")
    viewer.leave(group)
    wait_upstream(first, router, {group: ("include", {B})})
    assert wanted(second.proxied("inner")) == {}
