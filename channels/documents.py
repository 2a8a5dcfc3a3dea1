"""Fetches the documents that mails attach, from the public internet alone. Called by `workers/enclose`.

Where a document is, strangers say (the events): so no address inside the house is ever called, whatever name or
number it hides behind, and nothing but a PDF of a bearable size comes back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import urljoin, urlsplit

from channels.http import Fetched, PublicGet, TransportFault

LONGEST_S = 5.0
"""For all documents of a batch together: what is not there by then is left out."""
MOST_BYTES = 5 * 1024 * 1024
MOST_AT_ONCE = 10
MOST_OF_BATCH = 100 * 1024 * 1024
"""What a process holds of documents at once."""
_MOST_REDIRECTS = 2
_MAGIC = b"%PDF-"
_KINDS = frozenset({"application/pdf", "application/x-pdf", "application/octet-stream", "binary/octet-stream"})
"""Stores of objects say of whatever they hold that it is bytes; the first of these tell what it is."""


@dataclass(frozen=True, slots=True)
class Found:
    """A document's bytes, or `why` there are none: `private_address`, `http_404`, `too_large`, `not_pdf`."""

    data: bytes | None = field(default=None, repr=False)
    why: str = ""


def is_public(address: str) -> bool:
    """Whether an IP address is one of the public internet, also by what it carries inside (IPv4 in IPv6)."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    return all(one.is_global and not one.is_multicast and not one.is_reserved for one in _inside(found))


_NAT64 = ip_address("64:ff9b::")


def _inside(address: IPv4Address | IPv6Address) -> list[IPv4Address | IPv6Address]:
    """The address, or the IPv4 addresses that an IPv6 one stands for."""
    if isinstance(address, IPv4Address):
        return [address]
    if address.ipv4_mapped is not None:
        return [address.ipv4_mapped]
    found: list[IPv4Address | IPv6Address] = [address]
    if address.sixtofour is not None:
        found.append(address.sixtofour)
    if address.teredo is not None:
        found += address.teredo
    if int(address) >> 32 == int(_NAT64) >> 32:
        found.append(IPv4Address(int(address) & 0xFFFFFFFF))
    return found


class Documents:
    """Fetches documents. `allowed` says which IP addresses may be called; a test has its own."""

    def __init__(self, allowed: Callable[[str], bool] = is_public, longest_s: float = LONGEST_S) -> None:
        self._allowed = allowed
        self._longest_s = longest_s

    async def fetch(self, urls: Collection[str]) -> Mapping[str, Found]:
        """Each once, all within five seconds; never raises for what is out there."""
        wanted = list(dict.fromkeys(urls))
        if not wanted:
            return {}
        found: dict[str, Found] = {}
        free = asyncio.Semaphore(MOST_AT_ONCE)

        async def one(get: PublicGet, url: str) -> None:
            async with free:
                if sum(len(each.data or b"") for each in found.values()) > MOST_OF_BATCH:
                    found[url] = Found(why="too_much_at_once")
                else:
                    found[url] = await _fetch(get, url)

        async with PublicGet(self._allowed, self._longest_s) as get:
            tasks = [asyncio.create_task(one(get, url)) for url in wanted]
            _, late = await asyncio.wait(tasks, timeout=self._longest_s)
            for task in late:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        return {url: found.get(url, Found(why="too_slow")) for url in wanted}


async def _fetch(get: PublicGet, url: str) -> Found:
    """Follows a redirect only within the same host, and never from https to http."""
    for _ in range(_MOST_REDIRECTS + 1):
        try:
            answer = await get.get(url, MOST_BYTES)
        except TransportFault as fault:
            return Found(why=fault.code)
        if answer.status not in _REDIRECTS:
            return _read(answer)
        there = urljoin(url, answer.headers.get("Location", ""))
        if not _is_same_house(url, there):
            return Found(why="redirected_away")
        url = there
    return Found(why="redirected_often")


_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_FINE = 200


def _is_same_house(here: str, there: str) -> bool:
    try:
        old, new = urlsplit(here), urlsplit(there)
    except ValueError:
        return False
    return old.hostname == new.hostname and new.scheme in {"https", old.scheme}


def _read(answer: Fetched) -> Found:
    if answer.status != _FINE:
        return Found(why=f"http_{answer.status}")
    if answer.body is None:
        return Found(why="too_large")
    kind = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind not in _KINDS or not answer.body.startswith(_MAGIC):
        return Found(why="not_pdf")
    return Found(answer.body)
