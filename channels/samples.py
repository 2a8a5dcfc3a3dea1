"""The sample set: a message of every kind, level, channel and language, as `relance template` renders them.

Values only, and each call the same. `longest` has the longest names, numbers, amounts and dates that a message is
held to; what it says is otherwise the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum

from channels.port import Content, Covered, Kind, Line
from domain.account import CreditNote, Payment
from domain.charges import Penalty, Recovery, UnitCharges
from domain.levels import Channel, Level
from domain.money import Money
from domain.rates import STATUTORY

TODAY = date(2026, 12, 22)
LATE_ON, SOON_ON, PROMISED_ON = date(2026, 12, 2), date(2026, 12, 27), date(2026, 12, 16)
PAID = Payment(date(2026, 12, 5), Money(25_000, "EUR"))
LANGUAGES = ("fr", "en")
MESSAGES = (Channel.EMAIL, Channel.SMS, Channel.WHATSAPP, Channel.LETTER)
"""What customers read; everything else is read by the seller's own people."""


class Case(StrEnum):
    """What a message is about."""

    ONE = "one"
    SEVERAL = "several"
    INSTALMENT = "instalment"
    AGREED = "agreed"
    """An instalment of a payment plan over two invoices."""
    PART_PAID = "part_paid"
    """An invoice of which a part has come in."""
    AFTER_CALL = "after_call"
    BROKEN_PROMISE = "broken_promise"
    FULL = "full"
    """All that a message can hold: charges, deductions, a statement, the policy's reason and all of its questions."""
    BARE = "bare"
    """The least that there must be: neither a contact's name, nor a document, nor a way to pay."""
    CONSUMER = "consumer"
    """A private person: it changes sheets of people, and mails and letters by one sentence alone."""
    THANKS = "thanks"
    CHECK_IN = "check_in"
    SURVEY = "survey"


REMINDERS = (
    Case.ONE,
    Case.SEVERAL,
    Case.INSTALMENT,
    Case.AGREED,
    Case.PART_PAID,
    Case.AFTER_CALL,
    Case.BROKEN_PROMISE,
    Case.FULL,
    Case.BARE,
    Case.CONSUMER,
)

_LONG = {"fr": "Établissements Dupont – Pâtisserie Noël…", "en": "The Northumberland & Durham Millers Ltd."}


@dataclass(frozen=True, slots=True)
class Sample:
    """A message with what is to be shown of it."""

    case: Case
    content: Content
    longest: bool = False


def samples(language: str, channel: Channel, *, longest: bool = False) -> Iterator[Sample]:
    """Every sample of a language and channel, gently first; of the longest also those that are paid by transfer."""
    for level in Level:
        for case in REMINDERS:
            if case is Case.CONSUMER and channel in MESSAGES:
                continue
            content = sample(case, channel, language, level, longest=longest)
            yield Sample(case, content, longest)
            if longest:
                yield Sample(case, _by_transfer(content), longest)
    for case in Case:
        if case not in REMINDERS:
            yield Sample(case, sample(case, channel, language, longest=longest), longest)


def sample(
    case: Case, channel: Channel, language: str, level: Level = Level.COURTEOUS, *, longest: bool = False
) -> Content:
    """One of them. A broken promise is told only once something is late: `upcoming` says nothing of it."""
    lines = _lines(case, SOON_ON if level is Level.UPCOMING else LATE_ON)
    content = Content(
        channel=channel,
        language=language,
        step="sample",
        level=level,
        tone=level,
        seller_name="Atelier Dupont",
        customer_name="Boulangerie Martin",
        contact_name="Anne Martin",
        lines=() if case in (Case.CHECK_IN, Case.SURVEY) else lines,
        today=TODAY,
        kind=Kind.REMINDER if case in REMINDERS else Kind(case.value),
        after_call=case is Case.AFTER_CALL,
        promised_on=PROMISED_ON if case is Case.BROKEN_PROMISE else None,
        consumer=case is Case.CONSUMER,
    )
    if case is Case.FULL:
        content = _full(content)
    elif case is Case.CONSUMER:
        content = replace(content, customer_name=content.contact_name)
    elif case is Case.BARE:
        bare = replace(content.lines[0], issued_on=None, document_url=None, payment_url=None)
        content = replace(content, contact_name="", lines=(bare,))
    return _longest(content) if longest else content


