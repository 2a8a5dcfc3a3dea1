"""Boring, valid domain values for tests of fold and plan. Each call, the same.

The bakery C-1 in Paris owes F-1: 100 euros, due on Wednesday 2 December 2026, known since 2 November.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from domain.account import Account
from domain.customer import Contact, Customer, Seller
from domain.facts import Body, Fact, InvoiceIssued, PromiseMade, Stamp
from domain.fold import fold
from domain.ids import ContactId, CustomerId, InvoiceId, ReminderId, SellerId, StepId, UnitId
from domain.invoice import Instalment, Invoice
from domain.levels import Channel, Level
from domain.money import Money
from domain.past import Member, PastReminder, Suppressed
from domain.planned import Plan
from domain.policy import Limits, Offset, OffsetKind, OpenHours, Policy, Step
from domain.reasons import Reason

PARIS = ZoneInfo("Europe/Paris")
DUE_ON = date(2026, 12, 2)
KNOWN_AT = datetime(2026, 11, 2, 8, tzinfo=UTC)
OFFICE_HOURS: OpenHours = (((time(9), time(12)), (time(14), time(18))),) * 5 + ((), ())
ALL_HOURS: OpenHours = (((time(0), time.max),),) * 7
NO_LIMITS = Limits(min_gap_days=0, per_7_days=None, per_30_days=None)


def paris(day: date, hour: int = 0, minute: int = 0) -> datetime:
    """An instant (UTC) by the clock on a Paris wall."""
    return datetime.combine(day, time(hour, minute), PARIS).astimezone(UTC)


def days(n: int) -> date:
    """The date `n` days after F-1 is due."""
    return DUE_ON + timedelta(days=n)


def euros(amount: int) -> Money:
    return Money(amount * 100, "EUR")


def a_contact(**changes: Any) -> Contact:
    """The payer, reachable everywhere."""
    usual: dict[str, Any] = {
        "id": ContactId("p1"),
        "name": "Anne",
        "email": "anne@example.com",
        "email_ok": True,
        "phone": "+33612345678",
        "phone_ok": True,
        "whatsapp": True,
    }
    return Contact(**usual | changes)


def a_customer(**changes: Any) -> Customer:
    usual: dict[str, Any] = {"id": CustomerId("C-1"), "name": "Bakery", "contacts": (a_contact(),)}
    return Customer(**usual | changes)


def a_seller(**changes: Any) -> Seller:
    usual: dict[str, Any] = {"id": SellerId("default")}
    return Seller(**usual | changes)


def an_invoice(name: str = "F-1", **changes: Any) -> Invoice:
    usual: dict[str, Any] = {
        "id": InvoiceId(name),
        "customer_id": CustomerId("C-1"),
        "number": name,
        "due_on": DUE_ON,
        "total": euros(100),
    }
    return Invoice(**usual | changes)


def an_instalment(day: int, amount: int) -> Instalment:
    """A part of `amount` euros, due `day` days after F-1."""
    return Instalment(days(day), euros(amount))


def issued(name: str = "F-1", customer: Customer | None = None, **changes: Any) -> InvoiceIssued:
    customer = customer or a_customer()
    return InvoiceIssued(customer, an_invoice(name, **{"customer_id": customer.id} | changes))


def a_fact(body: Body, minute: int = 0, **changes: Any) -> Fact:
    """A fact of `minute` minutes after everything began, learned of at once."""
    at = changes.pop("at", KNOWN_AT + timedelta(minutes=minute))
    event_id = changes.pop("event_id", f"e{minute}")
    return Fact(Stamp(at, "", event_id), changes.pop("received_at", at), body, **changes)


def in_turn(*bodies: Body | Fact) -> list[Fact]:
    """Facts that happened one minute after the other, in this order; whole facts when they say."""
    return [body if isinstance(body, Fact) else a_fact(body, minute) for minute, body in enumerate(bodies)]


def promise(day: int, amount: int | None = None, *names: str) -> PromiseMade:
    """Anne's word that so many euros (all, if not said) of these invoices (F-1) are paid by that day."""
    ids = tuple(InvoiceId(name) for name in names or ("F-1",))
    return PromiseMade(ids, None if amount is None else euros(amount), days(day), "Anne")


def on_day(day: int, body: Body) -> Fact:
    """A fact of ten o'clock in Paris, so many days after F-1 is due."""
    return a_fact(body, at=paris(days(day), 10), event_id=f"d{day}-{type(body).__name__}")


def an_account(
    *bodies: Body | Fact,
    seller: Seller | None = None,
    history: tuple[PastReminder, ...] = (),
    suppressed: tuple[Suppressed, ...] = (),
) -> Account:
    """What these facts, one after the other, make of C-1; without any, it owes F-1."""
    return fold(CustomerId("C-1"), in_turn(*(bodies or (issued(),))), seller or a_seller(), history, suppressed)


def a_step(name: str, offset: int, level: Level = Level.COURTEOUS, *channels: Channel, **changes: Any) -> Step:
    """A step `offset` days from the due date; by e-mail unless told otherwise."""
    when = changes.pop("when", Offset(OffsetKind.DUE, offset))
    return Step(StepId(name), when, level, channels or (Channel.EMAIL,), **changes)


HEADS_UP = a_step("heads-up", -5, Level.UPCOMING)
FIRST = a_step("first", 2)
CALL = a_step("call", 10, Level.COURTEOUS, Channel.PHONE)
WIDEN = a_step("widen", 20, Level.FIRM)
NOTICE = a_step("notice", 45, Level.FORMAL, approval=True)
AGENCY = a_step("agency", 60, Level.FINAL, Channel.TASK, approval=True)
LADDER = (HEADS_UP, FIRST, CALL, WIDEN, NOTICE, AGENCY)


def a_policy(*steps: Step, **changes: Any) -> Policy:
    """The usual ladder in office hours, without holidays so that dates in tests are plain."""
    usual: dict[str, Any] = {
        "name": "test",
        "steps": steps or LADDER,
        "hours": {None: OFFICE_HOURS},
        "holidays": False,
    }
    return Policy(**usual | changes)


def a_member(unit: str = "F-1", step: str = "first", cycle: int = 0, balance: Money | None = None) -> Member:
    return Member(UnitId(unit), StepId(step), cycle, balance or euros(100))


def a_past_reminder(at: datetime, step: str = "first", *members: Member, **changes: Any) -> PastReminder:
    """A reminder that was accepted at `at`, about F-1 unless told otherwise."""
    usual: dict[str, Any] = {
        "id": ReminderId(f"r-{at.isoformat()}"),
        "at": at,
        "step": StepId(step),
        "level": Level.COURTEOUS,
        "channel": Channel.EMAIL,
        "members": members or (a_member(step=step),),
        "state": "done",
        "attempts": 1,
    }
    return PastReminder(**usual | changes)


def late_morning(n: int) -> datetime:
    """Half past eleven in Paris, `n` days after F-1 is due: inside office hours and past everybody's turn."""
    return paris(days(n), 11, 30)


def codes(reasons: Iterable[Reason]) -> list[str]:
    return [reason.code.value for reason in reasons]


def asked(found: Plan) -> tuple[str, list[tuple[str, str]]] | None:
    """The reminder's step, and its units with their own steps, lead first."""
    if found.reminder is None:
        return None
    return found.reminder.step.id, [(member.unit_id, member.step) for member in found.reminder.members]
