"""What a person is told before a call, a visit or a meeting: the terms, and all that happened before."""

import re
from dataclasses import replace
from datetime import date

import pytest

from channels.port import Content, Happened
from domain.account import Account
from domain.customer import Contact
from domain.facts import InvoiceDisputed, PaymentReceived, PromiseMade
from domain.ids import ContactId, InvoiceId
from domain.invoice import EarlyPaymentDiscount
from domain.leave import make_reminder
from domain.levels import Channel, Level, Role
from domain.money import Money
from domain.routes import routes_of
from tests.content_factories import LANGUAGES, RENDERER, a_content, a_line, plain, text_of
from tests.domain_factories import a_member, a_policy, a_step, an_account, days, euros, issued, late_morning
from workers.letters import content_of
from workers.sheets import MOST_TOLD, history_of

SHEETS = (Channel.PHONE, Channel.VISIT, Channel.MEETING, Channel.CHECK_IN, Channel.SURVEY, Channel.TASK)
DAY = date(2026, 12, 18)
PAST = (
    Happened(
        DAY, "phone", ("F-1", "F-2"), outcome="no_answer", until=date(2026, 12, 20), note="rang\n2 x", by="Paul"
    ),
    Happened(date(2026, 12, 10), "email", ("F-1",)),
    Happened(date(2026, 12, 10), "survey", ("F-1",), outcome="answered", score=4),
    Happened(date(2026, 12, 9), "promise_broken", ("F-1",), amount=Money(10_000, "EUR"), until=date(2026, 12, 9)),
    Happened(date(2026, 12, 9), "promise_lapsed", ("F-3",), until=date(2026, 12, 9)),
    Happened(date(2026, 12, 8), "promise_kept", ("F-1",), until=date(2026, 12, 9)),
    Happened(date(2026, 12, 7), "promise_pending", ("F-1",), until=date(2026, 12, 30)),
    Happened(date(2026, 12, 1), "paid", ("F-0",), amount=Money(50_000, "EUR")),
    Happened(date(2026, 11, 1), "disputed", ("F-3",), amount=Money(90_000, "EUR"), note="quality"),
)
TOLD = {
    "fr": (
        "- 18 décembre 2026, appel : pas de réponse, suite le 20 décembre 2026 (F-1 et F-2) ; note : rang 2 x [Paul]",
        "- 10 décembre 2026, e-mail (F-1)",
        "- 10 décembre 2026, enquête de satisfaction : a répondu (4/10) (F-1)",
        "- 9 décembre 2026, promesse de payer 100,00 € pour le 9 décembre 2026, non tenue (F-1)",
        "- 9 décembre 2026, promesse de payer pour le 9 décembre 2026, sans effet (contestation en cours) (F-3)",
        "- 8 décembre 2026, promesse de payer pour le 9 décembre 2026, tenue (F-1)",
        "- 7 décembre 2026, promesse de payer pour le 30 décembre 2026 (F-1)",
        "- 1er décembre 2026, paiement reçu de 500,00 € (F-0)",
        "- 1er novembre 2026, facture contestée, 900,00 € (ne pas la réclamer) (F-3) ; note : quality",
    ),
    "en": (
        "- 18 December 2026, phone call: no answer, next on 20 December 2026 (F-1 and F-2); note: rang 2 x [Paul]",
        "- 10 December 2026, e-mail (F-1)",
        "- 10 December 2026, survey: answered (4/10) (F-1)",
        "- 9 December 2026, promise to pay €100.00 by 9 December 2026, not kept (F-1)",
        "- 9 December 2026, promise to pay by 9 December 2026, lapsed (disputed at the time) (F-3)",
        "- 8 December 2026, promise to pay by 9 December 2026, kept (F-1)",
        "- 7 December 2026, promise to pay by 30 December 2026 (F-1)",
        "- 1 December 2026, payment of €500.00 received (F-0)",
        "- 1 November 2026, invoice disputed, €900.00 (do not ask for it) (F-3); note: quality",
    ),
}
TERMS = {
    "fr": ("Conditions : 30 jours à compter", "Escompte : 2,5 % (31,25 €) pour un règlement au plus tard le 24 déc"),
    "en": ("Terms: 30 days from the date of issue", "Discount: 2.5% (€31.25) for payment by 24 December 2026"),
}


