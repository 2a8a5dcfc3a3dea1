"""A new version of a policy is published while ladders run: they stay on theirs until they are moved."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from config.policy_book import PolicyBook
from config.policy_files import SHIPPED, load_policy
from config.publishing import prepare, publish_policy
from store import book
from store.overview import AccountView
from tests.command import run_relance
from tests.factories import Json, contact_data, event, invoice_event
from tests.integration.test_big_batches import listening
from tests.pipeline import TUESDAY_0930, Pipeline, clock_setting
from tests.simulator_process import Simulator
from workers.planning import plan_accounts
from workers.preview import preview, published

STANDARD = (SHIPPED / "standard.yaml").read_text()
CALL = "due + 10 days, level: courteous, channels: [phone]"
FIRST = "channels: [email, whatsapp, sms]"
NEXT_WEEK = TUESDAY_0930 + timedelta(days=7, hours=2, minutes=20)
"""Ten to twelve in Paris: whatever waited for its window has left."""


@pytest.fixture
def v2(tmp_path: Path) -> Path:
    """First an SMS, then an e-mail in the place of the call, a day earlier."""
    assert CALL in STANDARD
    file = tmp_path / "v2.yaml"
    changed = STANDARD.replace(CALL, "due + 9 days, level: courteous, channels: [email]")
    file.write_text(changed.replace(FIRST, "channels: [sms, email]"))
    return file


@pytest.fixture
def running(pipeline: Pipeline) -> Pipeline:
    """C-17 has had the first step by standard@1; the call comes in the next week."""
    pipeline.take(owes("C-17", "F-1", "2026-11-20"))
    assert pipeline.deliver_due() == 1
    return pipeline


def owes(customer: str, invoice: str, due_on: str, **changes: object) -> Json:
    contacts = [contact_data(email=f"{customer}@example.com".lower())]
    return invoice_event(
        id=f"{customer}-{invoice}",
        customer={"id": customer, "contacts": contacts, **changes},
        invoice={"id": invoice, "number": invoice, "due_on": due_on, "issued_on": "2026-10-01"},
    )


def publish(pipeline: Pipeline, file: Path, *, moves: bool = False) -> str:
    return publish_policy(pipeline.services, load_policy(str(file)), moves=moves).label


def restarted(pipeline: Pipeline, policy: Path | str = "standard") -> Pipeline:
    """The same installation after a restart: what the process knew is forgotten."""
    services = replace(pipeline.services, policies=PolicyBook(str(policy)))
    prepare(services)
    return Pipeline(services, pipeline.runner)


def went_out(pipeline: Pipeline, customer: str = "C-17") -> list[tuple[str, str, str]]:
    return [(row.step, row.channel, row.policy) for row in pipeline.log() if row.customer == customer]


def spoil(pipeline: Pipeline, version: int) -> None:
    """As if another Relance had written a text that this one does not understand."""
    spoilt = sa.text("UPDATE policies SET body = 'name: [' WHERE name = 'standard' AND version = :version")
    with pipeline.services.engine.begin() as connection:
        connection.execute(spoilt, {"version": version})


def planned_by(pipeline: Pipeline, customer: str = "C-17") -> tuple[str, bool]:
    plan = pipeline.account(customer).plan
    assert plan is not None
    return plan["policy"], plan["pinned"]


def test_a_running_ladder_keeps_its_version_and_a_new_one_begins_with_the_newest(running: Pipeline, v2: Path) -> None:
    assert publish(running, v2) == "standard@2"
    running.take(owes("C-18", "F-2", "2026-11-20"))
    running.deliver_due()
    running.at(NEXT_WEEK).deliver_due()
    assert went_out(running) == [("first", "email", "standard@1"), ("call", "phone", "standard@1")]
    assert went_out(running, "C-18")[0] == ("first", "sms", "standard@2")


def test_a_move_takes_running_ladders_along(running: Pipeline, v2: Path) -> None:
    assert publish(running, v2, moves=True) == "standard@2"
    running.at(NEXT_WEEK).deliver_due()
    assert went_out(running) == [("first", "email", "standard@1"), ("call", "email", "standard@2")]


def test_what_is_stored_already_can_be_moved_to_later(running: Pipeline, v2: Path) -> None:
    publish(running, v2)
    assert publish(running, v2, moves=True) == "standard@2"
    running.deliver_due()
    assert planned_by(running) == ("standard@2", True)


def test_a_restart_with_another_text_moves_nobody(running: Pipeline, v2: Path) -> None:
    again = restarted(running, v2).at(NEXT_WEEK)
    again.deliver_due()
    assert went_out(again)[-1] == ("call", "phone", "standard@1")


def test_who_names_another_policy_meanwhile_has_its_newest_version(running: Pipeline, v2: Path) -> None:
    publish(running, v2)
    running.take(owes("C-17", "F-3", "2026-12-20", policy="gentle"))
    assert planned_by(running) == ("gentle@1", False)


def test_a_name_that_nobody_had_stored_takes_over_running_ladders_too(pipeline: Pipeline, v2: Path) -> None:
    """They ran on the installation's policy, because the one that their customer names was not there."""
    pipeline.take(owes("C-17", "F-1", "2026-11-20", policy="early"))
    assert pipeline.deliver_due() == 1
    v2.write_text(v2.read_text().replace("name: standard", "name: early"))
    assert publish(pipeline, v2) == "early@1"
    pipeline.at(NEXT_WEEK).deliver_due()
    assert went_out(pipeline) == [("first", "email", "standard@1"), ("call", "email", "early@1")]


