"""An address in copy that a mail server refuses keeps nothing from the reader, and a person mends it."""

from dataclasses import replace
from pathlib import Path

import pytest

from channels.port import Message
from config.policy_book import PolicyBook
from config.publishing import prepare
from config.wiring import DEFAULT_SELLER
from domain.levels import Channel
from domain.outcomes import Outcome, OutcomeClass
from store import history
from tests.factories import contact_data, invoice_event
from tests.pipeline import Pipeline
from tests.simulator_process import Simulator

TOO_LONG = f"{'l' * 65}@example.com"
POLICY = """name: copies
steps:
  - {id: first, when: due + 2 days, level: courteous, channels: [email], cc: [executive, accounting]}
"""
PEOPLE = [
    contact_data(),
    contact_data(id="p2", role="executive", name="Luc Martin", email=TOO_LONG, phone=None),
    contact_data(id="p3", role="accounting", name="Zoé Martin", email="zoe@example.com", phone=None),
]
LATE = invoice_event(customer={"contacts": PEOPLE}, invoice={"due_on": "2026-11-20", "issued_on": "2026-10-20"})


@pytest.fixture
def copying(pipeline: Pipeline, tmp_path: Path) -> Pipeline:
    policy = tmp_path / "copies.yaml"
    policy.write_text(POLICY, encoding="utf-8")
    services = replace(pipeline.services, policies=PolicyBook(str(policy)))
    prepare(services)
    return Pipeline(services, pipeline.runner)


def out_of_use(pipeline: Pipeline) -> list[str]:
    with pipeline.services.engine.connect() as connection:
        return [one.address for one in history.suppressions_of(connection, DEFAULT_SELLER)]


def test_the_mail_goes_out_without_the_copy_that_sendgrid_refuses(copying: Pipeline, simulator: Simulator) -> None:
    """Found in review: the mail to the good reader was spent, and nobody was told of the bad address."""
    copying.take(LATE)
    copying.deliver_due()

    first, second = copying.log()
    assert (first.state, first.error_class, first.cc) == ("refused", "content", (TOO_LONG, "zoe@example.com"))
    assert (second.state, second.cc, second.reminder) == ("accepted", ("zoe@example.com",), first.reminder)
    assert sorted(one["to"] for one in simulator.messages()) == ["anne@example.com", "zoe@example.com"]
    assert out_of_use(copying) == [TOO_LONG]
    [task] = copying.tasks()
    assert (task.kind, task.step, task.title) == ("repair", "first", "Luc Martin")
    told = [entry.event for entry in copying.journal() if entry.event in ("address.suppressed", "task.opened")]
    assert told == ["address.suppressed", "task.opened"]


class LeavingOut:
    """A mail server that takes the mail without one of its copies."""

    provider = "smtp"

    async def send(self, message: Message) -> Outcome:
        """Says which one, as `channels/smtp` does."""
        assert TOO_LONG in message.cc
        return Outcome(OutcomeClass.ACCEPTED, provider_id="m", code="copy_refused", bad_copies=(TOO_LONG,))


def test_a_copy_that_a_mail_server_leaves_out_is_a_contact_to_repair(copying: Pipeline) -> None:
    """Over SMTP the mail has left at once, without it."""
    channels = {**copying.services.channels, Channel.EMAIL: LeavingOut()}
    copying = Pipeline(replace(copying.services, channels=channels), copying.runner)
    copying.take(LATE)
    copying.deliver_due()

    assert [row.state for row in copying.log()] == ["accepted"]
    assert (out_of_use(copying), [task.kind for task in copying.tasks()]) == ([TOO_LONG], ["repair"])
