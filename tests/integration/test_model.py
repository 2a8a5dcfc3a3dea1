"""The pipeline against a simple model: whatever happens in whatever order, what is promised holds after each step.

Hypothesis chooses what happens (`pipeline_life`); `pipeline_driver` does it on the real database with the real steps;
`pipeline_model` says what may be. PROPERTY_EXAMPLES=1000 looks further than the test run does.
"""

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.integration.pipeline_life import Life
from tests.services import using_services

_ASKED = os.environ.get("PROPERTY_EXAMPLES")
FEW = 40
STEPS = 30

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
def life(database_url: str, tmp_path: Path) -> Iterator[type[Life]]:
    """The machine over this test's own database."""
    policy = tmp_path / "model.yaml"
    policy.write_text(POLICY)
    with using_services(database_url, policy=str(policy)) as services, asyncio.Runner() as runner:
        yield type("LifeHere", (Life,), {"services": services, "runner": runner})


@pytest.mark.timeout(0 if _ASKED else 300)
def test_whatever_happens_what_is_promised_holds(life: type[Life]) -> None:
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
