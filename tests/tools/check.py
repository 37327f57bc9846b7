# SPDX-License-Identifier: BSD-3-Clause
"""`make check`: builds, runs every test, counts, and ends with "N passed, N failed, N skipped".

Release build with g++: end to end, simulation, and the tests of what the workers run and what threads
share. Builds with clang: every unit test and the simulation under ASan+UBSan, threads under TSan.
A line per step as it goes; a failed step prints its output.
"""
import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import conformance

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
BUILD = os.path.join(ROOT, "build")
JOBS = str(max(2, os.cpu_count() or 2))


class Tally:
    def __init__(self):
        self.passed = self.failed = 0
        self.skipped = []   # (what, why)
        self.failures = []  # what
        self.started = time.time()

    def add(self, passed, failed=0):
        self.passed += passed
        self.failed += failed

    def step(self, name):
        print(f"[{time.time() - self.started:5.0f} s] {name}", flush=True)

    def fail(self, what, output=""):
        self.failed += 1
        self.failures.append(what)
        print(f"FAILED: {what}\n{output[-8000:]}", flush=True)


def run(command, env=None, timeout=1500):
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, **(env or {})}, timeout=timeout,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                          check=False)
    return done.returncode, done.stdout


def build(tally, folder, options, targets, suites, compiler="g++"):
    """The targets, and the tests of the suites."""
    tally.step(f"build {os.path.basename(folder)}: {' '.join(options) or 'release'}")
    if not os.path.exists(os.path.join(folder, "build.ninja")):
        code, output = run(["meson", "setup", folder, *options], {"CXX": compiler})
        if code:
            tally.fail(f"meson setup {folder}", output)
            return False
    tests = [os.path.relpath(test["cmd"][0], folder) for test in meson_tests(folder, suites)]
    code, output = run(["ninja", "-C", folder, "-j", JOBS, *targets, *tests], timeout=2400)
    if code:
        tally.fail(f"build of {os.path.basename(folder)}", output)
    else:
        tally.add(1)
    return code == 0


def meson_tests(folder, suites):
    code, output = run(["meson", "introspect", folder, "--tests"])
    if code:
        return []
    return [test for test in json.loads(output)
            if any(suite.split(":")[-1] in suites for suite in test["suite"])]


def run_test(test, report):
    """Its exit status, output and seconds."""
    if os.path.exists(report):
        os.remove(report)
    env = {**test["env"], "GTEST_OUTPUT": f"json:{report}", "GTEST_COLOR": "no",
           "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
           "TSAN_OPTIONS": "halt_on_error=1"}
    started = time.time()
    try:
        code, output = run(test["cmd"], env, timeout=900)
    except subprocess.TimeoutExpired:
        code, output = 1, "timed out"
    return code, output, time.time() - started


def run_tests(tally, folder, suites, results):
    """Runs the tests, as many at once as there are cores, and counts their cases."""
    tests = [(test, os.path.join(folder, f"{test['name']}.json"))
             for test in meson_tests(folder, suites)]
    with ThreadPoolExecutor(int(JOBS)) as pool:
        runs = [pool.submit(run_test, test, report) for test, report in tests]
    for (test, report), done in zip(tests, runs):
        code, output, seconds = done.result()
        cases = count_cases(report)
        where = f"{test['name']} ({os.path.basename(folder)})"
        if cases is None:   # no GoogleTest: the program as a whole is one case
            cases = (1, 0, []) if code == 0 else (0, 0, [])
        passed, failed, skipped = cases
        tally.add(passed, failed)
        tally.skipped += [(f"{where} {name}", "disabled or skipped by the test") for name in skipped]
        if failed:
            tally.failures.append(f"{where}: {failed} cases")
            print(output[-8000:])
        elif code:
            tally.fail(where, output)
        tally.step(f"  {where}: {passed} passed, {failed or (1 if code else 0)} failed, {seconds:.0f} s")
        if os.path.exists(report):
            results.append(report)


