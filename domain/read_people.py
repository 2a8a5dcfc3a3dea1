"""From the `data` of events about people's work and customers' answers to facts. Called by `read_facts`."""

from __future__ import annotations

from domain import facts
from domain.fields import Fields, a_day, a_list, ident, line, one_of, shown, text
from domain.ids import CustomerId, StepId, UnitId
from domain.levels import Channel
from domain.read_customer import an_id
from domain.task_outcomes import OUTCOMES_OF, SCORES, TaskOutcome

_MOST_CYCLES = 32_000
_a_kind = one_of([str(kind) for kind in OUTCOMES_OF], "a kind of task")
_a_channel = one_of([channel.value for channel in Channel], "a channel")
_a_unit_id = ident(300)
_a_reason = line(2000)
_a_name = line(200)


def task_closed(data: Fields, _: str) -> facts.TaskClosed:
    """`task.closed`: the outcome must be one that its kind of task can have, and `answered` has a score."""
    kind = data.need("kind", _a_kind)
    outcome = data.need("outcome", one_of([outcome.value for outcome in OUTCOMES_OF[kind]], f"an outcome of {kind}"))
    return facts.TaskClosed(
        customer_id=customer_id(data),
        task_id=data.need("task_id", an_id),
        kind=kind,
        step=StepId(data.maybe("step", _a_name) or ""),
        units=data.maybe("units", _units) or (),
        cycle=data.maybe("cycle", _a_cycle) or 0,
        outcome=outcome,
        next_on=data.need("next_on", a_day),
        note=data.maybe("note", lambda value: text(value, 10_000)) or "",
        by=data.maybe("by", _a_name) or "",
        score=data.need("score", _a_score) if outcome == TaskOutcome.ANSWERED else data.maybe("score", _no_score),
    )


def reply_received(data: Fields, _: str) -> facts.ReplyReceived:
    """`reply.received`."""
    return facts.ReplyReceived(
        customer_id=customer_id(data),
        reply_id=data.need("reply_id", an_id),
        channel=Channel(data.need("channel", _a_channel)),
        address=data.maybe("address", _a_name) or "",
    )


def complaint_opened(data: Fields, _: str) -> facts.ComplaintOpened:
    """`complaint.opened`."""
    return facts.ComplaintOpened(customer_id(data), data.need("complaint_id", an_id), reason(data))


def complaint_resolved(data: Fields, _: str) -> facts.ComplaintResolved:
    """`complaint.resolved`."""
    return facts.ComplaintResolved(customer_id(data), data.need("complaint_id", an_id))


def payment_method_failed(data: Fields, _: str) -> facts.PaymentMethodFailed:
    """`payment_method.failed`."""
    return facts.PaymentMethodFailed(customer_id(data), reason(data))


def payment_method_restored(data: Fields, _: str) -> facts.PaymentMethodRestored:
    """`payment_method.restored`."""
    return facts.PaymentMethodRestored(customer_id(data))


def customer_id(data: Fields) -> CustomerId:
    """Whom it is about."""
    return CustomerId(data.need("customer_id", an_id))


def reason(data: Fields) -> str:
    """Why, in the sender's words. None given is none: silence about the reason is no reason to lose the fact."""
    return data.maybe("reason", _a_reason) or ""


def _units(value: object) -> tuple[UnitId, ...]:
    return tuple(dict.fromkeys(UnitId(_a_unit_id(one)) for one in a_list(value)))


def _a_cycle(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _MOST_CYCLES:
        raise ValueError("is not a cycle; write its number, as in 0")
    return value


def _a_score(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value not in SCORES:
        raise ValueError(f"{shown(value)} is not a score; write a whole number from {SCORES[0]} to {SCORES[-1]}")
    return value


def _no_score(_: object) -> int:
    raise ValueError(f"goes with the outcome {TaskOutcome.ANSWERED} alone")
