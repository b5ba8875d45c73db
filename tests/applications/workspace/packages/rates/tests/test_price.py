"""Tests of prices."""

from freight_rates import Parcel, price


def test_each_step_costs():
    assert price(Parcel(grams=1200, zone="home")) == 570
