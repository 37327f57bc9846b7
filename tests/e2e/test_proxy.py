# SPDX-License-Identifier: BSD-3-Clause
"""Proxy mode (RFC 4605) between real software: FRR and the kernel's bridge as upstream queriers, kernel
hosts of both versions downstream. What the routers know must be the merge of what the hosts want."""
import time

import pytest

from lab import frr
from lab.edge import OURS, SMALL_MTU, WITNESS, Rig, wait_upstream, wanted
from lab.frames import (ALLOW, TO_EX, TO_IN, igmp_frame, many_reports, routed, v2_report, v3_query,
                        v3_record, v3_report)

A, B, C = "10.9.9.1", "10.9.9.2", "10.9.9.3"

pytestmark = pytest.mark.skipif(not frr.installed(), reason="frr is not installed")


@pytest.fixture(scope="module")
def rig(edge):
    rig = Rig(edge, "proxy", {
        "upstream": ["wan", {"interface": "wan2", "group-ranges": ["239.200.0.0/16"]}],
        "allow": [{"group": "239.0.0.0/8"}, {"group": "232.0.0.0/8"}],
        "deny": [{"group": "239.66.0.0/16"}, {"group": "239.67.0.0/16", "source": A + "/32"}],
        "ssm-map": [{"group": "232.9.0.0/16", "source": [A, B]}]})
    yield rig
    rig.stop()


@pytest.fixture
def router(rig):
    return rig.router


def said(edge, group, mark):
    """The state-change records upstream: [(type, sources)]."""
    return [(kind, sources) for _, kind, sources in edge.up.state_changes(group, mark)]


@pytest.mark.req("igmp-host-proxy/PX-05", "igmp-host-proxy/PX-06", "igmp-host-proxy/PX-07",
                 "igmp-host-proxy/PX-10", "igmp-host-proxy/PX-11", "igmp-host-proxy/PA-03")
def test_frr_has_the_union_of_including_hosts(edge, proxy, router):
    group = "239.1.1.1"
    edge.a1.igmp_version(2)
    mark = edge.up.mark()
    edge.a2.join(group, A)
    wait_upstream(proxy, router, {group: ("include", {A})})
    edge.b1.join(group, B)
    wait_upstream(proxy, router, {group: ("include", {A, B})})
    edge.a1.join(group)
    wait_upstream(proxy, router, {group: ("exclude", set())})
    edge.a1.leave(group)
    wait_upstream(proxy, router, {group: ("include", {A, B})})
    edge.a2.leave(group)
    wait_upstream(proxy, router, {group: ("include", {B})})
    edge.b1.leave(group)
    wait_upstream(proxy, router, {})
    records = said(edge, group, mark)
    assert records[0] == (ALLOW, [A])
    assert (TO_EX, []) in records and (TO_IN, [A, B]) in records[records.index((TO_EX, [])):]


@pytest.mark.req("igmp-host-proxy/PX-08", "igmp-host-proxy/PX-09", "igmp-host-proxy/PX-14")
def test_frr_has_the_intersection_of_excluding_hosts(edge, proxy, router):
    group = "239.1.2.1"
    for host, blocked in ((edge.a2, (A, B)), (edge.b1, (B, C))):
        host.join(group)
        for source in blocked:
            host.block(group, source)
    wait_upstream(proxy, router, {group: ("exclude", {B})})
    edge.a1.join(group, B)
    wait_upstream(proxy, router, {group: ("exclude", set())})
    edge.a1.leave(group)
    wait_upstream(proxy, router, {group: ("exclude", {B})})
    edge.a2.leave(group)
    wait_upstream(proxy, router, {group: ("exclude", {B, C})})