def _lines(case: Case, due_on: date) -> tuple[Line, ...]:
    """One invoice of 1,250.00 euros; three of them, a day apart; the second of its instalments; or one of a plan."""
    one = Line(
        number="F-2026-0042",
        due_on=due_on,
        balance=Money(125_000, "EUR"),
        days_late=(TODAY - due_on).days,
        issued_on=date(2026, 11, 2),
        document_url="https://billing.example.com/F-2026-0042.pdf",
        payment_url="https://pay.example.com/F-2026-0042",
    )
    if case is Case.INSTALMENT:
        return (replace(one, balance=Money(40_000, "EUR"), part=(2, 3)),)
    if case is Case.AGREED:
        return (_agreed(one),)
    if case is Case.PART_PAID:
        return (replace(one, balance=Money(100_000, "EUR"), total=one.balance, payments=(PAID,)),)
    if case is not Case.SEVERAL:
        return (one,)
    return tuple(
        replace(
            _numbered(one, f"F-2026-{42 + at:04}"),
            due_on=due_on + timedelta(days=at),
            days_late=one.days_late - at,
            balance=Money(125_000 + 10_000 * at, "EUR"),
        )
        for at in range(3)
    )


def _numbered(line: Line, number: str) -> Line:
    """The same with another number, and a document of its own; all are paid on one page."""
    return replace(line, number=number, document_url=f"https://billing.example.com/{number}.pdf")


def _agreed(line: Line) -> Line:
    """An instalment of 400.00 euros of a plan over this invoice and another."""
    covered = tuple(
        Covered(number, f"https://billing.example.com/{number}.pdf", f"https://pay.example.com/{number}")
        for number in (line.number, "F-2026-0050")
    )
    own = replace(line, balance=Money(40_000, "EUR"), issued_on=None, document_url=None, payment_url=None)
    return replace(own, number=", ".join(one.number for one in covered), agreed=covered)


def _full(content: Content) -> Content:
    line = content.lines[0]
    second = replace(_numbered(line, "F-2026-0043"), balance=Money(90_000, "EUR"))
    rate, owed = Decimal("12.15"), Money(line.balance.minor + PAID.amount.minor, "EUR")
    spans = (
        Penalty(LATE_ON + timedelta(days=1), PAID.paid_on, owed, rate, Money(150, "EUR")),
        Penalty(PAID.paid_on + timedelta(days=1), TODAY, line.balance, rate, Money(707, "EUR")),
    )
    charged = replace(
        line,
        purchase_order="PO-77",
        total=Money(162_000, "EUR"),
        credit_notes=(CreditNote("AV-12", Money(12_000, "EUR")),),
        payments=(PAID,),
        charges=UnitCharges(spans, (Recovery(line.number, Money(4_000, "EUR")),), STATUTORY),
    )
    return replace(
        content,
        lines=(charged, replace(second, payment_url=None, iban="FR7630006000011234567890189")),
        ask=("when", "questions", "reason", "problem", "person", "plan"),
        reason={"fr": "Nous clôturons le mois vendredi.", "en": "We close the month on Friday."}[content.language],
        reply_to="compta@example.com",
        statement=(replace(_numbered(line, "F-2026-0050"), due_on=date(2027, 1, 8), days_late=-17),),
    )


def _longest(content: Content) -> Content:
    """The same with a seller of 40 letters, long numbers and addresses, six-figure amounts and the longest dates.

    Of several invoices each is in a currency of its own.
    """
    due_on = date(2026, 12, 30) if content.tone is Level.UPCOMING else date(2026, 9, 30)
    page = "https://pay.example.com/i/" + "x" * 24
    balances = [Money(12_345_678, currency) for currency in ("EUR", "USD", "GBP")]
    lines = tuple(
        replace(
            _left(line, balances[at % 3]),
            number=f"FACT-2026-{at:05}",
            due_on=due_on,
            days_late=(TODAY - due_on).days,
            payment_url=page,
            part=(11, 12) if line.part else None,
            agreed=tuple(
                replace(one, number=f"FACT-2026-{nth:05}", payment_url=page)
                for nth, one in enumerate(line.agreed, start=1)
            ),
        )
        for at, line in enumerate(content.lines)
    )
    return replace(
        content,
        seller_name=_LONG[content.language],
        customer_name=_LONG[content.language],
        contact_name="Marie-Antoinette de la Rochefoucauld-Ba",
        lines=lines,
        promised_on=date(2026, 9, 30) if content.promised_on else None,
        reason="x" * 60,
    )


def _left(line: Line, balance: Money) -> Line:
    """With this left of it: of what was paid in part, a half."""
    if line.total is None:
        return replace(line, balance=balance)
    paid = (replace(PAID, amount=balance),)
    return replace(line, balance=balance, total=balance + balance, payments=paid, credit_notes=())


def _by_transfer(content: Content) -> Content:
    """The same with an account of 31 letters in the place of each link."""
    iban = "MT84MALT011000012345MTLCAST001S"
    lines = tuple(
        replace(
            line,
            payment_url=None,
            iban=iban,
            agreed=tuple(replace(one, payment_url=None) for one in line.agreed),
        )
        for line in content.lines
    )
    return replace(content, lines=lines)
