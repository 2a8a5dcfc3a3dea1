"""What planning promises of itself: the same answer again, until something changes, and an end."""

import json
from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from domain.fold import fold
from domain.plan import plan
from domain.reasons import Code
from tests.property.journeys import World, journey, worlds


@given(worlds(), st.data())
def test_the_same_question_has_the_same_answer_in_whatever_order_facts_came(
    world: World, data: st.DataObject
) -> None:
    for moment in journey(world, most=12):
        shuffled = data.draw(st.permutations(moment.world.found))
        found = fold(
            moment.account.customer.id, shuffled, world.seller, moment.account.history[::-1], world.suppressed
        )
        found = replace(found, elsewhere=moment.account.elsewhere[::-1])
        assert plan(moment.account, world.policy, moment.now) == moment.plan
        assert plan(found, world.policy, moment.now) == moment.plan


@given(worlds(), st.lists(st.integers(1, 999), min_size=3, max_size=3))
def test_nothing_changes_before_again_at_unless_a_fact_arrives(world: World, permilles: list[int]) -> None:
    """Tasks are opened when they are first seen: only a new one would be a change.

    At the very instant at which it was to leave, the feed may have become too old: then it waits for the feed.
    """
    for moment in journey(world, most=25):
        found = moment.plan
        end = found.again_at or moment.now + timedelta(days=200)
        if found.reminder is not None:
            assert found.again_at is not None
            assert moment.now <= found.again_at <= found.reminder.send_at
        assert end > moment.now or moment.leaves is not None
        for permille in permilles:
            later = moment.now + permille * (end - moment.now) // 1000
            again = plan(moment.world.account(moment.history), world.policy, later)
            assert (again.reminder, again.gives_up) == (found.reminder, None)
            assert set(again.tasks) <= set(found.tasks)
        if found.reminder is not None and found.again_at == found.reminder.send_at:
            at_last = plan(moment.world.account(moment.history), world.policy, end)
            is_stale = any(reason.code is Code.FEED_STALE for reason in at_last.reasons)
            assert at_last.reminder == (None if is_stale else found.reminder)


@given(worlds())
def test_giving_up_is_what_is_planned_once_the_reminder_is_closed(world: World) -> None:
    for moment in journey(world, most=25):
        if moment.plan.gives_up is not None:
            again = plan(moment.world.account(moment.history), world.policy, moment.now)
            assert (again.reminder, again.gives_up) == (moment.plan.reminder, None)


@given(worlds())
def test_every_journey_comes_to_an_end(world: World) -> None:
    """Each step goes out once at most, so there is a last thing to do; nothing turns in circles."""
    assert len(list(journey(world, most=600))) < 600


@given(worlds())
def test_reasons_are_json_and_name_no_address(world: World) -> None:
    for moment in journey(world):
        assert moment.plan.reasons
        for reason in moment.plan.reasons:
            text = json.dumps(reason.as_dict())
            assert json.loads(text) == reason.as_dict()
            assert "@example.com" not in text
            assert "+336" not in text
