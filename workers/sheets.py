"""What a person's sheet tells besides the words: what happened with the customer before, newest first.

Called by `workers/letters` for calls, visits, meetings, check-ins, surveys and hand-offs. Values in, values out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from channels.port import Happened
from domain.account import Account
from domain.facts import TaskClosed
from domain.hours import local_date
from domain.ids import UnitId
from domain.naming import attempt_id
from domain.past import PastReminder
from domain.policy import Policy
from domain.promises import PromiseState, standings_of
from domain.units import unit_ids_of

MOST_TOLD = 12
"""What one reads before a call."""


def history_of(account: Account, policy: Policy, now: datetime) -> tuple[Happened, ...]:
    """Contacts with what came of them, promises and whether they were kept, payments, open disputes."""
    found = [
        *_contacts(account),
        *_promises(account, policy, now),
        *_payments(account),
        *_disputes(account),
    ]
    return tuple(sorted(found, key=lambda one: one.on, reverse=True)[:MOST_TOLD])


def _contacts(account: Account) -> Iterator[Happened]:
    numbers = _numbers(account)
    said = {one.task_id: one for one in account.closed_tasks}
    for past in account.history:
        if past.state == "done":
            told = _said(past, said)
            yield Happened(
                on=local_date(account.place, past.at),
                what=past.channel.value,
                numbers=tuple(dict.fromkeys(numbers.get(one.unit_id, one.unit_id) for one in past.members)),
                outcome=told.outcome if told else None,
                until=told.next_on if told else None,
                note=told.note if told else "",
                by=told.by if told else "",
                score=told.score if told else None,
            )


def _said(past: PastReminder, said: Mapping[str, TaskClosed]) -> TaskClosed | None:
    """What came of a contact by a person, the last time it was tried."""
    names = [attempt_id(past.id, number) for number in range(past.attempts, 0, -1)]
    return next((said[name] for name in names if name in said), None)


def _promises(account: Account, policy: Policy, now: datetime) -> Iterator[Happened]:
    names = {state.invoice.id: state.invoice.number for state in account.invoices}
    for one in standings_of(account, policy, now):
        is_lapsed = one.state is PromiseState.LAPSED
        about = one.invoice_ids if is_lapsed else one.invoice_ids - one.lapsed_ids
        yield Happened(
            on=local_date(account.place, one.promise.made_at),
            what=f"promise_{one.state.value}",
            numbers=tuple(sorted(names[name] for name in about)),
            amount=one.promise.amount,
            until=one.promise.promised_on,
            by=one.promise.by,
        )


def _payments(account: Account) -> Iterator[Happened]:
    for state in account.invoices:
        for payment in state.payments:
            yield Happened(payment.paid_on, "paid", (state.invoice.number,), payment.amount)


def _disputes(account: Account) -> Iterator[Happened]:
    for state in account.invoices:
        if state.disputed and state.heard_at is not None and state.balance.minor:
            on = local_date(account.place, state.heard_at)
            yield Happened(on, "disputed", (state.invoice.number,), state.balance, note=state.disputed)


def _numbers(account: Account) -> Mapping[UnitId, str]:
    return {name: state.invoice.number for state in account.invoices for name in unit_ids_of(state.invoice)}
