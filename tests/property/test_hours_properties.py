"""Hours hold in every time zone there is, on any day, and above all in the nights when clocks change."""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from domain.business_days import add_business_days, is_business_day, is_closed
from domain.customer import Place
from domain.hours import END_OF_DAY, local_date, start_of_day, window_at_or_after
from domain.levels import Channel
from domain.policy import Policy
from tests.factories import place, policy

MINUTES_OF_A_DAY = 24 * 60
AN_INSTANT = timedelta(microseconds=1)
COUNTRIES = ["FR", "DE", "US", "JP", "IL", "AE", "ZZ"]

settings.register_profile("hours", deadline=None, max_examples=150)
thoroughly = settings.get_profile("hours")


@cache
def clock_changes(zone: str, year: int) -> tuple[datetime, ...]:
    """The hours of a year (UTC) within which the clocks of a zone change."""
    start = datetime(year, 1, 1, tzinfo=UTC)
    hours = [start + timedelta(hours=6 * n) for n in range(4 * 366)]
    offsets = [at.astimezone(ZoneInfo(zone)).utcoffset() for at in hours]
    return tuple(hours[n] for n in range(1, len(hours)) if offsets[n] != offsets[n - 1])


@st.composite
def moments(draw: st.DrawFn, first_year: int = 1990) -> tuple[Place, datetime]:
    """A place anywhere and an instant there: any one, or one close to a change of clocks."""
    zone = draw(st.sampled_from(sorted(available_timezones())))
    year = draw(st.integers(first_year, 2060))
    changes = clock_changes(zone, year)
    base = draw(st.sampled_from(changes)) if changes else datetime(year, 6, 1, tzinfo=UTC)
    spread = 36 * 60 if draw(st.booleans()) else 200 * 24 * 60
    at = base + timedelta(minutes=draw(st.integers(-spread, spread)), microseconds=draw(st.integers(0, 1)))
    return place(zone, draw(st.sampled_from(COUNTRIES))), at


@st.composite
def windows_of_a_day(draw: st.DrawFn) -> tuple[tuple[time, time], ...]:
    bounds = sorted(draw(st.lists(st.integers(0, MINUTES_OF_A_DAY), unique=True, max_size=6)))
    walls = [END_OF_DAY if minute == MINUTES_OF_A_DAY else time(minute // 60, minute % 60) for minute in bounds]
    return tuple(zip(walls[::2], walls[1::2], strict=False))


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    week = tuple(draw(st.lists(windows_of_a_day(), min_size=7, max_size=7)))
    blackout = draw(st.frozensets(st.dates(date(2026, 1, 1), date(2026, 12, 31)), max_size=3))
    return policy(week, holidays=draw(st.booleans()), blackout=blackout)


def is_open(rules: Policy, where: Place, at: datetime) -> bool:
    """What is promised, spelled out: the clock on the wall reads inside the hours of a day that is not closed."""
    wall = at.astimezone(where.zone)
    hours = rules.hours[None][wall.weekday()]
    reads = wall.time()
    inside = any(opens <= reads and (reads < closes or closes == END_OF_DAY) for opens, closes in hours)
    return inside and not is_closed(rules, where, wall.date())


@thoroughly
@given(policies(), moments(), st.integers(0, 999))
def test_nothing_is_ever_inside_a_window_while_the_wall_reads_outside(
    rules: Policy, moment: tuple[Place, datetime], permille: int
) -> None:
    where, at = moment
    found = window_at_or_after(rules, Channel.EMAIL, where, at)
    assume(found is not None)
    assert found is not None
    assert found.opens < found.closes
    assert at < found.closes
    within = found.opens + permille * (found.closes - found.opens) // 1000
    for instant in (found.opens, within, found.closes - AN_INSTANT, max(at, found.opens)):
        assert is_open(rules, where, instant)


@thoroughly
@given(policies(), moments(first_year=2012), st.integers(0, 999))
def test_no_open_instant_is_passed_over(rules: Policy, moment: tuple[Place, datetime], permille: int) -> None:
    """From 2012 on: until 2011 St John's lived through the last hour of a day again just after it had ended."""
    where, at = moment
    found = window_at_or_after(rules, Channel.EMAIL, where, at)
    if found is None:
        assert not is_open(rules, where, at + permille * timedelta(days=370) // 1000)
    elif at < found.opens:
        assert not is_open(rules, where, at)
        assert not is_open(rules, where, at + permille * (found.opens - at) // 1000)
    else:
        assert is_open(rules, where, at)


@thoroughly
@given(policies(), moments(), st.integers(0, 4 * 24 * 60))
def test_a_later_question_never_has_an_earlier_answer(
    rules: Policy, moment: tuple[Place, datetime], minutes: int
) -> None:
    where, at = moment
    first = window_at_or_after(rules, Channel.EMAIL, where, at)
    later = window_at_or_after(rules, Channel.EMAIL, where, at + timedelta(minutes=minutes))
    assume(first is not None and later is not None)
    assert first is not None
    assert later is not None
    assert first.opens <= later.opens
    assert first.closes <= later.closes


@thoroughly
@given(policies(), moments(first_year=2012))
def test_a_window_is_found_from_within_itself(rules: Policy, moment: tuple[Place, datetime]) -> None:
    where, at = moment
    found = window_at_or_after(rules, Channel.EMAIL, where, at)
    assume(found is not None)
    assert found is not None
    assert window_at_or_after(rules, Channel.EMAIL, where, found.opens) == found
    assert window_at_or_after(rules, Channel.EMAIL, where, found.closes - AN_INSTANT) == found
    assert window_at_or_after(rules, Channel.EMAIL, where, found.closes) != found


@thoroughly
@given(moments())
def test_a_day_starts_where_its_date_first_shows(moment: tuple[Place, datetime]) -> None:
    where, at = moment
    day = local_date(where, at)
    start = start_of_day(where, day)
    assert start <= at
    assert local_date(where, start) == day
    assert local_date(where, start - AN_INSTANT) < day
    assert start_of_day(where, day + timedelta(days=1)) > start


@thoroughly
@given(policies(), st.sampled_from(COUNTRIES), st.dates(date(2020, 1, 1), date(2040, 1, 1)), st.integers(-60, 60))
def test_business_days_lie_as_many_business_days_away(rules: Policy, country: str, day: date, n: int) -> None:
    where = place(country=country)
    found = add_business_days(rules, where, day, n)
    low, high = sorted((day, found))
    between = [low + timedelta(days=ahead) for ahead in range((high - low).days + 1)]
    counted = [one for one in between if one != day and is_business_day(rules, where, one)]
    assert len(counted) == abs(n)
    assert n == 0 or is_business_day(rules, where, found)
