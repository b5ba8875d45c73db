"""What the bot says."""

import json
from pathlib import Path

from bot.tides import TIDES

TRANSLATIONS = Path(__file__).parent.parent / "translations.json"


class Replies:
    def __init__(self):
        self.texts = json.loads(TRANSLATIONS.read_text(encoding="utf-8"))

    def to(self, message):
        command, _, place = message.get("text", "").partition(" ")
        if command != "/tide":
            return None
        language = message.get("from", {}).get("language_code", "en")
        texts = self.texts.get(language, self.texts["en"])
        time = TIDES.get(place.lower())
        return texts["tide" if time else "unknown"].format(place=place, time=time)
