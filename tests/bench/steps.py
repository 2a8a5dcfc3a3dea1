"""Each step of a reminder by itself, on a book with enough due: claim, record, settle. `python -m tests.bench.steps`.

The same accounts go through all of them, batch after batch; the provider in between is made up and answers at once.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from domain.ids import AccountKey
from domain.outcomes import AttemptState, Outcome, OutcomeClass, Receipt
from store import receipts
from tests.bench.alone import show
from tests.bench.book import due_over, fill
from tests.bench.figures import Figure, Size
from tests.bench.ground import TUESDAY_1150, Ground, Spent, ground
from workers.calls import Call
from workers.claim import claim_due
from workers.deliver import record
from workers.settle import settle

MAIL = "deliver.email"

Given = TypeVar("Given")
Made = TypeVar("Made")


@dataclass
class Turns:
    """One step several times over: what each time took, and how many it was for."""

    name: str
    about: str
    found: list[tuple[Spent, int]] = field(default_factory=list)

    def figures(self) -> Iterator[Figure]:
        """What one of them took, and how many there were in a second."""
        turns = self.found
        yield Figure(f"{self.name}.rate", f"{self.about}: how many", "1/s", [n / s.wall_s for s, n in turns])
        ours = [s.ours_s / n * 1e6 for s, n in turns]
        yield Figure(f"{self.name}.cpu_ours", f"{self.about}: our CPU for one", "us", ours)
        postgres = [s.postgres_s / n * 1e6 for s, n in turns]
        yield Figure(f"{self.name}.cpu_postgres", f"{self.about}: PostgreSQL's CPU for one", "us", postgres)
        trips = [s.round_trips / n for s, n in turns]
        yield Figure(f"{self.name}.round_trips", f"{self.about}: times that the database is asked for one", "", trips)


def measure(size: Size) -> Iterator[Figure]:
    """Batches of 50 and of 200, so that one sees what a batch costs and what an account does."""
    with ground() as it:
        turns = size.repetitions + 1
        fill(it, size.of(20_000, 1_000), due=size.of(2_000, 25) * turns)
        keys = iter(due_over(it, "email"))
        for batch in size.of(50, 5), size.of(200, 20):
            yield from _of_batches(it, keys, batch, size.of(1_000 // batch, 1), turns)


def _of_batches(it: Ground, keys: Iterator[AccountKey], batch: int, batches: int, turns: int) -> Iterator[Figure]:
    claims = Turns(f"claim.of_{batch}", f"claim alone, {batch} accounts a batch")
    records = Turns(f"record.of_{batch}", f"record alone, {batch} answers a batch")
    settles = Turns(f"settle.of_{batch}", f"settle alone, {batch} receipts a batch")
    for _ in range(turns):
        given = [[next(keys) for _ in range(batch)] for _ in range(batches)]
        calls = _timed(it, claims, given, lambda some: claim_due(it.services, some, MAIL, TUESDAY_1150))
        if sum(map(len, calls)) != batch * batches:
            raise AssertionError("some of what is due was not claimed")
        answered = [[(call, accepted(call)) for call in some] for some in calls]
        _timed(it, records, answered, lambda some: record(it.services, some, TUESDAY_1150))
        reported = [_report(it, some) for some in calls]
        _timed(it, settles, reported, lambda some: settle(it.services, some, TUESDAY_1150))
    for found in (claims, records, settles):
        del found.found[0]  # the first time, statements are compiled and plans are made
        yield from found.figures()


def _timed(
    it: Ground, turns: Turns, given: Sequence[Sequence[Given]], step: Callable[[Sequence[Given]], Made]
) -> list[Made]:
    with it.metering() as spent:
        made = [step(some) for some in given]
    turns.found.append((spent, sum(map(len, given))))
    return made


def accepted(call: Call) -> Outcome:
    """The provider has it, under an id of its own."""
    return Outcome(OutcomeClass.ACCEPTED, provider_id=f"made-up-{call.claim.attempt}")


def _report(it: Ground, calls: Sequence[Call]) -> list[int]:
    """All of them delivered; the rows of the receipts."""
    found = [
        (
            Receipt(f"{one.claim.attempt}:delivered", "delivered", AttemptState.DELIVERED, one.claim.attempt),
            b'{"event": "delivered"}',
        )
        for one in calls
    ]
    with it.services.engine.begin() as connection:
        return receipts.put(connection, "sendgrid", found, TUESDAY_1150)


if __name__ == "__main__":
    show(measure)
