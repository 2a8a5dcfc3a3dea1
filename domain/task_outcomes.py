"""What can come of a task, as people say it. Used by the readers of events, by `fold` and by the command line.

Whatever came of it, nothing is said about the task's units before the outcome's next date. Some outcomes say more.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from domain.levels import Channel


class TaskKind(StrEnum):
    """Work inside the seller's house. Work with the customer bears its channel's name (`phone`, `visit`, …)."""

    APPROVE = "approve"
    REPAIR = "repair"
    FIX = "fix"
    REPLY = "reply"
    DISPUTE = "dispute"


class TaskOutcome(StrEnum):
    """What came of a task. `next_on` is the date that goes with it."""

    DONE = "done"  # the ladder goes on, not before next_on
    PROMISED = "promised"  # all that was asked for, by next_on
    NO_ANSWER = "no_answer"  # no contact; called again on next_on
    MESSAGE_LEFT = "message_left"  # called again on next_on
    CALL_BACK = "call_back"  # asked to be called on next_on
    SAYS_PAID = "says_paid"
    PLAN_ASKED = "plan_asked"
    WRONG_PERSON = "wrong_person"  # somebody has to find the right one
    DISPUTED = "disputed"  # nothing until the dispute is resolved
    REFUSED = "refused"  # the next step comes on next_on, if not before
    APPROVED = "approved"
    DECLINED = "declined"  # the step is left out
    POSTPONED = "postponed"  # asked again on next_on
    AS_IS = "as_is"  # what looked wrong is right
    RESOLVED = "resolved"
    ANSWERED = "answered"  # a survey, with its score; the ladder goes on, not before next_on


_WITH_CUSTOMER = (
    TaskOutcome.DONE,
    TaskOutcome.PROMISED,
    TaskOutcome.SAYS_PAID,
    TaskOutcome.PLAN_ASKED,
    TaskOutcome.WRONG_PERSON,
    TaskOutcome.DISPUTED,
    TaskOutcome.REFUSED,
)
SCORES = range(1, 11)
"""What a survey may be answered with."""

HIGHEST_LOW_SCORE = 6
"""Up to here a person has to look before anything more is said to the customer."""

CALLED_AGAIN = (TaskOutcome.NO_ANSWER, TaskOutcome.MESSAGE_LEFT, TaskOutcome.CALL_BACK)
"""After these the same call is made again."""

OUTCOMES_OF: Mapping[str, tuple[TaskOutcome, ...]] = MappingProxyType(
    {
        Channel.PHONE: (*_WITH_CUSTOMER, *CALLED_AGAIN),
        Channel.LETTER: (TaskOutcome.DONE,),
        Channel.VISIT: _WITH_CUSTOMER,
        Channel.MEETING: _WITH_CUSTOMER,
        Channel.CHECK_IN: _WITH_CUSTOMER,
        Channel.SURVEY: (TaskOutcome.ANSWERED, *_WITH_CUSTOMER),
        Channel.TASK: _WITH_CUSTOMER,
        TaskKind.APPROVE: (TaskOutcome.APPROVED, TaskOutcome.DECLINED, TaskOutcome.POSTPONED),
        TaskKind.REPAIR: (TaskOutcome.DONE,),
        TaskKind.FIX: (TaskOutcome.DONE, TaskOutcome.AS_IS),
        TaskKind.REPLY: _WITH_CUSTOMER,
        TaskKind.DISPUTE: (TaskOutcome.RESOLVED, TaskOutcome.POSTPONED),
    }
)
"""By a task's kind, what may come of it."""
