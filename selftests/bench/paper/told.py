# SPDX-License-Identifier: GPL-2.0-only
"""What the values say, and what the paper said."""
import math

from core import report, spread
from core.plot import Plot, Series
from core.report import Section, Table
from paper.metrics import LOST, RATE_SECONDS, RECOVERED, Stage
from paper.variant import REFUSING, title

QUESTION = """
What is a quota in the kernel worth to the clients that keep to it? The paper
"eQUIC Gateway" (2021) asks that in section VII with one HTTP/3 server, whose
answers have 256 KiB, and eight clients: four good ones, which make one
connection after another with one request in each, and four abusive ones, which
open many at once, some time later. A client may have 5 connections at a time.

All variants are the same server program on the same part of the same processor;
only who keeps the quota differs. Its rivals in user space keep it as exactly as
the kernel does: the paper's, which refuses after the handshake, and two stronger
ones that refuse a first Initial before any TLS, with CONNECTION_REFUSED or, as
the kernel does, by silence. The attack is the same to the moment under each: so
many attempts a second, whatever becomes of those before. A connection that is
admitted asks for the same 256 KiB and is then kept open (option hold): the
abusive clients are out for connections. Variants take turns within each round;
ratios compare runs of the same round, and are medians over the rounds with the
least and the greatest in brackets.
"""

STAGES = {
    "attack": ("As in the paper: real clients attack", "attacked"),
    "flood": ("The same, and a flood of first Initials beside it", "flooded"),
}
PAPER = "kernel"
# What the report holds the kernel's quota to: rival, least ratio of requests/s.
THROUGHPUT_TARGETS = (("late", 2.0), ("early", 1.3))
DURATION_TARGET = 1.2	# of the median without attack
RIVALS = ("none", "late", "early", "silent")


def shown(numbers, scale=1.0):
    """The median of NUMBERS and, of several, their range."""
    numbers = [number * scale for number in numbers]
    if not numbers:
        return "–"
    text = written(spread.median(numbers))
    if len(numbers) > 1:
        text += f" [{written(min(numbers))} to {written(max(numbers))}]"
    return text


def written(number):
    """One number as text."""
    return "∞" if math.isinf(number) else report.number(float(number))


def signed(ratio):
    """A ratio as a change in per cent."""
    if math.isinf(ratio):
        return "∞"
    return f"{(ratio - 1) * 100:+.1f}".replace("-", "−")


def change(ratios):
    """RATIOS as changes in per cent."""
    if not ratios:
        return "–"
    text = signed(spread.median(ratios)) + " %"
    if len(ratios) > 1:
        text += f" [{signed(min(ratios))} to {signed(max(ratios))}]"
    return text


def sections(values, options):
    """The report."""
    stages = {name: Stage(values, name, options)
              for name in options["stages"].split(",")}
    parts = [targets(stages), beside_the_paper(stages)]
    for name, (heading, word) in STAGES.items():
        if name in stages:
            parts += [throughput(stages[name], heading, word),
                      durations(stages[name], heading, word),
                      resources(stages[name], heading, word),
                      losses(stages[name], heading)]
    if "cost" in stages:
        parts.append(costs(stages["cost"]))
    if "calls" in stages:
        parts.append(calls(stages["calls"]))
    return parts


def targets(stages):
    """Met or not."""
    rows = []
    for name in STAGES:
        stage = stages.get(name)
        if not stage or PAPER not in stage.who:
            continue
        for rival, least in THROUGHPUT_TARGETS:
            ratios = stage.pairs(PAPER, rival, stage.rate)
            rows.append([name, "good clients' requests/s over "
                         f"\"{title(rival)}\"",
                         f"at least {(least - 1) * 100:+.0f} %",
                         change(ratios), verdict(ratios, lambda r, least=least:
                                                 r >= least)])
        ratios = stage.pairs(PAPER, "calm", stage.median_duration)
        rows.append([name, "good clients' median duration over no attack",
                     f"at most {(DURATION_TARGET - 1) * 100:+.0f} %",
                     change(ratios),
                     verdict(ratios, lambda r: r <= DURATION_TARGET)])
    return Section("Targets of the quota in the kernel", tables=[
        Table(["stage", "what", "target", "found", "verdict"], rows)])


