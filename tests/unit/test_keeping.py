"""How long a month is, and about which invoices nothing has to be kept."""

from datetime import UTC, datetime

import pytest

from domain.facts import Body, InvoiceCancelled, InvoicePaid
from domain.ids import InvoiceId
from domain.keeping import may_leave, month_start
from tests.domain_factories import DUE_ON, PARIS, an_account, issued

F_1, F_2 = InvoiceId("F-1"), InvoiceId("F-2")


@pytest.mark.parametrize(
    ("months", "start"),
    [
        (0, datetime(2026, 11, 1, tzinfo=UTC)),
        (1, datetime(2026, 12, 1, tzinfo=UTC)),
        (2, datetime(2027, 1, 1, tzinfo=UTC)),
        (-11, datetime(2025, 12, 1, tzinfo=UTC)),
        (-132, datetime(2015, 11, 1, tzinfo=UTC)),
    ],
)
def test_a_month_begins_on_its_first_day_in_utc(months: int, start: datetime) -> None:
    assert month_start(datetime(2026, 11, 24, 8, 30, tzinfo=UTC), months) == start


def test_the_first_hour_in_paris_is_still_the_month_before() -> None:
    at = datetime(2026, 12, 1, 0, 30, tzinfo=PARIS)
    assert month_start(at) == datetime(2026, 11, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("more", "may"),
    [
        ((), False),
        ((InvoicePaid(F_1, DUE_ON),), False),
        ((InvoicePaid(F_1, DUE_ON), InvoicePaid(F_2, DUE_ON)), True),
        ((InvoicePaid(F_1, DUE_ON), InvoiceCancelled(F_2, "by mistake")), True),
    ],
)
def test_what_was_written_stays_until_nothing_of_it_is_owed(more: tuple[Body, ...], may: bool) -> None:
    assert may_leave(an_account(issued("F-1"), issued("F-2"), *more), (F_1, F_2)) is may


def test_what_was_written_about_one_invoice_does_not_wait_for_another() -> None:
    assert may_leave(an_account(issued("F-1"), issued("F-2"), InvoicePaid(F_1, DUE_ON)), (F_1,))


def test_what_belongs_to_another_customer_by_now_is_kept() -> None:
    """Nobody here knows whether it is owed."""
    assert not may_leave(an_account(), (InvoiceId("F-9"),))
