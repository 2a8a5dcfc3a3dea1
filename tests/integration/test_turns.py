"""Sellers take turns: whoever has much due keeps nobody waiting who has little; and queues are kept short."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from domain.customer import Seller
from domain.ids import AccountKey, SellerId
from store import accounts, sellers
from store import due as store_due
from store.due import Room
from tests.pipeline import TUESDAY_0930, Pipeline
from workers.deliver import deliver
from workers.due import AHEAD, due
from workers.nudges import BATCH, IN_FLIGHT, Nudge


def fill(pipeline: Pipeline, seller: str, count: int, channel: str | None = "email", minutes_ago: int = 1) -> None:
    """So many accounts of a seller that are due."""
    with pipeline.services.engine.begin() as connection:
        sellers.ensure(connection, Seller(SellerId(seller)))
        connection.execute(
            sa.text(
                "INSERT INTO accounts (seller, customer_id, due_at, channel)"
                " SELECT :seller, :seller || n, CAST(:at AS timestamptz) + n * interval '1 microsecond', :channel"
                " FROM generate_series(1, :count) AS n"
            ),
            {
                "seller": seller,
                "count": count,
                "channel": channel,
                "at": TUESDAY_0930 - timedelta(minutes=minutes_ago),
            },
        )


def sellers_of(pipeline: Pipeline, nudges: list[Nudge]) -> dict[str, int]:
    """How many accounts of each seller were nudged."""
    keys = [key for nudge in nudges for key in nudge.ids]
    statement = sa.text("SELECT seller, count(*) AS accounts FROM accounts WHERE id = ANY(:keys) GROUP BY seller")
    with pipeline.services.engine.connect() as connection:
        return {row.seller: row.accounts for row in connection.execute(statement, {"keys": keys})}


def test_ten_of_one_seller_do_not_wait_for_the_thousands_of_another(pipeline: Pipeline) -> None:
    fill(pipeline, "big", 5_000, minutes_ago=60)
    fill(pipeline, "small", 10)
    assert sellers_of(pipeline, due(pipeline.services, TUESDAY_0930)) == {"big": 90, "small": 10}


def test_who_has_planning_due_does_not_wait_for_the_thousands_that_another_sellers_feed_releases(
    pipeline: Pipeline,
) -> None:
    fill(pipeline, "big", 5_000, channel=None)
    fill(pipeline, "small", 10, channel=None)
    with pipeline.services.engine.begin() as connection:
        connection.execute(
            sa.text("UPDATE accounts SET due_at = NULL, gated_as_of = :day WHERE seller = 'big'"),
            {"day": TUESDAY_0930 - timedelta(days=9)},
        )
        moved_on = sa.text("UPDATE sellers SET synced_as_of = :now WHERE id = 'big'")
        connection.execute(moved_on, {"now": TUESDAY_0930})
    found = sellers_of(pipeline, due(pipeline.services, TUESDAY_0930))
    assert found == {"big": AHEAD * BATCH - 10, "small": 10}


def test_sellers_share_the_room_evenly(pipeline: Pipeline) -> None:
    for seller in ("a", "b", "c", "d", "e"):
        fill(pipeline, seller, 100)
    found = sellers_of(pipeline, due(pipeline.services, TUESDAY_0930))
    assert found == dict.fromkeys(("a", "b", "c", "d", "e"), 20)


def test_where_sellers_are_more_than_there_is_room_nobody_is_always_the_last(pipeline: Pipeline) -> None:
    """Each has enough to fill its turn again and again."""
    for number in range(8):
        fill(pipeline, f"seller-{number}", 30)
    rooms = [Room("deliver.email", ("email",), 4)]
    seen: set[str] = set()
    for second in range(8):
        with pipeline.services.engine.begin() as connection:
            now = TUESDAY_0930 + timedelta(seconds=second)
            keys = store_due.nudge_due(connection, now, 30.0, rooms)["deliver.email"]
        found = sellers_of(pipeline, [Nudge("reminder.deliver", "deliver.email", tuple(keys))])
        assert set(found.values()) == {1}
        seen |= found.keys()
    assert len(seen) == 8


@pytest.mark.parametrize(("waiting", "given"), [(0, AHEAD * IN_FLIGHT), (1, IN_FLIGHT), (AHEAD, 0), (7, 0)])
def test_no_more_waits_in_a_queue_than_is_soon_taken_up(pipeline: Pipeline, waiting: int, given: int) -> None:
    fill(pipeline, "big", 1_000, "phone")
    nudges = due(pipeline.services, TUESDAY_0930, {"deliver.task": waiting})
    assert sum(len(nudge.ids) for nudge in nudges) == given


@pytest.mark.parametrize(("waiting", "given"), [(0, AHEAD * BATCH), (1, BATCH), (7, BATCH)])
def test_ticks_that_wait_in_the_same_queue_do_not_stop_the_planning(
    pipeline: Pipeline, waiting: int, given: int
) -> None:
    fill(pipeline, "big", 1_000, channel=None)
    nudges = due(pipeline.services, TUESDAY_0930, {"due": waiting})
    assert sum(len(nudge.ids) for nudge in nudges) == given


def test_each_queue_has_its_own_room(pipeline: Pipeline) -> None:
    for channel in ("email", "sms", "phone", "task"):
        fill(pipeline, f"by-{channel}", 300, channel)
    found = {nudge.queue: len(nudge.ids) for nudge in due(pipeline.services, TUESDAY_0930, {"deliver.email": AHEAD})}
    assert found == {"deliver.sms": 10, "deliver.task": IN_FLIGHT}
    only = due(pipeline.services, TUESDAY_0930, only="deliver.email")
    assert {nudge.queue for nudge in only} == {"deliver.email"}


def test_what_was_given_out_comes_again_only_when_it_was_let_go_or_lost(pipeline: Pipeline) -> None:
    fill(pipeline, "one", 3)
    rooms = [Room("deliver.email", ("email",), 50)]

    def given() -> list[AccountKey]:
        with pipeline.services.engine.begin() as connection:
            return store_due.nudge_due(connection, TUESDAY_0930, 30.0, rooms).get("deliver.email", [])

    first = given()
    assert (len(first), given()) == (3, [])
    with pipeline.services.engine.begin() as connection:
        store_due.let_go(connection, first[:1])
    assert given() == first[:1]
    with pipeline.services.engine.begin() as connection:
        connection.execute(sa.text("UPDATE accounts SET nudged_at = nudged_at - interval '31 seconds'"))
    assert sorted(given()) == sorted(first)


def test_what_is_not_due_by_the_clock_of_whoever_takes_it_up_is_given_out_again_at_once(pipeline: Pipeline) -> None:
    """Machines' clocks differ: the one that was asked to deliver is behind the one that looked for what is due."""
    fill(pipeline, "one", 3)
    behind = TUESDAY_0930 - timedelta(minutes=2)
    [first] = due(pipeline.services, TUESDAY_0930)
    keys = [AccountKey(key) for key in first.ids]
    assert deliver(pipeline.services, pipeline.runner, keys, first.queue, behind) == 0
    assert due(pipeline.services, behind) == []
    assert due(pipeline.services, TUESDAY_0930) == [first]