@pytest.mark.req("igmp-host-proxy/PA-02", "igmp-host-proxy/SC-06", "igmp-host-proxy/PX-02")
def test_two_v2_hosts_are_one_host_upstream(edge, proxy, router):
    group = "239.1.3.1"
    mark = edge.up.mark()
    for host in (edge.a1, edge.a2):
        host.igmp_version(2)
    joined = time.monotonic()
    edge.a1.join(group)
    wait_upstream(proxy, router, {group: ("exclude", set())})
    edge.a2.join(group)
    proxy.wait_members(group, {"a1", "a2"})
    edge.a1.leave(group)
    proxy.wait_members(group, {"a2"})
    proxy.wait(lambda: said(edge, group, mark) == [(TO_EX, [])] * 2, "robustness-variable reports")
    left = time.monotonic()
    edge.a2.leave(group)
    proxy.wait(lambda: len(said(edge, group, mark)) == 4, "the leave, twice", 3)
    assert said(edge, group, mark) == [(TO_EX, [])] * 2 + [(TO_IN, [])] * 2
    join, again, leave, _ = (t for t, *_ in edge.up.state_changes(group, mark))
    assert join - joined < 0.3 and again - join < 1.2, "at once, and within the unsolicited interval"
    assert 0.35 < leave - left < 0.9, "two last member query intervals of 0.2 s"
    wait_upstream(proxy, router, {})
    assert not [m for m in edge.up.igmp(mark) if m.kind == 0x11], "a host's side never queries"


@pytest.mark.req("igmp-messages/IP-01", "igmp-messages/IP-02", "igmp-messages/IP-03",
                 "igmp-host-proxy/PX-17")
def test_reports_upstream_are_a_hosts(edge, proxy, router):
    mark = edge.up.mark()
    edge.a1.join("239.1.4.1")
    wait_upstream(proxy, router, {"239.1.4.1": ("exclude", set())})
    report = next(m for m in edge.up.igmp(mark) if m.kind == 0x22)
    assert (report.source, report.destination) == (OURS["wan"], "224.0.0.22")
    assert (report.ip.ttl, report.ip.tos) == (1, 0xC0)
    assert [bytes(option).hex() for option in report.ip.options] == ["94040000"], "Router Alert"


@pytest.mark.req("igmp-host-proxy/MU-03")
def test_the_kernel_as_the_other_upstream_has_its_range(edge, proxy, rig):
    router, bridge = rig.router, rig.bridge
    edge.a1.join("239.200.1.1", A)
    edge.b1.join("239.200.1.1", B)
    edge.b1.join("239.200.1.2")
    edge.b1.block("239.200.1.2", C)
    edge.a1.join("239.1.5.1")
    there = {"239.200.1.1": ("include", {A, B}), "239.200.1.2": ("exclude", {C})}
    here = {"239.1.5.1": ("exclude", set())}
    proxy.wait(lambda: wanted(bridge.memberships()) == there and wanted(router.memberships()) == here,
               f"the kernel to have {there}, FRR {here}")
    assert edge.deliver(edge.up2, "239.200.1.2", A, witness=edge.up) == {"b1"}
    assert edge.deliver(edge.up, "239.200.1.2", A) == set(), "the other upstream has this group"
    assert edge.deliver(edge.up2, "239.1.5.1", A, witness=edge.up) == set()
    upstream = {g["group"]: g["upstream"] for g in proxy.proxy()["groups"]}
    assert (upstream["239.200.1.1"], upstream["239.1.5.1"]) == ("wan2", "wan")
    edge.b1.leave("239.200.1.1")
    edge.b1.leave("239.200.1.2")
    there = {"239.200.1.1": ("include", {A})}
    proxy.wait(lambda: wanted(bridge.memberships()) == there, f"the kernel to have {there}")


def join_by_hand(edge, group, vlan, *sources):
    """The scripted host behind the trunk joins, once: it stays for a membership interval."""
    record = v3_record(ALLOW if sources else TO_EX, group, sources)
    edge.tr.send(igmp_frame(edge.tr.mac, f"10.77.{vlan}.9", "224.0.0.22", v3_report(record), vlan=vlan))


