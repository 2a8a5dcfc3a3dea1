"""What a provider answered, in our words; each vendor's words are translated in one table of its channel."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class OutcomeClass(StrEnum):
    """The classes that decide what happens next.

    accepted            the provider has it
    transient           definitely not sent; the same channel may be tried again
    not_begun           it never left this machine, by our own doing: no word on the provider, and no try
    unconfirmed         it may have been sent: no retry and no fallback until it is known
    permanent_address   definitely not sent; this address will not work on this channel
    opt_out             the recipient said stop on this channel
    misconfigured       our account or sender is set up wrong; nothing to do with the recipient
    content             the provider refused what it says
    """

    ACCEPTED = "accepted"
    TRANSIENT = "transient"
    NOT_BEGUN = "not_begun"
    UNCONFIRMED = "unconfirmed"
    PERMANENT_ADDRESS = "permanent_address"
    OPT_OUT = "opt_out"
    MISCONFIGURED = "misconfigured"
    CONTENT = "content"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One answer to one attempt.

    `code` is the vendor's own code or a transport word (`read_timeout`), `retry_after_s` what its
    Retry-After header asked for, or how long our own machine is left alone; `rate_limited` marks a 429, which
    spends no attempt.

    Of what is misconfigured, `is_only_here` says that it is so for this recipient or this text alone, and
    `is_sellers` that one seller has set it wrong. Where our side has seen it by itself, the provider was not asked.

    `bad_copies` are addresses in copy that will not work. A mail that was refused for them alone may leave without.
    """

    kind: OutcomeClass
    provider_id: str | None = None
    code: str | None = None
    detail: str = ""
    retry_after_s: float | None = None
    rate_limited: bool = False
    segments: int | None = None
    is_only_here: bool = False
    is_sellers: bool = False
    was_asked: bool = True
    bad_copies: tuple[str, ...] = field(default=(), repr=False)


TOO_LATE = Outcome(OutcomeClass.NOT_BEGUN, code="too_late")
"""What comes of a call whose time was over before its channel was asked."""


class AttemptState(StrEnum):
    """The states of the delivery log, in the order in which receipts outrank each other.

    A report from the provider outranks what the call itself came to, and a proof that it left outranks that it
    never would; `undelivered` outranks `delivered`, because mail that was first taken may bounce later.
    """

    CALLING = "calling"
    UNCONFIRMED = "unconfirmed"
    REFUSED = "refused"
    ACCEPTED = "accepted"
    DEFERRED = "deferred"
    EXPIRED = "expired"
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    UNDELIVERED = "undelivered"
    OPENED = "opened"
    DONE = "done"
    CANCELLED = "cancelled"


_RANK = {state: rank for rank, state in enumerate(AttemptState)}


def after_receipt(now: AttemptState, reported: AttemptState) -> AttemptState:
    """The attempt's state once a receipt is known: the higher rank stays, however late or shuffled receipts come."""
    return reported if _RANK[reported] > _RANK[now] else now


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a provider reported later about one message.

    `key` is the same for the same report, however often it comes. `attempt_id` is ours if the report carries
    it, `provider_id` the vendor's. `state` is None for words that say nothing about the delivery (an open, a
    click) or that we do not know: kept and shown, never guessed. `suppress` says why the address must not
    be used again on this channel. `at` is the vendor's instant, None where it gives none.

    `kind` is the class of a failure, where the vendor says one. If it may pass, the same channel is worth
    `late_tries` more, each `wait_s` seconds of business time later.
    """

    key: str
    word: str
    state: AttemptState | None
    attempt_id: str | None = None
    provider_id: str | None = None
    code: str | None = None
    address: str | None = None
    suppress: str | None = None
    at: datetime | None = None
    kind: OutcomeClass | None = None
    late_tries: int = 0
    wait_s: float = 0.0

    def turn(self, received_at: datetime) -> tuple[datetime, int]:
        """Where it stands among those of its message: by the vendor's instant, else when it came; then by rank."""
        return self.at or received_at, len(_RANK) if self.state is None else _RANK[self.state]
