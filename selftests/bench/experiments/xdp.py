# SPDX-License-Identifier: GPL-2.0-only
"""What limits XDP programs, and where the gateway stands among them."""
from core import experiment
from xdp import axes, findings, stand

# What a line of selftests/benchxdp/traffic.c says, behind MODE SUBJECT RUN.
FIELDS = {
    "flood": ("sent", "received", "timed", "ns"),
    "paced": ("sent", "received", "ns", "busy_ns"),
    "bounced": ("sent", "received", "median_ns", "p99_ns"),
}


def place(subject):
    """What tells SUBJECT's values from others'."""
    axis, units, size = subject.split(":")[:3]
    return {"axis": axis, "units": int(units) if units.isdigit() else units,
            "bytes": int(size)}


def derived(what, line):
    """The quantities that a LINE of traffic stands for: name, value, unit."""
    if what == "flood":
        # What did not arrive was not got through.
        packets = line["timed"] * line["received"] / line["sent"]
        return [("time per packet", line["ns"] / packets if packets else None,
                 "ns"),
                ("throughput", packets * 1e9 / line["ns"], "packets/s")]
    if what == "paced":
        return [("processor share", 100 * line["busy_ns"] / line["ns"], "%")]
    if not line["received"]:
        return [("latency", None, "ns"), ("latency, p99", None, "ns")]
    return [("latency", line["median_ns"], "ns"),
            ("latency, p99", line["p99_ns"], "ns")]


class Xdp(experiment.Experiment):
    """See question."""
    name = "xdp"
    title = "What a verdict's budget is: the limits of XDP programs"
    question = """\
How much does an XDP program cost a packet, by what it is made of: instructions,
conditional blocks, arithmetic, packet reads, map accesses, re-circulations? And
what could a program afford for the price of equic's verdict? Programs are
generated as BPF instructions, so their number is exact, and one thing is varied
at a time. equic's own gateway stands on the same axes."""
    options = {
        "runs": 30,
        "repeat": 1000,		# packets of a counted run
        "flood_ms": 20,		# of offering all that goes through
        "paced_ms": 20,		# of offering `rate` packets a second
        "rate": 4000,
        "bounces": 50,		# round trips of a run
        "path_runs": 3,		# of counting the whole path's instructions
    }

    def stages(self, options, kernel):
        return [experiment.Stage("count", kernel, smp=1, icount=True),
                experiment.Stage("traffic", kernel)]

    def measure(self, stage, options, recorder):
        with stand.stand():
            if stage.icount:
                self.count(options, recorder)
                # The clock counts: short floods say all there is to say.
                self.traffic(recorder, runs=options["path_runs"], flood_ms=3,
                             rate=0, bounces=options["bounces"])
            else:
                self.traffic(recorder, runs=options["runs"],
                             flood_ms=options["flood_ms"],
                             paced_ms=options["paced_ms"],
                             rate=options["rate"], bounces=options["bounces"])

    def count(self, options, recorder):
        """Instructions per packet, by test runs."""
        for what, subject, run, value in stand.lines(
                "count", stand.GATE, "--runs", options["runs"],
                "--repeat", options["repeat"], *axes.subjects(timed=False)):
            unit = "bytes" if what == "machine code" else "instructions"
            recorder.value(what, subject, int(value), unit, run=int(run),
                           **place(subject))

    def traffic(self, recorder, **settings):
        """Throughput, processor share and latency, on real cables."""
        arguments = [word for name, value in settings.items()
                     for word in ("--" + name.replace("_", "-"), value)]
        for what, *fields in stand.lines(
                "traffic", stand.GATE, "--service", stand.SERVICE, *arguments,
                *axes.subjects(timed=True)):
            if what == "offload":
                device, step, result = fields
                recorder.value("offload", device, None, "", step=step,
                               reason=result)
                continue
            mode, subject, run, *numbers = fields
            line = dict(zip(FIELDS[what], map(int, numbers)))
            where = {"mode": mode, "run": int(run), "sent": line["sent"],
                     "lost": line["sent"] - line["received"]}
            for name, value, unit in derived(what, line):
                reason = {} if value is not None else {"reason": "all lost"}
                recorder.value(name, subject, value, unit, **where,
                               **place(subject), **reason)
        for mode in axes.MODES:
            recorder.value("latency", axes.REFUSED.subject, None, "ns",
                           mode=mode, reason="dropped: nothing comes back",
                           **place(axes.REFUSED.subject))

    def report(self, values, options):
        return findings.sections(values)


EXPERIMENT = Xdp()
