"""How many examples the properties try: the same 200 in every run, or as many random ones as one asks for.

`PROPERTY_EXAMPLES=20000 pytest tests/property` looks further than the test run does.
"""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

_ASKED = os.environ.get("PROPERTY_EXAMPLES")
_SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]  # whole pasts are large, and meant to be

settings.register_profile("steady", derandomize=True, deadline=None, max_examples=200, suppress_health_check=_SLOW)
settings.register_profile(
    "far", deadline=None, max_examples=int(_ASKED or 200), suppress_health_check=_SLOW, print_blob=True
)
settings.load_profile("far" if _ASKED else "steady")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Who looks further waits for as long as it takes."""
    for item in items if _ASKED else ():
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.timeout(0))
