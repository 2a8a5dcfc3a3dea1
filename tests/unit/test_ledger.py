"""What happens to one invoice: paid, paid back, credited, disputed, cancelled, stated again."""

from dataclasses import replace
from datetime import date

import pytest

from domain import facts
from domain.account import InvoiceState, Standing
from domain.facts import Body
from domain.ids import InvoiceId
from domain.money import Money
from tests.domain_factories import DUE_ON, a_fact, a_seller, an_account, days, euros, issued, paris

F1 = InvoiceId("F-1")


def paid(amount: int, name: str = "p1", day: int = 0) -> facts.PaymentReceived:
    return facts.PaymentReceived(F1, name, euros(amount), days(day))


def returned(amount: int, name: str = "p1", day: int = 0) -> facts.PaymentReversed:
    return facts.PaymentReversed(F1, name, euros(amount), days(day))


def again(amount: int) -> facts.PaymentReceived:
    """The same collection, presented a second time a week later."""
    return paid(amount, day=7)


def returned_again(amount: int) -> facts.PaymentReversed:
    return returned(amount, day=7)


def credited(amount: int, name: str = "c1") -> facts.CreditNoteIssued:
    return facts.CreditNoteIssued(F1, name, euros(amount))


def status(code: str) -> facts.EInvoiceStatusChanged:
    return facts.EInvoiceStatusChanged(F1, code)


ALL_PAID = facts.InvoicePaid(F1, DUE_ON)


def f1(*bodies: Body) -> InvoiceState:
    """F-1 of 100 euros after these facts."""
    state = an_account(issued(), *bodies).state_of(F1)
    assert state is not None
    return state


@pytest.mark.parametrize(
    ("bodies", "balance", "standing"),
    [
        ((), 100, Standing.OPEN),
        ((paid(30),), 70, Standing.OPEN),
        ((paid(30), paid(30)), 70, Standing.OPEN),
        ((paid(30), paid(30, "p2")), 40, Standing.OPEN),
        ((paid(30), credited(20)), 50, Standing.OPEN),
        ((credited(20), credited(20)), 80, Standing.OPEN),
        ((paid(100),), 0, Standing.PAID),
        ((paid(130),), 0, Standing.PAID),
        ((credited(130),), 0, Standing.PAID),
        ((ALL_PAID,), 0, Standing.PAID),
        ((status("212"),), 0, Standing.PAID),
        ((facts.InvoiceCancelled(F1, "typo"),), 0, Standing.CANCELLED),
        ((status("220"),), 0, Standing.CANCELLED),
        ((paid(100), facts.InvoiceCancelled(F1, "typo"), returned(100)), 0, Standing.CANCELLED),
        ((facts.InvoiceCancelled(F1, "typo"), issued()), 0, Standing.CANCELLED),
    ],
)
def test_a_balance_is_the_total_less_payments_and_credit_notes(
    bodies: tuple[Body, ...], balance: int, standing: Standing
) -> None:
    state = f1(*bodies)
    assert (state.balance, state.standing) == (euros(balance), standing)


@pytest.mark.parametrize(
    ("bodies", "balance"),
    [
        ((paid(100), returned(100)), 100),
        ((paid(100), returned(100), returned(100)), 100),
        ((paid(100), returned(60)), 60),
        ((paid(30), returned(30)), 100),
        ((paid(30), returned(80)), 100),
        ((paid(100), paid(100, "p2"), returned(100)), 0),
        ((ALL_PAID, returned(100)), 100),
        ((paid(40), ALL_PAID, returned(40)), 40),
    ],
)
def test_a_payment_that_goes_back_is_owed_again(bodies: tuple[Body, ...], balance: int) -> None:
    assert f1(*bodies).balance == euros(balance)


@pytest.mark.parametrize("bodies", [(ALL_PAID, paid(100)), (paid(100), ALL_PAID)])
def test_a_payment_that_is_told_of_twice_is_owed_again_when_it_goes_back(bodies: tuple[Body, ...]) -> None:
    """Billing systems send both, in any order: `invoice.paid` and the payment that it was paid with."""
    assert f1(*bodies, returned(100)).balance == euros(100)


def test_parts_told_of_after_the_whole_go_back_one_by_one() -> None:
    state = f1(ALL_PAID, paid(60), paid(40, "p2"), returned(40, "p2"))
    assert state.balance == euros(40)


