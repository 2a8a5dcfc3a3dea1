"""Which channel, which person, which address: the step's list in the customer's order, less what cannot be used.

The first route is used; the rest are its fallback in that order. Used by `plan` alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from domain.account import Account
from domain.addresses import address_key
from domain.customer import Contact
from domain.ids import ContactId
from domain.ladder import ladder_of
from domain.levels import PERSON_CHANNELS, PHONE_NUMBER_CHANNELS, ROLE_FALLBACK, Channel, Role
from domain.policy import Policy, Step
from domain.reasons import Code, Reason

_NOT_SET_UP = "not_set_up"
_NO_ADDRESS = frozenset({Channel.VISIT, Channel.MEETING, Channel.CHECK_IN, Channel.SURVEY, Channel.TASK})
"""Work for people who find their own way."""


@dataclass(frozen=True, slots=True)
class Route:
    """One usable way to the customer. `to` is empty where a person decides how (a visit, a hand-off)."""

    channel: Channel
    contact_id: ContactId | None
    to: str
    to_name: str = ""
    cc: tuple[str, ...] = ()


def routes_of(
    account: Account, policy: Policy, step: Step, spent: Iterable[Channel] = ()
) -> tuple[tuple[Route, ...], tuple[Reason, ...]]:
    """The usable routes of a step in order, and why each other channel is not usable. `spent` have failed.

    A channel whose provider is down comes after those that work, and is waited for where there is no other.
    """
    routes: list[Route] = []
    reasons: list[Reason] = []
    gone = frozenset(spent)
    people = recipients(account, step.to)
    for channel in _ordered(account, policy, step):
        route, why = (None, "has_failed") if channel in gone else _route(account, step, channel, people)
        if route is not None:
            routes.append(route)
        else:
            reasons.append(Reason(Code.CHANNEL_UNUSABLE, {"channel": channel.value, "why": why}))
    if not account.seller.down:
        return tuple(routes), tuple(reasons)
    down = [route for route in routes if route.channel in account.seller.down]
    reasons += [Reason(Code.PROVIDER_DOWN, {"channel": route.channel.value}) for route in down]
    return (*(route for route in routes if route not in down), *down), tuple(reasons)


def none_is_set_up(unusable: Iterable[Reason]) -> bool:
    """Whether a step without routes has none for our own set-up alone, by why each of its channels is not usable."""
    return {reason.facts["why"] for reason in unusable} == {_NOT_SET_UP}


def _ordered(account: Account, policy: Policy, step: Step) -> tuple[Channel, ...]:
    """The step's channels; the preference and the segment reorder messages and never replace a person step."""
    if step.channels[0] in PERSON_CHANNELS:
        return step.channels
    wished = ladder_of(account, policy).segment.channels
    if account.customer.preferred_channel is not None:
        wished = (account.customer.preferred_channel, *wished)
    if not wished:
        return step.channels
    first = [channel for channel in dict.fromkeys(wished) if channel in step.channels]
    return (*first, *(channel for channel in step.channels if channel not in first))


def _route(account: Account, step: Step, channel: Channel, people: Sequence[Contact]) -> tuple[Route | None, str]:
    if channel not in account.seller.channels:
        return None, _NOT_SET_UP
    if channel in _NO_ADDRESS:
        person = people[0] if people else None
        return Route(channel, person.id if person else None, "", person.name if person else ""), ""
    why = "no_contact"
    for person in people:
        address, why = _address(account, person, channel)
        if address is not None:
            cc = _copies(account, step, address) if channel is Channel.EMAIL else ()
            return Route(channel, person.id, address, person.name, cc), ""
    return None, why


def recipients(account: Account, role: Role) -> tuple[Contact, ...]:
    """The contacts of the role, or of the first role in its fall-back order that the customer has, or all."""
    contacts = account.customer.contacts
    for candidate in ROLE_FALLBACK[role]:
        found = tuple(contact for contact in contacts if contact.role is candidate)
        if found:
            return found
    return contacts


def _address(account: Account, person: Contact, channel: Channel) -> tuple[str | None, str]:
    """The person's usable address on the channel, or None and why not."""
    if channel is Channel.LETTER:
        return (", ".join(person.postal_address), "") if person.postal_address else (None, "no_address")
    by_phone = channel in PHONE_NUMBER_CHANNELS
    address, is_valid = (person.phone, person.phone_ok) if by_phone else (person.email, person.email_ok)
    if not address:
        return None, "no_address"
    if not is_valid:
        return None, "invalid_address"
    if channel is Channel.WHATSAPP and not person.whatsapp:
        return None, "no_consent"
    if (channel, address_key(address)) in account.suppressed:
        return None, "suppressed"
    return address, ""


def _copies(account: Account, step: Step, to: str) -> tuple[str, ...]:
    """The e-mail addresses of the roles to copy, each once, without the recipient and the suppressed."""
    found = {to.casefold(): to}
    for contact in account.customer.contacts:
        if contact.role in step.cc and _address(account, contact, Channel.EMAIL)[0]:
            found.setdefault(str(contact.email).casefold(), str(contact.email))
    return tuple(found.values())[1:]
