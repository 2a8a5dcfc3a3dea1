"""Twilio's Messages resource over HTTP, as twilio-python uses it: create, list, fetch.

Routed by `server`. Words and rules are in `twilio_rules`, receipts in `receipts`.
"""

import json
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import partial
from itertools import islice
from urllib.parse import parse_qsl, urlencode

from aiohttp import web

from simulators.answers import Answer, respond
from simulators.exchange import Accepted, Sending, exchange
from simulators.faults import Behaviour, Fault, FaultKind
from simulators.inbox import Message
from simulators.receipts import send_receipts, statuses_of
from simulators.twilio_rules import (
    API_VERSION,
    JSON_TYPE,
    VENDOR,
    error,
    read_variables,
    refusal,
    show_message,
)
from simulators.world import World

_DEFAULT_PAGE = 50
_LARGEST_PAGE = 1000
_OUTSIDE_WINDOW = Fault(FaultKind.UNDELIVERED, code=63016, outcome="failed")


class Twilio:
    """The account of this run."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._account = world.options.twilio_account_sid
        login = f"{self._account}:{world.options.twilio_auth_token}"
        self._authorization = f"Basic {b64encode(login.encode()).decode()}"

    def routes(self) -> list[web.RouteDef]:
        """Return the routes of this vendor."""
        messages = f"/{API_VERSION}/Accounts/{{account}}/Messages"
        return [
            web.post(f"{messages}.json", self.create_message),
            web.get(f"{messages}.json", self.list_messages),
            web.get(f"{messages}/{{sid}}.json", self.fetch_message),
        ]

    async def create_message(self, request: web.Request) -> web.StreamResponse:
        """Send a message."""
        form = dict(parse_qsl((await request.read()).decode(errors="replace"), keep_blank_values=True))
        to = form.get("To", "")
        if not self._is_allowed(request):
            return self._refuse("send", to, 20003)
        channel = "whatsapp" if to.startswith("whatsapp:") else "sms"
        sending = Sending(to, channel, partial(self._accept, form, channel))
        return await exchange(self._world, request, VENDOR, sending)

    async def list_messages(self, request: web.Request) -> web.StreamResponse:
        """List messages, newest first, in pages."""
        query = request.query
        to = query.get("To")
        if not self._is_allowed(request):
            return self._refuse("list", to or "", 20003)
        try:
            size = min(max(int(query.get("PageSize", _DEFAULT_PAGE)), 1), _LARGEST_PAGE)
            found = list(islice(self._select(to, query), size + 1))
            page = self._page(query, found[:size], size, more=len(found) > size)
        except ValueError:  # a number or a date that is none
            return self._refuse("list", to or "", 20001)
        self._world.note(VENDOR.name, "list", to or "", "listed")
        return respond(_json(200, page))

    async def fetch_message(self, request: web.Request) -> web.StreamResponse:
        """Return one message."""
        sid = request.match_info["sid"]
        message = self._world.inbox.find(sid)
        if not self._is_allowed(request):
            return self._refuse("fetch", "", 20003)
        if message is None:
            return self._refuse("fetch", "", 20404)
        self._world.note(VENDOR.name, "fetch", message.to, "fetched")
        return respond(_json(200, show_message(message, self._account)))

    def _is_allowed(self, request: web.Request) -> bool:
        given = request.headers.get("Authorization")
        return given == self._authorization and request.match_info["account"] == self._account

    def _refuse(self, verb: str, to: str, code: int) -> web.Response:
        answer = error(code)
        self._world.note(VENDOR.name, verb, to, answer.outcome)
        return respond(answer)

    def _accept(self, form: Mapping[str, str], channel: str, behaviour: Behaviour) -> Accepted | Answer:
        code = refusal(form)
        if code is None and channel == "sms" and form["To"] in self._world.opted_out:
            code = 21610
        if code is not None:
            return error(code)
        message = self._read(form, channel)
        fault = behaviour.fault if _is_undelivered(behaviour.fault) else self._window_fault(message)
        message.refused = fault is not None
        self._world.inbox.accept(message)
        answer = _json(201, show_message(message, self._account))
        receipts = partial(send_receipts, self._world, message, behaviour.callbacks, statuses_of(channel, fault))
        return Accepted(answer, receipts)

    def _read(self, form: Mapping[str, str], channel: str) -> Message:
        return Message(
            id=self._world.next_id("SM"),
            provider=VENDOR.name,
            channel=channel,
            to=form["To"],
            from_=form.get("From", ""),
            accepted_at=datetime.now(UTC),
            text=form.get("Body"),
            content_sid=form.get("ContentSid"),
            content_variables=read_variables(form),
            status_callback=form.get("StatusCallback") or None,
            validity_period=int(form["ValidityPeriod"]) if "ValidityPeriod" in form else None,
            messaging_service_sid=form.get("MessagingServiceSid"),
        )

    def _window_fault(self, message: Message) -> Fault | None:
        """Free text over WhatsApp fails unless the recipient wrote within 24 hours.

        See https://www.twilio.com/docs/api/errors/63016.
        """
        if message.channel != "whatsapp" or message.content_sid is not None:
            return None
        until = self._world.whatsapp_open_until.get(message.to)
        return None if until is not None and message.accepted_at < until else _OUTSIDE_WINDOW

    def _select(self, to: str | None, query: Mapping[str, str]) -> Iterator[Message]:
        sender, wanted = query.get("From"), _date_filter(query)
        before = int(query["PageToken"].removeprefix("PA")) if "PageToken" in query else None
        for message in reversed(self._world.inbox.listed(to)):
            if message.provider != VENDOR.name or (before is not None and message.sequence >= before):
                continue
            if sender in {None, message.from_} and wanted(message.accepted_at):
                yield message

    def _page(self, query: Mapping[str, str], page: list[Message], size: int, *, more: bool) -> dict[str, object]:
        base = f"/{API_VERSION}/Accounts/{self._account}/Messages.json"
        number = int(query.get("Page", 0))
        filters = {name: value for name, value in query.items() if name not in {"Page", "PageToken", "PageSize"}}
        this = {**filters, "PageSize": str(size)}
        following = {**this, "Page": str(number + 1), "PageToken": f"PA{page[-1].sequence}"} if more else None
        return {
            "messages": [show_message(message, self._account) for message in page],
            "first_page_uri": f"{base}?{urlencode({**this, 'Page': '0'})}",
            "next_page_uri": f"{base}?{urlencode(following)}" if following else None,
            "previous_page_uri": None,
            "page": number,
            "page_size": size,
            "start": number * size,
            "end": number * size + max(len(page) - 1, 0),
            "uri": f"{base}?{urlencode(dict(query))}",
        }


def _is_undelivered(fault: Fault | None) -> bool:
    return fault is not None and fault.kind is FaultKind.UNDELIVERED


def _json(status: int, body: object) -> Answer:
    return Answer(status, "accepted", json.dumps(body).encode(), JSON_TYPE)


def _date_filter(query: Mapping[str, str]) -> Callable[[datetime], bool]:
    """Return the test of DateSent: a GMT date; with `<` or `>` also an instant. Both ends are included.

    Source: MessageList.list of twilio-python 9.13 (read 2026-11-22).
    """
    on, until, since = (query.get(name) for name in ("DateSent", "DateSent<", "DateSent>"))
    day = None if on is None else _instant(on).date()
    first = None if since is None else _instant(since)
    last = None if until is None else _instant(until) + (_rest_of_day(until))

    def is_wanted(at: datetime) -> bool:
        at = at.replace(microsecond=0)
        return (day is None or at.date() == day) and (first is None or at >= first) and (last is None or at <= last)

    return is_wanted


def _instant(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def _rest_of_day(text: str) -> timedelta:
    is_date = len(text) == len(date.min.isoformat())
    return timedelta(days=1, seconds=-1) if is_date else timedelta()
