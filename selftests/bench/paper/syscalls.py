# SPDX-License-Identifier: GPL-2.0-only
"""Counts the system calls of a process, by a BPF program at the kernel's own
two tracepoints: nothing stops the process, as strace would."""
import json
import os
import re
import shutil
import struct
import subprocess

from lab import run
from paper.server import BUILD

OBJECT = os.path.join(BUILD, "selftests", "bench", "syscalls.bpf.o")
BPFTOOL = shutil.which("bpftool", path=os.environ.get("PATH", "") +
                       ":/usr/sbin") or "bpftool"
PINS = f"/sys/fs/bpf/equic-paper-{os.getpid()}"
TALLY = struct.Struct("=QQQ")


def names():
    """Number: name, from the headers of this architecture."""
    text = subprocess.run(["cc", "-dM", "-E", "-"], text=True, check=True,
                          input="#include <asm/unistd.h>\n",
                          capture_output=True).stdout
    return {int(number): name for name, number in
            re.findall(r"^#define __NR_(\w+) (\d+)$", text, re.MULTILINE)}


def octets(data):
    """DATA as bpftool wants it."""
    return [str(byte) for byte in data]


class Counter:
    """Counts for as long as the "with" lasts."""

    def __init__(self, pid):
        self.pid = pid

    def __enter__(self):
        run(BPFTOOL, "prog", "loadall", OBJECT, PINS, "pinmaps", PINS,
            "autoattach")
        try:
            run(BPFTOOL, "map", "update", "pinned", PINS + "/process", "key",
                *octets(bytes(4)), "value", *octets(struct.pack("=I",
                                                                self.pid)))
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *unused):
        shutil.rmtree(PINS)

    def tallies(self):
        """Name: (calls, errors, seconds); without those never called."""
        entries = json.loads(run(BPFTOOL, "-j", "map", "dump", "pinned",
                                 PINS + "/tallies"))
        known = names()
        found = {}
        for entry in entries:
            number, = struct.unpack("=I", bytes(int(byte, 16)
                                                for byte in entry["key"]))
            calls, errors, ns = TALLY.unpack(bytes(int(byte, 16)
                                                   for byte in entry["value"]))
            if calls:
                found[known.get(number, str(number))] = (calls, errors,
                                                         ns / 1e9)
        return found
