# SPDX-License-Identifier: GPL-2.0-only
"""What a packet costs, and a client, and a report."""
import glob
import os

from core import program, rules, spread
from core.experiment import Experiment, Stage
from core.plot import Plot, Series
from core.report import Section, Table

OUTCOMES = ["established", "admitted Initial", "refused Initial", "mode all",
            "malformed"]
REPORTS = ["report accepted", "report open", "report close"]
FLOOR = "XDP drop only"
PAPER = "2021 program"
OVERHEAD = ("The test run itself is part of every figure: what it takes alone "
            f"is the figure of \"{FLOOR}\", less a handful.")


def levels(options):
    """The numbers of clients, from few to many."""
    return sorted(int(number) for number in options["clients"].split(","))


def summary(values):
    """Median, quartiles and number of VALUES, as cells."""
    numbers = values.numbers()
    if not numbers:
        return ["–", "–", 0]
    low, high = spread.quartiles(numbers)
    return [spread.median(numbers), f"{low:,.0f} … {high:,.0f}", len(numbers)]


def ratio(values, others):
    """The ratio of two medians, or None."""
    if not values.numbers() or not others.numbers():
        return None
    return spread.median(values.numbers()) / spread.median(others.numbers())


class Packet(Experiment):
    """See the title."""
    name = "packet"
    title = "The cost of a packet"
    question = """
What does the gateway cost each packet, by what becomes of it and by how many
clients it knows; what do a client and a connection cost in memory, and a
server's reports in time; and what do those take that a user would have instead?

Costs are counted, not timed: the machine's clock advances one nanosecond per
instruction of the guest, kernel and BPF alike. Caches and memory do not show in
that; the times further down have them, and the emulator's slowness.
"""
    options = {
        "clients": "1,1000,100000,1000000",
        "rival_clients": "1,100000",
        "runs": 33,
        "repeat": 1000,
        "packets": 4096,
        "reports": 2000,
        "timed_clients": 100000,
        "timed_repeat": 10000,
        "timed_runs": 11,
        "cpus": "1,2,4",
    }

    def stages(self, options, kernel):
        cpus = max(int(cpu) for cpu in options["cpus"].split(","))
        return [
            Stage("count", kernel, mem="4G", icount=True, timeout=1500),
            Stage("rivals", kernel, mem="3G", icount=True, timeout=1500),
            Stage("time", kernel, mem="3G", smp=cpus, timeout=1500),
        ]

    def measure(self, stage, options, recorder):
        getattr(self, "measure_" + stage.name)(options, recorder)

    def measure_count(self, options, recorder):
        """Ours, what is below it, and the program of 2021."""
        runs = options["runs"]
        program.record(recorder, "instructions", "cost", "-l", "-n", runs, "-r",
                       options["repeat"], *levels(options))
        for who, batch in (("one at a time", 1), ("in batches of 100", 100)):
            program.record(recorder, "instructions", "reports", who, batch,
                           options["reports"], 5)
        for cache in ("equic_client", "equic_conn"):
            self.record_object(recorder, cache)

    def record_object(self, recorder, cache):
        """Bytes of an object, with what its slab leaves unused."""
        found = glob.glob(f"/sys/kernel/slab/{cache}")
        if not found:
            recorder.value("object", cache, None, "bytes",
                           reason="the kernel shows no such cache")
            return
        fields = {}
        for name in ("order", "objs_per_slab"):
            with open(os.path.join(found[0], name), encoding="utf-8") as file:
                fields[name] = int(file.read())
        size = (os.sysconf("SC_PAGESIZE") << fields["order"]) \
            / fields["objs_per_slab"]
        recorder.value("object", cache, size, "bytes")

    def measure_rivals(self, options, recorder):
        """What runs in the network stack."""
        trouble = rules.make_room()
        for clients in options["rival_clients"].split(","):
            for rival in rules.RIVALS:
                self.measure_rival(rival, int(clients), options, recorder,
                                   trouble)

    def measure_rival(self, rival, clients, options, recorder, trouble):
        """One of them, as it lets pass and as it refuses."""
        todo = [(rules.LIMIT, ["established", "admitted", "refused"])]
        if rival.packets:
            todo = [(rules.LIMIT, ["admitted", "refused"]),
                    (rules.NO_LIMIT, ["established"])]
        elif not rival.commands:
            todo = [(rules.LIMIT, ["established", "admitted"])]
        elif rival.who == rules.DROPS_ALL:
            todo = [(rules.LIMIT, ["refused"])]
        for limit, outcomes in todo:
            with rules.applied(rival, limit) as error:
                if error:
                    recorder.value("rules", rival.who, None, "instructions",
                                   reason=error + trouble, clients=clients)
                    continue
                program.record(recorder, "instructions", "stack", "-c", clients,
                               "-p", options["packets"], "-n",
                               min(options["runs"], 11), rival.who, *outcomes,
                               inside=True)

    def measure_time(self, options, recorder):
        """By the clock on the wall."""
        timed = options["timed_runs"]
        program.record(recorder, "ns", "parallel",
                       options["timed_clients"], options["timed_repeat"], timed,
                       *options["cpus"].split(","))
        program.record(recorder, "ns", "cost", "-l", "-4", "-n", timed, "-r",
                       options["timed_repeat"], "-a", 1000, levels(options)[-1])
        for who, batch in (("one at a time", 1), ("in batches of 100", 100)):
            program.record(recorder, "ns", "reports", who, batch,
                           options["reports"] * 5, timed)

    def report(self, values, options):
        counted = values.where(stage="count")
        rivals = values.where(stage="rivals")
        timed = values.where(stage="time")
        return [self.section_floor(counted), self.section_clients(counted),
                self.section_rivals(counted, rivals),
                self.section_memory(counted),
                self.section_reports(counted, timed),
                self.section_time(timed), self.section_cpus(timed)]

    def section_floor(self, counted):
        """What does not depend on any table."""
        rows = []
        for family in counted.all("family"):
            here = counted.where(family=family)
            floor = here.where(what="drop", who=FLOOR)
            for what, who in (("drop", FLOOR), ("drop", "XDP parse and drop"),
                              ("foreign UDP", "XDP parse and drop"),
                              ("foreign UDP", "equic")):
                found = here.where(what=what, who=who)
                rows.append([f"{who}: {what}, IPv{family}"] + summary(found)
                            + [ratio(found, floor)])
        return Section(
            "A packet that is nobody's business, and the least there is",
            "A UDP packet to a port that no service has passes after a look "
            "into the bitmap of ports. " + OVERHEAD,
            [Table(["", "instructions", "quartiles", "values",
                    "of " + FLOOR], rows)])

    def section_clients(self, counted):
        """Every outcome at every number of clients."""
        tables, plots = [], []
        for family in counted.all("family"):
            here = counted.where(family=family)
            floor = here.where(what="drop", who=FLOOR)
            rows, series = [], []
            for who, what in [("equic", o) for o in OUTCOMES] + \
                    [(PAPER, o) for o in ("miss", "established",
                                          "refused Initial")]:
                found = here.where(who=who, what=what)
                if not found:
                    continue
                points = []
                for clients in found.all("clients"):
                    each = found.where(clients=clients)
                    low, high = spread.quartiles(each.numbers())
                    middle = spread.median(each.numbers())
                    rows.append([f"{who}: {what}", clients] + summary(each)
                                + [ratio(each, floor)])
                    points.append((clients, middle, low, high))
                series.append(Series(f"{who}: {what}",
                                     [p[:2] for p in points]))
            tables.append(Table([f"IPv{family}", "clients", "instructions",
                                 "quartiles", "values", "of " + FLOOR], rows))
            plots.append(Plot(f"clients{family}",
                              f"Cost of a packet, IPv{family}",
                              "clients in the table", "instructions", series,
                              log="x"))
        return Section(
            "A packet for a service, by what becomes of it",
            "The tables have room for 1,048,576 clients throughout, so that "
            "fewer of them lie apart. Each value is a client of its own, "
            "spread evenly over all; for admitted Initials, new clients' in a "
            f"row. \"{PAPER}\" is the algorithm of the 2021 gateway: one "
            "lookup by IPv4 source address in a hash map of counters, written "
            "anew. A miss is a client that it does not know, which passes. "
            + OVERHEAD, tables, plots)

    def rival_rows(self, counted, rivals, clients):
        """A row for each that runs in the stack, and for equic."""
        floor = counted.where(what="drop", who=FLOOR, family=4).numbers()
        for what in OUTCOMES[:3]:
            ours = counted.where(who="equic", what=what, family=4,
                                 clients=clients).numbers()
            plain = rivals.where(who="no rules", what=what,
                                 clients=clients).numbers()
            share = None
            if ours and floor:
                share = spread.median(ours) - spread.median(floor)
                yield [f"{what}: equic", clients, share, "as above", len(ours),
                       share if plain else None, 1, "–"]
            for who in rivals.all("who"):
                found = rivals.where(who=who, what=what, clients=clients)
                if not found.numbers():
                    continue
                cells = summary(found)
                more = cells[0] - spread.median(plain) if plain else None
                taken = cells[0] if more is None else more
                passed = spread.median([line["passed"] / line["packets"]
                                        for line in found])
                yield [f"{what}: {who}", clients] + cells + [
                    more, taken / share if share else None, f"{passed:.2%}"]

    def section_rivals(self, counted, rivals):
        """What netfilter takes for the same."""
        rows = [row for clients in rivals.all("clients")
                for row in self.rival_rows(counted, rivals, clients)]
        last = rivals.all("clients")[-1:]
        bars = [(row[0].split(": ")[1], row[2]) for row in rows
                if row[0].startswith("refused") and row[1] in last]
        missing = [f"{line['who']} could not be measured: {line['reason']}."
                   for line in rivals if line["value"] is None]
        return Section(
            "Beside what the kernel has", f"""
The others run in netfilter, so the packet must get there first. An XDP program
writes addresses or ports into each packet and passes it up from a device in
batches of 64 (BPF_F_TEST_XDP_LIVE_FRAMES), as a driver does: an skb is made of
it, which goes through IPv4 input and ends in the rule that drops it or, if it
passes, in a UDP socket whose filter discards it. The limit is {rules.LIMIT}. Of each figure the cost of the
same packets dropped by that XDP program is taken away; of equic's, that of
"{FLOOR}". "Added" is what a packet of that kind costs more than the way into
the socket without rules: equic's share comes on top of that way when it lets a
packet pass, and in its stead when it refuses. "Of equic's" compares what is
added by those that pass, and all of it where a packet is refused. IPv4. Clients are those who sent a
packet before; for the connection tracker, an established one was answered.
Rules that limit packets instead of connections refuse the packets above
{rules.LIMIT} a second, and let the established pass with a limit that they do
not reach. "Passed" is the share of the packets that reached the server; of equic's
packets every verdict was checked in its counters.
{' '.join(missing)}""",
            [Table(["", "clients", "instructions", "quartiles", "values",
                    "added", "of equic's", "passed"], rows)],
            [Plot("refused", "To refuse a first Initial", "", "instructions",
                  [Series("IPv4, most clients", list(enumerate(
                      value for _, value in bars)))],
                  ticks=[who for who, _ in bars])] if bars else [])

    def section_memory(self, counted):
        """Bytes."""
        rows = [[f"{line['who']} object, with its share of the slab",
                 line["value"]] for line in counted.where(what="object")]
        for family in counted.all("family"):
            here = counted.where(family=family)
            arrays = here.where(what="empty tables", who="arrays").numbers()
            if arrays:
                rows.append([f"arrays of the empty tables, IPv{family} first"
                             if family == 4 else
                             f"arrays of the tables, IPv{family}", arrays[0]])
            points = [(line["clients"], line["value"]) for line in here.where(
                what="filled tables", who="slabs")]
            if len(points) > 1:
                rows.append([f"all slabs, per client with one connection, "
                             f"IPv{family} (fitted)", spread.line(points)[0]])
        return Section("Memory", "The arrays are those of one namespace, for "
                       "1,048,576 clients and 1,310,720 connections at most.",
                       [Table(["", "bytes"], rows)])

    def section_reports(self, counted, timed):
        """A server's reports, and an operator's list."""
        rows = []
        for source in (counted, timed):
            for what in REPORTS:
                for who in source.where(what=what).all("who"):
                    found = source.where(what=what, who=who)
                    idle = source.where(what="report nothing", who=who)
                    cost = spread.median(found.numbers()) - \
                        spread.median(idle.numbers())
                    unit = found.all("unit")[0]
                    rate = 1e9 / cost if unit == "ns" else None
                    rows.append([f"{what}, {who}", cost, unit,
                                 summary(found)[1], len(found), rate])
        lists = [[line["clients"], f"IPv{line['family']}",
                  line["value"] / 1e9 if line["unit"] == "ns" else None,
                  line["value"] / line["clients"], line["unit"]]
                 for source in (counted, timed)
                 for line in source.where(what="list all clients")]
        return Section(
            "Reports and lists",
            "Through libequic, of connections that the gateway admitted. The "
            "time to make the packet that a report is about is taken away "
            "(from the median; quartiles are as measured). Lists are read "
            "with equic_client_list().",
            [Table(["", "median", "unit", "quartiles", "values",
                    "reports/s"], rows),
             Table(["clients", "", "seconds", "per client", "unit"], lists)])

    def section_time(self, timed):
        """The ratio of times, side by side."""
        costs = timed.where(unit="ns", family=4)
        floor = costs.where(what="drop", who=FLOOR)
        rows = []
        for who in costs.all("who"):
            for what in costs.where(who=who).all("what"):
                if what.startswith(("report", "list", "empty", "filled")):
                    continue
                found = costs.where(who=who, what=what)
                rows.append([f"{who}: {what}"] + summary(found)
                            + [ratio(found, floor)])
        return Section(
            "By the clock on the wall",
            "Emulated: only the ratios mean something. IPv4, the largest "
            "number of clients.",
            [Table(["", "ns", "quartiles", "values", "of " + FLOOR], rows)])

    def section_cpus(self, timed):
        """Several CPUs at once."""
        rates = timed.where(unit="packets/s")
        floor = rates.where(who=FLOOR)
        rows, series = [], []
        for who in rates.all("who"):
            for what in rates.where(who=who).all("what"):
                points = []
                for cpus in rates.all("cpus"):
                    found = rates.where(who=who, what=what, cpus=cpus)
                    part = ratio(found, floor.where(cpus=cpus))
                    rows.append([f"{who}: {what}", cpus] + summary(found)
                                + [part])
                    points.append((cpus, part))
                series.append(Series(f"{who}: {what}", points))
        return Section(
            "Several CPUs at once",
            "A thread on each of the machine's CPUs. Where the host has fewer "
            "CPUs than the machine (it is told below), the threads share them: "
            "compare within one number of CPUs.",
            [Table(["", "CPUs", "packets/s", "quartiles", "values",
                    "of " + FLOOR], rows)],
            [Plot("cpus", "Packets per second", "CPUs",
                  "share of " + FLOOR, series)])


EXPERIMENT = Packet()
