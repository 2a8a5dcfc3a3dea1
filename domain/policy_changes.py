"""What differs between two policies, step by step: what a diff of their texts means. Called by `policy diff`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

from domain.policy import Policy, Step

_TOLD_APART = frozenset({"name", "version", "steps"})
"""The label tells the first two, the lines of the steps the third."""


def changes_between(old: Policy, new: Policy) -> tuple[str, ...]:
    """A line for each step that is gone, new or changed (with the words that changed), and one for the rest."""
    return (*_steps(old.steps, new.steps), *_rest(old, new))


def _steps(old: tuple[Step, ...], new: tuple[Step, ...]) -> Iterator[str]:
    before, after = {step.id: step for step in old}, {step.id: step for step in new}
    for name in before:
        if name not in after:
            yield f"step {name}: gone"
    for name, step in after.items():
        if name not in before:
            yield f"step {name}: new"
        elif words := _changed(before[name], step):
            yield f"step {name}: {', '.join(words)}"
    stayed = [name for name in before if name in after]
    if stayed != [name for name in after if name in before]:
        yield "steps: in another order"


def _rest(old: Policy, new: Policy) -> Iterator[str]:
    words = [word for word in _changed(old, new) if word not in _TOLD_APART]
    if words:
        yield f"also: {', '.join(words)}"


def _changed(old: Policy | Step, new: Policy | Step) -> list[str]:
    """The words of the policy file whose values differ."""
    names = (one.name for one in fields(new))
    return [name.removesuffix("_days") for name in names if getattr(old, name) != getattr(new, name)]
