# SPDX-License-Identifier: GPL-2.0-only
"""What a connection with a second sender costs, reaches, and leaves to others."""
import statistics
import tempfile

from core import program, spread
from core.experiment import Experiment, Stage
from core.report import Section, Table

CPU_MAX, RATE_MIN, JAIN_MIN = 1.05, 0.9, 0.95
# In turn and back, so that what changes slowly is the same for all.
SERVERS = ["ngtcp2", "library alone", "library"]
RATES = ["ngtcp2", "the stack through the library", "the second sender"]
CLOCKED = {"ngtcp2": ("ngtcp2", "/bytes/10000000000"),
           "the stack through the library":
               ("library alone", "/bytes/10000000000"),
           "the second sender": ("second sender", "/bytes/1")}
FAIR = {"two senders": "second sender",
        "the stack through the library": "library alone",
        "ngtcp2": "ngtcp2"}


def jain(numbers):
    """Jain's index: 1: all have the same."""
    return sum(numbers) ** 2 / (len(numbers) * sum(n * n for n in numbers))


def over(numbers, others):
    """The ratios of pairs: their median, and the middle half's ends."""
    ratios = [a / b for a, b in zip(numbers, others)]
    return (spread.median(ratios), *spread.quartiles(ratios))


def met(found, wanted, at_most):
    """In words."""
    return "yes" if (found <= wanted if at_most else found >= wanted) else "no"


