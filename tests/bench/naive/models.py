"""The tables, and a session for whoever needs one. NAIVE_POOL is how many connections a process may need at once."""

import os
import threading
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from typing import Any

from sqlalchemy import JSON, DateTime, ForeignKey, create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship, sessionmaker


def _now() -> datetime:
    return datetime.now(UTC)


class Base(DeclarativeBase):
    """What all tables share."""

    type_annotation_map = {datetime: DateTime(timezone=True), dict[str, Any]: JSON}  # noqa: RUF012 - SQLAlchemy's way


class Customer(Base):
    """Who owes, and how to reach them."""

    __tablename__ = "customers"
    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    timezone: Mapped[str]
    channel: Mapped[str]
    email: Mapped[str]
    phone: Mapped[str]
    invoices: Mapped[list["Invoice"]] = relationship(back_populates="customer")
    reminders: Mapped[list["Reminder"]] = relationship(back_populates="customer")


class Invoice(Base):
    """What is owed."""

    __tablename__ = "invoices"
    id: Mapped[str] = mapped_column(primary_key=True)
    customer_id: Mapped[str] = mapped_column(ForeignKey("customers.id"), index=True)
    number: Mapped[str]
    due_on: Mapped[date]
    total: Mapped[Decimal]
    currency: Mapped[str]
    is_open: Mapped[bool] = mapped_column(default=True)
    customer: Mapped[Customer] = relationship(back_populates="invoices")


class Event(Base):
    """What was posted."""

    __tablename__ = "events"
    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[str] = mapped_column(unique=True)
    type: Mapped[str]
    data: Mapped[dict[str, Any]]
    received_at: Mapped[datetime] = mapped_column(default=_now)


class Reminder(Base):
    """What goes out: planned, queued, sent, delivered or failed."""

    __tablename__ = "reminders"
    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[str] = mapped_column(ForeignKey("customers.id"), index=True)
    channel: Mapped[str]
    due_at: Mapped[datetime] = mapped_column(index=True)
    status: Mapped[str] = mapped_column(default="planned", index=True)
    provider_id: Mapped[str | None]
    customer: Mapped[Customer] = relationship(back_populates="reminders")
    log: Mapped[list["LogLine"]] = relationship(back_populates="reminder")


class Receipt(Base):
    """What a provider told."""

    __tablename__ = "receipts"
    id: Mapped[int] = mapped_column(primary_key=True)
    reminder_id: Mapped[int]
    status: Mapped[str]
    payload: Mapped[dict[str, Any]]
    received_at: Mapped[datetime] = mapped_column(default=_now)


class LogLine(Base):
    """What has become of a reminder."""

    __tablename__ = "delivery_log"
    id: Mapped[int] = mapped_column(primary_key=True)
    reminder_id: Mapped[int] = mapped_column(ForeignKey("reminders.id"), index=True)
    what: Mapped[str]
    at: Mapped[datetime] = mapped_column(default=_now, index=True)
    reminder: Mapped[Reminder] = relationship(back_populates="log")


_lock = threading.Lock()


@cache
def _sessions() -> sessionmaker[Session]:
    pool = int(os.environ.get("NAIVE_POOL", "5"))
    engine = create_engine(os.environ["NAIVE_DATABASE"], pool_size=pool, max_overflow=0)
    return sessionmaker(engine, expire_on_commit=False)


def session() -> Session:
    """A session on this process's engine, which is made when it is first needed, after any fork."""
    with _lock:  # fifty threads, each with an engine of its own, are more than the server has connections for
        sessions = _sessions()
    return sessions()
