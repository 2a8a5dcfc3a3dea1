"""A survey is asked by a person; a low score holds the customer until somebody has looked into it."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from domain import facts
from domain.event import EventError
from domain.ids import CustomerId, StepId, UnitId
from domain.internal_task import InternalTask
from domain.levels import Channel, Level
from domain.plan import plan
from domain.read_event import read_event
from tests.content_factories import LANGUAGES, a_content, text_of
from tests.domain_factories import (
    FIRST,
    a_past_reminder,
    a_policy,
    a_step,
    an_account,
    codes,
    issued,
    late_morning,
)
from tests.factories import Json, event

C1, OTHER = CustomerId("C-1"), CustomerId("C-2")
NOW = late_morning(3)
TODAY, LATER = date(2026, 12, 5), date(2026, 12, 9)
TO_LOOK_INTO = InternalTask("reply", StepId("low_score"), (UnitId("t-1"),))


def answered(score: int, customer: CustomerId = C1, name: str = "t-1") -> facts.TaskClosed:
    return facts.TaskClosed(customer, name, "survey", StepId("ask"), (), 0, "answered", TODAY, score=score)


def looked_into(name: str = "t-1") -> facts.TaskClosed:
    return facts.TaskClosed(C1, f"r-{name}", "reply", StepId("low_score"), (UnitId(name),), 0, "done", LATER)


def test_a_survey_is_a_persons_step_and_needs_no_address() -> None:
    policy = a_policy(a_step("ask", 1, Level.COURTEOUS, Channel.SURVEY))
    account = an_account(issued())
    account = replace(account, seller=replace(account.seller, channels=frozenset(Channel)))
    found = plan(account, policy, NOW).reminder
    assert found is not None
    assert (found.routes[0].channel, found.routes[0].to) == (Channel.SURVEY, "")


@pytest.mark.parametrize("score", [1, 6])
def test_a_low_score_holds_and_is_a_task(score: int) -> None:
    found = plan(an_account(issued(), answered(score)), a_policy(FIRST), NOW)
    assert (found.reminder, found.again_at, found.tasks) == (None, None, (TO_LOOK_INTO,))
    [reason] = found.reasons
    assert reason.as_dict() == {"code": "low_score", "facts": {"task": "t-1", "score": score}}


@pytest.mark.parametrize("score", [7, 10])
def test_a_good_one_holds_nothing(score: int) -> None:
    found = plan(an_account(issued(), answered(score)), a_policy(FIRST), NOW)
    assert (found.tasks, "low_score" in codes(found.reasons)) == ((), False)


def test_it_holds_until_a_person_has_looked_into_it_and_then_until_the_date_that_was_given() -> None:
    account = an_account(issued(), answered(3), answered(4, name="t-2"), looked_into())
    still = plan(account, a_policy(FIRST), NOW)
    assert (codes(still.reasons), [task.units for task in still.tasks]) == (["low_score"], [("t-2",)])
    found = plan(an_account(issued(), answered(3), looked_into()), a_policy(FIRST), NOW)
    assert (codes(found.reasons)[0], found.tasks) == ("waits_for_date", ())


def test_the_last_word_about_a_survey_counts() -> None:
    assert an_account(issued(), answered(3), answered(8)).low_scores == ()
    assert [one.score for one in an_account(issued(), answered(8), answered(3)).low_scores] == [3]


def test_what_was_looked_into_once_does_not_hold_again() -> None:
    assert an_account(issued(), answered(3), looked_into(), answered(2)).low_scores == ()


def test_another_customers_score_holds_nobody() -> None:
    assert an_account(issued(), answered(1, OTHER)).low_scores == ()


def test_an_open_reminder_is_withdrawn() -> None:
    past = a_past_reminder(late_morning(2), state="open", retry_at=NOW)
    found = plan(an_account(issued(), answered(2), history=(past,)), a_policy(FIRST), NOW)
    assert (found.reminder, found.gives_up, found.tasks) == (None, (past.id, "withdrawn"), (TO_LOOK_INTO,))


def test_it_is_looked_into_even_when_nothing_is_owed() -> None:
    found = plan(an_account(answered(2)), a_policy(FIRST), NOW)
    assert (codes(found.reasons), found.tasks) == (["nothing_owed"], (TO_LOOK_INTO,))


def closing(**changes: Any) -> Json:
    usual: Json = {"customer_id": "C-1", "task_id": "t-1", "kind": "survey", "outcome": "answered", "score": 7}
    return event("task.closed", {**usual, "next_on": "2026-12-05", **changes})


@pytest.mark.parametrize("score", [1, 10])
def test_a_score_is_read(score: int) -> None:
    body = read_event(closing(score=score)).body
    assert isinstance(body, facts.TaskClosed)
    assert (body.kind, body.outcome, body.score) == ("survey", "answered", score)


def test_a_survey_may_end_as_a_visit_does_and_has_no_score_then() -> None:
    body = read_event(closing(outcome="promised", score=None)).body
    assert isinstance(body, facts.TaskClosed)
    assert (body.outcome, body.score) == ("promised", None)


@pytest.mark.parametrize(
    ("change", "field", "told"),
    [
        ({"score": 0}, "data.score", "0 is not a score; write a whole number from 1 to 10"),
        ({"score": 11}, "data.score", "11 is not a score"),
        ({"score": True}, "data.score", "true is not a score"),
        ({"score": "7"}, "data.score", '"7" is not a score'),
        ({"score": 7.5}, "data.score", "7.5 is not a score"),
        ({"score": None}, "data.score", "is required"),
        ({"outcome": "done"}, "data.score", "goes with the outcome answered alone"),
        ({"kind": "visit"}, "data.outcome", "not an outcome of visit"),
    ],
)
def test_a_score_that_cannot_be_is_refused(change: dict[str, Any], field: str, told: str) -> None:
    with pytest.raises(EventError) as refused:
        read_event(closing(**change))
    assert refused.value.field == field
    assert told in refused.value.problem


@pytest.mark.parametrize("language", LANGUAGES)
def test_its_sheet_asks_for_a_score_and_not_for_money(language: str) -> None:
    text = text_of(a_content(channel=Channel.SURVEY, language=language))
    wanted = {"fr": "De 1 (à revoir) à 10 (parfait), quelle note", "en": "from 1 (poor) to 10 (perfect)?"}
    unwanted = {"fr": "À quelle date pouvons-nous compter", "en": "When can we expect the payment"}
    assert wanted[language] in text
    assert unwanted[language] not in text
