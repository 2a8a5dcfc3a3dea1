"""What people of the seller and of the customer said and did, applied fact by fact in the order of their stamps.

Used by `fold`, and where internal tasks are named. Replies, complaints and tasks are sets by id.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from domain import facts
from domain.addresses import address_key
from domain.ids import CustomerId
from domain.levels import Channel
from domain.task_outcomes import HIGHEST_LOW_SCORE, TaskKind, TaskOutcome


@dataclass(slots=True)
class People:
    """The growing state of one customer's side of the matter; what concerns others leaves no trace.

    But for promises and disputes of units that others owed before: they hold for who owes them now.
    """

    customer_id: CustomerId
    closed: dict[str, facts.TaskClosed] = field(default_factory=dict)
    closed_at: dict[str, datetime] = field(default_factory=dict)
    replies: dict[str, facts.ReplyReceived] = field(default_factory=dict)
    wrote: dict[str, datetime] = field(default_factory=dict)
    complaints: dict[str, str] = field(default_factory=dict)
    failed_method: str | None = None

    def apply(self, fact: facts.Fact) -> None:
        """Takes in the next fact (stamps never go back)."""
        body = fact.body
        match body:
            case facts.TaskClosed(task_id=task_id) if is_told_to(self.customer_id, body):
                self.closed.pop(task_id, None)
                if body.customer_id == self.customer_id or _goes_with_units(body):
                    self.closed[task_id] = body
                    self.closed_at[task_id] = min(fact.stamp.time, fact.received_at)
            case facts.ReplyReceived(customer_id=customer_id, reply_id=reply_id) if customer_id == self.customer_id:
                self.replies.setdefault(reply_id, body)
                if body.channel is Channel.WHATSAPP and body.address:
                    self._note_number(body.address, min(fact.stamp.time, fact.received_at))
            case facts.ComplaintOpened(customer_id=customer_id) if customer_id == self.customer_id:
                self.complaints[body.complaint_id] = body.reason or "complaint"
            case facts.ComplaintResolved(customer_id=customer_id) if customer_id == self.customer_id:
                self.complaints.pop(body.complaint_id, None)
            case facts.PaymentMethodFailed(customer_id=customer_id) if customer_id == self.customer_id:
                self.failed_method = body.reason or "failed"
            case facts.PaymentMethodRestored(customer_id=customer_id) if customer_id == self.customer_id:
                self.failed_method = None
            case _:
                return

    def _note_number(self, address: str, at: datetime) -> None:
        """When the customer last wrote to us from there."""
        key = address_key(address)
        self.wrote[key] = max(at, self.wrote.get(key, at))

    def unread(self) -> tuple[facts.ReplyReceived, ...]:
        """The replies that nobody has dealt with yet. A closed `reply` task names those it was about as its units."""
        read = self._read()
        return tuple(reply for name, reply in self.replies.items() if name not in read)

    def low_scores(self) -> tuple[facts.TaskClosed, ...]:
        """The surveys with a low score that nobody has looked at yet, which is a task of kind `reply`, too."""
        read = self._read()
        return tuple(
            task
            for name, task in self.closed.items()
            if task.score is not None and task.score <= HIGHEST_LOW_SCORE and name not in read
        )

    def _read(self) -> set[str]:
        """The names of what people have dealt with."""
        return {name for task in self.closed.values() if task.kind == TaskKind.REPLY for name in task.units}


def is_told_to(customer_id: CustomerId, closed: facts.TaskClosed) -> bool:
    """Whether the closing may say something to this customer: his own, or one about units that have come to him."""
    return closed.customer_id == customer_id or closed.kind != TaskKind.REPLY


def _goes_with_units(closed: facts.TaskClosed) -> bool:
    return closed.kind == TaskKind.DISPUTE or closed.outcome in (TaskOutcome.PROMISED, TaskOutcome.DISPUTED)
