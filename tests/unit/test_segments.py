"""Segments from payment history: what is counted, how it is counted, and where one word ends and the next begins."""

from datetime import timedelta

import pytest

from domain import facts
from domain.account import Account, Figures, Segmented
from domain.facts import Body
from domain.fold import fold
from domain.ids import CustomerId, InvoiceId, StepId
from domain.invoice import Instalment
from domain.ladder import ladder_of
from domain.money import Money
from domain.plan import plan
from domain.policy import Segment
from domain.reasons import Code, Reason
from tests.domain_factories import (
    CALL,
    DUE_ON,
    FIRST,
    HEADS_UP,
    KNOWN_AT,
    WIDEN,
    a_customer,
    a_fact,
    a_past_reminder,
    a_policy,
    a_seller,
    an_account,
    an_instalment,
    asked,
    codes,
    days,
    euros,
    in_turn,
    issued,
    late_morning,
)


def settled(name: str, delay: int) -> list[Body]:
    """An invoice that was due before F-1 and paid in full `delay` days late."""
    return [
        issued(name, due_on=days(-200)),
        facts.PaymentReceived(InvoiceId(name), "p", euros(100), days(-200 + delay)),
    ]


def history(*delays: int) -> list[Body]:
    return [body for n, delay in enumerate(delays) for body in settled(f"P-{n}", delay)]


def figures_of(*bodies: Body) -> Figures:
    figures = an_account(*bodies).segment.figures
    assert figures is not None
    return figures


def counted(*bodies: Body) -> tuple[int, int, int | None, int | None]:
    figures = figures_of(*bodies)
    return figures.settled, figures.unpaid, figures.in_time_percent, figures.mean_days_late


@pytest.mark.parametrize(
    ("delays", "name"),
    [
        ((), "new"),
        ((0, 0), "new"),
        ((90, 90), "new"),
        ((0, 0, 0), "reliable"),
        ((-10, 3, 3), "reliable"),
        ((0, 0, 0, 0, 20), "reliable"),
        ((0, 0, 0, 4), "occasional"),
        ((0, 4, 4), "occasional"),
        ((0, 0, 4, 4, 4, 4, 4), "chronic"),
        ((4, 4, 4), "chronic"),
        ((0, 0, 45), "occasional"),
        ((0, 0, 47), "chronic"),
        ((0, 0, 0, 0, 80), "chronic"),
        ((0, 0, 0, 0, 77), "reliable"),
    ],
)
def test_each_word_has_its_bounds(delays: tuple[int, ...], name: str) -> None:
    """80 % in time or more; under 30 % or more than 15 days on average; the share down, the mean to the nearest."""
    assert an_account(issued(due_on=days(90)), *history(*delays)).segment.name == name


def test_the_figures_go_with_the_word() -> None:
    account = an_account(*history(-5, 0, 10))
    assert account.segment == Segmented("occasional", Figures(3, 0, 66, 3, KNOWN_AT.date()))


def test_who_has_no_invoices_is_new_and_has_no_figures_to_show() -> None:
    account = an_account(facts.CustomerUpdated(a_customer()))
    assert account.segment == Segmented("new", Figures())


def test_what_the_seller_calls_him_wins() -> None:
    vip = facts.CustomerUpdated(a_customer(segment="vip"))
    assert an_account(*history(0, 0, 0), vip).segment == Segmented("vip")
    assert an_account(*history(0, 0, 0), vip, facts.CustomerUpdated(a_customer())).segment.name == "reliable"


@pytest.mark.parametrize(
    "bodies",
    [
        [*settled("X", 90), facts.InvoiceCancelled(InvoiceId("X"), "typo")],
        [issued("X", due_on=days(-200)), facts.CreditNoteIssued(InvoiceId("X"), "c", euros(100))],
        [*settled("X", 90), facts.CreditNoteIssued(InvoiceId("X"), "c", euros(100))],
        [issued("X"), facts.InvoiceDisputed(InvoiceId("X"), "broken"), *settled("X", 90)],
        [
            issued("X"),
            facts.InvoiceDisputed(InvoiceId("X"), "broken"),
            facts.DisputeResolved(InvoiceId("X"), "mended"),
            *settled("X", 90),
        ],
        [issued("X"), facts.EInvoiceStatusChanged(InvoiceId("X"), "207"), *settled("X", 90)],
        [issued("X", due_on=days(-200)), facts.EInvoiceStatusChanged(InvoiceId("X"), "210")],
        [
            issued("X", due_on=days(-200)),
            facts.PaymentReceived(InvoiceId("X"), "p", Money(5000, "USD"), days(-100)),
        ],
        [issued("X", due_on=KNOWN_AT.date() - timedelta(days=30))],
        [issued("X", due_on=days(-200), total=euros(0))],
    ],
    ids=[
        "cancelled", "credited", "paid_and_credited", "disputed", "dispute_resolved", "status_207", "status_210",
        "foreign_payment", "thirty_days_late", "of_nothing",
    ],
)  # fmt: skip
def test_some_invoices_say_nothing_of_his_habits(bodies: list[Body]) -> None:
    assert counted(*bodies, *history(0, 0, 0)) == (3, 0, 100, 0)


