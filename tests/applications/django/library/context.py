"""What every page knows."""

from pathlib import Path

MOTTO = Path(__file__).parent.parent / "motto.txt"


def site(request):
    return {"motto": MOTTO.read_text(encoding="utf-8").strip()}
