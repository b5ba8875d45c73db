"""Sums."""


def total(rows):
    return int(rows["tons"].sum())


def by_year(rows):
    return rows.groupby("year")["tons"].sum().reset_index()
