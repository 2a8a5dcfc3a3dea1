"""What every channel is to the rest of the house: one coroutine that takes a message and says what came of it.

`workers/deliver` calls it; one file per vendor implements it. A channel never raises for what a provider or
the network does: that is an Outcome.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from hashlib import sha256
from typing import Protocol, runtime_checkable

from domain.account import CreditNote, Payment
from domain.asking import Question, Seen
from domain.charges import UnitCharges
from domain.ids import AttemptId, UnitId
from domain.invoice import EarlyPaymentDiscount
from domain.levels import Channel, Level
from domain.money import Money
from domain.outcomes import Outcome


class Kind(StrEnum):
    """What a message is for. All but a reminder have words of their own whatever the level, and ask for nothing."""

    REMINDER = "reminder"
    THANKS = "thanks"
    CHECK_IN = "check_in"
    SURVEY = "survey"


class Address(StrEnum):
    """How a reader is spoken to where the language has two ways: vous, tu."""

    FORMAL = "formal"
    INFORMAL = "informal"


@dataclass(frozen=True, slots=True)
class Covered:
    """One of the invoices that a payment plan covers, and where it is seen and paid."""

    number: str
    document_url: str | None = None
    payment_url: str | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One invoice (or instalment) as a message shows it. `days_late` is negative before the due date.

    `balance` is what is asked for (in `thanks`: what came in): `credit_notes` and `payments` are taken off it
    already, and are shown so that the reader can follow; `total` is what it was before, if it was more. `charges`
    come on top. `part` is which instalment of how many; `agreed` are the invoices of the payment plan of which it is
    an instalment, if it is one: then the addresses are theirs.
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
    part: tuple[int, int] | None = None
    discount: EarlyPaymentDiscount | None = None
    agreed: tuple[Covered, ...] = ()
    total: Money | None = None

    @property
    def invoices(self) -> tuple[Line | Covered, ...]:
        """Those that are behind it, each with its number and its addresses: a plan's, or the line itself."""
        return self.agreed or (self,)


@dataclass(frozen=True, slots=True)
class Happened:
    """Something that happened with the customer before, for whoever is to speak with him. `on` is a date of his.

    `what` is a channel over which he was contacted, `promise_` and how it stands (`domain.promises`), `paid` or
    `disputed`; `numbers` are the invoices that it was about. Of a contact by a person, `outcome` is what came of it,
    with the date (`until`) that was given, a survey's score, and who wrote down what.
    """

    on: date
    what: str
    numbers: tuple[str, ...]
    amount: Money | None = None
    outcome: str | None = None
    until: date | None = None
    note: str = ""
    by: str = ""
    score: int | None = None


@dataclass(frozen=True, slots=True)
class Content:
    """All that a message may say: what `render` is given, and nothing else.

    `tone` picks the words (it may be lower than `level`); `lines` are the invoices asked for, lead first;
    `ask` are the policy's questions (`when`, `questions`, `reason`); `language` is a two-letter code. `statement` are
    the customer's other open invoices, for information: nothing of them is asked for. `seller_id` finds the seller's
    own templates and brand. A reminder may follow a call (`after_call`), or a promise to pay until `promised_on` that
    was not kept. Only a check-in and a survey may be without lines. `history`, newest first, is for people's sheets
    alone; `address` are the lines of a letter's envelope. `takes_free_text`: WhatsApp needs no approved text now.
    `consumer`: the customer is a private person. `written_before`: a message or a letter about the lead came before.
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
    seller_id: str = ""
    kind: Kind = Kind.REMINDER
    after_call: bool = False
    promised_on: date | None = None
    history: tuple[Happened, ...] = ()
    address: tuple[str, ...] = ()
    takes_free_text: bool = False
    consumer: bool = False
    written_before: bool = True


@dataclass(frozen=True, slots=True)
class Code:
    """What a code says (`payload`), the invoices that it pays, and of a transfer the `amount`.

    `cid` is the name by which the HTML shows its picture; the same code has the same name.
    """

    payload: bytes
    numbers: tuple[str, ...]
    amount: Money | None = None

    @property
    def cid(self) -> str:
        """Letters and digits alone."""
        return f"pay-{sha256(self.payload).hexdigest()[:16]}"


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter's parts, as they are set on paper: `sender` and `address` by lines, `dated` says where and when.

    `codes` are what each code to scan says, with the line beside it.
    """

    sender: tuple[str, ...]
    address: tuple[str, ...]
    dated: str
    subject: str
    body: str
    codes: tuple[tuple[bytes, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Rendered:
    """The words of one message. `template` names what they were made from, as in `fr/email/courteous`.

    `text` is the whole message for people and for the log, on every channel. WhatsApp sends the approved
    template `content_sid` with `content_variables`, or that text itself (`is_free_text`); `segments` is what an SMS
    costs. `from_name` and `reply_to` are the brand's, if it has any. `codes` are those that the HTML shows; `letter`
    is what is printed of a letter.
    """

    template: str
    text: str
    subject: str | None = None
    html: str | None = None
    content_sid: str | None = None
    content_variables: Mapping[str, str] = field(default_factory=dict)
    segments: int | None = None
    from_name: str | None = None
    reply_to: str | None = None
    codes: tuple[Code, ...] = ()
    letter: Letter | None = None
    is_free_text: bool = False


@dataclass(frozen=True, slots=True)
class File:
    """What travels with a mail. With a `cid` it is a picture that the HTML shows, else an attachment of its own."""

    name: str
    kind: str
    data: bytes = field(repr=False)
    cid: str | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """An invoice's document that is to be attached: where it is, and what for."""

    url: str = field(repr=False)
    number: str
    unit: UnitId

    @property
    def file_name(self) -> str:
        """The invoice's number as every system takes it for a file's name."""
        plain = re.sub(r"[^A-Za-z0-9._-]+", "_", self.number).strip("._")[:80]
        return f"{plain or 'document'}.pdf"


@dataclass(frozen=True, slots=True)
class Message:
    """One attempt, ready to leave. `validity_s` is the time left in the customer's window, in real seconds and parts.

    `documents` are to be fetched before it is sent; what of them could be had is then in `files`. `unsubscribe_url`
    is where its reader puts his address out of use.
    """

    attempt_id: AttemptId
    channel: Channel
    to: str
    rendered: Rendered
    cc: tuple[str, ...] = ()
    to_name: str = ""
    from_name: str = ""
    reply_to: str | None = None
    validity_s: float = 36_000
    documents: tuple[Document, ...] = ()
    files: tuple[File, ...] = ()
    unsubscribe_url: str | None = None


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
