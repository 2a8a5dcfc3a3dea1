"""Which channel, which person, which address; and why not the others."""

from typing import Any

import pytest

from domain.customer import Contact
from domain.ids import ContactId
from domain.levels import Channel, Role
from domain.past import Suppressed
from domain.policy import Segment, Step
from domain.routes import Route, routes_of
from tests.domain_factories import a_contact, a_customer, a_policy, a_seller, a_step, an_account, issued

EMAIL, SMS, WHATSAPP, PHONE, LETTER = Channel.EMAIL, Channel.SMS, Channel.WHATSAPP, Channel.PHONE, Channel.LETTER
EVERYTHING = frozenset(Channel)


def a_person(name: str, role: Role = Role.PAYER, **changes: Any) -> Contact:
    """Somebody with an e-mail address of their own and nothing else."""
    usual: dict[str, Any] = {"email": f"{name}@example.com", "phone": None, "whatsapp": False}
    return a_contact(id=ContactId(name), role=role, name=name, **usual | changes)


def routes(step: Step, *people: Contact, **changes: Any) -> list[tuple[Channel, str]]:
    return [(route.channel, route.to) for route in found(step, *people, **changes)[0]]


def found(step: Step, *people: Contact, **changes: Any) -> tuple[tuple[Route, ...], dict[str, str]]:
    """The routes of a step to these people, and why each other channel is not usable."""
    suppressed = changes.pop("suppressed", ())
    spent, segments = changes.pop("spent", ()), changes.pop("segments", {})
    channels, down = changes.pop("channels", EVERYTHING), changes.pop("down", frozenset())
    customer = a_customer(contacts=people or (a_contact(),), **changes)
    seller = a_seller(channels=channels, down=down)
    account = an_account(issued(customer=customer), seller=seller, suppressed=suppressed)
    usable, reasons = routes_of(account, a_policy(segments=segments), step, spent)
    return usable, {str(reason.facts["channel"]): str(reason.facts.get("why", reason.code)) for reason in reasons}


def a_message(*channels: Channel, **changes: Any) -> Step:
    return a_step("first", 2, a_step("x", 0).level, *channels, **changes)


def test_channels_are_tried_in_the_steps_order() -> None:
    assert routes(a_message(SMS, EMAIL)) == [(SMS, "+33612345678"), (EMAIL, "anne@example.com")]


@pytest.mark.parametrize(
    ("person", "why"),
    [
        (a_contact(email=None), "no_address"),
        (a_contact(email_ok=False), "invalid_address"),
    ],
)
def test_an_address_must_be_there_and_valid(person: Contact, why: str) -> None:
    assert found(a_message(EMAIL), person) == ((), {"email": why})


def test_a_channel_whose_provider_is_down_comes_last_and_is_waited_for_where_it_is_the_only_one() -> None:
    way, why = found(a_message(EMAIL, SMS), down=frozenset({EMAIL}))
    assert ([route.channel for route in way], why) == ([SMS, EMAIL], {"email": "provider_down"})
    way, why = found(a_message(EMAIL), down=frozenset({EMAIL}))
    assert ([route.channel for route in way], why) == ([EMAIL], {"email": "provider_down"})
    assert found(a_message(EMAIL, SMS), down=frozenset({WHATSAPP}))[1] == {}


def test_whatsapp_needs_consent() -> None:
    assert found(a_message(WHATSAPP), a_contact(whatsapp=False)) == ((), {"whatsapp": "no_consent"})
    assert routes(a_message(WHATSAPP)) == [(WHATSAPP, "+33612345678")]


def test_a_suppressed_address_is_out_of_use_on_its_channel_alone() -> None:
    gone = (Suppressed(SMS, "+33612345678", "opt_out"),)
    usable, why = found(a_message(SMS, WHATSAPP), suppressed=gone)
    assert ([route.channel for route in usable], why) == ([WHATSAPP], {"sms": "suppressed"})


def test_a_channel_must_be_set_up_and_must_not_have_failed() -> None:
    assert found(a_message(SMS), channels=frozenset({EMAIL}))[1] == {"sms": "not_set_up"}
    usable, why = found(a_message(SMS, EMAIL), spent=(SMS,))
    assert ([route.channel for route in usable], why) == ([EMAIL], {"sms": "has_failed"})


