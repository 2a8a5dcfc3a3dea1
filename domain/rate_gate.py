"""Whether a step that names charges can name them. Used by `grouping` and `retry`, at one place each.

A rate that is not known is not guessed, and the step does not go out without it: that unit's ladder waits there for
a person, as it waits for an approval, and the others go on.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from domain.account import Account, Unit
from domain.charges import Refusal, charges_of, names_charges
from domain.hours import local_date
from domain.ladder import ladder_of
from domain.past import Member
from domain.policy import Policy, Step
from domain.rates import RateTooLow, RateUnknown
from domain.reasons import Code, Reason
from domain.rungs import Rung, has_lapsed


def refusal_of(unit: Unit, step: Step, account: Account, policy: Policy, at: datetime) -> Refusal | None:
    """Why the unit's charges cannot be told at `at`; None if they can, or if there are none."""
    if not names_charges(step):
        return None
    found = charges_of(unit, step, account, policy, local_date(account.place, at))
    return found if isinstance(found, RateUnknown | RateTooLow) else None


def refused_rung(
    unit: Unit, rungs: Sequence[Rung], account: Account, policy: Policy, at: datetime, due_by: datetime
) -> tuple[Rung, Reason] | None:
    """The first step due by then that cannot name its charges at `at`, and why: the unit's ladder waits there."""
    for rung in rungs:
        if names_charges(rung.step) and rung.moment <= due_by and not has_lapsed(rung, at):
            refusal = refusal_of(unit, rung.step, account, policy, at)
            if refusal is not None:
                return rung, _reason(rung.step, refusal)
    return None


def is_refused(members: Iterable[Member], account: Account, policy: Policy, at: datetime) -> bool:
    """Whether one of a reminder's members cannot name the charges of its own step at `at`."""
    units = {unit.id: unit for unit in account.units}
    steps = {step.id: step for step in ladder_of(account, policy).steps}
    return any(
        refusal_of(units[member.unit_id], steps[member.step], account, policy, at) is not None for member in members
    )


def _reason(step: Step, refusal: Refusal) -> Reason:
    code = Code.RATE_UNKNOWN if isinstance(refusal, RateUnknown) else Code.RATE_TOO_LOW
    return Reason(code, {"step": step.id, "half_year": str(refusal.half_year)})
