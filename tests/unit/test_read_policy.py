"""A policy document becomes a Policy, or every fault in it is told with its path."""

import copy
from datetime import date, time

import pytest

from domain.hours import END_OF_DAY
from domain.ids import StepId
from domain.levels import Channel, Level, Role
from domain.policy import Limits, Offset, OffsetKind, Policy, Segment, Step
from domain.read_policy import read_policy
from tests.factories import NINE_TO_NOON, OFFICE_HOURS, TWO_TO_SIX, Json
from tests.policy_documents import document, faults_of, step


def test_the_whole_grammar() -> None:
    raw = {
        "name": "standard",
        "hours": {
            "default": {"mon-fri": ["09:00-12:00", "14:00-18:00"]},
            "phone": {"mon,wed": ["10:00-12:00"], "fri-sat": ["22:00-24:00", "08:00-09:30"], "sun": []},
        },
        "holidays": False,
        "blackout": ["2026-12-24", "2026-12-31"],
        "limits": {"min_gap": "4 days", "per_7_days": 1, "per_30_days": None, "call_attempts": 3, "group_within": 1},
        "freshness": "2 days",
        "tone_cap": "firm",
        "require": ["purchase_order", "document_url"],
        "steps": [
            step(id="heads-up", when="due - 5 days", level="upcoming", channels=["sms", "email"]),
            step(
                to="accounting",
                cc=["executive", "legal"],
                attach=["invoice"],
                ask=["when", "questions", "reason"],
                reason="We close the month.",
            ),
            step(id="call", when="due + 3 business days", channels=["phone"]),
            step(
                id="notice",
                when="previous + 30 days",
                level="formal",
                channels=["letter", "email"],
                approval=True,
                charges=True,
            ),
        ],
        "segments": {
            "reliable": {"skip": ["call"], "tone_cap": "courteous"},
            "vip": {"channels": ["sms"], "offset": "-1 day", "steps": [step(id="only", when="due")]},
        },
        "after_broken_promise": "call",
        "promise_grace": 1,
    }
    ten_to_noon = ((time(10), time(12)),)
    late = ((time(8), time(9, 30)), (time(22), END_OF_DAY))
    assert read_policy(raw) == Policy(
        name="standard",
        steps=(
            Step(
                StepId("heads-up"), Offset(OffsetKind.DUE, -5), Level.UPCOMING, channels=(Channel.SMS, Channel.EMAIL)
            ),
            Step(
                StepId("first"),
                Offset(OffsetKind.DUE, 2),
                Level.COURTEOUS,
                channels=(Channel.EMAIL,),
                to=Role.ACCOUNTING,
                cc=(Role.EXECUTIVE, Role.LEGAL),
                attach=("invoice",),
                ask=("when", "questions", "reason"),
                reason="We close the month.",
            ),
            Step(StepId("call"), Offset(OffsetKind.DUE_BUSINESS, 3), Level.COURTEOUS, channels=(Channel.PHONE,)),
            Step(
                StepId("notice"),
                Offset(OffsetKind.PREVIOUS, 30),
                Level.FORMAL,
                channels=(Channel.LETTER, Channel.EMAIL),
                approval=True,
                charges=True,
            ),
        ),
        hours={
            None: OFFICE_HOURS,
            Channel.PHONE: (ten_to_noon, (), ten_to_noon, (), late, late, ()),
        },
        holidays=False,
        blackout=frozenset({date(2026, 12, 24), date(2026, 12, 31)}),
        limits=Limits(min_gap_days=4, per_7_days=1, per_30_days=None, call_attempts=3, group_within_days=1),
        freshness_days=2,
        tone_cap=Level.FIRM,
        require=("purchase_order", "document_url"),
        segments={
            "reliable": Segment(skip=frozenset({StepId("call")}), tone_cap=Level.COURTEOUS),
            "vip": Segment(
                channels=(Channel.SMS,),
                offset_days=-1,
                steps=(Step(StepId("only"), Offset(OffsetKind.DUE, 0), Level.COURTEOUS, channels=(Channel.EMAIL,)),),
            ),
        },
        after_broken_promise=StepId("call"),
        promise_grace_days=1,
    )


def test_what_is_not_said_has_a_sensible_default() -> None:
    expected = Step(StepId("first"), Offset(OffsetKind.DUE, 2), Level.COURTEOUS, channels=(Channel.EMAIL,))
    assert read_policy(document()) == Policy(name="test", steps=(expected,), hours={None: OFFICE_HOURS})


@pytest.mark.parametrize(
    ("key", "open_days"),
    [
        ("mon-fri", [0, 1, 2, 3, 4]),
        ("sat", [5]),
        ("mon,wed", [0, 2]),
        ("mon-tue, fri", [0, 1, 4]),
        ("fri-mon", [0, 4, 5, 6]),
        ("mon-sun", [0, 1, 2, 3, 4, 5, 6]),
        ("wed-wed", [2]),
    ],
)
def test_weekdays_are_named_in_ranges_and_lists(key: str, open_days: list[int]) -> None:
    read = read_policy(document(hours={"default": {key: ["09:00-12:00"]}}))
    assert [day for day, windows in enumerate(read.hours[None]) if windows] == open_days


