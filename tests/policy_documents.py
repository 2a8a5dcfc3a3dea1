"""Small policy documents, as YAML reads them, and what is wrong with one."""

from typing import Any

import pytest

from domain.read_policy import PolicyError, read_policy
from tests.factories import Json


def step(**changes: Any) -> Json:
    return {"id": "first", "when": "due + 2 days", "level": "courteous", "channels": ["email"]} | changes


def document(**changes: Any) -> Json:
    return {"name": "test", "steps": [step()]} | changes


def faults_of(raw: object) -> list[str]:
    """Every fault that reading it finds, in their order; a failure if there is none."""
    with pytest.raises(PolicyError) as error:
        read_policy(raw)
    return [str(fault) for fault in error.value.faults]
