"""Each second, hands what is due to the delivery workers, one by one; a beat that needs no worker."""

import time
from datetime import UTC, datetime

from sqlalchemy import select

from tests.bench.naive.models import Reminder, session
from tests.bench.naive.tasks import send_reminder

if __name__ == "__main__":
    while True:
        with session() as db:
            due = select(Reminder).where(Reminder.status == "planned", Reminder.due_at <= datetime.now(UTC))
            found = db.scalars(due.order_by(Reminder.due_at)).all()
            for reminder in found:
                reminder.status = "queued"
            db.commit()
            for reminder in found:
                send_reminder.delay(reminder.id)
        time.sleep(1)
