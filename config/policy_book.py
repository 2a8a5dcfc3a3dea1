"""The policies in force: stored versions, read from the database as they appear and parsed once."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

import structlog

from config.policy_files import LoadedPolicy, PolicyFileError, load_policy, parse_policy, policy_names
from domain.account import Account
from domain.pinning import Served, Versions, running_on, serve
from domain.policy import Policy
from store.engine import Connection
from store.policies import bodies_of, newest_of_each, newest_versions, publish
from store.sellers import SellerRow

InForce = Mapping[str, Versions]
"""What is stored of every policy, by the name under which it is chosen."""

log = structlog.get_logger()


class PolicyBook:
    """Finds each customer's policy. `default` is the installation's (RELANCE_POLICY), by its own name.

    A stored version that this process cannot read (an older Relance has other words) is as if it were not stored.
    `approvals_given`: as if every approval were given at once, for who only wants to see what would happen.
    """

    def __init__(self, setting: str, *, approvals_given: bool = False) -> None:
        self._loaded = load_policy(setting)
        self._approvals_given = approvals_given
        self._parsed: dict[tuple[str, int], Policy] = {}
        self._unreadable: frozenset[tuple[str, int]] = frozenset()
        self.default = self._loaded.policy.name

    def publish(self, connection: Connection) -> None:
        """Stores the installation's policy as a version, and the shipped ones that nobody has replaced."""
        known = newest_versions(connection)
        for name in policy_names():
            if name not in known and name != self.default:
                store_policy(connection, load_policy(name))
        store_policy(connection, self._loaded)

    def would_replace(self, loaded: LoadedPolicy) -> bool:
        """Whether the next start of a process puts another text in the place of this one."""
        return loaded.policy.name == self.default and loaded.text != self._loaded.text

    def in_force(self, connection: Connection, accounts: Iterable[Account] = ()) -> dict[str, Versions]:
        """Of every policy the newest version, the one that ladders move to, and those that these accounts run on.

        One round trip, and one more for the texts that this process has not read yet. Each version that cannot be
        read costs two more, once in the life of a process.
        """
        running = {on for on in map(running_on, accounts) if on is not None}
        while True:
            newest = newest_of_each(connection, without=self._unreadable)
            wanted = {(name, version) for name, versions in newest.items() for version in versions if version}
            wanted |= {on for on in running if on[0] in newest and on not in self._unreadable}
            if self._read(connection, wanted - self._parsed.keys()):
                break
        found: dict[str, dict[int, Policy]] = {name: {} for name in newest}
        for name, version in wanted & self._parsed.keys():
            found[name][version] = self._parsed[name, version]
        return {name: Versions(known, newest[name][1]) for name, known in found.items() if known}

    def choose(self, in_force: InForce, account: Account, seller: SellerRow) -> Served:
        """The customer's policy, else the seller's, else the installation's, in the version that serves the account.

        Unknown names are passed over.
        """
        for name in (account.customer.policy, seller.policy, self.default):
            if name is not None and name in in_force:
                return serve(account, in_force[name])
        return serve(account, Versions({0: self._loaded.policy}))

    def _read(self, connection: Connection, wanted: Collection[tuple[str, int]]) -> bool:
        """Parses these versions; whether all that are stored can be read. The log names the others."""
        texts = bodies_of(connection, wanted) if wanted else {}
        for name, version in sorted(set(wanted) - texts.keys()):
            log.warning("policy.missing", policy=f"{name}@{version}")
        for (name, version), text in texts.items():
            try:
                found = parse_policy(text, f"{name}@{version}")
            except PolicyFileError as error:
                log.warning("policy.unreadable", policy=f"{name}@{version}", problem=error.messages[0])
                self._unreadable |= {(name, version)}
            else:
                found = replace(found, name=name, version=version, approvals_given=self._approvals_given)
                self._parsed[name, version] = found
        return self._unreadable.isdisjoint(texts)


def is_readable(text: str) -> bool:
    """Whether this process can read the text of a stored version."""
    try:
        parse_policy(text, "")
    except PolicyFileError:
        return False
    return True


def store_policy(connection: Connection, loaded: LoadedPolicy, *, moves: bool = False) -> int:
    """Stores a policy as the next version of its name, unless the newest says the same; returns the newest.

    With `moves`, running ladders go over to that version, even if it was stored before without.
    """
    return publish(connection, loaded.policy.name, _digest(loaded.text), loaded.text, moves=moves)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