def count_cases(report):
    if not os.path.exists(report):
        return None
    with open(report, encoding="utf-8") as file:
        suites = json.load(file)["testsuites"]
    passed, failed, skipped = 0, 0, []
    for suite in suites:
        for case in suite["testsuite"]:
            if case.get("result") != "COMPLETED":
                skipped.append(f"{suite['name']}.{case['name']}")
            elif case.get("failures"):
                failed += 1
            else:
                passed += 1
    return passed, failed, skipped


def pytest(build_dir, report, *selection):
    """Runs end-to-end tests; returns (exit code, output, a row for each test)."""
    if os.path.exists(report):
        os.remove(report)
    code, output = run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider",
                        "--req-report", report, *selection],
                       {"SLUICE_BUILD": build_dir, "PYTHONDONTWRITEBYTECODE": "1"}, timeout=900)
    if not os.path.exists(report):
        return code, output, []
    with open(report, encoding="utf-8") as file:
        return code, output, json.load(file)


def end_to_end(tally, build_dir):
    if os.geteuid() != 0:
        tally.skipped.append(("end-to-end tests", "network namespaces need root"))
        return None
    tally.step("end to end, in network namespaces")
    report = os.path.join(build_dir, "e2e.json")
    try:
        code, output, rows = pytest(build_dir, report, "tests/e2e")
        failed = [row for row in rows if row["outcome"] == "failed"]
        # Real kernels, real routers, a shared machine: who fails once is run once more, and is named.
        if failed and len(failed) <= 5:
            names = [os.path.join("tests", "e2e", row["test"]) for row in failed]
            print(output[-4000:])
            code, output, again = pytest(build_dir, report + ".again", *names)
            for row in again:
                if row["outcome"] == "passed":
                    print(f"passed at the second run only: {row['test']}")
            outcome = {row["test"]: row["outcome"] for row in again}
            for row in failed:
                row["outcome"] = outcome.get(row["test"], "failed")
            with open(report, "w", encoding="utf-8") as file:
                json.dump(rows, file)
    except subprocess.TimeoutExpired:
        tally.fail("end-to-end tests timed out")
        return None
    failed = [row["test"] for row in rows if row["outcome"] == "failed"]
    tally.add(sum(row["outcome"] == "passed" for row in rows), len(failed))
    tally.skipped += [(row["test"], row["reason"]) for row in rows if row["outcome"] == "skipped"]
    tally.failures += failed
    if failed:
        print(output[-12000:])
    elif not rows:
        tally.fail("end-to-end tests did not run", output)
    return report


def demonstrate(tally):
    if os.geteuid() != 0:
        return
    for name in ("demo", "proxy"):
        tally.step("make demo" + (f" DEMO={name}" if name != "demo" else ""))
        code, output = run([sys.executable, f"tests/demo/{name}.py"], {"SLUICE_BUILD": BUILD}, timeout=180)
        if code:
            tally.fail(f"demo {name}", output)
        else:
            tally.add(1)


def compiled_alone(header):
    """Whether a build has shown it: its own source file includes it before anything else."""
    source = os.path.join(ROOT, header[:-2] + ".cpp")
    if not os.path.exists(source):
        return False
    with open(source, encoding="utf-8") as file:
        first = next((line for line in file if line.startswith("#include")), "")
    return first.strip() == f'#include "{header}"'


