# SPDX-License-Identifier: BSD-3-Clause
"""Real kernel hosts, real frames: who gets what."""
import pytest

from lab.frames import Data, TO_EX, igmp_frame, v2_query, v2_report, v3_query, v3_record, v3_report

SRC = "10.77.0.66"


@pytest.fixture(scope="module")
def settings():
    return {"unregistered": "drop"}


@pytest.mark.req("snooping/SA-01", "snooping/DP-02", "snooping/MS-02")
@pytest.mark.parametrize("version", [1, 2, 3])
def test_a_host_of_each_version_joins(net, sluiced, version):
    group = f"239.1.0.{version}"
    net.h1.igmp_version(version)
    net.h1.join(group)
    sluiced.wait_members(group, {"p1"})
    assert sluiced.groups("--group", group)[0]["version"] == version
    assert sluiced.fib(group) == {"p1"}
    assert net.deliver("src", group) == {"h1"}


@pytest.mark.req("snooping/SA-04", "igmp-router/R2-06")
@pytest.mark.parametrize("version", [2, 3])
def test_the_last_leave_ends_the_stream_after_the_last_member_query(net, sluiced, version):
    group = f"239.1.1.{version}"
    net.h1.igmp_version(version)
    net.h1.join(group)
    sluiced.wait_members(group, {"p1"})
    mark = net.h1.mark()
    net.h1.leave(group)
    sluiced.wait_members(group, set())
    asked = [m for m in net.h1.igmp(mark) if m.kind == 0x11 and m.group == group]
    assert len(asked) >= 2, "robustness-variable group-specific queries"
    assert net.deliver("src", group) == set()


@pytest.mark.req("snooping/SA-04", "snooping/DP-17")
def test_two_hosts_behind_one_port(net, sluiced):
    group = "239.1.2.1"
    net.h4.join(group)
    net.h5.join(group)
    sluiced.wait(lambda: len((sluiced.groups("--group", group) or [{"hosts": []}])[0]["hosts"]) == 2,
                 "both hosts to be tracked")
    stream = Data(net.src.mac, SRC, group)
    net.src.ask("stream_start", frame=stream.frame.hex(), offset=stream.offset, gap=0.002)
    net.h4.leave(group)
    sluiced.wait(lambda: len(sluiced.groups("--group", group)[0]["hosts"]) == 1, "h4 to be gone")
    sluiced.wait(lambda: sluiced.groups("--group", group)[0]["expire"] > 2, "h5 to have answered")
    sent = net.src.ask("stream_stop")
    net.barrier(net.src)
    assert net.counts(stream, ["h5"])["h5"] == sent, "h5 lost frames when h4 left"


@pytest.mark.req("snooping/SA-07", "snooping/DP-10", "igmp-router/FW-1")
def test_source_filters_decide_per_port(net, sluiced):
    group, a, b = "239.1.3.1", "10.77.9.1", "10.77.9.2"
    net.h1.join(group, a)
    net.h2.join(group)
    net.h2.block(group, a)
    sluiced.wait(lambda: sluiced.fib(group, a) == {"p1"} and sluiced.fib(group) == {"p2"},
                 "the entries of both ports")
    assert net.deliver("src", group, source=a) == {"h1"}
    assert net.deliver("src", group, source=b) == {"h2"}
    net.h2.unblock(group, a)
    sluiced.wait(lambda: sluiced.fib(group, a) == {"p1", "p2"}, "a to be unblocked on p2")
    assert net.deliver("src", group, source=a) == {"h1", "h2"}


@pytest.mark.req("igmp-router/T9-2")
def test_an_ssm_member_drops_one_of_two_sources(net, sluiced):
    group, a, b = "232.1.1.1", "10.77.9.1", "10.77.9.2"
    net.h1.join(group, a, key="one")
    net.h1.join(group, b, key="two")
    sluiced.wait(lambda: sluiced.fib(group, b) == {"p1"}, "both sources")
    net.h1.ask("leave", key="one")
    sluiced.wait(lambda: sluiced.fib(group, a) is None, "a to be gone")
    assert net.deliver("src", group, source=a) == set()
    assert net.deliver("src", group, source=b) == {"h1"}


@pytest.mark.req("snooping/SA-03", "snooping/DP-12")
def test_groups_that_share_a_mac_address_do_not_leak(net, sluiced):
    net.h1.join("224.1.2.3")
    net.h2.join("239.129.2.3")
    sluiced.wait_members("224.1.2.3", {"p1"})
    sluiced.wait_members("239.129.2.3", {"p2"})
    assert net.deliver("src", "224.1.2.3") == {"h1"}
    assert net.deliver("src", "239.129.2.3") == {"h2"}


@pytest.mark.req("snooping/SA-02", "snooping/DP-01", "snooping/MS-07")
def test_link_local_groups_always_flood(net, sluiced):
    everybody = {name for name in net.hosts if name != "src"}
    assert net.deliver("src", "224.0.0.5") == everybody
    net.h1.send(igmp_frame(net.h1.mac, net.h1.address, "224.0.0.22",
                           v3_report(v3_record(TO_EX, "224.0.0.5"))))
    assert net.deliver("src", "224.0.0.5") == everybody
    assert sluiced.fib("224.0.0.5") is None


@pytest.mark.req("snooping/DP-05")
def test_neighbour_discovery_and_unicast_cross_the_switch(net, sluiced):
    assert net.h1.ping("10.77.0.2")
    for host in (net.h1, net.h2):
        host.sysctl("net.ipv6.conf.eth0.disable_ipv6", 0)
    link_local = net.h2.space.run("ip", "-6", "-br", "addr", "show", "dev", "eth0", "scope",
                                  "link").stdout.split()[2].split("/")[0]
    sluiced.wait(lambda: net.h1.ping(f"{link_local}%eth0"), "IPv6 neighbour discovery")
    for host in (net.h1, net.h2):
        host.sysctl("net.ipv6.conf.eth0.disable_ipv6", 1)


