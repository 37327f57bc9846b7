# SPDX-License-Identifier: BSD-3-Clause
"""Proxy mode below routers that speak IGMPv2: FRR and the kernel; and below one that changes its mind."""
import pytest

from lab import frr
from lab.edge import OURS, Rig, wait_upstream, wanted
from lab.frames import igmp_frame, v2_query, v3_query

A, B = "10.9.9.1", "10.9.9.2"

pytestmark = pytest.mark.skipif(not frr.installed(), reason="frr is not installed")


@pytest.fixture(scope="module")
def rig(edge):
    rig = Rig(edge, "v2", {
        "upstream": ["wan", {"interface": "wan2", "group-ranges": ["239.200.0.0/16"]}]}, version=2)
    yield rig
    rig.stop()


@pytest.mark.req("igmp-host-proxy/PX-12", "igmp-host-proxy/PX-13", "igmp-host-proxy/H2-01",
                 "igmp-host-proxy/H2-06", "igmp-host-proxy/PS-04")
def test_routers_that_speak_version_2(edge, proxy, rig):
    proxy.wait(lambda: {u["version"] for u in proxy.proxy()["upstreams"]} == {2}, "version 2 upstream")
    mark, mark2 = edge.up.mark(), edge.up2.mark()
    edge.a1.join("239.3.1.1", A)   # version 2 has no sources
    edge.b1.join("239.3.1.1")
    edge.b1.join("239.200.1.1")
    here, there = {"239.3.1.1": ("exclude", set())}, {"239.200.1.1": ("exclude", set())}
    proxy.wait(lambda: wanted(rig.router.memberships()) == here
               and wanted(rig.bridge.memberships()) == there, f"FRR {here}, the kernel {there}")
    edge.b1.leave("239.3.1.1")
    proxy.wait(lambda: proxy.members("239.3.1.1") == {"a1"}, "b1 to be gone")
    assert edge.deliver(edge.up, "239.3.1.1", A) == {"a1"}
    assert edge.deliver(edge.up, "239.3.1.1", B) == set(), "sources are still told apart here"
    assert not [m for m in edge.up.igmp(mark) if m.kind == 0x17], "somebody is left"
    edge.a1.leave("239.3.1.1")
    edge.b1.leave("239.200.1.1")
    proxy.wait(lambda: not wanted(rig.router.memberships())
               and not wanted(rig.bridge.memberships()), "both leaves to be seen")
    for host, since, group in ((edge.up, mark, "239.3.1.1"), (edge.up2, mark2, "239.200.1.1")):
        said = [m for m in host.igmp(since) if m.group == group
                and m.source in (OURS["wan"], OURS["wan2"])]
        assert {m.kind for m in said} == {0x16, 0x17}
        assert [m.destination for m in said if m.kind == 0x17] == ["224.0.0.2"]


@pytest.mark.req("igmp-host-proxy/HC-06", "igmp-host-proxy/HC-04")
def test_an_upstream_querier_that_changes_its_version_all_the_time(edge, proxy, rig):
    group = "239.3.2.1"
    edge.a1.join(group)
    wait_upstream(proxy, rig.router, {group: ("exclude", set())})
    stream = edge.start_stream(edge.up, A, group, gap=0.002)
    for n in range(60):
        query = (v3_query(), v3_query(response_ds=0), v2_query())[n % 3]
        edge.up.send(igmp_frame(edge.up.mac, edge.up.address, "224.0.0.1", query), gap=0.01)
    edge.b1.join("239.3.2.2")
    wait_upstream(proxy, rig.router, {group: ("exclude", set()), "239.3.2.2": ("exclude", set())})
    sent = edge.stop_stream(edge.up)
    edge.settle(edge.up)
    assert edge.counts(stream) == {"a1": sent}
    edge.forget()
    wait_upstream(proxy, rig.router, {})
