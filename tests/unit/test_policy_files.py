"""Policies in files: the shipped ones are good, and what is wrong in a file is told with its line."""

from datetime import time
from itertools import pairwise
from pathlib import Path

import pytest

from config.policy_files import SHIPPED, PolicyFileError, load_policy, parse_policy, policy_names
from domain.levels import Channel, Level

GOOD = """\
name: mine
steps:
  - {id: first, when: due + 2 days, level: courteous, channels: [email]}
"""


def complaint(text: str) -> list[str]:
    with pytest.raises(PolicyFileError) as error:
        parse_policy(text, "mine.yaml")
    assert str(error.value) == "\n".join(error.value.messages)
    return list(error.value.messages)


def test_three_policies_are_shipped() -> None:
    assert policy_names() == ("firm", "gentle", "standard")


@pytest.mark.parametrize("name", policy_names())
def test_a_shipped_policy_is_valid_and_bears_its_name(name: str) -> None:
    loaded = load_policy(name)
    assert loaded.policy.name == name
    assert loaded.text == (SHIPPED / f"{name}.yaml").read_text()


@pytest.mark.parametrize("name", policy_names())
def test_a_shipped_ladder_climbs_by_one_level_at_a_time(name: str) -> None:
    levels = [step.level for step in load_policy(name).policy.steps]
    assert levels[0] is Level.UPCOMING
    assert all(0 <= high - low <= 1 for low, high in pairwise(levels))


@pytest.mark.parametrize("name", policy_names())
def test_a_shipped_policy_charges_nothing_before_a_person_has_agreed(name: str) -> None:
    steps = load_policy(name).policy.steps
    assert all(step.approval for step in steps if step.charges or step.level >= Level.FORMAL)


def test_the_standard_policy_is_that_of_the_design() -> None:
    policy = load_policy("standard").policy
    assert [step.id for step in policy.steps] == ["heads-up", "first", "call", "widen", "formal-notice", "agency"]
    assert [step.when.days for step in policy.steps] == [-5, 2, 10, 20, 45, 60]
    assert policy.hours[Channel.PHONE][0] == ((time(10), time(12)), (time(14), time(17)))
    assert (policy.limits.min_gap_days, policy.freshness_days, policy.after_broken_promise) == (3, 2, "call")


