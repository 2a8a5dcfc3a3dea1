"""Whether a WhatsApp message may be free text: its reader has written to us a short while ago.

Source: https://www.twilio.com/docs/api/errors/63016 (24 hours from the last message to us; read 2026-11-22).
"""

from __future__ import annotations

from datetime import datetime, timedelta

from domain.account import Account
from domain.addresses import address_key

OPEN_FOR = timedelta(hours=24) - timedelta(minutes=10)
"""Less than the provider's 24 hours: a message may wait in its queue."""


def takes_free_text(account: Account, number: str, now: datetime) -> bool:
    """Whether that very number wrote to us over WhatsApp within the time before `now`."""
    key = address_key(number)
    return any(key == wrote and at <= now < at + OPEN_FOR for wrote, at in account.wrote)
