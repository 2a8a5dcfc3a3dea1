"""Windows on the customer's own clock: weekdays, holidays, and the nights when clocks change."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from domain.business_days import add_business_days, add_working_days, is_business_day, public_holidays
from domain.hours import END_OF_DAY, Window, local_date, offset_s, start_of_day, window_at_or_after
from domain.levels import Channel
from domain.policy import OpenHours
from tests.factories import OFFICE_HOURS, place, policy

PARIS = place()
NEVER: OpenHours = ((),) * 7


def utc(words: str) -> datetime:
    return datetime.fromisoformat(words).astimezone(UTC)


def window(opens: str, closes: str) -> Window:
    return Window(utc(opens), utc(closes))


def every_day(*windows: tuple[time, time]) -> OpenHours:
    return (windows,) * 7


@pytest.mark.parametrize(
    ("at", "opens", "closes"),
    [
        ("2026-12-02T10:00+01:00", "2026-12-02T09:00+01:00", "2026-12-02T12:00+01:00"),
        ("2026-12-02T09:00+01:00", "2026-12-02T09:00+01:00", "2026-12-02T12:00+01:00"),
        ("2026-12-02T12:00+01:00", "2026-12-02T14:00+01:00", "2026-12-02T18:00+01:00"),
        ("2026-12-02T03:00+01:00", "2026-12-02T09:00+01:00", "2026-12-02T12:00+01:00"),
        ("2026-12-02T00:30+01:00", "2026-12-02T09:00+01:00", "2026-12-02T12:00+01:00"),
        ("2026-12-04T18:00+01:00", "2026-12-07T09:00+01:00", "2026-12-07T12:00+01:00"),
        ("2026-12-24T20:00+01:00", "2026-12-28T09:00+01:00", "2026-12-28T12:00+01:00"),
        ("2026-07-13T18:00+02:00", "2026-07-15T09:00+02:00", "2026-07-15T12:00+02:00"),
    ],
    ids=["inside", "opening", "closing is outside", "night", "after midnight", "weekend", "Christmas", "14 July"],
)
def test_the_next_window_contains_or_follows_the_instant(at: str, opens: str, closes: str) -> None:
    assert window_at_or_after(policy(), Channel.EMAIL, PARIS, utc(at)) == window(opens, closes)


def test_the_clock_is_the_customers() -> None:
    """Two o'clock in the afternoon in Paris is the night before breakfast in Los Angeles."""
    there = place("America/Los_Angeles", "US")
    found = window_at_or_after(policy(), Channel.SMS, there, utc("2026-12-02T14:00+01:00"))
    assert found == window("2026-12-02T09:00-08:00", "2026-12-02T12:00-08:00")


def test_a_channel_with_hours_of_its_own_keeps_them() -> None:
    calls = policy(own={Channel.PHONE: every_day((time(10), time(11)))})
    at = utc("2026-12-02T08:00+01:00")
    opens = [window_at_or_after(calls, channel, PARIS, at) for channel in (Channel.PHONE, Channel.SMS)]
    assert opens == [
        window("2026-12-02T10:00+01:00", "2026-12-02T11:00+01:00"),
        window("2026-12-02T09:00+01:00", "2026-12-02T12:00+01:00"),
    ]


@pytest.mark.parametrize(
    "closed",
    [
        policy(NEVER),
        policy(own={Channel.EMAIL: NEVER}),
        policy(blackout=frozenset(date(2026, 12, 2) + timedelta(days=n) for n in range(380))),
    ],
    ids=["no hours", "no hours of its own", "more than a year of blackout"],
)
def test_hours_that_never_open_have_no_window(closed: object) -> None:
    assert window_at_or_after(closed, Channel.EMAIL, PARIS, utc("2026-12-02T10:00+01:00")) is None  # type: ignore[arg-type] # parametrize forgets the type


def test_a_far_window_is_found() -> None:
    closed = policy(blackout=frozenset(date(2026, 12, 2) + timedelta(days=n) for n in range(365)), holidays=False)
    found = window_at_or_after(closed, Channel.EMAIL, PARIS, utc("2026-12-02T10:00+01:00"))
    assert found == window("2027-12-02T09:00+01:00", "2027-12-02T12:00+01:00")


def test_holidays_count_only_if_the_policy_minds_them() -> None:
    at = utc("2026-12-25T08:00+01:00")
    found = window_at_or_after(policy(holidays=False), Channel.EMAIL, PARIS, at)
    assert found == window("2026-12-25T09:00+01:00", "2026-12-25T12:00+01:00")


