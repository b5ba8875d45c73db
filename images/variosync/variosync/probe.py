"""Asks a running variosync for its health: `python -m variosync.probe`, for images that have no curl."""

import sys

import requests

from variosync.settings import Settings


def main() -> int:
    """Returns 0 where `/healthz` on this machine answers well, else 1."""
    url = f"http://127.0.0.1:{Settings.from_environment().port}/healthz"
    try:
        requests.get(url, timeout=5).raise_for_status()
    except requests.RequestException as error:
        print(f"{url}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
