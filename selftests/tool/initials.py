#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Send first Initials, each of a connection of its own, from one socket.

usage: initials.py ADDRESS PORT COUNT

Nothing in them is encrypted: who looks at no more than RFC 8999 promises and
the packet type cannot tell.
"""
import os
import socket
import sys

# RFC 9000, section 14.1.
INITIAL_BYTES = 1200


def initial():
    """A datagram with one Initial of version 1 (RFC 9000, section 17.2.2)."""
    head = b"\xc3" + (1).to_bytes(4, "big")
    cids = b"\x08" + os.urandom(8) + b"\x08" + os.urandom(8)
    token = b"\x00"
    rest = INITIAL_BYTES - len(head + cids + token) - 2
    return head + cids + token + (0x4000 | rest).to_bytes(2, "big") + os.urandom(rest)


def main():
    """Send them."""
    address, port, count = sys.argv[1:]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        for _ in range(int(count)):
            sock.sendto(initial(), (address, int(port)))


main()
