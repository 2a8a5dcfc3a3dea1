"""Random but possible pasts: facts about a few invoices of two customers, in two currencies. For property tests."""

from datetime import timedelta

from hypothesis import strategies as st

from domain import facts
from domain.customer import Customer
from domain.facts import Body, Fact
from domain.ids import CustomerId, InvoiceId, StepId, UnitId
from domain.invoice import Instalment, Invoice
from domain.levels import Channel
from domain.money import Money
from tests.domain_factories import DUE_ON, a_customer, a_fact

NAMES = [InvoiceId(name) for name in ("A", "B", "C", "A#1")]
CURRENCIES = ["EUR", "EUR", "EUR", "USD"]
CODES = ["205", "207", "208", "210", "211", "212", "213", "220"]

names = st.sampled_from(NAMES)
currencies = st.sampled_from(CURRENCIES)
amounts = st.builds(Money, st.integers(1, 300), currencies)
reply_ids = st.sampled_from(["r1", "r2"])
payment_ids = st.sampled_from(["p1", "p2", "p3"])
due_days = st.integers(-30, 60).map(lambda n: DUE_ON + timedelta(days=n))
paid_days = st.sampled_from([DUE_ON, DUE_ON + timedelta(days=7)])


@st.composite
def invoices(draw: st.DrawFn, customer: Customer) -> Invoice:
    currency = draw(currencies)
    parts = tuple(
        Instalment(draw(due_days), Money(minor, currency))
        for minor in draw(st.lists(st.integers(1, 100), max_size=3))
    )
    total = sum(part.amount.minor for part in parts) or draw(st.integers(0, 300))
    return Invoice(
        id=draw(names),
        customer_id=customer.id,
        number="n",
        due_on=draw(due_days),
        total=Money(total, currency),
        instalments=parts,
    )


@st.composite
def statements(draw: st.DrawFn, customers: st.SearchStrategy[Customer]) -> facts.InvoiceIssued:
    customer = draw(customers)
    return facts.InvoiceIssued(customer, draw(invoices(customer)))


@st.composite
def plans(draw: st.DrawFn) -> facts.PaymentPlanAgreed:
    currency = draw(currencies)
    covered = tuple(draw(st.lists(names, min_size=1, max_size=3, unique=True)))
    minors = draw(st.lists(st.integers(1, 200), min_size=1, max_size=3))
    return facts.PaymentPlanAgreed(covered, tuple(Instalment(draw(due_days), Money(m, currency)) for m in minors))


two_customers = st.sampled_from([a_customer(), a_customer(), a_customer(id=CustomerId("C-2"))])

money_moves: st.SearchStrategy[Body] = st.one_of(
    st.builds(facts.PaymentReceived, names, payment_ids, amounts, paid_days),
    st.builds(facts.PaymentReversed, names, payment_ids, amounts, paid_days),
    st.builds(facts.CreditNoteIssued, names, st.sampled_from(["c1", "c2"]), amounts),
    st.builds(facts.InvoicePaid, names, paid_days),
)
holds: st.SearchStrategy[Body] = st.one_of(
    st.builds(facts.InvoiceDisputed, names, st.just("broken")),
    st.builds(facts.DisputeResolved, names, st.just("mended")),
    st.builds(facts.TermsExtended, names, due_days),
    st.builds(facts.PromiseMade, st.tuples(names), st.none(), due_days, st.just("Anne")),
    st.builds(facts.EInvoiceStatusChanged, names, st.sampled_from(CODES)),
    st.builds(facts.InvoiceCancelled, names, st.just("typo")),
    plans(),
)


def bodies(customers: st.SearchStrategy[Customer] = two_customers) -> st.SearchStrategy[Body]:
    """Any fact about these invoices and customers."""
    return st.one_of(statements(customers), money_moves, holds, customer_news(customers))


def customer_news(customers: st.SearchStrategy[Customer]) -> st.SearchStrategy[Body]:
    """Any fact about one of these customers that names no invoice."""
    ids = customers.map(lambda customer: customer.id)
    return st.one_of(
        st.builds(facts.CustomerUpdated, customers),
        st.builds(facts.CustomerHeld, ids, st.just("talks"), st.none()),
        st.builds(facts.CustomerReleased, ids),
        st.builds(facts.ReplyReceived, ids, reply_ids, st.just(Channel.SMS)),
        st.builds(_read, ids, reply_ids),
    )


def _read(customer: CustomerId, reply: str) -> facts.TaskClosed:
    """Somebody read a reply, and there was nothing more to say."""
    return facts.TaskClosed(customer, f"t-{reply}", "reply", StepId(""), (UnitId(reply),), 0, "done", DUE_ON)


@st.composite
def pasts(draw: st.DrawFn, most: int = 16) -> list[Fact]:
    """Facts in the order in which they happened, each with an id of its own; they begin with an invoice."""
    first = draw(statements(st.just(a_customer())))
    rest = draw(st.lists(bodies(), max_size=most))
    return [a_fact(body, minute) for minute, body in enumerate([first, *rest])]
