"""A customer's reply: who wrote is left alone, or written to again, from the moment this returns.

Called by `web/callbacks` itself and not over the queue, because a stop must hold once the provider has its answer,
and so must any other word of somebody who was written to, until a person has read it.
What the reply says is kept raw with the receipts, never in the journal.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import Any

import structlog

from channels.twilio.callbacks import Inbound
from channels.wishes import Wish
from config.wiring import DEFAULT_SELLER, Services
from domain.ids import AccountKey, CustomerId, SellerId
from domain.levels import Channel
from domain.outcomes import OutcomeClass, Receipt
from store import accounts, attempts, history, journal, receipts, sellers
from store.attempts import Reached
from store.engine import Connection, Unavailable
from store.journal import Entry
from workers import strangers
from workers.receive import receive_in

log = structlog.get_logger()

OPT_OUT = OutcomeClass.OPT_OUT.value

SOURCE = "relance"
"""Of the events that are made here."""

_HEARD = {None: "inbound.received", Wish.STOP: "inbound.stopped", Wish.START: "inbound.started"}


def hear(
    services: Services, inbound: Inbound, raw: bytes, now: datetime, came_at: datetime | None = None
) -> tuple[int, ...]:
    """Takes in one reply, once however often it comes. Returns new rows of the inbox, for a nudge to intake.

    It was written at `came_at`, if that is not `now`.

    A stop or start word counts for every seller that ever contacted this address: the provider's number is shared,
    and the edge cannot know which of them was meant. Where nothing was sent to it, a stop counts for every seller
    from now on, also for those made later; a start for the default one, and for those made later.
    Any such reply is kept in quarantine, and who has that number is looked for later (`workers/look_for`): the
    provider waits for its answer, and until then what is no stop holds nobody.
    Whatever says more is an event for every account that was reached there: nothing is claimed for it before that is
    folded, and then nothing goes out before a person has read the reply.
    It is committed before any account is waited for: the provider may not tell a second time.
    """
    with services.engine.begin() as connection:
        if not _is_new(connection, inbound, raw, now):
            return ()
        reached = attempts.accounts_reached_at(connection, inbound.address)
        inbox_ids = take_in(connection, inbound, reached, now, came_at or now)
        if not reached:
            strangers.set_aside(connection, inbound, raw, came_at or now)
    if inbound.wish is not None:
        wake(services, [one.account for one in reached], now)
    return inbox_ids


def take_in(
    connection: Connection, inbound: Inbound, reached: list[Reached], now: datetime, came_at: datetime
) -> tuple[int, ...]:
    """Has it hold what it says of those who were reached, and journals that. Returns new rows of the inbox."""
    inbox_ids = _hold(connection, inbound, reached, now, came_at) if inbound.says_more else ()
    if inbound.wish is not None:
        owners = {one.seller for one in reached} or _who_obeys(connection, inbound.wish)
        _obey(connection, inbound, inbound.wish, owners, now)
    journal.write(connection, _entries(inbound, reached, now))
    return inbox_ids


def wake(services: Services, keys: list[AccountKey], now: datetime) -> None:
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


def _hold(
    connection: Connection, inbound: Inbound, reached: list[Reached], now: datetime, came_at: datetime
) -> tuple[int, ...]:
    """Puts a `reply.received` into the inbox for each account: it is there if the receipt is, whoever dies when."""
    events: dict[SellerId, list[object]] = defaultdict(list)
    for one in reached:
        events[one.seller].append(_event(inbound, one.customer, came_at))
    replies = [receive_in(connection, seller, events[seller], now) for seller in sorted(events)]
    return tuple(row for reply in replies for row in reply.inbox_ids)


def _event(inbound: Inbound, customer: CustomerId, came_at: datetime) -> dict[str, Any]:
    """A CloudEvent of ours. The reply's own key names it, so that its words can be found again with the receipts."""
    told = {"customer_id": customer, "reply_id": inbound.key, "channel": inbound.channel.value}
    if inbound.channel is Channel.WHATSAPP:  # for a day, he may be written to in free text there
        told["address"] = inbound.address
    return {
        "specversion": "1.0",
        "id": f"{inbound.key}:{customer}",
        "source": SOURCE,
        "type": "reply.received",
        "time": came_at.isoformat(),
        "data": told,
    }


def _who_obeys(connection: Connection, wish: Wish) -> set[SellerId]:
    """Of a stranger: one of the sellers may write to him next, or one who is made later. There are few."""
    sellers.make_none(connection)
    known = sellers.everyone(connection) if wish is Wish.STOP else ()
    return {DEFAULT_SELLER, sellers.ANY_SELLER} | {one.seller.id for one in known}


def _obey(connection: Connection, inbound: Inbound, wish: Wish, owners: set[SellerId], now: datetime) -> None:
    places = [(owner, inbound.channel.value, inbound.address) for owner in sorted(owners)]
    match wish:
        case Wish.STOP:
            history.suppress(connection, [(*place, OPT_OUT, now) for place in places])
        case Wish.START:
            history.lift(connection, places, OPT_OUT)


def _entries(inbound: Inbound, reached: list[Reached], now: datetime) -> list[Entry]:
    facts = {"channel": inbound.channel.value}
    about: list[tuple[SellerId, AccountKey | None]] = [(one.seller, one.account) for one in reached]
    about = about or [(DEFAULT_SELLER, None)]
    return [Entry(seller, now, _HEARD[inbound.wish], facts, account) for seller, account in about]
