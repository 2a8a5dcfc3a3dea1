"""What a customer owes, on his page: planned at this moment and read only. Called by `pages`.

A fixed number of round trips, however many invoices there are.
"""

from __future__ import annotations

from datetime import datetime, tzinfo

import structlog

from config.wiring import Services
from domain.owed import Owed, OwedInvoice, OwedUnit, owed_of
from domain.reasons import Code
from store.accounts import AccountRow
from store.engine import Connection
from store.overview import AccountView
from web.sentences import sentence
from workers.planned import Planned
from workers.preview import look

MOST_SHOWN = 200

log = structlog.get_logger()

_WAITS: dict[Code, tuple[str, str]] = {
    Code.UNIT_DISPUTED: ("contestée", "disputed"),
    Code.UNIT_PROMISED: ("paiement promis, on attend jusqu’au {until}", "payment promised, waits until {until}"),
    Code.UNIT_IN_PLAN: ("on attend jusqu’au {until}", "waits until {until}"),
    Code.UNIT_WAITS_FOR_DATE: ("rien avant le {until}[ – {outcome}]", "nothing before {until}[ – {outcome}]"),
    Code.UNIT_WAITS_FOR_STATUS: ("facture électronique : statut {code}", "e-invoice status {code}"),
    Code.UNIT_PAID_IN_OTHER_CURRENCY: ("payée en {currency} : à vérifier", "paid in {currency}: to be checked"),
    Code.GATE: ("à vérifier : {why}", "to be checked: {why}"),
}
_WAITING = ("en attente", "waiting")
_LATE = ("en retard de {days} {days:jour|jours}", "{days} {days:day|days} late")
_DUE_TODAY = ("échoit aujourd’hui", "due today")
_NOT_DUE = ("pas encore échue", "not due yet")
_AGREED = ("plan de paiement", "payment plan")
_PARTS = ("en {count} {count:échéance|échéances}", "in {count} {count:instalment|instalments}")
_HELD = ("en pause[ jusqu’au {until}]", "on hold[ until {until}]")
_CYCLE = ("nouveau cycle depuis le {at}", "new cycle since {at}")


def planned_now(connection: Connection, services: Services, account: AccountView, now: datetime) -> Planned | None:
    """The account as planned at `now`; None where planning breaks over it."""
    return look(services, connection, AccountRow(account.key, account.seller, account.customer_id, ""), now)


def owed_now(planned: Planned | None) -> Owed | None:
    """What is owed at the instant of the plan; None where planning or this breaks over it."""
    if planned is None:
        return None
    try:
        return owed_of(planned.account, planned.policy, planned.plan, planned.now)
    except Exception as error:  # noqa: BLE001 - whatever breaks over the table must not hide the rest of the page
        log.warning("owed.not_told", account=planned.row.key, error=type(error).__name__)
        return None


def numbers_owed(owed: Owed | None) -> dict[str, str]:
    """The numbers of its invoices, by id."""
    found = [] if owed is None else [one.state.invoice for one in owed.invoices]
    return {invoice.id: invoice.number for invoice in found}


def stands(one: OwedInvoice, owed: Owed, language: str, zone: tzinfo) -> list[str]:
    """How an invoice stands, in a few words each; one that is cut into parts says more with these."""
    if len(one.units) != 1 or one.units[0].is_part:
        is_agreed = any(each.unit.agreed for each in one.units)
        count = {"count": len(one.units)}
        return [sentence(_AGREED, {}, language, zone)] if is_agreed else [sentence(_PARTS, count, language, zone)]
    return part_stands(one.units[0], owed, language, zone)


def part_stands(one: OwedUnit, owed: Owed, language: str, zone: tzinfo) -> list[str]:
    """How a unit stands: how late it is, then what keeps it back, then in which cycle it is."""
    late = _LATE if one.late_days > 0 else _NOT_DUE if one.late_days else _DUE_TODAY
    found = [sentence(late, {"days": one.late_days}, language, zone)]
    if one.waits is not None:
        found.append(sentence(_WAITS.get(one.waits.code, _WAITING), one.waits.facts, language, zone))
    if owed.hold is not None:
        until = None if owed.hold.until is None else owed.hold.until.isoformat()
        found.append(sentence(_HELD, {"until": until}, language, zone))
    if one.unit.restarted_on is not None:
        found.append(sentence(_CYCLE, {"at": one.unit.restarted_on.isoformat()}, language, zone))
    return found
