# SPDX-License-Identifier: BSD-3-Clause
"""sluiced as the device under test, asked and steered through sluicectl as an operator would."""
import json
import os
import subprocess
import time

from .netns import run

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))
BUILD = os.environ.get("SLUICE_BUILD", os.path.join(ROOT, "build"))


def program(name):
    for folder in ("control", os.path.join("control", "cli"), "."):
        path = os.path.join(BUILD, folder, name)
        if os.access(path, os.X_OK):
            return path
    raise FileNotFoundError(f"{name} is not in {BUILD}: build first (make build)")


def _toml(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_toml(v) for v in value) + "]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{name} = {_toml(v)}" for name, v in value.items()) + " }"
    return json.dumps(value) if isinstance(value, str) else str(value)


def _keys(table):
    return "".join(f"{name} = {_toml(value)}\n" for name, value in table.items())


def configuration(socket, ports, vlans, interfaces=(), proxies=(), dataplane=None, system=None,
                  punt_limit=None, metrics=None, dashboard=None):
    """The TOML text. `ports`: list of tables. `vlans`: id -> igmp-snooping table, whose key
    `static` holds the static groups. `proxies`: tables, in which a list of tables under `allow`,
    `deny` or `ssm-map` becomes [[proxy.allow]] and so on. Timers default to short ones."""
    short = {"query-interval": 2, "query-max-response-time": 0.5, "last-member-query-interval": 0.2}
    text = "[system]\n" + _keys({"socket": socket, **(system or {})})
    text += "\n[dataplane]\n" + _keys({"main-core": 0, "worker-cores": [1], "huge-pages": "off",
                                       **(dataplane or {})})
    if punt_limit:
        text += "\n[punt-limit]\n" + _keys(punt_limit)
    if metrics:
        text += "\n[metrics]\n" + _keys(metrics)
    if dashboard:
        text += "\n[dashboard]\n" + _keys(dashboard)
    for port in ports:
        text += "\n[[port]]\n" + _keys(port)
    for vlan, snooping in vlans.items():
        snooping = {**short, **snooping}
        static = snooping.pop("static", [])
        text += f"\n[[vlan]]\nid = {vlan}\n[vlan.igmp-snooping]\n" + _keys(snooping)
        for group in static:
            text += "[[vlan.igmp-snooping.static-l2-multicast-group]]\n" + _keys(group)
    for interface in interfaces:
        text += "\n[[interface]]\n" + _keys(interface)
    for proxy in proxies:
        tables = {name: rows for name, rows in proxy.items() if name in ("allow", "deny", "ssm-map")}
        text += "\n[[proxy]]\n" + _keys({k: v for k, v in proxy.items() if k not in tables})
        for name, rows in tables.items():
            text += "".join(f"[[proxy.{name}]]\n" + _keys(row) for row in rows)
    return text


class Refused(Exception):
    """sluicectl's exit code and what it said."""

    def __init__(self, done):
        super().__init__(f"exit {done.returncode}: {done.stderr.strip()}")
        self.code, self.message = done.returncode, done.stderr