@pytest.mark.parametrize(
    "bodies",
    [
        (paid(100), returned(100), again(100)),
        (paid(100), returned(30), again(100)),
        (ALL_PAID, returned(100), again(100)),
        (ALL_PAID, returned(30), again(100)),
        (returned(100), again(100)),
        (paid(100), returned(100), ALL_PAID, paid(100)),
        (paid(100), returned(100), ALL_PAID, again(100)),
        (paid(100), returned(100, day=5), paid(100, day=5)),
        (paid(100), returned(100), again(100), returned_again(100), paid(100, day=14)),
    ],
)
def test_a_collection_that_is_presented_again_under_its_old_id_is_paid(bodies: tuple[Body, ...]) -> None:
    assert f1(*bodies).standing is Standing.PAID


@pytest.mark.parametrize(
    ("bodies", "balance"),
    [
        ((paid(100), returned(100), again(100), returned_again(100)), 100),
        ((paid(100), returned(100), again(100), returned(100, day=12)), 100),
        ((paid(100), returned(100), again(100), returned_again(60)), 60),
        ((paid(100), returned(100), ALL_PAID, returned_again(100)), 100),
        ((paid(100), returned(100), ALL_PAID, again(100), returned_again(100)), 100),
        ((paid(100), returned(100), ALL_PAID, paid(100), returned_again(100)), 100),
        ((paid(100), returned(100), status("212"), returned_again(100)), 100),
        ((ALL_PAID, returned(100), ALL_PAID, returned_again(100)), 100),
        ((ALL_PAID, returned(100), again(100), returned_again(100)), 100),
    ],
)
def test_what_came_in_again_may_go_back_again(bodies: tuple[Body, ...], balance: int) -> None:
    state = f1(*bodies)
    assert (state.standing, state.balance) == (Standing.OPEN, euros(balance))
    assert len(state.went_back) == 2


@pytest.mark.parametrize(
    "bodies",
    [
        (paid(100), returned(100), ALL_PAID, returned(100)),
        (paid(100), returned(100), again(100), returned(100)),
        (ALL_PAID, returned(100), ALL_PAID, returned(100)),
        (ALL_PAID, returned(100), again(100), returned(100)),
        (returned(100), ALL_PAID, returned(100)),
    ],
)
def test_one_reversal_told_twice_does_not_take_back_what_came_in_since(bodies: tuple[Body, ...]) -> None:
    """A bank and a billing system both tell of it, in events of their own."""
    assert f1(*bodies).standing is Standing.PAID


@pytest.mark.parametrize(
    ("bodies", "balance"),
    [
        ((paid(100), returned(100), paid(100)), 100),
        ((paid(100), returned(100, day=5), paid(100)), 100),
        ((paid(100), returned(100, day=5), paid(100, day=1)), 100),
        ((paid(100), returned(30), paid(100)), 30),
        ((ALL_PAID, returned(100), paid(100)), 100),
        ((ALL_PAID, returned(100, day=5), paid(100)), 100),
        ((ALL_PAID, returned(100, day=5), paid(100), paid(100)), 100),
        ((ALL_PAID, returned(30), paid(100)), 30),
        ((returned(100), paid(100), paid(100)), 100),
        ((paid(100), returned(100), again(100), paid(100), again(100), returned_again(100), paid(100)), 100),
        ((paid(100), returned(100), ALL_PAID, paid(100), paid(100, "p2"), returned(100, "p2")), 100),
    ],
)
def test_a_payment_that_is_stated_again_did_not_come_in_again(bodies: tuple[Body, ...], balance: int) -> None:
    """An export tells each night of every payment: what went back of one is owed all the same."""
    assert f1(*bodies).balance == euros(balance)


def test_a_reversal_that_is_told_of_before_its_payment_waits_for_it() -> None:
    """Events come in any order: nothing had been counted yet that could have gone back."""
    assert f1(returned(100), paid(100)).balance == euros(100)
    assert f1(returned(100), paid(100), again(100)).standing is Standing.PAID


def test_of_one_instant_the_sequence_says_whether_a_payment_came_back_or_in_again() -> None:
    told = [a_fact(issued()), at_one_instant(paid(100), 1), at_one_instant(returned(100), 2)]
    later = at_one_instant(again(100), 3)
    assert an_account(*told, later).invoices[0].standing is Standing.PAID
    assert an_account(*told, replace(later, stamp=later.stamp._replace(sequence="0"))).units != ()


def at_one_instant(body: Body, sequence: int) -> facts.Fact:
    """Events that give one `time` are in the order of their `sequence`, whatever their ids are."""
    fact = a_fact(body, 9, event_id=f"e{9 - sequence}")
    return replace(fact, stamp=fact.stamp._replace(sequence=str(sequence)))


def test_more_of_a_payment_that_goes_back_opens_an_invoice_that_was_paid_meanwhile() -> None:
    """What was owed then would never have been asked for."""
    state = f1(paid(100), returned(30), paid(30, "p2"), returned(50, day=7))
    assert (state.standing, state.balance, len(state.went_back)) == (Standing.OPEN, euros(20), 2)


