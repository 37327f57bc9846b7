# SPDX-License-Identifier: BSD-3-Clause
"""RFC 3918 procedures that load the device: aggregated multicast throughput, scaled group forwarding
matrix, mixed class throughput, multicast latency, group capacity. Port 0 is the ingress, the others
are egresses."""
import socket
import statistics
import struct
import time

import search
import switches
from program import Broken
from wires import Wires

SOURCE_ADDRESS = "10.77.0.66"
FIRST_GROUP = "239.1.0.0"
TOLERANCE = 0.001  # of the offered load against the intended one (CR-09)
TOP_RATE = 1_000_000
LINE_10G = 10e9


def theoretical(frame_size, link=LINE_10G):
    """Frames per second of an Ethernet link (RFC 2544 section 20)."""
    return int(link / ((frame_size + 20) * 8))


def groups_from(count, first=FIRST_GROUP):
    begin = struct.unpack("!I", socket.inet_aton(first))[0]
    return [socket.inet_ntoa(struct.pack("!I", begin + n)) for n in range(count)]


def burst(rate):
    """Frames sent at a time: none at low rates, so that latency is that of single frames."""
    return max(1, min(32, int(rate / 20_000)))


def verdict(outcome, intended):
    """"passed", "lost", or why the trial is invalid (CR-09, CR-11)."""
    for offered, (rate, count) in zip(outcome["offered"], intended):
        if offered["refused"] or offered["frames"] != count:
            return "the generator did not send all"
        expected = (count - 1) / rate
        if offered["seconds"] > expected * (1 + TOLERANCE) + 0.002:
            return "offered less than the intended load"
    if abs(outcome["clock_step_ns"]) > 100_000:
        return "the clock was set"
    for port in outcome["ports"]:
        if port["ring_drops"]:
            return "the tester lost frames itself"
        if port["altered"]:
            return "a frame arrived changed"
    bad = ("lost", "duplicates", "leaked", "wrong_egress")
    return "lost" if any(port[b] for port in outcome["ports"] for b in bad) else "passed"


class Bed:
    """Cables, a device, and groups that the egress ports have joined."""

    def __init__(self, context, device, egress, frame_size=64, silent=0):
        self.wires = Wires(context.build, 1 + egress + silent)
        self.egress = list(range(1, 1 + egress))
        self.frame_size = frame_size
        try:
            self.switch = device(self.wires)
            self.switch.__enter__()
        except BaseException:
            self.wires.__exit__()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.switch.__exit__()
        self.wires.__exit__()

    def source(self, rate, duration, groups, order="sequence", hosts=(), **more):
        return {"port": 0, "rate": rate, "count": max(1, round(rate * duration)),
                "burst": burst(rate), "frame_size": self.frame_size, "address": SOURCE_ADDRESS,
                "order": order, "routed": self.switch.routes, "hosts": list(hosts),
                "groups": [{"first": FIRST_GROUP, "count": groups, "expect": self.egress}], **more}

    def join(self, groups, first=FIRST_GROUP, patience=10.0):
        """All egress ports join all groups; returns the seconds until frames of each come to each
        (CR-02, CR-06), as seen from outside."""
        begin = time.monotonic()
        frames = [(port, switches.joins(self.switch.version, port, groups_from(groups, first)))
                  for port in self.egress]
        sources = [{"port": port, "rate": 2000 if self.switch.version == 3 else 100_000,
                    "count": len(said), "raw": said} for port, said in frames]
        longest = max(source["count"] / source["rate"] for source in sources)
        self.wires.trial(duration=longest + 0.02, residual=0.02, sources=sources)
        while True:
            outcome = self.prime(groups)
            if verdict_of_members(outcome):
                return time.monotonic() - begin
            if time.monotonic() - begin > patience:
                raise Broken(f"{self.switch.name}: {groups} groups joined, and not all arrive")
            time.sleep(0.05)

    def prime(self, groups, rate=20_000):
        """A frame to every group, or a few when there are few."""
        frames = max(groups, 20)
        rate = min(50_000, max(rate, frames))
        return self.wires.trial(duration=frames / rate + 0.001, residual=0.1,
                                sources=[self.source(rate, frames / rate, groups)])

    def trial(self, rate, duration, groups, order="sequence", hosts=(), **more):
        source = self.source(rate, duration, groups, order, hosts, **more)
        outcome = self.wires.trial(duration=duration + 0.001, residual=0.2, sources=[source])
        return verdict(outcome, [(rate, source["count"])]), outcome


def verdict_of_members(outcome):
    return not any(port["lost"] for port in outcome["ports"])


# --- Procedures ------------------------------------------------------------------------------------

