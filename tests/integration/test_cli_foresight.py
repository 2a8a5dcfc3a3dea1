"""`relance explain` and `relance preview` on a real database, at half past nine on a Tuesday in Paris."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from cli.main import main
from config.clock import clock_text
from config.policy_files import SHIPPED
from store.engine import make_engine
from tests.factories import contact_data, event, invoice_event
from tests.pipeline import TUESDAY_0930, Pipeline
from tests.simulator_process import Simulator
from workers.preview import preview

Lines = list[dict[str, Any]]


@pytest.fixture
def book(
    pipeline: Pipeline,
    database_url: str,
    simulator: Simulator,
    bare_environment: None,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> Pipeline:
    """C-17 had its first reminder just now, C-18 is not late yet; the verbs find it all in their environment."""
    settings = {
        "DATABASE_URL": database_url,
        "SENDGRID_API_KEY": simulator.sendgrid_api_key,
        "SENDGRID_API_URL": simulator.url,
        "MAIL_FROM": "reminders@example.com",
        "CLOCK": clock_text(TUESDAY_0930, 1.0, datetime.now(UTC)),
        "LOG_LEVEL": "error",
    }
    monkeypatch.chdir(tmp_path)
    for name, value in settings.items():
        monkeypatch.setenv(f"RELANCE_{name}", value)
    pipeline.take(
        invoice_event(invoice={"due_on": "2026-11-20"}),
        invoice_event(
            id="evt-2",
            customer={"id": "C-18", "name": "Café Rouge", "contacts": [contact_data(email="b@example.com")]},
            invoice={"id": "F-2", "number": "2026/2", "due_on": "2026-11-27"},
        ),
    )
    assert pipeline.deliver_due() >= 1
    return pipeline


def said(capsys: pytest.CaptureFixture[str]) -> Lines:
    captured = capsys.readouterr()
    assert captured.err == ""
    return [json.loads(line) for line in captured.out.splitlines()]


def test_explain_tells_what_happened_where_it_stands_and_what_comes(
    book: Pipeline, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["explain", "C-17"]) == 0
    told = capsys.readouterr().out
    assert told.startswith("Boulangerie Martin (C-17) · Politique standard@1\n")
    assert "Essai 1 par e-mail, étape «\u00a0first\u00a0», politique standard@1." in told
    stands = told.partition("Où l’on en est, et pourquoi")[2]
    assert "F-2026-0042\u00a0: l’étape «\u00a0call\u00a0» viendra le 30 novembre 2026." in stands
    assert "Aucun flux de paiements n’est connu" in told
    assert "30 nov. 2026" in told.partition("La suite")[2]
    assert "appel  call  courtois  F-2026-0042  standard@1" in told
    assert "anne@example.com" not in told
    assert "Par e-mail, à Anne Martin." in told
    assert ", à p1" not in told


def test_explain_in_english_of_an_invoice(book: Pipeline, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("F-2", "2026/2"):
        assert main(["explain", name, "--lang", "en"]) == 0
        told = capsys.readouterr().out
        assert told.startswith("Café Rouge (C-18) · Policy standard@1\n")
        assert "F-2" not in told.replace("2026/2", "")
        assert "from billing): 2026/2." in told
        assert "What comes next" in told


def test_explain_as_json_holds_codes_and_facts(book: Pipeline, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "C-17", "--json"]) == 0
    lines = said(capsys)
    kinds = list(dict.fromkeys(line["kind"] for line in lines))
    assert kinds == ["happened", "reason", "next"]
    happened, reasons, coming = ([line for line in lines if line["kind"] == kind] for kind in kinds)
    assert {"event.folded", "plan.changed", "attempt.calling", "attempt.answered"} <= {h["event"] for h in happened}
    assert list(reasons[0]) == ["kind", "seller", "customer", "policy", "code", "facts"]
    assert reasons[-1]["code"] == "no_feed"
    assert list(coming[0]) == [
        "kind", "at", "seller", "customer", "channel", "step", "level", "tone", "invoices", "name", "policy",
    ]  # fmt: skip
    assert [(line["step"], line["channel"], line["at"][:10]) for line in coming] == [
        ("call", "phone", "2026-11-30"),
        ("widen", "email", "2026-12-10"),
    ]
    assert coming[0]["at"].endswith("+01:00")


def test_explain_plans_at_the_moment_and_not_from_what_was_kept(
    book: Pipeline, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stored plan is of Tuesday; a month later the answer is another."""
    month_later = datetime(2026, 12, 24, 9, tzinfo=UTC)
    monkeypatch.setenv("RELANCE_CLOCK", clock_text(month_later, 1.0, datetime.now(UTC)))
    assert main(["explain", "C-17", "--json"]) == 0
    coming = [line for line in said(capsys) if line["kind"] == "next"]
    assert [line["step"] for line in coming][:1] == ["widen"]
    assert coming[0]["at"] >= "2026-12-24"


