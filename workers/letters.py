"""From a planned reminder to the words of one attempt: picks what a message may say and has it rendered.

Called by `workers/claim` while the account is locked. It never leaves the process.
"""

from __future__ import annotations

from datetime import date, datetime

from channels.port import Content, Line, Rendered
from config.wiring import Services
from domain.account import Account, Unit
from domain.hours import local_date
from domain.levels import PERSON_CHANNELS
from domain.planned import PlannedReminder
from domain.routes import Route


def render(services: Services, account: Account, reminder: PlannedReminder, route: Route, now: datetime) -> Rendered:
    """The words for this route. TemplateError if the template is broken."""
    return services.renderer.render(content_of(account, reminder, route, now))


def content_of(account: Account, reminder: PlannedReminder, route: Route, now: datetime) -> Content:
    """All that the message may say. Work for people is in the seller's language, all else in the customer's."""
    today = local_date(account.place, now)
    units = {unit.id: unit for unit in account.units}
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
        lines=tuple(_line(units[member.unit_id], today) for member in reminder.members),
        today=today,
        ask=reminder.step.ask,
        reason=reminder.step.reason,
    )


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
    )
