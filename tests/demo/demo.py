# SPDX-License-Identifier: BSD-3-Clause
"""`make demo`: a source, three viewers and a querier in network namespaces, one switch.

Shows who joins and leaves, what the switch knows at each step, and at the end a table of frames sent
against frames received by each viewer, expected and seen; exits non-zero when they differ.
"""
import argparse
import json
import os
import signal
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "e2e"))
STATE = "/run/sluice-demo.json"

GROUP, OTHER, SSM, SOURCE = "239.1.1.1", "239.129.1.1", "232.1.1.1", "10.77.0.66"
COUNT = 500


def ctl_text(daemon, *words):
    return daemon.ctl(*words).stdout.rstrip()


class Demo:
    def __init__(self, keep):
        from lab.daemon import Daemon
        from lab.host import Host
        from lab.netns import Lab
        self.lab = Lab(keep=keep)
        self.switch = self.lab.namespace("switch")
        self.hosts = {}
        for name, address, port in (("source", SOURCE, "p1"), ("viewer1", "10.77.0.1", "p2"),
                                    ("viewer2", "10.77.0.2", "p3"), ("viewer3", "10.77.0.3", "p4"),
                                    ("querier", "10.77.0.9", "p5")):
            host = Host(self.lab, name, address)
            self.lab.wire(self.switch, port, host.space, "eth0")
            host.plugged_in()
            self.hosts[name] = host
            setattr(self, name, host)
        self.daemon = Daemon(self.lab, self.switch)
        ports = [{"name": name, "device": f"net_af_packet{n},iface=p{n + 1}", "access-vlan": 10}
                 for n, name in enumerate(("source", "viewer1", "viewer2", "viewer3", "querier"))]
        self.daemon.configure(ports, {10: {"querier-source": "10.77.0.254", "unregistered": "drop"}})
        self.rows = []

    def say(self, text):
        print(f"\n=== {text}", flush=True)

    def show(self, *whats):
        for what in whats:
            print(f"$ sluicectl show {what}\n{ctl_text(self.daemon, 'show', what)}", flush=True)

    def start_querier(self):
        """The kernel's own querier: a bridge with mcast_querier, IGMPv3, an address of its own."""
        space = self.querier.space
        space.ip("addr", "flush", "dev", "eth0")
        space.ip("link", "add", "br0", "type", "bridge", "mcast_snooping", "1",
                 "mcast_igmp_version", "3", "mcast_query_use_ifaddr", "1",
                 "mcast_query_interval", "200", "mcast_query_response_interval", "50",
                 "mcast_startup_query_interval", "50")
        space.ip("link", "set", "eth0", "master", "br0")
        space.ip("addr", "add", self.querier.address + "/24", "dev", "br0")
        space.ip("link", "set", "br0", "up")
        space.ip("link", "set", "br0", "type", "bridge", "mcast_querier", "1")

    def stream(self, phase, group, expected):
        """Sends COUNT frames and notes what each viewer got."""
        from lab.frames import Data
        data = Data(self.source.mac, SOURCE, group)
        self.source.ask("data", frame=data.frame.hex(), offset=data.offset, count=COUNT, gap=0.0005)
        self.settle()
        for name in ("viewer1", "viewer2", "viewer3"):
            rows = self.hosts[name].ask("streams", numbers=[data.number])[str(data.number)]
            self.rows.append((phase, group, name, COUNT, COUNT if name in expected else 0, len(rows)))

    def settle(self):
        """Returns when all that was sent before has arrived."""
        from lab import frames
        frame, token = frames.barrier(self.source.mac)
        viewers = [self.hosts[f"viewer{n}"] for n in (1, 2, 3)]
        marks = [viewer.mark() for viewer in viewers]
        self.source.send(frame)
        for viewer, mark in zip(viewers, marks):
            if not viewer.saw(token, since=mark):
                raise AssertionError(f"{viewer.name} did not see the source's broadcast")

    def run(self):
        daemon = self.daemon
        self.say("sluiced starts: five ports, VLAN 10")
        daemon.start()
        daemon.settled(10)
        print(ctl_text(daemon, "status"))

        self.say("a querier appears on port querier and is elected: 10.77.0.9 is lower than ours")
        self.start_querier()
        daemon.wait(lambda: daemon.querier()["state"] == "non-querier", "the election", 20)
        self.show("queriers", "mrouters")

        self.say(f"viewer1 (IGMPv2) and viewer2 (IGMPv3) join {GROUP}; viewer3 joins {OTHER}, which "
                 "has the same MAC address")
        self.viewer1.igmp_version(2)
        self.viewer1.join(GROUP)
        self.viewer2.join(GROUP)
        self.viewer3.join(OTHER)
        daemon.wait_members(GROUP, {"viewer1", "viewer2"})
        daemon.wait_members(OTHER, {"viewer3"})
        self.show("groups")
        self.stream("both joined", GROUP, {"viewer1", "viewer2"})
        self.stream("same MAC", OTHER, {"viewer3"})
        self.show("fib")

        self.say("why? sluicectl explain")
        print(ctl_text(daemon, "explain", "--vlan", 10, "--port", "source", "--group", GROUP))

        self.say(f"viewer1 leaves {GROUP}")
        self.viewer1.leave(GROUP)
        daemon.wait_members(GROUP, {"viewer2"})
        self.show("groups")
        self.stream("viewer1 left", GROUP, {"viewer2"})

        self.say(f"viewer3 joins {SSM} from {SOURCE} only (SSM)")
        self.viewer3.join(SSM, SOURCE)
        daemon.wait_members(SSM, {"viewer3"})
        self.stream("SSM", SSM, {"viewer3"})
        self.say("a group that nobody wants (unregistered = drop)")
        self.stream("unwanted", "239.7.7.7", set())
        self.show("fib", "ports")
        return self.report()

    def report(self):
        self.say("frames sent and received")
        form = "{:<14} {:<14} {:<9} {:>6} {:>9} {:>6}  {}"
        print(form.format("PHASE", "GROUP", "VIEWER", "SENT", "EXPECTED", "SEEN", ""))
        wrong = 0
        for phase, group, viewer, sent, expected, seen in self.rows:
            wrong += expected != seen
            print(form.format(phase, group, viewer, sent, expected, seen,
                              "ok" if expected == seen else "WRONG"))
        print(f"\n{'all as expected' if not wrong else f'{wrong} rows differ'}")
        return 1 if wrong else 0

    def keep(self):
        from lab.daemon import program
        names = [space.name for space in self.lab.namespaces] if hasattr(self.lab, "namespaces") else []
        pids = [process.pid for process in self.lab.processes if process.poll() is None]
        with open(STATE, "w", encoding="utf-8") as file:
            json.dump({"namespaces": names, "pids": pids, "directory": self.lab.directory}, file)
        ctl = f"{os.path.relpath(program('sluicectl'))} --socket {self.daemon.socket}"
        print(f"\nIt is left up. Type next:\n"
              f"  {ctl} show groups\n"
              f"  {ctl} watch\n"
              f"  {ctl} explain --vlan 10 --port source --group {GROUP}\n"
              f"  ip netns exec {self.viewer1.space.name} ping -c 3 {self.viewer2.address}\n"
              f"  ip netns exec {self.viewer1.space.name} ip addr add 239.5.5.5/32 dev eth0 autojoin\n"
              f"  ip netns exec {self.viewer1.space.name} ip addr del 239.5.5.5/32 dev eth0\n"
              f"Take it down with: sudo make demo-stop")


def stop():
    if not os.path.exists(STATE):
        print("no demo is up")
        return 0
    with open(STATE, encoding="utf-8") as file:
        state = json.load(file)
    for pid in state["pids"]:
        try:
            os.kill(pid, signal.SIGTERM)
        except ProcessLookupError:
            pass
    time.sleep(0.5)
    for name in state["namespaces"]:
        subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)
    subprocess.run(["rm", "-rf", state["directory"]], check=False)
    os.remove(STATE)
    print("the demo is down")
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", action="store_true", help="leave it up afterwards")
    parser.add_argument("--stop", action="store_true", help="take down what --keep left")
    arguments = parser.parse_args()
    if os.geteuid() != 0:
        print("network namespaces need root: sudo make demo", file=sys.stderr)
        return 1
    if arguments.stop:
        return stop()
    demo = Demo(arguments.keep)
    try:
        code = demo.run()
        if arguments.keep:
            demo.keep()
            os._exit(code)  # without the agents' clean-up
        return code
    finally:
        demo.lab.close()


if __name__ == "__main__":
    sys.exit(main())