@pytest.fixture
def mac(edge, proxy):
    """The appliance's MAC address, as hosts learn it."""
    assert edge.a1.ping(OURS["vlan10"], 1)
    neighbour = edge.a1.space.ip("neigh", "show", OURS["vlan10"]).stdout.split()
    return neighbour[neighbour.index("lladdr") + 1]


@pytest.mark.req("igmp-host-proxy/PF-01", "igmp-host-proxy/PF-03", "igmp-host-proxy/PF-04",
                 "igmp-host-proxy/PF-07")
def test_an_upstream_stream_reaches_members_and_nobody_else(edge, proxy, router, mac):
    group = "239.1.6.1"
    edge.a1.join(group)
    edge.b1.join(group, A)
    join_by_hand(edge, group, 20)
    proxy.wait(lambda: proxy.members(group) == {"a1", "b1", "tr"}, "three members")
    wait_upstream(proxy, router, {group: ("exclude", set())})
    assert edge.deliver(edge.up, group, B) == {"a1", "tr20"}
    stream = edge.stream(edge.up, group, A, ttl=2, size=900)
    edge.settle(edge.up)
    assert edge.counts(stream) == {"a1": 20, "b1": 20, "tr20": 20}
    assert edge.first_frame(edge.a1, stream) == routed(stream.frame, mac)
    assert edge.first_frame(edge.b1, stream) == routed(stream.frame, mac)
    assert edge.first_frame(edge.tr, stream) == routed(stream.frame, mac, vlan=20)


def test_a_leave_cuts_no_other_viewer(edge, proxy, router):
    group = "239.1.12.1"
    for host in (edge.a1, edge.a2, edge.b1):
        host.join(group)
    proxy.wait_members(group, {"a1", "a2", "b1"})
    stream = edge.start_stream(edge.up, A, group, gap=0.002)
    edge.a1.leave(group)
    edge.b1.leave(group)
    proxy.wait_members(group, {"a2"})
    sent = edge.stop_stream(edge.up)
    edge.settle(edge.up)
    assert edge.counts(stream)["a2"] == sent
    assert edge.deliver(edge.up, group, A) == {"a2"}
    wait_upstream(proxy, router, {group: ("exclude", set())})


@pytest.mark.req("igmp-host-proxy/PF-02", "igmp-host-proxy/PF-03", "igmp-host-proxy/PA-05")
def test_a_downstream_stream_goes_up_and_to_other_members(edge, proxy, mac):
    group = "239.1.7.1"
    assert edge.deliver(edge.b1, group) == {"up"}, "upstream, though nobody asked"
    edge.a1.join(group)
    join_by_hand(edge, group, 20)
    proxy.wait_members(group, {"a1", "tr"})
    stream = edge.stream(edge.b1, group, ttl=7)
    edge.settle(edge.b1)
    assert edge.counts(stream) == {"up": 20, "a1": 20, "tr20": 20}
    for host in (edge.up, edge.a1):
        assert edge.first_frame(host, stream) == routed(stream.frame, mac)
    bridged = stream.frame[:12] + bytes.fromhex("81000014") + stream.frame[12:]
    assert edge.first_frame(edge.tr, stream) == bridged, "inside its VLAN nothing changes"
    assert edge.deliver(edge.tr, group, "10.77.20.9", vlan=20) == {"up", "a1"}
    assert edge.deliver(edge.tr, group, "10.77.10.9", vlan=10) == {"up", "a1", "tr20"}
    assert edge.deliver(edge.b1, "239.200.7.1") == {"up2"}, "by the upstream that has the group"


def refused(proxy, reason):
    return proxy.counters()[f'route_refused_total{{reason="{reason}"}}']


