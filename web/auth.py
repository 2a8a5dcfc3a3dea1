"""Whose events these are: an API key shown as a Bearer token, or a Standard Webhooks signature made with its secret.

Called by `web/events` before anything is read from the body. A seller's own key says who the seller is.
"""

from __future__ import annotations

from standardwebhooks.webhooks import Webhook, WebhookVerificationError
from starlette.datastructures import Headers

from config.keys import webhook_secret
from config.wiring import Services
from domain.ids import SellerId
from store import sellers
from store.engine import Connection
from store.sellers import ActiveKey
from web.envelopes import Media
from web.refusals import unauthorized

MOST_CANDIDATES = 50
"""Keys whose secrets are tried for a signature that does not say which; with more keys, senders say `?key=<id>`."""

_HELP = "send Authorization: Bearer rk_…, or sign as Standard Webhooks does"


def refuse_strangers(headers: Headers, media: Media) -> None:
    """401 for what cannot be anyone's, before its body is read."""
    if _bearer(headers) is not None:
        return
    if "webhook-signature" not in headers:
        raise unauthorized(f"no key: {_HELP}")
    if media is Media.BINARY:  # what the signature does not cover could be changed on the way
        raise unauthorized("a signature does not cover ce-* headers: show a key, or send the event as the body")


def seller_of(
    connection: Connection, services: Services, headers: Headers, raw: bytes, key_id: str | None
) -> SellerId:
    """The seller that the request speaks for; 401 if it is nobody's. `key_id` narrows whose signature it may be."""
    shown = _bearer(headers)
    if shown is not None:
        key, problem = sellers.key_of(connection, shown), "the key is unknown or revoked"
    else:
        key, problem = _signer(connection, services, headers, raw, key_id), "the signature is no active key's, or old"
    if key is None:
        raise unauthorized(problem)
    return key.seller


def _bearer(headers: Headers) -> str | None:
    scheme, _, key = headers.get("authorization", "").strip().partition(" ")
    return key.strip() if scheme.lower() == "bearer" else None


def _signer(
    connection: Connection, services: Services, headers: Headers, raw: bytes, key_id: str | None
) -> ActiveKey | None:
    secret_key = services.settings.secret_key
    if secret_key is None:
        raise unauthorized("signatures cannot be checked here, because RELANCE_SECRET_KEY is not set: show a key")
    candidates = sellers.active_keys(connection, MOST_CANDIDATES, key_id)
    secret = secret_key.get_secret_value()
    return next((one for one in candidates if _is_signed(webhook_secret(secret, one.id), headers, raw)), None)


def _is_signed(secret: str, headers: Headers, raw: bytes) -> bool:
    """Within five minutes of wall time. The package raises more than its own error on malformed input (probe)."""
    try:
        Webhook(secret).verify(raw, dict(headers), json_parse=False)
    except (WebhookVerificationError, ValueError):  # binascii.Error and UnicodeDecodeError are ValueErrors
        return False
    return True
