"""Reads the counts."""

import json
from pathlib import Path

COUNTS = json.loads((Path(__file__).parent / "counts.json").read_text(encoding="utf-8"))


def bridges():
    return sorted(COUNTS)


def busiest(bridge):
    hour = max(COUNTS[bridge], key=COUNTS[bridge].get)
    return hour, COUNTS[bridge][hour]
