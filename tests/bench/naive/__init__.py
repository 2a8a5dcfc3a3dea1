"""The pipeline as a decent tutorial would write it, to measure ours against: `python -m tests.bench.naive`.

One task per step and reminder, ORM row by row, the vendors' packages as they come. It is honest but simple: opening
hours, one planned reminder per customer, a delivery log, receipts. Nothing is exactly once; callbacks are believed.

    web ── fold_event ── plan_customer ── (loop) ── send_reminder ── provider ── web ── handle_receipt
"""

from collections.abc import Iterator

from tests.bench.figures import Figure, Size


def measure(size: Size) -> Iterator[Figure]:
    """The whole line, delivered in two ways."""
    from tests.bench.naive.line import measure as found  # noqa: PLC0415 - the pipeline's processes need none of it

    return found(size)
