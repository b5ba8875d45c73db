"""Measurements as rows, in any database that SQLAlchemy speaks to."""

import threading
from collections.abc import Iterable

from sqlalchemy import Engine, create_engine, func, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from sqlalchemy.pool import StaticPool


class Base(DeclarativeBase):
    """The registry of this application's tables."""


class Measurement(Base):
    """One value that one site measured at one tick."""

    __tablename__ = "measurement"

    site: Mapped[str] = mapped_column(primary_key=True)
    tick: Mapped[int] = mapped_column(primary_key=True)
    value: Mapped[float]


class Records:
    """The measurements of all sites."""

    def __init__(self, url: str) -> None:
        # A database in memory lives as long as its one connection does, so requests take turns at it.
        self._turn = threading.Lock()
        options = {}
        if url == "sqlite://":
            options = {"poolclass": StaticPool, "connect_args": {"check_same_thread": False}}
        self._engine: Engine = create_engine(url, **options)
        Base.metadata.create_all(self._engine)

    def add(self, measurements: Iterable[Measurement]) -> None:
        """Keeps these measurements; one for the same site and tick takes the old one's place."""
        with self._turn, Session(self._engine) as session:
            for measurement in measurements:
                session.merge(measurement)
            session.commit()

    def is_empty(self) -> bool:
        """Whether nothing was measured yet."""
        with self._turn, Session(self._engine) as session:
            return session.scalar(select(func.count()).select_from(Measurement)) == 0

    def rows(self) -> list[tuple[str, int, float]]:
        """All measurements as (site, tick, value), in order."""
        query = select(Measurement.site, Measurement.tick, Measurement.value)
        with self._turn, Session(self._engine) as session:
            return [tuple(row) for row in session.execute(query.order_by(Measurement.site, Measurement.tick))]
