# SPDX-License-Identifier: BSD-3-Clause
"""What outlives a restart, and what a reload leaves alone: a stream tells."""
import os
import signal
import socket

import pytest

from lab.frames import Data, igmp_frame, v2_report
from lab.network import af_packet_ports

SRC = "10.77.0.66"
GROUP = "239.3.1.1"
# Its membership interval is longer than the test: what is there after a restart was kept.
SLOW = {"querier-source": "10.77.0.254", "query-interval": 60, "query-max-response-time": 1,
        "unregistered": "drop"}


@pytest.fixture
def keeping(own_daemon):
    """A daemon with a state file, settled."""
    def make(vlans=None, **more):
        sluiced = own_daemon(vlans or {10: SLOW}, start=False, **more)
        sluiced.state = os.path.join(sluiced.directory, "state")
        if os.path.exists(sluiced.state):  # of the test before
            os.remove(sluiced.state)
        sluiced.write(sluiced.read().replace("[system]\n", f'[system]\nstate-file = "{sluiced.state}"\n'))
        sluiced.start()
        sluiced.settled()
        return sluiced
    return make


def join_in_silence(host, group):
    """A report by hand: the host's kernel knows of no membership and answers no query."""
    host.send(igmp_frame(host.mac, host.address, group, v2_report(group)))


def has(sluiced, group):
    """The state file knows of the group."""
    try:
        with open(sluiced.state, "rb") as file:
            return socket.inet_aton(group)[::-1] in file.read()
    except FileNotFoundError:
        return False


def stream(net, group, gap=0.0001):
    data = Data(net.src.mac, SRC, group)
    net.src.ask("stream_start", frame=data.frame.hex(), offset=data.offset, gap=gap)
    return data


def received(host, data):
    return [n for _, n in host.ask("streams", numbers=[data.number])[str(data.number)]]


def test_a_stream_goes_on_after_a_kill(net, keeping, record_property):
    sluiced = keeping()
    join_in_silence(net.h1, GROUP)
    sluiced.wait_members(GROUP, {"p1"})
    sluiced.wait(lambda: has(sluiced, GROUP), "the state file to have the group")
    data = stream(net, GROUP)
    sluiced.wait(lambda: len(received(net.h1, data)) > 1000, "the stream")
    # What was answered is kept; and who starts at once waits until the dead have let go.
    sluiced.ctl("static", "add", "--vlan", 10, "--group", "239.3.1.2", "--port", "p3")
    killed = sluiced.process
    killed.send_signal(signal.SIGKILL)
    sluiced.start()
    killed.wait(5)
    assert sluiced.members("239.3.1.2") == {"p3"}
    mark = net.src.ask("stream_sent")
    sluiced.wait(lambda: received(net.h1, data)[-1] > mark + 500, "the stream to go on")
    net.src.ask("stream_stop")
    numbers = received(net.h1, data)
    gap = max(b - a - 1 for a, b in zip(numbers, numbers[1:]))
    record_property("frames_lost", gap)
    print(f"{gap} frames of a stream of 10,000 a second were lost")
    # Nobody reported, and nobody else ever got it: it was forwarded by what was kept.
    assert received(net.h2, data) == received(net.rtr, data) == []
    assert sluiced.querier()["settled"] is True
    assert "state-restored" in sluiced.log and "memberships=1 " in sluiced.log
    row = sluiced.groups("--group", GROUP)[0]
    assert row["expire"] < 122 and row["version"] == 2 and row["hosts"][0]["address"] == net.h1.address


def test_a_clean_restart_with_another_file(net, keeping):
    sluiced = keeping()
    join_in_silence(net.h1, GROUP)
    join_in_silence(net.h2, GROUP)
    sluiced.ctl("static", "add", "--vlan", 10, "--group", "239.3.1.2", "--port", "p3")
    sluiced.wait_members(GROUP, {"p1", "p2"})
    sluiced.stop()
    # p1 is no more, the others have moved up; and there is another VLAN.
    good = sluiced.read()
    ports = af_packet_ports()
    first = good[good.index("[[port]]"):good.index("[[port]]", good.index("[[port]]") + 1)]
    assert ports[0]["name"] in first
    sluiced.write(good.replace(first, ""))
    sluiced.start()
    assert sluiced.members(GROUP) == {"p2"} and sluiced.members("239.3.1.2") == {"p3"}
    assert "unknown-ports=1" in sluiced.log
    in_use = [host for host in net.hosts.values() if host is not net.h1]
    assert net.deliver("src", GROUP, among=in_use) == {"h2"}
    sluiced.stop()
    with open(sluiced.state, "r+b") as file:
        file.seek(200)
        byte = file.read(1)
        file.seek(200)
        file.write(bytes([byte[0] ^ 1]))
    sluiced.write(good)
    sluiced.start()
    assert sluiced.groups() == []
    assert sluiced.log.count("it is damaged") == 1


def test_a_reload_costs_other_streams_no_frame(net, keeping):
    ports = af_packet_ports()
    ports[4]["trunk-vlans"] = [30]
    sluiced = keeping(ports=ports)
    join_in_silence(net.h1, GROUP)
    sluiced.wait_members(GROUP, {"p1"})
    data = stream(net, GROUP, gap=0.0005)
    good = sluiced.read()
    static = '[[vlan.igmp-snooping.static-l2-multicast-group]]\ngroup-address = "239.3.1.9"\nports = ["p2"]\n'
    steps = [good + static,
             good.replace("query-interval = 60", "query-interval = 50"),
             good.replace('unregistered = "drop"', 'unregistered = "mrouter-only"\nfast-leave = true'),
             good + "[[vlan]]\nid = 30\n",
             good + '[[interface]]\nname = "i"\nvlan = 10\naddress = "10.77.0.250/24"\n',
             good]
    assert "what is in force" in sluiced.ctl("config", "diff").stdout
    for text in steps:
        sluiced.write(text)
        assert sluiced.json("config", "diff")["changes"]
        before = net.src.ask("stream_sent")
        sluiced.ctl("reload")
        sluiced.wait(lambda: net.src.ask("stream_sent") > before + 100, "the stream to go on")
        assert sluiced.members(GROUP) == {"p1"} and sluiced.querier()["settled"] is True
    sluiced.write(good.replace('name = "p5"', 'name = "px"'))
    changes = sluiced.json("config", "diff")["changes"]
    assert {c["applies"] for c in changes} == {"at-restart"} and changes[0]["section"] == "[[port]] p5"
    refused = sluiced.ctl("reload", check=False)
    assert refused.returncode == 1 and "[[port]] p5: removing it needs a restart" in refused.stderr
    sent = net.src.ask("stream_stop")
    net.barrier(net.src)
    assert received(net.h1, data) == list(range(sent))
