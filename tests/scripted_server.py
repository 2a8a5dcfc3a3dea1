r"""A TCP server that answers each request with the next entry of a script, down to cut, reset and silent ones.

async with scripted(Play(b"HTTP/1.1 200 OK\r\n..."), Play(then="reset")) as server:
    await transport.request("POST", server.url)
assert server.requests == [b"POST / HTTP/1.1..."]
"""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Literal

_NO_LINGER = struct.pack("ii", 1, 0)  # closing then sends a reset


def response(status: int, body: bytes = b"", **headers: str) -> bytes:
    """Return a whole HTTP answer."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"HTTP/1.1 {status} Said", *(f"{name}: {value}" for name, value in named.items())]
    return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode() + body


@dataclass(frozen=True, slots=True)
class Play:
    """What happens once a request has been read: these bytes, and then this."""

    answer: bytes = b""
    then: Literal["keep", "close", "reset", "hang"] = "keep"


@dataclass(slots=True)
class Scripted:
    """The server while it runs; `requests` is what came, oldest first."""

    script: list[Play]
    url: str = ""
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0
    done: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Play one connection."""
        self.connections += 1
        try:
            while await self._read(reader) and await self._play(self.script.pop(0), writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _read(self, reader: asyncio.StreamReader) -> bool:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            return False
        lengths = [line.split(b":")[1] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
        body = await reader.readexactly(int(lengths[0])) if lengths else b""
        self.requests.append(head + body)
        return True

    async def _play(self, play: Play, writer: asyncio.StreamWriter) -> bool:
        writer.write(play.answer)
        await writer.drain()
        if play.then == "hang":
            await self.done.wait()
        if play.then == "reset":
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        return play.then == "keep"


@asynccontextmanager
async def scripted(*script: Play) -> AsyncIterator[Scripted]:
    """Listen on a free loopback port."""
    server = Scripted(list(script))
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    server.url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    try:
        yield server
    finally:
        server.done.set()
        listener.close()
        await asyncio.sleep(0.02)  # the connections' last words; 3.11 cannot wait for them
