# SPDX-License-Identifier: BSD-3-Clause
"""FRR's pimd as a real multicast router in the namespace of a host: IGMP querier, and PIM where asked."""
import json
import os
import shutil
import time

from .netns import run

FOLDER = "/usr/lib/frr"
# In this order: the interval must be longer than the response time that is set.
SHORT = ("ip igmp", "ip igmp query-max-response-time 5", "ip igmp query-interval 2",
         "ip igmp last-member-query-interval 2")


def installed():
    return os.access(os.path.join(FOLDER, "pimd"), os.X_OK)


class Frr:
    """zebra and pimd with their own sockets and pid files, in the namespace of `host`."""

    def __init__(self, host, lines=("ip igmp",), interface="eth0"):
        self.host = host
        self.interface = interface
        self.lines = lines
        self.directory = os.path.join(host.lab.directory, f"frr-{host.name}-{time.monotonic_ns()}")
        self.processes = []

    def start(self):
        os.makedirs(self.directory, exist_ok=True)
        shutil.chown(self.directory, "frr", "frr")
        self._daemon("zebra", "")
        self._await(lambda: self.vtysh("show version", "zebra"))
        settings = "".join(f" {line}\n" for line in self.lines)
        self._daemon("pimd", f"interface {self.interface}\n{settings}")
        self._await(lambda: self.interface in self.show("show ip igmp interface json"))
        return self

    def _daemon(self, name, text):
        file = os.path.join(self.directory, name + ".conf")
        with open(file, "w", encoding="utf-8") as conf:
            conf.write(text)
        self.processes.append(self.host.lab.start(
            self.host.space, os.path.join(FOLDER, name), "--vty_socket", self.directory,
            "-z", os.path.join(self.directory, "zserv.api"),
            "-i", os.path.join(self.directory, name + ".pid"), "-f", file, "-P", "0",
            stdout=open(os.path.join(self.directory, name + ".out"), "w", encoding="utf-8"),
            stderr=-2))

    @staticmethod
    def _await(condition, timeout=10.0):
        deadline = time.monotonic() + timeout
        while not condition():
            if time.monotonic() > deadline:
                raise AssertionError("FRR did not come up")
            time.sleep(0.05)

    def vtysh(self, command, daemon="pimd"):
        done = run("vtysh", "--vty_socket", self.directory, "-d", daemon, "-c", command, check=False)
        return done.stdout if done.returncode == 0 else ""

    def configure(self, *lines):
        """Changes the interface's configuration while it runs."""
        commands = ["configure terminal", f"interface {self.interface}", *lines]
        run("vtysh", "--vty_socket", self.directory, "-d", "pimd",
            *[part for command in commands for part in ("-c", command)])

    def show(self, command):
        try:
            return json.loads(self.vtysh(command))
        except ValueError:
            return {}

    def groups(self):
        """The groups that FRR has learned on its interface."""
        rows = self.show("show ip igmp groups json").get(self.interface, {}).get("groups", [])
        return {row["group"] for row in rows}

    def memberships(self):
        """What FRR knows: {group: (filter mode, sources)}. An excluding group lists the sources that
        are left out: those whose timer does not run. INCLUDE of nothing is no membership, though FRR
        may keep the row for a while."""
        rows = self.show("show ip igmp groups json").get(self.interface, {}).get("groups", [])
        table = self.show("show ip igmp sources json").get(self.interface, {})
        found = {}
        for row in rows:
            mode = row.get("mode", "EXCLUDE").lower()  # absent where version 2 is spoken
            listed = table.get(row["group"], {}).get("sources", [])
            sources = {s["source"] for s in listed if s["source"] != "*"
                       and (s["timer"] == "--:--") == (mode == "exclude")}
            if (mode, sources) != ("include", set()):
                found[row["group"]] = (mode, sources)
        return found

    def sources(self):
        """(source, group) pairs that FRR forwards."""
        table = self.show("show ip igmp sources json").get(self.interface, {})
        return {(s["source"], g) for g, body in table.items() if isinstance(body, dict)
                for s in body.get("sources", []) if s.get("forwarded")}

    def querier(self):
        return self.show("show ip igmp interface json").get(self.interface, {})

    def kill(self):
        """Silent death: no goodbye on the wire."""
        for process in reversed(self.processes):
            process.kill()
            process.wait()
        self.processes.clear()

    def stop(self):
        for process in reversed(self.processes):
            process.terminate()
        for process in reversed(self.processes):
            process.wait(5)
        self.processes.clear()
