# SPDX-License-Identifier: GPL-2.0-only
"""One run: good clients at work, an attack, and the time after it.

Good clients make one connection after another, each with one request. The
abusive ones come after `delay` seconds. Each begins a given number of
connections at a given rate, whatever becomes of those before, and may send
first Initials beside them: the attack is the same, to the moment, under every
variant. After the last began, the good clients go on for `tail` seconds.
"""
import dataclasses
import json
import os
import signal
import time

from lab import LabError
from paper.network import ABUSIVE, CLIENTS_CPU, GOOD, GOOD_NICE, SERVICE
from paper.server import BUILD, Sampler, Watch, difference, wait_for

H3LOAD = os.path.join(BUILD, "selftests", "h3load")
FOREVER = 3600
INITIALS = 100		# different ones; each is sent again from other ports
# They are made before and cheap to send: let them go at their time.
FLOOD_NICE = -20


@dataclasses.dataclass(frozen=True)
class Plan:
    """The attack.

    attempts  of each abusive client
    rate      its attempts each second
    flood     its first Initials each second that nothing comes after
    hold      seconds that it keeps a connection after its request
    patience  seconds until it gives an attempt up
    delay     seconds before the attack
    tail      and after it
    body      bytes of each answer
    """
    attempts: int
    rate: float
    flood: float
    hold: float
    patience: float
    delay: float
    tail: float
    body: int

    @property
    def seconds(self):
        """How long new attempts come."""
        return self.attempts / self.rate


def flood_of(client):
    """What the Initials of an abusive client are called."""
    return client + " flood"


@dataclasses.dataclass
class Outcome:
    """What was seen. Moments are seconds since the attack began."""
    began: float
    journals: dict		# client: lines of its journal
    totals: dict		# client: the result of its h3load
    spent: dict			# CPU seconds while the attack lasted
    samples: list		# moment, share of a processor, bytes, lateness
    late: list			# moment, lateness of the server's processor
    counts: dict		# of the server
    dropped: int		# by equic, packets
    lost: dict			# interface: packets


class Run:
    """A run against SERVER; files go to DIRECTORY."""

    def __init__(self, network, server, directory):
        self.network, self.server = network, server
        self.directory = directory
        self.clients = {}

    def journal(self, client):
        """Where a client writes down what happened."""
        return os.path.join(self.directory, client + ".journal")

    def start(self, client, host, *words, nice=0):
        """Start a client."""
        self.clients[client] = self.network.start(
            self.network.host(host), H3LOAD, "--class", client, "--live=0.5",
            *words, SERVICE, cpu=CLIENTS_CPU, nice=nice)

    def load(self, client, plan, *words, nice=0):
        """Start a client that makes whole connections."""
        self.start(client, client, "--path", f"/bytes/{plan.body}",
                   "--handshake-timeout", str(plan.patience),
                   "--journal", self.journal(client), *words, nice=nice)

    def start_good(self, plan):
        """All of them had an answer when this returns."""
        for client in GOOD:
            self.load(client, plan, "--sequential", "--duration", str(FOREVER),
                      nice=GOOD_NICE)
        for client in GOOD:
            process = self.clients[client]
            wait_for(lambda p=process: p.last.get("requests_ok"), process)

    def start_abusive(self, plan, begin):
        """They will begin at that moment."""
        for client in ABUSIVE:
            self.load(client, plan, "--conns", str(plan.attempts),
                      "--parallel", str(plan.attempts),
                      "--rate", f"{plan.rate:.3f}", "--hold", str(plan.hold),
                      "--begin", f"{begin:.6f}")
            if plan.flood:
                self.start(flood_of(client), client, "--initials",
                           str(INITIALS), "--duration", f"{plan.seconds:.3f}",
                           "--rate", f"{plan.flood:.3f}",
                           "--begin", f"{begin:.6f}", nice=FLOOD_NICE)

    def run(self, plan, attack):
        """Go through it."""
        self.start_good(plan)
        sampler, watch = Sampler(self.server), Watch()
        sampler.start()
        watch.start()
        lost, dropped = self.network.lost(), self.server.dropped()
        began = time.monotonic() + plan.delay
        if attack:
            self.start_abusive(plan, began)
        self.wait_until(began)
        spent = self.server.spent()
        self.wait_until(began + plan.seconds)
        spent = difference(spent, self.server.spent())
        self.wait_until(began + plan.seconds + plan.tail)
        samples, late = sampler.stop(), watch.stop()
        totals = self.stop()
        lost = difference(lost, self.network.lost())
        return Outcome(
            began=began, totals=totals, spent=spent,
            journals={client: self.read_journal(client, began)
                      for client in self.clients
                      if client in GOOD + ABUSIVE},
            samples=[(at - began, *rest) for at, *rest in samples],
            late=[(at - began, seconds) for at, seconds in late],
            counts=self.server.counts(), lost=lost,
            dropped=self.server.dropped() - dropped)

    def wait_until(self, moment):
        """Nothing but time is awaited: the run is that long."""
        time.sleep(max(0, moment - time.monotonic()))
        if not self.server.process.alive():
            raise LabError("the server ended: " +
                           " ".join(self.server.process.errors))

    def stop(self):
        """End the clients; what each says of itself."""
        for process in self.clients.values():
            process.kill(signal.SIGTERM)
        return {name: process.wait() for name, process in self.clients.items()}

    def read_journal(self, client, began):
        """Its lines, in the run's own time."""
        with open(self.journal(client), encoding="utf-8") as file:
            lines = [json.loads(line) for line in file]
        for line in lines:
            line["at"] = round(line["at"] - began, 4)
        return lines
