"""What is valid in a policy and cannot work: each rule with a fault planted for it, and none in what is shipped."""

from dataclasses import replace
from typing import Any

import pytest

from config.policy_files import doubts_about, load_policy, policy_names
from domain.levels import Channel, Level
from domain.policy import Limits, Offset, OffsetKind, Policy, Segment, Step
from domain.policy_lint import lint
from tests.domain_factories import (
    AGENCY,
    CALL,
    FIRST,
    HEADS_UP,
    LADDER,
    NO_LIMITS,
    NOTICE,
    OFFICE_HOURS,
    WIDEN,
    a_policy,
    a_step,
)

NEVER = ((),) * 7


def told(policy: Policy) -> list[str]:
    return [str(fault) for fault in lint(policy)]


def previous(name: str, days: int, **changes: Any) -> Step:
    return a_step(name, 0, when=Offset(OffsetKind.PREVIOUS, days), **changes)


def business(name: str, days: int, level: Level = Level.COURTEOUS) -> Step:
    return a_step(name, 0, level, when=Offset(OffsetKind.DUE_BUSINESS, days))


def with_segment(*steps: Step, **changes: Any) -> Policy:
    others = {"after_broken_promise": changes.pop("after_broken_promise", None)}
    return a_policy(*steps, segments={"vip": Segment(**changes)}, **others)


@pytest.mark.parametrize("name", policy_names())
def test_the_shipped_policies_have_no_faults(name: str) -> None:
    """The standard one is that of the design, to the letter: its `reliable` skips the step of a new cycle."""
    assert doubts_about(load_policy(name)) == ()


def test_the_usual_ladder_has_no_faults() -> None:
    assert told(a_policy()) == []


@pytest.mark.parametrize(
    "step",
    [
        replace(WIDEN, charges=True),
        a_step("widen", 20, Level.FIRM, Channel.SMS, charges=True),
    ],
)
def test_charges_that_no_message_may_name_are_told(step: Step) -> None:
    policy = a_policy(FIRST, step, replace(NOTICE, charges=True))
    problem = "'widen' never names charges: only formal and final steps do, by email or letter"
    assert told(policy) == [f"steps[1].charges: {problem}"]


def test_hours_of_a_channel_that_never_open_are_told_with_the_steps_that_need_them() -> None:
    policy = a_policy(hours={None: OFFICE_HOURS, Channel.PHONE: NEVER})
    assert told(policy) == ["hours.phone: no window ever opens, and there is 'call' over phone"]


def test_hours_of_all_channels_that_never_open_are_told() -> None:
    policy = a_policy(FIRST, CALL, hours={None: NEVER, Channel.PHONE: OFFICE_HOURS})
    assert told(policy) == ["hours.default: no window ever opens, and there is 'first' over email"]


def test_closed_hours_that_nobody_needs_are_no_fault_and_a_hand_off_needs_none() -> None:
    assert told(a_policy(FIRST, hours={None: OFFICE_HOURS, Channel.SMS: NEVER, Channel.TASK: NEVER})) == []
    assert (
        told(a_policy(FIRST, a_step("hand", 9, Level.FIRM, Channel.TASK), hours={Channel.EMAIL: OFFICE_HOURS})) == []
    )


def test_the_own_ladder_of_a_segment_needs_open_hours_too() -> None:
    policy = replace(with_segment(FIRST, steps=(CALL,)), hours={None: OFFICE_HOURS, Channel.PHONE: NEVER})
    assert told(policy) == ["hours.phone: no window ever opens, and there is 'call' over phone"]


def test_a_step_two_levels_above_all_before_it_is_never_reached_nor_what_stands_on_it() -> None:
    assert told(a_policy(FIRST, NOTICE, AGENCY)) == [
        "steps[1].level: 'notice' can never be reached: no step before it that can be had is firm or harder",
        "steps[2].level: 'agency' can never be reached: no step before it that can be had is formal or harder",
    ]


@pytest.mark.parametrize(
    "step",
    [a_step("late", 0, Level.UPCOMING), a_step("late", 1, Level.UPCOMING), business("late", 0, Level.UPCOMING)],
)
def test_an_upcoming_step_from_the_due_date_on_is_never_reached(step: Step) -> None:
    assert told(a_policy(step)) == [
        "steps[0].when: 'late' can never be reached: upcoming steps lapse on the due date, and it comes no earlier"
    ]


