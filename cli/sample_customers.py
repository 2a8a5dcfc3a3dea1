"""The customers of the demo's book: who they are, what they owe, what happens, and what is expected of us.

Names and addresses are made up: `.example` domains, and telephone numbers that are kept for films.
Nobody's due date, zone or channel is there by chance: each shows one rule.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from cli.sample_book import Bill, Contact, Said, SampleCustomer, Silence, When

_PARIS = {"language": "fr", "country": "FR", "timezone": "Europe/Paris"}
_LONDON = {"language": "en", "country": "GB", "timezone": "Europe/London"}
_LOS_ANGELES = {"language": "en", "country": "US", "region": "US-CA", "timezone": "America/Los_Angeles"}
_NEW_YORK = {"language": "en", "country": "US", "region": "US-NY", "timezone": "America/New_York"}


def sample_customers(today: date) -> tuple[SampleCustomer, ...]:
    """All of them; promises and plans are dated from `today`."""
    return (
        *_just_late(today),
        *_before_due(),
        *_very_late(today),
        *_far_away(today),
        *_settled(today),
        *_waiting(today),
    )


def _just_late(today: date) -> tuple[SampleCustomer, ...]:
    """The first reminder: e-mail, then WhatsApp, then SMS; several invoices in one message."""
    return (
        _customer(1, "Boulangerie Martin", "three invoices, one message", _late(2, 3, 4), _by_email(0, 1, 2)),
        _customer(2, "Garage Lefèvre", "one late, two not due for weeks", _late(5, -40, -50), _by_email(0)),
        _customer(
            3, "Librairie Roussel", "has agreed to WhatsApp", _late(3, 5), _to("whatsapp", 0, 1),
            person={"phone": _phone(3), "whatsapp": True}, preferred_channel="whatsapp",
        ),
        _customer(
            4, "Atelier Renard", "prefers WhatsApp, has not agreed to it", _late(3), _by_email(0),
            person={"phone": _phone(4)}, preferred_channel="whatsapp",
        ),
        _customer(
            5, "Plomberie Faure", "no e-mail, no WhatsApp", _late(4, 6, -35), _to("sms", 0, 1),
            person={"email": None, "phone": _phone(5)},
        ),
        _customer(
            6, "Menuiserie Petit", "has paid a part", (Bill(4, "1000.00"), Bill(-40, "80.00")), _by_email(0),
            said=(_paid(today, 0, "400.00"),),
        ),
        _customer(
            7, "Traiteur Blanchet", "a credit note for a part", (Bill(6, "640.00"), Bill(3, "99.90")),
            _by_email(0, 1),
            said=(Said("credit_note.issued", {"credit_note_id": "A-7", "amount": "140.00", "currency": "EUR"}, 0),),
        ),
        _customer(
            8, "Cabinet Perrin", "disputes one of two", _late(5, 3), _by_email(1),
            said=(Said("invoice.disputed", {"reason": "Livraison incomplète"}, 0),),
        ),
        _customer(
            9, "Pharmacie Colin", "reliable: no call even after two weeks", _late(15, 12), _by_email(0, 1),
            segment="reliable",
        ),
        _customer(
            10, "Ferme des Tilleuls", "the first of two instalments", (_in_two_parts(today),), _by_email(0)
        ),
        _customer(
            11, "Hartley & Co", "in English and in pounds", (Bill(3, "2150.00", "GBP"), Bill(5, "48.50", "GBP")),
            _by_email(0, 1), home=_LONDON,
        ),
    )  # fmt: skip


def _before_due() -> tuple[SampleCustomer, ...]:
    """The heads-up, by SMS first."""
    return (
        _customer(
            12, "Fleurs Dupont", "two are due next week", _late(-5, -6), _to("sms", 0, 1),
            person={"phone": _phone(12)},
        ),
        _customer(
            13, "Hôtel Bellevue", "the phone number is wrong, so e-mail", _late(-5), _by_email(0),
            person={"phone": "0612"},
        ),
        _customer(14, "Crèche Arc-en-ciel", "not due for weeks", _late(-25, -40, -55), Silence("step_later")),
    )  # fmt: skip


def _very_late(today: date) -> tuple[SampleCustomer, ...]:
    """The call: a task for a person. Nobody's first word is a formal notice, however late they are."""
    return (
        _customer(
            15, "Imprimerie Moreau", "forty days late: a call, no formal notice", _late(40, 33, 25),
            _to("phone", 0, 1, 2), person={"phone": _phone(15)},
        ),
        _customer(
            16, "Transports Girard", "two weeks late and just late: one call", _late(15, 3, -20),
            _to("phone", 0, 1), person={"phone": _phone(16)},
        ),
        _customer(
            17, "Auberge du Lac", "the payment went back", (Bill(12, "310.00"),), _to("phone", 0),
            person={"phone": _phone(17)}, said=(_paid(today, 0, "310.00"), _reversed(today, 0, "310.00")),
        ),
    )  # fmt: skip


