"""Reading a policy document part by part, with every fault in it collected by its path rather than the first raised.

Called by the readers of policies. Words that no reader asks for are faults too: a misspelt key must not go unnoticed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TypeVar

from domain.fields import shown

T = TypeVar("T")
D = TypeVar("D")
Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong at one place of a policy. `path` leads there from the document's top."""

    path: Path
    problem: str

    @property
    def where(self) -> str:
        """The path as one reads it: `steps[2].channels`."""
        steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in self.path)
        return "".join(steps).removeprefix(".")

    def __str__(self) -> str:
        return f"{self.where}: {self.problem}" if self.path else self.problem


class PolicyError(ValueError):
    """A policy cannot be obeyed. `faults` are all of them, in the order of reading; never empty."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        super().__init__("; ".join(str(fault) for fault in faults))
        self.faults = faults


class Part:
    """One mapping of the document. Ask it for all that may stand in it, then `close` it."""

    __slots__ = ("_asked", "_faults", "_is_mapping", "_path", "_values")

    def __init__(self, raw: object, path: Path, faults: list[Fault]) -> None:
        self._path = path
        self._faults = faults
        self._asked: dict[str, None] = {}
        self._is_mapping = isinstance(raw, dict)
        self._values = raw if isinstance(raw, dict) else {}
        if not self._is_mapping:
            self.fault(f"words with their values are expected here, not {shown(raw)}")

    def fault(self, problem: str, *below: str | int) -> None:
        """Notes, once, what is wrong here or at a place below."""
        fault = Fault(self._path + below, problem)
        if fault not in self._faults:
            self._faults.append(fault)

    def has(self, name: str) -> bool:
        """Whether the word stands here, even without a value."""
        return name in self._values

    def names(self) -> tuple[str, ...]:
        """All the words here, where the admin chooses them."""
        names = [name for name in self._values if isinstance(name, str)]
        self._asked |= dict.fromkeys(names)
        return tuple(names)

    def take(self, name: str, read: Callable[[object], T], default: D) -> T | D:
        """The word's value; the default if it is absent, empty or faulty."""
        self._asked[name] = None
        value = self._values.get(name)
        return default if value is None else self._read(value, read, default, name)

    def need(self, name: str, read: Callable[[object], T], default: D) -> T | D:
        """The same of a word that must be there; without it, a fault and the default."""
        if self._is_mapping and self._values.get(name) is None:
            self.fault(f"{name!r} is missing")
        return self.take(name, read, default)

    def each(self, name: str, read: Callable[[object], T]) -> tuple[T, ...]:
        """The values of a list without the faulty ones; none if it is absent."""
        found = (self._read(item, read, None, name, at) for at, item in enumerate(self.take(name, a_list, [])))
        return tuple(value for value in found if value is not None)

    def part(self, name: str) -> Part:
        """The mapping below a word; an empty one if it is absent."""
        self._asked[name] = None
        value = self._values.get(name)
        return Part({} if value is None else value, (*self._path, name), self._faults)

    def parts(self, name: str) -> Iterator[Part]:
        """The mappings of the list below a word; none if it is absent."""
        for at, item in enumerate(self.take(name, a_list, [])):
            yield Part(item, (*self._path, name, at), self._faults)

    def close(self) -> None:
        """Notes the words that nothing has asked for."""
        for name in self._values:
            if name not in self._asked:
                self.fault(unknown("word", str(name), tuple(self._asked)), str(name))

    def _read(self, value: object, read: Callable[[object], T], default: D, *below: str | int) -> T | D:
        try:
            return read(value)
        except ValueError as wrong:
            self.fault(str(wrong), *below)
            return default


def unknown(what: str, word: str, known: Collection[str]) -> str:
    """The sentence about a word that is not known, with the one that was probably meant."""
    meant = get_close_matches(word, known, n=1)
    hint = f"; did you mean {meant[0]!r}?" if meant else ";"
    return f"unknown {what} {word[:64]!r}{hint} known are {', '.join(known) or 'none'}"


def some(value: object) -> list[object]:
    """A list of at least one item."""
    if value == []:
        raise ValueError("is empty; at least one is needed")
    return a_list(value)


def a_list(value: object) -> list[object]:
    """A list."""
    if not isinstance(value, list):
        raise ValueError(f"{shown(value)} is not a list; write it in brackets, as in [email, sms]")  # noqa: TRY004 - for Part
    return value


def a_word_of(known: Collection[str], what: str) -> Callable[[object], str]:
    """Reads one of the words that the grammar knows."""

    def read(value: object) -> str:
        if not isinstance(value, str) or value not in known:
            raise ValueError(unknown(what, str(value), known))
        return value

    return read
