# SPDX-License-Identifier: GPL-2.0-only
"""The network of the eQUIC experiment: nine hosts on one bridge.

    good1 … good4     10.8.0.11 … 14 --+
                                       +-- bridge --- eth0  server 10.8.0.1:443
    abuse1 … abuse4   10.8.0.21 … 24 --+

Each host is a network namespace, and so is the bridge. The server's host is on
processor 0: there run the server and the kernel thread that polls its
interface, so that what arrives is paid for by the server's host in every
variant, with XDP or without, and by threads whose time the scheduler counts.
All else runs on processor 1: it stands for the other machines. Eight clients
cost more than their server. So that it is the server that has too much to do,
as a server under attack has, and not the clients, the server's host has but a
part of its processor, the same in every variant.
"""
import glob
import json
import os

from lab import Lab, LabError, run
from paper.share import Share

SERVER_ADDR = "10.8.0.1"
SERVICE = SERVER_ADDR + ":443"
GOOD = ["good1", "good2", "good3", "good4"]
ABUSIVE = ["abuse1", "abuse2", "abuse3", "abuse4"]
SERVER_CPU, CLIENTS_CPU = 0, 1
CLIENTS_CPU_MASK = "2"
# The good clients' machines are not busy with the attack, so they go first on
# the processor that they share with the attackers'.
GOOD_NICE = -20


class Network(Lab):
    """The hosts, up for as long as the "with" lasts."""

    def __init__(self, share, prefix="equic-paper-"):
        super().__init__(prefix)
        self.share_size, self.share = share, None
        self.server = prefix + "server"
        self.switch = prefix + "switch"

    def __exit__(self, *unused):
        try:
            super().__exit__(*unused)
        finally:
            if self.share:
                self.share.release()
                self.share = None

    def host(self, name):
        """The namespace of a client."""
        return self.prefix + name

    def build(self):
        clients = GOOD + ABUSIVE
        self.namespaces(self.server, self.switch, *map(self.host, clients))
        self.ip(self.switch, ["link add bridge type bridge",
                              "link set bridge up"])
        self._plug("server", SERVER_ADDR)
        for group, first in ((GOOD, 11), (ABUSIVE, 21)):
            for i, name in enumerate(group):
                self._plug(name, f"10.8.0.{first + i}")
        self._poll_by_thread()
        if self.share_size < 1:
            self.share = Share("equic-paper", self.share_size)

    def _plug(self, name, addr):
        namespace = self.host(name)
        self.ip(self.switch, [
            f"link add {name} type veth peer name eth0 netns {namespace}",
            f"link set {name} master bridge up"])
        self.ip(namespace, ["link set lo up", f"addr add {addr}/24 dev eth0",
                            "link set eth0 up"])

    def write(self, namespace, path, text):
        """Write to a file of sysfs as NAMESPACE has it."""
        run("ip", "netns", "exec", namespace, "sh", "-c",
            f"echo {text} >/sys/class/net/{path}")

    def _poll_by_thread(self):
        """An interface of this kind is polled only when it may merge packets
        or runs XDP, and else borrows the sender's time: let it merge. Nothing
        is merged: the sender's end must not promise to segment."""
        run("ip", "netns", "exec", self.switch, "ethtool", "-K", "server",
            "tso", "off")
        run("ip", "netns", "exec", self.server, "ethtool", "-K", "eth0",
            "gro", "on")
        self.write(self.server, "eth0/threaded", "1")
        # What the server sends is received by the clients' machines.
        self.write(self.switch, "server/queues/rx-0/rps_cpus",
                   CLIENTS_CPU_MASK)

    def confine(self, server):
        """Put a server, and what receives for it, where they belong; the
        thread that receives."""
        poller = self.poller()
        os.sched_setaffinity(poller, {SERVER_CPU})
        if self.share:
            self.share.add(server)
            self.share.add(poller)
        return poller

    @staticmethod
    def poller():
        """The thread that polls the server's interface; when XDP comes or goes
        it may be another."""
        found = []
        for path in glob.glob("/proc/[0-9]*/comm"):
            try:
                with open(path, encoding="utf-8") as file:
                    if file.read().startswith("napi/eth0-"):
                        found.append(int(path.split("/")[2]))
            except FileNotFoundError:
                continue
        if len(found) != 1:
            raise LabError(f"{len(found)} threads poll the server's interface")
        return found[0]

    def lost(self):
        """Packets that queues of the bridge's ports dropped: by interface."""
        lost = {}
        for path in ("server", *GOOD, *ABUSIVE):
            text = run("ip", "-n", self.switch, "-s", "-j", "link", "show",
                       path)
            stats = json.loads(text)[0]["stats64"]
            lost[path] = stats["tx"]["dropped"] + stats["rx"]["dropped"]
        return lost
