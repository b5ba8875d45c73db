"""What may be tuned."""

import json
from pathlib import Path

TUNING = json.loads((Path(__file__).parent / "tuning.json").read_text(encoding="utf-8"))
SMALLEST = TUNING["smallest"]
