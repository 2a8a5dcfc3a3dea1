"""The one way out to the network: a pooled, timed HTTP client that says whether a failed call may have arrived.

`channels/twilio`, `channels/sendgrid` and `channels/documents` call it; nothing else imports aiohttp. It never
retries, never follows a redirect (a POST must not be posted twice) and never logs: it carries secrets and addresses.
"""

from __future__ import annotations

import asyncio
import errno
import socket
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Self

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

CONNECT_S = 3.0
READ_S = 10.0
KEEP_ALIVE_S = 15.0
"""Shorter than the minute that load balancers keep an idle connection: one that they have just closed would
turn a message into an unconfirmed one."""
POOL_SIZE = 256
"""More than a process calls at once: whoever waits for a connection uses up its time to connect."""
MAX_ANSWER_BYTES = 4 * 1024 * 1024
_CHUNK_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. `headers` are found in any case; `whole` is False when the body was cut (then it is empty).

    A cut body is not a fault: the status has arrived, and the status says what became of the message.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    whole: bool = True


class TransportFault(Exception):  # noqa: N818 - a fault of the line, told from an error of ours
    """The call ended without a status: `code` says how, `maybe_sent` whether the provider may have taken it.

    `is_ours`: our own machine could not begin it.
    """

    def __init__(self, code: str, *, maybe_sent: bool, is_ours: bool = False) -> None:
        super().__init__(code)
        self.code = code
        self.maybe_sent = maybe_sent
        self.is_ours = is_ours


class Transport:
    """A connection pool, made at the first call inside the running event loop (so: after a worker's fork).

    One pool serves one event loop for its life; the loop's owner awaits `close()` before the loop ends.
    """

    def __init__(self, *, connect_s: float = CONNECT_S, read_s: float = READ_S) -> None:
        # `connect` covers waiting for the pool, DNS, TCP and TLS, so `total` can only run out after sending.
        # The ceiling threshold stops aiohttp from rounding time-outs over 5 s up to whole seconds.
        self._timeout = aiohttp.ClientTimeout(
            total=connect_s + read_s, connect=connect_s, sock_connect=connect_s, sock_read=read_s, ceil_threshold=60
        )
        self._session: aiohttp.ClientSession | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def request(
        self, method: str, url: str, *, headers: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> Answer:
        """Calls once, within connect 3 s and 13 s in all. Raises `TransportFault` when no status came back."""
        session = self._session_here()
        try:
            async with session.request(method, url, headers=headers, data=body, allow_redirects=False) as response:
                read = await _read(response)
                return Answer(response.status, response.headers, read or b"", whole=read is not None)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise _fault(error) from error

    async def close(self) -> None:
        """Closes the pool; the next call opens a new one."""
        session, self._session, self._loop = self._session, None, None
        if session is not None:
            await session.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await self.close()

    def _session_here(self) -> aiohttp.ClientSession:
        loop = asyncio.get_running_loop()
        if self._session is None:
            # No cookies: what one seller's call is given must not travel with the next.
            self._session = aiohttp.ClientSession(
                timeout=self._timeout,
                cookie_jar=aiohttp.DummyCookieJar(),
                connector=aiohttp.TCPConnector(limit=POOL_SIZE, keepalive_timeout=KEEP_ALIVE_S),
            )
            self._loop = loop
        if loop is not self._loop:
            raise RuntimeError("a Transport belongs to the event loop of its first call: close it there first")
        return self._session


async def _read(response: aiohttp.ClientResponse) -> bytes | None:
    """The whole body, or None when it was cut, garbled, too slow or too long; the status stands all the same."""
    body = bytearray()
    try:
        async for chunk in response.content.iter_chunked(_CHUNK_BYTES):
            body += chunk
            if len(body) > MAX_ANSWER_BYTES:
                break
    except (aiohttp.ClientError, TimeoutError, OSError):
        body.clear()
        response.close()
        return None
    if len(body) > MAX_ANSWER_BYTES:
        response.close()
        return None
    return bytes(body)


_NOT_SENT: tuple[tuple[type[Exception], str], ...] = (
    (aiohttp.ClientConnectorDNSError, "dns"),
    (aiohttp.ClientSSLError, "tls"),
    (aiohttp.ClientConnectorError, "refused"),
    (aiohttp.ConnectionTimeoutError, "connect_timeout"),
    (aiohttp.InvalidURL, "bad_address"),
    (aiohttp.NonHttpUrlClientError, "bad_address"),
)
"""aiohttp's words for "no byte of the request has left", the special before the general."""

_MAYBE_SENT: tuple[tuple[type[Exception], str], ...] = (
    (TimeoutError, "read_timeout"),
    (aiohttp.ClientResponseError, "bad_answer"),
)
"""Everything else may have arrived: also a reset of a reused keep-alive connection, which looks the same whether
the provider closed it just before or just after reading the request."""


NO_SOCKET = "no_socket"
"""The code where our own machine has no socket left: neither who is called nor the name server has done anything."""

_NONE_LEFT = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EADDRNOTAVAIL})


