"""What an answer, or none, means for a message whose fate is not known."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from domain.asking import (
    ASKS_AFTER_S,
    GRACE_S,
    UNANSWERED_PAUSE_S,
    Answer,
    AskAgain,
    AskNoMore,
    NotAccepted,
    Question,
    Seen,
    Settle,
    after_asking,
    after_silence,
    receipt_due_in_s,
)
from domain.ids import AttemptId
from domain.levels import Channel
from domain.outcomes import AttemptState, Receipt

A1 = AttemptId("a1")
CALLED = datetime(2026, 11, 24, 8, 30, tzinfo=UTC)
QUESTION = Question(Channel.SMS, "+33612345678", "Bonjour Anne", CALLED)
UNCONFIRMED, ACCEPTED, SENT = AttemptState.UNCONFIRMED, AttemptState.ACCEPTED, AttemptState.SENT
DELIVERED, EXPIRED = AttemptState.DELIVERED, AttemptState.EXPIRED
LAST = len(ASKS_AFTER_S) - 1


def seen(
    name: str = "SM1",
    state: AttemptState = SENT,
    text: str | None = "Bonjour Anne",
    created_at: datetime | None = CALLED,
) -> Seen:
    return Seen(Receipt(f"twilio:{name}:{state}:", state, state, provider_id=name), text, created_at)


def asked_of_doubt(*found: Seen, asked: int = LAST, held: frozenset[str] = frozenset()) -> Answer:
    return after_asking(A1, UNCONFIRMED, asked, QUESTION, found, held)


def test_one_message_with_our_words_settles_the_doubt_as_ours() -> None:
    assert asked_of_doubt(seen(), asked=0) == Settle(replace(seen().receipt, attempt_id=A1))


def test_words_that_differ_in_their_spaces_or_follow_the_providers_own_are_ours() -> None:
    for text in ("Bonjour\u00a0Anne", "Sent from your Twilio trial account - Bonjour Anne", None):
        assert isinstance(asked_of_doubt(seen(text=text)), Settle)


def test_what_is_not_there_is_asked_for_again_and_then_was_never_accepted() -> None:
    assert [asked_of_doubt(asked=n) for n in range(3)] == [AskAgain(90, True), AskAgain(480, True), NotAccepted()]
    assert sum((30, 90, 480)) == ASKS_AFTER_S[LAST]


def test_a_message_of_another_time_or_another_attempt_is_not_ours() -> None:
    old, held = seen(created_at=CALLED - timedelta(hours=1)), seen("SM2")
    assert asked_of_doubt(old, held, held=frozenset({"SM2"})) == NotAccepted()
    assert isinstance(asked_of_doubt(seen(created_at=None)), Settle)


@pytest.mark.parametrize("found", [(seen(), seen("SM2")), (seen(text="Other words"),)])
def test_several_or_other_words_are_left_to_a_person_and_never_sent_again(found: tuple[Seen, ...]) -> None:
    assert asked_of_doubt(*found, asked=0) == AskAgain(90, True)
    assert asked_of_doubt(*found) == AskNoMore()


def test_ours_is_told_from_others_by_its_words() -> None:
    assert isinstance(asked_of_doubt(seen(), seen("SM2", text="Other words")), Settle)


@pytest.mark.parametrize("state", [UNCONFIRMED, ACCEPTED])
def test_no_answer_says_nothing(state: AttemptState) -> None:
    assert after_asking(A1, state, LAST, QUESTION, None) == AskAgain(UNANSWERED_PAUSE_S, counts=False)


def overdue(*found: Seen, provider_id: str | None = "SM1") -> Answer:
    return after_asking(A1, ACCEPTED, 0, replace(QUESTION, provider_id=provider_id), found)


@pytest.mark.parametrize("state", [SENT, DELIVERED, AttemptState.READ, AttemptState.UNDELIVERED, EXPIRED])
def test_what_has_left_is_settled_as_far_as_it_came(state: AttemptState) -> None:
    """Many networks never say that they have delivered: sent is no failure."""
    long_ago = seen(state=state, text="whatever", created_at=CALLED - timedelta(days=1))
    assert overdue(long_ago) == Settle(replace(long_ago.receipt, attempt_id=A1))


@pytest.mark.parametrize("state", [ACCEPTED, AttemptState.DEFERRED])
def test_what_has_not_left_in_time_has_expired(state: AttemptState) -> None:
    expired = Receipt("overdue:a1", "overdue", EXPIRED, A1, "SM1")
    assert overdue(seen(state=state)) == Settle(expired)


def test_what_cannot_be_learned_stays_as_it_is() -> None:
    """A message may have been deleted at the provider: no definite failure."""
    assert overdue() == AskNoMore()
    assert overdue(seen(), seen("SM2"), provider_id=None) == AskNoMore()


def test_silence_is_a_failure_only_where_the_provider_does_report() -> None:
    hour = timedelta(hours=1)
    assert after_silence(A1, ACCEPTED, CALLED, CALLED + hour) == Settle(Receipt("overdue:a1", "overdue", EXPIRED, A1))
    assert after_silence(A1, ACCEPTED, CALLED, CALLED + 25 * hour) == AskNoMore()
    assert after_silence(A1, ACCEPTED, None, CALLED) == AskNoMore()


def test_a_doubt_that_nobody_can_be_asked_about_is_left_to_a_person() -> None:
    assert after_silence(A1, UNCONFIRMED, CALLED, CALLED) == AskNoMore()


@pytest.mark.parametrize(
    ("channel", "validity_s", "due_s"),
    [
        (Channel.SMS, 600.0, 600 + GRACE_S),
        (Channel.SMS, 90_000.0, 36_000 + GRACE_S),
        (Channel.WHATSAPP, 600.0, 86_400 + GRACE_S),
        (Channel.EMAIL, 600.0, 259_200 + GRACE_S),
        (Channel.PHONE, 600.0, None),
    ],
)
def test_each_channel_has_its_deadline(channel: Channel, validity_s: float, due_s: float | None) -> None:
    assert receipt_due_in_s(channel, validity_s) == due_s


def test_words_and_addresses_are_not_shown() -> None:
    assert "Anne" not in repr(QUESTION) + repr(seen())
    assert "+336" not in repr(QUESTION)
