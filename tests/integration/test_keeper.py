"""Many posts in one transaction: what one of them breaks, what a database that is away costs, who hangs up."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest
import sqlalchemy as sa

from config.wiring import Services
from domain.outcomes import AttemptState, Receipt
from store.engine import Unavailable, make_engine
from web.keeper import Keeper
from web.limits import Door

MANY = 12


def receipt(key: str) -> tuple[Receipt, bytes]:
    return Receipt(key=key, word="delivered", state=AttemptState.DELIVERED), b"{}"


async def all_at_once(keeper: Keeper, keys: Sequence[str]) -> list[BaseException | None]:
    return await asyncio.gather(*(keeper.keep("twilio", [receipt(key)]) for key in keys), return_exceptions=True)


def stored(services: Services) -> list[str]:
    with services.engine.connect() as connection:
        return list(connection.execute(sa.text("SELECT key FROM receipts ORDER BY key")).scalars())


def test_a_database_that_is_away_is_asked_once_for_all(services: Services) -> None:
    """Asked for each alone, with seconds to wait for each, it would keep them waiting long after it is back."""
    away = make_engine("postgresql://127.0.0.1:1/nobody")
    asked = []
    sa.event.listen(away, "do_connect", lambda *_: asked.append(1))
    keeper = Keeper(replace(services, engine=away), Door(), lambda _: None)
    answers = asyncio.run(all_at_once(keeper, [f"k{number}" for number in range(MANY)]))
    assert all(isinstance(answer, Unavailable) for answer in answers)
    assert len(asked) == 1
    assert stored(services) == []


@pytest.mark.parametrize("place", [0, 5, MANY - 1])
def test_what_one_post_breaks_is_its_own(services: Services, place: int) -> None:
    told: list[int] = []
    keys = [f"k{number:02}" for number in range(MANY)]
    broken = "not to be stored: \0"
    answers = asyncio.run(
        all_at_once(Keeper(services, Door(), told.extend), [*keys[:place], broken, *keys[place:]]),
    )
    assert [answer is None for answer in answers] == [at != place for at in range(MANY + 1)]
    assert stored(services) == keys
    assert len(told) == MANY


def test_who_hangs_up_takes_nobody_along(services: Services) -> None:
    async def hang_up() -> None:
        keeper = Keeper(services, Door(), lambda _: None)
        first, second, third = (asyncio.create_task(keeper.keep("twilio", [receipt(key)])) for key in "abc")
        await asyncio.sleep(0)
        first.cancel()
        second.cancel()
        await third

    asyncio.run(hang_up())
    assert stored(services) == ["a", "b", "c"]
