"""`relance preview` of a whole book: every account planned for the next 30 days. `python -m tests.bench.preview`."""

from collections.abc import Iterator

from tests.bench.alone import show
from tests.bench.book import fill
from tests.bench.figures import Figure, Size
from tests.bench.ground import TUESDAY_1150, ground
from workers.preview import preview

DAYS = 30


def measure(size: Size) -> Iterator[Figure]:
    """It is minutes of work, so that it is done few times."""
    invoices = size.of(100_000, 500)
    with ground() as it:
        fill(it, invoices, due=size.of(2_000, 10))
        found, looked = [], 0
        for _ in range(min(size.repetitions, 3)):
            with it.metering() as spent:
                looked = sum(1 for _ in preview(it.services, TUESDAY_1150, DAYS))
            found.append(spent)
    about = f"preview of {invoices} open invoices for {DAYS} days"
    yield Figure("preview.seconds", about, "s", [s.wall_s for s in found])
    yield Figure(
        "preview.cpu_ours", f"{about}: our CPU for an account", "us", [s.ours_s / looked * 1e6 for s in found]
    )
    postgres = [s.postgres_s / looked * 1e6 for s in found]
    yield Figure("preview.cpu_postgres", f"{about}: PostgreSQL's CPU for an account", "us", postgres)
    yield Figure("preview.rate", f"{about}: accounts", "1/s", [looked / s.wall_s for s in found])


if __name__ == "__main__":
    show(measure)
