"""`docker-compose.yml` as it stands, for the tests that hold it true."""

from pathlib import Path
from typing import Any

import yaml


def compose_services() -> dict[str, Any]:
    """The services by name, each as the file has it."""
    text = (Path(__file__).parents[1] / "docker-compose.yml").read_text(encoding="utf-8")
    found: dict[str, Any] = yaml.safe_load(text)["services"]
    return found
