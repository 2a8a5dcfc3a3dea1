"""A policy is in force as soon as it is stored, however many accounts there are to count."""

from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from config.policy_files import load_policy
from config.publishing import publish_policy
from store import policies
from store.engine import Connection, make_engine
from tests.factories import invoice_event
from tests.pipeline import Pipeline

POLICY = """name: new
steps:
  - {id: first, when: due + 2 days, level: courteous, channels: [email]}
"""


def test_running_ladders_are_counted_when_the_policy_is_in_force_and_take_their_time(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    """Counting reads every account; its end after half a minute must not take the policy back."""
    engine = make_engine(pipeline.services.engine.url.render_as_string(hide_password=False))
    seen: list[tuple[str, int]] = []

    def look(connection: Connection, _cursor: object, statement: str, *_: object) -> None:
        if "GROUP BY" in statement and "FROM accounts" in statement:
            with pipeline.services.engine.connect() as other:
                newest = policies.newest_versions(other).get("new", 0)
            seen.append((connection.exec_driver_sql("SHOW statement_timeout").scalar_one(), newest))

    sa.event.listen(engine, "before_cursor_execute", look)
    file = tmp_path / "new.yaml"
    file.write_text(POLICY, encoding="utf-8")
    publish_policy(replace(pipeline.services, engine=engine), load_policy(str(file)))
    engine.dispose()
    assert seen == [("0", 1)]


def test_whom_a_policy_concerns_is_woken_whatever_becomes_of_the_count(pipeline: Pipeline, tmp_path: Path) -> None:
    pipeline.take(invoice_event(invoice={"due_on": "2026-12-20"}))
    engine = make_engine(pipeline.services.engine.url.render_as_string(hide_password=False))

    def break_off(_connection: Connection, _cursor: object, statement: str, *_: object) -> None:
        if "GROUP BY" in statement and "FROM accounts" in statement:
            raise KeyboardInterrupt

    sa.event.listen(engine, "before_cursor_execute", break_off)
    file = tmp_path / "new.yaml"
    file.write_text(POLICY, encoding="utf-8")
    with pytest.raises(KeyboardInterrupt):
        publish_policy(replace(pipeline.services, engine=engine), load_policy(str(file)))
    engine.dispose()
    with pipeline.services.engine.connect() as connection:
        woken = (
            connection.execute(sa.text("SELECT due_at <= :now FROM accounts"), {"now": pipeline.now}).scalars().all()
        )
    assert woken == [True]
