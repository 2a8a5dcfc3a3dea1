"""What facts mean never depends on how they came; amounts stay exact; and only a reversal opens what was paid."""

from hypothesis import given
from hypothesis import strategies as st

from domain import facts
from domain.account import Account, InvoiceState, Standing
from domain.facts import Fact
from domain.fold import fold
from domain.ids import CustomerId, InvoiceId
from domain.money import Money
from tests.domain_factories import a_customer, a_fact, a_seller
from tests.property.histories import CURRENCIES, customer_news, pasts, statements

C1, C2 = CustomerId("C-1"), CustomerId("C-2")


def account_of(found: list[Fact], customer: CustomerId = C1) -> Account:
    return fold(customer, found, a_seller())


@given(pasts(), st.data())
def test_order_and_repetition_change_nothing(found: list[Fact], data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(found))
    again = data.draw(st.lists(st.sampled_from(found), max_size=6))
    assert account_of([*again, *shuffled]) == account_of(found)


@given(pasts())
def test_balances_are_never_negative_and_never_above_the_total(found: list[Fact]) -> None:
    for n in range(1, len(found) + 1):
        for state in account_of(found[:n]).invoices:
            assert 0 <= state.balance.minor <= state.invoice.total.minor
            assert state.balance.currency == state.invoice.total.currency
            assert state.standing is Standing.OPEN or state.balance.minor == 0


@given(pasts())
def test_what_was_settled_stays_settled_but_for_a_reversal(found: list[Fact]) -> None:
    """Fact by fact: paid ends only by `payment.reversed`, which starts a new cycle; cancelled never ends."""
    before: dict[InvoiceId, InvoiceState] = {}
    for n, fact in enumerate(found, start=1):
        now = {state.invoice.id: state for customer in (C1, C2) for state in account_of(found[:n], customer).invoices}
        for name in before.keys() & now.keys():
            was, is_ = before[name], now[name]
            assert was.standing is not Standing.CANCELLED or is_.standing is Standing.CANCELLED
            if was.standing is Standing.PAID and is_.standing is Standing.OPEN:
                assert isinstance(fact.body, facts.PaymentReversed)
                assert len(is_.went_back) == len(was.went_back) + 1
            elif isinstance(fact.body, facts.PaymentReceived):
                assert set(is_.went_back) <= set(was.went_back)
            elif not isinstance(fact.body, facts.PaymentReversed):
                assert is_.went_back == was.went_back
        before = now


@given(pasts())
def test_only_what_is_owed_is_dunned_and_each_unit_has_a_name_of_its_own(found: list[Fact]) -> None:
    account = account_of(found)
    assert len({unit.id for unit in account.units}) == len(account.units)
    for unit in account.units:
        assert unit.balance.minor > 0
        assert unit.states
        assert all(state.standing is Standing.OPEN and state.balance.minor > 0 for state in unit.states)
        assert all(state.invoice.customer_id == C1 for state in unit.states)
        assert {state.balance.currency for state in unit.states} == {unit.balance.currency}


@given(pasts())
def test_the_units_of_an_invoice_add_up_to_its_balance(found: list[Fact]) -> None:
    account = account_of([fact for fact in found if not isinstance(fact.body, facts.PaymentPlanAgreed)])
    for state in account.invoices:
        mine = [unit.balance.minor for unit in account.units if unit.states == (state,)]
        assert sum(mine) == state.balance.minor


@given(pasts())
def test_the_units_of_a_customer_never_ask_for_more_than_its_balances(found: list[Fact]) -> None:
    account = account_of(found)
    for currency in {unit.balance.currency for unit in account.units}:
        asked = sum(unit.balance.minor for unit in account.units if unit.balance.currency == currency)
        assert asked <= sum(state.balance.minor for state in account.invoices if state.balance.currency == currency)


@given(pasts())
def test_an_invoice_belongs_to_one_customer(found: list[Fact]) -> None:
    names = [{state.invoice.id for state in account_of(found, customer).invoices} for customer in (C1, C2)]
    assert not names[0] & names[1]


@given(
    statements(st.just(a_customer())),
    st.dictionaries(st.text(max_size=3), st.builds(Money, st.integers(1, 90), st.sampled_from(CURRENCIES))),
    st.data(),
)
def test_amounts_are_exact_and_currencies_apart(
    stated: facts.InvoiceIssued, payments: dict[str, Money], data: st.DataObject
) -> None:
    invoice = stated.invoice
    told: list[facts.Body] = [
        facts.PaymentReceived(invoice.id, name, amount, invoice.due_on) for name, amount in payments.items()
    ]
    found = [a_fact(body, n) for n, body in enumerate(data.draw(st.permutations([stated, *told])))]
    same = sum(amount.minor for amount in payments.values() if amount.currency == invoice.total.currency)
    assert account_of(found).invoices[0].balance.minor == max(0, invoice.total.minor - same)


@given(pasts(), customer_news(st.just(a_customer(id=CustomerId("C-3")))))
def test_news_of_another_customer_changes_nothing(found: list[Fact], stray: facts.Body) -> None:
    assert account_of([*found, a_fact(stray, 999)]) == account_of(found)
