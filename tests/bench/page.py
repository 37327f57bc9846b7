#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Puts a report of `make bench` into docs/benchmarks.md, between its two marks.

    tests/bench/page.py build/bench/report.json docs/benchmarks.md
"""
import json
import sys
from types import SimpleNamespace

import table

BEGIN, END = "<!-- from tests/bench/page.py -->\n", "<!-- end of it -->\n"


def markdown(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n"
                   for line in lines)


def machine(report):
    facts = {name: value for name, value in report["machine"].items()
             if isinstance(value, (str, int, float, bool))}
    facts = {"begun": report["start"], "ended": report["end"],
             "command": " ".join(report["command"][1:]), **facts}
    return markdown(("", ""), [(name, f"`{value}`") for name, value in facts.items()])


def results(report):
    rows = [SimpleNamespace(**row) for row in report["results"]]
    text = ""
    for name, chosen in (("With a floor", [r for r in rows if r.floor is not None]),
                         ("Without", [r for r in rows if r.floor is None])):
        text += f"\n### {name}\n\n" + markdown(table.HEAD, [table.row(row) for row in chosen])
    remarks = [f"* {row.title}: {row.why}\n" for row in rows if row.why]
    return text + ("\n### Remarks\n\n" + "".join(remarks) if remarks else "")


def main(report_path, page_path):
    with open(report_path, encoding="utf-8") as file:
        report = json.load(file)
    with open(page_path, encoding="utf-8") as file:
        page = file.read()
    before, rest = page.split(BEGIN)
    _, after = rest.split(END)
    with open(page_path, "w", encoding="utf-8") as file:
        file.write(before + BEGIN + machine(report) + results(report) + END + after)
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
