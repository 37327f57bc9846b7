# SPDX-License-Identifier: BSD-3-Clause
"""`make deb-check`: the package on a machine that has nothing else of ours.

Makes a plain Debian 12 in a folder, installs the package with apt, and runs the command line of the
unit there with the capabilities, environment and read-only file system that the unit would have: as
it comes, and with each kind of device that needs no card. Upgrades it, removes it, purges it. Looks
at the package with lintian and at the unit with systemd-analyze. Then boots that Debian, where that
can be done, and has its systemd run the unit. Everything is gone afterwards.

    sudo tests/tools/deb_check.py FOLDER_WITH_DEB [--keep]
"""
import argparse
import glob
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile

from booted_root import BootedRoot, CannotBoot
from unit_life import GROUP, live

MIRROR = "http://deb.debian.org/debian"
UNIT = "lib/systemd/system/sluiced.service"
STATE = "var/lib/sluice"
DROP_INS = "usr/share/doc/sluice/examples/systemd"
SPACE = f"sluice-deb-{os.getpid()}"

CONFIGURATION = """[dataplane]
main-core    = 0
worker-cores = [1]
huge-pages   = "off"
{ports}
[[vlan]]
id = 10
"""


def run(*command, check=True, **options):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False, **options)
    if check and done.returncode:
        raise SystemExit(f"{' '.join(command)}: exit {done.returncode}\n{done.stdout[-4000:]}")
    return done


def make_root(root, deb):
    run("mmdebstrap", "--quiet", "--variant=apt", "bookworm", root, MIRROR, timeout=900)
    shutil.copy(deb, os.path.join(root, "tmp"))
    run("chroot", root, "apt-get", "-qq", "update")
    run("chroot", root, "apt-get", "-qq", "-y", "--no-install-recommends", "install",
        f"/tmp/{os.path.basename(deb)}", env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
        timeout=900)


def settings_of(root, drop_ins):
    """What the unit and its drop-ins say: lists add up, and an empty value empties, as in systemd."""
    found = {}
    for path in [UNIT, *(os.path.join(DROP_INS, name) for name in drop_ins)]:
        with open(os.path.join(root, path), encoding="utf-8") as file:
            for line in file:
                name, equals, value = line.strip().partition("=")
                if not equals or name.startswith("#"):
                    continue
                words = value.split()
                found[name] = found.get(name, []) + words if words else []
    return found


def memory_can_be_locked():
    """Whether we may do what LimitMEMLOCK=infinity does; a container's root may not."""
    return run("bash", "-c", "ulimit -l unlimited", check=False).returncode == 0


class Unit:
    """The unit's command line, run as systemd would run it. A drop-in's name adds that drop-in."""

    def __init__(self, root, drop_ins):
        self.root = root
        self.run_folder = f"{root}-run"
        os.makedirs(f"{self.run_folder}/sluice")
        gid = int(run("chroot", root, "getent", "group", "sluice").stdout.split(":")[2])
        os.chown(f"{self.run_folder}/sluice", 0, gid)
        os.chmod(f"{self.run_folder}/sluice", 0o750)
        os.chown(f"{root}/{STATE}", 0, gid)
        os.chmod(f"{root}/{STATE}", 0o750)
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notify.bind(f"{self.run_folder}/notify")
        self.notify.settimeout(1)

        settings = settings_of(root, drop_ins)
        capabilities = [f"+{name.removeprefix('CAP_').lower()}"
                        for name in settings["CapabilityBoundingSet"]]
        if "af-xdp.conf" in drop_ins and not memory_can_be_locked():
            capabilities.append("+ipc_lock")   # in the place of LimitMEMLOCK=infinity
        # Root with a small bounding set has, once it has started a program, that set and no more.
        inside = f"""set -e
            ulimit -l unlimited 2>/dev/null || true
            mount --bind {root} {root}
            mount --bind {root}/{STATE} {root}/{STATE}
            mount --bind {self.run_folder} {root}/run
            mount -t proc proc {root}/proc
            mount -t sysfs sysfs {root}/sys
            mount --rbind /dev {root}/dev
            mount -t tmpfs tmpfs {root}/tmp
            mount -o remount,ro,bind {root}
            umask 0027
            exec chroot {root} setpriv --regid sluice --clear-groups --no-new-privs \
              --bounding-set {",".join(["-all", *capabilities])} -- {" ".join(settings["ExecStart"])}"""
        self.log = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(
            ["ip", "netns", "exec", SPACE, "unshare", "--mount", "bash", "-c", inside],
            stdout=self.log, stderr=subprocess.STDOUT,
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "NOTIFY_SOCKET": "/run/notify",
                 "WATCHDOG_USEC": "1000000", "RUNTIME_DIRECTORY": "/run/sluice"})

    def wait_for(self, message):
        for _ in range(60):
            try:
                if message in self.notify.recv(4096).decode().split("\n"):
                    return
            except socket.timeout:
                if self.process.poll() is not None:
                    break
        raise SystemExit(f"no {message} from sluiced; its log:\n{self.read_log()}")

    def ctl(self, *arguments, user=()):
        """sluicectl in the same root, by default as root."""
        words = " ".join(arguments)
        return run("unshare", "--mount", "bash", "-c",
                   f"mount --bind {self.run_folder} {self.root}/run && "
                   f"exec chroot {self.root} {' '.join(user)} sluicectl {words}", check=False)

    def capabilities(self):
        """Of the running process, as names."""
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as file:
            mask = re.search(r"^CapEff:\s+(\w+)", file.read(), re.M).group(1)
        return run("capsh", f"--decode={mask}").stdout.strip().partition("=")[2]

    def read_log(self):
        self.log.seek(0)
        return self.log.read()

    def stop(self):
        self.process.terminate()
        try:
            code = self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        self.notify.close()
        shutil.rmtree(self.run_folder)
        return code


