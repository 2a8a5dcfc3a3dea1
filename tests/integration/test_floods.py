"""Floods against a real web process: memory stays flat, `/healthz` answers, good senders are taken in.

What one machine can send in seconds: large bodies, bodies that dribble or never end, bombs, batches, strangers.
"""

import asyncio
import gzip
import io
import json
import socket
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import aiohttp
import psutil
import pytest

from domain.customer import Seller
from domain.ids import SellerId
from simulators.signing import sign_twilio
from store.sellers import add_key, ensure
from tests.command import start_relance
from tests.conftest import Servers
from tests.factories import event
from tests.services import SECRET_KEY, using_services
from tests.simulator_process import eventually
from tests.web_server import BATCH, BEARER, STRUCTURED, Web

EVENTS, STATUS = "/v1/events", "/callbacks/twilio/status"
MOST_GROWTH = 150 << 20
"""Bytes of resident memory. Bodies have 48 MiB, the one that is parsed takes 40 MiB at worst, and what waits outside
up to 256 KiB a connection, which is what is read at once."""
HEALTHY_WITHIN_S = 2.0
TOKEN = "a token that signs"
GOOD_KEY = "rk_" + "g" * 43
GOOD = {"Authorization": f"Bearer {GOOD_KEY}"}
SIGNED = {"webhook-id": "x", "webhook-timestamp": "1", "webhook-signature": "v1,AAAA"}
MEBIBYTE = 1 << 20
REFUSED = {408, 429, 503}
"""Told to come back: 408 for who made way, which on a slow machine may be anybody with a large body."""


@dataclass(frozen=True, slots=True)
class Flooded:
    """The process under the flood; requests are made from one event loop."""

    web: Web
    process: psutil.Process

    def flood(self, *requests: tuple[str, Mapping[str, str], Any], good: int = 20) -> Counter[int]:
        """Post everything at once, and good events beside it; how often which status was answered."""
        with self.calm():
            return asyncio.run(self._flood(requests, good))

    async def _flood(self, requests: Iterable[tuple[str, Mapping[str, str], Any]], good: int) -> Counter[int]:
        async with self.session() as session:
            *statuses, _ = await asyncio.gather(
                *(self.post(session, *each) for each in requests), self.send_good(session, good)
            )
        return Counter(status for status in statuses if status is not None)

    def session(self) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            f"http://127.0.0.1:{self.web.port}",
            connector=aiohttp.TCPConnector(limit=0),
            timeout=aiohttp.ClientTimeout(total=60),
        )

    async def post(self, session: aiohttp.ClientSession, path: str, headers: Mapping[str, str], body: Any) -> int:
        """The status; 0 where the connection ended before it could be read."""
        try:
            async with session.post(path, headers=headers, data=body() if callable(body) else body) as answer:
                await answer.read()
                if answer.status in REFUSED:
                    assert int(answer.headers["Retry-After"]) >= 1
                return answer.status
        except aiohttp.ClientError:
            return 0

    async def send_good(self, session: aiohttp.ClientSession, count: int) -> None:
        """Single events and reports, one after the other; who is told to come back does, and is taken in soon."""
        for number in range(count):
            body = json.dumps(paid(f"good-{time.monotonic_ns()}-{number}"))
            started = time.monotonic()
            while (status := await self.post(session, EVENTS, STRUCTURED | GOOD, body)) != 202:
                assert status in REFUSED
                assert time.monotonic() - started < 15
                await asyncio.sleep(1)
            while (status := await self.post(session, STATUS, *report(number))) != 204:
                assert status in REFUSED
                assert time.monotonic() - started < 15
                await asyncio.sleep(1)

    @contextmanager
    def calm(self) -> Iterator[None]:
        """While the block runs, memory and `/healthz` are watched."""
        before, over = self.process.memory_info().rss, threading.Event()
        grown, waited = [0], [0.0]

        def watch() -> None:
            while not over.wait(0.1):
                started = time.monotonic()
                assert self.web.get("/healthz").status == 200
                waited.append(time.monotonic() - started)
                grown.append(self.process.memory_info().rss - before)

        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            yield
        finally:
            over.set()
            watcher.join()
        assert max(grown) < MOST_GROWTH
        assert max(waited) < HEALTHY_WITHIN_S