@pytest.mark.parametrize("words", [["F-999"], ["C-17", "--seller", "other"]])
def test_an_unknown_name_is_one_line_and_2(
    words: list[str], book: Pipeline, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["explain", *words]) == 2
    told = capsys.readouterr()
    assert (told.out, told.err.count("\n")) == ("", 1)
    assert words[-1] in told.err


def test_explaining_and_previewing_change_nothing(book: Pipeline, database_url: str) -> None:
    """Nothing in the journal, no plan kept, no lock waited for."""
    before = [book.account(name) for name in ("C-17", "C-18")], book.journal()
    engine = make_engine(database_url)
    with engine.begin() as connection:
        connection.exec_driver_sql("SELECT 1 FROM accounts FOR UPDATE")
        assert main(["explain", "C-17"]) == 0
        assert main(["preview"]) == 0
    engine.dispose()
    assert ([book.account(name) for name in ("C-17", "C-18")], book.journal()) == before


def test_preview_holds_no_snapshot_while_somebody_reads_what_it_found(book: Pipeline) -> None:
    """A long open snapshot keeps dead rows alive and slows every claim: each batch is a look of its own."""
    looks = preview(book.services, book.now, 14)
    next(looks)
    assert book.services.engine.pool.status().endswith("Current Checked out connections: 0")
    assert len(list(looks)) == 1


def test_preview_lists_what_comes_in_the_order_of_time(book: Pipeline, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["preview", "--json"]) == 0
    assert [(line["at"][:10], line["customer"], line["channel"], line["step"]) for line in said(capsys)] == [
        ("2026-11-30", "C-17", "phone", "call"),
        ("2026-11-30", "C-18", "email", "first"),
        ("2026-12-07", "C-18", "phone", "call"),
    ]


def test_the_first_that_is_foreseen_is_what_delivery_then_sends(
    book: Pipeline, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["preview", "--customer", "C-17", "--json"]) == 0
    first = said(capsys)[0]
    at = datetime.fromisoformat(first["at"])
    later = book.at(at.replace(second=59))
    later.deliver_due()
    assert [(row.step, row.channel, list(row.invoices)) for row in later.log() if row.customer == "C-17"][-1] == (
        first["step"],
        first["channel"],
        first["invoices"],
    )


def test_preview_for_people_of_one_customer_and_fewer_days(
    book: Pipeline, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["preview", "--customer", "C-18", "--days", "7"]) == 0
    line = capsys.readouterr().out
    assert line.startswith("Mon 30 Nov 2026 ")
    assert line.endswith("  Café Rouge (C-18)  email  first  courteous  F-2\n")
    assert main(["preview", "--customer", "C-99"]) == 2
    assert capsys.readouterr().err == "relance: there is no customer 'C-99'\n"