def test_a_reversal_that_is_told_of_again_with_another_amount_counts_once() -> None:
    assert f1(paid(100), returned(100), returned(60)).balance == euros(60)
    assert f1(ALL_PAID, returned(100), returned(60)).balance == euros(60)
    assert f1(paid(100), returned(100), returned(60), returned(100)).balance == euros(60)


def test_a_payment_after_a_reversal_that_nobody_knew_of_counts() -> None:
    """What went back had never been counted, so it must not eat up the next payment."""
    assert f1(returned(100), paid(100, "p2")).standing is Standing.PAID
    assert f1(ALL_PAID, returned(100), paid(100, "p2")).standing is Standing.PAID


def test_a_new_payment_after_a_partial_reversal_settles_the_rest() -> None:
    assert f1(paid(40), ALL_PAID, returned(40), paid(40, "p2")).standing is Standing.PAID


def test_each_time_that_a_payment_went_back_is_kept_with_its_instant() -> None:
    assert f1().went_back == ()
    assert len(f1(paid(30), returned(30)).went_back) == 1
    assert len(f1(paid(100), returned(100)).went_back) == 1
    assert len(f1(paid(100), returned(100), returned(100)).went_back) == 1
    assert len(f1(paid(100), returned(100), paid(100, "p2"), returned(100, "p2")).went_back) == 2


@pytest.mark.parametrize(
    "again", [issued(total=euros(500)), issued(), status("207"), facts.TermsExtended(F1, DUE_ON)]
)
def test_nothing_but_a_reversal_opens_a_paid_invoice_again(again: Body) -> None:
    assert f1(paid(100), again).standing is Standing.PAID


def test_an_invoice_stated_at_nothing_first_is_owed_once_it_has_a_total() -> None:
    """A draft of 0.00 has not been paid."""
    state = an_account(issued(total=euros(0)), issued()).invoices[0]
    assert (state.standing, state.balance) == (Standing.OPEN, euros(100))
    assert an_account(issued(total=euros(0))).units == ()


def test_a_new_total_keeps_what_was_paid() -> None:
    assert f1(paid(30), issued(total=euros(80))).balance == euros(50)


def test_a_dispute_stands_until_it_is_resolved() -> None:
    disputed = facts.InvoiceDisputed(F1, "")
    assert f1(disputed).disputed == "disputed"
    assert f1(facts.InvoiceDisputed(F1, "broken")).disputed == "broken"
    assert f1(disputed, facts.DisputeResolved(F1, "")).disputed is None


def test_terms_are_extended_until_the_invoice_names_a_new_due_date() -> None:
    extended = facts.TermsExtended(F1, days(30))
    assert f1(extended).due_on == days(30)
    assert f1(extended, issued()).due_on == days(30)
    assert f1(extended, issued(due_on=days(5))).due_on == days(5)


@pytest.mark.parametrize("code", ["207", "208", "210", "211", "213"])
def test_some_statuses_of_an_einvoice_hold_it(code: str) -> None:
    assert f1(status(code)).status_code == code
    assert f1(status(code), status("205")).status_code is None


def test_an_einvoice_is_paid_on_the_sellers_date() -> None:
    """Half past midnight on the 11th in Paris is the 10th in UTC: a promise that was broken would be kept."""
    at = paris(date(2026, 12, 11), 0, 30)
    told = (a_fact(issued()), a_fact(status("212"), at=at, event_id="s"))
    assert [payment.paid_on for payment in an_account(*told).invoices[0].payments] == [date(2026, 12, 11)]
    in_new_york = an_account(*told, seller=a_seller(timezone="America/New_York"))
    assert [payment.paid_on for payment in in_new_york.invoices[0].payments] == [date(2026, 12, 10)]


def test_other_currencies_are_never_netted_and_hold_the_invoice() -> None:
    dollars = facts.PaymentReceived(F1, "p9", Money(10000, "USD"), date(2026, 12, 1))
    state = f1(dollars)
    assert (state.balance, state.foreign_payment) == (euros(100), "USD")
    assert f1(facts.CreditNoteIssued(F1, "c9", Money(10000, "USD"))).foreign_payment == "USD"
    assert f1(paid(30)).foreign_payment is None


def test_a_foreign_payment_that_went_back_holds_nothing_any_more() -> None:
    dollars = facts.PaymentReceived(F1, "p9", Money(10000, "USD"), date(2026, 12, 1))
    back = facts.PaymentReversed(F1, "p9", Money(10000, "USD"), date(2026, 12, 2))
    state = f1(dollars, back)
    assert (state.balance, state.foreign_payment, state.went_back) == (euros(100), None, ())
