"""Tests of the page."""

from reports import create_app


def test_the_page_has_a_form():
    assert b"<form>" in create_app().test_client().get("/").data
