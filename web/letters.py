"""The letter of a task as PDF, for whoever posts it. Read-only, and about the visitor's own seller."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import Response

from channels.kept import letter_of
from store import worklist
from web.parts import PartsHere
from web.refusals import Refusal
from web.sessions import VisitorHere

router = APIRouter()


@router.get("/tasks/{task_id}.pdf")
def get_letter(task_id: str, parts: PartsHere, visitor: VisitorHere) -> Response:
    """The same bytes each time; 404 for any other task, and for letters from before they were kept so."""
    from channels.paper import pdf_of  # noqa: PLC0415 - nothing else needs the library that draws, which loads slowly

    with parts.services.engine.connect() as connection:
        found = worklist.message_of(connection, task_id, visitor.seller)
    letter = None if found is None else letter_of(found.message)
    if found is None or letter is None:
        raise Refusal(404, "no such letter")
    headers = {"Content-Disposition": f'attachment; filename="letter-{task_id[:8]}.pdf"'}
    return Response(pdf_of(letter, found.at), media_type="application/pdf", headers=headers)
