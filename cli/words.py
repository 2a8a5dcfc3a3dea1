"""How the command line shows what it must not show in full. Called by the verbs that print."""

from __future__ import annotations


def shortened(address: str) -> str:
    """Enough of an address to recognise it, and not enough to use it: `an…@example.com`, `+336…78`."""
    name, at, domain = address.partition("@")
    if at:
        return f"{name[:2]}…@{domain}"
    return f"{address[:4]}…{address[-2:]}" if len(address) > 6 else address  # noqa: PLR2004 - as much as is shown
