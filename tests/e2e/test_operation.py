# SPDX-License-Identifier: BSD-3-Clause
"""The daemon as an operator lives with it: policies, VLANs, queriers, commands, start and stop."""
import json
import os
import subprocess

import pytest

from lab import frr
from lab.daemon import program
from lab.frames import Data, igmp_frame, v2_leave, v2_report, v3_query
from lab.network import af_packet_ports

SRC = "10.77.0.66"
QUERIER = {"querier-source": "10.77.0.254"}


@pytest.mark.req("snooping/DP-03", "snooping/DP-04", "snooping/EX-10")
@pytest.mark.parametrize("policy, getting", [("flood", {"h1", "h2", "h3", "h4", "h5", "rtr"}),
                                             ("mrouter-only", {"rtr"}), ("drop", set())])
def test_unregistered(net, own_daemon, policy, getting):
    sluiced = own_daemon({10: {**QUERIER, "unregistered": policy, "bridge-mrouter-interface": ["p6"]}})
    sluiced.settled()
    assert net.deliver("src", "239.2.1.1") == getting
    verdict = sluiced.json("explain", "--vlan", 10, "--port", "p5", "--group", "239.2.1.1")["verdict"]
    assert verdict == policy


@pytest.mark.req("snooping/QI-04", "snooping/MS-12")
def test_no_querier_no_restriction(net, own_daemon):
    sluiced = own_daemon({10: {"send-query": False, "unregistered": "drop"}})
    assert sluiced.querier()["settled"] is False
    everybody = {name for name in net.hosts if name != "src"}
    assert net.deliver("src", "239.2.2.1") == everybody
    net.rtr.send(igmp_frame(net.rtr.mac, net.rtr.address, "224.0.0.1", v3_query(interval_s=1)))
    sluiced.settled()
    assert net.deliver("src", "239.2.2.1") == set()
    sluiced.wait(lambda: not sluiced.querier()["settled"], "the querier to be given up")
    assert net.deliver("src", "239.2.2.1") == everybody


@pytest.mark.req("snooping/EX-01", "snooping/EX-02", "igmp-router/TU-06")
def test_fast_leave_cuts_the_last_host_and_nobody_else(net, own_daemon):
    sluiced = own_daemon({10: {**QUERIER, "fast-leave": True, "last-member-query-interval": 5,
                               "query-interval": 20, "unregistered": "drop"}})
    sluiced.settled()
    group = "239.2.3.1"
    net.h4.join(group)
    net.h5.join(group)
    sluiced.wait(lambda: len((sluiced.groups("--group", group) or [{"hosts": []}])[0]["hosts"]) == 2,
                 "both hosts")
    net.h4.leave(group)
    sluiced.wait(lambda: len(sluiced.groups("--group", group)[0]["hosts"]) == 1, "h4 to be gone")
    assert "h5" in net.deliver("src", group)
    net.h5.leave(group)
    sluiced.wait_members(group, set(), timeout=2)  # a query would have taken ten seconds
    # A v2 member may be silent: it is asked.
    net.h1.send(igmp_frame(net.h1.mac, net.h1.address, group, v2_report(group)))
    sluiced.wait_members(group, {"p1"})
    mark = net.h1.mark()
    net.h1.send(igmp_frame(net.h1.mac, net.h1.address, "224.0.0.2", v2_leave(group)))
    sluiced.wait(lambda: [m for m in net.h1.igmp(mark) if m.kind == 0x11 and m.group == group],
                 "a query before the cut")
    assert sluiced.members(group) == {"p1"}


@pytest.mark.req("igmp-router/RA-05", "snooping/MS-01")
def test_silence_expires(net, own_daemon):
    sluiced = own_daemon({10: {**QUERIER, "query-interval": 1, "query-max-response-time": 0.5}})
    net.h1.send(igmp_frame(net.h1.mac, "10.77.0.99", "239.2.4.1", v2_report("239.2.4.1")))
    sluiced.wait_members("239.2.4.1", {"p1"})
    sluiced.wait_members("239.2.4.1", set(), timeout=6)


