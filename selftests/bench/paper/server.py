# SPDX-License-Identifier: GPL-2.0-only
"""One life of the server, and what its host spends."""
import json
import os
import signal
import threading
import time

from lab import LabError, run
from paper.network import SERVER_CPU, SERVICE
from paper.variant import QUOTA

BUILD = os.environ.get("EQUIC_BUILD", os.path.realpath(os.path.join(
    os.path.dirname(__file__), "../../../build")))
EQUIC = os.path.join(BUILD, "bin", "equic")
H3SERVER = os.path.join(BUILD, "selftests", "h3server")
TICKS = os.sysconf("SC_CLK_TCK")
SAMPLE_SECONDS = 0.2


def wait_for(condition, process, seconds=300):
    """Until CONDITION is true; an error when PROCESS ended before."""
    end = time.monotonic() + seconds
    while not condition():
        if not process.alive():
            process.wait()
            raise LabError(f"{process.command} ended: " +
                           " ".join(process.errors))
        if time.monotonic() > end:
            raise LabError(f"waited {seconds} s in vain for {process.command}")
        time.sleep(0.01)


def run_time(pid):
    """Seconds that a process or thread was on a processor, exact."""
    with open(f"/proc/{pid}/schedstat", encoding="utf-8") as file:
        return int(file.read().split()[0]) / 1e9


def ticks(pid):
    """The same as user and system time, counted in timer ticks."""
    with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
        fields = file.read().rpartition(")")[2].split()
    return int(fields[11]) / TICKS, int(fields[12]) / TICKS


def resident(pid):
    """Bytes of memory."""
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
        for line in file:
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) << 10
    return 0


def processor():
    """Seconds of the server's processor, by kind of work, in timer ticks."""
    with open("/proc/stat", encoding="utf-8") as file:
        for line in file:
            name, *counts = line.split()
            if name == f"cpu{SERVER_CPU}":
                seconds = [int(count) / TICKS for count in counts]
                return dict(zip(("user", "nice", "system", "idle", "iowait",
                                 "irq", "softirq", "steal"), seconds))
    raise LabError(f"/proc/stat knows no processor {SERVER_CPU}")


class Server:
    """A server under a variant, with the gateway if the variant has it; gone
    at the end of the "with"."""

    def __init__(self, network, variant, directory):
        self.network, self.variant = network, variant
        self.counters_file = os.path.join(directory, "counters")
        self.ready = os.path.join(directory, "ready")
        self.process = self.poller = None

    def __enter__(self):
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *unused):
        if self.process:
            # Its counters outlive it, and a busy one would take its time.
            self.process.kill(signal.SIGKILL)
            self.process.wait()
        if self.variant.mode:
            self.equic("detach", "dev", "eth0")
            self.equic("service", "del", SERVICE)

    def equic(self, *words):
        """The operator's command in the server's namespace."""
        return run(EQUIC, "-n", self.network.server, *words)

    def _start(self):
        for path in (self.counters_file, self.ready):
            if os.path.exists(path):
                os.unlink(path)
        if self.variant.mode:
            self.equic("service", "add", SERVICE, "quota", str(QUOTA), "mode",
                       self.variant.mode)
            self.equic("attach", "dev", "eth0", "mode", "native")
        self.process = self.network.start(
            self.network.server, H3SERVER, "--listen", SERVICE, "--quiet",
            "--counters", self.counters_file, "--ready-file", self.ready,
            *self.variant.server, cpu=SERVER_CPU)
        wait_for(lambda: os.path.exists(self.ready), self.process)
        self.poller = self.network.confine(self.process.pid)

    @property
    def pid(self):
        """Of its only process."""
        return self.process.pid

    def spent(self):
        """CPU seconds so far, by who spent them and by who counted."""
        user, system = ticks(self.pid)
        return {"server": run_time(self.pid), "receive": run_time(self.poller),
                "server user": user, "server system": system,
                **{"processor " + kind: seconds
                   for kind, seconds in processor().items()}}

    def counts(self):
        """What the server counted."""
        return json.loads(run(H3SERVER, "--print",
                              self.counters_file))["total"]

    def dropped(self):
        """Datagrams that equic dropped."""
        if not self.variant.mode:
            return 0
        stats, = json.loads(self.equic("-j", "stats", "service", SERVICE))
        return stats["dropped_packets"]


def difference(then, now):
    """What came between two answers of spent()."""
    return {key: now[key] - then[key] for key in now}


class Sampler(threading.Thread):
    """Looks at a server's CPU time and memory again and again, and at how late
    it is itself: that tells when the machine stood still."""

    def __init__(self, server):
        super().__init__(daemon=True)
        self.server = server
        self.samples = []	# moment, share of a processor, bytes, late
        self.over = threading.Event()

    def run(self):
        pid, poller = self.server.pid, self.server.poller
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
        then, spent = time.monotonic(), run_time(pid) + run_time(poller)
        while not self.over.wait(SAMPLE_SECONDS):
            now, more = time.monotonic(), run_time(pid) + run_time(poller)
            self.samples.append((now, (more - spent) / (now - then),
                                 resident(pid), now - then - SAMPLE_SECONDS))
            then, spent = now, more

    def stop(self):
        """No more; all of them."""
        self.over.set()
        self.join()
        return self.samples


class Watch(threading.Thread):
    """The most urgent thing that the server's processor has to do, and almost
    nothing: when even that is late, the machine stood still."""

    def __init__(self):
        super().__init__(daemon=True)
        self.late = []		# moment, seconds
        self.over = threading.Event()

    def run(self):
        os.sched_setaffinity(0, {SERVER_CPU})
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
        then = time.monotonic()
        while not self.over.wait(SAMPLE_SECONDS):
            now = time.monotonic()
            self.late.append((now, now - then - SAMPLE_SECONDS))
            then = now

    def stop(self):
        """No more; all of it."""
        self.over.set()
        self.join()
        return self.late
