# SPDX-License-Identifier: GPL-2.0-only
"""What an experiment is made of."""
import dataclasses


@dataclasses.dataclass(frozen=True)
class Stage:
    """A machine, and what is measured in it in one go.

    name     unique in its experiment; goes into every value
    kernel   6.12, 7.2, ...; host: no machine but this one, whose processor
             is not emulated
    smp      CPUs
    mem      memory
    icount   whether the clock counts instructions (one CPU)
    timeout  seconds
    attended whether the host takes part, see Experiment.attend()
    """
    name: str
    kernel: str
    smp: int = 2
    mem: str = "2G"
    icount: bool = False
    timeout: int = 3600
    attended: bool = False


class Experiment:
    """A question, how it is measured, and how the answer is told.

    name     that of its file
    title    one line
    question what it is to find out: the report's first paragraph
    options  name: default; their types are those of the defaults
    """
    name = ""
    title = ""
    question = ""
    options = {}

    def stages(self, options, kernel):
        """The machines to boot, one after another."""
        raise NotImplementedError

    def measure(self, stage, options, recorder):
        """In the machine: measure, and hand every value to RECORDER."""
        raise NotImplementedError

    def attend(self, stage, options, directory, runs):
        """On the host, while the machine of an attended STAGE runs: RUNS().

        Its QEMU has its monitor in DIRECTORY (see vm/run), which is shared with
        the machine.
        """
        raise NotImplementedError

    def report(self, values, options):
        """On the host: the sections (core.report.Section) that VALUES make.

        VALUES is a core.record.Values.
        """
        raise NotImplementedError
