"""What goes out to real people says where we are: an address where they and the providers reach us."""

from typing import Any

import pytest
from pydantic import SecretStr

from config.wiring import Services, Settings, SettingsError, build

MAIL_FROM = {"mail_from": "compta@dupont.example"}
SENDGRID = MAIL_FROM | {"sendgrid_api_key": SecretStr("SG.x")}
SMTP = MAIL_FROM | {"smtp_url": SecretStr("smtp://mail.example.com")}
TWILIO = {"twilio_account_sid": "AC1", "twilio_auth_token": SecretStr("t"), "twilio_from": "+33612345678"}
REGIONS = [
    SENDGRID | {"sendgrid_api_url": "https://api.eu.sendgrid.com"},
    TWILIO | {"twilio_api_url": "https://api.dublin.ie1.twilio.com"},
]
REAL = [SENDGRID, SMTP, TWILIO, *REGIONS]
NOT_REAL = [
    {},
    SENDGRID | {"sendgrid_api_url": "http://127.0.0.1:9"},
    MAIL_FROM | {"smtp_url": SecretStr("smtp://127.0.0.1:2525")},
    TWILIO | {"twilio_api_url": "http://127.0.0.1:9"},
]


def built(**given: Any) -> Services:
    """Build without connecting to anything."""
    usual: dict[str, Any] = {"database_url": SecretStr("postgresql://nobody@127.0.0.1:1/none"), "log_level": "error"}
    return build(Settings.model_construct(**(usual | given)))


@pytest.mark.parametrize("providers", REAL)
def test_real_providers_and_the_address_that_holds_unless_another_is_set(providers: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match=r"^RELANCE_PUBLIC_URL is on this machine, .*; set [^\n]*$"):
        built(**providers)


@pytest.mark.parametrize(
    "address",
    [
        "http://localhost:8080",
        "https://Relance.LOCALHOST.",
        "http://127.1.2.3",
        "http://[::1]:8080",
        "http://0.0.0.0",
    ],
)
def test_an_address_where_nobody_else_comes_is_refused(address: str) -> None:
    with pytest.raises(SettingsError, match=r"^RELANCE_PUBLIC_URL is on this machine"):
        built(**TWILIO, public_url=address)


@pytest.mark.parametrize("providers", REAL)
@pytest.mark.parametrize("address", ["https://relance.example.com", "http://10.0.0.7:8080", "https://localhost.org"])
def test_an_address_where_others_may_come_is_taken(address: str, providers: dict[str, Any]) -> None:
    assert built(**providers, public_url=address).settings.public_url == address


@pytest.mark.parametrize("providers", NOT_REAL)
def test_what_leaves_this_machine_never_may_come_back_to_it(providers: dict[str, Any]) -> None:
    assert built(**providers).settings.public_url == "http://127.0.0.1:8080"


@pytest.mark.parametrize("address", ["relance.example.com", "http://[::1", "https://"])
def test_what_is_no_address_is_refused_too(address: str) -> None:
    with pytest.raises(SettingsError, match=r"^RELANCE_PUBLIC_URL is no address, [^\n]*; set [^\n]*$"):
        built(**TWILIO, public_url=address)
