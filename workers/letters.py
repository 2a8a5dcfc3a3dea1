"""From a planned reminder to the words of one attempt: picks what a message may say and has it rendered.

Called by `workers/claim` while the account is locked. It never leaves the process.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

from channels.port import Content, Line, Rendered
from config.wiring import Services
from domain.account import Account, CreditNote, Unit
from domain.charges import NoCharges, UnitCharges, charges_of
from domain.hours import local_date
from domain.ids import InvoiceId
from domain.ladder import ladder_of
from domain.levels import PERSON_CHANNELS
from domain.past import Member
from domain.planned import PlannedReminder
from domain.policy import Policy
from domain.routes import Route


class ChargesRefusedError(Exception):
    """A reminder was planned whose charges cannot be told. `plan` waits for the rates, so this is a fault of ours."""


def render(
    services: Services, account: Account, policy: Policy, reminder: PlannedReminder, route: Route, now: datetime
) -> Rendered:
    """The words for this route. TemplateError if the template is broken."""
    return services.renderer.render(content_of(account, policy, reminder, route, now))


def content_of(account: Account, policy: Policy, reminder: PlannedReminder, route: Route, now: datetime) -> Content:
    """All that the message may say. Work for people is in the seller's language, all else in the customer's."""
    today = local_date(account.place, now)
    is_for_us = route.channel in PERSON_CHANNELS
    return Content(
        channel=route.channel,
        language=account.seller.language if is_for_us else account.language,
        step=reminder.step.id,
        level=reminder.level,
        tone=reminder.tone,
        seller_name=account.seller.name,
        customer_name=account.customer.name,
        contact_name=route.to_name,
        lines=_lines(account, policy, reminder, today),
        today=today,
        ask=reminder.step.ask,
        reason=reminder.step.reason,
        statement=_statement(account, reminder, today) if "statement" in reminder.step.attach else (),
    )


def _lines(account: Account, policy: Policy, reminder: PlannedReminder, today: date) -> tuple[Line, ...]:
    """The members with what their delay costs; an invoice's credit notes are shown once, at its first line."""
    units = {unit.id: unit for unit in account.units}
    shown: set[InvoiceId] = set()
    lines = []
    for member in reminder.members:
        unit = units[member.unit_id]
        line = replace(_line(unit, today), charges=_charges(member, unit, account, policy, today))
        if shown.isdisjoint(state.invoice.id for state in unit.states):
            line = replace(line, credit_notes=_credit_notes(unit))
        shown |= {state.invoice.id for state in unit.states}
        lines.append(line)
    return tuple(lines)


def _line(unit: Unit, today: date) -> Line:
    """A unit as the message shows it: an instalment bears its invoice's number, a plan's all of theirs."""
    first = unit.states[0].invoice
    return Line(
        number=", ".join(state.invoice.number for state in unit.states),
        due_on=unit.due_on,
        balance=unit.balance,
        days_late=(today - unit.due_on).days,
        issued_on=first.issued_on,
        purchase_order=first.purchase_order,
        document_url=first.document_url,
        payment_url=first.payment_url,
        iban=first.iban,
        payments=unit.states[0].payments if _is_whole(unit) else (),
    )


def _is_whole(unit: Unit) -> bool:
    """Whether the unit is an invoice; what came in for one of several parts is in that part's balance alone."""
    first = unit.states[0]
    return len(unit.states) == 1 and not first.invoice.instalments and unit.balance == first.balance


def _credit_notes(unit: Unit) -> tuple[CreditNote, ...]:
    return tuple(note for state in unit.states for note in state.credit_notes)


def _charges(member: Member, unit: Unit, account: Account, policy: Policy, today: date) -> UnitCharges | None:
    """What the unit's own step lets the message name."""
    step = next(step for step in ladder_of(account, policy) if step.id == member.step)
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