def test_a_window_may_last_until_midnight() -> None:
    late = policy(every_day((time(22), END_OF_DAY)))
    found = window_at_or_after(late, Channel.EMAIL, PARIS, utc("2026-12-02T23:59:59+01:00"))
    assert found == window("2026-12-02T22:00+01:00", "2026-12-03T00:00+01:00")


def windows_from(hours: OpenHours, at: str, count: int) -> list[Window]:
    """The next windows, each asked for at the end of the one before."""
    found, now = [], utc(at)
    for _ in range(count):
        one = window_at_or_after(policy(hours, holidays=False), Channel.EMAIL, PARIS, now)
        assert one is not None
        found.append(one)
        now = one.closes
    return found


class TestTheNightWithAGap:
    """Paris, 29 March 2026: after 01:59 comes 03:00."""

    def test_a_window_that_begins_in_the_gap_opens_after_it(self) -> None:
        found = windows_from(every_day((time(2, 30), time(5))), "2026-03-29T00:00+01:00", 1)
        assert found == [window("2026-03-29T03:00+02:00", "2026-03-29T05:00+02:00")]

    def test_a_window_that_ends_in_the_gap_closes_before_it(self) -> None:
        found = windows_from(every_day((time(1), time(2, 30))), "2026-03-29T00:00+01:00", 1)
        assert found == [window("2026-03-29T01:00+01:00", "2026-03-29T02:00+01:00")]

    def test_a_window_within_the_gap_does_not_open(self) -> None:
        found = windows_from(every_day((time(2), time(3))), "2026-03-29T00:00+01:00", 1)
        assert found == [window("2026-03-30T02:00+02:00", "2026-03-30T03:00+02:00")]

    def test_a_window_around_the_gap_is_an_hour_shorter(self) -> None:
        found = windows_from(every_day((time(1), time(5))), "2026-03-29T00:00+01:00", 1)
        assert found == [window("2026-03-29T01:00+01:00", "2026-03-29T05:00+02:00")]


class TestTheNightWithAFold:
    """Paris, 25 October 2026: after 02:59 comes 02:00 once more."""

    def test_a_window_around_the_fold_is_an_hour_longer(self) -> None:
        found = windows_from(every_day((time(1), time(5))), "2026-10-25T00:00+02:00", 1)
        assert found == [window("2026-10-25T01:00+02:00", "2026-10-25T05:00+01:00")]

    def test_hours_that_are_lived_twice_are_open_twice(self) -> None:
        found = windows_from(every_day((time(1), time(2, 30))), "2026-10-25T00:00+02:00", 2)
        assert found == [
            window("2026-10-25T01:00+02:00", "2026-10-25T02:30+02:00"),
            window("2026-10-25T02:00+01:00", "2026-10-25T02:30+01:00"),
        ]

    def test_a_window_closes_while_the_clock_reads_earlier_than_its_hours(self) -> None:
        found = windows_from(every_day((time(2, 30), time(5))), "2026-10-25T00:00+02:00", 2)
        assert found == [
            window("2026-10-25T02:30+02:00", "2026-10-25T02:00+01:00"),
            window("2026-10-25T02:30+01:00", "2026-10-25T05:00+01:00"),
        ]


def test_clocks_may_change_by_half_an_hour_at_half_past() -> None:
    """On Lord Howe Island 02:00 becomes 01:30, which is at half past of UTC's hours one way or the other."""
    rules = policy(every_day((time(1), time(1, 45))), holidays=False)
    found = window_at_or_after(
        rules, Channel.EMAIL, place("Australia/Lord_Howe", "AU"), utc("2026-04-05T01:50+11:00")
    )
    assert found == window("2026-04-05T01:30+10:30", "2026-04-05T01:45+10:30")
    later = window_at_or_after(
        rules, Channel.EMAIL, place("Australia/Lord_Howe", "AU"), utc("2026-10-04T00:00+10:30")
    )
    assert later == window("2026-10-04T01:00+10:30", "2026-10-04T01:45+10:30")


def test_a_clock_may_change_between_whole_hours() -> None:
    """Until 2006 St John's changed its clocks at 00:01, which is 31 minutes past the hour in London."""
    rules = policy(every_day((time(0, 0, 30), time(2))), holidays=False)
    found = window_at_or_after(rules, Channel.EMAIL, place("America/St_Johns", "CA"), utc("2006-04-02T00:00-03:30"))
    assert found == window("2006-04-02T00:00:30-03:30", "2006-04-02T02:00-02:30")


