"""Fills a database with open invoices, as the pipeline itself would have left them: some lives, copied by SQL.

    fill(it, invoices=1_000_000, due=2_000)

Every row that a `molds` customer has in any table is copied, with names, addresses and ids of its own: facts, events,
reminders, attempts, receipts, journal. Only as many are due now as is asked, by mail and by text message; the others
wait, and one in ten of these has been reminded before. Those who never were are as thin as may be: in the journal
their plan alone, in the inbox what retention leaves of an event.
By itself, `python -m tests.bench.book 100000`: how fast, and whether planning reads what was copied.
"""

import sys
from collections.abc import Iterator, Mapping
from random import Random

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from domain.ids import AccountKey, CustomerId, SellerId
from store import tables
from store.accounts import AccountRow
from store.engine import Connection
from tests.bench.figures import Figure, Size
from tests.bench.ground import TUESDAY_1150, Ground, ground
from tests.bench.molds import DUE_MAIL, DUE_SMS, REMINDED, WAITING, live, molds
from workers.planning import plan_accounts

TURN = 20_000
"""Accounts of one statement."""

ONE_IN = 10
"""Of so many accounts that wait, one has been reminded before."""

_KINDS = (DUE_MAIL, DUE_SMS, WAITING, REMINDED)
_HASHED = frozenset({"reminder_id", "attempt_id", "provider_id", "key"})
_OWNERS: Mapping[str, str] = {
    "accounts": "t.id",
    "inbox": "(SELECT id FROM accounts AS a WHERE a.seller = t.seller AND a.customer_id = t.customer_id)",
    "steps_had": "(SELECT account_id FROM reminders AS r WHERE r.id = t.reminder_id)",
    "contacted": "(SELECT account_id FROM attempts AS a WHERE a.id = t.attempt_id)",
    "receipts": "(SELECT account_id FROM attempts AS a WHERE a.id = t.attempt_id)",
}
"""Whose a row is, where it does not say so by an account's number."""
_COPIED = (
    "accounts", "inbox", "invoices", "facts", "reminders", "steps_had", "attempts", "contacted", "receipts", "tasks",
    "announced", "journal",
)  # fmt: skip
_MOLDS = """
    CREATE TABLE molds.molds AS
    SELECT id AS mold, substring(customer_id from 'C-([a-z]+)') AS kind, substr(customer_id, 3) AS token,
           (SELECT substring(body from '"phone": *"([^"]+)"') FROM inbox AS i
             WHERE i.customer_id = a.customer_id ORDER BY id LIMIT 1) AS phone
    FROM accounts AS a
"""
_THIN = (
    """DELETE FROM molds.journal AS t USING molds.molds AS m WHERE m.mold = t.mold AND m.kind = :kind
        AND t.id NOT IN (SELECT max(id) FROM molds.journal WHERE event = 'plan.changed' GROUP BY mold)""",
    "UPDATE molds.inbox AS t SET body = '', fact = '' FROM molds.molds AS m WHERE m.mold = t.mold AND m.kind = :kind",
)
"""What of the molds is not copied, for there will be very many."""


def fill(it: Ground, invoices: int, due: int = 2_000) -> None:
    """Copies until there are so many open invoices; `due` accounts over each of mail and text messages are due now.

    May be called again with a greater number: what is there stays, and of due accounts there are as many again.
    """
    made = molds()
    with it.services.engine.connect() as connection:
        is_new = connection.execute(sa.select(sa.func.count()).select_from(tables.accounts)).scalar_one() == 0
    if is_new:
        live(it, made)
        _keep_molds(it)
    _indexes_rest(it)
    for kind, channel in ((DUE_MAIL, "email"), (DUE_SMS, "sms")):
        _copy(it, kind, due - len(due_over(it, channel)))
    with it.services.engine.connect() as connection:
        there = connection.execute(sa.select(sa.func.count()).select_from(tables.invoices)).scalar_one()
    owed = {kind: [len(mold.days_late) for mold in made if mold.kind == kind] for kind in (WAITING, REMINDED)}
    mean = {kind: sum(each) / len(each) for kind, each in owed.items()}
    tens = (invoices - there) / (mean[WAITING] * (ONE_IN - 1) + mean[REMINDED])
    _copy(it, REMINDED, int(tens))
    _copy(it, WAITING, int(tens * (ONE_IN - 1)))
    _tidy(it)


