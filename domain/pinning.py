"""Which version of a policy serves an account: a running ladder keeps its own, all others have the newest. Pure.

    no ladder runs, or it runs on another policy     the newest version
    it runs on version n                             n, or the version that running ladders move to, if that is later
    that version cannot be read                      the newest version

A ladder runs while something is still owed of which a step was had, in whatever cycle.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from domain.account import Account
from domain.policy import Policy


@dataclass(frozen=True, slots=True)
class Versions:
    """What is known of one policy: versions that can be read, by number; the newest is always among them.

    `moving` is the newest of them that was published for running ladders too; 0 if none was.
    """

    known: Mapping[int, Policy]
    moving: int = 0

    @property
    def newest(self) -> Policy:
        """What serves a ladder that is not running yet."""
        return self.known[max(self.known)]


@dataclass(frozen=True, slots=True)
class Served:
    """The version that serves an account. `is_pinned`: a running ladder holds it there until one is moved to.

    `newest` is the label of what would serve it otherwise.
    """

    policy: Policy
    newest: str
    is_pinned: bool

    @property
    def is_kept(self) -> bool:
        """Whether the running ladder keeps another version than the newest."""
        return self.policy.label != self.newest


def serve(account: Account, versions: Versions) -> Served:
    """The version of the policy that was chosen for the account."""
    newest = versions.newest
    pinned = pinned_version(account, newest.name)
    kept = None if pinned is None else versions.known.get(max(pinned, versions.moving))
    return Served(kept or newest, newest.label, is_pinned=kept is not None)


def pinned_version(account: Account, name: str) -> int | None:
    """The version of this policy that the account's running ladder is on; None if none runs, or on another policy."""
    running = running_on(account)
    return running[1] if running is not None and running[0] == name else None


def running_on(account: Account) -> tuple[str, int] | None:
    """Name and version of the policy by which the running ladder had its last step; None if no ladder runs."""
    owed = {unit.id for unit in account.units}
    for past in reversed(account.history):
        if past.state != "withdrawn" and any(member.unit_id in owed for member in past.members):
            name, _, version = past.policy.rpartition("@")
            return (name, int(version)) if name and version.isdecimal() else None
    return None
