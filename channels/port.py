"""What every channel is to the rest of the house: one coroutine that takes a message and says what came of it.

`workers/deliver` calls it; one file per vendor implements it. A channel never raises for what a provider or
the network does: that is an Outcome.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol, runtime_checkable

from domain.account import CreditNote, Payment
from domain.asking import Question, Seen
from domain.charges import UnitCharges
from domain.ids import AttemptId
from domain.levels import Channel, Level
from domain.money import Money
from domain.outcomes import Outcome


@dataclass(frozen=True, slots=True)
class Line:
    """One invoice (or instalment) as a message shows it. `days_late` is negative before the due date.

    `balance` is what is asked for: `credit_notes` and `payments` are taken off it already, and are shown so that the
    reader can follow. `charges` come on top.
    """

    number: str
    due_on: date
    balance: Money
    days_late: int
    issued_on: date | None = None
    purchase_order: str | None = None
    document_url: str | None = None
    payment_url: str | None = None
    iban: str | None = None
    credit_notes: tuple[CreditNote, ...] = ()
    payments: tuple[Payment, ...] = ()
    charges: UnitCharges | None = None


@dataclass(frozen=True, slots=True)
class Content:
    """All that a message may say: what `render` is given, and nothing else.

    `tone` picks the words (it may be lower than `level`); `lines` are the invoices asked for, lead first;
    `ask` are the policy's questions (`when`, `questions`, `reason`); `language` is a two-letter code. `statement` are
    the customer's other open invoices, for information: nothing of them is asked for.
    """

    channel: Channel
    language: str
    step: str
    level: Level
    tone: Level
    seller_name: str
    customer_name: str
    contact_name: str
    lines: tuple[Line, ...]
    today: date
    ask: tuple[str, ...] = ()
    reason: str | None = None
    reply_to: str | None = None
    statement: tuple[Line, ...] = ()


@dataclass(frozen=True, slots=True)
class Rendered:
    """The words of one message. `template` names what they were made from, as in `fr/email/courteous`.

    `text` is the whole message for people and for the log, on every channel. WhatsApp sends the approved
    template `content_sid` with `content_variables`; `segments` is what an SMS costs.
    """

    template: str
    text: str
    subject: str | None = None
    html: str | None = None
    content_sid: str | None = None
    content_variables: Mapping[str, str] = field(default_factory=dict)
    segments: int | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """One attempt, ready to leave. `validity_s` is the time left in the customer's window, in real seconds."""

    attempt_id: AttemptId
    channel: Channel
    to: str
    rendered: Rendered
    cc: tuple[str, ...] = ()
    to_name: str = ""
    from_name: str = ""
    reply_to: str | None = None
    validity_s: int = 36_000


class ChannelPort(Protocol):
    """A way out of the house."""

    @property
    def provider(self) -> str:
        """The name in the delivery log: `twilio`, `sendgrid`, `local`."""

    async def send(self, message: Message) -> Outcome:
        """Tries once, within connect 3 s and read 10 s, and says what came of it; never raises for the outside."""


@runtime_checkable
class Askable(ChannelPort, Protocol):
    """A way out whose provider can be asked what became of a message."""

    async def find(self, question: Question) -> Sequence[Seen] | None:
        """The messages that may be the one asked about; None if no answer could be had. It never raises for that.

        By its provider's id, that message or none; without one, all that the provider has to that address.
        """
