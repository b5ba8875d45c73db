"""Tests of the command line."""

from click.testing import CliRunner

from knots.cli import main


def test_a_bowline_keeps_two_thirds():
    assert CliRunner().invoke(main, ["strength", "bowline", "--rope", "1000"]).output == "650 N\n"
