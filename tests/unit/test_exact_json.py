"""JSON from strangers is read exactly, and what is none is refused in one line that says where or why."""

from decimal import Decimal

import pytest

from domain.exact_json import JsonError, read_json


def test_numbers_with_a_point_or_an_exponent_stay_exact() -> None:
    found = read_json(b'{"whole": 12, "exact": 0.10, "large": 1e3}')
    assert found == {"whole": 12, "exact": Decimal("0.10"), "large": Decimal("1e3")}
    assert isinstance(found, dict)
    assert [type(value) for value in found.values()] == [int, Decimal, Decimal]


def test_a_byte_order_mark_is_passed_over() -> None:
    assert read_json(b"\xef\xbb\xbf[null]") == [None]


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        (b'{"a": "\xe9"}', "not UTF-8: byte 7 is 0xe9"),
        (b'{"a": 1,\n "b" 2}', "not JSON: Expecting ':' delimiter in line 2, column 6"),
        (b"[NaN]", "not JSON: NaN is no number of JSON"),
        (b"[1e99999999999999999999]", "a number has too large an exponent"),
        (b"[" + b"9" * 5000 + b"]", "a number has too many digits"),
        (b"[" * 100_000, "lists and objects are nested too deep"),
        (b'{"a": 1, "b": 2, "b": 3}', 'the field "b" comes twice in one object'),
    ],
)
def test_what_cannot_be_read_exactly_is_refused(raw: bytes, problem: str) -> None:
    with pytest.raises(JsonError) as refused:
        read_json(raw)
    assert str(refused.value) == problem
