# SPDX-License-Identifier: BSD-3-Clause
"""The pictures of a run, SVG for the documents and PNG for everywhere else. Colours and the
transparent ground are legible on white and on black; text stays text, so the files are small."""
import os
import sys

from traffic import line_rate

BLUE, ORANGE, GREEN, RED, PURPLE = "#2f7ed8", "#e0861a", "#2ca05a", "#d6453d", "#8a63d2"
NEUTRAL = "#7f8792"   # axes, grid and text: midway between the two grounds
GIGABITS = (10, 25, 100)


def _figure(title, x, y):
    from matplotlib.figure import Figure  # no display, no global state
    figure = Figure(figsize=(7, 4.2), layout="constrained")
    axes = figure.add_subplot()
    figure.patch.set_alpha(0)
    axes.patch.set_alpha(0)
    axes.set_title(title, color=NEUTRAL, fontsize=12, fontweight="bold", loc="left")
    axes.set_xlabel(x, color=NEUTRAL)
    axes.set_ylabel(y, color=NEUTRAL)
    axes.tick_params(colors=NEUTRAL, which="both")
    axes.grid(True, color=NEUTRAL, alpha=0.25, linewidth=0.6)
    for side, spine in axes.spines.items():
        spine.set_color(NEUTRAL)
        spine.set_visible(side in ("left", "bottom"))
    return figure, axes


def _finish(figure, axes, folder, name):
    if axes.get_legend_handles_labels()[1]:
        axes.legend(frameon=False, labelcolor=NEUTRAL, fontsize=9)
    import matplotlib
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "sluice"}):
        figure.savefig(os.path.join(folder, f"{name}.svg"), metadata={"Date": None})
    figure.savefig(os.path.join(folder, f"{name}.png"), dpi=130)
    return name


def _log(axis, values, labels):
    from matplotlib.ticker import FixedLocator, NullLocator
    axis.set_major_locator(FixedLocator(values))
    axis.set_ticklabels(labels)
    axis.set_minor_locator(NullLocator())


def _millions(rows, key):
    return [row["detail"][key] / 1e6 for row in rows]


def _measured(results, prefix):
    return [row for row in results if row["id"].startswith(prefix) and row["value"] is not None
            and "set-up" in row["detail"]]


def _setup(row, key):
    return row["detail"]["set-up"][key]


def fan_out(results, folder):
    rows = sorted(_measured(results, "fanout-"), key=lambda row: _setup(row, "fan-out"))
    if len(rows) < 2:
        return None
    figure, axes = _figure("Copies per second on one core, 64-byte frames", "fan-out",
                           "million per second")
    snooped = [row for row in rows if not row["id"].endswith("routed")]
    routed = [row for row in rows if row["id"].endswith("routed")]
    x = [_setup(row, "fan-out") for row in snooped]
    axes.plot(x, _millions(snooped, "copies-per-s"), "o-", color=BLUE, linewidth=2.5,
              label="Sluice, copies out")
    axes.plot(x, _millions(snooped, "frames-per-s"), "o--", color=GREEN, label="Sluice, frames in")
    if routed:
        axes.plot([_setup(row, "fan-out") for row in routed], _millions(routed, "copies-per-s"), "s",
                  color=BLUE, markerfacecolor="none", label="Sluice, copies out, routed to 2 VLANs")
    axes.plot(x, _millions(snooped, "macswap-frames-per-s"), "x-", color=NEUTRAL,
              label="testpmd macswap, one copy of each frame")
    _ovs(axes, results, "fan-out", "copies-per-s", ("ovs-1", "ovs-8"))
    axes.set_xscale("log", base=2)
    every = sorted({_setup(row, "fan-out") for row in rows})
    _log(axes.xaxis, every, list(map(str, every)))
    axes.set_ylim(bottom=0)
    return _finish(figure, axes, folder, "throughput-fan-out")


def groups(results, folder):
    rows = [row for row in _measured(results, "groups-") if row["id"].endswith("-fanout-1")]
    million = [row for row in _measured(results, "groups-1m-to-64k")]
    rows = sorted(rows, key=lambda row: _setup(row, "groups"))
    if len(rows) < 2:
        return None
    figure, axes = _figure("Frames per second on one core against groups, 64 bytes",
                           "groups, in random order", "million per second")
    axes.plot([_setup(row, "groups") for row in rows], _millions(rows, "frames-per-s"), "o-",
              color=BLUE, linewidth=2.5, label="Sluice, 65,536 frames in turn")
    if million:
        detail = million[0]["detail"]
        axes.plot([65536, 1048576], [detail["first-frames-per-s"] / 1e6,
                                     detail["frames-per-s"] / 1e6], "s--", color=PURPLE,
                  label="Sluice, 1,048,576 frames in turn")
    axes.plot([_setup(row, "groups") for row in rows], _millions(rows, "macswap-frames-per-s"), "x-",
              color=NEUTRAL, label="testpmd macswap, 65,536 frames in turn")
    _ovs(axes, results, "groups", "frames-per-s", ("ovs-64k",))
    axes.set_xscale("log", base=2)
    ticks = [1, 1024, 16384, 65536] + ([1048576] if million else [])
    _log(axes.xaxis, ticks, ["1", "1k", "16k", "64k", "1M"][:len(ticks)])
    axes.set_ylim(bottom=0)
    return _finish(figure, axes, folder, "throughput-groups")


