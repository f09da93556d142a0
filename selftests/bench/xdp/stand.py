# SPDX-License-Identifier: GPL-2.0-only
"""Where XDP programs are measured: two namespaces, a cable for each mode.

    xdp-gen              xdp-gate
      nat0 --------------- nat1      native: the program runs in the driver
      skb0 --------------- skb1      generic: it runs in the stack

The gateway's service is in xdp-gate. It has a reporter, and one client, whose
only connection fills its quota.
"""
import contextlib
import os
import subprocess

TREE = os.path.realpath(os.path.join(os.path.dirname(__file__), "../../.."))
BUILD = os.environ.get("EQUIC_BUILD", os.path.join(TREE, "build"))
TOOL = os.path.join(BUILD, "bin", "equic")
GATEWAY = os.path.join(BUILD, "bpf", "gateway.bpf.o")

GENERATOR = "xdp-gen"
GATE = "xdp-gate"
# As selftests/bpf/frame.h has them.
SERVICE = "192.0.2.1:443"
CLIENT = "198.51.100.1:50001"


def run(*command):
    """COMMAND, which must succeed."""
    subprocess.run(command, check=True)


def cables():
    """Both namespaces, and what connects them."""
    for namespace in GENERATOR, GATE:
        run("ip", "netns", "add", namespace)
        # Nobody is to send on his own: neighbour discovery would be counted.
        run("ip", "netns", "exec", namespace, "sysctl", "-qw",
            "net.ipv6.conf.default.disable_ipv6=1")
    for name in "nat", "skb":
        run("ip", "link", "add", name + "0", "netns", GENERATOR, "type", "veth",
            "peer", "name", name + "1", "netns", GATE)
        ends = (GENERATOR, name + "0"), (GATE, name + "1")
        # With GRO an end takes XDP frames from the other without having a
        # native program itself, as a driver's receive path does. Whether it
        # does is decided when an end is set up: GRO first, at both.
        for namespace, end in ends:
            run("ip", "netns", "exec", namespace, "ethtool", "-K", end, "gro",
                "on")
        for namespace, end in ends:
            run("ip", "-n", namespace, "link", "set", end, "up")


@contextlib.contextmanager
def service():
    """The gateway's service, as long as it is needed."""
    run(TOOL, "-n", GATE, "service", "add", SERVICE, "quota", "1")
    with subprocess.Popen([TOOL, "-n", GATE, "feed", "service", SERVICE],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          text=True) as feed:
        feed.stdin.write(f"open {CLIENT} odcid 8394c8f03e515708 scid 0a0b\n")
        feed.stdin.flush()
        answer = feed.stdout.readline()
        if not answer.startswith("ok"):
            raise RuntimeError(f"the gateway knows no client: {answer}")
        yield
        feed.stdin.close()


@contextlib.contextmanager
def stand():
    """Everything."""
    run("insmod", os.environ["EQUIC_KO"])
    cables()
    with service():
        yield


def lines(program, namespace, *arguments):
    """What a program of selftests/benchxdp measures in NAMESPACE: the fields
    of each line."""
    command = ["ip", "netns", "exec", namespace,
               os.path.join(BUILD, "selftests", "benchxdp", program),
               "--gateway", GATEWAY, *map(str, arguments)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            yield line.rstrip("\n").split("\t")
    if process.returncode:
        raise RuntimeError(f"{program} ended with {process.returncode}")
