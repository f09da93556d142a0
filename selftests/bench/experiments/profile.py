# SPDX-License-Identifier: GPL-2.0-only
"""Which functions a packet's instructions are spent in."""
import os

from core import record, trace
from core.experiment import Experiment, Stage
from core.report import Section, Table


class Profile(Experiment):
    """See the title."""
    name = "profile"
    title = "Where a packet's instructions go"
    question = """
Which functions does a packet pay for? Nothing is sampled: every instruction that
the machine executes is logged, while one packet is given to the gateway over and
over (BPF_PROG_TEST_RUN). Of each function, the median of all packets."""
    options = {
        "outcomes": "foreign UDP,established,known Initial,refused Initial,"
                    "malformed",
        "seconds": 2.0,		# of logging, some hundred packets
    }

    def stages(self, options, kernel):
        return [Stage("trace", kernel, icount=True, attended=True)]

    def measure(self, stage, options, recorder):
        directory = os.path.dirname(recorder.path)
        for outcome in options["outcomes"].split(","):
            trace.run(directory, outcome, "loop", outcome)

    def attend(self, stage, options, directory, runs):
        entries = {outcome: "equic_gateway"
                   for outcome in options["outcomes"].split(",")}
        with record.Recorder(directory, stage) as recorder:
            for outcome, counts, packets in trace.watch(
                    directory, entries, options["seconds"], runs):
                trace.record(recorder, outcome, counts, packets)

    def report(self, values, options):
        sections = []
        for outcome in options["outcomes"].split(","):
            here = values.where(what=outcome)
            whole, rows = trace.rows(here)
            sections.append(Section(
                outcome[0].upper() + outcome[1:],
                f"{here.lines[0]['packets']:,} packets were traced. One took "
                f"{whole:,.0f} instructions, the test run's own included.",
                [Table(["function", "instructions", "share"], rows)]))
        return sections


EXPERIMENT = Profile()
