"""The difference between what comes and what would come."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.ids import CustomerId, SellerId
from workers.compare import changes
from workers.preview import Foreseen

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def coming(**changed: Any) -> Foreseen:
    usual: dict[str, Any] = {
        "at": NOON,
        "seller": SellerId("default"),
        "customer": CustomerId("C-1"),
        "name": "Bakery",
        "channel": "email",
        "step": "first",
        "level": "courteous",
        "tone": "courteous",
        "invoices": ("F-1",),
        "policy": "standard@1",
    }
    return Foreseen(**usual | changed)


def test_nothing_and_nothing_differ_in_nothing() -> None:
    assert changes([], []) == []


@pytest.mark.parametrize("same", [{"policy": "standard@2"}, {"at": NOON + timedelta(hours=2)}])
def test_another_version_or_minute_is_no_change(same: dict[str, Any]) -> None:
    assert [change.sign for change in changes([coming()], [coming(**same)])] == ["="]


@pytest.mark.parametrize(
    "other",
    [{"at": NOON + DAY}, {"channel": "sms"}, {"tone": "firm"}, {"step": "widen"}, {"invoices": ("F-1", "F-2")}],
)
def test_what_is_said_otherwise_or_on_another_day_is_one_change(other: dict[str, Any]) -> None:
    assert [change.sign for change in changes([coming()], [coming(**other)])] == ["~"]


def test_what_has_no_match_comes_or_no_longer_comes_in_the_order_of_time() -> None:
    gone, new = coming(at=NOON + DAY), coming(step="call", channel="phone")
    found = changes([gone], [new])
    assert [(change.sign, change.before, change.after) for change in found] == [("+", None, new), ("-", gone, None)]


def test_the_same_twice_is_matched_twice() -> None:
    assert [change.sign for change in changes([coming()], [coming(), coming()])] == ["=", "+"]
