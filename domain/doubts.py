"""Money that a person has to look into: it came in another currency, or was said to be sent and has not come.

It holds a unit at any point of its ladder, as a gate does before the first reminder, and ends like one: when the
facts are put right, or when a person says that what is owed is right as it is. Used by `plan` alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from domain.account import Account, InvoiceState, Unit
from domain.gates import Gate, asked_for
from domain.hours import local_date, start_of_day
from domain.ledger import PAYMENT_SENT_CODE
from domain.reasons import Code, Reason
from domain.units import unit_ids_of

OTHER_CURRENCY = "other_currency"
PAYMENT_SENT = "payment_sent"

PAYMENT_ON_ITS_WAY_DAYS = 10
"""So long an invoice whose payment was sent may go without news: a transfer over a weekend, a cheque by post."""


def doubts_of(unit: Unit, account: Account) -> tuple[Gate, ...]:
    """What holds the unit until a person has looked; each is asked once for an invoice."""
    found = []
    for state in unit.states:
        about = unit_ids_of(state.invoice) | {unit.id}
        for doubt in _doubts(unit, state, account):
            asked = asked_for(doubt, about, account)
            if asked is not None:
                found.append(asked)
    return tuple(found)


def _doubts(unit: Unit, state: InvoiceState, account: Account) -> Iterator[Gate]:
    name = state.invoice.id
    if state.foreign_payment is not None:
        facts = {"unit": unit.id, "invoice": name, "currency": state.foreign_payment}
        why = Reason(Code.UNIT_PAID_IN_OTHER_CURRENCY, facts)
        yield Gate(unit.id, name, OTHER_CURRENCY, is_of_invoice=True, said=why)
    if state.status_code == PAYMENT_SENT_CODE:
        heard_on = local_date(account.place, state.heard_at or state.known_at)
        asked_at = start_of_day(account.place, heard_on + timedelta(days=PAYMENT_ON_ITS_WAY_DAYS))
        why = Reason(Code.UNIT_WAITS_FOR_STATUS, {"unit": unit.id, "invoice": name, "code": state.status_code})
        yield Gate(unit.id, name, PAYMENT_SENT, is_of_invoice=True, asked_at=asked_at, said=why)
