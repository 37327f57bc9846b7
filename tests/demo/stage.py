# SPDX-License-Identifier: BSD-3-Clause
"""What every demo has: a lab, things said and shown, a table of frames expected and seen that decides
the exit code, and being left up (--keep) or taken down (--stop)."""
import argparse
import json
import os
import signal
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "e2e"))
STATE = "/run/sluice-demo.json"


# Where the worker would take half of the machine, or all of it, it naps while nothing happens.
DATAPLANE = {"idle-sleep-us": 500} if (os.cpu_count() or 1) <= 2 else {}


class Stage:
    """A demo derives from this: sets `daemon`, and has run() and hints()."""

    def __init__(self, keep):
        from lab.netns import Lab
        self.lab = Lab(keep=keep)
        self.daemon = None
        self.rows = []

    @staticmethod
    def say(text):
        print(f"\n=== {text}", flush=True)

    def text(self, *words):
        return self.daemon.ctl(*words).stdout.rstrip()

    def show(self, *whats):
        for what in whats:
            print(f"$ sluicectl show {what}\n{self.text('show', what)}", flush=True)

    def note(self, phase, group, viewer, sent, expected, seen):
        self.rows.append((phase, group, viewer, sent, expected, seen))

    def report(self):
        self.say("frames sent and received")
        form = "{:<18} {:<14} {:<9} {:>6} {:>9} {:>6}  {}"
        print(form.format("PHASE", "GROUP", "VIEWER", "SENT", "EXPECTED", "SEEN", ""))
        wrong = 0
        for phase, group, viewer, sent, expected, seen in self.rows:
            wrong += expected != seen
            print(form.format(phase, group, viewer, sent, expected, seen,
                              "ok" if expected == seen else "WRONG"))
        print(f"\n{'all as expected' if not wrong else f'{wrong} rows differ'}")
        return 1 if wrong else 0

    def keep(self):
        from lab.daemon import program
        pids = [process.pid for process in self.lab.processes if process.poll() is None]
        with open(STATE, "w", encoding="utf-8") as file:
            json.dump({"namespaces": [space.name for space in self.lab.namespaces], "pids": pids,
                       "directory": self.lab.directory}, file)
        ctl = f"{os.path.relpath(program('sluicectl'))} --socket {self.daemon.socket}"
        print("\nIt is left up. Type next:")
        for hint in self.hints(ctl):
            print(f"  {hint}")
        print("Take it down with: sudo make demo-stop")


def stop():
    if not os.path.exists(STATE):
        print("no demo is up")
        return 0
    with open(STATE, encoding="utf-8") as file:
        state = json.load(file)
    for pid in state["pids"]:
        try:
            os.kill(pid, signal.SIGTERM)
        except ProcessLookupError:
            pass
    time.sleep(0.5)
    for name in state["namespaces"]:
        subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)
    subprocess.run(["rm", "-rf", state["directory"]], check=False)
    os.remove(STATE)
    print("the demo is down")
    return 0


def main(demo_class, description):
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--keep", action="store_true", help="leave it up afterwards")
    parser.add_argument("--stop", action="store_true", help="take down what --keep left")
    arguments = parser.parse_args()
    if os.geteuid() != 0:
        print("network namespaces need root: sudo make demo", file=sys.stderr)
        return 1
    if arguments.stop:
        return stop()
    demo = demo_class(arguments.keep)
    try:
        code = demo.run()
        if arguments.keep:
            demo.keep()
            os._exit(code)  # without the agents' clean-up
        return code
    finally:
        demo.lab.close()
