"""A few customers whose life went through the real steps, up to Tuesday 24 November 2026 at ten to twelve in Paris.

`book` copies them until there are millions. What makes them differ is what a seller's customers differ in: how
many invoices are open, how late they are, what has been sent already, which channel comes first.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import sqlalchemy as sa

from domain.outcomes import AttemptState, Receipt
from store import tables
from tests.bench.ground import TUESDAY_1150, Ground
from tests.factories import Json, contact_data, customer_data, event, invoice_event

DUE_MAIL, DUE_SMS, WAITING, REMINDED = "duemail", "duesms", "waiting", "reminded"
TODAY = TUESDAY_1150.date()
_FIRST_PHONE = 60_000_000


@dataclass(frozen=True, slots=True)
class Mold:
    """A customer to copy. `days_late` has an entry for each invoice; `token` is in every name, `phone` his own."""

    kind: str
    number: int
    days_late: tuple[int, ...]
    channel: str = "email"

    @property
    def token(self) -> str:
        """What tells his names from all others; a copy's has its own number after it."""
        return f"{self.kind}{self.number:03}q"

    @property
    def customer(self) -> str:
        """His id."""
        return f"C-{self.token}"

    @property
    def phone(self) -> str:
        """A number that no copy has."""
        return f"+336{_FIRST_PHONE + _KINDS.index(self.kind) * 1000 + self.number}"

    def events(self) -> Iterator[Json]:
        """Each invoice as it was issued, and now and then news about the customer."""
        for place, days in enumerate(self.days_late):
            due_on = TODAY - timedelta(days=days)
            issued = min(due_on - timedelta(days=30), TODAY - timedelta(days=3))
            name = f"F-{self.token}-{place}"
            invoice = {"id": name, "number": name, "issued_on": str(issued), "due_on": str(due_on)}
            when = _at_six(issued)
            yield invoice_event(customer=self._data(), invoice=invoice, id=f"{name}-issued", time=when)
        if self.number % 3 == 0:
            when = _at_six(TODAY - timedelta(days=2))
            yield event("customer.updated", {"customer": self._data()}, id=f"{self.token}-updated", time=when)

    def _data(self) -> Json:
        contact = contact_data(email=f"anne@{self.token}.example", phone=self.phone, whatsapp=False)
        named = {"name": f"Boulangerie {self.token}", "preferred_channel": self.channel}
        return customer_data(id=self.customer, contacts=[contact], **named)


_KINDS = (DUE_MAIL, DUE_SMS, WAITING, REMINDED)


def molds() -> list[Mold]:
    """Those who are due now, by mail and by text message, and a spread of those who are not: never yet, or again."""
    late = [(2,), (2, -20, -30), (2, -9)]
    found = [Mold(DUE_MAIL, number, days) for number, days in enumerate(late)]
    found += [Mold(DUE_SMS, number, days, "sms") for number, days in enumerate(late)]
    ages = [(-60, -40), (-45,), (-30, -28, -27), (-20,), (-15, -12), (-12,), (-8,)]
    found += [Mold(WAITING, number, days) for number, days in enumerate(ages)]
    ages = [(-3,), (4,), (5, -10), (13,), (17, 4)]
    found += [Mold(REMINDED, number, days) for number, days in enumerate(ages)]
    return found


def live(it: Ground, made: Sequence[Mold]) -> None:
    """Let them live: each event when it happens, each reminder when it is due, each receipt a moment after."""
    events = sorted((one for mold in made for one in mold.events()), key=lambda one: one["time"])
    while True:
        due_at = _next_look(it)
        happens = datetime.fromisoformat(events[0]["time"]) if events else TUESDAY_1150
        if min(due_at, happens) >= TUESDAY_1150:
            return
        if happens <= due_at:
            it.pipeline.at(happens).take(events.pop(0))
            continue
        if due_at.date() == TODAY:  # they are what is due
            for one in events:
                it.pipeline.at(TUESDAY_1150).take(one)
            return
        then = it.pipeline.at(due_at)
        then.deliver_due()
        _report(it, due_at)


def _next_look(it: Ground) -> datetime:
    with it.services.engine.connect() as connection:
        found = connection.execute(sa.select(sa.func.min(tables.accounts.c.due_at))).scalar_one()
    return found or TUESDAY_1150


def _report(it: Ground, at: datetime) -> None:
    """Everything that was taken is reported as delivered."""
    told = tables.attempts.c
    accepted = sa.select(told.id, told.provider, told.provider_id).where(told.state == "accepted")
    with it.services.engine.connect() as connection:
        rows = connection.execute(accepted).all()
    for row in rows:
        receipt = Receipt(f"{row.id}:delivered", "delivered", AttemptState.DELIVERED, row.id, row.provider_id, at=at)
        raw = f"MessageStatus=delivered&attempt={row.id}&MessageSid={row.provider_id}".encode()
        it.pipeline.at(at).settle(row.provider, [(receipt, raw)])


def _at_six(day: date) -> str:
    return datetime(day.year, day.month, day.day, 6, tzinfo=UTC).isoformat()
