"""How Alembic reaches the database."""

from alembic import context

from app.database import Base, engine
from app import models  # noqa: F401

target_metadata = Base.metadata


def run():
    with engine.connect() as connection:
        context.configure(connection=connection, target_metadata=target_metadata)
        with context.begin_transaction():
            context.run_migrations()


run()
