"""A replay in several processes: each plays customers of its own, and what comes of it is the same."""

import io
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from cli.timed_events import Script, read_script
from config.embedded.postgres import EmbeddedPostgres
from config.publishing import prepare
from config.wiring import DEFAULT_SELLER, Services, build_for_replay
from domain.customer import Seller
from store import log as delivery_log
from store.migrate import migrate
from tests.bench.replay_book import book
from workers.replay import Complaint
from workers.several import PartError, parts_of, players, replay_with

Build = Callable[[], Services]
Sent = tuple[datetime, str, str, str, str]


def script_of(invoices: int) -> Script:
    """The last events have ids that are known, with other bodies."""
    events = [*book(invoices, invoices // 2), *book(1, 1, feed=False)]
    lines = "".join(json.dumps(one) + "\n" for one in events)
    return read_script(io.BytesIO(lines.encode()), Seller(DEFAULT_SELLER))


@contextmanager
def replaying(folder: Path) -> Iterator[tuple[Build, Services]]:
    with EmbeddedPostgres(folder, durable=False) as database:
        build = partial(build_for_replay, database.url, "standard", approvals_given=True)
        services = build()
        try:
            migrate(database.url)
            prepare(services)
            yield build, services
        finally:
            services.engine.dispose()


def played(folder: Path, script: Script, processes: int) -> tuple[list[Sent], list[Complaint]]:
    """What was sent, and what was complained about."""
    with players(processes, len(script.events), worth=1) as others, replaying(folder) as (build, services):
        assert len(others) == processes - 1
        until = script.events[-1].at + timedelta(days=60)
        complaints = replay_with(others, build, services, script.events, until, lambda _: None)
        with services.engine.connect() as connection:
            rows = delivery_log.read(connection, limit=1_000)
    return sorted((row.at, row.customer, row.attempt, row.step, row.channel) for row in rows), complaints


def test_two_processes_send_what_one_sends(tmp_path: Path) -> None:
    script = script_of(12)
    one, two = played(tmp_path / "a", script, 1), played(tmp_path / "b", script, 2)
    assert one == two
    assert len(one[0]) > 12
    assert {told.split(":")[0] for _, told in two[1]} == {"conflict"}


def test_what_breaks_a_process_breaks_the_replay(tmp_path: Path) -> None:
    """And is told in a line. The database of the other part is not there."""
    script = script_of(4)
    nowhere = partial(build_for_replay, "postgresql+psycopg://@/x?host=/nowhere", "standard", approvals_given=True)
    with (
        players(2, 2, worth=1) as others,
        replaying(tmp_path) as (_, services),
        pytest.raises(PartError, match=OperationalError.__name__),
    ):
        replay_with(others, nowhere, services, script.events, script.events[-1].at, lambda _: None)


def test_a_process_that_has_ended_breaks_the_replay(tmp_path: Path) -> None:
    script = script_of(4)
    with players(2, 2, worth=1) as others, replaying(tmp_path) as (build, services):
        others[0].process.terminate()
        others[0].process.join()
        with pytest.raises(PartError, match="has ended"):
            replay_with(others, build, services, script.events, script.events[-1].at, lambda _: None)


def test_nobody_is_asked_to_help_with_little() -> None:
    with players(8, 1_999) as others:
        assert others == []


def test_a_lane_is_played_by_one_process() -> None:
    events = script_of(40).events
    parts = parts_of(events, 3)
    customers = [{one.event.customer_id for one in part} - {None} for part in parts]
    assert sorted(one.line for part in parts for one in part) == sorted(one.line for one in events)
    assert not any(one & other for one, other in pairwise(customers))
    assert max(map(len, parts)) < len(events) / 2
    assert parts == parts_of(events, 3)
