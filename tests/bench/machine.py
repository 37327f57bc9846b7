# SPDX-License-Identifier: BSD-3-Clause
"""The machine that is measured on: cores, time stamp counter, huge pages, and its description for
the report. What it lacks is told in one line each, and the run goes on with what there is."""
import ctypes
import json
import mmap
import os
import platform
import subprocess
import time

MBUF_BYTES = 2560     # a 2 KiB buffer, headroom, and what the pool adds
PROGRAM_MB = 96       # of a DPDK program besides its buffers
HUGE_PAGE_MB = 2
HUGE_PAGES = "/sys/kernel/mm/hugepages/hugepages-2048kB"


def pool_mb(mbufs):
    """Memory of a program with so many buffers; sluiced asks for a quarter more than it takes."""
    return mbufs * MBUF_BYTES * 5 // 4 // 1048576 + PROGRAM_MB


def _read(path, otherwise=""):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read().strip()
    except OSError:
        return otherwise


def _answer(*words):
    try:
        return subprocess.run(words, capture_output=True, text=True, timeout=10, check=False).stdout
    except (OSError, subprocess.TimeoutExpired):
        return ""


def _free_mb():
    for line in _read("/proc/meminfo").splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) // 1024
    return 0


class HugePages:
    """Reserves for the run what is missing, and gives back exactly what was there before."""

    def __init__(self, path=HUGE_PAGES):
        self._path = path
        self._before = None

    def _count(self, name):
        return int(_read(os.path.join(self._path, name), "0") or 0)

    def free_mb(self):
        return self._count("free_hugepages") * HUGE_PAGE_MB

    def reserve(self, megabytes):
        """Whether so many megabytes of huge pages are free now."""
        missing = -(-(megabytes - self.free_mb()) // HUGE_PAGE_MB)
        if missing <= 0:
            return True
        if _free_mb() < missing * HUGE_PAGE_MB + 1024:  # never squeeze the machine
            return False
        have = self._count("nr_hugepages")
        if self._before is None:
            self._before = have
        if self._write(have + missing) and self.free_mb() >= megabytes:
            return True
        self._write(have)  # some is no use
        return False

    def _write(self, pages):
        try:
            with open(os.path.join(self._path, "nr_hugepages"), "w", encoding="ascii") as file:
                file.write(str(pages))
            return True
        except OSError:
            return False

    def give_back(self):
        if self._before is not None:
            self._write(self._before)
            self._before = None


def tsc_hz(seconds=0.2):
    """Ticks of the time stamp counter per second, against the raw monotonic clock; None where
    there is none. (rdtsc; shl rdx, 32; or rax, rdx; ret)"""
    if platform.machine() != "x86_64":
        return None
    try:
        page = mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    except OSError:
        return None
    page.write(bytes.fromhex("0f3148c1e2204809d0c3"))
    address = ctypes.addressof(ctypes.c_char.from_buffer(page))
    ticks = ctypes.CFUNCTYPE(ctypes.c_uint64)(address)

    def both():  # the reading that was least disturbed out of some
        best = None
        for _ in range(20):
            before, tsc = time.clock_gettime_ns(time.CLOCK_MONOTONIC_RAW), ticks()
            after = time.clock_gettime_ns(time.CLOCK_MONOTONIC_RAW)
            if best is None or after - before < best[2]:
                best = ((before + after) / 2, tsc, after - before)
        return best
    first = both()
    time.sleep(seconds)
    second = both()
    return (second[1] - first[1]) / (second[0] - first[0]) * 1e9


class Machine:
    def __init__(self, remark=print):
        self._remark = remark
        self.cores = sorted(os.sched_getaffinity(0))
        self.main_core = self.cores[0]
        self.worker_cores = self.cores[:0:-1]  # the last first: the first is the busiest
        self.hz = tsc_hz()
        self.pages = HugePages()
        self.huge = True
        self._said = set()

    @property
    def worker_core(self):
        return self.worker_cores[0]

    def provide(self, megabytes):
        """Huge pages for all programs of the trial to come, or ordinary pages for all of them.
        False: there is not even the memory for that."""
        self.huge = self.pages.reserve(megabytes)
        if not self.huge:
            self.say("huge pages", f"huge pages: {self.pages.free_mb()} MB are free and more are not "
                     f"to be had, {megabytes} MB are needed: ordinary pages for all programs alike")
        return self.huge or _free_mb() >= megabytes + 512

    def say(self, subject, line):
        """Once for each subject."""
        if subject not in self._said:
            self._said.add(subject)
            self._remark(line)

    def memory_options(self, mbufs):
        """EAL's words for testpmd and its like."""
        return ["--in-memory"] if self.huge else ["--no-huge", "-m", str(pool_mb(mbufs))]

    def look(self):
        """One line for each thing that will disturb the figures."""
        load = os.getloadavg()[0]
        if load > 0.8:
            self.say("load", f"load average {load:.1f}: other work disturbs the figures")
        for core in self.worker_cores[:1]:
            busy = core_use(core)
            if busy > 0.1:
                self.say("core", f"core {core}, which the programs share, is {busy:.0%} busy with "
                             "something else: expect noise")

    def describe(self, build, source):
        cpu = dict(line.split(":", 1) for line in _answer("lscpu").splitlines() if ":" in line)
        cpu = {name.strip(): value.strip() for name, value in cpu.items()}
        return {
            "cpu": cpu.get("Model name", platform.machine()),
            "cpu-cores": len(self.cores),
            "caches": {name: cpu.get(f"{name} cache", "") for name in ("L1d", "L2", "L3")},
            "hypervisor": cpu.get("Hypervisor vendor", "none"),
            "tsc-mhz": round(self.hz / 1e6, 1) if self.hz else None,
            "memory-mb": int(_read("/proc/meminfo", "MemTotal: 0").split()[1]) // 1024,
            "huge-pages": self.huge,
            "transparent-huge-pages": _read("/sys/kernel/mm/transparent_hugepage/enabled"),
            "kernel": platform.release(),
            "system": next((line.split("=")[1].strip('"') for line in
                            _read("/etc/os-release").splitlines() if line.startswith("PRETTY")), ""),
            "dpdk": _answer("pkg-config", "--modversion", "libdpdk").strip(),
            "sluiced": _answer(os.path.join(build, "control", "sluiced"), "--version").strip(),
            "commit": _answer("git", "-C", source, "describe", "--always", "--dirty",
                              "--abbrev=12").strip(),
            "build-options": _build_options(build),
            "main-core": self.main_core,
            "worker-cores": self.worker_cores,
            "set-up": "software only, one host as generator and device: figures are relative",
        }


def _build_options(build):
    text = _answer("meson", "introspect", "--buildoptions", build)
    wanted = ("buildtype", "b_lto", "b_ndebug", "cpp_args", "optimization")
    try:
        return {o["name"]: o["value"] for o in json.loads(text) if o["name"] in wanted}
    except ValueError:
        return {}


def core_use(core, seconds=0.3):
    """The part of its time that a core is not idle."""
    def ticks():
        for line in _read("/proc/stat").splitlines():
            words = line.split()
            if words[0] == f"cpu{core}":
                values = list(map(int, words[1:9]))
                return sum(values), values[3] + values[4]
        return 0, 0
    total, idle = ticks()
    time.sleep(seconds)
    total, idle = ticks()[0] - total, ticks()[1] - idle
    return 1 - idle / total if total else 0.0
