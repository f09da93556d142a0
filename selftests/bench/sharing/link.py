# SPDX-License-Identifier: GPL-2.0-only
"""Servers, whose connections may be shared, and clients, over one link.

    server 192.0.2.1 s0 ------- c0 192.0.2.2 client
                     rate, queue

What is limited is what the servers send; the round trip is as long as the queue.
"""
import json
import os
import sys

# The network namespaces and processes of the demonstration.
sys.path.insert(0, os.path.realpath(os.path.join(
    os.path.dirname(__file__), "../../demo")))
from lab import Lab, LabError, run		# noqa: E402
from paper.server import run_time, wait_for	# noqa: E402

BUILD = os.environ.get("EQUIC_BUILD", os.path.realpath(os.path.join(
    os.path.dirname(__file__), "../../../build")))
H3SERVER = os.path.join(BUILD, "selftests", "h3server")
H3LOAD = os.path.join(BUILD, "selftests", "h3load")
ADDR = "192.0.2.1"
SERVER_CPU, CLIENT_CPU = 0, 1
# What an Ethernet takes behind its IPv6 and UDP headers.
PAYLOAD = 1452
STREAMS = 4
# More than there is time for.
ENDLESS = 1 << 30
# Of tbf, bytes: a few packets.
BURST = 8000

WHO = {
    "ngtcp2": [],
    "library alone": ["--share-alone"],
    "library": ["--share", "--share-streams", "0"],
    "second sender": ["--share", "--share-streams", str(STREAMS),
                      "--share-bytes", str(ENDLESS)],
}


class Link(Lab):
    """The link, up for as long as the "with" lasts."""

    def __init__(self, prefix="equic-share-"):
        super().__init__(prefix)
        self.server, self.client = prefix + "server", prefix + "client"

    def build(self):
        self.namespaces(self.server, self.client)
        self.ip(self.server, [
            f"link add s0 type veth peer name c0 netns {self.client}",
            "link set lo up", f"addr add {ADDR}/24 dev s0", "link set s0 up"])
        self.ip(self.client, ["link set lo up", "addr add 192.0.2.2/24 dev c0",
                              "link set c0 up"])

    def limit(self, mbit, queue_ms):
        """A rate, and how long a queue takes to be sent."""
        queue = int(mbit * 1e6 / 8 * queue_ms / 1e3)
        run("tc", "-n", self.server, "qdisc", "replace", "dev", "s0", "root",
            "tbf", "rate", f"{mbit}mbit", "burst", str(BURST), "limit",
            str(queue + BURST))


class Server:
    """One of WHO, at a port; gone at the end of the "with"."""

    def __init__(self, link, who, directory, port=443):
        self.link, self.who, self.port = link, who, port
        self.ready = os.path.join(directory, f"ready.{port}")
        self.results = os.path.join(directory, f"results.{port}")
        self.process = None

    def __enter__(self):
        if os.path.exists(self.ready):
            os.unlink(self.ready)
        # Without a second sender it is found out, as ngtcp2 does.
        payload = ["--share-payload", str(PAYLOAD)] \
            if "--share" in WHO[self.who] else []
        self.process = self.link.start(
            self.link.server, H3SERVER, "--listen", f"{ADDR}:{self.port}",
            "--quota-in", "none", "--quiet", "--ready-file", self.ready,
            *WHO[self.who], *payload, cpu=SERVER_CPU)
        wait_for(lambda: os.path.exists(self.ready), self.process)
        return self

    def __exit__(self, *unused):
        self.process.stop()

    def spent(self):
        """Seconds of CPU, in user space and in the kernel, that the server
        itself has spent: not h3second."""
        return run_time(self.process.pid)

    def load(self, *options):
        """Start a client of one connection."""
        return self.link.start(
            self.link.client, H3LOAD, "--conns", "1", "--json", self.results,
            *options, f"{ADDR}:{self.port}", cpu=CLIENT_CPU)


def get(server, size):
    """CPU seconds that SERVER spends on a file of so many bytes."""
    before = server.spent()
    client = server.load("--path", f"/bytes/{size}", "--strict")
    client.wait()
    if client.popen.returncode:
        raise LabError(f"{client.command}: " + " ".join(client.errors))
    return server.spent() - before


def receive(servers, seconds, path):
    """Bytes that the client of each of SERVERS gets in that time, all at once:
    of the file at PATH, or all that a second sender sends."""
    clients = [server.load("--duration", str(seconds), "--hold", str(seconds),
                           "--streams", str(STREAMS + 16), "--path", path)
               for server in servers]
    for client in clients:
        client.wait()
    got = []
    for server in servers:
        with open(server.results, encoding="utf-8") as file:
            result = json.load(file)
        got.append(result["body_bytes"] + result["stream_bytes"])
    return got
