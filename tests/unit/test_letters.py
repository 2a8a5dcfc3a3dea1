"""What of an account a message is given: charges by each unit's own step, deductions once, the statement."""

from dataclasses import replace
from datetime import date

import pytest

from channels.port import Content, Covered, Line
from domain.account import Account
from domain.facts import (
    CreditNoteIssued,
    InvoiceDisputed,
    InvoiceIssued,
    PaymentPlanAgreed,
    PaymentReceived,
    PromiseMade,
    TaskClosed,
)
from domain.ids import CustomerId, InvoiceId, StepId, UnitId
from domain.invoice import EarlyPaymentDiscount
from domain.leave import make_reminder
from domain.levels import Channel, Level
from domain.money import Money
from domain.past import Member, PastReminder
from domain.policy import Step
from domain.routes import routes_of
from tests.charge_factories import FORMAL, RATES, an_account_with_rates
from tests.domain_factories import (
    a_fact,
    a_member,
    a_past_reminder,
    a_policy,
    a_step,
    an_account,
    an_instalment,
    days,
    euros,
    issued,
    late_morning,
    on_day,
)
from workers.letters import ChargesRefusedError, content_of

FIRM = a_step("firm", 10, Level.FIRM)
NOW = late_morning(20)
F1 = InvoiceId("F-1")


def content(account: Account, *members: Member, step: Step = FORMAL) -> Content:
    policy = a_policy(FIRM, FORMAL)
    routes, _ = routes_of(account, policy, step)
    reminder = make_reminder(account, policy, step, step.level, members, routes, (NOW, NOW))
    assert routes[0].channel is Channel.EMAIL
    return content_of(account, policy, reminder, routes[0], NOW)


def formal(unit: str) -> Member:
    return a_member(unit, "formal")


def test_only_those_whose_own_step_names_charges_are_charged() -> None:
    account = an_account_with_rates(issued(), issued("F-2", due_on=days(5)))

    first, second = content(account, formal("F-1"), a_member("F-2", "firm")).lines

    assert first.charges is not None
    assert second.charges is None


def test_charges_that_cannot_be_told_break_the_claim_rather_than_be_guessed() -> None:
    account = an_account_with_rates(rates=replace(RATES, ecb={}))
    with pytest.raises(ChargesRefusedError, match="RateUnknown 2026-H2"):
        content(account, formal("F-1"))


def test_a_credit_note_is_shown_once_for_all_instalments_and_payments_for_none() -> None:
    parts = (an_instalment(0, 100), an_instalment(10, 100))
    account = an_account_with_rates(
        issued(total=euros(200), instalments=parts),
        CreditNoteIssued(F1, "AV-1", euros(10)),
        PaymentReceived(F1, "p1", euros(20), days(2)),
    )

    lines = content(account, formal("F-1#1"), formal("F-1#2")).lines

    assert [[note.id for note in line.credit_notes] for line in lines] == [["AV-1"], []]
    assert [line.payments for line in lines] == [(), ()]


def test_an_invoices_payments_are_shown() -> None:
    account = an_account_with_rates(issued(), PaymentReceived(F1, "p1", euros(20), days(2)))
    [line] = content(account, formal("F-1")).lines
    assert [(one.paid_on, one.amount) for one in line.payments] == [(days(2), euros(20))]


def test_what_was_taken_off_leaves_a_total_to_show_also_of_an_instalment() -> None:
    cut = issued("F-2", total=euros(200), instalments=(an_instalment(0, 100), an_instalment(10, 100)))
    paid = (
        PaymentReceived(F1, "p1", euros(20), days(2)),
        PaymentReceived(InvoiceId("F-2"), "p2", euros(30), days(2)),
    )
    account = an_account_with_rates(issued(), cut, *paid)
    lines = content(account, formal("F-1"), formal("F-2#1"), formal("F-2#2")).lines
    assert [(line.balance, line.total) for line in lines] == [
        (euros(80), euros(100)),
        (euros(70), euros(100)),
        (euros(100), None),
    ]


def test_the_statement_holds_the_other_open_invoices_but_those_in_question() -> None:
    account = an_account_with_rates(
        issued(),
        issued("F-2", due_on=days(40), total=Money(900, "USD")),
        issued("F-3"),
        InvoiceDisputed(InvoiceId("F-3"), "quality"),
        issued("F-4"),
        PaymentReceived(InvoiceId("F-4"), "p4", Money(100, "USD"), days(2)),
    )
    step = replace(FORMAL, attach=("invoice", "statement"))

    told = content(account, formal("F-1"), step=step)

    assert [(line.number, line.balance) for line in told.statement] == [("F-2", Money(900, "USD"))]
    assert [line.number for line in told.lines] == ["F-1"]
    assert content(account, formal("F-1")).statement == ()


