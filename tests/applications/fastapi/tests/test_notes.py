"""Tests of the interface."""

from fastapi.testclient import TestClient

from app.main import app


def test_an_empty_note_is_refused():
    assert TestClient(app).post("/notes", json={"text": ""}).status_code == 422
