"""What a task without a sheet asks for: in a few words, why now, and what would be sent if it was approved.

Called by `relance task`. It is planned at this very moment; nothing is kept of it.
"""

from __future__ import annotations

from channels.port import Content
from channels.render import TemplateError
from cli.foretold import content_for
from cli.words import SHORT
from config.wiring import Services
from domain.customer import Seller
from domain.ladder import ladder_of
from domain.routes import Route, routes_of
from domain.task_outcomes import OUTCOMES_OF, SCORES, TaskKind, TaskOutcome
from store import book
from store.engine import Connection
from store.worklist import TaskRow
from web.sentences import explain, names_of
from web.words import said, word
from workers.planned import Planned
from workers.planning import plan_accounts

_PLANNED_KINDS = frozenset({TaskKind.APPROVE, TaskKind.REPAIR, TaskKind.FIX, TaskKind.DISPUTE})
_WHY = ("{} : {}", "{}: {}")
_STEP = ("étape « {} »", "step “{}”")


def about(task: TaskRow, seller: Seller) -> str:
    """Its units; where it has none, the contact to repair, or the seller, whose own business it is."""
    if task.units:
        return ", ".join(task.units)
    return f"{seller.id} {seller.name}".rstrip() if task.kind == TaskKind.FIX else task.title


def title_of(task: TaskRow, language: str) -> str:
    """Its title; where it has none, or that is all it is about, its kind, and its step or what is wrong."""
    if (task.title and task.units) or not task.step:
        return task.title or _begun(word(task.kind, language))
    named = word(task.step, language)
    what = said(_STEP, language).format(task.step) if named == task.step else named
    return _begun(said(_WHY, language).format(word(task.kind, language), what))


def why_now(connection: Connection, services: Services, task: TaskRow) -> str:
    """Where its customer stands, in the seller's language, and the message that waits for a word; may be empty."""
    if task.kind not in _PLANNED_KINDS or task.state != "open":
        return ""
    row = book.batch(connection, 1, seller=task.seller, customer=task.customer)[0]
    one = plan_accounts(connection, services, [row], services.clock.now())[0]
    account = one.account
    numbers = {str(state.invoice.id): state.invoice.number for state in account.invoices}
    reasons = [reason.as_dict() for reason in one.plan.reasons]
    told = explain(reasons, account.seller.language, account.place.zone, numbers, names_of(account))
    message = _message(services, one, task) if task.kind == TaskKind.APPROVE else ""
    return "\n".join((*told, *(("", message) if message else ())))


def how_to_close(task: TaskRow) -> str:
    """The command that closes an open task, or the two of them; empty for any other."""
    name = task.id[:SHORT]
    if task.state != "open":
        return ""
    if task.kind == TaskKind.APPROVE:
        verb = f"relance task approve {name}"
        return f"{verb}, or {verb} --decline --next DATE, or {verb} --postpone --next DATE"
    verb = f"relance task close {name} --outcome"
    outcomes = [outcome.value for outcome in OUTCOMES_OF[task.kind]]
    if TaskOutcome.ANSWERED not in outcomes:
        return f"{verb} {'|'.join(outcomes)} --next DATE"
    outcomes.remove(TaskOutcome.ANSWERED)
    score = f"--score {SCORES[0]}-{SCORES[-1]}"
    return f"{verb} {TaskOutcome.ANSWERED} {score} --next DATE, or {verb} {'|'.join(outcomes)} --next DATE"


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
    way = _way(route, one.account.seller.language)
    return "\n\n".join(part for part in (way, rendered.subject or "", rendered.text.rstrip("\n")) if part)


def _way(route: Route, language: str) -> str:
    return " · ".join(part for part in (word(route.channel.value, language), route.to, *route.cc) if part)


def _begun(text: str) -> str:
    return text[:1].upper() + text[1:]
