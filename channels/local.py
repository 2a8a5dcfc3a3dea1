"""The channel whose provider is a colleague: call, letter, visit, meeting, check-in, survey.

`workers/deliver` calls it like any other channel; the store writes the task. It never leaves the process.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain.outcomes import Outcome, OutcomeClass

if TYPE_CHECKING:
    from channels.port import Message


class PersonTask:
    """Opening the task is the contact, so it is accepted as soon as it is asked for."""

    @property
    def provider(self) -> str:
        """The name in the delivery log."""
        return "local"

    async def send(self, message: Message) -> Outcome:  # noqa: ARG002 - the port's shape; the task is the store's
        """Always accepted: nothing outside can refuse it. There is no vendor, so no id."""
        return Outcome(OutcomeClass.ACCEPTED)
