"""What a task without a sheet asks for: why now, and what would be sent if it was approved.

Called by `relance task`. It is planned at this very moment; nothing is kept of it.
"""

from __future__ import annotations

from channels.port import Content
from channels.render import TemplateError
from cli.foretold import content_for
from config.wiring import Services
from domain.ladder import ladder_of
from domain.routes import Route, routes_of
from domain.task_outcomes import TaskKind
from store import book, sellers
from store.engine import Connection
from store.worklist import TaskRow
from web.sentences import explain, names_of
from web.words import said, word
from workers.planned import Planned
from workers.preview import look

_PLANNED_KINDS = frozenset({TaskKind.APPROVE, TaskKind.REPAIR, TaskKind.FIX, TaskKind.DISPUTE})
_ALONE = (
    "Tel qu’il partirait seul ; il peut être groupé avec d’autres quand il part :",
    "As it would leave alone; it may be grouped with others when it leaves:",
)
_NOT_TOLD = (
    "Où en est ce client ne peut pas être montré : une erreur de notre côté, que nos journaux nomment.",
    "Where this customer stands cannot be shown: an error on our side, which our logs name.",
)


def why_now(connection: Connection, services: Services, task: TaskRow) -> str:
    """Where its customer stands, in the seller's language, and the message that waits for a word; may be empty.

    Of an account that breaks whoever plans it, that it does.
    """
    if task.kind not in _PLANNED_KINDS or task.state != "open":
        return ""
    row = book.batch(connection, 1, seller=task.seller, customer=task.customer)[0]
    one = look(services, connection, row, services.clock.now())
    if one is None:
        return said(_NOT_TOLD, sellers.load(connection, [task.seller])[task.seller].seller.language)
    account = one.account
    numbers = {str(state.invoice.id): state.invoice.number for state in account.invoices}
    reasons = [reason.as_dict() for reason in one.plan.reasons]
    told = explain(reasons, account.seller.language, account.place.zone, numbers, names_of(account))
    message = _message(services, one, task) if task.kind == TaskKind.APPROVE else ""
    return "\n".join((*told, *(("", message) if message else ())))


def _message(services: Services, one: Planned, task: TaskRow) -> str:
    """What would go out now if it was approved, and to whom; empty where it could not: the reasons say why."""
    units = [unit for unit in one.account.units if unit.id in task.units]
    step = next((each for each in ladder_of(one.account, one.policy).steps if each.id == task.step), None)
    if step is None or not units:
        return ""
    # Its words are worth reading, also where nobody can be reached with them yet.
    route = (*routes_of(one.account, one.policy, step)[0], Route(step.channels[0], None, ""))[0]
    content = content_for(one, step, units, route)
    if not isinstance(content, Content):
        return ""
    try:
        rendered = services.renderer.render(content)
    except TemplateError as error:
        return str(error)
    language = one.account.seller.language
    head = (said(_ALONE, language), _way(route, language))
    return "\n\n".join(part for part in (*head, rendered.subject or "", rendered.text.rstrip("\n")) if part)


def _way(route: Route, language: str) -> str:
    return " · ".join(part for part in (word(route.channel.value, language), route.to, *route.cc) if part)
