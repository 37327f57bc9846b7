#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""What a worker spends on a frame, in instructions, stage by stage: valgrind's count, which repeats
exactly however noisy the machine is, of the benchmark `forwarding`. To compare two versions.

    ninja -C build tests/bench/forwarding && tests/bench/stages.py build
"""
import os
import re
import subprocess
import sys
import tempfile

CASES = (("one group, fan-out 1", "bridged/copies:1/groups:1"),
         ("32,768 groups, fan-out 1", "bridged/copies:1/groups:32768"),
         ("one group, fan-out 8", "bridged/copies:8/groups:1"),
         ("routed, one group, fan-out 8", "routed/untagged/copies:8/networks:1/groups:1"))
STAGES = (("recognise", "Worker::classify_all|::extend<"), ("look up", "Worker::look_up"),
          ("send", "Worker::forward_all|Worker::send"), ("route", "Worker::forward"),
          ("flush", "Transmit::flush"), ("driver's sending", "librte_net_null"))
BURST = 32


def count(program, case):
    """Instructions by function, and the number of frames."""
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "out")
        subprocess.run(["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", program,
                        f"--benchmark_filter={case}$", "--benchmark_min_time=0.2"],
                       check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        with open(out, encoding="utf-8", errors="replace") as file:
            return read(file)


def read(lines):
    """callgrind's format: names are given once and then by number; a call is followed by its cost,
    which is another function's."""
    names, objects, spent = {}, {}, {}
    function = called = where = ""
    frames, of_call = 0, False
    for line in lines:
        known = re.match(r"(c?fn|c?ob)=\((\d+)\)(?: (.*))?", line)
        if known:
            kind, number, name = known.groups()
            table = objects if kind.endswith("ob") else names
            if name:
                table[number] = name.strip()
            if kind == "fn":
                function = table.get(number, "")
            elif kind == "cfn":
                called = table.get(number, "")
            elif kind == "ob":
                where = table.get(number, "")
        elif line.startswith("calls="):
            of_call = True
            if "Worker::process" in called:
                frames += int(line[6:].split()[0]) * BURST
        elif re.match(r"[+*\-\d]", line):
            if not of_call:
                key = f"{where} {function}"
                spent[key] = spent.get(key, 0) + int(line.split()[-1])
            of_call = False
    return spent, frames


def main(build):
    program = os.path.join(build, "tests", "bench", "forwarding")
    if not os.access(program, os.X_OK):
        sys.exit(f"there is no {program}: ninja -C {build} tests/bench/forwarding")
    print("| instructions per frame | " + " | ".join(name for name, _ in STAGES) + " |")
    print("|---" * (len(STAGES) + 1) + "|")
    for title, case in CASES:
        spent, frames = count(program, case)
        cells, seen = [], set()
        for _, name in STAGES:
            chosen = {key for key in spent if re.search(name, key)} - seen
            seen |= chosen
            cells.append(f"{sum(spent[key] for key in chosen) / frames:.0f}")
        print(f"| {title} | " + " | ".join(cells) + " |", flush=True)
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1]))
