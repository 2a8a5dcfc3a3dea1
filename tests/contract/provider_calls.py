"""Sends with the real SDKs, and checks of signatures with them; shared by the tests of the simulators."""

from sendgrid import SendGridAPIClient
from sendgrid.helpers.eventwebhook import EventWebhook
from sendgrid.helpers.mail import CustomArg, Mail
from twilio.request_validator import RequestValidator
from twilio.rest import Client

from tests.simulator_process import Simulator
from tests.webhook_receiver import Posted, Receiver

PHONE, FROM, MAIL = "+33612345678", "+33700000001", "anne@example.com"


def send_sms(client: Client, receiver: Receiver, fragment: str = "") -> str:
    """Send a text whose status is reported to the receiver; return its id."""
    callback = f"{receiver.url}/status?attempt=a%2F1&x=%C3%A9{fragment}"
    return str(client.messages.create(to=PHONE, from_=FROM, body="Été à 5 €", status_callback=callback).sid)


def send_whatsapp(client: Client, receiver: Receiver) -> str:
    """Send a template over WhatsApp; return its id."""
    to, sender, callback = f"whatsapp:{PHONE}", f"whatsapp:{FROM}", f"{receiver.url}/status"
    content_sid = f"HX{'0' * 32}"
    sent = client.messages.create(to=to, from_=sender, content_sid=content_sid, status_callback=callback)
    return str(sent.sid)


def send_mail(client: SendGridAPIClient) -> str:
    """Send a mail with a custom argument; return its id."""
    mail = Mail("billing@example.org", MAIL, "Invoice", "Hello")
    mail.add_custom_arg(CustomArg("attempt", "a-17"))
    return str(client.send(mail).headers["X-Message-Id"])


def is_signed_by_twilio(simulator: Simulator, receiver: Receiver, posted: Posted) -> bool:
    """Tell whether the SDK's validator accepts the call."""
    validator = RequestValidator(simulator.twilio_auth_token)
    signature = posted.headers.get("X-Twilio-Signature", "")
    return bool(validator.validate(receiver.url + posted.path, posted.form, signature))


def is_signed_by_sendgrid(simulator: Simulator, posted: Posted) -> bool:
    """Tell whether the SDK's verifier accepts the call."""
    headers = {name.lower(): value for name, value in posted.headers.items()}
    signature = headers["x-twilio-email-event-webhook-signature"]
    timestamp = headers["x-twilio-email-event-webhook-timestamp"]
    verifier = EventWebhook(simulator.sendgrid_public_key)
    return bool(verifier.verify_signature(posted.body.decode(), signature, timestamp))
