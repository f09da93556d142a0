# SPDX-License-Identifier: GPL-2.0-only
"""Every datagram that a client sent to a service, counted by those who had it
in hand: nobody's count is computed from another's."""

# h3server reads as many with one call; SIGKILL can strike before it counts.
READ_BATCH = 64


class Ledger:
    def __init__(self):
        self.sent = {}		# who: h3load's socket took it
        self.lost_on_wire = 0	# a veth queue was full
        self.dropped = 0	# equic
        self.passed = 0		# equic
        self.read = 0		# h3server
        self.taken = 0		# the kernel: programs read it from a socket
        self.overflow = 0	# the kernel: a socket's buffer was full
        self.no_server = 0	# the kernel: no socket at the port
        self.unread = 0		# in the socket of a server that ended

    @property
    def uncounted(self):
        return self.taken - self.read

    def lines(self):
        sent = sum(self.sent.values())
        arrived = self.dropped + self.passed + self.lost_on_wire
        ended = self.taken + self.overflow + self.no_server + self.unread
        lines = [("sent by " + who, n, None, None)
                 for who, n in self.sent.items()]
        lines += [
            ("sent", sent, None, None),
            ("dropped by equic", None, self.dropped, None),
            ("passed by equic", None, self.passed, self.passed),
        ]
        if self.lost_on_wire:
            lines.append(("lost in a veth queue", None, self.lost_on_wire,
                          None))
        lines += [
            ("read by the servers", None, None, self.read),
            ("overflowed a server's socket", None, None, self.overflow),
            ("came while no server listened", None, None, self.no_server),
            ("unread when a server ended", None, None, self.unread),
        ]
        if self.uncounted:
            lines.append(("read, not counted: SIGKILL", None, None,
                          self.uncounted))
        lines.append(("difference", None, sent - arrived, self.passed - ended))
        return lines

    def adds_up(self):
        *_, (_, _, first, second) = self.lines()
        return not first and not second and \
            0 <= self.uncounted <= READ_BATCH
