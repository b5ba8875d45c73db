"""The book of knots."""

from functools import cache
from importlib.resources import files

import yaml


@cache
def knots():
    return yaml.safe_load(files("knots").joinpath("data", "knots.yaml").read_text(encoding="utf-8"))
