# SPDX-License-Identifier: GPL-2.0-only
"""The programs of this directory, which measure and tell a value a line."""
import json
import os
import subprocess

from core import rules

BUILD = os.environ.get("EQUIC_BUILD", os.path.join(
    os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "build"))


class Failed(Exception):
    """A program ended with an error, and said why."""


def path(name):
    """Where program NAME is."""
    return os.path.join(BUILD, "selftests", "bench", name)


def values(name, *arguments, inside=False):
    """What program NAME tells, as it tells it; INSIDE the namespace of rules."""
    command = [path(name)] + [str(argument) for argument in arguments]
    if inside:
        command = ["ip", "netns", "exec", rules.NAMESPACE] + command
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        said = []
        for line in process.stdout:
            if line.startswith("{"):
                yield json.loads(line)
            else:
                said.append(line.strip())
    if process.returncode:
        raise Failed(f"{' '.join(command)}: status {process.returncode}: "
                     + " ".join(said))


def record(recorder, unit, name, *arguments, inside=False, **where):
    """Record all that program NAME tells, with what WHERE adds.

    UNIT is the unit of what has none of its own: that of the machine's clock.
    """
    for value in values(name, *arguments, inside=inside):
        recorder.value(value.pop("what"), value.pop("who"), value.pop("value"),
                       value.pop("unit", unit), **value, **where)
