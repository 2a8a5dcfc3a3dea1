"""Work for a person inside the seller's house: what planning asks for and the store opens once."""

from __future__ import annotations

from dataclasses import dataclass

from domain.ids import StepId, UnitId

DOCUMENT_MISSING = StepId("document_missing")
"""What a `fix` is about that delivery opens, and not planning: an invoice's document could not be fetched. It ends
when a person closes it, or nothing of its unit is owed any more."""

SET_UP_WRONG = StepId("set_up_wrong")
"""What a `fix` is about where a provider refused us, and not the customer, over the last channel of a reminder. It
ends like the one above."""

PROVIDER_OUT_OF_REACH = StepId("provider_out_of_reach")
"""What a `fix` is about where the last channel of a reminder could not be asked, five times: a network, a provider
that is away. Nothing is wrong with the contact. It ends like the one above."""

NOT_SET_UP = StepId("not_set_up")
"""What a `fix` is about where no channel of a step is set up here: nothing is wrong with the contact. It is asked for
by planning, and ends once a channel is set up."""

COPY_REFUSED = StepId("copy_refused")
"""What a `repair` is about that delivery opens for addresses in copy: the reader has his mail without them, so that
nothing waits for it."""

LOW_SCORE = StepId("low_score")
"""What a `reply` is about that is no customer's message: a survey's low score. Its unit is the survey's task."""


@dataclass(frozen=True, slots=True)
class InternalTask:
    """Work for a person inside the seller's house, of a kind of `domain.task_outcomes`.

    Opened once per kind, step, units, cycle and round: how often the same was closed before. A repair of a contact
    for a step names no units: whoever cannot be reached for a step is repaired once. A `fix`, and a repair of copies,
    has no step: what is wrong stands in its place.
    """

    kind: str
    step: StepId
    units: tuple[UnitId, ...]
    cycle: int = 0
    round: int = 0
