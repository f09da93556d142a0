# SPDX-License-Identifier: GPL-2.0-only
"""Where numbers come from: machine, kernel, commit."""
import datetime
import json
import os
import platform
import re
import subprocess

FILE = "meta.json"


def output(*command, cwd=None):
    """What COMMAND prints, or "unknown"."""
    try:
        return subprocess.run(command, capture_output=True, text=True, cwd=cwd,
                              check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def cpu():
    """The processor's name."""
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        found = re.search(r"^model name\s*: (.*)$", file.read(), re.MULTILINE)
    return found.group(1) if found else platform.machine()


def commit(tree):
    """What was built, and whether the tree had changes beside it."""
    name = output("git", "rev-parse", "HEAD", cwd=tree)
    changed = output("git", "status", "--porcelain", cwd=tree)
    return name + (" and changes" if changed not in ("", "unknown") else "")


def release(kernel, tree):
    """The release of the kernel that selftests/vm calls KERNEL."""
    shown = output(os.path.join(tree, "selftests", "vm", "kernel"), "show",
                   kernel)
    found = re.search(r"^release=(\S+)$", shown, re.MULTILINE)
    return found.group(1) if found else kernel


def write(directory, experiment, options, kernel, tree):
    """Remember where the values of EXPERIMENT come from."""
    about = {
        "experiment": experiment.name,
        "date": datetime.datetime.now(datetime.timezone.utc).strftime(
            "%Y-%m-%d %H:%M UTC"),
        "commit": commit(tree),
        "kernel": release(kernel, tree),
        "emulator": output("qemu-system-x86_64", "--version").split("\n")[0],
        "host CPU": cpu(),
        "host CPUs": os.cpu_count(),
        # Of others: what is timed beside them is theirs, too.
        "host load before": round(os.getloadavg()[0], 1),
        "options": options,
    }
    with open(os.path.join(directory, FILE), "w", encoding="utf-8") as file:
        json.dump(about, file, indent=1)
        file.write("\n")


def read(directory):
    """What was remembered."""
    with open(os.path.join(directory, FILE), encoding="utf-8") as file:
        return json.load(file)
