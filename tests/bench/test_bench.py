# SPDX-License-Identifier: BSD-3-Clause
"""The harness measures right what is known, calls noise noise, and leaves nothing behind. No DPDK
program is started here: /usr/bin/python3 -m pytest tests/bench/test_bench.py"""
import io
import os
import pathlib
import signal
import struct
import subprocess
import sys
import tempfile
import time

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

# pylint: disable=wrong-import-position
import alternate  # noqa: E402
import machine as machines  # noqa: E402
import plots  # noqa: E402
import program  # noqa: E402
import table  # noqa: E402
import telemetry  # noqa: E402
import testpmd  # noqa: E402
import throughput  # noqa: E402
import traffic  # noqa: E402
from device import Device, Rate  # noqa: E402
from record import Context, Result  # noqa: E402
from sluiced import Shape  # noqa: E402
from trials import Bench  # noqa: E402


class Scripted:
    """A device whose windows give what the test says, and that notes what was done to it."""

    def __init__(self, name, rates, log):
        self.name, self.rates, self.log = name, iter(rates), log

    def resume(self):
        self.log.append((self.name, "runs"))

    def pause(self):
        self.log.append((self.name, "stands"))

    def window(self, _):
        value = next(self.rates)
        return Rate(value, value)

    def before(self):
        pass

    def after(self):
        pass

    def verify(self, rates):
        pass


def measure(mine, theirs, **more):
    log = []
    devices = [Scripted("peer", theirs, log), Scripted("mine", mine, log)]
    trial = alternate.measure(devices, lambda r: r["mine"].frames / r["peer"].frames, seconds=0,
                              settle=0, **more)
    return trial, log


def test_a_phase_at_half_speed_hits_both_and_changes_nothing():
    trial, _ = measure([10, 5, 5, 10, 10], [20, 10, 10, 20, 20])
    assert trial.value == 0.5 and trial.spread == 0 and trial.attempts == [0]


def test_noisy_rounds_are_repeated_and_the_calmest_kept():
    noisy = [10, 20, 10, 20, 10]
    trial, _ = measure(noisy + [10, 10, 11, 10, 10], [10] * 10)
    assert trial.values == [1, 1, 1.1, 1, 1]
    assert trial.attempts == pytest.approx([1.0, 0.1])


def test_noise_that_stays_is_marked_after_a_bounded_number_of_attempts():
    trial, _ = measure([10, 20, 10, 20, 10] * 3, [10] * 15)
    assert len(trial.attempts) == 3
    result = Result("x", "x", trial.value, "x", spread=trial.spread, floor=0.5)
    assert result.noisy and table.verdict(result) == "met, noisy"


def test_one_runs_at_a_time_and_the_order_turns_round():
    _, log = measure([1] * 5, [1] * 5)
    running = set()
    starts = []
    for name, what in log:
        if what == "runs":
            assert not running
            running.add(name)
            starts.append(name)
        else:
            running.discard(name)
    rounds = starts[2:-2]  # besides before() and after()
    assert rounds[:4] == ["peer", "mine", "mine", "peer"]


class Fake(Device):
    patience = 0

    def __init__(self, folder, name, rate, copies=1.0, fan_out=1):
        super().__init__(name, folder, [0], [1], fan_out)
        self.rate, self.copies = rate, copies

    def start(self):
        directory = os.path.join(telemetry.runtime_directory(), self.prefix)
        os.makedirs(directory)
        self.program = program.Program(
            ["/usr/bin/python3", "-S", os.path.join(HERE, "fake_device.py"),
             os.path.join(directory, "dpdk_telemetry.v2"), self.rate, self.copies],
            self.path("log"))
        self.connect()


@pytest.fixture(autouse=True)
def runtime(monkeypatch):
    """A directory with a short name: a socket's path has 107 bytes at most."""
    with tempfile.TemporaryDirectory() as directory:
        monkeypatch.setattr(telemetry, "runtime_directory", lambda: directory)
        yield pathlib.Path(directory)
        program.stop_all()


