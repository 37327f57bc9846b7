# SPDX-License-Identifier: BSD-3-Clause
"""What a benchmark says: one Result per figure. Every procedure module has `run(context)`, which
gives a list of them and never raises for what the machine lacks: it says so in `why`."""
from dataclasses import asdict, dataclass, field
from typing import Optional

NOISY = 0.20  # a figure whose rounds spread wider than this part of their median is not to be trusted


@dataclass
class Result:
    id: str                         # "fanout-1": stable, for JSON and for --only
    title: str                      # "fan-out 1, one group: packets in / macswap"
    value: Optional[float]          # None: not measured, and `why` says why
    unit: str                       # "x" for a ratio, "cycles", "us", "/s", "B"
    better: str = "higher"          # or "lower"
    floor: Optional[float] = None   # what it has to reach
    aim: Optional[float] = None
    spread: Optional[float] = None  # of the paired ratios, (max - min) / median
    why: str = ""                   # a remark, or why there is no value
    detail: dict = field(default_factory=dict)  # rounds, percentiles, conditions: goes to the JSON

    @property
    def noisy(self):
        return self.spread is not None and self.spread > NOISY

    @property
    def met(self):
        """None when there is nothing to compare."""
        if self.value is None or self.floor is None:
            return None
        return self.value >= self.floor if self.better == "higher" else self.value <= self.floor

    def record(self):
        return {**asdict(self), "noisy": self.noisy, "met": self.met}


@dataclass
class Context:
    build: str                      # the build directory with sluiced
    quick: bool = False             # fewer rounds, shorter trials, the most important points only
    seconds: float = 0.3            # of one measurement
    rounds: int = 5
    only: tuple = ()                # ids to measure; empty: all
    progress: callable = print      # one short line on what is being done now
    machine: object = None          # machine.Machine
    remark: callable = print        # one line that stays: what is missing, what is done without

    def wants(self, result_id):
        """`--only fanout` takes fanout-1 and fanout-16; `--only fanout-1` only that. What one
        measurement gives together is asked for by what its ids have in common."""
        return self.names(result_id) or any(wanted.startswith(result_id + "-")
                                            for wanted in self.only)

    def names(self, result_id):
        return not self.only or any(result_id == wanted or result_id.startswith(wanted + "-")
                                    for wanted in self.only)
