# SPDX-License-Identifier: GPL-2.0-only
"""From values to costs: what one program takes more than another.

A run shows every subject once, so costs are taken within a run, and the spread
is that of the runs.
"""
import dataclasses

from core import spread
from xdp import axes

COUNTED = "duration"
TIMED = "time per packet"


@dataclasses.dataclass(frozen=True)
class Scale:
    """One way of saying what a packet costs.

    name     as a heading
    stage    whose values
    what     which of them
    mode     native, generic, or None where no device is involved
    """
    name: str
    stage: str
    what: str
    mode: str = None


INSTRUCTIONS = Scale("instructions", "count", COUNTED)
PATHS = {mode: Scale(f"instructions of the whole path, {mode}", "count", TIMED,
                     mode) for mode in axes.MODES}
TIMES = {mode: Scale(f"ns, {mode}", "traffic", TIMED, mode)
         for mode in axes.MODES}


class Costs:
    """The values of an experiment, by scale and subject."""

    def __init__(self, values):
        self.values = values
        self.cache = {}

    def by_run(self, scale, subject):
        """{run: value} of SUBJECT."""
        if scale not in self.cache:
            picked = self.values.where(stage=scale.stage, what=scale.what)
            if scale.mode:
                picked = picked.where(mode=scale.mode)
            table = {}
            for line in picked:
                if line["value"] is not None:
                    table.setdefault(line["who"], {})[line["run"]] = \
                        line["value"]
            self.cache[scale] = table
        return self.cache[scale].get(subject, {})

    def numbers(self, scale, subject):
        """The values of SUBJECT alone."""
        return list(self.by_run(scale, subject).values())

    def above(self, scale, subject, empty):
        """What SUBJECT takes more than the program EMPTY, run by run."""
        empties = self.by_run(scale, empty)
        return [value - empties[run]
                for run, value in self.by_run(scale, subject).items()
                if run in empties]

    def verdict(self, scale, verdict):
        """What a verdict of the gateway costs, run by run."""
        counted = scale == INSTRUCTIONS
        return self.above(scale, verdict.subject,
                          axes.EMPTY if counted else verdict.empty)

    def points(self, axis, scale):
        """How many units of AXIS there are values of."""
        wanted = axis.counted if scale == INSTRUCTIONS else axis.timed
        return [units for units in wanted
                if self.by_run(scale, axis.subject(units))]

    def slopes(self, axis, scale):
        """What one unit of AXIS costs, run by run."""
        units = self.points(axis, scale)
        if len(units) < 2:
            return []
        tables = {x: self.by_run(scale, axis.subject(x)) for x in units}
        runs = set.intersection(*(set(table) for table in tables.values()))
        return [spread.line([(x, tables[x][run]) for x in units])[0]
                for run in sorted(runs)]


def middle(numbers):
    """Their median, or None of none."""
    return spread.median(numbers) if numbers else None


def above_noise(numbers):
    """Whether three quarters of them are above 0."""
    return bool(numbers) and spread.quartiles(numbers)[0] > 0


def interval(numbers):
    """Their mean with its 95 % confidence interval, as text."""
    if not numbers:
        return None
    mean, half = spread.mean_interval(numbers)
    return f"{shown(mean)} ± {shown(half)}"


def shown(value):
    """VALUE in a table: as exact as it can be read."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
