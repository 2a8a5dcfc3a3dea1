"""The migrations make exactly the tables that the store speaks of, from many places at once if need be."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from store.engine import make_engine
from store.migrate import alembic_config, is_current, migrate
from store.tables import metadata
from tests.conftest import Servers


@pytest.fixture
def empty_database(servers: Servers) -> str:
    return servers.postgres.create_database("relance_unmigrated")


def test_the_migrations_make_the_tables_that_the_store_speaks_of(database_url: str) -> None:
    engine = make_engine(database_url)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        assert is_current(connection)
    engine.dispose()


def test_processes_that_migrate_at_once_do_it_once(empty_database: str, servers: Servers) -> None:
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
    servers.postgres.drop_database("relance_unmigrated")
