# SPDX-License-Identifier: GPL-2.0-only
"""Plots, drawn by gnuplot."""
import dataclasses
import os
import subprocess


@dataclasses.dataclass
class Series:
    """A curve, or bars.

    points  (x, y) or, with errors, (x, y, low, high)
    style   lines, linespoints, points, steps, yerrorbars, yerrorlines
    """
    name: str
    points: list
    style: str = "linespoints"


@dataclasses.dataclass
class Plot:
    """A plot NAME.svg.

    log     "", "x", "y" or "xy"
    ticks   names of x = 0, 1, ... instead of numbers: series are bars then
    marks   (x, text) of vertical lines
    """
    name: str
    title: str
    xlabel: str
    ylabel: str
    series: list
    log: str = ""
    ticks: list = None
    marks: list = dataclasses.field(default_factory=list)


def quoted(text):
    """TEXT as gnuplot wants it."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def script(plot, path):
    """The commands that draw PLOT into PATH."""
    lines = [
        'set terminal svg size 900,520 dynamic background rgb "white" '
        'font "sans-serif,14" noenhanced',
        f"set output {quoted(path)}",
        f"set title {quoted(plot.title)}",
        f"set xlabel {quoted(plot.xlabel)}",
        f"set ylabel {quoted(plot.ylabel)}",
        "set key outside below", "set grid ytics", "set border 3",
        "set tics nomirror",
    ]
    for axis in plot.log:
        lines.append(f"set logscale {axis}")
    if "y" not in plot.log:
        lines.append("set yrange [0:*]")
    for x, text in plot.marks:
        lines.append(f"set arrow from first {x}, graph 0 to first {x}, graph 1 "
                     "nohead dashtype 2")
        lines.append(f"set label {quoted(text)} at first {x}, graph 0.97 "
                     "offset 0.5,0")
    for i, series in enumerate(plot.series):
        lines.append(f"$data{i} << EOD")
        lines += [" ".join(repr(v) for v in point) for point in series.points]
        lines.append("EOD")
    if plot.ticks:
        names = ", ".join(f"{quoted(name)} {i}"
                          for i, name in enumerate(plot.ticks))
        lines += ["set style fill solid 0.7", "set boxwidth 0.8 relative",
                  f"set xtics ({names}) rotate by -20"]
        width = 0.8 / len(plot.series)
        curves = [f"$data{i} using ($1+{(i + 0.5) * width - 0.4}):2:({width}) "
                  f"with boxes title {quoted(s.name)}"
                  for i, s in enumerate(plot.series)]
    else:
        curves = [f"$data{i} with {s.style} linewidth 2 title {quoted(s.name)}"
                  for i, s in enumerate(plot.series)]
    lines.append("plot " + ", ".join(curves))
    return "\n".join(lines) + "\n"


def write(directory, plot):
    """Draw PLOT into DIRECTORY."""
    path = os.path.join(directory, plot.name + ".svg")
    subprocess.run(["gnuplot"], input=script(plot, path), text=True, check=True)
