"""The REST routes: health, what is running here, and the drift of every site."""

import platform
import sys

from fastapi import APIRouter
from pydantic import BaseModel

from variosync import __version__
from variosync.drift import summary
from variosync.records import Measurement, Records


class Reading(BaseModel):
    """One measurement as it is sent in."""

    site: str
    tick: int
    value: float


def routes(records: Records) -> APIRouter:
    """The routes over these records."""
    router = APIRouter()

    @router.get("/healthz")
    def healthz() -> dict[str, str]:
        """Answers as soon as requests are served."""
        return {"status": "ok"}

    @router.get("/api/about")
    def about() -> dict[str, object]:
        """Which interpreter runs this, and at which optimization level."""
        return {
            "name": "variosync",
            "version": __version__,
            "python": platform.python_version(),
            "machine": platform.machine(),
            "optimize": sys.flags.optimize,
        }

    @router.get("/api/drift")
    def drift() -> list[dict[str, object]]:
        """The summary of every site."""
        return summary(records.rows())

    @router.post("/api/readings", status_code=201)
    def add(readings: list[Reading]) -> dict[str, int]:
        """Takes measurements in."""
        records.add(Measurement(**reading.model_dump()) for reading in readings)
        return {"accepted": len(readings)}

    return router
