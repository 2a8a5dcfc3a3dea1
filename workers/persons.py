"""The people behind several customers of one seller: what they had lately, and who is contacted first of one batch.

Called by `workers/planning` and `workers/claim` for a batch of accounts. It never leaves the process.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from domain.account import Account
from domain.contacted import LOOKS_BACK, Contacted, keys_of
from domain.ids import AccountKey
from store import contacted
from store.accounts import AccountRow
from store.contacted import Address, Asked
from store.engine import Connection
from workers.instants import Now, now_of

Owned = tuple[AccountRow, Account]
"""An account's row with what it was folded to."""


def lock(connection: Connection, found: Sequence[Owned]) -> None:
    """Has everybody else who claims wait for the people behind these accounts. The accounts are locked."""
    contacted.lock(connection, [address for one in found for address in people_of(*one)])


def contacts_elsewhere(
    connection: Connection, found: Sequence[Owned], now: Now
) -> Mapping[AccountKey, tuple[Contacted, ...]]:
    """What the present contacts of each account had lately about other customers, in one round trip."""
    since = {row.key: now_of(now, row.key) - LOOKS_BACK for row, _ in found}
    addresses = {row.key: people_of(row, account) for row, account in found}
    owners: dict[Address, list[AccountKey]] = defaultdict(list)
    for key, mine in addresses.items():
        for address in mine:
            owners[address].append(key)
    known = contacted.load(connection, {address: _asked(keys, since) for address, keys in owners.items()})
    others: dict[AccountKey, tuple[Contacted, ...]] = {}
    for key, mine in addresses.items() if known else ():
        about = [one for address in sorted(mine) for one in known.get(address, ())]
        others[key] = tuple(one.contact for one in about if one.account != key and one.contact.at > since[key])
    return others


def _asked(owners: Sequence[AccountKey], since: Mapping[AccountKey, datetime]) -> Asked:
    """Of an address that these accounts have: if only one has it, what was about that one is known already."""
    return Asked(min(since[key] for key in owners), owners[0] if len(owners) == 1 else None)


def people_of(row: AccountRow, account: Account) -> set[Address]:
    """The addresses of the account's present contacts, by which other customers' may be the same people."""
    return {(row.seller, key) for key in keys_of(account.customer.contacts)}


class Batch:
    """Who is contacted by one claiming transaction, which has not written it down yet."""

    def __init__(self) -> None:
        self._made: dict[Address, list[Contacted]] = defaultdict(list)

    def add(self, row: AccountRow, contacts: Sequence[Contacted]) -> None:
        """These are made about the account."""
        for one in contacts:
            self._made[row.seller, one.address].append(one)

    def had_by(self, row: AccountRow, account: Account) -> tuple[Contacted, ...]:
        """What the account's contacts had by it about other customers."""
        return tuple(one for address in sorted(people_of(row, account)) for one in self._made.get(address, ()))
