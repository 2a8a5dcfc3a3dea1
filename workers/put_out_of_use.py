"""Puts an address out of use on a channel, or back, as a person says. Called by `relance suppress`.

Every claim reads what is out of use, so that it holds from the moment this commits.
"""

from __future__ import annotations

from datetime import datetime

from config.wiring import Services
from domain.ids import AccountKey, SellerId
from domain.levels import Channel
from store import accounts, facts, history, journal
from store.engine import Connection
from store.journal import Entry


def put_out_of_use(
    services: Services, seller: SellerId, channel: Channel, address: str, reason: str, now: datetime
) -> str:
    """Suppresses the address; returns the reason that stands, which is the first one."""
    with services.engine.begin() as connection:
        history.suppress(connection, [(seller, channel.value, address, reason, now)])
        known = history.suppressed_among(connection, [(seller, address)])
        stands = next(one.reason for found in known.values() for one in found if one.channel is channel)
        concerned = facts.accounts_naming(connection, seller, address)
        _note(connection, seller, concerned, "address.suppressed", {"channel": channel.value, "why": stands}, now)
    _wake(services, concerned, now)
    return stands


def lift(services: Services, seller: SellerId, channel: Channel, address: str, now: datetime) -> bool:
    """Has the address used again, whatever put it out of use; False if nothing had."""
    with services.engine.begin() as connection:
        if not history.lift(connection, [(seller, channel.value, address)], None):
            return False
        concerned = facts.accounts_naming(connection, seller, address)
        _note(connection, seller, concerned, "address.lifted", {"channel": channel.value}, now)
    _wake(services, concerned, now)
    return True


def _note(
    connection: Connection,
    seller: SellerId,
    concerned: list[AccountKey],
    event: str,
    told: dict[str, str],
    now: datetime,
) -> None:
    about: list[AccountKey | None] = [*concerned] or [None]
    journal.write(connection, [Entry(seller, now, event, told, key) for key in about])


def _wake(services: Services, concerned: list[AccountKey], now: datetime) -> None:
    """In a transaction of its own: what is out of use holds also while an account is held by somebody else."""
    with services.engine.begin() as connection:
        accounts.lock(connection, concerned)
        accounts.wake(connection, concerned, now)
