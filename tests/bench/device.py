# SPDX-License-Identifier: BSD-3-Clause
"""What all devices under test have in common: a program, its counters, and one window of
measurement. Each subclass knows how to start its program and what it has to forward."""
import os
import time
from dataclasses import dataclass

import telemetry
from program import Broken, wait_until

TOLERANCE = 0.01  # of copies per frame: the counters of 32 ports are not read at one instant


@dataclass(frozen=True)
class Rate:
    frames: float  # received per second
    copies: float  # sent per second, all ports together


class Device:
    """Use with `with`: it is stopped, and its EAL directory gone, however the block ends."""

    def __init__(self, name, folder, inputs, outputs, fan_out=1):
        self.name = name
        self.folder = folder
        self.inputs = inputs    # DPDK port numbers
        self.outputs = outputs
        self.fan_out = fan_out  # copies that each frame has to make
        self.prefix = telemetry.prefix(name)
        self.program = None
        self.telemetry = None
        self.configuration = ""  # for the report

    def path(self, suffix):
        return os.path.join(self.folder, f"{self.name}.{suffix}")

    def connect(self, timeout=15.0):
        """Until its telemetry answers and frames come in."""
        self.telemetry = wait_until(self._try_telemetry, "to show its counters", self.program,
                                    timeout)
        wait_until(lambda: self.received() > 0, "to receive", self.program, timeout)

    def _try_telemetry(self):
        try:
            return telemetry.Telemetry(self.prefix)
        except OSError:
            return None

    def received(self):
        return sum(self.telemetry.received(port) for port in self.inputs)

    def sent(self):
        return sum(self.telemetry.sent(port) for port in self.outputs)

    def window(self, seconds):
        """The rates over so many seconds; Broken when it does not make the copies it should."""
        begin, frames, copies = time.monotonic(), self.received(), self.sent()
        middle = time.monotonic()
        time.sleep(seconds)
        end, frames, copies = time.monotonic(), self.received() - frames, self.sent() - copies
        last = time.monotonic()
        if frames == 0:
            raise Broken(f"{self.name} receives nothing")
        # Reading takes time as well, the same at both ends but for a hiccup.
        rate = Rate(frames / (end - begin), copies / ((end + last) / 2 - (begin + middle) / 2))
        if abs(rate.copies / rate.frames - self.fan_out) > TOLERANCE * self.fan_out:
            raise Broken(f"{self.name} made {rate.copies / rate.frames:.3f} copies of a frame "
                         f"instead of {self.fan_out}")
        return rate

    def before(self):
        """Called with the device running, before the rounds of a trial."""

    def after(self):
        """And after them: Broken when something was lost."""

    def describe(self):
        return {"program": self.name, "command": self.program.words if self.program else [],
                "configuration": self.configuration}

    def stop(self):
        if self.telemetry:
            self.telemetry.close()
            self.telemetry = None
        if self.program:
            self.program.stop()
        telemetry.remove(self.prefix)

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()
