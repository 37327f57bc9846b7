# SPDX-License-Identifier: BSD-3-Clause
"""docs/conformance.md: each rule of tests/tools/requirements.tsv, the code that names it, the tests
that prove it (by their `req` property or marker), and its state. Deterministic; made by `make
conformance`, compared by `make check`."""
import json
import os
import re
import subprocess
from collections import defaultdict

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
AREAS = {
    "igmp-messages": "IGMP messages",
    "igmp-router": "IGMP router side",
    "snooping": "Snooping switch",
    "igmp-host-proxy": "IGMP host side and proxy",
}
ID = re.compile(r"\b([A-Z][A-Z0-9]{0,2}-\d{1,2})\b")


def requirements():
    with open(os.path.join(ROOT, "tests", "tools", "requirements.tsv"), encoding="utf-8") as file:
        for line in file:
            if line.startswith("#") or not line.strip():
                continue
            identifier, level, rule, text = (line.rstrip("\n").split("\t") + ["", ""])[:4]
            yield identifier, level, rule, text


def tests_by_requirement(reports, e2e):
    proofs = defaultdict(set)
    for report in reports:
        with open(report, encoding="utf-8") as file:
            for suite in json.load(file)["testsuites"]:
                for case in suite["testsuite"]:
                    if case.get("failures") or case.get("result") != "COMPLETED":
                        continue
                    for identifier in re.split(r"[\s,]+", case.get("req", "")):
                        if identifier:
                            proofs[identifier].add(f"{suite['name']}.{case['name']}")
    if e2e and os.path.exists(e2e):
        with open(e2e, encoding="utf-8") as file:
            for row in json.load(file):
                if row["outcome"] == "passed":
                    for identifier in row["req"]:
                        proofs[identifier].add(row["test"])
    return proofs


def code_by_requirement():
    """Which source names a rule. IDs are unique within an area only, so the folder tells the area."""
    folders = {
        "control/igmp/host": ["igmp-host-proxy"],
        "control/igmp": ["igmp-messages", "igmp-router", "snooping"],
        "control/snooping": ["snooping", "igmp-router", "igmp-host-proxy", "igmp-messages"],
        "control/proxy": ["igmp-host-proxy", "igmp-router"],
        "dataplane": ["snooping", "igmp-host-proxy"],
        "shared": ["snooping", "igmp-messages", "igmp-host-proxy"],
        "config": ["snooping", "igmp-router", "igmp-host-proxy"],
    }
    known = {identifier for identifier, *_ in requirements()}
    places = defaultdict(set)
    files = subprocess.run(["git", "ls-files", "*.cpp", "*.h"], cwd=ROOT, capture_output=True,
                           text=True, check=True).stdout.split()
    for path in files:
        areas = next((a for prefix, a in folders.items() if path.startswith(prefix)), None)
        if areas is None:
            continue
        with open(os.path.join(ROOT, path), encoding="utf-8") as file:
            found = set(ID.findall(file.read()))
        for short in found:
            for area in areas:
                if f"{area}/{short}" in known:
                    places[f"{area}/{short}"].add(path)
                    break
    return places


def cell(text):
    return text.replace("|", "\\|").replace("*", "\\*")


def render(reports, e2e):
    proofs, places = tests_by_requirement(reports, e2e), code_by_requirement()
    rows, counts = defaultdict(list), defaultdict(lambda: [0, 0])
    for identifier, level, rule, text in requirements():
        area, short = identifier.split("/")
        tests = sorted(proofs.get(identifier, ()))
        state = "tested" if tests else "open"
        counts[area][0 if tests else 1] += 1
        shown = ", ".join(f"`{test}`" for test in tests[:2])
        if len(tests) > 2:
            shown += f" and {len(tests) - 2} more"
        code = ", ".join(f"`{path}`" for path in sorted(places.get(identifier, ()))[:2])
        rows[area].append(f"| {short} | {cell(rule)} | {cell(text)} | {code} | {shown} | {state} |")
    lines = ["# Conformance", "",
             "Every rule that Sluice is measured by: where its code is, which test proves it, and its",
             "state. Made from the tests' own run by `make conformance`; do not edit. **tested**: a test",
             "names the rule and passed. **open**: no test names it; it may be implemented, or not apply.",
             "", "| area | tested | open |", "|---|---|---|"]
    for area, title in AREAS.items():
        lines.append(f"| [{title}](#{title.lower().replace(' ', '-')}) | {counts[area][0]} | "
                     f"{counts[area][1]} |")
    for area, title in AREAS.items():
        lines += ["", f"## {title}", "", "| ID | rule | text | code | test | state |",
                  "|---|---|---|---|---|---|", *rows[area]]
    return "\n".join(lines) + "\n"
