"""Tests of the counts."""

from counts.reader import busiest


def test_the_busiest_hour_is_found():
    assert busiest("East") == ("17", 402)