def port(number, device):
    return f"""
[[port]]
name        = "p{number}"
device      = "{device}"
access-vlan = 10
"""


def fetch(url):
    """As a browser on the machine would."""
    return run("ip", "netns", "exec", SPACE, sys.executable, "-c",
               f"import urllib.request; print(urllib.request.urlopen('{url}').read().decode())").stdout


def newer_version(deb, folder):
    """The same package, built later."""
    tree, newer = os.path.join(folder, "newer"), os.path.join(folder, "newer.deb")
    run("dpkg-deb", "--raw-extract", deb, tree)
    file = os.path.join(tree, "DEBIAN/control")
    with open(file, encoding="utf-8") as control:
        text = control.read()
    with open(file, "w", encoding="utf-8") as control:
        control.write(re.sub(r"^(Version: .*)$", r"\1+next", text, flags=re.M))
    run("dpkg-deb", "--root-owner-group", "--build", tree, newer)
    return newer


def try_life(root, deb, folder):
    """A configuration of the operator's own, an upgrade, removal, purge."""
    file = os.path.join(root, "etc/sluice/sluice.toml")
    with open(file, "a", encoding="utf-8") as out:
        out.write('[metrics]\nlisten = "127.0.0.1:9464"\n[dashboard]\nlisten = "127.0.0.1:8080"\n')
    shutil.copy(newer_version(deb, folder), os.path.join(root, "tmp/newer.deb"))
    unit = Unit(root, [])
    try:
        unit.wait_for("READY=1")
        for url, text in (("9464/metrics", "sluice_build_info{"), ("8080/", "<title>Sluice")):
            if text not in fetch("http://127.0.0.1:" + url):
                raise SystemExit(f"{url} does not say {text}")
        unit.ctl("static", "add", "--vlan 10 --group 239.1.1.1 --port p1")
        run("chroot", root, "dpkg", "-i", "/tmp/newer.deb", stdin=subprocess.DEVNULL)
    finally:
        unit.stop()
    unit = Unit(root, [])
    try:
        unit.wait_for("READY=1")
        rows = json.loads(unit.ctl("show", "groups", "--json").stdout)["groups"]
    finally:
        unit.stop()
    if [row["group"] for row in rows] != ["239.1.1.1"] or "[metrics]" not in open(file).read():
        raise SystemExit(f"not kept over an upgrade: {rows}\n{unit.read_log()}")
    left = {}
    for how in ("--remove", "--purge"):
        run("chroot", root, "dpkg", how, "sluice")
        left[how] = [path for path in ("usr/sbin/sluiced", "etc/sluice/sluice.toml", f"{STATE}/state", STATE)
                     if os.path.exists(os.path.join(root, path))]
    if left != {"--remove": ["etc/sluice/sluice.toml", f"{STATE}/state", STATE], "--purge": []}:
        raise SystemExit(f"left behind: {left}")
    print("metrics and dashboard answer; upgrade keeps what is known, remove the files, purge nothing")


def try_unit(root, what, ports=None, drop_ins=()):
    """Starts it, asks it, stops it."""
    file = os.path.join(root, "etc/sluice/sluice.toml")
    original = open(file, encoding="utf-8").read()
    if ports:
        with open(file, "w", encoding="utf-8") as out:
            out.write(CONFIGURATION.format(ports="".join(port(n, d) for n, d in enumerate(ports, 1))))
    unit = Unit(root, drop_ins)
    try:
        unit.wait_for("READY=1")
        unit.wait_for("WATCHDOG=1")
        status = unit.ctl("status", "--json")
        if status.returncode or json.loads(status.stdout)["state"] != "running":
            raise SystemExit(f"{what}: sluicectl status: {status.stdout}\n{unit.read_log()}")
        mode = os.stat(f"{unit.run_folder}/sluice/sluice.sock")
        group = run("chroot", root, "getent", "group", str(mode.st_gid)).stdout.partition(":")[0]
        if (mode.st_mode & 0o777, mode.st_uid, group) != (0o660, 0, "sluice"):
            raise SystemExit(f"{what}: the socket is {oct(mode.st_mode)} {mode.st_uid}:{group}")
        member = unit.ctl("status", user=("setpriv", "--reuid=nobody", "--regid=sluice", "--clear-groups"))
        stranger = unit.ctl("status", user=("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"))
        if member.returncode != 0 or stranger.returncode != 3:
            raise SystemExit(f"{what}: {member.stdout} {stranger.stdout}")
        print(f"{what}: runs with {unit.capabilities() or 'no capability'}", flush=True)
    finally:
        code = unit.stop()
        with open(file, "w", encoding="utf-8") as out:
            out.write(original)
    if code or re.search(r"^\S+ error ", unit.read_log(), re.M):
        raise SystemExit(f"{what}: ended with {code}\n{unit.read_log()}")


