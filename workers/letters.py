"""From a planned reminder to the words of one attempt: picks what a message may say and has it rendered.

Called by `workers/calls` while the account is locked. It never leaves the process.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime

from channels.port import Content, Covered, Document, Line, Rendered
from channels.words import grouped_iban, language_of, web_address
from config.wiring import Services
from domain.account import Account, CreditNote, Unit
from domain.charges import NoCharges, UnitCharges, charges_of
from domain.free_text import takes_free_text
from domain.hours import local_date
from domain.ids import InvoiceId
from domain.ladder import ladder_of
from domain.levels import PERSON_CHANNELS, Channel
from domain.money import Money
from domain.past import Member, PastReminder
from domain.planned import PlannedReminder
from domain.policy import Policy
from domain.promises import PromiseState, standings_of
from domain.routes import Route
from domain.task_outcomes import CALLED_AGAIN, TaskOutcome
from workers.sheets import history_of

NOTHING_WENT_OUT = frozenset({"withdrawn", "failed"})
"""States of a reminder that the customer knows nothing of."""

NOBODY_SPOKEN_TO = frozenset({*CALLED_AGAIN, TaskOutcome.WRONG_PERSON})
"""Outcomes of a call that the one who is written to knows nothing of."""


class ChargesRefusedError(Exception):
    """A reminder was planned whose charges cannot be told. `plan` waits for the rates, so this is a fault of ours."""


def render(
    services: Services, account: Account, policy: Policy, reminder: PlannedReminder, route: Route, now: datetime
) -> Rendered:
    """The words for this route. TemplateError if the template is broken."""
    return services.renderer.render(content_of(account, policy, reminder, route, now))


def documents_of(account: Account, reminder: PlannedReminder) -> tuple[Document, ...]:
    """The documents that the step attaches: each member's, each once."""
    if "invoice" not in reminder.step.attach:
        return ()
    units = {unit.id: unit for unit in account.units}
    found: dict[str, Document] = {}
    for member in reminder.members:
        for state in units[member.unit_id].states:
            url = web_address(state.invoice.document_url)
            if url is not None:
                found.setdefault(url, Document(url, state.invoice.number, member.unit_id))
    return tuple(found.values())


def content_of(account: Account, policy: Policy, reminder: PlannedReminder, route: Route, now: datetime) -> Content:
    """All that the message may say. People's sheets are in the seller's language, all else in the customer's."""
    today = local_date(account.place, now)
    by_id = {unit.id: unit for unit in account.units}
    units = [by_id[member.unit_id] for member in reminder.members]
    lead = units[0]
    so_far = _contacts(account, lead, reminder)
    is_for_us = route.channel in PERSON_CHANNELS and route.channel is not Channel.LETTER
    language = account.seller.language if is_for_us else account.language
    written = language_of(language)
    return Content(
        channel=route.channel,
        language=language,
        step=reminder.step.id,
        level=reminder.level,
        tone=reminder.tone,
        seller_name=account.seller.name,
        customer_name=account.customer.name,
        contact_name=route.to_name,
        lines=_lines(account, policy, reminder, today),
        today=today,
        ask=reminder.step.ask,
        reason=reminder.step.reason_in(written, is_own=account.seller.language in (language, written)),
        statement=_statement(account, reminder, today) if is_for_us or "statement" in reminder.step.attach else (),
        seller_id=account.seller.id,
        after_call=_is_after_call(account, lead, so_far),
        promised_on=_promised_on(account, policy, units, so_far, now),
        history=history_of(account, policy, now) if is_for_us else (),
        address=_address(account, route),
        takes_free_text=route.channel is Channel.WHATSAPP and takes_free_text(account, route.to, now),
        consumer=account.customer.kind == "consumer",
        written_before=any(past.channel not in PERSON_CHANNELS - {Channel.LETTER} for past in so_far),
    )


def _is_after_call(account: Account, lead: Unit, so_far: Sequence[PastReminder]) -> bool:
    """Whether the last contact about it was a call in which somebody was spoken to."""
    if not so_far or so_far[-1].channel is not Channel.PHONE:
        return False
    call = so_far[-1]
    cycle = next(member.cycle for member in call.members if member.unit_id == lead.id)
    closed = [
        one for one in account.closed_tasks if one.step == call.step and lead.id in one.units and one.cycle >= cycle
    ]
    return bool(closed) and closed[-1].kind == Channel.PHONE and closed[-1].outcome not in NOBODY_SPOKEN_TO


def _promised_on(
    account: Account, policy: Policy, units: Sequence[Unit], so_far: Sequence[PastReminder], now: datetime
) -> date | None:
    """The day by which all of it was promised to be paid, if it was not, and nothing was said about it since."""
    broken = [
        one
        for one in standings_of(account, policy, now)
        if one.state is PromiseState.BROKEN and all(one.covers(unit) for unit in units)
    ]
    if not broken or any(past.at >= broken[-1].until for past in so_far):
        return None
    return broken[-1].promise.promised_on


