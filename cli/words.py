"""How the command line writes what it shows, and what it must not show in full. Called by the verbs that print."""

from __future__ import annotations

import json
from collections.abc import Mapping


def json_line(values: Mapping[str, object]) -> str:
    """An object for programs, one a line; letters are written as they are."""
    return json.dumps(values, ensure_ascii=False)


def shortened(address: str) -> str:
    """Enough of an address to recognise it, and not enough to use it: `an…@example.com`, `+336…78`."""
    name, at, domain = address.partition("@")
    if at:
        return f"{name[:2]}…@{domain}"
    return f"{address[:4]}…{address[-2:]}" if len(address) > 6 else address  # noqa: PLR2004 - as much as is shown
