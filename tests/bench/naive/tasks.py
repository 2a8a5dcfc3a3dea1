"""The tasks, one for each step and reminder. `celery -A tests.bench.naive.tasks worker` runs them."""

import os
from datetime import UTC, datetime, time
from decimal import Decimal
from zoneinfo import ZoneInfo

from celery import Celery

from tests.bench.naive.models import Customer, Event, Invoice, LogLine, Receipt, Reminder, session
from tests.bench.naive.sending import send

app = Celery("naive", broker=os.environ.get("NAIVE_BROKER"))
app.conf.task_ignore_result = True
app.conf.task_routes = {"tests.bench.naive.tasks.send_reminder": {"queue": "deliver"}}

HOURS = dict.fromkeys(range(7), (time.min, time.max))  # by weekday; all day, so that it can be measured at any time
RANKS = {
    "queued": 1,
    "processed": 2,
    "sent": 2,
    "delivered": 3,
    "undelivered": 3,
    "failed": 3,
    "bounce": 3,
    "dropped": 3,
}
"""Receipts may come in any order: what ranks lower does not take a word back."""


@app.task
def fold_event(event_id: int) -> None:
    """Make the customer and the invoice what the event says."""
    with session() as db:
        data = db.get_one(Event, event_id).data
        said, bill = data["customer"], data["invoice"]
        customer = db.get(Customer, said["id"]) or Customer(id=said["id"])
        customer.name, customer.timezone = said["name"], said["timezone"]
        customer.channel = said["preferred_channel"]
        customer.email, customer.phone = said["contacts"][0]["email"], said["contacts"][0]["phone"]
        db.add(customer)
        invoice = db.get(Invoice, bill["id"]) or Invoice(id=bill["id"], customer=customer)
        invoice.number, invoice.due_on = bill["number"], datetime.fromisoformat(bill["due_on"]).date()
        invoice.total, invoice.currency = Decimal(bill["total"]), bill["currency"]
        db.add(invoice)
        db.commit()
        plan_customer.delay(customer.id)


@app.task
def plan_customer(customer_id: str) -> None:
    """Plan a reminder if something is overdue and none is planned."""
    with session() as db:
        customer = db.get_one(Customer, customer_id)
        today = datetime.now(ZoneInfo(customer.timezone)).date()
        is_overdue = any(one.is_open and one.due_on < today for one in customer.invoices)
        if is_overdue and all(one.status != "planned" for one in customer.reminders):
            db.add(Reminder(customer=customer, channel=customer.channel, due_at=datetime.now(UTC)))
            db.commit()


@app.task
def send_reminder(reminder_id: int) -> None:
    """Send it, if it is still to be sent and the customer's day has begun; otherwise the loop finds it again."""
    with session() as db:
        reminder = db.get_one(Reminder, reminder_id)
        if reminder.status != "queued":
            return
        now = datetime.now(ZoneInfo(reminder.customer.timezone))
        opens, closes = HOURS[now.weekday()]
        invoices = [one for one in reminder.customer.invoices if one.is_open]
        if not opens <= now.time() <= closes:
            reminder.status = "planned"
        elif not invoices:
            reminder.status = "cancelled"
        else:
            reminder.provider_id, reminder.status = send(reminder, reminder.customer, invoices), "sent"
            db.add(LogLine(reminder=reminder, what="sent"))
        db.commit()


@app.task
def handle_receipt(receipt_id: int) -> None:
    """Note what has become of a reminder."""
    with session() as db:
        receipt = db.get_one(Receipt, receipt_id)
        reminder = db.get_one(Reminder, receipt.reminder_id)
        if RANKS.get(receipt.status, 0) > RANKS.get(reminder.status, 0):
            reminder.status = receipt.status
        db.add(LogLine(reminder=reminder, what=receipt.status))
        db.commit()
