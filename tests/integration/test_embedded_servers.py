"""The embedded servers, for real: they start, keep their data, and never outlive whoever started them."""

import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from config.embedded import cluster
from config.embedded.binaries import copy_for_others, postgres_bin, redis_server
from config.embedded.guarded import EmbeddedError
from config.embedded.identity import server_identity
from config.embedded.postgres import EmbeddedPostgres
from config.embedded.redis import EmbeddedRedis
from tests.running import is_running, soon

HOLDER = """
import sys, time
from pathlib import Path
from config.embedded.postgres import EmbeddedPostgres
from config.embedded.redis import EmbeddedRedis
home, durable = Path(sys.argv[1]), sys.argv[2] == "durable"
with EmbeddedPostgres(home, durable=durable) as postgres, EmbeddedRedis(home) as broker:
    print(postgres.pid, broker.pid, postgres.url.split("host=")[1].split("&")[0], flush=True)
    time.sleep(600)
"""


@pytest.fixture
def home() -> Iterator[Path]:
    """Return a home folder that `nobody` can enter, with a name short enough for a socket."""
    with TemporaryDirectory(prefix="home-", dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def query(postgres: EmbeddedPostgres, statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(postgres.url.replace("+psycopg", "")) as connection:
        cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


def start_holder(home: Path, kind: str) -> tuple["subprocess.Popen[str]", list[int], Path]:
    holder = subprocess.Popen(  # noqa: S603 - our own words
        [sys.executable, "-c", HOLDER, str(home), kind], stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    postgres_pid, redis_pid, sockets = holder.stdout.readline().split()
    holder.stdout.close()
    return holder, [int(postgres_pid), int(redis_pid)], Path(sockets)


def test_postgres_keeps_the_data_of_a_home_and_leaves_no_process(home: Path) -> None:
    with EmbeddedPostgres(home) as postgres:
        first = postgres.pid
        query(postgres, "CREATE TABLE kept AS SELECT 'Été' AS word")
    assert not is_running(first)
    with EmbeddedPostgres(home) as postgres:
        assert query(postgres, "SELECT word FROM kept") == [("Été",)]


def test_postgres_is_what_the_design_asks_for(home: Path) -> None:
    """UTF-8, UTC, the same order of text everywhere, no port, and synced to disk unless told otherwise."""
    names = ("server_encoding", "TimeZone", "listen_addresses", "fsync", "autovacuum")
    with EmbeddedPostgres(home) as postgres:
        shown = {name: query(postgres, f"SHOW {name}")[0][0] for name in names}
    assert shown == {
        "server_encoding": "UTF8",
        "TimeZone": "UTC",
        "listen_addresses": "",
        "fsync": "on",
        "autovacuum": "on",
    }


def test_nobody_else_can_reach_the_socket(home: Path) -> None:
    """Access is by trust, so the folder's permissions are the whole defence."""
    with EmbeddedPostgres(home, durable=False) as postgres:
        sockets = Path(postgres.url.split("host=")[1].split("&")[0])
        folder = sockets.stat()
    assert stat.S_IMODE(folder.st_mode) == 0o700
    assert folder.st_uid == server_identity().uid


def test_throw_away_data_are_gone_at_the_end(home: Path) -> None:
    with EmbeddedPostgres(home, durable=False) as postgres:
        sockets = Path(postgres.url.split("host=")[1].split("&")[0])
        assert query(postgres, "SHOW fsync") == [("off",)]
    assert not sockets.exists()
    assert [path.name for path in home.iterdir()] == ["logs"]


def test_databases_are_made_from_a_template_and_dropped(home: Path) -> None:
    with EmbeddedPostgres(home, durable=False) as postgres:
        query(postgres, "CREATE TABLE copied AS SELECT 1 AS one")
        url = postgres.create_database("copy", template="relance").replace("+psycopg", "")
        with psycopg.connect(url) as connection:
            assert connection.execute("SELECT one FROM copied").fetchall() == [(1,)]
        postgres.drop_database("copy")
        with pytest.raises(psycopg.OperationalError, match="does not exist"):
            psycopg.connect(url)


def test_postgres_comes_back_at_the_same_address_after_a_kill(home: Path) -> None:
    with EmbeddedPostgres(home) as postgres:
        url = postgres.url
        query(postgres, "CREATE TABLE kept AS SELECT 1 AS one")
        os.kill(postgres.pid, signal.SIGKILL)
        postgres.stop()
        postgres.start()
        assert postgres.url == url
        assert query(postgres, "SELECT one FROM kept") == [(1,)]


def test_a_stranger_with_the_old_process_id_does_not_stop_the_start(home: Path) -> None:
    """After a power cut the process id of the dead server may belong to anything, even to the same user's program."""
    with EmbeddedPostgres(home) as postgres:
        data = Path(postgres.url.split("host=")[1].split("&")[0], "data")
    user = server_identity().uid if os.geteuid() == 0 else None
    stranger = subprocess.Popen(["/bin/sleep", "60"], user=user)
    left = data / "postmaster.pid"
    left.write_text(f"{stranger.pid}\n{data}\n{int(time.time())}\n5432\n{data.parent}\n\n\n")
    os.chown(left, server_identity().uid, -1)
    with EmbeddedPostgres(home) as postgres:
        assert query(postgres, "SELECT 1") == [(1,)]
    stranger.kill()
    stranger.wait()


def test_a_second_start_on_a_running_home_is_refused_in_one_line(home: Path) -> None:
    with EmbeddedPostgres(home), pytest.raises(EmbeddedError) as refused, EmbeddedPostgres(home):
        pass
    said = str(refused.value)
    assert said == f"{home} is in use by process {os.getpid()}: stop it, or set another RELANCE_HOME"


def test_a_start_that_fails_says_why_in_one_line(home: Path) -> None:
    with EmbeddedPostgres(home) as postgres:
        data = Path(postgres.url.split("host=")[1].split("&")[0], "data")
    (data / "global" / "pg_control").unlink()
    with pytest.raises(EmbeddedError) as failed, EmbeddedPostgres(home):
        pass
    assert "pg_control" in str(failed.value)
    assert "\n" not in str(failed.value)


@pytest.mark.parametrize("kind", ["durable", "throw-away"])
def test_servers_end_when_their_holder_is_killed(home: Path, kind: str) -> None:
    """SIGKILL lets nobody clean up after himself; the guard does it."""
    holder, pids, sockets = start_holder(home, kind)
    assert all(map(is_running, pids))
    holder.kill()
    holder.wait()
    assert soon(lambda: not any(map(is_running, pids)))
    assert kind == "durable" or soon(lambda: not sockets.exists())


def test_a_home_can_be_used_again_right_after_its_holder_was_killed(home: Path) -> None:
    """The guard of the killed run may still be stopping the server; the new start waits for it."""
    holder, _, _ = start_holder(home, "durable")
    holder.kill()
    holder.wait()
    with EmbeddedPostgres(home) as postgres:
        assert query(postgres, "SELECT 1") == [(1,)]


@pytest.mark.skipif(sys.platform != "linux", reason="parent-death signals exist on Linux only")
def test_a_server_ends_when_its_guard_is_killed(home: Path) -> None:
    with EmbeddedPostgres(home, durable=False) as postgres:
        guard = int(Path(f"/proc/{postgres.pid}/stat").read_text().rsplit(")", 1)[1].split()[1])
        os.kill(guard, signal.SIGKILL)
        assert soon(lambda: not is_running(postgres.pid))


def test_redis_asks_for_its_password_and_starts_again_at_the_same_address(home: Path) -> None:
    with EmbeddedRedis(home) as broker:
        at_once = Retry(NoBackoff(), 0)
        with redis.Redis.from_url(broker.url) as client, redis.Redis(port=broker.port, retry=at_once) as stranger:
            assert client.set("key", "value")
            with pytest.raises(redis.AuthenticationError):
                stranger.get("key")
        os.kill(broker.pid, signal.SIGKILL)
        broker.stop()
        broker.start()
        with redis.Redis.from_url(broker.url) as client:
            assert client.get("key") is None
        last = broker.pid
    assert not is_running(last)


def test_copied_programs_run_for_everyone(home: Path) -> None:
    """As root, in an environment that `nobody` cannot read, the wheel's files are copied; twice is once."""
    site = postgres_bin(server_identity()).parents[2]
    before = os.umask(0o077)
    try:
        copy = copy_for_others(site, home / "cache" / "postgres")
        assert copy_for_others(site, home / "cache" / "postgres") == copy
    finally:
        os.umask(before)
    user = server_identity().uid if os.geteuid() == 0 else None
    initdb = next(copy.glob("*/*/bin/initdb"))
    shown = subprocess.run([initdb, "--version"], user=user, capture_output=True, check=True)  # noqa: S603 - the wheel's
    assert shown.stdout.startswith(b"initdb (PostgreSQL) ")
    assert [path.name for path in (home / "cache").iterdir()] == ["postgres"]


def test_a_redis_on_the_path_is_taken_first(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ours = home / "valkey-server"
    ours.write_text("#!/bin/sh\n")
    ours.chmod(0o755)
    monkeypatch.setenv("PATH", str(home))
    assert redis_server() == ours


as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root steps down to another user")


@as_root
def test_a_home_closed_to_nobody_stays_closed_and_points_to_its_data(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root's home folder is nobody's business: the data lie elsewhere, and no permission is opened."""
    monkeypatch.setattr(cluster, "_OUTSIDE", home / "outside")
    home_of_root = home / "closed" / "relance"
    home_of_root.parent.mkdir(mode=0o700)
    for _ in range(2):
        with EmbeddedPostgres(home_of_root) as postgres:
            query(postgres, "CREATE TABLE IF NOT EXISTS kept ()")
    assert stat.S_IMODE(home_of_root.parent.stat().st_mode) == 0o700
    assert [path.resolve() for path in home_of_root.glob("postgres-*")] == list((home / "outside").iterdir())
    next((home / "outside").iterdir()).rename(home / "taken-away")
    with pytest.raises(EmbeddedError, match="points to a folder that is gone"), EmbeddedPostgres(home_of_root):
        pass


@as_root
def test_data_of_another_user_are_left_alone(home: Path) -> None:
    with EmbeddedPostgres(home):
        pass
    os.chown(next(home.glob("postgres-*/")), 12345, -1)
    with pytest.raises(EmbeddedError, match="belongs to user 12345"), EmbeddedPostgres(home):
        pass
