"""`relance policy`: what check says, what publish puts in force, what list and diff show, on a real database."""

import json
from pathlib import Path

import pytest
import sqlalchemy as sa

from cli.main import main
from config.policy_files import SHIPPED
from tests.factories import customer_data, invoice_event
from tests.pipeline import TUESDAY_0930, Pipeline, clock_setting

STANDARD = (SHIPPED / "standard.yaml").read_text()
Captured = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _in_a_folder(bare_environment: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def database(database_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A database that the verbs find in their environment, in the same November as the pipeline."""
    monkeypatch.setenv("RELANCE_DATABASE_URL", database_url)
    monkeypatch.setenv("RELANCE_CLOCK", clock_setting(TUESDAY_0930))
    monkeypatch.setenv("RELANCE_LOG_LEVEL", "error")
    return database_url


def a_file(text: str, name: str = "mine.yaml") -> str:
    Path(name).write_text(text)
    return name


def stored(capsys: Captured) -> list[str]:
    capsys.readouterr()
    assert main(["policy", "list", "--json"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    keys = ["name", "version", "stored_at", "default", "moves", "unreadable", "running"]
    assert all(list(row) == keys for row in rows)
    return [f"{row['name']}@{row['version']}{' default' if row['default'] else ''}" for row in rows]


@pytest.mark.parametrize("name", ["standard", "gentle", "firm", str(SHIPPED / "firm.yaml")])
def test_a_sound_policy_is_fine_and_needs_no_database(name: str, capsys: Captured) -> None:
    assert main(["policy", "check", name]) == 0
    assert capsys.readouterr().out == "fine\n"


def test_what_cannot_work_is_a_line_each_with_its_place_and_1(capsys: Captured) -> None:
    text = STANDARD.replace('phone:   {mon-fri: ["10:00-12:00", "14:00-17:00"]}', "phone: {mon-fri: []}")
    assert main(["policy", "check", a_file(text.replace("due + 10 days", "due + 3 days"))]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "mine.yaml:5: hours.phone: no window ever opens, and there is 'call' over phone",
        "mine.yaml:12: steps[2].when: 'call' comes 2 days late: limits.min_gap keeps contacts 3 days apart",
    ]


def test_what_cannot_work_is_an_object_each_for_programs(capsys: Captured) -> None:
    """Nothing at all if all is well, as of every list with nothing in it."""
    assert main(["policy", "check", "standard", "--json"]) == 0
    assert capsys.readouterr() == ("", "")
    assert main(["policy", "check", a_file(STANDARD.replace("due + 10 days", "due + 3 days")), "--json"]) == 1
    [line] = capsys.readouterr().out.splitlines()
    problem = "'call' comes 2 days late: limits.min_gap keeps contacts 3 days apart"
    assert json.loads(line) == {"file": "mine.yaml", "line": 12, "where": "steps[2].when", "problem": problem}


@pytest.mark.parametrize(
    ("text", "told"), [("name: [", "mine.yaml:1: "), ("name: x", "mine.yaml:1: 'steps' is missing")]
)
def test_a_file_that_is_no_policy_is_2(text: str, told: str, capsys: Captured) -> None:
    assert main(["policy", "check", a_file(text)]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(f"relance: {told}")


def test_a_published_version_of_the_default_is_in_force_at_once(
    pipeline: Pipeline, database: str, capsys: Captured
) -> None:
    """Nobody restarts anything, and no event comes: the account is planned again by itself."""
    pipeline.take(invoice_event(invoice={"due_on": "2026-11-30"}))
    assert pipeline.deliver_due() == 0
    changed = STANDARD.replace("due - 5 days,", "due - 6 days,")
    assert main(["policy", "publish", a_file(changed)]) == 0
    told = capsys.readouterr()
    taken_back = "RELANCE_POLICY holds another text of standard: the next start of a process publishes that again;"
    assert (told.out, told.err) == ("standard@2\n", f"{taken_back} set it to mine.yaml\n")
    assert pipeline.deliver_due() == 1
    assert [row.policy for row in pipeline.log()] == ["standard@2"]
    assert stored(capsys) == ["firm@1", "gentle@1", "standard@1", "standard@2 default"]


def test_publishing_the_newest_again_stores_nothing(pipeline: Pipeline, database: str, capsys: Captured) -> None:
    assert main(["policy", "publish", "standard"]) == 0
    assert capsys.readouterr().out == "standard@1\n"
    assert stored(capsys) == ["firm@1", "gentle@1", "standard@1 default"]


def test_running_ladders_stay_until_they_are_moved_and_both_are_told(
    pipeline: Pipeline, database: str, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`publish --move` of what is stored already moves them later; it stores nothing."""
    pipeline.take(invoice_event(invoice={"due_on": "2026-11-20"}))
    pipeline.deliver_due()
    file = a_file(STANDARD.replace("due + 10 days", "due + 8 days"))
    monkeypatch.setenv("RELANCE_POLICY", file)
    assert main(["policy", "publish", file]) == 0
    told = capsys.readouterr()
    assert (told.out, told.err) == ("standard@2\n", "standard@2: 1 running ladder stays on standard@1\n")
    assert main(["policy", "list"]) == 0
    assert [line.split("UTC")[1] for line in capsys.readouterr().out.splitlines()[2:]] == [
        "  1 running", "  default",
    ]  # fmt: skip
    assert main(["policy", "publish", file, "--move"]) == 0
    told = capsys.readouterr()
    assert (told.out, told.err) == ("standard@2\n", "standard@2: 1 running ladder moves from standard@1\n")
    pipeline.deliver_due()
    assert main(["policy", "list"]) == 0
    assert [line.split("UTC")[1] for line in capsys.readouterr().out.splitlines()[2:]] == [
        "", "  default  moves  1 running",
    ]  # fmt: skip


def test_a_version_that_cannot_be_read_is_marked_and_is_not_the_default(
    pipeline: Pipeline, database: str, capsys: Captured
) -> None:
    assert main(["policy", "publish", a_file(STANDARD.replace("due + 10 days", "due + 9 days"))]) == 0
    with pipeline.services.engine.begin() as connection:
        connection.execute(sa.text("UPDATE policies SET body = 'name: [' WHERE name = 'standard' AND version = 2"))
    capsys.readouterr()
    assert main(["policy", "list"]) == 0
    assert [line.split("UTC")[1] for line in capsys.readouterr().out.splitlines()[2:]] == [
        "  default", "  unreadable",
    ]  # fmt: skip
    assert main(["policy", "diff", "standard@1", "standard@2"]) == 2
    assert capsys.readouterr().err.startswith("relance: standard@2:1: ")


def test_a_new_name_takes_effect_for_the_customers_that_named_it_before(
    pipeline: Pipeline, database: str, capsys: Captured
) -> None:
    pipeline.take(invoice_event(customer=customer_data(policy="early"), invoice={"due_on": "2026-11-30"}))
    assert pipeline.deliver_due() == 0
    early = STANDARD.replace("name: standard", "name: early").replace("due - 5 days,", "due - 6 days,")
    assert main(["policy", "publish", a_file(early)]) == 0
    assert pipeline.deliver_due() == 1
    assert [row.policy for row in pipeline.log()] == ["early@1"]


def test_what_check_finds_is_not_published_unless_it_is_wanted_anyway(
    pipeline: Pipeline, database: str, capsys: Captured
) -> None:
    file = a_file(STANDARD.replace("due + 10 days", "due + 3 days"))
    assert main(["policy", "publish", file]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("mine.yaml:12: steps[2].when: ")
    assert stored(capsys) == ["firm@1", "gentle@1", "standard@1 default"]
    assert main(["policy", "publish", file, "--anyway"]) == 0
    assert capsys.readouterr().out == "standard@2\n"


def test_a_list_for_people_marks_the_default(pipeline: Pipeline, database: str, capsys: Captured) -> None:
    assert main(["policy", "list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [(line.split()[0], line.endswith("UTC  default")) for line in lines] == [
        ("firm@1", False), ("gentle@1", False), ("standard@1", True),
    ]  # fmt: skip


def test_a_diff_of_a_stored_version_and_a_file(pipeline: Pipeline, database: str, capsys: Captured) -> None:
    file = a_file(STANDARD.replace("due + 10 days", "due + 9 days").replace("freshness: 2", "freshness: 4"))
    assert main(["policy", "diff", "standard@1", file]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == ["--- standard@1", "+++ mine.yaml"]
    assert sum(line.startswith(("+", "-")) for line in lines) == 6
    assert lines[-2:] == ["step call: when", "also: freshness"]


def test_a_diff_is_an_object_for_each_line_and_change_for_programs(capsys: Captured) -> None:
    changed = STANDARD.replace("due + 10 days", "due + 9 days").replace("freshness: 2", "freshness: 4")
    assert main(["policy", "diff", "standard", a_file(changed), "--json"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert rows[:2] == [{"kind": "text", "line": "--- standard.yaml"}, {"kind": "text", "line": "+++ mine.yaml"}]
    assert [row for row in rows if row["kind"] != "text"] == [
        {"kind": "change", "step": "call", "change": "changed", "words": ["when"]},
        {"kind": "change", "step": None, "change": "changed", "words": ["freshness"]},
    ]
    assert main(["policy", "diff", "standard", "standard", "--json"]) == 0
    assert capsys.readouterr().out == ""


def test_a_diff_of_two_files_needs_no_database_and_of_the_same_shows_nothing(capsys: Captured) -> None:
    assert main(["policy", "diff", "standard", a_file(STANDARD)]) == 0
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("standard@7", "standard@7 is not stored; the newest is standard@1"),
        ("harsh@1", "harsh@1 is not stored; none of that name is"),
        ("nowhere.yaml", "nowhere.yaml: no such policy or file"),
    ],
)
def test_a_diff_with_what_is_not_there_is_2(
    word: str, told: str, pipeline: Pipeline, database: str, capsys: Captured
) -> None:
    assert main(["policy", "diff", "standard", word]) == 2
    assert capsys.readouterr().err.startswith(f"relance: {told}")
