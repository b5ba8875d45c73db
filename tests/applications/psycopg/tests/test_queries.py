"""Tests of the queries."""

from ledger.database import query


def test_the_balance_is_a_sum():
    assert "sum(cents)" in query("balance")