def test_windows_that_touch_are_two_windows_in_order() -> None:
    read = read_policy(document(hours={"default": {"mon": ["14:00-18:00", "09:00-12:00"]}}))
    assert read.hours[None][0] == (NINE_TO_NOON, TWO_TO_SIX)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"name": None}, "'name' is missing"),
        ({"name": "a@1"}, 'name: "a@1" is not a name'),
        ({"stepz": []}, "stepz: unknown word 'stepz'; did you mean 'steps'? known are steps, name, hours"),
        ({"holidays": "yes"}, 'holidays: "yes" is not true or false'),
        ({"blackout": ["24/12/2026"]}, 'blackout[0]: "24/12/2026" is not a date; write it year first'),
        ({"blackout": "2026-12-24"}, 'blackout: "2026-12-24" is not a list; write it in brackets'),
        ({"freshness": "2"}, 'freshness: "2" is not a span of days; write it as in 3 days'),
        ({"freshness": "2 weeks"}, 'freshness: "2 weeks" is not a span of days'),
        ({"freshness": -1}, "freshness: -1 is less than no days"),
        ({"promise_grace": True}, "promise_grace: true is not a span of days"),
        ({"promise_grace": "99999 days"}, "is not a span of days"),
        ({"tone_cap": "formel"}, "tone_cap: unknown level 'formel'; did you mean 'formal'?"),
        ({"require": ["order"]}, "require[0]: unknown requirement 'order'"),
        ({"after_broken_promise": "cal"}, "after_broken_promise: unknown step 'cal'; known are first"),
        ({"limits": {"min_gap": "soon"}}, 'limits.min_gap: "soon" is not a span of days'),
        ({"limits": {"per_7_days": 0}}, "limits.per_7_days: 0 is not a number of times from 1 to 1000"),
        ({"limits": {"per_7_days": True}}, "limits.per_7_days: true is not a number of times"),
        ({"limits": {"per_8_days": 1}}, "limits.per_8_days: unknown word 'per_8_days'; did you mean 'per_"),
        ({"limits": ["2"]}, "limits: words with their values are expected here, not a list"),
        ({"steps": []}, "steps: is empty; at least one is needed"),
        ({"steps": None}, "'steps' is missing"),
        ({"steps": "first"}, 'steps: "first" is not a list'),
        ({"steps": ["first"]}, 'steps[0]: words with their values are expected here, not "first"'),
        ({"steps": [step(), step()]}, "steps[1].id: 'first' is the id of steps[0] already"),
        ({"hours": {"fone": {}}}, "hours.fone: unknown channel 'fone'; did you mean 'phone'?"),
        ({"hours": {"default": {"sta": []}}}, "hours.default.sta: 'sta' names no weekdays; write mon-fri"),
        ({"hours": {"default": {"mon-": []}}}, "hours.default.mon-: 'mon-' names no weekdays"),
        ({"hours": {"default": {"mon-fri": [], "fri": []}}}, "hours.default.fri: fri has its hours in another entry"),
        ({"hours": {"default": {"mon": "09:00-12:00"}}}, "hours.default.mon: "),
        ({"segments": {"a b": {}}}, 'segments.a b: "a b" is not a name'),
        (
            {"segments": {"vip": {"skip": ["frist"]}}},
            "segments.vip.skip[0]: unknown step 'frist'; did you mean 'first'",
        ),
        ({"segments": {"vip": {"steps": []}}}, "segments.vip.steps: is empty"),
        ({"segments": {"vip": {"tone": "firm"}}}, "segments.vip.tone: unknown word 'tone'; did you mean 'tone_cap'?"),
        ({"segments": {"vip": {"offset": "due"}}}, 'segments.vip.offset: "due" is not a span of days'),
    ],
)
def test_a_fault_is_told_with_its_path(changes: Json, expected: str) -> None:
    assert [fault for fault in faults_of(document(**changes)) if expected in fault]


@pytest.mark.parametrize(
    ("windows", "problem"),
    [
        (
            ["9:00-12:00"],
            '[0]: "9:00-12:00" is not a window; write it in quotes and four digits',
        ),
        ([540], "[0]: 540 is not a window"),
        (["09:00"], '[0]: "09:00" is not a window'),
        (["25:00-26:00"], "[0]: 25:00 is not a time of day"),
        (["09:60-10:00"], "[0]: 09:60 is not a time of day"),
        (["12:00-09:00"], '[0]: "12:00-09:00" ends before it begins; a window stays within its day'),
        (["09:00-09:00"], '[0]: "09:00-09:00" ends before it begins'),
        (["24:00-24:00"], '[0]: "24:00-24:00" ends before it begins'),
        (["09:00-12:00", "11:00-13:00"], ": windows overlap: one opens at 11:00 before another has closed"),
        (["09:00-12:00", "09:00-12:00"], ": windows overlap"),
    ],
)
def test_a_window_that_cannot_be_is_told(windows: list[object], problem: str) -> None:
    assert faults_of(document(hours={"default": {"mon": windows}}))[0].startswith(f"hours.default.mon{problem}")


def test_all_faults_are_told_at_once() -> None:
    raw = document(name="", holidays=3, steps=[step(level="x", channels=["y"]), step(id="b", to="z")])
    assert [fault.split(":")[0] for fault in faults_of(raw)] == [
        "steps[0].level",
        "steps[0].channels[0]",
        "steps[1].to",
        "name",
        "holidays",
    ]


@pytest.mark.parametrize("raw", [None, [], "policy", 3])
def test_a_policy_is_words_with_values(raw: object) -> None:
    faults = faults_of(raw)
    assert len(faults) == 1
    assert faults[0].startswith("words with their values are expected here, not ")


def test_reading_leaves_the_document_alone() -> None:
    raw = document(segments={"vip": {"skip": ["first"]}})
    before = copy.deepcopy(raw)
    read_policy(raw)
    assert raw == before
