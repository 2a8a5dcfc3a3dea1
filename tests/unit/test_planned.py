"""What a plan makes of the history that it was planned from."""

import pytest

from domain.ids import ReminderId
from domain.planned import Plan
from tests.domain_factories import KNOWN_AT, a_past_reminder


@pytest.mark.parametrize(
    ("gives_up", "states"),
    [
        (None, ["open", "done"]),
        ((ReminderId("r1"), "withdrawn"), ["withdrawn", "done"]),
        ((ReminderId("r1"), "failed"), ["failed", "done"]),
    ],
)
def test_only_what_it_gives_up_is_closed(gives_up: tuple[ReminderId, str] | None, states: list[str]) -> None:
    history = (
        a_past_reminder(KNOWN_AT, id=ReminderId("r1"), state="open"),
        a_past_reminder(KNOWN_AT, id=ReminderId("r2"), state="done"),
    )
    found = Plan(None, None, (), gives_up=gives_up).ended(history)
    assert [past.state for past in found] == states
