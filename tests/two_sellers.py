"""Two sellers in one database, and what the second must never see of the first.

def test_…(booked: Pipeline) -> None:   # from `book_two_sellers`
    assert not [word for word in PRIVATE if word in told]
"""

from typing import Any

import sqlalchemy as sa

from channels.kept import keep
from channels.port import Letter, Rendered
from config.wiring import DEFAULT_SELLER
from domain.customer import Seller
from domain.ids import CustomerId, SellerId
from store import accounts, history, log, quarantine, sellers, tasks
from store.engine import Connection
from store.quarantine import Quarantined
from store.tables import attempts, metadata
from store.tasks import NewTask
from tests.factories import contact_data, customer_data, invoice_event
from tests.pipeline import Pipeline
from workers.intake import intake
from workers.receive import receive

OTHER, OTHER_KEY_ID, OTHER_KEY = SellerId("other"), "otherkey", "rk_" + "o" * 43
LATE = {"due_on": "2026-11-20", "issued_on": "2026-10-20"}
EMAIL = "ysaline@quatremer.example"
PERSON = contact_data(name="Ysaline Quatremer", email=EMAIL, phone="+33698765432")
OURS = customer_data(id="C-18", name="Boucherie Quatremer", contacts=[PERSON])
SILENT = customer_data(
    id="C-19", name="Quatremer & fils", contacts=[contact_data(name="Quatremer", email=None, phone=None)]
)
LETTER = Rendered("fr/email/firm", "x", letter=Letter((), ("Quatremer",), "", "F-18", "x"))
PRIVATE = ("Quatremer", "quatremer", "33698765432", "F-18", "F-19", "secret-in-quarantine")


def book_two_sellers(pipeline: Pipeline) -> None:
    """One seller with a reminder that went out, tasks, something in quarantine; another with a C-18 of its own.

    One of the tasks is a letter, as if the reminder had been one.
    """
    services = pipeline.services
    pipeline.take(
        invoice_event(customer=OURS, invoice=LATE | {"id": "F-18", "number": "F-18"}, id="e-18"),
        invoice_event(customer=SILENT, invoice=LATE | {"id": "F-19", "number": "F-19"}, id="e-19"),
    )
    assert pipeline.deliver_due() == 1
    assert len(pipeline.tasks()) == 1
    with services.engine.begin() as connection:
        [row] = log.read(connection)
        [key] = accounts.find(connection, [(DEFAULT_SELLER, CustomerId("C-18"))]).values()
        letter = NewTask(row.attempt, DEFAULT_SELLER, key, "letter", row.step, ("F-18",), pipeline.now)
        tasks.open_tasks(connection, [letter])
        connection.execute(sa.update(attempts).values(message=attempts.c.message + keep(LETTER, ())))
        held = Quarantined(DEFAULT_SELLER, "event", "x", "secret-in-quarantine", b"{}", pipeline.now)
        quarantine.set_aside(connection, [held])
        history.suppress(connection, [(DEFAULT_SELLER, "email", EMAIL, "by_hand", pipeline.now)])
        sellers.ensure(connection, Seller(OTHER))
        sellers.add_key(connection, OTHER_KEY_ID, OTHER_KEY, OTHER)
    namesake = invoice_event(
        customer={"id": "C-18", "name": "Namesake"}, invoice=LATE | {"id": "F-1", "number": "F-1"}
    )
    told = receive(services, OTHER, [namesake], pipeline.now)
    intake(services, told.inbox_ids, pipeline.now)


def rows_of_first(connection: Connection) -> dict[str, list[Any]]:
    """All that the first seller has."""
    mine = [table for table in metadata.tables.values() if "seller" in table.c]
    asked = {one.name: connection.execute(sa.select(one).where(one.c.seller == DEFAULT_SELLER)) for one in mine}
    return {name: sorted(map(repr, rows)) for name, rows in asked.items()}
