# SPDX-License-Identifier: BSD-3-Clause
"""What a run shows on the terminal: a progress line while it runs, remarks that stay, and one table
at the end."""
import shutil
import sys
import time

HEAD = ("figure", "floor", "aim", "here", "spread", "")


def verdict(result):
    if result.value is None:
        return "not measured"
    words = []
    if result.met is not None:
        words.append("met" if result.met else "below" if result.better == "higher" else "above")
    if result.noisy:
        words.append("noisy")
    return ", ".join(words)


def number(value):
    if value is None:
        return ""
    if abs(value) >= 1e6:
        return f"{value / 1e6:.2f}M"
    if abs(value) >= 10000:
        return f"{value / 1e3:.0f}k"
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def limit(value, better):
    return "" if value is None else ("≥ " if better == "higher" else "≤ ") + number(value)


def unit(result):
    return "" if result.unit == "x" else " " + result.unit


def row(result):
    here = number(result.value) + unit(result) if result.value is not None else "-"
    spread = f"{result.spread:.0%}" if result.spread is not None else ""
    return (result.title, limit(result.floor, result.better), limit(result.aim, result.better), here,
            spread, verdict(result))


def show(results, output=sys.stdout):
    """Figures with a floor first, in the order of the run; then the others; then the remarks."""
    ordered = [r for r in results if r.floor is not None] + \
              [r for r in results if r.floor is None]
    rows = [row(result) for result in ordered]
    widths = [max(len(line[column]) for line in [HEAD, *rows]) for column in range(len(HEAD))]
    split = sum(result.floor is not None for result in ordered)

    def line(cells):
        words = [cells[0].ljust(widths[0])]
        words += [cell.rjust(width) for cell, width in zip(cells[1:5], widths[1:5])]
        print("  ".join([*words, cells[5]]).rstrip(), file=output)
    print(file=output)
    line(HEAD)
    for place, cells in enumerate(rows):
        if place in (0, split):
            print("-" * (sum(widths) + 2 * (len(widths) - 1)), file=output)
        line(cells)
    remarks = [result for result in ordered if result.why]
    if remarks:
        print(file=output)
    for result in remarks:
        print(f"{result.title}: {result.why}", file=output)


class Progress:
    """On a terminal one line that changes; elsewhere a line for each step."""

    def __init__(self, output=sys.stdout):
        self._output = output
        self._terminal = output.isatty()
        self._begin = time.monotonic()

    def __call__(self, what):
        seconds = int(time.monotonic() - self._begin)
        line = f"[{seconds // 60}:{seconds % 60:02}] {what}"
        if self._terminal:
            width = shutil.get_terminal_size().columns - 1
            print("\r\033[K" + line[:width], end="", file=self._output, flush=True)
        else:
            print(line, file=self._output, flush=True)

    def clear(self):
        if self._terminal:
            print("\r\033[K", end="", file=self._output, flush=True)

    def remark(self, line):
        self.clear()
        print(line, file=self._output, flush=True)