def _far_away(today: date) -> tuple[SampleCustomer, ...]:
    """Nobody is written to at night: each has a morning and an afternoon of its own."""
    return (
        _customer(
            18, "Brooklyn Bicycles", "it is night in New York", (Bill(3, "940.00", "USD"), Bill(4, "15.00", "USD")),
            _by_email(0, 1), home=_NEW_YORK,
        ),
        _customer(
            19, "Café Mont-Royal", "it is night in Montréal", (Bill(6, "75.20", "CAD"),), _by_email(0),
            home={"language": "fr", "country": "CA", "region": "CA-QC", "timezone": "America/Toronto"},
        ),
        _customer(
            20, "Rhumerie Payet", "lunch time on La Réunion", _late(3, 4, -45), _by_email(0, 1),
            home={"language": "fr", "country": "RE", "timezone": "Indian/Reunion"},
        ),
        _customer(
            21, "Sakura Trading", "yen, and the evening in Tokyo", (Bill(4, "128000", "JPY"), Bill(2, "9800", "JPY")),
            _by_email(0, 1), home={"language": "en", "country": "JP", "timezone": "Asia/Tokyo"},
        ),
        _customer(
            22, "Harbour Sails", "tomorrow morning in Auckland", (Bill(5, "3300.00", "NZD"),), _by_email(0),
            home={"language": "en", "country": "NZ", "timezone": "Pacific/Auckland"},
        ),
        _customer(
            23, "Sunset Prints", "pays before Los Angeles wakes up",
            (Bill(3, "410.00", "USD"), Bill(9, "72.00", "USD")),
            Silence("nothing_owed"), home=_LOS_ANGELES,
            said=(
                _paid(today, 0, "410.00", "USD", When.LATER),
                Said("invoice.paid", {"paid_on": _day(today, 0)}, 1, When.LATER),
            ),
        ),
    )  # fmt: skip


def _settled(today: date) -> tuple[SampleCustomer, ...]:
    """Nothing is owed."""
    gone = Silence("nothing_owed")
    return (
        _customer(
            24, "Café de la Gare", "paid with the same batch", _late(3), gone, said=(_paid(today, 0, "120.00"),)
        ),
        _customer(
            25, "Opticien Leroy", "the payment came before the invoice", _late(4), gone,
            said=(_paid(today, 0, "130.00", when=When.AHEAD),),
        ),
        _customer(
            26, "Studio Marchand", "cancelled", _late(7, 4), gone,
            said=tuple(Said("invoice.cancelled", {"reason": "Erreur de saisie"}, bill) for bill in (0, 1)),
        ),
        _customer(
            27, "Coiffure Élise", "credited in full", (Bill(8, "55.00"),), gone,
            said=(Said("credit_note.issued", {"credit_note_id": "A-27", "amount": "55.00", "currency": "EUR"}, 0),),
        ),
    )  # fmt: skip


