# SPDX-License-Identifier: GPL-2.0-only
"""Which functions a packet's instructions are spent in."""
import os
import subprocess
import time

from core import program, record, trace
from core.experiment import Experiment, Stage
from core.report import Section, Table



def sign(directory, word, outcome):
    """The file that says WORD about OUTCOME."""
    return os.path.join(directory, f"{word}.{outcome.replace(' ', '-')}")


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
            subprocess.run([program.path("loop"), outcome,
                            sign(directory, "ready", outcome),
                            sign(directory, "done", outcome),
                            os.path.join(directory, trace.SYMBOLS)], check=True)

    def attend(self, stage, options, directory, runs):
        with record.Recorder(directory, stage) as recorder:
            for outcome in options["outcomes"].split(","):
                while not os.path.exists(sign(directory, "ready", outcome)):
                    if not runs():
                        return
                    time.sleep(0.1)
                addresses = trace.Monitor(directory).trace(options["seconds"])
                counts, packets = trace.per_packet(addresses,
                                                   trace.Symbols(directory))
                for name, count in counts.items():
                    if not count:	# a timer's, which came to few packets
                        continue
                    recorder.value(outcome, name, count, "instructions",
                                   packets=packets)
                with open(sign(directory, "done", outcome), "wb"):
                    pass

    def report(self, values, options):
        sections = []
        for outcome in options["outcomes"].split(","):
            here = values.where(what=outcome)
            rows = sorted(((line["who"], line["value"]) for line in here),
                          key=lambda row: -row[1])
            whole = sum(row[1] for row in rows)
            packets = here.lines[0]["packets"]
            sections.append(Section(
                outcome[0].upper() + outcome[1:],
                f"{packets:,} packets were traced. One took {whole:,.0f} "
                "instructions, the test run's own included.",
                [Table(["function", "instructions", "share"],
                       [[f"`{name}`", count, f"{100 * count / whole:.0f} %"]
                        for name, count in rows])]))
        return sections


EXPERIMENT = Profile()
