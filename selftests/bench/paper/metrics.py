# SPDX-License-Identifier: GPL-2.0-only
"""What the values of single runs add up to."""
import collections
import math

from core import spread

# A rate over less time than this is mostly chance.
RATE_SECONDS = 2.0
RECOVERED = 0.8		# of the rate before the attack
STEP_SECONDS = 0.1
LOST = ("refused", "refused_late", "timed_out", "failed", "broken",
        "unfinished")
REFUSED = ("refused", "refused_late", "timed_out")


def quotient(ours, theirs):
    """OURS / THEIRS: infinite over nothing, 1 if both are infinite."""
    if ours == theirs:
        return 1.0
    return ours / theirs if theirs else math.inf


class Stage:
    """The values of one stage, by run."""

    def __init__(self, values, stage, options):
        self.options = options
        self.lines = collections.defaultdict(list)
        for line in values.where(stage=stage):
            self.lines[line["what"], line["who"], line.get("run")].append(line)
        self.who = [name for name in options["variants"].split(",")
                    if any(who == name and run is not None
                           for _, who, run in self.lines)]
        self.seconds = self.fact("attack time")

    def fact(self, what):
        """A value that all runs of the stage have in common, or None."""
        lines = self.lines.get((what, "calm", None))
        return lines[0]["value"] if lines else None

    def runs(self, who):
        """The numbers of the runs of a variant."""
        return sorted({run for _, name, run in self.lines
                       if name == who and run is not None})

    def get(self, what, who, run, **wanted):
        """The lines of a run that have all the WANTED."""
        return [line for line in self.lines.get((what, who, run), ())
                if all(line.get(k) == v for k, v in wanted.items())]

    def total(self, what, who, run, **wanted):
        """The sum of such values."""
        return sum(line["value"] for line in self.get(what, who, run, **wanted))

    def each_run(self, who, function):
        """FUNCTION(who, run) of every run; those that are None are left out."""
        results = [function(who, run) for run in self.runs(who)]
        return [result for result in results if result is not None]

    def pairs(self, who, than, function):
        """FUNCTION of both variants in the rounds that have both, as ratios;
        infinite where the other had nothing."""
        ratios = []
        for run in sorted({*self.runs(who)} & {*self.runs(than)}):
            ours, theirs = function(who, run), function(than, run)
            if ours is not None and theirs is not None:
                ratios.append(quotient(ours, theirs))
        return ratios

    # ------------------------------------------------------ throughput --

    def answers(self, who, run, kind="good"):
        """Moments of the requests that were answered."""
        return sorted(line["at"] for line in self.get("request", who, run,
                                                      kind=kind)
                      if line["value"] is not None)

    def rate(self, who, run, kind="good"):
        """Requests a second while the attack lasted."""
        return sum(0 < at <= self.seconds for at in
                   self.answers(who, run, kind)) / self.seconds

    def rates(self, who, run, begin, end, kind="good"):
        """(moment, requests/s) of parts of a second or a little more."""
        parts = max(1, int(end - begin))
        width = (end - begin) / parts
        counts = [0] * parts
        for at in self.answers(who, run, kind):
            if begin < at <= end:
                counts[min(parts - 1, int((at - begin) / width))] += 1
        return [(begin + (i + 0.5) * width, count / width)
                for i, count in enumerate(counts)]

    def harmonic_rate(self, who, run):
        """The harmonic mean of the rates in the parts of the attack."""
        return spread.harmonic_mean([rate for _, rate in self.rates(
            who, run, 0, self.seconds)])

    def recovery(self, who, run):
        """Seconds from the last attempt until the good clients have their rate
        back; infinite when they did not before the run was over."""
        moments = self.answers(who, run)
        before = sum(-self.options["delay"] < at <= 0 for at in moments) / \
            self.options["delay"]
        after = 0.0
        while after <= self.options["tail"]:
            at = self.seconds + after
            now = sum(at - RATE_SECONDS < moment <= at
                      for moment in moments) / RATE_SECONDS
            if now >= RECOVERED * before:
                return after
            after += STEP_SECONDS
        return math.inf

    def whole_recovery(self, who, run):
        """The same from the beginning of the attack."""
        return self.seconds + self.recovery(who, run)

    # -------------------------------------------------------- durations --

    def durations(self, who, run, kind="good"):
        """Of the requests whose connections began while the attack lasted, in
        milliseconds, from the first Initial to the last byte."""
        return [line["value"]
                for line in self.get("request", who, run, kind=kind)
                if line["value"] is not None and
                0 <= line["at"] - line["value"] / 1e3 < self.seconds]

    def lost(self, who, run, kind="good"):
        """Connections begun while the attack lasted that ended in no answer:
        how: how many."""
        return collections.Counter(
            line["end"] for line in self.get("connection", who, run, kind=kind)
            if line["end"] in LOST and
            0 <= line["at"] - line["value"] / 1e3 < self.seconds)

    def median_duration(self, who, run):
        """The median of a run, or None."""
        numbers = self.durations(who, run)
        return spread.median(numbers) if numbers else None

    def mean_duration(self, who, run):
        """The mean of a run, or None."""
        numbers = self.durations(who, run)
        return sum(numbers) / len(numbers) if numbers else None

    # ------------------------------------------------------ the attack --

    def refused(self, who, run):
        """How many connections of the abusive clients were refused, as they
        saw it."""
        return sum(self.total(what, who, run, kind="abusive")
                   for what in REFUSED)

    def samples(self, what, who):
        """Of all runs, while the attack lasted."""
        return [line["value"] for run in self.runs(who)
                for line in self.get(what, who, run)
                if 0 < line["at"] <= self.seconds]

    # -------------------------------------------------------- the costs --

    def block_cost(self, of):
        """A function of (who, run): CPU seconds of the server's host that a
        refused one took, or None."""
        def cost(who, run):
            parts = [line["value"] for part in ("server", "receive")
                     for line in self.get("block CPU", who, run, of=of,
                                          part=part)]
            return sum(parts) if parts else None
        return cost

    def calls(self, who, run):
        """System calls of the server."""
        return self.total("calls", who, run) or None

    def calls_of_answer(self, who, run):
        """The same for each request that was answered to anyone."""
        answers = self.total("requests_ok", who, run)
        return self.calls(who, run) / answers if answers else None
