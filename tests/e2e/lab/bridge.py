# SPDX-License-Identifier: BSD-3-Clause
"""The Linux bridge as the device under test: proves the harness itself against a switch that is
not ours, and gives a second opinion when a test of ours fails."""
import json
import time


class KernelBridge:
    def __init__(self, space, ports, querier_address="10.77.0.254/24"):
        self.space = space
        space.ip("link", "add", "br0", "type", "bridge", "mcast_snooping", "1", "mcast_igmp_version",
                 "3", "mcast_query_use_ifaddr", "1",
                 "mcast_query_interval", "200", "mcast_query_response_interval", "50",
                 "mcast_startup_query_interval", "50", "mcast_last_member_interval", "20",
                 "mcast_membership_interval", "500")
        space.ip("addr", "add", querier_address, "dev", "br0")
        for port in ports:
            space.ip("link", "set", port, "master", "br0")
        space.ip("link", "set", "br0", "up")
        # After it is up: set earlier, the bridge queries but never restricts.
        space.ip("link", "set", "br0", "type", "bridge", "mcast_querier", "1")

    def members(self, group):
        mdb = json.loads(self.space.run("bridge", "-j", "mdb", "show").stdout)
        return {e["port"] for part in mdb for e in part["mdb"] if e["grp"] == group}

    def wait_members(self, group, ports, timeout=10.0):
        deadline = time.monotonic() + timeout
        while self.members(group) != set(ports):
            if time.monotonic() > deadline:
                raise AssertionError(f"{group}: {self.members(group)} and not {set(ports)}")
            time.sleep(0.02)
