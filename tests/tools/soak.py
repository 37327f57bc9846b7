# SPDX-License-Identifier: BSD-3-Clause
"""`make soak SECONDS=600`: everything hostile that tests/tools/hostile.py knows, on a running sluiced
for a while: joins and leaves of all versions by hosts that exist and that do not, in VLANs that are
carried and that are not, more groups than there is room for, queries from wrong places, broken frames,
clients that mumble and hang up. Afterwards, in silence, memory, buffers, tables and file descriptors
must be back where they were, and it must work as before."""
import argparse
import os
import random
import socket
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "e2e"))

from hostile import ControlClient, Frames, HttpClient, Inside  # noqa: E402
from lab import frames  # noqa: E402
from lab.daemon import Daemon, program  # noqa: E402
from lab.netns import Lab  # noqa: E402

PORTS = 4
OWN = {"name": "own", "vlan": 10, "address": "10.77.0.254/24"}
BATCH = 200
METRICS, DASHBOARD = 9464, 8080
ROOM_KIB = 16 * 1024    # of resident memory: what an allocator keeps
WARM_UP = 20            # seconds: buffers and tables are touched for the first time


class Soak:
    def __init__(self, seed):
        self.rng = random.Random(seed)
        self.lab = Lab()
        self.switch, self.outside = self.lab.namespace("dut"), self.lab.namespace("out")
        for number in range(1, PORTS + 1):
            self.lab.wire(self.switch, f"p{number}", self.outside, f"e{number}")
            self.outside.ip("link", "set", f"e{number}", "arp", "off", "multicast", "off")
        self.daemon = Daemon(self.lab, self.switch)
        with Inside(self.outside):
            self.senders = [self._sender(f"e{number}") for number in range(1, PORTS + 1)]
        self.frames = Frames(self.rng)
        self.sent = self.acted = 0

    @staticmethod
    def _sender(name):
        sender = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        sender.bind((name, 0))
        return sender

    def start(self):
        """Few entries and few groups to a port, so that the limits are met."""
        ports = [{"name": f"p{n}", "device": f"net_af_packet{n - 1},iface=p{n}", "access-vlan": 10,
                  "trunk-vlans": [20, 30]} for n in range(1, PORTS + 1)]
        snooping = {"unregistered": "drop", "fast-leave": True}
        vlans = {10: {**snooping, "querier-source": "10.77.0.254", "max-groups": 1000},
                 20: {**snooping, "querier-source": "10.77.1.254", "explicit-tracking": False},
                 30: {**snooping, "send-query": False, "report-policy": "forward"}}
        self.daemon.configure(ports, vlans, interfaces=[OWN],
                              dataplane={"group-entries": 2048, "mac-entries": 1024,
                                         "mac-ageing-time": 10, "idle-sleep-us": 50})
        self.listeners = []
        for section, port in (("metrics", METRICS), ("dashboard", DASHBOARD)):
            with_it = self.daemon.read() + f'\n[{section}]\nlisten = "127.0.0.1:{port}"\n'
            without = self.daemon.read()
            self.daemon.write(with_it)
            done = subprocess.run([program("sluiced"), "--config", self.daemon.file, "--check"],
                                  check=False, capture_output=True)
            if done.returncode == 0:
                self.listeners.append(port)
            else:
                self.daemon.write(without)
        self.daemon.start()
        self.daemon.settled(10)
        self.clients = [ControlClient(self.daemon.socket, self.rng)]
        self.clients += [HttpClient(self.switch, port, self.rng) for port in self.listeners]

    def churn(self, until):
        while time.monotonic() < until:
            for _ in range(BATCH):
                frame = self.frames._one()  # pylint: disable=protected-access
                try:
                    self.rng.choice(self.senders).send(frame[:1514 + 4])
                    self.sent += 1
                except OSError:
                    pass  # the cable is full
            self.rng.choice(self.clients).act()
            self.acted += 1
            assert self.daemon.process.poll() is None, f"it ended:\n{self.daemon.log[-3000:]}"

    def quiet(self):
        """Until all that was learned has timed out and been returned."""
        for client in self.clients:
            client.close()
            client.held.clear()
        wait, counters = self.daemon.wait, self.daemon.counters
        wait(lambda: counters()["snooping_memberships"] == 0, "memberships to end", 90)
        wait(lambda: not self.daemon.mrouters(), "router ports to be forgotten", 90)
        wait(lambda: self.daemon.querier(10)["state"] == "querier", "to be the querier again", 90)
        wait(lambda: counters()["fib_retired"] == 0, "retired memory to return", 30)
        wait(lambda: counters()["mac_entries"] == 0, "MAC addresses to age", 60)

    def snapshot(self):
        counters, pid = self.daemon.counters(), self.daemon.process.pid
        with open(f"/proc/{pid}/status", encoding="utf-8") as file:
            status = dict(line.split(":", 1) for line in file)
        return {"rss_kib": int(status["VmRSS"].split()[0]), "threads": int(status["Threads"]),
                "descriptors": len(os.listdir(f"/proc/{pid}/fd")),
                "mbufs": counters["mbufs_in_use"], "header mbufs": counters["header_mbufs_in_use"],
                "entries": counters["fib_entries"], "egress sets": counters["fib_egress_sets"],
                "memberships": counters["snooping_memberships"]}

    def works(self):
        """A join takes effect."""
        frame = frames.plain_igmp_frame("02:00:00:00:00:07", "10.77.0.7", "224.0.0.22",
                                        frames.v3_report(frames.v3_record(4, "239.200.0.1")))
        self.senders[0].send(frame)
        self.daemon.wait_members("239.200.0.1", {"p1"})

    def tell(self, when):
        now = self.snapshot()
        busy = {name: value for name, value in self.daemon.counters().items()
                if value and (name.startswith("punt_over_limit") or "refused" in name)}
        print(f"{when}: {now}; {self.sent} frames, {self.acted} clients; {busy}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    soak = Soak(options.seed)
    try:
        soak.start()
        soak.churn(time.monotonic() + WARM_UP)
        soak.quiet()
        before = soak.snapshot()
        print("before:", before, "listeners:", soak.listeners, flush=True)
        end = time.monotonic() + options.seconds
        while time.monotonic() < end:
            soak.churn(min(end, time.monotonic() + 30))
            soak.tell(f"{max(0.0, end - time.monotonic()):5.0f} s left")
        soak.quiet()
        after = soak.snapshot()
        print("after: ", after)
        soak.works()
        changed = [name for name in before if name != "rss_kib" and after[name] != before[name]]
        grown = after["rss_kib"] - before["rss_kib"]
        if changed or grown > ROOM_KIB:
            print(f"FAILED: not back at the start: {', '.join(changed)}; resident memory {grown:+} KiB")
            return 1
        print(f"back at the start; resident memory {grown:+} KiB")
        return 0
    finally:
        soak.lab.close()


if __name__ == "__main__":
    sys.exit(main())
