"""What a mail carries whoever carries it: copies, the way to leave, and its form on the wire. It sends nothing."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from channels.port import File, Message


def leave_headers(message: Message) -> tuple[tuple[str, str], ...]:
    """One click in the mail program posts to the address; nobody has to log in or to write. Source: RFC 8058 3.1."""
    if message.unsubscribe_url is None:
        return ()
    return (
        ("List-Unsubscribe", f"<{message.unsubscribe_url}>"),
        ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
    )


def copies_of(message: Message) -> tuple[str, ...]:
    """The addresses in copy, each once and without the recipient's, whatever their case."""
    found = {message.to.casefold(): message.to}
    for copy in message.cc:
        found.setdefault(copy.casefold(), copy)
    return tuple(found.values())[1:]


def mail_of(message: Message, sender: tuple[str, str], message_id: str, at: datetime) -> EmailMessage:
    """The mail as it goes over the wire, from a `sender` (name, address): 7-bit, no tracking, headers on one line."""
    rendered = message.rendered
    mail = EmailMessage(policy=SMTP.clone(cte_type="7bit"))
    mail["From"] = _named(*sender)
    mail["To"] = _named(message.to_name, message.to)
    if copies := copies_of(message):
        mail["Cc"] = ", ".join(copies)
    if message.reply_to:
        mail["Reply-To"] = message.reply_to
    mail["Subject"] = _on_one_line(rendered.subject or "")
    mail["Date"] = format_datetime(at)
    mail["Message-ID"] = message_id
    for name, value in leave_headers(message):
        mail[name] = value
    mail["Auto-Submitted"] = "auto-generated"  # out-of-office programs then keep quiet; RFC 3834 5
    mail.set_content(rendered.text, cte="quoted-printable")
    if rendered.html:
        mail.add_alternative(rendered.html, subtype="html", cte="quoted-printable")
        for file in (file for file in message.files if file.cid is not None):
            _show(mail, file)
    for file in (file for file in message.files if file.cid is None):
        main, _, sub = file.kind.partition("/")
        mail.add_attachment(file.data, main, sub, filename=file.name)
    return mail


async def written(message: Message, sender: tuple[str, str], message_id: str, wall: Callable[[], datetime]) -> bytes:
    """The same as bytes. With ten megabytes of documents that takes so long that others would miss answers."""

    def write() -> bytes:
        return mail_of(message, sender, message_id, wall()).as_bytes()

    return await asyncio.get_running_loop().run_in_executor(_THREADS, write)


_THREADS = ThreadPoolExecutor(2, "mails")
"""Nobody else's: a name that is looked up slowly holds one of the loop's own for as long as it likes."""


def _show(mail: EmailMessage, file: File) -> None:
    """Puts a picture beside the HTML that shows it."""
    html = mail.get_body(("html",))
    if isinstance(html, EmailMessage):
        main, _, sub = file.kind.partition("/")
        html.add_related(file.data, main, sub, cid=f"<{file.cid}>", filename=file.name, disposition="inline")


def _named(name: str, address: str) -> str:
    return formataddr((_on_one_line(name), address)) if name.strip() else address


def _on_one_line(text: str) -> str:
    return " ".join(text.split())
