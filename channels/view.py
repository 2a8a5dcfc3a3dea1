"""What a template sees of a message: ready words, no objects of ours, nothing that could be called or changed.

Made by `render` for each message; the names here are the names that every template, shipped or a seller's own,
may use (`config/templates/README.md` lists them).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from channels.charges_view import ChargesView, charges_of
from channels.words import grouped_iban, language_of, listed, long_date, money, one_line, web_address
from domain.levels import Channel, Level
from domain.money import Money

if TYPE_CHECKING:
    from channels.port import Content, Line
    from domain.account import CreditNote, Payment

FORMAL_DELAY = timedelta(days=8)
"""The time that a formal demand leaves; eight days is the usual in French business letters, no law sets it."""


@dataclass(frozen=True, slots=True)
class Deduction:
    """A credit note by its `number`, or a payment with its date (`on`): taken off the line's amount already."""

    amount: str
    number: str | None = None
    on: str | None = None


@dataclass(frozen=True, slots=True)
class LineView:
    """One invoice in words. `late` is its days after the due date, 0 or less before."""

    number: str
    due: str
    amount: str
    late: int
    issued: str | None
    order: str | None
    document: str | None
    credits: tuple[Deduction, ...] = ()
    payments: tuple[Deduction, ...] = ()


@dataclass(frozen=True, slots=True)
class PayLink:
    """A page to pay on. `numbers` are the invoices it pays; `whole` says that these are all of the message's."""

    url: str
    numbers: str
    whole: bool


@dataclass(frozen=True, slots=True)
class Transfer:
    """An account to pay to, and the reference to quote there. `bare` is the IBAN without spaces."""

    iban: str
    bare: str
    reference: str


def view_of(content: Content) -> dict[str, object]:
    """All variables of a template, by name."""
    language = language_of(content.language)
    lines = tuple(_line(line, language) for line in content.lines)
    totals = _totals(content.lines, language)
    oldest = min(content.lines, key=lambda line: line.due_on)
    return {
        "language": language,
        "channel": content.channel.value,
        "tone": words_level(content).word,
        "seller": one_line(content.seller_name),
        "customer": one_line(content.customer_name),
        "contact": one_line(content.contact_name),
        "lines": lines,
        "charges": _charges(content, language),
        "statement": tuple(_line(line, language) for line in content.statement),
        "lead": lines[0],
        "count": len(lines),
        "several": len(lines) > 1,
        "totals": totals,
        "total": listed(totals, language),
        "oldest": long_date(oldest.due_on, language),
        "late": max(line.days_late for line in content.lines),
        "due_today": oldest.due_on == content.today,
        "deadline": long_date(content.today + FORMAL_DELAY, language),
        "links": _links(content.lines, language),
        "transfers": _transfers(content.lines, language),
        "ask": frozenset(content.ask),
        "reason": one_line(content.reason) if content.reason else None,
        "reply_to": one_line(content.reply_to) if content.reply_to else None,
    }


def words_level(content: Content) -> Level:
    """The level whose words are true of these invoices: the tone, unless the calendar contradicts it.

    Nothing is due yet → `upcoming`, however hard the step. Something is late → at least `courteous`: it can no
    longer be announced as falling due, however low the cap.
    """
    latest = max(line.days_late for line in content.lines)
    if latest < 0:
        return Level.UPCOMING
    return max(content.tone, Level.COURTEOUS) if latest > 0 else content.tone


def _charges(content: Content, language: str) -> ChargesView | None:
    """What comes on top: only where words are formal and written, whatever the step says."""
    is_formal = words_level(content) >= Level.FORMAL and content.channel in (Channel.EMAIL, Channel.LETTER)
    return charges_of(content.lines, content.today, language) if is_formal else None


def _line(line: Line, language: str) -> LineView:
    return LineView(
        number=one_line(line.number),
        due=long_date(line.due_on, language),
        amount=money(line.balance, language),
        late=line.days_late,
        issued=long_date(line.issued_on, language) if line.issued_on else None,
        order=one_line(line.purchase_order) if line.purchase_order else None,
        document=web_address(line.document_url),
        credits=tuple(_credit(note, language) for note in line.credit_notes if _counts(note, line)),
        payments=tuple(_payment(payment, language) for payment in line.payments if _counts(payment, line)),
    )


def _counts(one: CreditNote | Payment, line: Line) -> bool:
    """Whether it was taken off: an amount in another currency never is."""
    return one.amount.currency == line.balance.currency


def _credit(note: CreditNote, language: str) -> Deduction:
    return Deduction(money(note.amount, language), number=one_line(note.id))


def _payment(payment: Payment, language: str) -> Deduction:
    return Deduction(money(payment.amount, language), on=long_date(payment.paid_on, language))


def _totals(lines: tuple[Line, ...], language: str) -> tuple[str, ...]:
    """One amount a currency, in the order of the lines; currencies are never added."""
    sums: dict[str, Money] = {}
    for line in lines:
        known = sums.get(line.balance.currency)
        sums[line.balance.currency] = known + line.balance if known else line.balance
    return tuple(money(total, language) for total in sums.values())


def _links(lines: tuple[Line, ...], language: str) -> tuple[PayLink, ...]:
    numbers: dict[str, list[str]] = {}
    for line in lines:
        if url := web_address(line.payment_url):
            numbers.setdefault(url, []).append(one_line(line.number))
    return tuple(PayLink(url, listed(paid, language), len(paid) == len(lines)) for url, paid in numbers.items())


def _transfers(lines: tuple[Line, ...], language: str) -> tuple[Transfer, ...]:
    numbers: dict[str, list[str]] = {}
    for line in lines:
        if line.iban and (iban := grouped_iban(one_line(line.iban))):
            numbers.setdefault(iban, []).append(one_line(line.number))
    return tuple(Transfer(iban, iban.replace(" ", ""), listed(paid, language)) for iban, paid in numbers.items())
