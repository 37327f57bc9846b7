# SPDX-License-Identifier: BSD-3-Clause
"""`make demo`: a source, three viewers and a querier in network namespaces, one switch.

Shows who joins and leaves, what the switch knows at each step, and at the end a table of frames sent
against frames received by each viewer, expected and seen; exits non-zero when they differ.
"""
import sys

from stage import DATAPLANE, Stage, main  # also finds the lab

from lab.bridge import KernelQuerier
from lab.daemon import Daemon
from lab.frames import Data, barrier
from lab.host import Host

GROUP, OTHER, SSM, SOURCE = "239.1.1.1", "239.129.1.1", "232.1.1.1", "10.77.0.66"
COUNT = 500


class Demo(Stage):
    def __init__(self, keep):
        super().__init__(keep)
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
        self.daemon.configure(ports, {10: {"querier-source": "10.77.0.254", "unregistered": "drop"}},
                              dataplane=DATAPLANE)

    def stream(self, phase, group, expected):
        """Sends COUNT frames and notes what each viewer got."""
        data = Data(self.source.mac, SOURCE, group)
        self.source.ask("data", frame=data.frame.hex(), offset=data.offset, count=COUNT, gap=0.0005)
        self.settle()
        for name in ("viewer1", "viewer2", "viewer3"):
            rows = self.hosts[name].ask("streams", numbers=[data.number])[str(data.number)]
            self.note(phase, group, name, COUNT, COUNT if name in expected else 0, len(rows))

    def settle(self):
        """Returns when all that was sent before has arrived."""
        frame, token = barrier(self.source.mac)
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
        print(self.text("status"))

        self.say("a querier appears on port querier and is elected: 10.77.0.9 is lower than ours")
        KernelQuerier(self.querier)
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
        print(self.text("explain", "--vlan", 10, "--port", "source", "--group", GROUP))

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

    def hints(self, ctl):
        viewer = f"ip netns exec {self.viewer1.space.name}"
        return (f"{ctl} show groups",
                f"{ctl} watch",
                f"{ctl} explain --vlan 10 --port source --group {GROUP}",
                f"{viewer} ping -c 3 {self.viewer2.address}",
                f"{viewer} ip addr add 239.5.5.5/32 dev eth0 autojoin",
                f"{viewer} ip addr del 239.5.5.5/32 dev eth0")


if __name__ == "__main__":
    sys.exit(main(Demo, __doc__))