def test_an_upcoming_step_that_the_one_before_pushes_over_the_due_date_is_never_reached() -> None:
    found = told(a_policy(HEADS_UP, previous("again", 5, level=Level.UPCOMING)))
    assert [one.partition(":")[0] for one in found] == ["steps[1].when"]
    assert told(a_policy(HEADS_UP, previous("again", 4, level=Level.UPCOMING))) == []


def test_an_upcoming_step_a_business_day_before_the_due_date_is_reached() -> None:
    assert told(a_policy(business("soon", -1, Level.UPCOMING))) == []


def test_a_step_within_the_gap_after_another_is_late() -> None:
    assert told(a_policy(FIRST, a_step("again", 4))) == [
        "steps[1].when: 'again' comes a day late: limits.min_gap keeps contacts 3 days apart"
    ]
    assert told(a_policy(FIRST, previous("again", 1))) == [
        "steps[1].when: 'again' comes 2 days late: limits.min_gap keeps contacts 3 days apart"
    ]
    assert told(a_policy(FIRST, a_step("again", 5))) == []


def test_more_steps_within_a_week_or_a_month_than_the_caps_allow_are_late() -> None:
    three = [a_step("a", 1), a_step("b", 3), a_step("c", 5)]
    weekly = replace(NO_LIMITS, per_7_days=2)
    assert told(a_policy(*three, limits=weekly)) == [
        "steps[2].when: 'c' comes 3 days late: limits.per_7_days allows 2"
    ]
    monthly = replace(NO_LIMITS, per_30_days=2)
    assert told(a_policy(*three, limits=monthly)) == [
        "steps[2].when: 'c' comes 26 days late: limits.per_30_days allows 2"
    ]
    assert told(a_policy(*three, limits=NO_LIMITS)) == []


def test_hand_offs_and_steps_that_are_never_had_cost_no_budget() -> None:
    hand_off = a_step("hand", 3, Level.COURTEOUS, Channel.TASK)
    assert told(a_policy(FIRST, hand_off, a_step("again", 5))) == []
    found = told(a_policy(a_step("late", 0, Level.UPCOMING), FIRST, limits=Limits(min_gap_days=3)))
    assert [one.partition(":")[0] for one in found] == ["steps[0].when"]


def test_a_step_that_is_late_after_some_due_dates_only_is_none() -> None:
    """Two business days after a Friday are four days: of that, a policy's author has to think, not we."""
    assert told(a_policy(business("a", 2), a_step("b", 5))) == []
    assert told(a_policy(business("a", 2), a_step("b", 4))) != []


def test_a_step_lower_than_one_before_it_is_out_of_order() -> None:
    assert told(a_policy(FIRST, WIDEN, a_step("soft", 30))) == [
        "steps[2].level: 'soft' is courteous after 'widen', which is firm: a ladder only climbs"
    ]


def test_a_segment_that_skips_a_whole_level_cannot_reach_the_next() -> None:
    found = told(with_segment(skip=frozenset({"first", "call"})))
    assert found[0] == (
        "segments.vip: for these customers, 'widen' can never be reached: no step before it that can be had is"
        " courteous or harder"
    )
    assert len(found) == 3
    assert told(with_segment(skip=frozenset({"first"}))) == []


def test_an_offset_that_moves_a_heads_up_past_the_due_date_is_told() -> None:
    found = told(with_segment(offset_days=5))
    assert [one[:46] for one in found] == ["segments.vip: for these customers, 'heads-up' "]
    assert told(with_segment(offset_days=4)) == []


def test_what_is_wrong_for_all_is_not_told_again_for_each_segment() -> None:
    assert len(told(with_segment(FIRST, NOTICE, offset_days=1))) == 1


def test_a_segments_own_ladder_is_told_at_its_own_steps() -> None:
    found = told(with_segment(skip=frozenset({"first"}), steps=(FIRST, CALL, NOTICE)))
    assert [one.partition(":")[0] for one in found] == ["segments.vip.steps[2].level"]


def test_a_segment_without_the_step_of_a_new_cycle_or_one_before_it_starts_too_late() -> None:
    policy = with_segment(*LADDER[1:], skip=frozenset({"first"}), after_broken_promise="first")
    assert told(policy) == [
        "segments.vip.skip: skips 'first', at which after_broken_promise starts, and each step before it"
    ]


def test_a_new_cycle_may_start_at_a_milder_step_instead() -> None:
    assert told(with_segment(skip=frozenset({"call"}), after_broken_promise="call")) == []
    assert told(with_segment(skip=frozenset({"first"}), after_broken_promise="call")) == []
