"""The migrations make exactly the tables that the store speaks of, from many places at once if need be."""

import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

import store.migrate
from cli.main import main
from store.engine import Connection, make_engine
from store.migrate import alembic_config, is_current, migrate
from store.tables import metadata
from tests.conftest import Servers


@pytest.fixture
def empty_database(servers: Servers) -> Iterator[str]:
    yield servers.postgres.create_database("relance_unmigrated")
    servers.postgres.drop_database("relance_unmigrated")


def test_the_migrations_make_the_tables_that_the_store_speaks_of(database_url: str) -> None:
    engine = make_engine(database_url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_name": is_no_part})
        assert compare_metadata(context, metadata) == []
        assert is_current(connection)
    engine.dispose()


def is_no_part(name: str | None, kind: str, _parents: object) -> bool:
    """The journal's parts are like the journal."""
    return kind != "table" or re.fullmatch(r"journal_(\d{4}_\d{2}|default)", name or "") is None


def test_tasks_that_0_1_0_opened_get_the_clock_and_cycle_of_their_contact(empty_database: str) -> None:
    engine = make_engine(empty_database)
    with engine.begin() as connection:
        config = alembic_config()
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.exec_driver_sql(_OLD_TASKS)
        command.upgrade(config, "0002")
        rows = connection.exec_driver_sql(
            "SELECT id, utc_offset_s, cycle, next_on, note, closed_by FROM tasks ORDER BY id"
        ).all()
    engine.dispose()
    assert [tuple(row) for row in rows] == [("call", 3600, 2, None, "", ""), ("repair", 0, 0, None, "", "")]


_OLD_TASKS = """
    INSERT INTO accounts (seller, customer_id) VALUES ('default', 'C-17');
    INSERT INTO reminders (id, seller, account_id, claimed_at, step, level, tone, channel, policy, members,
        invoice_ids, state)
    SELECT 'r', seller, id, now(), 'call', 1, 1, 'phone', 'standard@1', '[{"cycle": 2}]', '{}', 'done' FROM accounts;
    INSERT INTO attempts (id, seller, account_id, reminder_id, number, channel, provider, recipient, called_at,
        utc_offset_s, state, template, message)
    SELECT 'call', seller, id, 'r', 1, 'phone', 'task', '+33612345678', now(), 3600, 'opened', '', '{}' FROM accounts;
    INSERT INTO tasks (id, seller, account_id, kind, step, units, reminder_id, opened_at)
    SELECT 'call', seller, id, 'phone', 'call', ARRAY['F-1'], 'r', now() FROM accounts
    UNION ALL SELECT 'repair', seller, id, 'repair', 'first', ARRAY[]::text[], NULL, now() FROM accounts;
"""


def test_what_was_sent_before_is_noted_for_the_people_who_got_it(empty_database: str) -> None:
    """Nobody loses his budget to an upgrade; a hand-off went to nobody."""
    engine = make_engine(empty_database)
    with engine.begin() as connection:
        config = alembic_config()
        config.attributes["connection"] = connection
        command.upgrade(config, "0004")
        connection.exec_driver_sql(_OLD_TASKS)
        connection.exec_driver_sql(_OLD_ATTEMPTS)
        command.upgrade(config, "0005")
        rows = connection.exec_driver_sql("SELECT attempt_id, address FROM contacted ORDER BY 1, 2").all()
    engine.dispose()
    assert [tuple(row) for row in rows] == [
        ("call", "+33612345678"),
        ("mail", "anne@example.com"),
        ("mail", "luc@example.com"),
    ]


_OLD_ATTEMPTS = """
    INSERT INTO attempts (id, seller, account_id, reminder_id, number, channel, provider, recipient, cc, called_at,
        utc_offset_s, state, template, message)
    SELECT 'mail', seller, id, 'r', 2, 'email', 'sendgrid', 'Anne@Example.com',
        ARRAY['Luc@example.com', 'anne@example.com'], now(), 3600, 'sent', '', '{}'::jsonb FROM accounts
    UNION ALL
    SELECT 'off', seller, id, 'r', 3, 'task', 'task', '', '{}', now(), 3600, 'opened', '', '{}'::jsonb FROM accounts;
"""


def test_the_journal_is_carried_over_into_its_months_and_back(empty_database: str) -> None:
    """Every row with its number, also those of an odd instant; and the next number comes after them."""
    engine = make_engine(empty_database)
    with engine.begin() as connection:
        config = alembic_config()
        config.attributes["connection"] = connection
        command.upgrade(config, "0008")
        connection.exec_driver_sql(_OLD_JOURNAL)
        before = connection.exec_driver_sql("SELECT * FROM journal ORDER BY id").all()
        for revision in ("0009", "0008", "0009"):
            (command.upgrade if revision == "0009" else command.downgrade)(config, revision)
            assert connection.exec_driver_sql("SELECT * FROM journal ORDER BY id").all() == before
        connection.exec_driver_sql(_ONE_MORE)
        assert connection.exec_driver_sql("SELECT max(id) FROM journal").scalar_one() == len(before) + 1
        odd = connection.exec_driver_sql("SELECT account_id FROM journal_default ORDER BY 1").scalars().all()
        parts = connection.exec_driver_sql("SELECT count(DISTINCT tableoid) FROM journal").scalar_one()
    engine.dispose()
    assert (odd, parts) == ([1, 2], 4)


_ONE_MORE = "INSERT INTO journal (seller, at, event, facts) VALUES ('default', now(), 'plan.changed', '{}')"
_OLD_JOURNAL = """
    INSERT INTO journal (seller, account_id, reminder_id, at, event, facts)
    SELECT 'default', n, 'r' || n, at, 'plan.changed', '{"n": 1}'
    FROM unnest(ARRAY['1999-07-14 00:00+00'::timestamptz, '2041-07-14 00:00+00', now() - interval '70 days',
        now() - interval '5 years', now(), now()]) WITH ORDINALITY AS found(at, n);
"""


def test_tables_are_stored_as_the_store_says(database_url: str) -> None:
    """How full a page is filled, how soon dead rows are cleared away: no comparison of schemas sees that."""
    engine = make_engine(database_url)
    with engine.connect() as connection:
        rows = connection.exec_driver_sql(
            "SELECT relname, reloptions FROM pg_class WHERE reloptions IS NOT NULL"
        ).all()
    engine.dispose()
    found = {name: dict(one.split("=") for one in options) for name, options in rows if name in metadata.tables}
    said = {name: table.dialect_options["postgresql"].get("with") for name, table in metadata.tables.items()}
    assert found == {
        name: {key: str(value) for key, value in options.items()} for name, options in said.items() if options
    }


def test_processes_that_migrate_at_once_do_it_once(empty_database: str) -> None:
    """Every container may run the migrations at its start."""
    with ThreadPoolExecutor(3) as pool:
        for migrated in [pool.submit(migrate, empty_database) for _ in range(3)]:
            migrated.result()
    engine = make_engine(empty_database)
    with engine.begin() as connection:
        assert is_current(connection)
        config = alembic_config()
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
        assert not is_current(connection)
    engine.dispose()


def test_another_migration_is_waited_for_as_long_as_it_takes(
    empty_database: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A release that fills a large table takes longer than anybody's lock should be waited for."""
    monkeypatch.setattr(store.migrate, "LOCK_WITHIN_S", 1)
    monkeypatch.setenv("RELANCE_DATABASE_URL", empty_database)
    engine = make_engine(empty_database)
    with engine.connect() as other:
        held = other.begin()
        other.exec_driver_sql(f"SELECT pg_advisory_xact_lock({store.migrate.LOCK})")
        later = threading.Timer(2.5, held.rollback)
        later.start()
        assert main(["migrate"]) == 0
        later.join()
    assert capsys.readouterr().err == "another migration is under way; waiting for its end\n"
    with engine.connect() as connection:
        assert is_current(connection)
    engine.dispose()


def test_a_table_that_somebody_holds_is_waited_for_a_minute_and_no_longer(
    empty_database: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(store.migrate, "LOCK_WITHIN_S", 1)
    monkeypatch.setenv("RELANCE_DATABASE_URL", empty_database)
    engine = make_engine(empty_database)
    with engine.begin() as reader:
        reader.exec_driver_sql("CREATE TABLE alembic_version (version_num text PRIMARY KEY)")
    with engine.begin() as reader:
        reader.exec_driver_sql("LOCK TABLE alembic_version")
        assert main(["migrate"]) == 2
    assert "lock timeout" in capsys.readouterr().err
    engine.dispose()


def test_a_migration_may_take_as_long_as_it_does(empty_database: str) -> None:
    """An index of a large table takes minutes; a statement of a worker's ends after half of one."""
    seconds: list[str] = []

    def look(connection: Connection, _cursor: object, statement: str, *_: object) -> None:
        if statement.lstrip().startswith("CREATE INDEX"):
            seconds.append(connection.exec_driver_sql("SHOW statement_timeout").scalar_one())

    sa.event.listen(sa.Engine, "before_cursor_execute", look)
    try:
        migrate(empty_database)
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", look)
    assert set(seconds) == {"0"}


def test_a_database_that_comes_a_moment_later_is_waited_for(
    servers: Servers, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A container's first start: the server answers, and makes its database only then."""
    name = "relance_made_later"
    url = servers.postgres.create_database(name)
    servers.postgres.drop_database(name)
    monkeypatch.setenv("RELANCE_DATABASE_URL", url)
    later = threading.Timer(1.5, servers.postgres.create_database, [name])
    later.start()
    assert main(["migrate", "--wait", "30"]) == 0
    later.join()
    servers.postgres.drop_database(name)
    assert main(["migrate", "--wait", "1"]) == 2
    assert capsys.readouterr().err.count("\n") == 1
