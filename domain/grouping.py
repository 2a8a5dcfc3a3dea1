"""One customer gets one message: which unit leads it at an instant, and which others may join. Used by `plan` alone.

The lead is the unit with the highest level, then the oldest due date. Another joins only if its own step is due
or due within `group_within`, if the lead's level is at most one above what it has had, and if both steps stand
on the same side of the due date.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from domain.account import Account, Unit
from domain.closings import waits_for
from domain.cycles import Moment, agreed_wait
from domain.doubts import doubts_of
from domain.gates import Gate, gates_of
from domain.hours import local_date, start_of_day
from domain.ladder import Progress, is_internal, ladder_of, progress_of
from domain.ledger import PAYMENT_SENT_CODE
from domain.policy import Policy
from domain.rate_gate import refused_rung
from domain.reasons import Code, Reason
from domain.rungs import Rung, WayName, due_rung, next_rung, rungs_of


@dataclass(frozen=True, slots=True)
class Candidate:
    """A unit with its place on the ladder. `waits` says why it is out of the running, `until` when that ends.

    `gates` hold it too, as long as they are there.
    """

    unit: Unit
    progress: Progress
    rungs: tuple[Rung, ...]
    waits: Reason | None = None
    until: datetime | None = None
    gates: tuple[Gate, ...] = ()


@dataclass(frozen=True, slots=True)
class Share:
    """A unit's part in a reminder: with which of its own steps it takes part."""

    unit: Unit
    rung: Rung


@dataclass(frozen=True, slots=True)
class Composition:
    """What would go out at one instant: the shares, lead first; empty if nothing is due.

    `notes` are reasons, and candidates for which nothing is due yet.
    `approvals` are the steps that wait for a person, `gates` what a person has to fix first, `unrated` why charges
    cannot be told.
    """

    shares: tuple[Share, ...]
    approvals: tuple[Share, ...]
    notes: tuple[Reason | Candidate, ...]
    gates: tuple[Gate, ...] = ()
    unrated: tuple[Code, ...] = ()

    def reasons(self, at: datetime) -> list[Reason]:
        """Why each unit takes part or not at `at`, the instant of this composition. Told only to who asks."""
        return [note if isinstance(note, Reason) else _why_not_yet(note, at) for note in self.notes]


def candidates_of(moment: Moment, policy: Policy, at: datetime) -> tuple[Candidate, ...]:
    """Every owed unit with its progress and the steps ahead of it, as it is at `at` while `moment` lasts."""
    account = moment.account
    ladder = ladder_of(account, policy)
    found = []
    for unit in account.units:
        progress = progress_of(unit, account, ladder)
        waits, until = _wait_of(unit, moment, policy, at)
        gates = (*gates_of(unit, account, policy), *doubts_of(unit, account))
        if gates and (waits is None or until is not None):
            waits, until = gates[0].reason, None
        rungs = rungs_of(unit, account, ladder, progress)
        found.append(Candidate(unit, progress, rungs, waits, until, gates))
    return tuple(found)


def compose(
    candidates: Sequence[Candidate],
    account: Account,
    policy: Policy,
    at: datetime,
    aside: Collection[WayName] = (),
) -> Composition:
    """Who would lead and who would join at `at`, and why the others would not. What is `aside` cannot lead."""
    due: list[Share] = []
    approvals: list[Share] = []
    unrated: list[Code] = []
    notes: list[Reason | Candidate] = []
    running: list[tuple[Candidate, Rung | None]] = []
    for one in candidates:
        if is_waiting(one, at):
            notes.append(one)
            continue
        rung = due_rung(one.rungs, at)
        running.append((one, rung))
        if rung is None:
            notes.append(one)
            continue
        refused = refused_rung(one.unit, one.rungs, account, policy, at, at)
        if refused is not None:
            unrated.append(refused[1].code)
            notes.append(refused[1])
        if rung.asks:
            approvals.append(Share(one.unit, rung))
            notes.append(Reason(Code.APPROVAL_NEEDED, {"unit": one.unit.id, "step": rung.step.id}))
        elif refused is None and rung.way not in aside:
            due.append(Share(one.unit, rung))
    shares, grouping = _grouped(due, running, account, policy, at)
    gates = tuple([gate for one in candidates for gate in one.gates])
    held = [gate.reason for gate in gates]
    return Composition(shares, tuple(approvals), (*held, *notes, *grouping), gates, tuple(unrated))


def due_now(one: Candidate, at: datetime) -> Rung | None:
    """The unit's due step, unless the unit waits."""
    return None if is_waiting(one, at) else due_rung(one.rungs, at)


def is_waiting(one: Candidate, at: datetime) -> bool:
    """Whether the unit is out of the running at `at`, whatever its ladder says."""
    return one.waits is not None and (one.until is None or at < one.until)


