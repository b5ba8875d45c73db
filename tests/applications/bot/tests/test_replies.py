"""Tests of what the bot says."""

from bot.replies import Replies


def test_an_unknown_place_is_said():
    assert Replies().to({"text": "/tide Atlantis"}) == "I do not know Atlantis."
