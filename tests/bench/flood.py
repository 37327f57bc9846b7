# SPDX-License-Identifier: BSD-3-Clause
"""A port that floods reports, of which [punt-limit] lets some through: how long a join takes on another
port, beside how long it takes at rest; and what is left of the rate at which data is forwarded.

The flood is a file that a port of sluiced replays as fast as the worker takes it (net_pcap), so that
no generator limits it: joins and leaves of groups that change at every turn, by turns in IGMPv3 and v2.
How many came, and how many of them the limits let pass, is said."""
import os
import time

import delay
import replay
import switches
import traffic
from alternate import together
from churn import STARTS
from record import Result
from sluiced import Shape
from trials import Bench, Broken, detail, invalid, need_mb, setup_of
from wires import Wires

AIM = 2.0              # times the delay at rest
RATE = 1_000_000       # reports a second, strewn among the data
FRAMES = traffic.BIG
LIMIT = {"reports": {"port-rate": 100_000}}  # the default
GROUPS = 1024          # that the flood joins and leaves
TO_IN, TO_EX = 3, 4
FIRST_GROUP = 0xEF640000  # 239.100.0.0
FIRST_HOST = 0x0A4D0A01


def reports(count, v2=True):
    """By turns: hosts join a group, and leave it again a while later."""
    for number in range(count):
        group = FIRST_GROUP + (number // 2 + (GROUPS // 2 if number % 2 else 0)) % GROUPS
        host = FIRST_HOST + number % 64
        if v2 and number % 8 == 0:
            yield v2_frame(group, host)
        else:
            yield traffic.report_frame([(TO_IN if number % 2 else TO_EX, group)], host)


def v2_frame(group, host):
    return switches.frames.plain_igmp_frame(
        "02:00:00:00:09:01", traffic.address(host), traffic.address(group),
        switches.frames.v2_report(traffic.address(group))).ljust(60, b"\0")


def flood_port(folder):
    file = traffic.write_pcap(os.path.join(folder, "flood.pcap"), reports(4 * GROUPS))
    return {"name": "flood", "device": f"net_pcap1,rx_pcap={file},infinite_rx=1", "access-vlan": 10}


def join_delays(context, repetitions, flooded):
    with Wires(context.build, 3, prompt=True) as wires:
        more, table = replay.ports(wires.lab.directory, delay.GROUP)
        if flooded:
            more.append(flood_port(wires.lab.directory))
        with switches.Sluice(wires, 3, more, table, punt_limit=LIMIT) as switch:
            begin, before = time.monotonic(), switch.daemon.counters()
            delays = delay.run_switch(wires, switch, repetitions, 0, load=True)
            end, after = time.monotonic(), switch.daemon.counters()
    grown = {name: value - before.get(name, 0) for name, value in after.items()}
    delays.conditions["flood-frames-per-s"] = sum(
        value for name, value in grown.items()
        if name.startswith("port_rx_packets_total") and 'port="flood"' in name) / (end - begin)
    delays.conditions["refused"] = {name: value for name, value in grown.items()
                                    if name.startswith("punt_over_limit_total") and value}
    delays.conditions["quiet-ports-refused"] = sum(
        value for name, value in grown.items() if "_rate_limit" in name and 'port="flood"' not in name)
    return delays


def delay_results(context):
    names = ("flood-join-p50", "flood-join-p99")
    if not any(context.wants(name) for name in names):
        return []
    repetitions = 100 if context.quick else 600
    runs = {}
    for words, flooded in (("at rest", False), ("flooded", True)):
        context.progress(f"join delay on a quiet port, {words}")
        runs[words] = delay.quietest(lambda f=flooded: join_delays(context, repetitions, f), 2)
    results = []
    for name, share in zip(names, (0.5, 0.99)):
        result = Result(name, f"join delay while another port floods ÷ at rest, p{share * 100:.0f}",
                        None, "x", "lower", aim=AIM)
        at_rest, flooded = runs["at rest"], runs["flooded"]
        if at_rest.join and flooded.join:
            one, other = (delay.percentile(run.join, share) for run in (at_rest, flooded))
            result.value = other / one
            result.why = f"{one:.0f} us at rest, {other:.0f} us flooded; " + said(flooded)
            result.detail = {run: {"summary": delay.summary(delays.join), "invalid": delays.invalid,
                                   "conditions": delays.conditions}
                             for run, delays in runs.items()}
        else:
            result.why = "; ".join({**at_rest.invalid, **flooded.invalid}) or "no valid trial"
        results.append(result)
    return results


def said(delays):
    conditions = delays.conditions
    came = conditions.get("flood-frames-per-s", 0)
    words = (f"{came / 1e6:.1f}M reports a second came, "
             f"{conditions.get('reports-per-s', 0) / 1e3:.0f}k a second went up")
    lost = conditions.get("quiet-ports-refused", 0)
    more = delay.remark({**conditions, "reports-dropped": 0})
    return words + (f", {lost} of quiet ports refused" if lost else "") + (f"; {more}" if more else "")


class Flooded:
    """Drops what [punt-limit] refuses, and must drop nothing else."""

    def __init__(self, device):
        self.device, self.refused, self._before = device, 0, 0
        device.before, device.after = self._begin, self._end

    def _count(self):
        return self.device.counters()

    def _begin(self):
        self._before = self._count()

    def _end(self):
        now = self._count()
        for name, value in now.items():
            if not name.startswith("frames_dropped_total") or value == self._before.get(name, 0):
                continue
            if "report_rate_limit" in name or "punt_ring_full" in name:
                self.refused += value - self._before.get(name, 0)
            else:
                raise Broken(f"{self.device.name} dropped frames: {name}")
        return now


def rate_result(context):
    result = Result("flood-rate", "frames taken under 1M reports a second ÷ at rest, fan-out 1", None,
                    "x", aim=0.9)
    if not context.wants(result.id):
        return []
    context.progress(result.title)
    try:
        return [measure_rate(Bench(context), result)]
    except Broken as broken:
        return [invalid(result, broken)]


def measure_rate(bench, result):
    shape = Shape(1, GROUPS, snooping={"fast-leave": True})
    with bench.folder() as folder:
        rest = traffic.write_data(os.path.join(folder, "rest.pcap"), FRAMES, GROUPS)
        if not bench.machine.provide(need_mb(FRAMES, 2)):
            raise Broken("not enough memory")
        with bench.sluice(folder, shape, rest, FRAMES, "sluice-probe") as device:
            rate = device.window(0.2).frames
        count = min(FRAMES // 2, round(RATE * FRAMES / rate))
        order = traffic.group_order(FRAMES, GROUPS)
        data = [traffic.data_frame(traffic.group(index)) for index in range(GROUPS)]
        mixed = [data[index] for index in order]
        for number, report in enumerate(reports(count)):
            mixed[number * FRAMES // count] = report
        file = traffic.write_pcap(os.path.join(folder, "mixed.pcap"), mixed)
        trials, refused = [], 0
        for _ in range(STARTS):
            loaded = Flooded(bench.sluice(folder, shape, file, FRAMES, limited=True))
            loaded.device.fan_out = 1 - count / FRAMES
            devices = [bench.sluice(folder, shape, rest, FRAMES, "sluice-rest", limited=True),
                       loaded.device]
            trial, told = bench.trial(
                devices, lambda rates: rates["sluice"].frames / rates["sluice-rest"].frames,
                need_mb(FRAMES, 2))
            trials.append(trial)
            refused += loaded.refused
        trial = together(trials)
    result.value, result.spread = trial.value, trial.spread
    result.detail = detail(bench, trial, told, setup_of(shape, FRAMES, 64))
    per_second = count / FRAMES * trial.median("sluice", "frames")
    result.detail["burden"] = {"reports-per-s": per_second, "refused": refused}
    result.why = f"{per_second / 1e6:.2f}M reports a second, by the port that sends the data"
    return result


def run(context):
    return delay_results(context) + rate_result(context)