def verdict(ratios, holds):
    """By the median, and whether all runs agree."""
    if not ratios:
        return "not measured"
    met = holds(spread.median(ratios))
    sure = all(holds(ratio) == met for ratio in ratios)
    return ("met" if met else "not met") + ("" if sure else
                                            ", not in every round")


def beside_the_paper(stages):
    """Its five figures."""
    rows = []

    def row(what, said, stage, function, rivals=("late", "early", "silent")):
        if stage in stages:
            rows.append([f"{what} ({stage})", said] + [
                change(stages[stage].pairs(PAPER, rival,
                                           function(stages[stage])))
                if rival in rivals else "–" for rival in RIVALS])

    for stage in STAGES:
        row("requests/s of the good clients", "+30.9 %", stage,
            lambda s: s.rate, RIVALS)
        row("mean duration of their requests", "−65 %", stage,
            lambda s: s.mean_duration, RIVALS)
    row("CPU time of a refused connection", "−26.4 % (8 µs, 10.9 µs)", "cost",
        lambda s: s.block_cost("a connection"))
    row("CPU time of a refused first Initial", "−26.4 %", "cost",
        lambda s: s.block_cost("a first Initial"), ("early", "silent"))
    row("system calls of the server", "−89 %", "calls", lambda s: s.calls,
        RIVALS)
    row("the same per answered request", "–", "calls",
        lambda s: s.calls_of_answer, RIVALS)
    for stage in STAGES:
        row("time to recover, since the attack began", "−18 %", stage,
            lambda s: s.whole_recovery, RIVALS)
    recovery = [[f"{title(who)} ({name})",
                 shown(stages[name].each_run(who, stages[name].recovery)),
                 shown(stages[name].each_run(who,
                                             stages[name].whole_recovery))]
                for name in STAGES if name in stages
                for who in stages[name].who]
    return Section(
        "Beside the paper's figures",
        "The quota in the kernel (mode new) against each rival. The paper's own "
        "rival is the one after the handshake. The good clients have recovered "
        "when, at the last attempt of the attack or after it, their rate over "
        f"{RATE_SECONDS:.0f} s is at {RECOVERED * 100:.0f} % of that before the "
        "attack. ∞: they had not when the run ended; a kernel that recovered "
        "where its rival did not counts as −100 %.",
        tables=[Table(["what", "the paper"] + [f"over \"{title(rival)}\""
                                               for rival in RIVALS], rows),
                Table(["recovery", "s since the last attempt",
                       "s since the attack began"], recovery)])


def throughput(stage, heading, word):
    """Requests a second, and when."""
    rows = [[title(who), shown(stage.each_run(who, stage.rate)),
             shown(stage.each_run(who, stage.harmonic_rate)),
             shown(stage.each_run(who, lambda who, run: stage.rate(
                 who, run, "abusive"))),
             shown(stage.each_run(who, lambda who, run: stage.total(
                 "attempted", who, run, kind="abusive"))),
             shown(stage.each_run(who, lambda who, run: stage.total(
                 "attempted", who, run, kind="flood"))),
             shown(stage.each_run(who, stage.refused))]
            for who in stage.who]
    planned = stage.fact("attack rate") * stage.seconds
    begin, end = -stage.options["delay"], stage.seconds + stage.options["tail"]
    curves = [Series(title(who), over_time(stage, who, begin, end))
              for who in stage.who]
    return Section(
        f"{heading}: throughput",
        f"In peace the good clients get {stage.fact('capacity'):.1f} "
        f"requests/s. For {stage.seconds:.1f} s the abusive ones attempt "
        f"{stage.fact('attack rate'):.1f} connections/s, {planned:.0f} in all"
        + (f", and send {stage.fact('flood rate'):.0f} first Initials/s beside "
           "them" if stage.fact("flood rate") else "") +
        ". Where fewer were attempted than planned, the clients' processor was "
        "too busy. Rates are of that time; their harmonic mean is that of parts "
        "of a second, and 0 when one of them had no answer.",
        tables=[Table(["variant", "good requests/s", "harmonic mean",
                       "abusive requests/s", "attempted", "first Initials",
                       "refused"], rows)],
        plots=[Plot(f"throughput-{word}", f"Good clients' requests/s, {word}",
                    "s since the attack began", "requests/s", curves,
                    marks=[(0, "attack"), (stage.seconds, "its last attempt")])])


