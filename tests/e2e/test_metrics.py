# SPDX-License-Identifier: BSD-3-Clause
"""What Prometheus, Grafana and dpdk-telemetry.py see, and that nobody who asks for it can do harm."""
import json
import os
import random
import re
import shutil
import socket
import subprocess
import time

import pytest

from lab.daemon import ROOT
from lab.frames import Data
from lab.http import Listener

PORT = 9464
PREFIX = f"sluice-e2e-{os.getpid()}"


@pytest.fixture(scope="module")
def settings():
    return {"unregistered": "drop", "fast-leave": True}


@pytest.fixture(scope="module")
def more():
    return {"metrics": {"listen": f"127.0.0.1:{PORT}", "top-groups": 3},
            "dataplane": {"eal-args": ["--file-prefix", PREFIX]}}


@pytest.fixture
def web(net, sluiced):
    return Listener(net.switch, PORT)


def page(*names):
    with open(os.path.join(ROOT, *names), encoding="utf-8") as file:
        return file.read()


def test_counts_are_exact(net, sluiced, web):
    first = web.scrape()
    groups = [f"239.9.0.{n}" for n in (1, 2, 3, 4)]
    for group in groups[:3]:
        net.h1.join(group)
    net.h2.join(groups[0])
    sluiced.wait_members(groups[0], {"p1", "p2"})
    sluiced.wait_members(groups[2], {"p1"})
    frame = len(Data(net.src.mac, net.src.address, groups[0]).frame)
    for number, group in enumerate(groups[:3], 1):
        assert "h1" in net.deliver("src", group, count=10 * number)
    scrape = web.scrape()
    for number, group in enumerate(groups[:3], 1):
        labels = f'{{vlan="10",group="{group}"}}'
        assert scrape["group_packets_total" + labels] == 10 * number
        assert scrape["group_bytes_total" + labels] == 10 * number * frame
    assert scrape['group_member_ports{vlan="10",group="239.9.0.1"}'] == 2
    assert scrape['group_hosts{vlan="10",group="239.9.0.1"}'] == 2
    packets, other = 'vlan_multicast_packets_total{vlan="10"}', 'group_packets_total{vlan="10",group="other"}'
    assert scrape[packets] == 60 and scrape[other] == 0
    assert scrape['vlan_groups{vlan="10"}'] == 3
    joins = "join_latency_seconds_count"
    # Counted by the report: a host may join several groups with one.
    assert 2 <= scrape[joins] - first[joins] <= 4
    assert 0 < scrape["join_latency_seconds_sum"] < 1
    assert scrape["punt_ring_most_frames" + '{worker="0"}'] >= 1
    assert 0 < scrape['worker_busy_seconds_total{worker="0"}'] < scrape["uptime_seconds"]

    # A fourth group: there is room for three. What the one that is not shown carries is in the rest.
    net.h1.join(groups[3])
    sluiced.wait_members(groups[3], {"p1"})
    net.deliver("src", groups[3], count=200)
    later = web.scrape()
    own = 'group_packets_total{vlan="10",group="%s"}'
    assert later[own % groups[3]] == 200 and later[other] == 0 and later[packets] == 260
    assert later['vlan_groups_in_other{vlan="10"}'] == 1
    hidden = next(n for n in (1, 2, 3) if "sluice_" + own % f"239.9.0.{n}" not in later.values)
    net.deliver("src", groups[hidden - 1], count=40)
    shown = web.scrape()
    assert shown[own % groups[hidden - 1]] == 10 * hidden and shown[other] == 40
    net.deliver("src", groups[hidden - 1], count=5)
    assert web.scrape()[own % groups[hidden - 1]] == 10 * hidden + 5
    # And when a group goes, what it carried does not.
    net.h1.leave(groups[hidden - 1])
    net.h2.leave_all()
    sluiced.wait_members(groups[hidden - 1], set())
    gone = web.scrape()
    assert gone[packets] == 305 and gone[other] == 40
    assert gone["leave_latency_seconds_count"] > 0


def test_every_counter_of_sluicectl_is_there(sluiced, web):
    before = sluiced.counters()
    scrape = web.scrape()
    after = sluiced.counters()
    values = {re.sub(r',leaf="[^"]*"', "", name): value for name, value in scrape.values.items()}
    missing = [name for name in before if "sluice_" + name not in values]
    assert not missing
    for name, value in before.items():
        if name.split("{")[0].endswith("_total"):
            assert value <= values["sluice_" + name] <= after[name], name
    received = 'igmp_received_total{vlan="10",type="report_v2",leaf="membership-report-v2-count"}'
    assert "sluice_" + received in scrape.values


