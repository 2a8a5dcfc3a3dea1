"""Puts an address out of use on a channel, or back, as a person says.

Called by `relance suppress`, and by `web/leaving` for a reader who wants no more mails.
Every claim reads what is out of use, so that it holds from the moment this commits, and the journal with it: what
comes after that may fail, and changes nothing of what is so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime

import structlog

from config.wiring import Services
from domain.addresses import address_key
from domain.facts import Fact
from domain.ids import AccountKey, SellerId
from domain.levels import Channel
from domain.outcomes import OutcomeClass
from store import accounts, contacted, facts, history, journal, sellers
from store.engine import Connection, Unavailable
from store.journal import Entry
from workers.folding import addresses_in

log = structlog.get_logger()

STOP = OutcomeClass.OPT_OUT.value


def put_out_of_use(
    services: Services,
    seller: SellerId,
    channel: Channel,
    address: str,
    reason: str,
    now: datetime,
    *,
    by_reader: bool = False,
) -> str:
    """Suppresses the address; returns the reason that stands: the first one, unless its owner says stop.

    By a reader of what was sent there: it is told to the accounts that it was about. Others that name the address
    find it out of use when they are planned next, and a click costs no more than a look at an index.

    Nothing more is done where that stands already: a reader may click as often as he likes.
    """
    with services.engine.begin() as connection:
        before = _reason(connection, seller, channel, address)
        if before is not None and (before == STOP or reason != STOP):
            return before
        history.suppress(connection, [(seller, channel.value, address, reason, now)])
        stands = _reason(connection, seller, channel, address) or reason
        said = Entry(seller, now, "address.suppressed", {"channel": channel.value, "why": stands})
        journal.write(connection, [said])
    _tell(services, said, address, contacted.accounts_at if by_reader else _naming)
    return stands


def _reason(connection: Connection, seller: SellerId, channel: Channel, address: str) -> str | None:
    known = history.suppressed_among(connection, [(seller, address)])
    return next((one.reason for found in known.values() for one in found if one.channel is channel), None)


def lift(services: Services, seller: SellerId, channel: Channel, address: str, now: datetime) -> bool:
    """Has the address used again, whatever put it out of use; False if nothing had.

    Also by sellers that are made later: who is written to again has said no stop to strangers any more.
    """
    with services.engine.begin() as connection:
        sellers.make_none(connection)
        places = [(one, channel.value, address) for one in (sellers.ANY_SELLER, seller)]
        if not history.lift(connection, places, None):
            return False
        said = Entry(seller, now, "address.lifted", {"channel": channel.value})
        journal.write(connection, [said])
    _tell(services, said, address, _naming)
    return True


Finder = Callable[[Connection, SellerId, str], list[AccountKey]]


def _tell(services: Services, said: Entry, address: str, find: Finder) -> None:
    """Says it also in the journals of the accounts that it concerns, and has them planned again.

    It holds already and the seller's journal says so, therefore nothing is raised that happens here. Woken they are
    in a transaction of their own: somebody else may hold one of them.
    """
    concerned: list[AccountKey] = []
    with _if_it_can_be("suppress.not_found_whom", said), services.engine.connect() as connection:
        concerned = find(connection, said.seller, address)
    with _if_it_can_be("suppress.not_journaled", said), services.engine.begin() as connection:
        journal.write(connection, [replace(said, account=key) for key in concerned])
    with _if_it_can_be("suppress.not_woken", said), services.engine.begin() as connection:
        accounts.lock(connection, concerned)
        accounts.wake(connection, concerned, said.at)


def _naming(connection: Connection, seller: SellerId, address: str) -> list[AccountKey]:
    """All of the seller's facts are read, which may take too long."""
    known = facts.load(connection, facts.accounts_naming(connection, seller, address))
    return [key for key in sorted(known) if _is_in(known[key], address)]


def _is_in(found: Sequence[Fact], address: str) -> bool:
    return address_key(address) in {address_key(one) for one in addresses_in(found)}


@contextmanager
def _if_it_can_be(otherwise: str, said: Entry) -> Iterator[None]:
    try:
        yield
    except Unavailable as error:  # what is out of use holds all the same: each claim reads it
        log.warning(otherwise, seller=said.seller, error=type(error).__name__)