def test_an_account_that_cannot_be_planned_hides_no_other(
    book: Pipeline, database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    engine = make_engine(database_url)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE facts SET body = '{}' WHERE 'F-2' = ANY(invoice_ids)")
    engine.dispose()
    assert main(["preview", "--json"]) == 0
    assert {json.loads(line)["customer"] for line in capsys.readouterr().out.splitlines()} == {"C-17"}


def test_nothing_to_come_is_said_aside(book: Pipeline, capsys: pytest.CaptureFixture[str]) -> None:
    book.take(event("invoice.paid", {"invoice_id": "F-2", "paid_on": "2026-11-24"}, id="evt-3"))
    assert main(["preview", "--customer", "C-18"]) == 0
    told = capsys.readouterr()
    assert (told.out, told.err) == ("", "Nothing goes out within 14 days.\n")


@pytest.mark.parametrize(("name", "words"), [("standard", ["--move"]), ("mine", [])])
def test_the_difference_that_another_policy_would_make(
    name: str, words: list[str], book: Pipeline, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """The next version of a stored policy that moves who runs on it, or a new name in the installation's place."""
    text = (SHIPPED / "standard.yaml").read_text(encoding="utf-8").replace("name: standard", f"name: {name}")
    text = text.replace(
        "due + 10 days, level: courteous, channels: [phone]", "due + 9 days, level: courteous, channels: [email]"
    )
    Path("mine.yaml").write_text(text, encoding="utf-8")
    assert main(["preview", "--policy", "mine.yaml", *words]) == 0
    told = capsys.readouterr()
    too = ", running ladders too" if words else ""
    version = 2 if name == "standard" else 1
    assert told.err == f"{name}@{version} in the place of 'standard' as it is in force{too}:\n"
    lines = told.out.splitlines()
    assert [line[0] for line in lines[:-3]] == ["~", "~"]
    assert "Boulangerie Martin (C-17)  phone  call" in lines[0]
    assert lines[-3:] == ["+0 -0 ~2, 1 unchanged", "email: 1 → 3", "phone: 2 → 0"]
    assert main(["preview", "--policy", "mine.yaml", "--json", *words]) == 0
    found = said(capsys)
    assert [list(line) for line in found] == [["change", "before", "after"]] * 2
    assert [(line["before"]["policy"], line["after"]["policy"]) for line in found] == [
        ("standard@1", f"{name}@{version}")
    ] * 2


def test_without_a_move_the_ladder_that_runs_makes_no_difference(
    book: Pipeline, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (SHIPPED / "standard.yaml").read_text(encoding="utf-8")
    Path("mine.yaml").write_text(text.replace("channels: [phone]", "channels: [email]"), encoding="utf-8")
    assert main(["preview", "--policy", "mine.yaml", "--json"]) == 0
    assert {line["before"]["customer"] for line in said(capsys)} == {"C-18"}
    assert main(["preview", "--move"]) == 2
    assert capsys.readouterr().err == "relance: --move: what should they move to? Give --policy FILE too\n"


def test_explain_tells_that_a_running_ladder_keeps_its_version(
    book: Pipeline, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (SHIPPED / "standard.yaml").read_text(encoding="utf-8")
    Path("mine.yaml").write_text(text.replace("due + 10 days", "due + 9 days"), encoding="utf-8")
    assert main(["policy", "publish", "mine.yaml"]) == 0
    capsys.readouterr()
    assert main(["explain", "C-17", "--lang", "en"]) == 0
    told = capsys.readouterr().out
    assert told.startswith("Boulangerie Martin (C-17) · Policy standard@1\n")
    assert "  The running ladder keeps its version of the policy; the newest is standard@2.\n" in told
    assert main(["explain", "C-17", "--json"]) == 0
    kept = [line for line in said(capsys) if line.get("code") == "policy_kept"]
    assert [(line["policy"], line["facts"]) for line in kept] == [("standard@1", {"newest": "standard@2"})]
    assert main(["explain", "C-18", "--json"]) == 0
    assert "policy_kept" not in capsys.readouterr().out


def test_another_stored_policy_is_compared_in_the_place_of_the_installations(
    book: Pipeline, capsys: pytest.CaptureFixture[str]
) -> None:
    """Publishing it again would change nothing; what is asked is what choosing it would."""
    assert main(["preview", "--policy", "firm", "--days", "60"]) == 0
    told = capsys.readouterr()
    assert told.err == "firm@1 in the place of 'standard' as it is in force:\n"
    assert [line for line in told.out.splitlines() if line[:2] in ("+ ", "- ", "~ ")]


def test_the_policy_in_force_makes_no_difference(book: Pipeline, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["preview", "--policy", "standard"]) == 0
    assert capsys.readouterr().out.splitlines()[0] == "+0 -0 ~0, 3 unchanged"


def test_faults_of_a_policy_are_a_line_each_and_2(book: Pipeline, capsys: pytest.CaptureFixture[str]) -> None:
    text = "name: mine\nlimts: {}\nsteps:\n  - {id: a, when: due, level: firm, channels: [mail]}\n"
    Path("wrong.yaml").write_text(text, encoding="utf-8")
    assert main(["preview", "--policy", "wrong.yaml"]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert [line.removeprefix("relance: ")[:13] for line in told.err.splitlines()] == [
        "wrong.yaml:2:",
        "wrong.yaml:4:",
    ]
