# SPDX-License-Identifier: BSD-3-Clause
"""Throughput of one worker core without a network card: net_pcap replays frames at the speed of
memory, net_null throws copies away, and testpmd does the same beside it. One dimension at a time
around fan-out 1, one group, 64 bytes; then the figures that compare two of these points."""
from dataclasses import dataclass, field

import churn
import links
import ovs
import scrape
import traffic
from alternate import together
from record import Result
from sluiced import MAX_PORTS, Shape
from trials import Bench, Broken, detail, invalid, need_mb, setup_of, write

MOST = MAX_PORTS - 1  # outputs: one of Debian DPDK's 32 ports receives
SIZES = (64, 128, 256, 512, 1024, 1518)
GROUPS = {"1": 1, "1k": 1024, "16k": 16384, "64k": 65536}
NO_MORE_PORTS = f"Debian's DPDK is built for {MAX_PORTS} ports: {MOST} outputs are the most"


@dataclass
class Point:
    """One point of the matrix: copies out per second ÷ testpmd's packets, or cycles per copy."""
    id: str
    title: str
    shape: Shape
    frames: int = traffic.SMALL
    size: int = 64
    cycles: bool = False
    floor: float = None
    aim: float = None
    quick: bool = False
    why: str = ""


def points():
    known = {1: (0.70, 0.80), 8: (1.30, 1.50)}
    for fan_out in (1, 2, 4, 8, 16, MOST):
        floor, aim = known.get(fan_out, (None, None))
        yield Point(f"fanout-{fan_out}", f"fan-out {fan_out}, one group: copies ÷ macswap",
                    Shape(fan_out), floor=floor, aim=aim, quick=fan_out in known,
                    why=NO_MORE_PORTS if fan_out == MOST else "")
    yield Point("fanout-64-routed", "fan-out 64, routed to 2 VLANs on 32 ports: copies ÷ macswap",
                Shape(2 * MAX_PORTS, routed=True))
    for fan_out in (1, 8):
        for size in SIZES[1:]:
            last = fan_out == 8 and size == 1518
            yield Point(f"size-{size}-fanout-{fan_out}",
                        f"{size} bytes, fan-out {fan_out}: copies ÷ macswap", Shape(fan_out),
                        size=size, floor=2.5 if last else None, aim=3.5 if last else None,
                        quick=last)
    for fan_out in (1, 8):
        for label, groups in GROUPS.items():
            if fan_out == 1 or groups in (1, 65536):
                yield Point(f"groups-{label}-fanout-{fan_out}",
                            f"{label} {'group' if groups == 1 else 'groups'}, big file, fan-out "
                            f"{fan_out}: copies ÷ macswap",
                            Shape(fan_out, groups), frames=traffic.BIG)
    yield Point("tagged-in-8", "tagged in and out, fan-out 8: copies ÷ macswap",
                Shape(8, tagged_in=True, tagged_out=True))
    for name, title, shape in (
            ("tagged-8", "untagged in, tagged out", Shape(8, tagged_out=True)),
            ("mixed-8", "untagged in, 4 tagged and 4 untagged out", Shape(8, mixed_out=True)),
            ("routed-8", "routed", Shape(8, routed=True)),
            ("routed-tagged-8", "routed, tagged out", Shape(8, routed=True, tagged_out=True))):
        yield Point(name, f"{title}, fan-out 8: cycles per copy", shape, cycles=True, floor=80,
                    aim=50, quick=name in ("tagged-8", "routed-8"))
    for fan_out, label in ((1, "1"), (8, "1"), (1, "16k")):
        many = GROUPS[label] > 1
        yield Point(f"sources-{label}-fanout-{fan_out}",
                    f"(S,G), {label} {'groups, big file' if many else 'group'}, fan-out {fan_out}: "
                    "copies ÷ macswap", Shape(fan_out, GROUPS[label], sources=True),
                    frames=traffic.BIG if many else traffic.SMALL)
    yield Point("routed-1", "routed, fan-out 1: copies ÷ macswap", Shape(1, routed=True))
    for fan_out in (1, 8):
        yield Point(f"workers-2-fanout-{fan_out}",
                    f"two workers, fan-out {fan_out}: copies ÷ macswap on two cores",
                    Shape(fan_out, workers=2))


