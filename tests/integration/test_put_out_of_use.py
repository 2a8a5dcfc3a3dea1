"""Whoever puts an address out of use, or back, is told what is so, whatever happens to the database meanwhile."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
import sqlalchemy as sa

from config.keys import LEAVE_PATH, leave_token
from config.wiring import DEFAULT_SELLER, Services
from domain.levels import Channel
from store import history
from store.engine import Connection, Unavailable, make_engine
from store.history import suppressed_among
from tests.factories import invoice_event
from tests.integration.test_unavailable import cut
from tests.pipeline import Pipeline
from tests.services import SECRET_KEY
from tests.web_server import run_web
from workers.put_out_of_use import lift, put_out_of_use

ANNE = "anne@example.com"
SUPPRESSED = ("address.suppressed", {"channel": "email", "why": "opt_out"})
LIFTED = ("address.lifted", {"channel": "email"})
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def suppress(services: Services, pipeline: Pipeline) -> str:
    return put_out_of_use(services, DEFAULT_SELLER, Channel.EMAIL, ANNE, "opt_out", pipeline.now)


def put_back(services: Services, pipeline: Pipeline) -> bool:
    return lift(services, DEFAULT_SELLER, Channel.EMAIL, ANNE, pipeline.now)


def is_out_of_use(pipeline: Pipeline) -> bool:
    with pipeline.services.engine.connect() as connection:
        return bool(suppressed_among(connection, [(DEFAULT_SELLER, ANNE)]))


def said_of_the_seller(pipeline: Pipeline) -> list[tuple[str, object]]:
    """What the journal says of addresses, about no account."""
    statement = "SELECT event, facts FROM journal WHERE event LIKE 'address.%' AND account_id IS NULL ORDER BY id"
    with pipeline.services.engine.connect() as connection:
        return [(row.event, row.facts) for row in connection.execute(sa.text(statement))]


@pytest.fixture
def owing(pipeline: Pipeline) -> Pipeline:
    pipeline.take(invoice_event(invoice={"due_on": "2026-12-20", "issued_on": "2026-10-20"}))
    return pipeline


@pytest.fixture
def cut_off(owing: Pipeline) -> Iterator[Services]:
    """Parts whose database goes away as soon as something was committed."""
    engine = make_engine(owing.services.engine.url.render_as_string(hide_password=False))
    committed: list[Connection] = []
    sa.event.listen(engine, "commit", committed.append)
    sa.event.listen(engine, "begin", lambda connection: cut(connection) if committed else None)
    yield replace(owing.services, engine=engine)
    engine.dispose()


def test_an_address_that_is_out_of_use_is_told_as_such(owing: Pipeline, cut_off: Services) -> None:
    assert suppress(cut_off, owing) == "opt_out"
    assert is_out_of_use(owing)
    assert said_of_the_seller(owing) == [SUPPRESSED]


def test_an_address_that_is_used_again_is_told_as_such(owing: Pipeline, cut_off: Services) -> None:
    suppress(owing.services, owing)
    assert put_back(cut_off, owing)
    assert not is_out_of_use(owing)
    assert said_of_the_seller(owing) == [SUPPRESSED, LIFTED]


def test_a_page_says_what_is_so(owing: Pipeline, cut_off: Services) -> None:
    with run_web(cut_off) as web:
        answer = web.post(
            f"{LEAVE_PATH}/{leave_token(SECRET_KEY, DEFAULT_SELLER, ANNE)}", b"List-Unsubscribe=One-Click", FORM
        )
    assert (answer.status, is_out_of_use(owing)) == (200, True)


@pytest.mark.parametrize("is_lifted", [False, True])
def test_what_cannot_be_journaled_is_not_done_and_is_done_when_it_is_said_again(
    owing: Pipeline, *, is_lifted: bool
) -> None:
    """Else the second time would find it done already, and the journal would never say who asked for it."""
    if is_lifted:
        suppress(owing.services, owing)
    before, say = said_of_the_seller(owing), put_back if is_lifted else suppress
    impatient = make_engine(owing.services.engine.url.render_as_string(hide_password=False))
    sa.event.listen(impatient, "begin", lambda connection: connection.exec_driver_sql("SET LOCAL lock_timeout = 50"))
    with owing.services.engine.begin() as busy:
        busy.exec_driver_sql("LOCK TABLE journal IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(Unavailable):
            say(replace(owing.services, engine=impatient), owing)
    assert is_out_of_use(owing) is is_lifted
    say(replace(owing.services, engine=impatient), owing)
    impatient.dispose()
    assert is_out_of_use(owing) is not is_lifted
    assert said_of_the_seller(owing) == [*before, LIFTED if is_lifted else SUPPRESSED]


def test_those_whom_it_concerns_have_it_in_their_own_journal(owing: Pipeline) -> None:
    suppress(owing.services, owing)
    put_back(owing.services, owing)
    told = [(entry.event, entry.facts) for entry in owing.journal() if entry.event.startswith("address.")]
    assert told == [SUPPRESSED, LIFTED] == said_of_the_seller(owing)


def reasons(pipeline: Pipeline) -> list[str]:
    """Why Anne's address is out of use."""
    with pipeline.services.engine.connect() as connection:
        found = suppressed_among(connection, [(DEFAULT_SELLER, ANNE)])
    return [one.reason for known in found.values() for one in known]


def put(pipeline: Pipeline, *why: str) -> None:
    """Puts her address out of use for these reasons, in one batch."""
    with pipeline.services.engine.begin() as connection:
        history.suppress(connection, [(DEFAULT_SELLER, "email", ANNE, one, pipeline.now) for one in why])


@pytest.mark.parametrize(
    "whys",
    [
        [("hard_bounce",), ("opt_out",)],
        [("opt_out",), ("hard_bounce",)],
        [("hard_bounce", "opt_out", "by_hand")],
        [("invalid_address", "hard_bounce"), ("opt_out", "by_hand")],
    ],
)
def test_whoever_said_stop_is_known_to_have_said_it(owing: Pipeline, whys: list[tuple[str, ...]]) -> None:
    """A clerk who has repaired an address lifts what a bounce put out of use, never what its owner did."""
    for why in whys:
        put(owing, *why)
    assert reasons(owing) == ["opt_out"]


def test_a_click_after_a_bounce_is_obeyed_and_journaled(owing: Pipeline) -> None:
    put(owing, "hard_bounce")
    assert suppress(owing.services, owing) == "opt_out"
    assert reasons(owing) == ["opt_out"]
    assert said_of_the_seller(owing) == [SUPPRESSED]


def test_else_the_first_reason_stays(owing: Pipeline) -> None:
    put(owing, "hard_bounce", "by_hand")
    put(owing, "invalid_address")
    assert reasons(owing) == ["hard_bounce"]
