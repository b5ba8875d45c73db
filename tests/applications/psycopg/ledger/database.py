"""The connection to PostgreSQL."""

import os
from contextlib import contextmanager
from pathlib import Path

import psycopg

QUERIES = Path(__file__).parent / "queries"


def query(name):
    return (QUERIES / f"{name}.sql").read_text(encoding="utf-8")


@contextmanager
def connected():
    with psycopg.connect(os.environ.get("DATABASE_URL", "postgresql://localhost/ledger"), connect_timeout=3) as connection:
        yield connection