def aggregated_throughput(context, device, egress, groups=1, frame_size=64, duration=0.3,
                          hosts=False, top=TOP_RATE, resolution=0.01):
    """AT-01, AT-02; with `hosts` MC-01 to MC-04. Returns (search.Found, conditions)."""
    with Bed(context, device, egress, frame_size) as bed:
        bed.join(groups)
        unicast = [{"mac": switches.mac_of(port), "address": f"10.77.{port + 1}.1",
                    "expect": [port]} for port in bed.egress] if hosts else []
        if unicast:
            state, _ = bed.trial(1000, 0.1, groups, hosts=unicast)
            if state != "passed":
                raise Broken(f"{bed.switch.name}: unicast addresses were not learned ({state})")
        found = search.highest_without_loss(
            lambda rate: bed.trial(rate, duration, groups, hosts=unicast), top, top * resolution,
            confirm=lambda rate: bed.trial(rate, 3 * duration, groups, hosts=unicast))
        return found, conditions(bed, groups, frame_size, 3 * duration)


def forwarding_matrix(context, device, egress, steps, rate, frame_size=64, duration=0.5):
    """SG-01 to SG-03: rows of groups, order, sent, received, aggregate forwarding rate."""
    rows = []
    with Bed(context, device, egress, frame_size) as bed:
        for groups in steps:
            learn_s = bed.join(groups, patience=20)
            for order in ("random", "zipf"):
                state, outcome = bed.trial(rate, duration, groups, order)
                received = sum(outcome["ports"][port]["received"] for port in bed.egress)
                offered = outcome["offered"][0]
                rows.append({"groups": groups, "order": order, "intended": rate, "verdict": state,
                             "sent": offered["frames"], "received": received, "learn-s": learn_s,
                             "forwarding-rate": received / max(offered["seconds"], 1e-9)})
        return rows, conditions(bed, steps[-1], frame_size, duration)


def latency(context, device, egress, rates, repetitions, frame_size=64, duration=0.1, groups=1):
    """ML-01 to ML-06, MM-01: for each rate the samples of all valid trials, the set M of the tagged
    frame by egress, and the reasons of the invalid ones."""
    with Bed(context, device, egress, frame_size) as bed:
        if device is not switches.Testpmd:
            bed.join(groups)
        points = []
        for rate in rates:
            point = {"rate": rate, "samples_us": [], "tagged_us": [], "min-max-us": [],
                     "invalid": {}}
            for _ in range(repetitions):
                state, outcome = bed.trial(rate, duration, groups)
                if state != "passed":
                    point["invalid"][state] = point["invalid"].get(state, 0) + 1
                    continue
                ports = [outcome["ports"][port] for port in bed.egress]
                tagged = [port["tagged_ns"][0] / 1e3 for port in ports]
                point["tagged_us"].append(tagged)
                point["min-max-us"].append(max(tagged) - min(tagged))
                point["samples_us"].append([port["latency_ns"] for port in ports])
            points.append(point)
        return points, conditions(bed, groups, frame_size, duration)


def group_capacity(context, limit, step, egress=1, frame_size=64):
    """GC-01 to GC-03: groups are added until one of them does not arrive; a port that joined nothing
    has to stay silent. Sluice is set to hold `limit` entries."""
    def device(wires):
        return switches.Sluice(wires, dataplane={"group-entries": limit})
    rows = []
    with Bed(context, device, egress, frame_size, silent=1) as bed:
        groups = step
        while True:
            begin = time.monotonic()
            try:
                bed.join(groups, patience=1.5 if groups > limit else 15)
            except Broken:
                pass
            learn_s = time.monotonic() - begin
            outcome = bed.prime(groups)
            silent = max(outcome["ports"][port]["silent_flows"] for port in bed.egress)
            leaked = sum(port["leaked"] for port in outcome["ports"])
            rows.append({"groups": groups, "sent": outcome["offered"][0]["frames"],
                         "received": sum(outcome["ports"][p]["received"] for p in bed.egress),
                         "groups-that-failed": silent, "leaked": leaked, "learn-s": learn_s,
                         "resident-mb": resident_mb(bed.switch.daemon.process.pid)})
            if silent or leaked or groups > limit:
                break
            groups = groups + 1 if groups == limit else min(groups + step, limit)
        passed = [row["groups"] for row in rows
                  if not row["groups-that-failed"] and not row["leaked"]]
        return (max(passed) if passed else 0), rows, conditions(bed, groups, frame_size, None)


def resident_mb(pid):
    with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as file:
        for line in file:
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
    return None


def conditions(bed, groups, frame_size, duration):
    return {"device": bed.switch.name, "configuration": bed.switch.settings,
            "igmp-version": bed.switch.version, "egress-ports": len(bed.egress), "groups": groups,
            "frame-size": frame_size, "duration-s": duration, "tolerance": TOLERANCE,
            "theoretical-10g": theoretical(frame_size),
            "timestamps": "kernel software; one host is generator and device: a software-only "
                          "set-up, its numbers are relative"}


def pooled(points):
    """Latency over repetitions: the mean of each trial's percentile (RFC 2544 section 26.2)."""
    rows = [row for ports in points["samples_us"] for row in ports]
    if not rows:
        return None
    return {part: statistics.fmean(row[key] for row in rows) / 1e3
            for part, key in (("mean", "mean"), ("p50", "p50"), ("p99", "p99"), ("p99.9", "p999"))
            } | {"min": min(row["min"] for row in rows) / 1e3,
                 "max": max(row["max"] for row in rows) / 1e3, "trials": len(points["samples_us"])}
