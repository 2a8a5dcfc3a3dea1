"""For a day less ten minutes, whoever wrote to us over WhatsApp may be answered there in free text."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from channels.port import Content
from domain.account import Account
from domain.customer import Contact
from domain.facts import Fact, ReplyReceived
from domain.free_text import OPEN_FOR, takes_free_text
from domain.ids import ContactId, CustomerId
from domain.leave import make_reminder
from domain.levels import Channel, Level, Role
from domain.routes import routes_of
from tests.domain_factories import a_fact, a_member, a_policy, a_step, an_account, issued, late_morning
from workers.letters import content_of

NOON = late_morning(3)
NUMBER = "+33612345678"
ONE = timedelta(seconds=1)


def wrote(at: datetime = NOON, address: str = NUMBER, channel: Channel = Channel.WHATSAPP, **changes: Any) -> Fact:
    customer = CustomerId(str(changes.pop("customer", "C-1")))
    body = ReplyReceived(customer, f"r-{at}", channel, address)
    return a_fact(body, at=at, event_id=f"e-{at}", **changes)


@pytest.mark.parametrize(
    ("after", "is_open"), [(-ONE, False), (0 * ONE, True), (OPEN_FOR - ONE, True), (OPEN_FOR, False)]
)
def test_it_is_open_from_the_message_on_and_less_than_24_hours(after: timedelta, is_open: bool) -> None:
    assert takes_free_text(an_account(issued(), wrote()), NUMBER, NOON + after) is is_open
    assert timedelta(hours=23) < OPEN_FOR < timedelta(hours=24)


def test_the_last_message_counts_in_whatever_order_they_come() -> None:
    """Of a message that says it is from the future, only its arrival is known."""
    early, last = wrote(NOON - timedelta(days=2)), wrote(NOON)
    ahead = wrote(NOON + timedelta(days=9), received_at=NOON - timedelta(days=1))
    for facts in ((early, last, ahead), (ahead, last, early)):
        assert an_account(issued(), *facts).wrote == ((NUMBER, NOON),)


@pytest.mark.parametrize(
    "other",
    [
        wrote(address="+33600000001"),
        wrote(address=""),
        wrote(channel=Channel.SMS),
        wrote(customer="C-2"),
    ],
)
def test_another_number_another_channel_and_another_customer_open_nothing(other: Fact) -> None:
    assert not takes_free_text(an_account(issued(), other), NUMBER, NOON)


def content(account: Account, channel: Channel) -> Content:
    step = a_step("first", 2, Level.COURTEOUS, channel)
    routes, _ = routes_of(account, a_policy(step), step)
    members = (a_member("F-1", "first"),)
    reminder = make_reminder(account, a_policy(step), step, step.level, members, routes, (NOON, NOON))
    return content_of(account, a_policy(step), reminder, routes[0], NOON)


def test_only_whatsapp_is_told_of_it() -> None:
    contact = Contact(ContactId("p1"), Role.PAYER, "Anne", phone=NUMBER, phone_ok=True, whatsapp=True)
    account = an_account(issued(), wrote())
    account = replace(
        account,
        customer=replace(account.customer, contacts=(contact,)),
        seller=replace(account.seller, channels=frozenset(Channel)),
    )
    told = {channel: content(account, channel).takes_free_text for channel in (Channel.WHATSAPP, Channel.SMS)}
    assert told == {Channel.WHATSAPP: True, Channel.SMS: False}