def test_a_ladder_that_has_ended_keeps_nothing(running: Pipeline, v2: Path) -> None:
    publish(running, v2)
    running.take(event("invoice.paid", {"invoice_id": "F-1", "paid_on": "2026-11-24"}, id="paid"))
    running.take(owes("C-17", "F-3", "2026-12-20"))
    assert planned_by(running) == ("standard@2", False)


def test_a_withdrawn_reminder_leaves_no_ladder_behind(pipeline: Pipeline, simulator: Simulator, v2: Path) -> None:
    """It waits for a retry, the new version is published, and the invoice is disputed: nothing ever went out."""
    simulator.switch(channel="email", fault="429", retry_after_s=20, times=1)
    pipeline.take(owes("C-17", "F-1", "2026-11-20"))
    pipeline.deliver_due()
    publish(pipeline, v2)
    pipeline.deliver_due()
    assert planned_by(pipeline) == ("standard@1", True)
    pipeline.take(event("invoice.disputed", {"invoice_id": "F-1", "reason": "quality"}, id="disputed"))
    assert planned_by(pipeline) == ("standard@2", False)
    assert "reminder.withdrawn" in [entry.event for entry in pipeline.journal()]


@pytest.mark.parametrize("moves", [False, True])
def test_what_is_previewed_is_what_publishing_does(running: Pipeline, v2: Path, *, moves: bool) -> None:
    running.take(owes("C-18", "F-2", "2026-11-30"))
    instead = published(running.services, load_policy(str(v2)).policy, moves=moves)
    foreseen = [look.other for look in preview(running.services, running.now, 60, instead)]
    before = [look.coming for look in preview(running.services, running.now, 60, instead)]
    assert [mine == other for mine, other in zip(before, foreseen, strict=True)] == [not moves, False]
    publish(running, v2, moves=moves)
    assert [[replace(one, at=soon(one.at)) for one in look] for look in foreseen] == [
        [replace(one, at=soon(one.at)) for one in look.coming] for look in preview(running.services, running.now, 60)
    ]
    first = foreseen[0][0]
    running.at(first.at + timedelta(minutes=1)).deliver_due()
    assert went_out(running)[-1] == (first.step, first.channel, first.policy)


def soon(at: datetime) -> datetime:
    """What goes out at once does so at the instant at which it is asked for."""
    return at.replace(minute=0, second=0, microsecond=0)


def test_moving_what_is_the_newest_already_is_previewed_too(running: Pipeline, v2: Path) -> None:
    publish(running, v2)
    policy = load_policy(str(v2)).policy
    looks = [
        next(preview(running.services, running.now, 60, published(running.services, policy, moves=moves)))
        for moves in (False, True)
    ]
    assert [{one.policy for one in look.other} for look in looks] == [{"standard@1"}, {"standard@2"}]


def test_publishing_wakes_only_whom_it_may_change_and_a_start_nobody(running: Pipeline, v2: Path) -> None:
    running.take(owes("C-18", "F-2", "2026-11-30"))
    publishing_wakes(running, lambda: publish(running, v2), kept=["C-17"], woken=["C-18"])
    publishing_wakes(running, lambda: restarted(running, v2), kept=["C-17", "C-18"], woken=[])
    publishing_wakes(running, lambda: publish(running, v2, moves=True), kept=["C-18"], woken=["C-17"])
    publishing_wakes(running, lambda: restarted(running, v2), kept=["C-17", "C-18"], woken=[])


