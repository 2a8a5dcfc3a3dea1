"""What is dunned: invoices, their instalments, and the instalments of payment plans."""

import pytest

from domain import facts
from domain.facts import Body
from domain.fold import fold
from domain.ids import CustomerId, InvoiceId
from domain.invoice import Instalment
from domain.money import Money
from domain.units import instalment_id, read_unit, whole_id
from tests.domain_factories import (
    DUE_ON,
    a_customer,
    a_seller,
    an_account,
    an_instalment,
    days,
    euros,
    in_turn,
    issued,
)

NAMES = ["F-1", "F#1", "F#", "#", "F-1##2", "plan:evt-9@billing"]
F1, F2 = InvoiceId("F-1"), InvoiceId("F-2")
IN_PARTS = issued(instalments=(an_instalment(0, 60), an_instalment(30, 40)))
PLAN = facts.PaymentPlanAgreed((F1, F2), (an_instalment(10, 50), an_instalment(40, 150)))


def paid(amount: int, invoice: InvoiceId = F1, name: str = "p1", day: int = 0) -> facts.PaymentReceived:
    return facts.PaymentReceived(invoice, name, euros(amount), days(day))


def gone_back(amount: int, name: str = "p1") -> facts.PaymentReversed:
    return facts.PaymentReversed(F1, name, euros(amount), DUE_ON)


def credited(amount: int) -> facts.CreditNoteIssued:
    return facts.CreditNoteIssued(F1, "c1", euros(amount))


