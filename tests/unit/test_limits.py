"""The edge's limits without a socket: shares of keys, the pace of bodies, who makes way in a full room."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import ExitStack
from typing import Any

import pytest
from fastapi import Request

from web import limits
from web.limits import GRACE_S, LEAST_BYTES, MOST_BYTES, PACE, Door, Place, Room, Shares
from web.refusals import Refusal, told, too_fast

Pieces = AsyncIterator[bytes]


def posted(pieces: Pieces, **headers: str) -> Request:
    """A request whose body comes as a test has it come."""

    async def receive() -> dict[str, Any]:
        body = await anext(pieces, None)
        return {"type": "http.request", "body": body or b"", "more_body": body is not None}

    named = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "method": "POST", "headers": named}, receive)


async def dribble(count: int = 1000, size: int = 1, every_s: float = 0.01) -> Pieces:
    for _ in range(count):
        yield b"a" * size
        await asyncio.sleep(every_s)


Ask = Callable[[], Request]


def small() -> Request:
    return posted(dribble(1), content_length="1")


def large() -> Request:
    return posted(dribble(1), content_length=str(MOST_BYTES))


def unannounced() -> Request:
    return posted(dribble(1))


async def read(request: Request, most: int = MOST_BYTES) -> bytes:
    with Room(2 * MOST_BYTES).enter(Place(request, most)) as place:
        return await place.read()


def test_a_key_may_send_at_its_rate_for_ever_and_what_it_saved_up_at_once() -> None:
    shares = Shares(per_s=10, saved_up_s=2)
    assert [shares.wait_s("a", 100.0) for _ in range(20)] == [0] * 20
    assert shares.wait_s("a", 100.0) == pytest.approx(0.1)
    assert shares.wait_s("a", 100.05) == pytest.approx(0.05)
    assert [shares.wait_s("a", 100.0 + count / 10) for count in range(1, 100)] == [0] * 99
    assert shares.wait_s("a", 109.9) > 0


def test_one_key_spends_nothing_of_anothers_share_and_saves_up_no_more_than_so_much() -> None:
    shares = Shares(per_s=8, saved_up_s=1)
    assert [shares.wait_s("a", 0.0) > 0 for _ in range(9)] == [False] * 8 + [True]
    assert [shares.wait_s("b", 0.0) > 0 for _ in range(9)] == [False] * 8 + [True]
    assert [shares.wait_s("a", 1000.0) > 0 for _ in range(9)] == [False] * 8 + [True]


def test_over_its_share_a_key_is_told_when_to_come_back() -> None:
    async def knock() -> Refusal:
        door = Door()
        with pytest.raises(Refusal) as refused:  # noqa: PT012 - which of them is refused, depends on the clock
            for _ in range(10_000):
                door.count("a")
        door.count("b")
        return refused.value

    refused = asyncio.run(knock())
    assert (refused.status, refused.headers) == (429, {"Retry-After": "1"})


def test_one_key_gets_half_of_the_room_and_the_others_get_in() -> None:
    async def crowd() -> Refusal:
        door = Door(most_known=4 * LEAST_BYTES)
        with ExitStack() as inside:
            for _ in range(2):
                inside.enter_context(door.enter("a", small()))
            with pytest.raises(Refusal) as refused:
                inside.enter_context(door.enter("a", small()))
            inside.enter_context(door.enter("b", small()))
        with door.enter("a", small()), door.enter("a", small()):
            return refused.value

    refused = asyncio.run(crowd())
    assert (refused.status, refused.headers) == (429, {"Retry-After": "1"})


@pytest.mark.parametrize(("first", "then"), [(small, small), (small, large), (large, small), (unannounced, small)])
def test_a_room_that_is_full_of_work_is_busy(first: Ask, then: Ask) -> None:
    """What announces no length may be of any."""

    async def crowd() -> Refusal:
        room = Room(LEAST_BYTES if first is small else MOST_BYTES)
        with room.enter(Place(first())), pytest.raises(Refusal) as refused, room.enter(Place(then())):
            pass
        with room.enter(Place(first())):
            return refused.value

    refused = asyncio.run(crowd())
    assert (refused.status, refused.headers) == (503, {"Retry-After": "1"})


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same rules in a tenth of the time: less, and a busy machine is told from a slow sender no more."""
    monkeypatch.setattr(limits, "GRACE_S", GRACE_S / 10)
    monkeypatch.setattr(limits, "PACE", PACE * 10)
    monkeypatch.setattr(limits, "MAKES_WAY_AFTER_S", limits.MAKES_WAY_AFTER_S / 10)


def refused_by(ask: Callable[[], Awaitable[bytes]]) -> Refusal:
    async def told() -> Refusal:
        with pytest.raises(Refusal) as refused:
            await ask()
        return refused.value

    return asyncio.run(told())


@pytest.mark.usefixtures("hurried")
def test_a_body_that_dribbles_is_refused_after_the_grace() -> None:
    refused = refused_by(lambda: read(posted(dribble())))
    assert (refused.status, refused.headers["Connection"]) == (408, "close")


@pytest.mark.usefixtures("hurried")
def test_a_body_that_keeps_its_pace_has_the_time_that_it_needs() -> None:
    """Three times the grace, and still at its pace."""
    body = asyncio.run(read(posted(dribble(15, MOST_BYTES // 20, 0.1))))
    assert len(body) == 15 * (MOST_BYTES // 20)


@pytest.mark.parametrize("headers", [{"content_length": str(MOST_BYTES + 1)}, {"content_length": "9" * 5000}, {}])
def test_a_body_that_is_too_large_is_refused_when_it_is_seen(headers: dict[str, str]) -> None:
    request = posted(dribble(20, MOST_BYTES // 10, 0), **headers)
    assert refused_by(lambda: read(request)).status == 413
    assert refused_by(lambda: read(posted(dribble(3, 10, 0)), 20)).status == 413


def test_in_a_full_room_the_slowest_makes_way_for_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "GRACE_S", 1.0)
    monkeypatch.setattr(limits, "PACE", PACE * 100)
    monkeypatch.setattr(limits, "MAKES_WAY_AFTER_S", 0.3)

    async def crowd() -> tuple[list[int], bytes]:
        room = Room(2 * MOST_BYTES)

        async def enter(pieces: Pieces) -> bytes:
            with room.enter(Place(posted(pieces))) as place:
                return await place.read()

        slow = [asyncio.create_task(enter(dribble())) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(Refusal):
            await enter(dribble(1, 5, 0))
        await asyncio.sleep(0.4)
        body = await enter(dribble(1, 5, 0))
        ended = await asyncio.gather(*slow, return_exceptions=True)
        with room.enter(Place(large())), room.enter(Place(large())):
            return [one.status for one in ended if isinstance(one, Refusal)], body

    assert asyncio.run(crowd()) == ([408, 408], b"aaaaa")


@pytest.mark.parametrize(
    ("language", "words"), [("fr", "Trop de demandes à la fois"), ("en-GB", "Too many requests at once")]
)
def test_a_browser_that_asks_too_often_is_told_in_its_readers_language(language: str, words: str) -> None:
    sent = [(b"accept", b"text/html"), (b"accept-language", language.encode())]
    scope = {"type": "http", "method": "GET", "path": "/customers", "query_string": b"", "headers": sent}
    refusal = too_fast(3)
    answer = told(Request(scope), refusal.status, {"error": refusal.error}, refusal.headers)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "3")
    assert f"<h1>{words}</h1>" in bytes(answer.body).decode()
