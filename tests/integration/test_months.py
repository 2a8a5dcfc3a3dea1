"""The journal's months: made ahead, dropped whole, and no instant is lost, whatever the clock says."""

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
import structlog

from cli.main import main
from config.wiring import DEFAULT_SELLER, Services
from domain.ids import AccountKey
from domain.keeping import MONTHS_AHEAD, month_start
from store import journal, months, retention
from store.engine import Connection
from store.journal import Entry
from store.retention import RAW, Kind
from tests.pipeline import TUESDAY_0930, services_at
from tests.services import using_services
from workers import keep as keep_step
from workers.keep import KINDS, Kept, keep, would_leave

KEY = AccountKey(7)
LONG_AGO, FAR_AHEAD = datetime(1999, 7, 14, tzinfo=UTC), datetime(2041, 7, 14, tzinfo=UTC)


@pytest.fixture
def services(database_url: str) -> Iterator[Services]:
    with using_services(database_url) as services:
        yield services


def write(services: Services, *instants: datetime) -> None:
    with services.engine.begin() as connection:
        journal.write(connection, [Entry(DEFAULT_SELLER, at, "plan.changed", {}, KEY) for at in instants])


def instants(services: Services) -> list[datetime]:
    with services.engine.connect() as connection:
        return [entry.at for entry in journal.of_account(connection, KEY)]


def part_of(connection: Connection, at: datetime) -> str:
    found = connection.execute(sa.text("SELECT tableoid::regclass::text FROM journal WHERE at = :at"), {"at": at})
    return str(found.scalar_one())


def ahead(services: Services, now: datetime) -> int:
    with services.engine.connect() as connection:
        return months.ahead(connection, now)


def test_a_new_installation_has_its_first_months(services: Services) -> None:
    assert ahead(services, datetime.now(UTC)) >= MONTHS_AHEAD


def test_the_job_makes_the_months_ahead_of_business_time(services: Services) -> None:
    later = TUESDAY_0930 + timedelta(days=1000)
    assert ahead(services, later) == 0
    keep(services, later)
    assert ahead(services, later) == MONTHS_AHEAD
    write(services, later)
    with services.engine.connect() as connection:
        assert part_of(connection, later) == f"journal_{later:%Y_%m}"


def test_a_write_of_any_instant_is_kept_and_read(services: Services) -> None:
    """A replay, a shifted clock, a machine that believes it is 1999: the journal takes it."""
    write(services, LONG_AGO, TUESDAY_0930, FAR_AHEAD)
    assert instants(services) == [LONG_AGO, TUESDAY_0930, FAR_AHEAD]
    with services.engine.connect() as connection:
        assert [part_of(connection, at) for at in (LONG_AGO, FAR_AHEAD)] == ["journal_default"] * 2


def test_what_was_written_before_its_month_was_made_moves_there(services: Services) -> None:
    """The job stood still for a year: rows of this month lie in the default part."""
    write(services, FAR_AHEAD, FAR_AHEAD + timedelta(days=100))
    keep(services, FAR_AHEAD)
    with services.engine.connect() as connection:
        assert part_of(connection, FAR_AHEAD) == "journal_2041_07"
        assert part_of(connection, FAR_AHEAD + timedelta(days=100)) == "journal_2041_10"
    write(services, FAR_AHEAD)
    assert len(instants(services)) == 3


