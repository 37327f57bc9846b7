# SPDX-License-Identifier: BSD-3-Clause
"""Alarms, group profiles and guards as an operator meets them: real hosts, real frames."""
import json

import pytest

from lab.daemon import configuration
from lab.frames import Data, igmp_frame, mrd_advertisement, pim_hello, v3_query
from lab.network import af_packet_ports

QUICK = """
[alarms]
raise-after = 0.5
clear-after = 1
no-stream-time = 1
"""
PROFILE = """
[[group-profile]]
name = "basic"
[[group-profile.allow]]
group = "239.5.0.0/16"
"""


@pytest.fixture
def guarded(net, own_daemon):
    """VLAN 10 on all ports but p4, which is alone in VLAN 40 and has no querier there. p2 has the
    profile, p3 the router guard."""
    ports = af_packet_ports()
    ports[1]["group-profile"] = "basic"
    ports[2]["router-guard"] = True
    ports[3]["access-vlan"] = 40
    sluiced = own_daemon(start=False, name="guarded")
    sluiced.write(QUICK + PROFILE + configuration(
        sluiced.socket, ports, {10: {"querier-source": "10.77.0.254", "unregistered": "drop"},
                                40: {"send-query": False}}))
    sluiced.start()
    sluiced.settled(10)
    return sluiced


def alarm(sluiced, name, **where):
    for row in sluiced.json("show", "alarms")["alarms"]:
        if row["name"] == name and all(row[key] == value for key, value in where.items()):
            return row
    return None


def stream(host, group):
    data = Data(host.mac, host.address, group)
    host.ask("stream_start", frame=data.frame.hex(), offset=data.offset, gap=0.005)


@pytest.mark.req("snooping/QI-04")
def test_alarms_come_and_go(net, guarded):
    watch = guarded.watch()
    guarded.wait(lambda: guarded.counters()["api_watchers"] == 1, "the watcher")
    guarded.wait(lambda: alarm(guarded, "no-querier", vlan=40), "the alarm for VLAN 40")
    stream(net.src, "239.6.6.6")
    net.h1.join("239.6.1.1")
    dropped = guarded.wait(lambda: alarm(guarded, "unregistered-dropped", vlan=10,
                                         group="239.6.6.6"), "the alarm for the dropped stream")
    assert dropped["source"] == net.src.address
    assert f"{net.src.address} on p5 sends 239.6.6.6" in dropped["cause"]
    waiting = guarded.wait(lambda: alarm(guarded, "viewers-without-stream", group="239.6.1.1"),
                           "the alarm for the viewer")
    assert waiting["severity"] == "warning" and waiting["remedy"]
    assert guarded.counters()[
        'alarm_active{name="viewers-without-stream",vlan="10",group="239.6.1.1"}'] == 1
    table = guarded.ctl("show", "alarms").stdout
    assert "cause:" in table and table.startswith("SEVERITY")
    assert "warn event=alarm-raised alarm=viewers-without-stream severity=warning" in guarded.log
    assert "error event=alarm-raised alarm=no-querier severity=critical" in guarded.log
    # And all is well again: the stream comes, the other one stops, a querier is there.
    net.src.ask("stream_stop")
    stream(net.src, "239.6.1.1")
    net.h4.send(igmp_frame(net.h4.mac, net.h4.address, "224.0.0.1", v3_query(interval_s=60)))
    guarded.wait(lambda: not guarded.json("show", "alarms")["alarms"], "all alarms to be cleared",
                 timeout=15)
    net.src.ask("stream_stop")
    assert guarded.ctl("show", "alarms").stdout == "no alarm is active\n"
    events = []
    while sum(e["event"] == "alarm-cleared" for e in events) < 3:
        events.append(json.loads(watch.stdout.readline()))
    raised = {e["alarm"] for e in events if e["event"] == "alarm-raised"}
    assert raised >= {"unregistered-dropped", "viewers-without-stream"}


@pytest.mark.req("snooping/EX-06", "snooping/RP-11", "snooping/SE-02")
def test_profile_and_router_guard(net, guarded):
    net.h2.join("239.7.7.7")
    net.h2.join("239.5.5.5")
    net.h1.join("239.7.7.7")
    guarded.wait_members("239.5.5.5", {"p2"})
    guarded.wait_members("239.7.7.7", {"p1"})
    guarded.wait(lambda: guarded.counted("snooping_profile_denied_total") >= 1, "the refusal")
    why = guarded.json("explain", "--vlan", 10, "--port", "p5", "--group", "239.7.7.7")["why"]
    assert "group-profile basic refuses joins of (*, 239.7.7.7) on p2" in why
    # What only a router says, from a port of hosts.
    net.h3.send(igmp_frame(net.h3.mac, "10.77.0.1", "224.0.0.1", v3_query()),
                pim_hello(net.h3.mac, "10.77.0.1"), mrd_advertisement(net.h3.mac, "10.77.0.1"))

    def drops():
        return guarded.json("show", "ports", "--port", "p3")["ports"][0]["rx"]["drops"]
    guarded.wait(lambda: drops().get("router_guard") == 3, "query, PIM and MRD to be dropped")
    assert not guarded.mrouters()
    assert guarded.querier()["state"] == "querier"
    assert guarded.counters()[
        'frames_dropped_total{port="p3",direction="rx",reason="router_guard"}'] == 1, "PIM"
    # A new profile counts for those who are in.
    text = guarded.read()
    guarded.write(text.replace("239.5.0.0/16", "239.7.0.0/16"))
    guarded.ctl("reload")
    guarded.wait_members("239.5.5.5", set())
    guarded.wait_members("239.7.7.7", {"p1", "p2"})  # by the answer to the next query
