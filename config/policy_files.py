"""Policies in files: the shipped ones by name, others by path, with errors that name the line.

Called by the wiring and the command line. What a policy means is `domain.read_policy`'s business.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from config.yaml_lines import Lined, YamlError, read_yaml
from domain.policy import Policy
from domain.policy_lint import lint
from domain.read_policy import Fault, PolicyError, read_policy

SHIPPED = Path(__file__).parent / "policies"
LARGEST_BYTES = 1 << 20


class PolicyFileError(ValueError):
    """A policy file cannot be used. The message has a line `FILE:LINE: where: problem` for each fault."""

    def __init__(self, *messages: str) -> None:
        super().__init__("\n".join(messages))
        self.messages = messages


@dataclass(frozen=True, slots=True)
class LoadedPolicy:
    """A valid policy with the text that it was read from, to be stored beside it; `file` is its name for people."""

    policy: Policy
    text: str
    file: str


@dataclass(frozen=True, slots=True)
class PlacedFault:
    """A fault of a policy, and its place: `FILE:LINE: where: problem`."""

    file: str
    line: int
    fault: Fault

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.fault}"

    def as_dict(self) -> dict[str, str | int]:
        """The keys that `relance policy check --json` promises, in their order."""
        return {"file": self.file, "line": self.line, "where": self.fault.where, "problem": self.fault.problem}


def policy_names() -> tuple[str, ...]:
    """The names of the policies that are shipped."""
    return tuple(sorted(file.stem for file in SHIPPED.glob("*.yaml")))


def load_policy(path_or_name: str) -> LoadedPolicy:
    """The shipped policy of that name, or the policy in that file; PolicyFileError if it is missing or wrong."""
    if not path_or_name.strip():
        raise PolicyFileError(f"the policy's name is empty{_hint(path_or_name)}")
    shipped = path_or_name in policy_names()
    file = SHIPPED / f"{path_or_name}.yaml" if shipped else Path(path_or_name)
    shown = f"{path_or_name}.yaml" if shipped else path_or_name
    text = _text_of(file, shown)
    return LoadedPolicy(parse_policy(text, shown), text, shown)


def parse_policy(text: str, file: str) -> Policy:
    """The policy that a text states; PolicyFileError with all its faults, `file` being the name that they show."""
    lined = _lined(text, file)
    try:
        return read_policy(lined.document)
    except PolicyError as error:
        raise PolicyFileError(*map(str, _placed(file, lined, error.faults))) from None


def doubts_about(loaded: LoadedPolicy) -> tuple[PlacedFault, ...]:
    """What is valid in the policy but cannot work as written, by line."""
    return _placed(loaded.file, _lined(loaded.text, loaded.file), lint(loaded.policy))


def _lined(text: str, file: str) -> Lined:
    try:
        return read_yaml(text)
    except YamlError as error:
        raise PolicyFileError(f"{file}:{error.line}: {error.problem}") from None


def _placed(file: str, lined: Lined, faults: tuple[Fault, ...]) -> tuple[PlacedFault, ...]:
    placed = (PlacedFault(file, lined.line_of(fault.path), fault) for fault in faults)
    return tuple(sorted(placed, key=lambda one: one.line))


def _text_of(file: Path, shown: str) -> str:
    try:
        with file.open("rb") as opened:
            content = opened.read(LARGEST_BYTES + 1)
    except FileNotFoundError:
        raise PolicyFileError(f"{shown}: no such policy or file{_hint(shown)}") from None
    except (OSError, ValueError) as error:
        raise PolicyFileError(f"{shown}: cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if len(content) > LARGEST_BYTES:
        raise PolicyFileError(f"{shown}: is larger than {LARGEST_BYTES} bytes")
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise PolicyFileError(f"{shown}:{line}: is not UTF-8 text") from None


def _hint(name: str) -> str:
    names = policy_names()
    meant = get_close_matches(name, names, n=1)
    return f"; did you mean {meant[0]!r}?" if meant else f"; shipped are {', '.join(names)}"