def test_an_instalment_says_which_of_how_many() -> None:
    parts = (an_instalment(0, 100), an_instalment(10, 100))
    account = an_account_with_rates(issued(total=euros(200), instalments=parts))

    told = content(account, formal("F-1#1"), formal("F-1#2"))

    assert [line.part for line in told.lines] == [(1, 2), (2, 2)]
    assert [line.part for line in content(an_account_with_rates(issued()), formal("F-1")).lines] == [None]


def agreed(*invoices: InvoiceIssued | CreditNoteIssued) -> Line:
    """The line about the first instalment of a plan over F-1 and F-2."""
    plan = PaymentPlanAgreed((F1, InvoiceId("F-2")), (an_instalment(5, 150), an_instalment(35, 50)))
    account = an_account_with_rates(*invoices, plan)
    [line] = content(account, formal(account.units[0].id)).lines
    return line


def test_an_agreed_instalment_bears_the_invoices_of_its_plan_and_none_of_their_terms() -> None:
    """Its date and amount were agreed: what an invoice gave, or what was taken off it, is another matter."""
    discount = EarlyPaymentDiscount("2", days(30))
    iban = "FR76 3000 6000 0112 3456 7890 189"
    first = issued(document_url="https://a.test/1", payment_url="https://p.test/1", iban=iban, purchase_order="PO-1")
    second = issued(
        "F-2", early_payment_discount=discount, iban=iban.replace(" ", ""), payment_url="https://p.test/2"
    )

    line = agreed(first, second, CreditNoteIssued(F1, "AV-1", euros(10)))

    assert line.agreed == (
        Covered("F-1", "https://a.test/1", "https://p.test/1"),
        Covered("F-2", None, "https://p.test/2"),
    )
    assert (line.number, line.due_on, line.balance, line.days_late) == ("F-1, F-2", days(5), euros(150), 15)
    assert (line.part, line.issued_on, line.discount, line.credit_notes, line.payments) == (None, None, None, (), ())
    assert (line.document_url, line.payment_url, line.purchase_order) == (None, None, None)
    assert line.iban == iban
    assert line.charges is not None


def test_an_agreed_instalment_paid_in_part_shows_what_is_open_of_it_and_what_was_agreed() -> None:
    """Else 120 euros are asked for as "the instalment", and whoever agreed on 150 looks for the mistake."""
    plan = PaymentPlanAgreed((F1, InvoiceId("F-2")), (an_instalment(5, 150), an_instalment(35, 50)))
    account = an_account_with_rates(issued(), issued("F-2"), plan, PaymentReceived(F1, "p1", euros(30), days(6)))
    lines = content(account, *(formal(unit.id) for unit in account.units)).lines
    assert [(line.balance, line.total) for line in lines] == [(euros(120), euros(150)), (euros(50), None)]


def test_an_agreed_instalment_names_no_account_where_its_invoices_name_two() -> None:
    other = issued("F-2", iban="DE89370400440532013000")
    assert agreed(issued(iban="FR7630006000011234567890189"), other).iban is None
    assert agreed(issued(), other).iban == "DE89 3704 0044 0532 0130 00"
    assert agreed(issued(), issued("F-2")).iban is None


CALLED = a_past_reminder(late_morning(12), "call", channel=Channel.PHONE)


def closed(outcome: str, step: str = "call", unit: str = "F-1") -> TaskClosed:
    return TaskClosed(CustomerId("C-1"), "t1", "phone", StepId(step), (UnitId(unit),), 0, outcome, days(13))


@pytest.mark.parametrize(
    ("outcome", "history", "expected"),
    [
        ("done", (CALLED,), True),
        ("promised", (CALLED,), True),
        ("no_answer", (CALLED,), False),
        ("message_left", (CALLED,), False),
        ("wrong_person", (CALLED,), False),
        ("done", (CALLED, a_past_reminder(late_morning(15), "firm")), False),  # written to since
        ("done", (CALLED, a_past_reminder(late_morning(15), "firm", state="withdrawn")), True),
        ("done", (CALLED, a_past_reminder(late_morning(15), "firm", state="failed")), True),
        ("done", (replace(CALLED, members=(a_member(step="call", cycle=1),)),), False),  # called again since
        ("done", (), False),
    ],
)
def test_a_reminder_follows_a_call_in_which_somebody_was_spoken_to(
    outcome: str, history: tuple[PastReminder, ...], *, expected: bool
) -> None:
    account = an_account(issued(), closed(outcome), history=history)
    assert content(account, formal("F-1")).after_call is expected


