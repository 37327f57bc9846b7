# SPDX-License-Identifier: BSD-3-Clause
"""`make demo DEMO=proxy`: two upstream routers, viewers in two VLANs, one proxy (RFC 4605) between them.

Shows a join going upstream, what the router then knows, the stream coming down with its TTL less one to
the ports that asked, a camera downstream that is heard upstream, the second upstream taking over when the
first one's cable is cut, and the leave; then the table of frames expected and seen. Exits non-zero when
they differ.
"""
import sys
import time

from stage import DATAPLANE, Stage, main  # also finds the lab

from lab.bridge import KernelQuerier
from lab.daemon import Daemon
from lab.edge import DOWNSTREAM, INTERFACES, PORT, Edge, edge_ports
from lab.frames import Data

GROUP, SSM, CAMERA = "239.1.1.1", "232.1.1.1", "239.9.9.9"
SOURCE, OTHER = "10.9.9.1", "10.9.9.2"
COUNT = 500
PLACES = ("up", "up2", "a1", "a2", "b1")


def spoken(memberships):
    """What a router knows, in words; without what routers and snoopers join themselves."""
    rows = [f"{group} {mode} {{{', '.join(sorted(sources))}}}"
            for group, (mode, sources) in sorted(memberships.items())
            if not group.startswith("224.0.0.")]
    return "\n".join(f"  {row}" for row in rows) or "  nothing"


def groups_of(router):
    return {group for group in router.memberships() if not group.startswith("224.0.0.")}


