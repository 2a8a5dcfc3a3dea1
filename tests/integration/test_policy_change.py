"""An admin edits the policy file: what goes out changes, and each reminder says by which version it went."""

from dataclasses import replace
from pathlib import Path

from config.policy_book import PolicyBook
from config.policy_files import SHIPPED
from config.publishing import prepare
from tests.factories import invoice_event
from tests.pipeline import Pipeline
from tests.simulator_process import Simulator

FIRST = "channels: [email, whatsapp, sms]"


def with_policy(pipeline: Pipeline, file: Path) -> Pipeline:
    """The same parts after a restart with RELANCE_POLICY set to the file."""
    services = replace(pipeline.services, policies=PolicyBook(str(file)))
    prepare(services)
    return Pipeline(services, pipeline.runner)


def planned_by(pipeline: Pipeline) -> str:
    plan = pipeline.account().plan
    assert plan is not None
    return str(plan["policy"])


def test_another_channel_order_in_the_file_changes_what_goes_out(
    pipeline: Pipeline, simulator: Simulator, tmp_path: Path
) -> None:
    """The account was planned by the old version: it is planned again without any event."""
    pipeline.take(invoice_event(invoice={"id": "F-1", "number": "F-1", "due_on": "2026-11-20"}))
    file = tmp_path / "mine.yaml"
    text = (SHIPPED / "standard.yaml").read_text()
    assert FIRST in text
    file.write_text(text.replace(FIRST, "channels: [sms, email]"))
    changed = with_policy(pipeline, file)
    assert changed.deliver_due() == 1
    assert [(row.channel, row.policy) for row in changed.log()] == [("sms", "standard@2")]


def test_an_earlier_step_takes_effect_at_once(pipeline: Pipeline, tmp_path: Path) -> None:
    """The account would not have been looked at for a week."""
    pipeline.take(invoice_event(invoice={"id": "F-1", "number": "F-1", "due_on": "2026-11-30"}))
    assert pipeline.deliver_due() == 0
    file = tmp_path / "mine.yaml"
    file.write_text((SHIPPED / "standard.yaml").read_text().replace("due - 5 days,", "due - 6 days,"))
    assert with_policy(pipeline, file).deliver_due() == 1


def test_a_policy_of_another_name_takes_effect_at_once_and_so_does_going_back(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    pipeline.take(invoice_event(invoice={"id": "F-1", "number": "F-1", "due_on": "2026-11-30"}))
    file = tmp_path / "mine.yaml"
    text = (SHIPPED / "standard.yaml").read_text().replace("name: standard", "name: mine")
    file.write_text(text.replace("due - 5 days,", "due - 4 days,"))
    mine = with_policy(pipeline, file)
    mine.deliver_due()
    assert planned_by(mine) == "mine@1"
    back = with_policy(mine, SHIPPED / "standard.yaml")
    back.deliver_due()
    assert planned_by(back) == "standard@1"


def test_the_same_file_again_is_no_new_version(pipeline: Pipeline, tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text((SHIPPED / "standard.yaml").read_text())
    with pipeline.services.engine.connect() as connection:
        before = pipeline.services.policies.in_force(connection)["standard"].newest.version
        after = with_policy(pipeline, file).services.policies.in_force(connection)["standard"].newest.version
    assert (before, after) == (1, 1)
