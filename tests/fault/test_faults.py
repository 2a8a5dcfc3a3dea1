"""The short form of `make fault`: fewer faults and customers, and leases that are made to run out by hand."""

import pytest

from tests.fault.__main__ import ALL, strike
from tests.fault.table import show

SEED = 20_260_329


@pytest.mark.timeout(240)
def test_nothing_is_lost_doubled_or_sent_in_vain_whatever_breaks() -> None:
    """The table says what was done; `python -m tests.fault --short --only NAME` repeats a single line of it."""
    rows = list(strike(SEED, [fault for fault in ALL if fault.short_size], is_short=True))
    show(rows, SEED)
    assert [(row.fault, row.verdict.breaches) for row in rows if not row.holds] == []