def test_a_policy_is_loaded_from_a_path(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(GOOD)
    assert load_policy(str(file)).policy.name == "mine"


def test_a_misspelt_name_is_met_with_the_one_that_was_meant() -> None:
    with pytest.raises(PolicyFileError, match=r"standrd: no such policy or file; did you mean 'standard'\?"):
        load_policy("standrd")


def test_a_missing_file_is_told() -> None:
    with pytest.raises(PolicyFileError, match=r"nowhere/x.yaml: no such policy or file; shipped are firm, gentle"):
        load_policy("nowhere/x.yaml")


def test_a_folder_is_not_a_policy(tmp_path: Path) -> None:
    with pytest.raises(PolicyFileError, match="cannot be read"):
        load_policy(str(tmp_path))


@pytest.mark.parametrize("name", ["", "a\0b"])
def test_a_path_that_cannot_be_is_told(name: str) -> None:
    with pytest.raises(PolicyFileError):
        load_policy(name)


def test_wrong_utf8_is_told_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_bytes(b"name: mine\n# caf\xe9\n")
    with pytest.raises(PolicyFileError, match=r"mine.yaml:2: is not UTF-8 text"):
        load_policy(str(file))


def test_a_huge_file_is_not_read(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("#" * (1 << 20) + "\n")
    with pytest.raises(PolicyFileError, match="is larger than"):
        load_policy(str(file))


def test_every_fault_has_its_line() -> None:
    text = """\
name: mine
hours:
  default:
    mon-fri:
      - "09:00-12:00"
      - 14:00
steps:
  - id: first
    when: due + 2 days
    level: courteous
    channels: [email]
  - id: second
    when: due + 9 days
    chanels: [sms]
    level: harsh
holiday: true
"""
    messages = complaint(text)
    assert [message.split("; ")[0] for message in messages] == [
        'mine.yaml:6: hours.default.mon-fri[1]: "14:00" is not a window',
        "mine.yaml:12: steps[1]: 'channels' is missing",
        "mine.yaml:14: steps[1].chanels: unknown word 'chanels'",
        "mine.yaml:15: steps[1].level: unknown level 'harsh'",
        "mine.yaml:16: holiday: unknown word 'holiday'",
    ]
    assert messages[2].endswith(
        "; did you mean 'channels'? known are id, when, level, channels, to, cc, attach, ask, approval, "
        "charges, reason"
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "mine.yaml:1: words with their values are expected here, not null"),
        ("# nothing\n", "mine.yaml:1: words with their values are expected here, not null"),
        ("- a\n- b\n", "mine.yaml:1: words with their values are expected here, not a list"),
        ("name: mine\nname: yours\n", "mine.yaml:2: 'name' stands twice in one mapping"),
        ("name: mine\nsteps: [a: b: c]\n", "mine.yaml:2: "),
        ("name: mine\nsteps: [\n", "mine.yaml:3: while parsing"),
        ("name: mine\n\tx: 1\n", "mine.yaml:2: "),
        ("a: &x [1]\nb:\n  *x\n", "mine.yaml:2: is an alias; write the thing out again"),
        ("name: !!python/object/apply:os.system [x]\n", "mine.yaml:1: has the tag tag:yaml.org,2002:python/"),
        ("name: !mine x\n", "mine.yaml:1: has the tag !mine; tags are not used here"),
        ("? [a]\n: b\n", "mine.yaml:1: has a key that is not a word"),
        ("name: mine\nx: \x00\n", "mine.yaml:2: holds a character that no YAML may"),
        ("a: 1\n---\nb: 2\n", "mine.yaml:2: expected a single document in the stream"),
        ("[" * 5000, "mine.yaml:1: is nested too deep"),
    ],
)
def test_what_is_not_such_a_yaml_is_told_with_its_line(text: str, expected: str) -> None:
    messages = complaint(text)
    assert len(messages) == 1
    assert messages[0].startswith(expected)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("holidays: on", 'holidays: "on" is not true or false'),
        ("holidays: no", 'holidays: "no" is not true or false'),
        ("freshness: 9:30", 'freshness: "9:30" is not a span of days'),
        ("freshness: 010", 'freshness: "010" is not a span of days'),
        ("freshness: 1.5", 'freshness: "1.5" is not a span of days'),
        ("freshness: 0x10", 'freshness: "0x10" is not a span of days'),
        ("limits: {per_7_days: '2'}", 'limits.per_7_days: "2" is not a number of times'),
    ],
)
def test_what_yaml_would_turn_into_something_else_stays_as_written(line: str, expected: str) -> None:
    """YAML 1.1 reads `on` as true, `9:30` as 570 and `010` as 8; nobody who writes a policy means that."""
    messages = complaint(GOOD + line + "\n")
    assert messages[0].startswith(f"mine.yaml:4: {expected}")


def test_dates_and_quoted_words_are_text() -> None:
    policy = parse_policy(GOOD + "blackout: [2026-12-24, '2026-12-25']\nfreshness: ~\n", "mine.yaml")
    assert len(policy.blackout) == 2
    assert policy.freshness_days is None


def test_lines_count_the_same_with_windows_line_ends() -> None:
    assert complaint(GOOD.replace("\n", "\r\n") + "holidays: 3\r\n")[0].startswith("mine.yaml:4: holidays")


SPOKEN = """\
name: mine
steps:
  - id: first
    when: due + 2 days
    level: courteous
    channels: [email]
    reason: {fr: Nous clôturons le mois., en: We close the month.}
"""


def test_a_reason_by_language_is_read_and_its_faults_have_their_line() -> None:
    [step] = parse_policy(SPOKEN, "mine.yaml").steps

    assert step.reason_in("en", is_own=False) == "We close the month."
    assert complaint(SPOKEN.replace(" en:", " nl:")) == [
        "mine.yaml:7: steps[0].reason.nl: unknown word 'nl'; known are fr, en"
    ]
