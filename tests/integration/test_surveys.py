"""A survey is asked by a person, answered with a low score, and looked into: the customer is held in between."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cli.main import main
from config.policy_book import PolicyBook
from config.publishing import prepare
from store.worklist import TaskRow
from tests.factories import event
from tests.integration.test_cli_holds import count
from tests.integration.test_cli_tasks import CALL_HOURS, database, late, said, tasks_of
from tests.pipeline import Pipeline

__all__ = ["database"]

Captured = pytest.CaptureFixture[str]
POLICY = """\
name: survey
hours: {default: {mon-fri: ["08:00-20:00"]}}
limits: {min_gap: 0 days, per_7_days: null, per_30_days: null}
steps:
  - {id: ask,  when: due + 1 day,  level: courteous, channels: [survey]}
  - {id: mail, when: due + 2 days, level: courteous, channels: [email]}
"""


@pytest.fixture
def surveyed(pipeline: Pipeline, database: str, tmp_path: Path) -> Pipeline:
    """C-17 is to be asked how content he is; the day after, a mail is due."""
    (tmp_path / "survey.yaml").write_text(POLICY)
    services = replace(pipeline.services, policies=PolicyBook(str(tmp_path / "survey.yaml")))
    prepare(services)
    at = Pipeline(services, pipeline.runner).at(CALL_HOURS)
    at.take(late(1, "2026-11-23", "C-17"))
    at.deliver_due()
    return at


def close(*words: str) -> int:
    return main(["task", "close", *words])


def one(pipeline: Pipeline, kind: str) -> TaskRow:
    [found] = [task for task in tasks_of(pipeline) if task.kind == kind]
    return found


def closed(pipeline: Pipeline, kind: str) -> dict[str, Any]:
    """What the journal says of the last closed task of this kind."""
    found = [entry.facts for entry in pipeline.journal() if entry.event in ("task.closed", "task.cancelled")]
    return dict([facts for facts in found if facts["kind"] == kind][-1])


def test_a_low_score_holds_the_customer_until_a_person_has_looked_into_it(
    surveyed: Pipeline, capsys: Captured
) -> None:
    survey = one(surveyed, "survey")
    assert "1 (à revoir) à 10 (parfait)" in survey.body
    words = ("--outcome", "answered", "--score", "4", "--next", "2026-11-24", "--note", "late twice", "--by", "Paul")
    assert close(survey.id, *words) == 0
    assert said(surveyed)["score"] == 4
    count(surveyed)
    assert closed(surveyed, "survey")["score"] == 4
    assert (surveyed.codes(), surveyed.deliver_due()) == (["low_score"], 0)
    reply = one(surveyed, "reply")
    assert (reply.step, reply.units) == ("low_score", (survey.id,))
    opened = [entry.facts for entry in surveyed.journal() if entry.event == "task.opened"]
    assert {"kind": "reply", "why": "low_score"} in opened
    capsys.readouterr()
    assert main(["task", "show", reply.id, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["body"] == "score 4 of 10 [Paul]\nlate twice"

    assert close(reply.id, "--outcome", "done", "--next", "2026-11-24") == 0
    count(surveyed)
    assert "low_score" not in surveyed.codes()
    assert [task.kind for task in tasks_of(surveyed)] == []


def test_a_survey_that_is_closed_again_with_a_better_score_ends_the_hold_and_its_task(
    surveyed: Pipeline, capsys: Captured
) -> None:
    survey = one(surveyed, "survey")
    data = {"customer_id": "C-17", "task_id": survey.id, "kind": "survey", "step": "ask", "units": ["F-1"]}
    data |= {"outcome": "answered", "next_on": "2026-11-24"}
    surveyed.take(event("task.closed", {**data, "score": 2}, id="closed-1", time="2026-11-24T09:00:00Z"))
    reply = one(surveyed, "reply")
    surveyed.take(event("task.closed", {**data, "score": 9}, id="closed-2", time="2026-11-24T09:01:00Z"))
    assert tasks_of(surveyed) == []
    assert closed(surveyed, "reply") == {"kind": "reply", "step": "low_score"}
    assert "low_score" not in surveyed.codes()
    assert main(["task", "show", reply.id]) == 0
    assert capsys.readouterr().out.endswith("score 9 of 10\n")


def test_who_looks_at_a_survey_is_told_how_to_give_its_score(surveyed: Pipeline, capsys: Captured) -> None:
    """The command that was told there was refused: an answer goes with a score, and nothing else does."""
    survey = one(surveyed, "survey")
    assert main(["task", "show", survey.id]) == 0
    answered, otherwise = capsys.readouterr().err.strip().removeprefix("To close it: ").split(", or ")
    verb = f"relance task close {survey.id[:8]} --outcome"
    assert answered == f"{verb} answered --score 1-10 --next DATE"
    assert otherwise == f"{verb} done|promised|says_paid|plan_asked|wrong_person|disputed|refused --next DATE"


def test_a_survey_that_was_not_answered_has_no_score_to_show(surveyed: Pipeline, capsys: Captured) -> None:
    survey = one(surveyed, "survey")
    assert close(survey.id, "--outcome", "answered", "--score", "5", "--next", "2026-11-24") == 0
    count(surveyed)
    reply = one(surveyed, "reply")
    data = {"customer_id": "C-17", "task_id": survey.id, "kind": "survey", "outcome": "done"}
    surveyed.take(event("task.closed", {**data, "next_on": "2026-11-24"}, time="2026-11-25T09:00:00Z"))
    capsys.readouterr()
    assert main(["task", "show", reply.id]) == 0
    assert "score" not in capsys.readouterr().out.replace("low_score", "")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--outcome", "answered"], "--score: is required"),
        (["--outcome", "answered", "--score", "0"], "--score: 0 is not a score; write a whole number from 1 to 10"),
        (["--outcome", "done", "--score", "7"], "--score: goes with the outcome answered alone"),
    ],
)
def test_a_score_that_cannot_be_is_refused(words: list[str], told: str, surveyed: Pipeline, capsys: Captured) -> None:
    assert close(one(surveyed, "survey").id, *words, "--next", "2026-11-24") == 2
    assert capsys.readouterr().err.startswith(f"relance: {told}")
