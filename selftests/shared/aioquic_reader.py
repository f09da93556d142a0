#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Get files with aioquic, and read what h3second sends.

A line of standard input, HOST PORT PATH FILE STREAMS, asks for one connection, which
gets https://HOST:PORT/PATH into FILE. When that many of h3second's streams are there
as well, a line of JSON tells of these streams: how many, their bytes, and how many of
the bytes are not what h3second writes (selftests/h3/second/content.h); and how many
DATAGRAM frames came. The connection ends with the next line of standard input, which
is empty: who asks can see what the server knows of all this, and a client cannot, for
an acknowledgment may be lost. If the connection failed, what is told is empty.

One process for all connections: in a machine that is emulated, it takes longer to
import aioquic than to get a file.
"""
import asyncio
import json
import ssl
import sys
import traceback

from aioquic.asyncio.client import connect
from aioquic.asyncio.protocol import QuicConnectionProtocol
from aioquic.h3.connection import H3_ALPN, H3Connection
from aioquic.h3.events import DataReceived
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.events import DatagramFrameReceived, StreamDataReceived

STREAM_TYPE = 0x21
# Control, QPACK encoder and decoder.
HTTP_STREAMS = (3, 7, 11)
DATAGRAM_MAX = 1200


# It repeats after 256 bytes, and a client has no time to make it anew.
PERIOD = 256
PATTERN = bytes(at * 31 & 0xff for at in range(PERIOD)) * 16


def content(stream, offset, length):
    """What h3second writes there."""
    # 31 has an inverse modulo 256: adding to the value is a step along the pattern.
    start = (offset + stream * pow(31, -1, PERIOD)) % PERIOD
    repeats = PATTERN * (1 + (start + length) // len(PATTERN))
    data = bytearray(repeats[start:start + length])
    if offset == 0 and data:
        data[0] = STREAM_TYPE
    return data


class Reader(QuicConnectionProtocol):
    """One request on one connection."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.http = H3Connection(self._quic)
        self.body = []
        self.ended = False
        self.offsets = {}
        self.finished = 0
        self.datagrams = 0
        self.wrong = 0
        self.wanted = 0
        self.done = self._loop.create_future()

    def read(self, event):
        """What came on a stream of h3second's."""
        offset = self.offsets.setdefault(event.stream_id, 0)
        wanted = content(event.stream_id, offset, len(event.data))
        if wanted != event.data:
            self.wrong += sum(a != b for a, b in zip(wanted, event.data))
        self.offsets[event.stream_id] += len(event.data)
        self.finished += event.end_stream

    def quic_event_received(self, event):
        """HTTP/3 sees it, too."""
        self.datagrams += isinstance(event, DatagramFrameReceived)
        if isinstance(event, StreamDataReceived) and event.stream_id & 3 == 3 \
                and event.stream_id not in HTTP_STREAMS:
            self.read(event)
        for http_event in self.http.handle_event(event):
            if isinstance(http_event, DataReceived):
                self.body.append(http_event.data)
            self.ended |= getattr(http_event, "stream_ended", False)
        if self.ended and self.finished >= self.wanted and not self.done.done():
            self.done.set_result(None)

    async def get(self, authority, path, streams):
        """Until all is there."""
        self.wanted = streams
        stream = self._quic.get_next_available_stream_id()
        self.http.send_headers(stream, [
            (b":method", b"GET"), (b":scheme", b"https"),
            (b":authority", authority.encode()), (b":path", path.encode()),
        ], end_stream=True)
        self.transmit()
        await self.done


async def read(host, port, path, file, streams):
    """Connect, ask, say what came, and wait until it may end."""
    configuration = QuicConfiguration(is_client=True, alpn_protocols=H3_ALPN,
                                      verify_mode=ssl.CERT_NONE,
                                      max_datagram_frame_size=DATAGRAM_MAX)
    async with connect(host, int(port), configuration=configuration,
                       create_protocol=Reader) as client:
        await client.get(host, path, int(streams))
        with open(file, "wb") as output:
            output.write(b"".join(client.body))
        tell({
            "streams": client.finished, "bytes": sum(client.offsets.values()),
            "wrong": client.wrong, "datagrams": client.datagrams,
        })
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)


def tell(what):
    """Who asked."""
    print(json.dumps(what), flush=True)


def main():
    """One connection after the other."""
    while line := sys.stdin.readline():
        if line.isspace():
            continue
        try:
            asyncio.run(read(*line.split()))
        except Exception:  # pylint: disable=broad-except
            traceback.print_exc()
            tell({})


main()
