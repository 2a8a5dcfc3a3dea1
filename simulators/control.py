"""`/_sim/...`: what a test or a demo asks the simulators, and tells them to do.

Routed by `server`. JSON in and out; a wrong request is answered 400 `{"error": "field: what is wrong"}`.
"""

import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import web

from simulators.receipts import post_form
from simulators.segments import count_segments
from simulators.switch_json import SIGNATURES, SwitchError, read_switch
from simulators.twilio_rules import API_VERSION
from simulators.world import World

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_WHATSAPP_WINDOW = timedelta(hours=24)
# The single words that Twilio itself acts on, for all our senders at once, which is simpler than Twilio is.
# Source: https://support.twilio.com/hc/en-us/articles/223134027 (read 2026-11-22).
_STOP_WORDS = frozenset({"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT"})
_START_WORDS = frozenset({"START", "YES", "UNSTOP"})


class Control:
    """The simulators' own verbs."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[web.RouteDef]:
        """Return the routes under `/_sim`."""
        return [
            web.get("/_sim/messages", self.messages),
            web.delete("/_sim/messages", self.forget),
            web.get("/_sim/requests", self.requests),
            web.get("/_sim/keys", self.keys),
            web.get("/_sim/switches", self.switches),
            web.post("/_sim/switches", self.switch),
            web.delete("/_sim/switches", self.unswitch),
            web.get("/_sim/config", self.config),
            web.post("/_sim/config", self.configure),
            web.post("/_sim/inbound", self.inbound),
        ]

    async def messages(self, request: web.Request) -> web.Response:
        """Return the accepted messages in order; `to`, `channel` and `refused` narrow them."""
        query = request.query
        shown = [
            message.show()
            for message in self._world.inbox.listed(query.get("to"))
            if query.get("channel", message.channel) == message.channel
            and query.get("refused", str(message.refused).lower()) == str(message.refused).lower()
        ]
        return web.json_response(shown)

    async def forget(self, request: web.Request) -> web.Response:
        """Forget messages and requests; switches and settings stay."""
        del request
        self._world.inbox.clear()
        self._world.requests.clear()
        return web.json_response({})

    async def requests(self, request: web.Request) -> web.Response:
        """Return the counts of all requests and calls back; with `to` or `detail` also each request."""
        world, to = self._world, request.query.get("to")
        shown: dict[str, Any] = {
            "total": world.requests.total(),
            "counts": world.requests.counts(),
            "callbacks": {**world.caller.counts, "pending": world.caller.pending + world.events.pending},
        }
        if to is not None or "detail" in request.query:
            shown["requests"] = [one.show() for one in world.requests.to(to)]
        return web.json_response(shown)

    async def keys(self, request: web.Request) -> web.Response:
        """Return the address, the credentials and the public key of this run."""
        return web.json_response(self._world.card(str(request.url.origin())))

    async def switches(self, request: web.Request) -> web.Response:
        """Return the switches that are set."""
        del request
        return web.json_response(self._world.switches.show())

    async def switch(self, request: web.Request) -> web.Response:
        """Set one switch, or several from a list."""
        data = await _read(request)
        for one in [read_switch(item) for item in (data if isinstance(data, list) else [data])]:
            self._world.switches.add(one)
        return web.json_response(self._world.switches.show(), status=201)

    async def unswitch(self, request: web.Request) -> web.Response:
        """Forget the switches, of `recipient` or all."""
        self._world.switches.clear(request.query.get("recipient"))
        return web.json_response(self._world.switches.show())

    async def config(self, request: web.Request) -> web.Response:
        """Return the settings that can change."""
        del request
        return web.json_response(self._settings())

    async def configure(self, request: web.Request) -> web.Response:
        """Change some settings."""
        wanted = {**self._settings(), **_read_settings(await _read(request))}
        world, until = self._world, datetime.now(UTC) + _WHATSAPP_WINDOW
        world.events.url, world.inbound_url = wanted["sendgrid_callback_url"], wanted["inbound_url"]
        world.suppressed = {address.lower() for address in wanted["suppressed"]}
        world.opted_out = set(wanted["opted_out"])
        world.whatsapp_open_until = dict.fromkeys(wanted["whatsapp_open"], until)
        return web.json_response(self._settings())

    def _settings(self) -> dict[str, Any]:
        world = self._world
        return {
            "sendgrid_callback_url": world.events.url,
            "inbound_url": world.inbound_url,
            "suppressed": sorted(world.suppressed),
            "opted_out": sorted(world.opted_out),
            "whatsapp_open": sorted(world.whatsapp_open_until),
        }

    async def inbound(self, request: web.Request) -> web.Response:
        """Let a person write to us: `from`, `to`, `body`, and if wanted `signature` and `times`."""
        data, url = await _read(request), self._world.inbound_url
        if not isinstance(data, dict) or not all(isinstance(data.get(n), str) for n in ("from", "to", "body")):
            raise SwitchError("inbound: from, to and body are required texts")
        signature, times = data.get("signature", "valid"), data.get("times", 1)
        if signature not in SIGNATURES or not isinstance(times, int):
            raise SwitchError(f"inbound: signature is one of {', '.join(SIGNATURES)}, times a number")
        if url is None:
            raise SwitchError("inbound: no inbound_url is set")
        form = self._inbound_form(data)
        if signature == "valid":
            self._note_wish(data["from"], data["body"])
        replies = [await post_form(self._world, url, form, signature) for _ in range(times)]
        return web.json_response({"message_sid": form["MessageSid"], "statuses": [r.status for r in replies]})

    def _inbound_form(self, data: dict[str, Any]) -> dict[str, str]:
        sid = self._world.next_id("SM")
        form = {
            "AccountSid": self._world.options.twilio_account_sid,
            "ApiVersion": API_VERSION,
            "Body": data["body"],
            "From": data["from"],
            "MessageSid": sid,
            "NumMedia": "0",
            "NumSegments": str(count_segments(data["body"])),
            "SmsMessageSid": sid,
            "SmsSid": sid,
            "SmsStatus": "received",
            "To": data["to"],
        }
        if data["from"].startswith("whatsapp:"):
            form["WaId"] = data["from"].removeprefix("whatsapp:+")
        return form

    def _note_wish(self, sender: str, body: str) -> None:
        """A WhatsApp message opens the 24-hour window; STOP and START by SMS are obeyed by Twilio itself."""
        if sender.startswith("whatsapp:"):
            self._world.whatsapp_open_until[sender] = datetime.now(UTC) + _WHATSAPP_WINDOW
        elif body.strip().upper() in _STOP_WORDS:
            self._world.opted_out.add(sender)
        elif body.strip().upper() in _START_WORDS:
            self._world.opted_out.discard(sender)


async def _read(request: web.Request) -> Any:
    try:
        return json.loads(await request.read())
    except ValueError:
        raise SwitchError("body: must be JSON") from None


_URLS = frozenset({"sendgrid_callback_url", "inbound_url"})
_LISTS = frozenset({"suppressed", "opted_out", "whatsapp_open"})


def _read_settings(data: Any) -> dict[str, Any]:
    if not isinstance(data, dict) or not data.keys() <= _URLS | _LISTS:
        raise SwitchError(f"config: known are {', '.join(sorted(_URLS | _LISTS))}")
    for name, value in data.items():
        if name in _URLS and not isinstance(value, str | None):
            raise SwitchError(f"{name}: must be a text or null")
        if name in _LISTS and not (isinstance(value, list) and all(isinstance(one, str) for one in value)):
            raise SwitchError(f"{name}: must be a list of texts")
    return data


@web.middleware
async def explain_refusals(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer 400 with the reason when a request of `/_sim` cannot be read."""
    try:
        return await handler(request)
    except SwitchError as wrong:
        return web.json_response({"error": str(wrong)}, status=400)
