"""What will go out from today's book, and what another policy would change. Reads only: no lock, nothing kept.

Called by the verbs `preview` and `explain` and by the customer's page, never by a worker. It plans with the very
functions that delivery uses.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from config.policy_book import InForce
from config.wiring import Services
from domain.foresee import foresee
from domain.ids import AccountKey, CustomerId, SellerId
from domain.pinning import Versions
from domain.planned import PlannedReminder
from domain.policy import Policy
from store import book
from store.accounts import AccountRow
from store.engine import Connection, DatabaseFault
from store.policies import newest_versions
from workers.planned import Planned
from workers.planning import plan_accounts

BATCH = 200

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Foreseen:
    """A reminder to come. `at` has the customer's own offset."""

    at: datetime
    seller: SellerId
    customer: CustomerId
    name: str
    channel: str
    step: str
    level: str
    tone: str
    invoices: tuple[str, ...]
    policy: str

    def as_dict(self) -> dict[str, object]:
        """As `--json` shows it; `name` and `policy` at the end, where people look for them last."""
        return {
            "at": self.at.isoformat(timespec="seconds"),
            "seller": self.seller,
            "customer": self.customer,
            "channel": self.channel,
            "step": self.step,
            "level": self.level,
            "tone": self.tone,
            "invoices": list(self.invoices),
            "name": self.name,
            "policy": self.policy,
        }


@dataclass(frozen=True, slots=True)
class Outlook:
    """What comes for one account: under the policies in force, and (`other`) if another one were published."""

    coming: tuple[Foreseen, ...]
    other: tuple[Foreseen, ...]


@dataclass(frozen=True, slots=True)
class Instead:
    """A policy that takes the place of the one in force under `name`; `moves`: running ladders go over to it."""

    name: str
    policy: Policy
    moves: bool = False


def preview(
    services: Services,
    now: datetime,
    days: int,
    instead: Instead | None = None,
    seller: SellerId | None = None,
    customer: CustomerId | None = None,
) -> Iterator[Outlook]:
    """Account by account, what comes within `days`; and what would with another policy (`other`; else empty).

    Each batch is a look of its own: a snapshot held open over the whole book would keep dead rows from being
    cleaned away, and slow every claim meanwhile.
    """
    until = now + timedelta(days=days)
    after: AccountKey | None = AccountKey(0)
    while after is not None:
        with book.reading(services.engine) as connection:
            rows = book.batch(connection, BATCH, after, seller, customer)
            looks = _looks(services, connection, rows, now, until, instead)
        yield from looks
        after = rows[-1].key if rows else None


def _looks(
    services: Services,
    connection: Connection,
    rows: list[AccountRow],
    now: datetime,
    until: datetime,
    instead: Instead | None,
) -> list[Outlook]:
    """What comes for these accounts."""
    planned = _planned(services, connection, rows, now) if rows else []
    if instead is None:
        return [Outlook(coming_for(one, one.policy, now, until), ()) for one in planned]
    in_force = services.policies.in_force(connection, [one.account for one in planned])
    changed = {**in_force, instead.name: _as_if(instead, in_force)}
    looks = []
    for one in planned:
        chosen = services.policies.choose(changed, one.account, one.owner).policy
        looks.append(Outlook(coming_for(one, one.policy, now, until), coming_for(one, chosen, now, until)))
    return looks


def _as_if(instead: Instead, in_force: InForce) -> Versions:
    """What there would be of the policy: its other versions go on to serve the ladders that run on them."""
    stored = in_force.get(instead.policy.name, Versions({}))
    version = instead.policy.version
    return Versions({**stored.known, version: instead.policy}, version if instead.moves else stored.moving)


def published(services: Services, policy: Policy, *, moves: bool = False) -> Instead:
    """Where a policy takes effect: as the next version of its name, if that name is stored and says something else.

    Otherwise in the place of the installation's policy, as RELANCE_POLICY would give it; but what is stored already
    can still be told to move the running ladders of its own name.
    """
    with book.reading(services.engine) as connection:
        in_force = services.policies.in_force(connection)
        stored = newest_versions(connection)
    if policy.name not in stored:
        return Instead(services.policies.default, replace(policy, version=1), moves)
    earlier = in_force[policy.name].newest if policy.name in in_force else None
    if earlier is not None and replace(policy, version=earlier.version) == earlier:
        return Instead(policy.name if moves else services.policies.default, earlier, moves)
    return Instead(policy.name, replace(policy, version=stored[policy.name] + 1), moves)


def coming_for(one: Planned, policy: Policy, now: datetime, until: datetime) -> tuple[Foreseen, ...]:
    """What comes for a planned account under a policy; nothing while an event about it is in quarantine."""
    if one.is_held:
        return ()
    return tuple(_foreseen(one, reminder) for reminder in foresee(one.account, policy, now, until))


def look(services: Services, connection: Connection, row: AccountRow, now: datetime) -> Planned | None:
    """One account as planned now; None for one that breaks whoever plans it."""
    return next(iter(_planned(services, connection, [row], now)), None)


def _planned(services: Services, connection: Connection, rows: list[AccountRow], now: datetime) -> list[Planned]:
    """These accounts as planned now. One that breaks whoever plans it is left out, and the log names it."""
    try:
        return plan_accounts(connection, services, rows, now)
    except DatabaseFault:
        raise
    except Exception as error:  # noqa: BLE001 - whatever one account breaks must not hide all others
        if len(rows) == 1:
            log.warning("preview.left_out", account=rows[0].key, error=type(error).__name__)
            return []
        return [one for row in rows for one in _planned(services, connection, [row], now)]


def _foreseen(one: Planned, reminder: PlannedReminder) -> Foreseen:
    units = {unit.id: unit for unit in one.account.units}
    owed = [state.invoice.id for member in reminder.members for state in units[member.unit_id].states]
    return Foreseen(
        at=reminder.send_at.astimezone(one.account.place.zone),
        seller=one.row.seller,
        customer=one.row.customer_id,
        name=one.account.customer.name,
        channel=reminder.routes[0].channel.value,
        step=reminder.step.id,
        level=reminder.level.word,
        tone=reminder.tone.word,
        invoices=tuple(dict.fromkeys(owed)),
        policy=reminder.policy,
    )
