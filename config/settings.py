"""What the operator sets, read once from the environment (`RELANCE_*`) by the wiring and handed on.

Every setting is documented with its unit and default in `.env.example`; a test holds the two equal. Empty is not set.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from config.running import find_running
from domain.addresses import is_email


class SettingsError(ValueError):
    """A setting cannot be used; the message names the variable and what is wrong, and shows no value."""


LEAST_KEY = 32
"""Characters of RELANCE_SECRET_KEY: as many as 16 random bytes have in hexadecimal, and 24 in base64."""

Secret = SecretStr | None


def _a_broker(value: SecretStr | None) -> SecretStr | None:
    """Says at once what would else come up as a crash of whoever first talks to it. No word of it is shown."""
    if value is None:
        return None
    try:
        address = urlsplit(value.get_secret_value())
        is_redis = address.scheme in ("redis", "rediss") and (address.port or 0) >= 0  # raises for what is no port
    except ValueError:
        is_redis = False
    if not is_redis:
        raise ValueError("is not the address of a Redis, such as redis://host:6379/0")
    return value


def _a_signing_key(value: SecretStr | None) -> SecretStr | None:
    """Whoever guesses it opens the pages of every seller and signs for each of them."""
    if value is not None and len(value.get_secret_value()) < LEAST_KEY:
        raise ValueError(f"is too short: {LEAST_KEY} characters or more; `openssl rand -base64 32` makes one")
    return value


def _an_address(value: str | None) -> str | None:
    """It goes into `From` as it is: with a name around it each mail would be refused, and the start told nobody."""
    if value is not None and not is_email(value):
        raise ValueError("is not an e-mail address alone, such as reminders@your-company.example")
    return value


def _read_json(value: Any) -> Any:
    """As a variable holds it; as it is from an installation that runs."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        raise ValueError("is not JSON") from None


Broker = Annotated[Secret, AfterValidator(_a_broker)]
SigningKey = Annotated[Secret, AfterValidator(_a_signing_key)]
Text = str | None
Sender = Annotated[Text, AfterValidator(_an_address)]
Names = Annotated[dict[str, str], NoDecode, BeforeValidator(_read_json)]


class Settings(BaseSettings):
    """All settings, frozen. Secrets show themselves to nobody who prints them."""

    model_config = SettingsConfigDict(env_prefix="RELANCE_", env_ignore_empty=True, frozen=True, extra="ignore")

    home: Path = Path(".relance")
    database_url: Secret = None
    redis_url: Broker = None
    secret_key: SigningKey = None
    public_url: str = "http://127.0.0.1:8080"
    policy: str = "standard"
    rates: Text = None
    templates: Text = None
    clock: str = "real"
    log_level: str = Field(default="info", pattern="^(debug|info|warning|error)$")
    keep_months: int = Field(default=132, ge=12, le=1_200)
    keep_raw_months: int = Field(default=13, ge=3, le=1_200)
    email_per_s: float = Field(default=100.0, gt=0, le=10_000)
    sms_per_s: float = Field(default=10.0, gt=0, le=10_000)
    whatsapp_per_s: float = Field(default=80.0, gt=0, le=10_000)
    mail_from: Sender = None
    smtp_url: Secret = None
    sendgrid_api_key: Secret = None
    sendgrid_webhook_key: Text = None
    sendgrid_api_url: Text = None
    documents: str = Field(default="attach", pattern="^(attach|link)$")
    twilio_account_sid: Text = None
    twilio_auth_token: Secret = None
    twilio_from: Text = None
    twilio_whatsapp_from: Text = None
    twilio_api_url: Text = None
    twilio_content_sids: Names = {}


def _is_on(database_url: SecretStr | None, settings: Mapping[str, Any]) -> bool:
    return database_url is None or database_url.get_secret_value() == settings.get("database_url")


def read_settings(chosen: Mapping[str, Any] | None = None) -> Settings:
    """The settings of this process's environment, `chosen` ones (by field name) over them.

    Without a database address, or with that of the installation that runs on the same home, that one's settings are
    taken for what is unset, but for what each process says of itself: from where on it logs.
    Raises SettingsError with one line for the first that is wrong.
    """
    try:
        given = Settings(**(chosen or {}))
        found = find_running(given.home)
        if found is None or not _is_on(given.database_url, found.settings):
            return given
        unset = Settings.model_fields.keys() - given.model_fields_set - {"log_level"}
        return Settings(
            **{**(chosen or {}), **{name: found.settings[name] for name in unset & found.settings.keys()}}
        )
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        name = str(first["loc"][0]) if first["loc"] else "settings"
        raise SettingsError(f"RELANCE_{name.upper()}: {first['msg'].removeprefix('Value error, ')}") from None
