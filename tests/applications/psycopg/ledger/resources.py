"""What can be asked."""

import falcon
import psycopg

from ledger.database import connected, query


class Balance:
    def on_get(self, request, response, account):
        try:
            with connected() as connection:
                row = connection.execute(query("balance"), {"account": account}).fetchone()
        except psycopg.OperationalError as error:
            raise falcon.HTTPServiceUnavailable(title="no database", description=str(error)) from error
        response.media = {"account": account, "cents": row[0]}


class Health:
    def on_get(self, request, response):
        response.media = {"driver": psycopg.pq.__impl__, "libpq": psycopg.pq.version() // 10000}
