# SPDX-License-Identifier: BSD-3-Clause
"""The life of sluiced.service under a real systemd, seen through systemctl and journalctl.

The unit is enabled, and the machine has just been booted; a host on a port of the configuration is a
member of GROUP, and the package is there as /root/again.deb.
"""
import json
import time

GROUP = "239.1.2.3"


class Service:
    def __init__(self, machine):
        self.machine = machine

    def do(self, *command, code=0):
        done = self.machine.run(*command)
        if done.returncode != code:
            raise SystemExit(f"{' '.join(command)}: exit {done.returncode}\n{done.stdout}\n{self.log()}")
        return done.stdout

    def log(self):
        return self.machine.run("journalctl", "-u", "sluiced", "--no-pager").stdout

    def expect(self, what, is_so, seconds=0.0):
        deadline = time.monotonic() + seconds
        while not is_so():
            if time.monotonic() > deadline:
                raise SystemExit(f"under systemd, not so: {what}\n{self.log()}")
            time.sleep(0.2)

    def show(self, *names):
        return [self.do("systemctl", "show", "sluiced", "--value", "-p", name).strip() for name in names]

    def groups(self):
        """None while nobody answers."""
        answer = self.machine.run("sluicectl", "show", "groups", "--json")
        return None if answer.returncode else [row["group"] for row in json.loads(answer.stdout)["groups"]]

    def signal(self, name, restarts, seconds):
        """Sends it; systemd is to bring the daemon back, and that its group."""
        self.do("systemctl", "kill", "--kill-whom=main", f"--signal={name}", "sluiced")
        self.expect(f"after SIG{name} it comes back",
                    lambda: self.show("NRestarts") == [restarts] and self.groups() == [GROUP], seconds)


def live(machine, file, configuration):
    service = Service(machine)

    def write(text):
        with open(file, "w", encoding="utf-8") as out:
            out.write(text)

    service.expect("it runs after the boot", lambda: service.groups() == [], 60)
    write(configuration)
    service.do("systemctl", "restart", "sluiced")
    service.expect("it hears the host", lambda: service.groups() == [GROUP], 10)

    write(configuration + "fast-leave = true\n")
    service.do("systemctl", "reload", "sluiced")
    write(configuration.replace('"p2"', '"p3"'))
    service.do("systemctl", "reload", "sluiced", code=1)
    service.expect("a refused reload leaves it running", lambda: service.show("ActiveState") == ["active"])
    service.expect("and is told", lambda: "event=reload-refused" in service.log(), 2)
    write(configuration)

    service.do("systemctl", "restart", "sluiced")
    service.expect("memberships outlive a restart", lambda: " memberships=1 " in service.log(), 2)
    service.signal("KILL", "1", 10)
    service.signal("STOP", "2", 25)
    service.expect("the watchdog did that", lambda: "Watchdog timeout" in service.log(), 2)

    service.do("systemctl", "stop", "sluiced")
    service.expect("a clean stop", lambda: service.show("Result", "ActiveState") == ["success", "inactive"])
    write(configuration.replace("access-vlan", "acess-vlan"))
    service.do("systemctl", "start", "sluiced", code=1)
    time.sleep(1)
    service.expect("a bad file is not tried again", lambda: service.show(
        "ActiveState", "ExecMainStatus", "NRestarts") == ["failed", "2", "0"])
    write(configuration)

    service.do("systemctl", "start", "sluiced")
    before = service.show("MainPID")
    service.do("dpkg", "-i", "/root/again.deb")
    service.expect("an upgrade restarts it", lambda: service.show("MainPID") not in (before, ["0"]))
    service.do("dpkg", "--remove", "sluice")
    service.expect("removal stops it", lambda: service.show("MainPID") == ["0"])
