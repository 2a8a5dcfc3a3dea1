"""Signs what the simulators call back with, as Twilio and SendGrid sign it.

Called by `callbacks` and `events`. Written from the vendors' descriptions and not with their SDKs, so that
a client that verifies with the SDK is checked against a second implementation. It never verifies anything.
"""

import hmac
import random
from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Self

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

_P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def sign_twilio(token: str, url: str, params: Mapping[str, str]) -> str:
    """Return the `X-Twilio-Signature` of a form POST to `url`, which carries no fragment.

    Source: RequestValidator of twilio-python 9.13 (read 2026-11-22), which accepts it.
    """
    signed = url + "".join(name + params[name] for name in sorted(params))
    return b64encode(hmac.digest(token.encode(), signed.encode(), "sha1")).decode()


class EventSigner:
    """An ECDSA P-256 key that signs the SendGrid event webhook.

    Source: EventWebhook of sendgrid-python 6.12 (read 2026-11-22), which accepts it.
    """

    def __init__(self, key: ec.EllipticCurvePrivateKey) -> None:
        self._key = key

    @classmethod
    def from_seed(cls, seed: str) -> Self:
        """Return the one signer that belongs to `seed`."""
        number = random.Random(f"{seed}:event-key").randrange(1, _P256_ORDER)  # noqa: S311 - a pretend key
        return cls(ec.derive_private_key(number, ec.SECP256R1()))

    @classmethod
    def from_base64(cls, text: str) -> Self:
        """Return the signer of a private key in base64 of PKCS #8 DER; ValueError when it is no P-256 key."""
        key = serialization.load_der_private_key(b64decode(text), password=None)
        if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
            raise ValueError("must be an ECDSA P-256 key")  # noqa: TRY004 - one kind for all bad keys
        return cls(key)

    @property
    def public_key(self) -> str:
        """The public key in base64 of its DER form, which is how SendGrid shows its verification key."""
        der = self._key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return b64encode(der).decode()

    def sign(self, timestamp: str, body: bytes) -> str:
        """Return the base64 signature over the timestamp followed by the raw body."""
        return b64encode(self._key.sign(timestamp.encode() + body, ec.ECDSA(hashes.SHA256()))).decode()
