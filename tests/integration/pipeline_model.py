"""The simple model of the pipeline, written from what is promised (docs/promises.md) and not from the code.

It knows which facts were told, what is known of each call, and which addresses are out of use. From that it says
whether a claim may be made, and how each attempt must stand.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

from domain.ids import AttemptId, ReminderId
from domain.outcomes import AttemptState as S
from workers.calls import Call

ZONES = {"C-1": ZoneInfo("Europe/Paris"), "C-2": ZoneInfo("America/Martinique"), "C-3": ZoneInfo("Asia/Tokyo")}
HOURS = ((time(9), time(12)), (time(14), time(18)))
CLOSED_DAYS = {(11, 11), (12, 25), (1, 1), (3, 29)}
"""Public holidays of this winter: month, day."""
SATURDAY = 5

UPWARDS = (
    *(S.CALLING, S.UNCONFIRMED, S.REFUSED),
    *(S.ACCEPTED, S.DEFERRED, S.EXPIRED, S.SENT, S.DELIVERED, S.READ, S.UNDELIVERED),
)
"""A later word counts if it stands further right: a report more than an answer, a late bounce more than all."""

DOUBT = {S.CALLING, S.UNCONFIRMED}
FAILED = {S.REFUSED, S.EXPIRED, S.UNDELIVERED}
PROVEN = set(UPWARDS) - DOUBT - FAILED

Step = tuple[str, str, int]
"""A unit, its step, its cycle."""


@dataclass(slots=True)
class Told:
    """An event that was answered with 202. `about` is the customer or the invoice."""

    id: str
    at: datetime
    kind: str
    customer: str
    invoice: str | None
    folded: bool = False


@dataclass(slots=True)
class Attempt:
    """What is known of a call. `is_held`: its lease has not run out."""

    id: AttemptId
    reminder: ReminderId
    customer: str
    channel: str
    steps: frozenset[Step]
    state: S = S.CALLING
    is_held: bool = True


@dataclass(slots=True)
class Model:
    """The world as it may be known to the house."""

    told: dict[str, Told] = field(default_factory=dict)
    attempts: dict[AttemptId, Attempt] = field(default_factory=dict)
    out_of_use: dict[tuple[str, str], str] = field(default_factory=dict)
    """(customer, channel) → why; the first reason stands."""
    names: set[AttemptId] = field(default_factory=set)
    """The attempts of which the provider's own id is known."""

    # --- What was told ---------------------------------------------------------------------------------------

    def last(self, kinds: Iterable[str], *, customer: str = "", invoice: str | None = None) -> str | None:
        """The last word of these kinds, folded or not: by when it happened, not by when it came."""
        found = [
            one
            for one in self.told.values()
            if one.kind in kinds and (one.invoice == invoice if invoice else one.customer == customer)
        ]
        return max(found, key=lambda one: one.at).kind if found else None

    def why_silent(self, customer: str, invoice: str) -> str | None:
        """Why nothing may be said about this invoice now."""
        if self.last(("issued",), invoice=invoice) is None:
            return "not issued"
        if self.last(("paid", "payment", "reversed"), invoice=invoice) in ("paid", "payment"):
            return "paid"
        if self.last(("disputed", "resolved"), invoice=invoice) == "disputed":
            return "disputed"
        if self.last(("held", "released"), customer=customer) == "held":
            return "held"
        return None

    def has_unfolded(self, customer: str) -> bool:
        """Whether something was told that nobody has looked at."""
        return any(one.customer == customer and not one.folded and self._is_known(one) for one in self.told.values())

    def _is_known(self, one: Told) -> bool:
        """Whose an invoice is, only its statement says."""
        return one.invoice is None or one.kind == "issued" or self.last(("issued",), invoice=one.invoice) is not None

    # --- Calls -----------------------------------------------------------------------------------------------

    def broken_by(self, call: Call, customer: str, now: datetime) -> Iterator[str]:
        """The promises that this claim breaks at `now`."""
        claim = call.claim
        steps = {(member.unit_id, member.step, member.cycle) for member in claim.members}
        if not is_open(customer, now):
            yield "outside the hours"
        if self.has_unfolded(customer):
            yield "an event waits to be folded"
        yield from {why for unit, _, _ in steps if (why := self.why_silent(customer, unit)) is not None}
        if (customer, claim.channel) in self.out_of_use:
            yield "the address is out of use"
        mine = [one for one in self.attempts.values() if one.customer == customer]
        if any(one.state in DOUBT for one in mine):
            yield "a message is in doubt"
        if any(one.steps & steps and one.state not in FAILED for one in mine):
            yield "a step twice, or another channel without a failure"
        if any(one.id == claim.attempt for one in mine):
            yield "an attempt twice"

    def claims(self, call: Call, customer: str) -> None:
        """An attempt is `calling`."""
        claim = call.claim
        steps = frozenset((member.unit_id, member.step, member.cycle) for member in claim.members)
        self.attempts[claim.attempt] = Attempt(claim.attempt, claim.reminder, customer, claim.channel, steps)

    def records(self, attempt: AttemptId, state: S, suppresses: str | None, *, names: bool) -> None:
        """The worker's own answer counts only while nothing else is known: not the sweep, not a receipt."""
        one = self.attempts[attempt]
        if one.state is not S.CALLING:
            return
        one.state = state
        if names:
            self.names.add(attempt)
        if suppresses:
            self.out_of_use.setdefault((one.customer, one.channel), suppresses)

    def reports(self, attempt: AttemptId, state: S | None) -> None:
        """A receipt counts whenever it comes, by its rank."""
        one = self.attempts[attempt]
        if state is not None and UPWARDS.index(state) > UPWARDS.index(one.state):
            one.state = state
        self.names.add(attempt)

    def sweeps(self) -> None:
        """What nobody holds any more is in doubt."""
        for one in self.attempts.values():
            if one.state is S.CALLING and not one.is_held:
                one.state = S.UNCONFIRMED

    def in_state(self, *states: S) -> list[AttemptId]:
        """The attempts of which this is known, the oldest first."""
        return [one.id for one in self.attempts.values() if one.state in states]


def is_open(customer: str, now: datetime) -> bool:
    """Whether somebody may be written to, on the customer's own clock."""
    there = now.astimezone(ZONES[customer])
    if there.weekday() >= SATURDAY or (there.month, there.day) in CLOSED_DAYS:
        return False
    return any(opens <= there.time() < closes for opens, closes in HOURS)


START = datetime(2026, 11, 24, 8, 30, tzinfo=UTC)
"""Half past nine on a Tuesday in Paris."""
