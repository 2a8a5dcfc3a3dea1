"""`penalty_rate` in a policy: three ways to say it, and what is none of them."""

from decimal import Decimal

import pytest

from config.policy_files import PolicyFileError, parse_policy
from domain.rates import STATUTORY, PenaltyRate, RateBasis

POLICY = """\
name: mine
{}
steps:
  - {{id: first, when: due + 2 days, level: courteous, channels: [email]}}
"""


def rate_of(words: str) -> PenaltyRate:
    return parse_policy(POLICY.format(words), "mine.yaml").penalty_rate


@pytest.mark.parametrize(
    ("words", "rate"),
    [
        ("", STATUTORY),
        ("penalty_rate: ecb + 10", STATUTORY),
        ("penalty_rate: legal x 3", PenaltyRate(RateBasis.LEGAL, Decimal(3))),
        ("penalty_rate: legal x 3.5", PenaltyRate(RateBasis.LEGAL, Decimal("3.5"))),
        ("penalty_rate: 12 %", PenaltyRate(RateBasis.AGREED, Decimal(12))),
        ("penalty_rate: 12.5%", PenaltyRate(RateBasis.AGREED, Decimal("12.5"))),
    ],
)
def test_a_penalty_rate_is_read(words: str, rate: PenaltyRate) -> None:
    assert rate_of(words) == rate


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ("legal x 2.9", '"legal x 2.9" is below the legal minimum, which is legal x 3'),
        ("ecb + 8", '"ecb + 8" is not a penalty rate; write ecb + 10, legal x 3 or 12 %'),
        ("12", "12 is not a penalty rate; write ecb + 10, legal x 3 or 12 %"),
    ],
)
def test_another_is_refused_with_its_line(words: str, problem: str) -> None:
    with pytest.raises(PolicyFileError) as error:
        rate_of(f"penalty_rate: {words}")
    assert str(error.value) == f"mine.yaml:2: penalty_rate: {problem}"
