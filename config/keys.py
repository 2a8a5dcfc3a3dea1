"""API keys and what is derived from them: signing secrets for webhooks, and signed tokens for pages.

Called by the command line, which makes and prints keys, and by the web edge, which checks what comes back. All
derivations hang on RELANCE_SECRET_KEY, so that one change of it takes back everything that was signed.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from datetime import UTC, datetime

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

KEY_PREFIX = "rk_"

LEAVE_PATH = "/u"
"""Where a reader puts his address out of use; the token follows."""

LOGIN = "login"
SESSION = "session"
"""What a token is for: one made for a link is no cookie, and the other way round."""


def new_key() -> tuple[str, str]:
    """A new key as (public id, key): `rk_` and 43 characters that hold 32 random bytes. Only its digest is kept."""
    return secrets.token_hex(8), KEY_PREFIX + secrets.token_urlsafe(32)


def webhook_secret(secret_key: str, key_id: str) -> str:
    """The Standard Webhooks secret that belongs to a key: `whsec_` and base64, for the sender's settings.

    Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md (2026-11)
    """
    return "whsec_" + base64.b64encode(_mac(secret_key, f"webhook:{key_id}")).decode()


def login_token(secret_key: str, key_id: str, expires: datetime) -> str:
    """What `/login?token=` takes until `expires` (wall time): a link that opens the pages without showing the key."""
    return sign_token(secret_key, LOGIN, key_id, expires)


def sign_token(secret_key: str, purpose: str, key_id: str, expires: datetime) -> str:
    """`<key id>.<expiry, Unix seconds>.<signature>`: proves until then that the key was shown for this purpose."""
    claim = f"{key_id}.{int(expires.timestamp())}"
    return f"{claim}.{_mac(secret_key, f'{purpose}:{claim}').hex()}"


def read_token(secret_key: str, purpose: str, token: str, wall: datetime) -> str | None:
    """The key's id, or None for a token that is forged, made for something else, or over. Never raises."""
    claim, _, signature = token.rpartition(".")
    key_id, _, expiry = claim.rpartition(".")
    expected = _mac(secret_key, f"{purpose}:{claim}").hex()
    if not hmac.compare_digest(expected.encode(), signature.encode("utf-8", "replace")):
        return None
    return key_id if wall < datetime.fromtimestamp(int(expiry), UTC) else None


def leave_token(secret_key: str, seller: str, address: str) -> str:
    """Names an address of a seller's to whoever holds the secret key, and to nobody else; it does not expire.

    Encrypted and signed in one, always to the same (AES-SIV): a mail may be read years later, nothing is kept for it,
    and no address stands in an address. Source: RFC 5297.
    """
    told = f"{seller}\x1f{address}".encode()
    return base64.urlsafe_b64encode(_sealing(secret_key).encrypt(told, [])).rstrip(b"=").decode()


def read_leave_token(secret_key: str, token: str) -> tuple[str, str] | None:
    """The seller and the address; None for a token that is forged or was signed by another key. Never raises."""
    try:
        sealed = base64.b64decode(token.encode() + b"=" * (-len(token) % 4), altchars=b"-_", validate=True)
        seller, _, address = _sealing(secret_key).decrypt(sealed, []).decode().partition("\x1f")
    except (InvalidTag, ValueError):
        return None
    return seller, address


def _sealing(secret_key: str) -> AESSIV:
    return AESSIV(hmac.digest(secret_key.encode(), b"leave", hashlib.sha512))


def _mac(secret_key: str, words: str) -> bytes:
    return hmac.digest(secret_key.encode(), words.encode("utf-8", "replace"), hashlib.sha256)
