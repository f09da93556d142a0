# SPDX-License-Identifier: GPL-2.0-only
"""In the machine: every variant in turn, again and again."""
import dataclasses
import os

from lab import LabError, insert_module, remove_module
from paper.attack import Plan, Run
from paper.blocks import Blocks
from paper.network import ABUSIVE, CLIENTS_CPU, GOOD, Network
from paper.server import Server
from paper.syscalls import Counter
from paper.variant import REFUSING, VARIANTS, chosen

TALLIES = ("attempted", "completed", "refused", "refused_late", "timed_out",
           "failed", "broken", "unfinished", "requests_ok", "requests_failed",
           "body_errors", "sent_datagrams", "send_errors",
           "received_datagrams")
CALM_SECONDS = 5.0


def kind(client):
    """What a client is."""
    if client in GOOD:
        return "good"
    return "abusive" if client in ABUSIVE else "flood"


class Measurement:
    """A stage, by the experiment's options."""

    def __init__(self, options, recorder, directory):
        self.options, self.directory = options, directory
        self.value = recorder.value
        self.names = chosen(options["variants"])
        self.plan = None

    def go(self, stage):
        """Measure."""
        os.sched_setaffinity(0, {CLIENTS_CPU})
        needed = any(VARIANTS[name].mode for name in self.names)
        if needed:
            insert_module()
        # What a refusal costs is not a matter of how much there is to spend.
        with Network(1 if stage == "cost" else
                     self.options["share"]) as network:
            if stage == "cost":
                self.each("cost of a block", lambda *run: self.cost(network,
                                                                    *run),
                          [name for name in self.names if name in REFUSING])
            else:
                self.make_plan(network, stage == "flood")
                work = self.calls if stage == "calls" else self.attack
                self.each(stage, lambda *run: work(network, *run), self.names)
        if needed:
            remove_module(30)

    def each(self, what, measure, names):
        """Every variant once a round; each round begins with another, so that
        what drifts does not always meet the same one."""
        for number in range(self.options["runs"]):
            at = number % len(names)
            for name in names[at:] + names[:at]:
                print(f"{what}, run {number + 1} of {self.options['runs']}: "
                      f"{name}", flush=True)
                measure(name, number)

    # ------------------------------------------------------------ attack --

    def make_plan(self, network, flood):
        """How many requests a second the good clients get in peace says how
        much an attack is."""
        o = self.options
        plan = Plan(attempts=0, rate=1, flood=0, hold=o["hold"],
                    patience=o["patience"], delay=o["delay"],
                    tail=CALM_SECONDS, body=o["body"])
        with Server(network, VARIANTS["calm"], self.directory) as server:
            outcome = Run(network, server, self.directory).run(plan, False)
        seconds = plan.delay + plan.tail
        answers = sum(line["what"] == "request" and line["ok"] and
                      -plan.delay < line["at"] <= plan.tail
                      for lines in outcome.journals.values() for line in lines)
        if not answers:
            raise LabError("the good clients got no answer in peace")
        capacity = answers / seconds
        self.plan = dataclasses.replace(
            plan, attempts=o["requests"], tail=o["tail"],
            rate=o["attack"] * capacity / len(ABUSIVE),
            flood=o["flood"] * capacity / len(ABUSIVE) if flood else 0)
        self.value("capacity", "calm", capacity, "requests/s")
        self.value("attack rate", "calm", self.plan.rate * len(ABUSIVE),
                   "connections/s")
        self.value("flood rate", "calm", self.plan.flood * len(ABUSIVE),
                   "Initials/s")
        self.value("attack time", "calm", self.plan.seconds, "s")

    def attack(self, network, name, number):
        """One run, and all that it says."""
        variant = VARIANTS[name]
        with Server(network, variant, self.directory) as server:
            outcome = Run(network, server, self.directory).run(self.plan,
                                                               variant.attack)
        where = {"run": number}
        for client, lines in outcome.journals.items():
            self.journal(name, client, lines, where)
        for client, totals in outcome.totals.items():
            self.tallies(name, totals, client=client, kind=kind(client),
                         **where)
        self.spent(name, outcome.spent, where)
        for at, share, size, late in outcome.samples:
            about = {"at": round(at, 3), **where}
            self.value("CPU sample", name, share, "processors", **about)
            self.value("memory sample", name, size, "B", **about)
            self.value("late sample", name, late, "s", of="clients", **about)
        for at, late in outcome.late:
            self.value("late sample", name, late, "s", of="server",
                       at=round(at, 3), **where)
        self.losses(name, outcome, where)

    def tallies(self, name, totals, **where):
        """What a client counted."""
        for what in TALLIES:
            self.value(what, name, totals[what], "", **where)

    def spent(self, name, spent, where):
        """CPU time."""
        for what, seconds in spent.items():
            self.value("CPU", name, seconds, "s", of=what, **where)

    def losses(self, name, outcome, where):
        """Who dropped what, by who counted it."""
        dropped = {"equic": outcome.dropped, "the server's socket":
                   outcome.counts["received"]["kernel_drops"], **outcome.lost}
        for who, packets in dropped.items():
            self.value("dropped", name, packets, "packets", by=who, **where)
        for group in ("connections", "refused", "ended"):
            for what, count in outcome.counts[group].items():
                self.value("server " + group, name, count, "", of=what,
                           **where)

    def journal(self, name, client, lines, where):
        """Each request and connection of a client."""
        for line in lines:
            about = {"client": client, "kind": kind(client), "at": line["at"],
                     **where}
            if line["what"] == "connection":
                self.value("connection", name, line["ms"], "ms",
                           end=line["end"], completed=line["completed"],
                           **about)
            elif line["ok"]:
                self.value("request", name, line["ms"], "ms",
                           alone=line["request_ms"], **about)
            else:
                self.value("request", name, None, "ms", reason="failed",
                           **about)

    # ------------------------------------------------------ system calls --

    def calls(self, network, name, number):
        """An attack again, its times worth nothing: the server's system calls
        are counted."""
        variant = VARIANTS[name]
        with Server(network, variant, self.directory) as server, \
                Counter(server.pid) as counter:
            outcome = Run(network, server, self.directory).run(self.plan,
                                                               variant.attack)
            found = counter.tallies()
        for call, (calls, errors, seconds) in found.items():
            about = {"call": call, "run": number}
            self.value("calls", name, calls, "", **about)
            self.value("call errors", name, errors, "", **about)
            self.value("call time", name, seconds, "s", **about)
        for client, totals in outcome.totals.items():
            self.tallies(name, totals, client=client, kind=kind(client),
                         run=number)

    # -------------------------------------------------- cost of a block --

    def cost(self, network, name, number):
        """What a refused connection costs the server's host."""
        variant = VARIANTS[name]
        with Server(network, variant, self.directory) as server:
            blocks = Blocks(network, server)
            holder = blocks.fill()
            self.blocked(name, "a connection", number,
                         *blocks.connections(self.options["blocks"],
                                             self.options["patience"]))
            # A handshake that is let in is begun and never ended.
            if name != "late":
                self.blocked(name, "a first Initial", number,
                             *blocks.initials(5 * self.options["blocks"]))
            holder.stop()

    def blocked(self, name, of, number, spent, result, refused):
        """Only attempts that were refused say what a refusal costs."""
        where = {"of": of, "run": number}
        self.tallies(name, result, **where)
        attempted = result["attempted"]
        admitted = result["completed"] - result["refused_late"]
        self.value("blocked", name, attempted - admitted, "", **where)
        self.value("said no", name, refused, "", **where)
        for what, seconds in spent.items():
            self.value("block CPU", name, seconds / attempted, "s", part=what,
                       **where)
        if admitted:
            raise LabError(f"{admitted} of {attempted} attempts were admitted")
