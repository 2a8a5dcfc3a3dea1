"""What publishing a policy would change in what comes for a customer. Pure; called by `preview --policy`.

same customer, day, channel, step, tone, invoices        nothing
same step and invoices, another day, channel or tone     ~ before → after
same day and channel, another step or invoices           ~ before → after
what is left                                             - before, + after
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from datetime import datetime

from workers.preview import Foreseen


@dataclass(frozen=True, slots=True)
class Change:
    """One line of the difference: `+` has only an `after`, `-` only a `before`, `~` and `=` both."""

    sign: str
    before: Foreseen | None
    after: Foreseen | None

    @property
    def at(self) -> datetime:
        """When it would have gone out, or will."""
        one = self.before or self.after
        if one is None:
            raise ValueError("a change has a before or an after")
        return one.at


def changes(before: Sequence[Foreseen], after: Sequence[Foreseen]) -> list[Change]:
    """The difference for one account, in the order of time; what stays as it is has the sign `=`."""
    gone, new = list(before), list(after)
    found = [Change("=", *pair) for pair in _paired(gone, new, _whole)]
    found += [Change("~", *pair) for pair in _paired(gone, new, _about)]
    found += [Change("~", *pair) for pair in _paired(gone, new, _contact)]
    found += [Change("-", one, None) for one in gone] + [Change("+", None, one) for one in new]
    return sorted(found, key=lambda change: change.at)


def _paired(
    gone: list[Foreseen], new: list[Foreseen], key: Callable[[Foreseen], Hashable]
) -> list[tuple[Foreseen, Foreseen]]:
    """Takes out of both lists what has the same key, each once."""
    pairs = []
    for one in tuple(gone):
        match = next((each for each in new if key(each) == key(one)), None)
        if match is not None:
            gone.remove(one)
            new.remove(match)
            pairs.append((one, match))
    return pairs


def _whole(one: Foreseen) -> Hashable:
    return (*_contact(one), *_about(one), one.level, one.tone)


def _about(one: Foreseen) -> tuple[Hashable, ...]:
    return one.step, frozenset(one.invoices)


def _contact(one: Foreseen) -> tuple[Hashable, ...]:
    return one.at.date(), one.channel
