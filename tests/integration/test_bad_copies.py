"""An address in copy that a mail server refuses keeps nothing from the reader, and a person mends it."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from channels.port import Message
from config.policy_book import PolicyBook
from config.publishing import prepare
from config.wiring import DEFAULT_SELLER
from domain.levels import Channel
from domain.outcomes import AttemptState, Outcome, OutcomeClass, Receipt
from store import history
from store.worklist import TaskRow
from tests.asked import statements
from tests.factories import contact_data, event, invoice_event
from tests.pipeline import Pipeline
from tests.simulator_process import Simulator

TOO_LONG = f"{'l' * 65}@example.com"
DEAD = "dead@example.com"
SO_TOO = f"{'z' * 65}@example.com"
POLICY = """name: copies
steps:
  - {id: first, when: due + 2 days, level: courteous, channels: [email], cc: [executive, accounting]}
  - {id: second, when: due + 10 days, level: firm, channels: [sms]}
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
    assert (task.kind, task.step, task.title) == ("repair", "copy_refused", "Luc Martin")
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


class OneByOne:
    """A mail server that refuses a mail for its first copy, as long as it has one."""

    provider = "sendgrid"

    async def send(self, message: Message) -> Outcome:
        """Names one at a time, as a server does that stops reading there."""
        if message.cc:
            return Outcome(OutcomeClass.CONTENT, code="http_400", bad_copies=message.cc[:1])
        return Outcome(OutcomeClass.ACCEPTED, provider_id="m")


@pytest.fixture
def naming_one(copying: Pipeline) -> Pipeline:
    """Two copies that will not work, and a server that names one at a time; the reader has his mail."""
    channels = {**copying.services.channels, Channel.EMAIL: OneByOne()}
    copying = Pipeline(replace(copying.services, channels=channels), copying.runner)
    people = [*PEOPLE[:2], {**PEOPLE[2], "email": SO_TOO}]
    copying.take(invoice_event(customer={"contacts": people}, invoice=LATE["data"]["invoice"]))
    copying.deliver_due()
    assert [row.state for row in copying.log()] == ["refused", "refused", "accepted"]
    return copying


def test_all_that_a_share_puts_out_of_use_is_locked_in_one_order(copying: Pipeline) -> None:
    """Found in review: the copies after the readers, each in order, let two workers wait for each other."""

    class Both:
        """Refuses one mail's reader, and leaves a copy out of the other."""

        provider = "smtp"

        async def send(self, message: Message) -> Outcome:
            """Says which."""
            if message.to == DEAD:
                return Outcome(OutcomeClass.PERMANENT_ADDRESS, code="550")
            return Outcome(OutcomeClass.ACCEPTED, provider_id="m", code="copy_refused", bad_copies=(TOO_LONG,))

    channels = {**copying.services.channels, Channel.EMAIL: Both()}
    copying = Pipeline(replace(copying.services, channels=channels), copying.runner)
    reader = {"id": "C-18", "contacts": [contact_data(email=DEAD, phone=None)]}
    invoice = LATE["data"]["invoice"] | {"id": "F-2", "number": "F-2"}
    copying.take(LATE, invoice_event(customer=reader, invoice=invoice, id="other"))
    with statements(copying.services) as asked:
        copying.deliver_due()

    assert [one.startswith("INSERT INTO suppressions") for one in asked].count(True) == 1
    assert sorted(out_of_use(copying)) == sorted([DEAD, TOO_LONG])


def named(tasks: list[TaskRow]) -> list[tuple[str, str]]:
    return sorted((task.step, task.title) for task in tasks)


BOTH = [("copy_refused", "Luc Martin"), ("copy_refused", "Zoé Martin")]


def test_a_second_copy_that_is_refused_later_is_somebodys_task_too(naming_one: Pipeline) -> None:
    """Found in review: both were one task, which named the first alone."""
    assert named(naming_one.tasks()) == BOTH


def test_that_the_reader_has_not_got_his_mail_is_told_whatever_became_of_its_copies(naming_one: Pipeline) -> None:
    """Found in review: the task about a copy stood in the way of the one about the reader."""
    later = naming_one.at(naming_one.now + timedelta(days=9, hours=6))
    assert later.deliver_due() == 1
    mail, _ = later.log()[2:]
    bounce = Receipt("k", "bounce", AttemptState.UNDELIVERED, attempt_id=mail.attempt, address=mail.to)
    later.settle("sendgrid", [(bounce, b"{}")])

    assert named(later.tasks()) == [*BOTH, ("first", "")]


def test_a_copy_that_is_repaired_by_a_later_date_keeps_nothing_from_the_reader(naming_one: Pipeline) -> None:
    """Found in review: closed for the middle of January, it kept the whole ladder quiet until then."""
    for number, task in enumerate(naming_one.tasks()):
        said = {"task_id": task.id, "customer_id": "C-17", "kind": task.kind, "step": task.step, "cycle": task.cycle}
        said |= {"units": list(task.units), "outcome": "done", "next_on": date(2027, 1, 15).isoformat()}
        naming_one.take(event("task.closed", said, id=f"closed-{number}"))
    assert naming_one.tasks() == []
    later = naming_one.at(naming_one.now + timedelta(days=9, hours=6))

    assert later.deliver_due() == 1
    assert [row.step for row in later.log()][3:] == ["second"]
