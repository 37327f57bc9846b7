# SPDX-License-Identifier: BSD-3-Clause
"""What all devices under test have in common: a program, its counters, and one window of
measurement. Each subclass knows how to start its program and what it has to forward."""
import os
import statistics
import time
from dataclasses import dataclass

import telemetry
from program import Broken, Program, wait_until

TOLERANCE = 0.01  # of copies per frame: the counters of 32 ports are not read at one instant
READINGS = 6      # of the counters at most, for one that took no time
HURRY = 0.005     # that is, so much of the window


@dataclass(frozen=True)
class Rate:
    frames: float  # received per second
    copies: float  # sent per second, all ports together


class Device:
    """Use with `with`: it is stopped, and its EAL directory gone, however the block ends."""

    patience = 2.0  # seconds that it has to end by itself

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
        self.companions = []     # devices that run when this one runs: what feeds it
        self.namespace = None    # the network namespace that its program runs in

    def path(self, suffix):
        return os.path.join(self.folder, f"{self.name}.{suffix}")

    def run(self, words, **popen):
        """Its program, in its network namespace."""
        inside = ["ip", "netns", "exec", self.namespace] if self.namespace else []
        return Program([*inside, *words], self.path("log"), self.name, **popen)

    def connect(self, timeout=15.0):
        """Until its telemetry answers and frames come in; what feeds it is started here."""
        for companion in self.companions:
            companion.__enter__()
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

    def snapshot(self, hurry):
        """(time, frames, copies) of one moment, as nearly as counters that are read one after the
        other can be: what was received is read before and after what was sent, and all of it again
        when that took longer than `hurry` seconds, because somebody else had the core."""
        best = None
        for _ in range(READINGS):
            begin, before = time.monotonic(), self.received()
            copies = self.sent()
            after, end = self.received(), time.monotonic()
            if best is None or end - begin < best[0]:
                best = end - begin, ((begin + end) / 2, (before + after) / 2, copies)
            if end - begin < hurry:
                break
        return best[1]

    def window(self, seconds):
        """The rates over so many seconds."""
        begin, frames, copies = self.snapshot(seconds * HURRY)
        time.sleep(seconds)
        end, frames_end, copies_end = self.snapshot(seconds * HURRY)
        if frames_end == frames:
            raise Broken(f"{self.name} receives nothing")
        return Rate((frames_end - frames) / (end - begin), (copies_end - copies) / (end - begin))

    def verify(self, rates):
        """Broken when it did not make the copies that it should; from all windows of a trial."""
        made = statistics.median(rate.copies / rate.frames for rate in rates)
        if abs(made - self.fan_out) > TOLERANCE * self.fan_out:
            raise Broken(f"{self.name} made {made:.3f} copies of a frame instead of "
                         f"{self.fan_out:g}")

    def pause(self):
        for device in (self, *self.companions):
            device.program.pause()

    def resume(self):
        for device in (self, *self.companions):
            device.program.resume()

    def before(self):
        """Called with the device running, before the rounds of a trial."""

    def after(self):
        """And after them: Broken when something was lost."""

    def describe(self):
        return {"program": self.name, "command": self.program.words if self.program else [],
                "configuration": self.configuration,
                "companions": [companion.describe() for companion in self.companions]}

    def stop(self):
        for companion in self.companions:
            companion.stop()
        if self.telemetry:
            self.telemetry.close()
            self.telemetry = None
        if self.program:
            self.program.stop(self.patience)
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