def paid(name: str) -> dict[str, Any]:
    return event("invoice.paid", {"invoice_id": name, "paid_on": "2026-11-20"}, id=name)


def report(number: int) -> tuple[Mapping[str, str], bytes]:
    form = {"MessageSid": f"SM{time.monotonic_ns()}{number}", "MessageStatus": "delivered", "To": "+33612345678"}
    signature = sign_twilio(TOKEN, f"http://127.0.0.1:8080{STATUS}", form)
    headers = {"Content-Type": "application/x-www-form-urlencoded", "X-Twilio-Signature": signature}
    return headers, urlencode(form).encode()


@pytest.fixture(scope="module")
def flooded(
    servers: Servers, shared_database_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Flooded]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = int(listener.getsockname()[1])
    settings = {
        "database_url": shared_database_url,
        "redis_url": servers.redis.url,
        "secret_key": SECRET_KEY,
        "twilio_account_sid": "AC" + "0" * 32,
        "twilio_auth_token": TOKEN,
        "twilio_api_url": "http://127.0.0.1:9",  # nobody sends anything here
        "log_level": "error",
    }
    with using_services(**settings) as services, services.engine.begin() as connection:
        ensure(connection, Seller(SellerId("good")))
        add_key(connection, "good", GOOD_KEY, SellerId("good"))
    folder: Path = tmp_path_factory.mktemp("floods")
    process = start_relance("web", "--port", str(port), folder=folder, settings=settings)
    try:
        found = Flooded(Web(port), psutil.Process(process.pid))
        eventually(lambda: answers(found.web))
        found.flood(*[(EVENTS, STRUCTURED | BEARER, json.dumps(paid(f"warm-{n}"))) for n in range(50)])
        yield found
    finally:
        process.terminate()
        _, told = process.communicate(timeout=30)
    assert "Traceback" not in told
    assert "http.crashed" not in told


def answers(web: Web) -> bool:
    try:
        return web.get("/healthz").status == 200
    except OSError:
        return False


