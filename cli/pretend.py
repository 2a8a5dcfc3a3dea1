"""The provider simulators, started for the providers that nobody has set up. Used by `installation` and `demo`.

Nothing that is sent to them leaves this machine; what they would have delivered can be asked of them.
"""

from __future__ import annotations

import hashlib
import json
import sys
import time
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from channels.words import LOCALES
from config.embedded.guarded import EmbeddedError
from config.embedded.logs import last_words, log_size
from config.embedded.processes import Processes
from config.wiring import Settings
from domain.levels import Level

NAME = "simulators"

_START_S = 30.0
_ASK_S = 10.0
_TWILIO_NUMBER = "+15005550006"
"""Twilio's own number for tests. Source: https://www.twilio.com/docs/iam/test-credentials (read 2026-11-22)."""
_MAIL_FROM = "reminders@relance.example"


def wants_twilio(given: Settings) -> bool:
    """Whether nobody has set up Twilio."""
    return given.twilio_account_sid is None or given.twilio_auth_token is None


def wants_sendgrid(given: Settings) -> bool:
    """Whether nobody has set up SendGrid, nor another way for mails."""
    return given.sendgrid_api_key is None and (given.smtp_url is None or given.mail_from is None)


def start_simulators(processes: Processes, home: Path, given: Settings, public_url: str) -> dict[str, Any]:
    """Starts them if a provider is not set up; returns the settings that point there, by field name.

    Raises EmbeddedError if they do not start.
    """
    if not wants_twilio(given) and not wants_sendgrid(given):
        return {}
    card = _start(processes, home, public_url)
    chosen: dict[str, Any] = {}
    if wants_twilio(given):
        chosen |= {
            "twilio_account_sid": card["twilio_account_sid"],
            "twilio_auth_token": card["twilio_auth_token"],
            "twilio_api_url": card["url"],
            "twilio_from": given.twilio_from or _TWILIO_NUMBER,
            "twilio_whatsapp_from": given.twilio_whatsapp_from or _TWILIO_NUMBER,
            "twilio_content_sids": given.twilio_content_sids or _content_sids(),
        }
    if wants_sendgrid(given):
        chosen |= {
            "sendgrid_api_key": card["sendgrid_api_key"],
            "sendgrid_webhook_key": card["sendgrid_public_key"],
            "sendgrid_api_url": card["url"],
            "mail_from": given.mail_from or _MAIL_FROM,
        }
    return chosen


def received(simulator_url: str) -> list[dict[str, Any]]:
    """Every message that reached a person, in order, as the simulators tell it."""
    with urlopen(f"{simulator_url}/_sim/messages?refused=false", timeout=_ASK_S) as answer:  # noqa: S310 - loopback
        found: list[dict[str, Any]] = json.load(answer)
        return found


def _start(processes: Processes, home: Path, public_url: str) -> dict[str, Any]:
    card, log = home / "simulators.json", home / "logs" / f"{NAME}.log"
    card.unlink(missing_ok=True)
    since = log_size(log)
    base = public_url.rstrip("/")
    words = [
        f"--port-file={card}",
        f"--sendgrid-callback-url={base}/callbacks/sendgrid",
        f"--inbound-url={base}/callbacks/twilio/inbound",
    ]
    processes.start(NAME, [sys.executable, "-P", "-m", "simulators", *words], stop_s=5.0)
    deadline = time.monotonic() + _START_S
    while not card.exists():
        if processes.ended() is not None or time.monotonic() > deadline:
            raise EmbeddedError(f"the provider simulators did not start: {last_words(log, since)}")
        time.sleep(0.02)
    found: dict[str, Any] = json.loads(card.read_text(encoding="utf-8"))
    card.unlink()
    return found


def _content_sids() -> dict[str, str]:
    """What the simulators take for approved WhatsApp texts: an id for every language and tone."""
    names = [f"{language}.{level.word}" for language in LOCALES for level in Level]
    return {name: f"HX{hashlib.sha256(name.encode()).hexdigest()[:32]}" for name in names}