def over_time(stage, who, begin, end):
    """(moment, the runs' median rate)."""
    runs = [stage.rates(who, run, begin, end) for run in stage.runs(who)]
    return [(moments[0][0], spread.median([rate for _, rate in moments]))
            for moments in zip(*runs)]


def durations(stage, heading, word):
    """Of requests, with their connection's handshake."""
    rows, curves = [], []
    for who in stage.who:
        for kind in ("good", "abusive"):
            pooled = [ms for run in stage.runs(who)
                      for ms in stage.durations(who, run, kind)]
            lost = sum((stage.lost(who, run, kind)
                        for run in stage.runs(who)), start=stage.lost("", None))
            if not pooled and not lost:
                continue
            cells = [spread.mean_interval(pooled)[0],
                     spread.harmonic_mean(pooled), spread.quantile(pooled, 0.5),
                     spread.quantile(pooled, 0.99)] if pooled else [None] * 4
            rows.append([title(who), kind, len(pooled), *cells] +
                        [lost[end] for end in LOST])
            if kind == "good" and pooled:
                curves.append(Series(title(who), spread.distribution(pooled),
                                     "steps"))
    return Section(
        f"{heading}: durations",
        "From the first Initial to the last byte, in ms, of all runs together: "
        "connections that began while the attack lasted. Those that ended in no "
        "answer are counted, and have no duration; \"unfinished\" ones ended "
        "with the run.",
        tables=[Table(["variant", "clients", "answered", "mean",
                       "harmonic mean", "p50", "p99", *LOST], rows)],
        plots=[Plot(f"durations-{word}", "Duration of the good clients' "
                    f"requests, {word}", "ms", "share of the requests", curves,
                    log="x")])


def resources(stage, heading, word):
    """CPU time and memory."""
    rows, cpu, memory = [], [], []
    for who in stage.who:
        def spent(what, who=who):
            return shown(stage.each_run(who, lambda who, run: stage.total(
                "CPU", who, run, of=what)))
        rows.append([title(who), spent("server"), spent("server user"),
                     spent("server system"), spent("receive"),
                     spent("processor softirq"),
                     max(stage.samples("memory sample", who)) / 2 ** 20])
        cpu.append(Series(title(who), spread.distribution(
            stage.samples("CPU sample", who)), "steps"))
        memory.append(Series(title(who), spread.distribution(
            [size / 2 ** 20 for size in stage.samples("memory sample", who)]),
            "steps"))
    return Section(
        f"{heading}: CPU time and memory",
        "What the server's host spent while the attack lasted, in s: the server "
        "and the thread that receives for it by the scheduler's clock, which "
        "counts interrupts to whom they interrupt; its user and system time and "
        "the processor's time in soft interrupts by timer ticks. Memory is the "
        "most that was resident, in MiB.",
        tables=[Table(["variant", "server", "user", "system", "receiving",
                       "softirq", "memory"], rows)],
        plots=[Plot(f"cpu-{word}", f"CPU time of the server's host, {word}",
                    "processors", "share of the samples", cpu),
               Plot(f"memory-{word}", f"Resident memory of the server, {word}",
                    "MiB", "share of the samples", memory)])


