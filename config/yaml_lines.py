"""YAML as plain values, with the line of each: for files that people write and get error messages about.

A small and safe YAML. Scalars are text, but for whole numbers, true, false and null; so `on`, `no`, `9:30` and
`2026-12-25` stay what was written. No tags, no anchors, and no word twice in a mapping.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import yaml

Path = tuple[str | int, ...]

_NUMBER = re.compile(r"0|-?[1-9][0-9]{0,8}")
_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None, "~": None, "": None}
_TAGS = frozenset({"str", "int", "float", "bool", "null", "timestamp", "merge", "value", "map", "seq"})
"""What YAML itself makes of text without a tag; here only text, lists and mappings are told apart."""


class YamlError(ValueError):
    """The text is not such a YAML. `line` counts from 1."""

    def __init__(self, line: int, problem: str) -> None:
        super().__init__(f"line {line}: {problem}")
        self.line = line
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Lined:
    """A document with the line, from 1, on which each path in it stands."""

    document: object
    lines: dict[Path, int] = field(default_factory=dict)

    def line_of(self, path: Path) -> int:
        """The line of a path, or of the nearest part around it, if it stands nowhere."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def read_yaml(text: str) -> Lined:
    """The document and its lines; YamlError for the first thing in it that is not allowed."""
    try:
        top = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        words = ": ".join(part for part in (error.context, error.problem) if part)
        raise YamlError(mark.line + 1 if mark else 1, words or "is not YAML") from None
    except yaml.reader.ReaderError as error:
        raise YamlError(text.count("\n", 0, error.position) + 1, "holds a character that no YAML may") from None
    except RecursionError:
        raise YamlError(1, "is nested too deep") from None
    lines: dict[Path, int] = {}
    return Lined(_Values(lines).of(top, ()) if top else None, lines)


class _Values:
    """Turns nodes into values and notes their lines."""

    def __init__(self, lines: dict[Path, int]) -> None:
        self._lines = lines
        self._seen: set[int] = set()

    def of(self, node: yaml.Node, path: Path) -> object:
        self._lines.setdefault(path, _line(node))
        if id(node) in self._seen:
            raise YamlError(self._lines[path], "is an alias; write the thing out again")
        self._seen.add(id(node))
        if node.tag.removeprefix("tag:yaml.org,2002:") not in _TAGS:
            raise YamlError(_line(node), f"has the tag {node.tag}; tags are not used here")
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.of(item, (*path, at)) for at, item in enumerate(node.value)]
        return _scalar(str(node.value), is_plain=isinstance(node, yaml.ScalarNode) and node.style is None)

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, object]:
        values: dict[str, object] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise YamlError(_line(key), "has a key that is not a word")
            if key.value in values:
                raise YamlError(_line(key), f"{key.value!r} stands twice in one mapping")
            self._lines[*path, key.value] = _line(key)
            values[key.value] = self.of(value, (*path, key.value))
        return values


def _scalar(words: str, *, is_plain: bool) -> object:
    if not is_plain:
        return words
    if words in _WORDS:
        return _WORDS[words]
    return int(words) if _NUMBER.fullmatch(words) else words


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1