def _ovs(axes, results, x, y, names):
    rows = [row for row in _measured(results, "ovs-") if row["id"] in names]
    if rows:
        axes.plot([_setup(row, x) for row in rows], [row["detail"]["ovs-" + y] / 1e6 for row in rows],
                  "^-", color=ORANGE, label="Open vSwitch with DPDK, " +
                  ("copies out" if y.startswith("copies") else "frames in"))


def sizes(results, folder):
    """RF-11: frame size against throughput, with the theoretical lines."""
    figure, axes = _figure("Copies per second on one core against frame size", "frame size (bytes)",
                           "million per second")
    drawn = 0
    ticks = set()
    for fan_out_of, colour in ((1, GREEN), (8, BLUE)):
        rows = [row for row in _measured(results, "size-") + _measured(results, "fanout-")
                if _setup(row, "fan-out") == fan_out_of and "routed" not in row["id"]]
        rows.sort(key=lambda row: _setup(row, "frame-size"))
        if len(rows) < 2:
            continue
        drawn += 1
        x = [_setup(row, "frame-size") for row in rows]
        ticks.update(x)
        axes.plot(x, _millions(rows, "copies-per-s"), "o-", color=colour, linewidth=2.5,
                  label=f"Sluice, fan-out {fan_out_of}")
        if fan_out_of == 1:
            axes.plot(x, _millions(rows, "macswap-frames-per-s"), "x-", color=NEUTRAL,
                      label="testpmd macswap")
    if not drawn:
        return None
    ticks = sorted(ticks)
    for gigabits in GIGABITS:
        y = [line_rate(gigabits, size) / 1e6 for size in ticks]
        axes.plot(ticks, y, ":", color=RED, linewidth=1.2,
                  label="line rate of one port" if gigabits == GIGABITS[0] else None)
        axes.annotate(f"{gigabits}G", (ticks[-1], y[-1]), color=RED, fontsize=9, xytext=(5, -3),
                      textcoords="offset points")
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    _log(axes.xaxis, ticks, list(map(str, ticks)))
    low, high = axes.get_ylim()
    shown = [tick for tick in (0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500) if low <= tick <= high]
    _log(axes.yaxis, shown, [f"{tick:g}" for tick in shown])
    return _finish(figure, axes, folder, "throughput-frame-size")


def delays(results, folder):
    """One picture for each `detail["plot"]` (or all in one): distributions of `samples_us`."""
    pictures = {}
    for row in results:
        samples = (row.get("detail") or {}).get("samples_us")
        if samples:
            pictures.setdefault(row["detail"].get("plot", "delay"), {}).setdefault(
                row["detail"].get("series", row["title"]), samples)
    names = []
    for picture, series in pictures.items():
        figure, axes = _figure(f"{picture.replace('-', ' ').capitalize()} distribution",
                               "microseconds", "part of all samples")
        for place, (name, samples) in enumerate(series.items()):
            samples = sorted(samples)
            count = len(samples)
            # A step for each sample is more than anybody sees.
            step = max(1, count // 400)
            places = sorted({*range(0, count, step), count - 1})
            axes.plot([max(samples[i], 0.1) for i in places], [(i + 1) / count for i in places],
                      drawstyle="steps-post", linewidth=2, label=name,
                      color=(BLUE, ORANGE, GREEN, RED, PURPLE, NEUTRAL)[place % 6],
                      linestyle=("-", "--")[place // 6 % 2])
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter("{x:,g}")
        axes.set_ylim(0, 1.02)
        names.append(_finish(figure, axes, folder, picture if "delay" in picture
                             else f"{picture}-delay"))
    return names


def draw(report, folder, remark=print):
    """The names of the pictures that this report has the figures for; none without matplotlib."""
    try:
        import matplotlib  # noqa: F401 pylint: disable=unused-import
    except ImportError:
        remark("no pictures: python3-matplotlib is not installed")
        return []
    os.makedirs(folder, exist_ok=True)
    results = report["results"]
    names = [picture(results, folder) for picture in (fan_out, groups, sizes)]
    return [name for name in names if name] + delays(results, folder)


if __name__ == "__main__":
    import json
    if len(sys.argv) != 3:
        sys.exit("usage: plots.py REPORT.json DIR")
    with open(sys.argv[1], encoding="utf-8") as source:
        print(*draw(json.load(source), sys.argv[2]), sep="\n")
