"""Channels for `replay`: every message is accepted and none leaves; what was claimed stands in the delivery log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from channels.port import Rendered
from channels.render import Renderer
from channels.view import words_of
from channels.words import language_of
from domain.levels import Channel
from domain.outcomes import Outcome, OutcomeClass

if TYPE_CHECKING:
    from channels.port import Content, Message


class Recording:
    """Says at once that the message has left. Nothing leaves the process."""

    @property
    def provider(self) -> str:
        """The name in the delivery log."""
        return "replay"

    async def send(self, message: Message) -> Outcome:  # noqa: ARG002 - the port's shape
        """Always accepted; the store has kept the message when it was claimed."""
        return Outcome(OutcomeClass.ACCEPTED)


class LogRenderer(Renderer):
    """Makes of a message what the delivery log tells of it: its template, and the segments of an SMS.

    Nobody reads the other words of a replay, and they are a sixth of its work.
    """

    def render(self, content: Content) -> Rendered:
        """The words of an SMS, which have to be counted, or none. TemplateError if there is none."""
        if content.channel is Channel.SMS:
            return super().render(content)
        meant = {"language": language_of(content.language), "tone": words_of(content)}
        return Rendered(template=self.shelf_of(self.look_of(content.seller_id)).choose(content, meant), text="")
