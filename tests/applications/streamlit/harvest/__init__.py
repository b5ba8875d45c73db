"""Figures behind the page."""