def test_the_date_is_that_of_the_payment_that_left_nothing_to_pay() -> None:
    """Whatever came in later is too much, and what a credit note took off need not be paid."""
    name = InvoiceId("P")
    bodies: list[Body] = [
        issued("P", due_on=DUE_ON),
        facts.PaymentReceived(name, "late", euros(50), days(60)),
        facts.PaymentReceived(name, "first", euros(50), days(2)),
        facts.PaymentReceived(name, "second", euros(30), days(12)),
        facts.PaymentReceived(name, "foreign", Money(100, "USD"), days(11)),
        facts.CreditNoteIssued(name, "c", euros(20)),
        facts.CreditNoteIssued(name, "d", Money(5000, "USD")),
    ]
    assert counted(*bodies) == (1, 0, 0, 12)


def test_what_was_settled_as_a_whole_has_its_date_too() -> None:
    bodies: list[Body] = [issued("P", due_on=DUE_ON), facts.InvoicePaid(InvoiceId("P"), days(8))]
    assert counted(*bodies) == (1, 0, 0, 8)
    restated = issued("P", due_on=DUE_ON, total=euros(300))
    assert counted(*bodies, restated) == (1, 0, 0, 8)


def test_extended_terms_and_the_last_instalment_are_the_date_in_force() -> None:
    name = InvoiceId("P")
    paid = facts.InvoicePaid(name, days(30))
    assert counted(issued("P"), facts.TermsExtended(name, days(30)), paid) == (1, 0, 100, 0)
    parts = (an_instalment(0, 50), an_instalment(28, 50))
    assert counted(issued("P", instalments=parts), paid) == (1, 0, 100, 2)


def test_a_late_invoice_that_is_unpaid_counts_and_makes_nobody_known() -> None:
    """Ten paid in time and three two months late are no reliable customer; three late ones alone are no history."""
    late = [issued(f"L-{n}", due_on=KNOWN_AT.date() - timedelta(days=60)) for n in range(3)]
    account = an_account(*history(*[0] * 10), *late)
    assert account.segment == Segmented("occasional", Figures(9, 3, 75, 15, KNOWN_AT.date()))
    assert an_account(*late).segment == Segmented("new", Figures(0, 3, 0, 60, KNOWN_AT.date()))


def test_only_the_last_twelve_count() -> None:
    long_ago = [
        body
        for n in range(5)
        for body in (
            issued(f"O-{n}", due_on=days(-900)),
            facts.PaymentReceived(InvoiceId(f"O-{n}"), "p", euros(100), days(-800)),
        )
    ]
    assert counted(*history(*[0] * 12), *long_ago) == (12, 0, 100, 0)
    overdue = [issued(f"L-{n}", due_on=KNOWN_AT.date() - timedelta(days=60)) for n in range(12)]
    found = an_account(*history(0, 0, 0), *overdue).segment
    assert (found.name, found.figures) == ("chronic", Figures(0, 12, 0, 60, KNOWN_AT.date()))


def test_lateness_grows_with_the_news_about_invoices_and_not_with_the_clock() -> None:
    """As of the last fact about one of his invoices, on the seller's calendar; a new phone number is no such news."""
    late = issued("L", due_on=KNOWN_AT.date() - timedelta(days=30))
    bodies = [*history(0, 0, 0, 0), late]
    before = an_account(*bodies, facts.CustomerUpdated(a_customer(name="New")))
    assert before.segment.figures == Figures(4, 0, 100, 0, KNOWN_AT.date())
    news = a_fact(issued("N", due_on=days(90)), at=KNOWN_AT + timedelta(days=90, hours=16), event_id="news")
    after = fold(CustomerId("C-1"), [*in_turn(*bodies), news], a_seller())
    assert after.segment.figures == Figures(4, 1, 80, 24, days(61))
    assert (before.segment.name, after.segment.name) == ("reliable", "chronic")


