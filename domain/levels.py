"""How hard a step speaks, and over what. The ladder's rungs and the channel names of the policy."""

from __future__ import annotations

from enum import IntEnum, StrEnum


class Level(IntEnum):
    """upcoming < courteous < firm < formal < final. A unit climbs one at a time."""

    UPCOMING = 0
    COURTEOUS = 1
    FIRM = 2
    FORMAL = 3
    FINAL = 4

    @property
    def word(self) -> str:
        """The policy's spelling."""
        return self.name.lower()


class Channel(StrEnum):
    """Every way to reach a customer, by the names of the policy and of the delivery log."""

    EMAIL = "email"
    SMS = "sms"
    WHATSAPP = "whatsapp"
    PHONE = "phone"
    LETTER = "letter"
    VISIT = "visit"
    MEETING = "meeting"
    CHECK_IN = "check_in"
    SURVEY = "survey"
    """A person asks for a score of one to ten; a low one holds the customer until a person has looked."""
    TASK = "task"
    """A hand-off inside the seller's house (an agency, a lawyer): no contact with the customer."""


PERSON_CHANNELS = frozenset(
    {
        Channel.PHONE,
        Channel.LETTER,
        Channel.VISIT,
        Channel.MEETING,
        Channel.CHECK_IN,
        Channel.SURVEY,
        Channel.TASK,
    }
)
"""Channels whose attempt is a task for a person: opening the task is the contact."""

PHONE_NUMBER_CHANNELS = frozenset({Channel.SMS, Channel.WHATSAPP, Channel.PHONE})
"""Channels whose address is the contact's phone number."""


class Role(StrEnum):
    """What a contact does at the customer's."""

    PAYER = "payer"
    MAIN = "main"
    ACCOUNTING = "accounting"
    EXECUTIVE = "executive"
    LEGAL = "legal"


ROLE_FALLBACK: dict[Role, tuple[Role, ...]] = {
    Role.PAYER: (Role.PAYER, Role.MAIN),
    Role.MAIN: (Role.MAIN, Role.PAYER),
    Role.ACCOUNTING: (Role.ACCOUNTING, Role.PAYER, Role.MAIN),
    Role.EXECUTIVE: (Role.EXECUTIVE, Role.MAIN, Role.PAYER),
    Role.LEGAL: (Role.LEGAL, Role.EXECUTIVE, Role.MAIN, Role.PAYER),
}
"""Who is asked when a role is missing, in order; after the last, any contact."""
