#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Sends one UDP datagram for each word: the shapes that equic has a name for."""
import os
import socket
import sys

V1 = b'\0\0\0\1'


def long_header(first, version=V1, dcid=None, scid=None):
    dcid = os.urandom(8) if dcid is None else dcid
    scid = os.urandom(8) if scid is None else scid
    return (bytes([first]) + version + bytes([len(dcid)]) + dcid +
            bytes([len(scid)]) + scid)


def padded(packet, size=1200):
    return packet + bytes(size - len(packet))


SHAPES = {
    'initial': lambda: padded(long_header(0xc0)),
    'small-initial': lambda: padded(long_header(0xc0), 1199),
    'zero-rtt': lambda: padded(long_header(0xd0)),
    'retry': lambda: padded(long_header(0xf0)),
    'version-zero': lambda: padded(long_header(0xc0, b'\0\0\0\0')),
    'unknown-version': lambda: padded(long_header(0xc0, b'\x1a\x2a\x3a\x4a')),
    'cid-length': lambda: padded(long_header(0xc0, dcid=bytes(21))),
    'truncated': lambda: b'\xc0\0\0\0\1\x08abc',
    'short': lambda: b'\x40' + os.urandom(40),
}

host, port, *shapes = sys.argv[1:]
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for shape in shapes:
    sock.sendto(SHAPES[shape](), (host, int(port)))
