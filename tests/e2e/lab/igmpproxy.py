# SPDX-License-Identifier: BSD-3-Clause
"""igmpproxy in the place of sluiced: the same namespace, the same wires, the kernel's forwarding."""
import os
import subprocess

PROGRAM = "/usr/sbin/igmpproxy"


def installed():
    return os.access(PROGRAM, os.X_OK)


class IgmpProxy:
    """`upstream` and each of `downstreams`: (interface, address, ports). An interface of several
    ports is a bridge without snooping; of one port, that port itself."""

    def __init__(self, lab, space, upstream, downstreams, quick_leave=False):
        self.lab, self.space = lab, space
        self.interfaces = [upstream, *downstreams]
        lines = ["quickleave"] if quick_leave else []
        lines += [f"phyint {upstream[0]} upstream ratelimit 0 threshold 1", "altnet 0.0.0.0/0"]
        lines += [f"phyint {name} downstream ratelimit 0 threshold 1" for name, _, _ in downstreams]
        known = {name for name, _, _ in self.interfaces}
        lines += [f"phyint {port} disabled" for _, _, ports in self.interfaces for port in ports
                  if port not in known]
        self.file = os.path.join(lab.directory, "igmpproxy.conf")
        with open(self.file, "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")
        self.log_file = os.path.join(lab.directory, "igmpproxy.log")
        self.process = None

    def start(self):
        self.space.run("sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv4.conf.all.rp_filter=0")
        for name, address, ports in self.interfaces:
            if ports != [name]:
                self.space.ip("link", "add", name, "type", "bridge", "mcast_snooping", "0")
                for port in ports:
                    self.space.ip("link", "set", port, "master", name)
                self.space.ip("link", "set", name, "up")
            self.space.ip("addr", "add", f"{address}/24", "dev", name)
            self.space.run("sysctl", "-qw", f"net.ipv4.conf.{name}.rp_filter=0")
        with open(self.log_file, "w", encoding="utf-8") as log:
            self.process = self.lab.start(self.space, PROGRAM, "-n", "-v", "-v", self.file,
                                          stdout=log, stderr=subprocess.STDOUT)
        return self

    @property
    def log(self):
        with open(self.log_file, encoding="utf-8", errors="replace") as file:
            return file.read()

    def stop(self):
        self.process.terminate()
        self.process.wait(5)
        for name, _, ports in self.interfaces:
            self.space.ip("addr", "flush", "dev", name)
            if ports != [name]:
                self.space.ip("link", "del", name)
        self.space.run("sysctl", "-qw", "net.ipv4.ip_forward=0")
