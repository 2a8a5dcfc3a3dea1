"""`relance suppress`: an address is out of use from the next call on, until a person lifts it."""

import json
from pathlib import Path

import pytest

from cli.main import main
from tests.factories import invoice_event
from tests.pipeline import TUESDAY_0930, Pipeline, clock_setting

Captured = pytest.CaptureFixture[str]
MAIL = "anne@example.com"


@pytest.fixture
def owing(
    pipeline: Pipeline, database_url: str, bare_environment: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Pipeline:
    """C-17 has a reminder that would leave now, by e-mail."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RELANCE_DATABASE_URL", database_url)
    monkeypatch.setenv("RELANCE_CLOCK", clock_setting(TUESDAY_0930))
    monkeypatch.setenv("RELANCE_LOG_LEVEL", "error")
    pipeline.take(invoice_event(invoice={"due_on": "2026-11-20"}))
    return pipeline


def channels(pipeline: Pipeline) -> list[str]:
    return [row.channel for row in pipeline.log()]


def test_the_next_call_takes_another_channel(owing: Pipeline, capsys: Captured) -> None:
    assert main(["suppress", "Anne@Example.com", "--channel", "email", "--reason", "asked by phone"]) == 0
    assert capsys.readouterr().out == "An…@Example.com: not used for email (asked by phone)\n"
    assert owing.deliver_due() == 1
    assert channels(owing) == ["whatsapp"]
    told = [entry.facts for entry in owing.journal() if entry.event == "address.suppressed"]
    assert told == [{"channel": "email", "why": "asked by phone"}]


def test_it_holds_whatever_later_events_say(owing: Pipeline) -> None:
    main(["suppress", MAIL, "--channel", "email"])
    owing.take(invoice_event(invoice={"due_on": "2026-11-20", "total": "10.00"}, id="again"))
    owing.deliver_due()
    assert channels(owing) == ["whatsapp"]


def test_a_number_is_read_as_one_of_the_sellers_country(owing: Pipeline, capsys: Captured) -> None:
    for channel in ("sms", "whatsapp"):
        assert main(["suppress", "06 12 34 56 78", "--channel", channel]) == 0
    assert main(["suppress", "--list", "--json"]) == 0
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith("{")]
    assert [(one["channel"], one["address"], one["reason"]) for one in found] == [
        ("sms", "+33612345678", "by_hand"),
        ("whatsapp", "+33612345678", "by_hand"),
    ]


def test_lifted_it_is_used_again_at_once(owing: Pipeline, capsys: Captured) -> None:
    for channel, address in (("email", MAIL), ("sms", "+33612345678"), ("whatsapp", "+33612345678")):
        main(["suppress", address, "--channel", channel])
    assert owing.deliver_due() == 0
    assert "no_usable_channel" in owing.codes()
    capsys.readouterr()
    assert main(["suppress", MAIL, "--channel", "email", "--lift"]) == 0
    assert capsys.readouterr().out == "an…@example.com: used for email again\n"
    assert owing.deliver_due() == 1
    assert channels(owing) == ["email"]
    assert main(["suppress", MAIL, "--channel", "email", "--lift"]) == 1
    assert capsys.readouterr().err == "an…@example.com: was not suppressed for email\n"


def test_the_first_reason_stays_and_the_list_hides_addresses(owing: Pipeline, capsys: Captured) -> None:
    assert main(["suppress", "--list"]) == 0
    assert capsys.readouterr().err == "No address is suppressed.\n"
    main(["suppress", MAIL, "--channel", "email", "--reason", "first"])
    main(["suppress", MAIL, "--channel", "email", "--reason", "second"])
    capsys.readouterr()
    assert main(["suppress", "--list"]) == 0
    told = capsys.readouterr().out
    assert told == "2026-11-24  email     an…@example.com  first\n"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([MAIL], "--channel is missing: one of email, sms"),
        ([MAIL, "--channel", "letter"], '--channel "letter" has no addresses to suppress'),
        (["not an address", "--channel", "email"], 'ADDRESS: "not an address" is not an e-mail address'),
        (["12", "--channel", "sms"], 'ADDRESS: "12" is not a phone number'),
        ([MAIL, "--channel", "email", "--seller", "acme"], "--seller: there is no seller 'acme'"),
    ],
)
def test_a_wrong_word_is_named_and_nothing_is_stored(
    words: list[str], told: str, owing: Pipeline, capsys: Captured
) -> None:
    assert main(["suppress", *words]) == 2
    assert capsys.readouterr().err.startswith(f"relance: {told}")
    assert owing.deliver_due() == 1
    assert channels(owing) == ["email"]
