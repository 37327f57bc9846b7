# SPDX-License-Identifier: BSD-3-Clause
"""Forwarding while memberships change: the same data with and without 100,000 joins and leaves a
second strewn among it, on the same port. Each changes the entry of a group that data flows to."""
import os
import statistics

import traffic
from alternate import together
from record import Result
from sluiced import Shape
from trials import Broken, detail, invalid, need_mb, setup_of

CHANGES = 100_000      # joins and leaves per second
ATTEMPTS = 3           # to come near to that
STARTS = 5             # where the machine puts tables and buffers in memory is a matter of chance
GROUPS = 1024
HOSTS = 64
FAN_OUT = 8
FRAMES = traffic.BIG
TO_IN, TO_EX = 3, 4    # IGMPv3 record types: CHANGE_TO_INCLUDE of nothing leaves, TO_EX joins
FIRST_HOST = 0x0A4D0A01
BEHIND = 8             # a leave comes so many joins after its join


def changes(pairs):
    """Reports of joins and their leaves: what was joined is left again within the file, so that
    each replay of it does as much as the first."""
    def report(kind, index):
        return traffic.report_frame([(kind, traffic.group(index % GROUPS))],
                                    FIRST_HOST + index % HOSTS)
    for index in range(pairs + BEHIND):
        if index < pairs:
            yield report(TO_EX, index)
        if index >= BEHIND:
            yield report(TO_IN, index - BEHIND)


def write_mixed(path, pairs):
    """As many frames as the file of data alone, reports spread evenly over it."""
    order = traffic.group_order(FRAMES, GROUPS)
    frames = [traffic.data_frame(traffic.group(index)) for index in range(GROUPS)]
    made = [frames[index] for index in order]
    reports = list(changes(pairs))
    for number, report in enumerate(reports):
        made[number * FRAMES // len(reports)] = report
    return traffic.write_pcap(path, made)


def run(bench):
    result = Result("churn", "rate under 100k joins and leaves per second ÷ at rest, fan-out 8",
                    None, "x", floor=0.95, aim=0.98)
    if not bench.context.wants(result.id):
        return []
    bench.context.progress(result.title)
    try:
        return [_measure(bench, result)]
    except Broken as broken:
        return [invalid(result, broken)]


def _measure(bench, result):
    shape = Shape(FAN_OUT, GROUPS, snooping={"fast-leave": True})
    with bench.folder() as folder:
        rest = traffic.write_data(os.path.join(folder, "rest.pcap"), FRAMES, GROUPS)
        rate = _rate_at_rest(bench, folder, shape, rest)
        for _ in range(ATTEMPTS):
            trial, said, starts, per_second = _trial(bench, folder, shape, rest, rate)
            if abs(per_second / CHANGES - 1) < 0.1:
                break
            rate = trial.median("sluice", "frames")  # the machine has changed its pace
    result.value, result.spread = trial.value, trial.spread
    result.detail = detail(bench, trial, said, setup_of(shape, FRAMES, 64))
    result.detail["burden"] = {"joins-and-leaves-per-s": per_second, "port": "in", "igmp-version": 3,
                               "hosts": HOSTS, "starts": [start.counted for start in starts]}
    lost = sum(start.lost for start in starts)
    result.why = f"{per_second / 1000:.0f}k a second, none lost"
    if lost:
        return invalid(result, f"{lost} reports were lost at {result.why.split(',')[0]}")
    return result


def _trial(bench, folder, shape, rest, rate):
    pairs = max(BEHIND, round(CHANGES * FRAMES / rate / 2))
    mixed = write_mixed(os.path.join(folder, "mixed.pcap"), pairs)
    trials, starts = [], []
    for _ in range(STARTS):
        loaded = _Counting(bench.sluice(folder, shape, mixed, FRAMES))
        loaded.device.fan_out = FAN_OUT * (1 - 2 * pairs / FRAMES)
        devices = [bench.sluice(folder, shape, rest, FRAMES, "sluice-rest"), loaded.device]
        # Frames per second, reports included: each of them takes the place of a frame of data.
        trial, said = bench.trial(
            devices, lambda rates: rates["sluice"].frames / rates["sluice-rest"].frames,
            need_mb(FRAMES, 2))
        trials.append(trial)
        starts.append(loaded)
    trial = together(trials)
    return trial, said, starts, 2 * pairs / FRAMES * trial.median("sluice", "frames")


def _rate_at_rest(bench, folder, shape, file):
    if not bench.machine.provide(need_mb(FRAMES, 2)):
        raise Broken("not enough memory")
    with bench.sluice(folder, shape, file, FRAMES, "sluice-probe") as device:
        return statistics.median(device.window(0.2).frames for _ in range(3))


class _Counting:
    """Counts what was done with the reports from a trial's begin to its end, by the daemon's own
    counters. (That the punt ring was never full is seen to by Sluiced.after.)"""

    def __init__(self, device):
        self.device, self.counted, self.lost = device, {}, 0
        self._before, self._after = device.before, device.after
        device.before, device.after = self._begin, self._end

    def _begin(self):
        self._before()
        self._start = self._counts(self.device.counters())

    def _end(self):
        now = self._counts(self._after())
        self.counted = {name: now[name] - self._start[name] for name in now}
        self.lost += self.counted["reports-refused"]

    @staticmethod
    def _counts(counters):
        def total(name, part=""):
            return sum(v for k, v in counters.items() if k.split("{")[0] == name and part in k)
        return {"reports-applied": total("igmp_received_total", "report_v3"),
                "reports-refused": total("igmp_dropped_total") + total("igmp_ignored_records_total")
                + total("snooping_fib_refused_total")}
