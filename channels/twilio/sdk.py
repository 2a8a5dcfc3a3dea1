"""The real twilio package over our transport; `sending` calls it. It never logs, and keeps the answer's headers."""

from __future__ import annotations

import base64
import logging
from contextvars import ContextVar
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from twilio.http import AsyncHttpClient
from twilio.http.response import Response
from twilio.rest import Client

if TYPE_CHECKING:
    from collections.abc import Mapping

    from channels.http import Answer, Transport

last_answer: ContextVar[Answer | None] = ContextVar("twilio_last_answer", default=None)
"""The answer behind the SDK's last call in this task: its exceptions drop the headers, and Retry-After with them."""


def client_over(transport: Transport, account_sid: str, auth_token: str, api_url: str | None) -> Client:
    """The SDK's client; `api_url` replaces Twilio's own address. Nothing is opened before the first call."""
    # The environment is not empty, because in place of an empty one the SDK reads the process's (TWILIO_EDGE …).
    own = {"TWILIO_ACCOUNT_SID": account_sid}
    http = _SdkTransport(transport)
    client = Client(account_sid, auth_token, http_client=http, environment=own)
    if api_url:
        client.api.base_url = api_url
    return client


class _SdkTransport(AsyncHttpClient):  # type: ignore[misc] # the package is published without types
    """Our transport in the SDK's shape. The SDK's own client has no time-outs and logs every request (probe)."""

    def __init__(self, transport: Transport) -> None:
        super().__init__(logging.getLogger(__name__), is_async=True)
        self._transport = transport

    async def request(
        self,
        method: str,
        uri: str,
        params: Mapping[str, object] | None = None,
        data: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,  # noqa: ARG002, ASYNC109 - the SDK's shape; the time-outs are the transport's
        allow_redirects: bool = False,  # noqa: ARG002 - the SDK's shape; the transport never follows any
    ) -> Response:
        url = f"{uri}?{urlencode(params)}" if params else uri
        login = {"Authorization": _basic(*auth)} if auth else {}
        body = urlencode(data, doseq=True).encode() if data else None
        answer = await self._transport.request(method, url, headers={**(headers or {}), **login}, body=body)
        last_answer.set(answer)
        return Response(answer.status, answer.body.decode(errors="replace"), answer.headers)


def _basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
