"""The steps of a policy: each fault is told once, and steps stand in the order of their moments."""

from typing import Any

import pytest

from channels.samples import LANGUAGES
from domain import read_ladder
from domain.policy import Step
from domain.read_policy import read_policy
from tests.factories import Json
from tests.policy_documents import document, faults_of, step


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"id": None}, "steps[0]: 'id' is missing"),
        ({"id": 1}, "steps[0].id: 1 is not a name"),
        ({"when": None}, "steps[0]: 'when' is missing"),
        (
            {"when": "due+"},
            'steps[0].when: "due+" is not a moment; write due, due - 5 days, due + 3 business',
        ),
        ({"when": "due + 2 weeks"}, 'steps[0].when: "due + 2 weeks" is not a moment'),
        ({"when": "previous"}, 'steps[0].when: "previous" is not a moment'),
        ({"when": "previous - 2 days"}, 'steps[0].when: "previous - 2 days" is not a moment'),
        ({"when": "previous + 2 business days"}, "steps[0].when: "),
        ({"when": "previous + 2 days"}, "steps[0].when: the first step has no previous one; count from due"),
        ({"when": "due + 99999 days"}, 'steps[0].when: "due + 99999 days" is more than 3650 days away'),
        ({"when": 5}, "steps[0].when: 5 is not a moment"),
        (
            {"level": "harsh"},
            "steps[0].level: unknown level 'harsh'; known are upcoming, courteous, firm",
        ),
        ({"channels": []}, "steps[0].channels: is empty; at least one is needed"),
        ({"channels": None}, "steps[0]: 'channels' is missing"),
        ({"channels": "email"}, 'steps[0].channels: "email" is not a list; write it in brackets, as in [email, sms]'),
        ({"channels": ["emial"]}, "steps[0].channels[0]: unknown channel 'emial'; did you mean 'email'?"),
        ({"channels": ["sms", "sms"]}, "steps[0].channels: names sms twice"),
        ({"to": ["payer"]}, "steps[0].to: unknown role"),
        ({"cc": ["boss"]}, "steps[0].cc[0]: unknown role 'boss'"),
        ({"attach": ["invoices"]}, "steps[0].attach[0]: unknown attachment 'invoices'; did you mean 'invoice'?"),
        ({"ask": ["why"]}, "steps[0].ask[0]: unknown question 'why'"),
        ({"approval": "no"}, 'steps[0].approval: "no" is not true or false'),
        ({"reason": ["a"]}, "steps[0].reason: a list is not a text"),
        ({"reason": {}}, "steps[0].reason: is in no language; write a sentence, or one for each of fr, en"),
        ({"reason": {"de": "Monatsende"}}, "steps[0].reason.de: unknown word 'de'; known are fr, en"),
        ({"reason": {"fr": "x" * 201}}, "steps[0].reason.fr: has 201 characters; at most 200 are taken"),
        ({"reason": {"fr": None}}, "steps[0].reason: is in no language"),
        ({"chanels": ["sms"]}, "steps[0].chanels: unknown word 'chanels'; did you mean 'channels'?"),
    ],
)
def test_a_fault_of_a_step_is_told_once_and_alone(changes: Json, expected: str) -> None:
    faults = faults_of(document(steps=[step(**changes)]))
    assert len(faults) == 1
    assert faults[0].startswith(expected)


@pytest.mark.parametrize(
    ("moments", "fault"),
    [
        (["due + 2 days", "due - 5 days"], 1),
        (["due", "previous + 9 days", "due + 8 days"], 2),
        (["due + 60 days", "due + 3 business days"], 1),
        (["due - 1 days", "due - 30 business days"], 1),
    ],
)
def test_steps_out_of_order_are_told(moments: list[str], fault: int) -> None:
    steps = [step(id=f"s{at}", when=when) for at, when in enumerate(moments)]
    assert faults_of(document(steps=steps)) == [
        f"steps[{fault}].when: comes before steps[{fault - 1}]; steps stand in the order of their moments"
    ]


@pytest.mark.parametrize(
    "moments",
    [
        ["due - 5 days", "due", "due + 1 day"],
        ["due + 2 days", "due + 2 days"],
        ["due - 3 business days", "due + 0 business days", "due + 5 business days", "due + 7 days"],
        ["due + 7 days", "due + 5 business days"],
    ],
)
def test_steps_that_may_be_in_order_pass(moments: list[str]) -> None:
    """Business days are more or fewer calendar days, by the due date; only what is never in order is a fault."""
    steps = [step(id=f"s{at}", when=when) for at, when in enumerate(moments)]
    assert len(read_policy(document(steps=steps)).steps) == len(moments)


def the_step(**changes: Any) -> Step:
    [one] = read_policy(document(steps=[step(**changes)])).steps
    return one


def test_a_reason_in_several_languages_is_said_in_each_of_them() -> None:
    one = the_step(reason={"en": "We close\nthe month.", "fr": "Nous clôturons le mois."})

    assert [one.reason_in("fr", is_own=own) for own in (True, False)] == ["Nous clôturons le mois."] * 2
    assert one.reason_in("en", is_own=False) == "We close the month."
    assert one == the_step(reason={"fr": "Nous clôturons le mois.", "en": "We close the month."})
    assert the_step(reason={"fr": "Nous clôturons le mois."}).reason_in("en", is_own=True) is None


def test_a_reason_in_one_sentence_is_in_the_sellers_language_alone() -> None:
    one = the_step(reason="Nous clôturons le mois.")

    assert one.reason == "Nous clôturons le mois."
    assert one.reason_in("fr", is_own=True) == "Nous clôturons le mois."
    assert one.reason_in("en", is_own=False) is None
    assert the_step().reason_in("fr", is_own=True) is None


def test_a_reason_may_be_in_the_languages_that_messages_are_in() -> None:
    assert read_ladder.LANGUAGES == LANGUAGES