def test_letting_go_waits_for_nobody_who_holds_an_account(pipeline: Pipeline) -> None:
    """It locks in no order that others know, so that it must not wait: they could wait for it in turn."""
    fill(pipeline, "one", 2)
    rooms = [Room("deliver.email", ("email",), 50)]
    with pipeline.services.engine.begin() as connection:
        keys = store_due.nudge_due(connection, TUESDAY_0930, 30.0, rooms)["deliver.email"]
    with pipeline.services.engine.begin() as holder, pipeline.services.engine.begin() as here:
        accounts.lock(holder, keys[:1])
        here.exec_driver_sql("SET LOCAL lock_timeout = '50ms'")
        store_due.let_go(here, keys)
    with pipeline.services.engine.begin() as connection:
        assert store_due.nudge_due(connection, TUESDAY_0930, 30.0, rooms) == {"deliver.email": keys[1:]}


def test_each_account_that_is_due_is_given_out_once_and_none_is_left(pipeline: Pipeline) -> None:
    """Whatever its seller, its channel and its number: nobody else looks for those that are passed over."""
    for channel in ("email", "sms", None):
        for seller in ("a", "b", "c"):
            fill(pipeline, f"{seller}-{channel}", 40, channel)
    given: list[AccountKey] = []
    while nudges := due(pipeline.services, TUESDAY_0930):
        given += [AccountKey(key) for nudge in nudges for key in nudge.ids]
    with pipeline.services.engine.connect() as connection:
        everybody = connection.execute(sa.text("SELECT id FROM accounts ORDER BY id")).scalars().all()
    assert (len(everybody), sorted(given)) == (360, everybody)


def test_two_schedulers_never_give_out_the_same(pipeline: Pipeline) -> None:
    fill(pipeline, "one", 80)
    rooms = [Room("deliver.email", ("email",), 50)]
    engine = pipeline.services.engine
    with engine.begin() as here, engine.begin() as there:
        mine = store_due.nudge_due(here, TUESDAY_0930, 30.0, rooms)["deliver.email"]
        theirs = store_due.nudge_due(there, TUESDAY_0930, 30.0, rooms).get("deliver.email", [])
    assert len(mine) == 50
    assert not set(mine) & set(theirs)
