# SPDX-License-Identifier: GPL-2.0-only
"""What it takes to open and to seal a packet."""
import os
import subprocess

from core import program, record, spread, trace
from core.experiment import Experiment, Stage
from core.plot import Plot, Series
from core.report import Section, Table

EQUIC = ["equic seal", "equic open", "equic open to a buffer",
         "equic seal, TC", "equic open, TC"]
BARE = {"equic seal": "bare seal", "equic open": "bare open",
        "equic open to a buffer": "bare open",
        "equic seal, TC": "bare seal", "equic open, TC": "bare open"}
TARGET = 1.15
# What is watched, and the function that each enters once.
WATCHED = {"bare seal": "bpf_bare_seal", "bare open": "bpf_bare_open",
           "equic seal": "bpf_xdp_equic_seal",
           "equic open": "bpf_xdp_equic_open"}


def middle(values):
    """The median, or None."""
    numbers = values.numbers()
    return spread.median(numbers) if numbers else None


def over(value, other):
    """Their ratio, or None."""
    return value / other if value and other else None


def insert_modules():
    """Ours, and that of the bare calls, which ask for the ciphers' modules.

    While a module is read, a machine that counts instructions would be idle, and
    its clock run ahead to the crypto API's timeout: so it is kept busy.
    """
    ours = os.environ["EQUIC_KO"]
    bare = os.path.join(os.path.dirname(ours), "bare/bare.ko")
    with subprocess.Popen(["nice", "sh", "-c", "while :; do :; done"]) as busy:
        try:
            for module in (ours, bare):
                subprocess.run(["insmod", module], check=True)
        finally:
            busy.kill()


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
        # Counts are the same in every run.
        "runs": 3,
        "repeat": 200,
        "timed_sizes": "64,1200,1452",
        "timed_runs": 31,
        "profile_size": "1200",
        "profile_seconds": 5.0,
    }

    def stages(self, options, kernel):
        return [Stage("count", kernel, icount=True),
                Stage("profile", kernel, icount=True, attended=True),
                Stage("time", kernel)]

    def measure(self, stage, options, recorder):
        insert_modules()
        if stage.name == "count":
            program.record(recorder, "instructions", "protect", "cost",
                           options["runs"], options["repeat"],
                           *options["sizes"].split(","))
        elif stage.name == "time":
            program.record(recorder, "ns", "protect", "cost",
                           options["timed_runs"], options["repeat"],
                           *options["timed_sizes"].split(","))
        else:
            for who in WATCHED:
                trace.run(os.path.dirname(recorder.path), who, "protect",
                          "watch", who, options["profile_size"])

    def attend(self, stage, options, directory, runs):
        with record.Recorder(directory, stage) as recorder:
            for who, counts, packets in trace.watch(
                    directory, WATCHED, options["profile_seconds"], runs):
                trace.record(recorder, who, counts, packets)

    def report(self, values, options):
        counted = values.where(stage="count")
        timed = values.where(stage="time")
        profile = values.where(stage="profile")
        return [self.section(counted, what) for what in counted.all("what")] + \
            [self.section_time(timed)] + \
            [self.section_profile(profile, who, options) for who in WATCHED]

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
            worst = max([worst] + [ratio for name, ratio in zip(EQUIC, ratios)
                                   if ratio and "buffer" not in name])
            rows.append([size] + [costs[name] for name in who] + ratios)
            for name in who:
                if costs[name]:
                    series[name].append((size, costs[name]))
        name = what.replace(", ", "-")
        return Section(
            what[0].upper() + what[1:],
            f"At most {worst:.2f} times the bare call and block, in place "
            f"(wanted: {TARGET} on the fast path). Frames of XDP's test run that "
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

    def section_profile(self, profile, who, options):
        """Which functions the instructions of one are spent in."""
        here = profile.where(what=who)
        whole, rows = trace.rows(here)
        return Section(
            f"Where the instructions of {who} go",
            f"AES-128-GCM, {options['profile_size']} bytes, the test run's own "
            "included; opening seals first what it opens. One took "
            f"{whole:,.0f}.",
            [Table(["function", "instructions", "share"], rows)])


EXPERIMENT = Protect()
