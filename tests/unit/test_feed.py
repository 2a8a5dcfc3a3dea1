"""A payment feed over time: each instant knows what had been said until then."""

from datetime import UTC, datetime

from domain.feed import Feed


def may(day: int, hour: int = 0) -> datetime:
    return datetime(2026, 5, day, hour, tzinfo=UTC)


FEED = Feed([(may(4, 6), may(4)), (may(5, 6), may(3)), (may(6, 6), may(6))])


def test_a_feed_counts_from_the_instant_at_which_it_came() -> None:
    assert FEED.as_of(may(4)) is None
    assert FEED.as_of(may(4, 6)) == may(4)
    assert FEED.as_of(may(9)) == may(6)


def test_an_older_statement_changes_nothing() -> None:
    assert FEED.as_of(may(5, 7)) == may(4)


def test_who_waits_for_it_learns_when_it_moves_on() -> None:
    assert FEED.newer_at(may(4)) == may(6, 6)
    assert FEED.newer_at(may(3)) == may(4, 6)
    assert FEED.newer_at(may(6)) is None
