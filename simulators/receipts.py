"""Twilio's status callbacks and inbound messages: forms, signed, posted to the client.

Called by `twilio` and `control`. The signature covers the URL without its fragment, which only says how
often and how long to try.
"""

from collections.abc import Mapping
from urllib.parse import urldefrag, urlencode

from simulators.caller import Policy, Reply
from simulators.faults import CallbackPlan, Fault
from simulators.inbox import Message
from simulators.signing import sign_twilio
from simulators.twilio_rules import API_VERSION, MESSAGES
from simulators.world import World

_FORM = "application/x-www-form-urlencoded; charset=UTF-8"


def statuses_of(channel: str, fault: Fault | None) -> list[tuple[str, int | None]]:
    """Return the statuses of a message in order, each with its error code; without a fault it arrives.

        queued ── sent ─┬─ delivered ── read (WhatsApp only)
          └─ failed     └─ undelivered

    See https://www.twilio.com/docs/messaging/guides/outbound-message-status-in-status-callbacks.
    """
    if fault is None:
        end = ["delivered", "read"] if channel == "whatsapp" else ["delivered"]
        return [(status, None) for status in ("queued", "sent", *end)]
    code = fault.code or 30003
    if fault.outcome == "failed":
        return [("queued", None), ("failed", code)]
    return [("queued", None), ("sent", None), ("undelivered", code)]


async def send_receipts(
    world: World, message: Message, plan: CallbackPlan, statuses: list[tuple[str, int | None]]
) -> None:
    """Walk a message through its statuses, and tell the client of each as the plan says."""
    if message.status_callback is not None:
        for status, code in world.arrange(statuses, plan):
            await world.wait_before_receipt(plan)
            message.status, message.error_code = status, code
            await _post_status(world, message, plan.signature)
    message.status, message.error_code = statuses[-1]


async def _post_status(world: World, message: Message, signature: str) -> None:
    form = {
        "AccountSid": world.options.twilio_account_sid,
        "ApiVersion": API_VERSION,
        "From": message.from_,
        "MessageSid": message.id,
        "MessageStatus": message.status,
        "SmsSid": message.id,
        "SmsStatus": message.status,
        "To": message.to,
    }
    if message.messaging_service_sid is not None:
        form["MessagingServiceSid"] = message.messaging_service_sid
    if message.error_code is not None:
        form["ErrorCode"] = str(message.error_code)
        form["ErrorMessage"] = MESSAGES.get(message.error_code, "")
    await post_form(world, message.status_callback or "", form, signature)


async def post_form(world: World, url: str, form: Mapping[str, str], signature: str) -> Reply:
    """Post a form as Twilio does, with a `valid`, `forged` or `missing` signature."""
    target, fragment = urldefrag(url)
    headers = {"Content-Type": _FORM, "User-Agent": "TwilioProxy/1.1", "I-Twilio-Idempotency-Token": world.next_id()}
    if signature != "missing":
        token = world.options.twilio_auth_token if signature == "valid" else "a forger's token"
        headers["X-Twilio-Signature"] = sign_twilio(token, target, form)
    return await world.caller.post(lambda: target, urlencode(form).encode(), headers, Policy.of_fragment(fragment))
