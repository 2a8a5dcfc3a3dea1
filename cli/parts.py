"""The parts as processes of their own: `web`, `worker`, `scheduler`, after `migrate`. `up` runs them too."""

from __future__ import annotations

import errno
import os
import signal
import socket
import threading
import time
from types import FrameType
from typing import Annotated

import structlog
import typer
from click import ClickException  # Celery's command line is made with it

from cli.errors import BadInputError
from cli.services import opened_services
from config import long_lived
from config.publishing import prepare
from config.wiring import SettingsError, build, read_settings, required
from store.engine import Unavailable

log = structlog.get_logger()

TRY_AGAIN_S = 1.0
Port = Annotated[int, typer.Option(min=0, max=65535, help="The port; 0 takes a free one.")]


def migrate(
    wait: Annotated[float, typer.Option(min=0, help="Seconds to try again while the database is not there yet.")] = 0,
) -> None:
    """Bring the database to the newest schema."""
    from store.migrate import migrate as migrate_database  # noqa: PLC0415 - workers would keep Alembic in memory

    url, until = required(read_settings().database_url, "RELANCE_DATABASE_URL"), time.monotonic() + wait
    while True:
        try:
            return migrate_database(url, lambda line: typer.echo(line, err=True))
        except Unavailable:
            if time.monotonic() >= until:
                raise
            time.sleep(TRY_AGAIN_S)


def web(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1", port: Port = 8080
) -> None:
    """Run the web edge.

    It takes in events and provider callbacks, and shows the pages.
    """
    serve(host, port)


def serve(host: str, port: int) -> None:
    """Listens until told to stop. Raises BadInputError if the address cannot be had."""
    from web.app import create_app  # noqa: PLC0415 - reads the broker's address when it is imported
    from web.server import make_server  # noqa: PLC0415 - no other verb needs the web framework, which loads slowly

    services = build()
    prepare(services)
    listener = listen(host, port)
    server = make_server(create_app(services), host, port)
    long_lived.begin_work()
    log.info("web.listening", host=host, port=listener.getsockname()[1])
    server.run(sockets=[listener])


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens there; BadInputError in one line if the address is taken or not ours."""
    if not host.strip():
        raise BadInputError("--host is empty; 127.0.0.1 is this machine alone, and 0.0.0.0 is whoever can reach it")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=1024)
    except OSError as error:
        if error.errno is not None and error.errno < 0:  # the resolver's, not the system's
            raise BadInputError(f"cannot listen on {host}:{port}: no such host; choose another --host") from None
        problem = os.strerror(error.errno) if error.errno else error
        wrong = "--host" if error.errno == errno.EADDRNOTAVAIL else "--port"
        raise BadInputError(f"cannot listen on {host}:{port}: {problem}; choose another {wrong}") from None


def worker(context: typer.Context) -> int:
    """Run a Celery worker.

    Every option of `celery worker` is passed on, as in `-Q deliver.sms -c 8`. The exit code is 1 if a fault ended it.
    """
    _check_settings(sends=True)
    # Not `app.worker_main`: that loads every command of Celery's, and a library for terminals with them.
    from celery.bin.base import CLIContext  # noqa: PLC0415 - belongs to the line below
    from celery.bin.worker import worker as celery_worker  # noqa: PLC0415 - no other verb needs it
    from celery.exceptions import ImproperlyConfigured  # noqa: PLC0415 - belongs to the line above

    from workers.app import app  # noqa: PLC0415 - reads the broker's address when it is imported

    try:
        wanted, options = CLIContext(app=app, no_color=None, workdir=None), worker_options(context.args)
        ended = celery_worker.main(options, prog_name="celery worker", obj=wanted, standalone_mode=False)
    except ClickException as error:
        raise BadInputError(f"celery worker: {error.format_message()}") from None
    except ImproperlyConfigured as error:
        what = " ".join(str(error).split()).partition(" If you want")[0]
        raise BadInputError(f"celery worker: {what}") from None
    return int(ended or 0)


def worker_options(given: list[str]) -> list[str]:
    """The options with what our workers want unless it is given: the log level, and no chatter between workers."""
    has_level = any(word.startswith(("-l", "--loglevel")) for word in given)
    return [*given, "--without-gossip", "--without-mingle", *(() if has_level else ("--loglevel", "info"))]


def scheduler() -> None:
    """Run the scheduler.

    It ticks once a second; run as many as you like.
    """
    _check_settings()
    from workers.scheduler import schedule  # noqa: PLC0415 - reads the broker's address when it is imported

    stop = threading.Event()

    def stop_soon(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop_soon)
    schedule(stop)


def _check_settings(*, sends: bool = False) -> None:
    """Says now, in one line, what would else come up as a crash of every task, or of whoever sends, as a refusal."""
    with opened_services(is_a_persons=False) as services:
        if services.settings.redis_url is None:
            raise SettingsError("RELANCE_REDIS_URL is not set; `relance up` runs without it, with embedded servers")
        prepare(services)
        if sends and services.settings.twilio_whatsapp_from and (lacking := services.renderer.not_approved()):
            log.warning("whatsapp.not_approved", texts=lacking)