def gone(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            return file.read().split()[2] == "Z"
    except OSError:
        return True


def test_a_known_ratio_is_measured(tmp_path, runtime):
    devices = [Fake(tmp_path, "peer", 4e6), Fake(tmp_path, "mine", 1e6, copies=8, fan_out=8)]
    with alternate.Line(*devices) as line:
        trial = alternate.measure(line, lambda r: r["mine"].copies / r["peer"].frames, rounds=5,
                                  seconds=0.02, settle=0)
    assert trial.value == pytest.approx(2.0, rel=0.03)
    assert all(gone(device.program.process.pid) for device in devices)
    assert os.listdir(runtime) == []


def test_wrong_fan_out_is_no_figure(tmp_path):
    with alternate.Line(Fake(tmp_path, "mine", 1e6, copies=7.5, fan_out=8)) as line:
        with pytest.raises(program.Broken, match=r"mine made 7\.\d+ copies of a frame instead of 8"):
            alternate.measure(line, lambda r: r["mine"].copies, seconds=0.005, settle=0)


def test_a_device_that_does_not_start_takes_the_others_with_it(tmp_path, runtime, monkeypatch):
    monkeypatch.setattr(testpmd, "find", lambda name: None)
    mine = Fake(tmp_path, "mine", 1e6)
    peer = testpmd.Testpmd(tmp_path, None, "macswap", ["none.pcap"], 1024)
    with pytest.raises(program.Broken, match="dpdk-testpmd is not installed"):
        with alternate.Line(mine, peer):
            pass
    assert gone(mine.program.process.pid) and os.listdir(runtime) == []


class Place:
    """A machine for a trial that never comes to run."""
    hz = 2e9
    cores, main_core, worker_cores = [0, 1], 0, [1]
    huge = False

    def provide(self, _):
        return True

    def memory_options(self, _):
        return []


def test_a_missing_peer_is_one_line_and_no_crash(monkeypatch):
    monkeypatch.setattr(testpmd, "find", lambda name: None)
    bench = Bench(Context("nowhere", machine=Place()))
    result = throughput.measure_point(bench, throughput.Point("x", "x", Shape(1), floor=0.7))
    assert result.value is None and result.met is None
    assert result.why.startswith("dpdk-testpmd is not installed") and "\n" not in result.why
    assert result.detail["validity"].startswith("invalid")


def test_two_workers_on_two_cores_are_not_pretended():
    bench = Bench(Context("nowhere", machine=Place()))
    result = throughput.measure_point(bench, throughput.Point("x", "x", Shape(1, workers=2)))
    assert result.value is None and result.why.startswith("needs 3 cores")


def test_what_is_left_when_we_are_killed(tmp_path):
    child = subprocess.Popen(
        [sys.executable, "-c", "import sys, time; sys.path.insert(0, sys.argv[1]); import program;"
         "p = program.Program(['sleep', '60'], sys.argv[2]); p.pause();"
         "print(p.process.pid, flush=True); time.sleep(60)", HERE, str(tmp_path / "log")],
        stdout=subprocess.PIPE, text=True)
    pid = int(child.stdout.readline())
    assert not gone(pid)
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    deadline = time.monotonic() + 2
    while not gone(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert gone(pid)


def test_directories_of_runs_that_are_no_more_are_swept(runtime):
    dead, other = runtime / f"{telemetry.PREFIX}4194304-io", runtime / "rte"
    mine = runtime / telemetry.prefix("io")
    for directory in (dead, other, mine):
        directory.mkdir(parents=True)
    telemetry.sweep()
    assert not dead.exists() and other.exists() and mine.exists()


@pytest.mark.parametrize("granted, enough", [(30, True), (10, False)])
def test_huge_pages_are_given_back_exactly(tmp_path, granted, enough):
    class Kernel(machines.HugePages):
        def _write(self, pages):
            given = min(pages, granted)
            (tmp_path / "nr_hugepages").write_text(str(given))
            (tmp_path / "free_hugepages").write_text(str(given - 3))  # three in use
            return True
    pages = Kernel(str(tmp_path))
    pages._write(7)  # pylint: disable=protected-access
    assert pages.reserve(8) and (tmp_path / "nr_hugepages").read_text() == "7"  # there already
    assert pages.reserve(40) == enough
    assert (tmp_path / "nr_hugepages").read_text() == ("23" if enough else "7")
    pages.give_back()
    assert (tmp_path / "nr_hugepages").read_text() == "7"


def test_the_counter_of_time_stamps_is_plausible():
    hz = machines.tsc_hz(0.02)
    assert hz is None or 5e8 < hz < 1e10


@pytest.mark.parametrize("size", throughput.SIZES)
@pytest.mark.parametrize("tag", [None, 10])
def test_frames_are_whole(size, tag):
    frame = traffic.data_frame(traffic.group(5), size, tag)
    ip = frame[14 if tag is None else 18:]
    assert len(frame) == size - 4
    assert traffic.checksum(ip[:20]) == 0 and struct.unpack("!H", ip[2:4])[0] == len(ip)


def test_a_seed_makes_the_same_file_again(tmp_path):
    files = [traffic.write_data(str(tmp_path / name), 100, 10, seed=seed)
             for name, seed in (("a", 1), ("b", 1), ("c", 2))]
    data = [open(file, "rb").read() for file in files]
    assert data[0] == data[1] != data[2]
    assert sorted(traffic.group_order(100, 10)) == sorted(list(range(10)) * 10)


def test_line_rates_are_those_of_the_standard():
    assert [traffic.line_rate(gigabits, 64) for gigabits in plots.GIGABITS] == \
        [14880952, 37202380, 148809523]
    assert traffic.line_rate(10, 1518) == 812743


def test_the_table_tells_floor_here_and_verdict():
    output = io.StringIO()
    table.show([Result("free", "without a floor", 3.0, "x"),
                Result("a", "good", 0.9, "x", floor=0.7, aim=0.8, spread=0.01),
                Result("b", "slow", 90.0, "cycles", "lower", 80, 50, 0.3),
                Result("c", "absent", None, "x", floor=1, why="no such peer")], output)
    lines = output.getvalue().splitlines()
    assert [line.split()[0] for line in lines if line and line[0] != "-"] == \
        ["figure", "good", "slow", "absent", "without", "absent:"]
    assert "met" in lines[3] and "above, noisy" in lines[4] and "not measured" in lines[5]


def test_only_takes_a_figure_or_a_family():
    wants = Context("", only=("fanout", "groups-1k")).wants
    assert wants("fanout-8") and wants("groups-1k-fanout-1") and not wants("groups-16k-fanout-1")
    assert not Context("", only=("fanout-1",)).wants("fanout-16")
    one = Context("", only=("join-delay-p99",))
    assert one.wants("join-delay") and one.names("join-delay-p99") and not one.names("join-delay-p50")
