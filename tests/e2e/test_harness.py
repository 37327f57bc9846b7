# SPDX-License-Identifier: BSD-3-Clause
"""The harness against a switch that is not ours: the Linux bridge. When these fail, the lab or the
kernel is at fault, and no other result means anything."""
import time

import pytest

from lab import frr
from lab.bridge import KernelBridge, KernelQuerier
from lab.frames import Data
from lab.host import Host
from lab.netns import Lab
from lab.network import Network


@pytest.fixture(scope="module")
def linux():
    network = Network(Lab())
    network.bridge = KernelBridge(network.switch, [f"p{n}" for n in range(1, 7)])
    # The bridge floods until its first query's response time has passed.
    network.h1.join("239.9.9.9")
    deadline = time.monotonic() + 10
    while network.deliver("src", "239.9.9.9", count=1) != {"h1"}:
        assert time.monotonic() < deadline, "the bridge never restricted"
    network.forget()
    yield network
    network.close()


@pytest.mark.parametrize("version", [1, 2, 3])
def test_a_kernel_host_joins_and_leaves(linux, version):
    group = f"239.9.0.{version}"
    linux.h1.igmp_version(version)
    linux.h1.join(group)
    linux.bridge.wait_members(group, {"p1"})
    assert linux.deliver("src", group) == {"h1"}
    linux.forget()


def test_what_nobody_gets_is_counted_as_nothing(linux):
    linux.h1.join("239.9.1.1")
    linux.bridge.wait_members("239.9.1.1", {"p1"})
    stream = Data(linux.src.mac, "10.77.0.66", "239.9.1.1")
    linux.barrier(linux.src)
    assert set(linux.counts(stream).values()) == {0}
    linux.forget()


def test_two_hosts_share_a_port(linux):
    linux.h4.join("239.9.2.1")
    linux.bridge.wait_members("239.9.2.1", {"p4"})
    assert linux.deliver("src", "239.9.2.1") == {"h4", "h5"}
    linux.forget()


def test_tags_made_by_hand_arrive_as_they_were_sent(linux):
    stream = Data(linux.src.mac, "10.77.0.66", "224.0.0.77", vlan=20, priority=5)
    linux.src.ask("data", frame=stream.frame.hex(), offset=stream.offset, count=1)
    linux.barrier(linux.src)
    assert bytes.fromhex(linux.h1.ask("data_frame", number=stream.number)) == stream.frame


def test_hosts_ping_each_other(linux):
    assert linux.h1.ping(linux.h2.address)


@pytest.mark.parametrize("kind", ["frr", "kernel"])
def test_routers_say_what_a_host_wants(kind):
    if kind == "frr" and not frr.installed():
        pytest.skip("frr is not installed")
    lab = Lab()
    router, host = Host(lab, "router", "10.77.100.1"), Host(lab, "host", "10.77.100.2")
    lab.wire(router.space, "eth0", host.space, "eth0")
    router.plugged_in()
    host.plugged_in()
    querier = frr.Frr(router, lines=frr.SHORT).start() if kind == "frr" else KernelQuerier(router)
    host.join("239.9.3.1")
    host.join("239.9.3.2", "10.9.9.1")
    host.join("239.9.3.3")
    host.block("239.9.3.3", "10.9.9.2")
    expected = {"239.9.3.1": ("exclude", set()), "239.9.3.2": ("include", {"10.9.9.1"}),
                "239.9.3.3": ("exclude", {"10.9.9.2"})}
    deadline = time.monotonic() + 5
    while querier.memberships() != expected:
        assert time.monotonic() < deadline, querier.memberships()
        time.sleep(0.02)
    host.leave_all()
    while querier.memberships():
        assert time.monotonic() < deadline, querier.memberships()
        time.sleep(0.02)
    lab.close()
