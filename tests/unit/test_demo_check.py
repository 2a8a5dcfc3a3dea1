"""The demo's judge: it says what is missing, what is wrong, and what should never have gone out."""

from datetime import UTC, datetime
from typing import Any

import pytest

from cli.demo_check import Seen, problems_of, strays_of
from cli.sample_book import Bill, Contact, SampleCustomer, Silence
from domain.ids import AccountKey, CustomerId, SellerId
from store.log import LogRow
from store.overview import AccountView
from store.worklist import TaskRow

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)


def sample(expected: Contact | Silence) -> SampleCustomer:
    return SampleCustomer("C-01", {"name": "Martin"}, "", (Bill(3, "1.00"), Bill(4, "2.00")), expected)


BY_EMAIL = sample(Contact("email", (0, 1), "a@example.com"))
DISPUTED = sample(Silence("unit_disputed"))
UNREACHABLE = sample(Silence("no_usable_channel", "repair"))


def row(**changes: Any) -> LogRow:
    values: dict[str, Any] = dict.fromkeys(LogRow.__dataclass_fields__, "") | {
        "at": NOW,
        "customer": "C-01",
        "invoices": ("F-01-2", "F-01-1"),
        "channel": "email",
        "state": "delivered",
        "cc": (),
        "message": {},
    }
    return LogRow(**(values | changes))


def seen(*rows: LogRow, codes: tuple[str, ...] = (), tasks: tuple[str, ...] = ()) -> Seen:
    plan = {"reasons": [{"code": code, "facts": {}} for code in codes]}
    account = AccountView(AccountKey(1), SellerId("default"), CustomerId("C-01"), "Martin", None, plan)
    return Seen(rows, {"C-01": account}, [opened(kind) for kind in tasks])


def opened(kind: str) -> TaskRow:
    values: dict[str, Any] = dict.fromkeys(TaskRow.__dataclass_fields__, "")
    return TaskRow(**(values | {"customer": "C-01", "kind": kind, "opened_at": NOW}))


@pytest.mark.parametrize(
    ("customer", "found"),
    [
        (BY_EMAIL, seen(row())),
        (BY_EMAIL, seen(row(state="read"))),
        (BY_EMAIL, seen(row(state="refused", error_class="not_begun", error_code="too_late"), row())),
        (DISPUTED, seen(codes=("step_later", "unit_disputed"))),
        (UNREACHABLE, seen(codes=("no_usable_channel",), tasks=("repair",))),
    ],
)
def test_what_is_as_expected_is_no_problem(customer: SampleCustomer, found: Seen) -> None:
    assert problems_of([customer], found) == []


@pytest.mark.parametrize(
    ("customer", "found", "told"),
    [
        (BY_EMAIL, seen(codes=("gap",)), "one email about 2 expected, 0 contacts made (none); the plan says gap"),
        (BY_EMAIL, seen(row(), row()), "2 contacts made (email delivered; email delivered)"),
        (BY_EMAIL, seen(row(state="accepted")), "but it is email about F-01-2, F-01-1, accepted"),
        (BY_EMAIL, seen(row(channel="sms")), "but it is sms"),
        (BY_EMAIL, seen(row(invoices=("F-01-1",))), "but it is email about F-01-1, delivered"),
        (DISPUTED, seen(row()), "nothing expected because of unit_disputed, but email went out (delivered)"),
        (DISPUTED, seen(codes=("gap",)), "but the plan says gap"),
        (UNREACHABLE, seen(codes=("no_usable_channel",)), "but there is no repair task"),
    ],
)
def test_what_differs_is_told_with_the_customer(customer: SampleCustomer, found: Seen, told: str) -> None:
    (line,) = problems_of([customer], found)
    assert line.startswith("C-01 Martin: ")
    assert told in line


@pytest.mark.parametrize(
    ("received", "told"),
    [
        (["a@example.com"], []),
        ([], ["a@example.com: 0 messages arrived, 1 expected"]),
        (["a@example.com", "a@example.com"], ["a@example.com: 2 messages arrived, 1 expected"]),
        (["a@example.com", "b@example.com"], ["b@example.com: 1 messages arrived, 0 expected"]),
    ],
)
def test_what_people_received_is_counted_apart_from_what_we_believe(received: list[str], told: list[str]) -> None:
    call = sample(Contact("phone", (0,), "+33639980001"))
    assert strays_of([BY_EMAIL, DISPUTED, call], [{"to": to} for to in received]) == told


def test_a_whatsapp_number_is_compared_without_its_prefix() -> None:
    customer = sample(Contact("whatsapp", (0,), "+33639980003"))
    assert strays_of([customer], [{"to": "whatsapp:+33639980003"}]) == []
