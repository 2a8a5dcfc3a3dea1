"""docs/policies.md tells every segment that a shipped policy treats in its own way, and no other."""

import re
from pathlib import Path

import pytest

from config.policy_files import load_policy, policy_names

PAGE = (Path(__file__).parents[2] / "docs/policies.md").read_text(encoding="utf-8")
COLUMNS = ("gentle", "standard", "firm")


def told(policy: str) -> set[str]:
    """The segments whose row has words in the policy's column."""
    rows = [
        [cell.strip() for cell in row.strip("|").split("|")]
        for row in PAGE.partition("| day | `gentle` | `standard` | `firm` |\n")[2].partition("\n\n")[0].splitlines()
    ]
    at = COLUMNS.index(policy) + 1
    named = ((re.match(r"`(\w+)`", row[0]), row[at]) for row in rows)
    return {name[1] for name, words in named if name is not None and words}


@pytest.mark.parametrize("policy", policy_names())
def test_each_segment_of_a_shipped_policy_stands_in_the_table(policy: str) -> None:
    assert told(policy) == set(load_policy(policy).policy.segments)
