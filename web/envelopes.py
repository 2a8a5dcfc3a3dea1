"""From a request to CloudEvents as parsed JSON, in each of the ways in which one may travel over HTTP.

    application/cloudevents-batch+json                 a list of whole events
    application/cloudevents+json                       one whole event
    application/json with ce-* headers                 the body is `data`, the headers are the rest (binary mode)
    application/json with a webhook-id header          `{type, timestamp, data}` of Standard Webhooks
    application/json with neither                      a whole event, or a list of them, from who forgot the header

A body that is a whole event (it has a `specversion`) is one under either header. Nothing here invents an id, and
nothing here judges an event: `read_event` does, and says which field is wrong.
Source: CloudEvents HTTP binding 1.0.2; Standard Webhooks specification (read 2026-11-22).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import assert_never
from urllib.parse import unquote

from starlette.datastructures import Headers

from domain.exact_json import JsonError, read_json
from web.refusals import Refusal

MOST_EVENTS = 500

_CHARSET = re.compile(r';\s*charset\s*=\s*"?([^\s;"]*)', re.IGNORECASE)
_UTF_8 = frozenset({"utf-8", "utf8", "us-ascii"})


class Media(Enum):
    """How the events travel."""

    BATCH = "application/cloudevents-batch+json"
    STRUCTURED = "application/cloudevents+json"
    BINARY = "application/json with ce-* headers"
    WEBHOOK = "application/json with webhook-* headers"
    PLAIN = "application/json"


@dataclass(frozen=True, slots=True)
class Envelope:
    """The events as parsed JSON, not yet looked into. A batch is answered with 202 whatever is wrong inside."""

    events: list[object]
    is_batch: bool = False


def media_of(headers: Headers) -> Media:
    """How the events travel, by the headers alone. 415 names what would be taken."""
    content_type = headers.get("content-type", "")
    charset = _CHARSET.search(content_type)
    if charset and charset[1].lower() not in _UTF_8:
        raise Refusal(415, f"content-type: the charset is utf-8, not {charset[1][:20]!r}")
    match content_type.partition(";")[0].strip().lower():
        case Media.BATCH.value:
            return Media.BATCH
        case Media.STRUCTURED.value:
            return Media.STRUCTURED
        case Media.PLAIN.value if any(name.startswith("ce-") for name in headers):
            return Media.BINARY
        case Media.PLAIN.value:
            return Media.WEBHOOK if "webhook-id" in headers else Media.PLAIN
        case _:
            known = f"{Media.STRUCTURED.value}, {Media.BATCH.value} or {Media.PLAIN.value}"
            raise Refusal(415, f"content-type: {known} is taken here")


def open_envelope(media: Media, headers: Headers, raw: bytes) -> Envelope:
    """The events in a body. 400 where it is not JSON, 413 where there are too many."""
    try:
        body = read_json(raw)
    except JsonError as error:
        raise Refusal(400, str(error)) from None
    match media:
        case Media.BATCH if not isinstance(body, list):
            raise Refusal(400, "a batch is a JSON array of events")
        case Media.BATCH | Media.PLAIN if isinstance(body, list):
            return _batch(body)
        case Media.BATCH | Media.STRUCTURED | Media.PLAIN:
            return Envelope([body])
        case Media.BINARY:
            return Envelope([_attributes(headers) | {"data": body}])
        case Media.WEBHOOK:
            return Envelope([_from_webhook(body, headers["webhook-id"])])
        case _:
            assert_never(media)


def _batch(events: list[object]) -> Envelope:
    if len(events) > MOST_EVENTS:
        raise Refusal(413, f"a batch holds {len(events)} events; at most {MOST_EVENTS} are taken")
    return Envelope(events, is_batch=True)


def _from_webhook(body: object, webhook_id: str) -> object:
    """`timestamp` is when it happened. The header of that name is when it was sent: every retry has another one."""
    if not isinstance(body, dict) or "specversion" in body:
        return body
    rest = {name: value for name, value in body.items() if name != "timestamp"}
    event = {"source": "webhook", "time": body.get("timestamp")} | rest
    return event | {"specversion": "1.0", "id": webhook_id}


def _attributes(headers: Headers) -> dict[str, object]:
    found: dict[str, object] = {}
    for header, value in headers.items():
        if header.startswith("ce-"):
            name = header.removeprefix("ce-")
            if name in found:
                raise Refusal(400, f"{header}: comes twice")
            found[name] = _decoded(header, value)
    return found


def _decoded(header: str, value: str) -> str:
    """A header's text: quotes and their backslashes first, then one round of percent-decoding, as UTF-8.

    Source: CloudEvents HTTP binding 1.0.2, section 3.1.3.2 (read 2026-11-22).
    """
    bare = value.strip()
    if len(bare) > 1 and bare[0] == bare[-1] == '"':
        bare = re.sub(r"\\(.)", r"\1", bare[1:-1])
    try:
        return unquote(bare.encode("latin-1").decode(), errors="strict")
    except UnicodeDecodeError:
        raise Refusal(400, f"{header}: is not UTF-8") from None
