# SPDX-License-Identifier: GPL-2.0-only
"""How the cost of a packet grows."""
import sys

from core import program, spread
from core.experiment import Experiment, Stage
from core.plot import Plot, Series
from core.report import Section, Table

OUTCOMES = ["established", "refused Initial"]


def middle(values):
    """The median."""
    return spread.median(values.numbers())


class Scale(Experiment):
    """See the title."""
    name = "scale"
    title = "How the cost of a packet grows"
    question = """
What do an established packet and a refused first Initial cost with ever more
clients, services, connections of one client, and CPUs that work at once? The
answer is a slope: what each more of them adds.

Costs are counted in instructions of the guest, except with several CPUs, where
they are timed.
"""
    options = {
        "clients": "1,1000,10000,50000,100000,200000,400000",
        "services": "1,16,64,128,256,512,1024",
        "connections": "1,10,100,1000,3000,10000",
        "cpus": "1,2,3,4",
        "runs": 65,
        "repeat": 1000,
        "timed_clients": 10000,
        "timed_repeat": 10000,
        "timed_runs": 11,
    }

    def stages(self, options, kernel):
        for axis in ("clients", "services", "connections", "cpus"):
            if len(set(options[axis].split(","))) < 2:
                sys.exit(f"scale: {axis}: a slope wants two numbers at least")
        cpus = max(int(cpu) for cpu in options["cpus"].split(","))
        return [Stage("count", kernel, mem="3G", icount=True, timeout=1500),
                Stage("time", kernel, mem="2G", smp=cpus, timeout=1500)]

    def measure(self, stage, options, recorder):
        if stage.name == "time":
            program.record(recorder, "ns", "parallel",
                           options["timed_clients"], options["timed_repeat"],
                           options["timed_runs"], *options["cpus"].split(","))
            return
        program.record(recorder, "instructions", "cost", "-t", "-4", "-n",
                       options["runs"], "-r", options["repeat"],
                       *options["clients"].split(","), axis="clients")
        for axis in ("services", "connections"):
            program.record(recorder, "instructions", "grow", axis,
                           options["repeat"], 5, *options[axis].split(","),
                           axis=axis)

    def report(self, values, options):
        return [
            self.section(values, "clients", "clients", "Clients", """
Each value is a client of its own, spread evenly over the table, which has room
for 1,048,576 throughout: its clients lie in chains that grow with their number,
to two on average when it is full. What the 2021 program takes is beside it."""),
            self.section(values, "services", "services", "Services", """
Services at one address, each at a port of its own."""),
            self.section(values, "connections", "conns",
                         "Connections of one client", """
The client is at its quota, which is as large as the number of its
connections."""),
            self.section_cpus(values)]

    def section(self, values, axis, key, title, text):
        """Cost against the number of one thing, and its slope."""
        rows, slopes, series = [], [], []
        here = values.where(axis=axis, unit="instructions")
        for who in ("equic", "2021 program"):
            for what in OUTCOMES:
                found = here.where(who=who, what=what)
                if not found:
                    continue
                points = []
                for n in found.all(key):
                    each = found.where(**{key: n})
                    low, high = spread.quartiles(each.numbers())
                    points.append((n, middle(each), low, high))
                    rows.append([f"{who}: {what}", n, middle(each),
                                 f"{low:,.0f} … {high:,.0f}",
                                 spread.mean_interval(each.numbers())[0],
                                 len(each)])
                every = [(line[key], line["value"]) for line in found]
                slope, start = spread.line(every)
                slopes.append([f"{who}: {what}", start, slope, 1000 * slope])
                series.append(Series(f"{who}: {what}",
                                     [point[:2] for point in points]))
                series.append(Series(
                    f"{who}: {what}, fitted",
                    [(n, start + slope * n) for n, *_ in points], "lines"))
        tables = [Table(["fitted through all values", "at none",
                         "slope per one", "slope per 1000"], slopes),
                  Table(["", axis, "median", "quartiles", "mean", "values"],
                        rows)]
        return Section(title, text, tables, [
            Plot(axis, f"Cost of a packet by {axis}", axis, "instructions",
                 series)])

    def section_cpus(self, values):
        """What a packet takes while others work too."""
        timed = values.where(stage="time")
        rows, slopes, series = [], [], []
        for who in timed.all("who"):
            for what in timed.where(who=who).all("what"):
                points, every = [], []
                for cpus in timed.all("cpus"):
                    floor = middle(timed.where(who="XDP drop only", cpus=cpus))
                    found = timed.where(who=who, what=what, cpus=cpus)
                    # Packets of "drop only" that go into one of these.
                    costs = [floor / rate for rate in found.numbers()]
                    low, high = spread.quartiles(costs)
                    rows.append([f"{who}: {what}", cpus,
                                 middle(found), spread.median(costs),
                                 f"{low:.2f} … {high:.2f}", len(costs)])
                    points.append((cpus, spread.median(costs)))
                    every += [(cpus, cost) for cost in costs]
                slope, start = spread.line(every)
                slopes.append([f"{who}: {what}", start, slope])
                series.append(Series(f"{who}: {what}", points))
        return Section(
            "CPUs that work at once", """
The cost of a packet as a multiple of that of a packet dropped at once, by the
same number of CPUs in the same run: where the CPUs do not wait for each other it
stays. The host may have fewer CPUs than the machine; that slows all alike.""",
            [Table(["fitted through all values", "at none", "slope per CPU"],
                   slopes),
             Table(["", "CPUs", "packets/s", "cost", "quartiles", "values"],
                   rows)],
            [Plot("cpus", "Cost of a packet while others work",
                  "CPUs", "multiple of a drop's", series)])


EXPERIMENT = Scale()
