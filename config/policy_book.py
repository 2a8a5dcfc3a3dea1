"""The policies in force: stored versions, read from the database as they appear and parsed once."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from config.policy_files import LoadedPolicy, load_policy, parse_policy, policy_names
from domain.customer import Customer
from domain.policy import Policy
from store.engine import Connection
from store.policies import body_of, newest_versions, publish
from store.sellers import SellerRow


class PolicyBook:
    """Finds each customer's policy. `default` is the installation's (RELANCE_POLICY), by its own name.

    `approvals_given`: as if every approval were given at once, for who only wants to see what would happen.
    """

    def __init__(self, setting: str, *, approvals_given: bool = False) -> None:
        self._loaded = load_policy(setting)
        self._approvals_given = approvals_given
        self._parsed: dict[tuple[str, int], Policy] = {}
        self.default = self._loaded.policy.name

    def publish(self, connection: Connection) -> None:
        """Stores the installation's policy as a version, and the shipped ones that nobody has replaced."""
        known = newest_versions(connection)
        for name in policy_names():
            if name not in known and name != self.default:
                store_policy(connection, load_policy(name))
        store_policy(connection, self._loaded)

    def labels(self, connection: Connection) -> list[str]:
        """The policies that may be in force for somebody: `standard@3`."""
        return [f"{name}@{version}" for name, version in newest_versions(connection).items()]

    def in_force(self, connection: Connection) -> dict[str, Policy]:
        """The newest version of every policy, by name: one round trip, one more for each version not seen yet."""
        return {
            name: self._policy(connection, name, version) for name, version in newest_versions(connection).items()
        }

    def choose(self, in_force: dict[str, Policy], customer: Customer, seller: SellerRow) -> Policy:
        """The customer's policy, else the seller's, else the installation's; unknown names are passed over."""
        for name in (customer.policy, seller.policy, self.default):
            if name is not None and name in in_force:
                return in_force[name]
        return self._loaded.policy

    def _policy(self, connection: Connection, name: str, version: int) -> Policy:
        found = self._parsed.get((name, version))
        if found is None:
            text = body_of(connection, name, version)
            found = replace(parse_policy(text, f"{name}@{version}"), name=name, version=version)
            found = found.approved() if self._approvals_given else found
            self._parsed[name, version] = found
        return found


def store_policy(connection: Connection, loaded: LoadedPolicy) -> int:
    """Stores a policy as the next version of its name, unless the newest says the same; returns the newest."""
    return publish(connection, loaded.policy.name, _digest(loaded.text), loaded.text)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