def losses(stage, heading):
    """Who dropped packets, and whether the machine stood still."""
    rows = []
    for who in stage.who:
        def dropped(by, who=who):
            return sum(stage.total("dropped", who, run, by=by)
                       for run in stage.runs(who))
        queues = {line["by"] for run in stage.runs(who)
                  for line in stage.get("dropped", who, run)}
        queues -= {"equic", "the server's socket"}
        late = [line["value"] for run in stage.runs(who)
                for line in stage.get("late sample", who, run)]
        rows.append([title(who), dropped("equic"),
                     dropped("the server's socket"), sum(map(dropped, queues)),
                     max(late)])
    return Section(
        f"{heading}: losses",
        "Packets that were dropped in all runs: by equic on purpose, by the "
        "server's full socket, in queues of interfaces. The last column is the "
        "longest time, in s, by which one of the processors was late for its "
        "most urgent work: where that is much, the emulated machine stood still "
        "and its times say little.",
        tables=[Table(["variant", "equic", "socket", "interfaces", "late"],
                      rows)])


def costs(stage):
    """CPU time of a refusal."""
    rows, bars = [], []
    kinds = ("a connection", "a first Initial")
    who_refuse = [who for who in stage.who if who in REFUSING]
    for of in kinds:
        for who in who_refuse:
            runs = stage.each_run(who, stage.block_cost(of))
            if not runs:
                continue

            def part(name, who=who, of=of):
                return shown(stage.each_run(who, lambda who, run: stage.total(
                    "block CPU", who, run, of=of, part=name)), 1e6)
            rows.append([title(who), of, shown(runs, 1e6), part("server"),
                         part("server user"), part("server system"),
                         part("receive"), sum(stage.total(
                             "attempted", who, run, of=of)
                             for run in stage.runs(who)), sum(stage.total(
                                 "said no", who, run, of=of)
                                 for run in stage.runs(who)),
                         shown(stage.each_run(
                             who, lambda who, run, of=of:
                             stage.total("sent_datagrams", who, run, of=of) /
                             stage.total("attempted", who, run, of=of)))])
        bars.append(Series(of, [
            (i, spread.median(runs) * 1e6) for i, who in enumerate(who_refuse)
            if (runs := stage.each_run(who, stage.block_cost(of)))], "bars"))
    return Section(
        "CPU time of a refused connection",
        "A client holds its 5 and attempts more, with nobody beside it; what "
        "the server's process and the thread that receives for it spend, by the "
        "scheduler's clock, is divided by the attempts, all of which are "
        "refused. In µs of the emulated machine, so only their ratios compare. "
        "A real client that gets no answer says its Initial again: datagrams "
        "are those that it sent for each attempt, noes what the server or equic "
        "counted: an attempt with none was given up in the queue. User and system time are "
        "counted in timer ticks and are coarse.",
        tables=[Table(["variant", "refused", "CPU time", "server", "user",
                       "system", "receiving", "attempts", "noes", "datagrams"],
                      rows)],
        plots=[Plot("cost", "CPU time of a refusal", "", "µs", bars,
                    ticks=[title(who) for who in who_refuse])])


def calls(stage):
    """System calls of the server."""
    names = sorted({line["call"] for (what, *_), lines in stage.lines.items()
                    if what == "calls" for line in lines})
    summary, detail = [], []
    for who in stage.who:
        def total(what, who=who, **wanted):
            return shown(stage.each_run(who, lambda who, run: stage.total(
                what, who, run, **wanted)))

        def working(who, run):
            return stage.total("call time", who, run) - \
                stage.total("call time", who, run, call="epoll_wait")
        summary.append([title(who), total("calls"), total("call errors"),
                        shown(stage.each_run(who, working)),
                        shown(stage.each_run(who, stage.calls_of_answer)),
                        total("requests_ok")])
        detail.append([title(who)] + [total("calls", call=name)
                                      for name in names])
    return Section(
        "System calls of the server",
        "From its being ready to its last counter, in runs of their own, like "
        "those where real clients attack: a BPF program at the tracepoints of "
        "the system calls counts them, which slows each of them a little. Time "
        "is without epoll_wait, in which the server waits. Most errors are "
        "EAGAIN, by which a socket says that it is empty.",
        tables=[Table(["variant", "calls", "errors", "time in s",
                       "calls per answered request", "answered requests"],
                      summary),
                Table(["variant"] + names, detail)])
