# SPDX-License-Identifier: BSD-3-Clause
"""Sluice and testpmd behind a device that a real peer could be at: shared memory (memif) and
AF_XDP on a veth pair. A testpmd on the control thread's core feeds each, and may well be the limit:
these compare what the two make of the same device, and are no record of speed."""
import contextlib
import os
import subprocess

from machine import pool_mb
from program import Broken
from record import Result
from sluiced import Shape
from testpmd import Testpmd
from trials import detail, invalid, need_mb, setup_of, write
import traffic

FRAMES = traffic.SMALL
MBUFS = 16384 + traffic.SMALL


def feeder(bench, folder, name, file, output, namespace=None):
    device = Testpmd(folder, bench.machine, "io", [file], MBUFS, name=f"feeder-{name}",
                     output=output)
    device.cores = [bench.machine.main_core]
    device.namespace = namespace
    return device


@contextlib.contextmanager
def memif(bench, folder, file):
    """Two pairs of devices that are the same but for who is behind them."""
    def device(name, role):
        return f"net_memif0,role={role},socket={folder}/{name}.memif,socket-abstract=no"
    macswap = Testpmd(folder, bench.machine, "macswap", [], MBUFS, inputs=device("a", "server"))
    sluice = bench.sluice(folder, Shape(1), file, FRAMES, input_device=device("b", "server"))
    for name, of in (("a", macswap), ("b", sluice)):
        of.companions.append(feeder(bench, folder, name, file, device(name, "client")))
    yield [macswap, sluice]


@contextlib.contextmanager
def af_xdp(bench, folder, file):
    if os.geteuid() != 0:
        raise Broken("AF_XDP needs root, for a network namespace and for the sockets")
    space = f"sluice-bench-{os.getpid()}"

    def ip(*words):
        done = subprocess.run(["ip", *words], check=False, capture_output=True, text=True)
        if done.returncode != 0:
            raise Broken(f"ip {' '.join(words)}: {done.stderr.strip()}")
    ip("netns", "add", space)
    try:
        for name in ("a", "b"):
            ip("-n", space, "link", "add", f"{name}0", "type", "veth", "peer", "name", f"{name}1")
            for end in (f"{name}0", f"{name}1"):
                ip("-n", space, "link", "set", end, "up", "arp", "off", "multicast", "off")
        macswap = Testpmd(folder, bench.machine, "macswap", [], MBUFS,
                          inputs="net_af_xdp0,iface=a1")
        sluice = bench.sluice(folder, Shape(1), file, FRAMES, input_device="net_af_xdp0,iface=b1")
        for name, of in (("a", macswap), ("b", sluice)):
            of.namespace = space
            of.companions.append(feeder(bench, folder, name, file,
                                        f"net_af_packet0,iface={name}0,qdisc_bypass=1", space))
        yield [macswap, sluice]
    finally:
        subprocess.run(["ip", "netns", "del", space], check=False, capture_output=True)


KINDS = (("memif-1", "memif in, fan-out 1: copies ÷ macswap", memif),
         ("af-xdp-1", "AF_XDP on veth in, fan-out 1: copies ÷ macswap", af_xdp))


def run(bench):
    results = []
    for name, title, devices in KINDS:
        if not bench.context.wants(name) or (bench.context.quick and not bench.context.only):
            continue
        bench.context.progress(title)
        result = Result(name, title, None, "x")
        try:
            results.append(_measure(bench, result, devices))
        except Broken as broken:
            results.append(invalid(result, broken))
    return results


def _measure(bench, result, make):
    shape = Shape(1)
    with bench.folder() as folder, \
            make(bench, folder, write(folder, FRAMES, shape)) as devices:
        trial, said = bench.trial(devices, lambda r: r["sluice"].copies / r["macswap"].frames,
                                  need_mb(FRAMES, 2) + 2 * pool_mb(MBUFS))
    result.value, result.spread = trial.value, trial.spread
    result.detail = detail(bench, trial, said, setup_of(shape, FRAMES, 64))
    rate = trial.median("sluice", "frames") / 1e6
    result.why = f"{rate:.2f} million frames a second; what feeds both may be the limit"
    return result
