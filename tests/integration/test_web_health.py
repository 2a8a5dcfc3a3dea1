"""`/healthz` and `/readyz`: only the database makes the edge unready; the rest is told and is no reason to stop."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
import sqlalchemy as sa

from config.wiring import DEFAULT_SELLER
from domain.levels import Channel
from domain.line import FAULTS_IN_A_ROW, Share
from domain.outcomes import Outcome, OutcomeClass
from store import quarantine
from store.engine import make_engine
from store.quarantine import Quarantined
from store.tables import attempts
from tests.factories import invoice_event
from tests.pipeline import Pipeline
from tests.services import make_services, using_services
from tests.web_server import run_web
from workers.claim import claim_due

NO_CHANNELS = {"email": "not_set_up", "sms": "not_set_up", "whatsapp": "not_set_up"}
MAIL = {
    "sendgrid_api_key": "SG.x",
    "mail_from": "billing@example.com",
    "public_url": "https://relance.example.com",
}


def test_all_is_well(database_url: str, redis_url: str) -> None:
    with using_services(database_url, redis_url, **MAIL) as services, run_web(services) as web:
        assert (web.get("/healthz").status, web.get("/healthz").json) == (200, {"status": "ok"})
        ready = web.get("/readyz")
        channels = NO_CHANNELS | {"email": "ok"}
        assert ready.status == 200
        assert ready.json == {
            "status": "ok",
            "checks": {
                "database": "ok",
                "broker": "ok",
                "channels": channels,
                "waits_s": {},
                "for_people": {"unconfirmed": 0, "quarantine": 0},
            },
        }
        assert web.ask("HEAD", "/readyz", None).status == 200


def test_without_a_broker_or_a_channel_it_is_degraded_and_ready(database_url: str, redis_url: str) -> None:
    with using_services(database_url, "redis://127.0.0.1:1/0", **MAIL) as services, run_web(services) as web:
        ready = web.get("/readyz")
        assert (ready.status, ready.json["status"], ready.json["checks"]["broker"]) == (200, "degraded", "away")
    with using_services(database_url, redis_url) as services, run_web(services) as web:
        ready = web.get("/readyz")
        assert (ready.status, ready.json["status"]) == (200, "degraded")
        assert ready.json["checks"]["channels"] == NO_CHANNELS


def test_without_the_database_it_is_down_and_lives(database_url: str, redis_url: str) -> None:
    services = make_services(database_url, redis_url)
    services.engine.dispose()
    nowhere = make_engine("postgresql://nobody@127.0.0.1:1/nothing")
    with run_web(replace(services, engine=nowhere)) as web:
        ready = web.get("/readyz")
        assert (ready.status, ready.json["status"], ready.json["checks"]["database"]) == (503, "down", "away")
        assert web.get("/healthz").status == 200


def test_an_older_schema_is_down_too(database_url: str, redis_url: str) -> None:
    with using_services(database_url, redis_url) as services, run_web(services) as web:
        with services.engine.begin() as connection:
            connection.execute(sa.text("update alembic_version set version_num = 'older'"))
        ready = web.get("/readyz")
        assert (ready.status, ready.json["checks"]["database"]) == (503, "schema_not_current")


def test_pages_and_answers_tell_browsers_to_be_careful(database_url: str) -> None:
    with using_services(database_url) as services, run_web(services) as web:
        headers = web.get("/healthz").headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert "server" not in headers


def test_what_waits_for_a_person_is_counted(database_url: str, redis_url: str) -> None:
    with using_services(database_url, redis_url, **MAIL) as services, run_web(services) as web:
        with services.engine.begin() as connection:
            item = Quarantined(DEFAULT_SELLER, "event", None, "?", b"{}", services.clock.now())
            quarantine.set_aside(connection, [item, replace(item, kind="crash", raw=b"x")])
        ready = web.get("/readyz").json
        assert (ready["status"], ready["checks"]["for_people"]) == ("ok", {"unconfirmed": 0, "quarantine": 2})


def test_what_a_provider_is_still_asked_about_waits_for_no_person(pipeline: Pipeline) -> None:
    pipeline.take(invoice_event(invoice={"due_on": "2026-11-20", "issued_on": "2026-10-20"}))
    claim_due(pipeline.services, [pipeline.account().key], "deliver.email", pipeline.now)
    with run_web(pipeline.services) as web, pipeline.services.engine.connect() as connection:
        for ask_at, waits in ((sa.func.now(), 0), (None, 1)):
            connection.execute(sa.update(attempts).values(state="unconfirmed", ask_at=ask_at))
            connection.commit()
            assert web.get("/readyz").json["checks"]["for_people"]["unconfirmed"] == waits


def test_a_line_that_a_provider_asked_to_pause_says_so_and_for_how_long(database_url: str, redis_url: str) -> None:
    with using_services(database_url, redis_url, **MAIL) as services, run_web(services) as web:
        line = services.lines[Channel.EMAIL]
        line.heard(Share(0), 0, [Outcome(OutcomeClass.TRANSIENT, rate_limited=True, retry_after_s=200)])
        ready = web.get("/readyz")
        assert (ready.status, ready.json["status"]) == (200, "degraded")
        assert ready.json["checks"]["channels"]["email"] == "paused"
        assert 190 <= ready.json["checks"]["waits_s"]["email"] <= 200
        line.heard(Share(0), 0, [Outcome(OutcomeClass.UNCONFIRMED)] * FAULTS_IN_A_ROW)
        assert web.get("/readyz").json["checks"]["channels"]["email"] == "open"


def test_a_line_that_has_used_up_its_rate_says_how_long_it_waits_and_is_well(
    database_url: str, redis_url: str
) -> None:
    with using_services(database_url, redis_url, **MAIL, email_per_s=10.0) as services, run_web(services) as web:
        services.lines[Channel.EMAIL].heard(Share(0), 400, [Outcome(OutcomeClass.ACCEPTED)])
        ready = web.get("/readyz")
        assert (ready.json["status"], ready.json["checks"]["channels"]["email"]) == ("ok", "ok")
        assert 30 <= ready.json["checks"]["waits_s"]["email"] <= 41


@pytest.mark.parametrize("path", ["/readyz", "/metrics"])
def test_whoever_asks_often_how_things_are_takes_one_connection_at_most(
    database_url: str, redis_url: str, path: str
) -> None:
    """There is no login: a stranger with a dozen connections had taken the whole pool."""
    held = [0]

    def checked_out(*_: object) -> None:
        held.append(held[-1] + 1)

    def checked_in(*_: object) -> None:
        held.append(held[-1] - 1)

    with using_services(database_url, redis_url, **MAIL) as services, run_web(services) as web:
        sa.event.listen(services.engine, "checkout", checked_out)
        sa.event.listen(services.engine, "checkin", checked_in)
        with ThreadPoolExecutor(12) as crowd:
            answers = list(crowd.map(lambda _: web.get(path).status, range(48)))
    assert (set(answers), max(held)) == ({200}, 1)
