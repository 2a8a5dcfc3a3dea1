"""`relance replay`: the real steps on a virtual clock show what a policy would send, the same at each run."""

import json
from collections.abc import Sequence
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.command import run_relance
from tests.factories import event, invoice_event

Json = dict[str, Any]

POLICY = """\
name: plain
hours: {default: {mon-fri: ["09:00-12:00"]}}
freshness: 2 days
steps:
  - {id: first, when: due + 2 days, level: courteous, channels: [email]}
  - {id: call, when: due + 10 days, level: courteous, channels: [phone]}
  - {id: second, when: due + 20 days, level: firm, channels: [email], approval: true}
"""
LATE_MAY = "2026-05-20T09:00:00+02:00"


def bill(number: int = 1, **changes: Any) -> Json:
    """Due on Monday 1 June 2026: the first step is on Wednesday, the call on the 11th, the second on the 22nd."""
    invoice = {"id": f"F-{number}", "number": f"F-{number}", "due_on": "2026-06-01", "issued_on": "2026-05-01"}
    given: Json = {"id": f"issued-{number}", "time": LATE_MAY}
    return invoice_event(customer={"id": f"C-{number}"}, invoice=invoice, **(given | changes))


def paid(at: str, number: int = 1) -> Json:
    data = {"invoice_id": f"F-{number}", "paid_on": at[:10]}
    return event("invoice.paid", data, id=f"paid-{number}", time=at)


def synced(day: str) -> Json:
    return event(
        "payments.synced", {"as_of": f"{day}T06:00:00+02:00"}, id=f"feed-{day}", time=f"{day}T06:00:00+02:00"
    )


def replay(folder: Path, events: Sequence[object], *options: str, seed: str = "0") -> tuple[int, str, str]:
    """The exit code, the output as it is, and what was complained about."""
    folder.mkdir(exist_ok=True)
    lines = [one if isinstance(one, str) else json.dumps(one) for one in events]
    (folder / "events.jsonl").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    (folder / "plain.yaml").write_text(POLICY, encoding="utf-8")
    words = ("replay", "events.jsonl", "--policy", "plain.yaml", *options)
    ended = run_relance(*words, folder=folder, settings={"policy": "firm", "home": seed})
    return ended.returncode, ended.stdout, ended.stderr


def contacts(out: str) -> list[tuple[str, str, str]]:
    rows = [json.loads(line) for line in out.splitlines()]
    return [(row["at"][:10], row["customer"], row["step"]) for row in rows]


def test_each_step_goes_out_on_its_day_and_inside_the_hours(tmp_path: Path) -> None:
    code, out, told = replay(tmp_path, [bill()])
    assert (code, told) == (0, "")
    days = {"first": "2026-06-03", "call": "2026-06-11", "second": "2026-06-22"}
    assert contacts(out) == [(day, "C-1", step) for step, day in days.items()]
    rows = [json.loads(line) for line in out.splitlines()]
    assert {"09" <= row["at"][11:13] < "12" for row in rows} == {True}
    assert [row["state"] for row in rows] == ["accepted", "opened", "accepted"]
    assert {row["policy"] for row in rows} == {"plain@1"}


def test_without_approval_a_step_that_asks_for_it_waits(tmp_path: Path) -> None:
    _, out, _ = replay(tmp_path, [bill()], "--no-approve")
    assert [step for _, _, step in contacts(out)] == ["first", "call"]


def test_a_payment_counts_from_its_time_on_wherever_it_stands_in_the_file(tmp_path: Path) -> None:
    events = [paid("2026-06-03T08:59:59+02:00", 1), paid("2026-06-03T12:00:00+02:00", 2), bill(1), bill(2)]
    assert contacts(replay(tmp_path, events)[1]) == [("2026-06-03", "C-2", "first")]


def test_an_event_comes_before_what_is_due_at_the_same_instant(tmp_path: Path) -> None:
    first = json.loads(replay(tmp_path, [bill()])[1].splitlines()[0])
    assert contacts(replay(tmp_path, [bill(), paid(first["at"])])[1]) == []


def test_all_wait_for_the_seller_s_payment_feed(tmp_path: Path) -> None:
    events = [bill(1), bill(2), synced("2026-05-20"), synced("2026-06-05")]
    found = sorted(contacts(replay(tmp_path, events, "--until", "2026-06-10")[1]))
    assert found == [("2026-06-05", "C-1", "first"), ("2026-06-05", "C-2", "first")]


def test_the_last_day_is_still_run(tmp_path: Path) -> None:
    assert [step for _, _, step in contacts(replay(tmp_path, [bill()], "--until", "2026-06-03")[1])] == ["first"]
    assert replay(tmp_path, [bill()], "--until", "2026-06-02")[1] == ""