def reliable_account() -> Account:
    return an_account(issued(), *history(0, 0, 0))


def test_a_derived_segment_changes_the_ladder_and_the_plan_says_so() -> None:
    policy = a_policy(segments={"reliable": Segment(skip=frozenset({CALL.id}))})
    account = reliable_account()
    assert CALL not in ladder_of(account, policy).steps
    found = plan(account, policy, late_morning(12))
    assert asked(found) == ("first", [("F-1", "first")])
    assert found.reasons[0] == Reason(
        Code.SEGMENT,
        {
            "name": "reliable", "settled": 3, "unpaid": 0, "in_time_percent": 100, "mean_days_late": 0,
            "as_of": KNOWN_AT.date().isoformat(),
        },
    )  # fmt: skip


def test_a_segment_that_the_policy_does_not_name_is_no_reason() -> None:
    policy = a_policy(segments={"vip": Segment()})
    assert "segment" not in codes(plan(reliable_account(), policy, late_morning(3)).reasons)
    vip = an_account(issued(customer=a_customer(segment="vip")))
    assert plan(vip, policy, late_morning(3)).reasons[0] == Reason(Code.SEGMENT, {"name": "vip"})


@pytest.mark.parametrize(
    ("skips", "had", "coming"),
    [
        ({CALL.id}, "call", "widen"),
        ({HEADS_UP.id, FIRST.id, CALL.id}, "call", "widen"),
        (set(), "gone", "call"),
        ({CALL.id}, "gone", "first"),
    ],
)
def test_who_changes_segment_in_the_middle_of_a_ladder_never_steps_back(
    skips: set[StepId], had: str, coming: str
) -> None:
    """He had the call, then turns out reliable, whom nobody calls: the milder first word is not said after it."""
    policy = a_policy(HEADS_UP, FIRST, CALL, WIDEN, segments={"reliable": Segment(skip=frozenset(skips))})
    account = reliable_account()
    past = a_past_reminder(late_morning(11), had)
    began = an_account(issued(), *history(0, 0, 0), history=(past,))
    assert account.segment == began.segment
    found = plan(began, policy, late_morning(21) if had == "call" else late_morning(15))
    assert asked(found) == (coming, [("F-1", coming)])


def in_plan(*payments: tuple[int, int]) -> list[Body]:
    """P-9 was due on day 0; then a plan was agreed: halves on days 40 and 70. (day, euros) came in."""
    agreed = facts.PaymentPlanAgreed((InvoiceId("P-9"),), (an_instalment(70, 50), an_instalment(40, 50)))
    came = [facts.PaymentReceived(InvoiceId("P-9"), f"q{day}", euros(paid), days(day)) for day, paid in payments]
    return [issued("P-9"), agreed, *came]


@pytest.mark.parametrize(
    ("payments", "expected"),
    [
        ([(40, 50), (70, 50)], (4, 0, 100, 0)),
        ([(40, 50), (80, 50)], (4, 0, 75, 3)),
        ([(200, 100)], (4, 0, 75, 33)),
    ],
    ids=["kept", "ten days late", "never kept"],
)
def test_who_keeps_a_payment_plan_pays_in_time(
    payments: list[tuple[int, int]], expected: tuple[int, int, int, int]
) -> None:
    assert counted(*history(0, 0, 0), *in_plan(*payments)) == expected


def test_a_plan_that_runs_is_not_unpaid_for_long_before_its_last_day() -> None:
    told = in_turn(*history(0, 0, 0), *in_plan((40, 50)))
    for day, expected in ((100, (3, 0, 100, 0)), (101, (3, 1, 75, 8))):
        news = a_fact(issued("N", due_on=days(200)), at=late_morning(day), event_id="news")
        figures = fold(CustomerId("C-1"), [*told, news], a_seller()).segment.figures
        assert figures == Figures(*expected, days(day))


def test_a_plan_about_what_was_paid_already_or_in_other_money_puts_nothing_off() -> None:
    late = settled("P-9", 90)
    agreed = facts.PaymentPlanAgreed((InvoiceId("P-9"),), (an_instalment(0, 50),))
    assert counted(*late, agreed) == (1, 0, 0, 90)
    dollars = facts.PaymentPlanAgreed((InvoiceId("P-9"),), (Instalment(days(0), Money(100, "USD")),))
    assert counted(late[0], dollars, late[1]) == (1, 0, 0, 90)
