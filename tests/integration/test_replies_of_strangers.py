"""A reply from a number to which nothing was ever sent: its customer is looked for, and else a person has to."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from cli.main import main
from config.wiring import DEFAULT_SELLER
from domain.customer import Seller
from domain.ids import SellerId
from domain.levels import Channel
from store import figures, history, quarantine, sellers
from store.quarantine import Quarantined, QuarantineRow
from tests.factories import Json, contact_data, customer_data, invoice_event
from tests.integration.test_replies import MOBILE, folding, heard, late, tasks_of, unfolded
from tests.pipeline import TUESDAY_0930, Pipeline, clock_setting
from workers import strangers
from workers.look_for import look_for
from workers.put_out_of_use import lift
from workers.receive import receive
from workers.sweep import sweep
from workers.take_again import take_again

ACME = SellerId("acme")


def mailed(customer: str = "C-17", number: int = 1, **contact: Any) -> Json:
    """Somebody who is written to by mail, and has a number too."""
    who = customer_data(id=customer, preferred_channel="email", contacts=[contact_data(**contact)])
    invoice = {"id": f"F-{number}", "number": f"F-{number}", "due_on": "2026-11-20", "issued_on": "2026-10-20"}
    return invoice_event(customer=who, invoice=invoice, id=f"issue-{number}")


def waiting(pipeline: Pipeline) -> list[QuarantineRow]:
    with pipeline.services.engine.connect() as connection:
        return quarantine.read(connection)


def found(pipeline: Pipeline) -> tuple[int, ...]:
    """What the sweep has looked for is found: new rows of the inbox."""
    nudges = [one for one in sweep(pipeline.services, pipeline.now) if one.kind == "reply.look_for"]
    return tuple(row for one in nudges for row in look_for(pipeline.services, one.ids, pipeline.now))


def looked_for(pipeline: Pipeline, text: str, sender: str = MOBILE) -> tuple[int, ...]:
    """A stranger writes to us, and is looked for."""
    assert heard(pipeline, text, sender=sender) == ()
    return found(pipeline)


def stopped(pipeline: Pipeline, seller: SellerId = DEFAULT_SELLER) -> list[str]:
    with pipeline.services.engine.connect() as connection:
        return [row.address for row in history.suppressions_of(connection, seller)]


def test_who_was_only_mailed_and_texts_back_is_known_by_his_number(pipeline: Pipeline) -> None:
    pipeline.take(mailed())
    assert folding(pipeline)(looked_for(pipeline, "Je conteste")) == 1
    assert pipeline.codes() == ["reply_unread"]
    assert pipeline.deliver_due() == 0
    assert [(task.kind, task.customer) for task in tasks_of(pipeline)] == [("reply", "C-17")]
    assert waiting(pipeline) == []


def test_a_number_as_it_is_written_in_its_country_is_the_same(pipeline: Pipeline) -> None:
    pipeline.take(mailed(phone="06 12 34 56 78"))
    assert len(looked_for(pipeline, "bonjour")) == 1


def test_every_seller_who_knows_the_number_is_told(pipeline: Pipeline) -> None:
    with pipeline.services.engine.begin() as connection:
        sellers.ensure(connection, Seller(ACME, name="Acme"))
    folding(pipeline)(receive(pipeline.services, ACME, [mailed()], pipeline.now).inbox_ids)
    pipeline.take(mailed("C-18", 2))
    assert folding(pipeline)(looked_for(pipeline, "bonjour")) == 2
    assert sorted((task.seller, task.customer) for task in tasks_of(pipeline)) == [
        (ACME, "C-17"),
        (DEFAULT_SELLER, "C-18"),
    ]


def test_his_stop_is_obeyed_by_whoever_knows_the_number(pipeline: Pipeline) -> None:
    """Nothing was texted to him yet, and nothing will be."""
    with pipeline.services.engine.begin() as connection:
        sellers.ensure(connection, Seller(ACME, name="Acme"))
    folding(pipeline)(receive(pipeline.services, ACME, [mailed()], pipeline.now).inbox_ids)
    assert looked_for(pipeline, "STOP") == ()
    assert stopped(pipeline, ACME) == [MOBILE]
    assert waiting(pipeline) == []


def test_a_strangers_stop_holds_for_a_seller_that_is_made_later(pipeline: Pipeline) -> None:
    """All sellers write from one number: who said STOP to it cannot know that there will be another."""
    heard(pipeline, "STOP")
    with pipeline.services.engine.begin() as connection:
        sellers.ensure(connection, Seller(ACME, name="Acme"))
        sellers.ensure(connection, Seller(ACME, name="Acme"))
    assert stopped(pipeline, ACME) == [MOBILE]
    with pipeline.services.engine.begin() as connection:
        history.lift(connection, [(ACME, "sms", MOBILE)], None)
        sellers.ensure(connection, Seller(ACME, name="Acme"))
    assert stopped(pipeline, ACME) == []


def test_a_strangers_start_takes_back_what_holds_for_a_seller_that_is_made_later(pipeline: Pipeline) -> None:
    """Found in review: nobody saw that stop, and nothing could lift it."""
    heard(pipeline, "STOP")
    heard(pipeline, "START", sid="SM10")
    with pipeline.services.engine.begin() as connection:
        sellers.ensure(connection, Seller(ACME, name="Acme"))
    assert (stopped(pipeline), stopped(pipeline, ACME)) == ([], [])


def test_so_does_a_person_who_lifts_it(pipeline: Pipeline) -> None:
    heard(pipeline, "STOP")
    assert lift(pipeline.services, DEFAULT_SELLER, Channel.SMS, MOBILE, pipeline.now)
    with pipeline.services.engine.begin() as connection:
        sellers.ensure(connection, Seller(ACME, name="Acme"))
    assert (stopped(pipeline), stopped(pipeline, ACME)) == ([], [])
    assert not lift(pipeline.services, DEFAULT_SELLER, Channel.SMS, MOBILE, pipeline.now)


def test_a_stop_to_one_seller_alone_is_no_matter_of_a_later_one(pipeline: Pipeline) -> None:
    pipeline.take(late())
    assert pipeline.deliver_due() == 1
    heard(pipeline, "STOP")
    with pipeline.services.engine.begin() as connection:
        sellers.ensure(connection, Seller(ACME, name="Acme"))
    assert (stopped(pipeline), stopped(pipeline, ACME)) == ([MOBILE], [])


def test_a_seller_that_is_made_while_a_stranger_says_stop_is_told_too(pipeline: Pipeline) -> None:
    """Neither sees what the other has not committed: the second waits for the first."""
    with pipeline.services.engine.begin() as making, ThreadPoolExecutor(1) as other:
        sellers.ensure(making, Seller(ACME, name="Acme"))
        saying = other.submit(heard, pipeline, "STOP")
        time.sleep(0.3)
        assert not saying.done()
        making.commit()
        saying.result()
    assert stopped(pipeline, ACME) == [MOBILE]


def test_what_nobody_knows_is_kept_for_a_person_once(pipeline: Pipeline) -> None:
    pipeline.take(mailed())
    for _ in range(2):
        assert looked_for(pipeline, "C'est qui ?", sender="+33700000009") == ()
    [kept] = waiting(pipeline)
    assert (kept.kind, kept.reference, kept.seller) == ("reply", "twilio:SM9:inbound", "")
    assert b"qui" in kept.raw
    assert "+337" not in kept.problem
    assert unfolded(pipeline) == []
    with pipeline.services.engine.connect() as connection:
        assert figures.quarantined(connection) == {"reply": 1}


@pytest.mark.parametrize("sender", ["INFO", "38200", "+1"])
def test_what_is_no_number_of_a_person_waits_for_nobody(pipeline: Pipeline, sender: str) -> None:
    """Advertisers write from there every day: what they sent is with the receipts, and no alert stays on for it."""
    pipeline.take(mailed())
    assert looked_for(pipeline, "Gagnez un téléphone", sender=sender) == ()
    assert waiting(pipeline) == []
    with pipeline.services.engine.connect() as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM receipts")).scalar_one() == 1


def test_a_bare_stop_of_a_stranger_asks_nobody(pipeline: Pipeline) -> None:
    looked_for(pipeline, "STOP", sender="+33700000009")
    assert (stopped(pipeline), waiting(pipeline)) == (["+33700000009"], [])


def test_the_provider_has_its_answer_before_anybody_searches(pipeline: Pipeline) -> None:
    """Six strangers at once on a large book would keep all other callbacks and events waiting."""
    pipeline.take(mailed())
    with pipeline.services.engine.begin() as connection:
        connection.execute(sa.text("LOCK TABLE facts IN ACCESS EXCLUSIVE MODE"))
        began = time.monotonic()
        assert heard(pipeline, "bonjour") == ()
        assert time.monotonic() - began < 2
    assert [one.kind for one in waiting(pipeline)] == ["reply"]


def test_a_search_that_takes_too_long_leaves_the_reply_to_a_person(pipeline: Pipeline) -> None:
    """One try: else the large book is read again and again."""
    pipeline.take(mailed())
    with pipeline.services.engine.begin() as connection:
        connection.execute(sa.text("LOCK TABLE facts IN ACCESS EXCLUSIVE MODE"))
        assert looked_for(pipeline, "bonjour") == ()
    assert [one.problem for one in waiting(pipeline)] == ["looking for its customer took too long"]
    assert found(pipeline) == ()
    assert len(waiting(pipeline)) == 1


def test_one_that_breaks_is_left_to_a_person_and_stops_no_other(pipeline: Pipeline) -> None:
    pipeline.take(mailed())
    with pipeline.services.engine.begin() as connection:
        broken = Quarantined(SellerId(""), strangers.KIND, "x", strangers.NOT_LOOKED_FOR, b"From=x", pipeline.now)
        quarantine.set_aside(connection, [broken])
    heard(pipeline, "bonjour")
    assert found(pipeline) == ()
    assert len(found(pipeline)) == 1
    assert [one.problem for one in waiting(pipeline)] == ["looking for its customer broke"]
    assert len(unfolded(pipeline)) == 1


def test_who_writes_again_and_again_is_looked_for_once(pipeline: Pipeline) -> None:
    """Each search reads the whole book: twenty messages would keep all other work waiting for minutes."""
    pipeline.take(mailed())
    for number, text in enumerate(["bonjour", "STOP", "bonjour ?", "allô"]):
        heard(pipeline, text, sid=f"SM{number}", sender="+33700000009")
    heard(pipeline, "Je conteste", sid="SM9")
    assert found(pipeline) == ()
    assert [one.problem for one in waiting(pipeline)] == [strangers.NOBODYS] * 3 + [strangers.NOT_LOOKED_FOR]
    assert len(found(pipeline)) == 1


def test_what_one_number_wrote_takes_too_long_once(pipeline: Pipeline) -> None:
    pipeline.take(mailed())
    heard(pipeline, "STOP", sid="SM1")
    heard(pipeline, "bonjour", sid="SM2")
    heard(pipeline, "bonjour", sid="SM3", sender="+33700000009")
    with pipeline.services.engine.begin() as connection:
        connection.execute(sa.text("LOCK TABLE facts IN ACCESS EXCLUSIVE MODE"))
        assert found(pipeline) == ()
    told = [strangers.TOOK_TOO_LONG] * 2 + [strangers.NOT_LOOKED_FOR]
    assert [one.problem for one in waiting(pipeline)] == told


def test_what_was_closed_meanwhile_is_said_to_wait_for_nothing(pipeline: Pipeline) -> None:
    heard(pipeline, "bonjour")
    [kept] = waiting(pipeline)
    with pipeline.services.engine.begin() as connection:
        quarantine.close(connection, [kept.id], "dropped", "spam", pipeline.now)
        quarantine.say(connection, [kept.id], strangers.BROKE)
        [closed] = quarantine.read(connection, is_all=True)
    assert closed.problem == strangers.NOT_LOOKED_FOR


def test_one_search_runs_at_a_time_and_the_others_are_come_back_to(pipeline: Pipeline) -> None:
    pipeline.take(mailed())
    with pipeline.services.engine.begin() as connection:
        assert quarantine.look_alone(connection)
        assert looked_for(pipeline, "bonjour") == ()
    assert len(found(pipeline)) == 1
    assert (found(pipeline), waiting(pipeline)) == ((), [])


def test_a_stop_whose_sellers_could_not_be_found_waits_for_a_person(pipeline: Pipeline) -> None:
    """All sellers obey it from the moment it is heard, whoever turns out to know him."""
    with pipeline.services.engine.begin() as connection:
        sellers.ensure(connection, Seller(ACME, name="Acme"))
    folding(pipeline)(receive(pipeline.services, ACME, [mailed()], pipeline.now).inbox_ids)
    heard(pipeline, "STOP")
    [kept] = waiting(pipeline)
    assert (stopped(pipeline), stopped(pipeline, ACME)) == ([MOBILE], [MOBILE])
    assert take_again(pipeline.services, kept.id, pipeline.now).problem is None
    assert (stopped(pipeline, ACME), waiting(pipeline)) == ([MOBILE], [])


def test_a_start_that_is_taken_up_late_lifts_no_later_stop(pipeline: Pipeline) -> None:
    """He wrote START as a stranger, was texted, and said STOP to that: the last word counts, and a person reads."""
    heard(pipeline, "START")
    pipeline.take(late(1))
    assert pipeline.deliver_due() == 1
    heard(pipeline, "STOP", sid="SM10")
    [kept] = waiting(pipeline)
    taken = take_again(pipeline.services, kept.id, pipeline.now)
    assert (len(taken.inbox_ids), stopped(pipeline)) == (1, [MOBILE])


def test_a_reply_counts_from_when_it_came_however_late_its_customer_is_known(pipeline: Pipeline) -> None:
    """Free text is allowed for a day from then, and not from the day on which somebody looked."""
    heard(pipeline, "Bonjour", sender=f"whatsapp:{MOBILE}")
    [kept] = waiting(pipeline)
    later = pipeline.at(TUESDAY_0930 + timedelta(days=3))
    later.take(mailed())
    assert len(take_again(later.services, kept.id, later.now).inbox_ids) == 1
    with pipeline.services.engine.connect() as connection:
        told = connection.execute(sa.text("SELECT body::json FROM inbox WHERE folded_at IS NULL")).scalar_one()
    assert datetime.fromisoformat(told["time"]) == kept.at


def test_it_is_taken_up_again_once_its_customer_is_known(
    pipeline: Pipeline,
    database_url: str,
    bare_environment: None,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    heard(pipeline, "Je conteste")
    [kept] = waiting(pipeline)
    monkeypatch.setenv("RELANCE_DATABASE_URL", database_url)
    monkeypatch.setenv("RELANCE_CLOCK", clock_setting(TUESDAY_0930))
    monkeypatch.setenv("RELANCE_LOG_LEVEL", "error")
    assert main(["quarantine", "retry", str(kept.id)]) == 1
    assert "no customer has this number" in capsys.readouterr().err
    pipeline.take(mailed())
    assert main(["quarantine", "retry", str(kept.id)]) == 0
    assert waiting(pipeline) == []
    assert folding(pipeline)(unfolded_now(pipeline)) == 1
    assert pipeline.codes() == ["reply_unread"]
    capsys.readouterr()
    assert main(["task", "list", "--json"]) == 0
    [task] = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert main(["task", "show", task["id"]]) == 0
    assert "Je conteste" in capsys.readouterr().out


def unfolded_now(pipeline: Pipeline) -> list[int]:
    with pipeline.services.engine.connect() as connection:
        return list(connection.execute(sa.text("SELECT id FROM inbox WHERE folded_at IS NULL")).scalars())
