"""Faults of Redis and PostgreSQL: emptied, restarted, out of reach, cut at the COMMIT, too slow, read-only, full."""

import os
import signal
import time
from contextlib import ExitStack, suppress

import psycopg
import redis

from tests.fault.scene import Fault, Scene
from tests.fault.spoken import Transaction
from tests.fault.wire import Verdict, Wire

_SLOW = {"latency_s": [0.05, 0.3]}
_CANCEL = """
    SELECT pg_cancel_backend(pid) FROM pg_stat_activity
    WHERE application_name = 'relance' AND state = 'active' AND pid <> pg_backend_pid()
"""
_TERMINATE = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'relance'"


def flush_redis(scene: Scene) -> None:
    """FLUSHALL, again and again."""
    with redis.Redis.from_url(scene.it.redis.url) as client:
        for _ in range(2 if scene.is_short else 6):
            scene.wait(0.4)
            client.flushall()


def restart_redis(scene: Scene) -> None:
    """Gone for two seconds, and back with nothing in it."""
    scene.wait(0.5)
    scene.it.redis.stop()
    scene.wait(2.0)
    scene.it.redis.start()


def redis_out_of_reach(scene: Scene) -> None:
    """No byte comes or goes."""
    scene.wait(0.5)
    scene.it.redis_line.freeze()
    scene.wait(5.0 if scene.is_short else 30.0)
    scene.it.redis_line.thaw()


def demote_redis(scene: Scene) -> None:
    """It takes no writes for a while, as a replica that has not been promoted yet."""
    with redis.Redis.from_url(scene.it.redis.url) as client:
        scene.wait(0.5)
        client.replicaof("127.0.0.1", 1)
        try:
            scene.wait(5.0)
        finally:
            client.replicaof("NO", "ONE")


def restart_postgres(scene: Scene) -> None:
    """An orderly restart under load."""
    scene.wait(0.5)
    scene.it.postgres.stop()
    scene.wait(1.0)
    scene.it.postgres.start()


def kill_postgres(scene: Scene) -> None:
    """It dies, and recovers from its log."""
    scene.wait(0.5)
    os.kill(scene.it.postgres.pid, signal.SIGKILL)
    scene.wait(1.0)
    scene.it.postgres.stop()
    scene.it.postgres.start()
    _hurry(scene)


def cut_commits(scene: Scene) -> None:
    """A third of all COMMITs: the connection breaks, before the server has it or before its answer comes back."""
    verdicts = (Verdict.LOSE, Verdict.LOSE_ANSWER, Verdict.PASS, Verdict.PASS, Verdict.PASS, Verdict.PASS)

    def script(_wire: Wire, _committed: Transaction) -> Verdict:
        return scene.chance.choice(verdicts)

    scene.script(script)
    scene.wait(3.0 if scene.is_short else 8.0)
    scene.script(None)
    _hurry(scene)


def cancel_statements(scene: Scene) -> None:
    """Whatever runs is cancelled by the server, with the error of a statement time-out (57014)."""
    with _connect(scene) as admin:
        deadline = time.monotonic() + (2.0 if scene.is_short else 6.0)
        while time.monotonic() < deadline:
            admin.execute(_CANCEL)
            scene.wait(0.05)


def lock_tables(scene: Scene) -> None:
    """Somebody holds the table of attempts for longer than our statements wait for a lock."""
    scene.wait(0.5)
    with _connect(scene) as admin, admin.transaction():
        admin.execute("LOCK TABLE attempts IN ACCESS EXCLUSIVE MODE")
        scene.wait(12.0)


def fill_postgres(scene: Scene) -> None:
    """Strangers take every connection, and ours are broken: no pool can get one."""
    with ExitStack() as strangers:
        admin = strangers.enter_context(_connect(scene))
        deadline = time.monotonic() + 8.0
        while time.monotonic() < deadline:
            admin.execute(_TERMINATE)
            with suppress(psycopg.OperationalError):
                while True:
                    strangers.enter_context(_connect(scene))
            scene.wait(0.2)


def read_only(scene: Scene) -> None:
    """PostgreSQL takes no writes for a while, as a standby before it is promoted."""
    with _connect(scene) as admin:
        admin.execute("SET default_transaction_read_only = off")
        scene.wait(0.5)
        try:
            _make_read_only(admin, "on")
            scene.wait(6.0)
        finally:
            _make_read_only(admin, "off")


def _make_read_only(admin: psycopg.Connection, word: str) -> None:
    admin.execute(f"ALTER SYSTEM SET default_transaction_read_only = {word}")
    admin.execute("SELECT pg_reload_conf()")


def _hurry(scene: Scene) -> None:
    """In the short form, leases of calls that nobody will record are over when those that live have ended."""
    if scene.is_short:
        scene.wait(1.0)
        scene.hurry()


def _connect(scene: Scene) -> psycopg.Connection:
    url = scene.it.postgres.url.replace("+psycopg", "")
    return psycopg.connect(url, autocommit=True, application_name="a stranger")


SERVERS = (
    Fault("flush-redis", "FLUSHALL again and again", 200, 40, flush_redis, _SLOW),
    Fault("restart-redis", "Redis restarts empty", 200, 0, restart_redis, _SLOW),
    Fault("far-redis", "Redis is out of reach for 30 s", 200, 0, redis_out_of_reach, _SLOW),
    Fault("demoted-redis", "Redis takes no writes for 5 s", 200, 0, demote_redis, _SLOW),
    Fault("restart-postgres", "PostgreSQL restarts", 200, 0, restart_postgres, _SLOW),
    Fault("kill-postgres", "kill -9 of PostgreSQL", 200, 40, kill_postgres, _SLOW),
    Fault("cut-commits", "connections are cut during COMMIT", 200, 40, cut_commits, _SLOW),
    Fault("cancelled", "statements time out", 200, 0, cancel_statements, _SLOW),
    Fault("locked", "a table is locked for 12 s", 100, 0, lock_tables, _SLOW),
    Fault("read-only", "PostgreSQL takes no writes for 6 s", 200, 0, read_only, _SLOW),
    Fault("full-postgres", "no connection is to be had", 200, 0, fill_postgres, _SLOW),
)
