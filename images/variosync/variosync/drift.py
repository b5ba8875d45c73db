"""How far series drift apart: a small computation with numpy and pandas."""

import numpy as np
import pandas as pd

COLUMNS = ["site", "tick", "value"]


def sample(sites: int = 3, ticks: int = 24) -> list[tuple[str, int, float]]:
    """Made-up measurements, the same on every machine: each site gains 0.25 more a tick than the one before."""
    values = np.arange(ticks, dtype=float)[None, :] * (np.arange(sites, dtype=float)[:, None] * 0.25)
    return [(f"site-{site + 1}", tick, float(values[site, tick])) for site in range(sites) for tick in range(ticks)]


def summary(rows: list[tuple[str, int, float]]) -> list[dict[str, object]]:
    """For each site: how many values, their mean, and the drift per tick against the mean of all sites."""
    frame = pd.DataFrame(rows, columns=COLUMNS)
    if frame.empty:
        return []
    table = frame.pivot(index="tick", columns="site", values="value")
    apart = table.sub(table.mean(axis="columns"), axis="index")
    return [
        {
            "site": str(site),
            "count": int(table[site].count()),
            "mean": round(float(table[site].mean()), 6),
            "drift": _slope(apart[site].dropna()),
        }
        for site in table.columns
    ]


def _slope(series: pd.Series) -> float:
    """The slope of the line that fits best, to six places; 0 where there is no line to speak of."""
    if len(series) < 2:
        return 0.0
    slope, _ = np.polyfit(series.index.to_numpy(dtype=float), series.to_numpy(), deg=1)
    return round(float(slope), 6) + 0.0  # never -0.0