class Share(Experiment):
    """See the title."""
    name = "share"
    title = "A second sender inside a connection: cost, throughput, fairness"
    question = """
What does it cost a server to have a connection through libequic-shared when its
stack alone sends, because nobody shares it yet, or because who does has nothing to
send; how fast is a second sender beside ngtcp2 alone; and what does
a connection with two senders leave to one of ngtcp2 at a common bottleneck?
Datagrams have up to 1444 bytes where that is found out (PMTUD: ngtcp2, and the
library alone), and up to 1452 where the library is told, as it is where there is a
second sender.
"""
    options = {
        "rounds": 24,		# of each server, there and back
        "bytes": 400000000,	# that it sends in each
        "counted_bytes": 4000000,
        "counted_runs": 2,
        "seeds": 16,
        "mbit": 16,		# by the clock
        "queue": 40,		# ms, how long it takes to be sent
        "seconds": 30,
        "clock_runs": 3,
        "stages": "server,virtual,count,clock",
    }

    def stages(self, options, kernel):
        known = {"server": Stage("server", "host"),
                 "virtual": Stage("virtual", "host"),
                 "count": Stage("count", kernel, icount=True),
                 "clock": Stage("clock", "host")}
        return [known[name] for name in options["stages"].split(",")]

    def measure(self, stage, options, recorder):
        with tempfile.TemporaryDirectory(prefix="equic-share.") as directory:
            getattr(self, "measure_" + stage.name)(options, recorder, directory)

    def measure_server(self, options, recorder, directory):
        """A real server on this machine's own kernel, over a wire without
        limits."""
        from sharing import link	# pylint: disable=C0415
        with link.Link() as wire:
            for run in range(1, options["rounds"] + 1):
                for who in SERVERS + SERVERS[::-1]:
                    with link.Server(wire, who, directory) as server:
                        recorder.value("CPU time", who,
                                       link.get(server, options["bytes"]), "s",
                                       run=run)

    def measure_virtual(self, options, recorder, _):
        """Both ends in one process, in virtual time."""
        program.record(recorder, "", "share", "rate")
        program.record(recorder, "", "share", "fair", options["seeds"])

    def measure_count(self, options, recorder, _):
        """The same, and the clock counts instructions."""
        program.record(recorder, "instructions", "share", "cost",
                       options["counted_runs"], options["counted_bytes"])

    def measure_clock(self, options, recorder, directory):
        """Real servers at a bottleneck of tbf."""
        from sharing import link	# pylint: disable=C0415
        with link.Link() as wire:
            wire.limit(options["mbit"], options["queue"])
            for run in range(1, options["clock_runs"] + 1):
                for who, (server, path) in CLOCKED.items():
                    with link.Server(wire, server, directory) as one:
                        got, = link.receive([one], options["seconds"], path)
                    recorder.value("throughput", who,
                                   got * 8e-6 / options["seconds"], "Mbit/s",
                                   run=run)
                for who, server in FAIR.items():
                    with link.Server(wire, server, directory, 443) as one, \
                            link.Server(wire, "ngtcp2", directory, 444) as two:
                        got = link.receive([one, two], options["seconds"],
                                           "/bytes/10000000000")
                    recorder.value("fairness", who, jain(got), "index", run=run)
                    recorder.value("fairness", who, got[0] / sum(got), "share",
                                   run=run)

    def report(self, values, options):
        rows, sections = [], []
        told = {"server": self.told_server, "count": self.told_count,
                "virtual": self.told_virtual, "clock": self.told_clock}
        for name in options["stages"].split(","):
            found, section = told[name](values.where(stage=name), options)
            rows += found
            sections.append(section)
        return [Section("What was wanted, and what was found",
                        "Medians; how far they spread is below.",
                        [Table(["", "wanted", "found", "met"], rows)])] + \
            sections

    @staticmethod
    def in_turn(values, who):
        """Of each round the mean of its two values."""
        return [statistics.fmean(values.where(who=who, run=run).numbers())
                for run in values.all("run")]

    def told_server(self, values, options):
        """What a server spends."""
        plain = self.in_turn(values, "ngtcp2")
        rows, found = [], []
        for who in SERVERS:
            own = self.in_turn(values, who)
            ratio, low, high = over(own, plain)
            rows.append([who, spread.median(own), ratio, low, high])
            if who == "library alone":
                found.append(["CPU time of a server whose stack alone sends, of "
                              "ngtcp2's", f"at most {CPU_MAX}", f"{ratio:.3f}",
                              met(ratio, CPU_MAX, True)])
            elif who == "library":
                found.append(["the same, while a second sender waits", "",
                              f"{ratio:.3f}", ""])
        text = (f"h3server sends {options['bytes'] / 1e6:.0f} MB on one "
                "connection, over a veth without limits; user and system time of "
                "its process. Alone: nobody shares the connection yet, which may "
                "begin at any time; else a second sender "
                "waits, and has nothing to send. The ratios are of rounds: each "
                "goes through all of them, there and back.")
        return found, Section("What a server spends", text, [Table(
            ["", "s", "of ngtcp2", "lower quartile", "upper quartile"], rows)])

    @staticmethod
    def told_count(values, options):
        """What the library spends."""
        rows = []
        for what in values.all("what"):
            here = values.where(what=what)
            plain = spread.median(here.where(who="ngtcp2").numbers())
            for who in here.all("who"):
                own = spread.median(here.where(who=who).numbers())
                rows.append([f"{what}: {who}", own, own / plain])
        text = (f"Of a stream of {options['counted_bytes'] / 1e6:.0f} MB, between "
                "the endpoint's calls and their return: no system calls, no HTTP, "
                "no kernel. Once a connection is shared, the library follows loss, "
                "window and numbers of the whole connection, beside ngtcp2, which "
                "does so for itself.")
        return [], Section("What is spent in the QUIC libraries alone", text,
                           [Table(["", "instructions", "of ngtcp2"], rows)])

    @staticmethod
    def told_virtual(values, options):
        """Throughput and fairness where time is computed."""
        found, speeds, shares = [], [], []
        worst = 1
        for path in values.all("what"):
            here = values.where(what=path)
            rate = {who: here.where(who=who, unit="Mbit/s").numbers()[0]
                    for who in RATES}
            worst = min(worst, rate[RATES[2]] / rate[RATES[0]])
            speeds.append([path] + [rate[who] for who in RATES])
            index = {}
            for who in here.where(unit="index").all("who"):
                numbers = here.where(who=who, unit="index").numbers()
                index[who] = spread.median(numbers), min(numbers)
                shares.append([f"{path}: {who}", *index[who], spread.median(
                    here.where(who=who, unit="share").numbers())])
            found.append([f"Jain's index, two senders and ngtcp2, {path}",
                          f"at least {JAIN_MIN}",
                          f"{index['two senders'][0]:.3f} (two of ngtcp2: "
                          f"{index['ngtcp2'][0]:.3f})",
                          met(index["two senders"][0], JAIN_MIN, False)])
        found.insert(0, ["throughput of the second sender, of ngtcp2's",
                         f"at least {RATE_MIN}", f"{worst:.3f}",
                         met(worst, RATE_MIN, False)])
        text = ("Queues have one product of rate and delay. A connection and one "
                f"of ngtcp2, for 30 s, {options['seeds']} times: which begins "
                "later, by up to half a second, is by chance. What two of ngtcp2 "
                "come to is what the path allows.")
        return found, Section("In virtual time", text, [
            Table(["Mbit/s"] + RATES, speeds),
            Table(["Jain's index beside ngtcp2", "median", "worst",
                   "its part of the bytes"], shares)])

    @staticmethod
    def told_clock(values, options):
        """The same on a real network stack."""
        speed = values.where(what="throughput")
        fair = values.where(what="fairness")
        rate = {who: spread.median(speed.where(who=who).numbers())
                for who in RATES}
        ratio = rate[RATES[2]] / rate[RATES[0]]
        shares = [[who] + [pick(fair.where(who=who, unit=unit).numbers())
                           for pick, unit in ((spread.median, "index"),
                                              (min, "index"),
                                              (spread.median, "share"))]
                  for who in FAIR]
        found = [["throughput of the second sender, of ngtcp2's, by the clock",
                  f"at least {RATE_MIN}", f"{ratio:.3f}",
                  met(ratio, RATE_MIN, False)],
                 ["Jain's index, two senders and ngtcp2, by the clock",
                  f"at least {JAIN_MIN}", f"{shares[0][1]:.3f}",
                  met(shares[0][1], JAIN_MIN, False)]]
        text = (f"{options['mbit']} Mbit/s, and a queue of {options['queue']} ms "
                f"(tbf), for {options['seconds']} s, {options['clock_runs']} "
                "times. Bytes are those of the file and of the second sender's "
                "streams.")
        return found, Section("By the clock", text, [
            Table(["", "Mbit/s"], [[who, rate[who]] for who in RATES]),
            Table(["Jain's index beside ngtcp2", "median", "worst",
                   "its part of the bytes"], shares)])


EXPERIMENT = Share()
