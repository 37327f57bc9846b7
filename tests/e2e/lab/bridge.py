# SPDX-License-Identifier: BSD-3-Clause
"""The Linux bridge, as the device under test: proves the harness itself against a switch that is not
ours, and gives a second opinion when a test of ours fails. And as a querier: the kernel's own router
side, in the namespace of a host."""
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


class KernelQuerier:
    """A bridge over the host's wire that queries, and knows who is a member by what it hears."""

    def __init__(self, host, version=3, interval_cs=200, response_cs=50):
        self.host, self.space = host, host.space
        space = self.space
        space.ip("addr", "flush", "dev", host.interface)
        space.ip("link", "add", "br0", "type", "bridge", "mcast_snooping", "1",
                 "mcast_igmp_version", str(version), "mcast_query_use_ifaddr", "1",
                 "mcast_query_interval", str(interval_cs),
                 "mcast_query_response_interval", str(response_cs),
                 "mcast_startup_query_interval", "50", "mcast_last_member_interval", "20",
                 "mcast_membership_interval", str(2 * interval_cs + response_cs))
        space.ip("link", "set", host.interface, "master", "br0")
        space.ip("addr", "add", host.address + "/24", "dev", "br0")
        space.ip("link", "set", "br0", "up")
        space.ip("link", "set", "br0", "type", "bridge", "mcast_querier", "1")

    def memberships(self):
        """{group: (filter mode, sources)}; what an excluding entry lists is left out."""
        found = {}
        mdb = json.loads(self.space.run("bridge", "-j", "-d", "mdb", "show").stdout)
        for entry in (e for part in mdb for e in part["mdb"] if e["port"] != "br0"):
            if "src" in entry:
                continue
            mode = entry.get("filter_mode", "exclude")
            sources = entry.get("source_list", [])
            found[entry["grp"]] = (mode, {s["address"] for s in sources
                                          if mode == "include" or float(s["timer"]) == 0})
        return found

    def stop(self):
        self.space.ip("link", "del", "br0")
        self.space.ip("addr", "add", self.host.address + "/24", "dev", self.host.interface)
