"""Reads what a client says to PostgreSQL, as far as faults need it: which statements a transaction has run.

Used by `wire`. It understands the client's half of protocol 3 and changes nothing.
Source: https://www.postgresql.org/docs/18/protocol-message-formats.html (read 2026-11-22).
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

_PROTOCOL_3 = 3
_MOST_KEPT = 4 << 20


@dataclass
class Transaction:
    """The statements since BEGIN, and the bytes of their values."""

    texts: list[str] = field(default_factory=list)
    raw: bytearray = field(default_factory=bytearray)

    def did(self, *words: str) -> bool:
        """Whether one statement holds all these words."""
        return any(all(word in text for word in words) for text in self.texts)


class Reader:
    """One connection's statements. Messages leave it whole, each COMMIT with the transaction that it ends."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._started = False
        self._names: dict[bytes, str] = {}
        self._now = Transaction()

    def feed(self, chunk: bytes) -> Iterator[tuple[bytes, Transaction | None]]:
        """Yield the messages that are complete now."""
        self._buffer += chunk
        while message := self._take():
            if self._started:
                yield message, self._hear(message)
            else:
                self._greet(message)
                yield message, None

    def _take(self) -> bytes:
        head = 1 if self._started else 0
        if len(self._buffer) < head + 4:
            return b""
        length = head + int(struct.unpack_from("!I", self._buffer, head)[0])
        if len(self._buffer) < length:
            return b""
        message = bytes(self._buffer[:length])
        del self._buffer[:length]
        return message

    def _greet(self, message: bytes) -> None:
        """Requests for encryption come before the greeting, and are answered with no."""
        self._started = struct.unpack_from("!H", message, 4)[0] == _PROTOCOL_3

    def _hear(self, message: bytes) -> Transaction | None:
        text = self._text_of(message)
        if len(self._now.raw) < _MOST_KEPT:
            self._now.raw += message
        if text is None:
            return None
        word = text.lstrip()[:8].upper()
        if word.startswith("BEGIN"):
            self._now = Transaction()
        elif word.startswith("COMMIT"):
            ended, self._now = self._now, Transaction()
            return ended
        else:
            self._now.texts.append(text)
        return None

    def _text_of(self, message: bytes) -> str | None:
        """The statement that a Query or a Bind runs."""
        kind, body = message[:1], message[5:]
        if kind == b"Q":
            return body.rstrip(b"\0").decode(errors="replace")
        if kind == b"P":
            name, text, _ = body.split(b"\0", 2)
            self._names[name] = text.decode(errors="replace")
        if kind == b"B":
            _, name, _ = body.split(b"\0", 2)
            return self._names.get(name)
        return None
