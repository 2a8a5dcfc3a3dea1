"""Puts an address out of use on a channel, or back, as a person says.

Called by `relance suppress`, and by `web/leaving` for a reader who wants no more mails.
Every claim reads what is out of use, so that it holds from the moment this commits.
"""

from __future__ import annotations

from datetime import datetime

import structlog

from config.wiring import Services
from domain.ids import AccountKey, SellerId
from domain.levels import Channel
from store import accounts, facts, history, journal
from store.engine import Connection, Unavailable
from store.journal import Entry

log = structlog.get_logger()


def put_out_of_use(
    services: Services, seller: SellerId, channel: Channel, address: str, reason: str, now: datetime
) -> str:
    """Suppresses the address; returns the reason that stands, which is the first one.

    Nothing more is done where it is out of use already: a reader may click as often as he likes.
    """
    with services.engine.begin() as connection:
        before = _reason(connection, seller, channel, address)
        if before is not None:
            return before
        history.suppress(connection, [(seller, channel.value, address, reason, now)])
        stands = _reason(connection, seller, channel, address) or reason
    _tell(services, seller, address, "address.suppressed", {"channel": channel.value, "why": stands}, now)
    return stands


def _reason(connection: Connection, seller: SellerId, channel: Channel, address: str) -> str | None:
    known = history.suppressed_among(connection, [(seller, address)])
    return next((one.reason for found in known.values() for one in found if one.channel is channel), None)


def lift(services: Services, seller: SellerId, channel: Channel, address: str, now: datetime) -> bool:
    """Has the address used again, whatever put it out of use; False if nothing had."""
    with services.engine.begin() as connection:
        if not history.lift(connection, [(seller, channel.value, address)], None):
            return False
    _tell(services, seller, address, "address.lifted", {"channel": channel.value}, now)
    return True


def _tell(
    services: Services, seller: SellerId, address: str, event: str, told: dict[str, str], now: datetime
) -> None:
    """Journals it for the accounts that it concerns, and has them planned again.

    To find them, all of the seller's facts are read: what was said holds already, however long that takes, and is
    journaled without them if it takes too long.
    """
    try:
        with services.engine.connect() as connection:
            concerned = facts.accounts_naming(connection, seller, address)
    except Unavailable as error:
        log.warning("suppress.not_found_whom", seller=seller, error=type(error).__name__)
        concerned = []
    about: list[AccountKey | None] = [*concerned] or [None]
    with services.engine.begin() as connection:
        journal.write(connection, [Entry(seller, now, event, told, key) for key in about])
    _wake(services, concerned, now)


def _wake(services: Services, concerned: list[AccountKey], now: datetime) -> None:
    """In a transaction of its own: what is out of use holds also while an account is held by somebody else."""
    try:
        with services.engine.begin() as connection:
            accounts.lock(connection, concerned)
            accounts.wake(connection, concerned, now)
    except Unavailable as error:  # what is out of use holds all the same: each claim reads it
        log.warning("suppress.not_woken", accounts=concerned, error=type(error).__name__)