class Daemon:
    def __init__(self, lab, space, name="sluiced"):
        self.lab = lab
        self.space = space
        self.directory = os.path.join(lab.directory, name)
        os.makedirs(self.directory, exist_ok=True)
        self.socket = os.path.join(self.directory, "sluice.sock")
        self.file = os.path.join(self.directory, "sluice.toml")
        self.log_file = os.path.join(self.directory, "log")
        self.process = None

    def configure(self, ports, vlans, **more):
        self.write(configuration(self.socket, ports, vlans, **more))

    def write(self, text):
        with open(self.file, "w", encoding="utf-8") as file:
            file.write(text)

    def read(self):
        with open(self.file, encoding="utf-8") as file:
            return file.read()

    @property
    def log(self):
        with open(self.log_file, encoding="utf-8", errors="replace") as file:
            return file.read()

    def start(self, ready=True):
        with open(self.log_file, "w", encoding="utf-8") as log:
            self.process = self.lab.start(self.space, program("sluiced"), "--config", self.file,
                                          stdout=log, stderr=subprocess.STDOUT)
        if ready:
            self.wait(lambda: self.ctl("status", check=False).returncode == 0, "sluiced to be ready",
                      timeout=20)

    def stop(self, timeout=5):
        """SIGTERM; returns (exit code, seconds it took)."""
        begin = time.monotonic()
        self.process.terminate()
        code = self.process.wait(timeout)
        return code, time.monotonic() - begin

    def restart(self):
        if self.process and self.process.poll() is None:
            self.stop()
        self.start()

    def ctl(self, *arguments, check=True):
        done = run(program("sluicectl"), "--socket", self.socket, *map(str, arguments), check=False)
        if check and done.returncode != 0:
            raise Refused(done)
        return done

    def json(self, *arguments):
        return json.loads(self.ctl(*arguments, "--json").stdout)

    def groups(self, *filters):
        return self.json("show", "groups", *filters)["groups"]

    def members(self, group, vlan=None):
        """The ports that have a membership of this group."""
        rows = self.groups("--group", group)
        return {r["port"] for r in rows if vlan is None or r["vlan"] == vlan}

    def fib(self, group, source="*", vlan=None):
        """The ports of the entry, or None when there is none."""
        for entry in self.json("show", "fib", "--group", group)["entries"]:
            if entry["source"] == source and (vlan is None or entry["vlan"] == vlan):
                return set(entry["ports"])
        return None

    def mrouters(self):
        return self.json("show", "mrouters")["mrouters"]

    def querier(self, vlan=10):
        rows = self.json("show", "queriers")["queriers"]
        return next((r for r in rows if r["vlan"] == vlan), None)

    def proxy(self, name="edge"):
        rows = self.json("show", "proxy")["proxies"]
        return next((r for r in rows if r["name"] == name), None)

    def proxied(self, name="edge"):
        """What the proxy wants upstream: {group: (filter mode, sources)}."""
        return {g["group"]: (g["filter-mode"], set(g["sources"])) for g in self.proxy(name)["groups"]}

    def counters(self):
        return self.json("show", "counters")

    def counted(self, name):
        """The sum of a counter over its labels."""
        return sum(v for k, v in self.counters().items() if k.split("{")[0] == name)

    def watch(self):
        """A running `sluicectl watch --json`; lines on its stdout."""
        process = subprocess.Popen(
            [program("sluicectl"), "--socket", self.socket, "watch", "--json"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.lab.processes.append(process)
        return process

    def wait(self, condition, what, timeout=10.0):
        """Polls until the condition holds; on failure tells what the daemon knew then."""
        deadline = time.monotonic() + timeout
        while True:
            if self.process.poll() is not None:
                raise AssertionError(f"sluiced ended with {self.process.returncode} while waiting for "
                                     f"{what}; its log:\n{self.log[-3000:]}")
            value = condition()
            if value:
                return value
            if time.monotonic() > deadline:
                raise AssertionError(f"waited {timeout} s in vain for {what}\n{self.diagnosis()}")
            time.sleep(0.02)

    def diagnosis(self):
        parts = []
        for what in ("groups", "fib", "mrouters", "queriers", "proxy"):
            parts.append(self.ctl("show", what, check=False).stdout)
        return "\n".join(parts) + "\nlog:\n" + self.log[-2000:]

    def settled(self, *vlans, timeout=15):
        """Until the VLANs restrict."""
        for vlan in vlans or (10,):
            self.wait(lambda v=vlan: (self.querier(v) or {}).get("settled"), f"VLAN {vlan} to settle",
                      timeout)

    def wait_members(self, group, ports, vlan=None, timeout=10.0):
        self.wait(lambda: self.members(group, vlan) == set(ports),
                  f"members of {group} to be {sorted(ports)}", timeout)
