"""One payment id comes in, goes back and comes in again: what is owed is what happened last, told once or often."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from domain import facts
from domain.facts import Body
from domain.fold import fold
from domain.ids import CustomerId, InvoiceId
from tests.domain_factories import a_seller, days, euros, in_turn, issued

F1 = InvoiceId("F-1")
WAYS = ("received", "paid", "received, paid", "paid, received")
"""How a billing system tells that the money is in."""


def received(turn: int) -> facts.PaymentReceived:
    return facts.PaymentReceived(F1, "p1", euros(100), days(7 * turn))


def reversed_(turn: int, lag: int) -> facts.PaymentReversed:
    """Its `paid_on` is that of the payment (`lag` 0), or the day on which it went back."""
    return facts.PaymentReversed(F1, "p1", euros(100), days(7 * turn) + timedelta(days=lag))


@st.composite
def tellings(draw: st.DrawFn) -> tuple[list[Body], bool]:
    """The money comes in and goes back in turn, each time told anew, and all is told again. Is it in?"""
    lag = draw(st.sampled_from([0, 5]))
    told: list[Body] = [issued()]
    known: list[Body] = []
    is_in = False
    for moment in range(draw(st.integers(1, 6))):
        turn, is_in = moment // 2, moment % 2 == 0
        if is_in:
            told += _comes_in(draw(st.sampled_from(WAYS)), turn)
            known.append(received(turn))
        else:
            told.append(reversed_(turn, lag))
            known.append(told[-1])
        told += draw(st.lists(st.sampled_from(known), max_size=4))
    return told, is_in


def _comes_in(way: str, turn: int) -> list[Body]:
    said: dict[str, Body] = {"received": received(turn), "paid": facts.InvoicePaid(F1, days(7 * turn))}
    return [said[word] for word in way.split(", ")]


@given(tellings(), st.data())
def test_what_happened_last_counts_however_often_all_of_it_is_told(
    telling: tuple[list[Body], bool], data: st.DataObject
) -> None:
    bodies, is_in = telling
    arrived = data.draw(st.permutations(in_turn(*bodies)))
    [state] = fold(CustomerId("C-1"), arrived, a_seller()).invoices
    assert state.balance == euros(0 if is_in else 100)
    assert all(payment.amount.minor > 0 for payment in state.payments)
