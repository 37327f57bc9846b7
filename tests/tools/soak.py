# SPDX-License-Identifier: BSD-3-Clause
"""`make soak`: joins, leaves, data and rubbish on a running sluiced for a while; afterwards memory,
buffers and tables must be back where they were. `--seconds N` (default 600)."""
import argparse
import os
import random
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "e2e"))

from lab import frames  # noqa: E402
from lab.daemon import Daemon  # noqa: E402
from lab.network import Network, af_packet_ports  # noqa: E402


def resident_kib(pid):
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
        return int(next(line for line in file if line.startswith("VmRSS")).split()[1])


def snapshot(daemon):
    counters = daemon.counters()
    return {"rss_kib": resident_kib(daemon.process.pid), "mbufs": counters["mbufs_in_use"],
            "header mbufs": counters["header_mbufs_in_use"], "entries": counters["fib_entries"],
            "memberships": counters["snooping_memberships"]}


def churn(net, rng):
    host = rng.choice([net.h1, net.h2, net.h3])
    batch = []
    for _ in range(100):
        group = f"239.{rng.randrange(1, 4)}.{rng.randrange(256)}.{rng.randrange(1, 255)}"
        source = f"10.77.{rng.randrange(1, 200)}.{rng.randrange(1, 255)}"
        kind = rng.randrange(8)
        if kind < 6:
            payload = frames.v3_report(frames.v3_record(
                kind + 1, group, [f"10.77.9.{n}" for n in range(1, rng.randrange(1, 9))]))
        elif kind == 6:
            payload = frames.v2_report(group)
        else:
            payload = frames.v2_leave(group)
        if rng.random() < 0.1:  # rubbish
            payload = bytes(rng.randrange(256) for _ in range(rng.randrange(1, 60)))
        batch.append(frames.igmp_frame(host.mac, source, "224.0.0.22", payload))
    host.send(*batch)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=600)
    seconds = parser.parse_args().seconds
    net = Network()
    try:
        daemon = Daemon(net.lab, net.switch)
        daemon.configure(af_packet_ports(), {10: {"querier-source": "10.77.0.254"}})
        daemon.start()
        daemon.settled(10)
        rng = random.Random(1)
        # Tables and pools reach their size once; growth is what comes after that.
        for _ in range(50):
            churn(net, rng)
        daemon.wait(lambda: daemon.counters()["snooping_memberships"] == 0, "the first round to end", 60)
        before = snapshot(daemon)
        print("before:", before, flush=True)
        end = time.monotonic() + seconds
        told = 0
        while time.monotonic() < end:
            churn(net, rng)
            if time.monotonic() > told + 30:
                told = time.monotonic()
                print(f"{end - told:5.0f} s left:", snapshot(daemon), flush=True)
        daemon.wait(lambda: daemon.counters()["snooping_memberships"] == 0, "memberships to end", 60)
        daemon.wait(lambda: daemon.counters()["fib_retired"] == 0, "retired memory to return", 20)
        after = snapshot(daemon)
        print("after: ", after)
        same = all(after[k] == before[k] for k in ("mbufs", "header mbufs", "entries", "memberships"))
        grown = after["rss_kib"] - before["rss_kib"]
        if not same or grown > 16 * 1024:
            print(f"FAILED: resident memory grew by {grown} KiB" if same else "FAILED: not back at the start")
            return 1
        print(f"back at the start; resident memory {grown:+} KiB")
        return 0
    finally:
        net.close()


if __name__ == "__main__":
    sys.exit(main())
