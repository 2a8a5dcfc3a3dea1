"""Mail goes one way: over SendGrid or over SMTP, as the settings say."""

from typing import Any

import pytest
from pydantic import SecretStr

from cli.pretend import wants_sendgrid
from config.wiring import Services, Settings, SettingsError, build
from domain.levels import Channel

SHIFTED = "2026-11-24T08:30:00+00:00*60@2026-11-22T00:00:00+00:00"
SERVER = SecretStr("smtp://compta:a-password@mail.example.com:587")


def built(**given: Any) -> Services:
    """Build without connecting to anything."""
    usual: dict[str, Any] = {"database_url": SecretStr("postgresql://nobody@127.0.0.1:1/none"), "log_level": "error"}
    usual |= {"mail_from": "compta@dupont.example", "public_url": "https://relance.example.com"}
    return build(Settings.model_construct(**(usual | given)))


def test_a_server_of_ones_own_carries_the_mails() -> None:
    services = built(smtp_url=SERVER)

    assert services.channels[Channel.EMAIL].provider == "smtp"
    assert services.sendgrid is None


def test_without_a_sender_no_mail_leaves() -> None:
    assert Channel.EMAIL not in built(smtp_url=SERVER, mail_from=None).channels


def test_two_ways_are_one_too_many() -> None:
    with pytest.raises(SettingsError, match="RELANCE_SMTP_URL and RELANCE_SENDGRID_API_KEY are both set"):
        built(smtp_url=SERVER, sendgrid_api_key=SecretStr("SG.x"))


def test_a_wrong_address_is_named_and_not_shown() -> None:
    with pytest.raises(SettingsError, match=r"^RELANCE_SMTP_URL is no address") as caught:
        built(smtp_url=SecretStr("mail.example.com:a-password"))
    assert "a-password" not in str(caught.value)


def test_a_shifted_clock_writes_to_nobody_real() -> None:
    with pytest.raises(SettingsError, match="RELANCE_CLOCK is shifted"):
        built(smtp_url=SERVER, clock=SHIFTED)
    assert built(smtp_url=SecretStr("smtp://127.0.0.1:2525"), clock=SHIFTED).available >= {Channel.EMAIL}


def test_sendgrid_is_not_simulated_where_a_server_is_set_up() -> None:
    assert wants_sendgrid(Settings.model_construct())
    assert not wants_sendgrid(Settings.model_construct(smtp_url=SERVER, mail_from="a@b.c"))