def _contacts(account: Account, unit: Unit, reminder: PlannedReminder) -> list[PastReminder]:
    """The reminders about a unit before this one, oldest first, but those of which nothing went out."""
    return [
        past
        for past in account.history
        if past.state not in NOTHING_WENT_OUT and past.id != reminder.continues
        if any(member.unit_id == unit.id for member in past.members)
    ]


def _address(account: Account, route: Route) -> tuple[str, ...]:
    """The lines of a letter's envelope."""
    found = (one.postal_address for one in account.customer.contacts if one.id == route.contact_id)
    return next(found, ()) if route.channel is Channel.LETTER else ()


def _lines(account: Account, policy: Policy, reminder: PlannedReminder, today: date) -> tuple[Line, ...]:
    """The members with what their delay costs; an invoice's credit notes are shown once, at its first line."""
    units = {unit.id: unit for unit in account.units}
    shown: set[InvoiceId] = set()
    lines = []
    for member in reminder.members:
        unit = units[member.unit_id]
        invoices = {state.invoice.id for state in unit.states}
        notes = _credit_notes(unit) if shown.isdisjoint(invoices) else ()
        lines.append(_line(unit, today, _charges(member, unit, account, policy, today), notes))
        shown |= invoices
    return tuple(lines)


def _line(
    unit: Unit, today: date, charges: UnitCharges | None = None, credit_notes: tuple[CreditNote, ...] = ()
) -> Line:
    """A unit as the message shows it: an instalment bears its invoice's number."""
    if unit.agreed:
        return _agreed_line(unit, today, charges)
    first = unit.states[0].invoice
    return Line(
        number=first.number,
        due_on=unit.due_on,
        balance=unit.balance,
        days_late=(today - unit.due_on).days,
        issued_on=first.issued_on,
        purchase_order=first.purchase_order,
        document_url=first.document_url,
        payment_url=first.payment_url,
        iban=first.iban,
        credit_notes=credit_notes,
        payments=unit.states[0].payments if _is_whole(unit) else (),
        charges=charges,
        part=_part(unit),
        discount=first.early_payment_discount if _is_whole(unit) else None,
        total=_total(unit),
    )


def _agreed_line(unit: Unit, today: date, charges: UnitCharges | None) -> Line:
    """A payment plan's instalment: it bears the numbers of all its invoices, and has no terms but what was agreed.

    What was taken off the invoices was so before it, or is in its balance alone: of what was agreed, it is the rest.
    """
    invoices = [state.invoice for state in unit.states]
    return Line(
        number=", ".join(one.number for one in invoices),
        due_on=unit.due_on,
        balance=unit.balance,
        days_late=(today - unit.due_on).days,
        purchase_order=_of_all(one.purchase_order for one in invoices),
        iban=_of_all(grouped_iban(one.iban) for one in invoices if one.iban),
        charges=charges,
        agreed=tuple(Covered(one.number, one.document_url, one.payment_url) for one in invoices),
        total=_total(unit),
    )


def _of_all(values: Iterable[str | None]) -> str | None:
    """What is the same for all of them, or None."""
    found = set(values)
    return found.pop() if len(found) == 1 else None


def _part(unit: Unit) -> tuple[int, int] | None:
    """Which of its invoice's instalments the unit is."""
    parts = unit.states[0].invoice.instalments
    return (int(unit.id.rpartition("#")[2]), len(parts)) if parts else None


def _total(unit: Unit) -> Money | None:
    """What an invoice or an instalment was before anything was taken off; None if nothing was."""
    return unit.whole if unit.whole and unit.whole.minor > unit.balance.minor else None


def _is_whole(unit: Unit) -> bool:
    """Whether the unit is an invoice; what came in for one of several parts is in that part's balance alone."""
    first = unit.states[0]
    return not first.invoice.instalments and unit.balance == first.balance


def _credit_notes(unit: Unit) -> tuple[CreditNote, ...]:
    return tuple(note for state in unit.states for note in state.credit_notes)


def _charges(member: Member, unit: Unit, account: Account, policy: Policy, today: date) -> UnitCharges | None:
    """What the unit's own step lets the message name."""
    step = next(step for step in ladder_of(account, policy).steps if step.id == member.step)
    match charges_of(unit, step, account, policy, today):
        case UnitCharges() as charges:
            return charges
        case NoCharges():
            return None
        case refusal:
            raise ChargesRefusedError(f"{type(refusal).__name__} {refusal.half_year}")


def _statement(account: Account, reminder: PlannedReminder, today: date) -> tuple[Line, ...]:
    """The other units still owed, for information, but those about which there is a question."""
    asked = {member.unit_id for member in reminder.members}
    return tuple(_line(unit, today) for unit in account.units if unit.id not in asked and not _is_questioned(unit))


def _is_questioned(unit: Unit) -> bool:
    """Whether an invoice behind it is disputed, stopped by its e-invoice status, or paid in another currency."""
    return any(state.disputed or state.status_code or state.foreign_payment for state in unit.states)
