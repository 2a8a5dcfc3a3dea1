"""Which events know of each other: those of one lane share a customer, a person, an invoice or an id.

Through whatever chain: a person, as an address, is what two customers may share.

Lanes never meet: what happens in one changes nothing in another, so `replay` may run them ahead of each other. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from domain.contacted import keys_of
from domain.event import Event
from domain.facts import CustomerUpdated, InvoiceIssued
from domain.ids import CustomerId

Lane = str
"""The name of a lane: that of one of its members."""


@dataclass(frozen=True, slots=True)
class TimedEvent:
    """A valid event with the line that it stands on and the instant (UTC) at which it reaches the intake."""

    line: int
    at: datetime
    raw: object
    event: Event


class Lanes:
    """The lanes of a whole file of events."""

    def __init__(self, events: Iterable[TimedEvent]) -> None:
        self._parents: dict[str, str] = {}
        self._customers: set[CustomerId] = set()
        for one in events:
            first, *others = _names(one.event)
            for other in others:
                self._parents[self._root(other)] = self._root(first)
            if one.event.customer_id is not None:
                self._customers.add(one.event.customer_id)

    @property
    def of_customers(self) -> Mapping[CustomerId, Lane]:
        """Each customer that the events name, with its lane."""
        return {customer: self._root(f"customer/{customer}") for customer in self._customers}

    def of_event(self, one: TimedEvent) -> Lane:
        """The event's lane."""
        return self._root(_names(one.event)[0])

    def _root(self, name: str) -> str:
        parent = self._parents.setdefault(name, name)
        while parent != name:
            grandparent = self._parents[parent]
            self._parents[name] = grandparent
            name, parent = parent, grandparent
        return name


def _names(event: Event) -> list[str]:
    """An id is a name too: of two events with one id, the second is a duplicate or a conflict, so order matters."""
    names = [f"event/{event.source}\x1f{event.id}"]
    if event.customer_id is not None:
        names.append(f"customer/{event.customer_id}")
    names += [f"invoice/{invoice_id}" for invoice_id in event.invoice_ids]
    if isinstance(event.body, InvoiceIssued | CustomerUpdated):
        names += [f"address/{key}" for key in sorted(keys_of(event.body.customer.contacts))]
    return names
