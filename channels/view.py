"""What a template sees of a message: ready words, no objects of ours, nothing that could be called or changed.

Made by `render` for each message; the names here are the names that every template, shipped or a seller's own,
may use (`config/templates/README.md` lists them).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from channels.brand import Brand
from channels.charges_view import ChargesView, charges_of
from channels.codes import codes_of
from channels.port import Kind
from channels.sheet_view import DiscountView, discount_of, happened_of
from channels.words import grouped_iban, language_of, listed, long_date, money, one_line, short_date, web_address
from domain.levels import Channel, Level
from domain.money import Money

if TYPE_CHECKING:
    from collections.abc import Sequence

    from channels.port import Code, Content, Line
    from domain.account import CreditNote, Payment

FORMAL_DELAY = timedelta(days=8)
"""The time that a formal demand leaves; eight days is the usual in French business letters, no law sets it. A letter
counts them from its receipt: nobody knows here when it is posted."""


@dataclass(frozen=True, slots=True)
class Deduction:
    """A credit note by its `number`, or a payment with its date (`on`): taken off the line's amount already."""

    amount: str
    number: str | None = None
    on: str | None = None


@dataclass(frozen=True, slots=True)
class DocumentView:
    """Where one of several invoices is seen."""

    number: str
    url: str


@dataclass(frozen=True, slots=True)
class LineView:
    """One invoice in words. `late` is its days after the due date, 0 or less before; `days` those that it gave.

    `part` is which instalment of how many (`parts`) it is, or none. `agreed` are the numbers of the invoices of whose
    payment plan it is an instalment; then `number` lists them, and of several each has its own of the `documents`.
    `total` is what it was before something was taken off, or none: then `amount` is its balance.
    """

    number: str
    due: str
    amount: str
    late: int
    issued: str | None
    order: str | None
    document: str | None
    credits: tuple[Deduction, ...] = ()
    payments: tuple[Deduction, ...] = ()
    part: int | None = None
    parts: int | None = None
    discount: DiscountView | None = None
    days: int | None = None
    agreed: tuple[str, ...] = ()
    documents: tuple[DocumentView, ...] = ()
    total: str | None = None


@dataclass(frozen=True, slots=True)
class PayLink:
    """A page to pay on. `numbers` are the invoices it pays; `whole` says that these are all of the message's."""

    url: str
    numbers: str
    whole: bool


@dataclass(frozen=True, slots=True)
class CodeView:
    """A code to scan: its picture's name, the invoices that it pays, the amount of a transfer (`is_transfer`).

    `discounted`: less may be paid for some of them, and the code asks for the whole.
    """

    cid: str
    numbers: str
    is_transfer: bool
    amount: str | None
    discounted: bool


@dataclass(frozen=True, slots=True)
class Transfer:
    """An account to pay to, and the reference to quote there: its `numbers` in words. `bare` has no spaces."""

    iban: str
    bare: str
    reference: str
    numbers: tuple[str, ...]


def view_of(content: Content, brand: Brand = Brand()) -> dict[str, object]:  # noqa: B008 - frozen
    """All variables of a template, by name."""
    language = language_of(content.language)
    lines = tuple(_line(line, language, content.today) for line in content.lines)
    totals = _totals(content.lines, language)
    oldest = min((line.due_on for line in content.lines), default=None)
    seller = one_line(brand.name or content.seller_name)
    reply_to = content.reply_to or brand.reply_to
    return {
        "language": language,
        "channel": content.channel.value,
        "kind": content.kind.value,
        "tone": words_of(content),
        "seller": seller,
        "customer": one_line(content.customer_name),
        "contact": one_line(content.contact_name),
        "consumer": content.consumer,
        "logo": web_address(brand.logo),
        "colour": brand.colour,
        "signature": _signature(brand, seller),
        "lines": lines,
        "charges": _charges(content, language),
        "statement": tuple(_line(line, language, content.today) for line in content.statement),
        "history": tuple(happened_of(one, language) for one in content.history),
        "today": long_date(content.today, language),
        "address": tuple(one_line(line) for line in content.address),
        "sender": (seller, *(one_line(line) for line in brand.postal_address)),
        "place": one_line(brand.place) if brand.place else None,
        "lead": lines[0] if lines else None,
        "count": len(lines),
        "several": len(lines) > 1,
        "instalments": _instalments(lines),
        "totals": totals,
        "total": listed(totals, language),
        "oldest": long_date(oldest, language) if oldest else None,
        "oldest_short": short_date(oldest, language) if oldest else None,
        "late": _late(content),
        "due_today": oldest == content.today,
        "same_day": len({line.due_on for line in content.lines}) == 1,
        "part_paid": any(line.total for line in lines),
        "deadline": long_date(content.today + FORMAL_DELAY, language),
        "after_call": content.after_call,
        "written_before": content.written_before,
        "promised": _promised(content, language),
        "links": _links(content.lines, language),
        "transfers": _transfers(content.lines, language),
        "left_out": _left_out(content.lines),
        "codes": tuple(_code(code, lines, language) for code in codes_in(content, seller)),
        "ask": frozenset(content.ask),
        "reason": one_line(content.reason) if content.reason else None,
        "reply_to": one_line(reply_to) if reply_to else None,
    }


