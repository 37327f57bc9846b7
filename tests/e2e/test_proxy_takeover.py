# SPDX-License-Identifier: BSD-3-Clause
"""Proxy mode with an upstream in reserve: taking over and giving back, leaving late; and many groups."""
import time

import pytest

from lab import frr
from lab.edge import Rig, wait_upstream, wanted
from lab.frames import TO_IN, group_numbers, groups_reported, many_reports

A, B = "10.9.9.1", "10.9.9.2"

pytestmark = pytest.mark.skipif(not frr.installed(), reason="frr is not installed")


@pytest.fixture(scope="module")
def rig(edge):
    rig = Rig(edge, "takeover", {"upstream": ["wan", "wan2"], "upstream-leave-delay": 1,
                                 "max-groups": 8000})
    yield rig
    rig.stop()


@pytest.mark.req("igmp-host-proxy/PX-15", "igmp-host-proxy/MU-03", "igmp-host-proxy/PF-06")
def test_the_second_upstream_takes_over_under_traffic(edge, proxy, rig):
    group, ssm = "239.4.1.1", "232.4.1.1"
    everything = {group: ("exclude", set()), ssm: ("include", {A})}
    edge.a1.join(group)
    edge.b1.join(group)
    edge.b1.join(ssm, A)
    wait_upstream(proxy, rig.router, everything)
    assert not wanted(rig.bridge.memberships()), "one upstream at a time"
    first, second = edge.start_stream(edge.up, A, group), edge.start_stream(edge.up2, B, group)
    proxy.wait(lambda: edge.counts(first), "the first upstream's stream")
    edge.up.space.ip("link", "set", "eth0", "down")
    edge.upstream = "up2"
    try:
        proxy.wait(lambda: {"a1", "b1"} <= set(edge.counts(second)), "the second upstream's stream", 5)
        gaps = [edge.span(host, second)[0] - edge.span(host, first)[1] for host in (edge.a1, edge.b1)]
        print(f"fail-over: the stream was away for {max(gaps) * 1000:.0f} ms")
        assert 0 < max(gaps) < 0.5
        wait_upstream(proxy, rig.bridge, everything)
        assert edge.deliver(edge.up2, ssm, A) == {"b1"}
        assert proxy.proxy()["upstream"] == "wan2"
        assert edge.deliver(edge.b1, "239.4.1.9") == {"up2"}, "what comes from below goes there too"
    finally:
        edge.up.space.ip("link", "set", "eth0", "up")
        edge.upstream = "up"
    back = time.monotonic()
    proxy.wait(lambda: edge.span(edge.a1, first)[1] > back, "the first upstream's stream again", 10)
    wait_upstream(proxy, rig.router, everything, timeout=10)
    proxy.wait(lambda: not wanted(rig.bridge.memberships()), "the second to be left")
    edge.stop_stream(edge.up)
    edge.stop_stream(edge.up2)
    print(f"and came back {edge.span(edge.a1, second)[1] - back:.2f} s after the link")
    assert edge.deliver(edge.up2, group, B, witness=edge.up) == set()
    edge.counts(first), edge.counts(second)  # neither twice nor out of order


@pytest.mark.req("igmp-host-proxy/MU-03")
def test_the_second_upstream_takes_over_from_a_querier_that_vanishes(edge, proxy, rig):
    group = "239.4.4.1"
    edge.a1.join(group)
    wait_upstream(proxy, rig.router, {group: ("exclude", set())})
    rig.router.kill()
    edge.upstream = "up2"
    try:
        # Robustness times its query interval, and half its response time: 4.25 seconds.
        wait_upstream(proxy, rig.bridge, {group: ("exclude", set())}, timeout=8)
        assert edge.deliver(edge.up2, group, A) == {"a1"}
    finally:
        edge.upstream = "up"
        rig.router.start()
    wait_upstream(proxy, rig.router, {group: ("exclude", set())}, timeout=8)
    assert edge.deliver(edge.up, group, A) == {"a1"}