@pytest.mark.req("snooping/DP-19", "snooping/DP-17")
def test_a_source_that_is_a_member_gets_nothing_back(net, sluiced):
    net.src.join("239.1.4.1")
    net.h1.join("239.1.4.1")
    sluiced.wait_members("239.1.4.1", {"p1", "p5"})
    assert net.deliver("src", "239.1.4.1") == {"h1"}


@pytest.mark.req("snooping/SC-01", "snooping/SC-12")
def test_hosts_do_not_hear_each_others_reports(net, sluiced):
    mark = net.h2.mark()
    net.h1.igmp_version(2)
    net.h1.join("239.1.5.1")
    sluiced.wait_members("239.1.5.1", {"p1"})
    net.barrier(net.h1)
    assert [m for m in net.h2.igmp(mark) if m.kind in (0x12, 0x16, 0x22)] == []


@pytest.mark.req("snooping/RP-01", "snooping/RP-02", "snooping/SA-05", "snooping/RP-04", "snooping/RP-03")
def test_router_ports_are_learned_and_lost(net, sluiced):
    from lab.frames import mrd_advertisement, pim_hello
    net.rtr.send(igmp_frame(net.rtr.mac, "0.0.0.0", "224.0.0.1", v3_query(interval_s=1)))
    net.barrier(net.rtr)
    assert sluiced.mrouters() == []
    # A higher address than ours: no election, but a router all the same.
    net.h3.send(igmp_frame(net.h3.mac, "10.77.0.255", "224.0.0.1", v3_query(interval_s=1)))
    net.rtr.send(pim_hello(net.rtr.mac, net.rtr.address, holdtime_s=2))
    net.h2.send(mrd_advertisement(net.h2.mac, net.h2.address, interval_s=4))
    sluiced.wait(lambda: {(m["port"], m["learned-from"]) for m in sluiced.mrouters()} ==
                 {("p3", "query"), ("p6", "pim"), ("p2", "mrd")}, "three router ports")
    net.h1.join("239.1.6.1")
    sluiced.wait_members("239.1.6.1", {"p1"})
    assert sluiced.fib("239.1.6.1") == {"p1", "p2", "p3", "p6"}
    assert net.deliver("src", "239.1.6.1") == {"h1", "h2", "h3", "rtr"}
    assert sluiced.querier()["state"] == "querier"
    sluiced.wait(lambda: sluiced.mrouters() == [], "router ports to age", timeout=20)


@pytest.mark.req("snooping/SA-06", "snooping/SC-04", "snooping/SC-05")
def test_what_is_unknown_floods_and_what_is_broken_is_counted(net, sluiced):
    from lab.frames import v2_message, with_checksum
    unknown = igmp_frame(net.h1.mac, net.h1.address, "239.1.7.1", v2_message(0x44, "239.1.7.1"))
    mark = net.h2.mark()
    net.h1.send(unknown)
    assert net.h2.saw(unknown, since=mark)
    good = v2_report("239.1.7.2")
    broken = {
        "bad_igmp_checksum": good[:2] + b"\x00\x01" + good[4:],
        "too_short": with_checksum(good[:6] + b"\0")[:7],
        "bad_query_length": with_checksum(v2_query() + b"\0\0"),
        "bad_query": with_checksum(v3_query()[:10] + b"\0\1"),
        "truncated_report": v3_report(v3_record(TO_EX, "239.1.7.3"), count=2),
        "bad_group": v2_report("10.1.1.1"),
    }
    before = sluiced.counters()
    for reason, payload in broken.items():
        net.h1.send(igmp_frame(net.h1.mac, net.h1.address, "239.1.7.2", payload))
        name = f'igmp_dropped_total{{port="p1",reason="{reason}"}}'
        sluiced.wait(lambda n=name: sluiced.counters()[n] == before[n] + 1, name)
    # No fragment here: the kernel's AF_PACKET fan-out reassembles them before the driver sees them.
    assert sluiced.members("239.1.7.2") == set()
    assert sluiced.members("239.1.7.3") == {"p1"}, "records before the broken one stand"


@pytest.mark.req("snooping/SC-11", "igmp-messages/AD-08", "igmp-messages/RX-12")
def test_odd_but_valid_reports_count(net, sluiced):
    net.h1.send(igmp_frame(net.h1.mac, "0.0.0.0", "239.1.8.1", v2_report("239.1.8.1")))
    net.h2.send(igmp_frame(net.h2.mac, net.h2.address, "239.1.8.1", v2_report("239.1.8.1"),
                           ttl=64, router_alert=False))
    sluiced.wait_members("239.1.8.1", {"p1", "p2"})


def test_every_frame_has_one_fate(net, sluiced):
    sluiced.ctl("clear", "counters")
    net.h1.join("239.1.9.1")
    sluiced.wait_members("239.1.9.1", {"p1"})
    net.deliver("src", "239.1.9.1")
    net.deliver("src", "239.1.9.2")
    net.h1.ping("10.77.0.2")
    counters = sluiced.counters()
    received = sum(v for k, v in counters.items() if k.startswith("port_rx_packets_total"))
    fates = sum(v for k, v in counters.items() if k.startswith(
        ("frames_forwarded_total", "frames_flooded_total", "frames_punted_total")))
    outside = ("device_missed", "no_mbuf")
    fates += sum(v for k, v in counters.items() if k.startswith("frames_dropped_total")
                 and 'direction="rx"' in k and not any(r in k for r in outside))
    assert received == fates > 40
