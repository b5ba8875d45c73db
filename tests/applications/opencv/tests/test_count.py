"""Tests of counting."""

from coins.count import count
from coins.samples import sample


def test_each_coin_counts():
    assert count(sample(3)) == 3
