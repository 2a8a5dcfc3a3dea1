"""What can happen to a message, told to each vendor in its own language, so that one suite judges every channel.

async with world_of(case, Fate.LOST) as world:
    outcome = await world.channel.send(case.message())
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from channels.http import Transport
from channels.port import ChannelPort, Message
from channels.smtp.sending import SmtpChannel, SmtpSettings
from domain.levels import Channel
from tests.channel_cases import ATTEMPT, CASES, Case
from tests.scripted_server import Play, response, scripted
from tests.smtp_server import Say, smtp_server


class Fate(StrEnum):
    """What becomes of a message at its provider."""

    TAKEN = "taken"
    NOBODY_THERE = "nobody there"  # the connection is refused
    LATER = "later"  # too busy, says when or not
    LOST = "lost"  # the connection ends after the message was handed over
    SILENT = "silent"  # no answer after the message was handed over
    NOT_US = "not us"  # our account is refused
    NO_SUCH_ADDRESS = "no such address"
    NOT_THIS_TEXT = "not this text"


@dataclass(frozen=True, slots=True)
class World:
    """A channel, and how many messages its provider has taken or may have taken so far."""

    channel: ChannelPort
    handed_over: Callable[[], int]


@dataclass(frozen=True, slots=True)
class Judged:
    """A channel that the suite judges: its provider, a message, and its world under each fate that it knows."""

    name: str
    provider: str
    message: Message
    case: Case | None = None

    def __str__(self) -> str:
        return self.name

    @property
    def fates(self) -> frozenset[Fate]:
        """SendGrid alone takes every address and tells later."""
        return frozenset(Fate) - ({Fate.NO_SUCH_ADDRESS} if self.provider == "sendgrid" else set())


_MAIL = next(case for case in CASES if case.channel is Channel.EMAIL).message()
ALL = (
    *(Judged(case.channel.value, case.provider, case.message(), case) for case in CASES),
    Judged("smtp", "smtp", _MAIL),
)
"""Every channel that leaves the house. A new one adds itself here, with its fates below."""


@asynccontextmanager
async def world_of(judged: Judged, fate: Fate) -> AsyncIterator[World]:
    """The channel, and a provider at which this happens to whatever it is sent."""
    if judged.case is None:
        async with _smtp(fate) as world:
            yield world
    else:
        async with _http(judged.case, fate) as world:
            yield world


# --- HTTP ---------------------------------------------------------------------------------------------------

_TOO_MANY = Play(response(429, b"{}", Retry_After="3"))
_TWILIO = {
    Fate.NOT_US: Play(response(401, b'{"code": 20003, "message": "Authenticate", "status": 401}')),
    Fate.NO_SUCH_ADDRESS: Play(response(400, b'{"code": 21211, "message": "Invalid To", "status": 400}')),
    Fate.NOT_THIS_TEXT: Play(response(400, b'{"code": 21617, "message": "Too long", "status": 400}')),
}
_SENDGRID = {
    Fate.NOT_US: Play(response(401, b'{"errors": [{"message": "authorization required"}]}')),
    Fate.NOT_THIS_TEXT: Play(response(413, b'{"errors": [{"message": "too large"}]}')),
}


@asynccontextmanager
async def _http(case: Case, fate: Fate) -> AsyncIterator[World]:
    taken = response(201 if case.provider == "twilio" else 202, case.says_accepted, X_Message_Id="XM1")
    plays = {
        Fate.TAKEN: Play(taken),
        Fate.LATER: _TOO_MANY,
        Fate.LOST: Play(then="reset"),
        Fate.SILENT: Play(then="hang"),
    } | (_TWILIO if case.provider == "twilio" else _SENDGRID)
    async with (
        scripted(*[plays.get(fate, Play(taken))] * 60) as server,
        Transport(connect_s=5, read_s=0.5) as transport,
    ):
        url = "http://127.0.0.1:1" if fate is Fate.NOBODY_THERE else server.url
        yield World(case.over(transport, url), lambda: len(server.requests))


# --- SMTP ---------------------------------------------------------------------------------------------------

_SCRIPTS: dict[Fate, dict[str, Say | list[Say]]] = {
    Fate.LATER: {"MAIL": Say("451 4.3.2 busy")},
    Fate.LOST: {"TEXT": Say(then="reset")},
    Fate.SILENT: {"TEXT": Say(then="hang")},
    Fate.NOT_US: {"MAIL": Say("530 5.7.0 log in first")},
    Fate.NO_SUCH_ADDRESS: {"RCPT": Say("550 5.1.1 nobody")},
    Fate.NOT_THIS_TEXT: {"TEXT": Say("554 5.6.0 no")},
}


@asynccontextmanager
async def _smtp(fate: Fate) -> AsyncIterator[World]:
    async with smtp_server(_SCRIPTS.get(fate)) as server:
        port = 1 if fate is Fate.NOBODY_THERE else server.port
        settings = SmtpSettings("127.0.0.1", port, "compta@example.com")
        channel = SmtpChannel(settings, lambda: datetime(2026, 12, 1, tzinfo=UTC), connect_s=20, read_s=2)
        yield World(channel, lambda: len(server.mails))


__all__ = ["ALL", "ATTEMPT", "Fate", "Judged", "World", "world_of"]
