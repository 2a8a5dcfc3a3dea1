"""The summary of a policy diff names the steps and the words, not the texts."""

from dataclasses import replace

from domain.policy import Limits, Policy
from domain.policy_changes import changes_between
from tests.domain_factories import CALL, FIRST, WIDEN, a_policy, a_step


def told(old: Policy, new: Policy) -> list[str]:
    return [str(change) for change in changes_between(old, new)]


def test_the_same_policy_under_another_number_has_not_changed() -> None:
    assert told(a_policy(version=1), a_policy(version=2)) == []


def test_steps_are_gone_new_or_changed_by_their_words() -> None:
    old = a_policy(FIRST, CALL)
    new = a_policy(replace(FIRST, when=a_step("x", 3).when, approval=True), WIDEN)
    assert told(old, new) == ["step call: gone", "step first: when, approval", "step widen: new"]


def test_steps_in_another_order_are_told() -> None:
    assert told(a_policy(FIRST, CALL), a_policy(CALL, FIRST)) == ["steps: in another order"]


def test_all_else_is_told_by_the_words_of_the_file() -> None:
    new = a_policy(limits=Limits(min_gap_days=9), freshness_days=2, holidays=True)
    assert told(a_policy(), new) == ["also: holidays, limits, freshness"]


def test_programs_are_told_which_step_and_how() -> None:
    old, new = a_policy(FIRST, CALL), a_policy(replace(FIRST, approval=True), WIDEN, freshness_days=2)
    assert [(one.step, one.change, one.words) for one in changes_between(old, new)] == [
        ("call", "gone", ()),
        ("first", "changed", ("approval",)),
        ("widen", "new", ()),
        (None, "changed", ("freshness",)),
    ]
    [reordered] = changes_between(old, a_policy(CALL, FIRST))
    assert (reordered.step, reordered.change, reordered.words) == (None, "reordered", ())