def test_two_hundred_mebibytes_at_once(flooded: Flooded) -> None:
    """Small when parsed, as large as JSON becomes, and signed by nobody."""
    small = json.dumps(paid("large")).encode().ljust(MEBIBYTE)
    large = b"[" + b",".join([b"1.1"] * (MEBIBYTE // 4 - 1)) + b"]"
    kinds = [(STRUCTURED | BEARER, small), (BATCH | BEARER, large), (STRUCTURED | SIGNED, small)]
    told = flooded.flood(*[(EVENTS, *kinds[number % 3]) for number in range(200)])
    assert set(told) <= {202, 401, 413} | REFUSED
    assert min(told[202], told[401], told[413]) > 0


@pytest.mark.parametrize("path", [EVENTS, STATUS, "/callbacks/sendgrid", "/login"])
def test_bodies_over_the_limit_with_and_without_a_length(flooded: Flooded, path: str) -> None:
    def announced() -> io.BytesIO:
        return io.BytesIO(b"a" * (4 << 20))

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(64):
            yield b"a" * 65_536

    told = flooded.flood(*[(path, STRUCTURED | BEARER, each) for each in [announced, endless] * 30], good=5)
    assert set(told) <= {0, 413} | REFUSED  # 0: refused while it was still sending
    assert told[413] > 0


@pytest.mark.parametrize("path", [EVENTS, STATUS, "/callbacks/sendgrid", "/login"])
def test_bombs_are_not_inflated(flooded: Flooded, path: str) -> None:
    bomb = gzip.compress(b" " * (64 << 20))
    told = flooded.flood(*[(path, STRUCTURED | BEARER | {"Content-Encoding": "gzip"}, bomb)] * 50, good=5)
    assert set(told) <= {415} | REFUSED
    assert told[415] > 0


def test_batches_of_five_hundred_in_parallel(flooded: Flooded) -> None:
    batches = [json.dumps([paid(f"{n}-{index}") for index in range(500)]) for n in range(40)]
    too_many = json.dumps([paid(f"many-{index}") for index in range(501)])
    told = flooded.flood(*[(EVENTS, BATCH | BEARER, each) for each in [*batches, too_many]])
    assert set(told) <= {202, 413} | REFUSED
    assert told[202] >= 20


def test_bodies_that_are_traps(flooded: Flooded) -> None:
    deep = (b"[" * 10_000 + b"]" * 10_000, b'{"a":' * 10_000 + b"1" + b"}" * 10_000, b"[" * MEBIBYTE)
    amounts = [
        json.dumps(
            event("payment.received", {"invoice_id": "F", "payment_id": "p", "amount": "X", "currency": "EUR"})
        )
        .replace('"X"', number)
        .encode()
        for number in ("1e999999999", "1e-999999999", "9" * 10**5, "1E+400")
    ]
    bodies = [*deep, *amounts] * 5
    told = flooded.flood(*[(EVENTS, media | BEARER, each) for each in bodies for media in (STRUCTURED, BATCH)])
    assert set(told) <= {400, 422} | REFUSED
    assert told[422] > 0
    assert told[400] > 0


def test_many_headers_and_long_ones(flooded: Flooded) -> None:
    many = {f"x-{number}": "a" * 20 for number in range(1500)}
    binary = {f"ce-{number}": "a" * 20 for number in range(1500)}
    body = json.dumps(paid("headers"))
    heads = [many, binary, {"x": "a" * 60_000}, {"x": "a" * 500_000}]
    told = flooded.flood(*[(EVENTS, STRUCTURED | BEARER | head, body) for head in heads] * 10)
    assert set(told) <= {0, 202, 400, 422, 431} | REFUSED


def test_wrong_keys_in_a_row(flooded: Flooded) -> None:
    body = json.dumps(paid("wrong"))
    wrong = [{"Authorization": f"Bearer rk_{number:043}"} for number in range(600)]
    told = flooded.flood(*[(EVENTS, STRUCTURED | each, body) for each in wrong])
    assert set(told) == {401}


def test_senders_that_dribble_keep_nobody_out(flooded: Flooded) -> None:
    """With a key of ours, with a signature, as a provider, without anything: more of them than there are places."""
    heads = [
        (EVENTS, STRUCTURED | BEARER),
        (EVENTS, STRUCTURED | SIGNED),
        (STATUS, {"Content-Type": "application/x-www-form-urlencoded", "X-Twilio-Signature": "AAAA"}),
        (EVENTS, STRUCTURED),
    ]

    async def dribble(path: str, headers: Mapping[str, str]) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", flooded.web.port)
        length = 50_000 if path == STATUS else MEBIBYTE
        lines = "\r\n".join(f"{name}: {value}" for name, value in headers.items())
        writer.write(f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n{lines}\r\n\r\n".encode())
        answer = asyncio.create_task(reader.readline())
        with suppress(OSError):
            while not answer.done():
                writer.write(b"a")
                await asyncio.wait([answer], timeout=0.2)
        writer.close()
        return await answer

    async def run() -> list[bytes]:
        async with AsyncExitStack() as stack:
            session = await stack.enter_async_context(flooded.session())
            dribblers = [asyncio.create_task(dribble(*head)) for head in heads * 75]
            await flooded.send_good(session, 10)
            return await asyncio.gather(*dribblers)

    with flooded.calm():
        told = Counter(int(line.split()[1]) for line in asyncio.run(run()))
    assert set(told) <= {401} | REFUSED
    assert told[401] == 75
    assert told[408] > 0