@pytest.mark.req("snooping/MS-09", "snooping/EX-06", "snooping/SA-11")
def test_at_the_limit_newcomers_are_refused(net, own_daemon):
    sluiced = own_daemon({10: {**QUERIER, "max-groups": 2}})
    watch = sluiced.watch()
    sluiced.wait(lambda: sluiced.counters()["api_watchers"] == 1, "the watcher")
    for n in (1, 2, 3):
        net.h1.join(f"239.2.5.{n}")
        if n < 3:
            sluiced.wait_members(f"239.2.5.{n}", {"p1"})
    refused = 'snooping_group_limit_refused_total{vlan="10"}'
    sluiced.wait(lambda: sluiced.counters()[refused] >= 1, refused)
    assert sluiced.members("239.2.5.1") == sluiced.members("239.2.5.2") == {"p1"}
    assert sluiced.members("239.2.5.3") == set()
    events = [json.loads(watch.stdout.readline()) for _ in range(3)]
    assert [e["event"] for e in events] == ["group-joined", "group-joined", "limit-reached"]
    net.h1.leave("239.2.5.1")
    sluiced.wait_members("239.2.5.1", set())
    sluiced.wait_members("239.2.5.3", {"p1"})  # by its answer to the next query


@pytest.mark.req("snooping/SC-17", "snooping/DP-15")
def test_vlans_are_apart_and_tags_are_exact(net, own_daemon):
    ports = af_packet_ports(2, access_vlan=20) + [
        {"name": "p3", "device": "net_af_packet2,iface=p3", "access-vlan": 30},
        {"name": "p5", "device": "net_af_packet3,iface=p5", "trunk-vlans": [20, 30]},
        {"name": "p6", "device": "net_af_packet4,iface=p6", "trunk-vlans": [20]}]
    sluiced = own_daemon({20: QUERIER, 30: {**QUERIER, "unregistered": "drop"}}, ports=ports)
    sluiced.settled(20, 30)
    net.h1.join("239.2.6.1")
    sluiced.wait_members("239.2.6.1", {"p1"}, vlan=20)
    tagged = Data(net.src.mac, SRC, "239.2.6.1", vlan=20, priority=5)
    plain = tagged.frame[:12] + tagged.frame[16:]
    net.src.ask("data", frame=tagged.frame.hex(), offset=tagged.offset, count=10)
    net.barrier(net.src, among=[net.h1, net.h2, net.rtr], vlan=20)
    assert net.counts(tagged, ["h1", "h2", "h3", "rtr"]) == {"h1": 10, "h2": 0, "h3": 0, "rtr": 0}
    got = bytes.fromhex(net.h1.ask("data_frame", number=tagged.number))
    assert got[:tagged.offset - 8] == plain[:tagged.offset - 8], "the tag comes off, nothing else"
    # And on: an untagged source, a link-local group, both kinds of port.
    untagged = Data(net.h2.mac, "10.77.0.2", "224.0.0.77")
    net.h2.ask("data", frame=untagged.frame.hex(), offset=untagged.offset, count=1)
    net.barrier(net.h2, among=[net.h1, net.src, net.rtr])
    for host in (net.src, net.rtr):
        got = bytes.fromhex(host.ask("data_frame", number=untagged.number))
        assert got == untagged.frame[:12] + bytes.fromhex("81000014") + untagged.frame[12:]
    assert net.counts(untagged, ["h3"]) == {"h3": 0}
    # A VLAN that the port does not carry.
    alien = Data(net.rtr.mac, "10.77.0.9", "224.0.0.77", vlan=30)
    net.rtr.ask("data", frame=alien.frame.hex(), offset=alien.offset, count=3)
    sluiced.wait(lambda: sluiced.json("show", "ports", "--port", "p6")["ports"][0]["rx"]["drops"].get(
        "vlan_not_carried") == 3, "three drops")
    assert net.counts(alien, ["h3"]) == {"h3": 0}


