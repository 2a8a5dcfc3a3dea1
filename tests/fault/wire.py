"""A line between a process and its server that can be frozen, cut, or cut at the very COMMIT that a fault waits for.

One `Exchange` runs all lines of a run, in one thread. Servers and clients know nothing of it. PostgreSQL is reached
over its socket, so that the line is its only network address.
"""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum, auto
from pathlib import Path
from typing import Any, Self, TypeVar

from tests.fault.spoken import Reader, Transaction

T = TypeVar("T")

_CHUNK = 65_536
_PATIENCE_S = 15.0
Address = Path | tuple[str, int]


class Verdict(Enum):
    """What becomes of a COMMIT: lost on its way, carried out with its answer lost, or answered when the hold ends."""

    PASS = auto()
    LOSE = auto()
    LOSE_ANSWER = auto()
    HOLD_ANSWER = auto()


Script = Callable[["Wire", Transaction], Verdict]
"""Asked at each COMMIT, in the exchange's thread: it must not wait. It may kill."""


def pass_on(_wire: "Wire", _committed: Transaction) -> Verdict:
    """The script of a line on which nothing goes wrong."""
    return Verdict.PASS


@dataclass(eq=False)
class Wire:
    """One line. `script` is asked at each COMMIT on it; a Redis line has none."""

    exchange: "Exchange"
    name: str
    target: Address
    port: int = 0
    script: Script | None = None
    connections: set["_Connection"] = field(default_factory=set)
    open_: asyncio.Event = field(default_factory=asyncio.Event)
    released: asyncio.Event = field(default_factory=asyncio.Event)

    def freeze(self) -> None:
        """No byte passes until `thaw`; connections stay, and new ones get no answer."""
        self.exchange.call(self.open_.clear)

    def thaw(self) -> None:
        """What was held flows on."""
        self.exchange.call(self.open_.set)

    def cut(self) -> None:
        """Every connection is broken; new ones are let through."""
        self.exchange.call(self._break)

    def _break(self) -> None:
        for connection in list(self.connections):
            connection.close()

    def release(self) -> None:
        """Answers to COMMIT that were held are given."""
        self.exchange.call(self.released.set)


class _Connection:
    def __init__(self, wire: Wire, client: asyncio.StreamWriter, server: asyncio.StreamWriter) -> None:
        self.wire = wire
        self.client = client
        self.server = server
        self.reader = Reader()
        self.mute = False
        self.hold = False

    def close(self) -> None:
        for writer in (self.client, self.server):
            writer.transport.abort()

    async def talk(self, client: asyncio.StreamReader, server: asyncio.StreamReader) -> None:
        """Carry bytes both ways until one side ends."""
        ways = [asyncio.create_task(self._up(client)), asyncio.create_task(self._down(server))]
        with suppress(OSError, asyncio.CancelledError):
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        self.close()

    async def _up(self, source: asyncio.StreamReader) -> None:
        while chunk := await source.read(_CHUNK):
            await self.wire.open_.wait()
            for piece, committed in self.reader.feed(chunk) if self.wire.script else ((chunk, None),):
                if committed is not None and not self._may_pass(committed):
                    return
                self.server.write(piece)
            await self.server.drain()

    def _may_pass(self, committed: Transaction) -> bool:
        verdict = self.wire.script(self.wire, committed) if self.wire.script else Verdict.PASS
        self.mute = verdict is Verdict.LOSE_ANSWER
        self.hold = verdict is Verdict.HOLD_ANSWER
        return verdict is not Verdict.LOSE

    async def _down(self, source: asyncio.StreamReader) -> None:
        while chunk := await source.read(_CHUNK):
            await self.wire.open_.wait()
            if self.hold:
                await self.wire.released.wait()
                self.hold = False
            if self.mute:  # the server has done it; nobody hears of it
                return
            self.client.write(chunk)
            await self.client.drain()


class Exchange:
    """The thread in which all lines are."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="wires", daemon=True)
        self._servers: list[asyncio.Server] = []
        self._talks: set[asyncio.Task[None]] = set()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._run(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_PATIENCE_S)
        self._loop.close()

    def call(self, do: Callable[[], object]) -> None:
        """Run it among the lines; return when it is done."""

        async def wrapped() -> None:
            do()

        self._run(wrapped())

    def connect(self, name: str, target: Address, script: Script | None = None) -> Wire:
        """Open a line to a server, on a free port of the loopback address."""
        return self._run(self._open(Wire(self, name, target, script=script)))

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(_PATIENCE_S)

    async def _open(self, wire: Wire) -> Wire:
        wire.open_.set()

        async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            if task is not None:
                self._talks.add(task)
                task.add_done_callback(self._talks.discard)
            await _carry(wire, reader, writer)

        server = await asyncio.start_server(accept, "127.0.0.1", 0)
        self._servers.append(server)
        wire.port = server.sockets[0].getsockname()[1]
        return wire

    async def _close(self) -> None:
        for server in self._servers:
            server.close()
        for talk in self._talks:
            talk.cancel()
        await asyncio.gather(*self._talks, return_exceptions=True)


async def _carry(wire: Wire, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await wire.open_.wait()
    try:
        if isinstance(wire.target, Path):
            server_reader, server = await asyncio.open_unix_connection(wire.target)
        else:
            server_reader, server = await asyncio.open_connection(*wire.target)
    except OSError:  # the server is away, and so is the line
        writer.transport.abort()
        return
    connection = _Connection(wire, writer, server)
    wire.connections.add(connection)
    try:
        await connection.talk(reader, server_reader)
    finally:
        wire.connections.discard(connection)
        connection.close()