def test_the_upstream_join_outlives_the_last_viewer_by_the_leave_delay(edge, proxy, rig):
    group = "239.4.2.1"
    mark = edge.up.mark()
    edge.a1.join(group)
    wait_upstream(proxy, rig.router, {group: ("exclude", set())})
    proxy.wait(lambda: len(edge.up.state_changes(group, mark)) == 2, "the join and its repetition")
    mark = edge.up.mark()
    left = time.monotonic()
    edge.a1.leave(group)
    proxy.wait(lambda: proxy.members(group) == set(), "the viewer to be gone")
    row = next(g for g in proxy.proxy()["groups"] if g["group"] == group)
    assert row["leaving"] and row["downstreams"] == []
    edge.b1.join(group)   # zapped back: nothing is said upstream
    proxy.wait(lambda: proxy.members(group) == {"b1"}, "the new viewer")
    edge.b1.leave(group)
    proxy.wait(lambda: group not in rig.router.memberships(), "the leave in the end", 6)
    said = edge.up.state_changes(group, mark)
    assert {kind for _, kind, _ in said} == {TO_IN}, "one leave and nothing else"
    assert said[0][0] - left > 1 + 2 * 0.4


@pytest.mark.req("igmp-host-proxy/PA-07", "igmp-host-proxy/SC-16", "igmp-host-proxy/QR-6")
@pytest.mark.parametrize("version", [3, 2])
def test_five_thousand_groups_at_once(edge, proxy, rig, version):
    groups = group_numbers(f"239.{100 + version}.0.0", 5000)
    mark = edge.up.mark()
    frames = list(many_reports(edge.a1.mac, edge.a1.address, groups, version))
    # Five thousand frames are more than a starved worker's ring holds, so they come a little apart.
    edge.a1.send(*frames, gap=0 if version == 3 else 0.00002)
    proxy.wait(lambda: set(groups) <= set(proxy.proxied()), "all to be in show proxy")
    proxy.wait(lambda: set(groups) <= rig.router.groups(), "all to be known to FRR")
    reports = [raw for _, raw in edge.up.captured(mark) if groups_reported(raw)]
    assert max(map(len, reports)) <= 1514
    if version == 3:  # many groups in few reports
        first = {group for raw in reports[:60] for group in groups_reported(raw)}
        assert set(groups) <= first
        # They stay while the host says so: FRR's membership interval is 4.5 seconds.
        since = time.monotonic()
        while time.monotonic() < since + 5:
            edge.a1.send(*frames)
            proxy.wait(lambda: set(groups) <= rig.router.groups(), "FRR to keep them all", 0)
            time.sleep(1)
    assert edge.deliver(edge.up, groups[-1], A) == {"a1"}
    proxy.ctl("clear", "groups")
    proxy.wait(lambda: not wanted(rig.router.memberships()), "FRR to see the leave of all")


def test_a_host_that_claims_a_hundred_thousand_groups(edge, proxy, rig):
    group = "239.4.3.1"
    edge.b1.join(group)
    wait_upstream(proxy, rig.router, {group: ("exclude", set())})
    stream = edge.start_stream(edge.up, A, group, gap=0.002)
    edge.a2.send(*many_reports(edge.a2.mac, edge.a2.address, group_numbers("238.0.0.0", 100_000)))
    proxy.wait(lambda: len(proxy.proxied()) == 8000, "the limit to be reached")
    edge.b1.join("239.4.3.2")   # refused, and what works goes on working
    sent = edge.stop_stream(edge.up)
    edge.settle(edge.up)
    assert edge.counts(stream) == {"b1": sent}
    assert group in proxy.proxied() and proxy.process.poll() is None
    proxy.wait(lambda: proxy.counted("proxy_group_limit_refused_total") > 80_000, "refusals")