def changes_at(candidates: Sequence[Candidate], at: datetime) -> datetime | None:
    """The first instant after `at` at which a wait ends, a step's moment comes, a step lapses, a gate asks."""
    instants: list[datetime | None] = []
    for one in candidates:
        instants += [one.until, *(gate.asked_at for gate in one.gates)]
        if one.waits is None or one.until is not None:
            for rung in one.rungs:
                instants += (rung.moment, rung.lapses_at)
    return first_after(at, instants)


def first_after(at: datetime, instants: Iterable[datetime | None]) -> datetime | None:
    """The first of these instants that is later than `at`; None if there is none."""
    return min([instant for instant in instants if instant is not None and instant > at], default=None)


def _wait_of(unit: Unit, moment: Moment, policy: Policy, at: datetime) -> tuple[Reason | None, datetime | None]:
    """Why a unit waits whatever its ladder says, and the instant at which that ends by itself."""
    for state in unit.states:
        if state.disputed is not None:
            return Reason(Code.UNIT_DISPUTED, {"unit": unit.id, "invoice": state.invoice.id}), None
        if state.status_code is not None and state.status_code != PAYMENT_SENT_CODE:
            facts = {"unit": unit.id, "invoice": state.invoice.id, "code": state.status_code}
            return Reason(Code.UNIT_WAITS_FOR_STATUS, facts), None
    if not (moment.promises or unit.agreed or moment.account.closed_tasks):
        return None, None
    waits = [wait for wait in (agreed_wait(unit, moment, policy, at), _closing_wait(unit, moment.account)) if wait]
    return max(waits, key=lambda wait: wait[1], default=(None, None))


def _closing_wait(unit: Unit, account: Account) -> tuple[Reason, datetime] | None:
    """Nothing is said about a unit before the date that a person gave with what came of a task."""
    closed = waits_for(unit, account) if account.closed_tasks else None
    if closed is None:
        return None
    facts = {"unit": unit.id, "outcome": closed.outcome, "until": closed.next_on.isoformat()}
    return Reason(Code.UNIT_WAITS_FOR_DATE, facts), start_of_day(account.place, closed.next_on)


def _why_not_yet(one: Candidate, at: datetime) -> Reason:
    if one.waits is not None and is_waiting(one, at):
        return one.waits
    ahead = next_rung(one.rungs, at)
    if ahead is None:
        return Reason(Code.LADDER_DONE, {"unit": one.unit.id})
    facts = {"unit": one.unit.id, "step": ahead.step.id, "moment": ahead.moment.isoformat()}
    return Reason(Code.STEP_LATER, facts)


def _grouped(
    due: Sequence[Share],
    running: Sequence[tuple[Candidate, Rung | None]],
    account: Account,
    policy: Policy,
    at: datetime,
) -> tuple[tuple[Share, ...], list[Reason]]:
    """The lead and those who join it, of all that are `running`, each with its due step if it has one."""
    if not due:
        return (), []
    lead = min(due, key=_precedence)
    reasons = [Reason(Code.STEP_DUE, {"unit": lead.unit.id, "step": lead.rung.step.id})]
    if is_internal(lead.rung.step):
        return (lead,), reasons
    shares = [lead]
    soon = at + timedelta(days=policy.limits.group_within_days)
    for one, now_due in running:
        if one.unit is lead.unit:
            continue
        rung = now_due or next_rung(one.rungs, at)
        if rung is not None and rung.moment <= soon:
            why = _why_apart(lead.rung, one, rung, account, at)
            if why is None and refused_rung(one.unit, one.rungs, account, policy, at, soon) is not None:
                why = "rate"
            if why is None:
                shares.append(Share(one.unit, rung))
                reasons.append(Reason(Code.GROUPED, {"unit": one.unit.id, "lead": lead.unit.id}))
            else:
                reasons.append(Reason(Code.NOT_GROUPED, {"unit": one.unit.id, "why": why}))
    return tuple(shares), reasons


def _precedence(share: Share) -> tuple[bool, int, date, str]:
    """Hand-offs first (they cost the customer nothing), then the highest level, then the oldest due date."""
    step = share.rung.step
    return not is_internal(step), -step.level, share.unit.due_on, share.unit.id


def _why_apart(lead: Rung, one: Candidate, rung: Rung, account: Account, at: datetime) -> str | None:
    """Why a unit may not join with this step, or None if it may."""
    if is_internal(rung.step):
        return "hand_off"
    if lead.repeats != rung.repeats:
        return "called_again"
    if rung.asks:
        return "approval"
    if lead.step.level > one.progress.level + 1:
        return "level"
    if rung.step.level > lead.step.level:
        return "firmer"  # counted as had in a milder voice, it would leave the step after it out of reach for good
    if lead.is_before_due != rung.is_before_due:
        return "side_of_due_date"
    if rung.moment > at and not rung.is_before_due and local_date(account.place, at) <= one.unit.due_on:
        return "not_late_yet"
    return None