def test_a_call_that_is_not_closed_yet_or_about_another_invoice_is_not_followed() -> None:
    assert not content(an_account(issued(), history=(CALLED,)), formal("F-1")).after_call
    other = an_account(issued(), issued("F-2"), closed("done", unit="F-2"), history=(CALLED,))
    assert not content(other, formal("F-1")).after_call


@pytest.mark.parametrize(
    ("history", "promised_on", "expected"),
    [
        ((), days(10), days(10)),
        ((a_past_reminder(late_morning(8), "first"),), days(10), days(10)),
        ((a_past_reminder(late_morning(18), "firm"),), days(10), None),  # told once
        ((), days(30), None),  # may still be kept
    ],
)
def test_the_first_reminder_after_a_broken_promise_names_its_day(
    history: tuple[PastReminder, ...], promised_on: date, expected: date | None
) -> None:
    promise = on_day(5, PromiseMade((F1,), None, promised_on, "Anne"))
    account = an_account(a_fact(issued()), promise, history=history)
    assert content(account, formal("F-1")).promised_on == expected


def test_a_promise_is_charged_only_to_a_message_all_of_which_was_promised() -> None:
    """F-1 was promised and F-2 never: "you had announced this payment" would be untrue of both together."""
    about_one = on_day(5, PromiseMade((F1,), None, days(10), "Anne"))
    account = an_account(issued(), issued("F-2"), about_one)
    both = on_day(5, PromiseMade((F1, InvoiceId("F-2")), None, days(10), "Anne"))
    together = an_account(issued(), issued("F-2"), both)

    assert content(account, formal("F-1")).promised_on == days(10)
    assert content(account, formal("F-1"), formal("F-2")).promised_on is None
    assert content(together, formal("F-1"), formal("F-2")).promised_on == days(10)


@pytest.mark.parametrize(
    ("channel", "state", "expected"),
    [
        (Channel.EMAIL, "sent", True),
        (Channel.SMS, "sent", True),
        (Channel.LETTER, "sent", True),
        (Channel.PHONE, "sent", False),
        (Channel.VISIT, "sent", False),
        (Channel.EMAIL, "failed", False),
    ],
)
def test_earlier_messages_are_spoken_of_only_if_there_were(channel: Channel, state: str, *, expected: bool) -> None:
    past = a_past_reminder(late_morning(12), "firm", channel=channel, state=state)
    assert content(an_account(issued(), history=(past,)), formal("F-1")).written_before is expected


def test_the_seller_is_named_by_its_id_so_that_its_templates_are_found() -> None:
    assert content(an_account(issued()), formal("F-1")).seller_id == "default"


SENTENCE = replace(FORMAL, reason="Nous clôturons le mois.")
SENTENCES = replace(FORMAL, reason=(("fr", "Nous clôturons le mois."), ("en", "We close the month.")))


@pytest.mark.parametrize(
    ("seller", "customer", "step", "expected"),
    [
        ("fr", None, SENTENCE, "Nous clôturons le mois."),
        ("fr", "fr", SENTENCE, "Nous clôturons le mois."),
        ("fr", "en", SENTENCE, None),
        ("fr", "en", SENTENCES, "We close the month."),
        ("fr", "de", SENTENCES, "We close the month."),  # who reads English
        ("fr", None, SENTENCES, "Nous clôturons le mois."),
        ("en", "de", SENTENCE, "Nous clôturons le mois."),  # who reads the seller's language
        ("de", None, SENTENCE, "Nous clôturons le mois."),
        ("de", "en", SENTENCE, None),
    ],
)
def test_the_reason_is_in_the_language_of_the_message_or_left_out(
    seller: str, customer: str | None, step: Step, expected: str | None
) -> None:
    account = an_account(issued())
    account = replace(
        account,
        seller=replace(account.seller, language=seller),
        customer=replace(account.customer, language=customer),
    )
    assert content(account, formal("F-1"), step=step).reason == expected
