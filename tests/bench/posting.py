"""A billing system that posts a book of overdue invoices, and remembers when each was answered with 202."""

import json
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from urllib.parse import urlsplit

from tests.bench.site import TUESDAY_1000, Site
from tests.factories import Json, contact_data, invoice_event

_TAKEN = 202


def overdue(number: int) -> Json:
    """One customer's one invoice, five days late: a mail for every other customer, a text message for the rest."""
    contact = contact_data(email=mail_of(number), phone=phone_of(number), whatsapp=False)
    customer = {
        "id": f"C-{number}",
        "contacts": [contact],
        "preferred_channel": "sms" if number % 2 else "email",
    }
    due_on = TUESDAY_1000.date().replace(day=19)
    invoice = {"id": f"F-{number}", "number": f"F-{number}", "due_on": str(due_on)}
    return invoice_event(customer=customer, invoice=invoice, id=f"issued-{number}")


def mail_of(number: int) -> str:
    """The address that nobody else has."""
    return f"c{number}@bench.example"


def phone_of(number: int) -> str:
    """The number that nobody else has."""
    return f"+336{number:08}"


def bodies(numbers: Sequence[int], batch: int) -> list[bytes]:
    """The batches to post, written before the clock runs."""
    found = [numbers[at : at + batch] for at in range(0, len(numbers), batch)]
    return [json.dumps([overdue(number) for number in some]).encode() for some in found]


def post(it: Site, key: str, posts: Iterable[bytes], connections: int = 2) -> list[tuple[float, float]]:
    """Post all of it; when each batch was sent and answered (seconds since 1970), in order."""
    address = urlsplit(it.url)
    headers = {"Content-Type": "application/cloudevents-batch+json", "Authorization": f"Bearer {key}"}

    def one(body: bytes) -> tuple[float, float]:
        line = HTTPConnection(str(address.hostname), address.port or 80, timeout=60)
        sent_at = time.time()
        line.request("POST", "/v1/events", body, headers)
        answer = line.getresponse()
        text = answer.read()
        told_at = time.time()
        line.close()
        if answer.status != _TAKEN or json.loads(text)["rejected"]:
            raise AssertionError(f"not taken: {answer.status} {text[:200]!r}")
        return sent_at, told_at

    with ThreadPoolExecutor(connections) as pool:
        return list(pool.map(one, posts))
