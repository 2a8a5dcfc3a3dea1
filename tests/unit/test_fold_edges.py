"""Facts at their edges: told twice, in any order, about others, down to the last cent."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from domain import facts
from domain.about import about
from domain.account import Figures, InvoiceState, Standing
from domain.budget import Budget, first_date_within
from domain.charges import UnitCharges, charges_of
from domain.customer import Place
from domain.facts import Body, TaskClosed
from domain.fold import fold
from domain.hours import start_of_day, window_at_or_after
from domain.ids import CustomerId, InvoiceId, StepId, UnitId
from domain.levels import Channel, Role
from domain.money import Money
from domain.pinning import running_on
from domain.plan import plan
from domain.policy import Limits
from domain.reasons import Code
from domain.routes import Route, routes_of
from domain.units import instalment_id, is_unit_of
from tests.charge_factories import FORMAL, RATES, an_account_with_rates
from tests.domain_factories import (
    DUE_ON,
    KNOWN_AT,
    a_contact,
    a_customer,
    a_fact,
    a_past_reminder,
    a_policy,
    a_seller,
    a_step,
    an_account,
    an_instalment,
    days,
    euros,
    issued,
    late_morning,
)
from tests.factories import policy as an_open_policy

C1, OTHER = CustomerId("C-1"), CustomerId("C-2")
F1, F2 = InvoiceId("F-1"), InvoiceId("F-2")
ELSEWHERE = a_customer(id=OTHER, name="Elsewhere")
LATER = KNOWN_AT + timedelta(hours=9)
CENT = Money(1, "EUR")
ALL_PAID = facts.InvoicePaid(F1, DUE_ON)


def paid(amount: int, name: str = "p1") -> facts.PaymentReceived:
    return facts.PaymentReceived(F1, name, euros(amount), DUE_ON)


def returned(amount: int, name: str = "p1") -> facts.PaymentReversed:
    return facts.PaymentReversed(F1, name, euros(amount), DUE_ON)


def f1(*bodies: Body, **changes: Any) -> InvoiceState:
    return an_account(issued(**changes), *bodies).invoices[0]


def test_a_cent_is_owed_like_any_amount() -> None:
    left = facts.PaymentReceived(F1, "p1", Money(9999, "EUR"), DUE_ON)
    assert (f1(left).standing, f1(left).balance) == (Standing.OPEN, CENT)
    assert [unit.balance for unit in an_account(issued(), left).units] == [CENT]
    assert f1(facts.PaymentReceived(F1, "p1", CENT, DUE_ON), total=CENT).standing is Standing.PAID


def test_the_last_news_about_an_invoice_is_what_arrived_last() -> None:
    for first, second in ((9, 1), (1, 9)):
        found = [
            a_fact(issued(), 0, received_at=KNOWN_AT + timedelta(hours=first)),
            a_fact(paid(10), 1, received_at=KNOWN_AT + timedelta(hours=second)),
        ]
        assert fold(C1, found, a_seller()).invoices[0].heard_at == LATER


def test_credit_notes_stand_in_the_order_of_their_ids() -> None:
    notes = (facts.CreditNoteIssued(F1, name, euros(5)) for name in ("c2", "c1"))
    assert [note.id for note in f1(*notes).credit_notes] == ["c1", "c2"]


@pytest.mark.parametrize(
    ("bodies", "balance"),
    [
        ((ALL_PAID, paid(60), paid(60), returned(10)), 10),
        ((ALL_PAID, returned(40, "p9"), returned(40, "p9")), 40),
    ],
)
def test_what_is_told_twice_counts_once(bodies: tuple[Body, ...], balance: int) -> None:
    assert f1(*bodies).balance == euros(balance)


def test_only_the_first_word_of_a_reversal_opens_an_invoice_and_only_if_something_is_owed() -> None:
    assert f1(paid(100), paid(100, "p2"), returned(100)).went_back == ()
    raised = f1(paid(30, "p2"), returned(30, "p2"), paid(100), issued(total=euros(500)), returned(30, "p2"))
    assert (raised.standing, raised.balance, len(raised.went_back)) == (Standing.PAID, euros(0), 0)


def test_what_settled_an_invoice_is_among_its_payments_until_it_has_a_name() -> None:
    whole = [(DUE_ON, euros(100))]
    for told in (
        (ALL_PAID, facts.InvoicePaid(F1, days(5))),
        (ALL_PAID, paid(100)),
        (paid(100), issued(total=euros(500)), facts.InvoicePaid(F1, days(5))),
    ):
        assert [(payment.paid_on, payment.amount) for payment in f1(*told).payments] == whole
    assert f1(paid(100), returned(100)).payments == ()
    draft = f1(ALL_PAID, total=euros(0))
    assert (draft.standing, draft.payments) == (Standing.PAID, ())


def test_a_cancelled_invoice_stays_so_whatever_status_follows() -> None:
    cancelled = facts.InvoiceCancelled(F1, "typo")
    assert f1(cancelled, facts.EInvoiceStatusChanged(F1, "205")).standing is Standing.CANCELLED


def test_the_order_in_which_facts_are_stored_means_nothing() -> None:
    later, sooner = a_fact(issued(total=euros(80)), 5), a_fact(issued(), 1)
    assert fold(C1, [later, sooner], a_seller()).units[0].balance == euros(80)


def test_an_invoice_stated_again_is_known_since_the_first_time() -> None:
    found = [a_fact(issued(), 1), a_fact(issued(), 5, received_at=LATER)]
    assert fold(C1, found, a_seller()).invoices[0].known_at == found[0].received_at


def test_promises_and_plans_speak_of_all_their_invoices() -> None:
    both = (F1, F2)
    assert about(facts.PromiseMade(both, None, DUE_ON, ""))[1] == both
    assert about(facts.PaymentPlanAgreed(both, (an_instalment(1, 5),)))[1] == both
    assert (about(issued())[1], about(facts.CustomerReleased(C1))[1]) == ((F1,), ())


def test_an_invoice_of_another_customer_says_nothing_about_this_one() -> None:
    account = an_account(issued(), issued("F-2", customer=ELSEWHERE))
    assert (account.customer.name, [unit.id for unit in account.units]) == ("Bakery", ["F-1"])


@pytest.mark.parametrize(
    ("field", "known", "stated"),
    [
        ("language", "fr", "de"),
        ("country", "FR", "DE"),
        ("region", "IDF", "BE"),
        ("timezone", "Europe/Paris", "Europe/Berlin"),
        ("preferred_channel", Channel.EMAIL, Channel.SMS),
        ("segment", "vip", "fragile"),
        ("policy", "gentle", "brief"),
    ],
)
def test_an_invoice_adds_to_what_is_known_of_its_customer(field: str, known: object, stated: object) -> None:
    before, silent = issued(customer=a_customer(**{field: known})), issued(customer=a_customer(**{field: None}))
    assert getattr(an_account(before, silent).customer, field) == known
    assert getattr(an_account(before, issued(customer=a_customer(**{field: stated}))).customer, field) == stated


def test_what_other_customers_say_and_put_right_leaves_no_trace() -> None:
    opened, failed = facts.ComplaintOpened(C1, "K-1", "late"), facts.PaymentMethodFailed(C1, "card expired")
    put_right = facts.ComplaintResolved(OTHER, "K-1"), facts.PaymentMethodRestored(OTHER)
    account = an_account(issued(), opened, failed, *put_right, facts.ReplyReceived(OTHER, "r1", Channel.SMS))
    assert (account.complaint, account.failed_method, account.unread) == ("late", "card expired", ())


def test_names_of_instalments_are_their_invoices_and_no_others() -> None:
    assert instalment_id("A#1", 2) == "A##1#2"
    assert is_unit_of(UnitId("F-1#2"), "F-1")
    assert not is_unit_of(UnitId("G-1#2"), "F-1")
    parts = issued(instalments=(an_instalment(0, 60), an_instalment(0, 40)))
    assert [(unit.id, unit.agreed) for unit in an_account(parts).units] == [("F-1#1", False), ("F-1#2", False)]


def gated(*bodies: Body, **changes: Any) -> list[tuple[str, str, str]]:
    found = plan(an_account(*bodies), a_policy(**changes), late_morning(3))
    return [
        (str(one.facts["unit"]), str(one.facts["invoice"]), str(one.facts["why"]))
        for one in found.reasons
        if one.code is Code.GATE
    ]


def test_a_complaint_that_may_pass_for_one_instalment_holds_the_other() -> None:
    parts = issued(instalments=(an_instalment(0, 60), an_instalment(1, 40)))
    complaint = facts.ComplaintOpened(C1, "K-1", "late")
    passed = TaskClosed(C1, "t1", "fix", StepId("complaint"), (UnitId("F-1#1"),), 0, "as_is", days(1))
    assert gated(parts, complaint, passed) == [("F-1#2", "F-1", "complaint")]


def test_a_plan_over_two_invoices_is_held_under_the_name_of_the_first() -> None:
    agreed = facts.PaymentPlanAgreed((F1, F2), (an_instalment(40, 200),))
    complaint = facts.ComplaintOpened(C1, "K-1", "late")
    assert gated(issued(), issued("F-2"), agreed, complaint) == [("plan:e2#1", "F-1", "complaint")]


def test_an_invoice_that_contradicts_itself_holds_its_plan() -> None:
    agreed = facts.PaymentPlanAgreed((F1,), (an_instalment(40, 100),))
    assert gated(issued(issued_on=days(5)), agreed) == [("plan:e1#1", "F-1", "due_before_issued")]


def test_a_closing_that_is_no_reply_reads_none() -> None:
    fixed = TaskClosed(C1, "t1", "fix", StepId("complaint"), (UnitId("r1"),), 0, "done", days(1))
    account = an_account(issued(), facts.ReplyReceived(C1, "r1", Channel.SMS), fixed)
    assert [reply.reply_id for reply in account.unread] == ["r1"]


def test_a_failed_payment_method_is_one_thing_to_fix_for_all_invoices() -> None:
    account = an_account(issued(), issued("F-2"), facts.PaymentMethodFailed(C1, ""))
    tasks = plan(account, a_policy(), late_morning(3)).tasks
    assert [(task.kind, task.step) for task in tasks] == [("fix", "payment_method")]


def test_a_cap_waits_for_the_oldest_contact_that_fills_it_in_whatever_order_they_are_told() -> None:
    budget = Budget(Limits(0, 2, None), (days(3), days(1)))
    assert first_date_within(budget, days(4))[0] == days(8)


def test_a_visit_names_the_person_and_no_address_and_a_text_has_no_copies() -> None:
    people = (a_contact(), a_contact(role=Role.EXECUTIVE, email="luc@example.com"))
    account = an_account(issued(customer=a_customer(contacts=people)), seller=a_seller(channels=frozenset(Channel)))
    step = replace(a_step("first", 2, a_step("x", 0).level, Channel.VISIT, Channel.SMS), cc=(Role.EXECUTIVE,))
    visit, text = routes_of(account, a_policy(), step)[0]
    assert visit == Route(Channel.VISIT, a_contact().id, "", "Anne")
    assert (text.channel, text.cc) == (Channel.SMS, ())


def test_a_policy_without_a_name_pins_no_ladder() -> None:
    assert running_on(an_account(history=(a_past_reminder(late_morning(2), policy="@3"),))) is None


def test_each_invoice_has_a_fixed_charge_of_its_own() -> None:
    account = an_account_with_rates(issued(), issued("F-2"), rates=RATES)
    for unit in account.units:
        found = charges_of(unit, FORMAL, account, a_policy(FORMAL), days(20))
        assert isinstance(found, UnitCharges)
        assert [one.number for one in found.recoveries] == [unit.id]


def test_an_hour_lived_through_twice_across_midnight_belongs_to_yesterday() -> None:
    """In St John's, until 2011, clocks went back at 00:01 to 23:01 of the day before."""
    place = Place(ZoneInfo("America/St_Johns"), "CA", None)
    evenings = (((time(23), time.max),),) * 7
    at = datetime(2010, 11, 7, 2, 30, 30, tzinfo=UTC)
    window = window_at_or_after(an_open_policy(evenings, holidays=False), Channel.EMAIL, place, at)
    assert window is not None
    assert window.opens == datetime(2010, 11, 7, 2, 31, tzinfo=UTC)


