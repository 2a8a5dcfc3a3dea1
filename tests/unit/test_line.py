"""How fast a line may be used, when it opens, and how it closes again."""

from dataclasses import replace

import pytest

from domain.line import (
    DOWN_AFTER_S,
    FAULTS_IN_A_ROW,
    FIRST_OPEN_S,
    LONGEST_OPEN_S,
    LONGEST_OPEN_WHILE_DOWN_S,
    LONGEST_PAUSE_S,
    PROBE_S,
    LineState,
    Share,
    admit,
    heard,
    is_down,
    paused_s,
    state_word,
)
from domain.outcomes import Outcome, OutcomeClass

FINE = Outcome(OutcomeClass.ACCEPTED)
DEAD = Outcome(OutcomeClass.UNCONFIRMED, code="read_timeout")
T0 = 100_000.0


def opened(at: float = T0) -> LineState:
    return heard(LineState(), 0, 0, [DEAD] * FAULTS_IN_A_ROW, at)


def probed(state: LineState, now: float, outcome: Outcome) -> LineState:
    state, share = admit(state, 50, 100.0, now)
    assert share == Share(1)
    return heard(state, 1, 1, [outcome], now)


def test_a_full_line_gives_half_a_second_at_once_and_then_as_fast_as_its_rate() -> None:
    state, share = admit(LineState(), 50, 10.0, T0)
    assert share == Share(5)
    state, share = admit(state, 50, 10.0, T0)
    assert share.calls == 0
    assert share.wait_s == pytest.approx(0.1)
    state, share = admit(state, 50, 10.0, T0 + 0.31)
    assert share == Share(3)


def test_a_slow_line_gives_one_at_a_time() -> None:
    state, share = admit(LineState(), 50, 0.5, T0)
    assert share == Share(1)
    state, share = admit(state, 50, 0.5, T0 + 1)
    assert share.calls == 0
    assert share.wait_s == pytest.approx(1.0)
    assert admit(state, 50, 0.5, T0 + 2)[1] == Share(1)


@pytest.mark.parametrize("per_s", [1.0, 7.0, 100.0])
def test_over_any_time_it_gives_its_rate_and_one_burst(per_s: float) -> None:
    """Segments that came on top are owed."""
    state, used = LineState(), 0
    for tick in range(1_000):
        now = T0 + tick / 100
        state, share = admit(state, 20, per_s, now)
        state = heard(state, share.calls, 2 * share.calls, [FINE] * share.calls, now)
        used += 2 * share.calls
    burst = max(1.0, per_s / 2)
    assert 10 * per_s - burst - 2 <= used <= 10 * per_s + 2 * burst


def test_what_was_not_used_is_given_back() -> None:
    state, share = admit(LineState(), 50, 10.0, T0)
    state = heard(state, share.calls, 2, [FINE, FINE], T0)
    assert admit(state, 50, 10.0, T0)[1] == Share(3)


def test_a_clock_that_was_set_back_gives_nothing_and_takes_nothing() -> None:
    state, _ = admit(LineState(), 3, 10.0, T0)
    assert admit(state, 50, 10.0, T0 - 60)[1] == Share(2)


def test_it_opens_after_so_many_faults_in_a_row_and_one_success_begins_anew() -> None:
    nearly = [DEAD] * (FAULTS_IN_A_ROW - 1)
    state = heard(LineState(), 0, 0, [*nearly, FINE, *nearly], T0)
    assert (state_word(state, T0), state.faults) == ("closed", FAULTS_IN_A_ROW - 1)
    state = heard(state, 0, 0, [DEAD], T0)
    assert state_word(state, T0) == "open"
    assert admit(state, 50, 10.0, T0 + 5)[1] == Share(0, FIRST_OPEN_S - 5)


@pytest.mark.parametrize(
    ("kind", "opens"),
    [
        (OutcomeClass.TRANSIENT, True),
        (OutcomeClass.UNCONFIRMED, True),
        (OutcomeClass.MISCONFIGURED, True),
        (OutcomeClass.CONTENT, False),
        (OutcomeClass.PERMANENT_ADDRESS, False),
        (OutcomeClass.OPT_OUT, False),
    ],
)
def test_only_the_providers_own_faults_count(kind: OutcomeClass, opens: bool) -> None:
    state = heard(LineState(), 0, 0, [Outcome(kind)] * FAULTS_IN_A_ROW, T0)
    assert (state_word(state, T0) == "open") is opens


def test_what_is_wrong_for_one_recipient_alone_opens_it_for_nobody() -> None:
    his_alone = Outcome(OutcomeClass.MISCONFIGURED, is_only_here=True)
    assert state_word(heard(LineState(), 0, 0, [his_alone] * FAULTS_IN_A_ROW, T0), T0) == "closed"
    after = T0 + FIRST_OPEN_S
    assert state_word(probed(opened(), after, his_alone), after) == "closed"  # it has answered


