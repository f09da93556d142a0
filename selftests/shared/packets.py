#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Packets with short headers, of one connection and one direction, summed up.

Reads tshark's JSON (--no-duplicate-keys -J "ip ipv6 quic"); prints JSON: packets;
padding, those of them that tshark takes for that, behind an Initial of the same
datagram; marked, datagrams that are not Not-ECT (RFC 3168, 5); unread, those that were not decrypted; twice, those with a number that another had; phases,
how often the key phase changed; second, those with a frame that h3second alone
begins: DATAGRAM, or STREAM of a unidirectional stream beyond HTTP/3's own three.
"""
import json
import sys

FRAME_STREAM = range(0x08, 0x10)
FRAME_DATAGRAM = (0x30, 0x31)
# Control, QPACK encoder and decoder (RFC 9114, 6.2; RFC 9000, 2.1).
OWN_STREAMS = (3, 7, 11)


def each(value):
    """What tshark makes a list only if there are several."""
    return value if isinstance(value, list) else [value]


def is_second(frame):
    """Whether the second sender begins frames like this one."""
    kind = int(frame["quic.frame_type"], 0)
    if kind in FRAME_DATAGRAM:
        return True
    if kind not in FRAME_STREAM:
        return False
    stream = int(frame["quic.stream.stream_id"], 0)
    return stream & 3 == 3 and stream not in OWN_STREAMS


def is_marked(layers):
    """Whether the datagram's sender heeds ECN."""
    if "ip" in layers:
        ecn = layers["ip"]["ip.dsfield_tree"]["ip.dsfield.ecn"]
    else:
        ecn = layers["ipv6"]["ipv6.tclass_tree"]["ipv6.tclass.ecn"]
    return int(ecn, 0) != 0


def is_padding(quic):
    """Whether this is a packet with a short header (RFC 9000, 17.3)."""
    data = quic.get("quic.coalesced_padding_data", "")
    return data and int(data.split(":")[0], 16) & 0xc0 == 0x40


def main():
    """Sum up standard input."""
    numbers, phases = set(), {}
    packets = padding = marked = unread = second = 0
    for packet in json.load(sys.stdin):
        marked += is_marked(packet["_source"]["layers"])
        for quic in each(packet["_source"]["layers"]["quic"]):
            padding += bool(is_padding(quic))
            short = quic.get("quic.short")
            if not short:
                continue
            packets += 1
            frames = [f for f in each(quic.get("quic.frame", [])) if f]
            if not frames:
                unread += 1
                continue
            number = int(short["quic.packet_number"], 0)
            numbers.add(number)
            phases[number] = short["quic.key_phase"]
            second += any(is_second(frame) for frame in frames)
    order = [phases[number] for number in sorted(phases)]
    print(json.dumps({
        "packets": packets + padding, "padding": padding, "marked": marked, "unread": unread,
        "twice": packets - unread - len(numbers), "second": second,
        "phases": sum(a != b for a, b in zip(order, order[1:])),
    }))


main()
