"""The policy's `penalty_rate`: from its text to a rule. Called by `read_policy`."""

from __future__ import annotations

import re
from decimal import Decimal

from domain.fields import shown
from domain.rates import FLOOR, POINTS, STATUTORY, PenaltyRate, RateBasis

_ECB = re.compile(rf"ecb\s*\+\s*{POINTS}")
_LEGAL = re.compile(r"legal\s*x\s*(\d{1,3}(?:\.\d{1,4})?)", re.ASCII)
_AGREED = re.compile(r"(\d{1,3}(?:\.\d{1,4})?)\s*%", re.ASCII)


def a_penalty_rate(value: object) -> PenaltyRate:
    """`ecb + 10`, `legal x 3` or more, or an agreed rate in percent a year (its minimum is checked when used)."""
    text = value if isinstance(value, str) else ""
    if _ECB.fullmatch(text):
        return STATUTORY
    if found := _LEGAL.fullmatch(text):
        times = Decimal(found[1])
        if times < FLOOR:
            raise ValueError(f"{shown(value)} is below the legal minimum, which is legal x {FLOOR}")
        return PenaltyRate(RateBasis.LEGAL, times)
    if found := _AGREED.fullmatch(text):
        return PenaltyRate(RateBasis.AGREED, Decimal(found[1]))
    raise ValueError(f"{shown(value)} is not a penalty rate; write ecb + 10, legal x 3 or 12 %")
