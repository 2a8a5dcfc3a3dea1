"""Keys, the secrets derived from them, and the tokens that stand for them in links and cookies."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from config.keys import (
    LOGIN,
    SESSION,
    leave_token,
    login_token,
    new_key,
    read_leave_token,
    read_token,
    sign_token,
    webhook_secret,
)

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
LATER = NOW + timedelta(minutes=10)


def test_a_key_holds_32_random_bytes_and_has_a_public_id() -> None:
    (first_id, first), (second_id, second) = new_key(), new_key()
    assert re.fullmatch(r"rk_[A-Za-z0-9_-]{43}", first)
    assert (first != second, first_id != second_id) == (True, True)
    assert first_id not in first


def test_each_key_has_its_own_webhook_secret() -> None:
    secret = webhook_secret("s", "k1")
    assert re.fullmatch(r"whsec_[A-Za-z0-9+/]{43}=", secret)
    assert secret == webhook_secret("s", "k1")
    assert secret not in (webhook_secret("s", "k2"), webhook_secret("t", "k1"))


def test_a_token_is_good_for_its_purpose_until_it_is_over() -> None:
    token = login_token("s", "k1", LATER)
    assert read_token("s", LOGIN, token, NOW) == "k1"
    assert read_token("s", LOGIN, token, LATER) is None
    assert read_token("s", SESSION, token, NOW) is None
    assert read_token("t", LOGIN, token, NOW) is None


@pytest.mark.parametrize("change", [("k1", "k2"), ("k1.", "k1.9"), (".", "."), ("k1", "k1\ud800")])
def test_no_part_of_a_token_can_be_changed(change: tuple[str, str]) -> None:
    token = sign_token("s", SESSION, "k1", LATER)
    forged = token.replace(*change) if change[0] != change[1] else token[:-1] + ("0" if token[-1] != "0" else "1")
    assert read_token("s", SESSION, forged, NOW) is None


@pytest.mark.parametrize("token", ["", ".", "..", "a.b.c", "é", "k1.99999999999"])
def test_what_is_no_token_is_nobodys(token: str) -> None:
    assert read_token("s", LOGIN, token, NOW) is None


def test_a_token_to_leave_names_the_address_to_us_alone_and_always_alike() -> None:
    token = leave_token("secret", "default", "Anne@example.com")

    assert token == leave_token("secret", "default", "Anne@example.com")
    assert read_leave_token("secret", token) == ("default", "Anne@example.com")
    assert read_leave_token("another", token) is None
    assert "Anne" not in token


@pytest.mark.parametrize("token", ["", "x", "é", "=", "A" * 40, "A" * 41])
def test_a_token_to_leave_that_is_none_is_none(token: str) -> None:
    assert read_leave_token("secret", token) is None
