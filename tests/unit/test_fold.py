"""What facts mean together: whose they are, who says it last, and what an account is made of."""

from datetime import UTC, date, datetime, timedelta

import pytest

from domain import facts
from domain.fold import fold
from domain.ids import CustomerId, InvoiceId
from domain.levels import Channel
from domain.past import Suppressed
from tests.domain_factories import (
    DUE_ON,
    KNOWN_AT,
    a_contact,
    a_customer,
    a_fact,
    a_past_reminder,
    a_seller,
    an_account,
    days,
    euros,
    in_turn,
    issued,
    paris,
)

C1 = CustomerId("C-1")
F1 = InvoiceId("F-1")
ELSEWHERE = a_customer(id=CustomerId("C-2"), name="Elsewhere")
LATER = datetime(2026, 12, 24, tzinfo=UTC)


def test_no_facts_are_an_account_that_owes_nothing() -> None:
    account = fold(C1, [], a_seller())
    assert (account.customer.id, account.customer.name) == ("C-1", "C-1")
    assert (account.invoices, account.units, account.hold) == ((), (), None)


def test_facts_that_come_before_their_invoice_wait_for_it() -> None:
    paid = a_fact(facts.PaymentReceived(F1, "p1", euros(40), DUE_ON), 1)
    assert fold(C1, [paid], a_seller()).invoices == ()
    assert fold(C1, [paid, a_fact(issued(), 2)], a_seller()).units[0].balance == euros(60)


def test_an_event_counts_once_and_as_of_its_first_arrival() -> None:
    early, late = (a_fact(issued(), received_at=KNOWN_AT + timedelta(hours=hours)) for hours in (1, 5))
    account = fold(C1, [late, early, late], a_seller())
    assert [state.known_at for state in account.invoices] == [early.received_at]


def test_an_invoice_is_known_since_its_first_statement_arrived_whichever_that_is() -> None:
    second = a_fact(issued(), 9, received_at=KNOWN_AT)
    first = a_fact(issued(), 1, received_at=LATER)
    assert fold(C1, [first, second], a_seller()).invoices[0].known_at == KNOWN_AT


def test_the_last_statement_wins_by_time_then_sequence_then_id() -> None:
    at = KNOWN_AT
    stamps = [facts.Stamp(at, "2", "a"), facts.Stamp(at, "1", "b"), facts.Stamp(at, "2", "b")]
    found = [facts.Fact(stamp, at, issued(total=euros(n))) for n, stamp in enumerate(stamps, start=1)]
    assert fold(C1, [], a_seller()).units == ()
    winner = fold(C1, [replace_id(fact, n) for n, fact in enumerate(found)], a_seller())
    assert winner.units[0].balance == euros(3)


def replace_id(fact: facts.Fact, n: int) -> facts.Fact:
    """The same stamp under an event id of its own that keeps their order."""
    stamp = facts.Stamp(fact.stamp.time, fact.stamp.sequence, f"{fact.stamp.event_id}{n}")
    return facts.Fact(stamp, fact.received_at, fact.body)


def test_an_invoice_that_moves_to_another_customer_leaves_no_trace() -> None:
    found = in_turn(issued(), issued(customer=ELSEWHERE))
    assert fold(C1, found, a_seller()).invoices == ()
    assert [state.invoice.id for state in fold(ELSEWHERE.id, found, a_seller()).invoices] == [F1]


def test_a_customer_is_what_was_last_said_of_it() -> None:
    updated = facts.CustomerUpdated(a_customer(name="New", segment="vip", contacts=()))
    account = an_account(issued(), updated)
    assert (account.customer.name, account.customer.contacts) == ("New", ())


def test_what_an_invoice_leaves_out_about_its_customer_stays_as_it_was() -> None:
    updated = facts.CustomerUpdated(
        a_customer(kind="consumer", segment="vip", language="en", country="DE", preferred_channel=Channel.SMS)
    )
    account = an_account(updated, issued(customer=a_customer(name="New", contacts=())))
    assert account.customer.name == "New"
    assert account.customer.contacts == (a_contact(),)
    assert (account.customer.segment, account.language, account.place.country) == ("vip", "en", "DE")
    assert account.customer.kind == "consumer"


def test_another_customers_facts_change_nothing_here() -> None:
    held = facts.CustomerHeld(ELSEWHERE.id, "quiet", None)
    account = an_account(issued(), facts.CustomerUpdated(ELSEWHERE), held)
    assert (account.customer.name, account.hold) == ("Bakery", None)
    assert an_account(facts.CustomerHeld(C1, "quiet", None), facts.CustomerReleased(ELSEWHERE.id)).hold is not None


def test_a_hold_lasts_until_released() -> None:
    held = facts.CustomerHeld(C1, "talks", LATER)
    hold = an_account(issued(), held).hold
    assert hold is not None
    assert (hold.reason, hold.until) == ("talks", LATER)
    assert an_account(issued(), held, facts.CustomerReleased(C1)).hold is None


@pytest.mark.parametrize(
    ("zone", "ends_at"),
    [
        ("America/Los_Angeles", datetime(2026, 12, 25, 8, tzinfo=UTC)),
        ("Pacific/Auckland", datetime(2026, 12, 24, 11, tzinfo=UTC)),
        (None, datetime(2026, 12, 24, 23, tzinfo=UTC)),
    ],
)
def test_a_hold_to_a_date_lasts_to_its_end_where_the_customer_is(zone: str | None, ends_at: datetime) -> None:
    """It ended in UTC: in California at four in the afternoon, when offices are open."""
    held = facts.CustomerHeld(C1, "talks", None, until_on=date(2026, 12, 24))
    moved = facts.CustomerUpdated(a_customer(timezone=zone))
    for told in ((held, moved), (moved, held)):
        hold = an_account(issued(), *told).hold
        assert hold is not None
        assert hold.until == ends_at


def test_a_feeds_news_belongs_to_no_account() -> None:
    assert an_account(issued(), facts.PaymentsSynced(LATER)) == an_account()


def test_history_is_oldest_first_and_addresses_out_of_use_are_known_by_channel() -> None:
    newer, older = a_past_reminder(paris(days(9), 10)), a_past_reminder(paris(days(3), 10))
    gone = Suppressed(Channel.SMS, "+33612345678", "opt_out")
    account = an_account(history=(newer, older), suppressed=(gone,))
    assert account.history == (older, newer)
    assert account.suppressed == {(Channel.SMS, "+33612345678")}


def test_invoices_stand_in_the_order_of_their_due_dates() -> None:
    account = an_account(issued("F-3", due_on=days(3)), issued("F-2"), issued("F-1"))
    assert [state.invoice.id for state in account.invoices] == ["F-1", "F-2", "F-3"]
    assert account.state_of(InvoiceId("F-9")) is None