def try_systemd(root, deb, folder):
    """Boots a copy of the root, in which the unit is enabled, and goes through the unit's whole life."""
    copy = os.path.join(folder, "booted")
    run("cp", "-a", root, copy)
    shutil.copy(deb, os.path.join(copy, "root/again.deb"))
    run("chroot", copy, "systemctl", "enable", "sluiced")
    try:
        machine = BootedRoot(copy, SPACE)
    except CannotBoot as reason:
        print(f"systemd itself: left out, it cannot be booted here: {reason}")
        return
    try:
        for n in (1, 2):
            run("ip", "-n", SPACE, "link", "set", f"eth{n}", "netns", str(machine.first))
            run("nsenter", "-t", str(machine.first), "--net", "ip", "link", "set", f"eth{n}", "up")
        run("ip", "-n", SPACE, "address", "add", "10.77.0.1/24", "dev", "far1")
        run("ip", "-n", SPACE, "address", "add", f"{GROUP}/32", "dev", "far1", "autojoin")
        ports = "".join(port(n, f"net_af_packet{n},iface=eth{n}") for n in (1, 2))
        live(machine, os.path.join(copy, "etc/sluice/sluice.toml"),
             f'[system]\nstate-file = "/{STATE}/state"\n{CONFIGURATION.format(ports=ports)}'
             "[vlan.igmp-snooping]\nquery-max-response-time = 1\n")
    finally:
        machine.close()
    print("systemd itself: starts it at boot; reload, restart, kill -9, watchdog, stop, bad file, "
          "upgrade, remove")


def check_package(root, deb):
    print(run("dpkg-deb", "--info", deb).stdout)
    print(run("dpkg-deb", "--contents", deb).stdout)
    lint = run("lintian", "--fail-on", "error,warning", "--allow-root", deb, check=False)
    print(f"lintian: {lint.stdout.strip() or 'clean'}")
    verify = run("systemd-analyze", "--man=no", f"--root={root}", "verify", "sluiced.service", check=False)
    print(f"systemd-analyze verify: {verify.stdout.strip() or 'clean'}")
    security = run("systemd-analyze", f"--root={root}", "security", "--offline=yes",
                   "sluiced.service", check=False).stdout
    print(f"systemd-analyze security: {security.strip().splitlines()[-1]}")
    if lint.returncode or verify.returncode:
        raise SystemExit("the package or its unit is not right")
    run("chroot", root, "sh", "-c", "sluiced --config /etc/sluice/sluice.toml --check")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", help="where the .deb is")
    parser.add_argument("--keep", action="store_true", help="leave the root for a look")
    parser.add_argument("--root", help="an installed root that --keep left: only the runs")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended from outside"))   # by way of `finally`
    deb = max(glob.glob(os.path.join(arguments.folder, "sluice_*.deb")), key=os.path.getmtime)
    folder = tempfile.mkdtemp(prefix="sluice-deb-")
    root = arguments.root or os.path.join(folder, "root")
    run("ip", "netns", "add", SPACE)
    run("ip", "-n", SPACE, "link", "set", "lo", "up")
    try:
        if not arguments.root:
            make_root(root, deb)
            check_package(root, deb)
        for n in (1, 2):
            run("ip", "-n", SPACE, "link", "add", f"eth{n}", "type", "veth", "peer", "name", f"far{n}")
            for end in (f"eth{n}", f"far{n}"):
                run("ip", "-n", SPACE, "link", "set", end, "up")
        try_unit(root, "as it comes")
        try_unit(root, "net_af_packet", [f"net_af_packet{n},iface=eth{n}" for n in (1, 2)])
        try_unit(root, "net_tap", [f"net_tap{n},iface=new{n}" for n in (1, 2)])
        try_unit(root, "net_af_xdp", [f"net_af_xdp{n},iface=eth{n}" for n in (1, 2)], ["af-xdp.conf"])
        try_unit(root, "net_memif", [
            f"net_memif{n},role=server,id={n},socket=/run/sluice/memif.sock,socket-abstract=no"
            for n in (1, 2)], ["memif.conf"])
        try_systemd(root, deb, folder)
        if not arguments.keep:
            try_life(root, deb, folder)
        print("the package works on a clean machine")
    finally:
        run("ip", "netns", "del", SPACE, check=False)
        if arguments.keep:
            print(f"left: {root}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
