"""A channel that accepts every message and sends none: `replay` looks at what was claimed, in the delivery log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain.outcomes import Outcome, OutcomeClass

if TYPE_CHECKING:
    from channels.port import Message


class Recording:
    """Says at once that the message has left. Nothing leaves the process."""

    @property
    def provider(self) -> str:
        """The name in the delivery log."""
        return "replay"

    async def send(self, message: Message) -> Outcome:  # noqa: ARG002 - the port's shape
        """Always accepted; the store has kept the message when it was claimed."""
        return Outcome(OutcomeClass.ACCEPTED)
