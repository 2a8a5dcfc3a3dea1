"""Puts policies in force, and has the accounts planned again that they may change. Called at starts and by verbs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from config.policy_book import store_policy
from config.policy_files import LoadedPolicy
from config.wiring import DEFAULT_SELLER, Services
from domain.customer import Seller
from domain.ids import AccountKey, SellerId
from store import waking
from store.engine import Connection
from store.policies import ladders_on
from store.retention import take_your_time
from store.sellers import ensure

_MOST_WOKEN = 2_000
_FIRST = AccountKey(0)


@dataclass(frozen=True, slots=True)
class Published:
    """What is in force now (`standard@3`), and how many running ladders were on each older version."""

    label: str
    running: Mapping[str, int]


def prepare(services: Services) -> None:
    """Makes sure that the default seller and the policies are stored. Safe to call from every process.

    Accounts whose plans stand on other policies or channels than there are now are planned again at once. They are
    looked for when the policies are committed, and at each start, so that none is missed whoever plans meanwhile.
    """
    with services.engine.begin() as connection:
        ensure(connection, Seller(DEFAULT_SELLER))
        services.policies.publish(connection)
    _wake_outdated(services)


def publish_policy(services: Services, loaded: LoadedPolicy, *, moves: bool = False) -> Published:
    """Stores a policy as the next version of its name, unless it is the newest.

    Running ladders stay on the version they are on, unless it `moves` them. The accounts that it may change are
    planned again at once. Under a new name that may be any: customers and sellers may have named it before it was
    there.
    """
    name = loaded.policy.name
    with services.engine.begin() as connection:
        version = store_policy(connection, loaded, moves=moves)
    try:
        with services.engine.begin() as connection:
            take_your_time(connection)  # it reads every account, for a line that is told
            older = {f"{name}@{number}" for number in range(1, version)}
            running = {label: count for label, count in ladders_on(connection).items() if label in older}
    finally:  # it is in force, whatever becomes of the count
        if version == 1:
            _wake_all(services, waking.wake_everyone)
        else:
            _wake_outdated(services)
    return Published(f"{name}@{version}", running)


def _wake_outdated(services: Services) -> None:
    with services.engine.begin() as connection:
        in_force = services.policies.in_force(connection).values()
    labels = [one.newest.label for one in in_force]
    overtaken = [f"{one.newest.name}@{version}" for one in in_force for version in range(1, one.moving)]
    _wake_all(
        services,
        lambda *turn: waking.wake_outdated(*turn, labels=labels, overtaken=overtaken, footing=services.footing),
    )


def wake_seller(services: Services, seller: SellerId) -> None:
    """Has a seller's accounts planned again: its policy or its customers' defaults have changed."""
    _wake_all(services, lambda *turn: waking.wake_seller(*turn, seller=seller))


def _wake_all(services: Services, wake: Callable[[Connection, datetime, int, AccountKey], list[AccountKey]]) -> None:
    """Some at a time, each in a transaction of its own, so that no worker waits long for an account."""
    now, last = services.clock.now(), _FIRST
    while True:
        with services.engine.begin() as connection:
            woken = wake(connection, now, _MOST_WOKEN, last)
        if len(woken) < _MOST_WOKEN:
            return
        last = woken[-1]
