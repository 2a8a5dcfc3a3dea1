"""The path of one send request, the same for both vendors: pick the fault, accept, wait, answer, send receipts.

Called by `twilio` and `sendgrid` after they have read the request and checked its credentials.

    pick ─┬─ 429, 5xx-before, cut-before, refuse ── wait ── answer             (nothing is accepted)
          └─ accept ─┬─ the vendor refuses it ── wait ── answer
                     └─ wait ── answer, 5xx, cut or garbage ── receipts        (or receipts before the wait)
"""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass

from aiohttp import web

from simulators.answers import Answer, Vendor, respond
from simulators.faults import NOT_ACCEPTED, Behaviour, Fault, FaultKind
from simulators.world import World

Receipts = Callable[[], Coroutine[None, None, None]]


@dataclass(frozen=True, slots=True)
class Accepted:
    """The answer to an accepted request, and the chain of receipts that follows."""

    answer: Answer
    receipts: Receipts


@dataclass(frozen=True, slots=True)
class Sending:
    """One send request as read: to whom, over what, and how to take it in."""

    recipient: str
    channel: str
    accept: Callable[[Behaviour], Accepted | Answer]


async def exchange(world: World, request: web.Request, vendor: Vendor, sending: Sending) -> web.StreamResponse:
    """Answer one send request as the switches want it."""
    behaviour = world.switches.pick(sending.recipient, sending.channel)
    fault = behaviour.fault
    if fault is not None and fault.kind in NOT_ACCEPTED:
        answer = _unaccepted(vendor, fault)
        world.note(vendor.name, "send", sending.recipient, answer.outcome)
        await world.wait(behaviour.latency_s)
        return cut(request) if fault.kind is FaultKind.CUT_BEFORE else respond(answer)
    accepted = sending.accept(behaviour)
    if isinstance(accepted, Answer):
        world.note(vendor.name, "send", sending.recipient, accepted.outcome)
        await world.wait(behaviour.latency_s)
        return respond(accepted)
    world.note(vendor.name, "send", sending.recipient, _accepted_outcome(fault))
    if behaviour.callbacks.before_answer:
        await accepted.receipts()
    await world.wait(behaviour.latency_s)
    try:
        response = await _answer_accepted(request, vendor, fault, accepted.answer)
    except ConnectionResetError:  # nobody waits for the answer any more; the message is on its way all the same
        response = cut(request)
    if not behaviour.callbacks.before_answer:
        world.caller.spawn(accepted.receipts())
    return response


def _unaccepted(vendor: Vendor, fault: Fault) -> Answer:
    if fault.kind is FaultKind.TOO_MANY:
        return vendor.too_many(fault)
    if fault.kind is FaultKind.ERROR_BEFORE:
        return vendor.server_error(fault)
    if fault.kind is FaultKind.REFUSE:
        return vendor.refused(fault)
    return Answer(0, FaultKind.CUT_BEFORE)


def _accepted_outcome(fault: Fault | None) -> str:
    return "accepted" if fault is None else f"accepted:{fault.kind}"


async def _answer_accepted(
    request: web.Request, vendor: Vendor, fault: Fault | None, answer: Answer
) -> web.StreamResponse:
    kind = None if fault is None else fault.kind
    if kind is FaultKind.CUT and fault is not None:
        return cut(request, answer if fault.cut_at == "mid" else None)
    if kind is FaultKind.ERROR_AFTER and fault is not None:
        response = respond(vendor.server_error(fault))
    elif kind is FaultKind.GARBAGE:
        response = respond(vendor.garbage)
    else:
        response = respond(answer)
    await response.prepare(request)  # the answer leaves before the first receipt does
    await response.write_eof()
    return response


def cut(request: web.Request, partly: Answer | None = None) -> web.Response:
    """Close the connection: before any answer, or in the middle of the body that the answer's head promises."""
    transport = request.transport
    if transport is not None:
        if partly is not None:
            head = "".join(f"{name}: {value}\r\n" for name, value in partly.headers.items())
            start = f"HTTP/1.1 {partly.status} OK\r\n{head}Content-Length: 4096\r\n\r\n"
            transport.write(start.encode() + partly.body[: len(partly.body) // 2])
        transport.close()
    return web.Response()
