"""Customers as people look for them: by name, id, or the number of an invoice. Called by the pages and the log."""

from __future__ import annotations

import sqlalchemy as sa

from domain.ids import AccountKey, CustomerId, SellerId
from store.overview import AccountView, account_of
from store.tables import accounts, invoices

_ACCENTED = "àáâãäåçèéêëìíîïñòóôõöùúûüýÿÀÁÂÃÄÅÇÈÉÊËÌÍÎÏÑÒÓÔÕÖÙÚÛÜÝ’ŒÆẞ"
_PLAIN = "aaaaaaceeeeiiiinooooouuuuyyaaaaaaceeeeiiiinooooouuuuy'œæß"
_TO_PLAIN = str.maketrans(_ACCENTED, _PLAIN)
"""Who looks for `etoile` means `Étoile`. The database's own `lower` may know no more than ASCII."""
_TWO_IN_ONE = (("œ", "oe"), ("æ", "ae"), ("ß", "ss"))


def customers(
    connection: sa.Connection, seller: SellerId, text: str, after: CustomerId, limit: int
) -> list[AccountView]:
    """The next `limit` of the seller's accounts that the text may mean, by id, after this one; all for no text."""
    statement = sa.select(accounts).where(is_meant(seller, text), accounts.c.customer_id > after)
    return [account_of(row) for row in connection.execute(statement.order_by(accounts.c.customer_id).limit(limit))]


def how_many(connection: sa.Connection, seller: SellerId, text: str, most: int) -> int:
    """How many accounts the text may mean, counted up to `most`."""
    found = sa.select(accounts.c.id).where(is_meant(seller, text)).limit(most).subquery()
    return int(connection.execute(sa.select(sa.func.count()).select_from(found)).scalar_one())


def keys(connection: sa.Connection, seller: SellerId, text: str, most: int) -> list[AccountKey]:
    """The first `most` of the accounts that the text may mean, in no order."""
    return list(connection.execute(sa.select(accounts.c.id).where(is_meant(seller, text)).limit(most)).scalars())


def is_meant(seller: SellerId, text: str) -> sa.ColumnElement[bool]:
    """Whether an account of the seller's is the one with this id; all of them for no text.

    If there is none: whether its id begins so, its name has that in it (accents and case do not count), or it owes
    the invoice with this number or id.
    """
    own = accounts.c.seller == seller
    if not text:
        return own
    others = accounts.alias()
    is_id = sa.exists().where(others.c.seller == seller, others.c.customer_id == text)
    low = sa.func.lower(accounts.c.name)
    is_plain = sa.func.octet_length(accounts.c.name) == sa.func.char_length(accounts.c.name)
    # Most names are: `translate` takes ten times as long as all the rest (measured).
    plain = sa.case((is_plain, low), else_=_apart(sa.func.translate(low, _ACCENTED, _PLAIN)))
    named = sa.or_(invoices.c.invoice_id == text, invoices.c.number.in_((text, text.upper())))
    owing = sa.select(invoices.c.account_id).where(invoices.c.seller == seller, named)
    may_be = sa.or_(
        accounts.c.customer_id.istartswith(text, autoescape=True),
        plain.contains(_plain(text), autoescape=True),
        accounts.c.id.in_(owing),
    )
    return sa.and_(own, sa.or_(accounts.c.customer_id == text, sa.and_(~is_id, may_be)))


def _plain(text: str) -> str:
    plain = text.lower().translate(_TO_PLAIN)
    for one, two in _TWO_IN_ONE:
        plain = plain.replace(one, two)
    return plain


def _apart(text: sa.ColumnElement[str]) -> sa.ColumnElement[str]:
    for one, two in _TWO_IN_ONE:
        text = sa.func.replace(text, one, two)
    return text
