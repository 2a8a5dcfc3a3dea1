"""Puts into mails what travels with them: the codes that are scanned to pay, and the documents that a step attaches.

Called by `workers/deliver` between claim and call, while no transaction is open. What cannot be had within five
seconds is left out, and said: the mail goes all the same.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import structlog

from channels.codes import png_of
from channels.documents import Found
from channels.http import NO_SOCKET
from channels.port import File
from config.wiring import Services
from workers.calls import Call
from workers.look import look

MOST_OF_MAIL = 10 * 1024 * 1024
"""Of documents; common servers refuse mails of more than twice that."""

log = structlog.get_logger()


async def enclose(services: Services, calls: Sequence[Call]) -> list[Call]:
    """The same calls, with their files.

    While documents are fetched a customer of the batch may pay, or want no more mails: then the call is too late, and
    planned again.
    """
    if not any(call.message.documents or call.message.rendered.codes for call in calls):
        return list(calls)
    found = await _fetch(services, calls)
    if found:
        calls = await asyncio.to_thread(look, services, calls)
    calls = await asyncio.to_thread(lambda: [_with_pictures(call) for call in calls])
    return [_with_documents(call, found) for call in calls]


async def _fetch(services: Services, calls: Sequence[Call]) -> Mapping[str, Found]:
    """Nothing where the operator wants documents linked."""
    if services.documents is None:
        return {}
    try:
        return await services.documents.fetch([one.url for call in calls for one in call.message.documents])
    except Exception as error:  # noqa: BLE001 - whatever one document breaks must not keep the mails back
        log.warning("enclose.crashed", error=type(error).__name__)
        return {one.url: Found(why="crashed") for call in calls for one in call.message.documents}


def _with_pictures(call: Call) -> Call:
    """With what its codes look like. A mail without one that it speaks of does not leave."""
    codes = call.message.rendered.codes
    try:
        files = tuple(File(f"{code.cid}.png", "image/png", png_of(code.payload), code.cid) for code in codes)
    except Exception as error:  # noqa: BLE001 - whatever one code breaks must not keep the other mails back
        log.warning("enclose.not_drawn", attempt=call.claim.attempt, error=type(error).__name__)
        return replace(call, begin_by=-math.inf)
    return replace(call, message=replace(call.message, files=files))


def _with_documents(call: Call, found: Mapping[str, Found]) -> Call:
    """A mail does not leave without what this machine had no socket to fetch: nobody's link is broken."""
    if any(found[one.url].why == NO_SOCKET for one in call.message.documents if one.url in found):
        return replace(call, begin_by=-math.inf)
    files, missed, size = list(call.message.files), [], 0
    for document in call.message.documents:
        got = found.get(document.url)
        if got is None:
            continue
        if got.data is None or size + len(got.data) > MOST_OF_MAIL:
            missed.append((document, got.why or "mail_too_large"))
            continue
        size += len(got.data)
        files.append(File(document.file_name, "application/pdf", got.data))
    return replace(call, message=replace(call.message, files=tuple(files)), missed=tuple(missed))