@pytest.mark.req("igmp-host-proxy/PF-07", "igmp-host-proxy/PF-08")
def test_what_must_not_be_routed_is_counted(edge, proxy):
    group = "239.1.8.1"
    edge.a1.join(group)
    join_by_hand(edge, group, 20)
    proxy.wait_members(group, {"a1", "tr"})
    for sender, source, ttl, reason, getting in (
            (edge.up, A, 1, "ttl_expired", set()),
            (edge.b1, None, 1, "ttl_expired", {"tr20"}),
            (edge.b1, "10.9.9.9", 9, "rpf_failed", {"tr20"}),
            (edge.b1, "10.77.10.77", 9, "rpf_failed", {"tr20"}),
            (edge.up, "10.77.20.77", 9, "rpf_failed", set()),
            (edge.up, OURS["wan"], 9, "own_source", set()),
            (edge.b1, OURS["vlan20"], 9, "own_source", {"tr20"})):
        before = refused(proxy, reason)
        case = f"from {sender.name}, source {source}, TTL {ttl}"
        assert edge.deliver(sender, group, source, ttl=ttl) == getting, case
        assert refused(proxy, reason) - before == 20, case
    assert edge.deliver(edge.up, group, A, ttl=2) == {"a1", "tr20"}
    assert edge.deliver(edge.b1, "224.0.0.99") == {"tr20"}, "link-local groups stay on their link"


def test_what_is_too_large_for_a_port_is_counted_and_not_cut(edge, proxy):
    group = "239.1.11.1"
    edge.a1.join(group)
    join_by_hand(edge, group, 20)
    proxy.wait_members(group, {"a1", "tr"})
    name = 'frames_dropped_total{port="tr",direction="tx",reason="too_big"}'
    before = proxy.counters()[name]
    assert edge.deliver(edge.up, group, A, size=14 + SMALL_MTU) == {"a1", "tr20"}
    assert proxy.counters()[name] == before
    assert edge.deliver(edge.up, group, A, size=14 + SMALL_MTU + 1) == {"a1"}
    assert proxy.counters()[name] - before == 20


def forwarding(proxy, interface):
    return next(d["forwarding"] for d in proxy.proxy()["downstreams"] if d["interface"] == interface)


@pytest.mark.req("igmp-host-proxy/PF-01", "igmp-host-proxy/PF-06", "igmp-host-proxy/PF-12",
                 "igmp-host-proxy/PA-06")
def test_only_the_querier_of_a_downstream_forwards(edge, proxy):
    group = "239.1.9.1"
    edge.a1.join(group)
    edge.b1.join(group)
    proxy.wait_members(group, {"a1", "b1"})
    assert edge.deliver(edge.up, group, A) == {"a1", "b1"}
    lower = igmp_frame(edge.tr.mac, "10.77.20.9", "224.0.0.1", v3_query(interval_s=1), vlan=20)
    edge.tr.send(lower)
    proxy.wait(lambda: not forwarding(proxy, "vlan20"), "vlan20 to be left to the other querier")
    assert forwarding(proxy, "vlan10")
    edge.tr.send(lower)
    assert edge.deliver(edge.up, group, A) == {"a1"}
    proxy.wait(lambda: forwarding(proxy, "vlan20"), "the other querier to be given up")
    assert edge.deliver(edge.up, group, A) == {"a1", "b1"}, "without a new join"


def explained(proxy, group, source):
    return proxy.ctl("explain", "--vlan", 100, "--port", "wan", "--group", group, "--source", source).stdout


@pytest.mark.req("igmp-host-proxy/PS-01", "igmp-host-proxy/PS-02")
def test_any_source_joins_in_the_ssm_range_are_ignored_or_mapped(edge, proxy, router):
    edge.a1.igmp_version(2)
    edge.a1.join("232.1.1.1")
    edge.a1.join("232.9.1.1")
    edge.b1.join("232.1.1.2", C)
    expected = {"232.9.1.1": ("include", {A, B}), "232.1.1.2": ("include", {C})}
    wait_upstream(proxy, router, expected)
    assert edge.deliver(edge.up, "232.9.1.1", A) == {"a1"}
    assert edge.deliver(edge.up, "232.9.1.1", C) == set()
    assert edge.deliver(edge.up, "232.1.1.1", A) == set()
    assert edge.deliver(edge.up, "232.1.1.2", C) == {"b1"}
    assert proxy.counted("snooping_ssm_ignored_total") >= 1
    assert "SSM" in explained(proxy, "232.1.1.1", A)


