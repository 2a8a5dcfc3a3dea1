"""Replies from a number to which nothing was ever sent: kept for a person, and matched by who has that number.

Called by `workers/hear`, `workers/look_for` and `workers/take_again`, each in its transaction.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from channels.twilio.callbacks import Inbound
from channels.wishes import Wish
from domain.addresses import address_key
from domain.ids import SellerId
from store import facts, quarantine
from store.attempts import Reached
from store.engine import Connection
from store.quarantine import Quarantined
from workers.folding import addresses_in

KIND = "reply"
NOBODY = SellerId("")
"""Whose a reply is, while nobody knows."""

_LEAST = len("+") + 8
"""Characters of a number in full. Advertisers write from short numbers and names, which are nobody's."""

NOT_LOOKED_FOR = "its customer has not been looked for yet"
NOBODYS = "no customer has this number"
BROKE = "looking for its customer broke"
TOOK_TOO_LONG = "looking for its customer took too long"


def is_a_persons(address: str) -> bool:
    """Whether it is a number in full, which somebody may have."""
    return address.startswith("+") and len(address) >= _LEAST


def set_aside(connection: Connection, inbound: Inbound, raw: bytes, now: datetime) -> None:
    """Keeps a reply as it came, by its receipt's key, until its customer is found or a person has looked.

    What is no person's stays with the receipts alone.
    """
    if is_a_persons(inbound.address):
        quarantine.set_aside(connection, [Quarantined(NOBODY, KIND, inbound.key, NOT_LOOKED_FOR, raw, now)])


def told_late(inbound: Inbound) -> Inbound:
    """A reply as it counts where others may have come after it: a START lifts no stop then, and a person reads it."""
    return replace(inbound, wish=None, says_more=True) if inbound.wish is Wish.START else inbound


def whose(connection: Connection, address: str) -> list[Reached]:
    """The accounts, of all sellers, whose facts name this number, however it is written.

    It reads all facts: never while a provider waits for its answer.
    """
    if not is_a_persons(address):
        return []
    candidates = facts.all_naming(connection, address)
    known = facts.load(connection, [one.account for one in candidates])
    return [one for one in candidates if address_key(address) in map(address_key, addresses_in(known[one.account]))]
