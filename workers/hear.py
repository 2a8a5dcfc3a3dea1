"""A customer's reply: who wrote is left alone, or written to again, from the moment this returns.

Called by `web/callbacks` itself and not over the queue, because a stop must hold once the provider has its answer.
What the reply says is kept raw with the receipts, never in the journal.
"""

from __future__ import annotations

from datetime import datetime

import structlog

from channels.twilio.callbacks import Inbound
from channels.wishes import Wish
from config.wiring import DEFAULT_SELLER, Services
from domain.ids import AccountKey, SellerId
from domain.outcomes import OutcomeClass, Receipt
from store import accounts, attempts, history, journal, receipts
from store.engine import Connection, Unavailable
from store.journal import Entry

log = structlog.get_logger()

OPT_OUT = OutcomeClass.OPT_OUT.value

_HEARD = {None: "inbound.received", Wish.STOP: "inbound.stopped", Wish.START: "inbound.started"}


def hear(services: Services, inbound: Inbound, raw: bytes, now: datetime) -> None:
    """Takes in one reply, once however often it comes.

    A stop or start word counts for every seller that ever contacted this address: the provider's number is shared,
    and the edge cannot know which of them was meant. For an address that nobody knows, the default seller obeys.
    It is committed before any account is waited for: the provider may not tell a second time.
    """
    with services.engine.begin() as connection:
        if not _is_new(connection, inbound, raw, now):
            return
        reached = attempts.accounts_reached_at(connection, inbound.address)
        if inbound.wish is not None:
            _obey(connection, inbound, {seller for seller, _ in reached} or {DEFAULT_SELLER}, now)
        journal.write(connection, _entries(inbound, reached, now))
    if inbound.wish is not None:
        _wake(services, [key for _, key in reached], now)


def _wake(services: Services, keys: list[AccountKey], now: datetime) -> None:
    """Has the accounts planned again. A claim under way ends first, and the next one sees what has been heard."""
    try:
        with services.engine.begin() as connection:
            accounts.lock(connection, keys)
            accounts.wake(connection, keys, now)
    except Unavailable as error:  # a stop holds all the same: each claim reads it
        log.warning("hear.not_woken", accounts=keys, error=type(error).__name__)


def _is_new(connection: Connection, inbound: Inbound, raw: bytes, now: datetime) -> bool:
    receipt = Receipt(inbound.key, "inbound", None, provider_id=inbound.provider_id, address=inbound.address)
    new = receipts.put(connection, "twilio", [(receipt, raw)], now)
    receipts.mark_settled(connection, [(each, None) for each in new])
    return bool(new)


def _obey(connection: Connection, inbound: Inbound, owners: set[SellerId], now: datetime) -> None:
    places = [(owner, inbound.channel.value, inbound.address) for owner in sorted(owners)]
    match inbound.wish:
        case Wish.STOP:
            history.suppress(connection, [(*place, OPT_OUT, now) for place in places])
        case Wish.START:
            history.lift(connection, places, OPT_OUT)
        case None:
            return


def _entries(inbound: Inbound, reached: list[tuple[SellerId, AccountKey]], now: datetime) -> list[Entry]:
    facts = {"channel": inbound.channel.value}
    about: list[tuple[SellerId, AccountKey | None]] = [*reached] or [(DEFAULT_SELLER, None)]
    return [Entry(seller, now, _HEARD[inbound.wish], facts, account) for seller, account in about]
