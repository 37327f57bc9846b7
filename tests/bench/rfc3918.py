#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""The RFC 3918 procedures for IP multicast benchmarking as commands, over veth cables and AF_PACKET
ports: `rfc3918.py join-delay --trials 30 --frame-size 64`. As root. Every command prints JSON with the
fields that the report formats of RFC 3918 ask for; `make bench` runs them all by run()."""
import argparse
import json
import os
import platform
import sys
import time
import uuid

import delay
import load
import switches
from machine import Machine
from program import Broken, clean_up_on_signals, stop_all
from record import Context, Result
from wires import Missing, Wires

HERE = os.path.dirname(os.path.abspath(__file__))
DEVICES = {"sluice": switches.Sluice, "bridge": switches.Bridge, "testpmd": switches.Testpmd,
           "mroute": switches.KernelRouting,
           "ovs": switches.OpenVswitch}
FAILURES = (Missing, Broken, RuntimeError, AssertionError, OSError, ValueError)


def guarded(result, measure):
    """`measure` fills the result; what the machine lacks goes into its remark."""
    try:
        measure(result)
    except FAILURES as reason:
        result.value = None
        result.why = (str(reason).splitlines() or [type(reason).__name__])[0]
    return result


# --- For make bench --------------------------------------------------------------------------------

def run(context):
    results = []
    for procedure in (throughput_rows, latency_rows, matrix_rows, capacity_rows, burdened_rows,
                      channel_rows):
        results += procedure(context)
    return results


def throughput_rows(context):
    points = [("rfc-throughput-1", "aggregated multicast throughput, 1 egress", switches.Sluice, 1,
               64, 1, False)]
    if not context.quick:
        points += [
            ("rfc-throughput-4", "aggregated multicast throughput, 4 egresses", switches.Sluice, 4,
             64, 1, False),
            ("rfc-throughput-1-1518", "aggregated multicast throughput, 1 egress, 1518 bytes",
             switches.Sluice, 1, 1518, 1, False),
            ("rfc-throughput-4-bridge", "the same, 4 egresses, Linux bridge", switches.Bridge, 4, 64,
             1, False),
            ("rfc-throughput-4-mroute", "the same, 4 egresses, Linux multicast routing (smcroute)",
             switches.KernelRouting, 4, 64, 1, False),
            ("rfc-mixed-class", "mixed class throughput, 6 groups and unicast to 3 egresses",
             switches.Sluice, 3, 64, 6, True)]
    results = []
    for name, title, device, egress, size, groups, hosts in points:
        if not context.wants(name):
            continue
        context.progress(title)

        def measure(result, args=(device, egress, groups, size), hosts=hosts):
            found, said = load.aggregated_throughput(
                context, *args, duration=0.15 if context.quick else 0.3, hosts=hosts,
                resolution=0.02 if context.quick else 0.01)
            result.value = found.rate
            result.why = "as much as the generator offers" if found.limited_by_generator else ""
            result.detail = {"procedure": "MC" if hosts else "AT", "conditions": said,
                             "trials": found.trials,
                             "share-of-10g": found.rate / said["theoretical-10g"]}
        results.append(guarded(Result(name, title + " (veth)", None, "/s"), measure))
    return results


def latency_rows(context):
    """Devices in alternation; the same load for all."""
    devices = [("sluice", switches.Sluice)] if context.quick else [
        ("sluice", switches.Sluice), ("bridge", switches.Bridge),
        ("mroute", switches.KernelRouting), ("testpmd", switches.Testpmd)]
    rate = 20_000
    devices = [d for d in devices if context.wants(f"rfc-latency-{d[0]}")]
    rounds = {name: [] for name, _ in devices}
    said, missing = {}, {}
    for turn in range(1 if context.quick else 3):
        for name, device in devices:
            context.progress(f"multicast latency, {device.name}, round {turn + 1}")
            try:
                points, said[name] = load.latency(context, device, 1, (rate,), 7)
                rounds[name].append(points[0])
            except FAILURES as reason:
                missing[name] = str(reason).splitlines()[0]
    results = []
    for name, device in devices:
        joined = {key: sum((point[key] for point in rounds[name]), [])
                  for key in ("samples_us", "tagged_us", "min-max-us")}
        pooled = load.pooled(joined)
        for part in ("p50", "p99", "p99.9", "max"):
            result = Result(f"rfc-latency-{name}-{part.replace('.', '')}",
                            f"multicast latency, {device.name}, 20 kfps, {part}", None, "us",
                            "lower")
            if pooled:
                result.value = pooled[part]
            else:
                result.why = missing.get(name, "no valid trial")
            results.append(result)
        if pooled:
            results[-4].detail = {
                "procedure": "ML", "summary": pooled, "set-M-us": joined["tagged_us"],
                "min-max-us": joined["min-max-us"], "conditions": said[name], "rate": rate,
                "forwarding": "store and forward",
                "invalid": [point["invalid"] for point in rounds[name] if point["invalid"]]}
    return results


def matrix_rows(context):
    if context.quick or not context.wants("rfc-matrix"):
        return []
    steps, rate, egress = (10, 100, 1000, 10_000, 65_536), 30_000, 2
    context.progress("scaled group forwarding matrix")

    def measure(result):
        rows, said = load.forwarding_matrix(context, switches.Sluice, egress, steps, rate)
        result.value = min(row["received"] / (row["sent"] * egress) for row in rows)
        result.detail = {"procedure": "SG", "rows": rows, "conditions": said}
    return [guarded(Result("rfc-matrix", "forwarding matrix, 10 to 65,536 groups, 30 kfps, "
                           "2 egresses: received / offered", None, "x"), measure)]


def capacity_rows(context):
    if context.quick or not context.wants("rfc-capacity"):
        return []
    context.progress("group capacity")
    limit = 16384

    def measure(result):
        result.value, rows, said = load.group_capacity(context, limit, 4096)
        result.detail = {"procedure": "GC", "rows": rows, "conditions": said}
        result.why = f"set to hold {limit}"
    return [guarded(Result("rfc-capacity", "multicast group capacity", None, "groups"), measure)]


def burdened_rows(context):
    """Latency while 100,000 reports a second come in by another port (BR-05), beside its baseline;
    burdened join delay is join-delay-load and join-delay-reports."""
    if context.quick or not context.wants("rfc-burdened-latency"):
        return []
    context.progress("burdened multicast latency")

    def measure(result):
        baseline, burdened = [], []
        with load.Bed(context, switches.Sluice, 1, silent=1) as bed:
            bed.join(1)
            reports = {"port": 2, "rate": delay.OTHER_REPORTS, "burst": 5,
                       "raw": delay.other_reports(bed.switch.version)}
            for _ in range(10):
                for samples, more in ((baseline, []), (burdened, [reports])):
                    source = bed.source(10_000, 0.1, 1)
                    outcome = bed.wires.trial(duration=0.101, residual=0.2, sources=[source, *more])
                    state = load.verdict(outcome, [(10_000, source["count"])])
                    if state == "passed":
                        samples.append([outcome["ports"][1]["latency_ns"]])
            said = load.conditions(bed, 1, 64, 0.1)
        base = load.pooled({"samples_us": baseline})
        under = load.pooled({"samples_us": burdened})
        if not base or not under:
            result.why = "no trial without loss"
            return
        result.value = under["p99"]
        result.why = f"baseline {base['p99']:.0f}; p50 {under['p50']:.1f}, baseline {base['p50']:.1f}"
        result.detail = {"procedure": "BR", "baseline": base, "burdened": under,
                         "burden": {"ports": 1, "reports-per-s": delay.OTHER_REPORTS},
                         "conditions": said}
    return [guarded(Result("rfc-burdened-latency", "latency under 100k reports/s, p99", None, "us",
                           "lower"), measure)]


def channel_rows(context):
    if context.quick or not context.wants("rfc-channel-change"):
        return []
    context.progress("channel change")

    def measure(result):
        gaps, invalid, said = channel_change(context, 100)
        if not gaps:
            result.why = "no valid trial: " + "; ".join(invalid)
            return
        result.value = delay.percentile(gaps, 0.99)
        result.detail = {"procedure": "CC", "samples_us": gaps, "plot": "channel-change-delay",
                         "series": "Sluice", "summary": delay.summary(gaps), "invalid": invalid,
                         "conditions": said}
    return [guarded(Result("rfc-channel-change", "channel change: last frame of the old to the first "
                           "of the new group, p99", None, "us", "lower"), measure)]


def channel_change(context, repetitions, rate=100_000):
    """CC-01: one version 3 report leaves one group and joins another. Gaps in microseconds, negative
    when both arrive for a while."""
    channels = ("239.1.1.1", "239.1.1.2")
    port, period = delay.RECEIVER, 0.005
    with Wires(context.build, 2, background=True) as wires, switches.Sluice(wires) as switch:
        messages = [{"at": 0.01, "port": port, "frame": switches.join(3, port, channels[0])}]
        for number in range(repetitions):
            old, new = channels[number % 2], channels[(number + 1) % 2]
            messages.append({"at": 0.02 + number * period, "port": port,
                             "frame": switches.change_channel(port, old, new)})
        outcome = wires.trial(
            duration=0.03 + repetitions * period, residual=0.02, messages=messages,
            sources=[{"port": 0, "rate": rate, "watched": True, "address": "10.77.0.66",
                      "groups": [{"first": channels[0], "count": 2}]}])
        said = {"device": switch.name, "configuration": switch.settings, "rate": rate,
                "resolution-us": 2e6 / rate, "ports": 1}
    gaps, invalid = [], {}
    segments = outcome["ports"][port]["segments"][1:]
    for number, (before, after) in enumerate(zip(segments[0::1], segments[1:])):
        old, new = number % 2, (number + 1) % 2
        last = [s["begin_ns"] + f["last_ns"] for s in (before, after) for f in s["flows"]
                if f["flow"] == old]
        first = [after["begin_ns"] + f["first_ns"] for f in after["flows"] if f["flow"] == new]
        if not last or not first:
            invalid["a channel did not arrive"] = invalid.get("a channel did not arrive", 0) + 1
            continue
        gaps.append((min(first) - max(last)) / 1e3)
    return gaps, invalid, said


# --- For the command line --------------------------------------------------------------------------

def command_throughput(options, context, mixed=False):
    found, said = load.aggregated_throughput(
        context, DEVICES[options.device], options.egress, 6 if mixed else options.groups,
        options.frame_size, options.duration, hosts=mixed, resolution=options.resolution)
    return {"test": "MC" if mixed else "AT", "validity": "valid" if found.rate else "invalid",
            "throughput-fps": found.rate, "aggregated-fps": found.rate * options.egress,
            "limited-by-generator": found.limited_by_generator,
            "share-of-10g": found.rate / said["theoretical-10g"],
            "trials": [{"rate": rate, "verdict": verdict} for rate, verdict in found.trials],
            **said}


def command_matrix(options, context):
    rows, said = load.forwarding_matrix(context, DEVICES[options.device], options.egress,
                                        (10, 100, 1000, 10_000), options.rate, options.frame_size,
                                        options.duration)
    return {"test": "SG", "rows": rows, **said}


def command_latency(options, context):
    points, said = load.latency(context, DEVICES[options.device], options.egress, (options.rate,),
                                options.trials, options.frame_size, options.duration)
    point = points[0]
    return {"test": "ML", "latency-us": load.pooled(point), "set-M-us": point["tagged_us"],
            "MM-us": point["min-max-us"], "invalid": point["invalid"],
            "offered-load": options.rate, **said}


def command_delay(options, context, which):
    if options.device == "sluice":
        delays = delay.sluice_run(context, options.trials, options.rate, options.reports,
                                  options.load, options.igmp_version, options.seed,
                                  options.frame_size)
    else:
        with Wires(context.build, 3, background=True) as wires, \
                DEVICES[options.device](wires) as device:
            delays = delay.run_switch(wires, device, options.trials, options.rate, options.reports,
                                      options.seed, options.frame_size)
    samples = delays.join if which == "join" else delays.leave
    return {"test": "JD-A" if which == "join" else "LD", "delay-us": delay.summary(samples),
            "samples-us": samples, "last-frame-us": None if which == "join" else delays.last_frame,
            "invalid": delays.invalid, **delays.conditions}


def command_channel(options, context):
    gaps, invalid, said = channel_change(context, options.trials, options.rate)
    return {"test": "CC", "gap-us": delay.summary(gaps), "samples-us": gaps, "invalid": invalid,
            **said}


def command_capacity(options, context):
    capacity, rows, said = load.group_capacity(context, options.groups, max(1, options.groups // 4),
                                               options.egress, options.frame_size)
    return {"test": "GC", "total-groups-forwarded": capacity, "rows": rows, **said}


# name: (what runs it, in words, the options that it has beside --build)
COMMANDS = {
    "aggregated-throughput": (command_throughput, "aggregated multicast throughput (4.3)",
                              "device frame-size egress groups duration resolution"),
    "mixed-class": (lambda o, c: command_throughput(o, c, True), "mixed class throughput (4.1)",
                    "device frame-size egress duration resolution"),
    "forwarding-matrix": (command_matrix, "scaled group forwarding matrix (4.2)",
                          "device frame-size egress rate duration"),
    "latency": (command_latency, "multicast latency, min/max multicast latency (5.1, 5.2)",
                "device frame-size egress rate duration trials"),
    "join-delay": (lambda o, c: command_delay(o, c, "join"),
                   "group join delay, method A (6.1); with --load or --reports burdened (8.2)",
                   "device frame-size rate trials igmp-version reports load seed"),
    "leave-delay": (lambda o, c: command_delay(o, c, "leave"), "group leave delay (6.2)",
                    "device frame-size rate trials igmp-version reports load seed"),
    "channel-change": (command_channel, "leave one group and join another in one report",
                       "rate trials"),
    "group-capacity": (command_capacity, "multicast group capacity (7.1)",
                       "frame-size egress groups"),
}


def between(kind, least, most=float("inf")):
    def read(word):
        value = kind(word)
        if not least <= value <= most:
            raise argparse.ArgumentTypeError(f"{word} is not from {least:g} to {most:g}")
        return value
    read.__name__ = kind.__name__  # for "invalid int value"
    return read


LEAST = 1e-6
OPTIONS = {
    "device": {"choices": DEVICES, "default": "sluice", "help": "device under test"},
    "frame-size": {"type": between(int, 64, 1518), "default": 64, "help": "bytes, with FCS"},
    "egress": {"type": between(int, 1, 16), "default": 1, "help": "number of egress ports"},
    "groups": {"type": between(int, 1), "default": 1,
               "help": "multicast groups; group-capacity: the limit to find"},
    "rate": {"type": between(float, LEAST), "default": 20_000, "help": "intended load, frames/s"},
    "duration": {"type": between(float, LEAST), "default": 0.3, "help": "of a trial, seconds"},
    "trials": {"type": between(int, 1), "default": 100, "help": "repetitions"},
    "resolution": {"type": between(float, LEAST, 1), "default": 0.01,
                   "help": "of the search, part of 1"},
    "igmp-version": {"type": int, "choices": (2, 3), "default": 3, "help": "of Sluice's hosts"},
    "reports": {"type": between(int, 0), "default": 0, "help": "other reports per second"},
    "load": {"action": "store_true", "help": "full data load besides (Sluice)"},
    "seed": {"type": int, "default": 1, "help": "of the phases of the reports"},
}


def arguments(words):
    parser = argparse.ArgumentParser(prog="rfc3918.py", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True, metavar="PROCEDURE")
    for name, (_, words_of, names) in COMMANDS.items():
        one = commands.add_parser(name, help=words_of, description=words_of)
        for option in names.split():
            one.add_argument(f"--{option}", **OPTIONS[option])
        if "delay" in name or "channel" in name:
            one.set_defaults(rate=100_000)
        if name == "group-capacity":
            one.set_defaults(groups=4096)
        one.add_argument("--build", default=os.environ.get("SLUICE_BUILD",
                                                           os.path.join(HERE, "..", "..", "build")))
    options = parser.parse_args(words)
    if "load" in options and options.device != "sluice" and (options.load or options.igmp_version != 3):
        parser.error("--load and --igmp-version are for --device sluice")
    return options


def main(words=None):
    options = arguments(words)
    clean_up_on_signals()
    build = os.path.abspath(options.build)
    context = Context(build, progress=lambda _: None)
    start = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    try:
        record = COMMANDS[options.command][0](options, context)
    except FAILURES as reason:
        print(f"rfc3918.py: {(str(reason).splitlines() or [repr(reason)])[0]}", file=sys.stderr)
        return 1
    finally:
        stop_all()
    machine = Machine(lambda _: None)
    print(json.dumps({"run-id": str(uuid.uuid4()), "start": start, **record,
                      "environment": {"generator": "tests/bench/tester, AF_PACKET over veth",
                                      "kernel": platform.release(),
                                      "machine": machine.describe(build, os.path.join(
                                          HERE, "..", ".."))}}, indent=1, default=str))
    return 0


if __name__ == "__main__":
    sys.exit(main())