def test_the_local_date_is_that_of_the_wall() -> None:
    at = utc("2026-12-02T23:30+00:00")
    assert [local_date(place(zone), at) for zone in ("Europe/Paris", "America/New_York")] == [
        date(2026, 12, 3),
        date(2026, 12, 2),
    ]


@pytest.mark.parametrize(
    ("zone", "day", "start"),
    [
        ("Europe/Paris", date(2026, 12, 2), "2026-12-01T23:00+00:00"),
        ("Europe/Paris", date(2026, 7, 2), "2026-07-01T22:00+00:00"),
        ("Pacific/Kiritimati", date(2026, 12, 2), "2026-12-01T10:00+00:00"),
        ("America/Sao_Paulo", date(2017, 10, 15), "2017-10-15T03:00+00:00"),
        ("Pacific/Apia", date(2011, 12, 30), "2011-12-30T10:00+00:00"),
        ("America/Havana", date(2026, 11, 1), "2026-11-01T04:00+00:00"),
    ],
    ids=["winter", "summer", "far east", "midnight in a gap", "a day that never was", "midnight twice"],
)
def test_a_day_starts_at_its_first_instant(zone: str, day: date, start: str) -> None:
    assert start_of_day(place(zone), day) == utc(start)


@pytest.mark.parametrize(
    ("country", "region", "day", "expected"),
    [
        ("FR", None, date(2026, 4, 3), False),
        ("FR", "FR-67", date(2026, 4, 3), True),
        ("FR", "67", date(2026, 4, 3), True),
        ("FR", "FR-68", date(2026, 12, 26), True),
        ("FR", "FR-57", date(2026, 4, 3), True),
        ("FR", "FR-6AE", date(2026, 4, 3), True),
        ("FR", "FR-75", date(2026, 4, 3), False),
        ("FR", "FR-RE", date(2026, 12, 20), True),
        ("FR", "FR-GES", date(2026, 7, 14), True),
        ("DE", "DE-BY", date(2026, 1, 6), True),
        ("DE", "DE-BE", date(2026, 1, 6), False),
        ("GB", "GB-SCT", date(2026, 11, 30), True),
        ("CH", "DE-BY", date(2026, 8, 1), True),
        ("ZZ", None, date(2026, 12, 25), False),
    ],
    ids=str,
)
def test_public_holidays_are_those_of_country_and_region(
    country: str, region: str | None, day: date, *, expected: bool
) -> None:
    assert (day in public_holidays(country, region, day.year)) is expected


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2026, 12, 24), True),
        (date(2026, 12, 25), False),
        (date(2026, 12, 26), False),
        (date(2026, 12, 28), False),
        (date(2026, 12, 29), True),
    ],
    ids=["Thursday", "Christmas", "Saturday", "blackout", "Tuesday"],
)
def test_business_days_are_weekdays_that_are_worked(day: date, *, expected: bool) -> None:
    assert is_business_day(policy(blackout=frozenset({date(2026, 12, 28)})), PARIS, day) is expected


@pytest.mark.parametrize(
    ("n", "expected"),
    [(0, date(2026, 12, 26)), (1, date(2026, 12, 28)), (5, date(2027, 1, 4)), (-1, date(2026, 12, 24))],
)
def test_business_days_are_counted_in_both_directions(n: int, expected: date) -> None:
    """From the Saturday after Christmas: Friday 1 January does not count either."""
    assert add_business_days(policy(), PARIS, date(2026, 12, 26), n) == expected


@pytest.mark.parametrize(("n", "expected"), [(0, date(2026, 12, 26)), (1, date(2026, 12, 28)), (5, date(2027, 1, 4))])
def test_working_days_are_counted_from_any_day_on(n: int, expected: date) -> None:
    assert add_working_days(PARIS, date(2026, 12, 26), n) == expected


def test_office_hours_are_what_the_factory_says() -> None:
    assert window_at_or_after(policy(OFFICE_HOURS), Channel.TASK, PARIS, utc("2026-12-02T14:00+01:00")) == window(
        "2026-12-02T14:00+01:00", "2026-12-02T18:00+01:00"
    )


@pytest.mark.parametrize(("at", "seconds"), [("2026-11-24T10:00:00+01:00", 3600), ("2026-07-01T10:00:00Z", 7200)])
def test_the_wall_is_ahead_by_so_much(at: str, seconds: int) -> None:
    assert offset_s(PARIS, utc(at)) == seconds