def test_what_one_seller_has_set_wrong_opens_it_for_nobody() -> None:
    his_sellers = Outcome(OutcomeClass.MISCONFIGURED, is_sellers=True)
    assert state_word(heard(LineState(), 0, 0, [his_sellers] * FAULTS_IN_A_ROW, T0), T0) == "closed"


def test_what_was_not_asked_of_it_says_nothing_of_it() -> None:
    """It leaves room for the next probe, and does not pass for one that worked."""
    ours = Outcome(OutcomeClass.MISCONFIGURED, was_asked=False)
    assert heard(LineState(), 0, 0, [ours] * FAULTS_IN_A_ROW, T0) == LineState()
    after = T0 + FIRST_OPEN_S
    state, share = admit(opened(), 50, 100.0, after)
    state = heard(state, share.calls, 0, [ours], after, [ours])
    assert (state_word(state, after), state.open_since) == ("half_open", T0)
    assert admit(state, 50, 100.0, after)[1] == Share(1)


def test_one_probe_closes_it_or_opens_it_for_twice_as_long() -> None:
    state = opened()
    after = T0 + FIRST_OPEN_S
    assert state_word(state, after) == "half_open"
    assert state_word(probed(state, after, FINE), after) == "closed"
    again = probed(state, after, DEAD)
    assert admit(again, 50, 10.0, after)[1] == Share(0, 2 * FIRST_OPEN_S)
    assert again.open_since == T0


def test_while_a_probe_goes_there_is_no_other_until_it_must_have_ended() -> None:
    after = T0 + FIRST_OPEN_S
    state, _ = admit(opened(), 50, 100.0, after)
    assert state_word(state, after) == "half_open"
    assert admit(state, 50, 100.0, after + 1)[1].calls == 0
    assert admit(state, 50, 100.0, after + PROBE_S)[1] == Share(1)


def test_a_probe_that_came_to_no_call_leaves_room_for_the_next() -> None:
    after = T0 + FIRST_OPEN_S
    state, share = admit(opened(), 50, 100.0, after)
    state = heard(state, share.calls, 0, [], after)
    assert admit(state, 50, 100.0, after)[1] == Share(1)


def test_a_probe_that_is_told_to_slow_down_is_over_and_the_next_one_goes_when_the_provider_says() -> None:
    busy = Outcome(OutcomeClass.TRANSIENT, rate_limited=True, retry_after_s=2)
    after = T0 + FIRST_OPEN_S
    state = probed(opened(), after, busy)
    assert admit(state, 50, 100.0, after + 1)[1] == Share(0, 1)
    assert admit(state, 50, 100.0, after + 2)[1] == Share(1)
    assert (state.trips, state.open_since) == (1, T0)


def test_calls_that_had_begun_before_it_opened_change_nothing_unless_they_succeed() -> None:
    state = opened()
    late = heard(state, 0, 0, [DEAD] * 30, T0 + 3)
    assert (late.open_until, late.trips) == (state.open_until, 1)
    assert state_word(heard(state, 0, 0, [DEAD, FINE], T0 + 3), T0 + 3) == "closed"


def test_a_message_that_fails_again_and_again_shuts_the_line_for_nobody_else() -> None:
    again = [DEAD] * (3 * FAULTS_IN_A_ROW)
    state = heard(LineState(), 0, 0, [], T0, again)
    assert (state_word(state, T0), state.faults) == ("closed", 0)
    after = T0 + FIRST_OPEN_S
    state, share = admit(opened(), 50, 100.0, after)
    state = heard(state, share.calls, 1, [], after, [DEAD])
    assert admit(state, 50, 100.0, after)[1] == Share(0, FIRST_OPEN_S)
    assert state.trips == opened().trips
    late = heard(opened(), 0, 0, [], T0 + 3, [DEAD])
    assert late == opened()


def test_a_message_that_gets_through_at_last_closes_the_line() -> None:
    assert state_word(heard(opened(), 0, 0, [], T0 + 3, [FINE]), T0 + 3) == "closed"


def test_a_provider_that_is_well_again_is_used_within_a_minute_and_asked_less_often_once_it_is_down() -> None:
    state, now, pauses = opened(), T0, []
    for _ in range(40):
        now = state.open_until
        state = probed(state, now, DEAD)
        pauses.append((now >= T0 + DOWN_AFTER_S, state.open_until - now))
    assert set(pauses) == {(False, 30.0), (False, LONGEST_OPEN_S), (True, LONGEST_OPEN_WHILE_DOWN_S)}


def test_it_is_down_once_it_has_been_open_for_ten_minutes_and_not_while_it_may_be_probed() -> None:
    state, now = opened(), T0
    while now < T0 + DOWN_AFTER_S:
        now = state.open_until
        state = probed(state, now, DEAD)
    assert not is_down(opened(), T0 + 1)
    assert is_down(state, now + 1)
    assert not is_down(state, state.open_until)
    assert not is_down(LineState(), now)


