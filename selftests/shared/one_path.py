#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Give the client of a capture one port, whatever others it moves to.

usage: one_path.py SERVER-PORT, from standard input to standard output

A client without connection IDs of its own is known by its address alone: what it
gets elsewhere (RFC 9000, 9), tshark takes for another connection, and does not open.
"""
import struct
import sys

FILE_HEADER = 24
RECORD = struct.Struct("=IIII")
ETHERNET_HEADER = 14
IPV6 = 0x86dd
# The two ports come first in UDP.
PORTS = struct.Struct("!HH")
IPV4_HEADER, IPV6_HEADER = 20, 40


def main(server):
    """Copy the file."""
    capture = sys.stdin.buffer
    sys.stdout.buffer.write(capture.read(FILE_HEADER))
    client = None
    while header := capture.read(RECORD.size):
        packet = bytearray(capture.read(RECORD.unpack(header)[2]))
        kind = int.from_bytes(packet[12:ETHERNET_HEADER], "big")
        at = ETHERNET_HEADER + (IPV6_HEADER if kind == IPV6 else IPV4_HEADER)
        source, target = PORTS.unpack_from(packet, at)
        if client is None:
            client = source
        PORTS.pack_into(packet, at, *((server, client) if source == server
                                      else (client, server)))
        sys.stdout.buffer.write(header + packet)


main(int(sys.argv[1]))
