"""An SMTP server in the test's own event loop: what it answers, and where it breaks, is scripted by command.

async with smtp_server({"RCPT": Say("550 5.1.1 nobody here")}) as server:
    ...
assert server.mails == []
"""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Literal

_NO_LINGER = struct.pack("ii", 1, 0)  # closing then sends a reset

USUAL = {
    "GREETING": "220 mail.example.com ready",
    "EHLO": "250-mail.example.com\r\n250-AUTH PLAIN\r\n250 8BITMIME",
    "AUTH": "235 2.7.0 welcome",
    "MAIL": "250 2.1.0 fine",
    "RCPT": "250 2.1.5 fine",
    "DATA": "354 go on",
    "TEXT": "250 2.0.0 queued",
    "QUIT": "221 2.0.0 bye",
}
"""What a friendly server says. TEXT is its answer to the message itself."""


@dataclass(frozen=True, slots=True)
class Say:
    """An answer, and what follows it; without words nothing is said."""

    words: str = ""
    then: Literal["go on", "close", "reset", "hang"] = "go on"


@dataclass(slots=True)
class Mail:
    """What was taken: the envelope and the text as it came."""

    sender: str
    recipients: list[str]
    text: bytes


@dataclass(slots=True)
class SmtpServer:
    """The server while it runs; `said` is every line that clients said."""

    script: Mapping[str, Say | list[Say]]
    port: int = 0
    mails: list[Mail] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    at_once: int = 0
    _open: int = 0
    _turns: dict[str, int] = field(default_factory=dict)
    done: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Hold one conversation."""
        self._open += 1
        self.at_once = max(self.at_once, self._open)
        try:
            await self._talk(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self._open -= 1
            writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        mail = Mail("", [], b"")
        if not await self._say("GREETING", writer):
            return
        while line := (await reader.readline()).decode().strip():
            self.said.append(line)
            word = line.split(" ")[0].split(":")[0].upper()
            answer = self._turn(word)
            if word == "MAIL":
                mail = Mail(line.split("<")[1].split(">")[0], [], b"")
            if word == "RCPT" and answer.words.startswith("2"):
                mail.recipients.append(line.split("<")[1].split(">")[0])
            if not await self._give(answer, writer):
                return
            if word == "DATA" and answer.words.startswith("354"):
                stuffed = (await reader.readuntil(b"\r\n.\r\n"))[:-3]
                mail.text = stuffed.replace(b"\r\n..", b"\r\n.")
                said = self._turn("TEXT")
                if said.words.startswith("2") or not said.words:
                    self.mails.append(mail)
                if not await self._give(said, writer):
                    return

    def _turn(self, word: str) -> Say:
        at = self._turns.get(word, 0)
        self._turns[word] = at + 1
        found = self.script.get(word, Say(USUAL.get(word, "502 5.5.1 what?")))
        return found[min(at, len(found) - 1)] if isinstance(found, list) else found

    async def _say(self, word: str, writer: asyncio.StreamWriter) -> bool:
        return await self._give(self._turn(word), writer)

    async def _give(self, answer: Say, writer: asyncio.StreamWriter) -> bool:
        if answer.words:
            writer.write(f"{answer.words}\r\n".encode())
            await writer.drain()
        if answer.then == "hang":
            await self.done.wait()
        if answer.then == "reset":
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        return answer.then == "go on"


@asynccontextmanager
async def smtp_server(script: Mapping[str, Say | list[Say]] | None = None) -> AsyncIterator[SmtpServer]:
    """Listen on a free loopback port."""
    server = SmtpServer(script or {})
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    server.port = listener.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        server.done.set()
        listener.close()
        await asyncio.sleep(0.02)  # the connections' last words; 3.11 cannot wait for them
