"""The switches: what goes wrong, how slowly, and how receipts come, for one recipient or for all.

Read by `exchange`, `twilio` and `sendgrid` at each request and set by `control`. It decides and counts down;
it never answers a request itself.

    recipient's own switches, newest first ─┐
                                            ├─> for each of latency, fault, callbacks: the first that sets it
    switches for "*", newest first ─────────┘   (a fault whose `times` are used up no longer counts)
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

Range = tuple[float, float]  # seconds, both ends included; equal ends mean a fixed value

ANYONE = "*"


class FaultKind(StrEnum):
    """What happens to a request: the first four are not accepted, the next three are, the last fails later."""

    TOO_MANY = "429"
    ERROR_BEFORE = "5xx-before"
    CUT_BEFORE = "cut-before"
    REFUSE = "refuse"
    ERROR_AFTER = "5xx-after"
    CUT = "cut"
    GARBAGE = "garbage"
    UNDELIVERED = "undelivered"


NOT_ACCEPTED = frozenset(
    {FaultKind.TOO_MANY, FaultKind.ERROR_BEFORE, FaultKind.CUT_BEFORE, FaultKind.REFUSE},
)


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault with its details; None means the vendor's usual value. `retry_after_s` of 0: the header is left out."""

    kind: FaultKind
    retry_after_s: int = 1
    status: int | None = None
    code: int | None = None
    outcome: str | None = None
    cut_at: str = "before"


@dataclass(frozen=True, slots=True)
class CallbackPlan:
    """How receipts come: how often each (0 is never), in which order, when, and with which signature."""

    times: int = 1
    shuffled: bool = False
    before_answer: bool = False
    signature: str = "valid"
    delay_s: Range | None = None


NORMAL = CallbackPlan()


@dataclass(slots=True)
class Switch:
    """One set switch; `times` is how many more requests get the fault, None for all."""

    recipient: str = ANYONE
    channel: str | None = None
    latency_s: Range | None = None
    fault: Fault | None = None
    times: int | None = None
    callbacks: CallbackPlan | None = None


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What one request gets."""

    latency_s: Range
    fault: Fault | None
    callbacks: CallbackPlan


class Switches:
    """All switches of this run."""

    def __init__(self, latency_s: Range) -> None:
        self._default_latency_s = latency_s
        self._by_recipient: dict[str, list[Switch]] = defaultdict(list)

    def add(self, switch: Switch) -> None:
        """Set a switch before all that are there."""
        self._by_recipient[switch.recipient].insert(0, switch)

    def clear(self, recipient: str | None = None) -> None:
        """Forget the switches of one recipient, or all."""
        if recipient is None:
            self._by_recipient.clear()
        else:
            self._by_recipient.pop(normal_recipient(recipient)[0], None)

    def show(self) -> list[dict[str, Any]]:
        """Return all switches as JSON values."""
        return [asdict(switch) for switches in self._by_recipient.values() for switch in switches]

    def pick(self, recipient: str, channel: str) -> Behaviour:
        """Return what this request gets, and count its fault down."""
        latency, plan = self._default_latency_s, NORMAL
        if not self._by_recipient:
            return Behaviour(latency, None, plan)
        found = list(self._matching(recipient, channel))
        return Behaviour(
            next((s.latency_s for s in found if s.latency_s is not None), latency),
            _take_fault(found),
            next((s.callbacks for s in found if s.callbacks is not None), plan),
        )

    def _matching(self, recipient: str, channel: str) -> Iterator[Switch]:
        for key in (normal_recipient(recipient)[0], ANYONE):
            for switch in self._by_recipient.get(key, ()):
                if switch.channel in {None, channel}:
                    yield switch


def _take_fault(found: list[Switch]) -> Fault | None:
    for switch in found:
        if switch.fault is not None and switch.times != 0:
            if switch.times is not None:
                switch.times -= 1
            return switch.fault
    return None


def normal_recipient(text: str) -> tuple[str, str | None]:
    """Return the bare address in lower case, and the channel if the text names it (`whatsapp:`)."""
    if text.startswith("whatsapp:"):
        return text.removeprefix("whatsapp:"), "whatsapp"
    return text.lower(), None
