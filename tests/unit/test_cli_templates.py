"""`relance template`: what check finds and what show prints, without a database."""

import json
import webbrowser
from pathlib import Path

import pytest

from channels.render import Renderer
from cli.main import main
from config.wiring import TEMPLATES

Captured = pytest.CaptureFixture[str]
THREAT = '{% extends "shipped/fr/email/firm.j2" %}{% block closing %}Vous le regretterez.{% endblock %}'


@pytest.fixture(autouse=True)
def _in_a_folder(bare_environment: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def own(monkeypatch: pytest.MonkeyPatch) -> Path:
    """An operator's folder, found by the verbs."""
    monkeypatch.setenv("RELANCE_TEMPLATES", "words")
    Path("words").mkdir()
    return Path("words")


def written(folder: Path, name: str, text: str) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")


def test_the_shipped_words_are_fine_and_what_each_sms_costs_is_told(capsys: Captured) -> None:
    assert main(["template", "check"]) == 0
    *costs, last = capsys.readouterr().out.splitlines()
    assert last == "fine"
    assert len(costs) == 14
    assert costs[0].startswith("fr/sms/upcoming: 2 of 2 segments at the longest (GSM-7, ")


def test_the_whatsapp_texts_that_cannot_go_out_are_named(monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    """Found in review: each of them went over another channel, and nobody had been told before."""
    monkeypatch.setenv("RELANCE_TWILIO_WHATSAPP_FROM", "+33700000002")
    texts = sorted(Renderer(TEMPLATES, {}).approved_names() - {"fr.thanks", "en.firm"})
    monkeypatch.setenv("RELANCE_TWILIO_CONTENT_SIDS", json.dumps(dict.fromkeys(texts, f"HX{'0' * 32}")))

    assert main(["template", "check"]) == 0
    told = "RELANCE_TWILIO_CONTENT_SIDS: no SID for en.firm, fr.thanks: over WhatsApp these cannot go out"
    assert told in capsys.readouterr().out.splitlines()
    assert main(["template", "check", "--json"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["not_approved"] for row in rows if "not_approved" in row] == [["en.firm", "fr.thanks"]]


def test_what_is_wrong_is_a_line_each_and_1(own: Path, capsys: Captured) -> None:
    written(own, "fr/email/firm.j2", THREAT)
    written(own, "sellers/acme/en/email/firm.j2", THREAT.replace("fr/", "en/").replace("Vous le", "{{ her }} {{"))
    written(own, "fr/emial/firm.j2", "x")
    written(own, "fr/email/steps/frist.j2", "x")

    assert main(["template", "check"]) == 1

    found = [line for line in capsys.readouterr().out.splitlines() if "segments" not in line]
    assert found[:3] == [
        "fr/email/firm (one): threat: “Vous le regretter”",
        "fr/email/steps/frist.j2: unused: no tone and no step of the policy comes to it",
        "fr/emial/firm.j2: unused: no tone and no step of the policy comes to it",
    ]
    assert found[3] == "acme: fr/email/firm (one): threat: “Vous le regretter”"
    assert found[4].startswith("acme: en/email/firm (one): broken: ")


def test_one_seller_and_the_same_for_programs(own: Path, capsys: Captured) -> None:
    written(own, "sellers/acme/fr/email/firm.j2", THREAT)
    written(own, "sellers/acme/fr/email/other.j2", "x")

    assert main(["template", "check", "--seller", "acme", "--json"]) == 1

    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert rows[0] == {
        "seller": "acme",
        "template": "fr/email/firm",
        "sample": "one",
        "rule": "threat",
        "told": "“Vous le regretter”",
    }
    assert (rows[1]["template"], rows[1]["rule"]) == ("fr/email/other.j2", "unused")
    assert rows[2].keys() == {"seller", "template", "encoding", "units", "segments"}
    assert main(["template", "check", "--seller", "nobody"]) == 0


def test_a_step_of_the_policy_may_have_its_words(own: Path, capsys: Captured) -> None:
    written(own, "fr/email/steps/first.j2", '{% extends "fr/email/courteous.j2" %}')
    assert main(["template", "check"]) == 0
    assert main(["template", "show", "first"]) == 0
    assert "fr/email/steps/first\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["check", "--policy", ""], "relance: the policy's name is empty; shipped are "),
        (["show", "first", "--policy", ""], "relance: the policy's name is empty; shipped are "),
        (["check", "--policy", "none"], "relance: none: no such policy or file"),
        (["show", "dance"], "relance: 'dance' is neither a step of standard nor a tone; there are heads-up, first, "),
        (["show", "first", "--channel", "fax"], "relance: --channel: 'fax' is none; there are email, sms, "),
        (["show", "first", "--case", "many"], "relance: --case: 'many' is none; there are one, several, "),
        (["show", "first", "--language", "de"], "relance: --language: 'de' is not written; there are fr, en"),
        (["show", "first", "--channel", "sms", "--html"], "relance: --html: only a mail has HTML"),
        (["show", "first", "--open", "--json"], "relance: --open and --json: say one of them"),
        (["show", "first", "--invoice", "F-1"], "relance: RELANCE_DATABASE_URL is not set"),
    ],
)
def test_a_wrong_word_is_one_line_and_2(words: list[str], told: str, capsys: Captured) -> None:
    assert main(["template", *words]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(told)
    assert said.err.count("\n") == 1


def test_a_wrong_brand_or_folder_is_2(own: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    written(own, "brand.yaml", "name: X\ncolor: '#000000'")
    assert main(["template", "check"]) == 2
    assert capsys.readouterr().err.startswith("relance: words/brand.yaml:2: color: ")
    monkeypatch.setenv("RELANCE_TEMPLATES", "gone")
    assert main(["template", "show", "first"]) == 2
    assert capsys.readouterr().err == "relance: RELANCE_TEMPLATES: gone: no such folder\n"


def test_a_template_that_is_broken_is_told_when_it_is_shown(own: Path, capsys: Captured) -> None:
    written(own, "fr/email/courteous.j2", "{{ nothing }}")
    assert main(["template", "show", "courteous"]) == 2
    assert capsys.readouterr().err == "relance: template fr/email/courteous: 'nothing' is undefined\n"


def test_show_prints_the_words(capsys: Captured) -> None:
    assert main(["template", "show", "formal", "--language", "en", "--case", "several"]) == 0
    told = capsys.readouterr().out.splitlines()
    assert told[:2] == [
        "en/email/formal",
        "Formal notice to pay by 30 December 2026: 3 invoices (including F-2026-0042), €4,050.00",
    ]
    assert main(["template", "show", "first", "--channel", "sms"]) == 0
    assert capsys.readouterr().out.startswith("fr/sms/courteous, 2 segments (GSM-7, ")
    assert main(["template", "show", "thanks", "--html"]) == 0
    assert capsys.readouterr().out.startswith("<!DOCTYPE html>")
    assert main(["template", "show", "survey", "--channel", "whatsapp", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["variables"] == {"1": "Anne Martin", "2": "Atelier Dupont"}


def test_show_speaks_as_the_seller_does(own: Path, capsys: Captured) -> None:
    written(own, "sellers/acme/brand.yaml", "name: Acme\naddress: informal")
    assert main(["template", "show", "courteous", "--seller", "acme"]) == 0
    told = capsys.readouterr().out
    assert "sur ton règlement" in told
    assert told.endswith("Acme\n")


def test_show_opens_a_browser(monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    """The browser is the one that the system is told to use: none opens in a test."""
    monkeypatch.setenv("TMPDIR", str(Path.cwd()))
    webbrowser.register("none", None, webbrowser.GenericBrowser("true"), preferred=True)
    assert main(["template", "show", "courteous", "--open"]) == 0
    file = Path(capsys.readouterr().out.strip())
    assert file.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    file.unlink()


def test_a_seller_without_a_look_of_its_own_is_told_aside(own: Path, capsys: Captured) -> None:
    """No database is asked, so nobody knows whether it is a slip of the pen."""
    written(own, "sellers/acme/brand.yaml", "name: Acme\n")
    for words in (["check"], ["show", "first"]):
        assert main(["template", *words, "--seller", "acme"]) == 0
        assert capsys.readouterr().err == ""
        assert main(["template", *words, "--seller", "amce"]) == 0
        assert capsys.readouterr().err == "amce has no look of its own; this is that of all\n"
