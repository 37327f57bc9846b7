# SPDX-License-Identifier: BSD-3-Clause
"""Devices measured in turn on the same core: all are alive, one runs. Machines have phases of
minutes at half speed that hit all programs alike, so only what was measured back to back is
compared: each round gives one figure, and the trial their median."""
import statistics
import time
from dataclasses import dataclass, field

from program import Broken
from record import NOISY

SETTLE = 0.03  # seconds after a device goes on: caches are its own again


def spread(values):
    """How far apart they are, as a part of their median."""
    middle = statistics.median(values)
    return (max(values) - min(values)) / abs(middle) if middle else float("inf")


@dataclass
class Trial:
    rounds: list                 # {device name: Rate} each
    values: list                 # the figure of each round
    attempts: list = field(default_factory=list)  # spread of each attempt, this one's among them

    @property
    def value(self):
        return statistics.median(self.values)

    @property
    def spread(self):
        return spread(self.values)

    def median(self, name, what):
        """The median of a device's rate: `what` is "frames" or "copies"."""
        return statistics.median(getattr(rates[name], what) for rates in self.rounds)

    def record(self):
        return {"values": self.values, "attempts-spread": self.attempts,
                "rounds": [{name: {"frames-per-s": rate.frames, "copies-per-s": rate.copies}
                            for name, rate in rates.items()} for rates in self.rounds]}


def together(trials):
    """Of the same devices, started anew for each."""
    return Trial([rates for trial in trials for rates in trial.rounds],
                 [value for trial in trials for value in trial.values],
                 [attempt for trial in trials for attempt in trial.attempts])


def one_round(devices, seconds, settle):
    rates = {}
    for device in devices:
        device.resume()
        try:
            time.sleep(settle)
            rates[device.name] = device.window(seconds)
        finally:
            device.pause()
    return rates


def measure(devices, figure, rounds=5, seconds=0.3, attempts=3, settle=SETTLE):
    """`figure`: {device name: Rate} of one round -> number. The devices were started and are
    paused, and are so again afterwards. Noisy rounds are done again, `attempts` times at most, and
    the calmest are kept. Broken when one of them does not do what it should."""
    best, spreads = None, []
    for _ in range(attempts):
        _check(devices, "before")
        done = []
        for number in range(rounds):
            # There and back again: what drifts hits none of them more than the others.
            order = devices if number % 2 == 0 else devices[::-1]
            done.append(one_round(order, seconds, settle))
        _check(devices, "after")
        for device in devices:
            device.verify([rates[device.name] for rates in done])
        trial = Trial(done, [figure(rates) for rates in done])
        spreads.append(trial.spread)
        if best is None or trial.spread < best.spread:
            best = trial
        if trial.spread <= NOISY:
            break
    best.attempts = spreads
    return best


def _check(devices, step):
    for device in devices:
        device.resume()
        try:
            getattr(device, step)()
        finally:
            device.pause()


class Line:
    """The devices of a trial: started one after the other, each paused before the next, and all
    stopped at the end of the `with`."""

    def __init__(self, *devices):
        self._devices = devices
        self._started = []

    def __enter__(self):
        try:
            for device in self._devices:
                device.__enter__()
                self._started.append(device)
                device.pause()
        except BaseException:
            self.__exit__()
            raise
        return list(self._devices)

    def __exit__(self, *_):
        while self._started:
            self._started.pop().stop()
        return False


__all__ = ["Broken", "Line", "Trial", "measure", "spread", "together"]
