#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""
One attack, seven phases: what it does to a QUIC server without a quota, with a
quota in the server, and with a quota in the driver.

    good                                        gateway
    198.51.100.1 … 6   one connection        +-----------+
       each, again and again                 |           |  h3server
    198.51.100.7   UDP, not QUIC ------ good0-|           |  192.0.2.1:443
    abuse                                    |           |  the service under
    203.0.113.1   24 connections at a time   |  equic    |  attack, quota 5
    203.0.113.2 … 3   first Initials, and    |  (XDP)    |
       nothing after them ----------- abuse0-|           |  h3server :4433
    far                                      |           |  udpcheck :5353
    10.9.9.1   one long download ------ far0-|           |
                                             +-----------+

Each box is a network namespace, each line a veth pair with the gateway program
on its right end. The servers have a processor of their own: the clients stand
for other machines.

Everything that is printed was counted in this run. The ledger at the end
compares what the clients' sockets took, what equic counted, what the servers
read and what the gateway's kernel says of its UDP sockets.
"""

import datetime
import json
import os
import shutil
import signal
import sys
import tempfile
import time

from lab import (Lab, LabError, SharedSocket, insert_module, remove_module,
                 run, udp_counters)
from ledger import Ledger
from report import report
from screen import Screen

TREE = os.path.realpath(os.path.join(os.path.dirname(__file__), "../.."))
BUILD = os.environ.get("EQUIC_BUILD", os.path.join(TREE, "build"))
EQUIC = os.path.join(BUILD, "bin/equic")
H3LOAD = os.path.join(BUILD, "selftests/h3load")
UDPCHECK = os.path.join(BUILD, "selftests/udpcheck")

SERVICE, DOWNLOADS, FOREIGN = "192.0.2.1:443", "192.0.2.1:4433", "192.0.2.1:5353"
QUOTA = 5
NOBODY = 65534
GOOD_CLIENTS = 6
REQUESTS = 3			# in each of their connections
# What is asked for in each second, as multiples of the connections that the
# server can accept in one: that depends on the machine, so it is measured.
GOOD_LOAD = 0.3
ABUSIVE_LOAD = 0.2
INITIALS_LOAD = 75
ABUSIVE_CONNECTIONS = 24	# at a time
ABUSIVE_PAUSE = 0.25		# seconds between two requests
INITIALS = 2000		# different ones
DOWNLOAD_BYTES = 1 << 30	# more than there is time for
DOWNLOAD_RATE = "1mbit"
MEASURE_SECONDS = 2
RECEIVE_BYTES = 1 << 16

FOREVER = 3600
CPUS = os.cpu_count()
SERVER_CPU, GOOD_CPU, ABUSE_CPU = 0, 1 % CPUS, CPUS - 1


class Server:
    """One life of h3server, and what of it outlives it."""

    lives = 0

    def __init__(self, demo, listen, quota_in):
        Server.lives += 1
        self.demo = demo
        self.quota_in = quota_in
        name = os.path.join(demo.directory, "server%d" % Server.lives)
        self.counters, ready = name + ".counters", name + ".ready"
        self.process = demo.lab.start(
            demo.gateway, demo.h3server, "--listen", listen, "--quiet",
            "--quota-in", quota_in, "--quota", str(QUOTA),
            "--cert", demo.cert, "--key", demo.key,
            "--counters", self.counters,
            "--ready-file", ready, cpu=SERVER_CPU, user=NOBODY)
        demo.wait_for(lambda: os.path.exists(ready), self.process)
        self.socket = SharedSocket(self.process.pid, int(listen.split(":")[1]))

    def end(self, number):
        """Returns how many datagrams it had not read."""
        self.process.kill(number)
        self.process.wait()
        return self.socket.drain()

    def read_datagrams(self):
        counts = json.loads(run(self.demo.h3server, "--print", self.counters))
        return counts["total"]["received"]["datagrams"]


class Demo:
    def __init__(self, screen, lab):
        self.screen, self.lab = screen, lab
        self.began = time.monotonic()
        self.directory = tempfile.mkdtemp(prefix="equic-demo.")
        os.chown(self.directory, NOBODY, NOBODY)
        # Somewhere the server's own user can get at it.
        self.h3server = shutil.copy(os.path.join(BUILD, "selftests/h3server"),
                                    self.directory)
        self.make_certificate()
        self.servers, self.drained = [], 0
        self.means = []
        self.events = []

    # ------------------------------------------------------------- set-up --

    def equic(self, *words):
        return run(EQUIC, "-n", self.gateway, *words)

    def wait_for(self, condition, process, seconds=60):
        end = time.monotonic() + seconds
        while not condition():
            if process and not process.alive():
                process.wait()
                raise LabError("%s: %s" % (process.command,
                                           " ".join(process.errors)))
            if time.monotonic() > end:
                raise LabError("waited %d s in vain" % seconds)
            time.sleep(0.01)

    def make_certificate(self):
        """One key for all lives of the server: with it comes the secret of its
        stateless resets, by which clients learn of its death."""
        self.cert, self.key = [os.path.join(self.directory, name)
                               for name in ("cert.pem", "key.pem")]
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
            "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=localhost",
            "-days", "30", "-keyout", self.key, "-out", self.cert)
        os.chown(self.key, NOBODY, NOBODY)

    @staticmethod
    def shorten_queues():
        """The socket buffer of a server holds some hundred Initials, which is
        nothing on a real machine and many seconds' work in an emulated one."""
        if os.environ.get("EQUIC_KERNEL") != "host":
            with open("/proc/sys/net/core/rmem_max", "w") as limit:
                limit.write(str(RECEIVE_BYTES))

    def make_network(self):
        nets = [("good", "198.51.100.%d", GOOD_CLIENTS + 1),
                ("abuse", "203.0.113.%d", 3), ("far", "10.9.9.%d", 1)]
        self.gateway = self.lab.prefix + "gw"
        self.wires = {name: self.lab.prefix + name for name, *_ in nets}
        self.lab.namespaces(self.gateway, *self.wires.values())
        gateway = ["link set lo up", "addr add 192.0.2.1/32 dev lo"]
        for name, subnet, hosts in nets:
            dev = name + "0"
            gateway += [
                "link add %s type veth peer name %s netns %s"
                % (dev, dev, self.wires[name]),
                "addr add %s/24 dev %s" % (subnet % 254, dev),
                "link set %s up" % dev,
            ]
        self.lab.ip(self.gateway, gateway)
        for name, subnet, hosts in nets:
            dev = name + "0"
            self.lab.ip(self.wires[name], [
                "addr add %s/24 dev %s" % (subnet % (host + 1), dev)
                for host in range(hosts)
            ] + ["link set %s up" % dev,
                 "route add default via " + subnet % 254])
        with self.lab.inside(self.gateway), \
                open("/proc/sys/net/ipv4/ip_unprivileged_port_start",
                     "w") as port:
            port.write("0")

    def make_gateway(self):
        # While nobody reports, a handshake is pending until its time is over:
        # a short one, or the good clients would start in debt.
        policy = ["mode", "new", "no-owner", "enforce", "pending-timeout",
                  "500ms", "owner-uid", str(NOBODY)]
        self.equic("service", "add", SERVICE, *policy)
        self.equic("service", "add", DOWNLOADS, "quota", str(QUOTA), *policy)
        # Each has the kernel verify the program: all at once.
        attaching = [self.lab.start(self.gateway, EQUIC, "attach", "dev",
                                    dev + "0") for dev in self.wires]
        for process in attaching:
            process.wait()
            if process.popen.returncode:
                raise LabError("%s: %s" % (process.command,
                                           " ".join(process.errors)))
        # The download must last: its client has a slow line.
        run("tc", "-n", self.gateway, "qdisc", "add", "dev", "far0", "root",
            "tbf", "rate", DOWNLOAD_RATE, "burst", "8k", "latency", "200ms")

    def start_watching(self):
        self.stats = self.lab.start(
            self.gateway, EQUIC, "-j", "stats", "service", SERVICE, "--watch",
            "0.5", cpu=GOOD_CPU)
        self.lab.start(
            self.gateway, EQUIC, "-j", "monitor", cpu=GOOD_CPU,
            on_line=lambda line, when: self.events.append(line))

    def start_foreign(self):
        ready = os.path.join(self.directory, "echo.ready")
        self.echo = self.lab.start(
            self.gateway, UDPCHECK, "echo", FOREIGN, "--ready-file", ready,
            cpu=SERVER_CPU)
        self.wait_for(lambda: os.path.exists(ready), self.echo)
        self.ping = self.lab.start(
            self.wires["good"], UDPCHECK, "ping", FOREIGN, "--source",
            "198.51.100.%d" % (GOOD_CLIENTS + 1), "--rate", "20", "--count", "100000", "--wait", "3",
            cpu=GOOD_CPU)

    def load(self, wire, target, *words, **how):
        return self.lab.start(
            self.wires[wire], H3LOAD, "--live=0.2", "--duration", str(FOREVER),
            *words, target, **how)

    def good_load(self, *words):
        return self.load(
            "good", SERVICE, "--source", "198.51.100.1+%d" % GOOD_CLIENTS,
            "--parallel", str(GOOD_CLIENTS), "--requests", str(REQUESTS),
            "--handshake-timeout", "1", *words, cpu=GOOD_CPU)

    def measure(self):
        """How many connections a second the server can take, with nothing else
        to do: the good clients make as many as they can."""
        self.calm = self.good_load()
        self.wait_for(lambda: self.calm.last.get("requests_ok"), self.calm)
        then = self.calm.last
        time.sleep(MEASURE_SECONDS)
        now = self.calm.last
        self.calm.stop()
        self.capacity = (now["completed"] - then["completed"]) / \
            (now["seconds"] - then["seconds"])

    def start_good(self):
        self.good = self.good_load("--rate", "%.2f" % (GOOD_LOAD *
                                                       self.capacity))
        self.download = self.load(
            "far", DOWNLOADS, "--source", "10.9.9.1", "--conns", "1",
            "--path", "/bytes/%d" % DOWNLOAD_BYTES, cpu=GOOD_CPU)
        for process, count in ((self.good, "requests_ok"),
                               (self.download, "body_bytes")):
            self.wait_for(lambda: process.last.get(count), process)

    def start_flood(self):
        """It begins with making its Initials; then it has to wait."""
        self.flood = self.load(
            "abuse", SERVICE, "--source", "203.0.113.2+2", "--initials",
            str(INITIALS), "--rate", "%.0f" % (INITIALS_LOAD * self.capacity),
            cpu=ABUSE_CPU, nice=-10)	# the same attack in each phase
        self.wait_for(lambda: self.flood.last, self.flood)
        self.flood.kill(signal.SIGSTOP)

    def start_abuse(self):
        self.flood.kill(signal.SIGCONT)
        self.abuse = self.load(
            "abuse", SERVICE, "--source", "203.0.113.1", "--parallel",
            str(ABUSIVE_CONNECTIONS), "--rate",
            "%.2f" % (ABUSIVE_LOAD * self.capacity),
            "--requests", "1000000", "--delay", str(ABUSIVE_PAUSE),
            "--handshake-timeout", "2", cpu=ABUSE_CPU)

    # ------------------------------------------------------------- phases --

    def sample(self):
        """Counts so far, each with the moment it was true."""
        def of(process, name):
            return (process.last.get("seconds", 0), process.last.get(name, 0)) \
                if process else (0, 0)

        stats = self.stats.last
        return {
            "good": of(self.good, "requests_ok"),
            "abuse": of(self.abuse, "requests_ok"),
            "attempts": of(self.abuse, "attempted"),
            "flood": of(self.flood, "attempted"),
            "dropped": (self.stats.when, stats.get("dropped_packets", 0)),
            "download": of(self.download, "body_bytes"),
            "reported": stats.get("owners", 0) > 0,
            "open": stats.get("open", 0), "pending": stats.get("pending", 0),
        }

    @staticmethod
    def rate(then, now, name):
        (t0, n0), (t1, n1) = then[name], now[name]
        return (n1 - n0) / (t1 - t0) if t1 > t0 else 0.0

    def cells(self, name, then, now):
        gauges = [now["open"], now["pending"]] if now["reported"] else "--"
        attack = self.rate(then, now, "attempts") + \
            self.rate(then, now, "flood")
        return [name, "%.0f" % (time.monotonic() - self.began),
                "%.1f" % self.rate(then, now, "good"),
                "%.1f" % self.rate(then, now, "abuse"),
                "%.0f" % attack, *gauges,
                "%.0f" % self.rate(then, now, "dropped"),
                "%.2f" % (now["download"][1] / 1e6)]

    def phase(self, name, seconds):
        """The first second counts for nothing: connections of the phase before
        have to notice."""
        before = start = self.sample()
        for second in range(seconds):
            time.sleep(1)
            now = self.sample()
            self.screen.row(self.cells(name, before, now))
            before = now
            if second == 0:
                start = now
        self.screen.row(self.cells(name, start, now), last=True)
        self.means.append((name, self.rate(start, now, "good"),
                           self.rate(start, now, "abuse"),
                           self.rate(start, now, "download")))

    def restart(self, quota_in):
        if self.servers:
            self.drained += self.servers[-1].end(signal.SIGTERM)
        self.servers.append(Server(self, SERVICE, quota_in))

    def kill_and_recover(self):
        server = self.servers[-1]
        self.events.clear()
        killed, killed_clock = time.monotonic(), time.time()
        self.drained += server.end(signal.SIGKILL)
        baseline = self.good.last["requests_ok"]
        self.servers.append(Server(self, SERVICE, "kernel"))
        self.wait_for(lambda: self.good.when > killed and
                      self.good.last["requests_ok"] > baseline, self.good, 30)
        self.recovery = {"good": self.good.when - killed}
        gone = [event for event in self.events
                if event["event"] == "owner_gone"]
        if gone:
            told = datetime.datetime.fromisoformat(gone[0]["time"])
            self.recovery["released"] = gone[0]["released"]
            self.recovery["after"] = told.timestamp() - killed_clock

    def run(self):
        """Returns what went wrong."""
        try:
            self.set_up()
            self.go_through_phases()
            ledger = self.settle()
        finally:
            shutil.rmtree(self.directory, ignore_errors=True)
        return report(self.screen, self, ledger)

    def set_up(self):
        self.shorten_queues()
        self.make_network()
        self.make_gateway()
        self.restart("none")
        self.far_server = Server(self, DOWNLOADS, "kernel")
        self.abuse = self.flood = None
        self.start_watching()
        self.start_foreign()
        self.measure()
        self.start_flood()
        self.start_good()
        self.screen.say("The server alone takes %.0f connections/s of %d "
                        "requests. The good clients ask for %.0f,"
                        % (self.capacity, REQUESTS, GOOD_LOAD * self.capacity))
        self.screen.say("the abusive ones for %.0f, from 3 addresses. Each may "
                        "hold %d." % ((ABUSIVE_LOAD + INITIALS_LOAD) *
                                      self.capacity, QUOTA))
        self.screen.say()

    def go_through_phases(self):
        self.screen.head()
        self.phase("no attack", 4)
        self.start_abuse()
        self.phase("attack, no quota", 3)
        self.restart("user")
        self.phase("quota in user space", 4)
        self.equic("service", "set", SERVICE, "quota", str(QUOTA))
        self.restart("kernel")
        self.equic("service", "set", SERVICE, "pending-timeout", "3s")
        self.phase("quota in the kernel", 5)
        self.equic("bypass", "on", "service", SERVICE)
        self.phase("bypass on", 3)
        self.equic("bypass", "off", "service", SERVICE)
        self.phase("kernel again", 3)
        self.kill_and_recover()
        self.phase("SIGKILL and restart", 3)

    # ---------------------------------------------------------------- end --

    def settle(self):
        """Stops the clients, then the servers, and collects every count."""
        ledger = Ledger()
        for name, process in (("abusive clients, first Initials", self.flood),
                              ("abusive clients, connections", self.abuse),
                              ("good clients", self.good),
                              ("the download", self.download)):
            ledger.sent[name] = process.stop()["sent_datagrams"]
        ledger.sent["good clients"] += self.calm.last["sent_datagrams"]
        self.ping.stop()
        time.sleep(0.2)
        for server in (self.servers[-1], self.far_server):
            self.drained += server.end(signal.SIGTERM)
        for dev, namespace in self.wires.items():
            link, = json.loads(run("ip", "-n", namespace, "-j", "-s", "link",
                                   "show", dev + "0"))
            ledger.lost_on_wire += link["stats64"]["tx"]["dropped"]
        for service in (SERVICE, DOWNLOADS):
            stats, = json.loads(self.equic("-j", "stats", "service", service))
            ledger.dropped += stats["dropped_packets"]
            ledger.passed += stats["passed_packets"]
        udp = udp_counters(self.echo.pid)
        ledger.read = sum(server.read_datagrams() for server in
                          self.servers + [self.far_server])
        ledger.overflow = udp["RcvbufErrors"] + udp["MemErrors"]
        ledger.no_server = udp["NoPorts"]
        ledger.unread = self.drained + udp["InErrors"] - ledger.overflow
        ledger.taken = udp["InDatagrams"] - self.ping.last["received"] - \
            self.drained
        return ledger


def main():
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    screen = Screen()
    inserted = insert_module()
    try:
        with Lab("equic-demo-") as lab:
            wrong = Demo(screen, lab).run()
    finally:
        if inserted:
            remove_module()
    return 1 if wrong else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
    except LabError as error:
        print("demo: %s" % error, file=sys.stderr)
        sys.exit(1)
