"""The edge of the process for the model-based test: two providers that answer as they are told and keep the truth.

Nothing of ours can see `taken` but by an answer, a receipt or a question: it is what physically went out.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from channels.port import ChannelPort, Message
from domain.asking import Question, Seen
from domain.ids import AttemptId
from domain.levels import Channel
from domain.outcomes import AttemptState, Outcome, OutcomeClass, Receipt


@dataclass(frozen=True, slots=True)
class Script:
    """What a provider answers to a call, and whether it takes the message. No kind: the channel itself breaks."""

    kind: OutcomeClass | None
    takes: bool = False
    rate_limited: bool = False


class Answer(Enum):
    """All that a provider can do with a call."""

    ACCEPTED = Script(OutcomeClass.ACCEPTED, takes=True)
    LOST = Script(OutcomeClass.UNCONFIRMED, takes=True)
    CUT = Script(OutcomeClass.UNCONFIRMED)
    BROKEN = Script(None, takes=True)
    REFUSED = Script(OutcomeClass.TRANSIENT)
    BUSY = Script(OutcomeClass.TRANSIENT, rate_limited=True)
    NO_SUCH_ADDRESS = Script(OutcomeClass.PERMANENT_ADDRESS)
    STOPPED = Script(OutcomeClass.OPT_OUT)
    MISCONFIGURED = Script(OutcomeClass.MISCONFIGURED)
    CONTENT = Script(OutcomeClass.CONTENT)


@dataclass(slots=True)
class Sent:
    """A call that reached a provider. `state` is how the message stands there, if it was taken."""

    attempt: AttemptId
    channel: Channel
    to: str
    text: str
    at: datetime
    taken: bool
    state: AttemptState = AttemptState.ACCEPTED

    @property
    def provider_id(self) -> str:
        """The provider's name for it."""
        return f"id-{self.attempt}"


@dataclass(slots=True)
class Edge:
    """Both providers, at the test's business time."""

    now: datetime
    answers: list[Answer] = field(default_factory=list)
    """To the next calls; then all is accepted."""
    is_mute: bool = False
    """Whether questions are answered."""
    sent: dict[AttemptId, Sent] = field(default_factory=dict)
    calls: list[AttemptId] = field(default_factory=list)

    def took(self, attempt: AttemptId) -> bool:
        """The truth about an attempt."""
        return attempt in self.sent and self.sent[attempt].taken

    def take(self, message: Message) -> Outcome:
        """One call."""
        script = (self.answers.pop(0) if self.answers else Answer.ACCEPTED).value
        one = Sent(message.attempt_id, message.channel, message.to, message.rendered.text, self.now, script.takes)
        self.sent[one.attempt] = one
        self.calls.append(one.attempt)
        if script.kind is None:
            raise RuntimeError("a bug in a channel")
        name = one.provider_id if script.kind is OutcomeClass.ACCEPTED else None
        return Outcome(script.kind, provider_id=name, rate_limited=script.rate_limited)

    def list_of(self, question: Question) -> list[Seen] | None:
        """What was taken for that address, or the one message of that name."""
        if self.is_mute:
            return None
        return [
            Seen(
                Receipt(f"seen:{one.provider_id}:{one.state}", "seen", one.state, None, one.provider_id),
                one.text,
                one.at,
            )
            for one in self.sent.values()
            if one.taken and one.channel is question.channel and question.provider_id in (None, one.provider_id)
            if one.to == question.to
        ]


@dataclass(frozen=True, slots=True)
class Post:
    """A provider that cannot be asked."""

    edge: Edge
    provider: str = "post"

    async def send(self, message: Message) -> Outcome:
        """As the script says."""
        return self.edge.take(message)


@dataclass(frozen=True, slots=True)
class Wire:
    """A provider that can be asked."""

    edge: Edge
    provider: str = "wire"

    async def send(self, message: Message) -> Outcome:
        """As the script says."""
        return self.edge.take(message)

    async def find(self, question: Question) -> Sequence[Seen] | None:
        """The truth, if it answers at all."""
        return self.edge.list_of(question)


def channels_over(edge: Edge) -> dict[Channel, ChannelPort]:
    """The ways out of the house."""
    return {Channel.EMAIL: Post(edge), Channel.SMS: Wire(edge), Channel.WHATSAPP: Wire(edge)}
