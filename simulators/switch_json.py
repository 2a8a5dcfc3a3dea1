"""Reads switches and ranges from JSON; called by `control` and `options`. It sets nothing."""

import math
from collections.abc import Mapping
from typing import Any

from simulators.faults import ANYONE, NORMAL, CallbackPlan, Fault, FaultKind, Range, Switch, normal_recipient

CHANNELS = ("sms", "whatsapp", "email")
OUTCOMES = ("undelivered", "failed", "bounce", "blocked", "dropped", "deferred")
_SHORTHANDS: Mapping[str, CallbackPlan] = {
    "normal": NORMAL,
    "never": CallbackPlan(times=0),
    "double": CallbackPlan(times=2),
    "shuffled": CallbackPlan(shuffled=True),
    "before-answer": CallbackPlan(before_answer=True),
    "forged": CallbackPlan(signature="forged"),
    "unsigned": CallbackPlan(signature="missing"),
}
SIGNATURES = ("valid", "forged", "missing")


class SwitchError(ValueError):
    """A switch, setting or range that cannot be read; the text names the field."""


def read_switch(data: object) -> Switch:
    """Return the switch that a JSON object describes; SwitchError names the wrong field."""
    fields = _object(data, "switch", _FIELDS)
    recipient, channel = normal_recipient(_text(fields.get("recipient", ANYONE), "recipient"))
    latency = fields.get("latency_s")
    plan = fields.get("callbacks")
    return Switch(
        recipient=recipient,
        channel=_one_of(fields.get("channel", channel), "channel", CHANNELS),
        latency_s=None if latency is None else read_range(latency, "latency_s"),
        fault=_read_fault(fields),
        times=_whole(fields.get("times"), "times"),
        callbacks=None if plan is None else _read_plan(plan),
    )


_FAULT_FIELDS = ("retry_after_s", "status", "code", "outcome", "cut_at")
_FIELDS = frozenset({"recipient", "channel", "latency_s", "fault", "times", "callbacks", *_FAULT_FIELDS})


def _read_fault(fields: Mapping[str, Any]) -> Fault | None:
    kind = _one_of(fields.get("fault"), "fault", tuple(FaultKind))
    if kind is None:
        given = [name for name in _FAULT_FIELDS if name in fields]
        if given:
            raise SwitchError(f"{given[0]}: needs a fault")
        return None
    return Fault(
        FaultKind(kind),
        retry_after_s=1 if (asked_s := _whole(fields.get("retry_after_s"), "retry_after_s")) is None else asked_s,
        status=_whole(fields.get("status"), "status"),
        code=_whole(fields.get("code"), "code"),
        outcome=_one_of(fields.get("outcome"), "outcome", OUTCOMES),
        cut_at=_one_of(fields.get("cut_at"), "cut_at", ("before", "mid")) or "before",
    )


def _read_plan(value: object) -> CallbackPlan:
    if isinstance(value, str):
        return _SHORTHANDS[_one_of(value, "callbacks", tuple(_SHORTHANDS)) or "normal"]
    fields = _object(value, "callbacks", frozenset(CallbackPlan.__dataclass_fields__))
    times = _whole(fields.get("times"), "callbacks.times")
    delay = fields.get("delay_s")
    return CallbackPlan(
        times=1 if times is None else times,
        shuffled=bool(fields.get("shuffled")),
        before_answer=bool(fields.get("before_answer")),
        signature=_one_of(fields.get("signature"), "callbacks.signature", SIGNATURES) or "valid",
        delay_s=None if delay is None else read_range(delay, "callbacks.delay_s"),
    )


def read_range(value: object, field: str) -> Range:
    """Return (low, high) seconds from a number or a pair of numbers, none negative."""
    low, high = value if isinstance(value, list | tuple) and len(value) == 2 else (value, value)  # noqa: PLR2004 - a pair
    found = _seconds(low, field), _seconds(high, field)
    if found[0] > found[1]:
        raise SwitchError(f"{field}: the low end is above the high end in {value!r}")
    return found


def _seconds(value: object, field: str) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value < math.inf:
        raise SwitchError(f"{field}: must be seconds, or [low, high], and not {value!r}")
    return float(value)


def _object(data: object, field: str, known: frozenset[str]) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise SwitchError(f"{field}: must be a JSON object")
    unknown = sorted(set(data) - known)
    if unknown:
        raise SwitchError(f"{unknown[0]}: unknown; known are {', '.join(sorted(known))}")
    return data


def _text(value: object, field: str) -> str:
    if not isinstance(value, str) or not value:
        raise SwitchError(f"{field}: must be a text")
    return value


def _whole(value: object, field: str) -> int | None:
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise SwitchError(f"{field}: must be a whole number of 0 or more, or null, and not {value!r}")
    return value


def _one_of(value: object, field: str, allowed: tuple[str, ...]) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or value not in allowed:
        raise SwitchError(f"{field}: must be one of {', '.join(allowed)}, and not {value!r}")
    return value
