# SPDX-License-Identifier: GPL-2.0-only
"""A part of a processor, as a control group."""
import os
import tempfile

from lab import run

PERIOD_US = 20000


class Share:
    """The processes and threads that are added have SHARE of a processor
    between them, and no more, however much is free."""

    def __init__(self, name, share):
        self.mount = tempfile.mkdtemp(prefix="equic-cgroup.")
        run("mount", "-t", "cgroup2", "none", self.mount)
        self.group = os.path.join(self.mount, name)
        os.makedirs(self.group, exist_ok=True)
        self.write(self.mount, "cgroup.subtree_control", "+cpu")
        self.write(self.group, "cpu.max", f"{int(share * PERIOD_US)} "
                   f"{PERIOD_US}")

    @staticmethod
    def write(group, name, text):
        """Set what a file of a group says."""
        with open(os.path.join(group, name), "w", encoding="utf-8") as file:
            file.write(text)

    def add(self, pid):
        """From now on PID has no more than its part."""
        self.write(self.group, "cgroup.procs", str(pid))

    def release(self):
        """Whoever is left may have all again."""
        with open(os.path.join(self.group, "cgroup.procs"),
                  encoding="utf-8") as file:
            left = file.read().split()
        for pid in left:
            self.write(self.mount, "cgroup.procs", pid)
        os.rmdir(self.group)
        run("umount", self.mount)
        os.rmdir(self.mount)
