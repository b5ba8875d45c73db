"""Its price."""

import tomllib
from importlib import resources

RATES = tomllib.loads(resources.files("freight_rates").joinpath("rates.toml").read_text(encoding="utf-8"))


def price(parcel):
    rate = RATES[parcel.zone]
    return rate["base"] + rate["step"] * (parcel.grams // 500)