@pytest.mark.req("snooping/MS-11")
def test_static_groups(net, own_daemon):
    sluiced = own_daemon({10: {**QUERIER, "unregistered": "drop", "static": [
        {"group-address": "239.2.7.1", "source-addr": "*", "ports": ["p3"]}]}})
    sluiced.settled()
    row = sluiced.groups("--group", "239.2.7.1")[0]
    assert (row["port"], row["type"], row["expire"]) == ("p3", "static", None)
    assert net.deliver("src", "239.2.7.1") == {"h3"}
    sluiced.ctl("static", "add", "--vlan", 10, "--group", "239.2.7.2", "--source", "10.77.9.9",
                "--port", "p1")
    assert net.deliver("src", "239.2.7.2", source="10.77.9.9") == {"h1"}
    assert net.deliver("src", "239.2.7.2") == set()
    sluiced.ctl("static", "del", "--vlan", 10, "--group", "239.2.7.2", "--source", "10.77.9.9",
                "--port", "p1")
    assert sluiced.fib("239.2.7.2") is None
    assert sluiced.ctl("static", "add", "--vlan", 10, "--group", "224.0.0.9", "--port", "p1",
                       check=False).returncode == 1


def test_reload(net, own_daemon):
    sluiced = own_daemon()
    net.h1.join("239.2.8.1")
    sluiced.wait_members("239.2.8.1", {"p1"})
    good = sluiced.read()
    sluiced.write(good + "nonsense = 1\n")
    refused = sluiced.ctl("reload", check=False)
    assert refused.returncode == 1 and f"{sluiced.file}:" in refused.stderr and "nonsense" in refused.stderr
    sluiced.write(good.replace('"p1"', '"px"'))
    assert "restart" in sluiced.ctl("reload", check=False).stderr
    sluiced.write(good + 'unregistered = "drop"\n')
    sluiced.ctl("reload")
    assert sluiced.members("239.2.8.1") == {"p1"}
    sluiced.settled()
    assert net.deliver("src", "239.2.8.2") == set()


def test_start_and_stop(net, own_daemon):
    sluiced = own_daemon()
    process = sluiced.process
    open_files = os.listdir(f"/proc/{process.pid}/fd")
    assert open_files
    code, seconds = sluiced.stop()
    assert code == 0 and seconds < 1
    assert not os.path.exists(sluiced.socket)
    assert not os.path.exists("/var/run/dpdk/rte/dpdk_telemetry.v2")
    assert sluiced.ctl("status", check=False).returncode == 3


def test_bad_starts(net, own_daemon):
    missing = own_daemon(ports=[{"name": "p1", "device": "net_af_packet0,iface=nowhere",
                                 "access-vlan": 10}], start=False)
    done = net.switch.run(program("sluiced"), "--config", missing.file, check=False)
    errors = [line for line in done.stderr.splitlines() if "error" in line]
    assert done.returncode == 1 and len(errors) == 1 and "nowhere" in errors[0]
    missing.write("[[port]]\nname = 3\n")
    for more in (["--check"], []):
        done = subprocess.run([program("sluiced"), "--config", missing.file, *more], text=True,
                              capture_output=True, check=False)
        assert done.returncode == 2 and f"{missing.file}:2:8: error:" in done.stderr
    running = own_daemon(name="first")
    second = own_daemon(name="second", start=False)
    second.write(running.read())
    done = net.switch.run(program("sluiced"), "--config", second.file, check=False)
    assert done.returncode == 1 and running.socket in done.stderr


def test_as_many_ports_as_dpdk_has_room_for(own_daemon):
    """Their buffers need the most memory, and on ordinary pages more than on huge ones."""
    sluiced = own_daemon(ports=[{"name": f"p{n}", "device": f"net_null{n},no-rx=1", "access-vlan": 10}
                                for n in range(32)])
    assert len(sluiced.json("show", "ports")["ports"]) == 32
    assert sluiced.stop()[0] == 0


