"""What every endpoint may use, put on the app by `web/app` and handed to endpoints as a FastAPI dependency."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from config.wiring import Services
from web.keeper import Keeper
from web.limits import Door
from web.nudger import Nudger


@dataclass(frozen=True, slots=True)
class Parts:
    """The services of this process, and what its endpoints share.

    The nudger speaks to the broker, the door lets in what others post, the keeper stores what providers report.
    """

    services: Services
    nudger: Nudger
    door: Door
    keeper: Keeper


def parts_of(request: Request) -> Parts:
    """The parts that the app was made with."""
    found: Parts = request.app.state.parts
    return found


PartsHere = Annotated[Parts, Depends(parts_of)]
