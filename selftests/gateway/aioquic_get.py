#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Get https://HOST:PORT/PATH with aioquic; prints how many bytes came.

Debian's python3-aioquic is a library without a client of its own.
"""
import asyncio
import ssl
import sys

from aioquic.asyncio.client import connect
from aioquic.asyncio.protocol import QuicConnectionProtocol
from aioquic.h3.connection import H3_ALPN, H3Connection
from aioquic.h3.events import DataReceived
from aioquic.quic.configuration import QuicConfiguration


class Get(QuicConnectionProtocol):
    """One request on one connection."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.http = H3Connection(self._quic)
        self.received = 0
        self.done = self._loop.create_future()

    def quic_event_received(self, event):
        """Count the body's bytes."""
        for http_event in self.http.handle_event(event):
            if isinstance(http_event, DataReceived):
                self.received += len(http_event.data)
            if getattr(http_event, "stream_ended", False) and not self.done.done():
                self.done.set_result(self.received)

    async def get(self, authority, path):
        """The length of PATH."""
        stream = self._quic.get_next_available_stream_id()
        self.http.send_headers(stream, [
            (b":method", b"GET"), (b":scheme", b"https"),
            (b":authority", authority.encode()), (b":path", path.encode()),
        ], end_stream=True)
        self.transmit()
        return await self.done


async def main(host, port, path):
    """Connect, ask, print."""
    configuration = QuicConfiguration(is_client=True, alpn_protocols=H3_ALPN,
                                      verify_mode=ssl.CERT_NONE)
    async with connect(host, int(port), configuration=configuration,
                       create_protocol=Get) as client:
        print(await client.get(host, path))


asyncio.run(main(*sys.argv[1:]))