def has_no_socket(error: BaseException) -> bool:
    """Whether opening a connection failed for want of a socket, whatever the library made of it.

    Once it is open the same numbers say nothing of what has left. A look-up of names fails with whatever its modules
    make of it (EINVAL, or an unknown name), so that what counts then is whether there is a socket now.
    Source: socket(2), connect(2), nss-mdns.
    """
    causes = [one for one in (error, error.__cause__, error.__context__) if isinstance(one, OSError)]
    return any(one.errno in _NONE_LEFT for one in causes) or (bool(causes) and not _has_socket())


def _has_socket() -> bool:
    try:
        socket.socket().close()
    except OSError as error:
        return error.errno not in _NONE_LEFT
    return True


def _fault(error: Exception) -> TransportFault:
    if isinstance(error, aiohttp.ClientConnectorError) and has_no_socket(error):
        return TransportFault(NO_SOCKET, maybe_sent=False, is_ours=True)
    for kind, code in _NOT_SENT:
        if isinstance(error, kind):
            return TransportFault(code, maybe_sent=False)
    for kind, code in _MAYBE_SENT:
        if isinstance(error, kind):
            return TransportFault(code, maybe_sent=True)
    return TransportFault("disconnected", maybe_sent=True)


# --- Fetching from strangers --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Fetched:
    """What came back from a stranger; `body` is None if it was longer than allowed."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes | None = field(repr=False)


class _Checked(AbstractResolver):
    """Resolves names to allowed addresses only.

    What is connected to is what was checked, and not what a second question to the name server would answer.
    """

    def __init__(self, allowed: Callable[[str], bool]) -> None:
        self._allowed = allowed

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """One address that is not allowed among them refuses the name."""
        ask = partial(socket.getaddrinfo, host, port, family, socket.SOCK_STREAM)
        found = [
            ResolveResult(
                hostname=host, host=str(at[0]), port=port, family=of, proto=proto, flags=socket.AI_NUMERICHOST
            )
            for of, _, proto, _, at in await asyncio.get_running_loop().run_in_executor(_NAME_THREADS, ask)
        ]
        if not all(self._allowed(one["host"]) for one in found):
            raise _PrivateAddressError
        return found

    async def close(self) -> None:
        """Nothing is held."""


_NAME_THREADS = ThreadPoolExecutor(10, "strangers-names")
"""A name server that stays silent holds a thread for as long as it likes: never one that our own work waits for."""


class _PrivateAddressError(OSError):
    """The name leads to where nobody may be called."""


class PublicGet:
    """Reads from addresses that strangers give, if `allowed` says so of every IP address behind the name."""

    def __init__(self, allowed: Callable[[str], bool], within_s: float) -> None:
        self._allowed = allowed
        self._session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=within_s, connect=min(CONNECT_S, within_s), ceil_threshold=60),
            cookie_jar=aiohttp.DummyCookieJar(),
            connector=aiohttp.TCPConnector(
                resolver=_Checked(allowed), use_dns_cache=False, force_close=True, socket_factory=self._socket_to
            ),
            auto_decompress=False,
        )

    def _socket_to(self, addr_info: aiohttp.AddrInfoType) -> socket.socket:
        """The last look, at what is really connected to: no resolver is asked about what is a number already.

        A number has more spellings than one can list (`127.1`, full-width digits).
        """
        family, kind, proto, _, address = addr_info
        if not self._allowed(str(address[0])):
            raise _PrivateAddressError
        return socket.socket(family=family, type=kind, proto=proto)

    async def get(self, url: str, most_bytes: int) -> Fetched:
        """Asks once and follows no redirect. Raises `TransportFault` when nothing came back."""
        try:
            async with self._session.get(url, allow_redirects=False, headers=_ASKS_PLAINLY) as response:
                body = bytearray()
                async for chunk in response.content.iter_chunked(_CHUNK_BYTES):
                    body += chunk
                    if len(body) > most_bytes:
                        return Fetched(response.status, response.headers, None)
                return Fetched(response.status, response.headers, bytes(body))
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            if any(isinstance(cause, _PrivateAddressError) for cause in (error, error.__cause__)):
                raise TransportFault("private_address", maybe_sent=False) from error
            raise _fault(error) from error

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await self._session.close()


_ASKS_PLAINLY = {"Accept": "application/pdf", "Accept-Encoding": "identity"}