class Demo(Stage):
    def __init__(self, keep):
        super().__init__(keep)
        self.edge = Edge(self.lab)
        self.daemon = Daemon(self.lab, self.edge.switch)
        self.daemon.configure(edge_ports(), {10: {"unregistered": "drop"}, 20: {"unregistered": "drop"}},
                              interfaces=INTERFACES, proxies=[
                                  {"name": "edge", "upstream": ["wan", "wan2"], "downstream": DOWNSTREAM}],
                              dataplane=DATAPLANE)

    def stream(self, phase, sender, group, source, expected):
        """Sends COUNT frames and notes who got how many."""
        port = PORT.get(sender.name, sender.name)
        before = self.frames_in(port)
        stream = self.edge.stream(sender, group, source, count=COUNT, gap=0.0005)
        self.daemon.wait(lambda: self.frames_in(port) >= before + COUNT, "sluiced to have them all")
        wanted = {place: COUNT for place in expected}
        deadline = time.monotonic() + 3
        while time.monotonic() < deadline and self.edge.counts(stream) != wanted:
            time.sleep(0.02)
        got = self.edge.counts(stream)
        for place in PLACES:
            if self.edge.hosts[place] is not sender:
                self.note(phase, group, place, COUNT, wanted.get(place, 0), got.get(place, 0))
        return stream

    def frames_in(self, port):
        return self.daemon.json("show", "ports", "--port", port)["ports"][0]["rx"]["packets"]

    def tell(self, name, router):
        print(f"router {name} knows:\n{spoken(router.memberships())}", flush=True)

    def run(self):
        edge, daemon = self.edge, self.daemon
        self.say("two upstream routers (the kernel's own querier) and sluiced: upstream wan, in reserve "
                 "wan2;\n    downstream VLAN 10 with viewers a1, a2 and VLAN 20 with viewer b1")
        up, up2 = KernelQuerier(edge.up), KernelQuerier(edge.up2)
        daemon.start()
        daemon.settled(10, 20)
        print(self.text("status"))
        print(f"a1 pings its gateway: {'answered' if edge.a1.ping('10.77.10.254') else 'NO ANSWER'}")

        self.say(f"a1 (IGMPv2) joins {GROUP}; b1 (IGMPv3) joins it for {SOURCE} only, and {SSM} too")
        edge.a1.igmp_version(2)
        edge.b1.join(GROUP, SOURCE)
        edge.b1.join(SSM, SOURCE)
        daemon.wait(lambda: up.memberships().get(GROUP) == ("include", {SOURCE}), "the first join")
        self.tell("up", up)
        joined = time.monotonic()
        edge.a1.join(GROUP)
        daemon.wait(lambda: up.memberships().get(GROUP) == ("exclude", set()), "the merge")
        print(f"and {(time.monotonic() - joined) * 1000:.0f} ms after a1's join, which asks for any source,",
              "the merge of both:")
        self.tell("up", up)
        self.show("proxy")

        self.say(f"streams from upstream: {OTHER} and {SOURCE} to {GROUP}, {SOURCE} to {SSM}")
        stream = self.stream("down, other", edge.up, GROUP, OTHER, {"a1"})
        self.stream("down", edge.up, GROUP, SOURCE, {"a1", "b1"})
        self.stream("down, SSM", edge.up, SSM, SOURCE, {"b1"})
        seen = edge.first_frame(edge.a1, stream)
        print(f"TTL as sent {stream.frame[22]}, as a1 got it {seen[22]}; "
              f"source MAC {seen[6:12].hex(':')} is the appliance's")
        print(self.text("explain", "--vlan", 100, "--port", "wan", "--group", GROUP, "--source", SOURCE))

        self.say(f"b1's camera sends to {CAMERA}: upstream always, and to a2, who joins it")
        self.stream("up", edge.b1, CAMERA, None, {"up"})
        edge.a2.join(CAMERA)
        daemon.wait_members(CAMERA, {"a2"})
        self.stream("up and across", edge.b1, CAMERA, None, {"up", "a2"})

        self.say("the cable of wan is cut while both routers send")
        first, second = Data(edge.up.mac, SOURCE, GROUP), Data(edge.up2.mac, OTHER, GROUP)
        for host, data in ((edge.up, first), (edge.up2, second)):
            host.ask("stream_start", frame=data.frame.hex(), offset=data.offset, gap=0.001)
        daemon.wait(lambda: edge.span(edge.a1, first), "the first stream")
        edge.up.space.ip("link", "set", "eth0", "down")
        daemon.wait(lambda: edge.span(edge.a1, second), "the second upstream's stream")
        away = edge.span(edge.a1, second)[0] - edge.span(edge.a1, first)[1]
        for host in (edge.up, edge.up2):
            host.ask("stream_stop")
        print(f"a1 went without a stream for {away * 1000:.0f} ms")
        self.show("proxy")
        daemon.wait(lambda: {GROUP, SSM, CAMERA} <= groups_of(up2), "the memberships at the second router")
        self.tell("up2", up2)
        self.stream("cut: by wan2", edge.up2, GROUP, OTHER, {"a1"})

        self.say("and mended: back to wan")
        edge.up.space.ip("link", "set", "eth0", "up")
        daemon.wait(lambda: daemon.proxy()["upstream"] == "wan", "the first upstream to be used again", 20)
        daemon.wait(lambda: {GROUP, SSM, CAMERA} <= groups_of(up), "the memberships at the first router", 20)
        self.stream("mended: by wan", edge.up, GROUP, OTHER, {"a1"})
        self.stream("wan2 is refused", edge.up2, GROUP, OTHER, set())

        self.say("everybody leaves")
        left = time.monotonic()
        for host in (edge.a1, edge.a2, edge.b1):
            host.leave_all()
        daemon.wait(lambda: not groups_of(up), "the router to see the leave")
        print(f"router up saw it {time.monotonic() - left:.2f} s after the leave: "
              "two last member queries of 0.2 s below, two above")
        self.stream("all have left", edge.up, GROUP, SOURCE, set())
        self.show("proxy", "ports")
        return self.report()

    def hints(self, ctl):
        viewer = f"ip netns exec {self.edge.b1.space.name}"
        return (f"{ctl} show proxy",
                f"{ctl} watch",
                f"{viewer} ip addr add 239.5.5.5/32 dev eth0 autojoin",
                f"ip netns exec {self.edge.up.space.name} bridge -d mdb show",
                f"{ctl} explain --vlan 100 --port wan --group 239.5.5.5 --source {SOURCE}",
                f"{viewer} ip addr del 239.5.5.5/32 dev eth0",
                f"{viewer} ping -c 3 10.77.20.254")


if __name__ == "__main__":
    sys.exit(main(Demo, __doc__))
