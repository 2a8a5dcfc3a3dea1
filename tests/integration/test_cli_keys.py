"""`relance key` and `relance seller list`: which there are, and an end to a key that has leaked."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.main import main
from config.keys import webhook_secret
from config.wiring import Services
from domain.customer import Seller
from domain.ids import SellerId
from store import sellers
from store.sellers import ActiveKey
from tests.services import KEY, KEY_ID, SECRET_KEY, using_services

Captured = pytest.CaptureFixture[str]
A_TIME = r"\d{4}-\d\d-\d\d \d\d:\d\d"


@pytest.fixture
def services(
    database_url: str, bare_environment: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Services]:
    """The default seller with KEY, and `acme` with none. The verbs find it all in their environment."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RELANCE_DATABASE_URL", database_url)
    monkeypatch.setenv("RELANCE_SECRET_KEY", SECRET_KEY)
    monkeypatch.setenv("RELANCE_LOG_LEVEL", "error")
    with using_services(database_url) as services:
        with services.engine.begin() as connection:
            sellers.ensure(connection, Seller(SellerId("acme"), name="Acme", region="FR-67"))
        yield services


def listed(capsys: Captured, *words: str) -> list[dict[str, str]]:
    """What a list says as JSON Lines; nothing else is said."""
    assert main([*words, "--json"]) == 0
    said = capsys.readouterr()
    assert said.err == ""
    return [json.loads(line) for line in said.out.splitlines()]


def create(capsys: Captured) -> dict[str, str]:
    """A key of acme's, as it is told once."""
    assert main(["key", "create", "--seller", "acme", "--json"]) == 0
    made: dict[str, str] = json.loads(capsys.readouterr().out)
    return made


def test_what_create_prints_for_scripts_is_two_lines_and_the_id_is_beside_them(
    services: Services, capsys: Captured
) -> None:
    assert main(["key", "create", "--seller", "acme"]) == 0
    said = capsys.readouterr()
    key, secret = said.out.splitlines()
    with services.engine.connect() as connection:
        known = sellers.key_of(connection, key.removeprefix("key            "))
    assert known is not None
    assert secret == f"signing secret {webhook_secret(SECRET_KEY, known.id)}"
    assert f"Its id is {known.id}" in said.err


def test_create_as_json_holds_all_that_a_sender_needs(services: Services, capsys: Captured) -> None:
    made = create(capsys)
    assert list(made) == ["id", "seller", "key", "signing_secret"]
    with services.engine.connect() as connection:
        assert sellers.key_of(connection, made["key"]) == ActiveKey(made["id"], SellerId("acme"))
    assert made["signing_secret"] == webhook_secret(SECRET_KEY, made["id"])


def test_keys_are_listed_by_seller_and_age_without_what_is_secret(services: Services, capsys: Captured) -> None:
    made = [create(capsys), create(capsys)]
    rows = listed(capsys, "key", "list")
    assert [row["id"] for row in rows] == [made[0]["id"], made[1]["id"], KEY_ID]
    assert [list(row) for row in rows] == [["id", "seller", "stored_at", "revoked_at"]] * 3
    assert [row["revoked_at"] for row in rows] == [None, None, None]
    assert listed(capsys, "key", "list", "--seller", "default") == [rows[2]]
    assert main(["key", "list"]) == 0
    told = "".join(capsys.readouterr())
    assert re.fullmatch(rf"{made[0]['id']}  acme  {A_TIME} UTC", told.splitlines()[0])
    with services.engine.connect() as connection:
        digests = connection.exec_driver_sql("SELECT encode(digest, 'hex') FROM api_keys").scalars().all()
    private = [KEY, *(one["key"] for one in made), *(one["signing_secret"] for one in made), *digests]
    assert not [secret for secret in private if secret in told + json.dumps(rows)]


def test_a_seller_without_keys_has_none_to_list(services: Services, capsys: Captured) -> None:
    assert main(["key", "list", "--seller", "acme"]) == 0
    assert capsys.readouterr() == ("", "There is no key.\n")


def test_a_revoked_key_opens_nothing_and_the_others_stay(services: Services, capsys: Captured) -> None:
    other = create(capsys)
    assert main(["key", "revoke", KEY_ID]) == 0
    assert capsys.readouterr().out == f"{KEY_ID}: revoked; it was a key of default\n"
    with services.engine.connect() as connection:
        assert sellers.key_of(connection, KEY) is None
        assert [one.id for one in sellers.active_keys(connection, 10)] == [other["id"]]
    assert [row["revoked_at"] is None for row in listed(capsys, "key", "list")] == [True, False]
    assert main(["key", "list"]) == 0
    told = capsys.readouterr().out.splitlines()[1]
    assert re.fullmatch(rf"{KEY_ID}  default  {A_TIME} UTC  revoked {A_TIME} UTC", told)


def test_to_revoke_twice_is_no_fault_and_keeps_the_first_time(services: Services, capsys: Captured) -> None:
    assert main(["key", "revoke", KEY_ID]) == 0
    capsys.readouterr()
    before = listed(capsys, "key", "list")
    assert main(["key", "revoke", KEY_ID]) == 0
    assert re.fullmatch(rf"{KEY_ID}: was revoked already, {A_TIME} UTC\n", capsys.readouterr().out)
    assert listed(capsys, "key", "list") == before


@pytest.mark.parametrize(
    ("key_id", "told"),
    [
        ("nope", "relance: ID: there is no key 'nope'; `relance key list` shows which there are\n"),
        (" ", 'relance: ID: " " is blank\n'),
        (KEY, "relance: ID: this is a key, and not its id; `relance key list` shows the ids\n"),
    ],
    ids=["unknown", "blank", "the key itself"],
)
def test_what_is_no_id_of_a_key_is_one_line_and_2(
    key_id: str, told: str, services: Services, capsys: Captured
) -> None:
    assert main(["key", "revoke", key_id]) == 2
    assert capsys.readouterr() == ("", told)
    with services.engine.connect() as connection:
        assert sellers.key_of(connection, KEY) is not None


def test_sellers_are_listed_as_they_are_set(services: Services, capsys: Captured) -> None:
    assert main(["seller", "set", "--seller", "acme", "--policy", "firm"]) == 0
    line = capsys.readouterr().out
    assert line == "acme: Acme, fr, FR FR-67, Europe/Paris, policy firm\n"
    assert main(["seller", "list"]) == 0
    assert capsys.readouterr().out == f"{line}default: Relance, fr, FR, Europe/Paris, policy standard\n"
    common = {"language": "fr", "country": "FR", "timezone": "Europe/Paris"}
    assert listed(capsys, "seller", "list") == [
        {"id": "acme", "name": "Acme", **common, "region": "FR-67", "policy": "firm", "synced_as_of": None},
        {"id": "default", "name": "Relance", **common, "region": None, "policy": None, "synced_as_of": None},
    ]


def test_before_the_first_start_there_is_no_seller(services: Services, capsys: Captured) -> None:
    with services.engine.begin() as connection:
        connection.exec_driver_sql("TRUNCATE sellers CASCADE")
    assert listed(capsys, "seller", "list") == []
    assert main(["seller", "list"]) == 0
    assert capsys.readouterr() == ("", "There is no seller yet; `relance seller set` makes one.\n")