def words_of(content: Content) -> str:
    """What the words are chosen by: a reminder's level, as the calendar allows, or what else the message is for."""
    return words_level(content).word if content.kind is Kind.REMINDER else content.kind.value


def words_level(content: Content) -> Level:
    """The level whose words are true of these invoices: the tone, unless the calendar contradicts it.

    Nothing is late yet → `upcoming`, however hard the step: on the due date it can still be paid in time. Something
    is late → at least `courteous`: it can no longer be announced as falling due, however low the cap.
    """
    return max(content.tone, Level.COURTEOUS) if _late(content) > 0 else Level.UPCOMING


def _late(content: Content) -> int:
    return max((line.days_late for line in content.lines), default=0)


def _promised(content: Content, language: str) -> str | None:
    """The day for which payment was announced and missed; until something is late nobody is reproached with it."""
    if content.promised_on is None or words_level(content) is Level.UPCOMING:
        return None
    return long_date(content.promised_on, language)


def _signature(brand: Brand, seller: str) -> tuple[str, ...]:
    """By lines."""
    return tuple(one_line(line) for line in (brand.signature or "").splitlines() if line.strip()) or (seller,)


def _charges(content: Content, language: str) -> ChargesView | None:
    """What comes on top: only in reminders whose words are formal and written, whatever the step says."""
    if content.kind is not Kind.REMINDER:
        return None
    is_formal = words_level(content) >= Level.FORMAL and content.channel in (Channel.EMAIL, Channel.LETTER)
    return charges_of(content.lines, content.today, language) if is_formal else None


def _line(line: Line, language: str, today: date) -> LineView:
    documents = _documents(line)
    return LineView(
        number=listed(_numbers(line), language),
        due=long_date(line.due_on, language),
        amount=money(line.balance, language),
        late=line.days_late,
        issued=long_date(line.issued_on, language) if line.issued_on else None,
        order=one_line(line.purchase_order) if line.purchase_order else None,
        document=documents[0].url if documents and len(line.invoices) == 1 else None,
        credits=tuple(_credit(note, language) for note in line.credit_notes if _counts(note, line)),
        payments=tuple(_payment(payment, language) for payment in line.payments if _counts(payment, line)),
        part=line.part[0] if line.part else None,
        parts=line.part[1] if line.part else None,
        discount=discount_of(line, today, language),
        days=(line.due_on - line.issued_on).days if line.issued_on else None,
        agreed=_numbers(line) if line.agreed else (),
        documents=documents if len(line.invoices) > 1 else (),
        total=money(line.total, language) if line.total else None,
    )


def _numbers(line: Line) -> tuple[str, ...]:
    return tuple(one_line(one.number) for one in line.invoices)


def _documents(line: Line) -> tuple[DocumentView, ...]:
    found = ((one.number, web_address(one.document_url)) for one in line.invoices)
    return tuple(DocumentView(one_line(number), url) for number, url in found if url)


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
    """Each page with its invoices, each once: two instalments of one invoice have the same number."""
    invoices = [one for line in lines for one in line.invoices]
    asked = {one_line(one.number) for one in invoices}
    numbers: dict[str, dict[str, None]] = {}
    for one in invoices:
        if url := web_address(one.payment_url):
            numbers.setdefault(url, {})[one_line(one.number)] = None
    return tuple(PayLink(url, listed(list(paid), language), len(paid) == len(asked)) for url, paid in numbers.items())


def codes_in(content: Content, seller: str) -> tuple[Code, ...]:
    """To pay the seller as the words name it. Who has paid, or is asked how things are, gets nothing to scan."""
    return codes_of(content.lines, seller) if content.kind is Kind.REMINDER else ()


def _code(code: Code, lines: Sequence[LineView], language: str) -> CodeView:
    amount = money(code.amount, language) if code.amount else None
    is_discounted = any(line.discount and line.number in code.numbers for line in lines)
    return CodeView(code.cid, listed(code.numbers, language), code.amount is not None, amount, is_discounted)


def _transfers(lines: tuple[Line, ...], language: str) -> tuple[Transfer, ...]:
    numbers: dict[str, dict[str, None]] = {}
    for line in lines:
        if line.iban and (iban := grouped_iban(one_line(line.iban))):
            numbers.setdefault(iban, {}).update(dict.fromkeys(_numbers(line)))
    return tuple(
        Transfer(iban, iban.replace(" ", ""), listed(list(paid), language), tuple(paid))
        for iban, paid in numbers.items()
    )


def _instalments(lines: Sequence[LineView]) -> bool | str:
    """Whether all are instalments; `mixed`: some are of a plan over other invoices than those beside them."""
    if all(line.part or line.agreed for line in lines):
        return True
    return "mixed" if any(line.agreed for line in lines) else False


def _left_out(lines: tuple[Line, ...]) -> int:
    """How many invoices have neither a page nor an account: how to pay these is said on them alone."""
    asked = (one for line in lines if not grouped_iban(one_line(line.iban or "")) for one in line.invoices)
    return len({one_line(one.number) for one in asked if not web_address(one.payment_url)})
