#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Makes the pictures of docs/dashboard.md: sluiced on twelve ports, a crowd of hosts and senders
behind them, and a headless Chromium that looks.

SLUICE_BUILD=build /usr/bin/python3 tests/tools/screenshots.py [docs/pictures]
"""
import os
import random
import socket
import subprocess
import sys
import threading
import time

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
sys.path.insert(0, os.path.join(ROOT, "tests", "e2e"))

from lab import frames  # noqa: E402

PORTS = [f"access{n}" for n in range(1, 9)] + ["av1", "av2", "av3", "core"]
TV = [f"239.10.{n // 8}.{n % 8 + 1}" for n in range(40)]
AV = [f"239.20.0.{n}" for n in range(1, 9)]
LISTEN = "127.0.0.1:8080"


# --- Inside the namespace of the crowd ----------------------------------------------------------

class Wire:
    """One cable: hosts that share it, and what they send."""

    def __init__(self, number):
        self.number = number
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        self.socket.bind((f"c{number}", 0))
        self.lock = threading.Lock()

    def mac(self, host):
        return f"02:00:00:00:{self.number:02x}:{host:02x}"

    def address(self, host):
        return f"10.77.{self.number}.{host}"

    def report(self, host, groups, kind=frames.TO_EX, sources=()):
        self.send(*frames.many_reports(self.mac(host), self.address(host), groups, kind=kind, sources=sources))

    def send(self, *raw):
        for frame in raw:
            try:
                self.socket.send(frame)
            except OSError:  # the queue is full: what a busy network does too
                pass


def play(streams):
    """Sends [(wire, frame, frames a second)] until the end."""
    due = [time.monotonic() + random.random() / rate for _, _, rate in streams]
    while True:
        at = min(range(len(due)), key=due.__getitem__)
        wait = due[at] - time.monotonic()
        if wait > 0:
            time.sleep(wait)
        wire, frame, rate = streams[at]
        wire.send(frame)
        due[at] = max(due[at] + 1 / rate, time.monotonic() - 0.2)


def crowd():
    random.seed(7)
    wires = [Wire(n + 1) for n in range(len(PORTS))]
    core = wires[-1]
    core.send(frames.pim_hello(core.mac(1), "10.77.0.9", holdtime_s=3600))
    watched = {}
    for wire in wires[:8]:
        for host in range(1, random.randint(3, 9)):
            for group in random.sample(TV[:28], random.randint(1, 3)):
                wire.report(host, [group])
                watched.setdefault((wire.number, host), []).append(group)
    for wire in wires[8:11]:
        wire.report(1, random.sample(AV, 4))
    wires[3].report(9, ["232.1.1.1"], kind=frames.ALLOW, sources=["10.77.12.50"])
    streams = []
    for n, group in enumerate(TV[:24]):
        data = frames.Data(core.mac(50), "10.77.12.50", group, size=1358)
        streams.append((core, data.frame, [25, 60, 110, 190][n % 4]))
    for group in AV[:6]:
        data = frames.Data(wires[8].mac(9), wires[8].address(9), group, size=500)
        streams.append((wires[8], data.frame, 40))
    streams.append((core, frames.Data(core.mac(50), "10.77.12.50", "232.1.1.1", size=1358).frame, 60))
    threading.Thread(target=play, args=(streams,), daemon=True).start()
    print("ready", flush=True)
    while True:  # people change channels
        time.sleep(random.uniform(0.5, 1.5))
        (number, host), groups = random.choice(list(watched.items()))
        wire = wires[number - 1]
        if len(groups) > 1:
            wire.report(host, [groups.pop()], kind=frames.TO_IN)
        else:
            groups.append(random.choice(TV[:28]))
            wire.report(host, groups[-1:])


# --- Outside --------------------------------------------------------------------------------------

def picture(browser, path, theme="dark", width=1440, height=820, fragment="", pause=1.5):
    browser.prefer(theme)
    browser.size(width, height)
    browser.run("location.hash = arguments[0]", fragment)
    if fragment:
        browser.wait("return document.getElementById('detail-body').textContent.length > 40")
    time.sleep(pause)
    browser.driver.save_screenshot(path)
    print(f"{path}: {os.path.getsize(path) // 1024} kB")


def main(directory):
    from lab.browser import Browser, missing
    from lab.daemon import Daemon
    from lab.netns import Lab
    if missing():
        sys.exit(missing())
    os.makedirs(directory, exist_ok=True)
    lab = Lab()
    switch, people = lab.namespace("dut"), lab.namespace("crowd")
    for n, name in enumerate(PORTS, 1):
        lab.wire(switch, name, people, f"c{n}")
    ports = [{"name": name, "device": f"net_af_packet{n},iface={name},framecnt=2048",
              "access-vlan": 20 if name.startswith("av") else 10} for n, name in enumerate(PORTS)]
    ports[-1]["trunk-vlans"] = [20]
    daemon = Daemon(lab, switch)
    daemon.configure(ports, {
        10: {"querier-source": "10.77.0.254", "query-interval": 125, "query-max-response-time": 1,
             "unregistered": "drop",
             "static": [{"group-address": "239.10.3.1", "ports": ["access1", "access2"]}]},
        20: {"send-query": False, "query-interval": 125},
    }, dashboard={"listen": LISTEN})
    daemon.start()
    daemon.settled(10)
    inside = lab.start(people, sys.executable, os.path.abspath(__file__), "--crowd",
                       stdout=subprocess.PIPE, text=True)
    assert inside.stdout.readline() == "ready\n"
    with switch.entered():
        browser = Browser(f"http://{LISTEN}")
        try:
            browser.open()
            time.sleep(33)  # for the little graphs to fill, and for an alarm to be raised
            at = lambda name: os.path.join(directory, name)  # noqa: E731
            picture(browser, at("dashboard-dark.png"))
            picture(browser, at("dashboard-light.png"), theme="light")
            picture(browser, at("dashboard-port.png"), fragment="port=access4")
            picture(browser, at("dashboard-group.png"), theme="light", fragment="group=10/232.1.1.1")
            picture(browser, at("dashboard-phone.png"), width=390, height=844)
        finally:
            browser.close()
    daemon.stop()
    lab.close()


if __name__ == "__main__":
    if sys.argv[1:] == ["--crowd"]:
        crowd()
    else:
        main(*sys.argv[1:] or [os.path.join(ROOT, "docs", "pictures")])