def test_the_same_input_gives_the_same_bytes_in_another_folder(tmp_path: Path) -> None:
    """Ids and jitter come from content: neither the folder, nor the environment, nor the wall's time matter."""
    events = [bill(number) for number in range(1, 12)] + [synced("2026-06-01"), paid("2026-06-09T10:00:00+02:00", 3)]
    one = replay(tmp_path / "a", events, "--out", "out.jsonl")
    other = replay(tmp_path / "b", events, seed="7")
    assert one[1] == ""
    assert (tmp_path / "a/out.jsonl").read_text(encoding="utf-8") == other[1] != ""


def test_one_person_of_two_customers_is_contacted_days_apart(tmp_path: Path) -> None:
    """Although nothing else ties them: his budget does. The same bytes, whatever the order of the lines."""
    anne = {"contacts": [{"id": "p1", "email": "anne@example.com"}]}
    shared = [bill(1), bill(2), bill(3)]
    for number, one in enumerate(shared):
        one["data"]["customer"] |= anne if number < 2 else {}
    code, out, told = replay(tmp_path / "a", shared)
    assert (code, told) == (0, "")
    assert sorted(row for row in contacts(out) if row[2] == "first") == [
        ("2026-06-03", "C-2", "first"),  # whose turn in the window comes first
        ("2026-06-03", "C-3", "first"),
        ("2026-06-08", "C-1", "first"),
    ]
    written = sorted(date.fromisoformat(day) for day, customer, _ in contacts(out) if customer != "C-3")
    assert all((later - earlier).days >= 3 for earlier, later in pairwise(written))
    assert replay(tmp_path / "b", shared)[1] == out


def test_an_event_without_a_time_comes_with_the_one_before_it(tmp_path: Path) -> None:
    timeless = paid("2026-06-04", 1)
    del timeless["time"]
    found = contacts(replay(tmp_path, [bill(1), bill(2, time="2026-06-04T08:00:00+02:00"), timeless])[1])
    assert [customer for _, customer, _ in found].count("C-1") == 1


def test_bad_lines_are_named_and_the_good_ones_run(tmp_path: Path) -> None:
    changed = bill(1, type="invoice.updated")
    code, out, told = replay(tmp_path, [bill(), "{", event("invoice.paid", {}, id="x"), changed])
    assert code == 2
    assert [line.split(" ")[0] for line in told.splitlines()] == [f"events.jsonl:{n}:" for n in (2, 3, 4)]
    assert len(contacts(out)) == 3


@pytest.mark.parametrize(
    ("until", "wrong"),
    [
        ("soon", '"soon" is not an instant; write it with its offset from UTC'),
        ("2026-06-03T12:00:00", '"2026-06-03T12:00:00" is not an instant; write it with its offset from UTC'),
        ("2026-W53-4", '"2026-W53-4" is not a date; write it year first'),
        ("03/06/2026", '"03/06/2026" is not a date; write it year first'),
        ("2026-02-30", '"2026-02-30" is not a date of the calendar'),
        ("9999-12-31", '"9999-12-31" is not between the years 1990 and 2100'),
    ],
)
def test_until_is_read_as_dates_and_instants_of_events_are(tmp_path: Path, until: str, wrong: str) -> None:
    code, out, told = replay(tmp_path, [bill()], "--until", until)
    assert (code, out, len(told.splitlines())) == (2, "", 1)
    assert told.startswith(f"relance: --until: {wrong}")


def test_a_missing_file_is_told_in_a_line(tmp_path: Path) -> None:
    assert run_relance("replay", "none", "--policy", "standard", folder=tmp_path, settings={}).returncode == 2


def test_a_replay_that_cannot_run_leaves_the_file_of_the_last_one(tmp_path: Path) -> None:
    """A fault in the policy is told before anything is written; so is a place where nothing can be."""
    (tmp_path / "out.jsonl").write_text("of the last one", encoding="utf-8")
    (tmp_path / "wrong.yaml").write_text("name: [", encoding="utf-8")
    code, _, told = replay(tmp_path, [bill()], "--out", "out.jsonl", "--policy", "wrong.yaml")
    assert (code, told.startswith("relance: wrong.yaml:1: ")) == (2, True)
    assert (tmp_path / "out.jsonl").read_text(encoding="utf-8") == "of the last one"
    for place, why in (("nowhere/out.jsonl", "in a folder that is not there"), (".", "a folder")):
        code, _, told = replay(tmp_path, [bill()], "--out", place)
        assert (code, told) == (2, f"relance: --out: {place} is {why}\n")


def test_a_place_where_nothing_can_be_written_is_told_before_anything_runs(tmp_path: Path) -> None:
    """Not even by root, whom a file's mode does not stop; found out last, it costs the whole run."""
    code, out, told = replay(tmp_path, [bill(), "{"], "--out", "/proc/out.jsonl")
    assert (code, out, told) == (2, "", "relance: --out: /proc/out.jsonl: No such file or directory\n")
    left = tmp_path / "b"
    assert replay(left, [], "--out", "out.jsonl", "--policy", "wrong.yaml")[0] == 2
    assert sorted(file.name for file in left.iterdir()) == ["events.jsonl", "plain.yaml"]
