#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Packets of any shape, protected and opened by aioquic's CryptoContext.

usage: aioquic_packets.py PACKETS SEED, so many for each cipher

Writes batches, each of one key, to standard output: struct batch, and for each
packet struct made, the packet in clear and the protected packet, which aioquic
itself has opened. The structures are those of aioquic_test.c; the last batch is
empty.
"""
import random
import struct
import sys

from aioquic.quic.crypto import CryptoContext
from aioquic.tls import CipherSuite

# enum equic_cipher, and bytes of a secret.
CIPHERS = [
    (CipherSuite.AES_128_GCM_SHA256, 32),
    (CipherSuite.AES_256_GCM_SHA384, 48),
    (CipherSuite.CHACHA20_POLY1305_SHA256, 32),
]
ONE_RTT = 3		# enum equic_level
VERSION = 1
PACKET_MAX = 1452	# of a UDP datagram in IPv6, where packets have 1500 bytes
TAG = 16
PACKETS_PER_KEY = 1000


class UnsignedHeader:
    """The header protection of a context.

    aioquic 1.2 takes 4 bytes of a packet number for a signed number.
    """

    def __init__(self, header_protection):
        self.header_protection = header_protection
        self.apply = header_protection.apply

    def remove(self, packet, pn_off):
        """The header in clear, and its number as the context wants it."""
        header, pn = self.header_protection.remove(packet, pn_off)
        return header, pn & 0xffffffff


class Packet:
    """One packet in clear, and sealed."""

    def __init__(self, rng, batch, expected):
        pn_len = rng.randrange(1, 5)
        # A number that its length is enough for: RFC 9000, A.2.
        self.pn = expected + rng.randrange(min(200, 1 << (8 * pn_len - 1)))
        self.expected = expected
        if batch.level == ONE_RTT:
            self.pn_off = 1 + rng.randrange(21)
            first = 0x40 | (batch.epoch & 1) << 2
        else:
            self.pn_off = 7 + rng.randrange(60)
            first = 0xc0 | batch.level << 4
        room = PACKET_MAX - TAG - self.pn_off - pn_len
        # RFC 9001, 5.4.2: there must be enough to take the sample from.
        shortest = 4 - pn_len
        length = rng.choice([shortest, rng.randrange(shortest, 64),
                             rng.randrange(shortest, room + 1),
                             rng.randrange(shortest, room + 1), room])
        self.header = (bytes([first | pn_len - 1]) + rng.randbytes(self.pn_off - 1) +
                       self.pn.to_bytes(8, "big")[-pn_len:])
        self.payload = rng.randbytes(length)
        self.sealed = batch.context.encrypt_packet(self.header, self.payload, self.pn)

    def bytes(self):
        """As the test reads it."""
        clear = self.header + self.payload
        return (struct.pack("<QHH4x", self.pn, self.pn_off, len(clear)) + clear +
                self.sealed)

    def is_opened(self, context):
        """Whether aioquic makes of it what it was."""
        return (context.decrypt_packet(self.sealed, self.pn_off, self.expected) ==
                (self.header, self.payload, self.pn, False))


class Batch:
    """The packets of one key."""

    def __init__(self, rng, cipher, packets):
        suite, secret_len = CIPHERS[cipher]
        self.cipher = cipher
        self.level = rng.choice([0, 1, 2, ONE_RTT, ONE_RTT, ONE_RTT])
        self.epoch = rng.randrange(100) if self.level == ONE_RTT else 0
        self.pn = rng.randrange(1 << 61)
        self.secret = rng.randbytes(secret_len)
        self.context = CryptoContext(key_phase=self.epoch & 1)
        self.context.setup(cipher_suite=suite, secret=self.secret, version=VERSION)
        self.context.hp = UnsignedHeader(self.context.hp)
        self.packets = []
        expected = self.pn
        for _ in range(packets):
            self.packets.append(Packet(rng, self, expected))
            expected = self.packets[-1].pn + 1

    def is_opened(self):
        """Whether aioquic opens what it sealed."""
        return all(packet.is_opened(self.context) for packet in self.packets)

    def bytes(self):
        """As the test reads it."""
        return (struct.pack("<BBHIQ48s", self.cipher, self.level, len(self.packets),
                            self.epoch, self.pn, self.secret) +
                b"".join(packet.bytes() for packet in self.packets))


def batches(rng, packets):
    """All of them, one after another."""
    for cipher in range(len(CIPHERS)):
        for done in range(0, packets, PACKETS_PER_KEY):
            yield Batch(rng, cipher, min(PACKETS_PER_KEY, packets - done))


def main(packets, seed):
    """Batch by batch."""
    for batch in batches(random.Random(seed), packets):
        if not batch.is_opened():
            sys.exit(f"seed {seed}: aioquic does not open what it sealed")
        sys.stdout.buffer.write(batch.bytes())
    sys.stdout.buffer.write(struct.pack("<BBHIQ48s", 0, 0, 0, 0, 0, b""))


main(int(sys.argv[1]), int(sys.argv[2]))
