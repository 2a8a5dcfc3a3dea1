"""Documents are fetched from the public internet alone, within limits, and are PDFs."""

import asyncio
import socket
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import pytest

from channels.documents import MOST_BYTES, Documents, Found, is_public
from tests.scripted_server import Play, Scripted, response, scripted

PDF = b"%PDF-1.7 an invoice"


def fetched(*script: Play, path: str = "/F-1.pdf", host: str = "") -> tuple[Found, Scripted]:
    """Fetch from a server of this machine, which is allowed here alone."""

    async def main() -> tuple[Found, Scripted]:
        async with scripted(*script) as server:
            url = (server.url.replace("127.0.0.1", host) if host else server.url) + path
            return (await Documents(lambda _: True, 0.5).fetch([url]))[url], server

    return asyncio.run(main())


def pdf(status: int = 200, body: bytes = PDF, kind: str = "application/pdf", **headers: str) -> Play:
    return Play(response(status, body, Content_Type=kind, **headers), then="close")


@pytest.mark.parametrize("kind", ["application/pdf", "application/octet-stream", "binary/octet-stream"])
def test_a_pdf_is_fetched(kind: str) -> None:
    found, server = fetched(pdf(kind=kind))

    assert found == Found(PDF)
    assert server.requests[0].startswith(b"GET /F-1.pdf HTTP/1.1")


@pytest.mark.parametrize(
    ("play", "why"),
    [
        (pdf(404), "http_404"),
        (pdf(500), "http_500"),
        (pdf(kind="text/html"), "not_pdf"),
        (pdf(body=b"<html>"), "not_pdf"),
        (pdf(body=b"<html>", kind="application/octet-stream"), "not_pdf"),
        (pdf(body=PDF + b"x" * MOST_BYTES), "too_large"),
        (Play(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n%PDF-", then="close"), "disconnected"),
        (Play(then="close"), "disconnected"),
        (Play(then="hang"), "read_timeout"),
        (pdf(302, Location="https://elsewhere.example/F-1.pdf"), "redirected_away"),
        (pdf(302, Location="file:///etc/passwd"), "redirected_away"),
        (pdf(302), "redirected_often"),
    ],
)
def test_what_cannot_be_had_is_said(play: Play, why: str) -> None:
    found, _ = fetched(play, play, play)

    assert found.data is None
    assert found.why in {why, "too_slow"} if why == "read_timeout" else found.why == why


def test_a_redirect_within_the_house_is_followed() -> None:
    found, server = fetched(pdf(302, Location="/there.pdf"), pdf())

    assert found == Found(PDF)
    assert server.requests[1].startswith(b"GET /there.pdf")


def told(urls: list[str], documents: Documents | None = None) -> Mapping[str, Found]:
    return asyncio.run((documents or Documents()).fetch(urls))


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "2130706433",
        "0x7f000001",
        "127.1",
        "0.0.0.0",  # noqa: S104 - it is called, not bound
        "10.1.2.3",
        "169.254.169.254",
        "192.168.0.1",
        "100.64.0.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[fe80::1]",
        "[fd00::1]",
        "\uff11\uff12\uff17.0.0.1",  # full-width digits
        "127\u30020\u30020\u30021",  # full stops as in Japanese
        "127.0.0.\u2460",
    ],
)
def test_no_address_inside_the_house_is_called(host: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.05)
        url = f"http://{host}:{server.getsockname()[1]}/F-1.pdf"

        assert told([url])[url].data is None
        assert told([url])[url].why in {"private_address", "bad_address"}
        with pytest.raises(TimeoutError):
            server.accept()


@pytest.mark.parametrize("url", ["ftp://example.com/x", "file:///etc/passwd", "nonsense", "http://", "http://[bad/"])
def test_what_is_no_web_address_is_not_fetched(url: str) -> None:
    found = told([url])[url]
    assert found.data is None
    assert found.why


@pytest.mark.parametrize(
    "address",
    ["64:ff9b::7f00:1", "2002:7f00:1::", "::ffff:10.0.0.1", "224.0.0.1", "ff02::1", "240.0.0.1", "fe80::1%eth0", "x"],
)
def test_numbers_that_hide_a_place_inside_are_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946", "::ffff:93.184.216.34"])
def test_numbers_of_the_internet_are(address: str) -> None:
    assert is_public(address)


def test_all_together_take_no_longer_than_one_may() -> None:
    async def main() -> tuple[Mapping[str, Found], float]:
        async with scripted(*[Play(then="hang")] * 30) as server:
            loop = asyncio.get_running_loop()
            began = loop.time()
            found = await Documents(lambda _: True, 0.3).fetch([f"{server.url}/{at}" for at in range(30)])
            return found, loop.time() - began

    found, took_s = asyncio.run(main())
    assert len(found) == 30
    assert not any(one.data for one in found.values())
    assert took_s < 1


def test_one_document_of_many_mails_is_fetched_once() -> None:
    async def main() -> int:
        async with scripted(pdf()) as server:
            await Documents(lambda _: True).fetch([server.url] * 5)
            return len(server.requests)

    assert asyncio.run(main()) == 1


def test_a_name_server_that_stays_silent_holds_up_nothing_but_its_own_document(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The database is asked in the loop's own threads between claim and call: these must stay free."""
    answers = threading.Event()

    def silent(*_: object, **__: object) -> list[object]:
        answers.wait(10)
        raise socket.gaierror

    async def main() -> None:
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(2))
        urls = [f"http://f{number}.example/F.pdf" for number in range(4)]
        found = await Documents(longest_s=0.2).fetch(urls)
        assert {one.why for one in found.values()} <= {"too_slow", "connect_timeout", "read_timeout"}
        async with asyncio.timeout(1):
            await asyncio.to_thread(int)

    monkeypatch.setattr(socket, "getaddrinfo", silent)
    try:
        asyncio.run(asyncio.wait_for(main(), 5))
    finally:
        answers.set()
