"""What is foreseen is what goes out if nothing else happens."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given

from domain.foresee import foresee
from domain.plan import plan
from tests.property.journeys import World, journey, worlds

AHEAD = timedelta(days=120)


@given(worlds())
def test_the_first_is_what_plan_says_when_its_time_has_come(world: World) -> None:
    world = _fed(world)
    for one in foresee(world.account(), world.policy, world.start, world.start + AHEAD)[:1]:
        assert plan(world.account(), world.policy, one.send_at).reminder == one


@given(worlds())
def test_what_is_foreseen_is_what_a_journey_without_troubles_meets(world: World) -> None:
    world = _fed(replace(world, answers=(), talks=(), decisions=(), scores=()))
    until = world.start + AHEAD
    met = [one.leaves for one in journey(world, most=600) if one.leaves is not None and one.now <= until]
    assert list(foresee(world.account(), world.policy, world.start, until)) == met


def _fed(world: World) -> World:
    """Its payment feed never grows old, and nobody will hear of other customers: a forecast does not know of that."""
    known = replace(world.until(world.start), to_come=())
    return replace(known, policy=replace(world.policy, freshness_days=None))