def check_headers(tally):
    """Each header compiles alone."""
    tally.step("headers compile alone")
    flags = run(["pkg-config", "--cflags", "libdpdk"])[1].split()
    flags = [flag.replace("-I", "-isystem", 1) if flag.startswith("-I") else flag for flag in flags]
    headers = subprocess.run(["git", "ls-files", "shared/*.h", "config/*.h", "dataplane/*.h",
                              "control/*.h"], cwd=ROOT, capture_output=True, text=True,
                             check=True).stdout.split()
    def alone(header):
        return subprocess.run(["g++", "-std=c++20", "-fsyntax-only", '-DSLUICE_VERSION=""', *flags,
                               "-I.", "-x", "c++", "-"], cwd=ROOT, input=f'#include "{header}"\n',
                              text=True, capture_output=True, check=False).stderr

    headers = [header for header in headers if not compiled_alone(header)]
    with ThreadPoolExecutor(int(JOBS)) as pool:
        bad = [output for output in pool.map(alone, headers) if output]
    if bad:
        tally.fail("headers do not compile alone", bad[0])
    else:
        tally.add(1)


def check_format(tally):
    if not shutil.which("clang-format-14"):
        tally.skipped.append(("clang-format", "clang-format-14 is not installed"))
        return
    tally.step("clang-format")
    files = subprocess.run(["git", "ls-files", "*.h", "*.cpp"], cwd=ROOT, capture_output=True,
                           text=True, check=True).stdout.split()
    code, output = run(["clang-format-14", "--dry-run", "--Werror", *files])
    if code:
        names = sorted(set(re.findall(r"^(\S+?):\d+", output, re.M)))
        tally.fail("clang-format would change " + ", ".join(names))
    else:
        tally.add(1)


def harness_tests(tally):
    """Those of the benchmarks' harness, which need nothing of ours built."""
    tally.step("tests of the benchmark harness")
    code, output = run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider",
                        "tests/bench/test_bench.py"], {"PYTHONDONTWRITEBYTECODE": "1"}, timeout=120)
    passed = re.search(r"(\d+) passed", output)
    tally.add(int(passed.group(1)) if passed else 0)
    if code:
        tally.fail("tests of the benchmark harness", output)


def check_conformance(tally, reports, e2e, write):
    text = conformance.render(reports, e2e)
    path = os.path.join(ROOT, "docs", "conformance.md")
    if write:
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        print(f"wrote {path}")
        return
    committed = open(path, encoding="utf-8").read() if os.path.exists(path) else ""
    if committed == text:
        tally.add(1)
    else:
        tally.fail("docs/conformance.md is not what this run generates: run `make conformance`")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write-conformance", action="store_true",
                        help="write docs/conformance.md, instead of comparing it with what this run generates")
    arguments = parser.parse_args()
    tally = Tally()
    reports = []
    programs = ["control/sluiced", "control/cli/sluicectl"]
    if not build(tally, BUILD, [], [*programs, "config/config_reference", "config/package/sluice.toml.5"],
                 {"release", "sim", "threads"}):
        return finish(tally)
    run_tests(tally, BUILD, {"release", "sim", "threads"}, reports)
    e2e = end_to_end(tally, BUILD)
    harness_tests(tally)
    demonstrate(tally)
    check_headers(tally)
    check_format(tally)
    # Line numbers for the stack traces, and no more: they are half of the build's time. With clang,
    # whose warnings are other ones, and which takes half as long as g++ for it.
    sanitized = ["--buildtype=plain", "-Doptimization=1", "-Dcpp_args=-g1", "-Db_lundef=false"]
    for folder, sanitizer, targets, suites in (("build-asan", "address,undefined", programs, {"unit", "sim"}),
                                               ("build-tsan", "thread", [], {"threads"})):
        folder = os.path.join(ROOT, folder)
        if build(tally, folder, [*sanitized, f"-Db_sanitize={sanitizer}"], targets, suites, "clang++"):
            run_tests(tally, folder, suites, reports)
    check_conformance(tally, reports, e2e, arguments.write_conformance)
    return finish(tally)


def finish(tally):
    for what, why in tally.skipped:
        print(f"skipped: {what}: {why}")
    for what in tally.failures:
        print(f"failed: {what}")
    print(f"{tally.passed} passed, {tally.failed} failed, {len(tally.skipped)} skipped")
    return 1 if tally.failed else 0


if __name__ == "__main__":
    sys.exit(main())
