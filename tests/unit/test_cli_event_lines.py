"""A file of events, line by line: each keeps its number, and a bad one stops no other."""

from io import BytesIO

import pytest

from cli.event_lines import BATCH, LONGEST_LINE, Line, in_batches


def lines_of(content: bytes) -> list[Line]:
    return [line for batch in in_batches(BytesIO(content)) for line in batch]


def test_lines_keep_their_numbers_and_blank_ones_are_passed_over() -> None:
    found = lines_of(b'{"id": "a"}\n\n   \n{"id": "b"}')
    assert [(line.number, line.event) for line in found] == [(1, {"id": "a"}), (4, {"id": "b"})]


def test_windows_line_ends_and_a_byte_order_mark_are_no_fault() -> None:
    found = lines_of(b'\xef\xbb\xbf{"id": "a"}\r\n{"id": "b"}\r\n')
    assert [line.event for line in found] == [{"id": "a"}, {"id": "b"}]


@pytest.mark.parametrize(
    ("bad", "problem"),
    [
        (b'{"id": ', "not JSON: "),
        (b'{"total": NaN}', "not JSON: NaN is no number of JSON"),
        (b"[" * 100_000, "lists and objects are nested too deep"),
        (b'{"name": "\xe9t\xe9"}', "not UTF-8: byte 10 is 0xe9"),
    ],
)
def test_a_bad_line_is_named_and_the_others_are_read(bad: bytes, problem: str) -> None:
    first, wrong, last = lines_of(b'{"id": "a"}\n' + bad + b'\n{"id": "b"}\n')
    assert (first.event, last.event) == ({"id": "a"}, {"id": "b"})
    assert (wrong.number, wrong.event) == (2, None)
    assert str(wrong.problem).startswith(problem)


def test_a_line_without_end_costs_no_more_memory_than_a_request() -> None:
    wrong, last = lines_of(b"x" * (3 * LONGEST_LINE) + b'\n{"id": "b"}\n')
    assert wrong == Line(1, 3 * LONGEST_LINE + 1, problem=f"is longer than {LONGEST_LINE} bytes")
    assert (last.number, last.event) == (2, {"id": "b"})


def test_a_long_file_comes_in_batches() -> None:
    assert [len(batch) for batch in in_batches(BytesIO(b"{}\n" * (2 * BATCH + 1)))] == [BATCH, BATCH, 1]


def test_sizes_add_up_to_the_file_for_the_progress_bar() -> None:
    content = b'{"id": "a"}\nnonsense\n'
    assert sum(line.size for line in lines_of(content)) == len(content)
