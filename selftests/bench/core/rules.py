# SPDX-License-Identifier: GPL-2.0-only
"""Namespaces whose network stack has rules, as a server's owner would write them.

      device rx, 192.0.2.1          the packets come in here (stack.c)
      route to 10.0.0.0/8 over rx   so that the server's answers go somewhere

The limit is five connections of a source address, or five packets a second
where a rule cannot count connections.
"""
import contextlib
import dataclasses
import subprocess

NAMESPACE = "bench"
LIMIT = 5
# A limit that nobody reaches: what lets pass is measured with it. The burst is
# for a clock that ticks more seldom than packets come.
NO_LIMIT = 1000000
BURST = {LIMIT: LIMIT, NO_LIMIT: 100000}
CLIENTS = 1 << 21


@dataclasses.dataclass
class Rules:
    """A rival.

    who      its name
    commands that make its rules; {limit}, {burst} and {clients} are put in
    packets  whether it limits packets, not connections
    """
    who: str
    commands: list
    packets: bool = False


DROPS_ALL = "nftables drop"

NFT_TABLE = ["nft add table ip bench"]
NFT_FIRST = ["nft 'add chain ip bench first "
             "{{ type filter hook prerouting priority -300 ; }}'"]
NFT_SET = ["nft 'add set ip bench clients "
           "{{ type ipv4_addr ; flags dynamic ; size {clients} ; }}'"]

RIVALS = [
    Rules("no rules", []),
    Rules(DROPS_ALL, NFT_TABLE + NFT_FIRST + [
        "nft 'add rule ip bench first udp dport 443 drop'",
    ]),
    Rules("nftables ct count", NFT_TABLE + NFT_SET + [
        "nft 'add chain ip bench in {{ type filter hook input priority 0 ; }}'",
        "nft 'add rule ip bench in udp dport 443 ct state new "
        "add @clients {{ ip saddr ct count over {limit} }} drop'",
    ]),
    Rules("nftables limit rate", NFT_TABLE + NFT_SET + NFT_FIRST + [
        "nft 'add rule ip bench first udp dport 443 "
        "add @clients {{ ip saddr limit rate over {limit}/second "
        "burst {burst} packets }} drop'",
    ], packets=True),
    Rules("iptables connlimit", [
        "iptables -A INPUT -p udp --dport 443 -m conntrack --ctstate NEW "
        "-m connlimit --connlimit-above {limit} -j DROP",
    ]),
    Rules("iptables hashlimit", [
        "iptables -t raw -A PREROUTING -p udp --dport 443 -m hashlimit "
        "--hashlimit-name bench --hashlimit-mode srcip "
        "--hashlimit-above {limit}/second --hashlimit-burst {burst} "
        "--hashlimit-htable-size 524288 "
        "--hashlimit-htable-max {clients} -j DROP",
    ], packets=True),
]


def run(command):
    """Run COMMAND; what it says when it fails."""
    done = subprocess.run(command, shell=True, text=True, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.stdout.strip() or command if done.returncode else ""


def inside(command):
    """COMMAND, as one for the namespace."""
    return f"ip netns exec {NAMESPACE} {command}"


def make_room():
    """Let the connection tracker have as many entries as the rules have."""
    errors = [run("modprobe -a dummy nf_conntrack"),
              run(f"sysctl -q net.netfilter.nf_conntrack_max={CLIENTS}"),
              run(f"sysctl -q net.netfilter.nf_conntrack_buckets={CLIENTS // 4}")]
    return "; ".join(filter(None, errors))


@contextlib.contextmanager
def applied(rules, limit):
    """A namespace with RULES of LIMIT; yields why there is none, or ""."""
    setup = [f"ip netns add {NAMESPACE}"] + [inside(c) for c in (
        "ip link set lo up",
        "ip link add rx address 02:00:00:00:00:01 type dummy",
        "ip addr add 192.0.2.1/24 dev rx",
        "ip link set rx up",
        "ip route add 10.0.0.0/8 dev rx",
    )] + [inside(c.format(limit=limit, burst=BURST[limit], clients=CLIENTS))
          for c in rules.commands]
    try:
        yield next(filter(None, map(run, setup)), "")
    finally:
        run(f"ip netns del {NAMESPACE}")

