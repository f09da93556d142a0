# SPDX-License-Identifier: GPL-2.0-only
"""Every value that was measured, one a line, nothing dropped."""
import json
import os

FILE = "raw.jsonl"


class Recorder:
    """Takes the values of one stage."""

    def __init__(self, directory, stage):
        self.path = os.path.join(directory, FILE)
        self.stage = stage
        self.file = None

    def __enter__(self):
        self.file = open(self.path, "a", encoding="utf-8")
        return self

    def __exit__(self, *exception):
        self.file.close()

    def value(self, what, who, value, unit, **where):
        """VALUE (a number, or None with a `reason` in WHERE) was measured.

        what   the quantity: "established connection's packet"
        who    the measured: "equic", "nftables ct count"
        unit   "instructions", "s", ...
        where  whatever else tells this value from others: run, clients, size
        """
        line = {"stage": self.stage.name, "kernel": self.stage.kernel,
                "what": what, "who": who, "value": value, "unit": unit}
        line.update(where)
        self.file.write(json.dumps(line) + "\n")
        # A machine that dies takes nothing with it.
        self.file.flush()


class Values:
    """Values, to be picked from."""

    def __init__(self, lines):
        self.lines = lines

    def __iter__(self):
        return iter(self.lines)

    def __len__(self):
        return len(self.lines)

    def where(self, **wanted):
        """Those that have all the WANTED."""
        return Values([line for line in self.lines
                       if all(line.get(k) == v for k, v in wanted.items())])

    def all(self, key):
        """The different values of KEY, in order of appearance."""
        return list(dict.fromkeys(line[key] for line in self.lines
                                  if key in line))

    def numbers(self):
        """The measured numbers alone."""
        return [line["value"] for line in self.lines
                if line["value"] is not None]


def read(directory):
    """All values of the experiment in DIRECTORY."""
    with open(os.path.join(directory, FILE), encoding="utf-8") as file:
        return Values([json.loads(line) for line in file])
