# SPDX-License-Identifier: BSD-3-Clause
"""The control plane's rates and size, measured by tests/bench/control_rates.cpp on two cores: new joins
published into the forwarding table, refreshing reports, memory of a membership. A rate counts group
records, from the first report handed to the worker to the last one's effect; every entry is looked up at
the end. `paced`: the reports came at a fixed rate, the highest of which none was lost."""
import json
import os
import subprocess

from record import Result

PROGRAM = os.path.join("tests", "bench", "control_rates")
GROUPS, PORTS = 65536, 8
PATIENCE = 240  # seconds

# id, title, its figure in control_rates' output, unit, better, floor, aim
FIGURES = (
    ("joins-v2", "new joins a second, IGMPv2, 64k groups, none lost",
     ("joins-v2", "paced"), "/s", "higher", 400e3, 1e6),
    ("joins-v3", "new joins a second, IGMPv3, 64k groups, none lost",
     ("joins-v3", "paced"), "/s", "higher", 700e3, 1e6),
    ("refresh-v3", "refreshing records a second, IGMPv3, 64k groups x 8 ports",
     ("refresh-v3", "taken"), "/s", "higher", 1e6, 2e6),
    ("refresh-v2", "refreshing reports a second, IGMPv2, 64k groups x 8 ports",
     ("refresh-v2", "taken"), "/s", "higher", 1e6, 2e6),
    ("memory", "memory per (port, group), one tracked host each",
     ("memory", "total"), "B", "lower", 256, 128),
    ("memory-untracked", "memory per (port, group), explicit-tracking off",
     ("memory-untracked", "total"), "B", "lower", 256, 128),
)
QUICK = ("joins-v2", "refresh-v3", "memory")


def run(context):
    """One Result per figure; all of them from one run of the program."""
    wanted = [figure for figure in FIGURES if context.wants(figure[0])
              and (not context.quick or context.only or figure[0] in QUICK)]
    if not wanted:
        return []
    context.progress("control plane: rates and memory")
    try:
        measured = measure(context, sorted({figure[2][0] for figure in wanted}))
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        return [result(figure, None, why=reason(error)) for figure in wanted]
    return [result(figure, measured[figure[2][0]]) for figure in wanted]


def measure(context, names):
    """The program's figures by name."""
    machine = context.machine
    cores = (machine.main_core, machine.worker_cores[0]) if machine else (0, 1)
    command = [os.path.join(context.build, PROGRAM), "--cores", f"{cores[0]},{cores[1]}",
               "--groups", str(GROUPS), "--ports", str(PORTS),
               "--rounds", str(3 if context.quick else context.rounds), "--only", ",".join(names)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=True)
    return json.loads(done.stdout)


def result(figure, measured, why=""):
    """The median with its spread; what else the program said is in the detail."""
    name, title, (_, key), unit, better, floor, aim = figure
    value = spread = None
    if measured is not None:
        value = measured[key]
        if isinstance(value, dict):
            spread = (value["max"] - value["min"]) / value["median"]
            value = value["median"]
    return Result(name, title, value, unit, better, floor, aim, spread, why, measured or {})


def reason(error):
    """One line of why there is no figure."""
    said = (getattr(error, "stderr", None) or "").strip().splitlines()
    return said[-1] if said else str(error)
