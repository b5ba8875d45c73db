"""What the worker does."""

import csv
from collections import Counter
from importlib import resources

from celery import shared_task
from flask import render_template


@shared_task
def report(region):
    with resources.files("reports").joinpath("data/sales.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["region"] == region]
    totals = Counter()
    for row in rows:
        totals[row["product"]] += int(row["units"])
    return render_template("report.txt", region=region, totals=sorted(totals.items()))
