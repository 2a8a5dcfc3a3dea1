"""What is measured, as values: a figure is several repetitions of one thing, told as their median, least and most.

Each part of the bench is a module with `measure(size: Size) -> Iterator[Figure]`; `python -m tests.bench` runs all.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured: `few` is the smoke form, which only shows that the bench runs."""

    repetitions: int = 5
    few: bool = False

    def of(self, many: int, few: int) -> int:
        """So many of something: `few` in the smoke form."""
        return few if self.few else many


@dataclass(frozen=True, slots=True)
class Figure:
    """One thing measured several times. `name` is unique: `claim.of_200.open_1000000`.

    `unit` is what the values are in: "1/s", "ms", "us", "MB", "bytes", "" for a ratio. `about` says what it is.
    """

    name: str
    about: str
    unit: str
    values: Sequence[float]

    @property
    def median(self) -> float:
        """The value in the middle."""
        return median(self.values)
