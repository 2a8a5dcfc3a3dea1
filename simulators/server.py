"""Runs the simulators' web server until it is told to end; called by `__main__`.

It listens on a loopback address only and leaves nothing behind but the port file.
"""

import asyncio
import json
import os
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import FrameType

from aiohttp import web

from simulators.control import Control, explain_refusals
from simulators.options import Options
from simulators.sendgrid import SendGrid
from simulators.twilio import Twilio
from simulators.world import World

_BACKLOG = 1024
_STANDARD_INPUT = 0
_PARENT_CHECK_S = 0.3
_ROOM = 1024  # bytes above the mail limit, so that our own 413 is the answer and not the framework's


async def serve(options: Options) -> None:
    """Listen, publish the address, and serve until a signal, the parent's end or the end of input."""
    world = World(options)
    app = web.Application(client_max_size=options.max_mail_bytes + _ROOM, middlewares=[explain_refusals])
    for part in (Twilio(world), SendGrid(world), Control(world)):
        app.add_routes(part.routes())
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    site = web.TCPSite(runner, options.host, options.port, backlog=_BACKLOG)
    await site.start()
    world.events.start()
    told = _listen_for_the_end(until_eof=options.until_eof)
    try:
        _publish(options.port_file, world.card(_address(runner)))
        await _until(told, options.parent_pid)
    finally:
        await runner.cleanup()
        await world.events.close()
        await world.caller.close()


def _address(runner: web.AppRunner) -> str:
    host, port = runner.addresses[0][:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _publish(port_file: Path | None, card: dict[str, str | int]) -> None:
    text = json.dumps(card) + "\n"
    if port_file is None:
        sys.stdout.write(text)
        sys.stdout.flush()
        return
    unfinished = port_file.with_name(f"{port_file.name}.{os.getpid()}")
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    unfinished.replace(port_file)


def _listen_for_the_end(*, until_eof: bool) -> asyncio.Event:
    """Return the event that a signal, or the end of input, will set; before anybody knows that we run."""
    loop, told = asyncio.get_running_loop(), asyncio.Event()

    def tell(_number: int = 0, _frame: FrameType | None = None) -> None:
        with suppress(RuntimeError):  # the loop may be closed already
            loop.call_soon_threadsafe(told.set)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, tell)
    if until_eof:
        threading.Thread(target=_drain_input, args=(tell,), daemon=True).start()
    return told


async def _until(told: asyncio.Event, parent_pid: int | None) -> None:
    while not told.is_set() and parent_pid in {None, os.getppid()}:
        with suppress(TimeoutError):
            await asyncio.wait_for(told.wait(), None if parent_pid is None else _PARENT_CHECK_S)


def _drain_input(then: Callable[[], None]) -> None:
    with suppress(OSError):
        while os.read(_STANDARD_INPUT, 4096):
            pass
    then()
