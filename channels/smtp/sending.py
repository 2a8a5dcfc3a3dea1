"""Sends one mail, over a connection of its own.

A server that has just closed an idle one would leave in doubt whether it took the mail. At most AT_ONCE in a process.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from aiosmtplib import SMTP, SMTPException, SMTPResponseException

from channels.answers import outcome_of_fault
from channels.http import CONNECT_S, NO_SOCKET, READ_S, TransportFault, has_no_socket
from channels.mails import copies_of, written
from channels.smtp.words import HANGS_UP, TAKEN, outcome_of_reply
from domain.outcomes import Outcome, OutcomeClass

if TYPE_CHECKING:
    from channels.port import Message

# --- What the operator sets ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SmtpSettings:
    """One server. `tls` from the first byte (smtps); else STARTTLS wherever the server offers it.

    `user` None: no login. A password leaves this machine over TLS only. `mail_from` is the sender, also of bounces.
    """

    host: str
    port: int
    mail_from: str
    tls: bool = False
    user: str | None = None
    password: str = field(default="", repr=False)
    from_name: str = ""

    @property
    def is_local(self) -> bool:
        """Whether the server is on this machine."""
        return self.host in _THIS_MACHINE


_THIS_MACHINE = frozenset({"localhost", "127.0.0.1", "::1"})
_PORTS = {"smtp": 587, "smtps": 465}


def read_smtp_url(url: str, mail_from: str) -> SmtpSettings:
    """`smtp://user:password@host:587` or `smtps://…`, the user percent-encoded. ValueError, without the value."""
    parts = urlsplit(url)
    if parts.scheme not in _PORTS or not parts.hostname or parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError("is no address of the form smtp://user:password@host:587 or smtps://user:password@host:465")
    try:
        port = parts.port or _PORTS[parts.scheme]
    except ValueError:
        raise ValueError("has a port that is no number up to 65535") from None
    user = unquote(parts.username) if parts.username else None
    password = unquote(parts.password or "")
    return SmtpSettings(parts.hostname, port, mail_from, parts.scheme == "smtps", user, password)


AT_ONCE = 10
"""Connections a process opens: common servers take no more from one sender."""

# --- Sending ------------------------------------------------------------------------------------------------


class SmtpChannel:
    """E-mail through one server. `wall` tells the date that a mail bears."""

    def __init__(
        self,
        settings: SmtpSettings,
        wall: Callable[[], datetime],
        *,
        connect_s: float = CONNECT_S,
        read_s: float = READ_S,
    ) -> None:
        self._settings = settings
        self._wall = wall
        self._connect_s = connect_s
        self._read_s = read_s
        self._free = asyncio.Semaphore(AT_ONCE)

    @property
    def provider(self) -> str:
        """The name in the delivery log."""
        return "smtp"

    async def send(self, message: Message) -> Outcome:
        """Tries once, within connect 3 s and 13 s in all; never raises for what the server or the network does.

        Waiting for a free connection, writing and connecting share the 3 s: what would begin later does not, since
        its customer may have paid. A loss before the text was begun was not sent; after that it may have been. The
        id is the Message-ID, derived from the attempt, so that a mail that came twice is seen to be one.
        """
        talk = _Talk(self._settings)
        connect_by = asyncio.get_running_loop().time() + self._connect_s
        try:
            async with asyncio.timeout_at(connect_by):
                await self._free.acquire()
        except TimeoutError:
            return Outcome(OutcomeClass.TRANSIENT, code="busy", rate_limited=True)
        try:
            return await self._converse(talk, message, connect_by)
        except SMTPResponseException as error:
            return outcome_of_reply(talk.stage, error.code, error.message)
        except (SMTPException, TimeoutError, OSError) as error:
            return outcome_of_fault(_fault(error, talk))
        finally:
            talk.client.close()
            self._free.release()

    async def _converse(self, talk: _Talk, message: Message, connect_by: float) -> Outcome:
        settings, loop = self._settings, asyncio.get_running_loop()
        sender = (message.from_name or settings.from_name, settings.mail_from)
        async with asyncio.timeout_at(connect_by):
            mail = await written(message, sender, message_id(message, settings), self._wall)
            talk.had_time = connect_by - loop.time() > self._connect_s / 2
            await talk.client.connect(timeout=self._connect_s)
        talk.had_time = True
        async with asyncio.timeout(self._read_s):
            refused = await talk.open()
            if refused is not None:
                return refused
            refusals = await talk.address(message)
            await talk.hand_over(mail)
        with contextlib.suppress(SMTPException, TimeoutError, OSError):
            await talk.client.quit(timeout=1)
        provider_id = message_id(message, settings).strip("<>")
        code = "copy_refused" if refusals else None
        bad = tuple(copy for copy, told in refusals if told.kind is OutcomeClass.PERMANENT_ADDRESS)
        return Outcome(OutcomeClass.ACCEPTED, provider_id=provider_id, code=code, bad_copies=bad)


class _Talk:
    """One conversation. `stage` is what is being said, by which a refusal or a loss is understood.

    `had_time`: the server was left at least half of the time to connect. Else it is not to blame that it ran out.
    """

    def __init__(self, settings: SmtpSettings) -> None:
        self._settings = settings
        self.stage = "connect"
        self.had_time = False
        self.client = SMTP(
            hostname=settings.host,
            port=settings.port,
            use_tls=settings.tls,
            start_tls=False,  # the library's own would log in, or go on in clear, before we have looked
            local_hostname=_domain_of(settings.mail_from),
        )

    async def open(self) -> Outcome | None:
        """Greets, goes over to TLS and logs in. An outcome if it cannot go on."""
        settings, client = self._settings, self.client
        await client.ehlo()
        self.stage = "login"
        if not settings.tls and client.supports_extension("starttls"):
            await client.starttls()
            await client.ehlo()
        elif settings.user is not None and not settings.tls and not settings.is_local:
            return Outcome(OutcomeClass.MISCONFIGURED, code="no_tls", detail="it offers no TLS to log in over")
        if settings.user is not None:
            if not client.supports_extension("auth"):
                return Outcome(OutcomeClass.MISCONFIGURED, code="no_login", detail="it knows no login")
            await client.login(settings.user, settings.password)
        return None

    async def address(self, message: Message) -> list[tuple[str, Outcome]]:
        """Names sender and recipients; what was refused of the copies: they do not keep the mail from its reader."""
        self.stage = "sender"
        await self.client.mail(self._settings.mail_from)
        self.stage = "recipient"
        await self.client.rcpt(message.to)
        refused = []
        for copy in copies_of(message):
            try:
                await self.client.rcpt(copy)
            except SMTPResponseException as error:
                if error.code == HANGS_UP:
                    raise
                refused.append((copy, outcome_of_reply(self.stage, error.code, error.message)))
        return refused

    async def hand_over(self, mail: bytes) -> None:
        """From here on a loss leaves it in doubt. Every 2xx is an acceptance."""
        self.stage = "text"
        try:
            await self.client.data(mail)
        except SMTPResponseException as error:
            if error.code // 100 != TAKEN:
                raise


def _fault(error: Exception, talk: _Talk) -> TransportFault:
    """The transport's words, as for HTTP."""
    if talk.stage == "connect" and has_no_socket(error):
        return TransportFault(NO_SOCKET, maybe_sent=False, is_ours=True)
    if isinstance(error, TimeoutError) and not talk.had_time:
        return TransportFault("busy", maybe_sent=False, is_ours=True)
    return TransportFault(_code_of(error, talk.stage), maybe_sent=talk.stage == "text")


def _code_of(error: Exception, stage: str) -> str:
    causes = (error, error.__cause__, error.__context__)
    for kind, code in ((socket.gaierror, "dns"), (ssl.SSLError, "tls")):
        if any(isinstance(cause, kind) for cause in causes):
            return code
    if isinstance(error, TimeoutError):
        return "connect_timeout" if stage == "connect" else "read_timeout"
    if any(isinstance(cause, ConnectionRefusedError) for cause in causes):
        return "refused"
    return "disconnected"


def message_id(message: Message, settings: SmtpSettings) -> str:
    """`<attempt@sender's domain>`: the same however often it is asked for."""
    return f"<{message.attempt_id}@{_domain_of(settings.mail_from)}>"


def _domain_of(address: str) -> str:
    return address.rpartition("@")[2]