def due_over(it: Ground, channel: str) -> list[AccountKey]:
    """The accounts that are due now over a channel, in the order of their keys."""
    accounts = tables.accounts.c
    due = sa.select(accounts.id).where(accounts.due_at <= TUESDAY_1150, accounts.channel == channel)
    with it.services.engine.connect() as connection:
        return [AccountKey(key) for key in connection.execute(due.order_by(accounts.id)).scalars()]


def sample(connection: Connection, many: int, kind: str) -> list[AccountRow]:
    """Some copied accounts of a kind, the same at each call for the same book."""
    accounts = tables.accounts.c
    columns = (accounts.id, accounts.seller, accounts.customer_id, accounts.plan_digest)
    first, last = connection.execute(sa.select(sa.func.min(accounts.id), sa.func.max(accounts.id))).one()
    chosen = sorted(Random(many).sample(range(first, last + 1), min(many * 20, last - first + 1)))  # noqa: S311 - a book, not a secret
    of_kind = sa.select(*columns).where(accounts.id.in_(chosen), accounts.customer_id.like(f"C-{kind}%"))
    rows = connection.execute(of_kind.limit(many))
    return [AccountRow(AccountKey(k), SellerId(s), CustomerId(c), digest) for k, s, c, digest in rows]


def unlike(it: Ground, many: int) -> list[CustomerId]:
    """Those of a sample of whom planning says something else than the book: due or not, when, over which channel."""
    accounts = tables.accounts.c
    with it.services.engine.connect() as connection:
        rows = [row for kind in _KINDS for row in sample(connection, many, kind)]
        planned = plan_accounts(connection, it.services, rows, TUESDAY_1150)
        kept = sa.select(accounts.id, accounts.due_at, accounts.channel).where(accounts.id.in_([r.key for r in rows]))
        found = {key: (due_at, channel) for key, due_at, channel in connection.execute(kept)}
    if not rows:
        raise AssertionError("nothing was copied")
    wrong = []
    for one in planned:
        due_at, channel = found[one.row.key]
        reminder, look_at = one.plan.reminder, one.plan.look_at
        says = None if reminder is None else reminder.routes[0].channel.value
        is_due = due_at is not None and due_at <= TUESDAY_1150
        says_due = look_at is not None and look_at <= TUESDAY_1150
        day, says_day = due_at and due_at.date(), look_at and look_at.date()
        if (is_due, channel) != (says_due, says) or (not is_due and day != says_day):
            wrong.append(one.row.customer_id)
    return wrong


def _keep_molds(it: Ground) -> None:
    """The molds as they are now, beside the book: their own accounts go on living as all others do."""
    with it.services.engine.begin() as connection:
        connection.execute(sa.text("CREATE SCHEMA molds"))
        connection.execute(sa.text(_MOLDS))
        for name in _COPIED:
            whose = _OWNERS.get(name, "t.account_id")
            connection.execute(sa.text(f"CREATE TABLE molds.{name} AS SELECT {whose} AS mold, t.* FROM {name} AS t"))  # noqa: S608 - names of our own tables
        for statement in _THIN:
            connection.execute(sa.text(statement), {"kind": WAITING})