def _waiting(today: date) -> tuple[SampleCustomer, ...]:
    """Something is owed, and a reason says why we wait."""
    return (
        _customer(
            28, "Maçonnerie Diaz", "disputes everything", _late(12, 5), Silence("unit_disputed"),
            said=tuple(Said("invoice.disputed", {"reason": "Malfaçon"}, bill) for bill in (0, 1)),
        ),
        _customer(
            29, "Clinique Saint-Luc", "a person asked for silence", _late(20, 9, 3), Silence("customer_held"),
            said=(Said("customer.held", {"reason": "Négociation en cours"}),),
        ),
        _customer(
            30, "Scierie Caron", "has promised a date", _late(11, -30), Silence("unit_promised"),
            said=(Said("promise.made", {"promised_on": _day(today, 10), "amount": None, "by": "Mme Caron"}, 0),),
        ),
        _customer(
            31, "Pressing Moderne", "no address that could be used", _late(4, 6),
            Silence("no_usable_channel", "repair"),
            person={"email": "pressing(at)moderne", "phone": "12"},
        ),
        _customer(
            32, "Domaine Vasseur", "was given more time", _late(5), Silence("step_later"),
            said=(Said("terms.extended", {"due_on": _day(today, 30)}, 0),),
        ),
        _customer(
            33, "Électricité Benoît", "the invoice was refused by their platform", _late(6),
            Silence("unit_waits_for_status"), said=(Said("einvoice.status_changed", {"code": "210"}, 0),),
        ),
        _customer(
            34, "Cinéma Rex", "pays by a plan from next month on", (Bill(30, "600.00"),), Silence("step_later"),
            said=(Said("payment_plan.agreed", {"instalments": _plan(today)}, 0),),
        ),
    )  # fmt: skip


def _customer(
    number: int,
    name: str,
    story: str,
    bills: tuple[Bill, ...],
    expected: Contact | Silence,
    *,
    home: Mapping[str, Any] = _PARIS,
    person: Mapping[str, Any] | None = None,
    said: tuple[Said, ...] = (),
    **extra: Any,
) -> SampleCustomer:
    payer = {"id": "p1", "role": "payer", "name": f"Compta {name}", "email": _email(number), **(person or {})}
    customer = {"id": f"C-{number:02}", "name": name, "kind": "business", **home, **extra, "contacts": [payer]}
    if isinstance(expected, Contact) and not expected.to:
        address = payer["email"] if expected.channel == "email" else payer["phone"]
        expected = Contact(expected.channel, expected.bills, str(address))
    return SampleCustomer(f"C-{number:02}", customer, story, bills, expected, said)


def _late(*days: int) -> tuple[Bill, ...]:
    """Bills that many days late, of amounts that tell them apart."""
    return tuple(Bill(late, f"{90 + 10 * abs(late)}.00") for late in days)


def _in_two_parts(today: date) -> Bill:
    parts = [{"due_on": _day(today, days), "amount": "250.00"} for days in (-3, 57)]
    return Bill(3, "500.00", extra={"instalments": parts})


def _plan(today: date) -> list[dict[str, str]]:
    return [{"due_on": _day(today, days), "amount": "300.00"} for days in (30, 60)]


def _paid(today: date, bill: int, amount: str, currency: str = "EUR", when: When = When.WITH) -> Said:
    data = {"payment_id": f"P-{amount}", "amount": amount, "currency": currency, "paid_on": _day(today, -1)}
    return Said("payment.received", data, bill, when)


def _reversed(today: date, bill: int, amount: str) -> Said:
    return Said("payment.reversed", _paid(today, bill, amount).data, bill)


def _by_email(*bills: int) -> Contact:
    """One e-mail about these bills."""
    return Contact("email", bills)


def _to(channel: str, *bills: int) -> Contact:
    return Contact(channel, bills)


def _day(today: date, days: int) -> str:
    return (today + timedelta(days=days)).isoformat()


def _email(number: int) -> str:
    return f"compta@client{number:02}.example"


def _phone(number: int) -> str:
    return f"+33639980{number:03}"
