"""A formal step with charges: it waits for the rates, then goes out with them, itemised and kept as sent."""

from dataclasses import replace
from pathlib import Path

from config.policy_book import PolicyBook
from config.publishing import prepare
from config.rates import load_rates
from tests.factories import Json, event, invoice_event
from tests.pipeline import Pipeline
from tests.simulator_process import Simulator

POLICY = """\
name: quick
hours: {default: {mon-fri: ["09:00-18:00"]}}
limits: {min_gap: 0 days, per_7_days: null, per_30_days: null}
steps:
  - {id: first,  when: due + 1 day,  level: courteous, channels: [email]}
  - {id: second, when: due + 2 days, level: firm,      channels: [email]}
  - {id: formal, when: due + 3 days, level: formal,    channels: [email], charges: true, attach: [statement]}
"""

RATES = """\
country: FR
half_years:
  2026-H2:
    ecb: {rate: "2.15", source: made up for a test, read_on: 2026-11-22}
"""


DATES = {"issued_on": "2026-09-20", "due_on": "2026-10-20"}


def restarted(pipeline: Pipeline, folder: Path, rates: str | None = None) -> Pipeline:
    """The same parts after a restart with this policy, and with RELANCE_RATES set to a file of that text."""
    policy, file = folder / "quick.yaml", folder / "rates.yaml"
    policy.write_text(POLICY)
    if rates is not None:
        file.write_text(rates)
    known = load_rates(None if rates is None else str(file))
    services = replace(pipeline.services, policies=PolicyBook(str(policy)), rates=known)
    prepare(services)
    return Pipeline(services, pipeline.runner)


def late(**customer: object) -> Json:
    """1,250 euros, due on 20 October: 35 days late."""
    return invoice_event(customer=dict(customer), invoice={"id": "F-1", "number": "F-1", **DATES})


def steps_of(pipeline: Pipeline) -> list[str]:
    return [row.step for row in pipeline.log()]


def test_an_unknown_rate_waits_for_a_person_and_the_operators_rates_let_it_go(
    pipeline: Pipeline, simulator: Simulator, tmp_path: Path
) -> None:
    """Nothing but a restart with RELANCE_RATES: plans stand on the rates."""
    without = restarted(pipeline, tmp_path)
    without.take(late())
    without.deliver_due()

    assert steps_of(without) == ["first", "second"]
    assert without.codes() == ["rate_unknown"]
    assert [(task.kind, task.step) for task in without.tasks()] == [("fix", "rate_unknown")]

    known = restarted(pipeline, tmp_path, RATES)
    known.deliver_due()

    assert steps_of(known) == ["first", "second", "formal"]


def test_what_is_charged_is_kept_as_sent(pipeline: Pipeline, simulator: Simulator, tmp_path: Path) -> None:
    """1,250 − 120 credited, 500 of it paid on 30 October: 1,130.00 × 12.15 % × 10 / 365 and 630.00 × … × 25 / 365.

    3.7615… + 5.2428… = 9.0044…
    """
    known = restarted(pipeline, tmp_path, RATES)
    paid = {"invoice_id": "F-1", "payment_id": "p1", "amount": "500.00", "currency": "EUR", "paid_on": "2026-10-30"}
    note = {"invoice_id": "F-1", "credit_note_id": "AV-12", "amount": "120.00", "currency": "EUR"}
    later = {"id": "F-2", "number": "F-2", "due_on": "2027-02-01", "total": "80.00"}
    disputed = {"id": "F-3", "number": "F-3", "due_on": "2027-02-01", "total": "70.00"}
    known.take(
        late(),
        event("payment.received", paid, id="e2"),
        event("credit_note.issued", note, id="e3"),
        invoice_event(invoice=later, id="e4"),
        invoice_event(invoice=disputed, id="e5"),
        event("invoice.disputed", {"invoice_id": "F-3", "reason": "quality"}, id="e6", time="2026-11-03T09:00:00Z"),
    )
    known.deliver_due()

    formal = known.log()[-1]
    text = formal.message["text"].replace("\u00a0", " ").replace("\u202f", " ")
    assert formal.step == "formal"
    assert "- Facture F-1 : 630,00 €" in text
    assert "(avoir AV-12 de 120,00 € déduit, règlement de 500,00 € reçu le 30 octobre 2026)" in text
    assert "21 octobre 2026 au 30 octobre 2026, 10 jours à 12,15 % l’an sur 1 130,00 € : 3,76 €" in text
    assert "31 octobre 2026 au 24 novembre 2026, 25 jours à 12,15 % l’an sur 630,00 € : 5,24 €" in text
    assert "pénalités et indemnités comprises : 679,00 €" in text
    assert "- Facture F-2 : 80,00 €" in text
    assert "F-3" not in text
    assert "indemnité" not in known.log()[-2].message["text"]


def test_a_consumer_is_written_to_without_charges_and_without_waiting(
    pipeline: Pipeline, simulator: Simulator, tmp_path: Path
) -> None:
    without = restarted(pipeline, tmp_path)
    without.take(late(kind="consumer"))
    without.deliver_due()

    assert steps_of(without) == ["first", "second", "formal"]
    assert "pénalité" not in without.log()[-1].message["text"]
    assert without.tasks() == []
