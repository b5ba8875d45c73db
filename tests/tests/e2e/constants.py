"""Every constant that a code object may hold, in every place: judged by CPython itself."""

NUMBERS = (0, 1, -1, 255, 256, 2**31 - 1, -(2**31), 2**31, 2**62, -(2**63), 10**40, -(10**200))
FLOATS = (0.0, -0.0, 1.0, 0.1, 1e308, 5e-324, 1e999, -1e999, 1e999 - 1e999, 1e999 - 1e999)
COMPLEX = (0j, -0j, 1j, 1.5 + 2j, -1e999j, 1e999j - 1e999j)
EQUAL_BUT_NOT_ALIKE = (1, 1.0, 1 + 0j, True, 0, 0.0, -0.0, False, "", b"", ())
TEXTS = ("", "x", "é", "ÿ", "Ā", "name", "a name", "中文", "😀", "\ud800", "\udfff\ud800", "a\0b", "x" * 255, "x" * 256, "y" * 5000)
BYTES = (b"", b"x", b"\xff\0", b"name", b"z" * 300)
NESTED = ((), ((),), (1, (2, (3, (4, (5, None)))), ...), ("name", ("name", b"name")))
LONG = (0, 1, 2, 3, 4, 5, 6, 7, 8, 9) * 30
NOTHING = (None, True, False, ..., __debug__)


def sets(value):
    return (
        value in {1, 2, 3},
        value in {"a", "b", "c", "name", "é"},
        value in {1.5, "one", b"two", (3, "three"), None, ..., 2**70},
        value in {("nested", ("sets",)), ("nested", ("tuples",))},
        value in {1e999 - 1e999, 0.5},
    )


def slices(value):
    return value[1:2], value[::2], value[-3:], value[:], value["a":"b"], value[1:2, ::3]


def exceptions(first, /, second=(1, "two"), *rest, third: "an annotation" = 3.0, **others):
    try:
        with open(first) as file, file:
            return file.read()
    except (OSError, ValueError) as error:
        raise RuntimeError(f"{error!r:>{second}} {first=}") from error
    finally:
        del rest, others


async def coroutines(source):
    async with source as lines:
        return [line async for line in lines if (lambda: (yield line))]


class Outer:
    """A class with a docstring."""

    __slots__ = ("name", "value")

    class Inner:
        def method(self, é=2**100):
            nonlocal_value = é

            def closure():
                nonlocal nonlocal_value
                nonlocal_value += 1
                return nonlocal_value, __class__

            return closure

    twins = [lambda: "same", lambda: "same"]


assert len(LONG) == 300, "left out of level 1"
print(len(TEXTS))
