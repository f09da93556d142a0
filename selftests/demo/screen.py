# SPDX-License-Identifier: GPL-2.0-only
"""What the demonstration prints: plain text, rewritten in place on a terminal,
appended to elsewhere."""

import os
import sys

COLUMNS = [  # head, width
    ("phase", 24), ("time", 5), ("good", 7), ("abusive", 8), ("attack", 8),
    ("open", 5), ("pending", 8), ("dropped", 8), ("download", 9),
]
UNITS = ["", "s", "req/s", "req/s", "conn/s", "", "", "pkt/s", "MB"]
BOLD, DIM, GREEN, RED, PLAIN = "1", "2", "32", "31", "0"


class Screen:
    def __init__(self):
        self.tty = os.environ.get("EQUIC_DEMO_TTY", "0") == "1" or (
            "EQUIC_DEMO_TTY" not in os.environ and sys.stdout.isatty())
        self.unfinished = False

    def colour(self, code, text):
        return "\x1b[%sm%s\x1b[0m" % (code, text) if self.tty else text

    def say(self, text=""):
        if self.unfinished:
            sys.stdout.write("\n")
            self.unfinished = False
        sys.stdout.write(text + "\n")
        sys.stdout.flush()

    @staticmethod
    def line(cells):
        first, rest = (cells[0], COLUMNS[0][1]), zip(cells[1:], COLUMNS[1:])
        return "%-*s" % (first[1], first[0]) + "".join(
            "%*s" % (column[1], cell) for cell, column in rest)

    def head(self):
        self.say(self.colour(BOLD, self.line([name for name, _ in COLUMNS])))
        self.say(self.colour(DIM, self.line(UNITS)))

    def row(self, cells, last=False):
        """A second of a phase; the last one is the phase's mean."""
        text = self.line(cells)
        if not self.tty:
            if last:
                return
            self.say(text)
            return
        sys.stdout.write("\r" + text + "\x1b[K" + ("\n" if last else ""))
        sys.stdout.flush()
        self.unfinished = not last
