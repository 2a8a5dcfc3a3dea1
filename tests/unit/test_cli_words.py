"""What the command line shows of an address."""

import pytest

from cli.words import shortened


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("anne@example.com", "an…@example.com"),
        ("+33612345678", "+336…78"),
        ("", ""),
        ("12", "12"),
    ],
)
def test_an_address_is_recognised_and_cannot_be_used(address: str, shown: str) -> None:
    assert shortened(address) == shown
