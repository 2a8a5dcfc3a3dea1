"""What is kept of a message to show it as it was sent: from `Rendered` to the attempt's JSON, and back.

Called by `workers/calls`, and by whoever shows what went out. Pictures are drawn again from what their codes say.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import Any

from channels.codes import png_of
from channels.port import Code, Document, Letter, Rendered


def keep(rendered: Rendered, documents: Sequence[Document]) -> dict[str, Any]:
    """As JSON; `documents` are those that are to be attached."""
    kept: dict[str, Any] = {"subject": rendered.subject, "text": rendered.text, "html": rendered.html}
    if rendered.codes:
        kept["codes"] = [code.payload.decode() for code in rendered.codes]
    if documents:
        kept["documents"] = [{"number": one.number, "name": one.file_name} for one in documents]
    if rendered.letter is not None:
        kept["letter"] = _letter(rendered.letter)
    return kept


def pictured(message: Mapping[str, Any]) -> str | None:
    """The HTML of a kept mail with its codes drawn in it: it fetches nothing. None if it has no HTML."""
    html = message.get("html")
    if html is None:
        return None
    for payload in message.get("codes", ()):
        code = Code(payload.encode(), ())
        html = html.replace(f"cid:{code.cid}", f"data:image/png;base64,{b64encode(png_of(code.payload)).decode()}")
    return str(html)


def letter_of(message: Mapping[str, Any]) -> Letter | None:
    """The letter that was kept; None for any other message, and for letters of before 0.2."""
    kept = message.get("letter")
    if kept is None:
        return None
    return Letter(
        sender=tuple(kept["sender"]),
        address=tuple(kept["address"]),
        dated=kept["dated"],
        subject=kept["subject"],
        body=kept["body"],
        codes=tuple((payload.encode(), words) for payload, words in kept["codes"]),
    )


def _letter(letter: Letter) -> dict[str, Any]:
    return {
        "sender": list(letter.sender),
        "address": list(letter.address),
        "dated": letter.dated,
        "subject": letter.subject,
        "body": letter.body,
        "codes": [[payload.decode(), words] for payload, words in letter.codes],
    }
