# SPDX-License-Identifier: GPL-2.0-only
"""What it costs the server's host to refuse a connection, and nothing else.

One client holds all the connections that it may. Then it attempts more, either
as a real client does, which goes through whatever handshake it is let into and
says its first Initial again when nobody answers, or with one first Initial and
no more. What the server's process and the thread that receives for it spend
meanwhile, by the scheduler's clock, was spent on that.
"""
import collections
import time

from lab import LabError
from paper.attack import FOREVER, H3LOAD
from paper.network import ABUSIVE, CLIENTS_CPU, SERVICE
from paper.server import difference, wait_for
from paper.variant import QUOTA

CLIENT = ABUSIVE[0]
PARALLEL = 10		# connections attempted at once
BURST = 50		# first Initials: the socket's buffer holds more
QUIET_SECONDS = 1.0	# until what is late has come
IDLE = 0.01		# processors: less than that is rest
REST_SECONDS = 60


class Blocks:
    """Refusals by a server that runs."""

    def __init__(self, network, server):
        self.network, self.server = network, server

    def load(self, *words):
        """A process of the client."""
        return self.network.start(self.network.host(CLIENT), H3LOAD, "--live=0.5",
                                  "--path", "/bytes/1024", *words, SERVICE,
                                  cpu=CLIENTS_CPU)

    def rest(self):
        """Until the server has nothing left to do."""
        end = time.monotonic() + REST_SECONDS
        while time.monotonic() < end:
            then, spent = time.monotonic(), self.spent()
            time.sleep(QUIET_SECONDS)
            now = time.monotonic()
            if (self.spent() - spent) / (now - then) < IDLE:
                return
        raise LabError("the server does not come to rest")

    def spent(self):
        """Seconds of the server's process and of its receiving thread."""
        spent = self.server.spent()
        return spent["server"] + spent["receive"]

    def fill(self):
        """Hold as many as are allowed."""
        holder = self.load("--conns", str(QUOTA), "--parallel", str(QUOTA),
                           "--hold", str(FOREVER))
        wait_for(lambda: holder.last.get("requests_ok") == QUOTA, holder)
        return holder

    def cost(self, times, *words):
        """What was spent while the client attempted so many times, the sum of
        the client's results, and how many datagrams or connections were refused
        by those who do it."""
        self.rest()
        refused, spent = self.refused(), self.server.spent()
        result = collections.Counter()
        for _ in range(times):
            result.update({what: count for what, count in
                           self.load(*words).wait().items()
                           if isinstance(count, int)})
        self.rest()
        return (difference(spent, self.server.spent()), result,
                self.refused() - refused)

    def connections(self, attempts, patience):
        """Refuse real clients."""
        return self.cost(1, "--conns", str(attempts), "--parallel", str(PARALLEL),
                         "--handshake-timeout", str(patience))

    def initials(self, attempts):
        """Refuse so many first Initials, or a few more."""
        return self.cost(-(-attempts // BURST), "--initials", str(BURST))

    def refused(self):
        """How often the server, or equic, said no so far."""
        return sum(self.server.counts()["refused"].values()) + \
            self.server.dropped()
