"""The web process: events in, callbacks in; each is stored, then a task is told. Run by uvicorn."""

from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel

from tests.bench.naive import tasks
from tests.bench.naive.models import Event, Receipt, session

app = FastAPI()


class Contact(BaseModel):
    """A person."""

    email: str
    phone: str


class Customer(BaseModel):
    """Who owes."""

    id: str
    name: str
    timezone: str
    preferred_channel: str
    contacts: list[Contact]


class Invoice(BaseModel):
    """What is owed."""

    id: str
    number: str
    due_on: date
    currency: str
    total: Decimal


class Data(BaseModel):
    """What an event says."""

    customer: Customer
    invoice: Invoice


class Posted(BaseModel):
    """An event as it is posted."""

    id: str
    type: str
    data: Data


@app.post("/v1/events", status_code=202)
def post_events(events: list[Posted]) -> dict[str, int]:
    """Store them, and let each be folded."""
    with session() as db:
        rows = [Event(event_id=one.id, type=one.type, data=one.data.model_dump(mode="json")) for one in events]
        for row in rows:
            db.add(row)
        db.commit()
        for row in rows:
            tasks.fold_event.delay(row.id)
    return {"accepted": len(rows)}


@app.post("/callbacks/twilio")
async def twilio_callback(reminder: int, request: Request) -> None:
    """Store a status callback."""
    form = dict(parse_qsl((await request.body()).decode()))
    await run_in_threadpool(_store, [(reminder, form["MessageStatus"], form)])


@app.post("/callbacks/sendgrid")
def sendgrid_callback(events: list[dict[str, Any]]) -> None:
    """Store the events of a batch."""
    _store([(int(one["reminder"]), one["event"], one) for one in events])


def _store(told: list[tuple[int, str, dict[str, Any]]]) -> None:
    with session() as db:
        rows = [Receipt(reminder_id=reminder, status=status, payload=said) for reminder, status, said in told]
        for row in rows:
            db.add(row)
        db.commit()
        for row in rows:
            tasks.handle_receipt.delay(row.id)
