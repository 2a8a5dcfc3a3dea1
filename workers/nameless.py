"""Receipts that name no message of ours: some late bounces carry no id, and tell an address alone.

Which message it was cannot be known, so that none changes its state and nothing is sent again for it. The address is
put out of use where the receipt says so, and a person has to look at the contact.
Called by `workers/settle` in its transaction.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.addresses import address_key
from domain.after import FAILURES
from domain.ids import AccountKey, SellerId
from domain.levels import Channel
from store import attempts, contacted, history, journal
from store.accounts import AccountRow
from store.attempts import AttemptRow
from store.engine import Connection
from store.journal import Entry
from store.receipts import ReceiptRow
from workers.repair import ask_for_repair

LOOKS_BACK = timedelta(days=30)
"""A bounce of an older mail has come long ago."""
WAITS = timedelta(hours=1)
"""How long SendGrid's own id is waited for which nobody knows: the answer that tells it may be late or lost."""


@dataclass(frozen=True, slots=True)
class Nameless:
    """A receipt of an address, and the last mail there of each account written to lately, the newest first."""

    row: ReceiptRow
    mails: tuple[AttemptRow, ...]


def find_nameless(
    connection: Connection, taken: Sequence[ReceiptRow], named: Collection[int], now: datetime
) -> list[Nameless]:
    """Those of the receipts, `named` ones aside, that are of no message and of an address of ours."""
    asked = {
        one: address_key(one.receipt.address or "") for one in taken if one.id not in named and _is_nameless(one, now)
    }
    mails = contacted.last_mails(connection, set(asked.values()), now - LOOKS_BACK)
    known = {row.id: row for row in attempts.find(connection, {id_ for ids in mails.values() for id_ in ids})}
    return [
        Nameless(one, tuple(known[id_] for id_ in mails[address])) for one, address in asked.items() if mails[address]
    ]


def _is_nameless(one: ReceiptRow, now: datetime) -> bool:
    """What another application sends over the same account has an id: of that only a dead address counts."""
    told = one.receipt
    if one.provider != "sendgrid" or told.attempt_id is not None or not told.address:
        return False
    if told.provider_id is None:
        return told.suppress is not None or told.state in FAILURES
    return told.suppress is not None and told.state in FAILURES and now - one.received_at >= WAITS


def to_suppress(found: Sequence[Nameless], now: datetime) -> list[tuple[SellerId, str, str, str, datetime]]:
    """What `store/history.suppress` takes for them."""
    return [
        (mail.seller, Channel.EMAIL.value, one.row.receipt.address or "", one.row.receipt.suppress or "", now)
        for one, mail in _dead(found)
    ]


def _dead(found: Sequence[Nameless]) -> list[tuple[Nameless, AttemptRow]]:
    return [(one, mail) for one in found if one.row.receipt.suppress is not None for mail in one.mails]


def tell_of_nameless(
    connection: Connection, found: Sequence[Nameless], rows: Mapping[AccountKey, AccountRow], now: datetime
) -> set[AccountKey]:
    """Says what is out of use, and asks for each seller's repair of the contact whom he has written to last.

    Returns the accounts that he asks for. The others are only to be planned again some time: an accountant may be the
    contact of a thousand, and who cannot be reached any more gets his task by being planned. All (`rows`) are locked.
    """
    journal.write(connection, [_entry(one, mail, now) for one, mail in _dead(found)])
    newest: dict[tuple[int, SellerId], AttemptRow] = {}
    for one in found:
        for mail in one.mails if one.row.receipt.state in FAILURES else ():
            if address_key(mail.recipient) == address_key(one.row.receipt.address or ""):
                newest.setdefault((one.row.id, mail.seller), mail)
    lost = {mail.account: mail for mail in newest.values()}
    past = history.load(connection, lost.keys())
    ask_for_repair(connection, [(mail, past[key]) for key, mail in lost.items()], rows, now)
    return set(lost)


def _entry(one: Nameless, mail: AttemptRow, now: datetime) -> Entry:
    facts = {"channel": Channel.EMAIL.value, "why": one.row.receipt.suppress}
    return Entry(mail.seller, now, "address.suppressed", facts, mail.account)
