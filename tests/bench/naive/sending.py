"""Writes a reminder and sends it through the vendors' packages. A client for each thread: they promise no more."""

import os
import threading
from collections.abc import Sequence

from jinja2 import Environment
from sendgrid import SendGridAPIClient
from sendgrid.helpers.mail import CustomArg, Mail
from twilio.rest import Client

from tests.bench.naive.models import Customer, Invoice, Reminder

SUBJECT = "Rappel : {{ invoices | map(attribute='number') | join(', ') }}"
TEXT = """Bonjour {{ customer.name }},
{% for one in invoices %}
La facture {{ one.number }} de {{ one.total }} {{ one.currency }} était à régler le {{ one.due_on }}.
{%- endfor %}

Merci de la régler, ou de nous écrire si quelque chose ne va pas.
"""
HTML = """<html><body><p>Bonjour {{ customer.name }},</p><table>
{% for one in invoices %}<tr><td>{{ one.number }}</td><td>{{ one.due_on }}</td>
<td>{{ one.total }} {{ one.currency }}</td></tr>{% endfor %}
</table><p>Merci de la régler, ou de nous écrire si quelque chose ne va pas.</p></body></html>
"""
_mine = threading.local()


def send(reminder: Reminder, customer: Customer, invoices: Sequence[Invoice]) -> str:
    """The provider's id of the message."""
    if reminder.channel == "sms":
        return _send_sms(reminder, customer.phone, _render(TEXT, customer, invoices))
    subject, text, html = (_render(one, customer, invoices) for one in (SUBJECT, TEXT, HTML))
    mail = Mail("reminders@naive.example", customer.email, subject, text, html)
    mail.add_custom_arg(CustomArg("reminder", str(reminder.id)))
    if not hasattr(_mine, "sendgrid"):
        _mine.sendgrid = SendGridAPIClient(os.environ["NAIVE_SENDGRID_KEY"], os.environ["NAIVE_PROVIDER"])
    return str(_mine.sendgrid.send(mail).headers["X-Message-Id"])


def _send_sms(reminder: Reminder, phone: str, text: str) -> str:
    if not hasattr(_mine, "twilio"):
        _mine.twilio = Client(os.environ["NAIVE_TWILIO_SID"], os.environ["NAIVE_TWILIO_TOKEN"])
        _mine.twilio.api.base_url = os.environ["NAIVE_PROVIDER"]
    callback = f"{os.environ['NAIVE_URL']}/callbacks/twilio?reminder={reminder.id}"
    message = _mine.twilio.messages.create(to=phone, from_="+15005550006", body=text, status_callback=callback)
    return str(message.sid)


def _render(template: str, customer: Customer, invoices: Sequence[Invoice]) -> str:
    environment = Environment(autoescape=template is HTML)  # noqa: S701 - only HTML is escaped
    return environment.from_string(template).render(customer=customer, invoices=invoices)