def test_a_provider_that_is_busy_is_left_alone_for_as_long_as_it_says() -> None:
    busy = Outcome(OutcomeClass.TRANSIENT, rate_limited=True, retry_after_s=7)
    state = heard(LineState(), 1, 1, [busy] * 30, T0)
    assert state_word(state, T0) == "closed"
    assert admit(state, 50, 10.0, T0 + 1)[1] == Share(0, 6)
    assert admit(state, 50, 10.0, T0 + 7)[1].calls > 0
    for_a_day = replace(busy, retry_after_s=86_400)
    assert admit(heard(state, 1, 1, [for_a_day], T0), 1, 10.0, T0)[1] == Share(0, LONGEST_PAUSE_S)
    assert admit(heard(LineState(), 1, 1, [Outcome(OutcomeClass.TRANSIENT, rate_limited=True)], T0), 1, 10.0, T0)[
        1
    ] == Share(0, 1.0)


def test_a_provider_that_names_no_pause_is_left_alone_for_twice_as_long_each_time_until_it_works() -> None:
    """Found in review: Twilio names none, and was asked again every second, with no end."""
    busy = Outcome(OutcomeClass.TRANSIENT, rate_limited=True)
    state, now, pauses = LineState(), T0, []
    for _ in range(9):
        state = heard(state, 1, 1, [busy] * 30, now, [busy])  # a share is one word, however many calls it has
        pauses.append(paused_s(state, now))
        now += pauses[-1]
    assert pauses == [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0, 60.0]
    works = heard(state, 1, 1, [Outcome(OutcomeClass.ACCEPTED)], now)
    assert paused_s(heard(works, 1, 1, [busy], now), now) == 1.0


@pytest.mark.parametrize("asked_s", [1.0, LONGEST_OPEN_S, LONGEST_OPEN_S + 1, DOWN_AFTER_S + 1, LONGEST_PAUSE_S])
def test_nothing_leaves_before_a_pause_is_over_and_all_may_afterwards(asked_s: float) -> None:
    """A cap for the day: after five minutes its provider would only have been asked in vain."""
    busy = Outcome(OutcomeClass.TRANSIENT, rate_limited=True, retry_after_s=asked_s)
    state = heard(LineState(), 1, 1, [busy], T0)
    for share in (0.0, 0.1, 0.5, 0.9, 0.999):
        now = T0 + share * asked_s
        told = admit(state, 50, 10.0, now)[1]
        assert told.calls == 0
        assert told.wait_s == pytest.approx(asked_s - (now - T0))
        assert paused_s(state, now) == pytest.approx(asked_s - (now - T0))
    assert (admit(state, 50, 10.0, T0 + asked_s)[1], paused_s(state, T0 + asked_s)) == (Share(5), 0.0)


def test_a_line_that_is_paused_for_long_is_down_until_little_of_it_is_left() -> None:
    busy = Outcome(OutcomeClass.TRANSIENT, rate_limited=True, retry_after_s=LONGEST_PAUSE_S)
    state = heard(LineState(), 1, 1, [busy], T0)
    soon_over = T0 + LONGEST_PAUSE_S - DOWN_AFTER_S
    assert (is_down(state, T0), is_down(state, soon_over - 1), is_down(state, soon_over)) == (True, True, False)
    assert not is_down(heard(LineState(), 1, 1, [replace(busy, retry_after_s=DOWN_AFTER_S)], T0), T0)


def test_a_shorter_pause_takes_nothing_from_a_longer_and_a_clock_that_was_set_back_adds_nothing() -> None:
    busy = Outcome(OutcomeClass.TRANSIENT, rate_limited=True, retry_after_s=LONGEST_PAUSE_S)
    state = heard(LineState(), 1, 1, [busy], T0)
    soon = replace(busy, retry_after_s=5.0)
    assert paused_s(heard(state, 1, 1, [soon], T0 + 10), T0 + 10) == LONGEST_PAUSE_S - 10
    two_hours_back = T0 - 7200
    assert paused_s(heard(state, 1, 1, [soon], two_hours_back), two_hours_back) == 5.0


def test_a_clock_that_was_set_back_shuts_no_line_for_longer_than_its_pause() -> None:
    """Redis on a machine that was restored: an hour back, and each look keeps the state for another day."""
    an_hour_back = T0 - 3600
    limited = heard(LineState(), 1, 1, [Outcome(OutcomeClass.TRANSIENT, rate_limited=True, retry_after_s=300)], T0)

    assert admit(opened(), 1, 1.0, an_hour_back)[1].calls == 1
    assert state_word(opened(), an_hour_back) == "half_open"
    assert admit(limited, 1, 1.0, T0 + 1)[1].calls == 0
    assert admit(limited, 1, 1.0, an_hour_back)[1].calls == 1
