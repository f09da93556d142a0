# SPDX-License-Identifier: GPL-2.0-only
"""What the generated programs are made of, and how much of it."""
import dataclasses

MODES = ("native", "generic")
SMALLEST = 64
LARGEST = 1514			# MTU 1500


@dataclasses.dataclass(frozen=True)
class Axis:
    """One thing that programs have more or less of.

    name     as selftests/benchxdp/shape.c calls it
    unit     one of it
    meaning  what one is
    counted  how many, where instructions are counted
    timed    how many, where time is taken
    """
    name: str
    unit: str
    meaning: str
    counted: tuple
    timed: tuple

    def subject(self, units, size=SMALLEST):
        """Its name for the programs that measure."""
        return f"{self.name}:{units}:{size}"


AXES = (
    Axis("moves", "move", "putting a constant into a register",
         (0, 256, 1024, 2048, 4096), (0, 2048, 4096)),
    Axis("conditions", "conditional block",
         "a comparison that does not hold, and the instruction behind it",
         (0, 128, 512, 1024, 2048), (0, 1024, 2048)),
    Axis("additions", "addition", "adding to a register, 64 bits",
         (0, 256, 1024, 2048, 4096), (0, 2048, 4096)),
    Axis("multiplications", "multiplication", "multiplying a register, 64 bits",
         (0, 256, 1024, 2048, 4096), (0, 2048, 4096)),
    Axis("divisions", "division", "dividing a register by a constant, 64 bits",
         (0, 64, 128, 256, 512), (0, 256, 512)),
    Axis("packet reads", "packet read", "a bounds check and reading one byte",
         (0, 64, 256, 512, 1024), (0, 512, 1024)),
    Axis("array lookups", "array lookup", "a lookup and reading the value",
         (0, 32, 64, 128, 256), (0, 128, 256)),
    Axis("hash lookups", "hash lookup",
         "a lookup and reading the value; 1024 entries, 4-byte keys",
         (0, 8, 16, 32, 64), (0, 32, 64)),
    Axis("hash updates", "hash update", "giving an entry that is there another value",
         (0, 4, 8, 16, 32), (0, 16, 32)),
    Axis("tail calls", "tail call", "going to the next program of a chain",
         (0, 4, 8, 16, 32), (0, 16, 32)),
    Axis("redirects", "redirect",
         "sending the packet back out of the device that it came in by; the "
         "device's other end does the same", (), (0, 2, 4, 8)),
)
SIZES = (64, 128, 256, 512, 1024, LARGEST)

# An empty program: under load it drops and counts, as all generated ones do, or
# passes. An Initial has no smaller frame than the large one.
INITIAL = 1242
EMPTY = f"empty:0:{SMALLEST}"
EMPTY_PASS = f"empty:0:{SMALLEST}:pass"
EMPTY_INITIAL = f"empty:0:{INITIAL}"


@dataclasses.dataclass(frozen=True)
class Verdict:
    """What the gateway is shown, and the empty program that does with such a
    frame what the gateway does."""
    name: str
    subject: str
    empty: str


VERDICTS = (
    Verdict("foreign UDP", f"equic:foreign:{SMALLEST}", EMPTY_PASS),
    Verdict("established packet", f"equic:established:{SMALLEST}", EMPTY_PASS),
    Verdict("refused Initial", f"equic:refused:{INITIAL}", EMPTY_INITIAL),
)
REFUSED = VERDICTS[-1]


def size_subject(size):
    """The subject that differs from others by the frame's SIZE alone."""
    return AXES[0].subject(0, size)


def subjects(timed):
    """All, each once."""
    found = [EMPTY, *(verdict.subject for verdict in VERDICTS)]
    if timed:
        found += [EMPTY_PASS, EMPTY_INITIAL]
    found += [size_subject(size) for size in SIZES]
    for axis in AXES:
        found += [axis.subject(units)
                  for units in (axis.timed if timed else axis.counted)]
    return list(dict.fromkeys(found))
