"""Random policies, customers and sellers, of the kind that people write. For property tests."""

from dataclasses import replace
from datetime import time, timedelta

from hypothesis import strategies as st

from domain.customer import Contact, Customer, Seller
from domain.ids import ContactId, CustomerId, SellerId, StepId
from domain.levels import Channel, Level, Role
from domain.policy import Limits, Offset, OffsetKind, OpenHours, Policy, Segment, Step
from tests.domain_factories import KNOWN_AT
from tests.property.histories import due_days

ZONES = ["Europe/Paris", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Kiritimati"]
CHANNELS = [Channel.EMAIL, Channel.SMS, Channel.WHATSAPP, Channel.PHONE, Channel.LETTER, Channel.SURVEY, Channel.TASK]
MINUTES = 24 * 60
EMAILS = ["anne@example.com", "luc@example.com"]
PHONES = ["+33612345678", "+33687654321"]

a_zone = st.sampled_from(ZONES)
a_level = st.sampled_from(Level)
seldom = st.sampled_from([False] * 6 + [True])
some_channels = st.lists(st.sampled_from(CHANNELS), min_size=3, unique=True)


@st.composite
def hours(draw: st.DrawFn) -> OpenHours:
    """One or two windows, the same on all weekdays that are not closed."""
    bounds = sorted(draw(st.lists(st.integers(0, MINUTES), min_size=2, max_size=4, unique=True)))
    walls = [time.max if minute == MINUTES else time(minute // 60, minute % 60) for minute in bounds]
    windows = tuple(zip(walls[::2], walls[1::2], strict=False))
    closed = draw(st.integers(0, 9))
    return tuple(() if day >= 5 or day == closed else windows for day in range(7))


@st.composite
def ladders(draw: st.DrawFn) -> tuple[Step, ...]:
    """Up to six steps in the order of their moments, most of them climbing as people write them."""
    levels = draw(st.lists(a_level, min_size=1, max_size=6))
    if not draw(seldom):
        levels = [Level.UPCOMING, Level.COURTEOUS, *sorted(levels)][:6]
    day, steps = draw(st.integers(-10, 5)), []
    for n, level in enumerate(levels):
        kind = draw(st.sampled_from([OffsetKind.DUE, OffsetKind.DUE, OffsetKind.DUE_BUSINESS, OffsetKind.PREVIOUS]))
        ahead = draw(st.integers(0, 12))
        day += ahead
        channels = tuple(draw(st.lists(st.sampled_from(CHANNELS), min_size=1, max_size=3, unique=True)))
        when = Offset(kind, ahead if kind is OffsetKind.PREVIOUS else day)
        step = Step(StepId(f"s{n}"), when, level, channels, to=draw(st.sampled_from(Role)))
        steps.append(replace(step, approval=draw(seldom), cc=(Role.EXECUTIVE,) * (n % 2)))
    return tuple(steps)


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    steps = draw(ladders())
    segment = Segment(
        skip=draw(st.frozensets(st.sampled_from([step.id for step in steps]), max_size=1)),
        tone_cap=draw(st.none() | a_level),
        channels=tuple(draw(st.lists(st.sampled_from(CHANNELS), max_size=2, unique=True))),
        offset_days=draw(st.integers(0, 3)),
    )
    own = draw(st.dictionaries(st.sampled_from(CHANNELS), hours(), max_size=2))
    cap = st.sampled_from([2, 1, 3, None])
    return Policy(
        name="random",
        steps=steps,
        hours={None: draw(hours())} | own,
        holidays=draw(st.booleans()),
        blackout=draw(st.frozensets(due_days, max_size=2)),
        limits=Limits(draw(st.sampled_from([3, 0, 1, 5])), draw(cap), draw(cap), draw(cap), draw(st.integers(0, 4))),
        freshness_days=draw(st.none() | st.integers(0, 20)),
        tone_cap=draw(st.sampled_from([None, None, None, Level.FIRM])),
        segments=dict.fromkeys(draw(st.sampled_from([("vip",), ("vip", "new"), ("vip", "chronic")])), segment),
        after_broken_promise=draw(st.none() | st.sampled_from([step.id for step in steps])),
        promise_grace_days=draw(st.integers(0, 3)),
        require=draw(st.sampled_from([(), (), (), ("purchase_order",)])),
    )


@st.composite
def contacts(draw: st.DrawFn) -> Contact:
    return Contact(
        id=ContactId(f"p{draw(st.integers(1, 9))}"),
        role=draw(st.sampled_from(Role)),
        email=draw(st.sampled_from([*EMAILS, None])),
        email_ok=not draw(seldom),
        phone=draw(st.sampled_from([*PHONES, None])),
        phone_ok=not draw(seldom),
        whatsapp=draw(st.booleans()),
        postal_address=draw(st.sampled_from([(), ("12 rue des Lilas",)])),
    )


@st.composite
def customers(draw: st.DrawFn) -> Customer:
    return Customer(
        id=CustomerId("C-1"),
        name="Bakery",
        country=draw(st.sampled_from(["FR", "US"])),
        timezone=draw(a_zone),
        preferred_channel=draw(st.none() | st.sampled_from(CHANNELS)),
        segment=draw(st.sampled_from([None, None, "vip"])),
        contacts=tuple(draw(st.lists(contacts(), min_size=1, max_size=3))),
    )


@st.composite
def sellers(draw: st.DrawFn) -> Seller:
    return Seller(
        id=SellerId("default"),
        timezone=draw(a_zone),
        channels=frozenset(draw(some_channels if draw(seldom) else st.just(CHANNELS))),
        synced_as_of=draw(st.none() | st.integers(0, 90).map(lambda n: KNOWN_AT + timedelta(days=n))),
    )
