"""Orders for reports, and the reports."""

from celery.result import AsyncResult
from flask import Blueprint, jsonify, render_template, request

from .tasks import report

orders = Blueprint("orders", __name__)


@orders.get("/")
def page():
    return render_template("orders.html")


@orders.post("/orders")
def order():
    wanted = request.get_json()
    result = report.apply_async([wanted["region"]], task_id=wanted["number"])
    return jsonify(number=result.id), 202


@orders.get("/orders/<number>")
def ordered(number):
    result = AsyncResult(number)
    return jsonify(state=result.state, text=result.result if result.successful() else None)