def test_too_much_to_move_stays_where_it_is_and_is_read_all_the_same(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(months, "MOST_MOVED", 1)
    write(services, FAR_AHEAD, FAR_AHEAD)
    keep(services, FAR_AHEAD)
    assert ahead(services, FAR_AHEAD) == MONTHS_AHEAD
    with services.engine.connect() as connection:
        assert month_start(FAR_AHEAD) not in months.months(connection)
    write(services, FAR_AHEAD)
    assert len(instants(services)) == 3


def test_old_months_leave_whole_and_old_rows_of_no_month_too(services: Services) -> None:
    now = TUESDAY_0930 + timedelta(days=366 * 12)
    write(services, LONG_AGO, TUESDAY_0930, now - timedelta(days=365), FAR_AHEAD)
    later = services_at(services, now)
    left = keep(later, now).left
    assert instants(services) == [now - timedelta(days=365), FAR_AHEAD]
    assert (left["months of the journal"] >= 1, left["journal of no month"]) == (True, 1)
    with services.engine.connect() as connection:
        assert min(months.months(connection)) >= month_start(now, -services.settings.keep_months)
    assert keep(later, now).left["months of the journal"] == 0


def test_nothing_leaves_in_the_first_eleven_years(services: Services) -> None:
    write(services, TUESDAY_0930)
    now = TUESDAY_0930 + timedelta(days=365 * 11)
    assert set(keep(services_at(services, now), now).left.values()) == {0}
    assert instants(services) == [TUESDAY_0930]


def test_many_at_once_make_and_drop_each_month_once(services: Services) -> None:
    now = TUESDAY_0930 + timedelta(days=366 * 12)
    write(services, TUESDAY_0930, now)
    with services.engine.connect() as connection:
        old = len([month for month in months.months(connection) if month < month_start(now, -132)])
    later = services_at(services, now)
    with ThreadPoolExecutor(4) as pool:
        left = list(pool.map(lambda _: keep(later, now).left.get("months of the journal", 0), range(4)))
    left.append(keep(later, now).left["months of the journal"])  # one that gave way to another had left a month
    assert sum(left) == old
    assert ahead(services, now) == MONTHS_AHEAD
    assert instants(services) == [now]


def test_the_job_gives_way_to_whoever_holds_the_journal(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    """A long reader must not have every writer wait behind the job: it tries again an hour later."""
    monkeypatch.setattr(months, "WAITS_MS", 50)
    with services.engine.begin() as reader:
        reader.execute(sa.text("SELECT count(*) FROM journal_default"))
        keep(services, FAR_AHEAD)
    assert ahead(services, FAR_AHEAD) == 0
    keep(services, FAR_AHEAD)
    assert ahead(services, FAR_AHEAD) == MONTHS_AHEAD


def test_a_journal_that_somebody_holds_is_asked_for_once_in_a_run(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever writes waits behind each try: one for each month of years kept all intake waiting."""
    monkeypatch.setattr(months, "WAITS_MS", 50)
    said = structlog.testing.CapturingLogger()
    monkeypatch.setattr(keep_step, "log", said)
    later = services_at(services, FAR_AHEAD)
    with services.engine.begin() as reader:
        reader.execute(sa.text("SELECT count(*) FROM journal"))
        left = keep(later, FAR_AHEAD).left
    assert [call.args for call in said.calls] == [("keep.later",), ("keep.done",)]
    assert left == dict.fromkeys(KINDS, 0)


def test_who_counts_what_would_leave_holds_no_month_for_longer_than_that(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a large book a count takes minutes, and the job could make no month meanwhile."""
    whole: Callable[[Any, Kind, datetime], int] = retention.count
    found: list[int] = []

    def looks(connection: Any, kind: Kind, before: datetime) -> int:
        with services.engine.connect() as other:
            held = "SELECT count(*) FROM pg_locks WHERE relation = 'journal_default'::regclass AND mode LIKE 'Acc%'"
            found.append(other.execute(sa.text(held)).scalar_one())
        return whole(connection, kind, before)

    monkeypatch.setattr(retention, "count", looks)
    would_leave(services, TUESDAY_0930)
    assert set(found) == {0}


def test_one_that_finds_another_at_work_leaves_at_once(
    services: Services, monkeypatch: pytest.MonkeyPatch, database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    said = structlog.testing.CapturingLogger()
    monkeypatch.setattr(keep_step, "log", said)
    monkeypatch.setenv("RELANCE_DATABASE_URL", database_url)
    with services.engine.begin() as another:
        assert months.alone(another)
        assert keep(services_at(services, FAR_AHEAD), FAR_AHEAD) == Kept({}, to_the_end=False)
        assert [call.args for call in said.calls] == [("keep.left_to_another",)]
        assert main(["keep"]) == 1
    assert capsys.readouterr() == ("", "another one is at work: the rest is left to that\n")
    assert ahead(services, FAR_AHEAD) == 0


def test_readers_of_the_journal_use_an_index_of_each_part(services: Services) -> None:
    keep(services, FAR_AHEAD)
    with services.engine.begin() as connection:
        connection.execute(sa.text("SET LOCAL enable_seqscan = off"))
        for where in ("account_id = 7", "reminder_id = 'r'"):
            statement = f"EXPLAIN SELECT * FROM journal WHERE {where} ORDER BY id DESC LIMIT 500"  # noqa: S608
            plan = "\n".join(connection.execute(sa.text(statement)).scalars())
            assert len(re.findall(r"Index Scan|Bitmap Index", plan)) >= len(months.months(connection)) + 1
            assert "Seq Scan" not in plan


def test_one_that_meets_another_on_its_last_kind_says_so_too(
    services: Services, monkeypatch: pytest.MonkeyPatch, database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """All kinds stood in its answer by then, so that `relance keep` ended with 0."""
    last = RAW[-1]

    def let_go(connection: Any, kind: Kind, before: datetime, limit: int) -> int:
        if kind is not last:
            return 0
        monkeypatch.setattr(months, "alone", lambda _: False)  # another one comes between two batches
        return limit

    monkeypatch.setattr(retention, "let_go", let_go)
    monkeypatch.setenv("RELANCE_DATABASE_URL", database_url)
    assert main(["keep"]) == 1
    said = capsys.readouterr()
    assert said.err == "another one is at work: the rest is left to that\n"
    assert said.out.splitlines()[-1] == f"{last.name}: 500"
    assert len(said.out.splitlines()) == len(KINDS)
