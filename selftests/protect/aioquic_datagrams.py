#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""One connection of aioquic with itself, with DATAGRAM frames and a stream.

usage: aioquic_datagrams.py server|client HOST PORT CIPHER SEED FROM TO

What is sent follows from SEED. The server expects datagrams that begin with FROM
to begin with TO, and nothing else to be changed, and prints what it received, as
JSON. Certificate, key log and the pipe that tells the client to begin are in the
directory of this file.
"""
import asyncio
import hashlib
import json
import os
import random
import ssl
import sys

from aioquic.asyncio.client import connect
from aioquic.asyncio.protocol import QuicConnectionProtocol
from aioquic.asyncio.server import serve
from aioquic.quic import events
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.logger import QuicLogger
from aioquic.tls import CipherSuite

DIRECTORY = os.path.dirname(os.path.abspath(__file__))
ROUNDS = 26
DATAGRAMS = 10		# of a round
STREAM_BYTES = 8000	# likewise

CIPHERS = {
    "aes-128-gcm": CipherSuite.AES_128_GCM_SHA256,
    "aes-256-gcm": CipherSuite.AES_256_GCM_SHA384,
    "chacha20-poly1305": CipherSuite.CHACHA20_POLY1305_SHA256,
}


def in_directory(name):
    """The path of a file that the test shares."""
    return os.path.join(DIRECTORY, name)


def configuration_of(cipher, **more):
    """What both have in common."""
    return QuicConfiguration(alpn_protocols=["equic"], max_datagram_frame_size=65536,
                             cipher_suites=[CIPHERS[cipher]],
                             quic_logger=QuicLogger(), **more)


class Traffic:
    """What the client sends."""

    def __init__(self, seed, tag):
        self.random = random.Random(seed)
        self.tag = tag
        self.datagrams = [self.datagram() for _ in range(ROUNDS * DATAGRAMS)]
        # The tag is in the stream, too, where it must stay.
        self.stream = b"".join(tag + self.random.randbytes(76)
                               for _ in range(ROUNDS * STREAM_BYTES // 80))

    def datagram(self):
        """Most have the tag; some are too short, or have it elsewhere."""
        length = self.random.choice([self.random.randrange(60),
                                     self.random.randrange(1100)])
        rest = self.random.randbytes(length)
        return self.random.choice([self.tag + rest, self.tag + rest,
                                   self.tag * 2 + rest, rest, b"x" + self.tag + rest,
                                   self.tag[:-1], self.tag, b""])

    def relabelled(self, to):
        """What the server is to receive."""
        return [to + d[len(to):] if d.startswith(self.tag) else d
                for d in self.datagrams]


def events_of(logger, name):
    """What the log of the connection has of that name."""
    return [event["data"] for trace in logger.to_dict()["traces"]
            for event in trace["events"] if event["name"] == name]


class Server(QuicConnectionProtocol):
    """Keeps what it receives, and answers the stream's end with its hash."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.datagrams = []
        self.stream = b""

    def quic_event_received(self, event):
        """Of the one connection there is."""
        if isinstance(event, events.DatagramFrameReceived):
            self.datagrams.append(event.data)
        elif isinstance(event, events.StreamDataReceived):
            self.stream += event.data
            if event.end_stream:
                self._quic.send_stream_data(
                    event.stream_id, hashlib.sha256(self.stream).digest(),
                    end_stream=True)
        elif isinstance(event, events.ConnectionTerminated):
            self.ended.set_result((self, event))


async def server(host, port, configuration, traffic, to):
    """One connection; prints what there was of it."""
    configuration.load_cert_chain(in_directory("cert.pem"), in_directory("key.pem"))
    Server.ended = asyncio.get_running_loop().create_future()
    await serve(host, port, configuration=configuration, create_protocol=Server)
    print("ready", flush=True)
    connection, end = await Server.ended
    wanted = traffic.relabelled(to)
    log = configuration.quic_logger
    received = [packet["header"]["packet_type"]
                for packet in events_of(log, "transport:packet_received")]
    dropped = [packet["trigger"]
               for packet in events_of(log, "transport:packet_dropped")]
    print(json.dumps({
        "error": end.error_code,
        "reason": end.reason_phrase,
        "datagrams": len(connection.datagrams),
        "right": sum(a == b for a, b in zip(connection.datagrams, wanted)),
        "wanted": len(wanted),
        "tagged": sum(d.startswith(traffic.tag) for d in traffic.datagrams),
        "stream_bytes": len(connection.stream),
        "stream_right": connection.stream == traffic.stream,
        "packets": received.count("1RTT"),
        # aioquic fills Initials up with zeros, which begin as a short header does.
        "padding": dropped.count("header_parse_error"),
        "undecryptable": dropped.count("payload_decrypt_error"),
        "updated": sorted(key["key_type"]
                          for key in events_of(log, "security:key_updated")
                          if key["trigger"] == "remote_update"),
    }), flush=True)


class Client(QuicConnectionProtocol):
    """Waits for the answer."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.answer = b""
        self.answered = self._loop.create_future()

    def quic_event_received(self, event):
        """Until its last byte."""
        if isinstance(event, events.StreamDataReceived):
            self.answer += event.data
            if event.end_stream:
                self.answered.set_result(self.answer)

    def send_round(self, number, stream, traffic):
        """Datagrams, and what belongs to it of the stream."""
        at = number * DATAGRAMS
        for datagram in traffic.datagrams[at:at + DATAGRAMS]:
            self._quic.send_datagram_frame(datagram)
        at = number * STREAM_BYTES
        self._quic.send_stream_data(stream, traffic.stream[at:at + STREAM_BYTES],
                                    end_stream=number == ROUNDS - 1)

    async def send(self, traffic):
        """Round by round, so that no socket's buffer is ever full."""
        stream = self._quic.get_next_available_stream_id()
        for number in range(ROUNDS):
            if number == ROUNDS // 2:
                self._quic.request_key_update()
            self.send_round(number, stream, traffic)
            await self.ping()
        return await self.answered


def wait_for_the_test():
    """Blocks until it has something to say."""
    with open(in_directory("go")) as pipe:
        pipe.read()


async def client(host, port, configuration, traffic):
    """The connection, when the kernel has its keys."""
    configuration.verify_mode = ssl.CERT_NONE
    with open(in_directory("keylog"), "a") as configuration.secrets_log_file:
        async with connect(host, port, configuration=configuration,
                           create_protocol=Client) as connection:
            await asyncio.get_running_loop().run_in_executor(None, wait_for_the_test)
            answer = await connection.send(traffic)
    print(json.dumps({
        "stream_right": answer == hashlib.sha256(traffic.stream).digest(),
    }), flush=True)


async def main(role, host, port, cipher, seed, tag, to):
    """One of both."""
    traffic = Traffic(int(seed), tag.encode())
    if role == "server":
        await server(host, int(port), configuration_of(cipher, is_client=False),
                     traffic, to.encode())
    else:
        await client(host, int(port), configuration_of(cipher, is_client=True), traffic)


asyncio.run(main(*sys.argv[1:]))