def _copy(it: Ground, kind: str, many: int) -> None:
    """So many more accounts of a kind. Foreign keys are not asked: what they would say is true by the making."""
    with it.services.engine.begin() as connection:
        for setting in ("statement_timeout = 0", "synchronous_commit = off", "session_replication_role = replica"):
            connection.execute(sa.text(f"SET LOCAL {setting}"))
        kinds = sa.text("SELECT count(*) FROM molds.molds WHERE kind = :kind")
        every = connection.execute(kinds, {"kind": kind}).scalar_one()
        base = connection.execute(sa.text("SELECT max(id) FROM accounts")).scalar_one()
        turns = -(-many // every)
        for first in range(0, turns, TURN // every):
            last = min(first + TURN // every, turns) - 1
            given = {"base": base, "first": first, "last": last, "every": every, "kind": kind, "most": many}
            for name in _COPIED:
                connection.execute(_copying(name), given)
        connection.execute(sa.text("SELECT setval(pg_get_serial_sequence('accounts', 'id'), max(id)) FROM accounts"))


def _copying(name: str) -> sa.TextClause:
    """The statement that copies the molds' rows of a table; `g` is a copy's number, which all its names end with."""
    chosen = dict(_columns(tables.metadata.tables[name]))
    return sa.text(f"""
        INSERT INTO {name} ({", ".join(chosen)}) OVERRIDING SYSTEM VALUE
        SELECT {", ".join(chosen.values())}
        FROM generate_series(CAST(:first AS int), CAST(:last AS int)) AS n
        CROSS JOIN (SELECT *, row_number() OVER (ORDER BY mold) - 1 AS rank FROM molds.molds WHERE kind = :kind) AS m
        CROSS JOIN LATERAL (SELECT n * CAST(:every AS int) + m.rank AS turn) AS c
        CROSS JOIN LATERAL (SELECT c.turn + 1 + CAST(:base AS bigint) AS g) AS d
        JOIN molds.{name} AS t ON t.mold = m.mold
        WHERE c.turn < CAST(:most AS int)
    """)  # noqa: S608 - names of our own tables


_REST = """
    UPDATE pg_index SET indisready = false, indisvalid = false
    FROM pg_class AS t WHERE t.oid = indrelid AND (t.relname = ANY(:names) OR t.relname LIKE 'journal\\_%')
"""


def _indexes_rest(it: Ground) -> None:
    """From here on no index is written, until all are made anew. Nor is anything tidied up in between."""
    with it.services.engine.begin() as connection:
        connection.execute(sa.text(_REST), {"names": list(_COPIED)})
    _set_autovacuum(it, "= off")


def _set_autovacuum(it: Ground, how: str) -> None:
    with it.services.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text(f"ALTER SYSTEM SET autovacuum {how}"))
        connection.execute(sa.text("SELECT pg_reload_conf()"))


def _columns(table: sa.Table) -> Iterator[tuple[str, str]]:
    for column in table.columns:
        name, is_id = column.name, column.name == "id"
        if is_id and isinstance(column.type, sa.BigInteger) and table.name != "accounts":
            continue  # the sequence's business
        if name == "account_id" or (is_id and table.name == "accounts"):
            yield name, "g"
        elif name == "called_at":
            yield name, "t.called_at - g * interval '1 ms'"  # not all at one instant
        elif is_id or name in _HASHED:
            yield name, f"md5(t.{name} || g)::uuid::text"
        elif table.name == "receipts" and name == "body":
            yield name, "replace(t.body::text, t.attempt_id, md5(t.attempt_id || g)::uuid::text)::jsonb"
        elif isinstance(column.type, ARRAY):
            joined = _own(f"array_to_string(t.{name}, '|')")
            yield name, f"string_to_array({joined}, '|')"
        elif isinstance(column.type, JSONB):
            yield name, f"{_own(f't.{name}::text')}::jsonb"
        elif isinstance(column.type, sa.Text):
            yield name, _own(f"t.{name}")
        else:
            yield name, f"t.{name}"


def _own(text: str) -> str:
    """A text with the copy's own name and number in the place of the mold's."""
    return f"replace(replace({text}, m.token, m.token || g), m.phone, '+336' || lpad(g::text, 8, '0'))"


def _tidy(it: Ground) -> None:
    """As autovacuum would have left it: indexes whole, statistics known, pages all visible, nothing left to write."""
    with it.services.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text("SET statement_timeout = 0"))
        connection.execute(sa.text("SET maintenance_work_mem = '512MB'"))
        for statement in ("REINDEX SCHEMA public", "VACUUM ANALYZE", "CHECKPOINT", "RESET ALL"):
            connection.execute(sa.text(statement))
    _set_autovacuum(it, "TO DEFAULT")


def measure(size: Size) -> Iterator[Figure]:
    """How fast a book is made; it is told apart from what is measured on it."""
    invoices = size.of(100_000, 1_000)
    with ground() as it:
        with it.metering() as spent:
            fill(it, invoices, size.of(2_000, 100))
        if wrong := unlike(it, size.of(200, 50)):
            raise AssertionError(f"planning says something else of {len(wrong)}: {wrong[:5]}")
        yield Figure("book.fill", "open invoices copied into the book", "1/s", [invoices / spent.wall_s])


if __name__ == "__main__":
    asked = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with ground() as here:
        with here.metering() as took:
            fill(here, asked)
        sys.stdout.write(f"{asked} invoices in {took.wall_s:.0f} s; planned otherwise: {unlike(here, 200)}\n")