@pytest.mark.parametrize("channel", SHEETS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sheet_tells_what_happened_and_on_what_terms(language: str, channel: Channel) -> None:
    line = a_line(discount=EarlyPaymentDiscount("2.5", date(2026, 12, 24)))
    other = a_line(number="F-77")
    content = a_content(channel=channel, language=language, lines=(line,), history=PAST, statement=(other,))

    text = text_of(content)

    assert "\n".join(TOLD[language]) in text
    assert all(term in text for term in TERMS[language])
    assert "F-77" in text
    assert "\n\n\n" not in text


@pytest.mark.parametrize(
    ("issued_on", "french", "english"),
    [
        (date(2026, 12, 15), "Conditions : paiement à réception", "Terms: payment on receipt"),
        (date(2026, 12, 14), "Conditions : 1 jour à compter de l’émission", "Terms: 1 day from the date of issue"),
        (date(2026, 12, 13), "Conditions : 2 jours à compter de l’émission", "Terms: 2 days from the date of issue"),
    ],
)
def test_short_terms_are_told_as_one_says_them(issued_on: date, french: str, english: str) -> None:
    line = a_line(issued_on=issued_on, due_on=date(2026, 12, 15))
    for language, terms in (("fr", french), ("en", english)):
        assert f"  {terms}\n" in text_of(a_content(channel=Channel.PHONE, language=language, lines=(line,)))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_sheet_about_somebody_new_tells_of_no_past(language: str) -> None:
    text = text_of(a_content(channel=Channel.PHONE, language=language))

    assert "Ce qui s’est passé" not in text
    assert "What happened" not in text


def test_no_message_to_the_customer_tells_of_the_past() -> None:
    for channel in (Channel.EMAIL, Channel.SMS, Channel.WHATSAPP, Channel.LETTER):
        assert "rang 2 x" not in text_of(a_content(channel=channel, history=PAST))


def test_a_letter_has_its_address_and_its_day() -> None:
    address = ("Boulangerie Martin", "12 rue des Lilas", "75011 Paris")
    text = text_of(a_content(channel=Channel.LETTER, address=address))

    assert "Atelier Dupont\n\nBoulangerie Martin\n12 rue des Lilas\n75011 Paris\n\nLe 22 décembre 2026\n" in text


def test_the_past_is_told_newest_first_and_cut() -> None:
    payments = [PaymentReceived(InvoiceId("F-1"), f"p{at}", euros(1), days(-at)) for at in range(20)]
    account = an_account(issued(), *payments)

    told = history_of(account, a_policy(), late_morning(1))

    assert [one.on for one in told] == [days(-at) for at in range(MOST_TOLD)]
    assert {one.what for one in told} == {"paid"}


def test_promises_and_disputes_are_told() -> None:
    names = (InvoiceId("F-1"),)
    account = an_account(
        issued(),
        issued("F-2"),
        PromiseMade(names, None, days(3), by="Anne"),
        InvoiceDisputed(InvoiceId("F-2"), "quality"),
    )

    told = {one.what: one for one in history_of(account, a_policy(), late_morning(1))}

    assert (told["promise_pending"].numbers, told["promise_pending"].until) == (("F-1",), days(3))
    assert (told["disputed"].numbers, told["disputed"].note) == (("F-2",), "quality")


def test_a_promise_is_told_of_the_invoices_that_it_is_about_still() -> None:
    names = InvoiceId("F-1"), InvoiceId("F-2")
    said = PromiseMade(names, None, days(3), by="Anne"), InvoiceDisputed(names[1], "quality")
    both = an_account(issued(), issued("F-2"), *said)
    alone = an_account(issued("F-2"), PromiseMade(names[1:], None, days(3), by="Anne"), said[1])

    covered = an_account(
        issued(), issued("F-2"), PromiseMade(names, euros(100), days(3), by="Anne"), InvoiceDisputed(names[1], "")
    )

    found = [
        (one.what, one.numbers)
        for account in (both, alone, covered)
        for one in history_of(account, a_policy(), late_morning(9))
    ]

    assert found == [
        ("promise_broken", ("F-1",)),
        ("disputed", ("F-2",)),
        ("promise_lapsed", ("F-2",)),
        ("disputed", ("F-2",)),
        ("promise_lapsed", ("F-1", "F-2")),
        ("disputed", ("F-2",)),
    ]


def made(account: Account, channel: Channel) -> Content:
    step = a_step("talk", 10, Level.COURTEOUS, channel)
    policy = a_policy(step)
    routes, _ = routes_of(account, policy, step)
    now = late_morning(20)
    reminder = make_reminder(account, policy, step, step.level, (a_member("F-1", "talk"),), routes, (now, now))
    return content_of(account, policy, reminder, routes[0], now)


def test_a_letter_is_in_the_customers_language_and_a_sheet_in_the_sellers() -> None:
    account = an_account(issued())
    contact = Contact(
        ContactId("p1"), Role.PAYER, "Anne", phone="+33612345678", phone_ok=True, postal_address=("A", "B")
    )
    account = replace(
        account,
        customer=replace(account.customer, language="en", contacts=(contact,)),
        seller=replace(account.seller, language="fr", channels=frozenset(Channel)),
    )

    letter, sheet = made(account, Channel.LETTER), made(account, Channel.MEETING)

    assert (letter.language, letter.address, letter.history) == ("en", ("A", "B"), ())
    assert (sheet.language, sheet.address) == ("fr", ())


ALONE = {
    "fr": "Ne parler de la facture qu’avec la personne elle-même.",
    "en": "Speak about the invoice only with the customer in person, and with nobody else.",
}
OF_A_COMPANY = re.compile(
    r"valide les paiements|direction|comptabilité|qui décide|connaître la personne|"
    r"approves payments|management|finance|accounts department|who decides|name of the person"
)


@pytest.mark.parametrize("level", list(Level))
@pytest.mark.parametrize("channel", SHEETS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_sheet_about_a_consumer_knows_of_nobody_else(language: str, channel: Channel, level: Level) -> None:
    """What a private person owes is nobody else's business: there is no accounts department to ask."""
    content = a_content(channel=channel, language=language, consumer=True, level=level, tone=level)
    rendered = RENDERER.render(content)

    asks_for_payment = channel not in (Channel.CHECK_IN, Channel.SURVEY)
    assert (ALONE[language] in plain(rendered.text)) is asks_for_payment
    assert OF_A_COMPANY.findall(f"{rendered.subject} {rendered.text}") == []
    assert ALONE[language] not in text_of(replace(content, consumer=False))


def test_a_sheet_is_told_whether_the_customer_is_a_consumer() -> None:
    account = an_account(issued())
    customer = replace(account.customer, kind="consumer")
    account = replace(account, seller=replace(account.seller, channels=frozenset(Channel)))

    assert made(replace(account, customer=customer), Channel.MEETING).consumer
    assert not made(account, Channel.MEETING).consumer