def test_two_workers_forward_and_learn(net, own_daemon):
    if os.cpu_count() < 3:
        pytest.skip("two workers and the control thread need three cores")
    sluiced = own_daemon({10: {**QUERIER, "unregistered": "drop"}},
                         dataplane={"main-core": 0, "worker-cores": [1, 2]})
    sluiced.settled()
    net.h1.join("239.2.9.1")
    net.h2.join("239.2.9.1")
    sluiced.wait_members("239.2.9.1", {"p1", "p2"})
    assert net.deliver("src", "239.2.9.1", count=200) == {"h1", "h2"}
    assert net.h1.ping("10.77.0.2", 10)


@pytest.mark.req("snooping/MS-10", "snooping/RP-06")
def test_a_link_that_goes_takes_its_members_with_it(net, own_daemon):
    sluiced = own_daemon()
    net.h1.join("239.2.10.1")
    sluiced.wait_members("239.2.10.1", {"p1"})
    net.h1.space.ip("link", "set", "eth0", "down")
    sluiced.wait_members("239.2.10.1", set())
    assert sluiced.json("show", "ports", "--port", "p1")["ports"][0]["link"] == "down"
    net.h1.space.ip("link", "set", "eth0", "up")
    sluiced.wait_members("239.2.10.1", {"p1"})


def test_watch_and_log_level(net, own_daemon):
    sluiced = own_daemon()
    watch = sluiced.watch()
    sluiced.wait(lambda: sluiced.counters()["api_watchers"] == 1, "the watcher")
    sluiced.ctl("log-level", "debug")
    net.h1.join("239.2.11.1")
    event = json.loads(watch.stdout.readline())
    assert (event["event"], event["vlan"], event["port"], event["group"], event["source"]) == (
        "group-joined", 10, "p1", "239.2.11.1", "*")
    sluiced.wait(lambda: "group-joined" in sluiced.log, "the log line")
    sluiced.ctl("clear", "groups", "--vlan", 10)
    assert json.loads(watch.stdout.readline())["event"] == "group-left"


@pytest.mark.req("snooping/SC-13", "snooping/PR-01", "snooping/PR-02", "igmp-router/QE-12", "igmp-router/QE-15")
@pytest.mark.parametrize("policy", ["proxy", "suppress", "forward"])
@pytest.mark.skipif(not frr.installed(), reason="frr is not installed")
def test_frr_as_the_elected_querier(net, own_daemon, policy):
    sluiced = own_daemon({10: {**QUERIER, "report-policy": policy}})
    net.h1.join("239.2.12.1")
    net.h2.join("239.2.12.2", "10.77.9.9")
    sluiced.wait_members("239.2.12.1", {"p1"})
    router = frr.Frr(net.rtr, lines=("ip igmp", "ip igmp query-max-response-time 5",
                                     "ip igmp query-interval 2"))
    router.start()
    try:
        sluiced.wait(lambda: sluiced.querier()["state"] == "non-querier", "FRR to be elected", 20)
        assert sluiced.querier()["address"] == net.rtr.address
        assert "p6" in {m["port"] for m in sluiced.mrouters()}
        sluiced.wait(lambda: {"239.2.12.1", "239.2.12.2"} <= set(router.groups()),
                     "FRR to know the groups", 20)
        net.h1.leave("239.2.12.1")
        sluiced.wait(lambda: "239.2.12.1" not in router.groups(), "FRR to see the leave", 20)
    finally:
        router.stop()
    sluiced.wait(lambda: sluiced.querier()["state"] == "querier", "the switch to take over", 20)
    sluiced.wait(lambda: sluiced.mrouters() == [], "the router port to age", 20)


def test_a_restart_under_traffic(net, own_daemon):
    sluiced = own_daemon({10: {**QUERIER, "unregistered": "drop"}})
    net.h1.join("239.2.13.1")
    sluiced.wait_members("239.2.13.1", {"p1"})
    stream = Data(net.src.mac, SRC, "239.2.13.1")
    net.src.ask("stream_start", frame=stream.frame.hex(), offset=stream.offset, gap=0.001)
    sluiced.restart()
    sluiced.wait_members("239.2.13.1", {"p1"})
    net.src.ask("stream_stop")
    sluiced.settled()
    assert net.deliver("src", "239.2.13.1") == {"h1"}
