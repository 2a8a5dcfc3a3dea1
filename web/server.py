"""The web app under uvicorn: one process, until SIGINT or SIGTERM. Called by `relance web`, `up` and tests.

Neither uvicorn's access log nor its banner is written: addresses hold ids and tokens.
"""

from __future__ import annotations

import uvicorn
from starlette.types import ASGIApp

STOP_WITHIN_S = 10


def make_server(app: ASGIApp, host: str, port: int) -> uvicorn.Server:
    """A server that is ready to `run()`; port 0 takes a free one. `should_exit = True` ends it from outside."""
    return uvicorn.Server(
        uvicorn.Config(
            app,
            host=host,
            port=port,
            access_log=False,
            log_config=None,
            log_level="warning",
            server_header=False,
            proxy_headers=False,  # signatures are checked against RELANCE_PUBLIC_URL, and nobody's address is kept
            timeout_graceful_shutdown=STOP_WITHIN_S,
        )
    )
