"""Tells operators of what a provider refuses for one country or one text alone: a country that is not enabled for us.

Called by `workers/deliver` with each answer. Its line goes on, and each reminder has its own way on: another channel,
or the same one again until a person has a task. So this is the one place where it shows as what it is: one thing to
mend, whomever it concerns. What a receipt tells later is only counted, as `late_misconfigured`.
"""

from __future__ import annotations

from functools import lru_cache

import structlog

from domain.addresses import country_of
from domain.levels import Channel
from domain.outcomes import Outcome, OutcomeClass
from workers.calls import Call

log = structlog.get_logger()


def tell_of_refused(call: Call, outcome: Outcome) -> None:
    """Says it once in this process for each code and country, over WhatsApp for each code and text."""
    if outcome.kind is not OutcomeClass.MISCONFIGURED or not (outcome.is_only_here and outcome.was_asked):
        return
    claim = call.claim
    by_text = call.message.channel is Channel.WHATSAPP
    about = {"template": claim.template} if by_text else {"country": country_of(claim.recipient)}
    say_once(claim.provider, claim.channel, outcome.code, *about.items())


@lru_cache(maxsize=1000)
def say_once(provider: str, channel: str, code: str | None, about: tuple[str, str | None]) -> None:
    """A line in the log, the first time that it is asked for."""
    log.warning("send.refused_here", provider=provider, channel=channel, code=code, **dict([about]))
