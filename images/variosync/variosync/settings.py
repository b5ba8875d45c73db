"""Settings, from the environment alone: a container has no other configuration."""

import os
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """Where the application listens and where it keeps its records."""

    host: str
    port: int
    database: str

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Settings":
        """Reads HOST, PORT and DATABASE_URL; without the last, records live in memory."""
        return cls(
            host=environment.get("HOST", "0.0.0.0"),
            port=int(environment.get("PORT", "8080")),
            database=environment.get("DATABASE_URL", "sqlite://"),
        )
