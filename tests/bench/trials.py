# SPDX-License-Identifier: BSD-3-Clause
"""One throughput trial: its file made, its devices started side by side and measured in turn, and
the Result with all that a report needs (RF-01 to RF-07)."""
import contextlib
import hashlib
import os
import statistics
import tempfile
import time

import telemetry
import traffic
from alternate import Line, measure
from machine import pool_mb
from program import Broken
from record import Result
from sluiced import Sluiced
from testpmd import Testpmd

SPARE_MBUFS = 16384    # besides those that the file's frames are in


class Bench:
    """What every trial of a run shares."""

    def __init__(self, context):
        self.context = context
        self.machine = context.machine
        # At least five rounds, always: a quick run shortens the windows.
        self.rounds, self.seconds = max(5, context.rounds), context.seconds

    def sluice(self, folder, shape, file, frames, name="sluice", **devices):
        return Sluiced(folder, self.machine, self.context.build, shape, [file] * shape.workers,
                       mbufs(frames, shape.workers), name, **devices)

    def peers(self, folder, file, frames, workers=1, modes=("macswap", "io")):
        return [Testpmd(folder, self.machine, mode, [file] * workers, mbufs(frames, workers))
                for mode in modes]

    def trial(self, devices, figure, megabytes):
        """Provides memory, measures, and gives (trial, what the report says of each device)."""
        if not self.machine.provide(megabytes):
            raise Broken(f"needs {megabytes} MB of memory")
        with Line(*devices) as line:
            done = measure(line, figure, self.rounds, self.seconds)
            return done, [device.describe() for device in line]

    @contextlib.contextmanager
    def folder(self):
        with tempfile.TemporaryDirectory(prefix=telemetry.prefix("")) as name:
            yield name


def mbufs(frames, workers=1):
    return workers * frames + SPARE_MBUFS


def need_mb(frames, devices, workers=1):
    return devices * pool_mb(mbufs(frames, workers))


def write(folder, frames, shape, size=64, name="data", seed=1):
    return traffic.write_data(os.path.join(folder, f"{name}.pcap"), frames, shape.groups, size,
                              shape.data_vlan if shape.tagged_in else None, seed)


def setup_of(shape, frames, size, seed=1):
    """RF-03."""
    return {"frame-size": size, "fan-out": shape.fan_out, "groups": shape.groups,
            "sources-per-group": 1 if shape.sources else 0, "group-order": f"shuffled, seed {seed}",
            "frames-in-file": frames, "ingress-ports": 1, "egress-ports": shape.ports,
            "tags": f"{'tagged' if shape.tagged_in else 'untagged'} in, {tags_out(shape)} out",
            "forwarding": "routed by the proxy" if shape.routed else "snooping",
            "workers": shape.workers, "igmp-version": 3, "membership": "static"}


def tags_out(shape):
    if shape.mixed_out:
        return "half untagged, half tagged"
    if len(shape.vlans) == 2:
        return "untagged in one VLAN, tagged in the other"
    return "tagged" if shape.tagged_out else "untagged"


def detail(bench, trial, devices, setup, sluice="sluice", begin=None):
    """What goes to the JSON besides the figure."""
    hz = bench.machine.hz
    frames, copies = trial.median(sluice, "frames"), trial.median(sluice, "copies")
    text = {"validity": "valid", "start": begin or utc(), "seconds": bench.seconds,
            "set-up": setup, "intended-load": "as much as the device takes",
            "huge-pages": bench.machine.huge, "frames-per-s": frames, "copies-per-s": copies,
            "line-rate-share": {f"{gigabits}G": frames / traffic.line_rate(gigabits,
                                                                           setup["frame-size"])
                                for gigabits in (10, 25, 100)},
            **trial.record(), "devices": [with_hash(device) for device in devices]}
    if hz:
        spent = hz * setup["workers"]
        text["cycles-per-frame"], text["cycles-per-copy"] = spent / frames, spent / copies
    for name in trial.rounds[0]:
        if name == sluice or name.startswith(sluice):
            continue
        text[f"frames-to-{name}"] = paired(trial, sluice, "frames", name)
        text[f"copies-to-{name}"] = paired(trial, sluice, "copies", name)
        text[f"{name}-frames-per-s"] = trial.median(name, "frames")
        if hz:
            text[f"{name}-cycles-per-frame"] = hz / trial.median(name, "frames")
    return text


def paired(trial, name, what, peer):
    return statistics.median(getattr(rates[name], what) / rates[peer].frames
                             for rates in trial.rounds)


def with_hash(device):
    text = " ".join(device["command"]) + device["configuration"]
    return {**device, "configuration-hash": hashlib.sha256(text.encode()).hexdigest()[:16]}


def utc():
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def invalid(result, reason):
    """A trial that is no trial gives no figure (BT-04)."""
    result.value, result.spread, result.why = None, None, str(reason)
    result.detail = {"validity": f"invalid: {reason}", "start": utc()}
    return result


__all__ = ["Bench", "Broken", "Result", "detail", "invalid", "mbufs", "need_mb", "setup_of", "write"]
