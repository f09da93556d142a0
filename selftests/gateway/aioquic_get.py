#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Get https://HOST:PORT/PATH with aioquic; prints how many bytes came.

usage: aioquic_get.py HOST PORT PATH [FILE MAX_DATAGRAM_FRAME_SIZE]

With FILE: the bytes go there, DATAGRAM frames up to that size are taken, and JSON
tells how many came of either.

Debian's python3-aioquic is a library without a client of its own.
"""
import asyncio
import json
import ssl
import sys

from aioquic.asyncio.client import connect
from aioquic.asyncio.protocol import QuicConnectionProtocol
from aioquic.h3.connection import H3_ALPN, H3Connection
from aioquic.h3.events import DataReceived, DatagramReceived
from aioquic.quic.configuration import QuicConfiguration


class Get(QuicConnectionProtocol):
    """One request on one connection."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.http = H3Connection(self._quic)
        self.received = []
        self.datagrams = 0
        self.done = self._loop.create_future()

    def quic_event_received(self, event):
        """Count the body's bytes."""
        for http_event in self.http.handle_event(event):
            if isinstance(http_event, DataReceived):
                self.received.append(http_event.data)
            self.datagrams += isinstance(http_event, DatagramReceived)
            if getattr(http_event, "stream_ended", False) and not self.done.done():
                self.done.set_result(b"".join(self.received))

    async def get(self, authority, path):
        """The bytes of PATH."""
        stream = self._quic.get_next_available_stream_id()
        self.http.send_headers(stream, [
            (b":method", b"GET"), (b":scheme", b"https"),
            (b":authority", authority.encode()), (b":path", path.encode()),
        ], end_stream=True)
        self.transmit()
        return await self.done


async def main(host, port, path, file=None, datagram_bytes=0):
    """Connect, ask, print."""
    configuration = QuicConfiguration(is_client=True, alpn_protocols=H3_ALPN,
                                      verify_mode=ssl.CERT_NONE)
    if file:
        configuration.max_datagram_frame_size = int(datagram_bytes)
    async with connect(host, int(port), configuration=configuration,
                       create_protocol=Get) as client:
        body = await client.get(host, path)
        if not file:
            print(len(body))
            return
        with open(file, "wb") as output:
            output.write(body)
        print(json.dumps({"bytes": len(body), "datagrams": client.datagrams}))


asyncio.run(main(*sys.argv[1:]))
