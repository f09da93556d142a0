# SPDX-License-Identifier: GPL-2.0-only
"""What it takes to open and to seal a packet."""
import os
import subprocess

from core import program, spread
from core.experiment import Experiment, Stage
from core.plot import Plot, Series
from core.report import Section, Table

EQUIC = ["equic seal", "equic open", "equic open to a buffer"]
BARE = {"equic seal": "bare seal", "equic open": "bare open",
        "equic open to a buffer": "bare open"}
TARGET = 1.15
# What the ciphers are made of, on one kernel or another. To be there before they
# are asked for: while a module is read, a machine that counts instructions is
# idle, and its clock runs ahead to the crypto API's timeout.
MODULES = ["aesni_intel", "ghash_clmulni_intel", "ghash-generic", "ctr", "gcm",
           "chacha-x86_64", "poly1305-x86_64", "chacha_generic",
           "poly1305_generic", "chacha20poly1305", "seqiv", "cryptomgr"]


def middle(values):
    """The median, or None."""
    numbers = values.numbers()
    return spread.median(numbers) if numbers else None


def over(value, other):
    """Their ratio, or None."""
    return value / other if value and other else None


class Protect(Experiment):
    """See the title."""
    name = "protect"
    title = "Opening and sealing packets"
    question = """
What do the kfuncs of packet protection cost, by cipher and by size of the packet,
beside what they cannot do without (one call of the kernel's AEAD and the block
that header protection takes), beside copying the packet, and beside GnuTLS in
user space? Fast is the vector unit; the fallback stands in while that is taken.
"""
    options = {
        "sizes": "64,128,256,512,1024,1200,1452,9000",
        "runs": 11,
        "repeat": 1000,
        "timed_sizes": "64,1200,1452",
        "timed_runs": 31,
    }

    def stages(self, options, kernel):
        return [Stage("count", kernel, icount=True),
                Stage("time", kernel)]

    def measure(self, stage, options, recorder):
        for module in MODULES:
            subprocess.run(["modprobe", "-q", module], check=False)
        ours = os.environ["EQUIC_KO"]
        for module in (ours, os.path.join(os.path.dirname(ours),
                                          "bare/bare.ko")):
            subprocess.run(["insmod", module], check=True)
        if stage.name == "count":
            program.record(recorder, "instructions", "protect", options["runs"],
                           options["repeat"], *options["sizes"].split(","))
        else:
            program.record(recorder, "ns", "protect", options["timed_runs"],
                           options["repeat"],
                           *options["timed_sizes"].split(","))

    def report(self, values, options):
        counted = values.where(stage="count")
        timed = values.where(stage="time")
        return [self.section(counted, what) for what in counted.all("what")] + \
            [self.section_time(timed)]

    def section(self, counted, what):
        """One cipher, at every size."""
        here = counted.where(what=what)
        who = ["memcpy", "bare seal", "bare open"] + EQUIC
        rows, series = [], {name: [] for name in who}
        worst = 0
        for size in here.all("packets"):
            each = here.where(packets=size)
            costs = {name: middle(each.where(who=name)) for name in who}
            ratios = [over(costs[name], costs[BARE[name]]) for name in EQUIC]
            worst = max([worst] + [r for r in ratios[:2] if r])
            rows.append([size] + [costs[name] for name in who] + ratios)
            for name in who:
                if costs[name]:
                    series[name].append((size, costs[name]))
        name = what.replace(", ", "-")
        return Section(
            what[0].upper() + what[1:],
            f"At most {worst:.2f} times the bare call and block, in place "
            f"(wanted: {TARGET} on the fast path). Frames of a test run that "
            "are longer than a page are in fragments, which only open to a "
            "buffer.",
            [Table(["bytes"] + who + [f"{n}, of bare" for n in EQUIC], rows)],
            [Plot(name, f"{what}: instructions", "bytes of the packet",
                  "instructions",
                  [Series(n, points) for n, points in series.items()])])

    def section_time(self, timed):
        """By the clock, on an emulated processor."""
        rows = []
        for what in timed.all("what"):
            for size in timed.where(what=what).all("packets"):
                here = timed.where(what=what, packets=size)
                gnutls = middle(here.where(who="GnuTLS seal"))
                for name in ("equic seal", "equic open"):
                    cost = middle(here.where(who=name))
                    rows.append([what, size, name, cost, gnutls,
                                 over(cost, gnutls)])
        return Section(
            "Beside GnuTLS, by the clock",
            "Nanoseconds of an emulated processor: compare them with each other "
            "only. GnuTLS seals in user space, without system calls.",
            [Table(["cipher", "bytes", "", "ns", "GnuTLS seal, ns", "ratio"],
                   rows)])


EXPERIMENT = Protect()
