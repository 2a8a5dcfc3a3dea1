"""What Relance knows of a fault's customers, as `explain` reads it: each event that was answered with 202 is in it.

Also the payment that comes after the message, and the invoice of who sleeps: nothing that goes out would show them.
"""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from domain.account import Account
from domain.addresses import address_key
from domain.ids import InvoiceId, SellerId
from domain.levels import Channel
from store import book
from tests.fault.book import PART, TOTAL, Cohort, Debtor, Kind, ending_id, issued_id, part_id
from tests.fault.installation import Installation
from workers.folding import fold_accounts


def missing(it: Installation, cohort: Cohort) -> Mapping[str, Sequence[str]]:
    """By customer, what was answered with 202 and is not known. Asks for all of them at once."""
    with book.reading(it.services.engine) as connection:
        rows = book.batch(connection, len(cohort.debtors), seller=SellerId(cohort.name))
        found = {str(row.customer_id): account for row, account, _ in fold_accounts(connection, it.services, rows)}
    return {one.id: what for one in cohort.debtors if (what := list(_missing(one, cohort, found.get(one.id))))}


def _missing(one: Debtor, cohort: Cohort, account: Account | None) -> Iterator[str]:
    state = None if account is None else account.state_of(InvoiceId(one.invoice))
    if account is None or state is None:
        if issued_id(one) in cohort.told:
            yield "the invoice"
        return
    left = state.balance.amount
    if part_id(one) in cohort.told and left != Decimal(TOTAL) - Decimal(PART):
        yield "the part payment, once,"
    if ending_id(one) in cohort.told and not _has_ended(one, account, left):
        yield f"that the customer was {one.kind}"


def _has_ended(one: Debtor, account: Account, left: Decimal) -> bool:
    if one.kind is Kind.PAID:
        return left == 0
    if one.kind is Kind.HELD:
        return account.hold is not None
    return (Channel.SMS, address_key(one.phone)) in account.suppressed
