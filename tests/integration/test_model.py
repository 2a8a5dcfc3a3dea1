"""The pipeline against a simple model: whatever happens in whatever order, what is promised holds after each step.

Hypothesis chooses what happens (`pipeline_life`, `pipeline_days`); `pipeline_driver` does it on the real database
with the real steps; `pipeline_model` says what may be. PROPERTY_EXAMPLES=1000 looks further than the test run does.
"""

import asyncio
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.integration.pipeline_days import Days
from tests.services import using_services

_ASKED = os.environ.get("PROPERTY_EXAMPLES")
FEW = 40
STEPS = 30
CALLS = 3
"""So many a life at least, on average."""

POLICY = """
name: model
hours: {default: {mon-fri: ["09:00-12:00", "14:00-18:00"]}}
holidays: true
limits: {min_gap: 1 days, per_7_days: 5, per_30_days: 20, group_within: 1 days}
steps:
  - {id: heads-up, when: due - 3 days, level: upcoming,  channels: [sms, email]}
  - {id: first,    when: due + 1 days, level: courteous, channels: [email, whatsapp, sms]}
  - {id: second,   when: due + 3 days, level: courteous, channels: [sms, email]}
  - {id: third,    when: due + 5 days, level: courteous, channels: [whatsapp, email]}
  - {id: fourth,   when: due + 8 days, level: firm,      channels: [sms, whatsapp, email]}
"""


@pytest.fixture
def life(database_url: str, tmp_path: Path) -> Iterator[type[Days]]:
    """The machine over this test's own database."""
    policy = tmp_path / "model.yaml"
    policy.write_text(POLICY)
    with using_services(database_url, policy=str(policy)) as services, asyncio.Runner() as runner:
        yield type("LifeHere", (Days,), {"services": services, "runner": runner, "tally": Counter()})


@pytest.mark.timeout(0 if _ASKED else 300)
def test_whatever_happens_what_is_promised_holds(life: type[Days]) -> None:
    """Each example is one life of the house; the same in every run, unless one asks for more."""
    run_state_machine_as_test(
        life,
        settings=settings(
            max_examples=int(_ASKED or FEW),
            stateful_step_count=STEPS,
            derandomize=not _ASKED,
            deadline=None,
            print_blob=bool(_ASKED),
            phases=tuple(Phase) if _ASKED else (Phase.generate,),  # making a failure small takes minutes
            suppress_health_check=list(HealthCheck),
        ),
    )
    _enough_has_happened(life.tally)


def _enough_has_happened(tally: Counter[str]) -> None:
    """A run in which little is called, reported and lost finds nothing, and would hold for that."""
    lives = tally["lives"]
    assert tally["calls"] >= CALLS * lives, tally
    assert min(tally["receipts"], tally["crashes"]) >= lives, tally
    assert tally["silent"] <= lives // 3, tally
