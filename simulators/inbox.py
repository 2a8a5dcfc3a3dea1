"""What the simulators took in: every accepted message, whether its recipient got it, and a log of all requests.

Written by `twilio`, `sendgrid` and `exchange`, read by `control` and by Twilio's list. At most `keep` of each
are held, the oldest go first. It never calls out.
"""

from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(slots=True)
class Message:
    """One message for one recipient. `refused` means accepted by the vendor and never received by a person."""

    id: str
    provider: str
    channel: str
    to: str
    from_: str
    accepted_at: datetime
    role: str = "to"
    subject: str | None = None
    text: str | None = None
    html: str | None = None
    content_sid: str | None = None
    content_variables: dict[str, Any] | None = None
    custom_args: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    attachments: list[str] = field(default_factory=list)
    status_callback: str | None = None
    validity_period: int | None = None
    messaging_service_sid: str | None = None
    refused: bool = False
    status: str = "queued"
    error_code: int | None = None
    sequence: int = 0

    def show(self) -> dict[str, Any]:
        """Return the message as a JSON value."""
        names = [name for name in self.__slots__ if name not in {"from_", "accepted_at"}]
        shown = {name: getattr(self, name) for name in names}
        return shown | {"from": self.from_, "accepted_at": self.accepted_at.isoformat()}


class Inbox:
    """The accepted messages, in order of acceptance."""

    def __init__(self, keep: int) -> None:
        self._keep = keep
        self._sequence = 0
        self._all: dict[int, Message] = {}
        self._by_id: dict[str, Message] = {}
        self._by_to: dict[str, dict[int, Message]] = {}

    def accept(self, message: Message) -> None:
        """Take a message in, and let the oldest go when there are too many."""
        self._sequence += 1
        message.sequence = self._sequence
        self._all[message.sequence] = message
        self._by_id[message.id] = message
        self._by_to.setdefault(message.to, {})[message.sequence] = message
        if len(self._all) > self._keep:
            self._forget(next(iter(self._all)))

    def find(self, message_id: str) -> Message | None:
        """Return the message with this id; of an e-mail to several, the last recipient's."""
        return self._by_id.get(message_id)

    def listed(self, to: str | None = None) -> list[Message]:
        """Return all messages, or those to exactly `to`, oldest first."""
        return list((self._all if to is None else self._by_to.get(to, {})).values())

    def clear(self) -> None:
        """Forget every message; ids go on counting."""
        self._all.clear()
        self._by_id.clear()
        self._by_to.clear()

    def _forget(self, sequence: int) -> None:
        message = self._all.pop(sequence)
        self._by_id.pop(message.id, None)
        mine = self._by_to[message.to]
        del mine[sequence]
        if not mine:
            del self._by_to[message.to]


@dataclass(frozen=True, slots=True)
class Request:
    """One request of a client and what became of it; `verb` is send, list or fetch."""

    at: datetime
    provider: str
    verb: str
    to: str
    outcome: str

    def show(self) -> dict[str, str]:
        """Return the request as a JSON value."""
        at, provider, verb, to, outcome = self.at.isoformat(), self.provider, self.verb, self.to, self.outcome
        return {"at": at, "provider": provider, "verb": verb, "to": to, "outcome": outcome}


class RequestLog:
    """Counts all requests by provider, verb and outcome, and remembers the last `keep` of them."""

    def __init__(self, keep: int) -> None:
        self._counts: Counter[tuple[str, str, str]] = Counter()
        self._last: deque[Request] = deque(maxlen=keep)

    def note(self, request: Request) -> None:
        """Remember a request."""
        self._counts[request.provider, request.verb, request.outcome] += 1
        self._last.append(request)

    def counts(self) -> dict[str, dict[str, dict[str, int]]]:
        """Return {provider: {verb: {outcome: number}}}."""
        found: dict[str, dict[str, dict[str, int]]] = {}
        for (provider, verb, outcome), number in self._counts.items():
            found.setdefault(provider, {}).setdefault(verb, {})[outcome] = number
        return found

    def total(self) -> int:
        """Return the number of all requests."""
        return self._counts.total()

    def to(self, recipient: str | None) -> Iterator[Request]:
        """Yield the remembered requests, or those for one recipient, oldest first."""
        return (request for request in self._last if recipient in {None, request.to})

    def clear(self) -> None:
        """Start to count from nothing."""
        self._counts.clear()
        self._last.clear()
