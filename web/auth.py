"""Whose events these are: an API key shown as a Bearer token, or a Standard Webhooks signature made with its secret.

Called by `web/events`: for a key before anything is read of the body, for a signature as soon as it is read. A key
says who the seller is.
"""

from __future__ import annotations

from collections.abc import Sequence

from standardwebhooks.webhooks import Webhook, WebhookVerificationError
from starlette.datastructures import Headers

from config.keys import webhook_secret
from config.wiring import Services
from store import sellers
from store.sellers import ActiveKey
from web.envelopes import Media
from web.refusals import unauthorized

MOST_CANDIDATES = 50
"""Keys whose secrets are tried for a signature that does not say which; with more keys, senders say `?key=<id>`."""

_HELP = "send Authorization: Bearer rk_…, or sign as Standard Webhooks does"


def key_shown(headers: Headers, media: Media) -> str | None:
    """The key that the request shows, None where it is signed instead; 401 for what cannot be anyone's."""
    shown = _bearer(headers)
    if shown is not None:
        return shown
    if "webhook-signature" not in headers:
        raise unauthorized(f"no key: {_HELP}")
    if media is Media.BINARY:  # what the signature does not cover could be changed on the way
        raise unauthorized("a signature does not cover ce-* headers: show a key, or send the event as the body")
    return None


def owner_of(services: Services, shown: str) -> ActiveKey:
    """The active key that was shown; 401 if it is nobody's."""
    with services.engine.connect() as connection:
        key = sellers.key_of(connection, shown)
    if key is None:
        raise unauthorized("the key is unknown or revoked")
    return key


def candidates_of(services: Services, key_id: str | None) -> Sequence[ActiveKey]:
    """The active keys whose signature it may be. `key_id` narrows them down."""
    with services.engine.connect() as connection:
        return sellers.active_keys(connection, MOST_CANDIDATES, key_id)


def signer_of(services: Services, candidates: Sequence[ActiveKey], headers: Headers, raw: bytes) -> ActiveKey:
    """The one of these keys whose secret signed this body; 401 if it is nobody's. Takes a while: asks no database."""
    secret_key = services.settings.secret_key
    if secret_key is None:
        raise unauthorized("signatures cannot be checked here, because RELANCE_SECRET_KEY is not set: show a key")
    secret = secret_key.get_secret_value()
    for one in candidates:
        if _is_signed(webhook_secret(secret, one.id), headers, raw):
            return one
    raise unauthorized("the signature is no active key's, or old")


def _bearer(headers: Headers) -> str | None:
    scheme, _, key = headers.get("authorization", "").strip().partition(" ")
    return key.strip() if scheme.lower() == "bearer" else None


def _is_signed(secret: str, headers: Headers, raw: bytes) -> bool:
    """Within five minutes of wall time. The package raises more than its own error on malformed input (probe)."""
    try:
        Webhook(secret).verify(raw, dict(headers), json_parse=False)
    except (WebhookVerificationError, ValueError):  # binascii.Error and UnicodeDecodeError are ValueErrors
        return False
    return True