def publishing_wakes(pipeline: Pipeline, act: Callable[[], object], *, kept: list[str], woken: list[str]) -> None:
    before = views(pipeline, [*kept, *woken])
    act()
    after = views(pipeline, [*kept, *woken])
    assert [name for name in kept if before[name] != after[name]] == []
    assert [name for name in woken if before[name] == after[name]] == []
    pipeline.deliver_due()


def views(pipeline: Pipeline, names: list[str]) -> dict[str, AccountView]:
    return {name: pipeline.account(name) for name in names}


def test_plans_that_do_not_say_whether_they_are_pinned_are_made_again_once(running: Pipeline) -> None:
    """Those of Relance 0.1."""
    with running.services.engine.begin() as connection:
        connection.execute(sa.text("UPDATE accounts SET plan = plan - 'pinned'"))
    restarted(running).deliver_due()
    assert planned_by(running) == ("standard@1", True)


def test_an_unreadable_version_stops_nobody(running: Pipeline, v2: Path) -> None:
    """New ladders begin with the newest that can be read."""
    publish(running, v2, moves=True)
    spoil(running, 2)
    again = restarted(running, v2)
    again.take(owes("C-18", "F-2", "2026-11-20"), owes("C-19", "F-3", "2026-11-20", policy="gentle"))
    again.deliver_due()
    again.at(NEXT_WEEK).deliver_due()
    assert [policy for _, _, policy in went_out(again)] == ["standard@1", "standard@1"]
    assert went_out(again, "C-18")[0] == ("first", "email", "standard@1")
    assert went_out(again, "C-19")[0][2] == "gentle@1"


def test_the_log_names_the_version_that_cannot_be_read(running: Pipeline, v2: Path, database_url: str) -> None:
    publish(running, v2)
    spoil(running, 2)
    settings = {"database_url": database_url, "clock": clock_setting(TUESDAY_0930)}
    ended = run_relance("preview", "--json", folder=v2.parent, settings=settings)
    assert ended.returncode == 0
    [told] = [json.loads(line) for line in ended.stderr.splitlines()]
    assert (told["event"], told["level"], told["policy"]) == ("policy.unreadable", "warning", "standard@2")
    assert told["problem"].startswith("standard@2:1: ")


def test_a_ladder_whose_version_cannot_be_read_goes_on_with_the_newest(running: Pipeline, v2: Path) -> None:
    publish(running, v2)
    spoil(running, 1)
    again = restarted(running, v2).at(NEXT_WEEK)
    again.deliver_due()
    assert went_out(again)[-1] == ("call", "email", "standard@2")


def test_a_ladder_whose_version_is_gone_goes_on_with_the_newest(running: Pipeline, v2: Path) -> None:
    publish(running, v2)
    with running.services.engine.begin() as connection:
        connection.execute(sa.text("DELETE FROM policies WHERE name = 'standard' AND version = 1"))
    again = restarted(running, v2).at(NEXT_WEEK)
    again.deliver_due()
    assert went_out(again)[-1] == ("call", "email", "standard@2")


def test_a_policy_of_which_nothing_can_be_read_is_passed_over(pipeline: Pipeline) -> None:
    with pipeline.services.engine.begin() as connection:
        connection.execute(sa.text("UPDATE policies SET body = 'name: [' WHERE name = 'gentle'"))
    again = restarted(pipeline)
    again.take(owes("C-17", "F-1", "2026-11-20", policy="gentle"))
    assert planned_by(again) == ("standard@1", False)
    instead = published(again.services, load_policy("gentle").policy)
    assert (instead.name, instead.policy.label) == ("gentle", "gentle@2")


def test_versions_cost_one_look_and_their_texts_one_more_the_first_time(running: Pipeline, v2: Path) -> None:
    """A third for what cannot be read, and that once too: versions never change."""
    publish(running, v2)
    publish(running, SHIPPED / "standard.yaml")
    looks = []
    for spoilt in (None, 3):
        if spoilt is not None:
            spoil(running, spoilt)
        services = replace(running.services, policies=PolicyBook("standard"))
        with running.services.engine.connect() as connection:
            planned = plan_accounts(connection, running.services, book.batch(connection, 10), running.now)
            for _ in range(2):
                with listening(connection) as told:
                    in_force = services.policies.in_force(connection, [one.account for one in planned])
                looks.append(len(told))
        assert sorted(in_force["standard"].known) == ([1, 3] if spoilt is None else [1, 2])
    assert looks == [2, 1, 4, 1]