def measure_point(bench, point):
    result = Result(point.id, point.title, None, "cycles" if point.cycles else "x",
                    "lower" if point.cycles else "higher", point.floor, point.aim, why=point.why)
    workers = point.shape.workers
    if workers > len(bench.machine.worker_cores):
        return invalid(result, f"needs {workers + 1} cores, one of them for the control thread; "
                       f"there are {len(bench.machine.cores)}")
    if point.cycles and not bench.machine.hz:
        return invalid(result, "no time stamp counter here")
    if point.cycles:
        def figure(rates):
            return bench.machine.hz * workers / rates["sluice"].copies
    else:
        def figure(rates):
            return rates["sluice"].copies / rates["macswap"].frames
    try:
        with bench.folder() as folder:
            file = write(folder, point.frames, point.shape, point.size)
            devices = [*bench.peers(folder, file, point.frames, workers),
                       bench.sluice(folder, point.shape, file, point.frames)]
            trial, said = bench.trial(devices, figure, need_mb(point.frames, 3, workers))
    except Broken as broken:
        return invalid(result, broken)
    result.value, result.spread = trial.value, trial.spread
    result.detail = detail(bench, trial, said, setup_of(point.shape, point.frames, point.size))
    return result


@dataclass
class Comparison:
    """Two shapes of sluiced side by side: how much the second one costs against the first."""
    id: str
    title: str
    first: Shape
    second: Shape
    frames: int
    better: str           # "lower": cycles per copy; "higher": frames per second
    floor: float
    aim: float
    quick: bool = True
    why: str = ""
    peers: tuple = field(default=("macswap",))
    # Where tables lie in the machine's memory differs from start to start, and with it the rate.
    starts: int = 1


COMPARISONS = (
    Comparison("copy-31-to-8", "fan-out 31, cycles per copy ÷ those at fan-out 8", Shape(8),
               Shape(MOST), traffic.SMALL, "lower", 1.15, 1.0, why=NO_MORE_PORTS),
    Comparison("copy-64-to-8", "fan-out 64, cycles per copy ÷ those at fan-out 8, both routed",
               Shape(8, routed=True), Shape(64, routed=True), traffic.SMALL, "lower", 1.15, 1.0,
               why="64 copies are 2 VLANs on 32 ports, which only routing reaches"),
    Comparison("groups-64k-to-1", "64k groups ÷ 1 group, big file, fan-out 1", Shape(1, 1),
               Shape(1, 65536), traffic.BIG, "higher", 0.70, 0.85, starts=5),
    Comparison("groups-1m-to-64k", "1M groups ÷ 64k groups, 1M frames, random order",
               Shape(1, 65536), Shape(1, 1048576), traffic.HUGE, "higher", 0.65, 0.75,
               quick=False, peers=()),
)


def measure_comparison(bench, comparison):
    result = Result(comparison.id, comparison.title, None, "x", comparison.better,
                    comparison.floor, comparison.aim, why=comparison.why)
    frames = comparison.frames

    def figure(rates):
        if comparison.better == "higher":
            return rates["sluice"].frames / rates["sluice-first"].frames
        return rates["sluice-first"].copies / rates["sluice"].copies
    try:
        with bench.folder() as folder:
            first = write(folder, frames, comparison.first, name="first")
            second = write(folder, frames, comparison.second, name="second")
            trials = []
            for _ in range(comparison.starts):
                devices = [bench.sluice(folder, comparison.first, first, frames, "sluice-first"),
                           *bench.peers(folder, second, frames, modes=comparison.peers),
                           bench.sluice(folder, comparison.second, second, frames)]
                trial, said = bench.trial(devices, figure, need_mb(frames, len(devices)))
                trials.append(trial)
            trial = together(trials)
    except Broken as broken:
        return invalid(result, broken)
    result.value, result.spread = trial.value, trial.spread
    result.detail = detail(bench, trial, said, setup_of(comparison.second, frames, 64))
    result.detail["set-up-first"] = setup_of(comparison.first, frames, 64)
    result.detail["first-frames-per-s"] = trial.median("sluice-first", "frames")
    result.detail["first-copies-per-s"] = trial.median("sluice-first", "copies")
    return result


def run(context):
    bench = Bench(context)
    results = []

    def take(item, measure):
        if context.wants(item.id) and (item.quick or not context.quick or context.only):
            context.progress(item.title)
            results.append(measure(bench, item))
    for point in points():
        take(point, measure_point)
    for comparison in COMPARISONS:
        take(comparison, measure_comparison)
    for extra in (churn, scrape, links, ovs):
        results += extra.run(bench)
    return results