def test_a_day_begins_by_the_clock_that_was_changed_the_evening_before() -> None:
    """In Nuuk, until 2022, summer time began at ten on Saturday evening."""
    nuuk = Place(ZoneInfo("America/Nuuk"), "GL", None)
    assert start_of_day(nuuk, date(2021, 3, 28)) == datetime(2021, 3, 28, 2, tzinfo=UTC)


def figures_of(*bodies: Body) -> Figures | None:
    return an_account(*bodies).segment.figures


def test_a_contested_invoice_hides_none_of_those_behind_it() -> None:
    contested = issued("A", due_on=days(-300)), facts.InvoiceDisputed(InvoiceId("A"), "broken")
    found = figures_of(*contested, issued(due_on=days(-200)), facts.InvoicePaid(F1, days(-200)))
    assert found == Figures(1, 0, 100, 0, KNOWN_AT.date())


def test_cents_count_in_how_a_customer_pays() -> None:
    assert figures_of(issued(due_on=days(-100), total=CENT)) == Figures(0, 1, 0, 70, KNOWN_AT.date())
    credited = facts.CreditNoteIssued(F1, "c1", Money(9999, "EUR"))
    last = facts.PaymentReceived(F1, "p1", CENT, days(-190))
    assert figures_of(issued(due_on=days(-200)), credited, last) == Figures(1, 0, 0, 10, KNOWN_AT.date())


def test_what_comes_in_another_currency_settles_nothing() -> None:
    dollars = facts.PaymentReceived(F1, "p1", Money(10_000, "USD"), days(-190))
    settled = facts.PaymentReceived(F1, "p2", euros(100), days(-150))
    assert figures_of(issued(due_on=days(-200)), dollars, settled) == Figures(1, 0, 0, 50, KNOWN_AT.date())
