"""What differs between two policies, step by step: what a diff of their texts means. Called by `policy diff`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Literal

from domain.policy import Policy, Step

_TOLD_APART = frozenset({"name", "version", "steps"})
"""The label tells the first two, the changes of the steps the third."""


@dataclass(frozen=True, slots=True)
class Change:
    """What differs: of a step, or, with None, of all else. `words` are the words of the file that changed."""

    step: str | None
    change: Literal["gone", "new", "changed", "reordered"]
    words: tuple[str, ...] = ()

    def __str__(self) -> str:
        if self.step is not None:
            return f"step {self.step}: {', '.join(self.words) or self.change}"
        return f"also: {', '.join(self.words)}" if self.words else "steps: in another order"


def changes_between(old: Policy, new: Policy) -> tuple[Change, ...]:
    """One for each step that is gone, new or changed, one if the steps are in another order, and one for the rest."""
    return (*_steps(old.steps, new.steps), *_rest(old, new))


def _steps(old: tuple[Step, ...], new: tuple[Step, ...]) -> Iterator[Change]:
    before, after = {step.id: step for step in old}, {step.id: step for step in new}
    for name in before:
        if name not in after:
            yield Change(name, "gone")
    for name, step in after.items():
        if name not in before:
            yield Change(name, "new")
        elif words := _changed(before[name], step):
            yield Change(name, "changed", words)
    stayed = [name for name in before if name in after]
    if stayed != [name for name in after if name in before]:
        yield Change(None, "reordered")


def _rest(old: Policy, new: Policy) -> Iterator[Change]:
    words = tuple(word for word in _changed(old, new) if word not in _TOLD_APART)
    if words:
        yield Change(None, "changed", words)


def _changed(old: Policy | Step, new: Policy | Step) -> tuple[str, ...]:
    """The words of the policy file whose values differ."""
    names = (one.name for one in fields(new))
    return tuple(name.removesuffix("_days") for name in names if getattr(old, name) != getattr(new, name))
