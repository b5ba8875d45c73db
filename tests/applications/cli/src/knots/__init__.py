"""Knots, and what they leave of a rope's strength."""

from importlib.metadata import version

__version__ = version("knots")
