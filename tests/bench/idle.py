# SPDX-License-Identifier: BSD-3-Clause
"""What [dataplane] idle-sleep-us saves and what it costs: the processor time that a worker takes while
nothing happens, and how long a join takes that comes out of silence, from the report on the wire to
the first frame at the port."""
import os
import time

import delay
import switches
from program import Broken
from record import Result
from wires import Missing, Wires

SLEEPS = (0, 50, 500)  # microseconds
WINDOW = 1.0           # seconds of silence
SILENCE = 0.03         # before a report
RATE = 100_000         # frames a second, from the moment of the report
TRIAL = 0.004          # seconds


def running_ms(pid, thread):
    """Processor time of its threads of this name, from the kernel's accounts."""
    total = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/comm", encoding="ascii") as file:
            if not file.read().startswith(thread):
                continue
        with open(f"/proc/{pid}/task/{task}/schedstat", encoding="ascii") as file:
            total += int(file.read().split()[0])
    return total / 1e6


def measure(context, sleep, repetitions):
    """(share of a processor, join delays in microseconds)"""
    with Wires(context.build, 3, background=True) as wires:
        with switches.Sluice(wires, 3, dataplane={"idle-sleep-us": sleep}) as switch:
            time.sleep(0.2)
            pid = switch.daemon.process.pid
            begin, before = time.monotonic(), running_ms(pid, "rte-worker")
            time.sleep(WINDOW)
            after, end = running_ms(pid, "rte-worker"), time.monotonic()
            delays = [join(wires, switch) for _ in range(repetitions)]
    return (after - before) / 1000 / (end - begin), [d for d in delays if d is not None]


def join(wires, switch):
    """Report and data begin together, so that neither finds a worker that the other has woken."""
    time.sleep(SILENCE)
    outcome = wires.trial(
        duration=TRIAL, residual=0.005,
        sources=[{"port": delay.SOURCE, "rate": RATE, "watched": True, "frame_size": 64,
                  "address": "10.77.0.66", "routed": False, "groups": [{"first": delay.GROUP}]}],
        messages=[{"at": 0, "port": delay.RECEIVER,
                   "frame": switches.join(switch.version, delay.RECEIVER, delay.GROUP)},
                  {"at": TRIAL * 0.9, "port": delay.RECEIVER,
                   "frame": switches.leave(switch.version, delay.RECEIVER, delay.GROUP)}])
    segments = outcome["ports"][delay.RECEIVER]["segments"]
    came = delay.span(segments[1]) if len(segments) > 1 else None
    return came["first_ns"] / 1e3 if came else None


def run(context):
    results = []
    for sleep in SLEEPS:
        names = (f"idle-cpu-{sleep}", f"idle-join-{sleep}-p50", f"idle-join-{sleep}-p99")
        if not any(context.wants(name) for name in names):
            continue
        words = f"idle-sleep-us = {sleep}"
        context.progress(f"an idle worker, {words}")
        results += [Result(names[0], f"processor time of an idle worker, {words}", None, "%", "lower"),
                    Result(names[1], f"join delay out of silence, {words}, p50", None, "us", "lower"),
                    Result(names[2], f"join delay out of silence, {words}, p99", None, "us", "lower")]
        try:
            share, delays = measure(context, sleep, 50 if context.quick else 200)
        except (Missing, Broken, RuntimeError, AssertionError, OSError) as reason:
            for result in results[-3:]:
                result.why = str(reason).splitlines()[0]
            continue
        results[-3].value = 100 * share
        if delays:
            results[-2].value = delay.percentile(delays, 0.5)
            results[-1].value = delay.percentile(delays, 0.99)
            results[-2].detail = {"samples_us": [round(d, 1) for d in delays],
                                  "summary": delay.summary(delays)}
    return results
