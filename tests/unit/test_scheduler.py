"""Ticks are dropped by the clock of the worker that takes them, which need not be that of the scheduler."""

from workers.scheduler import EXPIRES_S, KEEP_EVERY, TICK_S


def test_a_tick_outlives_clocks_that_stand_minutes_apart() -> None:
    """With a few seconds, workers whose clocks are ahead drop every tick, and nothing goes out."""
    assert EXPIRES_S >= 2 * 120


def test_the_hourly_job_is_seen_in_time_by_who_forgets_a_tick_after_a_day() -> None:
    assert 600 <= KEEP_EVERY * TICK_S <= 3_600