def test_what_the_lists_refuse_is_neither_joined_nor_forwarded(edge, proxy, router):
    edge.a1.join("239.66.1.1")           # denied
    edge.a1.join("225.1.1.1")            # not allowed
    edge.a1.join("239.67.1.1", A, key="a")   # one source denied
    edge.a1.join("239.67.1.1", B, key="b")
    edge.a1.join("239.68.1.1")
    wait_upstream(proxy, router, {"239.67.1.1": ("include", {B}), "239.68.1.1": ("exclude", set())})
    before = refused(proxy, "proxy_denied")
    assert edge.deliver(edge.up, "239.66.1.1", A) == set()
    assert edge.deliver(edge.up, "225.1.1.1", A) == set()
    assert edge.deliver(edge.up, "239.67.1.1", A) == set()
    assert refused(proxy, "proxy_denied") - before == 60
    assert proxy.counted("proxy_denied_total") >= 3
    assert "deny" in explained(proxy, "239.66.1.1", A) and "allow" in explained(proxy, "225.1.1.1", A)
    assert edge.deliver(edge.up, "239.67.1.1", B) == {"a1"}
    assert edge.deliver(edge.up, "239.68.1.1", A) == {"a1"}


def test_interface_addresses_answer(edge, proxy):
    for host, address in ((edge.a1, "vlan10"), (edge.b1, "vlan20"), (edge.up, "wan"),
                          (edge.up2, "wan2")):
        assert host.ping(OURS[address]), f"{host.name} pings {address}"
    assert edge.a1.ping(edge.a2.address), "hosts of a VLAN among themselves as before"
    missing = edge.a1.space.run("ping", "-n", "-c", "1", "-W", "0.3", "10.77.10.253", check=False)
    assert missing.returncode != 0


@pytest.mark.req("igmp-host-proxy/PX-02", "igmp-host-proxy/QR-11", "igmp-host-proxy/H2-14")
def test_bad_upstream_input_harms_nobody(edge, proxy, router):
    """Max Resp Code 0, a flood of queries, hosts' reports and a stranger's groups from upstream."""
    group = "239.1.10.1"
    edge.a1.join(group)
    wait_upstream(proxy, router, {group: ("exclude", set())})
    stream = edge.start_stream(edge.up, A, group, gap=0.002)
    mark = edge.up.mark()
    query = igmp_frame(edge.up.mac, edge.up.address, "224.0.0.1", v3_query(response_ds=0))
    specific = igmp_frame(edge.up.mac, edge.up.address, group, v3_query(group, response_ds=1))
    edge.up.send(*[query, specific] * 500, gap=0.0002)  # no faster than a starved worker's ring holds
    edge.up.send(igmp_frame(edge.up.mac, edge.up.address, "239.1.10.2", v2_report("239.1.10.2")))
    edge.up.send(*many_reports(edge.up.mac, edge.up.address, ["239.1.10.3", WITNESS]))
    wait_upstream(proxy, router, {group: ("exclude", set())})
    sent = edge.stop_stream(edge.up)
    edge.settle(edge.up)
    assert edge.counts(stream) == {"a1": sent}
    answers = [m for m in edge.up.igmp(mark) if m.kind == 0x22 and m.source == OURS["wan"]]
    assert 1 <= len(answers) < 1000, "not an answer for each of a thousand queries"
    assert proxy.process.poll() is None
    assert edge.deliver(edge.up, "239.1.10.3", A) == set()
