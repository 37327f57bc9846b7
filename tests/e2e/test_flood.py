# SPDX-License-Identifier: BSD-3-Clause
"""A port that floods costs the others nothing; and a worker that naps while nothing happens."""
import os
import subprocess
import sys
import time

import pytest

from lab import frames
from lab.daemon import Daemon
from lab.network import af_packet_ports

# Sends two frames by turns, as fast as it can, until its input ends.
FLOOD = """
import select, socket, sys
out = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
out.bind(("eth0", 0))
said = [bytes.fromhex(word) for word in sys.argv[1:]]
sent = 0
while not select.select([sys.stdin], [], [], 0)[0]:
    for n in range(200):
        try:
            sent += out.send(said[n % len(said)]) > 0
        except OSError:
            pass
print(sent)
"""


@pytest.fixture(scope="module")
def flooded(net):
    """Limits that a flood from Python exceeds many times; queries once in a while."""
    sluiced = Daemon(net.lab, net.switch, "flooded")
    sluiced.configure(
        af_packet_ports(), {10: {"querier-source": "10.77.0.254", "unregistered": "drop"}},
        dataplane={"idle-sleep-us": 500},
        punt_limit={"reports": {"port-rate": 1000, "port-burst": 500},
                    "queries": {"port-rate": 5, "port-burst": 5}})
    sluiced.start()
    yield sluiced
    net.forget()
    if sluiced.process.poll() is None:
        sluiced.stop()


def drops(sluiced, reason):
    """By port, those that have any."""
    rows = sluiced.json("show", "ports")["ports"]
    return {row["name"]: row["rx"]["drops"][reason] for row in rows if row["rx"]["drops"].get(reason)}


def test_an_idle_worker_naps_and_a_join_wakes_it(net, flooded):
    flooded.settled()
    pid = flooded.process.pid
    worker = next(task for task in os.listdir(f"/proc/{pid}/task")
                  if open(f"/proc/{pid}/task/{task}/comm", encoding="ascii").read().startswith(
                      "rte-worker"))

    def running_s():
        with open(f"/proc/{pid}/task/{worker}/schedstat", encoding="ascii") as file:
            return int(file.read().split()[0]) / 1e9
    begin, before = time.monotonic(), running_s()
    time.sleep(0.5)
    assert running_s() - before < 0.5 * (time.monotonic() - begin), "it polls on"
    assert flooded.counted("worker_naps_total") > 100
    net.h1.join("239.9.1.1")
    flooded.wait_members("239.9.1.1", {"p1"})
    assert net.deliver("src", "239.9.1.1") == {"h1"}


def test_a_flooding_port_costs_a_quiet_port_nothing(net, flooded):
    flooded.settled()
    net.h1.igmp_version(3)
    join = frames.plain_igmp_frame(net.h3.mac, net.h3.address, "224.0.0.22", frames.v3_report(
        frames.v3_record(frames.TO_EX, "239.9.3.3")))
    query = frames.plain_igmp_frame(net.h3.mac, "10.77.0.253", "224.0.0.1", frames.v3_query())
    flood = subprocess.Popen(
        [*net.h3.space.command(), sys.executable, "-c", FLOOD, join.hex(), query.hex()],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    net.lab.processes.append(flood)
    flooded.wait(lambda: drops(flooded, "report_rate_limit"), "the flood to be too much")
    for n in range(1, 6):
        net.h1.join(f"239.9.2.{n}")
        flooded.wait_members(f"239.9.2.{n}", {"p1"}, timeout=2)
    assert net.deliver("src", "239.9.2.5") == {"h1", "h3"}  # h3 has sent queries: a router port
    sent = int(flood.communicate("\n")[0])
    assert sent > 10_000, "no flood"
    for reason in ("report_rate_limit", "query_rate_limit"):
        assert set(drops(flooded, reason)) == {"p3"}
    assert not drops(flooded, "punt_ring_full"), "the limits are there before the ring is full"
    counters = flooded.counters()
    assert counters['punt_over_limit_total{class="reports",limit="port"}'] == \
        drops(flooded, "report_rate_limit")["p3"]
    assert flooded.stop()[1] < 1