def test_nobody_to_write_to_is_said() -> None:
    account = an_account(issued(customer=a_customer(contacts=())))
    usable, reasons = routes_of(account, a_policy(), a_message(EMAIL))
    assert (usable, [reason.facts["why"] for reason in reasons]) == ((), ["no_contact"])


def test_the_preference_comes_first_and_then_the_segments_order() -> None:
    segments = {"vip": Segment(channels=(WHATSAPP, PHONE, SMS))}
    step = a_message(EMAIL, SMS, WHATSAPP)
    assert [c for c, _ in routes(step, preferred_channel=SMS)] == [SMS, EMAIL, WHATSAPP]
    assert [c for c, _ in routes(step, segment="vip", segments=segments)] == [WHATSAPP, SMS, EMAIL]
    vip = routes(step, segment="vip", segments=segments, preferred_channel=EMAIL)
    assert [c for c, _ in vip] == [EMAIL, WHATSAPP, SMS]


def test_a_preference_adds_no_channel_and_never_replaces_a_person() -> None:
    assert [c for c, _ in routes(a_message(EMAIL), preferred_channel=SMS)] == [EMAIL]
    assert [c for c, _ in routes(a_message(PHONE, EMAIL), preferred_channel=EMAIL)] == [PHONE, EMAIL]


@pytest.mark.parametrize(
    ("role", "there", "reached"),
    [
        (Role.PAYER, [Role.MAIN, Role.LEGAL], "main"),
        (Role.ACCOUNTING, [Role.MAIN, Role.PAYER], "payer"),
        (Role.ACCOUNTING, [Role.EXECUTIVE, Role.MAIN], "main"),
        (Role.ACCOUNTING, [Role.LEGAL], "legal"),
        (Role.EXECUTIVE, [Role.PAYER, Role.MAIN], "main"),
        (Role.EXECUTIVE, [Role.ACCOUNTING, Role.PAYER], "payer"),
        (Role.LEGAL, [Role.MAIN, Role.EXECUTIVE], "executive"),
        (Role.EXECUTIVE, [Role.MAIN, Role.EXECUTIVE], "executive"),
    ],
)
def test_a_missing_role_falls_back(role: Role, there: list[Role], reached: str) -> None:
    people = [a_person(one.value, one) for one in there]
    assert routes(a_message(EMAIL, to=role), *people) == [(EMAIL, f"{reached}@example.com")]


def test_the_next_person_of_a_role_is_asked_where_the_first_cannot_be() -> None:
    people = (a_person("one", email=None), a_person("two"))
    assert found(a_message(EMAIL), *people)[0][0].contact_id == "two"


def test_copies_go_to_each_usable_address_once() -> None:
    """SendGrid refuses a message that names an address twice, however its letters are cased."""
    people = (
        a_person("anne"),
        a_person("luc", Role.EXECUTIVE),
        a_person("luc", Role.EXECUTIVE, email="LUC@example.com"),
        a_person("anne", Role.EXECUTIVE, email="Anne@example.com"),
        a_person("gone", Role.EXECUTIVE),
        a_person("bad", Role.EXECUTIVE, email_ok=False),
        a_person("other", Role.LEGAL),
    )
    gone = (Suppressed(EMAIL, "gone@example.com", "hard_bounce"),)
    step = a_message(EMAIL, SMS, cc=(Role.EXECUTIVE,))
    assert found(step, *people, suppressed=gone)[0][0].cc == ("luc@example.com",)


def test_of_what_people_do_only_a_letter_and_a_call_need_an_address() -> None:
    assert routes(a_message(Channel.VISIT)) == [(Channel.VISIT, "")]
    assert routes(a_message(Channel.TASK)) == [(Channel.TASK, "")]
    assert found(a_message(LETTER, EMAIL))[1] == {"letter": "no_address"}
    posted = a_contact(postal_address=("12 rue des Lilas", "75011 Paris"))
    assert routes(a_message(LETTER), posted) == [(LETTER, "12 rue des Lilas, 75011 Paris")]


def test_a_hand_off_needs_nobody() -> None:
    account = an_account(issued(customer=a_customer(contacts=())))
    hand_off, _ = routes_of(account, a_policy(), a_message(Channel.TASK))
    assert [(route.channel, route.contact_id) for route in hand_off] == [(Channel.TASK, None)]