def owed(*bodies: Body) -> list[tuple[str, int]]:
    """The units after these facts with their balances in euros."""
    return [(unit.id, unit.balance.minor // 100) for unit in an_account(*bodies).units]


def test_an_invoice_is_one_unit_while_it_is_owed() -> None:
    assert owed(issued()) == [("F-1", 100)]
    assert owed(issued(), paid(100)) == []
    assert owed(issued(), facts.InvoiceCancelled(F1, "typo")) == []


def test_units_stand_in_the_order_of_their_due_dates() -> None:
    assert owed(issued("F-3", due_on=days(-1)), issued("F-2"), issued()) == [("F-3", 100), ("F-1", 100), ("F-2", 100)]


def test_payments_fill_the_oldest_instalment_first() -> None:
    assert owed(IN_PARTS) == [("F-1#1", 60), ("F-1#2", 40)]
    assert owed(IN_PARTS, paid(10)) == [("F-1#1", 50), ("F-1#2", 40)]
    assert owed(IN_PARTS, paid(75)) == [("F-1#2", 25)]


def test_instalments_keep_their_number_whatever_order_they_are_named_in() -> None:
    parts = (an_instalment(30, 40), an_instalment(0, 60))
    assert owed(issued(instalments=parts), paid(70)) == [("F-1#1", 30)]


def test_extended_terms_put_off_the_instalments_that_were_due_before() -> None:
    account = an_account(IN_PARTS, facts.TermsExtended(F1, days(14)))
    assert [unit.due_on for unit in account.units] == [days(14), days(30)]


def test_no_invoice_can_take_the_name_of_an_instalment() -> None:
    """Ids are the seller's, and "F-1#1" is one; unit ids are what the database holds unique."""
    names = [name for name, _ in owed(IN_PARTS, issued("F-1#1"), issued("F-1#2"))]
    assert len(set(names)) == 4


def test_a_plan_takes_the_place_of_its_invoices() -> None:
    assert owed(issued(), issued("F-2"), PLAN) == [("plan:e2#1", 50), ("plan:e2#2", 150)]
    assert owed(issued(), issued("F-2"), issued("F-3"), PLAN)[0] == ("F-3", 100)


def test_what_was_paid_before_a_plan_does_not_count_for_it() -> None:
    plan = facts.PaymentPlanAgreed((F1,), (an_instalment(10, 30), an_instalment(40, 30)))
    assert owed(issued(), paid(40), plan) == [("plan:e2#1", 30), ("plan:e2#2", 30)]
    assert owed(issued(), paid(40), plan, paid(35, name="p2")) == [("plan:e2#2", 25)]


def test_a_plan_is_over_when_its_invoices_are_paid() -> None:
    assert owed(issued(), PLAN, paid(100)) == []


def test_a_plan_goes_on_with_what_is_left_when_one_of_its_invoices_is_paid() -> None:
    assert owed(issued(), issued("F-2"), PLAN, paid(100)) == [("plan:e2#2", 100)]


def test_the_last_plan_is_the_one_in_force() -> None:
    newer = facts.PaymentPlanAgreed((F1,), (an_instalment(20, 100),))
    older = facts.PaymentPlanAgreed((F1,), (an_instalment(10, 100),))
    assert owed(issued(), older, newer) == [("plan:e2#1", 100)]


def test_the_plan_in_force_told_once_more_changes_nothing() -> None:
    """Sent again by a synchronisation, it chased a customer who kept it: the first instalment was due anew."""
    kept = (issued(), issued("F-2"), PLAN, paid(50))
    turned = facts.PaymentPlanAgreed(PLAN.invoice_ids[::-1], PLAN.instalments[::-1])
    assert owed(*kept, PLAN) == owed(*kept, turned) == owed(*kept) == [("plan:e2#2", 150)]


def test_a_plan_that_another_replaced_can_be_agreed_again() -> None:
    """What was said of its instalments was said: they have their names again."""
    other = facts.PaymentPlanAgreed((F1,), (an_instalment(20, 100),))
    assert owed(issued(), issued("F-2"), PLAN, other, PLAN) == [("plan:e2#1", 50), ("plan:e2#2", 150)]


def test_an_invoice_that_a_newer_plan_takes_over_leaves_the_older_plan() -> None:
    newer = facts.PaymentPlanAgreed((F2,), (an_instalment(20, 100),))
    assert owed(issued(), issued("F-2"), PLAN, newer) == [("plan:e3#1", 100), ("plan:e2#2", 100)]


def test_an_invoice_of_another_customer_is_not_taken_as_paid_by_a_plan() -> None:
    elsewhere = issued("F-2", customer=a_customer(id="C-2"))
    plan = facts.PaymentPlanAgreed((F1, F2), (an_instalment(10, 100),))
    assert owed(issued(), elsewhere, plan) == [("plan:e2#1", 100)]


def test_a_plan_covers_invoices_of_its_own_currency_alone() -> None:
    dollars = issued("F-2", total=Money(5000, "USD"))
    plan = facts.PaymentPlanAgreed((F1, F2), (an_instalment(10, 100),))
    assert owed(issued(), dollars, plan) == [("F-2", 50), ("plan:e2#1", 100)]
    yen = facts.PaymentPlanAgreed((F1,), (Instalment(DUE_ON, Money(9, "JPY")),))
    assert owed(issued(), yen) == [("F-1", 100)]
    assert owed(issued(), facts.PaymentPlanAgreed((InvoiceId("F-9"),), (an_instalment(1, 5),))) == [("F-1", 100)]


def test_a_unit_knows_since_when_it_is_known() -> None:
    unit = an_account(issued(), issued("F-2"), PLAN).units[0]
    assert unit.agreed
    assert unit.known_at == min(state.known_at for state in unit.states)


def test_what_a_plan_leaves_out_is_owed_again_once_the_plan_is_paid() -> None:
    agreed = facts.PaymentPlanAgreed((F1,), (an_instalment(10, 30), an_instalment(40, 30)))
    assert owed(issued(), agreed) == [("plan:e1#1", 30), ("plan:e1#2", 30)]
    assert owed(issued(), agreed, paid(60)) == [("F-1", 40)]


def test_a_plan_asks_for_no_more_than_is_owed() -> None:
    """A payment of before the plan may be told of after it; the last instalments are less then, or none."""
    agreed = facts.PaymentPlanAgreed((F1,), (an_instalment(10, 40), an_instalment(40, 30), an_instalment(70, 30)))
    assert owed(issued(), paid(30), agreed) == [("plan:e2#1", 40), ("plan:e2#2", 30)]
    assert owed(issued(), paid(50), agreed) == [("plan:e2#1", 40), ("plan:e2#2", 10)]
    assert owed(issued(), paid(50), agreed, paid(40, name="p2")) == [("plan:e2#2", 10)]


def test_an_invoice_that_moves_takes_its_part_of_a_plan_along() -> None:
    elsewhere = issued("F-2", customer=a_customer(id=CustomerId("C-2")))
    assert owed(issued(), issued("F-2"), PLAN, elsewhere) == [("plan:e2#1", 50), ("plan:e2#2", 50)]
    account = fold(CustomerId("C-2"), in_turn(issued(), issued("F-2"), PLAN, elsewhere), a_seller())
    assert [unit.balance for unit in account.units] == [euros(50), euros(50)]


HALVES = facts.PaymentPlanAgreed((F1,), (an_instalment(10, 50), an_instalment(40, 50)))


@pytest.mark.parametrize(
    ("before", "after", "left"),
    [
        ((), (issued(total=euros(150)),), 50),
        ((), (issued(total=euros(150)), issued()), 50),
        ((paid(40, name="p0"),), (gone_back(40, "p0"),), 50),
        ((paid(40, name="p0"),), (gone_back(40, "p0"), paid(40, name="p0")), 50),
        ((paid(40, name="p0"),), (gone_back(40, "p0"), paid(40, name="p0", day=7)), 10),
        ((paid(40, name="p0"),), (paid(15, name="p0"),), 35),
        ((credited(40),), (credited(15),), 35),
        ((facts.InvoicePaid(F1, DUE_ON),), (gone_back(100, "p0"),), 50),
    ],
)
def test_what_is_owed_more_after_a_plan_was_agreed_does_not_undo_what_was_paid_of_it(
    before: tuple[Body, ...], after: tuple[Body, ...], left: int
) -> None:
    """The first instalment is paid on time, and nobody may call that plan broken."""
    found = owed(issued(), *before, HALVES, *after, paid(50))
    assert found == [(f"plan:e{len(before) + 1}#2", left)]


@pytest.mark.parametrize("first", [(), (paid(40, name="p0"),)])
def test_an_instalment_that_goes_back_is_owed_again(first: tuple[Body, ...]) -> None:
    """Unlike a payment of before, it had been counted for the plan."""
    plan = facts.PaymentPlanAgreed((F1,), (an_instalment(10, 30), an_instalment(40, 30)))
    name = f"plan:e{len(first) + 1}"
    assert owed(issued(), *first, plan, paid(30), gone_back(30)) == [(f"{name}#1", 30), (f"{name}#2", 30)]
    assert owed(issued(), *first, plan, credited(30), credited(10)) == [(f"{name}#1", 20), (f"{name}#2", 30)]


def test_a_plan_is_not_paid_with_what_it_never_covered() -> None:
    """F-1 was overpaid when the plan was agreed, and stays paid whatever it is stated at then."""
    told = (issued(), issued("F-2"), paid(130), PLAN)
    assert owed(*told, issued(total=euros(150))) == owed(*told) == [("plan:e3#1", 50), ("plan:e3#2", 50)]
    assert owed(*told, issued(total=Money(15000, "USD"))) == owed(*told)
    assert owed(*told, gone_back(100)) == [("plan:e3#1", 50), ("plan:e3#2", 120)]


@pytest.mark.parametrize("name", NAMES)
def test_a_units_id_is_read_as_it_was_made(name: str) -> None:
    """Whatever an invoice is called, its whole is none of its instalments."""
    assert read_unit(whole_id(InvoiceId(name))) == (name, None)
    assert read_unit(instalment_id(name, 12)) == (name, 12)