def test_names_are_documented_and_as_prometheus_wants(web):
    scrape = web.scrape()
    documented = set(re.findall(r"^\| `(sluice_\w+)` \|", page("docs", "metrics.md"), re.M))
    assert scrape.families() <= documented, "see docs/metrics.md for how its table is made"
    for file in (("config", "grafana", "sluice.json"), ("config", "prometheus", "sluice.rules.yml"),
                 ("docs", "metrics.md")):
        text = page(*file)
        if file[-1].endswith(".json"):
            json.loads(text)
        used = set(re.findall(r"\bsluice_[a-z0-9_]+", text))
        bare = {re.sub(r"_(bucket|sum|count)$", "", name) if name not in documented else name
                for name in used}
        assert bare <= documented, f"{file[-1]} asks for what there is not"
    if shutil.which("promtool") is None:
        pytest.skip("promtool (Debian's package prometheus) is not installed")
    done = subprocess.run(["promtool", "check", "metrics"], input=scrape.text, text=True,
                          capture_output=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    done = subprocess.run(["promtool", "check", "rules",
                           os.path.join(ROOT, "config", "prometheus", "sluice.rules.yml")],
                          text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_nobody_can_do_harm(net, sluiced, web):
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        assert web.ask("/metrics", method)[0] == 405
    assert web.ask("/metrics", "HEAD")[::2] == (200, "")
    assert web.ask("/../../etc/passwd")[0] == 404

    group = "239.9.1.1"
    net.h1.join(group)
    sluiced.wait_members(group, {"p1"})
    stream = Data(net.src.mac, net.src.address, group)
    net.src.ask("stream_start", frame=stream.frame.hex(), offset=stream.offset, gap=0.002)
    dice = random.Random(5)
    slow = []
    for turn in range(60):
        try:
            one = web.connect()
            kind = turn % 4
            if kind == 0:  # any bytes
                one.sendall(dice.randbytes(2000))
            elif kind == 1:  # half a request, and then a byte now and then
                one.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\nX-Slow: ")
            elif kind == 2:  # headers without an end
                one.sendall(b"GET /metrics HTTP/1.1\r\n" + b"X: " + b"y" * 200_000)
            else:  # asks for much and reads nothing
                one.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n" * 50)
            slow.append(one)
        except (BrokenPipeError, ConnectionResetError, socket.timeout):
            pass  # it has been shown the door
        for other in slow:
            try:
                other.send(b"z")
            except OSError:
                pass
        if turn % 20 == 19:
            begin = time.monotonic()
            sluiced.ctl("status")
            assert time.monotonic() - begin < 2
    assert sluiced.counters()['http_connections{listener="metrics"}'] <= 32
    # Whoever is slow loses its place to who is not.
    sluiced.wait(lambda: _answers(web), "a scrape among slow clients")
    for one in slow:
        one.close()
    sent = net.src.ask("stream_stop")
    net.barrier(net.src)
    assert net.counts(stream, ["h1"])["h1"] == sent, "a frame was lost meanwhile"
    assert web.scrape()["http_requests_refused_total" + '{listener="metrics"}'] > 0


def _answers(web):
    try:
        return web.scrape()
    except (OSError, AssertionError):
        return None


def test_dpdk_telemetry_shows_the_same(net, sluiced, web):
    group = "239.9.2.1"
    net.h1.join(group)
    sluiced.wait_members(group, {"p1"})
    net.deliver("src", group, count=10)
    asked = {}
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as client:
        client.settimeout(5)
        client.connect(f"/var/run/dpdk/{PREFIX}/dpdk_telemetry.v2")
        size = json.loads(client.recv(16384))["max_output_len"]
        for words in ("/sluice/ports", "/sluice/ports,p1", "/sluice/ports,nowhere", "/sluice/workers",
                      "/sluice/groups", "/sluice/groups,0", "/sluice/groups,1", "/sluice/counters",
                      "/sluice/counters,igmp_received_total", "/sluice/counters,nothing"):
            client.send(words.encode())
            asked[words] = json.loads(client.recv(size))[words.split(",")[0]]
    assert list(asked["/sluice/ports"]) == [f"p{n}" for n in range(1, 7)]
    assert asked["/sluice/ports"]["p1"]["link"] == "up"
    assert asked["/sluice/ports,p1"]["p1"]["rx_dropped_runt_frame"] == 0
    assert asked["/sluice/workers"]["0"]["worker_busy_cycles_total"] > 0
    mine = next(row for row in asked["/sluice/groups"].values() if row["group"] == group)
    assert (mine["vlan"], mine["packets"], mine["member_ports"], mine["hosts"]) == (10, 10, 1, 1)
    assert len(asked["/sluice/groups,1"]) == 1
    sums = asked["/sluice/counters"]
    assert 0 < sums["frames_forwarded_total"] <= sluiced.counted("frames_forwarded_total")
    assert {row["type"] for row in asked["/sluice/counters,igmp_received_total"].values()} >= {"report_v3"}
    for words in ("/sluice/ports,nowhere", "/sluice/groups,0", "/sluice/counters,nothing"):
        assert asked[words] is None, words


def test_an_address_that_is_taken_is_told_at_the_start(net, sluiced, own_daemon):
    other = own_daemon(start=False, metrics={"listen": f"127.0.0.1:{PORT}"})
    other.start(ready=False)
    assert other.process.wait(5) == 1
    assert (f"[metrics] listen 127.0.0.1:{PORT}: cannot listen there: Address already in use"
            in other.log)
