"""The one transport: what each fault of the line means, on a real socket."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from channels.http import Answer, Transport, TransportFault
from tests.no_sockets import no_sockets
from tests.scripted_server import Play, response, scripted

Call = Callable[[Transport, str], Awaitable[Answer]]


async def post(transport: Transport, url: str) -> Answer:
    return await transport.request("POST", f"{url}/send", headers={"X-Mine": "1"}, body=b"a=1")


def answer_to(*script: Play, call: Call = post, read_s: float = 0.3) -> Answer:
    """Play a script to one call, and return its answer."""

    async def main() -> Answer:
        async with scripted(*script) as server, Transport(connect_s=0.5, read_s=read_s) as transport:
            return await call(transport, server.url)

    return asyncio.run(main())


def fault_of(*script: Play) -> tuple[str, bool]:
    with pytest.raises(TransportFault) as raised:
        answer_to(*script)
    return raised.value.code, raised.value.maybe_sent


def fault_at(url: str) -> tuple[str, bool]:
    async def main() -> None:
        async with Transport(connect_s=0.5, read_s=0.3) as transport:
            await post(transport, url)

    with pytest.raises(TransportFault) as raised:
        asyncio.run(main())
    return raised.value.code, raised.value.maybe_sent


def test_an_answer_comes_back_with_status_headers_and_body() -> None:
    answer = answer_to(Play(response(201, b"hello", Retry_After="7")))

    assert (answer.status, answer.body, answer.whole) == (201, b"hello", True)
    assert answer.headers["retry-after"] == "7"


def test_a_refused_connection_was_not_sent() -> None:
    async def free_port() -> str:
        async with scripted() as server:
            return server.url

    assert fault_at(asyncio.run(free_port())) == ("refused", False)


def test_an_unknown_name_was_not_sent() -> None:
    assert fault_at("http://nowhere.invalid") == ("dns", False)


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "http://localhost:1", "https://nowhere.invalid"])
def test_a_machine_without_sockets_is_neither_refused_nor_looks_names_up(url: str) -> None:
    async def main() -> None:
        async with Transport(connect_s=0.5, read_s=0.3) as transport:
            with no_sockets():
                await post(transport, url)

    with pytest.raises(TransportFault) as raised:
        asyncio.run(main())
    fault = raised.value
    assert (fault.code, fault.maybe_sent, fault.is_ours) == ("no_socket", False, True)


@pytest.mark.parametrize("url", ["ftp://127.0.0.1", "no address"])
def test_an_address_that_is_none_was_not_sent(url: str) -> None:
    assert fault_at(url) == ("bad_address", False)


@pytest.mark.parametrize(
    ("greeting", "code"), [(None, "connect_timeout"), (b"I speak no TLS\r\n", "tls"), (b"", "refused")]
)
def test_a_connection_that_is_not_made_was_not_sent(greeting: bytes | None, code: str) -> None:
    """TLS is part of connecting; this server stays silent, speaks plainly, or hangs up."""

    async def greet(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if greeting is None:
            await asyncio.sleep(0.4)
        else:
            writer.write(greeting)
        writer.close()

    async def main() -> tuple[str, bool]:
        server = await asyncio.start_server(greet, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with server, Transport(connect_s=0.2, read_s=5) as transport:
            with pytest.raises(TransportFault) as raised:
                await post(transport, f"https://127.0.0.1:{port}")
            await asyncio.sleep(0.3)
        return raised.value.code, raised.value.maybe_sent

    assert asyncio.run(main()) == (code, False)


@pytest.mark.parametrize(
    ("play", "code"),
    [
        (Play(then="close"), "disconnected"),
        (Play(then="reset"), "disconnected"),
        (Play(then="hang"), "read_timeout"),
        (Play(b"HTTP/1.1 20", then="close"), "disconnected"),
        (Play(b"HTTP/1.1 20", then="hang"), "read_timeout"),
        (Play(b"I am no web server\r\n\r\n", then="close"), "bad_answer"),
    ],
)
def test_a_call_that_ends_without_a_status_may_have_been_sent(play: Play, code: str) -> None:
    assert fault_of(play) == (code, True)


@pytest.mark.parametrize("then", ["close", "reset", "hang"])
def test_the_status_stands_when_the_body_is_cut(then: str) -> None:
    """The provider has said what it did; that the rest of the sentence is lost changes nothing."""
    head = b"HTTP/1.1 202 OK\r\nX-Message-Id: X1\r\nContent-Length: 4096\r\n\r\nhalf"
    answer = answer_to(Play(head, then=then))  # type: ignore[arg-type] # one of the words

    assert (answer.status, answer.headers["X-Message-Id"], answer.body, answer.whole) == (202, "X1", b"", False)


def test_a_body_that_never_ends_is_cut_at_its_limit() -> None:
    head = b"HTTP/1.1 201 OK\r\nContent-Length: 5000000\r\n\r\n"
    answer = answer_to(Play(head + b"x" * 5_000_000))

    assert (answer.status, answer.body, answer.whole) == (201, b"", False)


def test_a_stale_kept_connection_may_have_been_sent_and_is_not_tried_again() -> None:
    """The provider may close an idle connection just after it read a request: the second POST must not go twice."""

    async def main() -> tuple[str, bool, int, int]:
        script = (Play(response(200)), Play(then="reset"), Play(response(200)))
        async with scripted(*script) as server, Transport(connect_s=0.5, read_s=0.3) as transport:
            await post(transport, server.url)
            with pytest.raises(TransportFault) as raised:
                await post(transport, server.url)
            return raised.value.code, raised.value.maybe_sent, len(server.requests), server.connections

    assert asyncio.run(main()) == ("disconnected", True, 2, 1)


def test_connections_are_kept_and_headers_are_not() -> None:
    async def main() -> tuple[int, list[bool]]:
        async with scripted(*[Play(response(200, Set_Cookie="a=b"))] * 3) as server, Transport() as transport:
            await post(transport, server.url)
            await transport.request("GET", server.url)
            await transport.request("GET", server.url, headers={"Other": "1"})
            return server.connections, [b"X-Mine" in one or b"a=b" in one for one in server.requests]

    assert asyncio.run(main()) == (1, [True, False, False])


def test_a_redirect_is_an_answer_and_not_followed() -> None:
    answer = answer_to(Play(response(307, Location="/elsewhere")))

    assert answer.status == 307


def test_a_slow_drip_ends_within_connect_plus_read() -> None:
    """A server that sends a byte now and then never runs into a read time-out; the total ends it."""

    async def drip(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while not writer.is_closing():
                writer.write(b"H")
                await writer.drain()
                await asyncio.sleep(0.05)
        except ConnectionError:
            pass
        finally:
            writer.close()

    async def main() -> tuple[bool, float]:
        loop, server = asyncio.get_running_loop(), await asyncio.start_server(drip, "127.0.0.1", 0)
        started = loop.time()
        async with Transport(connect_s=0.2, read_s=0.3) as transport:
            with pytest.raises(TransportFault) as raised:
                await post(transport, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        server.close()
        await asyncio.sleep(0.1)
        return raised.value.maybe_sent, loop.time() - started

    maybe_sent, seconds = asyncio.run(main())
    assert maybe_sent
    assert seconds < 2


def test_one_transport_serves_a_kept_runner_and_opens_again_after_close() -> None:
    """A worker process keeps one `asyncio.Runner`, made after the fork."""

    async def one(transport: Transport) -> int:
        async with scripted(Play(response(200))) as server:
            return (await post(transport, server.url)).status

    transport = Transport()
    with asyncio.Runner() as runner:
        assert [runner.run(one(transport)) for _ in range(2)] == [200, 200]
        runner.run(transport.close())
        runner.run(transport.close())
    with asyncio.Runner() as runner:
        assert runner.run(one(transport)) == 200
        runner.run(transport.close())


def test_a_second_event_loop_is_told_off() -> None:
    transport = Transport()
    first, second = asyncio.Runner(), asyncio.Runner()
    with first, second:

        async def call() -> None:
            async with scripted(Play(response(200))) as server:
                await post(transport, server.url)

        first.run(call())
        with pytest.raises(RuntimeError, match="belongs to the event loop"):
            second.run(call())
        first.run(transport.close())


def test_neither_answers_nor_faults_show_what_they_carry() -> None:
    answer = answer_to(Play(response(200, b"+33612345678", Token="hidden")))

    assert repr(answer) == "Answer(status=200, whole=True)"
    assert str(TransportFault("dns", maybe_sent=False)) == "dns"
