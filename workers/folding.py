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


def fold_accounts(
    connection: Connection, services: Services, rows: Sequence[AccountRow]
) -> list[tuple[AccountRow, Account, SellerRow]]:
    """These accounts as their facts make them, each with its seller."""
    keys = [row.key for row in rows]
    found = fact_store.load(connection, keys)
    past = history.load(connection, keys)
    owners = sellers.load(connection, {row.seller for row in rows})
    addresses = {(row.seller, address) for row in rows for address in _addresses(found[row.key])}
    suppressed = history.suppressed_among(connection, addresses)
    down, folded = services.lines.down(), []
    for row in rows:
        owner = owners[row.seller]
        rates = services.rates.get(owner.seller.country)
        seller = replace(owner.seller, channels=services.available, rates=rates, down=down)
        gone = [
            entry
            for address in _addresses(found[row.key])
            for entry in suppressed.get((row.seller, address_key(address)), ())
        ]
        account = fold(row.customer_id, found[row.key], seller, past[row.key], gone)
        folded.append((row, account, owner))
    return folded


def _addresses(found: Sequence[Fact]) -> set[str]:
    """Every address that these facts mention: those whose suppression matters."""
    customers = [f.body.customer for f in found if isinstance(f.body, facts.InvoiceIssued | facts.CustomerUpdated)]
    contacts = [contact for customer in customers for contact in customer.contacts]
    return {address for contact in contacts for address in (contact.email, contact.phone) if address}
