#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""`make bench`: measures Sluice beside its peers on this machine, and prints one table.

Exit status: 0 measured (a floor that is missed is told, and no failure: a timing is no test),
1 nothing could be measured, 2 usage."""
import argparse
import importlib
import importlib.util
import json
import os
import platform
import sys
import uuid

import table
import telemetry
import trials
from machine import Machine
from program import clean_up_on_signals, stop_all
from record import Context

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
PROCEDURES = ("throughput", "control", "delay", "flood", "idle", "restart", "rfc3918")


def arguments(words):
    parser = argparse.ArgumentParser(
        prog="bench.py", description="Measures Sluice beside testpmd and other peers.")
    parser.add_argument("--quick", action="store_true",
                        help="the figures that have a floor, with short windows: under 3 minutes")
    parser.add_argument("--only", nargs="+", metavar="ID", default=[],
                        help="only these figures, or those whose id begins so: fanout, fanout-8")
    parser.add_argument("--json", metavar="FILE", help="all results, with every round")
    parser.add_argument("--plots", metavar="DIR", help="SVG and PNG pictures")
    parser.add_argument("--rounds", type=int, help="rounds of a trial, 5 at least")
    parser.add_argument("--seconds", type=float, help="of one window of a round")
    parser.add_argument("--build", default=os.environ.get("SLUICE_BUILD",
                                                          os.path.join(ROOT, "build")),
                        help="the build directory")
    options = parser.parse_args(words)
    if options.rounds is not None and options.rounds < 5:
        parser.error("--rounds: at least 5")
    if options.seconds is not None and not 0.01 <= options.seconds <= 60:
        parser.error("--seconds: 0.01 to 60")
    options.rounds = options.rounds or 5
    options.seconds = options.seconds or (0.1 if options.quick else 0.3)
    return options


def run_procedures(context):
    """Each module in turn; one that breaks costs its own figures and no others."""
    results = []
    for name in PROCEDURES:
        if importlib.util.find_spec(name) is None:
            context.remark(f"{name}: not there, skipped")
            continue
        try:
            results += importlib.import_module(name).run(context)
        except Exception as error:  # pylint: disable=broad-except
            context.remark(f"{name}: {type(error).__name__}: {error}")
            if os.environ.get("SLUICE_BENCH_TRACE"):
                raise
        finally:
            stop_all()
    return [result for result in results if context.names(result.id)]


def report(context, options, results):
    return {"run-id": str(uuid.uuid4()), "start": options.start, "end": trials.utc(),
            "command": [sys.executable, *sys.argv], "quick": options.quick,
            "machine": context.machine.describe(os.path.abspath(options.build), ROOT),
            "environment": {"generator": "net_pcap infinite_rx of the program itself",
                            "timestamps": "CLOCK_MONOTONIC of this host, cycles from the TSC",
                            "python": platform.python_version()},
            "results": [result.record() for result in results]}


def main(words=None):
    options = arguments(words)
    options.start = trials.utc()
    clean_up_on_signals()
    telemetry.sweep()
    progress = table.Progress()
    if not os.access(os.path.join(options.build, "control", "sluiced"), os.X_OK):
        print(f"there is no sluiced in {options.build}: run `make bench`", file=sys.stderr)
        return 1
    machine = Machine(progress.remark)
    if not machine.worker_cores:
        print("one core is not enough: the control thread and a worker need one each",
              file=sys.stderr)
        return 1
    machine.look()
    context = Context(options.build, options.quick, options.seconds, options.rounds,
                      tuple(options.only), progress, machine, progress.remark)
    try:
        results = run_procedures(context)
        written = report(context, options, results)
    except KeyboardInterrupt:
        stop_all()
        progress.remark("stopped; nothing is left running")
        return 130
    finally:
        stop_all()
        machine.pages.give_back()
    progress.clear()
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(written, file, indent=1, default=str)
            file.write("\n")
    if options.plots:
        import plots  # pylint: disable=import-outside-toplevel
        plots.draw(written, options.plots)
    table.show(results)
    return 0 if any(result.value is not None for result in results) else 1


if __name__ == "__main__":
    sys.exit(main())
