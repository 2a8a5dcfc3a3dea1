"""What is wanted of the figures: each target is a ratio or a figure of the same run."""

from collections.abc import Callable, Iterator, Sequence

from tests.bench.figures import Figure
from tests.bench.report import Target

Medians = dict[str, float]
_MOST, _LEAST = False, True

_WANTED: Sequence[tuple[str, float, str, bool, Callable[[Medians], float]]] = (
    ("whole line against `naive`, 50 threads", 15, "×", _LEAST, lambda m: m["line.rate"] / m["naive.threads.rate"]),
    ("whole line against empty Celery tasks", 2, "×", _LEAST, lambda m: m["line.rate"] / m["empty.acks.rate"]),
    ("processor time a reminder, ours and PostgreSQL's", 0.9, "ms", _MOST, lambda m: m["line.cpu"]),
    ("mail: share of in-flight ÷ latency", 0.8, "", _LEAST, lambda m: m["delivery.email.at_150_ms.share"]),
    ("SMS: share of in-flight ÷ latency", 0.8, "", _LEAST, lambda m: m["delivery.sms.at_150_ms.share"]),
    ("delivery, mail: processor time a message", 600, "us", _MOST, lambda m: m["delivery.email.at_150_ms.cpu"]),
    ("delivery, SMS: processor time a message", 600, "us", _MOST, lambda m: m["delivery.sms.at_150_ms.cpu"]),
    ("intake, batches of 500, one web process", 5000, "1/s", _LEAST, lambda m: m["intake.http.of_500.rate"]),
    ("fold + plan, three open invoices", 150, "us", _MOST, lambda m: m["planning.fold_and_plan.three_due"]),
    ("fold + plan, three invoices weeks ahead", 150, "us", _MOST, lambda m: m["planning.fold_and_plan.three_ahead"]),
    ("claim of 200, 1 M open invoices against 10 k", 1.3, "×", _MOST,
     lambda m: m["growth.claim.open_1000000"] / m["growth.claim.open_10000"]),
    ("database round trips a reminder, from claim to settled", 0.1, "", _MOST,
     lambda m: m["claim.of_200.round_trips"] + m["record.of_200.round_trips"] + m["settle.of_200.round_trips"]),
    ("p95 from due to the provider's door at 300/s", 2, "s", _MOST, lambda m: m["line.steady.p95"]),
    ("memory of a worker", 150, "MB", _MOST, lambda m: m["memory.worker"]),
    ("SMS segments at the door within 5 s, as a share of what the sender may", 1.05, "", _MOST,
     lambda m: m["smoothing.most_at_once"]),
    ("another seller's ten beside 100 000", 5, "s", _MOST, lambda m: m["fairness.last_of_ten"]),
    ("another seller's ten while 100 000 come in", 5, "s", _MOST, lambda m: m["fairness.first_of_all"]),
    ("replay", 2000, "1/s", _LEAST, lambda m: m["replay.rate"]),
)  # fmt: skip


def targets_of(figures: Sequence[Figure], *, with_unmeasured: bool = False) -> list[Target]:
    """Those whose figures were measured, or all of them."""
    found = _found({one.name: one.median for one in figures})
    return [one for one in found if with_unmeasured or one.value is not None]


def _found(medians: Medians) -> Iterator[Target]:
    for about, wanted, unit, is_least, value_of in _WANTED:
        try:
            value = value_of(medians)
        except KeyError:
            value = None
        yield Target(about, value, wanted, unit, is_least)
