# SPDX-License-Identifier: GPL-2.0-only
"""Every instruction that a machine executes, by function.

QEMU is told through its monitor to translate one guest instruction at a time and
to log each before it runs. Addresses become names by the machine's kallsyms,
which has the functions of BPF programs, too (net.core.bpf_jit_kallsyms).
"""
import bisect
import collections
import os
import re
import socket
import statistics
import subprocess
import time

from core import program

LOG = "qemu.log"
SYMBOLS = "kallsyms"
# "Trace 0: 0x7f... [cs_base/pc/flags/cflags] "
PC = re.compile(r"\[[0-9a-f]+/([0-9a-f]+)/")
# A program's name has its tag in front: bpf_prog_0123456789abcdef_NAME.
TAG = re.compile(r"^bpf_prog_[0-9a-f]{16}_")


class Monitor:
    """QEMU's monitor in DIRECTORY."""

    def __init__(self, directory):
        self.directory = directory
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(os.path.join(directory, "monitor"))
        self.until_prompt()

    def until_prompt(self):
        """What it says, up to its next prompt."""
        said = b""
        while not said.endswith(b"(qemu) "):
            more = self.socket.recv(4096)
            if not more:
                raise EOFError("QEMU has ended")
            said += more
        return said.decode(errors="replace")

    def tell(self, command):
        """Have it do COMMAND."""
        self.socket.sendall(command.encode() + b"\n")
        return self.until_prompt()

    def trace(self, seconds):
        """The addresses of what was executed in SECONDS."""
        path = os.path.join(self.directory, LOG)
        # As it was called before QEMU 8.1, and since.
        self.tell("singlestep on")
        self.tell("one-insn-per-tb on")
        self.tell(f"logfile {path}")
        self.tell("log exec,nochain")
        time.sleep(seconds)
        self.tell("log none")
        with open(path, encoding="utf-8", errors="replace") as log:
            addresses = [int(m[1], 16) for m in map(PC.search, log) if m]
        os.unlink(path)
        return addresses


class Symbols:
    """Names of addresses."""

    def __init__(self, directory):
        found = []
        with open(os.path.join(directory, SYMBOLS), encoding="utf-8") as file:
            for line in file:
                address, kind, name = line.split()[:3]
                if kind in "tTwW":
                    found.append((int(address, 16), TAG.sub("", name)))
        found.sort()
        self.starts = [start for start, _ in found]
        self.names = [name for _, name in found]

    def name(self, address):
        """The function that ADDRESS is in."""
        return self.names[bisect.bisect(self.starts, address) - 1]


def per_packet(addresses, symbols, entry):
    """Instructions of a packet by function, and the number of packets.

    From where function ENTRY is entered to where it is entered next: that is once
    around the test run. The median of all packets: timers come to some of them.
    """
    start = symbols.starts[symbols.names.index(entry)]
    entries = [i for i, address in enumerate(addresses) if address == start]
    if len(entries) < 2:
        raise ValueError("no packet was traced")
    packets = [collections.Counter(map(symbols.name, addresses[begin:end]))
               for begin, end in zip(entries, entries[1:])]
    names = set().union(*packets)
    return ({name: statistics.median(packet[name] for packet in packets)
             for name in names}, len(packets))


def sign(directory, word, outcome):
    """The file that says WORD about OUTCOME."""
    return os.path.join(directory, f"{word}.{outcome.replace(' ', '-')}")


def run(directory, outcome, name, *arguments):
    """In the machine: have program NAME repeat OUTCOME until it was watched."""
    subprocess.run([program.path(name), *arguments,
                    sign(directory, "ready", outcome),
                    sign(directory, "done", outcome),
                    os.path.join(directory, SYMBOLS)], check=True)


def watch(directory, entries, seconds, runs):
    """On the host: of each of ENTRIES, an outcome and the function that it
    enters once, what per_packet() says. RUNS() while the machine does.
    """
    for outcome, entry in entries.items():
        while not os.path.exists(sign(directory, "ready", outcome)):
            if not runs():
                return
            time.sleep(0.1)
        addresses = Monitor(directory).trace(seconds)
        yield outcome, *per_packet(addresses, Symbols(directory), entry)
        with open(sign(directory, "done", outcome), "wb"):
            pass


def record(recorder, what, counts, packets):
    """Hand what per_packet() says of WHAT to RECORDER."""
    for name, count in counts.items():
        if count:	# or a timer's, which came to few packets
            recorder.value(what, name, count, "instructions", packets=packets)


def rows(values):
    """Of what was recorded: a table's rows, the most expensive first."""
    found = sorted(((line["who"], line["value"]) for line in values),
                   key=lambda row: -row[1])
    whole = sum(row[1] for row in found)
    return whole, [[f"`{name}`", count, f"{100 * count / whole:.0f} %"]
                   for name, count in found]
