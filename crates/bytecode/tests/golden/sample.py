"""Every kind of constant, and enough code for tables of lines and exceptions."""
import asyncio
from typing import Final

NUMBERS: Final = (0, -1, 2**31, -(2**100), 1.5, -0.0, 2j, float("inf"))
TEXTS = ("", "a", "name_1", "two words", "é", "中", "\ud800", "x" * 300)
BYTES = (b"", b"a", b"\x00" * 300)
SET = 1 in {"b", "a", 3, (2, "c"), None, ...}


class Thing:
    """A class."""

    def method(self, a, /, b=1, *args, c=(1, 2), **rest):
        """A method."""
        assert a, "dropped at level 1"
        try:
            with open(a) as file:
                yield from (line for line in file if line not in args)
        except (OSError, ValueError) as error:
            raise RuntimeError(f"{a!r}: {error:>10}") from error
        finally:
            del rest

    async def run(self, others):
        async with asyncio.Lock():
            return [await other async for other in others], {k: v for k, v in zip("ab", TEXTS[1:3])}


FUNCTION = lambda x: (lambda y: x + y)  # noqa: E731
