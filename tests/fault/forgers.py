"""Strangers who report in a provider's name on messages that did go out, and lie: lost, failed, bounced, not wanted.

Whoever believes one of them sends another message, or takes a good address out of use: both are looked for.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import cycle
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urldefrag, urlencode
from urllib.request import Request, urlopen

from channels.twilio.callbacks import INBOUND_PATH
from simulators.signing import EventSigner, sign_twilio
from tests.factories import Json
from tests.fault.book import Cohort
from tests.fault.installation import Installation
from tests.fault.judge import Breach
from tests.fault.scene import Scene
from tests.fault.seen import Physical

_TWILIO = "X-Twilio-Signature"
_SENDGRID = "X-Twilio-Email-Event-Webhook-"
_TEXT_LIES = (
    {"MessageStatus": "undelivered", "ErrorCode": "30005"},
    {"MessageStatus": "failed", "ErrorCode": "21610"},
)
_MAIL_LIES = (
    {"event": "bounce", "type": "bounce", "status": "5.1.1", "reason": "550 unknown user"},
    {"event": "dropped", "reason": "Bounced Address"},
    {"event": "spamreport"},
)
_BELIEVED_WITHIN_S = 3.0


@dataclass(frozen=True, slots=True)
class Forger:
    """What a stranger has to sign with: keys of his own, or none."""

    signs: bool

    def twilio(self, url: str, form: Mapping[str, str]) -> Request:
        """A form, as Twilio posts it."""
        headers = {_TWILIO: sign_twilio("a forger's token", url, form)} if self.signs else {}
        return Request(url, urlencode(form).encode(), headers)  # noqa: S310 - loopback

    def sendgrid(self, url: str, event: Json) -> Request:
        """An event, as SendGrid posts it."""
        body, stamp = json.dumps([event]).encode(), str(int(time.time()))
        headers = {"Content-Type": "application/json", f"{_SENDGRID}Timestamp": stamp}
        if self.signs:
            headers[f"{_SENDGRID}Signature"] = EventSigner.from_seed("a forger").sign(stamp, body)
        return Request(url, body, headers)  # noqa: S310 - loopback


def lies_of(forger: Forger) -> Callable[[Scene], None]:
    """When everybody has been written to, a lie on each message."""

    def strike(scene: Scene) -> None:
        scene.until(lambda: scene.called() == len(scene.cohort.debtors), "every call")
        mine = {address for one in scene.cohort.debtors for address in one.address.values()}
        found = [message for message in scene.it.simulator.messages() if message["to"] in mine]
        for lie in _lies(forger, scene.it, found):
            _post(lie)
        scene.wait(_BELIEVED_WITHIN_S)

    return strike


def _lies(forger: Forger, it: Installation, messages: list[dict[str, Any]]) -> Iterator[Request]:
    of_texts, of_mails = cycle((*_TEXT_LIES, None)), cycle(_MAIL_LIES)
    for message in messages:
        if message["channel"] == "email":
            about = {"email": message["to"], "sg_message_id": f"{message['id']}.x", **message["custom_args"]}
            event = {**about, "timestamp": int(time.time()), **next(of_mails)}
            yield forger.sendgrid(f"{it.url}/callbacks/sendgrid", event)
        elif (lie := next(of_texts)) is None:
            stop = {"MessageSid": f"SM{message['id'][:1:-1]}", "Body": "STOP"}
            yield forger.twilio(it.url + INBOUND_PATH, {**stop, "From": message["to"], "To": message["from"]})
        else:
            form = {"MessageSid": message["id"], "To": message["to"], "From": message["from"], **lie}
            yield forger.twilio(urldefrag(message["status_callback"]).url, form)


def _post(lie: Request) -> None:
    """Whatever is answered: what counts is what comes of it."""
    try:
        with urlopen(lie, timeout=15) as answer:  # noqa: S310 - loopback
            answer.read()
    except HTTPError as refused:
        refused.close()


def out_of_use(it: Installation, cohort: Cohort, _seen: Physical) -> Iterator[Breach]:
    """Good addresses to which nobody writes any more."""
    for one in it.read("suppress", "--list", "--seller", cohort.name):
        yield Breach(f"an address is out of use over {one['channel']}: {one['reason']}", cohort.name)
