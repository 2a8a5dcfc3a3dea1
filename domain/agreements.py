"""What seller and customer agreed on: promises to pay and payment plans, and what came of talking to each other.

Used by `fold` alone, fact by fact in the order of their stamps.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from domain import facts
from domain.account import Promise
from domain.disputes import Dispute
from domain.facts import Fact
from domain.ids import CustomerId, InvoiceId, UnitId
from domain.ledger import Books, Ledger
from domain.money import Money, restated
from domain.people import is_told_to
from domain.plan_names import PlanNames, Telling, in_currency, terms_of
from domain.task_outcomes import TaskKind, TaskOutcome
from domain.units import PlanBase, is_unit_of, plan_name, units_of


@dataclass(slots=True)
class Agreements:
    """The growing list of them. A task that is closed again takes back what it had said.

    `names` are those of all plans, of later ones too. `settled` are the disputes that a task has settled, by the
    task. `books` are those of a plan's invoices as they were when it was agreed, by the event it is named after.
    """

    customer_id: CustomerId
    ledgers: Mapping[InvoiceId, Ledger]
    names: PlanNames
    plans: list[PlanBase] = field(default_factory=list)
    books: dict[str, dict[InvoiceId, Books]] = field(default_factory=dict)
    promises: dict[str, Promise] = field(default_factory=dict)
    told: list[Promise] = field(default_factory=list)
    settled: dict[str, dict[InvoiceId, Dispute]] = field(default_factory=dict)

    def apply(self, fact: Fact) -> None:
        """Takes in the next fact (stamps never go back), after the ledgers have."""
        match fact.body:
            case facts.PaymentPlanAgreed() as plan:
                self._plan(fact.stamp.event_id, plan)
            case facts.PromiseMade() as made:
                self._promise(fact, made)
            case facts.TaskClosed() as closed if is_told_to(self.customer_id, closed):
                self._closed(fact, closed)
                for ledger in self.ledgers.values():
                    if ledger.disputed_in or ledger.disputes:
                        ledger.note_dispute(fact.stamp.time)
            case _:
                return

    def _plan(self, event_id: str, plan: facts.PaymentPlanAgreed) -> None:
        """With what was owed of each of its invoices when it was agreed: payments are counted from there.

        What was promised of them before, no longer counts: they are owed as its instalments now. The plan in force,
        told once more, changes nothing: what was paid of it stays paid.
        """
        plan = in_currency(plan, self.ledgers)
        if self._is_in_force(plan):
            return
        event_id, plan = self.names.telling_of.get(terms_of(plan), Telling(event_id, plan))
        owed = {i: self.ledgers[i].balance() for i in plan.invoice_ids if i in self.ledgers}
        base = PlanBase(event_id, plan, owed)
        self.plans = [*(one for one in self.plans if one.event_id != event_id), base]
        self.books[event_id] = {i: self.ledgers[i].books() for i in owed}
        taken = {i for i, balance in owed.items() if balance.currency == base.currency}
        self.told = [one for one in self.told if taken.isdisjoint(one.invoice_ids)]
        for name, one in self.promises.items():
            if not any(is_unit_of(unit, plan_name(event_id)) for unit in one.unit_ids):
                self.promises[name] = replace(one, invoice_ids=tuple(i for i in one.invoice_ids if i not in taken))

    def _is_in_force(self, plan: facts.PaymentPlanAgreed) -> bool:
        """Whether the newest plan about any of its invoices is about the same ones, on the same terms."""
        names = set(plan.invoice_ids)
        newest = next((base.plan for base in reversed(self.plans) if names & set(base.plan.invoice_ids)), None)
        return newest is not None and terms_of(newest) == terms_of(plan)

    def plans_now(self) -> list[PlanBase]:
        """The plans, with what had been owed of their invoices as it is known now."""
        return [replace(base, owed={i: self._owed_but_for_later(base, i) for i in base.owed}) for base in self.plans]

    def _owed_but_for_later(self, base: PlanBase, of: InvoiceId) -> Money:
        """What would be owed of the invoice if nothing had come in since the plan was agreed.

        That is more than was owed then, if its total was corrected, or a payment of before went back.
        """
        ledger, owed = self.ledgers[of], base.owed[of]
        if owed.currency != ledger.balance().currency or not (owed.minor or ledger.balance().minor):
            return owed
        now = ledger.books()
        then = self.books[base.event_id][of].items()
        return Money(max(0, sum(max(minor, now.get(entry, 0)) for entry, minor in then)), owed.currency)

    def _promise(self, fact: Fact, made: facts.PromiseMade) -> None:
        """The one that was told last about any of its invoices, told once more, changes nothing: it was made then."""
        name, amount = fact.stamp.event_id, made.amount
        known = next((self.ledgers[i].invoice.total.currency for i in made.invoice_ids if i in self.ledgers), None)
        if amount is not None and known is not None and not made.currency_stated:
            amount = restated(amount, known)
        promise = Promise(name, fact.stamp.time, made.invoice_ids, amount, made.promised_on, made.by)
        if not self._is_told(promise):
            self.told.append(promise)
            self.promises[name] = promise

    def _is_told(self, promise: Promise) -> bool:
        """Whether it is the one told last, and nothing has gone back that had ended that one."""
        names = set(promise.invoice_ids)
        last = next((one for one in reversed(self.told) if names & set(one.invoice_ids)), None)
        if last is None or (last.amount, last.promised_on) != (promise.amount, promise.promised_on):
            return False
        went_back = (one.went.at for i in names if i in self.ledgers for one in self.ledgers[i].returns)
        return names == set(last.invoice_ids) and not any(at > last.made_at for at in went_back)

    def _closed(self, fact: Fact, closed: facts.TaskClosed) -> None:
        name = f"task:{closed.task_id}"
        self.promises.pop(name, None)
        settled = self._take_back_dispute(closed)
        invoices = self._invoices_of(closed, fact.received_at)
        match TaskOutcome(closed.outcome):
            case TaskOutcome.PROMISED:
                units = () if closed.kind == TaskKind.REPLY else closed.units
                amount = self._owed_of(units)
                self.promises[name] = Promise(
                    name, fact.stamp.time, invoices, amount, closed.next_on, closed.by, unit_ids=units
                )
            case TaskOutcome.DISPUTED:
                for invoice_id in invoices:
                    self.ledgers[invoice_id].contest(closed.task_id)
            case TaskOutcome.RESOLVED:
                contested = [i for i in invoices if self.ledgers[i].disputed_in]  # else an event has ended it before
                ended = {i: self.ledgers[i].resolve() for i in contested if i not in settled}
                self.settled[closed.task_id] = settled | ended
            case _:
                return

    def _owed_of(self, units: Sequence[UnitId]) -> Money | None:
        """What is owed of these units now, if they are in one currency: later instalments are not part of it."""
        states = [ledger.state() for ledger in self.ledgers.values()]
        owed = [unit.balance for unit in units_of(states, self.plans_now()) if unit.id in units]
        if not owed or any(one.currency != owed[0].currency for one in owed):
            return None
        return Money(sum(one.minor for one in owed), owed[0].currency)

    def _take_back_dispute(self, closed: facts.TaskClosed) -> dict[InvoiceId, Dispute]:
        """Returns what the task settled before of what is disputed anew: settled once more, that is not ended."""
        task_id, kept = closed.task_id, dict[InvoiceId, Dispute]()
        for settled in self.settled.values():
            for invoice_id, (reason, tasks) in settled.items():
                settled[invoice_id] = (reason, tuple(name for name in tasks if name != task_id))
        for ledger in self.ledgers.values():
            ledger.disputed_in = tuple(name for name in ledger.disputed_in if name != task_id)
        for invoice_id, dispute in self.settled.pop(task_id, {}).items():
            ledger = self.ledgers[invoice_id]
            is_anew = ledger.disputed is not None or bool(ledger.disputed_in)
            if is_anew and closed.outcome == TaskOutcome.RESOLVED:
                kept[invoice_id] = dispute
                continue
            ledger.disputed, ledger.disputed_in = ledger.disputed or dispute[0], (*dispute[1], *ledger.disputed_in)
        return kept

    def _invoices_of(self, closed: facts.TaskClosed, at: datetime) -> tuple[InvoiceId, ...]:
        """The invoices behind the task's units; behind a reply, all that had reached us and are still owed."""
        if closed.kind == TaskKind.REPLY:
            known = [(name, ledger) for name, ledger in self.ledgers.items() if ledger.known_at <= at]
            return tuple(name for name, ledger in known if ledger.balance().minor > 0)
        return tuple(dict.fromkeys(i for unit in closed.units for i in self._behind(unit)))

    def _behind(self, unit: UnitId) -> Iterable[InvoiceId]:
        yield from (i for i in self.names.invoices_behind(unit) if i in self.ledgers)
        yield from (i for i in self.ledgers if is_unit_of(unit, i))
