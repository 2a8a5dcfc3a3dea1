"""Money that a person has to look into: it came in another currency, or was said to be sent and has not come.

It holds a unit at any point of its ladder, as a gate does before the first reminder, and ends like one: when the
facts are put right, or when a person says that what is owed is right as it is. Used by `plan` alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from domain.account import Account, InvoiceState, Unit
from domain.gates import Gate, asked_again, passed_at
from domain.hours import local_date, start_of_day
from domain.ids import UnitId
from domain.ledger import PAYMENT_SENT_CODE
from domain.reasons import Code, Reason
from domain.units import unit_ids_of

OTHER_CURRENCY = "other_currency"
PAYMENT_SENT = "payment_sent"

PAYMENT_ON_ITS_WAY_DAYS = 10
"""So long an invoice whose payment was sent may go without a payment: a transfer over a weekend, a cheque by post."""


def doubts_of(unit: Unit, account: Account) -> tuple[Gate, ...]:
    """What holds the unit until a person has looked; each is asked once for an invoice."""
    found = []
    for state in unit.states:
        about = unit_ids_of(state.invoice) | {unit.id}
        found += [asked_again(doubt, about, account) for doubt in _doubts(unit, state, about, account)]
    return tuple(found)


def _doubts(unit: Unit, state: InvoiceState, about: set[UnitId], account: Account) -> Iterator[Gate]:
    """What a person let pass is over; what came after that is another matter."""
    name = state.invoice.id
    if state.foreign_payment is not None:
        came_at = (state.foreign_at or state.known_at,)
        if _since_passed(came_at, OTHER_CURRENCY, about, account):
            facts = {"unit": unit.id, "invoice": name, "currency": state.foreign_payment}
            why = Reason(Code.UNIT_PAID_IN_OTHER_CURRENCY, facts)
            yield Gate(unit.id, name, OTHER_CURRENCY, is_of_invoice=True, said=why)
    announced = _since_passed(state.announced_at, PAYMENT_SENT, about, account)
    if announced:
        heard_at = max(min(announced), state.money_at or min(announced))
        heard_on = local_date(account.place, heard_at)
        asked_at = start_of_day(account.place, heard_on + timedelta(days=PAYMENT_ON_ITS_WAY_DAYS))
        why = Reason(Code.UNIT_WAITS_FOR_STATUS, {"unit": unit.id, "invoice": name, "code": PAYMENT_SENT_CODE})
        yield Gate(unit.id, name, PAYMENT_SENT, is_of_invoice=True, asked_at=asked_at, said=why)


def _since_passed(
    instants: tuple[datetime, ...], why: str, about: set[UnitId], account: Account
) -> tuple[datetime, ...]:
    """Those of them after a person let it pass, all if nobody has."""
    passed = passed_at(why, about, account)
    return instants if passed is None else tuple(at for at in instants if at > passed)
