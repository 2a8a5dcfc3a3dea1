"""By which number people know the invoices that a page speaks of. Called by `pages`, once for each page.

What is kept of plans and in the journal names invoices and units by their ids, which programs read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from domain.ids import SellerId
from domain.units import read_unit
from store import overview
from store.engine import Connection
from store.log import LogRow
from store.worklist import TaskRow


def numbers_in(
    connection: Connection,
    seller: SellerId,
    told: Iterable[Mapping[str, Any]],
    rows: Iterable[LogRow] = (),
    tasks: Iterable[TaskRow] = (),
) -> dict[str, str]:
    """The numbers, by id, of all invoices in these plans and journal entries (`told`), attempts and tasks."""
    ids = {name for facts in told for name in _ids_in(facts)}
    ids.update(name for row in rows for name in row.invoices)
    ids.update(read_unit(unit)[0] for task in tasks for unit in task.units)
    return overview.numbers_of(connection, seller, ids)


def _ids_in(facts: object) -> Iterator[str]:
    """Those that facts name: of a reason or an event, of the reasons behind it, of a reminder that is planned.

    The journal keeps what earlier releases wrote: what has another shape names none.
    """
    if not isinstance(facts, Mapping):
        return
    units = (facts.get("unit"), facts.get("lead"), *_listed(facts, "units"))
    yield from (read_unit(unit)[0] for unit in units if isinstance(unit, str) and unit)
    yield from (name for name in _listed(facts, "invoices") if isinstance(name, str))
    for reason in _listed(facts, "reasons"):
        yield from _ids_in(reason.get("facts") if isinstance(reason, Mapping) else None)
    yield from _ids_in(facts.get("reminder"))


def _listed(facts: Mapping[str, Any], name: str) -> Sequence[Any]:
    found = facts.get(name)
    return found if isinstance(found, list | tuple) else ()
