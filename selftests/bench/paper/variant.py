# SPDX-License-Identifier: GPL-2.0-only
"""Who holds clients to their quota, and how."""
import dataclasses

QUOTA = 5


@dataclasses.dataclass(frozen=True)
class Variant:
    """One way; all are the same server with other options.

    title   as the report calls it
    server  options of h3server
    mode    of the quota in the kernel, or "": no gateway
    attack  whether the abusive clients come
    """
    title: str
    server: tuple
    mode: str = ""
    attack: bool = True


def user(how):
    """Options of a server that keeps the quota itself."""
    return ("--quota-in", "user", "--quota", str(QUOTA), "--refuse", how)


KERNEL = ("--quota-in", "kernel")
VARIANTS = {
    "calm": Variant("no attack", ("--quota-in", "none"), attack=False),
    "none": Variant("no quota", ("--quota-in", "none")),
    "late": Variant("user space, after the handshake", user("after-handshake")),
    "early": Variant("user space, before TLS", user("close")),
    "silent": Variant("user space, before TLS, by silence", user("drop")),
    "kernel": Variant("kernel", KERNEL, "new"),
    "kernel-all": Variant("kernel, mode all", KERNEL, "all"),
}
# Those that refuse.
REFUSING = ("late", "early", "silent", "kernel", "kernel-all")


def chosen(text):
    """The names in the list TEXT, or an error."""
    names = text.split(",")
    for name in names:
        if name not in VARIANTS:
            raise SystemExit(f"paper: no variant is called '{name}': " +
                             ", ".join(VARIANTS))
    return names


def title(name):
    """As the report calls the variant."""
    return VARIANTS[name].title
