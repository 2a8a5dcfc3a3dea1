"""The sample set holds together: what was taken off a total leaves the balance, and penalties follow it."""

from itertools import pairwise

import pytest

from channels.samples import LANGUAGES, Case, Sample, samples
from domain.levels import Channel, Level

ALL = [
    one
    for language in LANGUAGES
    for longest in (False, True)
    for one in samples(language, Channel.EMAIL, longest=longest)
]


def named(one: Sample) -> str:
    return f"{one.content.language}-{one.case.value}-{one.content.tone.word}-{'longest' if one.longest else 'usual'}"


@pytest.mark.parametrize("one", ALL, ids=named)
def test_what_is_left_is_the_total_without_what_was_taken_off(one: Sample) -> None:
    for line in one.content.lines:
        taken_off = [note.amount.minor for note in line.credit_notes] + [one.amount.minor for one in line.payments]
        assert (line.total is not None) == bool(taken_off)
        if line.total is not None:
            assert line.total.minor - sum(taken_off) == line.balance.minor


@pytest.mark.parametrize("one", ALL, ids=named)
def test_penalties_are_of_what_was_owed_on_their_days(one: Sample) -> None:
    for line in one.content.lines:
        spans = line.charges.penalties if line.charges else ()
        assert all((after.since - before.until).days == 1 for before, after in pairwise(spans))
        if spans and not one.longest and one.content.tone is not Level.UPCOMING:
            assert (spans[0].since - line.due_on).days == 1
            assert spans[-1].until == one.content.today
            assert spans[-1].base == line.balance


@pytest.mark.parametrize("language", LANGUAGES)
def test_there_is_one_that_was_paid_in_part(language: str) -> None:
    found = [one.content.lines for one in samples(language, Channel.SMS) if one.case is Case.PART_PAID]
    assert len(found) == len(Level)
    assert all(line.total and line.payments for lines in found for line in lines)
