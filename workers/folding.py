"""Loads and folds a batch of locked accounts. Planning, intake and the command line share it.

A fixed number of round trips for any number of accounts. It never leaves the process.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from config.wiring import Services
from domain import facts
from domain.account import Account
from domain.addresses import address_key
from domain.facts import Fact
from domain.fold import fold
from store import facts as fact_store
from store import history, sellers
from store.accounts import AccountRow
from store.engine import Connection
from store.sellers import SellerRow
from workers.instants import Now, now_of


def fold_accounts(
    connection: Connection, services: Services, rows: Sequence[AccountRow], now: Now | None = None
) -> list[tuple[AccountRow, Account, SellerRow]]:
    """These accounts as their facts make them, each with its seller.

    `now` counts where the payment feed is known over time: it is then as it was at each account's instant.
    """
    keys = [row.key for row in rows]
    found = fact_store.load(connection, keys)
    past = history.load(connection, keys)
    owners = sellers.load(connection, {row.seller for row in rows})
    addresses = {row.key: addresses_in(found[row.key]) for row in rows}
    suppressed = history.suppressed_among(
        connection, {(row.seller, address) for row in rows for address in addresses[row.key]}
    )
    down, available = services.lines.down(), services.available
    set_up = {
        name: replace(owner.seller, channels=available, rates=services.rates.get(owner.seller.country), down=down)
        for name, owner in owners.items()
    }
    folded = []
    for row in rows:
        gone = [
            entry
            for address in addresses[row.key]
            for entry in suppressed.get((row.seller, address_key(address)), ())
        ]
        seller = set_up[row.seller]
        if services.feed is not None and now is not None:
            seller = replace(seller, synced_as_of=services.feed.as_of(now_of(now, row.key)))
        account = fold(row.customer_id, found[row.key], seller, past[row.key], gone)
        folded.append((row, account, owners[row.seller]))
    return folded


def addresses_in(found: Sequence[Fact]) -> set[str]:
    """Every address that these facts may come to mean: those whose suppression matters.

    A national number is one of any country that they name: which of them it is, `fold` knows.
    """
    customers = [f.body.customer for f in found if isinstance(f.body, facts.InvoiceIssued | facts.CustomerUpdated)]
    contacts = {contact for customer in customers for contact in customer.contacts}
    countries = {customer.country for customer in customers if customer.country is not None}
    read_again = {contact.living_in(country) for contact in contacts if contact.national for country in countries}
    return {address for contact in contacts | read_again for address in (contact.email, contact.phone) if address}
